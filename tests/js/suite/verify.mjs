// Every algorithm, over every form a key comes in, synchronously and not.

import { algorithms, claims, rules, signer, tampered } from '../kit.mjs';

const secret = (alg) => alg.startsWith('HS');

export default ({ test, assert, tokenward }) => {
  const { KeySet, Verifier, importKey, verify, verifySync } = tokenward;

  for (const alg of algorithms) {
    test(`${alg}: a token verifies over JWK, JWK Set, PEM or secret, and imported key`, async () => {
      const key = await signer(alg);
      const token = await key.sign();
      const bare = secret(alg) ? await key.secret() : await key.pem();
      const given = [key.jwk, { keys: [key.jwk] }, KeySet.fromJwks({ keys: [key.jwk] }), bare, importKey(key.jwk)];
      for (const form of given) {
        // A secret and an RSA key in PEM do not say which algorithm they are for.
        const allowed = rules({ algorithms: [alg] });
        const expected = { header: { alg, kid: key.kid }, payload: claims() };
        const { key: used, ...verified } = verifySync(token, form, allowed);
        assert.same(verified, expected);
        assert.equal(used.alg, alg);
        assert.same((await verify(token, form, allowed)).payload, expected.payload);
      }
    });

    test(`${alg}: a changed signature, payload or header is refused`, async () => {
      const key = await signer(alg);
      const token = await key.sign();
      for (const changed of [tampered(token, 2), tampered(token, 1)]) {
        assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifySync(changed, key.jwk, rules()));
        await assert.rejects('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', verify(changed, key.jwk, rules()));
      }
      const [, ...rest] = token.split('.');
      const [header] = (await key.sign(claims(), { typ: 'JWT' })).split('.');
      assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifySync([header, ...rest].join('.'), key.jwk, rules()));
    });

    test(`${alg}: another key of the same kind refuses the token`, async () => {
      const [key, other] = [await signer(alg), await signer(alg, { fresh: true })];
      const token = await key.sign();
      assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifySync(token, other.jwk, rules()));
    });

    test(`${alg}: an extractable CryptoKey verifies synchronously once verify has exported it`, async () => {
      const key = await signer(alg);
      const token = await key.sign();
      const allowed = rules({ algorithms: [alg] });
      assert.throws('ERR_SYNC_UNAVAILABLE', () => verifySync(token, key.cryptoKey, allowed));
      assert.same((await verify(token, key.cryptoKey, allowed)).payload, claims());
      assert.same(verifySync(token, key.cryptoKey, allowed).payload, claims());
      assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifySync(tampered(token, 1), key.cryptoKey, allowed));
    });

    test(`${alg}: a CryptoKey that cannot be exported verifies asynchronously only`, async () => {
      const key = await signer(alg, { extractable: false });
      const token = await key.sign();
      const allowed = rules({ algorithms: [alg] });
      assert.same((await verify(token, key.cryptoKey, allowed)).payload, claims());
      await assert.rejects('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', verify(tampered(token, 2), key.cryptoKey, allowed));
      assert.throws('ERR_SYNC_UNAVAILABLE', () => verifySync(token, key.cryptoKey, allowed));
    });
  }

  test('a Verifier gives the same answers, thrown and as results', async () => {
    const key = await signer('ES256');
    const token = await key.sign();
    const verifier = new Verifier({ ...rules(), keys: key.jwk });
    assert.same(verifier.verifySync(token), await verifier.verify(token));
    assert.same(verifier.safeVerifySync(token), { ok: true, ...verifier.verifySync(token) });
    for (const result of [verifier.safeVerifySync(tampered(token, 1)), await verifier.safeVerify(tampered(token, 1))]) {
      assert.equal(result.ok, false);
      assert.equal(result.error.code, 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED');
    }
    verifier.free();
    assert.same(verifier.verifySync(token).payload, claims(), 'after free()');
  });

  test('claims come back as written, and __proto__ is a name like any other', async () => {
    const key = await signer('HS256');
    const text = `{"__proto__":{"admin":true},"text":"é\\u0000😀","list":[1,2.5,null,true],${JSON.stringify(claims()).slice(1)}`;
    const { payload } = verifySync(await key.sign(JSON.parse(text)), key.jwk, rules());
    assert.same(payload, JSON.parse(text));
    assert.ok(Object.hasOwn(payload, '__proto__'));
    assert.equal(payload.admin, undefined);
  });
};
