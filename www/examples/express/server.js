// Express: the guard as middleware. What was verified is in req.auth.

import express from 'express';
import { KeySet, Verifier, createBearerGuard } from 'tokenward';

const { ISSUER, AUDIENCE, JWKS_URL, PORT } = process.env;
const guard = createBearerGuard({
  verifier: new Verifier({ issuer: ISSUER, audience: AUDIENCE, keys: KeySet.fromUrl(JWKS_URL) }),
  cors: { origins: ['https://app.example'] },
});

/** The request as the guard reads it. From rawHeaders: req.headers keeps one Authorization where two were sent. */
function toRequest({ method, originalUrl, rawHeaders }) {
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at], rawHeaders[at + 1]);
  return new Request(new URL(originalUrl, 'http://localhost'), { method, headers });
}

const bearer = (need) => async (req, res, next) => {
  const passed = (_request, auth) => {
    req.auth = auth;
    return new Response();
  };
  // For a request that passes, the answer is only the headers that CORS wants on the handler's response.
  const answer = await guard.protect(passed, need)(toRequest(req));
  for (const [name, value] of answer.headers) res.append(name, value);
  if (req.auth) next();
  else res.status(answer.status).end(await answer.text());
};

const app = express();
app.use('/hello', bearer());
app.use('/admin', bearer({ scopes: ['admin'] }));
app.get('/hello', (req, res) => res.json({ hello: req.auth.payload.sub }));
app.get('/admin', (_req, res) => res.json({ admin: true }));
app.listen(PORT, '127.0.0.1');
