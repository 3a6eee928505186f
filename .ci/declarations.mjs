// Rolls the declarations that tsc wrote for src/shell up into one file: what the entry points export, and the types that this
// needs, each with its comment as it stands in the source. Nothing else of the shell's files is shipped.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The text of the one file, and the names that each entry point exports from it.
 * @param entries the file of each entry point, by its name
 * @param host the file whose types stand for those of the host
 * @param resolve the file that an import names, if it is not a path
 */
export function rollUp(entries, host, resolve = {}) {
  const modules = new Map();
  const module = (file) => {
    if (!modules.has(file))
      modules.set(
        file,
        read(file, (name) => resolve[name] ?? join(dirname(file), name.replace(/\.js$/, '.d.ts'))),
      );
    return modules.get(file);
  };

  /** Where a name that a file exports or uses is declared: [file, name]. */
  const find = (file, name, seen = new Set()) => {
    if (seen.has(file)) return undefined;
    seen.add(file);
    const { declared, imported, reexported, stars } = module(file);
    if (declared.has(name)) return [file, name];
    const [from, original] = imported.get(name) ?? reexported.get(name) ?? [];
    if (from) return find(from, original);
    return stars.map((star) => find(star, name, seen)).find(Boolean);
  };
  const exportsOf = (file) => {
    const { declared, reexported, stars } = module(file);
    return [
      ...[...declared.values()].filter(({ isExported }) => isExported).map(({ name }) => name),
      ...reexported.keys(),
      ...stars.flatMap(exportsOf),
    ];
  };

  const names = Object.fromEntries(Object.entries(entries).map(([entry, file]) => [entry, [...new Set(exportsOf(file))].sort()]));
  const taken = new Map();
  const take = (file, name) => {
    const found = find(file, name);
    if (!found) throw new Error(`${name}, which ${file} exports, is declared nowhere`);
    const [place, original] = found;
    if (taken.get(original) === place) return;
    if (taken.has(original))
      throw new Error(`${original} is declared in ${taken.get(original)} and in ${place}: one file has room for one`);
    taken.set(original, place);
    const { code } = module(place).declared.get(original);
    for (const used of identifiers(code)) {
      const known = find(place, used.name) ?? (module(host).declared.get(used.name)?.isExported ? [host, used.name] : undefined);
      if (!known) continue;
      const { isValue } = module(known[0]).declared.get(known[1]);
      if (!isValue || used.isQueried) take(...known);
    }
  };
  for (const [entry, file] of Object.entries(entries)) for (const name of names[entry]) take(file, name);

  const exported = new Set(Object.values(names).flat());
  const statements = [...modules].flatMap(([file, { declared }]) =>
    [...declared.values()]
      .filter(({ name }) => taken.get(name) === file)
      .map(({ name, comment, code }) => `${comment}${exported.has(name) ? 'export ' : ''}${code}\n`),
  );
  return { names, text: `${statements.join('\n')}\nexport {};\n` };
}

const BLOCK = /^(export )?(declare )?(abstract )?(interface|class|namespace) /;

/** The parts of one file of declarations. */
function read(file, resolve) {
  const [declared, imported, reexported, stars] = [new Map(), new Map(), new Map(), []];
  for (const { comment, code } of statements(readFileSync(file, 'utf8'))) {
    const [, from] = / from ['"](.*?)['"];$/.exec(code) ?? [];
    const [, star] = /^export (?:type )?(\*) from/.exec(code) ?? [];
    const [, kind, list] = /^(import|export) (?:type )?\{(.*?)\}/s.exec(code) ?? [];
    if (star) stars.push(resolve(from));
    else if (kind && from) {
      for (const part of list
        .split(',')
        .map((each) => each.trim())
        .filter(Boolean)) {
        const [original, name = original] = part.replace(/^type /, '').split(' as ');
        (kind === 'import' ? imported : reexported).set(name, [resolve(from), original]);
      }
    } else if (!kind) {
      const [, exported, word, name] =
        /^(export )?(?:declare )?(?:abstract )?(const|let|function|class|interface|type|namespace) ([\w$]+)/.exec(code) ?? [];
      if (!name || code.includes('import(')) throw new Error(`${file} has a declaration of another form: ${code.slice(0, 80)}`);
      const known = declared.get(name);
      // The overloads of a function stand one after the other.
      const text = known ? `${known.code}\n${comment}${code.replace(/^export /, 'export ')}` : code.replace(/^export /, '');
      declared.set(name, {
        name,
        comment: known?.comment ?? comment,
        code: text,
        isExported: Boolean(exported),
        isValue: /^(const|let|function)$/.test(word),
      });
    } else if (list.trim() !== '') throw new Error(`${file} has an export of another form: ${code}`);
  }
  return { declared, imported, reexported, stars };
}

/** Comments, strings and the rest of a text, in order. */
function* pieces(text) {
  for (const [piece] of text.matchAll(/\/\*[^]*?\*\/|\/\/.*|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|[^'"`/]+|\//g)) {
    yield { piece, isComment: /^\/[*/]/.test(piece), isString: /^['"`]/.test(piece) };
  }
}

/** The statements of a file, each with the comment before it. The host's types are under the names of src/shell/host.ts. */
function statements(text) {
  const found = [];
  let [comment, code, depth] = ['', '', 0];
  const end = () => {
    found.push({ comment, code: code.trim() });
    [comment, code] = ['', ''];
  };
  for (const { piece, isComment, isString } of pieces(text)) {
    if (isComment && code.trim() === '') comment += `${piece}\n`;
    else if (isComment || isString) code += piece;
    else {
      const parts = hosted(piece).split(/([{}()[\];])/);
      for (const [at, part] of parts.entries()) {
        code += part;
        if (/^[{([]$/.test(part)) depth += 1;
        if (/^[})\]]$/.test(part)) depth -= 1;
        // tsc ends the line after a block. A type parameter may also end with a brace.
        const closesBlock = part === '}' && BLOCK.test(code.trim()) && /^(\n|$)/.test(parts[at + 1]);
        if (depth === 0 && (part === ';' || closesBlock)) end();
      }
    }
  }
  if (code.trim() !== '') throw new Error(`this does not end: ${code.trim().slice(0, 80)}`);
  return found;
}

/** Types that a project may not have, or has in another form, by the names that src/shell/host.ts gives them. */
function hosted(code) {
  return code.replace(/typeof (globalThis\.)?fetch\b/g, 'Fetch').replaceAll('Uint8Array<ArrayBuffer>', 'Bytes');
}

/** The names that a declaration may refer to: not those of its members and parameters. `isQueried`: with `typeof` before it. */
function* identifiers(code) {
  for (const { piece, isComment, isString } of pieces(code)) {
    if (isComment || isString) continue;
    for (const { 1: queried, 2: name } of piece.matchAll(/(?<![.\w$#])(typeof )?([A-Za-z_$][\w$]*)(?!\??:|[\w$])/g))
      yield { name, isQueried: Boolean(queried) };
  }
}
