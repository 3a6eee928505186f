// Tokens with one flaw each. Whatever can be wrong by an hour is: no tolerance between clocks lets it pass.

import { misuse } from '../arguments.js';
import type { ErrorCode } from '../types.js';
import { base64url, utf8 } from './encode.js';
import type { Claims } from './issuer.js';
import { createKey, type TestKey } from './key.js';

const HOUR = 3600;

/** What a token is made of; `good` is the one without the flaw. */
interface Making {
  readonly key: TestKey;
  readonly claims: Claims;
  readonly now: number;
  readonly good: () => Promise<string>;
}
interface Row {
  readonly code: ErrorCode;
  readonly make: (making: Making) => string | Promise<string>;
}

/** The token, once one of its three segments is another. */
const edited =
  (at: 0 | 1 | 2, edit: (segment: string) => string): Row['make'] =>
  async ({ good }) => {
    const segments = (await good()).split('.');
    segments[at] = edit(segments[at] ?? '');
    return segments.join('.');
  };
/** Signed soundly, and what it says is wrong. */
const saying = (code: ErrorCode, change: (making: Making) => Claims): Row => ({
  code,
  make: (making) => making.key.sign({ ...making.claims, ...change(making) }),
});
const withHeader = (code: ErrorCode, header: Record<string, unknown>): Row => ({
  code,
  make: ({ key, claims }) => key.sign(claims, header),
});
/** Signed by a stranger's key of the same algorithm. */
const byStranger = (code: ErrorCode, header: (key: TestKey, stranger: TestKey) => Record<string, unknown>): Row => ({
  code,
  async make({ key, claims }) {
    const stranger = await strangerOf(key);
    return stranger.sign(claims, header(key, stranger));
  },
});
/** Still canonical base64url, and one bit is another. */
const flipped = (segment: string): string => {
  const at = segment.length >> 1;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return segment.slice(0, at) + alphabet[alphabet.indexOf(segment[at] ?? '') ^ 1] + segment.slice(at + 1);
};

/** A flaw that a token can have. */
export type WrongToken =
  | 'expired'
  | 'not-yet-valid'
  | 'no-expiry'
  | 'expiry-as-text'
  | 'no-issuer'
  | 'other-issuer'
  | 'no-audience'
  | 'other-audience'
  | 'changed-payload'
  | 'changed-signature'
  | 'no-signature'
  /** Signed by another key under the name of the issuer's. */
  | 'other-key'
  /** The same, and its header brings the key along. */
  | 'key-in-header'
  /** Signed by a key that is not published. */
  | 'unknown-key'
  /** `alg` is none. */
  | 'unsigned'
  /** An HMAC whose secret is the public key; of a secret, one with another hash. */
  | 'other-algorithm'
  | 'unknown-critical-header'
  | 'unencoded-payload'
  /** Five segments. */
  | 'encrypted'
  | 'two-segments'
  | 'padded'
  | 'duplicate-claim'
  | 'claims-in-a-list'
  | 'claims-not-json'
  | 'too-long';

const FORGED = 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED';
const INVALID = 'ERR_JWT_CLAIM_VALIDATION_FAILED';
const MALFORMED = 'ERR_JWT_MALFORMED';

const ROWS: Readonly<Record<WrongToken, Row>> = {
  expired: saying('ERR_JWT_EXPIRED', ({ now }) => ({ iat: now - 2 * HOUR, exp: now - HOUR })),
  'not-yet-valid': saying('ERR_JWT_NOT_YET_VALID', ({ now }) => ({ nbf: now + HOUR, exp: now + 2 * HOUR })),
  'no-expiry': saying(INVALID, () => ({ exp: undefined })),
  'expiry-as-text': saying(INVALID, ({ claims }) => ({ exp: String(claims['exp']) })),
  'no-issuer': saying(INVALID, () => ({ iss: undefined })),
  'other-issuer': saying(INVALID, () => ({ iss: 'https://another-issuer.test' })),
  'no-audience': saying(INVALID, () => ({ aud: undefined })),
  'other-audience': saying(INVALID, () => ({ aud: 'https://another-api.test' })),
  'changed-payload': { code: FORGED, make: changedPayload },
  'changed-signature': { code: FORGED, make: edited(2, flipped) },
  'no-signature': { code: FORGED, make: edited(2, () => '') },
  'other-key': byStranger(FORGED, ({ kid }) => ({ kid: kid ?? undefined })),
  'key-in-header': byStranger(FORGED, ({ kid }, { jwk }) => ({ kid: kid ?? undefined, jwk })),
  'unknown-key': byStranger('ERR_JWKS_NO_MATCHING_KEY', (_, { kid }) => ({ kid })),
  unsigned: { code: 'ERR_JOSE_ALG_NOT_ALLOWED', make: ({ key, claims }) => `${unsigned('none', key, claims)}.` },
  'other-algorithm': { code: 'ERR_JOSE_ALG_NOT_ALLOWED', make: confused },
  'unknown-critical-header': withHeader('ERR_JOSE_NOT_SUPPORTED', { crit: ['urn:example:unknown'], 'urn:example:unknown': true }),
  'unencoded-payload': withHeader('ERR_JOSE_NOT_SUPPORTED', { crit: ['b64'], b64: false }),
  encrypted: { code: 'ERR_JWE_NOT_SUPPORTED', make: encrypted },
  'two-segments': { code: MALFORMED, make: async ({ good }) => (await good()).replace(/\.[^.]*$/, '') },
  padded: { code: MALFORMED, make: edited(1, (segment) => `${segment}=`) },
  'duplicate-claim': signing(MALFORMED, (claims) => `{"sub":"root",${JSON.stringify(claims).slice(1)}`),
  'claims-in-a-list': signing(MALFORMED, (claims) => JSON.stringify([claims])),
  'claims-not-json': signing(MALFORMED, (claims) => JSON.stringify(claims).replaceAll('"', "'")),
  'too-long': { code: MALFORMED, make: ({ key, claims }) => key.sign({ ...claims, filler: 'x'.repeat(16_384) }) },
};

/**
 * Every flaw, and the code with which a verifier over the issuer's key set and `rules` refuses it. One of a token's kind, of its
 * scope or of any other claim is made by `token`, which takes any claims.
 */
export const wrongTokens: readonly { readonly kind: WrongToken; readonly code: ErrorCode }[] = Object.entries(ROWS).map(
  ([kind, { code }]) => ({ kind: kind as WrongToken, code }),
);

/** What `key` would sign, but for one flaw. */
export async function wrong(kind: WrongToken, key: TestKey, claims: Claims, now: number): Promise<string> {
  const row = Object.hasOwn(ROWS, kind) ? ROWS[kind] : undefined;
  if (!row) throw misuse('kind', 'one of wrongTokens');
  return row.make({ key, claims, now, good: () => key.sign(claims) });
}

function signing(code: ErrorCode, text: (claims: Claims) => string): Row {
  return { code, make: ({ key, claims }) => key.sign(text(claims)) };
}

/** Header and claims, as far as a signature goes over them. */
function unsigned(alg: string, { kid }: TestKey, claims: Claims): string {
  return `${encoded({ alg, kid: kid ?? undefined })}.${encoded(claims)}`;
}

/** A JWE has five segments (RFC 7516 §3.1). */
async function encrypted({ good }: Making): Promise<string> {
  return `${encoded({ alg: 'dir', enc: 'A256GCM' })}.${(await good()).replace(/^[^.]*/, '')}.AAAA`;
}

/** Another subject under the signature of the first. */
async function changedPayload({ claims, good }: Making): Promise<string> {
  const [header, , signature] = (await good()).split('.');
  return `${header}.${encoded({ ...claims, sub: 'root' })}.${signature}`;
}

/** An HMAC with what everybody knows for its secret (RFC 8725 §2.1); of a secret, one with another hash. */
async function confused({ key, claims }: Making): Promise<string> {
  if (key.jwk.kty === 'oct') return key.sign(claims, { alg: key.alg === 'HS256' ? 'HS512' : 'HS256' });
  const input = unsigned('HS256', key, claims);
  const secret = await crypto.subtle.importKey('raw', utf8(await key.pem()), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return `${input}.${base64url(await crypto.subtle.sign('HMAC', secret, utf8(input)))}`;
}

/** RSA keys take long to make, and one stranger is as strange as another. */
const strangers = new WeakMap<TestKey, Promise<TestKey>>();

function strangerOf(key: TestKey): Promise<TestKey> {
  let stranger = strangers.get(key);
  if (!stranger) strangers.set(key, (stranger = createKey(key.alg)));
  return stranger;
}

function encoded(value: object): string {
  return base64url(JSON.stringify(value));
}
