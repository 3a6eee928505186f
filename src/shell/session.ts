// Everything that "tokenward/session" exports.

export type * from './types.js';
export { beginAuthorization, completeAuthorization } from './session/authorize.js';
export { createBearerFetch, parseChallenges } from './session/bearer-fetch.js';
export { createSession } from './session/session.js';
export { isTokenwardError } from './error.js';
export {
  authorizationCode,
  cookieRefresh,
  customGrant,
  jsonLogin,
  oauth2,
  type AuthorizationCodeOptions,
  type CookieRefreshOptions,
  type CustomGrantOptions,
  type JsonLoginOptions,
  type OAuth2Options,
  type TokenRequester,
} from './session/grants.js';
export { indexedDbStore } from './stores/indexed-db.js';
export { memoryStore } from './stores/memory.js';
export { webStore } from './stores/web.js';
export { version } from './version.js';
