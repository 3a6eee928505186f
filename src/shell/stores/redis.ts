import { misuse } from '../error.js';
import type { JwksCache } from '../types.js';

/** What node-redis and ioredis have in common, and the one name that they spell differently. */
interface Client {
  get(key: string): Promise<string | null>;
  setEx?(key: string, seconds: number, value: string): Promise<unknown>;
  setex?(key: string, seconds: number, value: string): Promise<unknown>;
}

/**
 * Shares JWK Sets through Redis, between all machines that use it.
 * @param client a connected client of node-redis or ioredis
 * @throws ERR_INVALID_ARG
 */
export function redisStore(client: unknown): JwksCache {
  const redis = client as Client;
  const write = redis?.setEx ?? redis?.setex;
  if (typeof redis?.get !== 'function' || typeof write !== 'function') throw misuse('client', 'a client of node-redis or ioredis');
  return {
    get: (key) => redis.get(key),
    async set(key, value, ttlSeconds) {
      await write.call(redis, key, ttlSeconds, value);
    },
  };
}
