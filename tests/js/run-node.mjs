// The suite in Node: by import, by require, and over the other entry points. `--long`: over each of them also what takes long.

import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { variant } from '../../.ci/tools.mjs';
import crossings from './crossings.mjs';
import { CODES } from './canaries.mjs';
import { runSuites, suitesFor } from './harness.mjs';
import { importFromUser, installed, packageFolder, report, suiteFiles } from './installed.mjs';
import nativeRsa from './native-rsa.mjs';
import pollution from './pollution.mjs';

/** The codes of the session's half, as a user's editor lists them: whatever is not of the other half. */
const declared = readFileSync(join(packageFolder, 'dist/types.d.ts'), 'utf8');
const [, union] = /type ErrorCode =([^;]*);/.exec(declared);
globalThis.sessionCodes = union.match(/ERR_\w+/g).filter((code) => !/^ERR_(JW|JOSE|KEY|REVOCATION|SYNC|CLOCK|WASM|INVALID_ARG)/.test(code));
if (globalThis.sessionCodes.length === 0) throw new Error('the declarations name no codes');

const modules = {};
for (const [name, file] of suiteFiles()) modules[name] = await import(pathToFileURL(file));

const require = createRequire(join(installed, 'user.cjs'));
const { tokenward } = await importFromUser('import.mjs', "export * as tokenward from 'tokenward';\n");
const { slim } = await importFromUser('slim.mjs', "export * as slim from 'tokenward/slim';\n");
const { session } = await importFromUser('session.mjs', "export * as session from 'tokenward/session';\n");
const { verify } = await importFromUser('verify.mjs', "export * as verify from 'tokenward/verify';\n");
const { decode } = await importFromUser('decode.mjs', "export * as decode from 'tokenward/decode';\n");
const { importMlDsa } = await importFromUser('ml-dsa.mjs', "export const importMlDsa = () => import('tokenward/ml-dsa');\n");
slim.initSync(readFileSync(join(packageFolder, 'dist/core.wasm')));

const page = Object.fromEntries(
  await Promise.all(
    ['decode', 'verify', 'session'].map(async (wing) => [wing, await import(pathToFileURL(join(packageFolder, 'dist', `${wing}.js`)))]),
  ),
);

const everything = process.argv.includes('--long');
// What `require` gives is the same functions, as is tested below.
const ways = {
  import: tokenward,
  ...(everything && { require: require('tokenward') }),
  slim,
  session,
  'default entry': await import(pathToFileURL(join(packageFolder, 'dist/index.js'))),
};
let fine = true;
for (const [way, api] of Object.entries(ways)) {
  const long = everything || way === 'import';
  const context = {
    tokenward: api,
    host: 'node',
    way,
    long,
    importMlDsa: way === 'require' ? () => require('tokenward/ml-dsa') : importMlDsa,
  };
  fine = report(`node (${way})`, await runSuites(suitesFor(way, modules), context)) && fine;
}

const packaging = {
  node: ({ test, assert }) => {
    test('import and require give the same functions, so one instance', () => {
      const required = require('tokenward');
      assert.same(Object.keys(tokenward).sort(), Object.keys(required).sort());
      for (const name of Object.keys(required)) assert.ok(tokenward[name] === required[name], name);
    });
    test('the leak suites know every code of the declarations, and no other', () => {
      const declared = readFileSync(join(packageFolder, 'dist/types.d.ts'), 'utf8').match(/'ERR_\w+'/g);
      assert.same([...new Set(declared)].map((code) => code.slice(1, -1)).sort(), Object.keys(CODES).sort());
    });
    test('in Node every wing is the same functions as tokenward, so one instance', () => {
      for (const [wing, api] of Object.entries({ decode, session, verify })) {
        for (const name of Object.keys(api)) assert.ok(api[name] === tokenward[name], `${wing} ${name}`);
        const required = require(`tokenward/${wing}`);
        assert.same(Object.keys(required).sort(), Object.keys(api).sort());
        for (const name of Object.keys(api)) assert.ok(api[name] === required[name], `${wing} ${name}`);
      }
    });
    test('in a page every wing has the same names as in Node, and tokenward has those of all', () => {
      for (const [wing, api] of Object.entries({ decode, session, verify }))
        assert.same(Object.keys(page[wing]).sort(), Object.keys(api).sort(), wing);
      assert.same(Object.keys(ways['default entry']).sort(), Object.keys(tokenward).sort());
      assert.same(Object.keys(decode).sort(), ['checkExpiry', 'decode', 'isExpired', 'isTokenwardError', 'version']);
    });
    test('the module that a page puts together is the one that workerd imports, byte for byte', async () => {
      for (const wing of ['decode', 'session', 'verify']) {
        const { Module } = WebAssembly;
        const compiled = [];
        WebAssembly.Module = function (bytes) {
          compiled.push(Buffer.from(bytes));
          return new Module(bytes);
        };
        try {
          const api = await import(`${pathToFileURL(join(packageFolder, 'dist', `${wing}.js`))}?compiled`);
          if (wing === 'session') api.parseChallenges('Bearer');
          else api.isExpired({ exp: 0 });
        } finally {
          WebAssembly.Module = Module;
        }
        assert.ok(compiled.at(-1).equals(readFileSync(join(packageFolder, 'dist', `${wing}.wasm`))), wing);
      }
    });
    test('tokenward/decode says of every token what tokenward says', () => {
      const bytes = (text) => Buffer.from(text).toString('base64url');
      const tokens = [
        '',
        '.',
        '..',
        'a.b.c',
        1,
        null,
        undefined,
        {},
        'x'.repeat(20_000),
        '\ud800.e30.',
        `${bytes('{"alg":"HS256"}')}.${bytes('{"exp":1,"exp":2}')}.`,
        ...[
          '{',
          '[]',
          '{"exp":1e400}',
          '{"exp":"1"}',
          '{"exp":12345678901234567890.5}',
          '{"nbf":-1}',
          '{"a":"\\ud800"}',
          '{}',
          '{"__proto__":1}',
          `{"a":${'['.repeat(70)}`,
          '\ufeff{}',
        ].map((payload) => `${bytes('{"alg":"HS256","typ":"JWT"}')}.${bytes(payload)}.AA`),
        ...['{"alg":"none"}', '{"alg":1}', '{}', '{"alg":"HS256","crit":["x"]}', '{"alg":"XX"}'].map(
          (header) => `${bytes(header)}.${bytes('{"exp":5}')}.AA`,
        ),
      ];
      const said = (run) => {
        try {
          return JSON.stringify(run());
        } catch (error) {
          return JSON.stringify({ ...error, message: error.message, name: error.name });
        }
      };
      for (const token of tokens) {
        for (const run of [
          (api) => api.decode(token),
          (api) => api.checkExpiry(token, { now: 3 }),
          (api) => api.isExpired(token, { now: 1e12 }),
          (api) => api.checkExpiry(token, { clockTolerance: '1' }),
          (api) => api.checkExpiry(token, { leeway: 1 }),
        ]) {
          assert.equal(
            said(() => run(page.decode)),
            said(() => run(tokenward)),
            String(token),
          );
        }
      }
      for (const claims of [{ exp: 5 }, { exp: 'x' }, { nbf: Infinity }, {}]) {
        assert.equal(
          said(() => page.decode.checkExpiry(claims, { now: 3 })),
          said(() => tokenward.checkExpiry(claims, { now: 3 })),
        );
      }
    });
    test('what signs is in the files of tokenward/testing and in no other', () => {
      const signing = /generateKey|subtle\.sign|test_sign/;
      const files = readdirSync(join(packageFolder, 'dist'));
      const exported = (file) =>
        WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(join(packageFolder, 'dist', file))))
          .map(({ name }) => name)
          .join(' ');
      const scripts = files
        .filter((file) => /\.(js|cjs|mjs)$/.test(file))
        .filter((file) => signing.test(readFileSync(join(packageFolder, 'dist', file), 'utf8')));
      const modules = files.filter((file) => file.endsWith('.wasm')).filter((file) => signing.test(exported(file)));
      assert.same(scripts.sort(), ['testing.cjs', 'testing.edge-light.js', 'testing.js', 'testing.workerd.js']);
      assert.same(modules, ['testing.wasm']);
      for (const file of files.filter((name) => /\.(js|cjs|mjs)$/.test(name) && !name.startsWith('testing'))) {
        assert.ok(!/['"][^'"]*testing[^'"]*['"]/.test(readFileSync(join(packageFolder, 'dist', file), 'utf8')), file);
      }
    });
    test('tokenward/slim has what tokenward has, and init and initSync', () => {
      assert.same(Object.keys(slim).sort(), [...Object.keys(tokenward), 'init', 'initSync'].sort());
      assert.same(Object.keys(require('tokenward/slim')).sort(), Object.keys(slim).sort());
    });
    test('what is not core.wasm is refused as that, and not as the doing of a policy', async () => {
      const page = () => new TextEncoder().encode('<!doctype html><title>404</title>');
      for (const source of [page(), page().buffer, new DataView(page().buffer), new ArrayBuffer(0), undefined, null, {}]) {
        const { message } = assert.throws('ERR_WASM_UNAVAILABLE', () => slim.initSync(source));
        assert.ok(message.includes('is not the core.wasm'), message);
        assert.ok((await assert.rejects('ERR_WASM_UNAVAILABLE', slim.init(source))).message.includes('is not the core.wasm'));
      }
      const missing = await assert.rejects('ERR_WASM_UNAVAILABLE', slim.init(Promise.resolve(new Response(page(), { status: 404 }))));
      assert.ok(missing.message.includes('is not the core.wasm'), missing.message);
      // It begins as a module and is none: so would one that a policy refuses.
      const { message } = assert.throws('ERR_WASM_UNAVAILABLE', () => slim.initSync(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 1])));
      assert.ok(message.includes('refuses WebAssembly'), message);
    });
    test('where there is no WebAssembly, importing works and a call is ERR_WASM_UNAVAILABLE', () => {
      const script = `
        import { decode } from 'tokenward';
        import { parseChallenges } from 'tokenward/session';
        for (const call of [() => decode('e30.e30.'), () => parseChallenges('Bearer')]) {
          try { call(); } catch (error) { console.log(typeof WebAssembly, error.name, error.code); }
        }`;
      const { stdout } = spawnSync(process.execPath, ['--jitless', '--input-type=module', '-e', script], {
        cwd: installed,
        encoding: 'utf8',
      });
      assert.equal(stdout, 'undefined TokenwardError ERR_WASM_UNAVAILABLE\n'.repeat(2));
    });
    test('a session of another entry point is rejected, and the error names both', () => {
      const foreign = page.session.createSession({ grant: page.session.jsonLogin({ tokenUrl: 'https://login.test/' }) });
      const { message } = assert.throws('ERR_INVALID_ARG', () =>
        tokenward.createBearerFetch({ session: foreign, resources: 'https://api.test/' }),
      );
      assert.equal(
        message,
        '"session" must be made by the same entry point of this package; there are two here, of tokenward/session and of tokenward',
      );
      foreign.close();
    });
    test('a key or a set of another entry point is rejected, and the error names both', async () => {
      const jwk = { kty: 'oct', k: Buffer.alloc(32).toString('base64url'), alg: 'HS256' };
      const rules = { issuer: null, audience: null };
      for (const foreign of [slim.importKey(jwk), slim.KeySet.fromJwks({ keys: [jwk] }), slim.KeySet.fromUrl('https://keys.test/')]) {
        for (const use of [
          () => tokenward.verifySync('e30.e30.', foreign, rules),
          () => new tokenward.Verifier({ keys: foreign, ...rules }),
          () => tokenward.importKey(foreign),
        ]) {
          const { message } = assert.throws('ERR_INVALID_ARG', use);
          assert.equal(
            message,
            '"key" must be made by the same entry point of this package; there are two here, of tokenward/slim and of tokenward',
          );
        }
      }
      // A guard takes any verifier.
      const guard = tokenward.createBearerGuard({ verifier: new slim.Verifier({ keys: jwk, ...rules }) });
      assert.equal((await guard.check(new Request('https://api.test/', { headers: { authorization: 'Bearer e30.e30.' } }))).status, 401);
    });
  },
};
fine = report('node (packaging)', await runSuites(packaging, {})) && fine;
fine = report('node (crossings)', await runSuites({ crossings: await crossings() }, {})) && fine;
fine = report('node (pollution)', await runSuites({ pollution: await pollution() }, {})) && fine;
// RustCrypto's engines ask nobody.
if (!variant) fine = report('node (RSA)', await runSuites({ rsa: nativeRsa }, {})) && fine;
process.exitCode = fine ? 0 : 1;
