// Writes signed.mjs: keys and tokens of the algorithms that crypto.subtle does not have in every host, made by node:crypto
// (OpenSSL). ML-DSA is there since Node 24.7. Run it only where the tokens have to change: every run makes new keys.

import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';

import { base64url, claims, unsigned } from './kit.mjs';

const signed = {};
for (const alg of ['ES256K', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87']) {
  const kid = `${alg}-key`;
  const { privateKey, publicKey } =
    alg === 'ES256K' ? generateKeyPairSync('ec', { namedCurve: 'secp256k1' }) : generateKeyPairSync(alg.toLowerCase());
  const input = unsigned({ alg, kid }, claims());
  const [hash, key] = alg === 'ES256K' ? ['sha256', { key: privateKey, dsaEncoding: 'ieee-p1363' }] : [null, privateKey];
  signed[alg] = {
    jwk: { ...publicKey.export({ format: 'jwk' }), alg, kid },
    token: `${input}.${base64url(sign(hash, Buffer.from(input), key))}`,
  };
}
const file = new URL('signed.mjs', import.meta.url);
writeFileSync(file, `// Written by make-signed.mjs.\n\nexport const signed = ${JSON.stringify(signed, null, 1)};\n`);
