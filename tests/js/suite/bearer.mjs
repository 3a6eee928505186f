// What the bearer fetch makes of requests: what it sends where, and what it leaves to the platform or to the caller.

import { ada, API, AUTH, clients, world } from '../token-service.mjs';

export const half = 'session';

export default ({ test, assert, tokenward, host }) => {
  const { createBearerFetch, memoryStore } = tokenward;
  const { client, grantOf, signedIn } = clients(tokenward);
  const turn = () => new Promise((resolve) => setTimeout(resolve, 1));
  const inPage = host === 'browser' && typeof document === 'object';

  /** Holds token requests until `answer` is called. */
  function held(server) {
    const state = { answer: undefined };
    server.respond = ({ url }) =>
      url === `${AUTH}/token`
        ? new Promise((resolve) => {
            state.answer = (response) => {
              server.respond = undefined;
              resolve(response);
            };
          })
        : undefined;
    state.asked = async () => {
      while (!state.answer) await turn();
    };
    return state;
  }
  const tokens = (number) =>
    Response.json({ token: `access-${number}`, refresh_token: `refresh-${number}`, token_type: 'Bearer', expires_in: 3600 });

  test('with a fresh token the request is sent in the same turn, and nobody asks the store', async () => {
    const server = world();
    let reads = 0;
    const inner = memoryStore();
    const store = { ...inner, load: (key) => ((reads += 1), inner.load(key)) };
    for (const isolation of ['shared', 'request']) {
      let sent = 0;
      const fetch = (...args) => ((sent += 1), server.fetch(...args));
      const bearer = await signedIn(server, { fetch, session: { store, isolation } });
      await bearer(`${API}/me`);
      reads = sent = 0;
      const answers = [1, 2, 3].map((each) => bearer(`${API}/${each}`));
      assert.equal(sent, 3);
      assert.ok((await Promise.all(answers)).every(({ status }) => status === 200));
      assert.equal(reads, 0);
      await bearer.session.logout();
    }
  });

  test('a life longer than any token has is no reason to refresh', async () => {
    const server = world();
    const bearer = await signedIn(server);
    await bearer(`${API}/me`, { bearer: { minValidity: 1e6 } });
    assert.equal(await bearer.session.getAccessToken({ minValidity: 1e6 }), 'access-1');
    assert.equal(server.token('refresh_token'), 0);
  });

  test('a Request in place of init is taken as fetch takes it', async () => {
    const server = world();
    const bearer = await signedIn(server);
    const init = () => new Request(`${API}/elsewhere`, { method: 'PUT', body: 'hello', headers: { 'x-mine': '1' } });
    // Not every browser gives the body on.
    const body = await new Request(`${API}/me`, init()).text();
    server.valid.clear();
    assert.same(await (await bearer(`${API}/me`, init())).json(), { method: 'PUT', body });
    const sent = server.requests.filter(({ url }) => url === `${API}/me`);
    assert.same(
      sent.map(({ headers, authorization }) => [headers.get('x-mine'), authorization]),
      [
        ['1', 'Bearer access-1'],
        ['1', 'Bearer access-2'],
      ],
    );
    await bearer('https://foreign.test/', init());
    assert.same([server.requests.at(-1).method, server.requests.at(-1).authorization], ['PUT', null]);
  });

  test('the URL that was judged is the one that is sent, whatever becomes of the object', async () => {
    const server = world();
    const bearer = await signedIn(server);
    server.pass(3600);
    const url = new URL(`${API}/me`);
    const response = bearer(url);
    url.href = 'https://evil.test/';
    assert.equal((await response).status, 200);
    assert.same(
      server.requests.map((request) => request.url),
      [`${AUTH}/token`, `${API}/me`],
    );
  });

  test('an object that only looks like a Request is sent to the URL that was judged', async () => {
    const server = world();
    const bearer = await signedIn(server);
    const [mine, evil] = [`${API}/me`, 'https://evil.test/'];
    let reads = 0;
    const shifting = {
      get url() {
        return (reads += 1) > 1 ? evil : mine;
      },
      method: 'GET',
      toString: () => evil,
    };
    class Moved extends Request {
      get url() {
        return mine;
      }
    }
    const likes = {
      'a polyfill': { url: mine, method: 'GET', toString: () => evil },
      'a subclass': new Moved(evil),
      'a url of its own': Object.defineProperty(new Request(evil), 'url', { value: mine }),
      'a proxy': new Proxy(new Request(evil), { get: (target, name) => (name === 'url' ? mine : Reflect.get(target, name, target)) }),
    };
    for (const [name, like] of Object.entries(likes)) {
      server.requests.length = 0;
      await bearer(like);
      assert.same(
        server.requests.map(({ url, authorization }) => [url, authorization]),
        [[mine, 'Bearer access-1']],
        name,
      );
    }
    server.requests.length = 0;
    for (let times = 0; times < 5; times += 1, reads = -times) await bearer(shifting);
    assert.ok(
      server.requests.every(({ url, authorization }) => (authorization !== null) === (url === mine)),
      'a getter that changes',
    );
    server.requests.length = 0;
    const hollow = Object.create(Request.prototype, { url: { value: mine }, method: { value: 'GET' }, toString: { value: () => evil } });
    await assert.rejects('ERR_INVALID_ARG', bearer(hollow));
    assert.same(server.requests, []);
    await bearer({ url: evil, method: 'GET', toString: () => mine });
    await bearer(new Proxy(new Request(mine), { get: (target, name) => (name === 'url' ? evil : Reflect.get(target, name, target)) }));
    assert.same(
      server.requests.map(({ url, authorization }) => [url, authorization]),
      [
        [evil, null],
        [evil, null],
      ],
    );
    const posted = {
      url: mine,
      method: 'POST',
      headers: { 'x-mine': '1' },
      mode: null,
      signal: null,
      arrayBuffer: async () => new TextEncoder().encode('hello').buffer,
    };
    server.valid.clear();
    assert.same(await (await bearer(posted)).json(), { method: 'POST', body: 'hello' });
    assert.equal(server.requests.at(-1).headers.get('x-mine'), '1');
    assert.same(await (await bearer(posted, { method: 'PUT', body: undefined })).json(), { method: 'PUT', body: 'hello' });
  });

  test('what is no URL is foreign, where foreign is refused', async () => {
    const server = world();
    const strict = await signedIn(server, { foreign: 'throw' });
    await assert.rejects('ERR_FOREIGN_URL', strict('https://'));
    const bearer = await signedIn(server);
    await assert.rejects('ERR_FOREIGN_URL', bearer('https://', { bearer: { auth: 'required' } }));
    assert.ok(server.requests.every(({ url }) => url.startsWith(AUTH)));
  });

  if (inPage) {
    test("a relative URL leads where the page's base element says, and so does the token", async () => {
      const server = world();
      const base = Object.assign(document.createElement('base'), { href: 'https://evil.test/' });
      const bearer = await signedIn(server, { resources: location.origin });
      document.head.append(base);
      try {
        await bearer('/me');
      } finally {
        base.remove();
      }
      assert.same([server.requests.at(-1).url, server.requests.at(-1).authorization], ['https://evil.test/me', null]);
      await bearer('/me');
      assert.same([server.requests.at(-1).url, server.requests.at(-1).authorization], [`${location.origin}/me`, 'Bearer access-1']);
    });

    test("the page's own origin is no resource unless it is one", async () => {
      const server = world();
      const bearer = await signedIn(server);
      await bearer('/me');
      assert.equal(server.requests.at(-1).authorization, null);
    });

    test('a page that comes back from where it was put aside looks at the store again', async () => {
      const server = world();
      const { subscribe, ...store } = memoryStore();
      const keys = [];
      const save = (key, ...rest) => (keys.push(key), store.save(key, ...rest));
      const { session } = await signedIn(server, { session: { store: { ...store, save } } });
      const { version } = await store.load(keys[0]);
      await store.clear(keys[0], version);
      dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
      for (let turns = 0; session.snapshot.status === 'active' && turns < 1_000; turns++) await turn();
      assert.same(session.snapshot, { status: 'signed-out', reason: 'logout-elsewhere' });
      session.close();
    });
  }

  test('a mode in which browsers leave the token out is refused, or goes without', async () => {
    const server = world();
    const bearer = await signedIn(server);
    assert.ok((await assert.rejects('ERR_INVALID_ARG', bearer(`${API}/me`, { mode: 'no-cors' }))) instanceof TypeError);
    assert.equal(server.requests.length, 0);
    // workerd knows no modes.
    if (host === 'workerd') return;
    for (const auth of ['optional', 'none']) {
      await bearer(`${API}/me`, { mode: 'no-cors', bearer: { auth } });
      assert.equal(server.requests.at(-1).authorization, null, auth);
    }
  });

  test('what a session says of http and of fetch holds for the requests that it signs', async () => {
    const server = world();
    const strict = tokenward.createSession({ grant: grantOf(), fetch: server.fetch, insecure: 'never' });
    for (const session of [strict, { grant: grantOf(), fetch: server.fetch, insecure: 'never' }]) {
      assert.throws('ERR_INSECURE_URL', () => createBearerFetch({ session, resources: 'http://localhost:3000' }));
    }
    createBearerFetch({ session: tokenward.createSession({ grant: grantOf() }), resources: 'http://localhost:3000' });
    for (const more of [{}, { fetch: undefined }]) {
      const { session } = createBearerFetch({ session: { grant: grantOf(), ...more }, resources: API, fetch: server.fetch });
      assert.equal((await session.login(ada)).status, 'active');
    }
  });

  test("an Authorization of the caller's own is left as it is, with its 401", async () => {
    const server = world();
    const bearer = await signedIn(server);
    const headers = { authorization: 'Basic bWU=' };
    for (const own of [headers, new Headers(headers), Object.entries(headers), { AUTHORIZATION: 'Basic bWU=' }]) {
      assert.equal((await bearer(`${API}/me`, { headers: own })).status, 401);
      assert.equal((await bearer(new Request(`${API}/me`, { headers: own }))).status, 401);
    }
    assert.same([...new Set(server.requests.map(({ authorization }) => authorization))], ['Basic bWU=']);
    // The headers of init stand in place of the request's.
    assert.equal((await bearer(new Request(`${API}/me`, { headers }), { headers: { 'x-mine': '1' } })).status, 200);
    assert.equal(server.token('refresh_token'), 0);
  });

  test('what init says besides reaches fetch both times', async () => {
    const server = world();
    const bearer = await signedIn(server);
    server.valid.clear();
    const init = {
      method: 'POST',
      body: 'x',
      keepalive: true,
      priority: 'high',
      cf: { cacheTtl: 5 },
      ...(host !== 'workerd' && { credentials: 'include', duplex: 'half' }),
    };
    assert.equal((await bearer(`${API}/me`, init)).status, 200);
    const sent = server.requests.filter(({ url }) => url === `${API}/me`);
    assert.equal(sent.length, 2);
    for (const { init: given } of sent) {
      for (const [name, value] of Object.entries(init)) assert.equal(given[name], value, name);
    }
  });

  test('what init inherits counts as it does with fetch', async () => {
    const server = world();
    const bearer = await signedIn(server);
    class Options {
      get method() {
        return 'DELETE';
      }
      get headers() {
        return { 'x-mine': '1' };
      }
      get bearer() {
        return { auth: 'none' };
      }
    }
    await bearer(`${API}/me`, new Options());
    assert.same(
      [server.requests.at(-1).method, server.requests.at(-1).headers.get('x-mine'), server.requests.at(-1).authorization],
      ['DELETE', '1', null],
    );
    const inherited = Object.create({ method: 'PUT', body: 'hello' });
    assert.same(await (await bearer(`${API}/me`, inherited)).json(), { method: 'PUT', body: 'hello' });
    const stopped = Object.create({ signal: AbortSignal.abort('enough') });
    assert.equal(await bearer(`${API}/me`, stopped).catch((reason) => reason), 'enough');
    await bearer('https://foreign.test/', Object.create({ method: 'PUT' }));
    assert.equal(server.requests.at(-1).method, 'PUT');
  });

  test("a body that was used is fetch's to refuse", async () => {
    const server = world();
    const bearer = await signedIn(server);
    const request = new Request(`${API}/me`, { method: 'POST', body: 'once' });
    await request.text();
    const error = await assert.rejects(null, bearer(request));
    assert.ok(error instanceof TypeError && error.code !== 'ERR_BODY_NOT_REPLAYABLE', error.message);
    assert.equal(server.requests.length, 0);
  });

  test('a failure of the network is handed on as it is, and costs no token request', async () => {
    const server = world();
    const bearer = await signedIn(server);
    const failure = new TypeError('fetch failed');
    server.respond = ({ url }) => {
      if (url.startsWith(API)) throw failure;
    };
    assert.equal(await assert.rejects(null, bearer(`${API}/me`)), failure);
    assert.equal(server.requests.length, 1);
  });

  test('the signal ends the call in each of its parts, and the refresh goes on', async () => {
    const server = world();
    const bearer = await signedIn(server, { session: { isolation: 'shared' } });
    const stop = new AbortController();
    const waiting = held(server);
    server.valid.clear();
    // A 401 is in hand.
    const left = bearer(`${API}/me`, { signal: stop.signal });
    await waiting.asked();
    stop.abort('enough');
    assert.equal(await left.catch((reason) => reason), 'enough');
    waiting.answer(tokens(9));
    while (bearer.session.snapshot.refreshing) await turn();
    assert.equal(bearer.session.snapshot.generation, 2);
    // The request is on its way.
    const late = new AbortController();
    server.respond = (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const sending = bearer(`${API}/me`, { signal: late.signal });
    await turn();
    late.abort('too late');
    assert.equal(await sending.catch((reason) => reason), 'too late');
  });

  test('null as the signal takes that of the Request away', async () => {
    const server = world();
    const bearer = await signedIn(server);
    const stop = new AbortController();
    const waiting = held(server);
    server.pass(3600);
    const request = new Request(`${API}/me`, { signal: stop.signal });
    const stays = bearer(request, { signal: null });
    await waiting.asked();
    stop.abort();
    server.valid.add('access-9');
    waiting.answer(tokens(9));
    assert.equal((await stays).status, 200);
  });

  test('whatever becomes of the refresh, the 401 in hand comes back unread', async () => {
    const answers = {
      down: () => new Response('later', { status: 503 }),
      refused: () => Response.json({ error: 'invalid_grant' }, { status: 400 }),
      'another client': () => Response.json({ error: 'invalid_client' }, { status: 401 }),
      'no token': () => Response.json({}),
      redirected: () => new Response(null, { status: 302, headers: { location: 'https://evil.test/' } }),
      lost: () => {
        throw new TypeError('fetch failed');
      },
    };
    for (const [name, answer] of Object.entries(answers)) {
      const server = world();
      const bearer = await signedIn(server, { session: { retry: { baseMs: 1, capMs: 1 } } });
      server.valid.clear();
      server.respond = ({ url }) => (url === `${AUTH}/token` ? answer() : undefined);
      const response = await bearer(`${API}/me`);
      assert.same([response.status, response.bodyUsed, await response.text()], [401, false, 'no'], name);
      assert.equal(bearer.session.snapshot.status, name === 'refused' ? 'signed-out' : 'active', name);
    }
    for (const end of ['logout', 'close']) {
      const server = world();
      const bearer = await signedIn(server, { session: { isolation: 'shared' } });
      server.valid.clear();
      const waiting = held(server);
      const response = bearer(`${API}/me`);
      await waiting.asked();
      void bearer.session[end]();
      assert.same([(await response).status, await (await response).text()], [401, 'no'], end);
      waiting.answer(tokens(9));
    }
  });

  test('tokens that come after a logout are given back and never used', async () => {
    for (const isolation of ['shared', 'request']) {
      const server = world();
      const bearer = await signedIn(server, { session: { isolation } });
      server.pass(3600);
      const waiting = held(server);
      const call = assert.rejects('ERR_SESSION_SIGNED_OUT', bearer(`${API}/me`));
      await waiting.asked();
      assert.same(await bearer.session.logout(), { revoked: true, stored: true }, isolation);
      waiting.answer(tokens(9));
      await call;
      const isBack = () => server.requests.some(({ url, body }) => url === `${AUTH}/logout` && body.includes('refresh-9'));
      for (let turns = 0; !isBack() && turns < 1_000; turns++) await turn();
      assert.ok(isBack(), `${isolation}: given back`);
      assert.equal(bearer.session.snapshot.status, 'signed-out');
      await assert.rejects('ERR_SESSION_SIGNED_OUT', bearer(`${API}/me`));
      assert.ok(server.requests.every(({ url }) => url !== `${API}/me`));
    }
  });

  test('a logout takes back the sign-in that was asked for before it', async () => {
    // Over a store that has to be read first, and over one that has not.
    for (const more of [{ store: memoryStore() }, {}]) {
      const server = world();
      const { session } = client(server, { session: { isolation: 'shared', ...more } });
      const before = assert.rejects('ERR_SESSION_SIGNED_OUT', session.login(ada));
      await session.logout();
      await before;
      assert.same(session.snapshot, { status: 'signed-out', reason: 'logout' });
      assert.equal((await session.login(ada)).status, 'active');
    }
  });

  test("a bearer fetch in the place of the host's fetch is refused, and nothing goes round in circles", async () => {
    const before = globalThis.fetch;
    const bearer = createBearerFetch({ session: { grant: grantOf() }, resources: API });
    globalThis.fetch = bearer;
    try {
      await assert.rejects('ERR_INVALID_ARG', bearer('https://elsewhere.test/'));
      await assert.rejects('ERR_TOKEN_ENDPOINT_MISCONFIGURED', bearer.session.login(ada));
    } finally {
      globalThis.fetch = before;
    }
  });

  test('a listener may use the session that it hears of', async () => {
    const server = world();
    const { session } = client(server, { session: { isolation: 'shared' } });
    const once = (event, use) =>
      new Promise((resolve) => {
        const stop = session.on(event, () => {
          stop();
          resolve(use());
        });
      });
    const heard = once('change', () => session.getAccessToken({ forceRefresh: true }));
    await session.login(ada);
    assert.equal(await heard, 'access-2');
    const again = once('ended', () => session.login(ada));
    await session.logout();
    assert.equal((await again).status, 'active');
  });

  if (typeof BroadcastChannel === 'function') {
    test('other tabs are told numbers and nothing else, on a channel with no secret in its name', async () => {
      const server = world();
      const { subscribe, ...store } = memoryStore();
      const name = `told-${Math.random()}`;
      const channel = new BroadcastChannel(`tokenward:${name}`);
      const told = [];
      channel.onmessage = ({ data }) => told.push(data);
      const { session } = client(server, { session: { name, isolation: 'shared', store: { ...store, shared: 'origin' } } });
      try {
        await session.login(ada);
        server.pass(3600);
        await session.getAccessToken();
        await session.logout();
        for (let turns = 0; told.length < 3 && turns < 1_000; turns++) await turn();
        assert.equal(told.length, 3);
        assert.ok(
          told.every((message) => Array.isArray(message) && message.length === 2 && message.every(Number.isSafeInteger)),
          JSON.stringify(told),
        );
        assert.same(
          told.map(([, generation]) => generation),
          [1, 2, 0],
        );
      } finally {
        channel.close();
        session.close();
      }
    });
  }

  test('where a host shows no redirect, none leads out of a resource with a path', async () => {
    const server = world();
    const hidden = Object.defineProperty(new Response(), 'type', { value: 'opaqueredirect' });
    const bearer = await signedIn(server, { resources: `${API}/v1` });
    server.api = () => hidden;
    await assert.rejects('ERR_FOREIGN_URL', bearer(`${API}/v1/start`));
    assert.equal(server.requests.at(-1).redirect, 'manual');
    assert.equal((await bearer(`${API}/v1/start`, { redirect: 'manual' })).type, 'opaqueredirect');
  });

  if (host !== 'browser') {
    const redirect = (location, status = 302) => new Response(null, { status, headers: { location } });
    /** A server whose redirects are by URL: the status and where to. */
    async function redirecting(places, options) {
      const server = world();
      const bearer = await signedIn(server, { resources: [`${API}/v1`, 'https://second.test'], ...options });
      server.respond = ({ url }) => {
        const [status, to] = places[url] ?? [];
        return status && redirect(to, status);
      };
      const seen = () =>
        server.requests.map(({ url, method, authorization, body }) => [url.replace(API, ''), method, authorization !== null, body]);
      return { server, bearer, seen };
    }

    test('a token that was left behind at a redirect is not taken up again on the way back', async () => {
      const { bearer, seen } = await redirecting({
        [`${API}/v1/a`]: [302, 'https://second.test/b'],
        'https://second.test/b': [302, 'https://evil.test/c'],
        'https://evil.test/c': [307, `${API}/v1/d`],
      });
      assert.equal((await bearer(`${API}/v1/a`)).status, 401);
      assert.same(seen(), [
        ['/v1/a', 'GET', true, ''],
        ['https://second.test/b', 'GET', true, ''],
        ['https://evil.test/c', 'GET', false, ''],
        ['/v1/d', 'GET', false, ''],
      ]);
    });

    test('the twenty-first redirect is not followed', async () => {
      const places = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`${API}/v1/${at}`, [302, `/v1/${at + 1}`]]));
      const { bearer, server } = await redirecting(places);
      const error = await assert.rejects(null, bearer(`${API}/v1/0`));
      assert.ok(error instanceof TypeError);
      assert.equal(server.requests.length, 21);
      server.requests.length = 0;
      assert.equal((await bearer(`${API}/v1/10`)).url, '');
      assert.equal(server.requests.length, 21);
    });

    test('a Location that is no URL fails as fetch does, and without its words', async () => {
      const { bearer } = await redirecting({ [`${API}/v1/a`]: [302, 'https://[secret'], [`${API}/v1/b`]: [302, 'data:,secret'] });
      for (const path of ['a', 'b']) {
        const error = await assert.rejects(null, bearer(`${API}/v1/${path}`));
        assert.ok(error instanceof TypeError && !`${error.message}${error.input}${error.stack}`.includes('secret'), error.message);
      }
    });

    test('a request with a body is redirected after its 401, too', async () => {
      for (const init of [undefined, { body: null }]) {
        const { bearer, server, seen } = await redirecting({});
        server.valid.clear();
        server.api = ({ url }) => (url === `${API}/v1/a` ? redirect('/v1/b', 307) : undefined);
        const request = new Request(`${API}/v1/a`, { method: 'POST', body: 'hello', headers: { 'x-mine': '1' } });
        assert.equal((await bearer(request, init)).status, 200);
        const sent = seen().filter(([url]) => url.startsWith('/v1'));
        assert.same(sent, [
          ['/v1/a', 'POST', true, 'hello'],
          ['/v1/a', 'POST', true, 'hello'],
          ['/v1/b', 'POST', true, 'hello'],
        ]);
        assert.equal(server.requests.at(-1).headers.get('x-mine'), '1');
      }
    });

    test('a redirect leaves the body behind where it becomes a GET, and cookies where the origin is another', async () => {
      const { bearer, server, seen } = await redirecting({
        [`${API}/v1/a`]: [303, '/v1/b'],
        [`${API}/v1/b`]: [308, 'https://second.test/c'],
      });
      server.respond = (
        (answer) => (entry) =>
          answer(entry) ?? (entry.url.startsWith('https://second.test') ? new Response('there') : undefined)
      )(server.respond);
      const headers = { 'content-type': 'text/plain', cookie: 'a=b', 'x-mine': '1' };
      await bearer(`${API}/v1/a`, { method: 'PUT', body: 'hello', headers });
      assert.same(seen(), [
        ['/v1/a', 'PUT', true, 'hello'],
        ['/v1/b', 'GET', true, ''],
        ['https://second.test/c', 'GET', true, ''],
      ]);
      assert.same(
        server.requests.map((sent) => sent.headers.get('content-type')),
        ['text/plain', null, null],
      );
      assert.same(
        server.requests.map((sent) => sent.headers.get('x-mine')),
        ['1', '1', '1'],
      );
      assert.equal(server.requests.at(-1).headers.get('cookie'), null);
    });

    test('what a Request says besides comes along at a redirect, and integrity is for what is fetched', async () => {
      const { bearer, server } = await redirecting({ [`${API}/v1/a`]: [302, '/v1/b'] });
      const stop = new AbortController();
      const options = { cache: 'no-store', credentials: 'include', keepalive: true, referrerPolicy: 'no-referrer', signal: stop.signal };
      const request = new Request(`${API}/v1/a`, host === 'workerd' ? { signal: stop.signal } : options);
      const cf = { cacheTtl: 5 };
      if (host !== 'workerd') Object.defineProperty(request, 'cf', { value: cf });
      await bearer(request);
      const { init } = server.requests.at(-1);
      assert.equal(server.requests.at(-1).url, `${API}/v1/b`);
      for (const name of ['cache', 'credentials', 'keepalive', 'referrerPolicy', 'signal']) assert.equal(init[name], request[name], name);
      if (host !== 'workerd') assert.equal(init.cf, cf);
      // workerd has neither; the others check the body of the redirect, and would refuse it for that.
      if (host === 'workerd') return;
      await bearer(request, { cache: 'reload' });
      assert.equal(server.requests.at(-1).init.cache, 'reload');

      const integrity = 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
      const requested = new Request(`${API}/v1/c`, { integrity });
      // Bun's has no such member.
      for (const args of [[`${API}/v1/c`, { integrity }], ...(requested.integrity === integrity ? [[requested]] : [])]) {
        await bearer(...args);
        const { init: sent } = server.requests.at(-1);
        assert.equal(sent.redirect, 'error');
        assert.equal(sent.integrity ?? args[0].integrity, integrity);
      }
    });

    test('a caller who wants redirects to fail, or to see them, is obeyed', async () => {
      const { bearer, server } = await redirecting({ [`${API}/v1/a`]: [302, 'https://evil.test/'] });
      assert.equal((await bearer(`${API}/v1/a`, { redirect: 'manual' })).status, 302);
      assert.equal((await bearer(new Request(`${API}/v1/a`, { redirect: 'manual' }))).status, 302);
      assert.same(
        server.requests.map(({ url }) => url),
        [`${API}/v1/a`, `${API}/v1/a`],
      );
    });
  }
};
