// The demo as a person meets it: on the terminal, and in a page of headless Chromium (with --page).

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { serve } from '../../.ci/demo.mjs';
import { runSuites } from './harness.mjs';
import { report, root } from './installed.mjs';
import { withChromium } from './webdriver.mjs';

const terminal = ({ test, assert }) => {
  test('the demo goes through every step and exits 0', () => {
    const { status, stdout } = spawnSync(process.execPath, [join(root, '.ci/demo.mjs'), '--once'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    assert.equal(status, 0, stdout);
    assert.equal(stdout.match(/✓/g).length, 10);
  });
};

const page = ({ open, evaluate, origin }) => ({ test, assert }) => {
  const logged = () => evaluate("return document.getElementById('log').innerText");
  const press = (id) => evaluate(`document.getElementById('${id}').click()`);
  const until = async (text) => {
    let log = '';
    for (const end = Date.now() + 10_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
      log = await logged();
      if (log.includes(text)) return;
    }
    throw new Error(`"${text}" is not in the log:\n${log}`);
  };

  test('the page logs in and calls the API', async () => {
    await open(`${origin}/`);
    await evaluate("document.getElementById('login').requestSubmit()");
    await until('Log in: signed in');
    await press('call');
    await until('Call the API: 200');
  });
  test('an expired token is refreshed without the page noticing', async () => {
    await new Promise((resolve) => setTimeout(resolve, 4500));
    await press('call');
    await until('Refreshed: ');
    await until('Call the API: 200');
    assert.ok((await evaluate("return document.getElementById('status').innerText")).startsWith('signed in'));
  });
  test('a tampered token is refused', async () => {
    await press('tamper');
    await until('Send the token with one character changed: 401');
  });
  test('after the log-out nothing signs in by itself', async () => {
    await press('logout');
    await until('the service has revoked the sign-in');
    await press('call');
    await until('ERR_SESSION_SIGNED_OUT');
  });
};

let result;
if (process.argv.includes('--page')) {
  const { origin, stop } = await serve();
  try {
    result = await withChromium((browser) => runSuites({ page: page({ ...browser, origin }) }, {}));
  } finally {
    await stop();
  }
} else {
  result = await runSuites({ terminal }, {});
}
process.exitCode = report('demo', result) ? 0 : 1;
