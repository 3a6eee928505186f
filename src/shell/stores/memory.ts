import type { TokenStore } from '../types.js';

/**
 * Keeps sessions in memory, for as long as the process or page lives. Sessions over the same store object share it; nothing
 * else does. Each session has one of its own by default.
 * @example
 * ```ts
 * import { createSession, memoryStore } from 'tokenward';
 *
 * const session = createSession({ grant, store: memoryStore() });
 * ```
 */
export function memoryStore(): TokenStore {
  const records = new Map<string, { record: string; version: string }>();
  const listeners = new Map<string, Set<() => void>>();
  let versions = 0;
  const matches = (key: string, expect: string | null) => (records.get(key)?.version ?? null) === expect;
  const tell = (key: string) => {
    for (const listener of listeners.get(key) ?? []) listener();
  };
  return {
    shared: 'none',
    consistency: 'strong',
    async load(key) {
      return records.get(key) ?? null;
    },
    async save(key, record, expect) {
      if (!matches(key, expect)) return { ok: false };
      const version = String(++versions);
      records.set(key, { record, version });
      tell(key);
      return { ok: true, version };
    },
    async clear(key, expect) {
      if (!matches(key, expect)) return false;
      records.delete(key);
      tell(key);
      return true;
    },
    subscribe(key, listener) {
      const known = listeners.get(key) ?? new Set();
      listeners.set(key, known.add(listener));
      return () => known.delete(listener);
    },
  };
}
