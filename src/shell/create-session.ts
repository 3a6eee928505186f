// A session as its owner sees it.

import { readGrant, refusal } from './grants.js';
import { Machine, succeeded, type Host, type Outcome } from './machine.js';
import { memoryStore } from './stores/memory.js';
import type { Session, SessionEvents, SessionOptions, SessionSnapshot, TransitionRecord } from './types.js';

type Used = Extract<Outcome, { effect: 'use' | 'fail' }>;
type Listener = (detail: never) => void;

const EVENTS: readonly (keyof SessionEvents)[] = ['change', 'refreshed', 'ended', 'challenge', 'warning'];
const machines = new WeakMap<object, Machine>();

/**
 * A sign-in that obtains tokens, refreshes them before they expire, and ends only where it must.
 * @throws ERR_INVALID_ARG, ERR_INSECURE_URL
 */
export function createSession(options: SessionOptions): Session {
  if (typeof options !== 'object' || options === null) throw refusal('session');
  const { grant, name, store = memoryStore(), fetch: given, now, waitUntil, isolation: _, ...rest } = options;
  const parts = readGrant(grant);
  if (typeof store?.load !== 'function' || typeof store.save !== 'function' || typeof store.clear !== 'function') throw refusal('store');
  if (given !== undefined && (typeof given !== 'function' || 'session' in given)) throw refusal('fetch');
  if (now !== undefined && typeof now !== 'function') throw refusal('now');

  const isShared = store.shared !== 'none';
  const hasLock = store.shared === 'origin' && typeof navigator === 'object' && typeof navigator.locks?.request === 'function';
  const listeners = new Map<string, Set<Listener>>();
  const host: Host = {
    options: JSON.stringify({
      ...rest, grant: parts.description, hasLock, storeIsShared: isShared, storeIsEmpty: options.store === undefined,
      storeIsEventual: store.consistency === 'eventual',
    }),
    store, hasLock, now, waitUntil,
    key: `tokenward:${name ?? parts.endpoint.origin + parts.endpoint.pathname}`,
    fetch: () => given ?? fetch,
    ask: parts.ask,
    tell(event, detail) {
      // After the state has settled: a listener may use the session.
      for (const listener of listeners.get(event) ?? []) queueMicrotask(() => listener(detail as never));
    },
  };
  const machine = new Machine(host);
  machine.listen();

  const session: Session = {
    get snapshot(): SessionSnapshot {
      return machine.snapshot;
    },
    async login(credentials, { signal } = {}) {
      const { username, password } = credentials ?? {};
      if (credentials !== undefined && (typeof username !== 'string' || typeof password !== 'string')) throw refusal('credentials');
      succeeded(await machine.ask({ event: 'login', username, password }, signal));
      return machine.snapshot;
    },
    async getAccessToken({ minValidity, forceRefresh, signal } = {}) {
      const outcome = machine.ask({ event: 'need', minValidity, force: forceRefresh === true }, signal);
      return succeeded<Used>(await outcome).token;
    },
    async logout({ reason } = {}) {
      const { revoked } = succeeded<Extract<Outcome, { effect: 'signed-out' | 'fail' }>>(await machine.ask({ event: 'logout', reason }));
      return { revoked };
    },
    on(event, listener, { signal } = {}) {
      if (!EVENTS.includes(event)) throw refusal('event');
      if (typeof listener !== 'function') throw refusal('listener');
      const known = listeners.get(event) ?? new Set();
      // One function may listen twice.
      const heard: Listener = (detail) => listener(detail);
      listeners.set(event, known.add(heard));
      const stop = () => void known.delete(heard);
      if (signal?.aborted) stop();
      signal?.addEventListener('abort', stop, { once: true });
      return stop;
    },
    explain(): TransitionRecord[] {
      return machine.explain();
    },
    close() {
      machine.close();
    },
  };
  const { dispose } = Symbol as { dispose?: symbol };
  if (dispose) Object.defineProperty(session, dispose, { value: session.close });
  machines.set(session, machine);
  return session;
}

/** The machine of a session that this package made. */
export function machineOf(session: Session): Machine | undefined {
  return typeof session === 'object' && session !== null ? machines.get(session) : undefined;
}
