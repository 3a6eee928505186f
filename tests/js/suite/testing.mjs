// "tokenward/testing" against what verifies and what stays signed in: it is right about what is wrong.

const testing = () => import('tokenward/testing');
/** One of each way of signing, and of each kind of key; `long` has the others. */
const SOME = ['HS256', 'ES256', 'ES256K', 'Ed25519', 'ML-DSA-44'];
const REST = ['HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES384', 'ES512', 'EdDSA', 'ML-DSA-65', 'ML-DSA-87'];

export default ({ test, long, assert, tokenward, way, importMlDsa }) => {
  // The other ways are ways to tokenward, not to tokenward/testing.
  if (['require', 'slim', 'default entry'].includes(way)) return;
  const {
    KeySet,
    Verifier,
    authorizationCode,
    beginAuthorization,
    completeAuthorization,
    createBearerFetch,
    createBearerGuard,
    createSession,
    importKey,
    jsonLogin,
    memoryStore,
    oauth2,
    verify,
    verifySync,
  } = tokenward;

  async function everyFlaw(alg) {
    await importMlDsa();
    const { createClock, createIssuer, wrongTokens } = await testing();
    const clock = createClock(1_800_000_000);
    const issuer = await createIssuer({ algorithms: [alg], now: clock.now });
    const verifier = new Verifier({ ...issuer.rules, keys: KeySet.fromJwks({ keys: issuer.keys.map(({ jwk }) => jwk) }) });
    const { payload, key } = verifier.verifySync(await issuer.token({ scope: 'read' }));
    assert.same(payload, { iss: issuer.issuer, aud: issuer.audience, sub: 'ada', iat: 1_800_000_000, exp: 1_800_000_300, scope: 'read' });
    assert.same(key, { alg, kid: issuer.keys[0].kid });
    assert.ok(wrongTokens.length >= 25, 'so many flaws');
    for (const { kind, code } of wrongTokens) {
      const { ok, error } = verifier.safeVerifySync(await issuer.wrong(kind));
      assert.equal(ok ? 'accepted' : error.code, code, `${alg}, ${kind}:`);
    }
  }

  test('a token that has ended by the clock is refused', async () => {
    const { createClock, createIssuer } = await testing();
    const clock = createClock(1_800_000_000);
    const issuer = await createIssuer({ now: clock.now, lifetime: 60 });
    const verifier = new Verifier({ ...issuer.rules, keys: KeySet.fromJwks(issuer.jwks()) });
    const token = await issuer.token();
    verifier.verifySync(token);
    clock.advance(59);
    verifier.verifySync(token);
    clock.advance(1);
    assert.throws('ERR_JWT_EXPIRED', () => verifier.verifySync(token));
    clock.set(new Date(1_800_000_010_000));
    verifier.verifySync(token);
  });

  for (const [run, algorithms] of [
    [test, SOME],
    [long, REST],
  ]) {
    for (const alg of algorithms)
      run(`${alg}: what an issuer signs is accepted, and each flaw is refused with its code`, () => everyFlaw(alg));
  }

  test('a key verifies in every form', async () => {
    await importMlDsa();
    const { createKey } = await testing();
    for (const alg of SOME) {
      const key = await createKey(alg, { kid: null });
      const token = await key.sign({ sub: 'ada', exp: 4e9 });
      const rules = { issuer: null, audience: null, algorithms: [alg] };
      const bare = alg === 'HS256' ? key.secret() : await key.pem();
      for (const form of [key.jwk, importKey(key.jwk), bare]) assert.equal(verifySync(token, form, rules).payload.sub, 'ada');
      if (/^(ES256K|ML)/.test(alg)) await assert.rejects('ERR_INVALID_ARG', key.cryptoKey());
      else assert.equal((await verify(token, await key.cryptoKey({ extractable: false }), rules)).payload.sub, 'ada');
      if (alg !== 'HS256') assert.throws('ERR_INVALID_ARG', () => key.secret());
    }
    await assert.rejects('ERR_INVALID_ARG', (await createKey('HS256')).pem());
    await assert.rejects('ERR_INVALID_ARG', createKey('none'));
    await assert.rejects('ERR_INVALID_ARG', createKey('ES256', { name: 'x' }));
    await assert.rejects('ERR_INVALID_ARG', createKey('toString'));
    const [one, two] = [await createKey(), await createKey()];
    assert.ok(one.kid !== two.kid, 'a name of its own');
  });

  test('keys are found by URL and by issuer, rotate, and are withdrawn', async () => {
    const { createClock, createIssuer } = await testing();
    for (const path of ['', '/tenant']) {
      const clock = createClock(1_800_000_000);
      const issuer = await createIssuer({
        issuer: `https://issuer.test${path}`,
        now: clock.now,
        lifetime: 36_000,
        algorithms: ['ES256', 'HS256'],
      });
      const remote = { fetch: issuer.fetch, now: clock.now };
      for (const keys of [KeySet.fromUrl(issuer.jwksUrl, remote), KeySet.discover(issuer.issuer, remote)]) {
        const verifier = new Verifier({ ...issuer.rules, keys });
        const before = await issuer.token();
        await verifier.verify(before);
        assert.equal(keys.size, 1, 'secrets are not published:');
        await issuer.rotate();
        clock.advance(30);
        await verifier.verify(await issuer.token());
        await verifier.verify(before);
        await issuer.rotate({ withdraw: true });
        clock.advance(600);
        await assert.rejects('ERR_JWKS_NO_MATCHING_KEY', verifier.verify(before));
        await verifier.verify(await issuer.token());
      }
    }
    for (const wrong of [{ algorithm: 'RS256' }, { issuer: 'issuer' }, { algorithms: [] }, { algorithms: ['none'] }, null]) {
      await assert.rejects('ERR_INVALID_ARG', createIssuer(wrong));
    }
    await assert.rejects('ERR_INVALID_ARG', (await createIssuer()).token({}, { alg: 'RS256' }));
    await assert.rejects('ERR_INVALID_ARG', (await createIssuer()).wrong('nonsense'));
    // An option that is not read would leave the token as it is, and the test that asked for it would see nothing.
    await assert.rejects('ERR_INVALID_ARG', (await createIssuer()).token({}, { algorithm: 'RS256' }));
    await assert.rejects('ERR_INVALID_ARG', (await createIssuer()).wrong('changed-payload', {}, { header: {} }));
    await assert.rejects('ERR_INVALID_ARG', (await createIssuer()).rotate({ withdrawn: true }));
  });

  test('an issuer fails in every way it is told to, as often as it is told, and is well again', async () => {
    const { createIssuer } = await testing();
    const issuer = await createIssuer();
    const failed = {
      ERR_JWKS_FETCH_FAILED: ['down', 'rate-limited', 'missing', 'unreachable', 'lost', 'html', 'truncated', 'huge', 'loop', 'redirect'],
      ERR_JWKS_TIMEOUT: ['silent', 'endless'],
    };
    const set = () => KeySet.fromUrl(issuer.jwksUrl, { fetch: issuer.fetch, timeoutMs: 100 });
    for (const [code, failures] of Object.entries(failed)) {
      for (const failure of failures) {
        issuer.fail(failure);
        // A machine that is busy may be late for anything.
        const error = await assert.rejects(null, set().refresh());
        assert.ok(error.code === code || error.code === 'ERR_JWKS_TIMEOUT', `${failure}: ${error.code}`);
        issuer.recover();
        await set()
          .refresh()
          .catch((late) => assert.equal(late.code, 'ERR_JWKS_TIMEOUT'));
      }
    }
    issuer.fail('down', 1);
    assert.equal((await issuer.fetch(issuer.jwksUrl)).status, 503);
    assert.equal((await issuer.fetch(issuer.jwksUrl)).status, 200);
    issuer.fail(({ url }) => (url === issuer.jwksUrl ? Response.json({ keys: [] }) : undefined));
    assert.same(await (await issuer.fetch(issuer.jwksUrl)).json(), { keys: [] });
    assert.equal((await (await issuer.fetch(`${issuer.issuer}/.well-known/openid-configuration`)).json()).jwks_uri, issuer.jwksUrl);
    for (const args of [['nonsense'], ['toString'], ['down', 0], ['down', NaN]])
      assert.throws('ERR_INVALID_ARG', () => issuer.fail(...args));
    const { method, url, headers } = issuer.requests.at(-1);
    assert.same([method, url, headers instanceof Headers], ['GET', `${issuer.issuer}/.well-known/openid-configuration`, true]);
    const stop = new AbortController();
    issuer.fail('silent');
    const waiting = issuer.fetch(issuer.jwksUrl, { signal: stop.signal });
    stop.abort(new Error('enough'));
    assert.equal((await assert.rejects(null, waiting)).message, 'enough');
  });

  /** An API behind a guard that takes the tokens of the endpoint, and a session that calls it. */
  async function scene(options, grantOf = ({ tokenUrl, revokeUrl }) => jsonLogin({ tokenUrl, revokeUrl }), session = {}) {
    const { createClock, createIssuer, createTokenEndpoint } = await testing();
    const clock = createClock(1_800_000_000);
    const issuer = await createIssuer({ now: clock.now });
    const endpoint = createTokenEndpoint({ issuer, ...options });
    const guard = createBearerGuard({
      verifier: new Verifier({ ...issuer.rules, keys: KeySet.fromJwks(issuer.jwks()), isRevoked: () => false }),
    });
    const api = guard.protect((request, { payload }) =>
      endpoint.accepts(request) ? Response.json(payload) : new Response(null, { status: 401 }),
    );
    const fetch = (input, init) =>
      new URL(input.url ?? input).origin === 'https://api.test' ? api(new Request(input, init)) : endpoint.fetch(input, init);
    const bearer = createBearerFetch({
      resources: 'https://api.test/',
      fetch,
      session: { grant: grantOf(endpoint), now: clock.now, store: memoryStore(), retry: { baseMs: 1, capMs: 2 }, ...session },
    });
    const subject = async () => (await (await bearer('https://api.test/me')).json()).sub;
    return { clock, issuer, endpoint, bearer, subject };
  }

  test('a sign-in with a password: refresh tokens rotate, reuse ends it, and so does giving back', async () => {
    const { clock, endpoint, bearer, subject } = await scene({ users: { grace: 'cobol' } });
    await assert.rejects('ERR_LOGIN_REJECTED', bearer.session.login({ username: 'grace', password: 'fortran' }));
    await assert.rejects('ERR_LOGIN_REJECTED', bearer.session.login({ username: 'toString', password: 'cobol' }));
    await bearer.session.login({ username: 'grace', password: 'cobol' });
    assert.equal(await subject(), 'grace');
    clock.advance(3600);
    assert.equal(await subject(), 'grace');
    assert.same([endpoint.issued, endpoint.signIns, endpoint.refused, endpoint.reuses], [2, 1, 2, 0]);
    const [[used, { sentAt }]] = endpoint.refreshTokens;
    assert.same([...sentAt], [clock.now()]);
    const again = await endpoint.fetch(endpoint.tokenUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refresh_token: used }),
    });
    assert.same([again.status, await again.json()], [400, { error: 'invalid_grant' }]);
    assert.equal(endpoint.reuses, 1);
    assert.equal((await bearer('https://api.test/me')).status, 401);
    await bearer.session.login({ username: 'grace', password: 'cobol' });
    const token = await bearer.session.getAccessToken();
    assert.ok(endpoint.accepts(token), 'good');
    assert.same(await bearer.session.logout(), { revoked: true, stored: true });
    assert.ok(!endpoint.accepts(token) && endpoint.revocations > 0, 'given back');
  });

  test('without rotation a refresh token stays good, and within the window a used one is answered once more', async () => {
    const { createClock, createTokenEndpoint } = await testing();
    const clock = createClock(1_800_000_000);
    const send = async (endpoint, body) =>
      (await endpoint.fetch(endpoint.tokenUrl, { method: 'POST', body: new URLSearchParams(body) })).json();
    const steady = createTokenEndpoint({ rotation: false, now: clock.now });
    const first = await send(steady, { grant_type: 'password', username: 'ada', password: 'x' });
    for (let round = 0; round < 3; round++) assert.equal((await send(steady, first)).refresh_token, first.refresh_token);
    const window = createTokenEndpoint({ replayWindowMs: 1000, now: clock.now });
    const { refresh_token } = await send(window, { username: 'ada', password: 'x' });
    await send(window, { refresh_token });
    clock.advance(0.9);
    assert.equal((await send(window, { refresh_token })).access_token, 'access-3');
    clock.advance(0.1);
    assert.same(await send(window, { refresh_token }), { error: 'invalid_grant' });
    assert.throws('ERR_INVALID_ARG', () => createTokenEndpoint({ refresh: true }));
    assert.throws('ERR_INVALID_ARG', () => createTokenEndpoint({ lifetime: 0 }));
    window.endSignIns();
    assert.ok(!window.accepts('access-3'), 'ended');
    assert.same(await send(window, { grant_type: 'implicit' }), { error: 'unsupported_grant_type' });
    assert.same(await send(window, { password: 'x' }), { error: 'invalid_request' });
  });

  test('a session outlives each failure of the token endpoint, and a lost answer', async () => {
    const { clock, endpoint, bearer, subject } = await scene({ replayWindowMs: 10_000 });
    await bearer.session.login({ username: 'ada', password: 'x' });
    for (const failure of ['down', 'rate-limited', 'unreachable', 'lost']) {
      clock.advance(3600);
      endpoint.fail(failure, 1);
      await bearer.session.getAccessToken().catch(({ code }) => assert.equal(code, 'ERR_TOKEN_REFRESH_UNAVAILABLE', failure));
      clock.advance(5);
      assert.equal(await subject(), 'ada', failure);
    }
    assert.equal(endpoint.reuses, 0);
    clock.advance(3600);
    endpoint.fail('invalid_grant', 1);
    await assert.rejects(null, bearer.session.getAccessToken());
    assert.equal(bearer.session.snapshot.status, 'signed-out');
  });

  test('client credentials, and a client that is another one', async () => {
    const grantOf =
      (secret) =>
      ({ tokenUrl }) =>
        oauth2({ tokenEndpoint: tokenUrl, clientId: 'svc', clientSecret: secret, scope: 'read', grant: 'client_credentials' });
    const { endpoint, subject } = await scene({ clients: { svc: 'hush: hush' } }, grantOf('hush: hush'));
    assert.equal(await subject(), 'svc');
    assert.equal(endpoint.refreshTokens.size, 0);
    const other = await scene({ clients: { svc: 'hush' } }, grantOf('other'));
    await assert.rejects('ERR_TOKEN_ENDPOINT_MISCONFIGURED', other.subject());
  });

  test('an authorization code with PKCE, by endpoints that the metadata name', async () => {
    const { createClock, createIssuer, createTokenEndpoint } = await testing();
    const clock = createClock(1_800_000_000);
    const issuer = await createIssuer({ now: clock.now });
    const { fetch, refused } = createTokenEndpoint({ issuer });
    const session = createSession({
      grant: authorizationCode({ issuer: issuer.issuer, clientId: 'app', redirectUri: 'https://app.test/back' }),
      fetch,
      now: clock.now,
    });
    const { url } = await beginAuthorization(session);
    const { headers } = await fetch(url);
    assert.equal((await completeAuthorization(session, headers.get('location'))).status, 'active');
    assert.equal(refused, 0);
    const { url: second } = await beginAuthorization(session);
    const stolen = (await fetch(second)).headers.get('location');
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code: new URL(stolen).searchParams.get('code'),
      redirect_uri: 'https://app.test/back',
      code_verifier: 'x'.repeat(43),
    });
    assert.equal((await fetch(`${issuer.issuer}/token`, { method: 'POST', body })).status, 400);
  });

  test('a clock takes seconds and a Date, and nothing else', async () => {
    const { createClock } = await testing();
    const clock = createClock(new Date(1_800_000_000_500));
    assert.same([clock.now(), clock.seconds()], [1_800_000_000_500, 1_800_000_000.5]);
    clock.advance(-0.5);
    assert.equal(clock.seconds(), 1_800_000_000);
    clock.set(5);
    assert.equal(clock.now(), 5000);
    assert.ok(Math.abs(createClock().now() - Date.now()) < 10_000, 'now');
    for (const wrong of [1_800_000_000_000, NaN, 'x', new Date(NaN)]) {
      assert.throws('ERR_INVALID_ARG', () => createClock(wrong));
      assert.throws('ERR_INVALID_ARG', () => clock.set(wrong));
      if (wrong !== 1_800_000_000_000) assert.throws('ERR_INVALID_ARG', () => clock.advance(wrong));
    }
  });
};
