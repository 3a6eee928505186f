import { has, misuse } from '../arguments.js';
import type { JwksCache, TokenStore } from '../types.js';
import { IN_WORKERD } from '../runtime.js';
import { listening, type Duplicable } from './redis-channel.js';
import { newVersion } from './version.js';

/** The methods that node-redis and ioredis share, and the one that they spell differently. */
interface Client {
  get(key: string): Promise<string | null>;
  setEx?(key: string, seconds: number, value: string): Promise<unknown>;
  setex?(key: string, seconds: number, value: string): Promise<unknown>;
}

/**
 * Shares JWK Sets through Redis, between all machines that use it.
 * @param client a connected client of node-redis or ioredis
 * @throws ERR_INVALID_ARG
 * @example
 * ```ts
 * import { KeySet } from 'tokenward';
 * import { redisStore } from 'tokenward/stores';
 *
 * const keys = KeySet.discover('https://login.example.com', { cache: redisStore(client) });
 * ```
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

/** `EVAL`, which node-redis calls with one object and ioredis with a list. */
interface Evaluator {
  eval(script: string, ...rest: unknown[]): Promise<unknown>;
  setEx?: unknown;
}

/**
 * Saves or clears in one script, so that nothing comes between the check and the change. `ARGV[1]` is the version that must
 * be stored, empty for none. `ARGV[2]` and `ARGV[3]` are the new version and record; with an empty version the record is
 * removed. The change is published on the channel `ARGV[4]` in the name of `ARGV[5]`; a user that may not publish can still
 * save. `ARGV[6]`: the seconds after which Redis removes the record.
 */
const CHANGE = `
if (redis.call('HGET', KEYS[1], 'version') or '') ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('HSET', KEYS[1], 'version', ARGV[2], 'record', ARGV[3]) end
if ARGV[6] then redis.call('EXPIRE', KEYS[1], ARGV[6]) end
redis.pcall('PUBLISH', ARGV[4], ARGV[5])
return 1`;
const LOAD = "return redis.call('HMGET', KEYS[1], 'version', 'record')";

/**
 * Keeps sessions in Redis, shared by all processes and machines that use it. A record stays until its session ends: only the
 * authorization server knows how long a refresh token lives. Authorization requests that are not completed expire after an hour.
 *
 * A change is published on the channel `key`. Sessions hear it over a second connection, which the client's `duplicate()`
 * makes, so a sign-out in one process ends the session in all of them at once. The connection opens with the first session
 * and closes with the last `close()`, or with `client`. It keeps no process alive. A client without `duplicate()` works too:
 * its sessions look at the store when they refresh, and after a 401.
 * @param client a connected client of node-redis or ioredis
 * @throws ERR_INVALID_ARG
 * @example
 * ```ts
 * import { createSession } from 'tokenward';
 * import { redisTokenStore } from 'tokenward/stores';
 *
 * // One name for each user of the store.
 * const session = createSession({ grant, name: 'ada', store: redisTokenStore(client) });
 * ```
 */
export function redisTokenStore(client: unknown): TokenStore {
  if (!has(client, 'eval')) throw misuse('client', 'a client of node-redis or ioredis');
  const redis = client as Evaluator;
  const self = newVersion();
  const run = (script: string, key: string, ...args: string[]) =>
    typeof redis.setEx === 'function' ? redis.eval(script, { keys: [key], arguments: args }) : redis.eval(script, 1, key, ...args);
  const store: TokenStore = {
    shared: 'global',
    consistency: 'strong',
    async load(key) {
      const [version, record] = (await run(LOAD, key)) as [string | null, string | null];
      return version != null && record != null ? { record, version } : null;
    },
    async save(key, record, expect, ttlSeconds) {
      const version = newVersion();
      const ttl = ttlSeconds === undefined ? [] : [String(ttlSeconds)];
      return (await run(CHANGE, key, expect ?? '', version, record, key, self, ...ttl)) === 1 ? { ok: true, version } : { ok: false };
    },
    async clear(key, expect) {
      return (await run(CHANGE, key, expect ?? '', '', '', key, self)) === 1;
    },
  };
  // In workerd a connection belongs to the request that opened it.
  if (has(client, 'duplicate') && !IN_WORKERD) store.subscribe = listening(client as Duplicable, self);
  return store;
}
