// The record of authorization requests that wait for their response. The module reads and writes its text.

import { inTime, rowOf, STORE_TIME_LIMIT_MS } from './driver.js';
import { member, own } from '../arguments.js';
import { refusal } from '../boundary/refusal.js';
import type { TokenStore } from '../types.js';

/** Attempts to change the record while other instances change it too. */
const MAX_ROUNDS = 16;
/** Each pause between two of these is up to this many milliseconds longer than the one before. */
const PAUSE_MS = 5;

/** A change of the record, which is removed if there is no `pending` left, and its result. @internal */
export interface Change<T> {
  result: T;
  pending?: string | undefined;
  ttlSeconds?: number;
}

/** One record of a store, changed by compare-and-set. @internal */
export class PendingRequests {
  readonly #store: TokenStore;
  readonly #key: string;
  readonly #inTurn: boolean;
  #last: Promise<unknown> = Promise.resolve();

  /** `inTurn`: changes of this process wait for each other, so that many at once do not compete for the record. */
  constructor(store: TokenStore, key: string, inTurn: boolean) {
    this.#store = store;
    this.#key = key;
    this.#inTurn = inTurn;
  }

  /** @throws (rejects with) ERR_TOKEN_STORE_UNAVAILABLE */
  async load(): Promise<string | undefined> {
    return (await this.#row())?.record;
  }

  /**
   * Changes the record, and again if another instance did so meanwhile.
   * @throws (rejects with) ERR_TOKEN_STORE_UNAVAILABLE, or what `next` throws
   */
  change<T>(next: (record: string | undefined) => Change<T>): Promise<T> {
    if (!this.#inTurn) return this.#change(next);
    const turn = this.#last.then(() => this.#change(next));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Removes all requests. False if the store failed. */
  forget(): Promise<boolean> {
    return this.change(() => ({ result: true })).catch(() => false);
  }

  async #change<T>(next: (record: string | undefined) => Change<T>): Promise<T> {
    const store = this.#store;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const row = await this.#row();
      const { result, pending, ttlSeconds } = own(next(row?.record));
      const isChanged = await stored(async () => {
        if (pending !== undefined)
          return member(Object(await store.save(this.#key, pending, row?.version ?? null, ttlSeconds)) as object, 'ok') === true;
        return !row || (await store.clear(this.#key, row.version)) === true;
      });
      if (isChanged) return result;
      const pause = Math.random() * PAUSE_MS * round;
      await new Promise((resolve) => {
        setTimeout(resolve, pause);
      });
    }
    throw refusal('store-unavailable');
  }

  #row(): Promise<{ record: string; version: string } | undefined> {
    return stored(async () => rowOf(await this.#store.load(this.#key)));
  }
}

/** The error of a store may quote what it was given, so it is replaced. */
async function stored<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await inTime(use, STORE_TIME_LIMIT_MS);
  } catch {
    throw refusal('store-unavailable');
  }
}
