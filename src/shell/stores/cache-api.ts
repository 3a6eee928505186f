import { has, misuse, own } from '../arguments.js';
import type { JwksCache } from '../types.js';

/** A key of the Cache API is a URL. This host name is reserved (RFC 2606), so no site has it. */
const BASE = 'https://tokenward.invalid/';

/**
 * Shares JWK Sets through the Cache API: between the isolates of one Cloudflare data centre, or the tabs of a site.
 * @param cache the cache to use; default `caches.open('tokenward')`
 * @throws ERR_INVALID_ARG
 * @example
 * ```ts
 * import { KeySet } from 'tokenward';
 * import { cacheApiStore } from 'tokenward/stores';
 *
 * const keys = KeySet.discover('https://login.example.com', { cache: cacheApiStore() });
 * ```
 */
export function cacheApiStore(cache?: Cache): JwksCache {
  if (cache !== undefined && !has(cache, 'match', 'put')) throw misuse('cache', 'a Cache');
  const open = async () => cache ?? caches.open('tokenward');
  return {
    async get(key) {
      const found = await (await open()).match(BASE + key);
      return found ? found.text() : null;
    },
    async set(key, value, ttlSeconds) {
      const headers = { 'content-type': 'application/json', 'cache-control': `max-age=${ttlSeconds}` };
      await (await open()).put(BASE + key, new Response(value, own({ status: 200, statusText: '', headers: own(headers) })));
    },
  };
}
