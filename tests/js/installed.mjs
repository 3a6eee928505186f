// The package as a user gets it: target/tokenward.tgz, installed into a folder of its own, never the sources.

import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { installation as installed, root, tarball } from '../../.ci/tools.mjs';

export { installed, root };
export const here = dirname(fileURLToPath(import.meta.url));
export const packageFolder = join(installed, 'node_modules/tokenward');

const stamp = join(installed, 'package.json');
const changed = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

if (changed(tarball) === 0) throw new Error('there is no package; run `make pack`');
if (changed(stamp) <= changed(tarball)) {
  rmSync(installed, { recursive: true, force: true });
  mkdirSync(installed, { recursive: true });
  execFileSync(
    'npm',
    ['install', '--silent', '--no-save', '--no-package-lock', '--no-audit', '--offline', '--prefix', installed, tarball],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  writeFileSync(stamp, '{ "private": true, "type": "module" }\n');
}

/** So that the modules of tests/js find it by its name too. */
const link = join(here, 'node_modules/tokenward');
if (!lstatSync(link, { throwIfNoEntry: false })) {
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(packageFolder, link, 'junction');
}

/** The files of suite/ as [name, path]. */
export function suiteFiles() {
  return readdirSync(join(here, 'suite'))
    .filter((file) => file.endsWith('.mjs'))
    .sort()
    .map((file) => [file.replace('.mjs', ''), join(here, 'suite', file)]);
}

/** Imports a module that says `import … from 'tokenward'` as a user's module would. */
export async function importFromUser(name, source) {
  const file = join(installed, name);
  writeFileSync(file, source);
  return import(pathToFileURL(file));
}

/** Shows what failed, and the count. True when all is well: no test at all is not. */
export function report(where, { passed, failures }) {
  for (const { name, error } of failures) console.error(`FAILED ${where}: ${name}\n${error.replace(/^/gm, '    ')}`);
  console.log(`${where}: ${passed} passed, ${failures.length} failed`);
  return failures.length === 0 && passed > 0;
}
