// Bun: bun server.js

import { KeySet, Verifier, createBearerGuard } from 'tokenward';

const { ISSUER, AUDIENCE, JWKS_URL, PORT } = process.env;
const guard = createBearerGuard({
  verifier: new Verifier({ issuer: ISSUER, audience: AUDIENCE, keys: KeySet.fromUrl(JWKS_URL) }),
  cors: { origins: ['https://app.example'] },
});

Bun.serve({
  hostname: '127.0.0.1',
  port: Number(PORT),
  routes: {
    '/hello': guard.protect((_request, { payload }) => Response.json({ hello: payload.sub })),
    '/admin': guard.protect(() => Response.json({ admin: true }), { scopes: ['admin'] }),
  },
  fetch: () => new Response('not found', { status: 404 }),
});
