// Reading a token without verifying it.

import { member, misuse, optionsOf, readable } from '../arguments.js';
import { bounded, call } from '../boundary/instance.js';
import { parsed, put, trim } from '../boundary/memory.js';
import { moment } from '../clock.js';
import type { Expiry, ExpiryOptions, JoseHeader, JwtClaims } from '../types.js';

/**
 * Reads the header and the claims of a JWT. They are **not verified**: the signature is not checked.
 * @throws ERR_JWT_MALFORMED if it is not a JWT.
 * @example
 * ```ts
 * import { decode } from 'tokenward';
 *
 * const { header, payload } = decode<{ email?: string }>(token);
 * console.log(header.alg, payload.sub, payload.email);
 * ```
 */
export function decode<C extends object = {}>(token: string): { header: JoseHeader; payload: JwtClaims & C } {
  call('decode', put(token));
  try {
    return { header: parsed('header'), payload: parsed('payload') };
  } finally {
    trim();
  }
}

/**
 * Reads the validity period of a token, or of its claims, without verifying it. If the token never expires, `expiresAt` is null.
 * @throws ERR_JWT_MALFORMED; ERR_JWT_CLAIM_VALIDATION_FAILED if `exp` or `nbf` is not a number.
 * @example
 * ```ts
 * import { checkExpiry } from 'tokenward';
 *
 * const { expired, expiresIn } = checkExpiry(token);
 * console.log(expired ? 'expired' : `${expiresIn} s left`);
 * ```
 */
export function checkExpiry(token: string | JwtClaims, options: ExpiryOptions = {}): Expiry {
  const { now: at, clockTolerance = 0 } = optionsOf(options, ['now', 'clockTolerance']);
  const [now, given] = moment(at);
  if (typeof clockTolerance !== 'number') throw misuse('clockTolerance', 'between 0 and 600 seconds', clockTolerance);
  const claims =
    typeof token === 'object' && token !== null
      ? readable(() => JSON.stringify({ exp: member(token, 'exp'), nbf: member(token, 'nbf') }), 'token')
      : undefined;
  const [expired, notYetValid, exp] =
    claims === undefined
      ? call('expiry_of_token', put(token), now, given, clockTolerance)
      : bounded(() => call('expiry_of_claims', claims, now, given, clockTolerance));
  trim();
  const expiresAt = exp === undefined || Number.isNaN(exp) ? null : exp;
  return { expired: expired === 1, notYetValid: notYetValid === 1, expiresAt, expiresIn: expiresAt === null ? null : expiresAt - now };
}

/**
 * Whether a token has expired, without verifying it.
 * @throws the errors of {@link checkExpiry}.
 * @example
 * ```ts
 * import { isExpired } from 'tokenward';
 *
 * if (isExpired(token)) console.log('log in again');
 * ```
 */
export function isExpired(token: string | JwtClaims, options?: ExpiryOptions): boolean {
  return checkExpiry(token, options).expired;
}
