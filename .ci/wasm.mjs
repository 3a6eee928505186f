// `wasm-pack test` in the browsers that `make test` leaves out: Firefox by geckodriver, WebKit by WebKitWebDriver.

import { spawn } from 'node:child_process';
import { withDisplay } from '../tests/js/webdriver.mjs';
import { at, path, root, which } from './tools.mjs';

// As in .ci/test.mjs. Without the variable everything is skipped, and that exits with 0: hence the count.
const ENV = {
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: '-Ctarget-feature=+simd128',
  WASM_BINDGEN_USE_BROWSER: '1',
  WASM_BINDGEN_TEST_WEBDRIVER_JSON: at('tests/wasm/webdriver.json'),
};
const TESTS = ['--mode', 'no-install', '.', '--locked', '--features', 'ml-dsa', '--test', 'wasm'];
const HOSTS = {
  firefox: { driver: 'geckodriver', also: 'firefox', flags: ['--firefox', '--geckodriver'], around: (use) => use({}) },
  safari: {
    driver: 'WebKitWebDriver',
    also: 'Xvfb',
    flags: ['--safari', '--safaridriver'],
    around: (use) => withDisplay((DISPLAY) => use({ DISPLAY })),
  },
};

for (const [name, { driver, also, flags, around }] of Object.entries(HOSTS)) {
  const missing = [driver, also].find((program) => !which(program));
  if (missing) {
    console.log(`skipped: wasm tests, ${name} (${missing} is missing)`);
    continue;
  }
  const text = await around((env) => wasmPack(['test', '--headless', ...flags, which(driver), ...TESTS], env));
  const [, passed = 0, failed = 0] = /test result: ok\. (\d+) passed; (\d+) failed/.exec(text) ?? [];
  const fine = Number(passed) > 0 && Number(failed) === 0;
  if (!fine) {
    console.error(text);
    process.exitCode = 1;
  }
  console.log(`wasm tests, ${name}: ${passed} passed, ${fine ? 0 : Number(failed) || 1} failed`);
}

function wasmPack(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn('wasm-pack', args, {
      cwd: root,
      env: { ...process.env, PATH: path, ...ENV, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        text += chunk;
      });
    child.once('error', reject).once('close', () => resolve(text));
  });
}
