// The package against issuers over real HTTP: in Node, in workerd, and with caches that machines share.

import { runSuites } from './harness.mjs';
import { importFromUser, report } from './installed.mjs';
import { hasRedis } from './issuer/redis.mjs';
import hostileStores from './issuer/hostile-stores.mjs';
import leaks from './issuer/leaks.mjs';
import remote from './issuer/remote.mjs';
import rotation from './issuer/rotation.mjs';
import stores from './issuer/stores.mjs';
import workerd from './issuer/workerd.mjs';

/** `node tests/js/run-issuer.mjs stores` runs that suite alone; `--long` starts as many isolates as there can be. */
const only = process.argv.slice(2).find((name) => name !== '--long');
const user = await importFromUser('issuer.mjs', "export * as tokenward from 'tokenward';\nexport * as stores from 'tokenward/stores';\n");
if (!hasRedis) console.log('skipped: JWK Sets shared through Redis (redis-server is missing)');
let fine = true;
for (const [name, suite] of Object.entries({ remote, rotation, leaks, workerd, stores, 'hostile stores': hostileStores })) {
  if (only && name !== only) continue;
  fine = report(`issuer (${name})`, await runSuites({ [name]: suite }, user)) && fine;
}
process.exitCode = fine ? 0 : 1;
