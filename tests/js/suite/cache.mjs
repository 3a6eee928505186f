// The result cache as JavaScript sees it. What is kept and what is not, and the limits, are in tests/verify/cache.rs.

import { claims, NOW, rules, signer, tampered } from '../kit.mjs';

export default ({ test, assert, tokenward }) => {
  const { KeySet, Verifier, verify, verifySync } = tokenward;

  test('cache is true, false, or the most entries, and nothing else', async () => {
    const { jwk } = await signer('ES256');
    const make = (cache) => new Verifier({ ...rules(), keys: jwk, cache });
    for (const cache of [true, false, undefined, { maxEntries: 1 }, { maxEntries: 1_000_000 }]) make(cache).free();
    for (const cache of [
      null,
      0,
      1,
      'true',
      [],
      {},
      { maxEntries: 0 },
      { maxEntries: -1 },
      { maxEntries: 1.5 },
      { maxEntries: NaN },
      { maxEntries: Infinity },
      { maxEntries: '9' },
      { maxEntries: undefined },
      { maxEntries: 9, more: 1 },
      () => true,
    ]) {
      assert.throws('ERR_INVALID_ARG', () => make(cache));
    }
    const { sign } = await signer('ES256');
    const token = await sign();
    assert.throws('ERR_INVALID_ARG', () => verifySync(token, jwk, rules({ cache: true })));
    await assert.rejects('ERR_INVALID_ARG', verify(token, jwk, rules({ cache: true })));
  });

  test('every call gets objects of its own, so that nobody can poison the next one', async () => {
    for (const alg of ['ES256', 'HS256']) {
      const key = await signer(alg);
      const token = await key.sign(claims({ roles: ['reader'], nested: { deep: 1 } }));
      const verifier = new Verifier({ ...rules(), keys: key.jwk, cache: true });
      const clean = JSON.stringify(verifier.verifySync(token));
      for (const call of [
        () => verifier.verifySync(token),
        () => verifier.verify(token),
        () => verifier.safeVerifySync(token),
        async () => (await verifier.verifyMany([token]))[0],
      ]) {
        const { header, payload, key: used } = await call();
        payload.roles.push('admin');
        payload.nested.deep = 2;
        payload.sub = 'eve';
        header.alg = used.alg = 'none';
        header.kid = used.kid = 'evil';
        assert.equal(JSON.stringify(verifier.verifySync(token)), clean);
      }
    }
  });

  test('a hit is judged by the clock, asked about revocation and read by the schema again', async () => {
    const key = await signer('ES256');
    const token = await key.sign(claims({ nbf: NOW }));
    let [now, revoked, asked, read] = [NOW, false, 0, 0];
    const schema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: { ...value, read: ++read } }) } };
    const verifier = new Verifier({
      ...rules({
        now: () => now,
        isRevoked: () => {
          asked += 1;
          return revoked;
        },
        schema,
        maxTokenAge: 40,
      }),
      keys: key.jwk,
      cache: true,
    });
    for (let each = 1; each <= 3; each++) assert.equal(verifier.verifySync(token).payload.read, each);
    assert.equal(asked, 3);
    revoked = true;
    assert.throws('ERR_JWT_REVOKED', () => verifier.verifySync(token));
    await assert.rejects('ERR_JWT_REVOKED', verifier.verify(token));
    revoked = false;
    for (const [at, code] of [
      [NOW + 60, 'ERR_JWT_EXPIRED'],
      [NOW + 31, 'ERR_JWT_EXPIRED'],
      [NOW - 1, 'ERR_JWT_NOT_YET_VALID'],
    ]) {
      now = at;
      assert.throws(code, () => verifier.verifySync(token));
      assert.same(
        (await verifier.verifyMany([token])).map(({ error }) => error.code),
        [code],
      );
    }
    now = NOW + 30;
    assert.equal(verifier.verifySync(token).payload.sub, 'ada');
    now = 0;
    assert.throws('ERR_JWT_NOT_YET_VALID', () => verifier.verifySync(token));
    now = NaN;
    assert.throws('ERR_INVALID_ARG', () => verifier.verifySync(token));
  });

  test('a cached verdict serves its own token, and verifiers with other rules or keys judge for themselves', async () => {
    const [key, other] = [await signer('ES256'), await signer('ES256', { fresh: true })];
    const token = await key.sign();
    const make = (more, keys = key.jwk) => new Verifier({ ...rules(more), keys, cache: true });
    const verifier = make();
    for (let each = 0; each < 3; each++) {
      verifier.verifySync(token);
      assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifier.verifySync(tampered(token, 1)));
      assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifier.verifySync(tampered(token, 2)));
      assert.throws('ERR_JWT_MALFORMED', () => verifier.verifySync(`${token}.`));
      assert.throws('ERR_JWT_MALFORMED', () => verifier.verifySync(token.slice(1)));
      assert.throws('ERR_JWT_CLAIM_VALIDATION_FAILED', () => make({ audience: 'x' }).verifySync(token));
      assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => make({}, other.jwk).verifySync(token));
    }
  });

  test('keys that rotate, and keys that are refreshed, take the verdicts along', async () => {
    const [key, next] = [await signer('ES256', { kid: 'one' }), await signer('ES256', { kid: 'two' })];
    const issuer = { keys: [key.jwk] };
    const time = { now: NOW * 1000 };
    const set = KeySet.fromUrl('https://issuer.example/jwks', { fetch: async () => Response.json(issuer), now: () => time.now });
    const verifier = new Verifier({ ...rules(), keys: set, cache: true });
    const several = new Verifier({ issuers: [{ ...rules(), keys: set }], cache: true });
    const [token, later] = [await key.sign(), await next.sign()];
    for (const each of [verifier, several]) {
      await each.verify(token);
      each.verifySync(token);
    }
    issuer.keys = [next.jwk];
    await set.refresh();
    for (const each of [verifier, several]) {
      assert.throws('ERR_JWKS_NO_MATCHING_KEY', () => each.verifySync(token));
      await assert.rejects('ERR_JWKS_NO_MATCHING_KEY', each.verify(token));
      assert.equal(each.verifySync(later).key.kid, 'two');
    }
    // Past maxAge a hit has to wait for the set like any other token.
    issuer.keys = [key.jwk];
    time.now += 600_000;
    for (const each of [verifier, several]) assert.throws('ERR_SYNC_UNAVAILABLE', () => each.verifySync(later));
    for (const each of [verifier, several]) {
      await assert.rejects('ERR_JWKS_NO_MATCHING_KEY', each.verify(later));
      assert.equal((await each.verify(token)).key.kid, 'one');
    }
  });

  test('an outage of the issuer ends what a cached verdict may be used for, as for any other', async () => {
    const key = await signer('ES256', { kid: 'one' });
    const time = { now: NOW * 1000 };
    let fetch = async () => Response.json({ keys: [key.jwk] });
    const set = KeySet.fromUrl('https://issuer.example/jwks', {
      fetch: (...args) => fetch(...args),
      now: () => time.now,
      staleIfError: 60,
    });
    const verifier = new Verifier({ ...rules({ requireExp: false }), keys: set, cache: true });
    const token = await key.sign(claims({ exp: undefined }));
    await verifier.verify(token);
    fetch = async () => new Response('', { status: 503 });
    time.now += 610_000;
    assert.equal((await verifier.verify(token)).payload.sub, 'ada', 'stale, and the issuer is down');
    time.now += 60_000;
    await assert.rejects('ERR_JWKS_FETCH_FAILED', verifier.verify(token));
  });

  test('a CryptoKey that stays with the host is asked every time', async () => {
    const key = await signer('ES256', { extractable: false });
    const token = await key.sign();
    const verifier = new Verifier({ ...rules(), keys: key.cryptoKey, cache: true });
    for (let each = 0; each < 3; each++) {
      assert.equal((await verifier.verify(token)).payload.sub, 'ada');
      assert.throws('ERR_SYNC_UNAVAILABLE', () => verifier.verifySync(token));
    }
  });
};
