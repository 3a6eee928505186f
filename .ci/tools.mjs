// What the build scripts share: where things are, and running other programs.

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { install } from './npm.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const target = join(root, 'target');
/** 'rustcrypto': the package on the engines of the RustCrypto project, beside the one that is shipped. */
export const variant = process.env.TOKENWARD_VARIANT ?? '';
const suffix = variant && `-${variant}`;
export const tarball = join(target, `tokenward${suffix}.tgz`);
/** Where the package is put together, and where tests install it. */
export const packing = join(target, `pack${suffix}`);
export const installation = join(target, `installed${suffix}`);
export const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo');

/** Our own tools first: `make setup` puts those there that the machine lacks, in the versions that fit. */
export const path = [join(target, 'tools/bin'), join(root, 'tests/node_modules/.bin'), join(cargoHome, 'bin'), process.env.PATH].join(
  delimiter,
);

export const at = (...parts) => join(root, ...parts);
export const read = (...parts) => readFileSync(at(...parts), 'utf8');

/** Runs a program, its output shown. Where it fails there is nothing more to say, and this process ends. */
export function run(program, args, env = {}) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: path, ...env } });
  if (status === 0) return;
  console.error(`${program} ${error ? error.message : `ended with ${status}`}`);
  process.exit(1);
}

/** What a program prints. */
export function output(program, args) {
  return execFileSync(program, args, { cwd: root, encoding: 'utf8', maxBuffer: Infinity, env: { ...process.env, PATH: path } }).trim();
}

/** Puts the npm packages of a lock file into a folder of their own, if they are not there yet. */
export function npmPackages(from, into) {
  const lock = readFileSync(join(from, 'package-lock.json'));
  const stamp = join(into, 'node_modules/.installed');
  if (existsSync(stamp) && readFileSync(stamp).equals(lock)) return;
  console.log(`${from.replace(`${root}/`, '')}: npm ci (once)`);
  mkdirSync(into, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(from, file), join(into, file));
  install(into);
  writeFileSync(stamp, lock);
}

/** Where a program is, if anywhere. */
export function which(program) {
  return path
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file));
}

/** The version of a crate in Cargo.lock. */
export function locked(crate) {
  return new RegExp(`name = "${crate}"\nversion = "(.+)"`).exec(read('Cargo.lock'))[1];
}

/** The version of this package. */
export const version = /^version = "(.+)"/m.exec(read('Cargo.toml'))[1];
