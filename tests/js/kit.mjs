// Keys and tokens for the suite, of tokenward/testing: it shares no code with what verifies, and crypto.subtle signs.

const encoder = new TextEncoder();

export const ISSUER = 'https://issuer.test';
export const AUDIENCE = 'https://api.test';
/** An instant that every test can stand on, in seconds. */
export const NOW = 1_800_000_000;

/** Rules that a token from `claims()` satisfies. */
export const rules = (more = {}) => ({ issuer: ISSUER, audience: AUDIENCE, now: NOW, ...more });
export const claims = (more = {}) => ({ iss: ISSUER, aud: AUDIENCE, sub: 'ada', iat: NOW - 10, exp: NOW + 60, ...more });

/** What crypto.subtle has everywhere. signed.mjs has the others, signed by OpenSSL. */
export const algorithms = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

export function base64url(data) {
  const bytes = typeof data === 'string' ? encoder.encode(data) : new Uint8Array(data);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

export const unsigned = (header, payload) => `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(payload))}`;

/** RSA keys take long to make, and one is as good as another. */
const made = new Map();

/**
 * A key pair, or a secret, that signs tokens; `jwk` is what verifies them, and `kid` is in both unless it is null.
 * The same one every time, unless it is to be `fresh`; its CryptoKey is always a new object.
 */
export async function signer(alg, { kid = `${alg}-key`, extractable = true, fresh = false } = {}) {
  // Here and not above: the package is installed when the runner runs, after what it imports was looked for.
  const { createKey } = await import('tokenward/testing');
  const key = (!fresh && made.get(alg)) || (await createKey(alg, { kid: null }));
  if (!fresh) made.set(alg, key);
  const name = kid === null ? {} : { kid };
  return {
    alg,
    kid,
    jwk: { ...key.jwk, ...name },
    cryptoKey: await key.cryptoKey({ extractable }),
    /** SPKI PEM; only where there is a public key. */
    pem: () => key.pem(),
    /** The secret's bytes; only where it is one. */
    secret: async () => key.secret(),
    sign: (payload = claims(), header = {}) => key.sign(payload, { ...name, ...header }),
  };
}

/** The token with one bit of a segment's middle flipped: still canonical base64url. */
export function tampered(token, segment) {
  const segments = token.split('.');
  const text = segments[segment];
  const at = text.length >> 1;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  segments[segment] = text.slice(0, at) + alphabet[alphabet.indexOf(text[at]) ^ 1] + text.slice(at + 1);
  return segments.join('.');
}
