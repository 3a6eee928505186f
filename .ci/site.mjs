// `make site`: the page as static files, for any server and any path. The package in it is the packed one.

import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { packageFolder } from '../tests/js/installed.mjs';
import { at, target } from './tools.mjs';

/** What of www/ is the page; the rest is the Worker, the client and the examples. */
const PAGE = /^(index\.html|icon\.svg|service\.js|service\.json|(page|style)\/.+\.(js|css))$/;

/** What of the package is in it, under which names. */
const PACKED = {
  'tokenward.js': 'index.js',
  'ml-dsa.js': 'ml-dsa.js',
  ...Object.fromEntries(['common', 'decode', 'session', 'verify'].map((wing) => [`${wing}.js`, `${wing}.js`])),
};

/** The files of the page: their path in it → where they are. */
export function pageFiles() {
  const files = readdirSync(at('www'), { recursive: true })
    .filter((path) => PAGE.test(path))
    .sort();
  const packed = Object.entries(PACKED).map(([path, file]) => [path, join(packageFolder, 'dist', file)]);
  return new Map([...files.map((path) => [path, at('www', path)]), ...packed]);
}

/** Writes them into `folder`. */
export function writeSite(folder) {
  rmSync(folder, { recursive: true, force: true });
  for (const [path, file] of pageFiles()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(file, join(folder, path));
  }
}

if (process.argv[1] === at('.ci/site.mjs')) {
  const folder = join(target, 'site');
  writeSite(folder);
  console.log(`The page is in ${folder.replace(`${at()}/`, '')}: copy it to any static server.`);
}
