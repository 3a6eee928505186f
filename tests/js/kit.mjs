// Keys and tokens for the suite, made by the host's own crypto.subtle: nothing that tokenward wrote signs what it verifies.

const encoder = new TextEncoder();

export const ISSUER = 'https://issuer.test';
export const AUDIENCE = 'https://api.test';
/** An instant that every test can stand on, in seconds. */
export const NOW = 1_800_000_000;

/** Rules that a token from `claims()` satisfies. */
export const rules = (more = {}) => ({ issuer: ISSUER, audience: AUDIENCE, now: NOW, ...more });
export const claims = (more = {}) => ({ iss: ISSUER, aud: AUDIENCE, sub: 'ada', iat: NOW - 10, exp: NOW + 60, ...more });

const rsa = (name, bits) => ({ name, hash: `SHA-${bits}`, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) });
const ecdsa = (bits, namedCurve) => [{ name: 'ECDSA', namedCurve }, { name: 'ECDSA', hash: `SHA-${bits}` }];

/** alg → what crypto.subtle generates, and how it signs. */
const ALGORITHMS = {
  HS256: [{ name: 'HMAC', hash: 'SHA-256' }, 'HMAC'],
  HS384: [{ name: 'HMAC', hash: 'SHA-384' }, 'HMAC'],
  HS512: [{ name: 'HMAC', hash: 'SHA-512' }, 'HMAC'],
  RS256: [rsa('RSASSA-PKCS1-v1_5', 256), 'RSASSA-PKCS1-v1_5'],
  RS384: [rsa('RSASSA-PKCS1-v1_5', 384), 'RSASSA-PKCS1-v1_5'],
  RS512: [rsa('RSASSA-PKCS1-v1_5', 512), 'RSASSA-PKCS1-v1_5'],
  PS256: [rsa('RSA-PSS', 256), { name: 'RSA-PSS', saltLength: 32 }],
  PS384: [rsa('RSA-PSS', 384), { name: 'RSA-PSS', saltLength: 48 }],
  PS512: [rsa('RSA-PSS', 512), { name: 'RSA-PSS', saltLength: 64 }],
  ES256: ecdsa(256, 'P-256'),
  ES384: ecdsa(384, 'P-384'),
  ES512: ecdsa(512, 'P-521'),
  EdDSA: [{ name: 'Ed25519' }, 'Ed25519'],
  Ed25519: [{ name: 'Ed25519' }, 'Ed25519'],
};

export const algorithms = Object.keys(ALGORITHMS);

export function base64url(data) {
  const bytes = typeof data === 'string' ? encoder.encode(data) : new Uint8Array(data);
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

export const unsigned = (header, payload) => `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(payload))}`;

/** RSA keys take long to make, and one is as good as another. */
const generated = new Map();

/**
 * A key pair, or a secret, that signs tokens; `jwk` is what verifies them, and `kid` is in both unless it is null.
 * The same one every time, unless it is to be `fresh`; its CryptoKey is always a new object.
 */
export async function signer(alg, { kid = `${alg}-key`, extractable = true, fresh = false } = {}) {
  const [generate, how] = ALGORITHMS[alg];
  const made = (!fresh && generated.get(alg)) || await crypto.subtle.generateKey(generate, true, ['sign', 'verify']);
  if (!fresh) generated.set(alg, made);
  const privateKey = made.privateKey ?? made;
  const jwk = await crypto.subtle.exportKey('jwk', made.publicKey ?? made);
  for (const member of ['key_ops', 'ext']) delete jwk[member];
  Object.assign(jwk, { alg }, kid !== null && { kid });
  const { alg: _, ...material } = jwk;
  const cryptoKey = await crypto.subtle.importKey('jwk', material, generate, extractable, ['verify']);
  return {
    alg,
    kid,
    jwk,
    cryptoKey,
    /** SPKI PEM; only where there is a public key. */
    pem: async () => pem(await crypto.subtle.exportKey('spki', made.publicKey)),
    /** The secret's bytes; only where it is one. */
    secret: async () => new Uint8Array(await crypto.subtle.exportKey('raw', made)),
    async sign(payload = claims(), header = {}) {
      const input = unsigned({ alg, ...(kid !== null && { kid }), ...header }, payload);
      return `${input}.${base64url(await crypto.subtle.sign(how, privateKey, encoder.encode(input)))}`;
    },
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

function pem(der) {
  const lines = btoa(String.fromCharCode(...new Uint8Array(der))).match(/.{1,64}/g);
  return ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----', ''].join('\n');
}
