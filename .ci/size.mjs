// What the package weighs, gzipped, part by part. Each part has a budget in sizes.json, with its goal and the reason why it
// is not there yet. A part over its budget fails; one that has become much lighter fails too, until its budget follows it.

import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { workerModules } from '../tests/js/bundle.mjs';
import { installed, packageFolder } from '../tests/js/installed.mjs';
import { at, read, run, target } from './tools.mjs';

const esbuild = createRequire(at('tests/'))('esbuild');
/** By how much a budget may lie over what there is. */
const SLACK = 1.05;

const gzipped = (...parts) => parts.reduce((sum, part) => sum + gzipSync(part, { level: 9 }).length, 0);
const dist = (file) => readFileSync(join(packageFolder, 'dist', file));

const groups = grouped(functions(named('core.wasm')));
const sizes = {
  'core.wasm': gzipped(dist('core.wasm')),
  'core.wasm: engines and scanner': gzipped(Buffer.concat([...groups.get('engines'), ...groups.get('scanner')])),
  'session.wasm': gzipped(dist('session.wasm')),
  'ml-dsa.wasm': gzipped(dist('ml-dsa.wasm')),
  'tokenward in a page': gzipped(await page("export * from 'tokenward';")),
  'tokenward/session in a page': gzipped(await page("export * from 'tokenward/session';")),
  'tokenward and tokenward/ml-dsa in a page': gzipped(await page("export * from 'tokenward'; import 'tokenward/ml-dsa';")),
  'tokenward in a Worker': gzipped(
    ...(await worker("import { Verifier, createBearerGuard } from 'tokenward'; export default { Verifier, createBearerGuard };")),
  ),
};
if (sizes['tokenward and tokenward/ml-dsa in a page'] < sizes['tokenward in a page'] + sizes['ml-dsa.wasm']) {
  throw new Error("a bundler drops import 'tokenward/ml-dsa'");
}

show('core.wasm', groups);
show('session.wasm', grouped(functions(named('session.wasm'))));

const budgets = JSON.parse(read('.ci/sizes.json'));
let fine = true;
console.log('Gzipped, and the budget:');
for (const [name, size] of Object.entries(sizes)) {
  const { budget, goal } = budgets[name];
  const verdict = size > budget ? 'OVER ITS BUDGET' : size * SLACK < budget ? 'LIGHTER NOW: lower its budget' : '';
  fine &&= verdict === '';
  console.log(`  ${name.padEnd(44)}${kilobytes(size)} of ${kilobytes(budget)}${goal ? `, goal ${kilobytes(goal)}` : ''}  ${verdict}`);
}
for (const name of Object.keys(budgets)) if (!(name in sizes)) throw new Error(`sizes.json names "${name}", which is not measured`);
for (const [text, name] of [
  ['README.md', 'tokenward in a page'],
  ['README.md', 'tokenward/session in a page'],
  ['www/guides/browsers.md', 'tokenward in a page'],
  ['www/guides/browsers.md', 'tokenward/session in a page'],
]) {
  const [said] = new RegExp(`\\b${Math.round(sizes[name] / 1000)}\\b`).exec(read(text)) ?? [];
  if (said === undefined) throw new Error(`${text} says another weight of ${name}: it is ${kilobytes(sizes[name]).trim()}`);
}
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
        if (kind === 1) for (let left = number(); left > 0; left--) names.set(number(), text());
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
