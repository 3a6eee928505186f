// Who is measured. Each takes a row of fixtures.mjs and gives the function to time, or nothing where it does not do that.
// A function gives the claims or throws. `whole`: from the token's text to claims that were checked against issuer and
// audience; the others check a signature over bytes that were taken apart beforehand, and say what that alone costs.

const bytesOf = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (digit) => digit.charCodeAt(0));
const apart = (token) => {
  const dot = token.lastIndexOf('.');
  return { input: new TextEncoder().encode(token.slice(0, dot)), signature: bytesOf(token.slice(dot + 1)) };
};

/** alg → how Web Crypto calls it. */
const SUBTLE = {
  HS256: { name: 'HMAC', hash: 'SHA-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32 },
  ES256: { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', hash: 'SHA-384', namedCurve: 'P-384' },
  ES512: { name: 'ECDSA', hash: 'SHA-512', namedCurve: 'P-521' },
  EdDSA: { name: 'Ed25519' },
  'ML-DSA-65': { name: 'ML-DSA-65' },
};

async function cryptoKey({ alg, jwk, secret }) {
  const how = SUBTLE[alg];
  if (!how) return undefined;
  if (secret) return crypto.subtle.importKey('raw', bytesOf(secret), how, false, ['verify']);
  // The names of Web Crypto differ from JOSE's for some keys; for those of ML-DSA `alg` is the type.
  const { alg: _, ...material } = jwk;
  return crypto.subtle.importKey('jwk', jwk.kty === 'AKP' ? jwk : material, how, false, ['verify']);
}

/** Contenders for every host. `modules` are the libraries that were loaded there, by name. */
export function contenders({ tokenward, jose, hono, tsndr, noble, fastJwt, jsonwebtoken, nodeRs, aws, nodeCrypto }, { issuer, audience }) {
  const rules = { issuer, audience };
  const keysOf = ({ jwk, secret }) => jwk ?? bytesOf(secret);
  const verifierOf = (row, more) => new tokenward.Verifier({ ...rules, algorithms: [row.alg], keys: keysOf(row), ...more });
  /** What Node's own libraries take. */
  const nodeKey = ({ pem, secret }) => (pem ? nodeCrypto.createPublicKey(pem) : nodeCrypto.createSecretKey(bytesOf(secret)));

  const all = {
    tokenward: {
      whole: true,
      ours: true,
      make(row) {
        const verifier = verifierOf(row);
        return () => verifier.verifySync(row.token).payload;
      },
    },
    'tokenward, promise': {
      whole: true,
      ours: true,
      make(row) {
        const verifier = verifierOf(row);
        return async () => (await verifier.verify(row.token)).payload;
      },
    },
    jose: jose && {
      whole: true,
      async make(row) {
        const key = (await cryptoKey(row)) ?? (row.jwk && (await jose.importJWK(row.jwk, row.alg)));
        return async () => (await jose.jwtVerify(row.token, key, { ...rules, algorithms: [row.alg] })).payload;
      },
    },
    'fast-jwt': fastJwt && {
      whole: true,
      make(row) {
        const verify = fastJwt.createVerifier({
          key: row.pem ?? Buffer.from(bytesOf(row.secret)),
          algorithms: [row.alg],
          allowedIss: issuer,
          allowedAud: audience,
          cache: false,
        });
        return () => verify(row.token);
      },
    },
    jsonwebtoken: jsonwebtoken && {
      whole: true,
      make(row) {
        const key = nodeKey(row);
        return () => jsonwebtoken.verify(row.token, key, { ...rules, algorithms: [row.alg] });
      },
    },
    '@node-rs/jsonwebtoken': nodeRs && {
      whole: true,
      make(row) {
        const key = row.pem ?? bytesOf(row.secret);
        const options = { algorithms: [row.alg], iss: [issuer], aud: [audience], leeway: 0 };
        return () => nodeRs.verifySync(row.token, key, options);
      },
    },
    'aws-jwt-verify': aws && {
      whole: true,
      make(row) {
        if (!row.jwk) return undefined;
        const verifier = aws.create({ ...rules, jwksUri: `${issuer}/jwks` });
        verifier.cacheJwks({ keys: [{ ...row.jwk, use: 'sig' }] });
        return () => verifier.verifySync(row.token);
      },
    },
    'hono/jwt': hono && {
      whole: true,
      async make(row) {
        const key = await cryptoKey(row);
        return key && (() => hono.verify(row.token, key, { alg: row.alg, iss: issuer, aud: audience }));
      },
    },
    '@tsndr/cloudflare-worker-jwt': tsndr && {
      whole: true,
      async make(row) {
        const key = await cryptoKey(row);
        return key && (async () => (await tsndr.verify(row.token, key, { algorithm: row.alg, throwError: true })).payload);
      },
    },
    '@noble/curves, signature only': noble && {
      make({ alg, jwk, token }) {
        const { input, signature } = apart(token);
        const curve = { ES256: noble.p256, ES384: noble.p384, ES512: noble.p521, ES256K: noble.secp256k1 }[alg];
        if (alg === 'EdDSA') {
          const key = bytesOf(jwk.x);
          return () => noble.ed25519.verify(signature, input, key) || refuse();
        }
        if (!curve) return undefined;
        const key = Uint8Array.from([4, ...bytesOf(jwk.x), ...bytesOf(jwk.y)]);
        return () => curve.verify(signature, input, key, { lowS: false }) || refuse();
      },
    },
    'node:crypto, signature only': nodeCrypto && {
      make(row) {
        const { input, signature } = apart(row.token);
        const key = nodeKey(row);
        if (row.secret) {
          const hmac = () => nodeCrypto.createHmac('sha256', key).update(input).digest();
          return () => nodeCrypto.timingSafeEqual(hmac(), signature) || refuse();
        }
        const hash =
          { RS256: 'sha256', PS256: 'sha256', ES256: 'sha256', ES384: 'sha384', ES512: 'sha512', ES256K: 'sha256' }[row.alg] ?? null;
        const { RSA_PKCS1_PSS_PADDING: padding } = nodeCrypto.constants;
        const how = {
          key,
          ...(row.alg.startsWith('ES') && { dsaEncoding: 'ieee-p1363' }),
          ...(row.alg === 'PS256' && { padding, saltLength: 32 }),
        };
        return () => nodeCrypto.verify(hash, input, how, signature) || refuse();
      },
    },
    'crypto.subtle, signature only': {
      async make(row) {
        const key = await cryptoKey(row);
        const { input, signature } = apart(row.token);
        return key && (async () => (await crypto.subtle.verify(SUBTLE[row.alg], key, signature, input)) || refuse());
      },
    },
  };
  return Object.fromEntries(Object.entries(all).filter(([, each]) => each));
}

/** Rows that are not one verification of one key: name → what makes the functions, by contender. */
export function specials({ tokenward, jose, fastJwt, jwtDecode }, { issuer, audience, rows }) {
  const [es256, hs256] = ['ES256', 'HS256'].map((name) => rows.find((row) => row.name === name));
  const rules = { issuer, audience };
  const verifying = (options) => {
    const verifier = new tokenward.Verifier(options);
    return () => verifier.verifySync(es256.token).payload;
  };
  const special = {
    decode: () => ({
      tokenward: () => tokenward.decode(hs256.token),
      'jwt-decode': () => jwtDecode(hs256.token),
      jose: () => [jose.decodeProtectedHeader(hs256.token), jose.decodeJwt(hs256.token)],
    }),
    'is it expired?': () => ({
      tokenward: () => tokenward.isExpired(hs256.token),
      'jwt-decode': () => Date.now() >= jwtDecode(hs256.token).exp * 1000,
      jose: () => Date.now() >= jose.decodeJwt(hs256.token).exp * 1000,
    }),
    'ES256, from the cache': () => ({
      tokenward: verifying({ ...rules, keys: es256.jwk, cache: true }),
      ...(fastJwt && { 'fast-jwt': cachedFastJwt() }),
    }),
  };
  // What a set and issuers cost must not grow with their number.
  for (const size of [1, 100, 10_000]) {
    special[`ES256, ${size.toLocaleString('en')} keys`] = () => {
      const keys = Array.from({ length: size }, (_, index) => ({ ...es256.jwk, kid: `k${index}` }));
      keys[size >> 1] = es256.jwk;
      return { tokenward: verifying({ ...rules, keys: { keys } }) };
    };
  }
  for (const size of [1, 100, 1_000]) {
    special[`ES256, ${size.toLocaleString('en')} issuers`] = () => {
      const issuers = Array.from({ length: size }, (_, index) => ({ issuer: `${issuer}/${index}`, audience, keys: es256.jwk }));
      issuers[size >> 1] = { issuer, audience, keys: es256.jwk };
      return { tokenward: verifying({ issuers }) };
    };
  }
  return special;

  function cachedFastJwt() {
    const verify = fastJwt.createVerifier({ key: es256.pem, algorithms: ['ES256'], allowedIss: issuer, allowedAud: audience, cache: true });
    return () => verify(es256.token);
  }
}

function refuse() {
  throw new Error('refused');
}
