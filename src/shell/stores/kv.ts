import { has, misuse } from '../arguments.js';
import type { JwksCache } from '../types.js';

/** Seconds. Workers KV takes no shorter lifetime. An entry says when it was written, so one that is too old is not used. */
const SHORTEST_TTL = 60;

interface Namespace {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, options: { expirationTtl: number }): Promise<void>;
}

/**
 * Shares JWK Sets through Workers KV, between all data centres. KV may take a minute to show a write everywhere, so it saves
 * most fetches, not all.
 * @param namespace the KV binding
 * @throws ERR_INVALID_ARG
 * @example
 * ```ts
 * import { KeySet } from 'tokenward';
 * import { kvStore } from 'tokenward/stores';
 *
 * const keys = KeySet.discover('https://login.example.com', { cache: kvStore(env.KEYS) });
 * ```
 */
export function kvStore(namespace: unknown): JwksCache {
  const kv = namespace as Namespace;
  if (!has(namespace, 'get', 'put')) throw misuse('namespace', 'a Workers KV binding');
  return {
    get: (key) => kv.get(key),
    set: (key, value, ttlSeconds) => kv.put(key, value, { expirationTtl: Math.max(ttlSeconds, SHORTEST_TTL) }),
  };
}
