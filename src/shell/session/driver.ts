// Performs the effects of one session machine (src/session/) and reports back. What happens when is decided there.

import { lossOf, readSome, type EndpointName } from './metadata.js';
import { type ErrorFields, tokenwardError, wasmUnavailable } from '../error.js';
import { Handle } from '../boundary/handle.js';
import { call } from '../boundary/instance.js';
import { member, misuse, own, readable } from '../arguments.js';
import type { SessionEvents, SessionSnapshot, TokenStore, TransitionRecord } from '../types.js';

/** What one of the caller's own functions is for. @internal */
export type Purpose = 'acquire' | 'refresh' | 'revoke';

/** What a session lives on. @internal */
export interface Host {
  /** The machine's options (src/wasm/session/options.rs). */
  readonly options: object;
  readonly store: TokenStore;
  /** The name of record, lock and channel. No secret is in it. */
  readonly key: string;
  readonly hasLock: boolean;
  readonly fetch: () => typeof fetch;
  readonly ask: (() => unknown) | undefined;
  readonly act: ((purpose: Purpose, token: string | undefined, signal: AbortSignal) => unknown) | undefined;
  /** The URL of an endpoint that stands in the issuer's metadata. */
  readonly endpoint: (name: EndpointName, signal: AbortSignal) => Promise<string>;
  readonly now: (() => number) | undefined;
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined;
  tell<K extends keyof SessionEvents>(event: K, detail: SessionEvents[K]): void;
}

/** How a call ended. @internal */
export type Outcome =
  | { effect: 'use'; id: number; epoch: number; generation: number; token: string; watch: boolean }
  | { effect: 'fail'; id: number; error: ErrorFields }
  | { effect: 'deliver'; id: number }
  | { effect: 'signed-in'; id: number }
  | { effect: 'signed-out'; id: number; revoked: boolean; stored: boolean };

type Effect =
  | Outcome
  | { effect: 'load'; op: number }
  | { effect: 'save'; op: number; record: string; expect?: string }
  | { effect: 'clear'; op: number; expect?: string }
  | { effect: 'lock'; op: number; timeoutMs: number }
  | { effect: 'unlock'; op: number }
  | { effect: 'ask'; op: number }
  | Send
  | Call
  | { effect: 'abort'; op: number }
  | { effect: 'wake'; op: number; afterMs: number; idle: boolean }
  | { effect: 'broadcast'; epoch: number; generation: number }
  | { effect: 'tell'; name: keyof SessionEvents; detail: never };

interface Send {
  effect: 'send';
  op: number;
  timeoutMs: number;
  method: string;
  url: string;
  endpoint?: EndpointName;
  headers: Record<string, string>;
  body: string;
  keepalive: boolean;
  cookies: boolean;
}

interface Call {
  effect: 'call';
  op: number;
  timeoutMs: number;
  purpose: Purpose;
  token?: string;
}

interface Event {
  event: string;
  [member: string]: unknown;
}
interface Waiting {
  event: Event;
  settle(outcome: Outcome): void;
  reject(error: unknown): void;
}

/** Milliseconds for one call to a store, so that a store that hangs does not hang the session. @internal */
export const STORE_TIME_LIMIT_MS = 3_000;
/** Characters of a record: more than a token response of the greatest length takes up, escaped. */
const MAX_RECORD_LENGTH = 0x80000;
/** Timers of a longer time go off at once. */
const MAX_TIMER_MS = 0x7fffffff;

/** How often calls are made again because the instance is lost, before they fail. */
const MAX_RESUMES = 3;

/** What one call of a user's asks of the machine. @internal */
export interface Calls {
  need(minValidity: number | undefined, once: boolean, force: boolean, signal?: AbortSignal | null): Outcome | Promise<Outcome>;
  ask(event: Event, signal?: AbortSignal | null): Outcome | Promise<Outcome>;
  report(event: Event): void;
  /** The call has ended. */
  done(): void;
}

/** One machine with what it has under way. @internal */
export class Machine {
  readonly #host: Host;
  readonly #held: Handle;
  readonly #session: Machine | undefined;
  #leaving = false;
  #outdated = false;
  #state: string | undefined;
  /** How often the machine was opened, and how often that had its consequences. */
  #opened = 0;
  #lives = 1;
  #last: Extract<Outcome, { effect: 'use' }> | undefined;
  #calls = 0;
  readonly #waiting = new Map<number, Waiting>();
  /** How many loads of the record are under way. */
  #loading = 0;
  readonly #locks = new Map<number, () => void>();
  readonly #requests = new Map<number, AbortController>();
  readonly #queue: Event[] = [];
  #stepping = false;
  /** How often the calls under way were made again while the queue was worked off. */
  #resumes = 0;
  #writing = false;
  #busy = 0;
  #rested: (() => void) | undefined;
  #channel: BroadcastChannel | undefined;
  #forget: (() => void)[] = [];

  constructor(host: Host, session?: Machine) {
    this.#host = host;
    this.#session = session;
    this.#held = new Handle('release_session', () => {
      const first = this.#opened++ === 0;
      if (first && session) return call('session_fork', session.#held.handle);
      const [wall, mono] = first ? [0, 0] : this.#time();
      return call('session_open', host.options, wall, mono, this.#state);
    });
    void this.#held.handle;
  }

  /** Every call in this machine. */
  sharedCalls(): Calls {
    return {
      need: (minValidity, once, force, signal) => this.#need(minValidity, once, force, signal),
      ask: (event, signal) => this.#ask(event, signal),
      report: (event) => this.report(event),
      done() {},
    };
  }

  /** Each call in a machine of its own, which is made when the token in hand does not serve. */
  forkedCalls(): Calls {
    let fork: Machine | undefined;
    const own = () => (fork ??= this.#fork());
    return {
      need: (minValidity, once, force, signal) =>
        this.#stillServing(minValidity, once, force, signal) ?? own().#need(minValidity, once, force, signal),
      ask: (event, signal) => own().#ask(event, signal),
      report: (event) => own().report(event),
      done: () => {
        if (fork) fork.#free();
      },
    };
  }

  #fork(): Machine {
    const fork = new Machine(this.#host, this);
    if (this.#outdated) fork.report({ event: 'changed' });
    this.#outdated = false;
    return fork;
  }

  /** Gives a fork back, once nothing is under way in it. */
  #free(): void {
    if (this.#busy > 0) this.#leaving = true;
    else this.#held.free();
  }

  /** As `listen`, where nothing may be done outside a request: the next call will look. */
  heed(): void {
    const { store, key } = this.#host;
    const stop = store.subscribe?.(key, () => {
      if (this.#writing) return;
      this.#outdated = true;
      this.#last = undefined;
    });
    if (typeof stop === 'function') this.#forget.push(stop);
  }

  /** Hears what other instances change. */
  listen(): void {
    const { store, key } = this.#host;
    const changed = () => {
      if (!this.#writing) this.report({ event: 'changed' });
    };
    const stop = store.subscribe?.(key, changed);
    if (typeof stop === 'function') this.#forget.push(stop);
    if (store.shared === 'origin' && typeof BroadcastChannel === 'function') {
      const channel = (this.#channel = new BroadcastChannel(key));
      channel.onmessage = changed;
      // In Node, a channel would keep the process alive.
      (channel as { unref?(): void }).unref?.();
      this.#forget.push(() => {
        this.#channel = undefined;
        channel.close();
      });
    }
    if (typeof document === 'object') {
      const online = () => this.report({ event: 'online' });
      // A page that was put aside heard nothing meanwhile.
      const shown = ({ persisted }: { persisted?: boolean }) => {
        if (persisted) changed();
      };
      addEventListener('online', online);
      addEventListener('pageshow', shown);
      this.#forget.push(() => {
        removeEventListener('online', online);
        removeEventListener('pageshow', shown);
      });
    }
    queueMicrotask(() => this.report({ event: 'start' }));
  }

  get snapshot(): SessionSnapshot {
    const [wall, mono] = this.#time();
    return JSON.parse(call('session_snapshot', this.#held.handle, wall, mono)) as SessionSnapshot;
  }

  explain(): TransitionRecord[] {
    return JSON.parse(call('session_explain', this.#held.handle)) as TransitionRecord[];
  }

  /** An access token: the one given last where that still serves, which most calls find. */
  #need(minValidity: number | undefined, once: boolean, force: boolean, signal?: AbortSignal | null): Outcome | Promise<Outcome> {
    const serving = this.#stillServing(minValidity, once, force, signal);
    if (serving) return serving;
    // Calls that come while the record is loaded wait for the same answer.
    if (this.#host.store.check === 'each-call' && this.#loading === 0) this.report({ event: 'changed' });
    return this.#ask({ event: 'need', minValidity, once, force }, signal);
  }

  #stillServing(minValidity = 0, once: boolean, force: boolean, signal: AbortSignal | null | undefined): Outcome | undefined {
    if (!(typeof minValidity === 'number' && minValidity >= 0 && minValidity <= 1e9))
      throw misuse('minValidity', 'between 0 and 1,000,000,000 seconds', minValidity);
    const last = this.#last;
    if (!last || force || signal?.aborted || !(minValidity >= 0) || this.#host.store.check === 'each-call') return undefined;
    const [wall, mono] = this.#time();
    return call('session_serves', this.#held.handle, wall, mono, last.epoch, last.generation, minValidity, once) ? last : undefined;
  }

  /** Asks something of the machine. The answer is there at once where the machine has it. */
  #ask(event: Event, signal?: AbortSignal | null): Outcome | Promise<Outcome> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const id = (this.#calls = (this.#calls % 0x7fffffff) + 1);
    event['id'] = id;
    readable(() => JSON.stringify(event), 'options');
    let answer: Outcome | Promise<Outcome> | undefined;
    const waiting: Waiting = {
      event,
      settle: (outcome) => {
        answer = outcome;
      },
      reject: (error) => {
        answer = Promise.reject(error);
      },
    };
    this.#waiting.set(id, waiting);
    this.report(event);
    if (answer) return answer;
    return new Promise<Outcome>((resolve, reject) => {
      const abort = () => {
        this.#waiting.delete(id);
        this.report({ event: 'leave', id });
        reject(signal?.reason);
      };
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          signal?.removeEventListener('abort', abort);
          settle(value);
        };
      waiting.settle = settled(resolve);
      waiting.reject = settled(reject);
      signal?.addEventListener('abort', abort, own({ once: true }));
    });
  }

  /** Tells the machine what happened. What it cannot be told fails the call that it is of, or else every call. */
  report(event: Event): void {
    this.#queue.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    this.#resumes = 0;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      try {
        this.#step(next);
      } catch (error) {
        const own = this.#waiting.get(next['id'] as number);
        for (const waiting of own ? [own] : [...this.#waiting.values()]) {
          this.#waiting.delete(waiting.event['id'] as number);
          waiting.reject(error);
        }
      }
    }
    this.#stepping = false;
  }

  close(): void {
    this.report({ event: 'close' });
    this.#last = undefined;
    for (const forget of this.#forget.splice(0)) {
      try {
        forget();
      } catch {
        // A store's own affair.
      }
    }
  }

  /** Before the handle is taken: a clock of the caller's may cost the instance its life. */
  #time(): Reading {
    return readClock(this.#host.now);
  }

  #step(event: Event): void {
    const [wall, mono, given] = this.#time();
    const handle = this.#held.handle;
    // Another look may have opened the machine again: a snapshot does.
    if (this.#opened !== this.#lives) this.#resume(event);
    const session = this.#session;
    const { effects, state, whole } = own(
      JSON.parse(call('session_step', handle, session ? session.#held.handle : undefined, wall, mono, given, JSON.stringify(event))) as {
        effects: Effect[];
        state?: string;
        whole?: string;
      },
    );
    if (state !== undefined) this.#state = state;
    if (session && whole !== undefined) session.#state = whole;
    for (const effect of effects) this.#perform(own(effect));
  }

  /** The instance was lost and with it all that was under way: locks are given back, calls are made again. */
  #resume(current: Event): void {
    this.#lives = this.#opened;
    for (const unlock of this.#locks.values()) unlock();
    this.#locks.clear();
    // A clock of the caller's that costs the instance every time would make every call again for every other, for ever.
    if (++this.#resumes > MAX_RESUMES) throw wasmUnavailable('trapped');
    for (const { event } of this.#waiting.values()) {
      if (event !== current) this.#queue.push(event);
    }
  }

  #perform(effect: Effect): void {
    const { store, key } = this.#host;
    switch (effect.effect) {
      case 'use':
      case 'fail':
      case 'deliver':
      case 'signed-in':
      case 'signed-out': {
        if (effect.effect === 'use') (this.#session ?? this).#last = this.#last = { ...effect, watch: false };
        const waiting = this.#waiting.get(effect.id);
        this.#waiting.delete(effect.id);
        waiting?.settle(effect);
        break;
      }
      case 'load':
        this.#loading += 1;
        this.#answer(
          effect.op,
          'loaded',
          inTime(() => store.load(key), STORE_TIME_LIMIT_MS)
            .then(rowOf)
            .finally(() => {
              this.#loading -= 1;
            }),
        );
        break;
      case 'save':
        this.#answer(effect.op, 'saved', this.#write(() => store.save(key, effect.record, effect.expect ?? null)).then(onlySaved));
        break;
      case 'clear':
        this.#answer(
          effect.op,
          'cleared',
          this.#write(() => store.clear(key, effect.expect ?? null)).then((ok) => ({ ok: ok === true })),
        );
        break;
      case 'lock':
        this.#lock(effect.op, effect.timeoutMs);
        break;
      case 'unlock':
        this.#locks.get(effect.op)?.();
        this.#locks.delete(effect.op);
        break;
      case 'ask':
        this.#answer(effect.op, 'given', Promise.resolve().then(this.#host.ask).then(onlyCredentials));
        break;
      case 'send':
        this.#answer(effect.op, 'received', this.#send(effect));
        break;
      case 'call':
        this.#answer(effect.op, 'received', this.#call(effect));
        break;
      case 'abort':
        this.#requests.get(effect.op)?.abort();
        break;
      case 'wake':
        this.#answer(
          effect.op,
          'woken',
          new Promise((resolve) => {
            const timer = setTimeout(resolve, Math.min(effect.afterMs, MAX_TIMER_MS), null);
            // Only Node, Bun and Deno's Node half have timers that are objects, and processes that end.
            if (effect.idle) (timer as { unref?(): void }).unref?.();
          }),
        );
        break;
      case 'broadcast':
        this.#channel?.postMessage([effect.epoch, effect.generation]);
        break;
      case 'tell':
        if (effect.name === 'ended') (this.#session ?? this).#last = this.#last = undefined;
        this.#host.tell(effect.name, effect.name === 'change' ? this.snapshot : effect.detail);
        break;
    }
  }

  /** Reports what became of an effect. */
  #answer(op: number, event: string, work: Promise<unknown>): void {
    if (this.#busy++ === 0) this.#stayAwake();
    const done = (members: object) => {
      this.report({ event, op, ...members });
      if (--this.#busy > 0) return;
      this.#rested?.();
      if (this.#leaving) this.#held.free();
    };
    work.then(
      (result) => done(reportable(result)),
      () => done({ failed: true }),
    );
  }

  #stayAwake(): void {
    try {
      this.#host.waitUntil?.(
        new Promise<void>((resolve) => {
          this.#rested = resolve;
        }),
      );
    } catch {
      // Whatever the host makes of it, the call at hand goes on.
    }
  }

  /** Writes to the store. A store that announces changes announces this one here too, which is ignored. */
  #write<T>(write: () => Promise<T>): Promise<T> {
    const session = this.#session ?? this;
    session.#writing = true;
    try {
      return inTime(write, STORE_TIME_LIMIT_MS);
    } finally {
      session.#writing = false;
    }
  }

  #lock(op: number, timeoutMs: number): void {
    const report = (held: boolean) => this.report({ event: 'locked', op, held });
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), Math.min(timeoutMs, MAX_TIMER_MS));
    const released = new Promise<void>((resolve) => this.#locks.set(op, resolve));
    navigator.locks
      .request(this.#host.key, own({ signal: late.signal }), () => {
        clearTimeout(timer);
        report(true);
        return released;
      })
      .catch(() => {
        clearTimeout(timer);
        this.#locks.delete(op);
        report(false);
      });
  }

  /** Calls a function of the caller's, whose result reads like a token response. A thrown `invalid_grant` is a refusal. */
  async #call({ op, purpose, token, timeoutMs }: Call): Promise<object> {
    const late = new AbortController();
    this.#requests.set(op, late);
    try {
      const result = await inTime(async () => this.#host.act?.(purpose, token, late.signal), timeoutMs, late.signal);
      return { status: 200, contentType: 'application/json', body: JSON.stringify(result ?? {}) };
    } catch (error) {
      late.abort();
      if (error === undefined) return { event: 'lost', loss: 'timeout' };
      const said = Object(error) as object;
      if ((member(said, 'oauthError') ?? member(said, 'error')) !== 'invalid_grant') return { event: 'lost', loss: 'network' };
      return { status: 400, contentType: 'application/json', body: '{"error":"invalid_grant"}' };
    } finally {
      this.#requests.delete(op);
    }
  }

  /** Sends a token request. The event says what came of it, so this never rejects. */
  async #send({ op, method, url: given, endpoint, headers, body, keepalive, cookies, timeoutMs }: Send): Promise<object> {
    if (typeof navigator === 'object' && (navigator as { onLine?: boolean }).onLine === false) return { event: 'lost', loss: 'not-sent' };
    const late = new AbortController();
    this.#requests.set(op, late);
    let loss: 'network' | ReturnType<typeof lossOf> = 'network';
    const exchange = async () => {
      let url = given;
      let send: typeof fetch;
      try {
        send = this.#host.fetch();
        if (endpoint !== undefined) url = await this.#host.endpoint(endpoint, late.signal);
      } catch (error) {
        loss = lossOf(error);
        throw error;
      }
      const response = await send(
        url,
        own<RequestInit>({
          method,
          headers,
          body,
          redirect: 'manual',
          signal: late.signal,
          ...(keepalive && { keepalive }),
          ...(cookies && { credentials: 'include' }),
        }),
      );
      return {
        status: response.status,
        contentType: response.headers.get('content-type') ?? '',
        retryAfter: response.headers.get('retry-after') ?? undefined,
        body: await readSome(response),
      };
    };
    try {
      // A fetch of the caller's may not heed the signal.
      return await inTime(exchange, timeoutMs, late.signal);
    } catch (error) {
      return { event: 'lost', loss: error === undefined ? 'timeout' : loss };
    } finally {
      this.#requests.delete(op);
      late.abort();
    }
  }
}

/** The outcome of a call that cannot be delivered a response. @internal */
export function succeeded<O extends Outcome>(outcome: Outcome): Exclude<O, { effect: 'fail' }> {
  if (outcome.effect === 'fail') throw tokenwardError(outcome.error);
  return outcome as Exclude<O, { effect: 'fail' }>;
}

/** The wall clock and one that is never set, in milliseconds, and whether they are the caller's. */
type Reading = [wall: number, mono: number, given: boolean];

/** Reads the caller's clock, or else the host's. The module refuses NaN. @internal */
export function readClock(now: (() => number) | undefined): Reading {
  if (!now) return [Date.now(), performance.now(), false];
  let reading: unknown;
  try {
    reading = now();
  } catch {
    // Not a number either.
  }
  return typeof reading === 'number' ? [reading, reading, true] : [NaN, NaN, true];
}

/** What the machine can be told of a result: values of the caller's may throw when they are read. */
function reportable(result: unknown): object {
  try {
    const members = { ...Object(result) } as object;
    JSON.stringify(members);
    return members;
  } catch {
    return { failed: true };
  }
}

/** What a store answered, if it is a row. A record that is too long for any session of ours is one that cannot be read. @internal */
export function rowOf(row: unknown): { record: string; version: string } | undefined {
  const [record, version] = [member(Object(row), 'record'), member(Object(row), 'version')];
  if (typeof record !== 'string' || typeof version !== 'string') return undefined;
  return { record: record.length > MAX_RECORD_LENGTH ? '' : record, version };
}

function onlySaved(saved: unknown): object {
  return { ok: member(Object(saved), 'ok'), version: member(Object(saved), 'version') };
}

function onlyCredentials(given: unknown): object {
  return { username: member(Object(given), 'username'), password: member(Object(given), 'password') };
}

/** Rejects with `undefined` where the time is over. @internal */
export function inTime<T>(work: () => Promise<T>, limitMs: number, signal?: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(), Math.min(limitMs, MAX_TIMER_MS));
    const settled =
      <V>(settle: (value: V) => void) =>
      (value: V) => {
        clearTimeout(timer);
        settle(value);
      };
    signal?.addEventListener('abort', () => settled(reject)(signal.reason), own({ once: true }));
    try {
      work().then(settled(resolve), settled(reject));
    } catch (error) {
      settled(reject)(error);
    }
  });
}
