// The API reference: target/site/api, from the declarations of the packed package. What is exported and has no description fails.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { installed } from '../tests/js/installed.mjs';
import { at, npmPackages, target } from './tools.mjs';

/** What each entry point is for. Those of `tokenward` and `tokenward/slim` that are the same are described once. */
const ENTRIES = {
  tokenward: 'Verifies tokens, guards resources, and keeps a client signed in. Ready on import.',
  'tokenward/session': 'The bearer fetch alone, on a smaller module.',
  'tokenward/slim': 'What `tokenward` has, over a module that the caller loads: nothing works before `init` or `initSync`.',
  'tokenward/stores': 'Shares key sets and sessions between isolates, processes and machines.',
  'tokenward/testing': 'An issuer, a token endpoint and a clock for tests.',
};
const PREFACE = `Every export of the npm package **tokenward**. Its README is the way in, and its guides say when to use what.

\`tokenward/ml-dsa\` exports nothing: importing it adds ML-DSA-44, ML-DSA-65 and ML-DSA-87 to the verifier. The Rust crate is
described on docs.rs.
`;

const tools = join(target, 'api');
const out = join(target, 'site/api');
npmPackages(at('.ci/api'), tools);
const entries = join(installed, 'api');
rmSync(entries, { recursive: true, force: true });
const files = Object.entries(ENTRIES).map(([name, what]) => {
  const file = join(entries, `${name}.ts`);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, `/**\n * ${what}\n * @module ${name}\n */\nexport * from '${name}';\n`);
  return file;
});
writeFileSync(join(entries, 'preface.md'), PREFACE);
writeFileSync(
  join(entries, 'tsconfig.json'),
  JSON.stringify({
    compilerOptions: { module: 'NodeNext', target: 'ES2022', lib: ['ES2022', 'DOM'], types: [], strict: true, noEmit: true },
    files,
  }),
);
const { status, stdout, stderr } = spawnSync(
  join(tools, 'node_modules/.bin/typedoc'),
  [
    '--tsconfig',
    join(entries, 'tsconfig.json'),
    ...files.flatMap((file) => ['--entryPoints', file]),
    '--out',
    out,
    '--name',
    'tokenward',
    '--readme',
    join(entries, 'preface.md'),
    '--disableSources',
    'true',
    '--hideGenerator',
    'true',
    '--githubPages',
    'false',
    '--validation.notDocumented',
    'true',
    '--packagesRequiringDocumentation',
    'tokenward',
    '--validation.notExported',
    'true',
    '--sort',
    'source-order',
    '--includeVersion',
    'false',
  ],
  { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
);
const said = `${stdout}${stderr}`;
// The members of a type that has no name are described where it is used.
const faults = said
  .split('\n')
  .filter((line) => /^\[(warning|error)\]/.test(line) && !line.includes('.__type.') && !line.startsWith('[warning] Found '));
for (const fault of faults) console.error(fault);
if (status !== 0 || faults.length > 0) {
  console.error(faults.length > 0 ? `API reference: ${faults.length} faults` : said);
  process.exit(1);
}
link();
console.log(`The API reference is in ${out.replace(`${at()}/`, '')}.`);

/** The page beside it names it. */
function link() {
  const file = join(target, 'site/index.html');
  if (!existsSync(file)) return;
  const page = readFileSync(file, 'utf8');
  if (!page.includes('href="api/'))
    writeFileSync(file, page.replace('</footer>', '  <p><a href="api/index.html">API reference</a></p>\n  </footer>'));
}
