// A Cloudflare Worker. ISSUER, AUDIENCE and JWKS_URL are its variables.

import { KeySet, Verifier, createBearerGuard } from 'tokenward';

let routes;

/** The guard is made by the first request: at module scope a Worker has no clock and sends nothing. */
function start({ ISSUER, AUDIENCE, JWKS_URL }) {
  const guard = createBearerGuard({
    verifier: new Verifier({ issuer: ISSUER, audience: AUDIENCE, keys: KeySet.fromUrl(JWKS_URL) }),
    cors: { origins: ['https://app.example'] },
  });
  return {
    '/hello': guard.protect((_request, { payload }) => Response.json({ hello: payload.sub })),
    '/admin': guard.protect(() => Response.json({ admin: true }), { scopes: ['admin'] }),
  };
}

export default {
  fetch(request, env) {
    routes ??= start(env);
    const route = routes[new URL(request.url).pathname];
    return route ? route(request) : new Response('not found', { status: 404 });
  },
};
