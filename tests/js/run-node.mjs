// The suite in Node: by import, by require, and over tokenward/slim.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { runSuites } from './harness.mjs';
import { importFromUser, installed, packageFolder, report, suiteFiles } from './installed.mjs';

const suites = {};
for (const [name, file] of suiteFiles()) suites[name] = (await import(pathToFileURL(file))).default;

const require = createRequire(join(installed, 'user.cjs'));
const { tokenward } = await importFromUser('import.mjs', "export * as tokenward from 'tokenward';\n");
const { slim } = await importFromUser('slim.mjs', "export * as slim from 'tokenward/slim';\n");
slim.initSync(readFileSync(join(packageFolder, 'dist/core.wasm')));

const ways = {
  import: tokenward,
  require: require('tokenward'),
  slim,
  'default entry': await import(pathToFileURL(join(packageFolder, 'dist/index.js'))),
};
let fine = true;
for (const [way, api] of Object.entries(ways)) {
  fine = report(`node (${way})`, await runSuites(suites, { tokenward: api, host: 'node', way })) && fine;
}

const packaging = {
  node: ({ test, assert }) => {
    test('import and require give the same functions, so one instance', () => {
      const required = require('tokenward');
      assert.same(Object.keys(tokenward).sort(), Object.keys(required).sort());
      for (const name of Object.keys(required)) assert.ok(tokenward[name] === required[name], name);
    });
    test('tokenward/slim has what tokenward has, and init and initSync', () => {
      assert.same(Object.keys(slim).sort(), [...Object.keys(tokenward), 'init', 'initSync'].sort());
      assert.same(Object.keys(require('tokenward/slim')).sort(), Object.keys(slim).sort());
    });
  },
};
fine = report('node (packaging)', await runSuites(packaging, {})) && fine;
process.exitCode = fine ? 0 : 1;
