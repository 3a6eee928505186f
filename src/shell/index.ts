// Everything that "tokenward" exports.

export type * from './types.js';
export { isTokenwardError } from './error.js';
export { createBearerFetch, parseChallenges } from './bearer.js';
export { createBearerGuard, type BearerGuardOptions } from './guard.js';
export { jsonLogin, type JsonLoginOptions } from './grants.js';
export { KeySet, VerificationKey, importKey, thumbprint, type KeyInput } from './keys.js';
export { createSession } from './session.js';
export { memoryStore } from './stores/memory.js';
export {
  Verifier, checkExpiry, decode, isExpired, verify, verifyJws, verifyJwsSync, verifySync, type VerifierOptions,
} from './verify.js';
export { version } from './version.js';
