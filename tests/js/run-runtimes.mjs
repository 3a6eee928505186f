// The suite in the runtimes that the package claims, on the packed tarball, without configuration.
//
//   node tests/js/run-runtimes.mjs                  beside what run-node.mjs and run-workerd.mjs do, the main way to import it
//   node tests/js/run-runtimes.mjs --long           every runtime, every way to import it, and what takes long
//   node tests/js/run-runtimes.mjs deno webkit      these

import { report } from './installed.mjs';
import { browser } from './runtimes/browsers.mjs';
import { edgeRuntime } from './runtimes/edge.mjs';
import { Missing } from './runtimes/fetched.mjs';
import { bun, deno, node } from './runtimes/programs.mjs';
import { workerd } from './runtimes/workerd.mjs';

const HOSTS = {
  'node-20.0': node('20.0.0'),
  'node-20': node('20.20.2'),
  'node-22': node('22.23.3'),
  'node-24': node('24.21.0'),
  'node-26': node('26.10.0'),
  workerd,
  deno,
  bun,
  'edge-runtime': edgeRuntime,
  chromium: browser('chromium'),
  firefox: browser('firefox'),
  webkit: browser('webkit'),
};
const SOME = ['node-26', 'deno', 'bun', 'chromium', 'firefox'];

const long = process.argv.includes('--long');
const asked = process.argv.slice(2).filter((name) => name !== '--long');
const unknown = asked.filter((name) => !(name in HOSTS));
if (unknown.length > 0) throw new Error(`${unknown} is none of ${Object.keys(HOSTS).join(', ')}`);

let fine = true;
for (const name of asked.length > 0 ? asked : long ? Object.keys(HOSTS) : SOME) {
  const started = Date.now();
  try {
    fine = (await HOSTS[name]({ long, report })) && fine;
    console.log(`${name}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
  } catch (error) {
    if (error instanceof Missing) console.log(`skipped: the suite in ${name} (${error.message})`);
    else fine = report(name, { passed: 0, failures: [{ name, error: String(error.stack ?? error) }] }) && fine;
  }
}
process.exitCode = fine ? 0 : 1;
