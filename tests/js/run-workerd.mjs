// The suite in workerd, without Node's compatibility layer (`--long`: also what takes long). The tests run inside a request: at module scope a Worker has no clock.

import { createRequire } from 'node:module';
import { join } from 'node:path';

import { workerModules } from './bundle.mjs';
import { here, report, root, suiteFiles } from './installed.mjs';

const { Miniflare } = createRequire(join(root, 'tests/'))('miniflare');

const long = process.argv.includes('--long');
const files = suiteFiles();
const source = `
import * as tokenward from 'tokenward';
import * as session from 'tokenward/session';
import * as slim from 'tokenward/slim';
import module from 'tokenward/core.wasm';
import { runSuites, suitesFor } from '${join(here, 'harness.mjs')}';
${files.map(([, file], index) => `import * as suite${index} from '${file}';`).join('\n')}
const modules = { ${files.map(([name], index) => `'${name}': suite${index}`).join(', ')} };
export default {
  async fetch(request) {
    const way = new URL(request.url).pathname.slice(1);
    if (way === 'slim') slim.initSync(module);
    const ways = { import: tokenward, slim, session };
    const importMlDsa = () => import('tokenward/ml-dsa');
    return Response.json(await runSuites(suitesFor(way, modules), { tokenward: ways[way], host: 'workerd', way, long: ${long}, importMlDsa }));
  },
};`;

// The older runtime has no FinalizationRegistry, and its classes have no Symbol.toStringTag.
const modules = await workerModules(source);
let fine = true;
for (const compatibilityDate of ['2024-01-01', '2026-04-01']) {
  const miniflare = new Miniflare({ modules, compatibilityDate });
  try {
    for (const way of ['import', 'slim', 'session']) {
      const response = await miniflare.dispatchFetch(`http://suite.test/${way}`);
      if (!response.ok) throw new Error(await response.text());
      fine = report(`workerd (${way}, ${compatibilityDate})`, await response.json()) && fine;
    }
  } finally {
    await miniflare.dispose();
  }
}
process.exitCode = fine ? 0 : 1;
