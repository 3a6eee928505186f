// Every code of the session's half, reached through the package, and what is left of a session when its module breaks.

import { base64url } from '../kit.mjs';

export const half = 'session';

const API = 'https://api.test';
const AUTH = 'https://login.test';
const ada = { username: 'ada', password: 'correct horse' };

/** A token that a JWT reader would say is of `sub`. Nobody verifies it here. */
const tokenOf = (sub, number) => `${base64url('{"alg":"none"}')}.${base64url(JSON.stringify({ sub }))}.${base64url(`signature ${number}`)}`;

export default ({ test, assert, tokenward, host }) => {
  const { createBearerFetch, jsonLogin, memoryStore } = tokenward;

  /** A session over an endpoint that answers with `reply`, or with tokens of Ada's. */
  function world({ grant = {}, session = {}, ...options } = {}) {
    const state = { now: 1_800_000_000_000, sent: [], issued: 0, reply: undefined, api: () => new Response('here') };
    state.tokens = (sub = 'ada') =>
      Response.json({
        token: tokenOf(sub, ++state.issued),
        refresh_token: `refresh-${state.issued}`,
        token_type: 'Bearer',
        expires_in: 3600,
      });
    const fetch = async (input, init) => {
      const url = String(input.url ?? input);
      state.sent.push([url, init]);
      return url.startsWith(AUTH) ? (state.reply?.(init) ?? state.tokens()) : state.api(url, init);
    };
    state.bearer = createBearerFetch({
      session: { grant: jsonLogin({ tokenUrl: `${AUTH}/token`, ...grant }), fetch, now: () => state.now, ...session },
      resources: API,
      fetch,
      ...options,
    });
    state.session = state.bearer.session;
    return state;
  }
  async function signedIn(options) {
    const state = world(options);
    await state.session.login(ada);
    state.now += 60_000;
    return state;
  }
  const oauthError =
    (error, status = 400) =>
    () =>
      Response.json({ error, error_description: 'correct horse' }, { status });
  const failing = {
    ...memoryStore(),
    load: async () => {
      throw new Error('correct horse');
    },
  };

  /** How to reach each code: a promise that rejects with it. */
  const REACHED = {
    ERR_SESSION_SIGNED_OUT: () => world().bearer(API),
    async ERR_SESSION_CHANGED() {
      const state = await signedIn();
      state.now += 3_600_000;
      state.reply = () => state.tokens('eve');
      return state.bearer(API);
    },
    async ERR_SESSION_CLOSED() {
      const { session } = await signedIn();
      session.close();
      return session.getAccessToken();
    },
    async ERR_TOKEN_REFRESH_REJECTED() {
      const state = await signedIn();
      state.now += 3_600_000;
      state.reply = oauthError('invalid_grant');
      return state.bearer(API);
    },
    async ERR_TOKEN_REFRESH_UNAVAILABLE() {
      const state = await signedIn();
      state.now += 3_600_000;
      state.reply = () => new Response('correct horse', { status: 503 });
      return state.bearer(API);
    },
    ERR_LOGIN_REJECTED: () => Object.assign(world(), { reply: oauthError('invalid_grant') }).session.login(ada),
    ERR_TOKEN_ENDPOINT_MISCONFIGURED: () => Object.assign(world(), { reply: oauthError('invalid_client', 401) }).session.login(ada),
    ERR_TOKEN_RESPONSE_INVALID: () => Object.assign(world(), { reply: () => Response.json({ hello: 'correct horse' }) }).session.login(ada),
    ERR_TOKEN_ENDPOINT_REDIRECTED: () =>
      Object.assign(world(), {
        reply: () => new Response(null, { status: 307, headers: { location: 'https://evil.test/' } }),
      }).session.login(ada),
    ERR_TOKEN_TIMEOUT: () =>
      Object.assign(world({ session: { timeoutMs: 20 } }), {
        reply: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      }).session.login(ada),
    ERR_TOKEN_STORE_UNAVAILABLE: () => world({ session: { store: failing } }).session.getAccessToken(),
    ERR_INSECURE_URL: async () => (await signedIn()).bearer('https://ada:correct%20horse@api.test/'),
    ERR_FOREIGN_URL: async () => (await signedIn({ foreign: 'throw' })).bearer('https://elsewhere.test/?correct horse'),
    async ERR_BODY_NOT_REPLAYABLE() {
      const state = await signedIn();
      state.api = (url) => (url.endsWith('/next') ? new Response() : new Response(null, { status: 307, headers: { location: '/next' } }));
      const body = new ReadableStream({ start: (controller) => controller.close() });
      return state.bearer(`${API}/first`, { method: 'POST', body, duplex: 'half' });
    },
  };
  /** A browser shows nobody where a redirect leads, so it is the browser that fails there. */
  const HIDDEN = host === 'browser' ? ['ERR_BODY_NOT_REPLAYABLE'] : [];
  const RETRYABLE = ['ERR_TOKEN_REFRESH_UNAVAILABLE', 'ERR_TOKEN_STORE_UNAVAILABLE', 'ERR_TOKEN_TIMEOUT'];

  for (const [code, reach] of Object.entries(REACHED)) {
    if (HIDDEN.includes(code)) continue;
    test(`${code} is reached, says whether to try again, and holds no secret`, async () => {
      const error = await assert.rejects(code, reach());
      assert.equal(error.retryable, RETRYABLE.includes(code));
      assert.ok(error instanceof Error && error.name === 'TokenwardError', error.name);
      const shown = JSON.stringify([error, error.message, error.stack, String(error.cause), Object.entries(error)]);
      for (const secret of ['correct horse', 'correct%20horse', 'refresh-', tokenOf('ada', 1)])
        assert.ok(!shown.includes(secret), `${secret} in ${shown}`);
    });
  }

  test('no code is without its way to it', () => {
    const missing = (globalThis.sessionCodes ?? []).filter((code) => !(code in REACHED));
    assert.same(missing, []);
  });

  /**
   * Calls `body` with ever more stack left, until it has enough. Before, the module had enough to begin and too little
   * to end: a trap, after which the package makes another instance. Answers how many it made. `spoilt` of them end
   * with the stack, too, before they have begun.
   */
  function breakModule(body, spoilt = 0) {
    const { Instance } = WebAssembly;
    let made = 0;
    let whole;
    // How much is left at the bottom is chance; a few small frames more are another chance.
    const begin = (frames) => (frames > 0 ? begin(frames - 1) : dive());
    const dive = () => {
      try {
        dive();
      } catch {
        /* the bottom */
      }
      if (whole) return;
      body();
      whole = true;
    };
    WebAssembly.Instance = function (...args) {
      made += 1;
      const { exports } = new Instance(...args);
      const version = () => {
        throw new RangeError('Maximum call stack size exceeded');
      };
      return { exports: made <= spoilt ? { ...exports, version } : exports };
    };
    try {
      for (let frames = 0; made === 0 && frames < 100; frames++) {
        whole = false;
        begin(frames);
      }
    } finally {
      WebAssembly.Instance = Instance;
    }
    return made;
  }

  test('a session outlives the instance of the module that it was in', async () => {
    const state = await signedIn();
    const token = await state.session.getAccessToken();
    assert.ok(breakModule(() => state.session.explain()) > 0, 'no instance was lost; whether one');
    assert.equal(state.session.snapshot.status, 'active');
    assert.equal(await state.session.getAccessToken(), token);
    assert.equal(state.issued, 1);
    state.now += 3_600_000;
    assert.equal((await state.bearer(API)).status, 200);
    assert.equal(state.issued, 2);
    assert.equal(state.session.snapshot.generation, 2);
  });

  for (const spoilt of [0, 1]) {
    test(`calls that wait for a refresh when the module breaks are made again${spoilt ? ', where the next instance breaks too' : ''}`, async () => {
      const state = await signedIn();
      state.now += 3_600_000;
      let answer;
      let sends = 0;
      state.reply = () => {
        sends += 1;
        return sends > 1
          ? state.tokens()
          : new Promise((resolve) => {
              answer = resolve;
            });
      };
      const waiting = Promise.all([state.session.getAccessToken(), state.session.getAccessToken()]);
      while (!answer) await new Promise((resolve) => setTimeout(resolve, 1));
      const refresh = state.sent.at(-1)[1].body;
      assert.ok(breakModule(() => state.session.explain(), spoilt) > spoilt, 'no instance was lost; whether one');
      answer(state.tokens());
      const [one, two] = await waiting;
      assert.equal(one, two);
      // What was under way is forgotten with the instance, so it is sent once more, inside the window for that.
      assert.same([sends, state.sent.at(-1)[1].body], [2, refresh]);
      assert.equal(state.session.snapshot.status, 'active');
    });
  }
};
