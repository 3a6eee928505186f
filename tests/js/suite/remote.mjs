// Remote JWK Sets in every host. What issuers can do over real HTTP is in tests/js/issuer/.

import { claims, rules, signer } from '../kit.mjs';

const URL_ = 'https://issuer.example/jwks.json';

export default ({ test, assert, tokenward }) => {
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
    const drop = () => { assert.throws(null, () => tokenward.importKey('x'.repeat(20_000_000))); };
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

  test('a set that was given has the same methods', async () => {
    const { jwk } = await signer('ES256', { kid: 'one' });
    const set = KeySet.fromJwks({ keys: [jwk] });
    await set.refresh();
    assert.same(set.state, { freshness: 'fresh', fetchedAt: null, coolingDown: false, lastError: null });
    assert.equal(KeySet.fromJwks(JSON.parse(set.snapshot())).size, 1);
  });
};
