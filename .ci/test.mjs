// Everything `make test` checks, in order, and one closing count. A step that fails does not stop the next ones.

import { spawn } from 'node:child_process';
import { at, path, root, tarball, which } from './tools.mjs';

const CHROMIUM = 'headless Chromium (chromedriver is missing)';
const WASM = ['--target', 'wasm32-unknown-unknown'];
const SIMD = { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: '-Ctarget-feature=+simd128' };
const PARTS = ['jwt', 'jwt-compact', 'session', 'ml-dsa', 'testing'].map((part) => ['--no-default-features', '--features', part]);
/** With everything that can be built in. */
const WHOLE = ['--features', 'ml-dsa,jwt-compact'];
const deny = ['--', '-D', 'warnings'];
const STILL_RUNNING_MS = 30_000;
/** A step that hangs is ended. None takes half of it: packing, the longest, builds the standard library three times. */
const LIMIT_MS = 1_800_000;

const total = { passed: 0, failed: 0, skipped: [] };

// Two lanes, because neither needs the other: what the compiler does with one core, and what waits for browsers and timers,
// leaves room beside it.
await Promise.all([crate(), packed()]);
// A person's patience, and tokens of a few seconds: this one has the machine to itself.
await count('page in Chromium and Firefox', 'node', ['tests/js/run-page.mjs']);

async function crate() {
  await check('formatting', 'cargo', ['fmt', '--check']);
  await check('imports without circles', 'node', ['.ci/cycles.mjs']);
  await check('formatting and lints, JavaScript and TypeScript', 'biome', ['check', '--error-on-warnings', '.']);
  await check('lints, native', 'cargo', ['clippy', '--quiet', '--locked', '--all-targets', ...WHOLE, ...deny]);
  await check('lints, wasm32', 'cargo', ['clippy', '--quiet', '--locked', ...WASM, '--lib', '--test', 'wasm', ...deny], SIMD);
  for (const part of PARTS) {
    await check(
      `lints, wasm32, ${part.at(-1)} alone`,
      'cargo',
      ['clippy', '--quiet', '--locked', ...WASM, '--lib', ...part, ...deny],
      SIMD,
    );
  }
  await check('documentation', 'cargo', ['doc', '--quiet', '--locked', '--no-deps', ...WHOLE], { RUSTDOCFLAGS: '-D warnings' });
  await count('native tests', 'cargo', ['test', '--quiet', '--locked', ...WHOLE]);

  // wasm-bindgen-test skips everything and exits 0 where the host is not the one that the variable names: hence the counts.
  const wasmPack = (host) => ['test', ...host, '--mode', 'no-install', '.', '--locked', ...WHOLE, '--test', 'wasm'];
  await count('wasm tests, Node', 'wasm-pack', wasmPack(['--node']), SIMD);
  await inChromium('wasm tests, Chromium', 'wasm-pack', wasmPack(['--headless', '--chrome']), {
    ...SIMD,
    WASM_BINDGEN_USE_BROWSER: '1',
    WASM_BINDGEN_TEST_WEBDRIVER_JSON: at('tests/wasm/webdriver.json'),
  });
}

async function packed() {
  await check('pack', 'make', ['--no-print-directory', 'pack']);
  await count('package in Node', 'node', ['tests/js/run-node.mjs']);
  await count('package in workerd', 'node', ['tests/js/run-workerd.mjs']);
  await count('package in other runtimes', 'node', ['tests/js/run-runtimes.mjs']);
  await count('package against issuers', 'node', ['tests/js/run-issuer.mjs']);
  await count('sessions', 'node', ['tests/js/run-session.mjs']);
  await count('tabs of browsers', 'node', ['tests/js/run-browsers.mjs']);
  await count('tokens of oidc-provider', 'node', ['tests/js/oidc/run.mjs']);
  await count('sessions with oidc-provider', 'node', ['tests/js/oidc/run-session.mjs']);
  await inChromium('sessions with oidc-provider in a page', 'node', ['tests/js/oidc/run-session.mjs', '--page']);
  await count('command line', 'node', ['tests/js/run-cli.mjs']);
  await count('examples', 'node', ['tests/js/run-examples.mjs']);
  await count('README', 'node', ['tests/js/run-readme.mjs']);
  await inChromium('README in a page', 'node', ['tests/js/run-readme.mjs', '--page']);
  await count('demo', 'node', ['tests/js/run-demo.mjs']);
  await check('static files of the page', 'node', ['.ci/site.mjs']);
  await check('declarations', 'node', ['.ci/types.mjs']);
  await check('sizes', 'node', ['.ci/size.mjs']);
  await count('beside node:crypto', 'node', ['tests/js/run-differential.mjs', '200']);
  await count('what packing refuses', 'node', ['tests/js/run-pack.mjs']);
  await check('files of the package', 'node', ['.ci/packed.mjs']);
  await check('publint', 'publint', ['--strict', tarball]);
  // core.wasm is not for TypeScript to resolve.
  await check('are the types wrong', 'attw', [tarball, '--exclude-entrypoints', 'core.wasm', '--format', 'ascii', '--no-emoji']);
}

for (const what of total.skipped) console.log(`skipped: ${what}`);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped.length ? `, ${total.skipped.length} skipped` : ''}`);
process.exitCode = total.failed > 0 ? 1 : 0;

/** A step that holds or does not: one check. */
async function check(name, program, args, env) {
  const { ok } = await step(name, program, args, env);
  total[ok ? 'passed' : 'failed'] += 1;
}

/** A step that counts its own tests. To have run none is a failure. */
async function count(name, program, args, env) {
  const { ok, text } = await step(name, program, args, env);
  const counts = [...text.matchAll(/(\d+) passed[;,] (\d+) failed/g)];
  const passed = counts.reduce((sum, match) => sum + Number(match[1]), 0);
  const failed = counts.reduce((sum, match) => sum + Number(match[2]), 0);
  total.skipped.push(...[...text.matchAll(/^skipped: (.*)$/gm)].map(([, what]) => what));
  total.passed += passed;
  total.failed += failed || (ok && passed > 0 ? 0 : 1);
  if (passed === 0) console.error(`FAILED ${name}: no test passed`);
}

async function inChromium(name, ...rest) {
  if (which('chromedriver')) return count(name, ...rest);
  total.skipped.push(`${name}: ${CHROMIUM}`);
}

/** Runs a program. What it printed is shown when it has ended, in one piece; until then a line now and then says that it runs. */
async function step(name, program, args, env) {
  console.log(`── ${name}: ${program} ${args.join(' ').replaceAll(`${root}/`, '')}`);
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  const still = setInterval(() => console.log(`── ${name}: still running (${seconds()})`), STILL_RUNNING_MS);
  const child = spawn(program, args, { cwd: root, env: { ...process.env, PATH: path, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      text += chunk;
    });
  const limit = setTimeout(() => {
    text += `\nended: it took longer than ${LIMIT_MS / 60_000} min`;
    child.kill('SIGKILL');
  }, LIMIT_MS);
  const code = await new Promise((resolve) => {
    child.once('close', resolve);
    child.once('error', (error) => {
      text += error.message;
      resolve(1);
    });
  });
  clearInterval(still);
  clearTimeout(limit);
  console.log(`\n${text.trim()}\n── ${name}: ${code === 0 ? 'ok' : 'FAILED'} (${seconds()})\n`);
  return { ok: code === 0, text };
}
