// Everything that "tokenward/decode" exports: tokens are read, and nothing is verified.

export type { ErrorCode, Expiry, ExpiryOptions, JoseHeader, JwtClaims, TokenwardError } from './types.js';
export { checkExpiry, decode, isExpired } from './decode/decode.js';
export { isTokenwardError } from './error.js';
export { version } from './version.js';
