// Everything that "tokenward/verify" exports: verification, keys and the guard, without the session.

export type * from './types.js';
export { checkExpiry, decode, isExpired } from './decode/decode.js';
export { isTokenwardError } from './error.js';
export { createBearerGuard, type BearerGuardOptions } from './guard/guard.js';
export { KeySet, VerificationKey, importKey, thumbprint, type KeyInput } from './verify/keys.js';
export { Verifier, type IssuerRules, type VerifierOptions } from './verify/verifier.js';
export { verify, verifyJws, verifyJwsSync, verifySync } from './verify/verify.js';
export { version } from './version.js';
