// Everything that "tokenward/testing" exports. It makes keys and signs, which nothing else of the package does, and it has
// no part of what verifies.

export type { Algorithm, ErrorCode, Jwk } from '../types.js';
export { createClock, type TestClock } from './clock.js';
export {
  createTokenEndpoint,
  type RefreshTokenUse,
  type TestTokenEndpoint,
  type TokenEndpointOptions,
} from './endpoint.js';
export { createIssuer, type Claims, type IssuerOptions, type TestIssuer, type TokenOptions } from './issuer.js';
export { createKey, type KeyOptions, type TestKey } from './key.js';
export type { Answer, Failure, ServedRequest, TestService } from './service.js';
export { wrongTokens, type WrongToken } from './wrong.js';
