// Authorization requests between the two visits: where they wait, how many, for how long, and which responses they take.

export const half = 'session';

const AUTH = 'https://login.test';
const CLIENT = { tokenEndpoint: `${AUTH}/token`, clientId: 'app', redirectUri: 'https://app.test/back' };
const HOUR = 3_600_000;

export default ({ test, assert, tokenward }) => {
  const { authorizationCode, beginAuthorization, completeAuthorization, createSession, customGrant, memoryStore, oauth2 } = tokenward;

  /** A store that shows its rows and counts its calls. */
  function openStore() {
    const rows = new Map();
    const calls = [];
    let versions = 0;
    const version = (key) => rows.get(key)?.version ?? null;
    return {
      rows,
      calls,
      shared: 'global',
      consistency: 'strong',
      async load(key) {
        calls.push(['load', key]);
        return rows.get(key) ?? null;
      },
      async save(key, record, expect, ttlSeconds) {
        calls.push(['save', key, ttlSeconds]);
        if (version(key) !== expect) return { ok: false };
        rows.set(key, { record, version: String((versions += 1)) });
        return { ok: true, version: String(versions) };
      },
      async clear(key, expect) {
        calls.push(['clear', key]);
        return version(key) === expect && rows.delete(key);
      },
    };
  }

  function world(grant = {}, more = {}) {
    const state = { now: 1_800_000_000_000, requests: [], metadata: () => new Response(null, { status: 404 }), store: openStore() };
    const fetch = async (url, { body }) => {
      if (!url.endsWith('/token')) return state.metadata(url);
      state.requests.push(String(body));
      return Response.json({ access_token: `access-${state.requests.length}`, token_type: 'Bearer', expires_in: 60 });
    };
    const options = {
      grant: authorizationCode({ authorizationEndpoint: `${AUTH}/authorize`, ...CLIENT, ...grant }),
      name: 'shop',
      store: state.store,
      fetch,
      now: () => state.now,
      ...more,
    };
    return Object.assign(state, { options, session: createSession(options) });
  }

  const back = (state, more) => `https://app.test/back?${new URLSearchParams({ code: 'c0de', state, ...more })}`;

  test('a link with any other state does nothing: no store is asked and nothing is sent', async () => {
    const state = world({ issuer: AUTH });
    for (const name of ['shop:billing', 'shop:', 'pending:shop', 'shop-pending']) {
      const other = createSession({
        name,
        store: state.store,
        grant: customGrant({ acquire: async () => ({ access_token: 'BILLING', expires_in: 60 }) }),
        now: () => state.now,
      });
      await other.getAccessToken();
      other.close();
    }
    const before = JSON.stringify([...state.store.rows]);
    state.store.calls.length = 0;
    const almost = 'A'.repeat(42);
    for (const name of [
      'billing',
      '',
      ':billing',
      'A'.repeat(44),
      almost,
      `${almost}B`,
      `${almost}=`,
      `${almost}:`,
      `${almost}\n`,
      '\u{1f600}'.repeat(43),
    ]) {
      await assert.rejects('ERR_INVALID_ARG', completeAuthorization(state.session, back(name)));
    }
    await assert.rejects('ERR_INVALID_ARG', completeAuthorization(state.session, 'https://app.test/back?code=x'));
    await assert.rejects('ERR_INVALID_ARG', completeAuthorization(state.session, `${back(`${almost}A`)}&pad=${'x'.repeat(70_000)}`));
    assert.same(state.store.calls, []);
    await assert.rejects('ERR_INVALID_ARG', completeAuthorization(state.session, back(`${almost}A`)));
    assert.same(state.store.calls, [['load', 'tokenward-pending:shop']]);
    assert.same([JSON.stringify([...state.store.rows]), state.requests], [before, []]);
  });

  test('requests that wait are one record, which no name of a session leads to', async () => {
    const state = world();
    const { state: name } = await beginAuthorization(state.session);
    const [pending] = state.store.rows.keys();
    for (const tail of ['shop', `shop:${name}`, '-pending:shop', 'pending:shop']) {
      const other = createSession({
        name: tail,
        store: state.store,
        grant: customGrant({ acquire: async () => ({ access_token: 'a', expires_in: 60 }) }),
        now: () => state.now,
      });
      const size = state.store.rows.size;
      await other.getAccessToken();
      assert.equal(state.store.rows.size, size + 1, tail);
      await other.logout();
      other.close();
      assert.ok(state.store.rows.has(pending), tail);
      for (const key of state.store.rows.keys()) if (key !== pending) state.store.rows.delete(key);
    }
    assert.equal((await completeAuthorization(state.session, back(name))).status, 'active');
  });

  test('names that differ in a control character or a lone surrogate have records of their own', async () => {
    const store = openStore();
    const names = ['a', 'a\0', 'a\n', 'a!0;', 'a\ud800', 'a\ud801', 'a\ufffd', 'a\ufffe'];
    for (const [at, name] of names.entries()) {
      const session = createSession({
        name,
        store,
        grant: customGrant({ acquire: async () => ({ access_token: `a${at}`, expires_in: 60 }) }),
      });
      assert.equal(await session.getAccessToken(), `a${at}`);
      session.close();
    }
    assert.equal(new Set([...store.rows.keys()].map((key) => encodeURIComponent(key))).size, names.length);
  });

  test('token endpoints that differ in their query have records of their own', async () => {
    const store = openStore();
    for (const tenant of ['a', 'b', '']) {
      const grant = oauth2({
        tokenEndpoint: `${AUTH}/token${tenant && `?tenant=${tenant}`}`,
        clientId: 'c',
        clientSecret: 's',
        grant: 'client_credentials',
      });
      const fetch = async () => Response.json({ access_token: `token-${tenant}`, token_type: 'Bearer', expires_in: 60 });
      const session = createSession({ grant, store, fetch });
      assert.equal(await session.getAccessToken(), `token-${tenant}`);
      session.close();
    }
    assert.equal(store.rows.size, 3);
  });

  test('a record that is not one of waiting requests answers nothing and is replaced', async () => {
    const state = world();
    const { state: name } = await beginAuthorization(state.session);
    const [[key, { record }]] = state.store.rows;
    const verifier = JSON.parse(record).pending[0].verifier;
    const entry = { at: state.now, state: name, verifier };
    const odd = [
      verifier,
      '',
      '[]',
      '{}',
      '{"v":1}',
      `{"v":1,"pending":{}}`,
      { v: 2, pending: [entry] },
      { v: 1, pending: [{ ...entry, verifier: 'REFRESH-TOKEN' }] },
      { v: 1, pending: [{ ...entry, at: 'now' }] },
      { v: 1, pending: [{ ...entry, state: 7 }, entry] },
      { v: 1, pending: Array(9).fill(entry) },
      { v: 1, epoch: 1, generation: 1, access: 'BILLING', sent: state.now },
      { v: 1, pending: [entry], pad: 'x'.repeat(600_000) },
    ];
    for (const each of odd) {
      const written = typeof each === 'string' ? each : JSON.stringify(each);
      state.store.rows.set(key, { record: written, version: 'odd' });
      await assert.rejects('ERR_INVALID_ARG', completeAuthorization(state.session, back(name)));
      assert.equal(state.store.rows.get(key).record, written);
    }
    assert.same(state.requests, []);
    const { state: next } = await beginAuthorization(state.session);
    assert.equal((await completeAuthorization(state.session, back(next))).status, 'active');
  });

  test('the newest eight requests wait, for an hour, and logout forgets them', async () => {
    const state = world();
    const begin = async (count) => Promise.all(Array.from({ length: count }, async () => (await beginAuthorization(state.session)).state));
    const names = await begin(100);
    assert.equal(state.store.rows.size, 1);
    assert.equal(JSON.parse([...state.store.rows.values()][0].record).pending.length, 8);
    assert.ok(state.store.calls.every(([call, , ttlSeconds]) => call !== 'save' || ttlSeconds === 3600));
    await assert.rejects('ERR_INVALID_ARG', completeAuthorization(state.session, back(names[91])));
    assert.equal((await completeAuthorization(state.session, back(names[92]))).status, 'active');
    state.now += HOUR + 1;
    await assert.rejects('ERR_INVALID_ARG', completeAuthorization(state.session, back(names[99])));
    const [late] = await begin(1);
    state.now += HOUR;
    assert.equal((await completeAuthorization(state.session, back(late))).status, 'active');
    const [last] = await begin(2);
    await state.session.logout();
    assert.same(
      [...state.store.rows.keys()].filter((key) => key.includes('pending')),
      [],
    );
    await assert.rejects('ERR_INVALID_ARG', completeAuthorization(state.session, back(last)));
  });

  test('a clock that goes back neither loses a request nor keeps it for ever', async () => {
    const state = world();
    const { state: name } = await beginAuthorization(state.session);
    state.now -= 90_000;
    const { state: second } = await beginAuthorization(state.session);
    assert.equal((await completeAuthorization(state.session, back(name))).status, 'active');
    state.now -= 2 * HOUR;
    await assert.rejects('ERR_INVALID_ARG', completeAuthorization(state.session, back(second)));
  });

  test("instances that begin and complete at once get in no other's way, and each request is completed once", async () => {
    for (const isolation of ['shared', 'request']) {
      const state = world({}, { isolation });
      const sessions = Array.from({ length: 4 }, () => createSession(state.options));
      const begun = await Promise.all(sessions.map((session) => beginAuthorization(session)));
      const results = await Promise.allSettled(
        [...sessions, ...sessions].map((session, at) => completeAuthorization(session, back(begun[at % 4].state))),
      );
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 4, isolation);
      assert.equal(new Set(state.requests.map((body) => new URLSearchParams(body).get('code_verifier'))).size, 4, isolation);
      for (const session of sessions) session.close();
    }
  });

  test('a store that never agrees ends after a bounded number of attempts', async () => {
    const store = { ...openStore(), save: async () => ({ ok: false }) };
    const { session } = world({}, { store });
    await assert.rejects('ERR_TOKEN_STORE_UNAVAILABLE', beginAuthorization(session));
    assert.ok(store.calls.length <= 20, store.calls.length);
  });

  test('a parameter that is there twice is refused', async () => {
    const state = world({ issuer: AUTH });
    const { state: name } = await beginAuthorization(state.session);
    for (const twice of ['code=other', `state=${name}`, `iss=${AUTH}&iss=https://evil.test`, 'error=a&error=b']) {
      await assert.rejects('ERR_INVALID_ARG', completeAuthorization(state.session, `${back(name)}&${twice}`));
    }
    assert.equal((await completeAuthorization(state.session, `${back(name)}&x=1&x=2`)).status, 'active');
  });

  test('an issuer that says so must be named by every response, whatever endpoints are given', async () => {
    const says = (named) => () => Response.json({ issuer: AUTH, authorization_response_iss_parameter_supported: named });
    const tries = async (metadata, more) => {
      const state = world({ issuer: AUTH });
      state.metadata = metadata;
      const { state: name } = await beginAuthorization(state.session);
      return completeAuthorization(state.session, back(name, more)).then(
        ({ status }) => status,
        (error) => [error.code, error.oauthError],
      );
    };
    const refused = ['ERR_LOGIN_REJECTED', undefined];
    assert.same(await tries(says(true)), refused);
    assert.same(await tries(says(true), { error: 'access_denied' }), refused);
    assert.equal(await tries(says(true), { iss: AUTH }), 'active');
    assert.equal(await tries(says(false)), 'active');
    assert.equal(await tries(() => new Response(null, { status: 404 })), 'active');
    for (const metadata of [says(true), says(false), () => new Response(null, { status: 404 })]) {
      for (const iss of ['https://evil.test', `${AUTH}/`, '']) {
        assert.same(await tries(metadata, { iss }), refused);
        assert.same(await tries(metadata, { iss, error: 'access_denied' }), refused);
      }
    }
  });

  test('an issuer on https sends no user and no code to this machine', async () => {
    const here = 'http://127.0.0.1:8080';
    const state = world({ issuer: AUTH, authorizationEndpoint: undefined });
    state.metadata = () => Response.json({ issuer: AUTH, authorization_endpoint: `${here}/authorize`, token_endpoint: `${here}/token` });
    await assert.rejects('ERR_INSECURE_URL', beginAuthorization(state.session));
    const local = world({ issuer: here, authorizationEndpoint: undefined });
    local.metadata = () => Response.json({ issuer: here, authorization_endpoint: `${here}/authorize` });
    assert.ok((await beginAuthorization(local.session)).url.startsWith(`${here}/authorize?`));
  });

  test('an outage of the issuer costs no request', async () => {
    const state = world({ issuer: AUTH });
    const { state: name } = await beginAuthorization(state.session);
    const outages = [
      () => new Response(null, { status: 503 }),
      () => {
        throw new TypeError('fetch failed');
      },
    ];
    for (const outage of outages) {
      state.metadata = outage;
      const error = await completeAuthorization(state.session, back(name)).catch((reason) => reason);
      assert.ok(error instanceof Error);
    }
    state.metadata = () => new Response(null, { status: 404 });
    assert.equal((await completeAuthorization(state.session, back(name))).status, 'active');
  });

  test('a response that names the issuer needs no metadata', async () => {
    const state = world({ issuer: AUTH });
    state.metadata = () => {
      throw new TypeError('fetch failed');
    };
    const { state: name } = await beginAuthorization(state.session);
    assert.equal((await completeAuthorization(state.session, back(name, { iss: AUTH }))).status, 'active');
  });

  test('a sign-out means the sign-in that is under way too', async () => {
    const state = world({ issuer: AUTH });
    const { state: name } = await beginAuthorization(state.session);
    let answer;
    state.metadata = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const completing = completeAuthorization(state.session, back(name));
    while (!answer)
      await new Promise((resolve) => {
        setTimeout(resolve, 1);
      });
    const leaving = state.session.logout();
    answer(new Response(null, { status: 404 }));
    state.metadata = () => new Response(null, { status: 404 });
    const [result] = await Promise.allSettled([completing, leaving]);
    assert.equal(result.status, 'rejected');
    assert.same([state.requests, state.session.snapshot.status], [[], 'signed-out']);
  });

  test('a sign-out that cannot forget the requests says so', async () => {
    const memory = memoryStore();
    const store = {
      ...memory,
      clear: (key, expect) => (key.includes('pending') ? Promise.reject(new Error('down')) : memory.clear(key, expect)),
    };
    const { session } = world({}, { store });
    const warnings = [];
    session.on('warning', ({ code }) => warnings.push(code));
    await beginAuthorization(session);
    await session.logout();
    await Promise.resolve();
    assert.same(warnings, ['authorization-kept']);
  });
};
