// Tabs of real browsers on one session. With --long, a thousand refreshes in each test; else a few.

import { spawnSync } from 'node:child_process';

import { runSuites } from './harness.mjs';
import { report } from './installed.mjs';
import browsers from './session/browsers.mjs';

const PROGRAMS = { chromium: 'chromedriver', firefox: 'firefox' };
const long = process.argv.includes('--long');
const chosen = process.argv.slice(2).filter((name) => name in PROGRAMS);

let fine = true;
for (const [name, program] of Object.entries(PROGRAMS)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  if (spawnSync(program, ['--version']).status !== 0) {
    console.log(`skipped: tabs of ${name} (${program} is missing)`);
    continue;
  }
  const suite = browsers(name, long ? 1000 : 20);
  fine = report(`tabs (${name})`, await runSuites({ [name]: suite }, { timeLimitMs: long ? 3_600_000 : undefined })) && fine;
}
process.exitCode = fine ? 0 : 1;
