// What the crate is built of: licences, bans, sources, known vulnerabilities, and the notice that the licences ask for.

import { spawnSync } from 'node:child_process';
import { path, root, which } from './tools.mjs';

const counts = { passed: 0, failed: 0 };
const run = (program, args) => spawnSync(program, args, { cwd: root, encoding: 'utf8', env: { ...process.env, PATH: path } });

if (which('cargo-deny')) {
  held(
    'licences, bans and sources',
    run('cargo-deny', ['--log-level', 'error', '--locked', '--config', '.ci/deny.toml', 'check', 'licenses', 'bans', 'sources']),
  );
  const advisories = run('cargo-deny', ['--log-level', 'error', '--locked', '--config', '.ci/deny.toml', 'check', 'advisories']);
  if (/failed to fetch advisory database/.test(advisories.stderr))
    console.log('skipped: advisories (the database of RustSec cannot be reached)');
  else held('advisories', advisories);
} else {
  console.log('skipped: licences, bans, sources and advisories (cargo-deny is missing)');
}
held('THIRD-PARTY.md', run(process.execPath, ['.ci/notices.mjs']));

console.log(`supply chain: ${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;

function held(what, { status, stdout, stderr }) {
  counts[status === 0 ? 'passed' : 'failed'] += 1;
  if (status !== 0) console.error(`FAILED ${what}\n${stdout}${stderr}`);
}
