// A token endpoint of tokenward/testing over loopback HTTP, with an API that wants its tokens. It counts who asks at once.

import { listen } from '../listen.mjs';

/** Starts one. `delayMs`, `lifetime` and `fail` are those of the endpoint. */
export async function startServer({ delayMs = 0, files = () => undefined, ...options } = {}) {
  const { createTokenEndpoint } = await import('tokenward/testing');
  const endpoint = createTokenEndpoint(options);
  const server = await listen(answer);
  return Object.assign(endpoint, {
    delayMs,
    origin: server.origin,
    close: server.close,
    /** While it is false, connections break before anything is read. */
    reachable: true,
    /** Token requests under way, and the most there ever were at once. */
    pending: 0,
    busiest: 0,
    /** The tabs whose token requests are under way. */
    waiting: [],
  });

  async function answer(request) {
    if (!endpoint.reachable) throw new Error('no connection');
    const { pathname, search, searchParams } = new URL(request.url);
    const file = files(`${pathname}${search}`);
    if (file) return new Response(file[1], { headers: { 'content-type': file[0] } });
    if (pathname === '/token') return token(request, Number(searchParams.get('tab')));
    if (pathname === '/revoke') return endpoint.fetch(request);
    if (pathname === '/echo') return Response.json({ authorization: request.headers.get('authorization') });
    if (pathname === '/api/redirect') return new Response(null, { status: 302, headers: { location: searchParams.get('to') } });
    if (!pathname.startsWith('/api')) return Response.json({}, { status: 404 });
    if (!endpoint.accepts(request))
      return Response.json({}, { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } });
    const body = await request.text();
    return Response.json({ token: request.headers.get('authorization').slice(7), ...(body && { body: JSON.parse(body) }) });
  }

  async function token(request, tab) {
    endpoint.waiting.push(tab);
    endpoint.busiest = Math.max(endpoint.busiest, ++endpoint.pending);
    try {
      return await endpoint.fetch(request);
    } finally {
      endpoint.pending -= 1;
      endpoint.waiting.splice(endpoint.waiting.indexOf(tab), 1);
    }
  }
}

/** Refresh tokens that were sent more than once, outside the window in which that is harmless. */
export function sentTwice({ refreshTokens }, windowMs) {
  return [...refreshTokens].filter(([, { sentAt }]) => sentAt.length > 1 && sentAt.at(-1) - sentAt[0] > windowMs).map(([token]) => token);
}
