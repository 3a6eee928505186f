// Makes the npm package, target/tokenward.tgz: the crate to WebAssembly, the shell to JavaScript, and their declarations.
// The same sources give the same bytes.

import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rollUp } from './declarations.mjs';
import { checkSimd } from './simd.mjs';
import { at, cargoHome, locked, output, packing as work, read, root, run, tarball, target, variant, version } from './tools.mjs';

const esbuild = createRequire(at('tests/'))('esbuild');

/**
 * How large a function LLVM may copy into its callers. Its own limits, 50 and 325 where the source says `#[inline]`, make an
 * eighth of core.wasm; what verification needs fast says `#[inline(always)]`. With these limits the level for speed makes no
 * larger a module than the one for size, and HS256 takes a sixth less. Nor is a loop written out: that makes a fortieth of
 * core.wasm and, side by side, nothing faster by more than a hundredth. What has to be straight code is so in the source.
 */
const SMALL = ['-inline-threshold=12', '-inlinehint-threshold=12', '-unroll-threshold=0'].map((limit) => `-Cllvm-args=${limit}`);
/** One row for each module that is shipped: its features, how it is compiled, the exports over it, its own entry points. */
const BUILDS = [
  { name: 'index', wasm: 'core.wasm', features: 'jwt,session', flags: SMALL, api: 'index.ts', slim: 'slim' },
  // Nothing in it is computed for longer than it takes to send a request.
  { name: 'session', wasm: 'session.wasm', features: 'session', level: 'z', api: 'session.ts' },
  { name: 'ml-dsa', wasm: 'ml-dsa.wasm', features: 'ml-dsa', api: 'ml-dsa.ts' },
  { name: 'testing', wasm: 'testing.wasm', features: 'testing', api: 'testing/index.ts' },
];
/** Entry points that need no module. */
const PLAIN = [{ name: 'stores', api: 'stores/index.ts' }];
/** Whatever else is in the package is a mistake. */
const ALLOWED =
  /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|THIRD-PARTY\.md|[\w-]+\/package\.json|dist\/[\w.-]+\.(js|mjs|cjs|d\.ts|d\.cts|wasm))$/;
/** Jest's jsdom has no such classes, and the Node behind it does. It takes CommonJS. */
const IN_JSDOM = `"use strict";
var { TextDecoder, TextEncoder } = typeof globalThis.TextEncoder === "function" ? globalThis : globalThis.process?.getBuiltinModule?.("node:util") ?? {};`;
/** Files of the package that are not built. */
const COPIED = ['README.md', 'CHANGELOG.md', 'LICENSE', '.ci/THIRD-PARTY.md'].filter((file) => existsSync(at(file)));

const shell = at('src/shell');
const staging = join(work, 'package');
const dist = join(staging, 'dist');
const say = (what) => console.log(`pack: ${what}`);

for (const folder of [staging, join(work, 'types')]) rmSync(folder, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
checkTools();
for (const build of BUILDS) {
  const generated = compile(build);
  build.generated = generated;
  if (build.features.includes('jwt') && !variant) {
    const { narrow, wide } = checkSimd(join(dist, build.wasm));
    say(`${build.wasm}: ${narrow} × i64x2.extmul_*_i32x4_u, ${wide} × i64x2.mul`);
  }
  await bundle(build, glueOf(generated, build));
}
for (const { name, api } of PLAIN) await plain(name, api);
await commandLine();
declare();
manifest();
ship();

/** wasm-bindgen writes for one version of itself only. */
function checkTools() {
  const installed = output('wasm-bindgen', ['--version']).split(' ')[1];
  if (installed !== locked('wasm-bindgen')) {
    throw new Error(`wasm-bindgen is ${installed}, Cargo.lock has ${locked('wasm-bindgen')}: run \`make setup\``);
  }
}

/** From the crate to a small module in `dist`, and wasm-bindgen's glue beside it in `work`. */
function compile({ name, wasm, features, flags: more = [], level }) {
  say(`${wasm}: cargo build (${features})`);
  const sysroot = output('rustc', ['--print', 'sysroot']);
  const flags = [
    '-Ctarget-feature=+simd128',
    // Panic locations would carry the builder's paths into the module.
    `--remap-path-prefix=${cargoHome}=/cargo`,
    `--remap-path-prefix=${sysroot}=/rust`,
    `--remap-path-prefix=${root}=/tokenward`,
    ...more,
  ];
  run(
    'cargo',
    [
      'build',
      '--quiet',
      '--release',
      '--locked',
      '--lib',
      '--target',
      'wasm32-unknown-unknown',
      '--target-dir',
      join(target, 'pack/cargo'),
      '--no-default-features',
      '--features',
      variant && features.includes('jwt') ? `${features},${variant}` : features,
    ],
    { CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f'), ...(level && { CARGO_PROFILE_RELEASE_OPT_LEVEL: level }) },
  );

  say(`${wasm}: wasm-bindgen, wasm-opt`);
  const built = join(target, 'pack/cargo/wasm32-unknown-unknown/release/tokenward.wasm');
  const generated = join(work, 'generated', name);
  rmSync(generated, { recursive: true, force: true });
  run('wasm-bindgen', [
    '--target',
    'bundler',
    '--out-name',
    name,
    '--out-dir',
    generated,
    '--no-demangle',
    '--remove-producers-section',
    built,
  ]);
  // Neighbours by name are alike, which gzip's window of 32 KB finds.
  run('wasm-opt', ['-O3', '--reorder-functions-by-name', '--strip-debug', join(generated, `${name}_bg.wasm`), '-o', join(dist, wasm)]);
  // For .ci/size.mjs, which needs the names: the next build writes to the same place.
  cpSync(built, join(work, `unstripped.${wasm}`));
  return generated;
}

/**
 * wasm-bindgen's glue as a function of the module, so that an instance can be thrown away with all that refers to it.
 * What it calls of the shell (src/wasm/outside.rs) is imported above it.
 */
function glueOf(generated, { name, wasm }) {
  const source = readFileSync(join(generated, `${name}_bg.js`), 'utf8');
  const unknown = /^(export (?!function )|import ).*/m.exec(source);
  if (unknown) throw new Error(`the generated glue has something that cannot go into a function: ${unknown[0]}`);
  const names = [...source.matchAll(/^export function (\w+)/gm)].map((match) => match[1]);
  const imports = names.filter((each) => each.startsWith('__wb') && each !== '__wbg_set_wasm');
  const exports = names.filter((each) => !each.startsWith('__wb'));
  const outside = ['hasMlDsa', 'checkMlDsa', 'rsaPower'].filter((each) => source.includes(`${each}(`));
  const glue = `${outside.length > 0 ? `import { ${outside.join(', ')} } from '#engines';\n` : ''}export function bind() {
${source.replace(/^export /gm, '')}
  return {
    imports: { './${name}_bg.js': { ${imports.join(', ')} } },
    start(instance) {
      __wbg_set_wasm(instance.exports);
      instance.exports.__wbindgen_start();
      return { exports: { ${exports.join(', ')} }, memory: instance.exports.memory };
    },
  };
}
`;
  smokeTest(glue, join(dist, wasm));
  return glue;
}

/** An old wasm-opt writes modules that look sound and do not start. */
function smokeTest(glue, file) {
  const bytes = readFileSync(file);
  if (!WebAssembly.validate(bytes)) throw new Error(`${basename(file)} is not valid WebAssembly`);
  const { imports, start } = new Function(`${glue.replace(/^import .*/, '').replace('export ', '')}; return bind()`)();
  const { exports } = start(new WebAssembly.Instance(new WebAssembly.Module(bytes), imports));
  if (exports.version() !== version) throw new Error(`${basename(file)} says that it is version ${exports.version()}`);
}

/** The shell's entry points, each in one file: a bundler may drop a file that has no exports of its own. */
async function bundle({ name, wasm, api, slim }, glue) {
  say(`${name}: entry points`);
  const inPlace = {
    '#glue': { contents: glue, loader: 'js' },
    '#bytes': { contents: await asText(readFileSync(join(dist, wasm))), loader: 'js' },
  };
  const names = {
    name: 'names',
    setup(build) {
      build.onResolve({ filter: /^#api$/ }, () => ({ path: join(shell, api) }));
      build.onResolve({ filter: /^#engines$/ }, () => ({ path: join(shell, 'boundary/engines.ts') }));
      build.onResolve({ filter: /^#core\.wasm/ }, ({ path }) => ({ path: path.replace('#core.wasm', `./${wasm}`), external: true }));
      build.onResolve({ filter: /^#(glue|bytes)$/ }, ({ path }) => ({ path, namespace: 'in-place' }));
      build.onLoad({ filter: /./, namespace: 'in-place' }, ({ path }) => inPlace[path]);
    },
  };
  const entry = (source, outfile, format) =>
    esbuild.build({
      entryPoints: [join(shell, 'entry', `${source}.ts`)],
      outfile: join(dist, outfile),
      bundle: true,
      format,
      target: 'es2022',
      // For CommonJS, "node" makes esbuild list the exports in a form that Node's importer can see.
      platform: format === 'cjs' ? 'node' : 'neutral',
      ...(format === 'cjs' && { banner: { js: IN_JSDOM } }),
      define: { TOKENWARD_VERSION: JSON.stringify(version) },
      plugins: [names],
      metafile: true,
      logLevel: 'warning',
      absWorkingDir: root,
    });

  await entry('workerd', `${name}.workerd.js`, 'esm');
  await entry('edge-light', `${name}.edge-light.js`, 'esm');
  const { metafile } = await entry('inline', `${name}.js`, 'esm');
  await entry('inline', `${name}.cjs`, 'cjs');
  const exported = Object.values(metafile.outputs)[0].exports;
  // Node's import and require share one instance, and so one set of keys and one session.
  writeFileSync(
    join(dist, `${name}.node.mjs`),
    exported.length === 0
      ? `import './${name}.cjs';\n`
      : `import all from './${name}.cjs';\n\nexport const { ${exported.sort().join(', ')} } = all;\n`,
  );
  if (slim) {
    await entry('slim', `${slim}.js`, 'esm');
    await entry('slim', `${slim}.cjs`, 'cjs');
  }
}

/** The bytes of a module as src/shell/entry/text.ts reads them, which is asked whether it does. */
async function asText(bytes) {
  const { outputFiles } = await esbuild.build({ entryPoints: [join(shell, 'entry/text.ts')], format: 'esm', write: false });
  const { ALPHABET, PAIRS, fromText } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
  const count = new Uint32Array(256);
  for (const byte of bytes) count[byte] += 1;
  const order = Uint8Array.from(count.keys()).sort((a, b) => count[b] - count[a] || a - b);
  const singles = ALPHABET.length - PAIRS;
  const characters = [];
  order.forEach((byte, rank) => {
    const pair = Math.floor((rank - singles) / ALPHABET.length);
    characters[byte] = rank < singles ? ALPHABET[rank] : ALPHABET[singles + pair] + ALPHABET[(rank - singles) % ALPHABET.length];
  });
  const written = [Buffer.from(order).toString('hex'), Array.from(bytes, (byte) => characters[byte]).join('')];
  if (!bytes.equals(fromText(...written))) throw new Error('the module does not come back out of its text');
  return `export const order = "${written[0]}";\nexport const text = "${written[1]}";`;
}

/** An entry point without a module, as ESM and as CommonJS. */
async function plain(name, api) {
  for (const [extension, format] of [
    ['js', 'esm'],
    ['cjs', 'cjs'],
  ]) {
    await esbuild.build({
      entryPoints: [join(shell, api)],
      outfile: join(dist, `${name}.${extension}`),
      bundle: true,
      format,
      target: 'es2022',
      platform: format === 'cjs' ? 'node' : 'neutral',
      logLevel: 'warning',
      absWorkingDir: root,
    });
  }
}

/** The program: small, over the package's own entry point for Node. */
function commandLine() {
  const api = {
    name: 'api',
    setup: (build) =>
      build.onResolve({ filter: /^\.\.\/(index|ml-dsa)\.js$/ }, ({ path }) => ({
        path: path.replace('../', './').replace('.js', '.node.mjs'),
        external: true,
      })),
  };
  return esbuild.build({
    entryPoints: [join(shell, 'cli/main.ts')],
    outfile: join(dist, 'cli.mjs'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'node',
    plugins: [api],
    logLevel: 'warning',
    absWorkingDir: root,
  });
}

/** Checks the types, and writes one file of declarations and the exports of each entry point, for ESM and for CommonJS. */
function declare() {
  say('types');
  for (const { name, generated } of BUILDS) checkExports(name, generated);
  const types = join(work, 'types');
  run('tsc', ['-p', root, '--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--rootDir', shell, '--outDir', types]);

  const api = [...BUILDS, ...PLAIN].map(({ name, api: file }) => [name, file]);
  const slim = BUILDS.filter((build) => build.slim).map((build) => [build.slim, 'entry/slim.ts']);
  const entries = Object.fromEntries([...api, ...slim].map(([name, file]) => [name, join(types, file.replace('.ts', '.d.ts'))]));
  const { names, text } = rollUp(entries, join(types, 'host.d.ts'), { '#api': join(types, 'index.d.ts') });
  for (const [ours, theirs] of [
    ['.d.ts', '.js'],
    ['.d.cts', '.cjs'],
  ]) {
    writeFileSync(join(dist, `types${ours}`), text);
    for (const [name, exported] of Object.entries(names)) {
      writeFileSync(
        join(dist, name + ours),
        exported.length === 0 ? 'export {};\n' : `export { ${exported.join(', ')} } from './types${theirs}';\n`,
      );
    }
  }
}

/** Holds src/shell/boundary/exports.ts to what wasm-bindgen says of the module. */
function checkExports(name, generated) {
  if (name !== 'index') return;
  const project = join(generated, 'tsconfig.json');
  const here = (...parts) => relative(generated, join(...parts));
  writeFileSync(
    join(generated, 'check.ts'),
    `import type { MainExports } from '${here(shell, 'boundary/exports.js')}';
import * as generated from './${name}.js';
export const exact: MainExports = generated;
export const complete: Record<keyof typeof generated, unknown> = exact;
`,
  );
  writeFileSync(project, JSON.stringify({ extends: here(root, 'tsconfig.json'), include: ['check.ts'] }));
  run('tsc', ['-p', project]);
}

/** pkg.json with the crate's version, and a folder for each entry point, for those who do not read `exports`: Parcel, and older TypeScript. */
function manifest() {
  const { name, ...rest } = JSON.parse(read('pkg.json'));
  for (const folder of [
    ...BUILDS.slice(1).map((build) => build.name),
    ...BUILDS.flatMap(({ slim }) => slim ?? []),
    ...PLAIN.map((each) => each.name),
  ]) {
    mkdirSync(join(staging, folder));
    const entry = { main: `../dist/${folder}.cjs`, module: `../dist/${folder}.js`, types: `../dist/${folder}.d.cts` };
    writeFileSync(join(staging, folder, 'package.json'), `${JSON.stringify(entry, null, 2)}\n`);
  }
  writeFileSync(join(staging, 'package.json'), `${JSON.stringify({ name, version, ...rest }, null, 2)}\n`);
  for (const file of COPIED) cpSync(at(file), join(staging, basename(file)));
}

/** The tarball, once nothing is in it that should not be. */
function ship() {
  const files = readdirSync(staging, { recursive: true })
    .filter((file) => statSync(join(staging, file)).isFile())
    .sort();
  for (const file of files) {
    if (!ALLOWED.test(file)) throw new Error(`${file} does not belong in the package`);
    const bytes = readFileSync(join(staging, file));
    for (const secret of [root, cargoHome, process.env.HOME]) {
      if (secret && bytes.includes(secret)) throw new Error(`${file} names a path of this machine`);
    }
  }
  const [packed] = JSON.parse(
    output('npm', ['pack', staging, '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', work]),
  );
  const left = files.filter((file) => !packed.files.some(({ path }) => path === file));
  if (left.length > 0) throw new Error(`not in the tarball: ${left.join(', ')}`);
  renameSync(join(work, packed.filename), tarball);

  for (const { wasm } of BUILDS) {
    const bytes = readFileSync(join(dist, wasm));
    say(`${wasm}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
  }
  const digest = createHash('sha256').update(readFileSync(tarball)).digest('hex');
  say(`${relative(root, tarball)}: ${packed.files.length} files, ${packed.size} bytes, sha256 ${digest.slice(0, 16)}`);
}
