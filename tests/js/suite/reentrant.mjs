// What the caller's own functions do while they are asked: they call back in, and may cost the instance its life.

import { claims, NOW, rules, signer } from '../kit.mjs';

export default ({ test, assert, tokenward }) => {
  const { Verifier, decode, importKey } = tokenward;
  /** An input that swells the module's memory so much that the instance is dropped. */
  const drop = () => { assert.throws(null, () => importKey('x'.repeat(20_000_000))); };
  const foreign = 'https://other.test';

  test('a clock that reads another token, or drops the instance, changes nothing about the token that is judged', async () => {
    const key = await signer('ES256');
    const [token, other] = [await key.sign(claims({ sub: 'ada' })), await key.sign(claims({ sub: 'eve' }))];
    const forged = `${token.slice(0, -8)}AAAAAAAA`;
    for (const meanwhile of [() => decode(other), drop, () => { drop(); decode(other); }]) {
      const now = () => { meanwhile(); return NOW; };
      const single = new Verifier({ ...rules({ now }), keys: key.jwk });
      const several = new Verifier({ issuers: [{ ...rules({ now }), keys: key.jwk }, { ...rules({ issuer: foreign, now: () => NOW }), keys: key.jwk }] });
      for (const verifier of [single, several]) {
        assert.equal(verifier.verifySync(token).payload.sub, 'ada');
        assert.equal((await verifier.verify(token)).payload.sub, 'ada');
        assert.equal((await verifier.verifyMany([token]))[0].payload.sub, 'ada');
        assert.equal((await verifier.explain(token)).ok, true);
        assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifier.verifySync(forged));
        await assert.rejects('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', verifier.verify(forged));
        assert.equal((await verifier.explain(forged)).ok, false);
      }
    }
  });

  test('a getter that drops the instance binds no verifier to the rules and keys of another', async () => {
    const [own, others] = [await signer('ES256', { kid: 'own' }), await signer('Ed25519', { kid: 'others' })];
    const [token, stranger] = [await own.sign(), await others.sign(claims({ iss: foreign }))];
    const meanwhile = () => {
      drop();
      new Verifier({ ...rules({ issuer: foreign }), keys: others.jwk }).verifySync(stranger);
      return 5;
    };
    const withGetter = (name, value = {}) => Object.defineProperty(value, name, { enumerable: true, get: meanwhile });
    for (const more of [{ cache: withGetter('maxEntries') }, withGetter('maxTokenAge'), { claims: withGetter('sub', {}) }]) {
      const verifier = new Verifier(Object.defineProperties({ ...rules(), keys: own.jwk }, Object.getOwnPropertyDescriptors(more)));
      const { error } = verifier.safeVerifySync(stranger);
      assert.ok(['ERR_JWKS_NO_MATCHING_KEY', 'ERR_JWT_CLAIM_VALIDATION_FAILED', 'ERR_JOSE_ALG_NOT_ALLOWED'].includes(error.code), error.code);
      const judged = verifier.safeVerifySync(token);
      assert.ok(judged.ok || /EXPIRED|CLAIM/.test(judged.error.code), judged.error?.code);
    }
  });
};
