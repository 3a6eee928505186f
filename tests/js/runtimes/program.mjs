// The whole suite as the source of one module, which imports the package as the host's users do and nothing of the host's.

import { join } from 'node:path';

import { here, suiteFiles } from '../installed.mjs';

/** Suites that take most of the time. `make test` runs them in Node and in workerd, and `make test-all` everywhere. */
const HEAVY = /^(hostile|leaks)/;

/**
 * A module that exports `names(way)`, the suites for a way of importing the package, and `run(way, names?)`, which gives
 * their result. The ways are import, session and slim, and those of `more` ({ way: expression }).
 *
 * - `entry` gives what the package is imported by ('' for its main entry point), `file` what a file of tests/js is.
 * - `slim` is an expression that gives slim its module.
 * - `wholly`: all is imported at the start. The main entry point has ML-DSA then from the start.
 */
export function program({
  host, quick = false, entry = (name) => `tokenward${name && `/${name}`}`, file = (path) => join(here, path),
  before = '', more = {}, slim, wholly = false,
}) {
  const suites = suiteFiles().map(([name]) => name).filter((name) => !quick || !HEAVY.test(name));
  return `${before}
import * as tokenward from '${entry('')}';
import * as session from '${entry('session')}';
${slim ? `import * as slim from '${entry('slim')}';` : ''}
${wholly ? `import * as mlDsa from '${entry('ml-dsa')}';` : ''}
import { runSuites, suitesFor } from '${file('harness.mjs')}';
${suites.map((name, index) => `import * as suite${index} from '${file(`suite/${name}.mjs`)}';`).join('\n')}
const modules = { ${suites.map((name, index) => `'${name}': suite${index}`).join(', ')} };
const ways = { import: tokenward, session, ${slim ? 'slim, ' : ''}${Object.entries(more).map(([way, api]) => `'${way}': ${api}`).join(', ')} };
const importMlDsa = ${wholly ? '() => mlDsa' : `() => import('${entry('ml-dsa')}')`};
const suitesOf = (way) => suitesFor(way, modules);
export const names = (way) => Object.keys(suitesOf(way));
export async function run(way, chosen = names(way)) {
  ${slim ? `if (way === 'slim') ${slim};` : ''}
  const suites = Object.fromEntries(Object.entries(suitesOf(way)).filter(([name]) => chosen.includes(name)));
  return runSuites(suites, { tokenward: ways[way], host: '${host}', way: ${wholly ? "'wholly'" : 'way'}, importMlDsa });
}
`;
}
