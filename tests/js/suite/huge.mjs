// Tokens of megabytes, which a rule may allow: reading one swells the module's memory, so the instance is dropped after each.

import { base64url, claims, NOW, rules, signer, tampered } from '../kit.mjs';

const FORGED = 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED';
const { subtle } = crypto;

export default ({ test, long, assert, tokenward }) => {
  const { KeySet, Verifier } = tokenward;
  const allowed = (more = {}) => rules({ maxTokenLength: 16_000_000, ...more });
  const padding = 'a'.repeat(4_500_000);

  /** How often `crypto.subtle.verify` is asked meanwhile. After twenty times it fails, so that what never ends does. */
  async function asked(run) {
    const methods = Object.getPrototypeOf(subtle);
    const { verify } = methods;
    let count = 0;
    methods.verify = (...args) => {
      count += 1;
      if (count > 20) throw new Error('asked too often');
      return verify.apply(subtle, args);
    };
    try {
      await run();
    } finally {
      methods.verify = verify;
    }
    return count;
  }

  for (const alg of ['ES256', 'RS256', 'HS256']) {
    long(`with an ${alg} key that stays with the host it is asked once about each`, async () => {
      const key = await signer(alg, { kid: null, fresh: true, extractable: false });
      const token = await key.sign(claims({ padding }));
      const count = await asked(async () => {
        const verifier = new Verifier({ ...allowed(), keys: key.cryptoKey });
        assert.equal((await verifier.verify(token)).payload.padding.length, padding.length);
        assert.equal((await verifier.safeVerify(tampered(token, 2))).error.code, FORGED);
        assert.equal((await verifier.verifyMany([token]))[0].ok, true);
      });
      assert.equal(count, 3);
      assert.equal(
        await asked(async () => {
          const issuers = ['https://other.test', 'https://issuer.test'].map((issuer) => ({ ...allowed({ issuer }), keys: key.cryptoKey }));
          assert.equal((await new Verifier({ issuers }).explain(token)).ok, true);
        }),
        2,
      );
    });
  }

  long('an RSA key that the host takes for speed is asked about no more often', async () => {
    const key = await signer('RS256', { kid: null, fresh: true });
    const token = await key.sign(claims({ padding }));
    const verifier = new Verifier({ ...allowed(), keys: key.jwk });
    assert.ok(
      (await asked(async () => {
        assert.equal((await verifier.safeVerify(token)).ok, true);
        assert.equal((await verifier.safeVerify(tampered(token, 2))).error.code, FORGED);
      })) <= 2,
      'a question for each',
    );
  });

  long('a CryptoKey that can be exported verifies them at once from then on', async () => {
    const key = await signer('ES256', { kid: null, fresh: true });
    const token = await key.sign(claims({ padding }));
    const verifier = new Verifier({ ...allowed(), keys: key.cryptoKey });
    assert.equal(verifier.safeVerifySync(token).error.code, 'ERR_SYNC_UNAVAILABLE');
    assert.equal((await verifier.safeVerify(token)).ok, true);
    assert.equal(verifier.safeVerifySync(token).ok, true);
  });

  long('the first of them is verified with the set that is fetched for it, and a set that changes is followed', async () => {
    const [first, second] = [await signer('ES256', { kid: 'first', fresh: true }), await signer('ES256', { kid: 'second', fresh: true })];
    let [served, fetches, now] = [first, 0, NOW * 1000];
    const fetch = async () => {
      fetches += 1;
      return Response.json({ keys: [{ ...served.jwk, kid: served.kid }] });
    };
    const set = () => KeySet.fromUrl('https://issuer.test/jwks', { fetch, now: () => now });
    const [ofFirst, ofSecond] = [await first.sign(claims({ padding })), await second.sign(claims({ padding }))];
    const verifier = new Verifier({ ...allowed(), keys: set() });
    assert.equal((await verifier.safeVerify(ofFirst)).ok, true);
    assert.equal(verifier.safeVerifySync(ofFirst).ok, true);
    assert.equal(fetches, 1);
    assert.equal((await verifier.safeVerify(ofSecond)).error.code, 'ERR_JWKS_NO_MATCHING_KEY');
    [served, now] = [second, now + 60_000];
    assert.equal((await verifier.safeVerify(ofSecond)).ok, true);
    assert.equal((await verifier.safeVerify(ofFirst)).error.code, 'ERR_JWKS_NO_MATCHING_KEY');
    assert.equal(fetches, 2);
    const several = new Verifier({
      issuers: [
        { ...allowed(), keys: set() },
        { ...allowed({ issuer: 'https://other.test' }), keys: first.jwk },
      ],
    });
    assert.equal((await several.safeVerify(ofSecond)).ok, true);
    assert.equal((await several.explain(ofSecond)).ok, true);
  });

  test('text that is no token, however long, is refused', async () => {
    const key = await signer('HS256');
    const verifier = new Verifier({ ...allowed(), keys: key.jwk });
    for (const text of ['x'.repeat(15_000_000), `${base64url('{"alg":"HS256"}')}.${'A'.repeat(9_000_000)}.`]) {
      assert.equal((await verifier.safeVerify(text)).ok, false);
    }
  });
};
