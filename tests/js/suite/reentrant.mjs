// What the caller's own functions do while they are asked: they call back in, and may cost the instance its life.

import { claims, NOW, rules, signer } from '../kit.mjs';

const OF = (name) => `https://${name}.example/jwks.json`;

export default ({ test, assert, tokenward }) => {
  const { KeySet, Verifier, decode, importKey } = tokenward;
  /** An input that swells the module's memory so much that the instance is dropped. */
  const drop = () => {
    assert.throws(null, () => importKey('x'.repeat(20_000_000)));
  };
  const foreign = 'https://other.test';

  test('a clock that reads another token, or drops the instance, changes nothing about the token that is judged', async () => {
    const key = await signer('ES256');
    const [token, other] = [await key.sign(claims({ sub: 'ada' })), await key.sign(claims({ sub: 'eve' }))];
    const forged = `${token.slice(0, -8)}AAAAAAAA`;
    for (const meanwhile of [
      () => decode(other),
      drop,
      () => {
        drop();
        decode(other);
      },
    ]) {
      const now = () => {
        meanwhile();
        return NOW;
      };
      const single = new Verifier({ ...rules({ now }), keys: key.jwk });
      const several = new Verifier({
        issuers: [
          { ...rules({ now }), keys: key.jwk },
          { ...rules({ issuer: foreign, now: () => NOW }), keys: key.jwk },
        ],
      });
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

  test('a clock that drops the instance while an answer comes in gives it to no other set', async () => {
    const [first, second] = [await signer('ES256', { kid: 'k' }), await signer('Ed25519', { kid: 'k' })];
    const token = await first.sign(claims({ iss: foreign }));
    const served =
      (key, ms = 0) =>
      async () => {
        await new Promise((resolve) => setTimeout(resolve, ms));
        return Response.json({ keys: [key.jwk] });
      };
    // Which of the clock's calls is the one at which the answer is there differs; so each is tried.
    for (let fatal = 1; fatal <= 8; fatal++) {
      let asked = 0;
      const now = () => {
        if (++asked === fatal) {
          drop();
          void other.safeVerify(token);
        }
        return NOW * 1000;
      };
      const sets = [
        KeySet.fromUrl(OF('a'), { fetch: served(first), now }),
        KeySet.fromUrl(OF('b'), { fetch: served(second, 20), now: () => NOW * 1000 }),
      ];
      const other = new Verifier({ ...rules({ issuer: foreign }), keys: sets[1] });
      const own = new Verifier({ ...rules(), keys: sets[0] });
      await own.verify(await first.sign());
      assert.same([(await other.safeVerify(token)).ok, other.safeVerifySync(token).ok], [false, false], `call ${fatal}:`);
      assert.ok(!sets[1].snapshot().includes(first.jwk.x), `call ${fatal}: one set has the keys of the other`);
      await other.verify(await second.sign(claims({ iss: foreign })));
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
      assert.ok(
        ['ERR_JWKS_NO_MATCHING_KEY', 'ERR_JWT_CLAIM_VALIDATION_FAILED', 'ERR_JOSE_ALG_NOT_ALLOWED'].includes(error.code),
        error.code,
      );
      const judged = verifier.safeVerifySync(token);
      assert.ok(judged.ok || /EXPIRED|CLAIM/.test(judged.error.code), judged.error?.code);
    }
  });
};
