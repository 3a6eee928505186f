// The pitfalls of tests/verify/pitfalls that only JavaScript can show, by the same numbers: what the host, the engine's own
// JSON.parse, CryptoKeys and option objects could do to what the core decided.

import { base64url, claims, rules, signer, unsigned } from '../kit.mjs';

const encoder = new TextEncoder();
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export default ({ test, assert, tokenward }) => {
  const { KeySet, Verifier, checkExpiry, decode, importKey, verify, verifyJwsSync, verifySync } = tokenward;

  /** An HS256 token of exactly these texts. */
  async function signText(key, header, payload) {
    const input = `${base64url(header)}.${base64url(payload)}`;
    return `${input}.${base64url(await crypto.subtle.sign('HMAC', key, encoder.encode(input)))}`;
  }
  const hmac = (hash = 'SHA-256', extractable = true) =>
    crypto.subtle.importKey('raw', new Uint8Array(64).fill(7), { name: 'HMAC', hash }, extractable, ['sign', 'verify']);
  const secret = new Uint8Array(64).fill(7);
  const HS256 = { algorithms: ['HS256'] };

  test('pitfall 1: no spelling of none is verified, and no option asks for it', async () => {
    for (const alg of ['none', 'None', 'nOnE', 'NONE', 'none ', null, 0, ['none'], {}]) {
      assert.throws(null, () => verifySync(`${unsigned({ alg }, claims())}.`, secret, rules(HS256)));
    }
    assert.throws('ERR_INVALID_ARG', () => new Verifier({ ...rules({ algorithms: ['none'] }), keys: secret }));
    assert.throws('ERR_INVALID_ARG', () => importKey(secret, { alg: 'none' }));
  });

  test('pitfall 2: a public key is no secret, in any armour or none', async () => {
    const key = await signer('RS256');
    const pem = await key.pem();
    const der = Uint8Array.from(atob(pem.replace(/-----.*?-----|\s/g, '')), (c) => c.charCodeAt(0));
    const texts = [
      pem,
      ` ${pem}`,
      `\u200b${pem}`,
      `x${pem}`,
      btoa(pem),
      JSON.stringify(key.jwk),
      `\ufeff${JSON.stringify({ keys: [key.jwk] })}`,
    ];
    for (const bytes of [der, ...texts.map((text) => encoder.encode(text))]) {
      assert.throws('ERR_KEY_UNUSABLE', () => importKey(bytes, { alg: 'HS256', allowShortSecret: true }));
      assert.throws('ERR_KEY_UNUSABLE', () => verifySync('', bytes.buffer, rules(HS256)));
    }
  });

  test('pitfall 4: the hash inside a CryptoKey is compared with the header', async () => {
    for (const [said, hash] of [
      ['HS256', 'SHA-512'],
      ['HS512', 'SHA-256'],
      ['HS384', 'SHA-256'],
    ]) {
      for (const extractable of [true, false]) {
        const key = await hmac(hash, extractable);
        const token = await signText(key, JSON.stringify({ alg: said }), JSON.stringify(claims()));
        await assert.rejects('ERR_JOSE_ALG_NOT_ALLOWED', verify(token, key, rules()));
        await assert.rejects('ERR_JOSE_ALG_NOT_ALLOWED', verify(token, key, rules({ algorithms: [said] })));
      }
    }
    const rs256 = await signer('RS256', { kid: null });
    const token = await rs256.sign(claims(), { alg: 'RS384' });
    await assert.rejects('ERR_JOSE_ALG_NOT_ALLOWED', verify(token, rs256.cryptoKey, rules({ algorithms: ['RS384'] })));
  });

  test('pitfall 10: numbers that JSON.parse would make infinite never get there', async () => {
    const key = await hmac();
    const text = (number) => JSON.stringify(claims()).replace(/"exp":\d+/, `"exp":${number}`);
    for (const number of ['1e400', '-1e400', '1e309']) {
      assert.throws('ERR_JWT_MALFORMED', () => decode(`${base64url('{"alg":"HS256"}')}.${base64url(text(number))}.`));
      assert.throws('ERR_JWT_MALFORMED', () => checkExpiry(`${base64url('{"alg":"HS256"}')}.${base64url(text(number))}.`));
    }
    const token = await signText(key, '{"alg":"HS256"}', text('1e20'));
    const error = assert.throws('ERR_JWT_CLAIM_VALIDATION_FAILED', () => verifySync(token, secret, rules(HS256)));
    assert.equal(error.claim, 'exp');
    for (const exp of [Infinity, NaN, 1e20, '1', null, true]) {
      assert.throws('ERR_JWT_CLAIM_VALIDATION_FAILED', () => checkExpiry({ exp }));
    }
  });

  test('pitfall 11: every character outside the alphabet is refused at every place, and so are stray bits', async () => {
    const segment = base64url(crypto.getRandomValues(new Uint8Array(93)));
    const token = (text) => `${base64url('{"alg":"HS256"}')}.${base64url(JSON.stringify(claims()))}.${text}`;
    decode(token(segment));
    for (const char of ['=', '+', '/', ' ', '\n', '\0', '*', '\x7f', '@', '[', '`', '{', '\u00e9', '\u0100', '\ud83d']) {
      for (let at = 0; at < segment.length; at++) {
        assert.throws('ERR_JWT_MALFORMED', () => decode(token(segment.slice(0, at) + char + segment.slice(at + 1))));
      }
    }
    for (let code = 0; code < 256; code++) {
      const char = String.fromCharCode(code);
      if (ALPHABET.includes(char)) continue;
      for (const at of [0, 1, 15, 16, 31, 32, 47, 63, 64, 100, segment.length - 1]) {
        const changed = char === '.' ? '..' : char;
        assert.throws(null, () => decode(token(segment.slice(0, at) + changed + segment.slice(at + 1))));
      }
    }
    const twins = [...ALPHABET].filter((last) => {
      try {
        return decode(token(`${segment}A${last}`));
      } catch {
        return false;
      }
    });
    assert.equal(twins.length, 4, 'texts that two digits may be');
  });

  test('pitfall 14: a byte order mark, bad UTF-8 and half a surrogate are refused, not repaired', () => {
    const payload = (bytes) => `${base64url('{"alg":"HS256"}')}.${base64url(bytes)}.`;
    const text = encoder.encode('{"a":"b"}');
    assert.throws('ERR_JWT_MALFORMED', () => decode(payload(new Uint8Array([0xef, 0xbb, 0xbf, ...text]))));
    assert.throws('ERR_JWT_MALFORMED', () => decode(payload(new Uint8Array([...text.slice(0, 6), 0xff, ...text.slice(6)]))));
    assert.throws('ERR_JWT_MALFORMED', () => decode(payload('{"a":"\\ud800"}')));
    assert.equal(decode(payload('{"a":"\\ufeff"}')).payload.a, '\ufeff');
  });

  test('pitfall 15: no claim or header name pollutes a prototype or stands for a claim', async () => {
    const key = await hmac();
    const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'toJSON', 'valueOf'];
    for (const name of names) {
      const member = `"${name}":{"admin":true,"prototype":{"admin":true},"exp":9999999999}`;
      const token = await signText(key, `{"alg":"HS256",${member}}`, `{${member},${JSON.stringify(claims()).slice(1)}`);
      const verified = await verify(token, secret, rules(HS256));
      for (const object of [verified.payload, verified.header, decode(token).payload, decode(token).header]) {
        assert.equal(Object.getPrototypeOf(object), Object.prototype);
        assert.equal(object.admin, undefined);
        assert.ok(Object.hasOwn(object, name), name);
      }
      assert.equal({}.admin, undefined);
      assert.equal((() => {}).admin, undefined);
    }
    const plain = await signText(key, '{"alg":"HS256"}', JSON.stringify(claims()));
    for (const name of names) {
      const error = assert.throws('ERR_JWT_CLAIM_VALIDATION_FAILED', () =>
        verifySync(plain, secret, rules({ ...HS256, requiredClaims: [name] })),
      );
      assert.equal(error.reason, 'missing');
    }
    const nested = await signText(key, '{"alg":"HS256"}', `{"__proto__":${JSON.stringify(claims())}}`);
    assert.throws('ERR_JWT_CLAIM_VALIDATION_FAILED', () => verifySync(nested, secret, rules(HS256)));
  });

  test('pitfall 16: a key that the token brings is never used', async () => {
    const [attacker, ours] = [await signer('ES256', { kid: null, fresh: true }), await signer('ES256', { kid: null })];
    for (const header of [{ jwk: attacker.jwk }, { jku: 'https://evil.test' }, { x5u: 'https://evil.test' }, { x5c: ['AA=='] }]) {
      const forged = await attacker.sign(claims(), header);
      assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifySync(forged, ours.jwk, rules()));
      assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifyJwsSync(forged, ours.jwk));
    }
  });

  test('pitfall 18: what is remembered of one token is not said of another', async () => {
    const key = await signer('ES256');
    const verifier = new Verifier({ ...rules(), keys: { keys: [key.jwk] } });
    const first = verifier.verifySync(await key.sign(claims({ sub: 'a' })));
    first.header.alg = first.key.alg = first.payload.sub = 'mine now';
    const second = verifier.verifySync(await key.sign(claims({ sub: 'b' })));
    assert.same(second, { header: { alg: 'ES256', kid: key.kid }, payload: claims({ sub: 'b' }), key: { kid: key.kid, alg: 'ES256' } });
  });

  test('pitfall 21: no empty secret, and a short one only where that is said', () => {
    for (const empty of [new Uint8Array(), new ArrayBuffer(0), { kty: 'oct', k: '' }]) {
      assert.throws('ERR_KEY_WEAK', () => importKey(empty, { alg: 'HS256', allowShortSecret: true }));
    }
    assert.throws('ERR_KEY_WEAK', () => importKey(new Uint8Array(31), { alg: 'HS256' }));
    assert.throws('ERR_KEY_WEAK', () => verifySync('', new Uint8Array(40), rules({ algorithms: ['HS512'] })));
    for (const truthy of [1, 'yes', {}, 'true']) {
      assert.throws('ERR_KEY_WEAK', () => importKey(new Uint8Array(31), { alg: 'HS256', allowShortSecret: truthy }));
    }
    assert.same(importKey(new Uint8Array(31), { alg: 'HS256', allowShortSecret: true }).algorithms, ['HS256']);
  });

  test('pitfall 26: a forged signature for a point of small order is refused with its key', () => {
    const x = base64url(new Uint8Array([1, ...new Uint8Array(31)]));
    assert.throws('ERR_KEY_WEAK', () => importKey({ kty: 'OKP', crv: 'Ed25519', x }));
  });

  test('pitfall 34: a kid is compared and nothing else', async () => {
    const key = await signer('ES256', { kid: '0' });
    const set = KeySet.fromJwks({ keys: [key.jwk] });
    for (const kid of ['__proto__', 'length', 'constructor', '00', '0 ', '']) {
      const token = await key.sign(claims(), { kid });
      assert.throws('ERR_JWKS_NO_MATCHING_KEY', () => verifySync(token, set, rules()));
    }
    assert.same(verifySync(await key.sign(), set, rules()).payload, claims());
  });

  test('pitfall 35: numbers that are none switch nothing off', () => {
    for (const number of [NaN, Infinity, -Infinity, -1, '5', null, {}, [5], 1n]) {
      for (const name of ['clockTolerance', 'maxTokenAge', 'maxTokenLength']) {
        assert.throws('ERR_INVALID_ARG', () => new Verifier({ ...rules(HS256), [name]: number, keys: secret }));
      }
    }
    assert.throws('ERR_INVALID_ARG', () => new Verifier({ ...rules(HS256), clockTolerance: 601, keys: secret }));
    assert.throws('ERR_INVALID_ARG', () => checkExpiry({ exp: 1 }, { clockTolerance: NaN }));
  });

  test('pitfall 36: an option that is empty, undefined or misspelt is an error', () => {
    for (const value of [undefined, '', [], [''], null, 0, false, {}]) {
      for (const name of ['subject', 'typ', 'scope', 'algorithms', 'requiredClaims', 'issuer', 'audience', 'maxTokenAge', 'claims']) {
        const allowed =
          (value === null && ['issuer', 'audience'].includes(name))
          || (name === 'claims' && value && !Array.isArray(value))
          || (name === 'maxTokenAge' && value === 0);
        if (!allowed) assert.throws('ERR_INVALID_ARG', () => new Verifier({ ...rules(HS256), [name]: value, keys: secret }));
      }
    }
    for (const name of ['Issuer', 'aud', 'ignoreExpiration', 'clockTolerence']) {
      assert.throws('ERR_INVALID_ARG', () => new Verifier({ ...rules(HS256), [name]: 'x', keys: secret }));
    }
    assert.throws('ERR_INVALID_ARG', () => checkExpiry({ exp: 1 }, { clocktolerance: 5 }));
    assert.throws('ERR_INVALID_ARG', () => importKey(secret, { alg: 'HS256', allowShort: true }));
  });

  test('pitfall 37: now is seconds, or a Date, and nothing in between', async () => {
    const key = await hmac();
    const token = await signText(key, '{"alg":"HS256"}', JSON.stringify(claims()));
    const at = (now) => () => verifySync(token, secret, rules({ ...HS256, now }));
    assert.same(at(claims().iat)().payload, claims());
    assert.same(at(new Date(claims().iat * 1000))().payload, claims());
    assert.same(at(() => claims().iat)().payload, claims());
    assert.throws('ERR_JWT_EXPIRED', at(new Date(claims().exp * 1000)));
    for (const now of [
      Date.now(),
      NaN,
      Infinity,
      '1800000000',
      null,
      {},
      [],
      true,
      new Date(NaN),
      () => NaN,
      () => '1800000000',
      () => new Date(),
      () => undefined,
      () => {
        throw new Error('canary');
      },
      { [Symbol.toStringTag]: 'Date' },
    ]) {
      assert.throws('ERR_INVALID_ARG', at(now));
    }
  });

  test('pitfall 38: a token whose signature does not hold says nothing of its claims', async () => {
    const key = await signer('ES256');
    const other = await signer('ES256', { fresh: true });
    let asked = 0;
    const hooks = {
      isRevoked: () => {
        asked += 1;
        return false;
      },
      schema: {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: (value) => {
            asked += 1;
            return { value };
          },
        },
      },
    };
    for (const bad of [claims({ exp: 1 }), claims({ iss: 'evil' }), []]) {
      const token = await other.sign(bad);
      const error = assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () =>
        verifySync(token, { ...key.jwk, kid: undefined }, rules(hooks)),
      );
      assert.same(Object.keys(error).sort(), ['code', 'retryable', 'wwwAuthenticate']);
      assert.equal(error.wwwAuthenticate, 'Bearer error="invalid_token", error_description="the access token is not valid"');
    }
    assert.equal(asked, 0, 'callbacks asked');
  });
};
