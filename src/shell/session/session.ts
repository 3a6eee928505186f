// The public object of a session, over its machine.

import { Issuer } from './metadata.js';
import { readGrant, type Authorization } from './grants.js';
import { Machine, succeeded, type Calls, type Host, type Outcome } from './driver.js';
import { checkFunctions, checkSignal, checkWord, has, misuse, nestedOf, optionsOf, own, readable } from '../arguments.js';
import { refusal } from '../boundary/refusal.js';
import { made } from '../made-by.js';
import { IN_WORKERD } from '../runtime.js';
import { pendingKey, sessionKey } from './store-keys.js';
import { PendingRequests } from './pending.js';
import { memoryStore } from '../stores/memory.js';
import type { Session, SessionEvents, SessionOptions, SessionSnapshot, TransitionRecord } from '../types.js';

type Used = Extract<Outcome, { effect: 'use' | 'fail' }>;
type Listener = (detail: never) => void;

const NAMES: readonly (keyof SessionOptions)[] = [
  'grant',
  'name',
  'store',
  'refreshAhead',
  'timeoutMs',
  'retry',
  'replayWindowMs',
  'onRefreshRejected',
  'isolation',
  'insecure',
  'fetch',
  'waitUntil',
  'now',
];
const EVENTS: readonly (keyof SessionEvents)[] = ['change', 'refreshed', 'ended', 'challenge', 'warning'];
const authorizing = new WeakMap<object, Authorizing>();
const inners = new WeakMap<object, Inner>();
const NO_BEARER_FETCH = 'a fetch that is not a bearer fetch; that one would call itself';

/** The function that sends requests. The host's fetch is read at each call, so that test tools and frameworks may replace it. @internal */
export function sender(given?: typeof fetch): typeof fetch {
  const send = given ?? fetch;
  // A bearer fetch in the place of the host's fetch would call itself without end.
  if (Object.hasOwn(send, 'session')) throw misuse('fetch', NO_BEARER_FETCH);
  return send;
}

/**
 * A session: obtains tokens, refreshes them before they expire, and shares them over its store.
 * @throws ERR_INVALID_ARG; ERR_INSECURE_URL for an endpoint that is neither https nor http on loopback
 * @example
 * ```ts
 * import { createSession, indexedDbStore, jsonLogin } from 'tokenward';
 *
 * const session = createSession({
 *   grant: jsonLogin({ tokenUrl: 'https://api.example.com/token' }),
 *   store: indexedDbStore(),
 * });
 * session.on('ended', ({ reason }) => console.log(`signed out: ${reason}`));
 * ```
 */
export function createSession(options: SessionOptions): Session {
  return readable(() => open(optionsOf(options, NAMES)), 'options');
}

function open(options: SessionOptions): Session {
  const {
    grant,
    name,
    store = memoryStore(),
    fetch: given,
    now,
    waitUntil,
    isolation = IN_WORKERD ? 'request' : 'shared',
    insecure,
    timeoutMs,
  } = options;
  const parts = readGrant(grant);
  if (!has(store, 'load', 'save', 'clear')) throw misuse('store', 'a token store: an object with the methods load, save and clear', store);
  checkFunctions({ fetch: given, now, waitUntil });
  if (given) sender(given);
  const called = name === undefined ? (parts.name ?? (options.store ? undefined : 'custom')) : name;
  if (typeof called !== 'string')
    throw misuse(
      'name',
      name === undefined ? 'given: sessions with customGrant and a store need one' : 'a string',
      ...(name === undefined ? [] : [name]),
    );
  checkWord('isolation', isolation, ['shared', 'request']);

  const hasLock = store.shared === 'origin' && typeof navigator === 'object' && typeof navigator.locks?.request === 'function';
  const listeners = new Map<string, Set<Listener>>();
  const key = sessionKey(called);
  let signOuts = 0;
  const send = () => sender(given);
  const loopback = insecure !== 'never';
  const issuer = parts.issuer === undefined ? undefined : new Issuer(parts.issuer, loopback, send);
  const { refreshAhead, retry, replayWindowMs, onRefreshRejected } = options;
  const host: Host = {
    options: own({
      refreshAhead: nestedOf(refreshAhead, ['maxSeconds', 'fraction'], 'refreshAhead'),
      retry: nestedOf(retry, ['baseMs', 'capMs'], 'retry'),
      replayWindowMs,
      onRefreshRejected,
      insecure,
      timeoutMs,
      grant: own(parts.description),
      hasLock,
      storeIsShared: options.store !== undefined,
      storeIsEmpty: options.store === undefined,
      storeIsEventual: store.consistency === 'eventual',
      endsWithRequest: isolation === 'request' && !waitUntil,
    }),
    store,
    hasLock,
    now,
    waitUntil,
    key,
    fetch: send,
    endpoint: async (endpoint, signal) => issuer?.endpoint(endpoint, signal) ?? Promise.reject(refusal('no-metadata')),
    ask: parts.ask,
    act: parts.act,
    tell(event, detail) {
      // After the state has changed, since a listener may use the session.
      for (const listener of listeners.get(event) ?? []) queueMicrotask(() => listener(detail as never));
    },
  };
  const machine = new Machine(host);
  if (isolation === 'shared') machine.listen();
  else machine.heed();
  const shared = isolation === 'shared' ? machine.sharedCalls() : undefined;
  const calls = (): Calls => shared ?? machine.forkedCalls();
  const once = async <T>(ask: (calls: Calls) => T): Promise<Awaited<T>> => {
    const call = calls();
    try {
      return await ask(call);
    } finally {
      call.done();
    }
  };

  const { authorization } = parts;
  // The requests of a Worker must not wait for each other.
  const pending = authorization && new PendingRequests(store, pendingKey(called), isolation === 'shared');

  const session: Session = {
    get snapshot(): SessionSnapshot {
      return machine.snapshot;
    },
    async login(credentials, options) {
      const { signal } = copied(options, ['signal']);
      const { username, password } = readable(() => own({ ...credentials }) as Partial<NonNullable<typeof credentials>>, 'credentials');
      if (credentials !== undefined && (typeof username !== 'string' || typeof password !== 'string'))
        throw misuse('credentials', 'an object with a username and a password, both strings');
      succeeded(await once((calls) => calls.ask({ event: 'login', username, password }, signal)));
      return machine.snapshot;
    },
    async getAccessToken(options) {
      const { minValidity, forceRefresh, signal } = copied(options, ['minValidity', 'forceRefresh', 'signal']);
      const outcome = await once((calls) => calls.need(minValidity, false, forceRefresh === true, signal));
      return succeeded<Used>(outcome).token;
    },
    async logout(options) {
      const { reason } = copied(options, ['reason']);
      checkWord('reason', reason, ['user', 'compromised']);
      signOuts += 1;
      const { revoked, stored } = succeeded<Extract<Outcome, { effect: 'signed-out' | 'fail' }>>(
        await once((calls) => calls.ask({ event: 'logout', reason })),
      );
      if (pending && !(await pending.forget())) host.tell('warning', { code: 'authorization-kept' });
      return { revoked, stored };
    },
    on(event, listener, options) {
      const { signal } = copied(options, ['signal']);
      if (!EVENTS.includes(event)) throw misuse('event', `one of ${EVENTS.join(', ')}`);
      checkFunctions({ listener });
      if (listener === undefined) throw misuse('listener', 'a function', listener);
      const known = listeners.get(event) ?? new Set();
      // One function may listen twice.
      const heard: Listener = (detail) => listener(detail);
      listeners.set(event, known.add(heard));
      const stop = () => void known.delete(heard);
      if (signal?.aborted) stop();
      signal?.addEventListener('abort', stop, own({ once: true }));
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
  inners.set(made(session), { calls, loopback });
  if (authorization && pending) {
    const signIn = async (code: string, verifier: string) => {
      succeeded(await once((calls) => calls.ask({ event: 'login', code, verifier })));
      return machine.snapshot;
    };
    authorizing.set(session, { authorization, issuer, timeoutMs: timeoutMs ?? 10_000, pending, now, signOuts: () => signOuts, signIn });
  }
  return session;
}

/** The options of a call, read once. */
function copied<T extends object>(
  options: T | undefined,
  names: readonly (keyof T & string)[],
): Partial<T> & { signal?: AbortSignal | undefined } {
  const copy: Partial<T> & { signal?: AbortSignal | undefined } = optionsOf(options ?? ({} as T), names);
  checkSignal(copy.signal);
  return copy;
}

/** The parts of a session that an authorization needs. @internal */
export interface Authorizing {
  authorization: Authorization;
  issuer: Issuer | undefined;
  timeoutMs: number;
  pending: PendingRequests;
  now: (() => number) | undefined;
  /** The number of sign-outs so far. */
  signOuts(): number;
  signIn(code: string, verifier: string): Promise<SessionSnapshot>;
}

/** These parts, if the session's grant is `authorizationCode`. @internal */
export function authorizingOf(session: Session): Authorizing | undefined {
  return typeof session === 'object' && session !== null ? authorizing.get(session) : undefined;
}

/** The parts of a session that a bearer fetch needs. @internal */
export interface Inner {
  /** Starts a call. */
  calls(): Calls;
  /** Whether `http:` is allowed on loopback. */
  readonly loopback: boolean;
}

/** These parts, if this package made the session. @internal */
export function innerOf(session: Session): Inner | undefined {
  return typeof session === 'object' && session !== null ? inners.get(session) : undefined;
}
