// Canary tokens, passwords, secrets and thrown texts through every error path of the session half: sessions, grants,
// stores, the bearer fetch, and what they say of themselves.

import { CANARY, driven, everything, faults, overheard, unreached, watchFor } from '../canaries.mjs';

export const half = 'session';

const API = 'https://api.test';
const AUTH = 'https://login.test';
const ACCESS = `access.${CANARY}.token`;
const REFRESH = `refresh-${CANARY}`;
const ada = { username: 'ada', password: `correct ${CANARY}` };

export default ({ test, long, assert, tokenward }) => {
  const {
    authorizationCode,
    beginAuthorization,
    completeAuthorization,
    cookieRefresh,
    createBearerFetch,
    createSession,
    customGrant,
    jsonLogin,
    memoryStore,
    oauth2,
    parseChallenges,
    webStore,
  } = tokenward;
  const leaked = watchFor();

  const thrower = () => {
    throw Object.assign(new Error(CANARY, { cause: new Error(CANARY) }), { error: CANARY, oauthError: CANARY });
  };
  const tokens = (more) => ({ access_token: ACCESS, refresh_token: REFRESH, token_type: 'Bearer', expires_in: 60, ...more });
  const json = (body, init) =>
    new Response(typeof body === 'string' ? body : JSON.stringify(body), { headers: { 'content-type': 'application/json' }, ...init });

  /** Everything that a token endpoint can answer wrongly. Those with `echo` send back what they were sent. */
  const answers = {
    refused: () => json({ error: 'invalid_grant', error_description: CANARY, error_uri: `https://x.test/${CANARY}` }, { status: 400 }),
    'refused in its own words': () => json({ error: CANARY }, { status: 400 }),
    'refuses the client': () => json({ error: 'invalid_client', error_description: CANARY }, { status: 401 }),
    echo: (sent) => json({ error: sent, error_description: sent, [sent]: sent }, { status: 400 }),
    'echo as text': (sent) => new Response(sent, { status: 401 }),
    'echo as tokens': (sent) => json({ access_token: `${sent}\n`, token_type: sent }),
    forbidden: () => json({ error: 'access_denied', error_description: CANARY }, { status: 403 }),
    slow: () =>
      json(
        { error: 'slow_down', error_description: CANARY },
        { status: 429, headers: { 'content-type': 'application/json', 'retry-after': CANARY } },
      ),
    down: (sent) => new Response(sent + CANARY, { status: 503, statusText: CANARY }),
    redirect: () => new Response(null, { status: 302, headers: { location: `https://evil.test/${CANARY}` } }),
    html: (sent) => new Response(`<p>${sent}${CANARY}`, { headers: { 'content-type': 'text/html' } }),
    'no JSON': (sent) => json(sent + CANARY),
    'a list': () => json([CANARY]),
    'no token': () => json({ [CANARY]: CANARY }),
    'another type': () => json(tokens({ token_type: CANARY })),
    'a lifetime': () => json(tokens({ expires_in: CANARY })),
    'a token that no header holds': () => json(tokens({ access_token: `${CANARY}\r\n${CANARY}` })),
    'a refresh token': () => json(tokens({ refresh_token: { [CANARY]: CANARY } })),
    twice: () => json(`{"access_token":"${CANARY}","access_token":"${CANARY}"}`),
    long: () => json(tokens({ scope: CANARY.repeat(10_000) })),
    status: () => json(tokens(), { status: 418, statusText: CANARY }),
    'fetch throws': thrower,
    'fetch rejects': async () => thrower(),
    'fetch hangs': () => new Promise(() => {}),
    'an odd response': () => CANARY,
    'a body that throws': () => ({
      status: 200,
      headers: new Headers(),
      get body() {
        return thrower();
      },
    }),
  };

  /** Each grant with a secret in it, and what makes a session of it ask for tokens. */
  const grants = {
    jsonLogin: [() => jsonLogin({ tokenUrl: `${AUTH}/token`, revokeUrl: `${AUTH}/revoke` }), (session) => session.login(ada)],
    'jsonLogin with credentials': [
      () => jsonLogin({ tokenUrl: `${AUTH}/token`, credentials: async () => ada }),
      (session) => session.getAccessToken(),
    ],
    'client credentials': [
      () => oauth2({ tokenEndpoint: `${AUTH}/token`, clientId: 'svc', clientSecret: CANARY, grant: 'client_credentials' }),
      (session) => session.getAccessToken(),
    ],
    'client secret in the body': [
      () =>
        oauth2({
          tokenEndpoint: `${AUTH}/token`,
          clientId: 'svc',
          clientSecret: CANARY,
          clientAuth: 'client_secret_post',
          grant: 'client_credentials',
        }),
      (session) => session.getAccessToken(),
    ],
    'refresh token': [
      () =>
        oauth2({
          tokenEndpoint: `${AUTH}/token`,
          revocationEndpoint: `${AUTH}/revoke`,
          clientId: 'app',
          grant: 'refresh_token',
          refreshToken: REFRESH,
        }),
      (session) => session.getAccessToken(),
    ],
    authorizationCode: [
      () =>
        authorizationCode({
          authorizationEndpoint: `${AUTH}/authorize`,
          tokenEndpoint: `${AUTH}/token`,
          clientId: 'app',
          redirectUri: 'https://app.test/',
        }),
      async (session) =>
        completeAuthorization(session, `https://app.test/?code=${CANARY}&state=${(await beginAuthorization(session)).state}`),
    ],
    cookieRefresh: [() => cookieRefresh({ url: `${AUTH}/token`, header: ['x-csrf', CANARY] }), (session) => session.getAccessToken()],
  };

  const sessions = [];
  const heard = [];

  /** A session whose every event is taken down, at an hour that can be moved. */
  function session(grant, send, more) {
    const time = { now: 1_800_000_000_000 };
    const fetch = async (input, init = {}) => {
      const request = new Request(input, { method: init.method, headers: init.headers, ...(init.body && { body: init.body }) });
      return send((await request.text()) + (request.headers.get('authorization') ?? ''), request.url, init);
    };
    const made = createSession({
      grant,
      fetch,
      now: () => time.now,
      timeoutMs: 30,
      retry: { baseMs: 1, capMs: 2 },
      isolation: 'shared',
      ...more,
    });
    for (const event of ['change', 'refreshed', 'ended', 'challenge', 'warning']) made.on(event, (detail) => heard.push([event, detail]));
    sessions.push(made);
    return Object.assign(made, { time });
  }

  /** Every wrong answer to the first token request, and to the one that refreshes. */
  function endpoint() {
    const paths = {};
    for (const [grantName, [grant, begin]] of Object.entries(grants)) {
      for (const [name, answer] of Object.entries(answers)) {
        if (name !== 'fetch hangs' || grantName === 'jsonLogin') paths[`${grantName}: ${name}`] = () => begin(session(grant(), answer));
        paths[`${grantName}, later: ${name}`] = async () => {
          let first = true;
          const mine = session(
            grant(),
            (sent) => {
              if (!first) return answer(sent);
              first = false;
              return json(tokens());
            },
            { onRefreshRejected: 'end-now' },
          );
          await begin(mine);
          mine.time.now += 60_000;
          if (grantName === 'jsonLogin with credentials' || grantName === 'cookieRefresh') await mine.getAccessToken();
          await mine.getAccessToken({ forceRefresh: true });
        };
      }
    }
    return paths;
  }

  /** Stores, credentials and functions of the caller's that throw, hang or lie. */
  function callers() {
    const [grant, begin] = grants.jsonLogin;
    const works = () => json(tokens());
    const store = (more) => ({ store: { ...memoryStore(), ...more } });
    const stored = (record) => store({ load: async () => ({ record, version: CANARY }) });
    const custom = (more) => () => session(customGrant(more), works).getAccessToken();
    const asking = (credentials) => () => session(jsonLogin({ tokenUrl: `${AUTH}/token`, credentials }), works).getAccessToken();
    return {
      'load throws': () => session(grant(), works, store({ load: thrower })).getAccessToken(),
      'load rejects': () => session(grant(), works, store({ load: async () => thrower() })).getAccessToken(),
      'a record of nothing': () => session(grant(), works, stored(CANARY)).getAccessToken(),
      'a record of another': () => session(grant(), works, stored(JSON.stringify({ v: 1, [CANARY]: CANARY }))).getAccessToken(),
      'an odd row': () => session(grant(), works, store({ load: async () => CANARY })).getAccessToken(),
      'clear throws': async () => {
        const mine = session(grant(), works, store({ clear: thrower }));
        await begin(mine);
        await mine.logout();
        await mine.getAccessToken();
      },
      'credentials throw': asking(thrower),
      'credentials reject': asking(async () => thrower()),
      'odd credentials': asking(() => CANARY),
      'no password': asking(() => ({ username: ada.password })),
      'acquire throws': custom({ acquire: thrower }),
      'acquire rejects': custom({ acquire: async () => thrower() }),
      'acquire answers oddly': custom({ acquire: async () => CANARY }),
      'acquire gives no token': custom({ acquire: async () => ({ [CANARY]: CANARY }) }),
      'acquire gives a function': custom({ acquire: async () => ({ access_token: () => CANARY }) }),
      'acquire is refused': custom({
        acquire: async () => {
          throw { error: 'invalid_grant', error_description: CANARY };
        },
      }),
      'refresh is refused': async () => {
        const mine = session(
          customGrant({
            acquire: undefined,
            refresh: async () => {
              throw { error: 'invalid_grant', error_description: CANARY };
            },
          }),
          works,
          {
            name: 'mine',
            store: memoryStore(),
            onRefreshRejected: 'end-now',
          },
        );
        await mine.getAccessToken();
      },
      'now throws': () => begin(session(grant(), works, { now: thrower })),
      'waitUntil throws': async () => {
        await begin(session(grant(), answers.down, { waitUntil: thrower }));
      },
      'somebody else': async () => {
        let sub = 'ada';
        const mine = session(grant(), () =>
          json(tokens({ access_token: `e30.${btoa(JSON.stringify({ sub, x: CANARY })).replace(/=/g, '')}.x` })),
        );
        await begin(mine);
        mine.time.now += 60_000;
        sub = 'eve';
        await mine.getAccessToken();
      },
      closed: async () => {
        const mine = session(grant(), works);
        await begin(mine);
        mine.close();
        await mine.getAccessToken();
      },
      'signed out': () => session(grant(), works).getAccessToken(),
      'a code of nobody': () =>
        completeAuthorization(session(grants.authorizationCode[0](), works), `https://app.test/?code=${CANARY}&state=${CANARY}`),
      'a code refused': async () => {
        const mine = session(grants.authorizationCode[0](), works);
        await completeAuthorization(
          mine,
          `https://app.test/?error=${CANARY}&error_description=${CANARY}&state=${(await beginAuthorization(mine)).state}`,
        );
      },
      'another issuer': async () => {
        const mine = session(
          authorizationCode({
            authorizationEndpoint: AUTH,
            tokenEndpoint: AUTH,
            clientId: 'app',
            redirectUri: 'https://app.test/',
            issuer: AUTH,
          }),
          works,
        );
        await completeAuthorization(mine, `https://app.test/?code=x&iss=${CANARY}&state=${(await beginAuthorization(mine)).state}`);
      },
      'not a URL that came back': () => completeAuthorization(session(grants.authorizationCode[0](), works), CANARY),
    };
  }

  /** The bearer fetch: where the token must not go, and what cannot be sent again. */
  function bearer() {
    const make = (api, more) => {
      const mine = session(grants.jsonLogin[0](), (sent, url, init) => (url.startsWith(AUTH) ? json(tokens()) : api(sent, url, init)));
      const send = createBearerFetch({
        session: mine,
        resources: API,
        fetch: async (input, init) => api('', String(input.url ?? input), init),
        ...more,
      });
      return async (...args) => {
        await mine.login(ada);
        return send(...args);
      };
    };
    const moved = (status) => () => new Response(null, { status, headers: { location: '/next' } });
    const stream = () =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(CANARY));
          controller.close();
        },
      });
    const grant = (url) => () => session(jsonLogin({ tokenUrl: url }), answers.down);
    return {
      foreign: () => make(answers.down, { foreign: 'throw' })(`https://evil.test/${CANARY}`),
      required: () => make(answers.down)(`https://evil.test/${CANARY}`, { bearer: { auth: 'required' } }),
      'a stream that would be sent twice': () =>
        make(moved(307), { resources: `${API}/v1` })(`${API}/v1/x?${CANARY}`, { method: 'POST', body: stream(), duplex: 'half' }),
      'signed out': () => createBearerFetch({ session: session(grants.jsonLogin[0](), answers.down), resources: API })(`${API}/${CANARY}`),
      'in the clear': grant(`http://evil.test/${CANARY}`),
      'a password': grant(`https://u:${CANARY}@evil.test/`),
      'no URL': grant(`https://${CANARY}:port/`),
      'resources in the clear': () => make(answers.down, { resources: `http://evil.test/${CANARY}` }),
      'no resources': () => make(answers.down, { resources: [`https://${CANARY}:port/`] }),
      'bearer options': () => make(answers.down)(API, { bearer: CANARY }),
      'a validity': () => make(answers.down)(API, { bearer: { minValidity: CANARY } }),
      'no session': () => createBearerFetch({ session: CANARY, resources: API }),
      'no challenges': () => parseChallenges([CANARY]),
      'no grant': () => createSession({ grant: { kind: CANARY } }),
      'no options': () => createSession(CANARY),
      'an option': () => session(grants.jsonLogin[0](), answers.down, { timeoutMs: CANARY }),
      'an option that throws': () =>
        createSession({
          grant: grants.jsonLogin[0](),
          get timeoutMs() {
            return thrower();
          },
        }),
      'a grant that throws': () =>
        jsonLogin({
          get tokenUrl() {
            return thrower();
          },
        }),
      'an oauth2 option': () =>
        session(
          oauth2({ tokenEndpoint: AUTH, clientId: 'x', clientSecret: CANARY, clientAuth: CANARY, grant: 'client_credentials' }),
          answers.down,
        ),
      'an oauth2 grant': () => session(oauth2({ tokenEndpoint: AUTH, clientId: 'x', grant: CANARY }), answers.down),
      'no store': () => session(grants.jsonLogin[0](), answers.down, { store: CANARY }),
      'credentials of another type': () => session(grants.jsonLogin[0](), answers.down).login({ username: CANARY, password: [CANARY] }),
      'credentials that throw': () =>
        session(grants.jsonLogin[0](), answers.down).login({
          get username() {
            return thrower();
          },
        }),
      'an event': () => session(grants.jsonLogin[0](), answers.down).on(CANARY, () => {}),
      'a listener': () => session(grants.jsonLogin[0](), answers.down).on('change', CANARY),
      'a reason': () => session(grants.jsonLogin[0](), answers.down).logout({ reason: CANARY }),
    };
  }

  long('no error path of a session lets a token, a password or a secret out, and none of its events', async () => {
    sessions.length = heard.length = 0;
    let errors = [];
    const spoken = await overheard(async () => {
      errors = await driven({ ...endpoint(), ...callers(), ...bearer() });
    });
    const shown = [
      ...sessions.map((each) => ['explain', each.explain()]),
      ...sessions.map((each) => ['snapshot', each.snapshot]),
      ...sessions.map((each) => ['session', each]),
      ...heard,
    ];
    assert.same(faults(errors, leaked), [], 'faults');
    assert.same(
      shown.filter(([, value]) => leaked(everything(value)).length > 0),
      [],
      'shown',
    );
    assert.same(spoken.flatMap(leaked), [], 'on the console');
    assert.same(unreached('session', errors), [], 'codes that no path reached');
    for (const each of sessions) each.close();
  });

  test('a challenge that echoes the token is heard of without it', async () => {
    const details = [];
    const mine = session(grants.jsonLogin[0](), () => json(tokens()));
    mine.on('challenge', (detail) => details.push(detail));
    const send = createBearerFetch({
      session: mine,
      resources: API,
      fetch: async (_, { headers }) =>
        new Response(headers.get('authorization'), {
          status: 403,
          headers: {
            'www-authenticate': `Bearer realm="${headers.get('authorization')}", error="insufficient_scope", error_description="${CANARY}"`,
          },
        }),
    });
    await mine.login(ada);
    await send(`${API}/me?${CANARY}`);
    await Promise.resolve();
    assert.equal(details.length, 1);
    assert.equal(details[0].error, 'insufficient_scope');
    assert.same(leaked(everything(details)), [], 'heard');
    mine.close();
  });

  test('grants, stores and fetch functions show nothing of what they were given', async () => {
    const mine = session(grants.jsonLogin[0](), () => json(tokens()));
    await mine.login(ada);
    const shown = [
      ...Object.values(grants).map(([grant]) => grant()),
      mine,
      createBearerFetch({ session: mine, resources: API }),
      memoryStore(),
      webStore('session'),
    ];
    for (const value of shown) assert.same(leaked(everything(value)), [], 'shown');
    mine.close();
  });
};
