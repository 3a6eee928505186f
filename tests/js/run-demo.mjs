// The demo as a person meets it on the terminal. run-page.mjs has the page.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { runSuites } from './harness.mjs';
import { report, root } from './installed.mjs';

const terminal = ({ test, assert }) => {
  test('the demo goes through every step and exits 0', () => {
    const { status, stdout } = spawnSync(process.execPath, [join(root, '.ci/demo.mjs'), '--once'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    assert.equal(status, 0, stdout);
    assert.equal(stdout.match(/✓/g).length, 10);
  });
};

process.exitCode = report('demo', await runSuites({ terminal }, {})) ? 0 : 1;
