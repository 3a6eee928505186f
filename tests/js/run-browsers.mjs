// Tabs of real browsers on one session. With --long, a thousand refreshes in each test, and WebKit too; else a few.
//
//   node tests/js/run-browsers.mjs [--long] [chromium] [firefox] [webkit]

import { which } from '../../.ci/tools.mjs';
import { runSuites } from './harness.mjs';
import { report } from './installed.mjs';
import browsers from './session/browsers.mjs';

const PROGRAMS = { chromium: ['chromedriver'], firefox: ['firefox'], webkit: ['WebKitWebDriver', 'Xvfb'] };
const long = process.argv.includes('--long');
const named = process.argv.slice(2).filter((name) => name in PROGRAMS);
const chosen = named.length > 0 ? named : Object.keys(PROGRAMS).filter((name) => long || name !== 'webkit');

let fine = true;
for (const name of chosen) {
  const missing = PROGRAMS[name].find((program) => !which(program));
  if (missing) {
    console.log(`skipped: tabs of ${name} (${missing} is missing)`);
    continue;
  }
  const suite = browsers(name, long ? 1000 : 20);
  fine = report(`tabs (${name})`, await runSuites({ [name]: suite }, { timeLimitMs: long ? 3_600_000 : undefined })) && fine;
}
process.exitCode = fine ? 0 : 1;
