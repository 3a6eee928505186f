// THIRD-PARTY.md: whose work is linked into the shipped WebAssembly, and what their licences ask to be said.
//
//   node .ci/notices.mjs            fails where the file is not what the dependencies ask for
//   node .ci/notices.mjs --write    writes it

import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { at, output, read } from './tools.mjs';

/** The licence that each is used under, where there is a choice: the first of these that is offered. */
const PREFERRED = ['Apache-2.0', 'MIT', 'BSD-3-Clause'];
/** Where a crate keeps a licence's text. The text of Apache-2.0 is in our own LICENSE. */
const FILES = {
  MIT: /^LICEN[SC]E([-.](MIT|md|txt))*$/i,
  'BSD-3-Clause': /^LICEN[SC]E(\.(md|txt))?$/i,
  'Unicode-3.0': /^LICEN[SC]E-UNICODE$/i,
};

const crates = linked().map((crate) => ({ ...crate, under: licences(crate) }));
const text = `# Third parties

The WebAssembly modules of this package hold code of these Rust crates, each under the licence that is named, and of the Rust
standard library (MIT or Apache-2.0, copyright The Rust Project Contributors). The text of Apache-2.0 is in LICENSE.

${crates.map(({ name, version, under }) => `- ${name} ${version}: ${under.join(' and ')}`).join('\n')}
${crates
  .flatMap(({ name, folder, under }) =>
    under
      .filter((licence) => licence in FILES)
      .map(
        (licence) => `
## ${name}: ${licence}

${textOf(folder, licence)}
`,
      ),
  )
  .join('')}`;

if (process.argv.includes('--write')) writeFileSync(at('.ci/THIRD-PARTY.md'), text);
else if (!existsSync(at('.ci/THIRD-PARTY.md')) || read('.ci/THIRD-PARTY.md') !== text) {
  console.error('THIRD-PARTY.md is not what the dependencies ask for: node .ci/notices.mjs --write');
  process.exitCode = 1;
}

/** The crates that any of the shipped modules has in it: not what runs at compile time. */
function linked() {
  const features = [...read('.ci/pack.mjs').matchAll(/features: '([\w,-]+)'/g)].map(([, names]) => names).join(',');
  const { packages, resolve } = JSON.parse(
    output('cargo', [
      'metadata',
      '--format-version',
      '1',
      '--locked',
      '--filter-platform',
      'wasm32-unknown-unknown',
      '--no-default-features',
      '--features',
      features,
    ]),
  );
  const byId = new Map(packages.map((each) => [each.id, each]));
  const nodes = new Map(resolve.nodes.map((each) => [each.id, each]));
  const seen = new Set();
  const visit = (id) => {
    if (seen.has(id) || byId.get(id).targets.some(({ kind }) => kind.includes('proc-macro'))) return;
    seen.add(id);
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) if (kinds.some(({ kind }) => kind === null)) visit(pkg);
  };
  visit(resolve.root);
  seen.delete(resolve.root);
  return [...seen]
    .map((id) => byId.get(id))
    .map(({ name, version, license, manifest_path: manifest }) => ({ name, version, license, folder: dirname(manifest) }))
    .sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1));
}

/** What of an SPDX expression of "and" and "or" is taken. */
function licences({ name, license }) {
  return license.split(' AND ').map((part) => {
    const offered = part.replace(/[()]/g, '').split(/ OR |\//);
    const [only] = offered;
    const taken = offered.length === 1 ? only : PREFERRED.find((each) => offered.includes(each));
    if (taken !== 'Apache-2.0' && !(taken in FILES)) throw new Error(`${name}: what does ${license} ask for?`);
    return taken;
  });
}

function textOf(folder, licence) {
  const file = readdirSync(folder)
    .filter((each) => FILES[licence].test(each))
    .sort()
    .at(-1);
  if (!file) throw new Error(`${folder} has no text of ${licence}`);
  return readFileSync(join(folder, file), 'utf8')
    .trim()
    .replace(/\r/g, '')
    .replace(/[ \t]+$/gm, '')
    .replace(/^/gm, '    ')
    .replace(/^ {4}$/gm, '');
}
