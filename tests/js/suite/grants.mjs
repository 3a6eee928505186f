// Every grant and every store, through the package.

const AUTH = 'https://login.test';

export default ({ test, long, assert, tokenward, host }) => {
  const {
    authorizationCode,
    beginAuthorization,
    completeAuthorization,
    cookieRefresh,
    createSession,
    customGrant,
    indexedDbStore,
    jsonLogin,
    memoryStore,
    oauth2,
    webStore,
  } = tokenward;

  /** A session over `grant`, with a token endpoint that answers with numbered tokens. */
  function world(grant, more = {}) {
    const state = { now: 1_800_000_000_000, requests: [], answer: undefined };
    const fetch = async (url, init) => {
      state.requests.push({ url: String(url), body: String(init.body ?? ''), headers: new Headers(init.headers), init });
      const number = state.requests.length;
      return (
        state.answer?.(number)
        ?? Response.json({ access_token: `access-${number}`, refresh_token: `refresh-${number}`, token_type: 'Bearer', expires_in: 60 })
      );
    };
    return Object.assign(state, { session: createSession({ grant, fetch, now: () => state.now, ...more }) });
  }

  test('oauth2 with client credentials signs in by itself', async () => {
    const grant = oauth2({
      tokenEndpoint: `${AUTH}/token`,
      clientId: 'svc',
      clientSecret: 'hush',
      scope: 'read',
      grant: 'client_credentials',
    });
    const state = world(grant);
    assert.equal(await state.session.getAccessToken(), 'access-1');
    assert.equal(state.requests[0].headers.get('authorization'), `Basic ${btoa('svc:hush')}`);
    assert.equal(state.requests[0].body, 'grant_type=client_credentials&scope=read');
    assert.equal(state.requests[0].init.credentials, undefined);
  });

  test('oauth2 with a refresh token uses the newest one, and revokes at logout', async () => {
    const state = world(
      oauth2({
        tokenEndpoint: `${AUTH}/token`,
        revocationEndpoint: `${AUTH}/revoke`,
        clientId: 'app',
        grant: 'refresh_token',
        refreshToken: 'refresh-0',
      }),
    );
    await state.session.getAccessToken();
    state.now += 60_000;
    await state.session.getAccessToken();
    assert.same(
      state.requests.map(({ body }) => new URLSearchParams(body).get('refresh_token')),
      ['refresh-0', 'refresh-1'],
    );
    assert.same(await state.session.logout(), { revoked: true, stored: true });
    assert.same(
      state.requests.slice(2).map(({ url, body }) => [url, new URLSearchParams(body).get('token')]),
      [
        [`${AUTH}/revoke`, 'refresh-2'],
        [`${AUTH}/revoke`, 'access-2'],
      ],
    );
  });

  test('oauth2 says what does not fit', () => {
    const wrong = [
      {},
      { clientId: 'a' },
      { clientId: '', grant: 'client_credentials' },
      { clientId: 'a', grant: 'password' },
      { clientId: 'a', grant: 'client_credentials', clientAuth: 'client_secret_basic' },
      { clientId: 'a', grant: 'client_credentials', clientSecret: 's', clientAuth: 'none' },
    ];
    for (const options of wrong) {
      assert.throws('ERR_INVALID_ARG', () => createSession({ grant: oauth2({ tokenEndpoint: `${AUTH}/token`, ...options }) }));
    }
    const eventual = { ...memoryStore(), consistency: 'eventual' };
    const client = { tokenEndpoint: `${AUTH}/token`, clientId: 'a' };
    assert.throws('ERR_INVALID_ARG', () => createSession({ store: eventual, grant: oauth2({ ...client, grant: 'refresh_token' }) }));
    createSession({ store: eventual, grant: oauth2({ ...client, clientSecret: 's', grant: 'client_credentials' }) });
  });

  test('authorizationCode sends a challenge, takes a code once, and checks state and issuer', async () => {
    const grant = authorizationCode({
      authorizationEndpoint: `${AUTH}/authorize`,
      tokenEndpoint: `${AUTH}/token`,
      clientId: 'app',
      redirectUri: 'https://app.test/back',
      issuer: AUTH,
    });
    const state = world(grant);
    const { url, state: name } = await beginAuthorization(state.session);
    const query = new URL(url).searchParams;
    assert.equal(query.get('state'), name);
    assert.equal(query.get('code_challenge_method'), 'S256');
    const back = (more) => `https://app.test/back?${new URLSearchParams({ state: name, code: 'c0de', iss: AUTH, ...more })}`;
    await assert.rejects('ERR_INVALID_ARG', completeAuthorization(state.session, back({ state: 'another' })));
    assert.equal((await completeAuthorization(state.session, back())).status, 'active');
    const sent = new URLSearchParams(state.requests.find(({ url: to }) => to === `${AUTH}/token`).body);
    assert.equal(sent.get('code'), 'c0de');
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(sent.get('code_verifier'))));
    const challenge = btoa(String.fromCharCode(...digest))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '');
    assert.equal(query.get('code_challenge'), challenge);
    await assert.rejects('ERR_INVALID_ARG', completeAuthorization(state.session, back()));
    const { state: second } = await beginAuthorization(state.session);
    await assert.rejects('ERR_LOGIN_REJECTED', completeAuthorization(state.session, back({ state: second, iss: 'https://evil.test' })));
    const { state: third } = await beginAuthorization(state.session);
    const denied = `https://app.test/back?state=${third}&error=access_denied`;
    assert.equal((await assert.rejects('ERR_LOGIN_REJECTED', completeAuthorization(state.session, denied))).oauthError, 'access_denied');
    await assert.rejects('ERR_INVALID_ARG', beginAuthorization(createSession({ grant: jsonLogin({ tokenUrl: `${AUTH}/token` }) })));
  });

  long('an authorization ends in time where the issuer or the store never answers', async () => {
    const never = () => new Promise(() => {});
    const client = { clientId: 'app', redirectUri: 'https://app.test/back', tokenEndpoint: `${AUTH}/token` };
    const discovering = world(authorizationCode({ ...client, issuer: AUTH }), { timeoutMs: 30 });
    discovering.answer = never;
    await assert.rejects('ERR_TOKEN_TIMEOUT', beginAuthorization(discovering.session));
    assert.ok(discovering.requests.every(({ init }) => init.signal.aborted));
    const store = { ...memoryStore(), save: never, load: never, clear: never };
    const { session } = world(authorizationCode({ ...client, authorizationEndpoint: `${AUTH}/authorize` }), { store });
    await Promise.all([
      assert.rejects('ERR_TOKEN_STORE_UNAVAILABLE', beginAuthorization(session)),
      assert.rejects('ERR_TOKEN_STORE_UNAVAILABLE', completeAuthorization(session, `https://app.test/back?code=c&state=${'A'.repeat(43)}`)),
    ]);
    session.close();
  });

  test("endpoints come out of the issuer's metadata: behind its path, then before it, and once", async () => {
    const issuer = 'https://login.test/tenant';
    const places = [`${issuer}/.well-known/openid-configuration`, 'https://login.test/.well-known/oauth-authorization-server/tenant'];
    const metadata = { issuer, token_endpoint: `${issuer}/token`, revocation_endpoint: `${issuer}/revoke` };
    const discovering = (answer, more) => {
      const grant = oauth2({ issuer, clientId: 'svc', clientSecret: 'hush', grant: 'client_credentials' });
      const asked = [];
      const fetch = async (url, init) => {
        asked.push(String(url));
        if (url.endsWith('/token')) return Response.json({ access_token: `access-${asked.length}`, token_type: 'Bearer', expires_in: 60 });
        if (url.endsWith('/revoke')) return new Response(null, { status: 200 });
        assert.equal(init.redirect, 'manual');
        return answer(url);
      };
      const state = { asked, now: 1_800_000_000_000 };
      return Object.assign(state, { session: createSession({ grant, fetch, now: () => state.now, ...more }) });
    };
    const state = discovering((url) =>
      url === places[1] ? Response.json(metadata) : new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } }),
    );
    await state.session.getAccessToken();
    state.now += 60_000;
    await state.session.getAccessToken();
    assert.same(await state.session.logout(), { revoked: true, stored: true });
    assert.same(state.asked, [...places, `${issuer}/token`, `${issuer}/token`, `${issuer}/revoke`]);

    const wrong = {
      ERR_TOKEN_ENDPOINT_MISCONFIGURED: [
        { ...metadata, issuer: 'https://login.test' },
        { ...metadata, issuer: `${issuer}/` },
        { ...metadata, token_endpoint: 7 },
        { issuer },
        { ...metadata, token_endpoint: 'http://login.test/token' },
        { ...metadata, token_endpoint: 'https://ada:pw@login.test/token' },
        { ...metadata, token_endpoint: '/token' },
        ...['127.0.0.1:8080', 'localhost', '[::1]', 'a.localhost'].map((host_) => ({
          ...metadata,
          token_endpoint: `http://${host_}/token`,
        })),
      ]
        .map((json) => () => Response.json(json))
        .concat(
          () => new Response(null, { status: 404 }),
          () => new Response(null, { status: 302, headers: { location: '/' } }),
        ),
      ERR_TOKEN_REFRESH_UNAVAILABLE: [
        () => new Response(null, { status: 503 }),
        () => {
          throw new TypeError('fetch failed');
        },
      ],
    };
    for (const [code, answers] of Object.entries(wrong)) {
      for (const answer of answers) {
        const { session, asked } = discovering(answer);
        const error = await assert.rejects(code, session.getAccessToken());
        assert.equal(error.retryable, code === 'ERR_TOKEN_REFRESH_UNAVAILABLE');
        assert.ok(!asked.some((url) => url.endsWith('/token')), 'credentials were sent');
      }
    }
    for (const bad of ['http://login.test', 'https://me:pw@login.test', 'ftp://login.test']) {
      const grant = oauth2({ issuer: bad, clientId: 'svc', clientSecret: 's', grant: 'client_credentials' });
      assert.throws('ERR_INSECURE_URL', () => createSession({ grant }));
    }
    assert.throws('ERR_INVALID_ARG', () =>
      createSession({
        grant: oauth2({ issuer: 'https://login.test/?q', clientId: 'svc', clientSecret: 's', grant: 'client_credentials' }),
      }),
    );
    assert.throws('ERR_INVALID_ARG', () => oauth2({ clientId: 'svc', clientSecret: 's', grant: 'client_credentials' }));
    const half = { clientId: 'app', redirectUri: 'https://app.test/', tokenEndpoint: `${issuer}/token` };
    assert.throws('ERR_INVALID_ARG', () => authorizationCode(half));
    const given = oauth2({ issuer, tokenEndpoint: `${issuer}/token`, clientId: 'svc', clientSecret: 's', grant: 'client_credentials' });
    const direct = world(given);
    await direct.session.getAccessToken();
    assert.same(
      direct.requests.map(({ url }) => url),
      [`${issuer}/token`],
    );
    direct.answer = () => (direct.requests.at(-1).url.endsWith('/revoke') ? new Response(null, { status: 200 }) : Response.json(metadata));
    assert.same(await direct.session.logout(), { revoked: true, stored: true });
    assert.same([...new Set(direct.requests.slice(1).map(({ url }) => url))], [places[0], `${issuer}/revoke`]);
  });

  test('jsonLogin reads and writes the names that its server uses', async () => {
    const fields = { accessToken: 'Token', refreshToken: 'renewal', expiresIn: 'ttl' };
    const state = world(jsonLogin({ tokenUrl: `${AUTH}/token`, refreshUrl: `${AUTH}/renew`, revokeUrl: `${AUTH}/revoke`, fields }));
    state.answer = (number) =>
      Response.json({
        Token: `access-${number}`,
        renewal: `refresh-${number}`,
        ttl: '60',
        access_token: 'wrong',
        refresh_token: 'wrong',
        expires_in: 1,
      });
    await state.session.login({ username: 'ada', password: 'x' });
    assert.equal(state.session.snapshot.expiresAt, state.now / 1000 + 60);
    state.now += 60_000;
    assert.equal(await state.session.getAccessToken(), 'access-2');
    await state.session.logout();
    assert.same(
      state.requests.slice(1).map(({ url, body }) => [url, JSON.parse(body)]),
      [
        [`${AUTH}/renew`, { renewal: 'refresh-1' }],
        [`${AUTH}/revoke`, { renewal: 'refresh-2' }],
      ],
    );
  });

  test('cookieRefresh posts with the cookie and a header', async () => {
    const state = world(cookieRefresh({ url: 'https://app.test/refresh' }));
    await state.session.getAccessToken();
    const [{ init, headers, body }] = state.requests;
    assert.equal(init.credentials, 'include');
    assert.equal(headers.get('x-requested-with'), 'tokenward');
    assert.equal(body, '');
  });

  test('customGrant calls its functions, and a thrown invalid_grant is a refusal', async () => {
    const asked = [];
    let refuse = false;
    const state = world(
      customGrant({
        acquire: async ({ signal }) => {
          asked.push(signal instanceof AbortSignal);
          return { access_token: 'mine', refresh_token: 'r1', expires_in: 60 };
        },
        refresh: async ({ refreshToken }) => {
          asked.push(refreshToken);
          if (refuse) throw Object.assign(new Error('no'), { error: 'invalid_grant' });
          return { access_token: 'newer', expires_in: 60 };
        },
        revoke: async (token) => void asked.push(`revoke ${token}`),
      }),
    );
    assert.equal(await state.session.getAccessToken(), 'mine');
    state.now += 60_000;
    assert.equal(await state.session.getAccessToken(), 'newer');
    refuse = true;
    state.now += 60_000;
    assert.equal(await state.session.getAccessToken(), 'mine');
    assert.same(await state.session.logout(), { revoked: true, stored: true });
    assert.same(asked, [true, 'r1', 'r1', true, 'revoke r1']);
  });

  test('a store is refused for what it cannot be made of', () => {
    for (const options of [{ db: 'mine' }, { database: 7 }, { database: 'a', name: 'b' }, 'mine', null]) {
      assert.throws('ERR_INVALID_ARG', () => indexedDbStore(options));
    }
    for (const area of ['cookie', '', undefined, {}]) assert.throws('ERR_INVALID_ARG', () => webStore(area));
  });

  test('sessions that would get other tokens share none, and those with the same options share theirs', async () => {
    const acquire = (token) => customGrant({ acquire: async () => ({ access_token: token, expires_in: 60 }) });
    const of = async (options, more) => {
      let number = 0;
      const { session } = world(options, {
        fetch: async () => Response.json({ access_token: `mine-${++number}-${Math.random()}`, token_type: 'Bearer', expires_in: 60 }),
        ...more,
      });
      const token = await session.getAccessToken();
      session.close();
      return token;
    };
    const client = (more) =>
      oauth2({ tokenEndpoint: `${AUTH}/token`, clientId: 'svc', clientSecret: 's', grant: 'client_credentials', ...more });
    const grants = {
      plain: () => client(),
      read: () => client({ scope: 'read' }),
      write: () => client({ scope: 'write' }),
      'another client': () => client({ clientId: 'svc#' }),
      given: () => client({ grant: 'refresh_token', refreshToken: 'r' }),
      cookie: () => cookieRefresh({ url: `${AUTH}/token` }),
      json: () => jsonLogin({ tokenUrl: `${AUTH}/token`, credentials: () => ({ username: 'ada', password: 'x' }) }),
    };
    const store = memoryStore();
    const tokens = {};
    for (const [name, grant] of Object.entries(grants)) tokens[name] = await of(grant(), { store });
    assert.equal(new Set(Object.values(tokens)).size, Object.keys(grants).length, JSON.stringify(tokens));
    for (const [name, grant] of Object.entries(grants)) assert.equal(await of(grant(), { store }), tokens[name], name);

    const error = assert.throws('ERR_INVALID_ARG', () => createSession({ grant: acquire('a'), store }));
    assert.ok(error.message.includes('"name"'), error.message);
    assert.same([await of(acquire('a'), { store, name: 'a' }), await of(acquire('b'), { store, name: 'b' })], ['a', 'b']);
    assert.same([await of(acquire('a')), await of(acquire('b'))], ['a', 'b']);
  });

  const stores = { memory: memoryStore };
  if (typeof indexedDB === 'object') stores.indexedDb = () => indexedDbStore({ database: `test-${Math.random()}` });
  // No worker has them.
  if (host === 'browser' && typeof localStorage === 'object') {
    stores.local = () => webStore('local');
    stores.session = () => webStore('session');
  }
  for (const [name, make] of Object.entries(stores)) {
    test(`${name}: a record changes only where its version is the expected one`, async () => {
      const store = make();
      const key = `key-${Math.random()}`;
      assert.equal(await store.load(key), null);
      const first = await store.save(key, 'one', null);
      assert.equal(first.ok, true);
      assert.same(await store.save(key, 'x', null), { ok: false });
      assert.same(await store.save(key, 'x', 'never'), { ok: false });
      assert.same(await store.load(key), { record: 'one', version: first.version });
      const second = await store.save(key, 'two', first.version);
      assert.ok(second.ok && second.version !== first.version);
      assert.equal(await store.clear(key, first.version), false);
      const [won, lost] = await Promise.all([store.save(key, 'a', second.version), store.save(key, 'b', second.version)]);
      assert.same([won.ok, lost.ok].sort(), [false, true]);
      const { version } = await store.load(key);
      assert.equal(await store.clear(key, version), true);
      assert.equal(await store.load(key), null);
      const again = await store.save(key, 'one', null);
      assert.ok(again.ok && ![first.version, second.version, version].includes(again.version), 'a version that never was');
      await store.clear(key, again.version);
    });

    // A tab's own storage tells nobody of changes: there is nobody to tell.
    if (name === 'session') continue;
    test(`${name}: two sessions share one sign-in, one refresh, one logout`, async () => {
      const store = make();
      const options = { store, name: `shared-${Math.random()}` };
      const grant = jsonLogin({ tokenUrl: `${AUTH}/token` });
      const one = world(grant, options);
      const two = world(grant, options);
      await one.session.login({ username: 'ada', password: 'x' });
      assert.equal(await two.session.getAccessToken(), 'access-1');
      one.now += 60_000;
      two.now += 60_000;
      const both = await Promise.all([one.session.getAccessToken(), two.session.getAccessToken()]);
      assert.equal(both[0], both[1]);
      assert.equal(one.requests.length + two.requests.length, 2);
      await one.session.logout();
      for (let turn = 0; two.session.snapshot.status === 'active' && turn < 200 && host !== 'workerd'; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await assert.rejects('ERR_SESSION_SIGNED_OUT', two.session.getAccessToken());
      one.session.close();
      two.session.close();
    });
  }
};
