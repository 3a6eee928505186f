// A token service and a protected API, for the demo: in a Worker, and in the page where no service stands behind it.
//
// POST token             {username, password} or {refresh_token}: {token, refresh_token, token_type, expires_in}
// POST logout            {refresh_token}: ends the sign-in, its access tokens included
// GET  .well-known/jwks.json
// GET  protected         for requests with a Bearer token
//
// Keys and sign-ins live in memory. A real service keeps its keys in a secret and its sign-ins in a store that every
// machine reads, has many accounts, and slow hashes of their passwords.

const REFRESH_LIFETIME = 3600;
const DEFAULTS = {
  ISSUER: 'https://tokens.example',
  AUDIENCE: 'https://api.example',
  TOKEN_LIFETIME: 300,
  USERNAME: 'ada@example.com',
  PASSWORD: 'analytical engine',
};

/** Starts a service over the package. Its `answer` gives undefined for what is not its business. */
export async function startService({ KeySet, Verifier, createBearerGuard, thumbprint }, settings = {}) {
  const { ISSUER, AUDIENCE, TOKEN_LIFETIME, USERNAME, PASSWORD } = { ...DEFAULTS, ...settings };
  const lifetime = Number(TOKEN_LIFETIME);
  const rsa = await crypto.subtle.generateKey(
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    false,
    ['sign', 'verify'],
  );
  const { kty, n, e } = await crypto.subtle.exportKey('jwk', rsa.publicKey);
  const kid = thumbprint({ kty, n, e });
  const jwks = { keys: [{ kty, n, e, kid, alg: 'RS256', use: 'sig' }] };
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const hmac = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);

  /** Sign-in → the one refresh token of it that is good now. */
  const signIns = new Map();

  const guard = createBearerGuard({
    realm: 'demo',
    verifier: new Verifier({
      keys: KeySet.fromJwks(jwks),
      issuer: ISSUER,
      audience: AUDIENCE,
      typ: 'at+jwt',
      algorithms: ['RS256'],
      requiredClaims: ['sid'],
      isRevoked: ({ sid }) => !signIns.has(sid),
    }),
  });
  const refreshTokens = new Verifier({
    keys: secret,
    issuer: ISSUER,
    audience: ISSUER,
    typ: 'refresh+jwt',
    algorithms: ['HS256'],
    requiredClaims: ['sid', 'jti'],
  });
  const hello = guard.protect((_request, { payload }) =>
    Response.json(
      {
        message: `Hello ${payload.sub}, this is for you alone.`,
        tokenExpiresIn: payload.exp - Math.floor(Date.now() / 1000),
      },
      { headers: { 'cache-control': 'no-store' } },
    ),
  );

  return {
    async answer(request) {
      switch (`${request.method} ${new URL(request.url).pathname}`) {
        case 'POST /token':
          return token(request);
        case 'POST /logout':
          return logout(request);
        case 'GET /.well-known/jwks.json':
          return Response.json(jwks);
        case 'GET /protected':
          return hello(request);
        default:
          return undefined;
      }
    },
  };

  async function token(request) {
    const body = await request.json().catch(() => ({}));
    if ('refresh_token' in body) {
      const refresh = refreshTokens.safeVerifySync(body.refresh_token);
      if (!refresh.ok) return refused(400, 'invalid_grant');
      const { sub, sid, jti } = refresh.payload;
      if (signIns.get(sid) === jti) return issue(sub, sid);
      // A refresh token that was used before: it, or its successor, is in the wrong hands. The sign-in ends.
      signIns.delete(sid);
      return refused(400, 'invalid_grant');
    }
    const known = body.username === USERNAME && body.password === PASSWORD;
    return known ? issue(body.username, crypto.randomUUID()) : refused(401, 'invalid_grant');
  }

  async function logout(request) {
    const body = await request.json().catch(() => ({}));
    const refresh = refreshTokens.safeVerifySync(body.refresh_token);
    if (refresh.ok) signIns.delete(refresh.payload.sid);
    return new Response(null, { status: 204 });
  }

  async function issue(sub, sid) {
    const now = Math.floor(Date.now() / 1000);
    const jti = crypto.randomUUID();
    signIns.set(sid, jti);
    return Response.json(
      {
        token: await sign(
          'RSASSA-PKCS1-v1_5',
          rsa.privateKey,
          { alg: 'RS256', kid, typ: 'at+jwt' },
          { iss: ISSUER, aud: AUDIENCE, sub, sid, jti: crypto.randomUUID(), iat: now, exp: now + lifetime },
        ),
        refresh_token: await sign(
          'HMAC',
          hmac,
          { alg: 'HS256', typ: 'refresh+jwt' },
          { iss: ISSUER, aud: ISSUER, sub, sid, jti, iat: now, exp: now + REFRESH_LIFETIME },
        ),
        token_type: 'Bearer',
        expires_in: lifetime,
      },
      { headers: { 'cache-control': 'no-store' } },
    );
  }
}

function refused(status, error) {
  return Response.json({ error }, { status, headers: { 'cache-control': 'no-store' } });
}

async function sign(algorithm, key, header, payload) {
  const input = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(payload))}`;
  const signature = await crypto.subtle.sign(algorithm, key, new TextEncoder().encode(input));
  return `${input}.${base64url(signature)}`;
}

function base64url(data) {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
