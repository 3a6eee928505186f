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

  test('a set that was given has the same methods', async () => {
    const { jwk } = await signer('ES256', { kid: 'one' });
    const set = KeySet.fromJwks({ keys: [jwk] });
    await set.refresh();
    assert.same(set.state, { freshness: 'fresh', fetchedAt: null, coolingDown: false, lastError: null });
    assert.equal(KeySet.fromJwks(JSON.parse(set.snapshot())).size, 1);
  });
};
