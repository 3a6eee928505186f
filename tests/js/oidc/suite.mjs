// Tokens of a real provider, against the key set that it serves.

export default ({ test, assert, tokenward, issuer, tokens }) => {
  const { KeySet, Verifier, decode, verifySync } = tokenward;

  const keySet = async () => {
    const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    assert.equal(metadata.issuer, issuer);
    return KeySet.fromJwks(await (await fetch(metadata.jwks_uri)).json());
  };

  for (const [alg, { token, audience }] of Object.entries(tokens)) {
    test(`its ${alg} access token verifies`, async () => {
      assert.equal(decode(token).header.alg, alg);
      const verifier = new Verifier({ keys: await keySet(), issuer, audience, typ: 'at+jwt', scope: 'api:read', algorithms: [alg] });
      for (const { payload, key } of [verifier.verifySync(token), await verifier.verify(token)]) {
        assert.equal(payload.client_id, 'suite');
        assert.equal(key.alg, alg);
      }
    });

    test(`its ${alg} access token is refused elsewhere, later, and changed`, async () => {
      const keys = await keySet();
      const rules = { issuer, audience, algorithms: [alg] };
      assert.throws('ERR_JWT_CLAIM_VALIDATION_FAILED', () => verifySync(token, keys, { ...rules, audience: 'https://other.test' }));
      assert.throws('ERR_JWT_CLAIM_VALIDATION_FAILED', () => verifySync(token, keys, { ...rules, issuer: 'https://other.test' }));
      assert.throws('ERR_JWT_EXPIRED', () => verifySync(token, keys, { ...rules, now: Date.now() / 1000 + 601 }));
      const last = token.slice(-10, -9) === 'A' ? 'B' : 'A';
      assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifySync(token.slice(0, -10) + last + token.slice(-9), keys, rules));
    });
  }
};
