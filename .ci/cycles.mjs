// Files of src/ in Rust that import one another in a circle. A file in a circle cannot be read, tested or moved without the
// others. A path counts for the file that defines what it names: re-exports are followed, and are no imports themselves.
// `--graph` prints what each file imports.

import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { at } from './tools.mjs';

/** Folders whose files are still to be untied. A circle that leaves one of them fails. */
const TIED = ['jwt/remote/', 'session/', 'wasm/session/'];

const src = at('src');
const modules = new Map();
for (const entry of readdirSync(src, { recursive: true })) {
  if (!entry.endsWith('.rs')) continue;
  const folder = dirname(entry) === '.' ? [] : dirname(entry).split('/');
  const name = entry.split('/').at(-1).replace('.rs', '');
  const path = [...folder, ...(name === 'mod' || name === 'lib' ? [] : [name])];
  modules.set(path.join('::'), read(join(src, entry), path));
}

const graph = new Map();
for (const module of modules.values()) graph.set(module.file, new Set(imports(module)));
if (process.argv.includes('--graph')) {
  for (const [file, to] of graph) console.log(`${file}: ${[...to].join(' ')}`);
}
const circles = components(graph).filter((files) => files.length > 1);
const fresh = circles.filter((files) => !TIED.some((folder) => files.every((file) => file.startsWith(folder))));
for (const files of circles) {
  console.log(`${fresh.includes(files) ? 'in a circle' : 'in a circle, as is known'}: ${files.join(', ')}`);
  for (const file of files) console.log(`  ${file} imports ${[...graph.get(file)].filter((to) => files.includes(to)).join(', ')}`);
}
if (circles.length === 0) console.log(`${graph.size} files, no circle`);
process.exitCode = fresh.length > 0 ? 1 : 0;

/** A file: what it imports under which name, what it re-exports, and the text without either. */
function read(path, module) {
  const text = readFileSync(path, 'utf8')
    .replace(/\/\/.*$/gm, '')
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/b?"(?:\\[^]|[^"\\])*"/g, '""')
    .replace(/'(?:\\.|[^'\\])'/g, "''");
  const uses = [];
  const body = text.replace(/(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);/g, (_, visible, tree) => {
    for (const use of leaves(tree.replace(/\s+/g, ' ').trim())) uses.push({ ...use, visible: visible !== undefined });
    return '';
  });
  return { file: relative(src, path), module, uses, body };
}

/** The paths of a `use` tree, and the name that each gets. */
function leaves(tree, before = []) {
  const brace = tree.indexOf('{');
  if (brace >= 0) {
    const outer = [
      ...before,
      ...tree
        .slice(0, brace)
        .split('::')
        .map((part) => part.trim())
        .filter(Boolean),
    ];
    return split(tree.slice(brace + 1, tree.lastIndexOf('}'))).flatMap((inner) => leaves(inner, outer));
  }
  const [written, alias] = tree.split(' as ').map((part) => part.trim());
  const path = [
    ...before,
    ...written
      .split('::')
      .map((part) => part.trim())
      .filter(Boolean),
  ];
  if (path.at(-1) === 'self') path.pop();
  return path.length === 0 ? [] : [{ path, name: alias ?? path.at(-1) }];
}

/** At the commas that stand outside of braces. */
function split(text) {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
    if (character === '{') depth += 1;
    if (character === '}') depth -= 1;
  }
  return parts.map((part) => part.trim()).filter(Boolean);
}

/** The files that a module imports, itself apart. */
function imports(module) {
  const files = [];
  const add = (path) => {
    const found = resolve(module, path);
    if (found && found.file !== module.file) files.push(found.file);
  };
  for (const { path, name, visible } of module.uses) {
    // A re-export is used here as well if its name stands in the code; a module that is imported, only as far as its items are.
    if (visible && !new RegExp(`\\b${name}\\b`).test(module.body)) continue;
    if (path.at(-1) === '*' || !moduleAt(module, path)) add(path);
  }
  for (const [path] of module.body.matchAll(/\b[a-z_]\w*(?:\s*::\s*\w+)+/g)) add(path.split('::').map((part) => part.trim()));
  return files;
}

/** The module at a path as it is written in another. */
function moduleAt(module, path) {
  const found = resolve(module, path);
  return found?.rest.length === 0 ? found : undefined;
}

/** The file behind a path, and the part of the path that names something in it. */
function resolve(module, path, seen = new Set()) {
  let [first, ...rest] = path;
  let from = module.module;
  if (first === 'crate') from = [];
  else if (first === 'super') from = from.slice(0, -1);
  else if (first !== 'self') {
    const imported = module.uses.find(({ name, path: [head] }) => name === first && head !== first);
    const child = modules.has([...from, first].join('::'));
    if (imported && rest.length > 0 && !child) return resolve(module, [...imported.path, ...rest], seen);
    if (!child) return undefined;
    rest = [first, ...rest];
  }
  while (rest[0] === 'super') [from, rest] = [from.slice(0, -1), rest.slice(1)];
  return inside(from, rest, seen);
}

function inside(from, rest, seen) {
  const here = modules.get(from.join('::'));
  if (!here || rest.length === 0 || rest[0] === '*') return here && { file: here.file, rest: [] };
  const [name, ...more] = rest;
  if (modules.has([...from, name].join('::'))) return inside([...from, name], more, seen);
  const key = `${here.file} ${name}`;
  if (seen.has(key)) return undefined;
  seen.add(key);
  const defined = new RegExp(
    `\\b(?:struct|enum|union|trait|type|fn|const|static|mod)\\s+(?:mut\\s+)?${name}\\b|macro_rules!\\s*${name}\\b`,
  ).test(here.body);
  if (!defined) {
    for (const { path, name: as } of here.uses) {
      if (as === name) return resolve(here, [...path, ...more], seen);
    }
    for (const { path } of here.uses.filter((use) => use.visible && use.path.at(-1) === '*')) {
      const found = resolve(here, [...path.slice(0, -1), ...rest], seen);
      if (found) return found;
    }
  }
  return { file: here.file, rest };
}

/** Tarjan's strongly connected components. */
function components(edges) {
  const [index, low, stack, found] = [new Map(), new Map(), [], []];
  const visit = (node) => {
    index.set(node, index.size);
    low.set(node, index.get(node));
    stack.push(node);
    for (const next of edges.get(node)) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node), low.get(next)));
    }
    if (low.get(node) === index.get(node)) found.push(stack.splice(stack.indexOf(node)));
  };
  for (const node of edges.keys()) if (!index.has(node)) visit(node);
  return found;
}
