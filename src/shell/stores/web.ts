import { misuse } from '../arguments.js';
import type { TokenStore } from '../types.js';
import { writeLock } from '../session/store-keys.js';
import { newVersion } from './version.js';

interface Row {
  record: string;
  version: string;
}

/**
 * Keeps sessions in `sessionStorage` (one tab) or `localStorage` (all tabs of an origin). Web storage has no transactions, so
 * order between tabs depends on Web Locks: in a browser without them, two tabs may refresh at once. `indexedDbStore`
 * has no such gap.
 * @param area `'session'` for `sessionStorage`, `'local'` for `localStorage`
 * @throws ERR_INVALID_ARG
 * @example
 * ```ts
 * import { createSession, webStore } from 'tokenward';
 *
 * const session = createSession({ grant, store: webStore('session') });
 * ```
 */
export function webStore(area: 'session' | 'local'): TokenStore {
  if (area !== 'session' && area !== 'local') throw misuse('area', '"session" or "local"');
  const storage = (): Storage => (area === 'local' ? localStorage : sessionStorage);

  function read(key: string): Row | null {
    const text = storage().getItem(key);
    if (text === null) return null;
    try {
      const { record, version } = JSON.parse(text) as Row;
      if (typeof record === 'string' && typeof version === 'string') return { record, version };
    } catch {
      // Not a record: the session reports that it cannot be read.
    }
    return { record: text, version: text };
  }

  async function change<T>(key: string, expect: string | null, refused: T, apply: () => T): Promise<T> {
    const attempt = () => ((read(key)?.version ?? null) === expect ? apply() : refused);
    const locks = area === 'local' && typeof navigator === 'object' ? navigator.locks : undefined;
    return locks ? (locks.request(writeLock(key), attempt) as Promise<T>) : attempt();
  }

  return {
    shared: area === 'local' ? 'origin' : 'none',
    consistency: 'strong',
    load: async (key) => read(key),
    save: (key, record, expect) =>
      change<{ ok: true; version: string } | { ok: false }>(key, expect, { ok: false }, () => {
        const version = newVersion();
        storage().setItem(key, JSON.stringify({ record, version } satisfies Row));
        return { ok: true, version };
      }),
    clear: (key, expect) =>
      change(key, expect, false, () => {
        storage().removeItem(key);
        return true;
      }),
  };
}
