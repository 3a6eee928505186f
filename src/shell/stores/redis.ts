import { has, misuse } from '../error.js';
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
  const write = ['setEx', 'setex'].find((name) => has(client, 'get', name)) as 'setEx' | 'setex' | undefined;
  if (!write) throw misuse('client', 'a client of node-redis or ioredis');
  const redis = client as Client;
  return {
    get: (key) => redis.get(key),
    async set(key, value, ttlSeconds) {
      await redis[write]?.(key, ttlSeconds, value);
    },
  };
}
