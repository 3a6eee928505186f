// Fetches JWK Sets. src/jwt/remote/ decides what is fetched, used, waited for and refused; this performs it.

import { Handle } from '../boundary/handle.js';
import { call } from '../boundary/instance.js';
import type { Keys } from './keys.js';
import { refusal } from '../boundary/memory.js';
import { checkFunctions, checkWord, copyOf, has, misuse, own, readable } from '../arguments.js';
import { IN_WORKERD } from '../runtime.js';
import type { JwksCache, KeySetState, RemoteOptions } from '../types.js';
import { partsOf, resolve } from '../url.js';

/** What `remote_need` of src/wasm/remote.rs answers. */
const USE_AND_FETCH = 1, FETCH = 2, WAIT = 3, STAND = 4;

const MAX_REDIRECTS = 3;
/** Timers of a longer time go off at once. */
const MAX_TIMER_MS = 0x7fffffff;
/** What `inTime` rejects with. */
const LATE = Symbol('late');
/** How often a request in workerd looks whether another request's fetch is done. */
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
  #snapshot: string | undefined;
  #version = 0;
  #flying: Promise<unknown> | undefined;

  constructor(source: string | URL, isIssuer: boolean, options: RemoteOptions = {}) {
    const { maxAge, minAge, staleIfError, cooldown, timeoutMs, maxBytes, cache, snapshot } = this.#options
      = readable(() => check(copyOf(options)), 'options');
    this.#snapshot = snapshot;
    this.#source = parse(source, isIssuer);
    admit(this.#source, undefined, this.#options);
    const name = isIssuer ? String(source) : this.#source.href;
    const numbers = { maxAge, minAge, staleIfError, cooldown, timeoutMs, maxBytes };
    const written = () => JSON.stringify({ ...numbers, sharedCache: cache !== undefined, names: Object.keys(this.#options) });
    const settings = readable(written, 'options');
    const install = () => call('remote_open', name, isIssuer, settings, randomSeed(), this.#snapshot);
    this.#held = new Handle('release_remote', install);
    this.keys = own({ held: new Handle('release_keys', () => call('remote_keys', this.#held.handle), this.#held), remote: this });
    this.#version = call('remote_version', this.#held.handle);
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
   * Whether there is a set to use; false where there is none newer than `missed`, in which a key was not found. A
   * promise where that has to be waited for.
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

  /** Fetches the set, whatever its age. Rejects where that fails. */
  async refresh(signal?: AbortSignal): Promise<void> {
    let life: number;
    do {
      if (signal?.aborted) throw signal.reason;
      const [now, given] = this.moment();
      life = this.#held.installs;
      const need = call('remote_refresh', this.#held.handle, now, given);
      const broken = await unlessAborted(need === FETCH ? this.#fly() : this.#landing(), signal);
      if (broken) throw broken;
      // Another instance knows nothing of the fetch.
    } while (this.#held.installs !== life);
    call('remote_outcome', this.#held.handle);
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
    while (need === FETCH || need === WAIT) {
      // Where the module broke, trying again would break it again.
      const broken = need === FETCH ? await this.#fly() : void await this.#wait();
      if (broken) throw broken;
      need = this.#need(since, missed);
    }
    return need !== STAND;
  }

  #inBackground(): void {
    const flight = this.#fly();
    // Whatever the host makes of it, the verification at hand has its keys.
    (async () => this.#options.waitUntil?.(flight))().catch(() => {});
  }

  /** Drives the flight that the machine wants started. Never rejects; an error that is not the issuer's is the result. */
  #fly(): Promise<unknown> {
    const flight = this.#drive().catch((error: unknown) => error).finally(() => {
      if (this.#flying === flight) this.#flying = undefined;
    });
    return this.#flying = flight;
  }

  /** In workerd a promise of one request must not be awaited by another, which would hang: there, each looks for itself. */
  #wait(): Promise<unknown> {
    return IN_WORKERD || !this.#flying ? sleep(POLL_MS) : this.#flying;
  }

  /** Waits for the flight that somebody else drives. */
  async #landing(): Promise<unknown> {
    for (;;) {
      const [now, given] = this.moment();
      if (!call('remote_in_flight', this.#held.handle, now, given)) return undefined;
      await this.#wait();
    }
  }

  async #drive(): Promise<void> {
    const life = this.#held.installs;
    const flight = call('remote_flight', this.#held.handle);
    let outcome: Outcome = ['start'];
    // Where the machine was freed or lost with its instance, so was the flight, and its number may be another's by now.
    for (;;) {
      const [now, given] = this.moment();
      if (this.#held.installs !== life) return;
      const [name, detail = '', body = new Uint8Array()] = outcome;
      const action = JSON.parse(call('remote_advance', this.#held.handle, flight, now, given, name, detail, body)) as Action;
      this.#notice(action.do === 'done');
      if (action.do === 'done') return;
      outcome = await this.#perform(action);
    }
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
        return read(cache, action.keys, action.withinMs);
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
    admit(url, undefined, this.#options);
    for (let redirects = 0; ; redirects++) {
      const response = await this.#send(url, signal);
      const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
      if (location === null || redirects === MAX_REDIRECTS) return answer(response, this.#options.maxBytes);
      void response.body?.cancel().catch(() => {});
      const next = new URL(location, url);
      admit(next, url, this.#options);
      url = next;
    }
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

function admit(url: URL, from: URL | undefined, { insecure }: RemoteOptions): void {
  const urls = from ? [partsOf(url), partsOf(from)] : [partsOf(url)];
  call('remote_admit', JSON.stringify(urls), insecure !== 'never');
}

/** An answer as the machine reads it, and no more of its body than it would accept. */
async function answer(response: Response, maxBytes = 262_144): Promise<Outcome> {
  const { status, headers } = response;
  const header = (name: string) => headers.get(name) ?? undefined;
  const head = { status, contentType: header('content-type'), cacheControl: header('cache-control'), age: header('age') };
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  while (reader && length <= maxBytes) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.byteLength;
  }
  if (length > maxBytes) void reader?.cancel().catch(() => {});
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return ['got', JSON.stringify(head), body.subarray(0, maxBytes + 1)];
}

async function read(cache: JwksCache | undefined, keys: readonly string[], withinMs: number): Promise<Outcome> {
  try {
    const values: unknown[] = await inTime(() => Promise.all(keys.map(async (key) => cache?.get(key))), withinMs);
    return ['found', JSON.stringify(values.map((value) => (typeof value === 'string' ? value : null)))];
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

/** It only has to differ between machines. At a Worker's module scope there is no randomness to be had. */
function randomSeed(): number {
  try {
    return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  } catch {
    return 0;
  }
}
