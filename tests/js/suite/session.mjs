// The session and the bearer fetch, against a token service and an API that live in a function like fetch.

import { ada, API, AUTH, clients, world } from '../token-service.mjs';

export const half = 'session';

export default ({ test, assert, tokenward, host }) => {
  const { createBearerFetch, createSession, jsonLogin, memoryStore, parseChallenges } = tokenward;

  const { client, grantOf, signedIn } = clients(tokenward);

  test('signs in, signs a request, refreshes, signs out', async () => {
    const server = world();
    const bearer = client(server);
    await assert.rejects('ERR_SESSION_SIGNED_OUT', bearer(`${API}/me`));
    const snapshot = await bearer.session.login(ada);
    assert.equal(snapshot.status, 'active');
    assert.equal(snapshot.freshness, 'fresh');
    assert.equal(snapshot.expiresAt, server.now / 1000 + 3600);
    assert.equal((await bearer(`${API}/me`)).status, 200);
    assert.equal(server.requests.at(-1).authorization, 'Bearer access-1');
    server.pass(3600);
    assert.equal((await bearer(`${API}/me`)).status, 200);
    assert.equal(server.requests.at(-1).authorization, 'Bearer access-2');
    assert.same(await bearer.session.logout(), { revoked: true, stored: true });
    assert.equal(server.logouts, 1);
    assert.same(bearer.session.snapshot, { status: 'signed-out', reason: 'logout' });
    await assert.rejects('ERR_SESSION_SIGNED_OUT', bearer(`${API}/me`));
  });

  test('a wrong password is ERR_LOGIN_REJECTED and the next one may be right', async () => {
    const server = world();
    const { session } = client(server);
    const error = await assert.rejects('ERR_LOGIN_REJECTED', session.login({ username: 'ada', password: 'wrong' }));
    assert.equal(error.status, 400);
    assert.equal(error.oauthError, 'invalid_grant');
    assert.equal((await session.login(ada)).status, 'active');
  });

  test('fifty callers share one refresh', async () => {
    const server = world();
    const bearer = await signedIn(server);
    server.pass(3600);
    const responses = await Promise.all(Array.from({ length: 50 }, () => bearer(`${API}/me`)));
    assert.ok(responses.every(({ status }) => status === 200));
    assert.equal(server.token('refresh_token'), 1);
    assert.equal(server.reuse, 0);
  });

  test('a stale token serves while it is refreshed beside', async () => {
    const server = world();
    const bearer = await signedIn(server, { session: { isolation: 'shared' } });
    server.pass(3600 - 60 - 20);
    const response = await bearer(`${API}/me`);
    assert.equal(server.requests.find(({ url }) => url === `${API}/me`).authorization, 'Bearer access-1');
    await response.text();
    for (let turn = 0; bearer.session.snapshot.refreshing && turn < 100; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(bearer.session.snapshot.generation, 2);
  });

  test('a 401 is cured once, and the second one is delivered unread', async () => {
    const server = world();
    const bearer = await signedIn(server);
    server.valid.clear();
    assert.equal((await bearer(`${API}/me`, { method: 'POST', body: 'hello' })).status, 200);
    assert.same(
      server.requests.filter(({ url }) => url === `${API}/me`).map(({ body }) => body),
      ['hello', 'hello'],
    );
    server.pass(60);
    server.api = () => new Response('still no', { status: 401, headers: { 'www-authenticate': 'Bearer' } });
    server.requests.length = 0;
    const refused = await bearer(`${API}/me`);
    assert.equal(refused.status, 401);
    assert.equal(await refused.text(), 'still no');
    assert.equal(server.requests.length, 3);
  });

  test('the original 401 comes back where the refresh fails', async () => {
    const server = world();
    const bearer = await signedIn(server);
    server.valid.clear();
    server.respond = ({ url }) => (url === `${AUTH}/token` ? new Response('later', { status: 503 }) : undefined);
    const response = await bearer(`${API}/me`);
    assert.equal(response.status, 401);
    assert.equal(await response.text(), 'no');
    assert.equal(bearer.session.snapshot.status, 'active');
  });

  test('late 401s are answered with the token that is there', async () => {
    const server = world();
    const bearer = await signedIn(server);
    server.valid.clear();
    const responses = await Promise.all([bearer(`${API}/a`), bearer(`${API}/b`), bearer(`${API}/c`)]);
    assert.ok(responses.every(({ status }) => status === 200));
    assert.equal(server.token('refresh_token'), 1);
  });

  test('an outage of the token service is no sign-out', async () => {
    const server = world();
    const bearer = await signedIn(server);
    server.pass(3600);
    server.respond = ({ url }) =>
      url === `${AUTH}/token` ? new Response('busy', { status: 429, headers: { 'retry-after': '7' } }) : undefined;
    const error = await assert.rejects('ERR_TOKEN_REFRESH_UNAVAILABLE', bearer(`${API}/me`));
    assert.equal(error.retryable, true);
    assert.equal(error.retryAfterMs, 7000);
    assert.equal(error.status, 429);
    server.respond = undefined;
    server.pass(8);
    assert.equal((await bearer(`${API}/me`)).status, 200);
  });

  test('a refused refresh falls back to the credentials callback, and after a logout never', async () => {
    const server = world();
    let asked = 0;
    const credentials = async () => {
      asked += 1;
      return ada;
    };
    const bearer = client(server, { grant: { credentials } });
    assert.equal((await bearer(`${API}/me`)).status, 200);
    assert.equal(asked, 1);
    server.refresh = 'another';
    server.pass(3600);
    assert.equal((await bearer(`${API}/me`)).status, 200);
    assert.equal(asked, 2);
    await bearer.session.logout();
    await assert.rejects('ERR_SESSION_SIGNED_OUT', bearer(`${API}/me`));
    assert.equal(asked, 2);
    await bearer.session.login();
    assert.equal((await bearer(`${API}/me`)).status, 200);
    assert.equal(asked, 3);
  });

  test('two sessions on one store never send one refresh token twice', async () => {
    const server = world();
    const store = memoryStore();
    const one = await signedIn(server, { session: { store } });
    const two = client(server, { session: { store } });
    server.pass(3600);
    const responses = await Promise.all([one(`${API}/a`), two(`${API}/b`), one(`${API}/c`), two(`${API}/d`)]);
    assert.ok(responses.every(({ status }) => status === 200));
    assert.equal(server.reuse, 0);
    await one.session.logout();
    await assert.rejects('ERR_SESSION_SIGNED_OUT', two(`${API}/me`));
    assert.same(two.session.snapshot, { status: 'signed-out', reason: 'logout-elsewhere' });
  });

  test("isolation by request: no call waits for another one's promise, and one refresh serves all", async () => {
    const server = world();
    const work = [];
    for (const more of [{}, { waitUntil: (promise) => work.push(promise) }]) {
      const bearer = await signedIn(server, { session: { isolation: 'request', store: memoryStore(), ...more } });
      server.pass(3600);
      const responses = await Promise.all([1, 2, 3, 4].map((each) => bearer(`${API}/${each}`)));
      assert.ok(responses.every(({ status }) => status === 200));
      assert.equal(server.token('refresh_token'), 1);
      assert.equal(server.reuse, 0);
      assert.equal(bearer.session.snapshot.generation, 2);
      // Stale: refreshed beside only where the host lets work outlive the request.
      server.pass(3600 - 10);
      server.requests.length = 0;
      await bearer(`${API}/me`);
      await Promise.all(work);
      assert.equal(server.token('refresh_token'), more.waitUntil ? 1 : 0);
      assert.ok(bearer.session.explain().length > 0);
      assert.same(await bearer.session.logout(), { revoked: true, stored: true });
      await assert.rejects('ERR_SESSION_SIGNED_OUT', bearer(`${API}/me`));
      assert.equal(bearer.session.snapshot.status, 'signed-out');
    }
  });

  test('the token goes to resources and nowhere else', async () => {
    const server = world();
    const bearer = await signedIn(server, { resources: [`${API}/v1`, 'https://second.test'] });
    const inside = [`${API}/v1`, `${API}/v1/`, `${API}/v1/users?x=/../`, `${API}/v2/../v1/a`, 'https://SECOND.test:443/any'];
    const outside = [
      `${API}/v10`,
      `${API}/V1`,
      `${API}/v1/../v2`,
      `${API}/v1/..%2fv2`,
      `${API}/v1/%2e%2e/v2`,
      `${API}/v1/%2e%2e%2fv2`,
      `${API}/v1%2f..`,
      `${API}/v1/..%5cv2`,
      `${API}/v1/%252e%252e/v2`,
      ...['..%3b', '..;', '..%00', '..%20', '..%09', '%c0%ae%c0%ae', '%ef%bc%8e.', '%25252e.'].map((dots) => `${API}/v1/${dots}/v2`),
      'https://api.test.evil.test/v1',
      'https://evil.test/https://api.test/v1',
      'https://api.test:8443/v1',
      'http://api.test/v1',
      'https://api.test./v1',
      'https://evil.test\\@api.test/v1',
      'https://[::1]/v1',
      'https://xn--pi-7ka.test/v1',
      'https://аpi.test/v1',
    ];
    for (const url of inside) {
      await bearer(url);
      assert.equal(server.requests.at(-1).authorization, 'Bearer access-1', url);
    }
    for (const url of outside) {
      await bearer(url).catch(() => {});
      assert.ok(server.requests.at(-1).authorization === null, url);
    }
    await assert.rejects('ERR_INSECURE_URL', bearer('https://user:secret@api.test/v1'));
    await assert.rejects('ERR_FOREIGN_URL', bearer('https://evil.test/', { bearer: { auth: 'required' } }));
    const strict = await signedIn(world(), { foreign: 'throw' });
    await assert.rejects('ERR_FOREIGN_URL', strict('https://evil.test/'));
  });

  test('tokens travel over https, or http to this machine', () => {
    const insecure =
      (options, session = {}) =>
      () =>
        createBearerFetch({ session: { grant: grantOf(), ...session }, ...options });
    assert.throws('ERR_INSECURE_URL', insecure({ resources: 'http://api.test' }));
    for (const host of ['127.0.0.1.evil.test', '127.0.0.+1', 'app.localhost', 'localhost.', '[::ffff:127.0.0.1]', '0.0.0.0']) {
      assert.throws('ERR_INSECURE_URL', insecure({ resources: `http://${host}` }));
    }
    assert.throws('ERR_INSECURE_URL', insecure({ resources: 'http://localhost' }, { insecure: 'never' }));
    assert.throws('ERR_INSECURE_URL', insecure({ resources: 'https://user@api.test' }));
    assert.throws('ERR_INSECURE_URL', () => createSession({ grant: jsonLogin({ tokenUrl: 'http://login.test/token' }) }));
    assert.throws('ERR_INSECURE_URL', () => createSession({ grant: grantOf({ revokeUrl: 'http://login.test/logout' }) }));
    for (const local of ['http://localhost:8080', 'http://127.0.0.1', 'http://[::1]:3000/v1']) {
      insecure({ resources: local })();
    }
  });

  test('misuse is a TypeError with a code', async () => {
    const session = { grant: grantOf() };
    const wrong = [
      () => createSession(),
      () => createSession({}),
      () => createSession({ grant: { kind: 'jsonLogin' } }),
      () => createSession({ grant: grantOf(), timeoutMs: 'soon' }),
      () => createSession({ grant: grantOf(), timeoutMs: NaN }),
      () => createSession({ grant: grantOf(), refreshAhead: { fraction: 2 } }),
      () => createSession({ grant: grantOf(), onRefreshRejected: 'maybe' }),
      () => createSession({ grant: grantOf(), store: {} }),
      () => createSession({ grant: grantOf(), store: { ...memoryStore(), consistency: 'eventual' } }),
      () => createBearerFetch({ session }),
      () => createBearerFetch({ session, resources: [] }),
      () => createBearerFetch({ resources: API }),
      () => createBearerFetch({ session, resources: `${API}/?query` }),
      () => createBearerFetch({ session, resources: API, foreign: 'maybe' }),
      () => createBearerFetch({ session, resources: API, fetch: createBearerFetch({ session, resources: API }) }),
      () => createSession(session).on('never', () => {}),
      () => parseChallenges(7),
    ];
    for (const each of wrong) {
      const error = assert.throws('ERR_INVALID_ARG', each);
      assert.ok(error instanceof TypeError);
    }
    assert.throws('ERR_INSECURE_URL', () => jsonLogin({ tokenUrl: 'https://' }));
    await assert.rejects('ERR_INVALID_ARG', createSession(session).login());
    await assert.rejects('ERR_INVALID_ARG', createSession(session).login({ username: 'ada' }));
    await assert.rejects('ERR_INVALID_ARG', createSession({ ...session, now: () => 1_800_000_000 }).getAccessToken());
  });

  test('an option that nothing reads is refused wherever there are options, and so is a word that means nothing', async () => {
    const stray = { timeoutMS: 1 };
    const session = { grant: grantOf() };
    const endpoint = 'https://login.test/token';
    const wrong = [
      () => createSession({ ...session, ...stray }),
      () => createSession({ ...session, onEnded: undefined }),
      () => createSession({ ...session, retry: { max: 3 } }),
      () => createSession({ ...session, refreshAhead: { seconds: 3 } }),
      () => createBearerFetch({ session, resources: API, ...stray }),
      () => jsonLogin({ tokenUrl: endpoint, ...stray }),
      () => jsonLogin({ tokenUrl: endpoint, fields: { token: 'jwt' } }),
      () => tokenward.oauth2({ tokenEndpoint: endpoint, clientId: 'x', grant: 'client_credentials', audience: 'y' }),
      () => tokenward.cookieRefresh({ url: endpoint, ...stray }),
      () => tokenward.authorizationCode({ issuer: 'https://login.test', clientId: 'x', redirectUri: API, prompt: 'none' }),
      () => tokenward.customGrant({ aquire() {} }),
      () => createSession(session).on('change', () => {}, { once: true }),
    ];
    for (const each of wrong) assert.throws('ERR_INVALID_ARG', each);
    const bearer = createBearerFetch({ session, resources: API });
    for (const options of [{ auth: 'requird' }, { replay: false }, { minvalidity: 5 }, 'optional', null]) {
      await assert.rejects('ERR_INVALID_ARG', bearer(`${API}/me`, { bearer: options }));
    }
    for (const call of [
      (given) => given.getAccessToken({ force: true }),
      (given) => given.logout({ why: 'x' }),
      (given) => given.login(undefined, { abort: 1 }),
    ]) {
      await assert.rejects('ERR_INVALID_ARG', call(createSession(session)));
    }
  });

  test('what the caller gave is never changed, and what is not ours passes through', async () => {
    const server = world();
    const bearer = await signedIn(server);
    const headers = new Headers({ 'x-mine': '1' });
    const init = { headers, method: 'PUT', body: 'x', cf: { cacheTtl: 5 }, bearer: { minValidity: 1 } };
    await bearer(`${API}/me`, init);
    const { init: sent } = server.requests.at(-1);
    assert.same([...headers], [['x-mine', '1']]);
    assert.equal(init.headers, headers);
    assert.same(sent.cf, { cacheTtl: 5 });
    assert.equal('bearer' in sent, false);
    await bearer(`${API}/me`, { headers: { authorization: 'Basic bWU=' } });
    assert.equal(server.requests.at(-1).authorization, 'Basic bWU=');
    await bearer(`${API}/me`, { bearer: { auth: 'none' } });
    assert.equal(server.requests.at(-1).authorization, null);
  });

  test("a Request is sent again with its body, and stays the caller's", async () => {
    const server = world();
    const bearer = await signedIn(server);
    server.valid.clear();
    const request = new Request(`${API}/me`, { method: 'POST', body: 'hello', headers: { 'x-mine': '1' } });
    const response = await bearer(request);
    assert.same(await response.json(), { method: 'POST', body: 'hello' });
    assert.equal(request.headers.has('authorization'), false);
  });

  test('a stream is not sent again; the next request has a new token', async () => {
    const server = world();
    const bearer = await signedIn(server);
    server.valid.clear();
    const body = () =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('once'));
          controller.close();
        },
      });
    const response = await bearer(`${API}/me`, { method: 'POST', body: body(), duplex: 'half' });
    assert.equal(response.status, 401);
    assert.equal((await bearer(`${API}/me`)).status, 200);
    // Inside the margin, a stream waits for a fresh token first.
    server.pass(3600 - 10);
    const issued = server.issued;
    await bearer(`${API}/me`, { method: 'POST', body: body(), duplex: 'half' });
    assert.equal(server.requests.at(-1).authorization, `Bearer access-${issued + 1}`);
  });

  test('an abort frees the caller and leaves the refresh to the others', async () => {
    const server = world();
    const bearer = await signedIn(server);
    server.pass(3600);
    let answer;
    server.respond = ({ url }) =>
      url === `${AUTH}/token`
        ? new Promise((resolve) => {
            answer = resolve;
          })
        : undefined;
    const leaving = new AbortController();
    const left = bearer(`${API}/a`, { signal: leaving.signal });
    const stays = bearer(`${API}/b`);
    while (!answer) await new Promise((resolve) => setTimeout(resolve, 1));
    leaving.abort(new Error('enough'));
    const error = await assert.rejects(null, left);
    assert.equal(error.message, 'enough');
    server.respond = undefined;
    server.valid.add('access-9');
    answer(Response.json({ token: 'access-9', token_type: 'Bearer', expires_in: 3600 }));
    assert.equal((await stays).status, 200);
    await assert.rejects(null, bearer.session.getAccessToken({ signal: AbortSignal.abort() }));
  });

  test('auth optional goes without a token where no user is signed in', async () => {
    const server = world();
    const bearer = client(server);
    const response = await bearer(`${API}/me`, { bearer: { auth: 'optional' } });
    assert.equal(response.status, 401);
    assert.equal(server.requests.at(-1).authorization, null);
  });

  test('token requests follow no redirect and carry no keepalive, and fetch is read when it is called', async () => {
    const server = world();
    const session = createSession({ grant: grantOf(), now: () => server.now });
    const before = globalThis.fetch;
    try {
      globalThis.fetch = server.fetch;
      await session.login(ada);
    } finally {
      globalThis.fetch = before;
    }
    const { init, method } = server.requests[0];
    assert.equal(method, 'POST');
    assert.equal(init.redirect, 'manual');
    assert.equal(init.keepalive, undefined);
    const redirected = client({
      ...server,
      fetch: async () => new Response(null, { status: 307, headers: { location: 'https://evil.test/' } }),
    });
    await assert.rejects('ERR_TOKEN_ENDPOINT_REDIRECTED', redirected.session.login(ada));
  });

  if (host !== 'browser') {
    test('the token does not follow a redirect out of the resources, and comes along inside them', async () => {
      const server = world();
      const bearer = await signedIn(server, { resources: `${API}/v1` });
      const to =
        (location, status = 302) =>
        () =>
          new Response(null, { status, headers: { location } });
      const seen = () => server.requests.map(({ url, method, authorization }) => [url.replace(API, ''), method, authorization !== null]);
      const run = async (location, status, init) => {
        server.requests.length = 0;
        server.api = (entry) => (entry.url === `${API}/v1/start` ? to(location, status)() : undefined);
        return bearer(`${API}/v1/start`, init);
      };
      const followed = await run('/v1/next');
      assert.equal(followed.redirected, true);
      assert.same(seen(), [
        ['/v1/start', 'GET', true],
        ['/v1/next', 'GET', true],
      ]);
      await run('/v2/next');
      assert.same(seen().at(-1), ['/v2/next', 'GET', false]);
      await run('https://evil.test/');
      assert.same(seen().at(-1), ['https://evil.test/', 'GET', false]);
      await run('/v1/next', 303, { method: 'POST', body: 'x' });
      assert.same(seen().at(-1), ['/v1/next', 'GET', true]);
      await run('/v1/next', 307, { method: 'POST', body: 'x' });
      assert.same(seen().at(-1), ['/v1/next', 'POST', true]);
      assert.equal(server.requests.at(-1).body, 'x');
      const stream = new ReadableStream({ start: (controller) => controller.close() });
      await assert.rejects('ERR_BODY_NOT_REPLAYABLE', run('/v1/next', 307, { method: 'POST', body: stream, duplex: 'half' }));
      assert.equal((await run('/v1/next', 302, { redirect: 'manual' })).status, 302);
    });
  }

  test('listeners hear what happens, after it has happened, and no secret', async () => {
    const server = world();
    const bearer = client(server);
    const heard = [];
    for (const event of ['change', 'refreshed', 'ended', 'challenge', 'warning']) {
      bearer.session.on(event, (detail) => heard.push([event, detail]));
    }
    const stopped = [];
    const stop = bearer.session.on('change', () => stopped.push(1));
    stop();
    await bearer.session.login(ada);
    server.pass(3600);
    await bearer(`${API}/me`);
    server.api = () =>
      new Response(null, { status: 403, headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="admin"' } });
    await bearer(`${API}/me?secret=1`);
    await bearer.session.logout({ reason: 'compromised' });
    await new Promise((resolve) => setTimeout(resolve, 0));
    const names = new Set(heard.map(([event]) => event));
    assert.same([...names].sort(), ['challenge', 'change', 'ended', 'refreshed']);
    assert.same(heard.find(([event]) => event === 'challenge')[1], {
      url: `${API}/me`,
      status: 403,
      scheme: 'Bearer',
      error: 'insufficient_scope',
      scope: 'admin',
    });
    assert.same(heard.find(([event]) => event === 'ended')[1], { reason: 'compromised' });
    assert.equal(stopped.length, 0);
    const log = JSON.stringify([heard, bearer.session.explain(), bearer.session.snapshot]);
    for (const secret of ['access-', 'refresh-', 'correct horse', 'secret=1']) assert.ok(!log.includes(secret), secret);
    assert.ok(bearer.session.explain().every(({ at, from, event, to }) => at > 1e9 && at < 1e11 && from && event && to));
  });

  test('a closed session says so', async () => {
    const { session } = await signedIn(world());
    session.close();
    await assert.rejects('ERR_SESSION_CLOSED', session.getAccessToken());
    await assert.rejects('ERR_SESSION_CLOSED', session.login(ada));
    await assert.rejects('ERR_SESSION_CLOSED', session.logout());
  });

  test('a refresh that was sent before close() is saved for the next session, and a login is given up', async () => {
    const server = world();
    const store = memoryStore();
    // Where each request is for itself, nobody can tell those of another anything.
    const bearer = await signedIn(server, { session: { store, isolation: 'shared' } });
    const heard = [];
    for (const event of ['refreshed', 'ended', 'warning']) bearer.session.on(event, () => heard.push(event));
    server.pass(3600);
    let release;
    const held = new Promise((resolve) => {
      release = resolve;
    });
    server.respond = async () => void (await held);
    const asked = bearer.session.getAccessToken();
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    bearer.session.close();
    await assert.rejects('ERR_SESSION_CLOSED', asked);
    assert.equal(bearer.session.snapshot.status, 'signed-out');
    release();
    const next = client(server, { session: { store, isolation: 'shared' } });
    assert.equal(await next.session.getAccessToken(), 'access-2');
    assert.same([server.token('refresh'), server.reuse, heard], [1, 0, []]);

    let signal;
    server.respond = (_entry, init) =>
      new Promise((_resolve, reject) => {
        ({ signal } = init);
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const login = next.session.login(ada);
    while (!signal) await new Promise((resolve) => setTimeout(resolve, 1));
    next.session.close();
    await assert.rejects('ERR_SESSION_CLOSED', login);
    assert.ok(signal.aborted);
  });

  test('a clock that fails for a moment refuses the call of that moment, and nobody waits for ever', async () => {
    for (const wrong of [
      () => NaN,
      () => {
        throw new Error('no clock');
      },
    ]) {
      const server = world();
      let now = () => server.now;
      const bearer = await signedIn(server, { session: { now: () => now() } });
      server.pass(3600);
      let release;
      const held = new Promise((resolve) => {
        release = resolve;
      });
      server.respond = async () => void (await held);
      const asked = [bearer.session.getAccessToken(), bearer.session.getAccessToken()];
      while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      now = wrong;
      await assert.rejects('ERR_INVALID_ARG', bearer.session.getAccessToken({ forceRefresh: true }));
      release();
      assert.same(await Promise.all(asked), ['access-2', 'access-2']);
      bearer.session.close();
      now = () => server.now;
      await assert.rejects('ERR_SESSION_CLOSED', bearer.session.getAccessToken());
    }
  });

  test('credentials() may sign in itself, and what it gives then is not sent', async () => {
    const server = world();
    let asked = 0;
    const bearer = client(server, {
      grant: {
        async credentials() {
          asked += 1;
          await bearer.session.login(ada);
          return ada;
        },
      },
      session: { isolation: 'shared' },
    });
    assert.equal((await bearer(`${API}/me`)).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 1));
    assert.same([asked, server.token('username')], [1, 1]);
  });

  test('parseChallenges reads what servers send', () => {
    assert.same(parseChallenges('Bearer realm="a, b \\"c\\"", error=invalid_token, Negotiate abc==, Basic'), [
      { scheme: 'Bearer', params: { realm: 'a, b "c"', error: 'invalid_token' } },
      { scheme: 'Negotiate', token68: 'abc==', params: {} },
      { scheme: 'Basic', params: {} },
    ]);
    assert.same(parseChallenges(''), []);
    assert.same(Object.keys(parseChallenges('X __proto__=1')[0].params), ['__proto__']);
  });
};
