// Everything that "tokenward/stores" exports. Nothing here needs the module.

export { cacheApiStore } from './cache-api.js';
export { kvStore } from './kv.js';
export { redisStore } from './redis.js';
export type { JwksCache } from '../types.js';
