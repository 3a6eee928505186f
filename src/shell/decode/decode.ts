// Reading a token without verifying it.

import { member, misuse, optionsOf, readable } from '../arguments.js';
import { bounded, call } from '../boundary/instance.js';
import { parsed, put, trim } from '../boundary/memory.js';
import { moment } from '../clock.js';
import type { Expiry, ExpiryOptions, JoseHeader, JwtClaims } from '../types.js';

/**
 * Header and claims of a JWT, **not verified**: anyone may have written them.
 * @throws ERR_JWT_MALFORMED
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
 * When a token starts and ends, without verifying it. A token that never expires has `expiresAt: null`.
 * @throws ERR_JWT_MALFORMED; ERR_JWT_CLAIM_VALIDATION_FAILED if `exp` or `nbf` is not a date.
 */
export function checkExpiry(token: string | JwtClaims, options: ExpiryOptions = {}): Expiry {
  const { now: at, clockTolerance = 0 } = optionsOf(options, ['now', 'clockTolerance']);
  const [now, given] = moment(at);
  if (typeof clockTolerance !== 'number') throw misuse('clockTolerance', 'between 0 and 600 seconds', clockTolerance);
  const claims = typeof token === 'object' && token !== null
    ? readable(() => JSON.stringify({ exp: member(token, 'exp'), nbf: member(token, 'nbf') }), 'token') : undefined;
  const [expired, notYetValid, exp] = claims === undefined
    ? call('expiry_of_token', put(token), now, given, clockTolerance)
    : bounded(() => call('expiry_of_claims', claims, now, given, clockTolerance));
  trim();
  const expiresAt = exp === undefined || Number.isNaN(exp) ? null : exp;
  return { expired: expired === 1, notYetValid: notYetValid === 1, expiresAt, expiresIn: expiresAt === null ? null : expiresAt - now };
}

/**
 * Whether a token has expired, without verifying it.
 * @throws as `checkExpiry`
 */
export function isExpired(token: string | JwtClaims, options?: ExpiryOptions): boolean {
  return checkExpiry(token, options).expired;
}
