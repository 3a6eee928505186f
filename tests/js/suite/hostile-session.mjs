// Every export of the session half, given every kind of value in every place: it answers, or throws a documented error.

import { besieged, besiegedMembers } from '../hostile-values.mjs';

export const half = 'session';

const API = 'https://api.test';
const AUTH = 'https://login.test';

export default ({ test, long, assert, tokenward }) => {
  const {
    authorizationCode,
    beginAuthorization,
    completeAuthorization,
    cookieRefresh,
    createBearerFetch,
    createSession,
    customGrant,
    indexedDbStore,
    isTokenwardError,
    jsonLogin,
    memoryStore,
    oauth2,
    parseChallenges,
    webStore,
  } = tokenward;

  const ada = { username: 'ada', password: 'secret' };
  const tokens = () => Response.json({ token: 'a', refresh_token: 'r', token_type: 'Bearer', expires_in: 60 });
  const grant = (more) => jsonLogin({ tokenUrl: `${AUTH}/token`, ...more });
  const opened = [];
  const session = (more) => {
    const made = createSession({
      grant: grant(),
      fetch: async () => tokens(),
      now: () => 1_800_000_000_000,
      timeoutMs: 10,
      retry: { baseMs: 1, capMs: 1 },
      ...more,
    });
    opened.push(made);
    return made;
  };
  /** Options that are taken are used: a session is signed in with them, and everything is asked of it. */
  async function use(made) {
    try {
      await made.login(ada);
      await made.getAccessToken({ forceRefresh: true });
      return await made.logout();
    } finally {
      void made.snapshot;
      made.explain();
      made.close();
    }
  }
  const calm = (faults) => {
    for (const each of opened.splice(0)) each.close();
    assert.same(faults, [], 'faults');
  };

  long('no option of a session or a grant makes it throw anything but a documented error', async () => {
    const names = [
      'grant',
      'name',
      'store',
      'refreshAhead',
      'timeoutMs',
      'retry',
      'replayWindowMs',
      'onRefreshRejected',
      'isolation',
      'insecure',
      'fetch',
      'waitUntil',
      'now',
      'nonsense',
    ];
    const whole = { grant: grant(), fetch: async () => tokens(), timeoutMs: 10 };
    const oauth = { tokenEndpoint: `${AUTH}/token`, clientId: 'a', clientSecret: 's', grant: 'client_credentials' };
    const code = { authorizationEndpoint: AUTH, tokenEndpoint: AUTH, clientId: 'a', redirectUri: 'https://app.test/' };
    const over = (make) => (options) => use(session({ grant: make(options) }));
    calm([
      ...(await besieged('createSession', (value) => createSession(value))),
      ...(await besiegedMembers('createSession', whole, names, (options) =>
        use(createSession(options.fetch === undefined ? { ...options, fetch: whole.fetch } : options)),
      )),
      ...(await besiegedMembers('refreshAhead', {}, ['maxSeconds', 'fraction'], (refreshAhead) => use(session({ refreshAhead })))),
      ...(await besiegedMembers('retry', {}, ['baseMs', 'capMs'], (retry) => use(session({ retry })))),
      ...(await besieged('jsonLogin', over(jsonLogin))),
      ...(await besieged('oauth2', over(oauth2))),
      ...(await besieged('authorizationCode', over(authorizationCode))),
      ...(await besieged('cookieRefresh', over(cookieRefresh))),
      ...(await besieged('customGrant', over(customGrant))),
      ...(await besiegedMembers(
        'jsonLogin',
        { tokenUrl: AUTH },
        ['tokenUrl', 'refreshUrl', 'revokeUrl', 'credentials', 'fields'],
        over(jsonLogin),
      )),
      ...(await besiegedMembers(
        'fields',
        {},
        ['accessToken', 'refreshToken', 'expiresIn'],
        over((fields) => grant({ fields })),
      )),
      ...(await besiegedMembers(
        'oauth2',
        oauth,
        ['tokenEndpoint', 'revocationEndpoint', 'clientId', 'clientSecret', 'clientAuth', 'scope', 'grant', 'refreshToken'],
        over(oauth2),
      )),
      ...(await besiegedMembers(
        'authorizationCode',
        code,
        ['authorizationEndpoint', 'tokenEndpoint', 'revocationEndpoint', 'clientId', 'redirectUri', 'scope', 'issuer'],
        (options) => beginAuthorization(session({ grant: authorizationCode(options) })),
      )),
      ...(await besiegedMembers('cookieRefresh', { url: AUTH }, ['url', 'header'], over(cookieRefresh))),
      ...(await besieged('header of cookieRefresh', (value) =>
        use(session({ grant: cookieRefresh({ url: AUTH, header: ['x-a', value] }) })),
      )),
      ...(await besiegedMembers(
        'customGrant',
        { acquire: async () => ({ access_token: 'a' }) },
        ['acquire', 'refresh', 'revoke'],
        over(customGrant),
      )),
    ]);
  });

  long("nothing that a store, a fetch or a function of the caller's answers comes out as anything but a documented error", async () => {
    const store = (more) => use(session({ store: { ...memoryStore(), ...more } }));
    calm([
      ...(await besieged('load', (value) => store({ load: async () => value }))),
      ...(await besieged('save', (value) => store({ save: async () => value }))),
      ...(await besieged('clear', (value) => store({ clear: async () => value }))),
      ...(await besieged('load, at once', (value) => store({ load: () => value }))),
      ...(await besieged('a record', (value) => store({ load: async () => ({ record: value, version: '1' }) }))),
      ...(await besieged('a version', (value) => store({ load: async () => ({ record: '{}', version: value }) }))),
      ...(await besieged('subscribe', (value) => store({ subscribe: () => value }))),
      ...(await besieged('what subscribes', (value) => store({ subscribe: value }))),
      ...(await besieged('shared', (value) => store({ shared: value }))),
      ...(await besieged('consistency', (value) => store({ consistency: value }))),
      ...(await besieged('fetch', (value) => use(session({ fetch: async () => value })))),
      ...(await besieged('fetch, at once', (value) => use(session({ fetch: () => value })))),
      ...(await besieged('status', (value) =>
        use(session({ fetch: async () => ({ status: value, headers: new Headers(), body: null }) })),
      )),
      ...(await besieged('headers', (value) => use(session({ fetch: async () => ({ status: 200, headers: value, body: null }) })))),
      ...(await besieged('body', (value) => use(session({ fetch: async () => ({ status: 200, headers: new Headers(), body: value }) })))),
      ...(await besieged('now', (value) => use(session({ now: () => value })))),
      ...(await besieged('waitUntil', (value) => use(session({ waitUntil: () => value })))),
      ...(await besieged('credentials', (value) => session({ grant: grant({ credentials: () => value }) }).getAccessToken())),
      ...(await besieged('acquire', (value) => session({ grant: customGrant({ acquire: async () => value }) }).getAccessToken())),
      ...(await besieged('a token', (value) =>
        session({ grant: customGrant({ acquire: async () => ({ access_token: value }) }) }).getAccessToken(),
      )),
      ...(await besieged('what acquire throws', (value) =>
        session({
          grant: customGrant({
            acquire: async () => {
              throw value;
            },
          }),
        }).getAccessToken(),
      )),
      ...(await besieged('what revoke throws', (value) =>
        use(
          session({
            grant: customGrant({
              acquire: async () => ({ access_token: 'a', refresh_token: 'r' }),
              revoke: async () => {
                throw value;
              },
            }),
          }),
        ),
      )),
    ]);
  });

  test("no argument of a session's methods makes them throw anything but a documented error", async () => {
    const state = session();
    await state.login(ada);
    const reasons = (value, error) => value?.reason !== undefined && error === value.reason;
    const members = (method, names) =>
      Promise.all(names.map((name) => besieged(`${method} ${name}`, (value) => state[method]({ [name]: value }), reasons)));
    calm([
      ...(await besieged('login', (value) => session().login(value))),
      ...(await besieged('login options', (value) => session().login(ada, value))),
      ...(await besieged('username', (username) => session().login({ ...ada, username }))),
      ...(await besieged('password', (password) => session().login({ ...ada, password }))),
      ...(await besieged('getAccessToken', (value) => state.getAccessToken(value))),
      ...(await members('getAccessToken', ['minValidity', 'forceRefresh', 'signal'])).flat(),
      ...(await besieged('logout', (value) => session().logout(value))),
      ...(await besieged('reason', (reason) => session().logout({ reason }))),
      ...(await besieged('event', (value) => state.on(value, () => {}))),
      ...(await besieged('listener', (value) => typeof value === 'function' || state.on('change', value))),
      ...(await besieged('on options', (value) => state.on('change', () => {}, value))),
      ...(await besieged('on signal', (signal) => state.on('change', () => {}, { signal }))),
      ...(await besieged('beginAuthorization', (value) => beginAuthorization(value))),
      ...(await besieged('completeAuthorization', (value) => completeAuthorization(value, 'https://app.test/?state=x'))),
      ...(await besieged('returned', (value) =>
        completeAuthorization(
          session({ grant: authorizationCode({ authorizationEndpoint: AUTH, tokenEndpoint: AUTH, clientId: 'a', redirectUri: AUTH }) }),
          value,
        ),
      )),
      ...(await besieged('parseChallenges', (value) => parseChallenges(value))),
      ...(await besieged('isTokenwardError', (value) => isTokenwardError(value))),
      ...(await besieged('webStore', (value) => webStore(value))),
      ...(await besieged('indexedDbStore', (value) => indexedDbStore(value))),
      ...(await besieged('database', (database) => indexedDbStore({ database }))),
    ]);
  });

  long('what the bearer fetch refuses that fetch would take, it refuses with a documented error', async () => {
    const fetch = async (input, init) => {
      new Request(input, init);
      return new Response('fine');
    };
    const state = session();
    await state.login(ada);
    const send = createBearerFetch({ session: state, resources: API, fetch });
    /** What fetch itself does not take it refuses in its own words. */
    const refuses = (...args) => {
      try {
        new Request(...args);
        return false;
      } catch {
        return true;
      }
    };
    const init = (name) =>
      besieged(
        `init ${name}`,
        (value) => send(API, { [name]: value }),
        (value) => refuses(API, { [name]: value }),
      );
    const bearer = (name) => besieged(`bearer ${name}`, (value) => send(API, { bearer: { [name]: value } }));
    calm([
      ...(await besieged('createBearerFetch', (value) => createBearerFetch(value))),
      ...(await besiegedMembers(
        'createBearerFetch',
        { session: state, resources: API },
        ['session', 'resources', 'foreign', 'fetch'],
        createBearerFetch,
      )),
      ...(await besieged('resources as a list', (value) => createBearerFetch({ session: state, resources: [API, value] }))),
      ...(await besieged(
        'input',
        (value) => send(value),
        (value) => refuses(value),
      )),
      ...(await besieged(
        'init',
        (value) => send(API, value),
        (value) => refuses(API, value),
      )),
      ...(await Promise.all(['method', 'headers', 'body', 'redirect', 'signal', 'credentials'].map(init))).flat(),
      ...(await besieged('bearer', (value) => send(API, { bearer: value }))),
      ...(await Promise.all(['auth', 'minValidity', 'replay'].map(bearer))).flat(),
    ]);
  });
};
