// What stands around a verification: raw JWS, explanations, callbacks, schemas, expiry and thumbprints.

import { base64url, claims, ISSUER, NOW, rules, signer, tampered } from '../kit.mjs';

const CHECKS = [
  'format',
  'header',
  'algorithm',
  'key',
  'signature',
  'claims',
  'typ',
  'issuer',
  'subject',
  'audience',
  'time',
  'scope',
  'revocation',
];

/** A Standard Schema of one function, which gives issues or a value. */
const schema = (validate) => ({ '~standard': { version: 1, vendor: 'test', validate } });

export default ({ test, assert, tokenward }) => {
  const { KeySet, Verifier, checkExpiry, decode, isExpired, thumbprint, verify, verifyJws, verifyJwsSync, verifySync } = tokenward;

  const fails = (outcome) => outcome.steps.filter((step) => step.outcome === 'failed');

  test('a JWS with any payload verifies, and its claims are not judged', async () => {
    for (const alg of ['HS256', 'RS256', 'ES256', 'EdDSA']) {
      const key = await signer(alg);
      const expired = await key.sign({ exp: 1, iss: 5 });
      const verified = verifyJwsSync(expired, key.jwk);
      assert.same(JSON.parse(new TextDecoder().decode(verified.payload)), { exp: 1, iss: 5 });
      assert.ok(verified.payload instanceof Uint8Array);
      assert.same(verified.header, { alg, kid: key.kid });
      assert.same(verified.key, { alg, kid: key.kid });
      for (const form of [key.cryptoKey, { keys: [key.jwk] }, KeySet.fromJwks({ keys: [key.jwk] })]) {
        assert.same([...(await verifyJws(expired, form)).payload], [...verified.payload]);
      }
      assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifyJwsSync(tampered(expired, 1), key.jwk));
      await assert.rejects('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', verifyJws(tampered(expired, 2), key.cryptoKey));
    }
  });

  test('a JWS keeps to the algorithms and the length that the options name', async () => {
    const key = await signer('HS256', { kid: null });
    const token = await key.sign();
    const secret = await key.secret();
    assert.throws('ERR_KEY_UNUSABLE', () => verifyJwsSync(token, secret));
    assert.ok(verifyJwsSync(token, secret, { algorithms: ['HS256'] }));
    assert.throws('ERR_JOSE_ALG_NOT_ALLOWED', () => verifyJwsSync(token, secret, { algorithms: ['HS384'] }));
    assert.throws('ERR_JWT_MALFORMED', () => verifyJwsSync(token, secret, { algorithms: ['HS256'], maxTokenLength: 20 }));
    for (const options of [
      null,
      1,
      { algorithms: [] },
      { algorithms: undefined },
      { algorithms: ['none'] },
      { maxTokenLength: 0 },
      { issuer: 'x' },
    ]) {
      assert.throws('ERR_INVALID_ARG', () => verifyJwsSync(token, secret, options));
    }
  });

  test('explain lists every check in order, all passed for a good token', async () => {
    const key = await signer('ES256');
    const verifier = new Verifier({
      ...rules({ typ: 'at+jwt', subject: 'ada', scope: 'read', isRevoked: () => false }),
      keys: { keys: [key.jwk] },
    });
    const explanation = await verifier.explain(await key.sign(claims({ scope: 'read' }), { typ: 'at+jwt' }));
    assert.same(
      explanation.steps.map(({ check, outcome }) => [check, outcome]),
      CHECKS.map((check) => [check, 'passed']),
    );
    assert.equal(explanation.ok, true);
    for (const { detail } of explanation.steps) assert.ok(detail.length > 0);
  });

  test('explain fails where verify fails, with its code, and reaches nothing after it', async () => {
    const key = await signer('ES256');
    const good = await key.sign();
    const cases = {
      format: ['x', {}],
      header: [await key.sign(claims(), { crit: ['x'] }), {}],
      algorithm: [good, { algorithms: ['RS256'] }],
      key: [await key.sign(claims(), { kid: 'other' }), {}],
      signature: [tampered(good, 2), {}],
      claims: [await key.sign([]), {}],
      typ: [good, { typ: 'at+jwt' }],
      issuer: [good, { issuer: 'https://other.test' }],
      subject: [good, { subject: 'eve' }],
      audience: [good, { audience: 'other' }],
      time: [await key.sign(claims({ exp: NOW })), {}],
      scope: [good, { scope: 'admin' }],
      revocation: [good, { isRevoked: () => true }],
    };
    assert.same(Object.keys(cases), CHECKS);
    for (const [check, [token, more]] of Object.entries(cases)) {
      const verifier = new Verifier({ ...rules(more), keys: { keys: [key.jwk] } });
      const { code } = await assert.rejects(null, verifier.verify(token));
      const explanation = await verifier.explain(token);
      assert.equal(explanation.ok, false);
      assert.same(
        fails(explanation).map((step) => [step.check, step.code]),
        [[check, code]],
      );
      const at = explanation.steps.findIndex((step) => step.check === check);
      for (const step of explanation.steps.slice(at + 1)) assert.equal(step.outcome, 'skipped', step.check);
      assert.same(
        explanation.steps.map((step) => step.check),
        CHECKS,
      );
    }
  });

  test('what is no token, or too long for one, is explained as that, whatever was asked before', async () => {
    const key = await signer('ES256');
    const verifier = new Verifier({ ...rules(), keys: key.jwk });
    const patient = new Verifier({ ...rules({ maxTokenLength: 1_000_000 }), keys: key.jwk });
    for (let round = 0; round < 2; round++) {
      for (const token of ['a'.repeat(20_000), undefined, null, 7, {}, '', '\ud800.a.b']) {
        const { ok, steps } = await verifier.explain(token);
        assert.same([ok, steps[0].check, steps[0].outcome, steps[0].code], [false, 'format', 'failed', 'ERR_JWT_MALFORMED']);
        assert.equal(new Set(steps.slice(1).map(({ outcome }) => outcome)).size, 1);
      }
      patient.safeVerifySync('a'.repeat(20_000));
    }
  });

  test('explain judges claims that are asked for by name, and the schema, as claims', async () => {
    const key = await signer('ES256');
    const token = await key.sign();
    const explain = async (more) => new Verifier({ ...rules(more), keys: key.jwk }).explain(token);
    assert.same(
      fails(await explain({ requiredClaims: ['nonce'] })).map(({ check }) => check),
      ['claims'],
    );
    assert.same(
      fails(await explain({ claims: { sub: 'eve' } })).map(({ check }) => check),
      ['claims'],
    );
    const refused = await explain({ schema: schema(() => ({ issues: [{ message: 'no', path: ['sub'] }] })) });
    assert.same(
      fails(refused).map(({ check, code }) => [check, code]),
      [['claims', 'ERR_JWT_CLAIM_VALIDATION_FAILED']],
    );
    assert.equal(refused.steps.at(-1).outcome, 'failed');
  });

  test('explain asks the host about a CryptoKey that stays with it', async () => {
    const key = await signer('ES256', { extractable: false });
    const verifier = new Verifier({ ...rules(), keys: key.cryptoKey });
    assert.equal((await verifier.explain(await key.sign())).ok, true);
    const explanation = await verifier.explain(tampered(await key.sign(), 2));
    assert.same(
      fails(explanation).map(({ check }) => check),
      ['signature'],
    );
  });

  test('an explanation holds nothing of the token, the key or the rules', async () => {
    const key = await signer('HS256', { kid: 'canary-kid' });
    const token = await key.sign(claims({ sub: 'canary-sub', jti: 'canary-jti', scope: 'canary-scope', 'canary-name': 1 }), {
      typ: 'canary-typ',
    });
    for (const more of [
      {},
      { audience: 'canary-aud' },
      { subject: 'canary' },
      { scope: 'x' },
      { typ: 'canary' },
      { issuer: 'canary' },
      { now: NOW + 99 },
    ]) {
      for (const text of [token, tampered(token, 2), `${token}.`, token.slice(5)]) {
        const explanation = JSON.stringify(await new Verifier({ ...rules(more), keys: { keys: [key.jwk] } }).explain(text));
        for (const canary of ['canary', token.slice(0, 20), token.slice(-20), key.jwk.k, ISSUER, String(NOW + 60)]) {
          assert.ok(!explanation.includes(canary), `${canary} in ${explanation}`);
        }
      }
    }
  });

  test('isRevoked lets a token pass with a plain false and nothing else', async () => {
    const key = await signer('ES256');
    const token = await key.sign();
    const verdict = (isRevoked) => verify(token, key.jwk, rules({ isRevoked }));
    assert.ok(await verdict(() => false));
    assert.ok(await verdict(async () => false));
    assert.ok(verifySync(token, key.jwk, rules({ isRevoked: () => false })));
    for (const revoked of [() => true, async () => true]) await assert.rejects('ERR_JWT_REVOKED', verdict(revoked));
    const broken = [
      () => {
        throw new Error('canary');
      },
      async () => {
        throw new Error('canary');
      },
      () => Promise.reject('canary'),
      () => undefined,
      () => null,
      () => 0,
      () => '',
      () => 'false',
      () => ({}),
      async () => undefined,
      () => NaN,
    ];
    for (const callback of broken) {
      const error = await assert.rejects('ERR_REVOCATION_UNAVAILABLE', verdict(callback));
      assert.equal(error.retryable, true);
      assert.ok(!`${error.stack}${JSON.stringify(error)}${String(error.cause)}`.includes('canary'));
    }
    assert.throws('ERR_REVOCATION_UNAVAILABLE', () =>
      verifySync(
        token,
        key.jwk,
        rules({
          isRevoked: () => {
            throw new Error();
          },
        }),
      ),
    );
    for (const promise of [
      async () => false,
      async () => {
        throw new Error();
      },
      () => ({ then() {} }),
    ]) {
      assert.throws('ERR_SYNC_UNAVAILABLE', () => verifySync(token, key.jwk, rules({ isRevoked: promise })));
    }
    for (const notOne of [true, 'x', {}, null])
      assert.throws('ERR_INVALID_ARG', () => verifySync(token, key.jwk, rules({ isRevoked: notOne })));
  });

  test('isRevoked is asked about a token that is accepted, and about no other', async () => {
    const key = await signer('ES256');
    const asked = [];
    const verifier = new Verifier({
      ...rules({
        isRevoked: (payload) => {
          asked.push(payload.sub);
          return false;
        },
      }),
      keys: key.jwk,
    });
    await verifier.verify(await key.sign());
    for (const bad of [tampered(await key.sign(), 2), await key.sign(claims({ exp: NOW })), await key.sign(claims({ aud: 'x' }))]) {
      await assert.rejects(null, verifier.verify(bad));
    }
    assert.same(asked, ['ada']);
  });

  test('a schema runs last, gives the payload, and a promise from it needs the asynchronous call', async () => {
    const key = await signer('ES256');
    const token = await key.sign();
    const grown = schema((value) => ({ value: { ...value, role: 'admin' } }));
    assert.equal((await verify(token, key.jwk, rules({ schema: grown }))).payload.role, 'admin');
    assert.equal(verifySync(token, key.jwk, rules({ schema: grown })).payload.role, 'admin');
    const order = [];
    const both = {
      isRevoked: () => {
        order.push('isRevoked');
        return false;
      },
      schema: schema((value) => {
        order.push('schema');
        return { value };
      }),
    };
    await verify(token, key.jwk, rules(both));
    assert.same(order, ['isRevoked', 'schema']);
    for (const path of [['sub'], [{ key: 'sub' }], [{ key: 'sub' }, 'inner']]) {
      const error = assert.throws('ERR_JWT_CLAIM_VALIDATION_FAILED', () =>
        verifySync(token, key.jwk, rules({ schema: schema(() => ({ issues: [{ message: 'canary', path }] })) })),
      );
      assert.same([error.claim, error.reason], ['sub', 'check_failed']);
      assert.ok(!error.stack.includes('canary'));
    }
    const slow = schema(async (value) => ({ value }));
    assert.ok(await verify(token, key.jwk, rules({ schema: slow })));
    assert.throws('ERR_SYNC_UNAVAILABLE', () => verifySync(token, key.jwk, rules({ schema: slow })));
    for (const answer of [undefined, null, 1, {}, { value: 1 }, { value: null }, { issues: [] }]) {
      assert.throws('ERR_JWT_CLAIM_VALIDATION_FAILED', () => verifySync(token, key.jwk, rules({ schema: schema(() => answer) })));
    }
    assert.throws('ERR_JWT_CLAIM_VALIDATION_FAILED', () =>
      verifySync(
        token,
        key.jwk,
        rules({
          schema: schema(() => {
            throw new Error('canary');
          }),
        }),
      ),
    );
    for (const notOne of [null, 1, {}, { '~standard': {} }])
      assert.throws('ERR_INVALID_ARG', () => verifySync(token, key.jwk, rules({ schema: notOne })));
  });

  test('decode gives header and claims, and nothing that is no JWT', async () => {
    const key = await signer('ES256');
    assert.same(decode(await key.sign()), { header: { alg: 'ES256', kid: key.kid }, payload: claims() });
    assert.same(decode(tampered(await key.sign(), 2)).payload, claims());
    assert.throws('ERR_JWT_MALFORMED', () => decode(`${base64url('{"alg":"x"}')}.${base64url('[]')}.`));
    assert.throws('ERR_JWE_NOT_SUPPORTED', () => decode('a.b.c.d.e'));
  });

  test('checkExpiry and isExpired tell start and end, of a token and of claims', async () => {
    const key = await signer('ES256');
    const token = await key.sign(claims({ nbf: NOW }));
    for (const subject of [token, claims({ nbf: NOW })]) {
      assert.same(checkExpiry(subject, { now: NOW }), { expired: false, notYetValid: false, expiresAt: NOW + 60, expiresIn: 60 });
      assert.same(checkExpiry(subject, { now: NOW + 60 }), { expired: true, notYetValid: false, expiresAt: NOW + 60, expiresIn: 0 });
      assert.equal(checkExpiry(subject, { now: new Date((NOW - 1) * 1000) }).notYetValid, true);
      assert.equal(isExpired(subject, { now: NOW + 64, clockTolerance: 5 }), false);
      assert.equal(isExpired(subject, { now: NOW + 65, clockTolerance: 5 }), true);
      assert.equal(isExpired(subject), Date.now() / 1000 >= NOW + 60);
    }
    assert.same(checkExpiry({ iss: 'x' }, { now: NOW }), { expired: false, notYetValid: false, expiresAt: null, expiresIn: null });
    for (const options of [{ now: Date.now() }, { now: 'x' }, { clockTolerance: 601 }, { clockTolerance: -1 }]) {
      assert.throws('ERR_INVALID_ARG', () => checkExpiry(token, options));
    }
  });

  test('a thumbprint is that of RFC 7638 and RFC 8037, whatever else the JWK says', async () => {
    const okp = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
    assert.equal(thumbprint(okp), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
    assert.equal(thumbprint({ kid: 'x', x: okp.x, alg: 'EdDSA', crv: okp.crv, kty: okp.kty }), thumbprint(okp));
    assert.throws('ERR_JWK_INVALID', () => thumbprint({ kty: 'RSA', n: 'AQAB' }));
    assert.throws('ERR_KEY_UNUSABLE', () => thumbprint({ kty: 'new' }));
  });
};
