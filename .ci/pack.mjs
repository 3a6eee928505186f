// Makes the npm package, target/tokenward.tgz: the crate to WebAssembly, the shell to JavaScript, and their declarations.
// The same sources give the same bytes.

import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, relative, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rollUp } from './declarations.mjs';
import { withTable } from './glue.mjs';
import { checkSimd } from './simd.mjs';
import { packed, unpacked } from './streams/pack.mjs';
import { at, cargoHome, locked, output, packing as work, read, root, run, tarball, target, variant, version } from './tools.mjs';

const esbuild = createRequire(at('tests/'))('esbuild');

/**
 * How large a function LLVM may copy into its callers. Its own limits, 50 and 325 where the source says `#[inline]`, make an
 * eighth of core.wasm; what verification needs fast says `#[inline(always)]`. With these limits the level for speed makes no
 * larger a module than the one for size, and HS256 takes a sixth less. Nor is a loop written out: that makes a fortieth of
 * core.wasm and, side by side, nothing faster by more than a hundredth. What has to be straight code is so in the source.
 */
const SMALL = ['-inline-threshold=12', '-inlinehint-threshold=12', '-unroll-threshold=0'].map((limit) => `-Cllvm-args=${limit}`);
/** How large a function wasm-opt may copy into its callers: its own limits make a module larger and nothing faster. */
const INLINING = [
  '--always-inline-max-function-size=2',
  '--flexible-inline-max-function-size=10',
  '--one-caller-inline-max-function-size=2',
];
/**
 * The standard library is built with the module, for size and with panics that trap and say nothing: a twentieth of core.wasm.
 * A bounds check still traps. That takes the toolchain's sources, and the flag that unlocks it in the pinned, stable compiler.
 */
const LEAN = {
  options: ['-Zbuild-std=std,panic_abort', '-Zbuild-std-features=optimize_for_size'],
  flags: ['-Zunstable-options', '-Cpanic=immediate-abort'],
  environment: { RUSTC_BOOTSTRAP: '1' },
};
/**
 * One row for each module that is shipped: its features, how it is compiled, the exports over it, its own entry points.
 *
 * "tokenward" is one module in Node, workerd and edge. For pages its file only names what the wings export, each of which has
 * a module of its own: a bundler leaves out the wings that a page does not import. In Node each wing is the whole package
 * under fewer names, so that a process has one instance.
 */
const BUILDS = [
  { name: 'index', wasm: 'core.wasm', features: 'jwt,session', flags: SMALL, api: 'index.ts', slim: 'slim' },
  { name: 'verify', wasm: 'verify.wasm', features: 'jwt', flags: SMALL, api: 'verify.ts', wing: true },
  // Nothing in these two is computed for longer than it takes to send a request.
  {
    name: 'decode',
    wasm: 'decode.wasm',
    features: 'jwt',
    own: ['--cfg=decode_only', '-Adead_code'],
    level: 'z',
    api: 'decode.ts',
    wing: true,
  },
  { name: 'session', wasm: 'session.wasm', features: 'session', level: 'z', api: 'session.ts', wing: true },
  { name: 'ml-dsa', wasm: 'ml-dsa.wasm', features: 'ml-dsa', api: 'ml-dsa.ts' },
  { name: 'testing', wasm: 'testing.wasm', features: 'testing', api: 'testing/index.ts' },
];
/** Which wing a page takes a name from, if several export it: the lightest. */
const LIGHTEST = ['common', 'decode', 'session', 'verify'];
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

/** What puts a module together again in a page, once it is built. */
let bootModule;
/** The name to import an entry point by. */
const entryName = (name) => (name === 'index' ? 'tokenward' : `tokenward/${name}`);
const DEFINED = { TOKENWARD_VERSION: JSON.stringify(version) };

const shell = at('src/shell');
/** What the files for pages share, which stands in a file of its own. */
const common = {
  name: 'common',
  setup(build) {
    const shared = [...read('src/shell/common.ts').matchAll(/from '\.\/(.+)\.js'/g)].map(([, name]) => join(shell, `${name}.js`));
    build.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) =>
      shared.includes(resolve(resolveDir, path)) ? { path: './common.js', external: true } : undefined,
    );
  },
};
const staging = join(work, 'package');
const dist = join(staging, 'dist');
const say = (what) => console.log(`pack: ${what}`);

for (const folder of [staging, join(work, 'types')]) rmSync(folder, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
checkTools();
for (const build of BUILDS) {
  const generated = compile(build);
  build.generated = generated;
  if (build.features.includes('jwt') && build.name !== 'decode' && !variant) {
    const { narrow, wide } = checkSimd(join(dist, build.wasm));
    say(`${build.wasm}: ${narrow} × i64x2.extmul_*_i32x4_u, ${wide} × i64x2.mul`);
  }
  await bundle(build, glueOf(generated, build));
}
await wings();
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

/**
 * From the crate to a small module in `dist`, and wasm-bindgen's glue beside it in `work`. `flags` are for the standard library
 * and every crate, which are built anew for each set of them; `own` are for ours alone.
 */
function compile({ name, wasm, features, flags: more = [], own, level }) {
  say(`${wasm}: cargo build (${features})`);
  const sysroot = output('rustc', ['--print', 'sysroot']);
  const flags = [
    '-Ctarget-feature=+simd128',
    // Panic locations would carry the builder's paths into the module.
    `--remap-path-prefix=${cargoHome}=/cargo`,
    `--remap-path-prefix=${sysroot}=/rust`,
    ...LEAN.flags,
    ...more,
  ];
  run(
    'cargo',
    [
      own ? 'rustc' : 'build',
      '--quiet',
      '--release',
      '--locked',
      '--lib',
      '--target',
      'wasm32-unknown-unknown',
      ...LEAN.options,
      '--target-dir',
      join(target, 'pack/cargo'),
      '--no-default-features',
      '--features',
      variant && features.includes('jwt') ? `${features},${variant}` : features,
      ...(own ? ['--', ...own] : []),
    ],
    { ...LEAN.environment, CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f'), ...(level && { CARGO_PROFILE_RELEASE_OPT_LEVEL: level }) },
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
  run('wasm-opt', [
    '-O3',
    ...INLINING,
    '--reorder-functions-by-name',
    '--strip-debug',
    join(generated, `${name}_bg.wasm`),
    '-o',
    join(dist, wasm),
  ]);
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
  const { rest, caller, table } = withTable(source);
  const names = [...rest.matchAll(/^export function (\w+)/gm)].map((match) => match[1]);
  const imports = names.filter((each) => each.startsWith('__wb') && each !== '__wbg_set_wasm');
  const exports = names.filter((each) => !each.startsWith('__wb'));
  const outside = ['hasMlDsa', 'checkMlDsa', 'rsaPower'].filter((each) => source.includes(`${each}(`));
  const glue = `${outside.length > 0 ? `import { ${outside.join(', ')} } from '#engines';\n` : ''}export function bind() {
${rest.replace(/^export /gm, '')}${caller}
  return {
    imports: { './${name}_bg.js': { ${imports.join(', ')} } },
    start(instance) {
      __wbg_set_wasm(instance.exports);
      instance.exports.__wbindgen_start();
      const exports = { ${exports.join(', ')} };
${caller === '' ? '' : `      for (const [name, signature] of Object.entries(${JSON.stringify(table)})) exports[name] = caller(name, signature);\n`}      return { exports, memory: instance.exports.memory };
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

/** The shell's entry points over one module. */
async function bundle(build, glue) {
  const { name, wasm, api, slim, wing } = build;
  say(`${name}: entry points`);
  /** `source` says where the module comes from: a file of src/shell/entry. */
  const entry = (source, outfile, format, from = api) => {
    return esbuild.build({
      entryPoints: [join(shell, from)],
      outfile: join(dist, outfile),
      bundle: true,
      format,
      target: 'es2022',
      // For CommonJS, "node" makes esbuild list the exports in a form that Node's importer can see.
      platform: format === 'cjs' ? 'node' : 'neutral',
      ...(format === 'cjs' && { banner: { js: IN_JSDOM } }),
      define: { ...DEFINED, TOKENWARD_ENTRY: JSON.stringify(entryName(source === 'loader' ? slim : name)) },
      plugins: [
        ...(outfile === `${name}.js` && wing ? [common] : []),
        {
          name: 'names',
          setup({ onResolve, onLoad }) {
            onResolve({ filter: /^#api$/ }, () => ({ path: join(shell, api) }));
            onResolve({ filter: /^#module$/ }, () => ({ path: join(shell, 'entry', `${source}.ts`) }));
            onResolve({ filter: /^#engines$/ }, () => ({ path: join(shell, 'boundary/engines.ts') }));
            onResolve({ filter: /^#core\.wasm/ }, ({ path }) => ({ path: path.replace('#core.wasm', `./${wasm}`), external: true }));
            onResolve({ filter: /^#(glue|bytes)$/ }, ({ path }) => ({ path, namespace: 'in-place' }));
            onLoad({ filter: /./, namespace: 'in-place' }, async ({ path }) => ({
              contents: path === '#glue' ? glue : await bytesOf(readFileSync(join(dist, wasm)), source),
              loader: 'js',
            }));
          },
        },
      ],
      metafile: true,
      logLevel: 'warning',
      absWorkingDir: root,
    });
  };

  await entry('workerd', `${name}.workerd.js`, 'esm');
  await entry('edge-light', `${name}.edge-light.js`, 'esm');
  // The module of decode is too small for it to pay.
  const { metafile } = await entry(wing && name !== 'decode' ? 'packed' : 'inline', `${name}.js`, 'esm');
  build.exported = Object.values(metafile.outputs)[0].exports.sort();
  await entry('inline', `${name}.cjs`, 'cjs');
  // Node's import and require share one instance, and so one set of keys and one session.
  const names = build.exported.join(', ');
  if (wing) {
    writeFileSync(join(dist, `${name}.node.mjs`), `export { ${names} } from './index.node.mjs';\n`);
    writeFileSync(
      join(dist, `${name}.node.cjs`),
      `"use strict";\nconst { ${names} } = require('./index.cjs');\nmodule.exports = { ${names} };\n`,
    );
  } else {
    writeFileSync(
      join(dist, `${name}.node.mjs`),
      names === '' ? `import './${name}.cjs';\n` : `import all from './${name}.cjs';\n\nexport const { ${names} } = all;\n`,
    );
  }
  if (slim) {
    await entry('loader', `${slim}.js`, 'esm', 'entry/slim.ts');
    await entry('loader', `${slim}.cjs`, 'cjs', 'entry/slim.ts');
  }
}

/** "tokenward" for pages, and what its wings have in common. */
async function wings() {
  const { outputs } = (
    await esbuild.build({
      entryPoints: [join(shell, 'common.ts')],
      outfile: join(dist, 'common.js'),
      bundle: true,
      format: 'esm',
      target: 'es2022',
      platform: 'neutral',
      define: DEFINED,
      metafile: true,
      logLevel: 'warning',
      absWorkingDir: root,
    })
  ).metafile;
  const exported = Object.fromEntries(BUILDS.map((build) => [build.name, build.exported]));
  exported.common = Object.values(outputs)[0].exports;
  const lines = new Map(LIGHTEST.map((name) => [name, []]));
  for (const each of exported.index) {
    const from = LIGHTEST.find((name) => exported[name].includes(each));
    if (!from) throw new Error(`no wing exports ${each}`);
    lines.get(from).push(each);
  }
  writeFileSync(
    join(dist, 'index.js'),
    [...lines].map(([name, names]) => `export { ${names.join(', ')} } from './${name}.js';\n`).join(''),
  );
}

/** The bytes of a module as src/shell/entry/inline.ts or packed.ts reads them. */
async function bytesOf(module, source) {
  if (source === 'inline') return asText(module);
  bootModule ??= bootOf();
  const bytes = packed(module);
  const text = await asText(bytes);
  if (!module.equals(unpacked(bootModule, text, module.length))) throw new Error('the module does not come back out of its streams');
  return `${text}\nexport const boot = "${bootModule.toString('base64')}";\nexport const size = ${module.length};`;
}

/** What puts a module together again (.ci/streams/boot.rs). */
function bootOf() {
  const built = join(work, 'boot.wasm');
  run('rustc', [
    '--edition',
    '2024',
    '--crate-type',
    'cdylib',
    '--crate-name',
    'boot',
    '--target',
    'wasm32-unknown-unknown',
    '-Copt-level=z',
    '-Cpanic=abort',
    '-Clto=fat',
    '-Ccodegen-units=1',
    '-Clink-arg=-zstack-size=4096',
    `--remap-path-prefix=${root}=/tokenward`,
    at('.ci/streams/boot.rs'),
    '-o',
    built,
  ]);
  run('wasm-opt', ['-Oz', '--strip-debug', '--strip-producers', '--strip-target-features', built, '-o', built]);
  return readFileSync(built);
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
