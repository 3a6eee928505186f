// verifyMany: many tokens at once.

import { algorithms, claims, NOW, rules, signer, tampered } from '../kit.mjs';

export default ({ test, long, assert, tokenward }) => {
  const { KeySet, Verifier } = tokenward;
  const codes = (results) => results.map((result) => (result.ok ? 'ok' : result.error.code));

  test('results come in order, and one bad token spoils no other', async () => {
    const keys = await Promise.all(algorithms.filter((alg) => !alg.startsWith('HS')).map((alg) => signer(alg)));
    const verifier = new Verifier({ ...rules(), keys: { keys: keys.map(({ jwk }) => jwk) } });
    const good = await Promise.all(keys.map((key, each) => key.sign(claims({ jti: String(each) }))));
    const bad = [
      [tampered(good[0], 2), 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'],
      ['', 'ERR_JWT_MALFORMED'],
      ['a.b.c.d.e', 'ERR_JWE_NOT_SUPPORTED'],
      ['é.ü.😀', 'ERR_JWT_MALFORMED'],
      [await keys[0].sign(claims({ exp: NOW })), 'ERR_JWT_EXPIRED'],
      [await keys[0].sign(claims(), { kid: 'none' }), 'ERR_JWKS_NO_MATCHING_KEY'],
      ['x'.repeat(100_000), 'ERR_JWT_MALFORMED'],
      [`${good[0]}\n`, 'ERR_JWT_MALFORMED'],
      ['\ud800', 'ERR_JWT_MALFORMED'],
    ];
    const mixed = good.flatMap((token, each) => [token, bad[each % bad.length][0]]);
    const results = await verifier.verifyMany(mixed);
    assert.same(
      codes(results),
      good.flatMap((_, each) => ['ok', bad[each % bad.length][1]]),
    );
    for (const [each, token] of mixed.entries()) {
      const single = await verifier.safeVerify(token);
      assert.same({ ...results[each], error: undefined }, { ...single, error: undefined });
      assert.equal(results[each].error?.message, single.error?.message);
    }
    assert.same(await verifier.verifyMany([]), []);
  });

  test('what is no list is refused, and what is no string is malformed in its place', async () => {
    const key = await signer('ES256');
    const verifier = new Verifier({ ...rules(), keys: key.jwk });
    const token = await key.sign();
    for (const tokens of [undefined, null, token, 7, {}, { length: 1, 0: token }, new Set([token]), new Uint8Array(3)]) {
      await assert.rejects('ERR_INVALID_ARG', verifier.verifyMany(tokens));
    }
    const odd = [undefined, null, 7, {}, [token], () => token, Symbol('x'), new String(token), { toString: () => token }];
    assert.same(codes(await verifier.verifyMany([token, ...odd, token])), ['ok', ...odd.map(() => 'ERR_JWT_MALFORMED'), 'ok']);
    // biome-ignore lint/suspicious/noSparseArray: a list with holes is the point.
    assert.same(codes(await verifier.verifyMany([, token, ,])), ['ERR_JWT_MALFORMED', 'ok', 'ERR_JWT_MALFORMED']);
    const trap = [token, token];
    Object.defineProperty(trap, 0, {
      get() {
        throw new Error('canary');
      },
    });
    await assert.rejects('ERR_INVALID_ARG', verifier.verifyMany(trap));
    let asked = 0;
    Object.defineProperty(trap, 0, {
      get() {
        asked += 1;
        return token;
      },
    });
    assert.same(codes(await verifier.verifyMany(trap)), ['ok', 'ok']);
    assert.equal(asked, 1);
    const changing = [token, token];
    const results = verifier.verifyMany(changing);
    changing.length = 0;
    assert.same(codes(await results), ['ok', 'ok']);
  });

  test('each token is judged by its own bytes, whatever halves of characters the ones around it begin and end with', async () => {
    const key = await signer('ES256');
    const verifier = new Verifier({ ...rules(), keys: key.jwk });
    const token = await key.sign();
    assert.same(codes(await verifier.verifyMany(['a\ud800', '\udc00b', token, token])), [
      'ERR_JWT_MALFORMED',
      'ERR_JWT_MALFORMED',
      'ok',
      'ok',
    ]);
    // As many halves as move the place of what follows by the length of the token.
    const odd = token.length % 2;
    const halves = ['\ud800', ...Array.from({ length: (token.length + odd) / 2 - 1 }, () => '\udc00\ud800'), '\udc00'];
    const rubbish = 'x'.repeat(token.length);
    const results = await verifier.verifyMany([...halves, rubbish, ...(odd ? ['y'] : []), token]);
    assert.same(
      codes(results).filter((code) => code !== 'ERR_JWT_MALFORMED'),
      ['ok'],
    );
    assert.equal(results.at(-1).ok, true);
  });

  test('a key that has left the set accepts none of many tokens', async () => {
    const [old, young] = [await signer('ES256', { kid: 'old' }), await signer('Ed25519', { kid: 'young' })];
    let served = [old.jwk];
    const keys = KeySet.fromUrl('https://issuer.example/jwks.json', {
      fetch: async () => Response.json({ keys: served }),
      now: () => NOW * 1000,
    });
    const verifier = new Verifier({ ...rules(), keys });
    const [withdrawn, current] = [await old.sign(), await young.sign()];
    assert.same(codes(await verifier.verifyMany([withdrawn, withdrawn])), ['ok', 'ok']);
    served = [young.jwk];
    await keys.refresh();
    const gone = 'ERR_JWKS_NO_MATCHING_KEY';
    assert.same(codes(await verifier.verifyMany([withdrawn, withdrawn, current, withdrawn, current])), [gone, gone, 'ok', gone, 'ok']);
  });

  test('an outage is the result of each token that it is about, and nobody hears of it elsewhere', async () => {
    const known = await signer('ES256', { kid: 'known' });
    const other = await signer('ES256', { kid: 'other' });
    let [clock, down] = [1_800_000_000_000, false];
    const fetch = async () => (down ? new Response(null, { status: 500 }) : Response.json({ keys: [known.jwk] }));
    const waitUntil = async (work) => {
      await work;
      throw new Error('of the host');
    };
    const keys = KeySet.fromUrl('https://issuer.example/jwks.json', { fetch, now: () => clock, staleIfError: 60, waitUntil });
    const verifier = new Verifier({ ...rules(), keys });
    const [token, stray] = [await known.sign(), await other.sign()];
    assert.same(codes(await verifier.verifyMany([token])), ['ok']);
    [clock, down] = [clock + 1_000_000, true];
    const expected = { token: 'ERR_JWKS_FETCH_FAILED', rubbish: 'ERR_JWT_MALFORMED' };
    assert.same(codes(await verifier.verifyMany([token])), [expected.token]);
    // The failure is known now, and is told at once.
    assert.same(codes(await verifier.verifyMany([token, 'x', stray, token])), [
      expected.token,
      expected.rubbish,
      expected.token,
      expected.token,
    ]);
    down = false;
    clock += 1_000_000;
    assert.same(codes(await verifier.verifyMany([stray, token])), ['ERR_JWKS_NO_MATCHING_KEY', 'ok']);
  });

  test('isRevoked and schema are asked about each token that is accepted', async () => {
    const key = await signer('ES256');
    const tokens = await Promise.all(['ada', 'eve', 'odd', 'bob'].map((sub) => key.sign(claims({ sub }))));
    const isRevoked = async ({ sub }) => {
      if (sub === 'odd') throw new Error('canary');
      return sub === 'eve';
    };
    const schema = { '~standard': { version: 1, vendor: 'test', validate: async (value) => ({ value: { ...value, seen: true } }) } };
    const verifier = new Verifier({ ...rules({ isRevoked, schema }), keys: key.jwk });
    const results = await verifier.verifyMany([...tokens, 'x']);
    assert.same(codes(results), ['ok', 'ERR_JWT_REVOKED', 'ERR_REVOCATION_UNAVAILABLE', 'ok', 'ERR_JWT_MALFORMED']);
    assert.ok(results[0].payload.seen && results[3].payload.seen, 'the schema');
  });

  long('ten thousand tokens', async () => {
    const key = await signer('HS256');
    const tokens = await Promise.all(
      Array.from({ length: 50 }, (_, each) => key.sign(claims({ jti: String(each), x: 'x'.repeat(each * 40) }))),
    );
    const many = Array.from({ length: 10_000 }, (_, each) => (each % 7 === 0 ? tampered(tokens[each % 50], 2) : tokens[each % 50]));
    for (const cache of [false, true]) {
      const results = await new Verifier({ ...rules(), keys: key.jwk, cache }).verifyMany(many);
      assert.equal(results.length, 10_000);
      assert.ok(
        results.every(({ ok, payload, error }, each) =>
          each % 7 === 0 ? error?.code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' : ok && payload.jti === String(each % 50),
        ),
        'every result',
      );
    }
  });

  long('a hundred thousand tokens cross in small parts, and other work runs in between', async () => {
    const key = await signer('HS256');
    const good = await key.sign();
    const { Instance } = WebAssembly;
    const memories = [];
    WebAssembly.Instance = class extends Instance {
      constructor(...args) {
        super(...args);
        memories.push(this.exports.memory);
      }
    };
    try {
      // The instance is dropped for the memory that this takes, so that the next one is seen.
      new Verifier({ ...rules(), keys: key.jwk, maxTokenLength: 20_000_000 }).safeVerifySync('x'.repeat(12_000_000));
      const verifier = new Verifier({ ...rules(), keys: key.jwk });
      verifier.verifySync(good);
      const tokens = Array.from({ length: 100_000 }, (_, each) => (each % 1_000 === 500 ? good : ''));
      let [turns, running] = [0, true];
      const turn = () => {
        turns += 1;
        if (running) setTimeout(turn, 0);
      };
      turn();
      const results = await verifier.verifyMany(tokens);
      running = false;
      assert.ok(results.length === tokens.length && results.every(({ ok }, each) => ok === (tokens[each] === good)), 'every result');
      assert.ok(turns > 20, `other work ran ${turns} times`);
      for (const memory of memories.slice(-1))
        assert.ok(memory.buffer.byteLength < 16 * 1024 * 1024, `${memory.buffer.byteLength} bytes of memory`);
    } finally {
      WebAssembly.Instance = Instance;
    }
  });

  test('a thousand tokens cross at once, and a thousand and one in two parts', async () => {
    const key = await signer('HS256');
    const good = await key.sign();
    for (const [length, parts] of [
      [1, 1],
      [1_000, 1],
      [1_001, 2],
      [2_001, 3],
    ]) {
      let asked = 0;
      const verifier = new Verifier({
        ...rules({
          now: () => {
            asked += 1;
            return NOW;
          },
        }),
        keys: key.jwk,
      });
      const results = await verifier.verifyMany(Array.from({ length }, () => good));
      assert.equal(results.length, length);
      assert.ok(
        results.every(({ ok }) => ok),
        'every result',
      );
      // Each part is judged at its own moment.
      assert.equal(asked, parts);
    }
  });

  test('a token that is far too long takes no room', async () => {
    const key = await signer('HS256');
    const verifier = new Verifier({ ...rules(), keys: key.jwk });
    const long = 'A'.repeat(30_000_000);
    assert.same(codes(await verifier.verifyMany([long, await key.sign(), long])), ['ERR_JWT_MALFORMED', 'ok', 'ERR_JWT_MALFORMED']);
  });

  test('keys are fetched once for all of them', async () => {
    const [key, stranger] = [await signer('ES256', { kid: 'one' }), await signer('ES256', { kid: 'two' })];
    let asked = 0;
    const time = { now: NOW * 1000 };
    const fetch = async () => {
      asked += 1;
      return Response.json({ keys: [key.jwk] });
    };
    const set = KeySet.fromUrl('https://issuer.example/jwks', { fetch, now: () => time.now });
    const verifier = new Verifier({ ...rules(), keys: set });
    const tokens = await Promise.all(
      Array.from({ length: 100 }, (_, each) => (each % 10 === 9 ? stranger : key).sign(claims({ jti: String(each) }))),
    );
    const expected = tokens.map((_, each) => (each % 10 === 9 ? 'ERR_JWKS_NO_MATCHING_KEY' : 'ok'));
    assert.same(codes(await verifier.verifyMany(tokens)), expected);
    assert.same(codes(await verifier.verifyMany(tokens)), expected);
    assert.equal(asked, 1);
    time.now += 600_000;
    assert.same(codes(await verifier.verifyMany(tokens)), expected);
    assert.equal(asked, 2);
  });

  test('a CryptoKey that stays with the host is asked about each token', async () => {
    const key = await signer('ES256', { extractable: false });
    const token = await key.sign();
    const verifier = new Verifier({ ...rules(), keys: key.cryptoKey });
    assert.same(codes(await verifier.verifyMany([token, tampered(token, 2), token])), [
      'ok',
      'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
      'ok',
    ]);
  });
};
