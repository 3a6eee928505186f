// ES256K and ML-DSA, which crypto.subtle does not have in every host: keys and tokens that node:crypto made.

import { armour, bytes, certificate, signedSpki } from '../der.mjs';
import { base64url, claims, rules, signer, tampered } from '../kit.mjs';
import { signed } from '../signed.mjs';

const ML_DSA = Object.keys(signed).filter((alg) => alg.startsWith('ML-DSA'));
const pem = (alg) => armour('PUBLIC KEY', signedSpki(alg));

export default ({ test, assert, tokenward, way, importMlDsa }) => {
  const { KeySet, Verifier, createBearerGuard, importKey, thumbprint, verify, verifySync, verifyJwsSync } = tokenward;

  // The runners' other ways come after this one, in the same realm.
  if (way === 'import') {
    test('before tokenward/ml-dsa is imported, an AKP key is ERR_KEY_UNUSABLE and says what to import', async () => {
      const { jwk, token } = signed['ML-DSA-65'];
      for (const use of [() => importKey(jwk), () => importKey(pem('ML-DSA-65')), () => new Verifier({ ...rules(), keys: jwk })]) {
        assert.ok(assert.throws('ERR_KEY_UNUSABLE', use).message.includes('tokenward/ml-dsa'));
      }
      await assert.rejects('ERR_KEY_UNUSABLE', verify(token, jwk, rules()));
      assert.equal(thumbprint(jwk).length, 43);
    });

    test('a set that was made before tokenward/ml-dsa is imported serves its other keys, and its AKP keys from then on', async () => {
      const { jwk, token } = signed['ML-DSA-44'];
      const ec = await signer('ES256');
      const verifier = new Verifier({ ...rules(), keys: { keys: [jwk, ec.jwk] } });
      assert.same(verifier.verifySync(await ec.sign()).payload, claims());
      assert.ok(assert.throws('ERR_KEY_UNUSABLE', () => verifier.verifySync(token)).message.includes('tokenward/ml-dsa'));
      await importMlDsa();
      assert.same(verifier.verifySync(token).payload, claims());
      assert.same(verifier.verifySync(await ec.sign()).payload, claims());
    });
  }

  test('importing tokenward/ml-dsa adds ML-DSA here, and exports nothing', async () => {
    assert.same(Object.keys(await importMlDsa()), []);
    assert.same(importKey(signed['ML-DSA-65'].jwk).algorithms, ['ML-DSA-65']);
  });

  for (const [alg, { jwk, token }] of Object.entries(signed)) {
    const { alg: _, ...bare } = jwk;

    test(`${alg}: a token verifies over JWK, JWK Set, PEM, certificate and imported key`, async () => {
      const x509 = armour('CERTIFICATE', certificate(signedSpki(alg)));
      const given = [jwk, { keys: [jwk] }, KeySet.fromJwks({ keys: [jwk] }), pem(alg), x509, importKey(jwk), importKey(pem(alg), { alg })];
      for (const key of given) {
        assert.same(verifySync(token, key, rules()).payload, claims());
        assert.equal((await verify(token, key, rules({ algorithms: [alg] }))).key.alg, alg);
        assert.same(verifyJwsSync(token, key).header, { alg, kid: jwk.kid });
      }
    });

    test(`${alg}: a changed signature, payload or header is refused`, async () => {
      for (const segment of [0, 1, 2]) {
        const error = assert.throws(null, () => verifySync(tampered(token, segment), jwk, rules()));
        assert.ok(segment === 0 || error.code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED', error.code);
      }
      const [header, payload, signature] = token.split('.');
      const whole = bytes(signature);
      for (const wrong of [
        whole.slice(1),
        whole.slice(0, -1),
        new Uint8Array([...whole, 0]),
        new Uint8Array(whole.length),
        new Uint8Array(),
      ]) {
        await assert.rejects('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', verify(`${header}.${payload}.${base64url(wrong)}`, jwk, rules()));
      }
    });

    test(`${alg}: a Verifier, a guard and an explanation take it`, async () => {
      const verifier = new Verifier({ ...rules(), keys: { keys: [jwk, (await signer('ES256')).jwk] } });
      assert.same((await verifier.safeVerify(token)).payload, claims());
      assert.ok((await verifier.explain(token)).ok);
      const { steps } = await verifier.explain(tampered(token, 1));
      assert.equal(steps.find(({ outcome }) => outcome === 'failed').check, 'signature');
      const request = new Request('https://api.test/', { headers: { authorization: `Bearer ${token}` } });
      assert.ok((await createBearerGuard({ verifier }).check(request)).ok);
    });

    test(`${alg}: no other algorithm, and no rules for another, let it pass`, () => {
      assert.throws('ERR_JOSE_ALG_NOT_ALLOWED', () => verifySync(token, jwk, rules({ algorithms: ['ES256'] })));
      for (const other of ['ES256', 'HS256', 'ML-DSA-44', 'ML-DSA-87', 'ES256K'].filter((name) => name !== alg)) {
        assert.throws('ERR_KEY_UNUSABLE', () => importKey(jwk, { alg: other }));
        // An AKP key is read as what its alg says, so one for another parameter set has the wrong length.
        const code = alg !== 'ES256K' && other.startsWith('ML-DSA') ? 'ERR_JWK_INVALID' : 'ERR_KEY_UNUSABLE';
        assert.throws(code, () => importKey({ ...bare, alg: other }));
      }
    });
  }

  test('ES256K: its keys and those of ES256 are not taken for each other', async () => {
    const [k256, p256] = [signed.ES256K, await signer('ES256', { kid: null })];
    assert.throws('ERR_JOSE_ALG_NOT_ALLOWED', () => verifySync(k256.token, p256.jwk, rules()));
    assert.throws('ERR_JWK_INVALID', () => importKey({ ...k256.jwk, crv: 'P-256', alg: 'ES256' }));
    assert.throws('ERR_JWK_INVALID', () => importKey({ ...p256.jwk, crv: 'secp256k1', alg: 'ES256K' }));
    const posing = await p256.sign(claims(), { alg: 'ES256K' });
    assert.throws('ERR_JOSE_ALG_NOT_ALLOWED', () => verifySync(posing, p256.jwk, rules()));
    assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifySync(posing, k256.jwk, rules()));
  });

  test('an AKP key has its alg, its pub in full, and no priv', () => {
    const { jwk } = signed['ML-DSA-65'];
    const { alg, ...without } = jwk;
    assert.throws('ERR_JWK_INVALID', () => importKey(without));
    assert.throws('ERR_JWK_INVALID', () => importKey(without, { alg }));
    assert.throws('ERR_KEY_UNUSABLE', () => importKey({ ...jwk, alg: 'SLH-DSA-SHA2-128s' }));
    assert.throws('ERR_KEY_UNUSABLE', () => importKey({ ...jwk, priv: base64url(new Uint8Array(32)) }));
    assert.throws('ERR_KEY_UNUSABLE', () => importKey({ ...jwk, use: 'enc' }));
    for (const length of [0, 1951, 1953, 1312, 2592]) {
      assert.throws('ERR_JWK_INVALID', () => importKey({ ...jwk, pub: base64url(new Uint8Array(length).fill(1)) }));
    }
    assert.throws('ERR_KEY_WEAK', () => importKey({ ...jwk, pub: base64url(new Uint8Array(1952)) }));
  });

  test('a key of one parameter set does not serve another, and its own does after any number of keys', async () => {
    for (const alg of ML_DSA) {
      for (const other of ML_DSA.filter((name) => name !== alg)) {
        assert.throws('ERR_JOSE_ALG_NOT_ALLOWED', () => verifySync(signed[alg].token, signed[other].jwk, rules()));
      }
    }
    const { jwk, token } = signed['ML-DSA-44'];
    for (let fill = 1; fill < 12; fill++) {
      const pub = base64url(new Uint8Array(1312).fill(fill));
      assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifySync(token, { ...jwk, pub }, rules()));
    }
    assert.same(verifySync(token, jwk, rules()).payload, claims());
  });

  test('a token of ML-DSA-87 is within the default length, and a shorter one can be set', () => {
    const { jwk, token } = signed['ML-DSA-87'];
    assert.ok(token.length > 6000 && token.length < 16_384);
    assert.throws('ERR_JWT_MALFORMED', () => verifySync(token, jwk, rules({ maxTokenLength: 6000 })));
  });
};
