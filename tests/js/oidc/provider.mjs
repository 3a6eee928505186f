// A real authorization server that nothing of ours is in: npm `oidc-provider`, on loopback.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { root } from '../installed.mjs';

const CLIENT = { client_id: 'suite', client_secret: 'a secret of the suite' };
/** The resource server that gets tokens of each algorithm. */
const RESOURCES = {
  RS256: 'https://rs256.test',
  PS256: 'https://ps256.test',
  ES256: 'https://es256.test',
  EdDSA: 'https://eddsa.test',
  Ed25519: 'https://ed25519.test',
};

/** Runs `use({ issuer, tokens })` with an access token of each algorithm, while the provider serves its key set. */
export async function withProvider(use) {
  return withServer(
    async (issuer) => (await provider(issuer)).callback(),
    async (issuer) => {
      const tokens = {};
      for (const [alg, resource] of Object.entries(RESOURCES))
        tokens[alg] = { token: await accessToken(issuer, resource), audience: resource };
      return use({ issuer, tokens });
    },
  );
}

/**
 * Runs `use({ issuer })` while the provider signs in whoever comes, rotates refresh tokens and ends a grant whose
 * refresh token is used twice. `redirectUri` belongs to its public client `app`.
 */
export async function withSignIn(redirectUri, use) {
  return withServer(
    async (issuer) => {
      const signIn = await interactive(issuer, redirectUri);
      const handle = signIn.callback();
      return (request, response) =>
        request.url.startsWith('/interaction/') ? agree(signIn, request, response) : handle(request, response);
    },
    (issuer) => use({ issuer }),
  );
}

async function withServer(handlerOf, use) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  server.on('request', await handlerOf(issuer));
  try {
    return await use(issuer);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function interactive(issuer, redirectUri) {
  const { default: Provider } = await load();
  return quietly(
    () =>
      new Provider(issuer, {
        clients: [
          { ...CLIENT, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
          {
            client_id: 'app',
            token_endpoint_auth_method: 'none',
            redirect_uris: [redirectUri],
            grant_types: ['authorization_code', 'refresh_token'],
            response_types: ['code'],
          },
        ],
        cookies: { keys: ['of the suite'] },
        clientBasedCORS: () => true,
        features: {
          clientCredentials: { enabled: true },
          devInteractions: { enabled: false },
          revocation: { enabled: true, allowedPolicy: () => true },
        },
        findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
        interactions: { url: (_, { uid }) => `/interaction/${uid}` },
        issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
        pkce: { required: () => true },
        rotateRefreshToken: true,
        ttl: {
          AccessToken: 600,
          ClientCredentials: 600,
          Grant: 86_400,
          IdToken: 600,
          Interaction: 600,
          RefreshToken: 86_400,
          Session: 600,
        },
      }),
  );
}

/** Whoever comes is Ada, and agrees to everything. */
async function agree(provider, request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  let result = { login: { accountId: 'ada' } };
  if (prompt.name === 'consent') {
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    result = { consent: { grantId: await grant.save() } };
  }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

const load = () => quietly(() => import(createRequire(join(root, 'tests/')).resolve('oidc-provider')));

async function provider(issuer) {
  const { default: Provider } = await load();
  const key = (type, options) => generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' });
  const keys = [
    { ...key('rsa', { modulusLength: 2048 }), kid: 'rsa', use: 'sig' },
    { ...key('ec', { namedCurve: 'P-256' }), kid: 'ec', use: 'sig' },
    { ...key('ed25519'), kid: 'okp', use: 'sig' },
  ];
  return quietly(
    () =>
      new Provider(issuer, {
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
      }),
  );
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
