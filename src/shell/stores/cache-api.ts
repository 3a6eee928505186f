import { has, misuse, own } from '../arguments.js';
import type { JwksCache } from '../types.js';

/** Cache keys are URLs; this host name is reserved and belongs to nobody (RFC 2606). */
const BASE = 'https://tokenward.invalid/';

/**
 * Shares JWK Sets through the Cache API: between the isolates of one Cloudflare data centre, or the tabs of a site.
 * @param cache where to keep them; default: `caches.open('tokenward')`
 * @throws ERR_INVALID_ARG
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
