// The whole suite as the source of one module, which imports the package as the host's users do and nothing of the host's.

import { join } from 'node:path';

import { here, suiteFiles } from '../installed.mjs';

const byName = (name) => `tokenward${name && `/${name}`}`;
const byPath = (path) => join(here, path);

/**
 * A module that exports `names(way)`, the suites for a way of importing the package, and `run(way, names?)`, which gives
 * their result. The ways are import, session and, where `slim` says how to give it its module, slim.
 *
 * - `entry` says what an entry point is imported by ('' is the main one), `file` what a file of tests/js is.
 * - `long`: also what takes long.
 * - `wholly`: ML-DSA is there from the start, for hosts that import nothing later.
 */
export function program({ host, long = false, entry = byName, file = byPath, before = '', slim, wholly = false }) {
  const suites = suiteFiles().map(([name]) => name);
  return `${before}
import * as tokenward from '${entry('')}';
import * as session from '${entry('session')}';
${slim ? `import * as slim from '${entry('slim')}';` : 'const slim = undefined;'}
${wholly ? `import * as mlDsa from '${entry('ml-dsa')}';` : ''}
import { runSuites, suitesFor } from '${file('harness.mjs')}';
${suites.map((name, index) => `import * as suite${index} from '${file(`suite/${name}.mjs`)}';`).join('\n')}
const modules = { ${suites.map((name, index) => `'${name}': suite${index}`).join(', ')} };
const ways = { import: tokenward, session, slim };
const importMlDsa = ${wholly ? 'async () => mlDsa' : `() => import('${entry('ml-dsa')}')`};
export const names = (way) => Object.keys(suitesFor(way, modules));
export async function run(way, chosen = names(way)) {
  ${slim ? `if (way === 'slim') ${slim};` : ''}
  const suites = Object.fromEntries(Object.entries(suitesFor(way, modules)).filter(([name]) => chosen.includes(name)));
  const context = { tokenward: ways[way], host: '${host}', way: ${wholly ? '`wholly: ${way}`' : 'way'}, long: ${long}, importMlDsa };
  return runSuites(suites, context);
}
`;
}
