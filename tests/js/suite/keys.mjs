// Keys in every form: what is read, what each says it is for, what is too weak, and what does not belong here.

import { armour, bytes, certificate, der } from '../der.mjs';
import { algorithms, base64url, claims, rules, signer, tampered } from '../kit.mjs';

const PUBLIC = algorithms.filter((alg) => !alg.startsWith('HS'));
const { subtle } = crypto;

/** The DER behind the kit's PEM. */
async function spki(key) {
  const text = await key.pem();
  return bytes(
    text
      .replace(/-----.*-----/g, '')
      .replaceAll('\n', '')
      .replaceAll('=', ''),
  );
}

/** A modulus that is a power of 65537 modulo every prime to 167, as those of the generator of CVE-2017-15361 are. */
function rocaModulus() {
  let product = 1n;
  for (let prime = 3n; prime <= 167n; prime += 2n) {
    let divisor = 2n;
    while (prime % divisor !== 0n) divisor += 1n;
    if (divisor === prime) product *= prime;
  }
  const modulus = (product << 1920n) + 1n;
  const digits = modulus.toString(16);
  return base64url(Uint8Array.from(digits.padStart(digits.length + (digits.length % 2), '0').match(/../g), (pair) => parseInt(pair, 16)));
}

export default ({ test, long, assert, tokenward, host, importMlDsa }) => {
  const { KeySet, Verifier, importKey, verify, verifySync } = tokenward;

  test('a key that was imported is taken again, for one of its algorithms where one is named', async () => {
    const key = await signer('RS256');
    const [token, other] = [await key.sign(), await (await signer('ES256')).sign()];
    for (const form of [await key.pem(), key.cryptoKey, (await signer('RS256', { extractable: false })).cryptoKey]) {
      const imported = importKey(form);
      const again = importKey(imported);
      assert.same([again.algorithms, again.type, again.kid], [imported.algorithms, imported.type, imported.kid]);
      const bound = importKey(imported, { alg: 'RS256' });
      assert.same(bound.algorithms, ['RS256']);
      for (const one of [again, bound, importKey(bound)]) {
        assert.equal((await verify(token, one, rules())).key.alg, 'RS256');
        await assert.rejects('ERR_JOSE_ALG_NOT_ALLOWED', verify(other, one, rules()));
      }
      assert.throws('ERR_KEY_UNUSABLE', () => importKey(imported, { alg: 'ES256' }));
    }
    const ed25519 = await signer('Ed25519');
    const eddsa = importKey(importKey(await ed25519.pem(), { alg: 'EdDSA' }));
    assert.same(eddsa.algorithms, ['EdDSA']);
    assert.throws('ERR_KEY_UNUSABLE', () => importKey(KeySet.fromJwks({ keys: [ed25519.jwk] })));
  });

  test('a CryptoKey of a short secret is taken where that is asked for, and an empty one never', async () => {
    const short = (extractable) =>
      subtle.importKey('raw', new Uint8Array(16).fill(7), { name: 'HMAC', hash: 'SHA-256' }, extractable, ['sign', 'verify']);
    for (const extractable of [true, false]) {
      const cryptoKey = await short(extractable);
      assert.throws('ERR_KEY_WEAK', () => importKey(cryptoKey));
      const key = importKey(cryptoKey, { allowShortSecret: true });
      const input = `${base64url('{"alg":"HS256"}')}.${base64url(JSON.stringify(claims()))}`;
      const token = `${input}.${base64url(await subtle.sign('HMAC', cryptoKey, new TextEncoder().encode(input)))}`;
      assert.equal((await verify(token, key, rules())).key.alg, 'HS256');
      await assert.rejects('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', verify(tampered(token, 1), key, rules()));
    }
  });

  long('PEM: SPKI, certificate and PKCS#1 give the same key, with any line length and CRLF', async () => {
    for (const alg of PUBLIC) {
      const key = await signer(alg);
      const [token, info] = [await key.sign(), await spki(key)];
      const forms = [
        ['PUBLIC KEY', info],
        ['CERTIFICATE', certificate(info)],
      ];
      // In the SPKI of an RSA key of 2048 bits, 24 bytes come before the RSAPublicKey.
      if (/^[RP]S/.test(alg)) forms.push(['RSA PUBLIC KEY', info.slice(24)]);
      for (const [label, content] of forms) {
        for (const pem of [
          armour(label, content),
          armour(label, content, 100_000),
          `\r\n${armour(label, content, 76).replaceAll('\n', '\r\n')}\r\n`,
        ]) {
          assert.same(verifySync(token, pem, rules({ algorithms: [alg] })).payload, claims());
          assert.same(importKey(pem, { alg }).algorithms, [alg]);
        }
        for (const odd of [
          ` ${armour(label, content)}`,
          armour(label, content) + armour(label, content),
          armour(label, content).replaceAll('\n', '\n '),
        ]) {
          assert.throws('ERR_JWK_INVALID', () => importKey(odd));
        }
      }
      const bare = importKey(await key.pem());
      assert.equal(bare.type, 'public');
      assert.ok(!('kid' in bare));
    }
  });

  test('a private key is refused, in PEM, as a JWK and as a CryptoKey', async () => {
    const generate = { name: 'ECDSA', namedCurve: 'P-256' };
    const { privateKey } = await subtle.generateKey(generate, true, ['sign', 'verify']);
    const pkcs8 = new Uint8Array(await subtle.exportKey('pkcs8', privateKey));
    const jwk = await subtle.exportKey('jwk', privateKey);
    delete jwk.key_ops;
    for (const given of [
      armour('PRIVATE KEY', pkcs8),
      armour('EC PRIVATE KEY', pkcs8),
      armour('RSA PRIVATE KEY', pkcs8),
      jwk,
      privateKey,
    ]) {
      assert.throws('ERR_KEY_UNUSABLE', () => importKey(given));
      await assert.rejects('ERR_KEY_UNUSABLE', verify('e30.e30.', given, rules()));
    }
    assert.equal(KeySet.fromJwks({ keys: [jwk] }).size, 0);
  });

  test('a CryptoKey for something else is refused', async () => {
    const exchange = await subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits']);
    const cipher = await subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt', 'decrypt']);
    const signs = await subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign']);
    for (const key of [exchange.publicKey, exchange.privateKey, cipher, signs]) assert.throws('ERR_KEY_UNUSABLE', () => importKey(key));
  });

  test('use, key_ops, alg and kid of a JWK are held to', async () => {
    const { jwk, kid } = await signer('ES256');
    const { alg: _, ...bare } = jwk;
    for (const fine of [
      { use: 'sig' },
      { key_ops: ['verify'] },
      { use: 'sig', key_ops: ['verify', 'sign'] },
      { ext: true, x5t: 'x', own: [1] },
    ]) {
      assert.equal(importKey({ ...jwk, ...fine }).kid, kid);
    }
    for (const [code, members] of [
      ['ERR_KEY_UNUSABLE', { use: 'enc' }],
      ['ERR_KEY_UNUSABLE', { use: '' }],
      ['ERR_JWK_INVALID', { use: 1 }],
      ['ERR_KEY_UNUSABLE', { key_ops: ['sign'] }],
      ['ERR_KEY_UNUSABLE', { key_ops: [] }],
      ['ERR_JWK_INVALID', { key_ops: 'verify' }],
      ['ERR_JWK_INVALID', { key_ops: ['verify', 'verify'] }],
      ['ERR_JWK_INVALID', { key_ops: ['verify', null] }],
      ['ERR_KEY_UNUSABLE', { alg: 'ES384' }],
      ['ERR_KEY_UNUSABLE', { alg: 'none' }],
      ['ERR_KEY_UNUSABLE', { alg: 'es256' }],
      ['ERR_JWK_INVALID', { alg: null }],
      ['ERR_JWK_INVALID', { kid: 7 }],
      ['ERR_JWK_INVALID', { crv: undefined }],
      ['ERR_KEY_UNUSABLE', { crv: 'P-224' }],
      ['ERR_KEY_UNUSABLE', { kty: 'ec' }],
    ]) {
      assert.throws(code, () => importKey({ ...jwk, ...members }));
      assert.equal(KeySet.fromJwks({ keys: [{ ...jwk, ...members }, bare] }).size, 1, JSON.stringify(members));
    }
    assert.same(importKey(bare).algorithms, ['ES256']);
    assert.throws('ERR_KEY_UNUSABLE', () => importKey(jwk, { alg: 'ES384' }));
    assert.throws('ERR_INVALID_ARG', () => importKey(jwk, { alg: 'ES999' }));
  });

  test('an RSA key without alg is for RS256 unless the rules say more, and one with alg for that alone', async () => {
    const key = await signer('PS256', { kid: null });
    const token = await key.sign();
    const { alg: _, ...bare } = key.jwk;
    assert.same(importKey(bare).algorithms, ['RS256']);
    assert.throws('ERR_JOSE_ALG_NOT_ALLOWED', () => verifySync(token, bare, rules()));
    assert.same(verifySync(token, bare, rules({ algorithms: ['PS256', 'RS256'] })).payload, claims());
    assert.throws('ERR_JOSE_ALG_NOT_ALLOWED', () =>
      verifySync(token, { ...bare, alg: 'RS256' }, rules({ algorithms: ['PS256', 'RS256'] })),
    );
  });

  test('a secret without an algorithm needs one in the rules, and is long enough for it', async () => {
    const key = await signer('HS512', { kid: null });
    const secret = await key.secret();
    const token = await key.sign();
    assert.same(importKey(secret).algorithms, []);
    assert.equal(importKey(secret).type, 'secret');
    for (const form of [secret, { kty: 'oct', k: base64url(secret) }]) {
      assert.throws('ERR_KEY_UNUSABLE', () => verifySync(token, form, rules()));
      assert.same(verifySync(token, form, rules({ algorithms: ['HS512'] })).payload, claims());
    }
    for (const [alg, length] of [
      ['HS256', 32],
      ['HS384', 48],
      ['HS512', 64],
    ]) {
      assert.throws('ERR_KEY_WEAK', () => importKey(new Uint8Array(length - 1), { alg }));
      assert.throws('ERR_KEY_WEAK', () => importKey({ kty: 'oct', alg, k: base64url(new Uint8Array(length - 1)) }));
      assert.throws('ERR_KEY_WEAK', () => new Verifier({ ...rules({ algorithms: [alg] }), keys: new Uint8Array(length - 1) }));
      assert.same(importKey(new Uint8Array(length), { alg }).algorithms, [alg]);
      assert.same(importKey(new Uint8Array(1), { alg, allowShortSecret: true }).algorithms, [alg]);
    }
  });

  test('weak RSA keys are refused in every form', async () => {
    const { jwk } = await signer('RS256', { kid: null });
    const modulus = bytes(jwk.n);
    const even = modulus.slice();
    even[even.length - 1] &= 254;
    const ones = (bits) =>
      base64url(Uint8Array.from({ length: Math.ceil(bits / 8) }, (_, at) => (at === 0 && bits % 8 ? (1 << (bits % 8)) - 1 : 255)));
    const weak = [
      ...['', 'AA', 'AQ', 'Ag', 'AQAA', 'AQAAAAAAAAAB'].map((e) => ({ e })),
      ...[512, 1024, 2047, 8193].map((bits) => ({ n: ones(bits) })),
      { n: base64url(even) },
      { n: rocaModulus() },
    ];
    const integer = (text) => {
      const value = bytes(text);
      return der(0x02, value.length === 0 || value[0] > 127 ? [0] : [], value);
    };
    for (const members of weak) {
      const { n, e } = { ...jwk, ...members };
      assert.throws('ERR_KEY_WEAK', () => importKey({ ...jwk, n, e }));
      assert.throws('ERR_KEY_WEAK', () => importKey(armour('RSA PUBLIC KEY', der(0x30, integer(n), integer(e)))));
    }
    for (const members of [
      { e: 'Aw' },
      { e: 'AAEAAQ' },
      { n: ones(2048) },
      { n: ones(8192) },
      { n: base64url(new Uint8Array([0, ...modulus])) },
    ]) {
      assert.same(importKey({ ...jwk, ...members }).algorithms, ['RS256']);
    }
  });

  test('points are on their curve, coordinates as wide as the field, members canonical', async () => {
    const { jwk } = await signer('ES256');
    const x = bytes(jwk.x);
    for (const wrong of [
      x.slice(1),
      new Uint8Array([0, ...x]),
      x.map((byte, at) => (at === 31 ? byte ^ 1 : byte)),
      new Uint8Array(32).fill(255),
      new Uint8Array(32),
    ]) {
      assert.throws('ERR_JWK_INVALID', () => importKey({ ...jwk, x: base64url(wrong) }));
    }
    for (const text of [`${jwk.x}=`, ` ${jwk.x}`, `${jwk.x.slice(0, -1)}!`, `${jwk.x}AA`])
      assert.throws('ERR_JWK_INVALID', () => importKey({ ...jwk, x: text }));
    assert.throws('ERR_JWK_INVALID', () => importKey({ ...jwk, x: jwk.y, y: jwk.x }));
  });

  test('a set that mixes secrets and public keys is refused, and one without keys is no set', async () => {
    const [ec, hmac] = [await signer('ES256'), await signer('HS256')];
    for (const keys of [
      [ec.jwk, hmac.jwk],
      [hmac.jwk, ec.jwk],
    ]) {
      assert.throws('ERR_JWKS_INVALID', () => KeySet.fromJwks({ keys }));
      assert.throws('ERR_JWKS_INVALID', () => new Verifier({ ...rules(), keys: { keys } }));
    }
    for (const odd of [{}, { keys: {} }, { keys: null }]) assert.throws('ERR_JWKS_INVALID', () => KeySet.fromJwks(odd));
  });

  if (host === 'node') nodeKeys({ test, assert, tokenward, importMlDsa });
  if (typeof SubtleCrypto.supports === 'function' && SubtleCrypto.supports('generateKey', 'ML-DSA-65')) {
    test('ML-DSA: a CryptoKey verifies where the host has it, by the host alone where it cannot be exported', async () => {
      await importMlDsa();
      const { privateKey, publicKey } = await subtle.generateKey('ML-DSA-65', true, ['sign', 'verify']);
      const input = `${base64url('{"alg":"ML-DSA-65"}')}.${base64url(JSON.stringify(claims()))}`;
      const token = `${input}.${base64url(await subtle.sign('ML-DSA-65', privateKey, new TextEncoder().encode(input)))}`;
      const opaque = await subtle.importKey('spki', await subtle.exportKey('spki', publicKey), 'ML-DSA-65', false, ['verify']);
      for (const key of [publicKey, opaque]) {
        assert.same((await verify(token, key, rules())).payload, claims());
        await assert.rejects('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', verify(tampered(token, 1), key, rules()));
      }
      assert.same(verifySync(token, publicKey, rules()).payload, claims());
      assert.throws('ERR_SYNC_UNAVAILABLE', () => verifySync(token, opaque, rules()));
      assert.throws('ERR_KEY_UNUSABLE', () => importKey(privateKey));
    });
  }
};

function nodeKeys({ test, assert, tokenward: { importKey, verify, verifySync }, importMlDsa }) {
  const node = () => import('node:crypto');

  test('KeyObject: public and secret keys verify, and stay what they are', async () => {
    const { createPublicKey, createSecretKey } = await node();
    for (const alg of algorithms) {
      const key = await signer(alg, { kid: null });
      const token = await key.sign();
      const object = alg.startsWith('HS') ? createSecretKey(await key.secret()) : createPublicKey(await key.pem());
      assert.same(verifySync(token, object, rules({ algorithms: [alg] })).payload, claims());
      assert.same((await verify(token, object, rules({ algorithms: [alg] }))).payload, claims());
      assert.same(importKey(object, { alg }).algorithms, [alg]);
      assert.equal(importKey(object, { alg }).type, alg.startsWith('HS') ? 'secret' : 'public');
    }
  });

  test('KeyObject: ES256K, signed here', async () => {
    const { generateKeyPairSync, sign } = await node();
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    const input = `${base64url('{"alg":"ES256K"}')}.${base64url(JSON.stringify(claims()))}`;
    const token = `${input}.${base64url(sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }))}`;
    for (const key of [publicKey, publicKey.export({ format: 'jwk' }), publicKey.export({ format: 'pem', type: 'spki' })]) {
      assert.equal(verifySync(token, key, rules()).key.alg, 'ES256K');
    }
    assert.throws('ERR_KEY_UNUSABLE', () => importKey(privateKey));
  });

  test('KeyObject: ML-DSA, where this Node has it', async () => {
    const { createPublicKey, generateKeyPairSync, sign } = await node();
    await importMlDsa();
    const [major, minor] = process.versions.node.split('.').map(Number);
    if (major < 24 || (major === 24 && minor < 7)) return;
    for (const alg of ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87']) {
      const { privateKey, publicKey } = generateKeyPairSync(alg.toLowerCase());
      const input = `${base64url(JSON.stringify({ alg }))}.${base64url(JSON.stringify(claims()))}`;
      const token = `${input}.${base64url(sign(null, Buffer.from(input), privateKey))}`;
      for (const key of [
        publicKey,
        createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })),
        publicKey.export({ format: 'pem', type: 'spki' }),
      ]) {
        assert.equal(verifySync(token, key, rules()).key.alg, alg);
      }
      assert.throws('ERR_KEY_UNUSABLE', () => importKey(privateKey));
      assert.throws('ERR_KEY_UNUSABLE', () => importKey(privateKey.export({ format: 'jwk' })));
    }
  });

  test('KeyObject: private keys and keys of other types are refused', async () => {
    const { generateKeyPairSync, createSecretKey } = await node();
    const pairs = [
      ['ec', { namedCurve: 'P-256' }],
      ['ec', { namedCurve: 'P-224' }],
      ['rsa', { modulusLength: 2048 }],
      ['rsa-pss', { modulusLength: 2048 }],
      ['ed25519'],
      ['ed448'],
      ['x25519'],
      ['x448'],
    ].map(([type, options]) => [options?.namedCurve ?? type, generateKeyPairSync(type, options)]);
    for (const [type, { privateKey, publicKey }] of pairs) {
      assert.throws('ERR_KEY_UNUSABLE', () => importKey(privateKey));
      if (['P-256', 'rsa', 'ed25519'].includes(type)) importKey(publicKey);
      else assert.throws('ERR_KEY_UNUSABLE', () => importKey(publicKey));
    }
    assert.throws('ERR_KEY_WEAK', () => importKey(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey));
    assert.throws('ERR_KEY_WEAK', () => importKey(createSecretKey(new Uint8Array(31)), { alg: 'HS256' }));
    assert.throws('ERR_KEY_UNUSABLE', () => verifySync('', createSecretKey(new Uint8Array(32)), rules()));
  });
}
