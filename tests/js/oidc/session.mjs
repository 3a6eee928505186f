// Sessions with a real provider that rotates refresh tokens and ends the grant whose token comes twice.
//
// `visit(url)` goes where the user would be sent and answers the URL that came back.

export default ({ test, assert, tokenward, issuer, redirectUri, visit, storeOf }) => {
  const { authorizationCode, beginAuthorization, completeAuthorization, createBearerFetch, createSession, oauth2 } = tokenward;

  const userinfo = `${issuer}/me`;
  const grant = () => authorizationCode({ issuer, clientId: 'app', redirectUri, scope: 'openid' });

  /** Signs in: one page sends the user away, another one on the same store takes them back. */
  async function signedIn(more) {
    const store = storeOf();
    const { url } = await beginAuthorization(createSession({ grant: grant(), store }));
    const session = createSession({ grant: grant(), store, ...more });
    const snapshot = await completeAuthorization(session, await visit(url));
    assert.equal(snapshot.status, 'active');
    return { bearer: createBearerFetch({ session, resources: userinfo }), session, store };
  }

  async function refreshTokenOf(session, store) {
    let found;
    await session.getAccessToken();
    for (const key of store.keys) found = JSON.parse((await store.load(key))?.record ?? '{}').refresh ?? found;
    return found;
  }

  const post = (path, form) => fetch(issuer + path, { method: 'POST', body: new URLSearchParams(form) });

  test('signs in by code and PKCE, with endpoints out of the metadata, and is who it says', async () => {
    const { bearer } = await signedIn();
    assert.same(await (await bearer(userinfo)).json(), { sub: 'ada' });
  });

  test('ten rotations, each asked for by ten callers, and the provider never sees a token twice', async () => {
    // On its own clock, because more than five requests in half a minute the session refuses to send.
    let now = Date.now();
    const { bearer, session } = await signedIn({ now: () => now });
    const given = new Set();
    for (let round = 0; round < 10; round++) {
      now += 60_000;
      const tokens = await Promise.all(Array.from({ length: 10 }, () => session.getAccessToken({ forceRefresh: true })));
      tokens.forEach((token) => given.add(token));
      assert.equal((await bearer(userinfo)).status, 200);
    }
    assert.equal(given.size, 10);
    assert.equal(session.snapshot.generation, 11);
  });

  test('a refresh token that somebody else used ends the session, and the 401 is delivered', async () => {
    const { bearer, session, store } = await signedIn();
    const stolen = await refreshTokenOf(session, store);
    const ended = new Promise((resolve) => session.on('ended', resolve));
    const thief = { grant_type: 'refresh_token', refresh_token: stolen, client_id: 'app' };
    assert.equal((await post('/token', thief)).status, 200);
    assert.equal((await post('/token', thief)).status, 400);
    await new Promise((resolve) => setTimeout(resolve, 5_100));
    const response = await bearer(userinfo);
    assert.equal(response.status, 401);
    await response.text();
    assert.equal((await ended).reason, 'refresh-rejected');
    await assert.rejects('ERR_SESSION_SIGNED_OUT', bearer(userinfo));
  });

  test('logout revokes both tokens', async () => {
    const { session, store } = await signedIn();
    const token = await session.getAccessToken();
    const refresh = await refreshTokenOf(session, store);
    assert.same(await session.logout(), { revoked: true, stored: true });
    assert.equal((await fetch(userinfo, { headers: { authorization: `Bearer ${token}` } })).status, 401);
    const again = await post('/token', { grant_type: 'refresh_token', refresh_token: refresh, client_id: 'app' });
    assert.same([again.status, (await again.json()).error], [400, 'invalid_grant']);
  });

  test('a code is taken once, and by nobody without its verifier', async () => {
    const store = storeOf();
    const session = createSession({ grant: grant(), store });
    const { url } = await beginAuthorization(session);
    const back = new URL(await visit(url));
    const stolen = { grant_type: 'authorization_code', code: back.searchParams.get('code'), redirect_uri: redirectUri, client_id: 'app' };
    assert.equal((await post('/token', { ...stolen, code_verifier: 'x'.repeat(43) })).status, 400);
    const wrong = new URL(back);
    wrong.searchParams.delete('iss');
    // The provider announces that its responses name it (RFC 9207), so one that does not is not its own.
    await assert.rejects('ERR_LOGIN_REJECTED', completeAuthorization(session, wrong));
    await assert.rejects('ERR_INVALID_ARG', completeAuthorization(session, back));
  });

  test('client credentials, with the token endpoint out of the metadata', async () => {
    const service = oauth2({ issuer, clientId: 'suite', clientSecret: 'a secret of the suite', grant: 'client_credentials' });
    const session = createSession({ grant: service });
    const [one, two] = await Promise.all([session.getAccessToken(), session.getAccessToken()]);
    assert.equal(one, two);
    const wrong = oauth2({ issuer, clientId: 'suite', clientSecret: 'another', grant: 'client_credentials' });
    const error = await assert.rejects('ERR_TOKEN_ENDPOINT_MISCONFIGURED', createSession({ grant: wrong }).getAccessToken());
    assert.equal(error.oauthError, 'invalid_client');
  });

  test('metadata of another issuer is not used', async () => {
    const other = oauth2({ issuer: `${issuer}/`, clientId: 'suite', clientSecret: 'a secret of the suite', grant: 'client_credentials' });
    await assert.rejects('ERR_TOKEN_ENDPOINT_MISCONFIGURED', createSession({ grant: other }).getAccessToken());
  });
};
