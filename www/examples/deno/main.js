// Deno: deno run --allow-net --allow-env main.js

import { KeySet, Verifier, createBearerGuard } from 'tokenward';

const guard = createBearerGuard({
  verifier: new Verifier({
    issuer: Deno.env.get('ISSUER'),
    audience: Deno.env.get('AUDIENCE'),
    keys: KeySet.fromUrl(Deno.env.get('JWKS_URL')),
  }),
  cors: { origins: ['https://app.example'] },
});
const routes = {
  '/hello': guard.protect((_request, { payload }) => Response.json({ hello: payload.sub })),
  '/admin': guard.protect(() => Response.json({ admin: true }), { scopes: ['admin'] }),
};

Deno.serve({ hostname: '127.0.0.1', port: Number(Deno.env.get('PORT')) }, (request) => {
  const route = routes[new URL(request.url).pathname];
  return route ? route(request) : new Response('not found', { status: 404 });
});
