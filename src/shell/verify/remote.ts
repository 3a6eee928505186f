// Fetches JWK Sets. src/jwt/remote/ decides what to fetch, use, wait for and reject; this performs it.
//
// Every loop here has a bound of its own, whatever the module, the cache or the clock answers.

import { Handle } from '../boundary/handle.js';
import { call } from '../boundary/instance.js';
import type { Keys } from './keys.js';
import { refusal } from '../boundary/refusal.js';
import { checkFunctions, checkWord, has, misuse, optionsOf, own, readable } from '../arguments.js';
import { readBody } from '../body.js';
import { IN_WORKERD } from '../runtime.js';
import type { JwksCache, KeySetState, RemoteOptions } from '../types.js';
import { partsOf, resolve } from '../url.js';

/** The answers of `remote_need` and `remote_refresh` (src/wasm/remote.rs). */
const USE = 0,
  USE_AND_FETCH = 1,
  FETCH = 2,
  WAIT = 3,
  STAND = 4;

const NAMES: readonly (keyof RemoteOptions)[] = [
  'maxAge',
  'minAge',
  'staleIfError',
  'cooldown',
  'timeoutMs',
  'maxBytes',
  'fetch',
  'headers',
  'snapshot',
  'now',
  'cache',
  'waitUntil',
  'insecure',
];
const MAX_REDIRECTS = 3;
/** A caller takes part in one fetch, or in two if its key is missing; in more only if drivers vanish or the clock jumps. */
const MAX_FLIGHTS = 4;
/** The actions of one fetch: looks into a slow shared cache, with pauses that grow, and some requests. */
const MAX_ACTIONS = 1_000;
const DEFAULT_MAX_BYTES = 262_144;
const DEFAULT_TIMEOUT_MS = 5_000;
/** A timer of a longer time fires at once. */
const MAX_TIMER_MS = 0x7fffffff;
/** The reason with which `inTime` rejects. */
const LATE = /* @__PURE__ */ Symbol('late');
/** The time between two looks, in milliseconds, whether another request's fetch is done; and before a second fetch of one caller. */
const POLL_MS = 15;

type Action =
  | { do: 'done' }
  | { do: 'get'; url: string; withinMs: number }
  | { do: 'read'; keys: [string, string]; withinMs: number }
  | { do: 'sleep'; ms: number }
  | { do: 'write'; key: string; value: string; ttlSeconds: number; withinMs: number };
type Outcome = [outcome: 'start' | 'got' | 'failed' | 'timeout' | 'found' | 'ready', detail?: string, body?: Uint8Array];

/** A JWK Set that is fetched from its issuer. */
export class Remote {
  readonly keys: Keys;
  readonly #source: URL;
  readonly #options: RemoteOptions;
  readonly #held: Handle;
  /** The longest text of a snapshot or a cache that can be an entry, in characters. A longer one never enters the module. */
  readonly #longest: number;
  readonly #polls: number;
  #snapshot: string | undefined;
  #version = 0;
  #flying: Promise<unknown> | undefined;

  constructor(source: string | URL, isIssuer: boolean, options: RemoteOptions = {}) {
    const { maxAge, minAge, staleIfError, cooldown, timeoutMs, maxBytes, cache, snapshot } = (this.#options = readable(
      () => check(optionsOf(options, NAMES)),
      'options',
    ));
    this.#source = parse(source, isIssuer);
    this.#admit(this.#source);
    const name = isIssuer ? String(source) : this.#source.href;
    const numbers = { maxAge, minAge, staleIfError, cooldown, timeoutMs, maxBytes };
    const settings = own({ ...numbers, sharedCache: cache !== undefined });
    // The module has the last word on both.
    this.#longest = (typeof maxBytes === 'number' ? maxBytes : DEFAULT_MAX_BYTES) + 1024 + 6 * name.length;
    this.#polls = Math.ceil((typeof timeoutMs === 'number' ? timeoutMs : DEFAULT_TIMEOUT_MS) / POLL_MS) * 3;
    // The empty text is refused as a snapshot, like any other that is too long to be one.
    this.#snapshot = snapshot !== undefined && snapshot.length > this.#longest ? '' : snapshot;
    const open = (known: string | undefined) => readable(() => call('remote_open', name, isIssuer, settings, known), 'options');
    let isOpened = false;
    this.#held = new Handle('release_remote', () => {
      if (!isOpened) return open(this.#snapshot);
      try {
        return open(this.#snapshot);
      } catch {
        // A set that cannot be taken over is fetched again. An error here would also stop the other issuers of a verifier.
        return open(undefined);
      }
    });
    this.keys = own({ held: new Handle('release_keys', () => call('remote_keys', this.#held.handle), this.#held), remote: this });
    this.#version = call('remote_version', this.#held.handle);
    isOpened = true;
  }

  /** The version of the set, for `ready`. */
  get version(): number {
    return call('remote_version', this.#held.handle);
  }

  get state(): KeySetState {
    const [now, given] = this.moment();
    return JSON.parse(call('remote_state', this.#held.handle, now, given)) as KeySetState;
  }

  snapshot(): string {
    return call('remote_snapshot', this.#held.handle);
  }

  /**
   * Milliseconds, and whether they are the caller's word rather than the host clock's. What is no number is NaN, which is
   * refused. It is taken before the handle is: a clock of the caller's may cost the instance its life.
   */
  moment(): [now: number, given: boolean] {
    const { now } = this.#options;
    if (!now) return [Date.now(), false];
    try {
      const value: unknown = now();
      return [typeof value === 'number' ? value : NaN, true];
    } catch {
      return [NaN, true];
    }
  }

  /**
   * Whether there is a set to use; false if there is none newer than `missed`, in which a key was not found. A promise
   * if there is a fetch to wait for.
   * @throws (rejects with) the reason why no set can be had.
   */
  ready(since: number, missed = 0): boolean | Promise<boolean> {
    const need = this.#need(since, missed);
    return need === FETCH || need === WAIT ? this.#later(need, since, missed) : need !== STAND;
  }

  /** Whether there is a set to use, for whoever asks `ready` where there is none: only that says why, and when. */
  get isReady(): boolean {
    try {
      const need = this.#need(this.moment()[0], 0);
      if (need === FETCH) this.#inBackground();
      return need <= USE_AND_FETCH;
    } catch {
      return false;
    }
  }

  /** As `ready`, at once: where there would be waiting, it says so, and the fetch is under way. */
  readyNow(since: number, missed = 0): boolean {
    const need = this.#need(since, missed);
    if (need === FETCH) this.#inBackground();
    if (need === FETCH || need === WAIT) throw refusal('sync-keys');
    return need !== STAND;
  }

  /** Fetches the set, whatever its age. @throws (rejects with) the reason why it could not be fetched. */
  async refresh(signal?: AbortSignal): Promise<void> {
    const wait = this.#patience();
    // A new instance knows nothing of the fetch, and starts another one.
    for (let waited = 0; ; ) {
      if (signal?.aborted) throw signal.reason;
      const [now, given] = this.moment();
      const need = call('remote_refresh', this.#held.handle, now, given, waited);
      if (need === USE) return;
      waited = call('remote_flight', this.#held.handle);
      await unlessAborted(wait(need), signal);
    }
  }

  /** Takes it out of the module; the next use starts from what is known now. */
  free(): void {
    this.#snapshot = this.snapshot();
    this.keys.held.free();
    this.#held.free();
  }

  #need(since: number, missed: number): number {
    const [now, given] = this.moment();
    const need = call('remote_need', this.#held.handle, now, given, since, missed);
    if (need === USE_AND_FETCH) this.#inBackground();
    return need;
  }

  async #later(need: number, since: number, missed: number): Promise<boolean> {
    const wait = this.#patience();
    while (need === FETCH || need === WAIT) {
      await wait(need);
      // A caller's clock that goes back would make every fetch look older than the need for it.
      since = Math.min(since, this.moment()[0]);
      need = this.#need(since, missed);
    }
    return need !== STAND;
  }

  /**
   * How one caller waits for fetches: each call drives one, or waits for the one in flight. It rejects if the module
   * broke, for trying again would break it again, and with ERR_JWKS_TIMEOUT once the caller has waited for too many.
   */
  #patience(): (need: number) => Promise<void> {
    let flights = 0;
    let polls = this.#polls;
    return async (need) => {
      if (need === FETCH ? flights++ === MAX_FLIGHTS : polls-- <= 0) throw refusal('keys-timeout');
      if (need === WAIT) return void (await this.#wait());
      if (flights > 1) await sleep(POLL_MS << flights);
      const broken = await this.#fly();
      if (broken) throw broken;
    };
  }

  #inBackground(): void {
    void this.#fly(true);
  }

  /** Drives the flight that the machine wants started. Never rejects; an error that is not the issuer's is the result. */
  #fly(inBackground = IN_WORKERD): Promise<unknown> {
    const flight = this.#drive()
      .catch((error: unknown) => error)
      .finally(() => {
        if (this.#flying === flight) this.#flying = undefined;
      });
    // Some hosts end the work of a request with its response. workerd also ends it when the client goes away, and other
    // requests may wait for this fetch. Whatever the host makes of it, the verification at hand goes on.
    if (inBackground) (async () => this.#options.waitUntil?.(flight))().catch(() => {});
    return (this.#flying = flight);
  }

  /** In workerd a promise of one request must not be awaited by another, which would hang: there, each looks for itself. */
  #wait(): Promise<unknown> {
    return IN_WORKERD || !this.#flying ? sleep(POLL_MS) : this.#flying;
  }

  async #drive(): Promise<void> {
    const life = this.#held.installs;
    const flight = call('remote_flight', this.#held.handle);
    let outcome: Outcome = ['start'];
    // If the machine was freed, or lost with its instance, so was the flight, and its number may be another's by now.
    for (let actions = 0; actions < MAX_ACTIONS; actions++) {
      const [now, given] = this.moment();
      if (this.#held.installs !== life) return;
      const [name, detail = '', body = new Uint8Array()] = outcome;
      const action = JSON.parse(call('remote_advance', this.#held.handle, flight, now, given, name, detail, body)) as Action;
      this.#notice(action.do === 'done');
      if (action.do === 'done') return;
      outcome = await this.#perform(action);
    }
    throw refusal('keys-timeout');
  }

  /** Lets verifiers have a set that has just come. With its age it outlasts the instance, also where it is the set of before. */
  #notice(done: boolean): void {
    const version = this.version;
    if (done || version !== this.#version) this.#snapshot = this.snapshot();
    if (version === this.#version) return;
    this.#version = version;
    this.keys.held.free();
  }

  async #perform(action: Exclude<Action, { do: 'done' }>): Promise<Outcome> {
    const { cache } = this.#options;
    switch (action.do) {
      case 'sleep':
        await sleep(action.ms);
        return ['ready'];
      case 'read':
        return read(cache, action.keys, action.withinMs, this.#longest);
      case 'write':
        await inTime(async () => cache?.set(action.key, action.value, action.ttlSeconds), action.withinMs).catch(() => {});
        return ['ready'];
      case 'get':
        return this.#get(action.url, action.withinMs);
    }
  }

  async #get(target: string, withinMs: number): Promise<Outcome> {
    const late = new AbortController();
    try {
      // A fetch of the caller's may not heed the signal.
      return await inTime(() => this.#follow(new URL(target), late.signal), withinMs);
    } catch (error) {
      return [error === LATE ? 'timeout' : 'failed'];
    } finally {
      late.abort();
    }
  }

  async #follow(url: URL, signal: AbortSignal): Promise<Outcome> {
    this.#admit(url);
    for (let redirects = 0; ; redirects++) {
      const response = await this.#send(url, signal);
      const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
      if (location === null || redirects === MAX_REDIRECTS) return answer(response, this.#options.maxBytes);
      void response.body?.cancel().catch(() => {});
      const next = new URL(location, url);
      this.#admit(next, url);
      url = next;
    }
  }

  #admit(url: URL, from?: URL): void {
    const urls = [url, this.#source, ...(from ? [from] : [])];
    call('remote_admit', JSON.stringify(urls.map(partsOf)), this.#options.insecure !== 'never');
  }

  #send(url: URL, signal: AbortSignal): Promise<Response> {
    // The caller's headers may be credentials: only the origin that the caller named sees them.
    const headers = new Headers(url.origin === this.#source.origin ? this.#options.headers : undefined);
    if (!headers.has('accept')) headers.set('accept', 'application/jwk-set+json, application/json');
    const send = this.#options.fetch ?? fetch;
    // A cache between would hand out the set in which a key was missed. workerd has none, and refuses the word.
    return send(url.href, own<RequestInit>({ headers, signal, redirect: 'manual', ...(!IN_WORKERD && { cache: 'no-store' }) }));
  }
}

function check(options: RemoteOptions): RemoteOptions {
  const { fetch, headers, now, waitUntil, cache, snapshot, insecure } = options;
  try {
    void new Headers(headers);
  } catch {
    throw misuse('headers', 'a Headers object, or what makes one');
  }
  checkFunctions({ fetch, now, waitUntil });
  if (cache !== undefined && !has(cache, 'get', 'set')) throw misuse('cache', 'an object with the methods get and set', cache);
  if (snapshot !== undefined && typeof snapshot !== 'string') throw misuse('snapshot', 'a string that snapshot() gave', snapshot);
  checkWord('insecure', insecure, ['never', 'loopback']);
  return options;
}

function parse(source: unknown, isIssuer: boolean): URL {
  try {
    // An issuer is compared letter for letter, so it is never resolved or written another way.
    if (typeof source === 'string') return isIssuer ? new URL(source) : resolve(source);
    if (!isIssuer && source instanceof URL) return new URL(source.href);
  } catch {
    // Not a URL.
  }
  throw misuse(isIssuer ? 'issuer' : 'url', 'an absolute URL');
}

/** An answer as the machine reads it, with one byte more than it would accept at most. */
async function answer(response: Response, maxBytes = DEFAULT_MAX_BYTES): Promise<Outcome> {
  const { status, headers } = response;
  const header = (name: string) => headers.get(name) ?? undefined;
  const head = { status, contentType: header('content-type'), cacheControl: header('cache-control'), age: header('age') };
  return ['got', JSON.stringify(head), await readBody(response, maxBytes + 1)];
}

async function read(cache: JwksCache | undefined, keys: readonly string[], withinMs: number, longest: number): Promise<Outcome> {
  try {
    const values: unknown[] = await inTime(() => Promise.all(keys.map(async (key) => cache?.get(key))), withinMs);
    return ['found', JSON.stringify(values.map((value) => (typeof value === 'string' && value.length <= longest ? value : null)))];
  } catch {
    return ['failed'];
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.min(ms, MAX_TIMER_MS)));
}

function inTime<T>(work: () => Promise<T>, limitMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, Math.min(limitMs, MAX_TIMER_MS), LATE);
  });
  // What throws at once would leave the timer behind, and a rejection that nobody hears.
  return Promise.race([(async () => work())(), late]).finally(() => clearTimeout(timer));
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, own({ once: true }));
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
