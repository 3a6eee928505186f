// Keys in DER and PEM, for the suites. `bytes` reads base64url.

import { signed } from './signed.mjs';

export const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
const hex = (text) => Uint8Array.from(text.match(/../g), (digits) => parseInt(digits, 16));
const join = (...parts) => new Uint8Array(parts.flatMap((part) => [...part]));

export function der(tag, ...content) {
  const inner = join(...content);
  const { length } = inner;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return join([tag, ...size], inner);
}

/** PEM, with lines so long. */
export function armour(label, content, width = 64) {
  const lines = btoa(String.fromCharCode(...content)).match(new RegExp(`.{1,${width}}`, 'g'));
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** What comes before the key's bits in an SPKI. */
const SPKI = {
  ES256K: '3056301006072a8648ce3d020106052b8104000a03420004',
  'ML-DSA-44': '30820532300b06096086480165030403110382052100',
  'ML-DSA-65': '308207b2300b0609608648016503040312038207a100',
  'ML-DSA-87': '30820a32300b060960864801650304031303820a2100',
};

/** The SPKI of a key in signed.mjs. */
export function signedSpki(alg) {
  const { x, y, pub } = signed[alg].jwk;
  return join(hex(SPKI[alg]), ...[x, y, pub].filter(Boolean).map(bytes));
}

/** A certificate for the key (RFC 5280 §4.1). Nothing of it but the key means anything, the signature least of all. */
export function certificate(spki) {
  const algorithm = der(0x30, der(0x06, hex('2b6570')));
  const name = der(0x30, der(0x31, der(0x30, der(0x06, hex('550403')), der(0x0c, new TextEncoder().encode('issuer.test')))));
  const dates = der(0x30, der(0x17, new TextEncoder().encode('260101000000Z')), der(0x17, new TextEncoder().encode('270101000000Z')));
  const body = der(0x30, der(0xa0, der(0x02, [2])), der(0x02, [1]), algorithm, name, dates, name, spki);
  return der(0x30, body, algorithm, der(0x03, [0], new Uint8Array(64)));
}
