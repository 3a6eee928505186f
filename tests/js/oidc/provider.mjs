// A real authorization server that nothing of ours is in: npm `oidc-provider`, on loopback.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { root } from '../installed.mjs';

const CLIENT = { client_id: 'suite', client_secret: 'a secret of the suite' };
/** The resource server that gets tokens of each algorithm. */
const RESOURCES = {
  RS256: 'https://rs256.test', PS256: 'https://ps256.test', ES256: 'https://es256.test', EdDSA: 'https://eddsa.test', Ed25519: 'https://ed25519.test',
};

/** Runs `use({ issuer, tokens })` with an access token of each algorithm, while the provider serves its key set. */
export async function withProvider(use) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  server.on('request', (await provider(issuer)).callback());
  try {
    const tokens = {};
    for (const [alg, resource] of Object.entries(RESOURCES)) tokens[alg] = { token: await accessToken(issuer, resource), audience: resource };
    return await use({ issuer, tokens });
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function provider(issuer) {
  const { default: Provider } = await quietly(() => import(createRequire(join(root, 'tests/')).resolve('oidc-provider')));
  const key = (type, options) => generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' });
  const keys = [
    { ...key('rsa', { modulusLength: 2048 }), kid: 'rsa', use: 'sig' },
    { ...key('ec', { namedCurve: 'P-256' }), kid: 'ec', use: 'sig' },
    { ...key('ed25519'), kid: 'okp', use: 'sig' },
  ];
  return quietly(() => new Provider(issuer, {
    clients: [{ ...CLIENT, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
    cookies: { keys: ['not used by this grant'] },
    jwks: { keys },
    ttl: { ClientCredentials: 600 },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => {
          const [alg] = Object.entries(RESOURCES).find(([, each]) => each === resource);
          return { scope: 'api:read', audience: resource, accessTokenFormat: 'jwt', jwt: { sign: { alg } } };
        },
      },
    },
  }));
}

async function accessToken(issuer, resource) {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(Object.values(CLIENT).map(encodeURIComponent).join(':'))}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope: 'api:read' }),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(`no token for ${resource}: ${JSON.stringify(body)}`);
  return body.access_token;
}

/** The provider warns of what only a deployment needs: TLS, a store. */
async function quietly(body) {
  const { warn, info } = console;
  console.warn = console.info = () => {};
  try {
    return await body();
  } finally {
    Object.assign(console, { warn, info });
  }
}
