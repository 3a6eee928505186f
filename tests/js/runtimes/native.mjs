// Hosts that npm has a package of for each machine.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../installed.mjs';
import { Missing } from './fetched.mjs';

/**
 * The program itself, where npm put the one that fits this machine. The script beside it would outlive being stopped, and
 * the postinstall that puts the program in its place may not have run.
 */
export function native(scope, path) {
  const folder = join(root, 'tests/node_modules', scope);
  try {
    return join(folder, readdirSync(folder).sort()[0], path);
  } catch {
    throw new Missing(`npm has no ${scope} for this machine`);
  }
}
