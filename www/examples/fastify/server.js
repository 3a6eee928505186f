// Fastify: the guard as a hook. What was verified is in request.auth.

import Fastify from 'fastify';
import { KeySet, Verifier, createBearerGuard } from 'tokenward';

const { ISSUER, AUDIENCE, JWKS_URL, PORT } = process.env;
const guard = createBearerGuard({
  verifier: new Verifier({ issuer: ISSUER, audience: AUDIENCE, keys: KeySet.fromUrl(JWKS_URL) }),
  cors: { origins: ['https://app.example'] },
});

/** The request as the guard reads it. From rawHeaders: request.headers keeps one Authorization where two were sent. */
function toRequest({ method, url, raw: { rawHeaders } }) {
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at], rawHeaders[at + 1]);
  return new Request(new URL(url, 'http://localhost'), { method, headers });
}

const bearer = (need) => async (request, reply) => {
  const passed = (_, auth) => {
    request.auth = auth;
    return new Response();
  };
  // For a request that passes, the answer is only the headers that CORS wants on the handler's response.
  const answer = await guard.protect(passed, need)(toRequest(request));
  reply.headers(Object.fromEntries(answer.headers));
  if (!request.auth) return reply.code(answer.status).send(await answer.text());
};

const app = Fastify();
app.decorateRequest('auth', null);
// OPTIONS is for CORS preflights, which the guard answers.
const method = ['GET', 'OPTIONS'];
app.route({ method, url: '/hello', onRequest: bearer(), handler: ({ auth }) => ({ hello: auth.payload.sub }) });
app.route({ method, url: '/admin', onRequest: bearer({ scopes: ['admin'] }), handler: () => ({ admin: true }) });
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
