// `make mutants`: changes the code that verifies in small ways, one at a time, and sees whether a test notices.
//
//   make mutants                                 everything: some hours
//   make mutants FILES="src/jwt/pem.rs …"        only these
//   make mutants FILES=changed                   those whose text is not the one that the table in tests/mutants.md is about
//   make mutants ARGS='--re is_roca'             only those whose name has this in it
//   make mutants ARGS=--iterate                  goes on where the last run was cut off: only what was not noticed so far
//
// What no test notices has to stand in tests/mutants.md with the reason, and nothing else may stand there. A file of which
// every mutant was tried gets its line in the table there. It works on a copy, target/mutants/tree, so the sources can be
// worked on meanwhile. What each file is held to, and what is left out, is below and in .cargo/mutants.toml.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { at, output, path, read, root, run, target, which } from './tools.mjs';

const VERSION = '27.1.0';
/** WORK=mutants-2 is for a second run beside the first. */
const work = join(target, process.env.WORK ?? 'mutants');
const crate = join(work, 'tree');
/** The arithmetic without the rest of the crate. */
const part = join(work, 'part');

const KERNELS = ['engine/vectors', 'engine/edges', 'engine/differential'];
/**
 * The tests that each file is held to, as binary/module: those of its subject, which are also the ones that have to notice,
 * the sharpest first. Arithmetic is compiled with some optimisation, or its tests would take minutes; what needs nothing of
 * the crate, and is compiled into its tests, is tried in a package of its own, `alone`. What uses SIMD is tried in a module of
 * WebAssembly, in Node, where there is SIMD. ML-DSA is built in, except for code that asks whether there is an engine for it.
 */
const SUITES = [
  { files: ['roca', 'pem'], of: 'jwt', tests: ['verify/key'] },
  {
    files: ['key'],
    of: 'jwt',
    tests: ['verify/key', 'verify/verifier', 'verify/key_set', 'verify/host_key', 'verify/ml_dsa', 'engine/vectors'],
    features: 'jwt',
  },
  { files: ['host_key'], of: 'jwt', tests: ['verify/host_key'] },
  { files: ['key_set'], of: 'jwt', tests: ['verify/key_set', 'verify/key', 'verify/ml_dsa', 'verify/verifier'] },
  { files: ['jws'], of: 'jwt', tests: ['verify/jws', 'verify/verifier', 'verify/rules', 'verify/pitfalls'] },
  { files: ['claims', 'expiry', 'rules'], of: 'jwt', tests: ['verify/rules', 'verify/verifier'] },
  {
    files: ['signature', 'verifier'],
    of: 'jwt',
    tests: ['verify/verifier', 'verify/jws', 'verify/rules', 'verify/cache', 'verify/explain', 'verify/host_key'],
  },
  { files: ['cache'], of: 'jwt', tests: ['verify/cache'] },
  { files: ['explain'], of: 'jwt', tests: ['verify/explain', 'verify/verifier'] },
  {
    files: ['remote/entry', 'remote/flight', 'remote/http', 'remote/mod', 'remote/source'],
    of: 'jwt',
    tests: ['remote/sets', 'remote/shared_cache', 'remote/simulator'],
  },
  {
    files: ['algorithm', 'hmac', 'limits', 'mod', 'parameters', 'signature', 'rsa_engine'],
    of: 'engine',
    tests: ['engine/algorithms', 'engine/edges', 'engine/vectors', 'engine/rsa_elsewhere', 'verify/key', 'verify/ml_dsa'],
  },
  { files: ['compact'], of: 'engine', tests: ['engine/algorithms'], features: 'jwt-compact' },
  { files: ['ml_dsa'], of: 'engine', tests: ['verify/ml_dsa', 'engine/vectors'], features: 'jwt' },
  { files: ['ecdsa', 'eddsa'], of: 'engine/kernels', tests: KERNELS, optimised: true },
  { files: ['rsa'], of: 'engine/kernels', tests: ['engine/vectors', 'engine/edges', 'engine/rsa_elsewhere'] },
  { files: ['tables'], of: 'engine/kernels', tests: ['engine/tables'], optimised: true },
  { files: ['montgomery/mod', 'montgomery/scalar'], of: 'engine/kernels', tests: ['kernels/powers', 'kernels/power_bounds'], alone: true },
  { files: ['montgomery/simd'], of: 'engine/kernels', tests: ['wasm'], wasm: true },
  { files: ['base64url'], of: 'ground', tests: ['wasm'], wasm: true },
  { files: ['inverse'], of: 'engine/kernels', tests: ['kernels/inverses', 'kernels/inverse_bounds'], alone: true },
  { files: ['digits'], of: 'engine/kernels', tests: ['kernels/scalars', 'kernels/inverses'], alone: true },
  { files: ['scalar'], of: 'engine/kernels', tests: ['kernels/scalars'], alone: true },
  { files: ['field/mod'], of: 'engine/kernels', tests: ['kernels/fields', 'kernels/points'], alone: true },
  {
    files: ['edwards', 'weierstrass', 'multiples'],
    of: 'engine/kernels',
    tests: ['kernels/points', 'kernels/fields', 'kernels/small_curves'],
    alone: true,
  },
].map(({ files, of, ...suite }) => ({ ...suite, files: files.map((file) => `src/${of}/${file}.rs`) }));

/** For tests in WebAssembly: the runner is that of `.ci/setup`. */
const WASM = {
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: 'wasm-bindgen-test-runner',
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: '-Ctarget-feature=+simd128',
};

/** What can become of a mutant, in the order of the table's columns. */
const STATES = { CaughtMutant: 'noticed', Timeout: 'without an end', MissedMutant: 'not noticed', Unviable: 'that do not compile' };

const chosen = process.env.FILES === 'changed' ? changed() : process.env.FILES?.split(/\s+/).filter(Boolean);
const passedOn = process.argv.slice(2);

install();
complete();
// The copies are no packages for the browser: to link one for every mutant would take longer than all the rest.
const plain = (text) => text.replace('crate-type = ["cdylib", "rlib"]', 'crate-type = ["rlib"]');
// Two packages of one name would be one to cargo, which builds both in one folder.
const renamed = (text) => text.replace('name = "tokenward"', 'name = "tokenward-part"');
copy(crate, { 'Cargo.toml': plain });
// The module of tests that needs nothing of the crate is the root of its only test binary.
const kernels = '\n[[test]]\nname = "kernels"\npath = "tests/engine/kernels/mod.rs"\n';
const apart = (text) => renamed(plain(text)).replace('autobenches = false', 'autobenches = false\nautotests = false') + kernels;
copy(part, { 'Cargo.toml': apart, 'Cargo.lock': renamed, 'src/lib.rs': alone });
const outcomes = [];
for (const suite of SUITES) {
  for (const file of suite.files) if (!chosen || chosen.includes(file)) outcomes.push(...judged(file, suite));
}
if (outcomes.length === 0) console.log('no mutant was made: FILES names no file with anything to change');
console.log(
  `\n${outcomes.length} mutants: ${Object.entries(STATES)
    .map(([state, name]) => `${count(outcomes, state)} ${name}`)
    .join(', ')}`,
);
process.exitCode = compared() ? 0 : 1;

function install() {
  const installed = which('cargo-mutants');
  if (installed && new RegExp(`${VERSION}$`, 'm').test(spawnSync(installed, ['mutants', '--version'], { encoding: 'utf8' }).stdout)) return;
  console.log(`mutants: cargo install cargo-mutants ${VERSION} (some minutes, once)`);
  run('cargo', ['install', '--quiet', '--locked', '--root', join(target, 'tools'), '--version', `=${VERSION}`, 'cargo-mutants'], {
    CARGO_PROFILE_RELEASE_OPT_LEVEL: '1',
    CARGO_PROFILE_RELEASE_LTO: 'off',
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  });
}

/** A file that was added has to be held to some tests as well. */
function complete() {
  const listed = output('cargo', [
    'mutants',
    '--list',
    '--file',
    'src/engine/**',
    '--file',
    'src/jwt/**',
    '--file',
    'src/ground/base64url.rs',
  ]);
  const known = SUITES.flatMap(({ files }) => files);
  const unknown = new Set(
    listed
      .split('\n')
      .map((line) => line.split(':')[0])
      .filter((file) => file && !known.includes(file)),
  );
  if (unknown.size > 0) throw new Error(`no suite has ${[...unknown].join(', ')}`);
}

/** Brings a copy up to date, and writes only what differs: cargo goes by the times of files. */
function copy(tree, changes) {
  const wanted = new Set([
    'Cargo.toml',
    'Cargo.lock',
    'rust-toolchain.toml',
    'README.md',
    '.cargo/mutants.toml',
    ...['src', 'tests'].flatMap((folder) => files(folder, root)),
  ]);
  for (const file of wanted) {
    const to = join(tree, file);
    const from = changes[file] ? Buffer.from(changes[file](read(file))) : readFileSync(at(file));
    if (existsSync(to) && readFileSync(to).equals(from)) continue;
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, from);
  }
  for (const file of ['src', 'tests'].flatMap((folder) => files(folder, tree))) if (!wanted.has(file)) rmSync(join(tree, file));
}

function files(folder, of) {
  return readdirSync(join(of, folder), { withFileTypes: true }).flatMap((each) => {
    const path = join(folder, each.name);
    if (each.isDirectory()) return each.name === 'node_modules' ? [] : files(path, of);
    return [path];
  });
}

/** The root of a crate that has the files alone. */
function alone() {
  const names = SUITES.filter(({ alone }) => alone)
    .flatMap(({ files }) => files)
    .map((file) => file.replace(/^src\/engine\/kernels\/(\w+).*/, '$1'));
  const modules = [...new Set(names)].map((name) => `mod ${name};`);
  return `#![allow(dead_code, unreachable_pub, missing_docs)]\nmod engine {\n    mod kernels {\n        ${modules.join(' ')}\n    }\n}\n`;
}

/** What the tests say of each mutant of a file. */
function judged(file, { tests, alone = false, wasm = false, optimised = alone || wasm, features = 'jwt,ml-dsa' }) {
  const tree = alone ? part : crate;
  const these = [`--dir=${tree}`, `--file=${file}`];
  const wanted = output('cargo', ['mutants', '--list', ...these, ...passedOn.filter((arg) => arg !== '--iterate')])
    .split('\n')
    .filter(Boolean);
  const results = join(work, 'out', file.replaceAll('/', '-').replace('.rs', ''));
  const [text, known] = [textOf(join(tree, file)), join(results, 'known.json')];
  const whole = passedOn.every((arg) => arg === '--iterate');
  if (wanted.length === 0) {
    if (whole) record(file, text, []);
    return [];
  }
  // What was found out about another text of the file is about other places in it.
  let earlier = {};
  if (passedOn.includes('--iterate') && existsSync(known)) earlier = JSON.parse(readFileSync(known, 'utf8'));
  if (earlier.text !== text) {
    rmSync(results, { recursive: true, force: true });
    earlier = { text, states: {} };
  }
  mkdirSync(results, { recursive: true });
  writeFileSync(known, JSON.stringify(earlier));
  const outcomesFile = join(results, 'mutants.out/outcomes.json');
  // Those of a run that was cut off.
  learn(earlier, outcomesFile);
  console.log(`\n── ${file}: ${tests.join(', ')}`);
  // Most are noticed by the first of the tests. Where there is more to build and to link, only the others are tried with it.
  const rounds = passedOn.includes('--iterate') || tests.length === 1 ? [tests] : [tests.slice(0, 1), tests];
  for (const [round, tests] of rounds.entries()) {
    if (round > 0 && wanted.every((mutant) => ['CaughtMutant', 'Unviable'].includes(earlier.states[mutant]))) break;
    const binaries = new Set(tests.map((test) => `--test=${test.split('/')[0]}`));
    const platform = wasm ? ['--target=wasm32-unknown-unknown'] : [];
    const cargo = ['--locked', ...platform, '--no-default-features', `--features=${features}`, ...binaries].map(
      (arg) => `--cargo-arg=${arg}`,
    );
    const filters = tests.filter((test) => test.includes('/')).map((test) => `${test.split('/')[1]}::`);
    const modules = filters.length > 0 ? ['--', ...filters].map((arg) => `--cargo-test-arg=${arg}`) : [];
    const { status } = spawnSync(
      'cargo',
      [
        'mutants',
        '--in-place',
        ...these,
        '--output',
        results,
        '--timeout',
        process.env.TIMEOUT ?? (wasm ? '180' : '30'),
        '--colors=never',
        ...cargo,
        ...modules,
        ...passedOn,
        ...(round > 0 ? ['--iterate'] : []),
      ],
      {
        cwd: tree,
        stdio: ['ignore', 'inherit', 'inherit'],
        env: {
          ...process.env,
          ...WASM,
          PATH: path,
          CARGO_TARGET_DIR: join(work, 'build'),
          CARGO_PROFILE_DEV_DEBUG: '0',
          CARGO_PROFILE_DEV_OPT_LEVEL: optimised ? '1' : '0',
          TOKENWARD_SOAK: '200',
          PROPTEST_CASES: '64',
        },
      },
    );
    if (status === 4) throw new Error(`the tests of ${file} fail as they are`);
    learn(earlier, outcomesFile);
    writeFileSync(known, JSON.stringify(earlier));
  }
  const untried = wanted.filter((mutant) => !(mutant in earlier.states));
  if (untried.length > 0) throw new Error(`${untried.length} mutants of ${file} were not tried`);
  const found = wanted.map((mutant) => ({
    file,
    state: earlier.states[mutant],
    name: mutant.replace(/^\S+:\d+:\d+: /, ''),
    place: mutant.split(': ')[0],
  }));
  if (whole) record(file, text, found);
  return found;
}

function textOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 8);
}

function changed() {
  const table = read('tests/mutants.md');
  return SUITES.flatMap(({ files }) => files).filter((file) => !table.includes(`| ${file} | ${textOf(at(file))} |`));
}

function learn({ states }, outcomesFile) {
  if (!existsSync(outcomesFile)) return;
  for (const { scenario, summary } of JSON.parse(readFileSync(outcomesFile, 'utf8')).outcomes)
    if (scenario.Mutant) states[scenario.Mutant.name] = summary;
}

function count(outcomes, wanted) {
  return outcomes.filter(({ state }) => state === wanted).length;
}

/** Writes the line of a file into the table of tests/mutants.md. */
function record(file, text, found) {
  const [before, table, after] = read('tests/mutants.md').split(/((?:^\|.*\n)+)/m);
  const [head, rule, ...rows] = table.trim().split('\n');
  const today = new Date().toISOString().slice(0, 10);
  const row = `| ${[file, text, today, found.length, ...Object.keys(STATES).map((state) => count(found, state))].join(' | ')} |`;
  const all = [...rows.filter((each) => !each.startsWith(`| ${file} |`)), row].sort();
  writeFileSync(at('tests/mutants.md'), [before, [head, rule, ...all, ''].join('\n'), after].join(''));
}

/** Holds what was not noticed to tests/mutants.md: a heading a file, then `name` ×n and the reason. */
function compared() {
  const explained = new Map();
  for (const section of read('tests/mutants.md').split(/^## /m).slice(1)) {
    const file = section.split('\n', 1)[0].trim();
    for (const [, name, times] of section.matchAll(/^- `(.+?)`(?: ×(\d+))?: /gm)) explained.set(`${file}: ${name}`, Number(times ?? 1));
  }
  let fine = true;
  const missed = new Map();
  for (const { file, name, place } of outcomes.filter(({ state }) => state === 'MissedMutant')) {
    const key = `${file}: ${name}`;
    missed.set(key, [...(missed.get(key) ?? []), place.replace(/^.*?:/, '')]);
  }
  for (const [name, all] of missed) {
    if (all.length === explained.get(name)) continue;
    fine = false;
    console.log(`NOT EXPLAINED ${name} ×${all.length} (${all.join(', ')})`);
  }
  const judgedFiles = new Set(outcomes.map(({ file }) => file));
  for (const name of explained.keys()) {
    if (!judgedFiles.has(name.split(': ')[0]) || missed.has(name) || passedOn.some((arg) => arg !== '--iterate')) continue;
    fine = false;
    console.log(`NOTICED, and yet explained: ${name}`);
  }
  return fine;
}
