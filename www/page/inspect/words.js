// What the registered names of a token mean, and what to do about each reason to refuse one.

import { distance, isMoment, moment } from '../time.js';

const ALGORITHMS = {
  none: 'No signature at all. There is no code for it here.',
  HS: 'HMAC: whoever can check it can also make it.',
  RS: 'RSA, PKCS #1 v1.5', PS: 'RSA-PSS', ES: 'ECDSA', Ed: 'Edwards-curve signature', ML: 'ML-DSA, a lattice signature',
};

const HEADER = {
  kid: 'Names the key',
  typ: 'What kind of token it is',
  cty: 'What kind of content it has',
  crit: 'Extensions that a reader must understand; none is understood here',
  jwk: 'A key that it brings along: never used',
  jku: 'Where it says its keys are: never asked',
  x5u: 'Where it says its certificate is: never asked',
  x5c: 'A certificate that it brings along: never used',
};

const CLAIMS = {
  iss: 'Who issued it',
  sub: 'Whom it is about',
  aud: 'Whom it is for',
  jti: 'Its own identifier',
  scope: 'What it allows',
  scp: 'What it allows',
  client_id: 'The client that it was given to',
  azp: 'The client that it was given to',
  nonce: 'Ties it to one sign-in',
  sid: 'The sign-in it belongs to',
  acr: 'How strongly the person was authenticated',
  amr: 'By which means the person was authenticated',
  cnf: 'Bound to a key: not good as a plain Bearer token',
};

const DATES = { exp: ['Ends', 'Ended'], nbf: ['Starts', 'Started'], iat: ['Issued', 'Issued'], auth_time: ['Signed in', 'Signed in'], updated_at: ['Updated', 'Updated'] };

/** What a header parameter means, if it is registered. */
export function aboutHeader(name, value) {
  if (name === 'alg' && typeof value === 'string') return ALGORITHMS[value] ?? ALGORITHMS[value.slice(0, 2)] ?? 'An algorithm that is not known here';
  return HEADER[name];
}

/** What a claim means now, if it is registered. */
export function aboutClaim(name, value, now) {
  if (!Object.hasOwn(DATES, name)) return Object.hasOwn(CLAIMS, name) ? CLAIMS[name] : undefined;
  if (!isMoment(value)) return 'This should be a number of seconds';
  return `${DATES[name][value > now ? 0 : 1]} ${moment(value)}, ${distance(value, now)}`;
}

/** The checks, as headings. */
export const CHECKS = {
  format: 'Format', header: 'Header', algorithm: 'Algorithm', key: 'Key', signature: 'Signature', claims: 'Claims', typ: 'Type',
  issuer: 'Issuer', subject: 'Subject', audience: 'Audience', time: 'Time', scope: 'Scope', revocation: 'Revocation',
};

const BY_CODE = {
  ERR_JWT_MALFORMED: 'Copy the token again, whole and without spaces or line breaks. If it is whole, whoever issued it writes it wrongly: encode without padding, and write each JSON member once.',
  ERR_JWE_NOT_SUPPORTED: 'This token is encrypted. Ask for a signed one, or decrypt it first and look at what is inside.',
  ERR_JOSE_ALG_NOT_ALLOWED: 'Never accept this by widening the rules to what a token asks for. If your issuer does sign this way, give its key, and name the algorithm under More rules.',
  ERR_JOSE_NOT_SUPPORTED: 'The token demands an extension that must not be ignored. Have the issuer leave it out.',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'Either the token was changed after it was signed, or this is not the key it was signed with. Compare the key, and trust nothing the token says.',
  ERR_JWT_EXPIRED: 'Use the refresh token, or sign in again. Where clocks differ by seconds, set a clock tolerance.',
  ERR_JWT_NOT_YET_VALID: 'Wait until it starts. If it has just been issued, the clocks differ: set a clock tolerance of some seconds.',
  ERR_JWKS_NO_MATCHING_KEY: 'Look for the token’s kid among the keys. A new key may not be published yet, or this is another issuer’s set.',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'More than one key fits. Have the issuer name its keys with kid, or give the one that counts.',
  ERR_JWKS_FETCH_FAILED: 'The keys could not be fetched: the address is wrong, the issuer is down, or it does not let pages read them (CORS). Paste the set instead.',
  ERR_JWKS_TIMEOUT: 'The issuer did not answer in time. Try again, or paste the set instead.',
  ERR_KEY_WEAK: 'This key is too weak to prove anything. Replace it.',
  ERR_KEY_UNUSABLE: 'This key is meant for something else. Compare its kty, use, key_ops and alg with what the token asks for.',
  ERR_JWT_REVOKED: 'It was withdrawn. Sign in again.',
};

const BY_CHECK = {
  typ: 'This is another kind of token: an ID token is not an access token. Ask for the kind that the rules name.',
  issuer: 'Another issuer made it. The names are compared letter for letter: look for a slash at the end.',
  subject: 'It is about somebody else.',
  audience: 'It was issued for another API. Ask the issuer for a token for this one.',
  time: 'A date is missing or is no number. Have the issuer put exp in as seconds, or relax the rule.',
  scope: 'Ask for a token with the scope that is missing. A guard answers 403 here, not 401.',
  claims: 'A claim that the rules ask for is missing, or is not what they ask for.',
};

/** What to do about a check that failed. */
export function advice({ check, code }) {
  return BY_CODE[code] ?? BY_CHECK[check];
}

/** With its first letter in upper case and a full stop. */
export function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
