// Everything that "tokenward" exports: what "tokenward/session" does, and verification.

export * from './session.js';
export { createBearerGuard, type BearerGuardOptions } from './guard/guard.js';
export { KeySet, VerificationKey, importKey, thumbprint, type KeyInput } from './verify/keys.js';
export {
  Verifier, checkExpiry, decode, isExpired, verify, verifyJws, verifyJwsSync, verifySync, type IssuerRules,
  type VerifierOptions,
} from './verify/verifier.js';
