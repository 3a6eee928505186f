// Single calls: what they compiled serves the next call, and never one whose objects say something else by then.
// That it serves is counted in tests/js/crossings.mjs.

import { base64url, claims, NOW, rules, signer } from '../kit.mjs';

export default ({ test, assert, tokenward }) => {
  const { importKey, verify, verifyJwsSync, verifySync } = tokenward;

  test('rules that were changed in between count as they are now', async () => {
    const key = await signer('ES256');
    const token = await key.sign(claims({ scope: 'read', role: 'reader' }));
    const now = new Date(NOW * 1000);
    const policy = {
      ...rules({ now }),
      audience: ['https://api.test'],
      algorithms: ['ES256'],
      claims: { role: 'reader' },
      requiredClaims: ['sub'],
      scope: ['read'],
    };
    const passes = () => verifySync(token, key.jwk, policy).payload.sub === 'ada';
    const changes = [
      [
        'ERR_JWT_CLAIM_VALIDATION_FAILED',
        () => {
          policy.audience[0] = 'other';
        },
        () => {
          policy.audience[0] = 'https://api.test';
        },
      ],
      [
        'ERR_JWT_CLAIM_VALIDATION_FAILED',
        () => {
          policy.audience = 'other';
        },
        () => {
          policy.audience = ['x', 'https://api.test'];
        },
      ],
      [
        'ERR_JWT_CLAIM_VALIDATION_FAILED',
        () => {
          policy.claims.role = 'admin';
        },
        () => {
          policy.claims.role = 'reader';
        },
      ],
      [
        'ERR_JWT_CLAIM_VALIDATION_FAILED',
        () => {
          policy.claims.more = 1;
        },
        () => {
          delete policy.claims.more;
        },
      ],
      [
        'ERR_JWT_CLAIM_VALIDATION_FAILED',
        () => {
          policy.requiredClaims.push('nonce');
        },
        () => {
          policy.requiredClaims.pop();
        },
      ],
      [
        'ERR_JWT_CLAIM_VALIDATION_FAILED',
        () => {
          policy.scope.push('write');
        },
        () => {
          policy.scope.pop();
        },
      ],
      [
        'ERR_JOSE_ALG_NOT_ALLOWED',
        () => {
          policy.algorithms[0] = 'ES384';
        },
        () => {
          policy.algorithms[0] = 'ES256';
        },
      ],
      [
        'ERR_JWT_CLAIM_VALIDATION_FAILED',
        () => {
          policy.subject = 'eve';
        },
        () => {
          delete policy.subject;
        },
      ],
      [
        'ERR_JWT_CLAIM_VALIDATION_FAILED',
        () => {
          policy.typ = 'at+jwt';
        },
        () => {
          delete policy.typ;
        },
      ],
      [
        'ERR_JWT_EXPIRED',
        () => {
          now.setTime((NOW + 60) * 1000);
        },
        () => {
          now.setTime(NOW * 1000);
        },
      ],
      [
        'ERR_JWT_EXPIRED',
        () => {
          policy.now = () => NOW + 60;
        },
        () => {
          policy.now = () => NOW;
        },
      ],
      [
        'ERR_JWT_EXPIRED',
        () => {
          policy.maxTokenAge = 9;
        },
        () => {
          delete policy.maxTokenAge;
        },
      ],
      [
        'ERR_JWT_REVOKED',
        () => {
          policy.isRevoked = () => true;
        },
        () => {
          policy.isRevoked = () => false;
        },
      ],
      [
        'ERR_JWT_MALFORMED',
        () => {
          policy.maxTokenLength = 9;
        },
        () => {
          delete policy.maxTokenLength;
        },
      ],
      [
        'ERR_INVALID_ARG',
        () => {
          policy.audience = undefined;
        },
        () => {
          policy.audience = null;
        },
      ],
      [
        'ERR_INVALID_ARG',
        () => {
          policy.misspelt = 1;
        },
        () => {
          delete policy.misspelt;
        },
      ],
      [
        'ERR_INVALID_ARG',
        () => {
          policy[Symbol.iterator] = 1;
          policy.subject = undefined;
        },
        () => {
          delete policy.subject;
        },
      ],
      [
        'ERR_INVALID_ARG',
        () => {
          policy.clockTolerance = NaN;
        },
        () => {
          policy.clockTolerance = 0;
        },
      ],
    ];
    assert.ok(passes());
    for (const [code, spoil, mend] of changes) {
      spoil();
      for (let each = 0; each < 2; each++) {
        assert.throws(code, passes);
        await assert.rejects(code, verify(token, key.jwk, policy));
      }
      mend();
      assert.ok(passes() && passes(), String(mend));
    }
  });

  test('keys that were changed in between count as they are now', async () => {
    const [key, other] = [await signer('ES256', { fresh: true }), await signer('ES256', { fresh: true })];
    const [token, others] = [await key.sign(), await other.sign()];
    const policy = rules();
    const jwk = { ...key.jwk };
    const set = { keys: [{ ...key.jwk }] };
    for (const form of [jwk, set]) {
      const inner = form.keys?.[0] ?? form;
      for (let each = 0; each < 2; each++) {
        Object.assign(inner, key.jwk);
        assert.equal(verifySync(token, form, policy).payload.sub, 'ada');
        assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifySync(others, form, policy));
        Object.assign(inner, other.jwk);
        assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifySync(token, form, policy));
        assert.equal(verifySync(others, form, policy).payload.sub, 'ada');
      }
    }
    jwk.use = 'enc';
    assert.throws('ERR_KEY_UNUSABLE', () => verifySync(others, jwk, policy));
    set.keys.pop();
    assert.throws('ERR_JWKS_NO_MATCHING_KEY', () => verifySync(others, set, policy));
    set.keys.push(key.jwk, other.jwk);
    set.keys[0] = { ...key.jwk, kid: 'else' };
    assert.equal(verifySync(others, set, policy).payload.sub, 'ada');
  });

  test('a secret whose bytes were changed in between counts as it is now', async () => {
    const hs = await signer('HS256', { kid: null });
    const token = await hs.sign();
    const policy = rules({ algorithms: ['HS256'] });
    const secret = await hs.secret();
    for (const form of [secret, secret.buffer, new DataView(secret.buffer)]) {
      assert.equal(verifySync(token, form, policy).payload.sub, 'ada');
      secret[0] ^= 1;
      assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifySync(token, form, policy));
      secret[0] ^= 1;
      assert.equal(verifySync(token, form, policy).payload.sub, 'ada');
    }
  });

  test('one object of rules serves many keys, and one key many objects of rules', async () => {
    const keys = await Promise.all(['ES256', 'EdDSA', 'HS256', 'ES384'].map((alg) => signer(alg)));
    const policy = rules();
    const policies = [policy, rules({ audience: null }), rules({ subject: 'ada' }), rules({ subject: 'eve' })];
    for (let round = 0; round < 3; round++) {
      for (const key of keys) {
        const token = await key.sign();
        for (const form of [key.jwk, importKey(key.jwk), { keys: [key.jwk] }, ...(key.alg === 'HS256' ? [] : [await key.pem()])]) {
          if (typeof form === 'string') assert.equal(verifySync(token, form, policy).payload.sub, 'ada');
          for (const each of policies.slice(0, 3)) assert.equal(verifySync(token, form, each).payload.sub, 'ada');
          assert.throws('ERR_JWT_CLAIM_VALIDATION_FAILED', () => verifySync(token, form, policies[3]));
        }
      }
    }
  });

  test('options of verifyJws that were changed in between count as they are now', async () => {
    const key = await signer('ES256');
    const token = await key.sign('not claims');
    const options = { algorithms: ['ES256'] };
    assert.ok(verifyJwsSync(token, key.jwk, options) && verifyJwsSync(token, key.jwk) && verifyJwsSync(token, key.jwk, options));
    options.algorithms[0] = 'ES384';
    assert.throws('ERR_JOSE_ALG_NOT_ALLOWED', () => verifyJwsSync(token, key.jwk, options));
    options.algorithms[0] = 'none';
    assert.throws('ERR_INVALID_ARG', () => verifyJwsSync(token, key.jwk, options));
    assert.throws('ERR_INVALID_ARG', () => verifyJwsSync(token, key.jwk, rules()));
    assert.throws('ERR_JWT_MALFORMED', () => verifySync(`${base64url('{}')}.e30.`, key.jwk, rules()));
  });

  test('a getter among the rules is asked once in a call', async () => {
    const key = await signer('ES256');
    const token = await key.sign();
    let asked = 0;
    const policy = rules();
    Object.defineProperty(policy, 'audience', {
      enumerable: true,
      get() {
        asked += 1;
        return asked > 2 ? 'other' : 'https://api.test';
      },
    });
    verifySync(token, key.jwk, policy);
    verifySync(token, key.jwk, policy);
    assert.throws('ERR_JWT_CLAIM_VALIDATION_FAILED', () => verifySync(token, key.jwk, policy));
    assert.equal(asked, 3);
  });
};
