// One Verifier for several issuers, each with its own keys and rules.

import { claims, NOW, rules, signer, tampered, unsigned } from '../kit.mjs';

const ADA = 'https://ada.test';
const BOB = 'https://bob.test';

export default ({ test, assert, tokenward }) => {
  const { KeySet, Verifier, createBearerGuard, importKey } = tokenward;

  /** Two issuers that differ in everything, and a token of each. */
  async function two() {
    const [ada, bob] = [await signer('ES256', { kid: 'k' }), await signer('HS256', { kid: 'k' })];
    const issuers = [
      { ...rules({ issuer: ADA, audience: 'ada-api' }), keys: { keys: [ada.jwk] } },
      { ...rules({ issuer: BOB, audience: 'bob-api', algorithms: ['HS256'], typ: 'at+jwt', requireExp: false }), keys: await bob.secret() },
    ];
    const ofAda = (more, header) => ada.sign(claims({ iss: ADA, aud: 'ada-api', ...more }), header);
    const ofBob = (more, header = { typ: 'at+jwt' }) => bob.sign({ iss: BOB, aud: 'bob-api', sub: 'bob', ...more }, header);
    return { ada, bob, issuers, ofAda, ofBob };
  }

  test('each issuer has its own keys, audience, algorithms and typ', async () => {
    const { ada, bob, issuers, ofAda, ofBob } = await two();
    const verifier = new Verifier({ issuers });
    assert.equal(verifier.verifySync(await ofAda()).key.alg, 'ES256');
    assert.equal((await verifier.verify(await ofBob())).payload.sub, 'bob');
    const refused = {
      ERR_JWT_CLAIM_VALIDATION_FAILED: [
        await ofAda({ aud: 'bob-api' }),
        await ofBob({ aud: 'ada-api' }),
        await ofBob({}, {}),
        await ofAda({ exp: undefined }),
      ],
      ERR_JOSE_ALG_NOT_ALLOWED: [
        await ada.sign(claims({ iss: BOB, aud: 'bob-api' })),
        await bob.sign(claims({ iss: ADA, aud: 'ada-api' })),
      ],
      ERR_JWS_SIGNATURE_VERIFICATION_FAILED: [tampered(await ofAda(), 2), tampered(await ofBob(), 2)],
      ERR_JWT_EXPIRED: [await ofAda({ exp: NOW })],
    };
    for (const [code, tokens] of Object.entries(refused)) {
      for (const token of tokens) {
        assert.throws(code, () => verifier.verifySync(token));
        await assert.rejects(code, verifier.verify(token));
        assert.equal(verifier.safeVerifySync(token).error.code, code);
        assert.equal((await verifier.safeVerify(token)).error.code, code);
        assert.equal((await verifier.verifyMany([token]))[0].error.code, code);
        assert.equal((await verifier.explain(token)).steps.find(({ outcome }) => outcome === 'failed').code, code);
      }
    }
    assert.same(
      (await verifier.verifyMany([await ofAda(), await ofBob()])).map(({ payload }) => payload.iss),
      [ADA, BOB],
    );
    assert.equal((await verifier.explain(await ofBob())).ok, true);
  });

  test('iss is matched letter for letter, also where one issuer is alone in the list', async () => {
    const { issuers, ada, ofAda } = await two();
    for (const list of [issuers, issuers.slice(0, 1)]) {
      const verifier = new Verifier({ issuers: list });
      for (const iss of [
        `${ADA}/`,
        ADA.slice(0, -1),
        ADA.toUpperCase(),
        ` ${ADA}`,
        `${ADA}\0`,
        '',
        '__proto__',
        'https://evil.test',
        'https://a\u0301da.test',
      ]) {
        const error = assert.throws('ERR_JWT_CLAIM_VALIDATION_FAILED', () =>
          verifier.verifySync(`${unsigned({ alg: 'ES256' }, claims({ iss }))}.AAAA`),
        );
        assert.same([error.claim, error.reason], ['iss', 'mismatch']);
      }
      for (const iss of [undefined, null, 7, [ADA], { [ADA]: 1 }]) {
        assert.throws('ERR_JWT_CLAIM_VALIDATION_FAILED', () => verifier.verifySync(`${unsigned({ alg: 'ES256' }, claims({ iss }))}.AAAA`));
      }
      assert.equal(verifier.verifySync(await ofAda()).payload.iss, ADA);
      await assert.rejects('ERR_JWT_CLAIM_VALIDATION_FAILED', verifier.verify(await ada.sign(claims({ iss: `${ADA}/` }))));
    }
  });

  test('names that would be one when joined with a kid are two', async () => {
    const [one, two] = [await signer('ES256', { kid: 'b:c', fresh: true }), await signer('ES256', { kid: 'c', fresh: true })];
    const [oneAsTwo, twoAsOne] = [await one.sign(claims({ iss: 'a:b' })), await two.sign(claims({ iss: 'a' }))];
    const verifier = new Verifier({
      issuers: [
        { ...rules({ issuer: 'a', audience: null }), keys: { keys: [one.jwk] } },
        { ...rules({ issuer: 'a:b', audience: null }), keys: { keys: [two.jwk] } },
      ],
    });
    assert.equal(verifier.verifySync(await one.sign(claims({ iss: 'a' }))).key.kid, 'b:c');
    assert.equal(verifier.verifySync(await two.sign(claims({ iss: 'a:b' }))).key.kid, 'c');
    assert.throws('ERR_JWKS_NO_MATCHING_KEY', () => verifier.verifySync(oneAsTwo));
    assert.throws('ERR_JWKS_NO_MATCHING_KEY', () => verifier.verifySync(twoAsOne));
  });

  test('lists that could not hold are refused, and what is wrong is named with its place', async () => {
    const {
      issuers: [ada, bob],
    } = await two();
    const list = [
      [],
      [ada, ada],
      [ada, { ...bob, issuer: ADA }],
      [{ ...ada, issuer: null }],
      [{ ...ada, issuer: [ADA] }],
      [{ ...ada, issuer: '' }],
      [{ ...ada, issuer: undefined }],
      [{ ...ada, audience: undefined }],
      [{ ...ada, misspelt: 1 }],
      [{ ...ada, isRevoked: 1 }],
      [{ ...ada, cache: true }],
      [null],
      [1],
      undefined,
      null,
      'x',
      {},
      { length: 1, 0: ada },
    ];
    for (const issuers of list) assert.throws('ERR_INVALID_ARG', () => new Verifier({ issuers }));
    for (const more of [{ keys: ada.keys }, { issuer: ADA }, { audience: null }, { now: NOW }, { isRevoked: () => false }]) {
      assert.throws('ERR_INVALID_ARG', () => new Verifier({ issuers: [ada], ...more }));
    }
    const { message } = assert.throws('ERR_INVALID_ARG', () => new Verifier({ issuers: [ada, { ...bob, clockTolerance: -1 }] }));
    assert.ok(message.includes('issuers[1].clockTolerance'), message);
    assert.throws('ERR_KEY_UNUSABLE', () => new Verifier({ issuers: [ada, { ...bob, algorithms: undefined, keys: 'a secret' }] }));
    assert.throws('ERR_KEY_UNUSABLE', () => new Verifier({ issuers: [{ ...rules({ issuer: BOB }), keys: bob.keys }] }));
  });

  test('each issuer has its own clock, revocation and schema', async () => {
    const {
      issuers: [ada, bob],
      ofAda,
      ofBob,
    } = await two();
    const [late, ofBobLater] = [await ofAda({ exp: NOW + 59 }), await ofBob()];
    const token = await ofAda();
    const asked = [];
    const schema = (tag) => ({ '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: { ...value, tag } }) } });
    const verifier = new Verifier({
      issuers: [
        {
          ...ada,
          now: () => NOW + 59,
          isRevoked: (payload) => {
            asked.push(payload.iss);
            return false;
          },
          schema: schema('of ada'),
        },
        { ...bob, now: new Date((NOW + 1e6) * 1000), isRevoked: async ({ sub }) => sub === 'eve', schema: schema('of bob') },
      ],
    });
    assert.equal(verifier.verifySync(token).payload.tag, 'of ada');
    assert.throws('ERR_JWT_EXPIRED', () => verifier.verifySync(late));
    assert.throws('ERR_SYNC_UNAVAILABLE', () => verifier.verifySync(ofBobLater));
    assert.equal((await verifier.verify(await ofBob())).payload.tag, 'of bob');
    await assert.rejects('ERR_JWT_REVOKED', verifier.verify(await ofBob({ sub: 'eve' })));
    const many = await verifier.verifyMany([
      await ofBob(),
      late,
      await ofAda(),
      await ofBob({ sub: 'eve' }),
      await ofBob({ exp: NOW + 1e6 }),
      'x',
    ]);
    assert.same(
      many.map(({ payload, error }) => payload?.tag ?? error.code),
      ['of bob', 'ERR_JWT_EXPIRED', 'of ada', 'ERR_JWT_REVOKED', 'ERR_JWT_EXPIRED', 'ERR_JWT_MALFORMED'],
    );
    assert.same(asked, [ADA, ADA]);
    const explained = await verifier.explain(await ofBob({ sub: 'eve' }));
    assert.same(
      explained.steps.slice(-2).map(({ check, outcome, code }) => [check, outcome, code]),
      [
        ['revocation', 'failed', 'ERR_JWT_REVOKED'],
        ['claims', 'skipped', undefined],
      ],
    );
    assert.same((await verifier.explain(late)).steps.find(({ outcome }) => outcome === 'failed').check, 'time');
    assert.same(
      (await verifier.explain(`${unsigned({ alg: 'ES256' }, {})}.AAAA`)).steps.find(({ outcome }) => outcome === 'failed').check,
      'issuer',
    );
  });

  test('keys come in every form: CryptoKeys that stay with the host, imported keys, sets', async () => {
    const [host, out, es] = [await signer('ES256', { extractable: false }), await signer('EdDSA'), await signer('ES384')];
    const entry = (name, keys) => ({ ...rules({ issuer: name, audience: null }), keys });
    const verifier = new Verifier({
      issuers: [
        entry('host', host.cryptoKey),
        entry('out', out.cryptoKey),
        entry('imported', importKey(es.jwk)),
        entry('set', KeySet.fromJwks({ keys: [es.jwk] })),
      ],
    });
    const token = (key, iss) => key.sign(claims({ iss }));
    const ofHost = await token(host, 'host');
    assert.throws('ERR_SYNC_UNAVAILABLE', () => verifier.verifySync(ofHost));
    for (const [key, iss] of [
      [host, 'host'],
      [out, 'out'],
      [es, 'imported'],
      [es, 'set'],
    ]) {
      assert.equal((await verifier.verify(await token(key, iss))).payload.iss, iss);
      await assert.rejects('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', verifier.verify(tampered(await token(key, iss), 2)));
    }
    assert.equal(verifier.verifySync(await token(out, 'out')).payload.iss, 'out', 'once it is exported');
    const results = await verifier.verifyMany([
      await token(es, 'set'),
      await token(host, 'host'),
      await token(host, 'set'),
      await token(out, 'out'),
    ]);
    assert.same(
      results.map(({ payload, error }) => payload?.iss ?? error.code),
      ['set', 'host', 'ERR_JWKS_NO_MATCHING_KEY', 'out'],
    );
  });

  test('an issuer that is not in the list causes no fetch, and one that is fetches its own keys only', async () => {
    const key = await signer('ES256', { kid: 'one' });
    const asked = [];
    const fetch = async (url) => {
      asked.push(url);
      return Response.json({ keys: [key.jwk] });
    };
    const entry = (name) => ({
      ...rules({ issuer: name, audience: null }),
      keys: KeySet.fromUrl(`${name}/jwks`, { fetch, now: () => NOW * 1000 }),
    });
    for (const cache of [false, true]) {
      asked.length = 0;
      const verifier = new Verifier({ issuers: [entry(ADA), entry(BOB)], cache });
      const stranger = await key.sign(claims({ iss: 'https://evil.test' }));
      for (const token of [
        stranger,
        'x',
        `${unsigned({ alg: 'none' }, claims({ iss: ADA }))}.`,
        `${unsigned({ alg: 'ES256', crit: ['x'] }, claims({ iss: ADA }))}.AAAA`,
      ]) {
        await assert.rejects(null, verifier.verify(token));
        assert.throws(null, () => verifier.verifySync(token));
        await verifier.verifyMany([token, token]);
        await verifier.explain(token);
      }
      assert.same(asked, []);
      assert.equal((await verifier.verify(await key.sign(claims({ iss: BOB })))).payload.iss, BOB);
      assert.same(asked, [`${BOB}/jwks`]);
      await verifier.verifyMany([
        await key.sign(claims({ iss: ADA })),
        stranger,
        await key.sign(claims({ iss: BOB })),
        await key.sign(claims({ iss: ADA, sub: 'x' })),
      ]);
      assert.same(asked, [`${BOB}/jwks`, `${ADA}/jwks`]);
    }
  });

  test('a guard takes it', async () => {
    const { issuers, ofAda, ofBob } = await two();
    const guard = createBearerGuard({ verifier: new Verifier({ issuers }) });
    const ask = async (token) =>
      (await guard.check(new Request('https://api.test/', { headers: { authorization: `Bearer ${token}` } }))).status ?? 200;
    assert.same([await ask(await ofAda()), await ask(await ofBob()), await ask(tampered(await ofBob(), 2))], [200, 200, 401]);
  });

  test('what is done to the options later changes nothing', async () => {
    const { issuers, ofAda, ofBob } = await two();
    issuers[0].audience = ['ada-api'];
    const verifier = new Verifier({ issuers });
    issuers[0].audience[0] = 'elsewhere';
    issuers[1].issuer = 'https://evil.test';
    issuers.length = 0;
    verifier.free();
    assert.equal(verifier.verifySync(await ofAda()).payload.iss, ADA);
    assert.equal(verifier.verifySync(await ofBob()).payload.iss, BOB);
  });
};
