// Remote JWK Sets against issuers over real HTTP.

import { claims, rules, signer } from '../kit.mjs';
import { startIssuer } from './server.mjs';

/** A clock that stands still until it is moved. */
function clock(start = 1_800_000_000_000) {
  const time = {
    now: start,
    read: () => time.now,
    pass: (seconds) => {
      time.now += seconds * 1000;
    },
  };
  return time;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export default ({ test, assert, tokenward }) => {
  const { KeySet, Verifier, verify, verifySync, createBearerGuard } = tokenward;

  /** An issuer with one key, a set that follows it, and a token that the key signed. */
  async function scene(run, options = {}, from = (issuer, all) => KeySet.fromUrl(issuer.url, all)) {
    const key = await signer('ES256', { kid: 'one' });
    const issuer = await startIssuer([key.jwk]);
    const time = clock();
    try {
      const all = { now: time.read, ...options };
      await run({ issuer, key, time, set: from(issuer, all), options: all, token: await key.sign(claims()) });
    } finally {
      await issuer.close();
    }
  }
  const other = async (kid) => (await signer('ES256', { kid })).sign(claims());

  test('the set is fetched once for all callers, and not again while it is fresh', () =>
    scene(async ({ issuer, set, token, time }) => {
      issuer.delayMs = 50;
      assert.same(set.state, { freshness: 'empty', fetchedAt: null, coolingDown: false, lastError: null });
      assert.equal(issuer.asked.length, 0, 'requests before the first need:');
      const verifier = new Verifier(rules({ keys: set }));
      await Promise.all(Array.from({ length: 200 }, () => verifier.verify(token)));
      await verify(token, set, rules());
      assert.equal(issuer.asked.length, 1);
      assert.equal(set.size, 1);
      assert.same(set.state, { freshness: 'fresh', fetchedAt: time.now / 1000, coolingDown: true, lastError: null });
      time.pass(479);
      await verifier.verify(token);
      assert.equal(issuer.asked.length, 1);
    }));

  test('verifySync works once the keys are there and says what is missing before', () =>
    scene(async ({ set, token, time, issuer }) => {
      assert.throws('ERR_SYNC_UNAVAILABLE', () => verifySync(token, set, rules()));
      await set.refresh();
      assert.equal(verifySync(token, set, rules()).payload.sub, 'ada');
      assert.throws('ERR_JWKS_NO_MATCHING_KEY', () => verifySync(unknown, set, rules()));
      time.pass(30);
      assert.throws('ERR_SYNC_UNAVAILABLE', () => verifySync(unknown, set, rules()));
      await pause(100);
      assert.throws('ERR_JWKS_NO_MATCHING_KEY', () => verifySync(unknown, set, rules()));
      assert.equal(issuer.asked.length, 2);
    }));
  let unknown = '';
  other('unknown').then((token) => {
    unknown = token;
  });

  test('a token that no key could make good is refused before anything is fetched', () =>
    scene(async ({ issuer, set }) => {
      await assert.rejects('ERR_JWT_MALFORMED', verify('a.b', set, rules()));
      await assert.rejects('ERR_JWE_NOT_SUPPORTED', verify('a.b.c.d.e', set, rules()));
      assert.equal(issuer.asked.length, 0);
    }));

  test("from 80 % of its lifetime the set is fetched behind the caller's back", async () => {
    const kept = [];
    await scene(
      async ({ issuer, set, token, time }) => {
        await verify(token, set, rules());
        time.pass(480);
        issuer.delayMs = 50;
        const before = set.state.fetchedAt;
        await verify(token, set, rules());
        assert.equal(set.state.fetchedAt, before, 'it waited:');
        assert.equal(kept.length, 1);
        await kept[0];
        assert.equal(issuer.asked.length, 2);
        assert.equal(set.state.fetchedAt, time.now / 1000);
      },
      { waitUntil: (work) => kept.push(work) },
    );
  });

  test('past its lifetime a removed key is refused, and a key that takes its place is accepted', () =>
    scene(async ({ issuer, set, token, time }) => {
      await verify(token, set, rules());
      const next = await signer('ES256', { kid: 'two' });
      issuer.keys = [next.jwk];
      time.pass(600);
      await assert.rejects('ERR_JWKS_NO_MATCHING_KEY', verify(token, set, rules()));
      assert.equal((await verify(await next.sign(claims()), set, rules())).key.kid, 'two');
      assert.equal(issuer.asked.length, 2);
    }));

  test('Cache-Control shortens the lifetime, down to minAge', () =>
    scene(async ({ issuer, set, token, time }) => {
      issuer.headers = { 'cache-control': 'public, max-age=5', age: '1' };
      await verify(token, set, rules());
      time.pass(59);
      assert.equal(set.state.freshness, 'fresh');
      time.pass(1);
      assert.equal(set.state.freshness, 'stale');
      issuer.headers = { 'cache-control': 'max-age=300', age: '100' };
      await verify(token, set, rules());
      time.pass(200);
      assert.equal(set.state.freshness, 'stale');
    }));

  test('while the issuer is down the old set serves, and is not asked for more often than the cool-down', () =>
    scene(async ({ issuer, set, token, time }) => {
      await verify(token, set, rules());
      issuer.mood = 'down';
      time.pass(600);
      for (let each = 0; each < 50; each++) await verify(token, set, rules());
      assert.equal(issuer.asked.length, 2);
      assert.same(set.state, {
        freshness: 'stale',
        fetchedAt: (time.now - 600_000) / 1000,
        coolingDown: true,
        lastError: 'ERR_JWKS_FETCH_FAILED',
      });
      const error = await assert.rejects('ERR_JWKS_FETCH_FAILED', verify(unknown, set, rules()));
      assert.equal(error.retryable, true);
      assert.equal(error.status, 503);
      issuer.mood = 'well';
      time.pass(30);
      await verify(token, set, rules());
      assert.equal(set.state.lastError, null);
      issuer.mood = 'down';
      time.pass(600 + 86_400);
      await assert.rejects('ERR_JWKS_FETCH_FAILED', verify(token, set, rules()));
    }));

  test('a thousand unknown keys cost one request in a cool-down, whether the issuer is well or down', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, each) => other(`random-${each}`)));
    await scene(async ({ issuer, set, token, time }) => {
      await verify(token, set, rules());
      const verifier = new Verifier(rules({ keys: set }));
      const flood = () => Promise.all(Array.from({ length: 1000 }, (_, each) => verifier.safeVerify(tokens[each % 20])));
      time.pass(30);
      assert.ok((await flood()).every(({ error }) => error.code === 'ERR_JWKS_NO_MATCHING_KEY'));
      await flood();
      assert.equal(issuer.asked.length, 2);
      issuer.mood = 'down';
      time.pass(30);
      assert.ok((await flood()).every(({ error }) => error.code === 'ERR_JWKS_FETCH_FAILED'));
      await flood();
      assert.equal(issuer.asked.length, 3);
      assert.equal((await verifier.verify(token)).payload.sub, 'ada');
    });
  });

  test('whatever a lying issuer answers, good keys stay and nothing of it is trusted', async () => {
    const lies = {
      down: 503,
      missing: 404,
      cut: undefined,
      page: undefined,
      html: undefined,
      truncated: undefined,
      secrets: undefined,
      huge: undefined,
      away: undefined,
      loop: 302,
    };
    const elsewhere = await startIssuer();
    for (const [mood, status] of Object.entries(lies)) {
      await scene(async ({ issuer, set, token, time }) => {
        issuer.away = elsewhere.url;
        issuer.mood = mood;
        const error = await assert.rejects('ERR_JWKS_FETCH_FAILED', verify(token, set, rules()));
        assert.equal(error.status, status, `${mood}: status`);
        issuer.mood = 'well';
        time.pass(30);
        await verify(token, set, rules());
        issuer.mood = mood;
        await assert.rejects('ERR_JWKS_FETCH_FAILED', set.refresh());
        await verify(token, set, rules());
        if (mood === 'huge') assert.ok(issuer.written < 8_000_000, `${issuer.written} bytes were taken`);
      });
    }
    assert.equal(elsewhere.asked.length, 0, 'requests on another origin:');
    await elsewhere.close();
  });

  test('an issuer that does not answer in time, or not to the end, is a timeout', async () => {
    for (const mood of ['silent', 'trickle']) {
      await scene(
        async ({ issuer, set, token }) => {
          issuer.mood = mood;
          const before = performance.now();
          const error = await assert.rejects('ERR_JWKS_TIMEOUT', verify(token, set, rules()));
          assert.ok(performance.now() - before < 4_500, 'it took as long as without the option');
          assert.equal(error.retryable, true);
        },
        { timeoutMs: 200 },
      );
    }
  });

  test('a redirect is followed on its own origin', () =>
    scene(async ({ issuer, set, token }) => {
      issuer.mood = 'near';
      await verify(token, set, rules());
      assert.same(issuer.asked, ['/jwks.json', '/moved/jwks.json']);
    }));

  test('discovery reads the metadata behind the path, then before it, and binds the set to the issuer', async () => {
    const discover = (issuer, all) => KeySet.discover(issuer.origin, all);
    await scene(
      async ({ issuer, set, token, time }) => {
        await verify(token, set, rules());
        assert.same(issuer.asked, ['/.well-known/openid-configuration', '/jwks.json']);
        time.pass(600);
        await verify(token, set, rules());
        assert.equal(issuer.asked.length, 3, 'the metadata is remembered:');
      },
      {},
      discover,
    );
    await scene(
      async ({ issuer, set, token }) => {
        issuer.metadataPath = '/.well-known/oauth-authorization-server';
        await verify(token, set, rules());
        assert.same(issuer.asked, ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/jwks.json']);
      },
      {},
      discover,
    );
    for (const metadata of [
      { issuer: 'https://accounts.example' },
      { issuer: undefined },
      { jwks_uri: 'http://issuer.example/jwks' },
      { jwks_uri: 7 },
    ]) {
      await scene(
        async ({ issuer, set, token }) => {
          issuer.metadata = metadata;
          await assert.rejects('ERR_JWKS_FETCH_FAILED', verify(token, set, rules()));
          assert.equal(issuer.asked.length, 1);
        },
        {},
        discover,
      );
    }
  });

  test('headers go to the origin that was named, and to no other', async () => {
    const keys = await startIssuer();
    const named = (issuer, all) => {
      issuer.metadata = { jwks_uri: keys.url };
      return KeySet.discover(issuer.origin, { ...all, headers: { 'x-api-key': 'mine' } });
    };
    await scene(
      async ({ issuer, set, token, key }) => {
        keys.keys = [key.jwk];
        await verify(token, set, rules());
        assert.equal(issuer.seen[0]['x-api-key'], 'mine');
        assert.equal(keys.seen[0]['x-api-key'], undefined);
      },
      {},
      named,
    );
    await keys.close();
  });

  test('a snapshot starts another machine without a request, and no other set', () =>
    scene(async ({ issuer, set, token, options, time }) => {
      await verify(token, set, rules());
      const snapshot = set.snapshot();
      issuer.mood = 'down';
      time.pass(100);
      const warm = KeySet.fromUrl(issuer.url, { ...options, snapshot });
      assert.equal(verifySync(token, warm, rules()).payload.sub, 'ada');
      assert.equal(issuer.asked.length, 1);
      for (const wrong of ['', '{}', 'x', JSON.stringify({ keys: issuer.keys })]) {
        assert.throws('ERR_JWKS_INVALID', () => KeySet.fromUrl(issuer.url, { ...options, snapshot: wrong }));
      }
      assert.throws('ERR_JWKS_INVALID', () => KeySet.fromUrl(`${issuer.url}?other`, { ...options, snapshot }));
      const empty = KeySet.fromUrl(issuer.url, options).snapshot();
      assert.equal(KeySet.fromUrl(issuer.url, { ...options, snapshot: empty }).state.freshness, 'empty');
    }));

  test('a refresh can be given up by one caller without ending it for the others', () =>
    scene(async ({ issuer, set, token }) => {
      issuer.delayMs = 100;
      const stop = new AbortController();
      const given = set.refresh({ signal: stop.signal });
      const waiting = verify(token, set, rules());
      stop.abort(new Error('changed my mind'));
      const error = await given.then(
        () => undefined,
        (reason) => reason,
      );
      assert.equal(error?.message, 'changed my mind');
      await waiting;
      assert.equal(issuer.asked.length, 1);
    }));

  test('a set that is freed while it is fetched gives its keys to no other set', () =>
    scene(async ({ issuer, set, token, options }) => {
      issuer.delayMs = 150;
      const other = await startIssuer();
      other.mood = 'silent';
      const left = set.refresh();
      await pause(50);
      set.free();
      const next = KeySet.fromUrl(other.url, { ...options, timeoutMs: 400 });
      const waiting = verify(token, next, rules());
      await left.catch(() => {});
      await assert.rejects('ERR_JWKS_TIMEOUT', waiting);
      assert.equal(next.size, 0);
      await other.close();
    }));

  test('freeing a set or its verifiers loses no keys', () =>
    scene(async ({ issuer, set, token }) => {
      const verifier = new Verifier(rules({ keys: set }));
      await verifier.verify(token);
      set.free();
      verifier.free();
      assert.equal(verifier.verifySync(token).payload.sub, 'ada');
      assert.equal(issuer.asked.length, 1);
    }));

  test('a guard answers 503 while keys cannot be had, and 401 only for what a token did', () =>
    scene(async ({ issuer, set, token, time }) => {
      const guard = createBearerGuard({ verifier: new Verifier(rules({ keys: set })) });
      const ask = (credentials) =>
        guard.check(new Request('https://api.example/', { headers: { authorization: `Bearer ${credentials}` } }));
      issuer.mood = 'down';
      const { status, error, response } = await ask(token);
      assert.same([status, error], [503, 'unavailable']);
      assert.ok(Number(response.headers.get('retry-after')) > 0);
      issuer.mood = 'well';
      time.pass(30);
      assert.equal((await ask(token)).ok, true);
      assert.equal((await ask(unknown)).status, 401);
    }));

  test('options and URLs that could not hold are refused when the set is made', async () => {
    for (const url of ['http://issuer.example/jwks', 'ftp://issuer.example/', 'https://me:pw@issuer.example/jwks', 'data:,{}']) {
      assert.throws('ERR_INSECURE_URL', () => KeySet.fromUrl(url));
    }
    assert.throws('ERR_INSECURE_URL', () => KeySet.fromUrl('http://127.0.0.1/jwks', { insecure: 'never' }));
    for (const url of ['', 'issuer.example', undefined, null, 7]) assert.throws('ERR_INVALID_ARG', () => KeySet.fromUrl(url));
    for (const issuer of ['', 'issuer.example', 'https://issuer.example/?x', undefined])
      assert.throws('ERR_INVALID_ARG', () => KeySet.discover(issuer));
    for (const options of [
      { maxAge: 0 },
      { maxAge: NaN },
      { maxAge: -1 },
      { maxAge: '600' },
      { maxAge: null },
      { minAge: 601 },
      { cooldown: 0 },
      { timeoutMs: 0 },
      { maxBytes: 0 },
      { staleIfError: Infinity },
      { fetch: 'x' },
      { now: 7 },
      { cache: {} },
      { headers: { 'a b': 'c' } },
      { waitUntil: true },
      { insecure: 'always' },
      { snapshot: {} },
      { maxage: 600 },
      { Fetch: fetch },
      { misspelt: undefined },
    ]) {
      assert.throws('ERR_INVALID_ARG', () => KeySet.fromUrl('https://issuer.example/jwks', options));
    }
    const seconds = KeySet.fromUrl('https://issuer.example/jwks', { now: () => 1_800_000_000 });
    await assert.rejects('ERR_INVALID_ARG', verify(unknown, seconds, rules()));
  });
};
