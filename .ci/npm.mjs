// Installs the npm packages of a lock file in a folder, each in the version and with the hash that it names, or fails.
//
//   node .ci/npm.mjs tests

import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Installs what `folder`/package-lock.json names. Throws, and leaves nothing installed, if another version would take its place. */
export function install(folder) {
  const npm = (...args) => spawnSync('npm', [...args, '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' }).status === 0;
  if (npm('ci', '--loglevel=silent')) return;
  // `npm ci` refuses a lock file if the registry lacks a tool's packages for other platforms. `npm install` leaves those out,
  // but may also take a version that is not locked.
  if (!npm('install', '--no-save', '--loglevel=error')) throw new Error(`npm could not install ${folder}`);
  const wrong = unlocked(folder);
  if (wrong.length === 0) return;
  rmSync(join(folder, 'node_modules'), { recursive: true, force: true });
  throw new Error(`npm installed other packages than ${folder}/package-lock.json names:\n${wrong.join('\n')}`);
}

/** What is installed in `folder` and differs from its lock file, or is missing. */
export function unlocked(folder) {
  const packages = (file) => Object.entries(JSON.parse(readFileSync(join(folder, file), 'utf8')).packages).filter(([path]) => path !== '');
  const locked = new Map(packages('package-lock.json'));
  const installed = new Map(packages('node_modules/.package-lock.json'));
  return [
    ...[...installed].flatMap(([path, { version, integrity }]) => {
      const pin = locked.get(path);
      if (!pin) return `${path}: ${version}, which is not locked`;
      if (pin.version !== version) return `${path}: ${version} instead of ${pin.version}`;
      return pin.integrity === integrity ? [] : `${path}: another file of version ${version}`;
    }),
    ...[...locked]
      .filter(([path, { optional }]) => !optional && !installed.has(path))
      .map(([path, { version }]) => `${path}: ${version} is missing`),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    install(resolve(process.argv[2]));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
