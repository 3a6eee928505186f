import { misuse, optionsOf } from '../arguments.js';
import type { TokenStore } from '../types.js';
import { newVersion } from './version.js';

const TABLE = 'records';

interface Row {
  record: string;
  version: string;
}

/**
 * Keeps sessions in IndexedDB, shared by the tabs and workers of an origin. Its transactions compare and set, so tabs stay in
 * order without a lock.
 * @param options `database`: the name of the database, `'tokenward'` by default
 * @throws ERR_INVALID_ARG
 * @example
 * ```ts
 * import { createSession, indexedDbStore } from 'tokenward';
 *
 * const session = createSession({ grant, store: indexedDbStore({ database: 'my-app' }) });
 * ```
 */
export function indexedDbStore(options: { database?: string } = {}): TokenStore {
  const database = nameIn(options);
  let opened: Promise<IDBDatabase> | undefined;

  function open(): Promise<IDBDatabase> {
    opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(database, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const db = request.result;
        // The page or the browser deletes the database. The next call opens it again.
        db.onclose = db.onversionchange = () => {
          opened = undefined;
          db.close();
        };
        resolve(db);
      };
    });
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  }

  /** Runs `change` on the row in one transaction. Resolves once its writes are on disk. */
  async function transact<T>(
    mode: IDBTransactionMode,
    key: string,
    change: (row: Row | undefined, table: IDBObjectStore) => T,
  ): Promise<T> {
    const transaction = (await open()).transaction(TABLE, mode);
    return new Promise<T>((resolve, reject) => {
      const table = transaction.objectStore(TABLE);
      const request: IDBRequest<Row | undefined> = table.get(key);
      let result: T;
      request.onsuccess = () => {
        result = change(request.result, table);
      };
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  }

  return {
    shared: 'origin',
    consistency: 'strong',
    load: (key) => transact('readonly', key, (row) => row ?? null),
    save: (key, record, expect) =>
      transact('readwrite', key, (row, table) => {
        if ((row?.version ?? null) !== expect) return { ok: false };
        const version = newVersion();
        table.put({ record, version } satisfies Row, key);
        return { ok: true, version };
      }),
    clear: (key, expect) =>
      transact('readwrite', key, (row, table) => {
        if ((row?.version ?? null) !== expect) return false;
        table.delete(key);
        return true;
      }),
  };
}

function nameIn(options: { database?: string }): string {
  const { database = 'tokenward' } = optionsOf(options, ['database']);
  if (typeof database !== 'string') throw misuse('database', 'a string', database);
  return database;
}
