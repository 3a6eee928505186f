// An issuer of tokenward/testing over loopback HTTP: healthy, slow, down or lying, as told.

import { listen } from '../listen.mjs';

/** Moods by what tokenward/testing calls them, and those that it does not have. Whatever the mood, the metadata are there. */
const MOODS = {
  well: (issuer) => () => Response.json({ keys: issuer.keys }, { headers: issuer.headers }),
  down: 'down',
  missing: 'missing',
  silent: 'silent',
  cut: 'unreachable',
  html: 'html',
  truncated: 'truncated',
  trickle: 'endless',
  huge: 'huge',
  loop: 'loop',
  page: (issuer) => () => new Response(JSON.stringify({ keys: issuer.keys }), { headers: { 'content-type': 'text/html' } }),
  secrets: () => () => Response.json({ keys: [{ kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', alg: 'HS256' }] }),
  near:
    (issuer) =>
    ({ url }) =>
      url.includes('/moved/') ? Response.json({ keys: issuer.keys }) : redirect('/moved/jwks.json'),
  away: (issuer) => () => redirect(issuer.away),
};
const redirect = (location) => new Response(null, { status: 302, headers: { location } });

/** Starts an issuer. `mood` and `delayMs` may be changed at any time; `asked` lists the paths that were requested. */
export async function startIssuer(keys = []) {
  const { createIssuer } = await import('tokenward/testing');
  const server = await listen(answer);
  const tested = await createIssuer({ issuer: server.origin });
  const issuer = {
    keys,
    mood: 'well',
    delayMs: 0,
    headers: {},
    asked: [],
    seen: [],
    metadata: {},
    metadataPath: '/.well-known/openid-configuration',
    origin: server.origin,
    url: `${server.origin}/jwks.json`,
    close: server.close,
    get written() {
      return server.written;
    },
  };
  return issuer;

  async function answer(request) {
    const { pathname, search } = new URL(request.url);
    issuer.asked.push(`${pathname}${search}`);
    issuer.seen.push(Object.fromEntries(request.headers));
    tested.delayMs = issuer.delayMs;
    if (pathname.includes('/.well-known/')) {
      if (pathname !== issuer.metadataPath) return new Response('not here', { status: 404 });
      tested.recover();
      Object.assign(tested.metadata, { jwks_uri: issuer.url }, issuer.metadata);
      const response = await tested.fetch(request);
      for (const name of Object.keys(tested.metadata)) delete tested.metadata[name];
      return response;
    }
    const mood = MOODS[issuer.mood];
    tested.fail(typeof mood === 'string' ? mood : mood(issuer));
    return tested.fetch(request);
  }
}
