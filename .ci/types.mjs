// Compiles tests/types and the snippets of the guides against the installed package, as ESM, as CommonJS and as a bundler
// reads it.

import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installed } from '../tests/js/installed.mjs';
import { at, read, run } from './tools.mjs';

const folder = join(installed, 'types');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
const files = readdirSync(at('tests/types')).filter((file) => file.endsWith('.ts'));
for (const file of files) {
  copyFileSync(at('tests/types', file), join(folder, file));
  copyFileSync(at('tests/types', file), join(folder, file.replace('.ts', '.cts')));
}
snippets();
examples();
documentedCodes();
const strict = {
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
  target: 'ES2022',
  lib: ['ES2022', 'DOM'],
  types: [],
};
const projects = {
  node: { ...strict, module: 'NodeNext' },
  bundler: { ...strict, module: 'ESNext', moduleResolution: 'Bundler' },
};
for (const [name, compilerOptions] of Object.entries(projects)) {
  const project = join(folder, `tsconfig.${name}.json`);
  writeFileSync(project, JSON.stringify({ compilerOptions, include: name === 'node' ? ['*.ts', '*.cts', '*.mts'] : ['*.ts'] }));
  run('tsc', ['-p', project]);
}

/** Every \`\`\`ts snippet of the guides, a module each. */
function snippets() {
  // What the guides use of Node.
  writeFileSync(
    join(folder, 'host.d.ts'),
    `declare module 'node:fs' { export function readFileSync(path: string, encoding: 'utf8'): string }
declare const process: { env: Record<string, string | undefined> };
`,
  );
  let count = 0;
  for (const guide of readdirSync(at('www/guides'))) {
    for (const [, code] of read('www/guides', guide).matchAll(/^```ts\n(.*?)^```$/gms)) {
      writeFileSync(join(folder, `guide-${guide.replace('.md', '')}-${(count += 1)}.mts`), code);
    }
  }
  if (count === 0) throw new Error('the guides have no snippet');
}

/** Every \`@example\` of the shell's documentation, a module each. Names that an example does not declare are those below. */
function examples() {
  writeFileSync(
    join(folder, 'example-names.d.ts'),
    `declare const token: string;
declare const jws: string;
declare const pem: string;
declare const secret: Uint8Array;
declare const jwk: import('tokenward').Jwk;
declare const jwks: { keys: import('tokenward').Jwk[] };
declare const verifier: import('tokenward').Verifier;
declare const session: import('tokenward').Session;
declare const api: import('tokenward').BearerFetch;
declare const request: Request;
declare const grant: import('tokenward').Grant;
declare const client: unknown;
declare const env: { KEYS: unknown; TOKENS: { idFromName(name: string): unknown; get(id: unknown): unknown } };
`,
  );
  let count = 0;
  for (const file of readdirSync(at('src/shell'), { recursive: true }).filter((name) => name.endsWith('.ts'))) {
    const source = read('src/shell', file);
    for (const [comment] of source.matchAll(/\/\*\*(?:(?!\*\/).)*@example.*?\*\//gs)) {
      const [, fenced] = /@example\s*\*?\s*```ts\n(.*?)```/s.exec(comment) ?? [];
      if (fenced === undefined) throw new Error(`src/shell/${file} has an @example that is not in a \`\`\`ts fence`);
      const code = fenced.replace(/^\s*\* ?/gm, '');
      writeFileSync(join(folder, `example-${(count += 1)}.mts`), `// src/shell/${file}\n${code}\nexport {};\n`);
    }
  }
  if (count === 0) throw new Error('the documentation has no example');
}

/** The guide to errors has every code, and no other. */
function documentedCodes() {
  const codes = [...read('www/guides/errors.md').matchAll(/^\| `(ERR_\w+)` \|/gm)].map(([, code]) => `'${code}'`);
  writeFileSync(
    join(folder, 'documented.ts'),
    `import type { ErrorCode } from 'tokenward';
type Documented = ${codes.join(' | ')};
const all: [Documented] extends [ErrorCode] ? ([ErrorCode] extends [Documented] ? true : false) : false = true;
void all;
`,
  );
}
