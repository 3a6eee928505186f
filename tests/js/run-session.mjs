// The session against servers, stores, runtimes and HTTP clients that are real.

import { runSuites } from './harness.mjs';
import { importFromUser, report } from './installed.mjs';
import { hasRedis } from './issuer/redis.mjs';
import clients from './session/clients.mjs';
import stores from './session/stores.mjs';
import traces from './session/traces.mjs';
import workerd from './session/workerd.mjs';

const suites = { clients, stores, traces, workerd };

const user = await importFromUser(
  'session-user.mjs',
  "export * as tokenward from 'tokenward';\nexport * as stores from 'tokenward/stores';\n",
);
const chosen = process.argv[2] ? [process.argv[2]] : Object.keys(suites);
if (!hasRedis) console.log('skipped: sessions shared through Redis (redis-server is missing)');
let fine = true;
for (const name of chosen) fine = report(`session (${name})`, await runSuites({ [name]: suites[name] }, user)) && fine;
process.exitCode = fine ? 0 : 1;
