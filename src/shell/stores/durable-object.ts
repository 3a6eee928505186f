import { has, misuse, own } from '../arguments.js';
import type { TokenStore } from '../types.js';
import { newVersion } from './version.js';

/** The stub decides where the request goes, so this name is never resolved. It is reserved (RFC 2606). */
const ADDRESS = 'https://tokenward.invalid/';

interface Stub {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

interface Row {
  record: string;
  version: string;
}

type Command =
  | { command: 'load'; key: string }
  | { command: 'save'; key: string; record: string; expect: string | null }
  | { command: 'clear'; key: string; expect: string | null };

/** The part of a Durable Object's state that `TokenStoreObject` uses. Objects with SQLite and with key-value storage both have it. */
interface State {
  storage: {
    transaction<T>(
      body: (transaction: {
        get(key: string): Promise<Row | undefined>;
        put(key: string, row: Row): Promise<void>;
        delete(key: string): Promise<boolean>;
      }) => Promise<T>,
    ): Promise<T>;
  };
}

/**
 * Keeps sessions in a Durable Object of the class `TokenStoreObject`, shared by all isolates in all data centres. Each call
 * asks the object for its record, so a sign-out elsewhere is heard at the next call. If the object does not answer within
 * 3 s, the token in memory serves.
 * @param stub the object's stub, or a function that returns it. A stub belongs to the request that got it, so a session
 *   that outlives a request needs the function
 * @throws ERR_INVALID_ARG
 * @example
 * ```ts
 * import { durableObjectStore } from 'tokenward/stores';
 *
 * // An object for each user.
 * const store = durableObjectStore(() => env.TOKENS.get(env.TOKENS.idFromName('ada')));
 * ```
 */
export function durableObjectStore(stub: unknown): TokenStore {
  const found = typeof stub === 'function' ? (stub as () => Stub) : () => stub as Stub;
  if (typeof stub !== 'function' && !has(stub, 'fetch')) {
    throw misuse('stub', 'a Durable Object stub, or a function that gives one');
  }
  async function send<T>(command: Command): Promise<T> {
    const response = await found().fetch(ADDRESS, own({ method: 'POST', body: JSON.stringify(command) }));
    if (!response.ok) throw new Error(`the Durable Object answered ${response.status}`);
    return response.json() as Promise<T>;
  }
  return {
    shared: 'global',
    consistency: 'strong',
    check: 'each-call',
    load: (key) => send({ command: 'load', key }),
    save: (key, record, expect) => send({ command: 'save', key, record, expect }),
    clear: (key, expect) => send({ command: 'clear', key, expect }),
  };
}

/**
 * The Durable Object class behind `durableObjectStore`. Export it from the Worker, and bind it with SQLite or key-value storage.
 * @example
 * ```ts
 * // In the Worker's main module:
 * export { TokenStoreObject } from 'tokenward/stores';
 * ```
 */
export class TokenStoreObject {
  readonly #state: State;

  constructor(state: unknown, _env: unknown) {
    this.#state = state as State;
  }

  /** Answers `durableObjectStore`. No other request reaches the object. */
  async fetch(request: Request): Promise<Response> {
    const command = (await request.json()) as Command;
    const { key } = command;
    return answered(
      await this.#state.storage.transaction(async (storage) => {
        const row = await storage.get(key);
        if (command.command === 'load') return row ?? null;
        const expected = (row?.version ?? null) === command.expect;
        if (command.command === 'clear') {
          if (expected) await storage.delete(key);
          return expected;
        }
        if (!expected) return { ok: false };
        const version = newVersion();
        await storage.put(key, { record: command.record, version });
        return { ok: true, version };
      }),
    );
  }
}

function answered(value: unknown): Response {
  return new Response(JSON.stringify(value), own({ status: 200, statusText: '', headers: own({ 'content-type': 'application/json' }) }));
}
