// Remote JWK Sets in every host. What issuers can do over real HTTP is in tests/js/issuer/.

import { claims, rules, signer } from '../kit.mjs';

const URL_ = 'https://issuer.example/jwks.json';

export default ({ test, assert, tokenward, host }) => {
  const { KeySet, Verifier, verifySync } = tokenward;

  test('a remote set is fetched by the fetch that was given, once, and then verifies synchronously', async () => {
    const key = await signer('ES256', { kid: 'one' });
    const token = await key.sign(claims());
    const asked = [];
    const fetch = async (url, init) => {
      asked.push([url, init.redirect, init.headers.get('x-key'), init.signal.aborted]);
      return Response.json({ keys: [key.jwk] });
    };
    const set = KeySet.fromUrl(URL_, { fetch, headers: { 'x-key': 'mine' }, now: () => 1_800_000_000_000 });
    const verifier = new Verifier(rules({ keys: set }));
    assert.throws('ERR_SYNC_UNAVAILABLE', () => verifier.verifySync(token));
    await Promise.all([verifier.verify(token), verifier.verify(token)]);
    assert.equal(verifySync(token, set, rules()).key.kid, 'one');
    assert.same(asked, [[URL_, 'manual', 'mine', false]]);
    assert.same(set.state, { freshness: 'fresh', fetchedAt: 1_800_000_000, coolingDown: true, lastError: null });
    assert.equal(set.size, 1);
  });

  test('a fetch that fails is an outage, with a code and without a word from the issuer', async () => {
    const set = KeySet.fromUrl(URL_, { fetch: () => Promise.reject(new TypeError('secret host')), now: () => 1_800_000_000_000 });
    const error = await assert.rejects('ERR_JWKS_FETCH_FAILED', set.refresh());
    assert.equal(error.retryable, true);
    assert.ok(!error.message.includes('secret'));
    assert.equal(set.state.lastError, 'ERR_JWKS_FETCH_FAILED');
  });

  test('a set that is old when it comes answers those who asked for it, in one fetch', async () => {
    const key = await signer('ES256', { kid: 'one' });
    const token = await key.sign(claims());
    let fetches = 0;
    const fetch = async () => {
      fetches += 1;
      return Response.json({ keys: [key.jwk] }, { headers: { 'cache-control': 'no-store' } });
    };
    let clock = 1_800_000_000_000;
    const verifier = new Verifier(rules({ keys: KeySet.fromUrl(URL_, { fetch, minAge: 0, now: () => clock++ }) }));
    for (let round = 1; round <= 3; round++) {
      await verifier.verify(token);
      assert.equal(fetches, round);
    }
    await Promise.all(Array.from({ length: 10 }, () => verifier.verify(token)));
    assert.ok(fetches <= 5, `${fetches} fetches`);
  });

  test('metadata that names no URL is an outage, and leaves nothing behind', async () => {
    const issuer = 'https://issuer.example';
    for (const jwks_uri of ['/jwks.json', 'https://', '']) {
      const fetch = async () => Response.json({ issuer, jwks_uri });
      await assert.rejects('ERR_JWKS_FETCH_FAILED', KeySet.discover(issuer, { fetch, timeoutMs: 20 }).refresh());
    }
    // Were a timer left, it would end the process by now.
    await new Promise((resolve) => setTimeout(resolve, 60));
  });

  test('what is known of a set outlasts the instance: its age, and a refresh under way', async () => {
    const key = await signer('ES256', { kid: 'one' });
    const token = await key.sign(claims());
    const drop = () => {
      assert.throws(null, () => tokenward.importKey('x'.repeat(20_000_000)));
    };
    let [clock, fetches, down] = [1_800_000_000_000, 0, false];
    const fetch = async () => {
      fetches += 1;
      return down ? new Response(null, { status: 500 }) : Response.json({ keys: [key.jwk] });
    };
    const set = KeySet.fromUrl(URL_, { fetch, now: () => clock, staleIfError: 1000 });
    const verifier = new Verifier(rules({ keys: set }));
    for (let round = 0; round < 5; round++) {
      await set.refresh();
      clock += 500_000;
    }
    [clock, down] = [clock + 200_000, true];
    drop();
    await verifier.verify(token);
    assert.equal(set.state.freshness, 'stale');

    down = false;
    const before = fetches;
    const refreshed = set.refresh();
    drop();
    await refreshed;
    assert.same([set.size, set.state.freshness, set.state.fetchedAt], [1, 'fresh', clock / 1000]);
    assert.ok(fetches > before);
  });

  /** A cache that counts, over what it is given. */
  function counting(get, set = async () => {}) {
    const cache = {
      reads: 0,
      writes: 0,
      get: async (key) => {
        cache.reads += 1;
        return get(key);
      },
      set: (key, value) => {
        cache.writes += 1;
        return set(key, value);
      },
    };
    return cache;
  }

  /** The entry that a machine shares of this set, by its clock. */
  async function sharedBy(keys, now) {
    const stored = new Map();
    const cache = counting(
      (key) => stored.get(key) ?? null,
      async (key, value) => void stored.set(key, value),
    );
    await KeySet.fromUrl(URL_, { fetch: async () => Response.json({ keys }), cache, now }).refresh();
    return stored;
  }

  test('a set of a machine whose clock is ahead is used, and costs one look', async () => {
    const key = await signer('ES256', { kid: 'one' });
    const token = await key.sign(claims());
    const clock = 1_800_000_000_000;
    for (const ahead of [5_000, 59_000, 60_000]) {
      const stored = await sharedBy([key.jwk], () => clock + ahead);
      const cache = counting((name) => stored.get(name) ?? null);
      let fetches = 0;
      const fetch = async () => {
        fetches += 1;
        return Response.json({ keys: [key.jwk] });
      };
      const set = KeySet.fromUrl(URL_, { fetch, cache, now: () => clock });
      const verifier = new Verifier(rules({ keys: set }));
      for (let round = 0; round < 20; round++) await verifier.verify(token);
      verifier.verifySync(token);
      assert.same([cache.reads, cache.writes, fetches], [2, 0, 0], `${ahead} ms ahead`);
      assert.same([set.state.freshness, set.state.fetchedAt], ['fresh', clock / 1000]);
    }
    // Further ahead it is no use, and is not asked for again and again.
    const stored = await sharedBy([key.jwk], () => clock + 90_000);
    const cache = counting((name) => stored.get(name) ?? null);
    const verifier = new Verifier(
      rules({ keys: KeySet.fromUrl(URL_, { fetch: async () => Response.json({ keys: [key.jwk] }), cache, now: () => clock }) }),
    );
    for (let round = 0; round < 20; round++) await verifier.verify(token);
    assert.ok(cache.reads <= 10, `${cache.reads} reads`);
  });

  test('no cache, clock or issuer keeps a verification going', async () => {
    const key = await signer('ES256', { kid: 'one' });
    const [token, unknown] = [await key.sign(claims()), await key.sign(claims(), { kid: 'two' })];
    const stored = await sharedBy([key.jwk], () => 1_800_000_000_000);
    const entry = (change) => (name) => (name.endsWith('-lease') ? null : change(stored.get(name)));
    const at = (fetchedAt, lifetime = 600_000) =>
      entry((text) => text.replace(/"fetchedAt":\d+,"lifetime":\d+/, `"fetchedAt":${fetchedAt},"lifetime":${lifetime}`));
    const caches = {
      'of now, and never fresh': at(1_800_000_000_000, 0),
      'a little ahead': at(1_800_000_059_999),
      'too far ahead': at(1_800_000_060_001),
      'of the past': at(1),
      'without keys': entry((text) => text.replace(/"keys":\[.*\]/, '"keys":[]')),
      rubbish: () => '{',
      nothing: () => null,
      'a lease of another machine': (name) =>
        name.endsWith('-lease') ? '{"owner":"00000000000000ff","at":1800000000000,"failed":false}' : null,
      'another lease each time': (name) =>
        name.endsWith('-lease') ? `{"owner":"${Math.random().toString(16).slice(2, 10)}","at":1800000000000,"failed":false}` : null,
      'another set each time': entry((text) => text.replace('"keys":[', `"keys":[{"kty":"odd","kid":"${Math.random()}"},`)),
    };
    let tick = 0;
    const clocks = {
      still: () => 1_800_000_000_000,
      'going back': () => 1_800_000_000_000 - tick++,
      'going back and forth': () => 1_800_000_000_000 + (tick++ % 2) * 50,
      'jumping by hours': () => 1_800_000_000_000 + (tick++ % 3) * 7_200_000,
      falling: () => 1_800_000_000_000 - tick++ * 600_000,
    };
    const answers = {
      well: () => Response.json({ keys: [key.jwk] }, { headers: { 'cache-control': 'no-store' } }),
      down: () => new Response(null, { status: 503 }),
    };
    const scenes = Object.entries(caches).flatMap(([what, get]) =>
      Object.entries(clocks).flatMap(([clock, now]) =>
        Object.entries(answers).flatMap(([mood, answer]) =>
          [token, unknown].map((each) => ({ what, get, clock, now, mood, answer, each })),
        ),
      ),
    );
    await Promise.all(
      scenes.map(async ({ what, get, clock, now, mood, answer, each }) => {
        let fetches = 0;
        const fetch = async () => {
          fetches += 1;
          return answer();
        };
        const cache = counting(get);
        const options = { fetch, cache, now, minAge: 0, cooldown: 0.001, timeoutMs: 200 };
        await new Verifier(rules({ keys: KeySet.fromUrl(URL_, options) })).safeVerify(each);
        assert.ok(
          fetches <= 12 && cache.reads <= 80,
          `${fetches} fetches, ${cache.reads} reads: a cache ${what}, a clock ${clock}, an issuer ${mood}`,
        );
      }),
    );
  });

  test('a set as deep as it may be outlasts its instance, free() and a snapshot, and costs no other issuer a token', async () => {
    const [key, other] = [await signer('ES256', { kid: 'one' }), await signer('ES256', { kid: 'two' })];
    const foreign = 'https://other.example';
    const tokens = [await key.sign(claims()), await other.sign(claims({ iss: foreign }))];
    const deep = JSON.stringify({ keys: [key.jwk] }).replace(/}$/, `,"x":${'['.repeat(63)}${']'.repeat(63)}}`);
    const fetch = async () => new Response(deep, { headers: { 'content-type': 'application/json' } });
    const set = KeySet.fromUrl(URL_, { fetch });
    const given = KeySet.fromUrl(`${URL_}?other`, { fetch: async () => Response.json({ keys: [other.jwk] }) });
    const verifier = new Verifier({
      issuers: [
        { ...rules(), keys: set },
        { ...rules({ issuer: foreign }), keys: given },
      ],
    });
    const drop = () => {
      assert.throws(null, () => tokenward.importKey('x'.repeat(20_000_000)));
    };
    for (const meanwhile of [() => {}, drop, () => set.free()]) {
      meanwhile();
      for (const token of tokens) assert.same((await verifier.safeVerify(token)).error?.code, undefined);
    }
    assert.equal(KeySet.fromUrl(URL_, { fetch, snapshot: set.snapshot() }).size, 1);
    assert.throws('ERR_JWKS_INVALID', () =>
      KeySet.fromUrl(URL_, { fetch, snapshot: set.snapshot().replace('[[', '[[[').replace(']]', ']]]') }),
    );
  });

  test('metadata of an https issuer name no http on loopback', async () => {
    const key = await signer('ES256', { kid: 'one' });
    const issuer = 'https://tenant.example';
    for (const place of ['http://127.0.0.1:9/jwks', 'http://localhost/jwks', 'http://[::1]:9/jwks', 'http://127.1/jwks']) {
      const asked = [];
      const fetch = async (url) => {
        asked.push(url);
        return Response.json(url.startsWith(issuer) ? { issuer, jwks_uri: place } : { keys: [key.jwk] });
      };
      await assert.rejects('ERR_JWKS_FETCH_FAILED', KeySet.discover(issuer, { fetch }).refresh());
      assert.same(asked, [`${issuer}/.well-known/openid-configuration`]);
    }
    // An issuer that is there itself may name it, and may be told not to.
    const local = 'http://127.0.0.1:9';
    const fetch = async (url) =>
      Response.json(url.includes('well-known') ? { issuer: local, jwks_uri: 'http://localhost:10/jwks' } : { keys: [key.jwk] });
    const set = KeySet.discover(local, { fetch });
    await set.refresh();
    assert.equal(set.size, 1);
    assert.throws('ERR_INSECURE_URL', () => KeySet.discover(local, { fetch, insecure: 'never' }));
  });

  test('a body without an end, and without a byte, is an outage', async () => {
    const endless = () =>
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array());
        },
      });
    const fetch = async () => new Response(endless(), { headers: { 'content-type': 'application/json' } });
    await assert.rejects('ERR_JWKS_FETCH_FAILED', KeySet.fromUrl(URL_, { fetch, timeoutMs: 2_000 }).refresh());
  });

  test('in a Worker every fetch is handed to waitUntil, so that a client that goes away does not end it', async () => {
    const key = await signer('ES256', { kid: 'one' });
    const work = [];
    const set = KeySet.fromUrl(URL_, { fetch: async () => Response.json({ keys: [key.jwk] }), waitUntil: (promise) => work.push(promise) });
    await new Verifier(rules({ keys: set })).verify(await key.sign(claims()));
    // Elsewhere a caller that waits keeps its fetch alive.
    assert.equal(work.length, host === 'workerd' ? 1 : 0);
    await Promise.all(work);
    const refusing = KeySet.fromUrl(URL_, {
      fetch: async () => Response.json({ keys: [key.jwk] }),
      waitUntil: () => {
        throw new Error('no request');
      },
    });
    await refusing.refresh();
  });

  test('a set that was given has the same methods', async () => {
    const { jwk } = await signer('ES256', { kid: 'one' });
    const set = KeySet.fromJwks({ keys: [jwk] });
    await set.refresh();
    assert.same(set.state, { freshness: 'fresh', fetchedAt: null, coolingDown: false, lastError: null });
    assert.equal(KeySet.fromJwks(JSON.parse(set.snapshot())).size, 1);
  });
};
