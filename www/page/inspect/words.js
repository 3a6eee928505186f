// The meaning of registered header parameters and claims, and advice for each reason to reject a token.

import { distance, isMoment, moment } from '../time.js';

const ALGORITHMS = {
  none: 'No signature. This library has no code for it.',
  HS: 'HMAC: every party that can verify it can also create it.',
  RS: 'RSA, PKCS #1 v1.5',
  PS: 'RSA-PSS',
  ES: 'ECDSA',
  Ed: 'Edwards-curve signature',
  ML: 'ML-DSA, a lattice signature',
};

const HEADER = {
  kid: 'The ID of the key',
  typ: 'The type of token',
  cty: 'The type of content',
  crit: 'Extensions that a verifier must understand; this one understands none',
  jwk: 'An embedded key: never used',
  jku: 'A URL of keys: never requested',
  x5u: 'A URL of a certificate: never requested',
  x5c: 'An embedded certificate: never used',
};

const CLAIMS = {
  iss: 'The issuer',
  sub: 'The subject, usually the user',
  aud: 'The audience: the services it is for',
  jti: 'The ID of the token',
  scope: 'The permissions it grants',
  scp: 'The permissions it grants',
  client_id: 'The client it was issued to',
  azp: 'The client it was issued to',
  nonce: 'Binds it to one sign-in',
  sid: 'The sign-in it belongs to',
  acr: 'The level of authentication',
  amr: 'The methods of authentication',
  cnf: 'Bound to a key: not usable as a Bearer token',
};

const DATES = {
  exp: ['Expires', 'Expired'],
  nbf: ['Valid from', 'Valid from'],
  iat: ['Issued', 'Issued'],
  auth_time: ['Signed in', 'Signed in'],
  updated_at: ['Updated', 'Updated'],
};

/** The meaning of a registered header parameter. */
export function aboutHeader(name, value) {
  if (name === 'alg' && typeof value === 'string') return ALGORITHMS[value] ?? ALGORITHMS[value.slice(0, 2)] ?? 'An unknown algorithm';
  return HEADER[name];
}

/** The meaning of a registered claim now. */
export function aboutClaim(name, value, now) {
  if (!Object.hasOwn(DATES, name)) return Object.hasOwn(CLAIMS, name) ? CLAIMS[name] : undefined;
  if (!isMoment(value)) return 'This should be a number of seconds';
  return `${DATES[name][value > now ? 0 : 1]} ${moment(value)}, ${distance(value, now)}`;
}

/** The checks, as headings. */
export const CHECKS = {
  format: 'Format',
  header: 'Header',
  algorithm: 'Algorithm',
  key: 'Key',
  signature: 'Signature',
  claims: 'Claims',
  typ: 'Type',
  issuer: 'Issuer',
  subject: 'Subject',
  audience: 'Audience',
  time: 'Time',
  scope: 'Scope',
  revocation: 'Revocation',
};

const BY_CODE = {
  ERR_JWT_MALFORMED:
    'Copy the token again, complete and without spaces or line breaks. If it is complete, the issuer encodes it wrongly: base64url has no padding, and each JSON member occurs once.',
  ERR_JWE_NOT_SUPPORTED: 'This token is encrypted. Request a signed one, or decrypt it first and inspect its content.',
  ERR_JOSE_ALG_NOT_ALLOWED:
    'Never widen the rules to match a token. If your issuer really signs with this algorithm, use its key, and select the algorithm under More rules.',
  ERR_JOSE_NOT_SUPPORTED: 'The token requires an extension that must not be ignored. Configure the issuer not to use it.',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED:
    'The token was changed after it was signed, or it was signed with another key. Check the key, and do not trust the token.',
  ERR_JWT_EXPIRED: 'Use the refresh token, or sign in again. If clocks differ by seconds, set a clock tolerance.',
  ERR_JWT_NOT_YET_VALID: 'Wait until it becomes valid. If it has just been issued, clocks differ: set a clock tolerance of a few seconds.',
  ERR_JWKS_NO_MATCHING_KEY: 'Look for the token’s kid among the keys. A new key may not be published yet, or this is another issuer’s set.',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'More than one key fits. Have the issuer give each key a kid, or paste the one key to use.',
  ERR_JWKS_FETCH_FAILED:
    'The keys could not be fetched: the address is wrong, the issuer is down, or it does not allow pages to read them (CORS). Paste the set instead.',
  ERR_JWKS_TIMEOUT: 'The issuer did not respond in time. Try again, or paste the set instead.',
  ERR_KEY_WEAK: 'This key is too weak to be trusted. Replace it.',
  ERR_KEY_UNUSABLE: 'This key is for another purpose. Compare its kty, use, key_ops and alg with the token’s alg.',
  ERR_JWT_REVOKED: 'It was revoked. Sign in again.',
};

const BY_CHECK = {
  typ: 'This is another type of token: an ID token is not an access token. Request the type that the rules require.',
  issuer: 'Another issuer issued it. Issuers are compared exactly: look for a slash at the end.',
  subject: 'It is for another subject.',
  audience: 'It was issued for another API. Request a token for this one.',
  time: 'A time is missing or is not a number. Have the issuer set exp in seconds, or relax the rule.',
  scope: 'Request a token with the missing scope. A guard answers this with 403, not 401.',
  claims: 'A claim that the rules require is missing or has another value.',
};

/** Advice for a failed check. */
export function advice({ check, code }) {
  return BY_CODE[code] ?? BY_CHECK[check];
}

/** With its first letter in upper case and a full stop. */
export function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
