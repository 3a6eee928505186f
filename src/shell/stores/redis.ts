import { has, misuse } from '../error.js';
import type { JwksCache, TokenStore } from '../types.js';
import { newVersion } from './version.js';

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

/** `EVAL`, as node-redis (one object) and ioredis (a list) want it. */
interface Evaluator {
  eval(script: string, ...rest: unknown[]): Promise<unknown>;
  setEx?: unknown;
}

/**
 * Saves and clears in one script, so that nobody comes between the look and the change. `ARGV[1]` is the version
 * that must stand there, the empty string for none; without `ARGV[2]`, the new version, the record is removed.
 */
const CHANGE = `
if (redis.call('HGET', KEYS[1], 'version') or '') ~= ARGV[1] then return 0 end
if ARGV[2] then redis.call('HSET', KEYS[1], 'version', ARGV[2], 'record', ARGV[3]) else redis.call('DEL', KEYS[1]) end
return 1`;
const LOAD = "return redis.call('HMGET', KEYS[1], 'version', 'record')";

/**
 * Keeps sessions in Redis, shared by all processes and machines that use it. Records stay until the session ends: how
 * long a refresh token lives, only its server knows. Nobody is told of changes, which would take a second connection;
 * other processes look whenever they refresh, and after a 401.
 * @param client a connected client of node-redis or ioredis
 * @throws ERR_INVALID_ARG
 */
export function redisTokenStore(client: unknown): TokenStore {
  if (!has(client, 'eval')) throw misuse('client', 'a client of node-redis or ioredis');
  const redis = client as Evaluator;
  const run = (script: string, key: string, ...args: string[]) => (typeof redis.setEx === 'function'
    ? redis.eval(script, { keys: [key], arguments: args })
    : redis.eval(script, 1, key, ...args));
  return {
    shared: 'global',
    consistency: 'strong',
    async load(key) {
      const [version, record] = await run(LOAD, key) as [string | null, string | null];
      return version != null && record != null ? { record, version } : null;
    },
    async save(key, record, expect) {
      const version = newVersion();
      return await run(CHANGE, key, expect ?? '', version, record) === 1 ? { ok: true, version } : { ok: false };
    },
    async clear(key, expect) {
      return await run(CHANGE, key, expect ?? '') === 1;
    },
  };
}
