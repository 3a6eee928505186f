import { has, misuse } from '../arguments.js';
import type { JwksCache } from '../types.js';

/** Workers KV refuses to forget sooner. What is older than it should be is not used: entries say when they were written. */
const SHORTEST_TTL = 60;

interface Namespace {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, options: { expirationTtl: number }): Promise<void>;
}

/**
 * Shares JWK Sets through Workers KV, between all data centres. KV may take a minute to show everywhere what was
 * written, so it saves most fetches, not all.
 * @param namespace the binding
 * @throws ERR_INVALID_ARG
 */
export function kvStore(namespace: unknown): JwksCache {
  const kv = namespace as Namespace;
  if (!has(namespace, 'get', 'put')) throw misuse('namespace', 'a Workers KV binding');
  return {
    get: (key) => kv.get(key),
    set: (key, value, ttlSeconds) => kv.put(key, value, { expirationTtl: Math.max(ttlSeconds, SHORTEST_TTL) }),
  };
}
