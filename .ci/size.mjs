// What the package weighs, gzipped, part by part. Each part has a budget in sizes.json, with its goal and the reason why it
// is not there yet. A part over its budget fails; one that has become much lighter fails too, until its budget follows it.

import { mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { workerModules } from '../tests/js/bundle.mjs';
import { installed, packageFolder } from '../tests/js/installed.mjs';
import { at, read, run, target } from './tools.mjs';

const esbuild = createRequire(at('tests/'))('esbuild');
/** By how much a budget may lie over what there is. */
const SLACK = 1.05;

const gzipped = (...parts) => parts.reduce((sum, part) => sum + gzipSync(part, { level: 9 }).length, 0);
const dist = (file) => readFileSync(join(packageFolder, 'dist', file));

/** What a page imports from 'tokenward', by the name of its budget. */
const IMPORTS = {
  'decode in a page': 'checkExpiry, decode, isExpired',
  'session in a page':
    'authorizationCode, beginAuthorization, completeAuthorization, cookieRefresh, createBearerFetch, createSession, customGrant, indexedDbStore, jsonLogin, oauth2',
  'verify in a page': 'KeySet, VerificationKey, Verifier, importKey, thumbprint, verify, verifyJws, verifyJwsSync, verifySync',
  'verify and guard in a page':
    'KeySet, VerificationKey, Verifier, createBearerGuard, importKey, thumbprint, verify, verifyJws, verifyJwsSync, verifySync',
};
const sources = Object.fromEntries(
  Object.entries(IMPORTS).map(([name, names]) => [name, `import { ${names} } from 'tokenward';\nglobalThis.kept = { ${names} };\n`]),
);
sources['everything in a page'] = "import * as all from 'tokenward';\nglobalThis.kept = { ...all };\n";

const groups = grouped(functions(named('core.wasm')));
const pages = Object.fromEntries(await Promise.all(Object.entries(sources).map(async ([name, source]) => [name, await page(source)])));
const sizes = {
  ...Object.fromEntries(Object.entries(pages).map(([name, bytes]) => [name, gzipped(bytes)])),
  'Verifier and guard in a Worker': gzipped(
    ...(await worker("import { Verifier, createBearerGuard } from 'tokenward/verify'; export default { Verifier, createBearerGuard };")),
  ),
  'tokenward in a Worker': gzipped(
    ...(await worker("import { Verifier, createBearerGuard } from 'tokenward'; export default { Verifier, createBearerGuard };")),
  ),
  'everything and tokenward/ml-dsa in a page': gzipped(await page(`${sources['everything in a page']}import 'tokenward/ml-dsa';`)),
  'core.wasm': gzipped(dist('core.wasm')),
  'core.wasm: engines and scanner': gzipped(Buffer.concat([...groups.get('engines'), ...groups.get('scanner')])),
  'ml-dsa.wasm': gzipped(dist('ml-dsa.wasm')),
};
const mlDsa = sizes['everything and tokenward/ml-dsa in a page'] - sizes['everything in a page'];
if (mlDsa < sizes['ml-dsa.wasm']) throw new Error("a bundler drops import 'tokenward/ml-dsa'");
// What is not imported weighs nothing: each wing has its own module, and a page of one wing has no byte of the others'.
for (const [name, bytes] of Object.entries(pages)) {
  const has = ['decode', 'session', 'verify'].filter((wing) => Buffer.from(bytes).includes(textOf(wing)));
  const wanted = name.startsWith('everything') ? 'decode session verify' : name.split(' ')[0];
  if (has.join(' ') !== wanted) throw new Error(`${name}: the page carries the modules of ${has.join(' and ')}`);
}

show('core.wasm', groups);
for (const wasm of ['verify.wasm', 'session.wasm', 'decode.wasm']) show(wasm, grouped(functions(named(wasm))));

const budgets = JSON.parse(read('.ci/sizes.json'));
let fine = true;
console.log('Gzipped, and the budget:');
for (const [name, size] of Object.entries(sizes)) {
  const { budget, goal } = budgets[name];
  const verdict = size > budget ? 'OVER ITS BUDGET' : size * SLACK < budget ? 'LIGHTER NOW: lower its budget' : '';
  fine &&= verdict === '';
  const brotli = pages[name] ? `, brotli ${kilobytes(brotliCompressSync(pages[name]).length)}` : '';
  console.log(
    `  ${name.padEnd(44)}${kilobytes(size)} of ${kilobytes(budget)}${goal ? `, goal ${kilobytes(goal)}` : ''}${brotli}  ${verdict}`,
  );
}
for (const name of Object.keys(budgets)) if (!(name in sizes)) throw new Error(`sizes.json names "${name}", which is not measured`);
for (const text of ['README.md', 'www/guides/browsers.md']) {
  for (const name of ['decode in a page', 'session in a page', 'verify in a page', 'everything in a page']) {
    const [said] = new RegExp(`\\b${Math.round(sizes[name] / 1000)}\\b`).exec(read(text)) ?? [];
    if (said === undefined) throw new Error(`${text} says another weight of ${name}: it is ${kilobytes(sizes[name]).trim()}`);
  }
}
if (process.argv.includes('--bundlers')) await otherBundlers();
process.exitCode = fine ? 0 : 1;

function show(wasm, groups) {
  console.log(`Functions of ${wasm}, gzipped by themselves:`);
  for (const [name, bodies] of [...groups].sort((a, b) => weight(b[1]) - weight(a[1]))) {
    console.log(`  ${name.padEnd(44)}${kilobytes(gzipped(Buffer.concat(bodies)))} of ${kilobytes(weight(bodies))}`);
  }
}

/** What a page's bundler makes of it. */
async function page(contents) {
  const { outputFiles } = await esbuild.build({
    stdin: { contents, resolveDir: installed },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['browser'],
    logLevel: 'warning',
  });
  return outputFiles[0].contents;
}

/** The beginning of a wing's text, by which a page that carries it is known. */
function textOf(wing) {
  return /text\d* = "(.{40})/.exec(dist(`${wing}.js`))[1];
}

/** Holds what Rollup, Vite and webpack make of the same pages to the same budgets. `node .ci/size.mjs --bundlers` */
async function otherBundlers() {
  const { install, project, tool } = await import('../tests/packaging/project.mjs');
  install();
  for (const [name, source] of Object.entries(sources)) {
    const folder = project(
      'size',
      {},
      { 'src/index.js': source, 'index.html': '<!doctype html><script type="module" src="/src/index.js"></script>' },
    );
    const written = (path) =>
      readdirSync(join(folder, path), { recursive: true })
        .filter((file) => file.endsWith('.js'))
        .map((file) => readFileSync(join(folder, path, file)));
    await tool(folder, 'rollup', 'src/index.js', '--plugin', 'node-resolve', '--format', 'es', '--file', 'rollup/main.js');
    await tool(folder, 'vite', 'build', '--outDir', 'vite', '--logLevel', 'error');
    await tool(folder, 'webpack-cli', '--mode', 'production', '--output-path', 'webpack');
    const made = {
      Rollup: written('rollup').map((bytes) => esbuild.transformSync(bytes, { minify: true }).code),
      Vite: written('vite'),
      webpack: written('webpack'),
    };
    for (const [bundler, files] of Object.entries(made)) {
      const size = gzipped(...files);
      const over = size > budgets[name].budget;
      fine &&= !over;
      console.log(
        `  ${`${name}, ${bundler}`.padEnd(44)}${kilobytes(size)} of ${kilobytes(budgets[name].budget)}  ${over ? 'OVER ITS BUDGET' : ''}`,
      );
    }
  }
}

/** What is uploaded for a Worker. */
async function worker(source) {
  const modules = await workerModules(source, installed, { minify: true });
  return modules.map(({ contents }) => contents);
}

/** The module once more, with the names of its functions left in. */
function named(wasm) {
  const built = join(target, 'pack', `unstripped.${wasm}`);
  if (!statSync(built, { throwIfNoEntry: false })) throw new Error('there is no package; run `make pack`');
  const folder = join(target, 'pack/named');
  mkdirSync(folder, { recursive: true });
  const name = basename(wasm, '.wasm');
  run('wasm-bindgen', ['--target', 'bundler', '--out-name', name, '--out-dir', folder, built]);
  run('wasm-opt', ['-O3', '-g', join(folder, `${name}_bg.wasm`), '-o', join(folder, wasm)]);
  return readFileSync(join(folder, wasm));
}

/** Name and body of every function, and the data under the name "data" (WebAssembly core specification §5.5 and §7.4). */
function functions(bytes) {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const take = (length) => bytes.subarray(at, (at += length));
  const text = () => take(number()).toString();
  const names = new Map();
  const bodies = [];
  const found = [];
  let imported = 0;
  while (at < bytes.length) {
    const id = bytes[at++];
    const length = number();
    const end = at + length;
    if (id === 2) {
      for (let left = number(); left > 0; left--) {
        text();
        text();
        if (bytes[at++] !== 0) throw new Error('an import that is not a function');
        number();
        imported += 1;
      }
    } else if (id === 10) {
      for (let left = number(); left > 0; left--) bodies.push(take(number()));
    } else if (id === 11) {
      found.push(['data', take(length)]);
    } else if (id === 0 && text() === 'name') {
      while (at < end) {
        const kind = bytes[at++];
        const next = number() + at;
        if (kind === 1) for (let left = number(); left > 0; left--) names.set(number(), text().replace(/\[[0-9a-f]{6,}\]/g, ''));
        at = next;
      }
    }
    at = end;
  }
  if (names.size < bodies.length / 2) throw new Error('the module has lost its names');
  return [...found, ...bodies.map((body, index) => [names.get(index + imported) ?? '', body])];
}

/** The bodies by what they belong to. */
function grouped(all) {
  const groups = new Map();
  for (const [name, body] of all) {
    const group = groupOf(name);
    groups.set(group, [...(groups.get(group) ?? []), body]);
  }
  return groups;
}

function groupOf(name) {
  const [, own] = /tokenward::(\w+(?:::\w+)?)/.exec(name) ?? [];
  if (own?.startsWith('engine') || /\b(sha2|hmac|digest|jwt_compact)::/.test(name)) return 'engines';
  if (/^(json|base64url)|^jwt::(jws|claims)/.test(own ?? '')) return 'scanner';
  if (own) return own.split('::')[0];
  if (name === 'data') return 'constants and tables';
  if (!name.includes('::')) return 'exports, with what was inlined';
  return /\b(serde|serde_core|serde_wasm_bindgen|js_sys|wasm_bindgen)::/.test(name) ? 'bindings' : 'standard library';
}

function weight(bodies) {
  return bodies.reduce((sum, body) => sum + body.length, 0);
}

function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1).padStart(7)} KB`;
}
