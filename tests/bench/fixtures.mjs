// What is measured: a key and a token for each row, signed by node:crypto. Run by a Node that knows ML-DSA, it has rows for
// that too. Prints JSON, because browsers and Workers cannot make all of these themselves.

import { constants, createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export const ISSUER = 'https://issuer.test';
export const AUDIENCE = 'https://api.test';
const NOW = Math.floor(Date.now() / 1000);

const rsa = (modulusLength) => () => generateKeyPairSync('rsa', { modulusLength });
const ec = (namedCurve) => () => generateKeyPairSync('ec', { namedCurve });
const p1363 = { dsaEncoding: 'ieee-p1363' };
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };

/** row → [alg, key pair, hash, how node:crypto signs] */
const KEYS = {
  RS256: ['RS256', rsa(2048), 'sha256'],
  'RS256 4096': ['RS256', rsa(4096), 'sha256'],
  PS256: ['PS256', rsa(2048), 'sha256', pss],
  ES256: ['ES256', ec('P-256'), 'sha256', p1363],
  ES384: ['ES384', ec('P-384'), 'sha384', p1363],
  ES512: ['ES512', ec('P-521'), 'sha512', p1363],
  ES256K: ['ES256K', ec('secp256k1'), 'sha256', p1363],
  EdDSA: ['EdDSA', () => generateKeyPairSync('ed25519'), null],
  'ML-DSA-65': ['ML-DSA-65', () => generateKeyPairSync('ml-dsa-65'), null],
};

const segment = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const rows = [];
const secret = randomBytes(32);
const hmac = { alg: 'HS256', secret: secret.toString('base64url'), sign: (input) => createHmac('sha256', secret).update(input).digest() };

add('HS256', hmac);
add('HS256, 1.4 KB', hmac, { bytes: 1_400 });
add('HS256, 8 KB', hmac, { bytes: 8_000 });
add('HS256, forged', hmac, { kind: 'forged' });
add('HS256, expired', hmac, { kind: 'expired' });
for (const [name, [alg, make, hash, how = {}]] of Object.entries(KEYS)) {
  let pair;
  try {
    pair = make();
  } catch {
    continue; // This Node does not know the algorithm.
  }
  const signer = {
    alg,
    jwk: { ...pair.publicKey.export({ format: 'jwk' }), alg, kid: 'k' },
    pem: pair.publicKey.export({ format: 'pem', type: 'spki' }),
    sign: (input) => sign(hash, Buffer.from(input), { key: pair.privateKey, ...how }),
  };
  add(name, signer);
  if (name === 'RS256') add('RS256, 1.4 KB', signer, { bytes: 1_400 });
  if (name !== 'ES256') continue;
  add('ES256, 1.4 KB', signer, { bytes: 1_400 });
  add('ES256, 8 KB', signer, { bytes: 8_000 });
  add('ES256, forged', signer, { kind: 'forged' });
  add('ES256, expired', signer, { kind: 'expired' });
}
process.stdout.write(JSON.stringify({ issuer: ISSUER, audience: AUDIENCE, rows }));

/** A token of about so many bytes, unless its signature alone is longer. */
function add(name, { sign: signed, ...key }, { bytes = 400, kind = 'valid' } = {}) {
  const header = segment({ alg: key.alg, kid: 'k', typ: 'JWT' });
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'ada', iat: NOW - 60, exp: NOW + (kind === 'expired' ? -30 : 86_400) };
  const length = header.length + segment(claims).length + Math.ceil((signed(header).length * 4) / 3) + 2;
  const missing = Math.max(0, Math.floor(((bytes - length) * 3) / 4) - 12);
  // Claims as providers write them: some texts, a list, a number.
  if (missing > 0)
    claims.roles = Array.from({ length: Math.ceil(missing / 16) }, (_, index) => `role-${index}`.padEnd(13, '.').slice(0, 13));
  const input = `${header}.${segment(claims)}`;
  const signature = Buffer.from(signed(input));
  if (kind === 'forged') signature[signature.length >> 1] ^= 1;
  rows.push({ name, kind, ...key, token: `${input}.${signature.toString('base64url')}` });
}
