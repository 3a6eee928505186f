// Hono, wherever it runs: the guard as middleware. What was verified is in c.get('auth').

import { Hono } from 'hono';
import { KeySet, Verifier, createBearerGuard } from 'tokenward';

let guard;

const bearer = (need) => (c, next) => {
  const { ISSUER, AUDIENCE, JWKS_URL } = c.env;
  guard ??= createBearerGuard({
    verifier: new Verifier({ issuer: ISSUER, audience: AUDIENCE, keys: KeySet.fromUrl(JWKS_URL) }),
    cors: { origins: ['https://app.example'] },
  });
  return guard.protect(async (_request, auth) => {
    c.set('auth', auth);
    await next();
    return c.res;
  }, need)(c.req.raw);
};

const app = new Hono();
app.use('/hello', bearer());
app.use('/admin', bearer({ scopes: ['admin'] }));
app.get('/hello', (c) => c.json({ hello: c.get('auth').payload.sub }));
app.get('/admin', (c) => c.json({ admin: true }));

export default app;
