// Hosts that npm has a package of: fetched once, each version into a folder of its own.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../installed.mjs';

/** Why a host cannot be had on this machine. */
export class Missing extends Error {}

/** The folder of an npm package of exactly this version. */
export function fetched(name, version) {
  const folder = join(root, 'target/tools/hosts', `${name.replace('/', '+')}-${version}`);
  const placed = join(folder, 'node_modules', name);
  if (existsSync(join(placed, 'package.json'))) return placed;
  try {
    execFileSync(
      'npm',
      ['install', '--prefix', folder, '--no-save', '--no-package-lock', '--ignore-scripts', '--loglevel=error', `${name}@${version}`],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
  } catch {
    throw new Missing(`npm could not install ${name}@${version}`);
  }
  return placed;
}
