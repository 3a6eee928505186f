// An authorization server over real HTTP that rotates refresh tokens, revokes the family on reuse, and counts.

import { createServer } from 'node:http';

/**
 * Starts one. `delayMs`, `lifetime` and `mood` may be changed at any time; `lose` answers are thrown away after they
 * were processed. `replayWindowMs` is how long a used refresh token still gets an answer.
 */
export async function startServer({ lifetime = 3600, delayMs = 0, replayWindowMs = 0, files = () => undefined } = {}) {
  const state = {
    lifetime, delayMs, replayWindowMs, mood: 'well', lose: 0, grants: 0, families: 0, revoked: new Set(), reuses: 0, refused: 0, revocations: 0,
    /** Refresh tokens: family, and each time one was sent. */
    refresh: new Map(),
    access: new Map(),
    /** Token requests under way, and the most there ever were at once. */
    pending: 0, busiest: 0,
    /** The tabs whose token requests are under way. */
    waiting: [],
  };

  function issue(family) {
    const number = ++state.grants;
    const tokens = { access_token: `access-${number}`, refresh_token: `refresh-${number}`, token_type: 'Bearer', expires_in: state.lifetime };
    state.access.set(tokens.access_token, family);
    state.refresh.set(tokens.refresh_token, { family, sent: [] });
    return [200, tokens];
  }

  function grant(asked) {
    if (asked.grant_type === 'client_credentials' || asked.username !== undefined) return issue(++state.families);
    const known = state.refresh.get(asked.refresh_token);
    known?.sent.push(Date.now());
    const late = known && known.sent.at(-1) - known.sent[0] > state.replayWindowMs && known.sent.length > 1;
    if (late) {
      state.reuses += 1;
      state.revoked.add(known.family);
    }
    if (known && !state.revoked.has(known.family)) return issue(known.family);
    state.refused += 1;
    return [400, { error: 'invalid_grant' }];
  }

  async function answer({ url, headers, body }) {
    const { pathname, searchParams } = new URL(url, 'http://server');
    if (pathname === '/token') {
      const tab = Number(searchParams.get('tab'));
      state.waiting.push(tab);
      state.busiest = Math.max(state.busiest, ++state.pending);
      if (state.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, state.delayMs));
      state.pending -= 1;
      state.waiting.splice(state.waiting.indexOf(tab), 1);
      if (state.mood === 'down') return [503, {}];
      const asked = /json/.test(headers['content-type']) ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body));
      const granted = grant(asked);
      if (state.lose > 0) {
        state.lose -= 1;
        return undefined;
      }
      return granted;
    }
    if (pathname === '/revoke') {
      state.revocations += 1;
      for (const [token, { family }] of state.refresh) if (body.includes(`"${token}"`) || body.includes(`token=${token}&`)) state.revoked.add(family);
      return [200, {}];
    }
    if (pathname === '/echo') return [200, { authorization: headers.authorization ?? null }];
    if (pathname === '/api/redirect') return [302, {}, { location: searchParams.get('to') }];
    if (pathname.startsWith('/api')) {
      const family = state.access.get(headers.authorization?.slice(7));
      if (family === undefined || state.revoked.has(family)) return [401, {}, { 'www-authenticate': 'Bearer error="invalid_token"' }];
      return [200, { token: headers.authorization.slice(7), ...(body && { body: JSON.parse(body) }) }];
    }
    return [404, {}];
  }

  const server = createServer(async (request, response) => {
    const file = files(request.url);
    if (file) return response.writeHead(200, { 'content-type': file[0] }).end(file[1]);
    let body = '';
    for await (const chunk of request) body += chunk;
    const answered = await answer({ url: request.url, headers: request.headers, body });
    if (!answered) return request.socket.destroy();
    const [status, json, more] = answered;
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...more }).end(JSON.stringify(json));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.origin = `http://127.0.0.1:${server.address().port}`;
  state.close = () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return state;
}

/** Refresh tokens that were sent more than once, outside the window in which that is harmless. */
export function sentTwice({ refresh }, windowMs) {
  return [...refresh].filter(([, { sent }]) => sent.length > 1 && sent.at(-1) - sent[0] > windowMs).map(([token]) => token);
}
