// Everything that "tokenward/session" exports.

export type * from './types.js';
export { createBearerFetch, parseChallenges } from './bearer.js';
export { createSession } from './create-session.js';
export { isTokenwardError } from './error.js';
export { jsonLogin, type JsonLoginOptions } from './grants.js';
export { memoryStore } from './stores/memory.js';
export { version } from './version.js';
