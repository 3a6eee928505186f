// Compiles tests/types against the installed package, as ESM, as CommonJS and as a bundler reads it.

import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installed } from '../tests/js/installed.mjs';
import { at, run } from './tools.mjs';

const folder = join(installed, 'types');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
const files = readdirSync(at('tests/types')).filter((file) => file.endsWith('.ts'));
for (const file of files) {
  copyFileSync(at('tests/types', file), join(folder, file));
  copyFileSync(at('tests/types', file), join(folder, file.replace('.ts', '.cts')));
}
const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true, target: 'ES2022', lib: ['ES2022', 'DOM'], types: [] };
const projects = {
  node: { ...strict, module: 'NodeNext' },
  bundler: { ...strict, module: 'ESNext', moduleResolution: 'Bundler' },
};
for (const [name, compilerOptions] of Object.entries(projects)) {
  const project = join(folder, `tsconfig.${name}.json`);
  writeFileSync(project, JSON.stringify({ compilerOptions, include: name === 'node' ? ['*.ts', '*.cts'] : ['*.ts'] }));
  run('tsc', ['-p', project]);
}
