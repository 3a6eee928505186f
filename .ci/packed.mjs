// Holds the packed package to tests/packed.txt, the list of its files, and to what may stand in them.
// `node .ci/packed.mjs --write` writes the list, to be read before it is committed.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { packageFolder } from '../tests/js/installed.mjs';
import { at, cargoHome, output, read, root, tarball } from './tools.mjs';

const list = 'tests/packed.txt';
const packed = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .map((file) => file.replace('package/', ''))
  .sort();
if (process.argv.includes('--write')) writeFileSync(at(list), `${packed.join('\n')}\n`);
const allowed = read(list).trim().split('\n');
const wrong = [
  ...packed.filter((file) => !allowed.includes(file)).map((file) => `${file} is packed and not in ${list}`),
  ...allowed.filter((file) => !packed.includes(file)).map((file) => `${file} is in ${list} and not packed`),
];

// Where it was built is nobody's business, and would make two builds differ.
const places = [root, cargoHome, homedir(), output('rustc', ['--print', 'sysroot'])].filter((place) => place.length > 1);
for (const file of packed) {
  const bytes = readFileSync(join(packageFolder, file));
  for (const place of places) if (bytes.includes(place)) wrong.push(`${file} names ${place}`);
  if (bytes.includes('sourceMappingURL')) wrong.push(`${file} refers to a source map that is not there`);
}
declarations();
links();
const { scripts, dependencies, optionalDependencies, peerDependencies, repository, publishConfig } = JSON.parse(
  readFileSync(join(packageFolder, 'package.json'), 'utf8'),
);
if (scripts || dependencies || optionalDependencies || peerDependencies) wrong.push('package.json installs or runs something');

// npm compares `repository` with the builder's, and refuses provenance without it.
if (publishConfig?.provenance && !repository) wrong.push('package.json asks for provenance and names no repository');

for (const each of wrong) console.error(each);
process.exitCode = wrong.length === 0 ? 0 : 1;

/** Everything that dist/types.d.ts exports is exported by an entry point, and its comments are those of the source. */
function declarations() {
  for (const ending of ['d.ts', 'd.cts']) {
    const entries = packed.filter((file) => file.startsWith('dist/') && file.endsWith(`.${ending}`) && file !== `dist/types.${ending}`);
    const text = (file) => readFileSync(join(packageFolder, file), 'utf8');
    const reached = entries.flatMap((file) => (/^export \{(.*)\}/.exec(text(file))?.[1] ?? '').split(',').map((name) => name.trim()));
    const types = text(`dist/types.${ending}`);
    for (const [, name] of types.matchAll(
      /^export (?:declare )?(?:abstract )?(?:const|let|function|class|interface|type|namespace) (\w+)/gm,
    )) {
      if (!reached.includes(name)) wrong.push(`dist/types.${ending} exports ${name}, and no entry point does`);
    }
    // The compiler indents by four. Nothing else may change a comment.
    const comments = (source) => (source.match(/\/\*\*[^]*?\*\//g) ?? []).map((comment) => comment.replace(/^\s+/gm, ''));
    const ours = new Set(
      readdirSync(at('src/shell'), { recursive: true })
        .filter((file) => file.endsWith('.ts'))
        .flatMap((file) => comments(read('src/shell', file))),
    );
    const shipped = comments(types);
    if (shipped.length < 100) wrong.push(`dist/types.${ending} has ${shipped.length} comments`);
    for (const comment of shipped)
      if (!ours.has(comment)) wrong.push(`dist/types.${ending} has a comment that src/shell does not: ${comment}`);
  }
}

/** A link to a file leads nowhere on npm and the crate registry, unless the file is packed. */
function links() {
  for (const file of packed.filter((name) => name.endsWith('.md'))) {
    const text = readFileSync(join(packageFolder, file), 'utf8');
    const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(
      ([, title]) =>
        `#${title
          .toLowerCase()
          .replace(/[^\w\s-]/g, '')
          .replace(/\s/g, '-')}`,
    );
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)|(?:href|src)="([^"]+)"|^\[[^\]]+\]: (\S+)/gm)].map(
      (match) => match[1] ?? match[2] ?? match[3],
    );
    for (const target of targets) {
      if (!/^https?:/.test(target) && !anchors.includes(target) && !packed.includes(target.replace(/#.*/, '')))
        wrong.push(`${file} links to ${target}, which is not packed`);
    }
  }
}
