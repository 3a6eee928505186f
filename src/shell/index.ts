// Everything that "tokenward" exports.

export type * from './types.js';
export { isTokenwardError } from './error.js';
export { createBearerGuard, type BearerGuardOptions } from './guard.js';
export { KeySet, VerificationKey, importKey, thumbprint, type KeyInput } from './keys.js';
export { Verifier, checkExpiry, decode, isExpired, verify, verifySync, type VerifierOptions } from './verify.js';
export { version } from './version.js';
