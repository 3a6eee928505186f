// What crosses into the module, and what stays there: counted at the boundary, over a package of its own.

import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

import { packageFolder } from './installed.mjs';
import { claims, rules, signer } from './kit.mjs';

/** Imports the package so that calls of exports are counted by name and its memory can be measured. */
async function counted() {
  const { Instance } = WebAssembly;
  const calls = {};
  let memory;
  WebAssembly.Instance = function (module, imports) {
    const { exports } = new Instance(module, imports);
    memory = exports.memory;
    const wrap = ([name, value]) => [
      name,
      typeof value === 'function'
        ? (...args) => {
            calls[name] = (calls[name] ?? 0) + 1;
            return value(...args);
          }
        : value,
    ];
    return { exports: Object.fromEntries(Object.entries(exports).map(wrap)) };
  };
  try {
    const api = await import(`${pathToFileURL(join(packageFolder, 'dist/verify.js'))}?counted`);
    api.isExpired({ exp: 0 });
    return { api, of: (name) => calls[name] ?? 0, bytes: () => memory.buffer.byteLength };
  } finally {
    WebAssembly.Instance = Instance;
  }
}

export default async () => {
  const {
    api: { Verifier, verify, verifyJwsSync, verifySync, importKey },
    of,
    bytes,
  } = await counted();
  /** How often each export was called while `run` ran. */
  const during = async (names, run) => {
    const before = names.map(of);
    await run();
    return names.map((name, each) => of(name) - before[each]);
  };
  const COMPILE = ['rules_verifier', 'jws_verifier', 'key_from_jwk', 'keys_from_jwks', 'key_from_pem', 'key_from_secret'];

  return ({ test, assert }) => {
    test('a second single call with the same key and rules compiles neither', async () => {
      const key = await signer('ES256');
      const token = await key.sign();
      const policy = rules({ algorithms: ['ES256'], claims: { sub: 'ada' } });
      const pem = await key.pem();
      for (const form of [key.jwk, { keys: [key.jwk] }, pem, importKey(key.jwk), key.cryptoKey]) {
        await verify(token, form, policy);
        const again = await during(COMPILE, async () => {
          for (let each = 0; each < 10; each++) verifySync(token, form, policy);
          await verify(token, form, policy);
        });
        assert.same(
          again,
          COMPILE.map(() => 0),
          typeof form,
        );
      }
      const hs = await signer('HS256');
      const [secret, hsPolicy, hsToken] = [await hs.secret(), rules({ algorithms: ['HS256'] }), await hs.sign()];
      verifySync(hsToken, secret, hsPolicy);
      assert.same(
        await during(COMPILE, () => verifySync(hsToken, secret, hsPolicy)),
        COMPILE.map(() => 0),
      );
      verifyJwsSync(token, key.jwk);
      assert.same(
        await during(COMPILE, () => verifyJwsSync(token, key.jwk)),
        COMPILE.map(() => 0),
      );
    });

    test('what has changed is compiled, once, and what has not is not', async () => {
      const key = await signer('ES256');
      const token = await key.sign();
      const [policy, jwk] = [rules(), { ...key.jwk }];
      verifySync(token, jwk, policy);
      policy.audience = [policy.audience];
      const call = () => {
        for (let each = 0; each < 5; each++) verifySync(token, jwk, policy);
      };
      assert.same(await during(COMPILE, call), [1, 0, 0, 0, 0, 0]);
      jwk.use = 'sig';
      assert.same(await during(COMPILE, call), [1, 0, 1, 0, 0, 0]);
      assert.same(await during(COMPILE, () => verifySync(token, jwk, { ...policy })), [1, 0, 0, 0, 0, 0]);
    });

    test('a hundred thousand single calls with objects made for each leave no more behind than a thousand', async () => {
      const key = await signer('HS256');
      const token = await key.sign();
      const call = (times) => {
        for (let each = 0; each < times; each++) verifySync(token, { ...key.jwk }, rules());
      };
      call(1_000);
      const before = bytes();
      const released = await during(['release_verifier', 'release_keys'], () => call(100_000));
      assert.equal(bytes(), before, 'bytes of memory:');
      assert.ok(
        released.every((count) => count >= 99_000),
        String(released),
      );
    });

    test('verifyMany crosses once, and verifies no token twice', async () => {
      const key = await signer('ES256');
      const tokens = await Promise.all(Array.from({ length: 500 }, (_, each) => key.sign(claims({ jti: String(each) }))));
      const verifier = new Verifier({ ...rules(), keys: { keys: [key.jwk] } });
      assert.same(await during(['verify_many', 'verify'], () => verifier.verifyMany(tokens)), [1, 0]);
      const several = new Verifier({
        issuers: [
          { ...rules(), keys: key.jwk },
          { ...rules({ issuer: 'other' }), keys: key.jwk },
        ],
      });
      assert.same(await during(['verify_many', 'verify'], () => several.verifyMany(tokens)), [1, 0]);
    });

    test('however many tokens verifyMany is given, the module takes a bounded part of them at once', async () => {
      const key = await signer('HS256');
      const token = await key.sign(claims({ x: 'x'.repeat(10_000) }));
      const verifier = new Verifier({ ...rules(), keys: key.jwk });
      await verifier.verifyMany(Array(400).fill(token));
      const before = bytes();
      const results = await verifier.verifyMany(Array(10_000).fill(token));
      assert.ok(
        results.every(({ ok }) => ok),
        'every result',
      );
      assert.ok(bytes() - before < 16 << 20, `${bytes() - before} bytes more for ${token.length * 10_000} characters`);
    });

    test('the cache takes no more memory than its cap, with its bookkeeping', async () => {
      const key = await signer('HS256');
      const verifier = new Verifier({ ...rules(), keys: key.jwk, cache: { maxEntries: 1_000_000 } });
      const text = 'x'.repeat(9_000);
      const before = bytes();
      for (let each = 0; each < 3_000; each++) verifier.verifySync(await key.sign(claims({ jti: String(each), text })));
      assert.ok(bytes() - before < 40 << 20, `${bytes() - before} bytes for 16 MiB of verdicts`);
    });

    test('memory does not fragment while keys, verifiers and tokens of every size come and go', async () => {
      const key = await signer('HS256');
      const secret = await key.secret();
      const tokens = [];
      for (let size = 1; size < 12_000; size = Math.ceil(size * 1.7)) tokens.push(await key.sign(claims({ text: 'x'.repeat(size) })));
      const kept = [];
      const round = (each) => {
        const verifier = new Verifier({
          ...rules({ algorithms: ['HS256'] }),
          keys: importKey(secret, { alg: 'HS256' }),
          cache: { maxEntries: 1 + (each % 50) },
        });
        for (let at = 0; at < 8; at++) verifier.verifySync(tokens[(each * 7 + at * 3) % tokens.length]);
        // Some live long, between others that do not.
        if (each % 3 === 0) kept.push(verifier);
        else verifier.free();
        if (kept.length > 40) kept.splice(each % 40, 1)[0].free();
      };
      for (let each = 0; each < 500; each++) round(each);
      const settled = bytes();
      for (let each = 500; each < 8_000; each++) round(each);
      assert.ok(bytes() <= settled * 1.25 + 262_144, `${settled} bytes became ${bytes()}`);
    });

    test('a verifier of a thousand issuers changes the keys of one without compiling the others', async () => {
      const key = await signer('ES256', { kid: 'one' });
      const { KeySet } = await import(`${pathToFileURL(join(packageFolder, 'dist/verify.js'))}?counted`);
      const fetch = async () => Response.json({ keys: [key.jwk] });
      const issuers = Array.from({ length: 1_000 }, (_, each) => ({
        ...rules({ issuer: `https://${each}.test`, audience: null }),
        keys: KeySet.fromUrl(`https://${each}.test/jwks`, { fetch }),
      }));
      const verifier = new Verifier({ issuers });
      const tokens = await Promise.all([0, 500, 999].map((each) => key.sign(claims({ iss: `https://${each}.test` }))));
      const counts = await during(['verifier', 'replace_keys'], async () => {
        for (const token of [...tokens, ...tokens]) await verifier.verify(token);
      });
      assert.same(counts, [0, 3]);
    });
  };
};
