// The package against issuers over real HTTP: in Node, and in workerd.

import { runSuites } from './harness.mjs';
import { importFromUser, report } from './installed.mjs';
import remote from './issuer/remote.mjs';
import workerd from './issuer/workerd.mjs';

const { tokenward } = await importFromUser('import.mjs', "export * as tokenward from 'tokenward';\n");
let fine = report('issuer (node)', await runSuites({ remote }, { tokenward }));
fine = report('issuer (workerd)', await runSuites({ workerd }, {})) && fine;
process.exitCode = fine ? 0 : 1;
