// Everything that "tokenward" exports: what "tokenward/session" does, and verification.

export * from './session.js';
export { createBearerGuard, type BearerGuardOptions } from './guard/guard.js';
export { KeySet, VerificationKey, importKey, thumbprint, type KeyInput } from './verify/keys.js';
export { checkExpiry, decode, isExpired } from './decode/decode.js';
export { Verifier, type IssuerRules, type VerifierOptions } from './verify/verifier.js';
export { verify, verifyJws, verifyJwsSync, verifySync } from './verify/verify.js';
