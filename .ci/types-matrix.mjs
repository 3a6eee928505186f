// The declarations under the oldest and the newest TypeScript in use, every way of resolving modules, with and without
// the DOM's types; and whether anything of the API is `any`, which a compiler takes for whatever is expected.

import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { installed } from '../tests/js/installed.mjs';
import { fetched } from '../tests/js/runtimes/fetched.mjs';
import { at, read } from './tools.mjs';

/** With a compiler that is a library, which 7 is not. */
const OLDEST = '5.4.5';
const ENTRIES = Object.keys(JSON.parse(read('pkg.json')).exports)
  .filter((name) => !/\.(wasm|json)$/.test(name))
  .map((name) => name.replace('.', 'tokenward'));

const oldest = fetched('typescript', OLDEST);
const compilers = {
  [OLDEST]: [process.execPath, join(oldest, 'bin/tsc')],
  [JSON.parse(read('tests/node_modules/typescript/package.json')).version]: [at('tests/node_modules/.bin/tsc')],
};
const resolutions = {
  node16: { module: 'Node16', moduleResolution: 'Node16' },
  nodenext: { module: 'NodeNext', moduleResolution: 'NodeNext' },
  bundler: { module: 'ESNext', moduleResolution: 'Bundler' },
};
const strict = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  skipLibCheck: false,
  noEmit: true,
  target: 'ES2022',
  types: [],
};
const folder = join(installed, 'types-matrix');
const result = { passed: 0, failed: 0 };

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
const importing = ENTRIES.map((name, index) => `import * as entry${index} from '${name}';\nexport { entry${index} };`).join('\n');
for (const extension of ['mts', 'cts']) writeFileSync(join(folder, `bare.${extension}`), `${importing}\n`);
const tests = (resolution) => (resolution === 'bundler' ? ['../types/*.ts'] : ['../types/*.ts', '../types/*.cts', '../types/*.mts']);

for (const [version, [program, ...args]] of Object.entries(compilers)) {
  for (const [name, resolution] of Object.entries(resolutions)) {
    for (const lib of [['ES2022', 'DOM'], ['ES2022']]) {
      const what = `TypeScript ${version}, ${name}, ${lib.join(' and ')}`;
      const project = join(folder, `tsconfig.${version}.${name}.${lib.length}.json`);
      const include = ['bare.*', ...(lib.length > 1 ? tests(name) : [])];
      writeFileSync(project, JSON.stringify({ compilerOptions: { ...strict, ...resolution, lib }, include }));
      const { status, stdout } = spawnSync(program, [...args, '-p', project], { encoding: 'utf8' });
      told(what, status === 0, stdout);
    }
  }
}
const found = anyIn(createRequire(import.meta.url)(oldest));
told('nothing of the API is any', found.length === 0, found.join('\n'));

console.log(`declarations: ${result.passed} passed, ${result.failed} failed`);
process.exitCode = result.failed === 0 ? 0 : 1;

function told(what, fine, why) {
  result[fine ? 'passed' : 'failed'] += 1;
  if (!fine) console.error(`FAILED ${what}\n${why.split('\n').slice(0, 12).join('\n').replace(/^/gm, '    ')}`);
}

/** Where the types of the entry points, and all that hangs on them, are `any`. */
function anyIn(ts) {
  const file = join(folder, 'bare.mts');
  const options = {
    ...strict,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  };
  const program = ts.createProgram([file], options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const seen = new Set();
  const found = [];
  let walked = 0;
  /** What the language or the host declares is theirs; JSON.parse gives any. */
  const ours = (type) => {
    const [declaration] = (type.aliasSymbol ?? type.symbol)?.declarations ?? [];
    return !declaration || declaration.getSourceFile().fileName.includes('/tokenward/');
  };
  const walk = (type, path) => {
    if (!type) return;
    if (type.flags & ts.TypeFlags.Any) return void found.push(path);
    if (seen.has(type)) return;
    seen.add(type);
    walked += 1;
    if (type.isUnionOrIntersection()) return type.types.forEach((each) => walk(each, path));
    for (const argument of checker.getTypeArguments?.(type) ?? []) walk(argument, `${path}<>`);
    for (const argument of type.aliasTypeArguments ?? []) walk(argument, `${path}<>`);
    if (type.flags & ts.TypeFlags.TypeParameter) return walk(checker.getBaseConstraintOfType(type), `${path} extends`);
    if (!ours(type)) return;
    for (const kind of [ts.SignatureKind.Call, ts.SignatureKind.Construct]) {
      for (const signature of checker.getSignaturesOfType(type, kind)) {
        for (const parameter of signature.parameters)
          walk(checker.getTypeOfSymbolAtLocation(parameter, source), `${path}(${parameter.name})`);
        walk(signature.getReturnType(), `${path}()`);
      }
    }
    for (const { type: indexed } of checker.getIndexInfosOfType(type)) walk(indexed, `${path}[]`);
    // A private name has no type to the outside, and `prototype` is of the class with any for its parameters.
    const properties = checker.getPropertiesOfType(type).filter(({ name }) => name !== 'prototype' && !name.includes('#'));
    for (const property of properties) walk(checker.getTypeOfSymbolAtLocation(property, source), `${path}.${property.name}`);
  };
  for (const statement of source.statements.filter(ts.isImportDeclaration)) {
    const name = statement.moduleSpecifier.text;
    for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(statement.moduleSpecifier))) {
      const aliased = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      if (aliased.flags & ts.SymbolFlags.Value) walk(checker.getTypeOfSymbolAtLocation(aliased, source), `${name}: ${symbol.name}`);
      if (aliased.flags & ts.SymbolFlags.Type) walk(checker.getDeclaredTypeOfSymbol(aliased), `${name}: ${symbol.name}`);
    }
  }
  if (walked < 100) found.push(`only ${walked} types were looked at`);
  return found;
}
