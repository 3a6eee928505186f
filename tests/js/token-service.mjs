// A token service and an API behind it that live in a function like fetch.

export const API = 'https://api.test';
export const AUTH = 'https://login.test';
export const ada = { username: 'ada', password: 'correct horse' };

/** A token service that rotates refresh tokens and revokes the family on reuse, and an API that wants its tokens. */
export function world({ lifetime = 3600, now = 1_800_000_000_000 } = {}) {
  const state = {
    now,
    requests: [],
    valid: new Set(),
    refresh: undefined,
    used: new Set(),
    issued: 0,
    logouts: 0,
    reuse: 0,
    respond: undefined,
    api: undefined,
    pass(seconds) {
      state.now += seconds * 1000;
    },
    token(kind) {
      return state.requests.filter(({ url, body }) => url === `${AUTH}/token` && body.includes(kind)).length;
    },
    async fetch(input, init = {}) {
      const request = new Request(input, { duplex: 'half', ...init });
      const entry = {
        url: request.url,
        method: request.method,
        authorization: request.headers.get('authorization'),
        headers: request.headers,
        body: await request.text(),
        redirect: init.redirect,
        init,
      };
      state.requests.push(entry);
      if (init.signal?.aborted) throw init.signal.reason;
      const special = await state.respond?.(entry, init);
      if (special) return special;
      if (entry.url === `${AUTH}/token`) return grant(JSON.parse(entry.body));
      if (entry.url === `${AUTH}/logout`) {
        state.logouts += 1;
        state.valid.clear();
        state.refresh = undefined;
        return new Response(null, { status: 204 });
      }
      if (new URL(entry.url).origin !== API) return new Response('foreign');
      if (!state.valid.has(entry.authorization?.slice(7))) {
        return new Response('no', { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } });
      }
      return state.api?.(entry) ?? Response.json({ method: entry.method, body: entry.body });
    },
  };
  function grant({ username, password, refresh_token: refresh }) {
    if (refresh === undefined) {
      if (username !== 'ada' || password !== 'correct horse') return Response.json({ error: 'invalid_grant' }, { status: 400 });
    } else {
      if (state.used.has(refresh)) state.reuse += 1;
      if (refresh !== state.refresh) return Response.json({ error: 'invalid_grant' }, { status: 400 });
      state.used.add(refresh);
    }
    const number = ++state.issued;
    state.refresh = `refresh-${number}`;
    state.valid = new Set([`access-${number}`]);
    return Response.json({ token: `access-${number}`, refresh_token: state.refresh, token_type: 'Bearer', expires_in: lifetime });
  }
  return state;
}

/** Bearer fetches of the package over such a world. */
export function clients({ createBearerFetch, jsonLogin }) {
  const grantOf = (more = {}) => jsonLogin({ tokenUrl: `${AUTH}/token`, revokeUrl: `${AUTH}/logout`, ...more });
  const client = (server, { session = {}, grant = {}, ...options } = {}) =>
    createBearerFetch({
      session: { grant: grantOf(grant), fetch: server.fetch, now: () => server.now, ...session },
      resources: API,
      fetch: server.fetch,
      ...options,
    });
  async function signedIn(server, options) {
    const bearer = client(server, options);
    await bearer.session.login(ada);
    server.requests.length = 0;
    server.pass(60);
    return bearer;
  }
  return { client, grantOf, signedIn };
}
