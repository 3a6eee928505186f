// Node, Deno and Bun: programs that run a user's module beside the installed package.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { here, installed } from '../installed.mjs';
import { fetched } from './fetched.mjs';
import { native } from './native.mjs';
import { program } from './program.mjs';

const MARK = 'result: ';
/** What `require` gives is the same functions as `import`, which is the first thing tested. */
const MAIN = ['instances', 'import'];
const EVERY = [...MAIN, 'session', 'slim'];
const REQUIRE = "import { createRequire } from 'node:module';\nconst required = createRequire(import.meta.url);";

/** A user's module: it runs the ways that it is told, and says for each what came out. */
const main = (options) => `${program({
  ...options,
  file: (path) => relative(installed, join(here, path)),
  before: `${REQUIRE}\n${options.before ?? ''}`,
})}
const instances = ({ test, assert }) => {
  test('import and require give the same functions, so one instance', () => {
    for (const name of ['tokenward', 'tokenward/session']) {
      const [imported, other] = [name === 'tokenward' ? tokenward : session, required(name)];
      assert.same(Object.keys(imported).sort(), Object.keys(other).filter((each) => each !== 'default').sort());
      for (const each of Object.keys(imported)) assert.ok(imported[each] === other[each], each);
    }
  });
  if (globalThis.Deno) {
    test('Deno has given no permission', () => {
      for (const name of ['read', 'write', 'net', 'env', 'run', 'sys', 'ffi']) {
        assert.ok(Deno.permissions.querySync({ name }).state !== 'granted', name);
      }
    });
  }
};
for (const way of process.argv.slice(2)) {
  const result = way === 'instances' ? await runSuites({ instances }, {}) : await run(way);
  console.log('${MARK}' + JSON.stringify({ way, result }));
}
`;

async function inProgram(name, file, args, options, ways, report, env) {
  const module = join(installed, `suite-${name}.mjs`);
  writeFileSync(module, main(options));
  const said = await ended(file, [...args, module, ...ways], env);
  const lines = said
    .split('\n')
    .filter((line) => line.startsWith(MARK))
    .map((line) => JSON.parse(line.slice(MARK.length)));
  if (lines.length !== ways.length) throw new Error(`${name} ended before its last result:\n${said.slice(-2000)}`);
  return lines.map(({ way, result }) => report(`${name} (${way})`, result)).every(Boolean);
}

/** What a program says until it ends. */
function ended(file, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: installed, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        said += chunk;
      });
    child.once('error', reject).once('close', () => resolve(said));
  });
}

/** One version of Node, with the whole of run-node.mjs. */
export function node(version) {
  return async ({ long, report }) => {
    const file = join(fetched(`node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`, version), 'bin/node');
    if (!long) return inProgram(`node ${version}`, file, [], { host: 'node' }, MAIN, report);
    const said = await ended(file, [join(here, 'run-node.mjs'), '--long']);
    console.log(said.trim().replace(/\bnode \(/g, `node ${version} (`));
    return /\d+ passed, 0 failed/.test(said) && !/[1-9]\d* failed|^FAILED/m.test(said);
  };
}

/**
 * Deno with no permission at all. What a module imports by a name that stands in it is no reading to Deno, so the package
 * and the suites need none; core.wasm for slim comes the same way.
 */
export function deno({ long, report }) {
  const options = { host: 'deno', long, before: "import source core from 'tokenward/core.wasm';", slim: 'slim.initSync(core)' };
  return inProgram(
    'deno',
    native('@deno', 'deno'),
    ['run', '--no-prompt', '--no-lock', '--cached-only'],
    options,
    long ? EVERY : MAIN,
    report,
    { DENO_NO_UPDATE_CHECK: '1' },
  );
}

export function bun({ long, report }) {
  const read = "import { readFileSync } from 'node:fs';";
  const options = { host: 'bun', long, before: read, slim: "slim.initSync(readFileSync(required.resolve('tokenward/core.wasm')))" };
  return inProgram('bun', native('@oven', 'bin/bun'), [], options, long ? EVERY : MAIN, report);
}
