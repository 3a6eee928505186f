import { has, misuse } from '../error.js';
import type { TokenStore } from '../types.js';
import { newVersion } from './version.js';

/** Nobody resolves it: the stub decides where the request goes. This name belongs to nobody (RFC 2606). */
const ADDRESS = 'https://tokenward.invalid/';

interface Stub { fetch(url: string, init: RequestInit): Promise<Response> }

interface Row { record: string; version: string }

type Command =
  | { command: 'load'; key: string }
  | { command: 'save'; key: string; record: string; expect: string | null }
  | { command: 'clear'; key: string; expect: string | null };

/** What `TokenStoreObject` needs of a Durable Object's state. KV and SQLite objects both have it. */
interface State {
  storage: {
    transaction<T>(body: (transaction: {
      get(key: string): Promise<Row | undefined>;
      put(key: string, row: Row): Promise<void>;
      delete(key: string): Promise<boolean>;
    }) => Promise<T>): Promise<T>;
  };
}

/**
 * Keeps sessions in a Durable Object of the class `TokenStoreObject`, shared by all isolates in all data centres.
 * @param stub the object's stub, or a function that gives it. A stub belongs to the request that got it, so a session
 *   that outlives a request needs the function: `() => env.TOKENS.get(env.TOKENS.idFromName('ada'))`
 * @throws ERR_INVALID_ARG
 */
export function durableObjectStore(stub: unknown): TokenStore {
  const found = typeof stub === 'function' ? stub as () => Stub : () => stub as Stub;
  if (typeof stub !== 'function' && !has(stub, 'fetch')) {
    throw misuse('stub', 'a Durable Object stub, or a function that gives one');
  }
  async function send<T>(command: Command): Promise<T> {
    const response = await found().fetch(ADDRESS, { method: 'POST', body: JSON.stringify(command) });
    if (!response.ok) throw new Error(`the Durable Object answered ${response.status}`);
    return response.json() as Promise<T>;
  }
  return {
    shared: 'global',
    consistency: 'strong',
    load: (key) => send({ command: 'load', key }),
    save: (key, record, expect) => send({ command: 'save', key, record, expect }),
    clear: (key, expect) => send({ command: 'clear', key, expect }),
  };
}

/** The Durable Object class behind `durableObjectStore`: export it from the Worker, and bind it with either storage. */
export class TokenStoreObject {
  readonly #state: State;

  constructor(state: unknown, _env: unknown) {
    this.#state = state as State;
  }

  /** Answers the store in the Worker, and nobody else. */
  async fetch(request: Request): Promise<Response> {
    const command = await request.json() as Command;
    const { key } = command;
    return Response.json(await this.#state.storage.transaction(async (storage) => {
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
    }));
  }
}
