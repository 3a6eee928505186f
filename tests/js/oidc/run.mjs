// Tokens that nothing of ours issued, verified by the packed package in Node and in workerd.

import { createRequire } from 'node:module';
import { join } from 'node:path';

import { workerModules } from '../bundle.mjs';
import { runSuites } from '../harness.mjs';
import { here, importFromUser, report, root } from '../installed.mjs';
import { withProvider } from './provider.mjs';
import suite from './suite.mjs';

const { Miniflare } = createRequire(join(root, 'tests/'))('miniflare');

await withProvider(async (issued) => {
  const { tokenward } = await importFromUser('import.mjs', "export * as tokenward from 'tokenward';\n");
  let fine = report('oidc-provider, node', await runSuites({ oidc: suite }, { tokenward, ...issued }));

  const modules = await workerModules(`
import * as tokenward from 'tokenward';
import { runSuites } from '${join(here, 'harness.mjs')}';
import suite from '${join(here, 'oidc/suite.mjs')}';
export default {
  async fetch(request) {
    return Response.json(await runSuites({ oidc: suite }, { tokenward, ...await request.json() }));
  },
};`);
  const miniflare = new Miniflare({ modules, compatibilityDate: '2024-01-01' });
  try {
    const response = await miniflare.dispatchFetch('http://suite.test/', { method: 'POST', body: JSON.stringify(issued) });
    if (!response.ok) throw new Error(await response.text());
    fine = report('oidc-provider, workerd', await response.json()) && fine;
  } finally {
    await miniflare.dispose();
  }
  process.exitCode = fine ? 0 : 1;
});
