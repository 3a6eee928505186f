// A real issuer over loopback HTTP: healthy, slow, down or lying, as told.

import { createServer } from 'node:http';

/** Starts an issuer. `mood` and `delayMs` may be changed at any time; `asked` lists the paths that were requested. */
export async function startIssuer(keys = []) {
  const issuer = { keys, mood: 'well', delayMs: 0, headers: {}, asked: [], seen: [], written: 0, metadata: {}, metadataPath: '/.well-known/openid-configuration' };
  const server = createServer(async (request, response) => {
    issuer.asked.push(request.url);
    issuer.seen.push(request.headers);
    if (issuer.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, issuer.delayMs));
    answer(issuer, request, response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer.origin = `http://127.0.0.1:${server.address().port}`;
  issuer.url = `${issuer.origin}/jwks.json`;
  issuer.close = () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return issuer;
}

function answer(issuer, request, response) {
  const json = (value, headers = {}) => {
    response.writeHead(200, { 'content-type': 'application/json', ...issuer.headers, ...headers });
    response.end(JSON.stringify(value));
  };
  if (request.url.includes('/.well-known/')) {
    if (request.url !== issuer.metadataPath) return response.writeHead(404).end('not here');
    return json({ issuer: issuer.origin, jwks_uri: issuer.url, ...issuer.metadata });
  }
  const set = { keys: issuer.keys };
  const moods = {
    well: () => json(set),
    down: () => response.writeHead(503, { 'retry-after': '1' }).end(),
    missing: () => response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify(set)),
    silent: () => {},
    cut: () => request.socket.destroy(),
    page: () => json(set, { 'content-type': 'text/html' }),
    html: () => response.writeHead(200, { 'content-type': 'application/json' }).end('<!doctype html><title>login</title>'),
    truncated: () => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(set).slice(0, -5)),
    secrets: () => json({ keys: [{ kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', alg: 'HS256' }] }),
    trickle: () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drop = setInterval(() => response.write(' '), 50);
      response.once('close', () => clearInterval(drop));
    },
    huge: () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const chunk = Buffer.alloc(65_536, ' ');
      issuer.written = 0;
      const more = () => {
        while (issuer.written < 10_000_000) {
          issuer.written += chunk.length;
          if (!response.write(chunk)) return response.once('drain', more);
        }
        response.end('{"keys":[]}');
      };
      more();
    },
    near: () => (request.url.startsWith('/moved') ? json(set) : response.writeHead(302, { location: '/moved/jwks.json' }).end()),
    loop: () => response.writeHead(302, { location: request.url }).end(),
    away: () => response.writeHead(302, { location: issuer.away }).end(),
  };
  return moods[issuer.mood]();
}
