// Everything that "tokenward/stores" exports. Nothing here needs the module.

export { cacheApiStore } from './cache-api.js';
export { durableObjectStore, TokenStoreObject } from './durable-object.js';
export { kvStore } from './kv.js';
export { redisStore, redisTokenStore } from './redis.js';
export type { JwksCache, TokenStore } from '../types.js';
