// `fetch` with the session's token. The module decides where the token may go, and what a 401 means.

import {
  checkFunctions,
  checkSignal,
  checkWord,
  copyOf as copyOfOptions,
  has,
  member,
  misuse,
  optionsOf,
  own,
  readable,
} from '../arguments.js';
import { isTokenwardError } from '../error.js';
import { bounded, call } from '../boundary/instance.js';
import { succeeded, type Calls, type Outcome } from './driver.js';
import { createSession, innerOf, sender, type Inner } from './session.js';
import { madeElsewhere } from '../made-by.js';
import { refusal } from '../boundary/refusal.js';
import { IN_WORKERD, dropsTokenAcrossOrigins } from '../runtime.js';
import type { BearerFetch, BearerFetchOptions, BearerInit, Session, SessionOptions } from '../types.js';
import { partsOf, resolve, textOf } from '../url.js';

type Input = RequestInfo | URL;
type Init = RequestInit & { bearer?: BearerInit };
type Used = Extract<Outcome, { effect: 'use' }>;

const SESSION = 'a session made by the same entry point of this package, or the options of one';
const RESOURCES = 'a URL or a list of URLs';

/**
 * A `fetch` that adds an access token to requests to `resources`, and gets a new one after a 401. Assignable to `typeof fetch`.
 * @throws ERR_INVALID_ARG; ERR_INSECURE_URL for a resource that is neither https nor http on loopback. The calls reject with
 * ERR_FOREIGN_URL, ERR_BODY_NOT_REPLAYABLE, the errors of {@link Session.getAccessToken}, and those of `fetch`
 * @example
 * ```ts
 * import { createBearerFetch, jsonLogin } from 'tokenward';
 *
 * const api = createBearerFetch({
 *   resources: 'https://api.example.com/',
 *   session: { grant: jsonLogin({ tokenUrl: 'https://api.example.com/token' }) },
 * });
 * await api.session.login({ username: 'ada', password: 'correct horse' });
 * const response = await api('https://api.example.com/orders');
 * ```
 */
export function createBearerFetch(options: BearerFetchOptions): BearerFetch {
  return readable(() => wrap(optionsOf(options, ['session', 'resources', 'foreign', 'fetch'])), 'options');
}

function wrap(options: BearerFetchOptions): BearerFetch {
  const { session: given, resources, foreign = 'pass', fetch: send } = options;
  checkWord('foreign', foreign, ['pass', 'throw']);
  checkFunctions({ fetch: send });
  if (send) sender(send);
  if (typeof given !== 'object' || given === null) throw misuse('session', SESSION, given);
  const known = innerOf(given as Session);
  // A session of another entry point lives in another module, which cannot be reached from here.
  if (!known && has(given, 'getAccessToken')) throw madeElsewhere('session', given) ?? misuse('session', SESSION);
  const made = known ? undefined : copyOfOptions(given as SessionOptions, 'session');
  if (made && send && made.fetch === undefined) made.fetch = send;
  const loopback = known?.loopback ?? made?.insecure !== 'never';
  const places = readResources(resources, loopback);
  const session = made ? createSession(made) : (given as Session);
  const { calls } = innerOf(session) as Inner;
  const wrapper: Wrapper = { calls, places, loopback, foreign, send };
  const bearer = (input: Input, init?: Init) => bearerFetch(wrapper, input, init);
  return Object.defineProperty(bearer, 'session', { value: session, enumerable: true }) as BearerFetch;
}

interface Wrapper {
  readonly calls: () => Calls;
  readonly places: string;
  readonly loopback: boolean;
  readonly foreign: 'pass' | 'throw';
  readonly send: typeof fetch | undefined;
}

async function bearerFetch(wrapper: Wrapper, input: Input, init?: Init): Promise<Response> {
  const sentTo = readable(() => (isRequest(input) ? platformUrl(input) : undefined), 'input');
  if (sentTo === undefined && readable(() => isRequest(input), 'input')) {
    const like = input as Request;
    // The platform would send it to the URL that it is as a string. Send it to the URL that is checked.
    const [url, members] = readable(() => [String(like.url), membersOf(like)] as const, 'input');
    const body = await bodyOf(like);
    const given = Object.entries(readable(() => copyOf(init), 'init')).filter(([, value]) => value !== undefined);
    return bearerFetch(wrapper, url, {
      ...members,
      ...(body !== undefined && { body, ...(isStream(body) && { duplex: 'half' }) }),
      ...(Object.fromEntries(given) as Init),
    });
  }
  // The members of a Request are not its own properties, so a copy would lack them.
  if (readable(() => isRequest(init), 'init')) return bearerFetch(wrapper, new Request(input, init));
  const { bearer = {}, ...others } = readable(() => copyOf(init), 'init');
  const rest = own(others);
  const { auth, minValidity, replay } = optionsOf(bearer, ['auth', 'minValidity', 'replay'], 'bearer');
  checkWord('bearer.auth', auth, ['required', 'optional', 'none']);
  checkWord('bearer.replay', replay, ['auto', 'never']);
  const send = sender(wrapper.send);
  const plain = () => send(input, init && rest);

  const request = isRequest(input) ? input : undefined;
  const url = resolved(() => resolve(sentTo ?? (input as string | URL)));
  if (!url || !admits(wrapper, url)) {
    if (wrapper.foreign === 'throw' || auth === 'required') throw refusal('foreign-url');
    return plain();
  }
  const headers = new Headers(rest.headers ?? request?.headers);
  if (auth === 'none' || headers.has('authorization')) return plain();
  // Browsers then drop the header silently.
  if ((rest.mode ?? request?.mode) === 'no-cors') {
    if (auth === 'optional') return plain();
    throw misuse('mode', 'one that lets a token through; "no-cors" does not');
  }

  // `null` removes the signal of the Request.
  const signal = rest.signal === undefined ? request?.signal : rest.signal;
  checkSignal(signal);
  const exchange = new Exchange(wrapper, send, request, rest, headers, url, replay !== 'never');
  const calls = wrapper.calls();
  try {
    let token: Used;
    try {
      const outcome = calls.need(minValidity, !exchange.replayable, false, signal);
      token = succeeded<Exclude<Outcome, { effect: 'deliver' }>>(outcome instanceof Promise ? await outcome : outcome) as Used;
    } catch (error) {
      if (auth === 'optional' && isTokenwardError(error) && error.code === 'ERR_SESSION_SIGNED_OUT') return plain();
      throw error;
    }

    for (let second = false; ; second = true) {
      const { response, at } = await exchange.run(token, second);
      if (!at) return response;
      if (response.status !== 401 && response.status !== 403 && !token.watch) return response;
      const answered = {
        event: 'answered',
        epoch: token.epoch,
        generation: token.generation,
        origin: at.origin,
        path: at.pathname,
        status: response.status,
        challenges: response.headers.get('www-authenticate') ?? undefined,
        replayable: exchange.replayable,
        second,
      };
      if (response.status !== 401) {
        calls.report(answered);
        return response;
      }
      const outcome = await calls.ask(answered, signal);
      if (outcome.effect !== 'use') return response;
      token = outcome;
      discard(response);
    }
  } finally {
    exchange.done();
    calls.done();
  }
}

/** What the module says about a redirect (src/wasm/session/mod.rs). */
type Redirect = { is: 'final' } | { is: 'broken' } | { is: 'follow'; get: boolean; signed: boolean; dropped: string[] };

/** The members of a request that a redirect keeps, besides method, headers and body. */
const CARRIED = ['cache', 'cf', 'credentials', 'keepalive', 'referrer', 'referrerPolicy', 'signal'] as const;
const OTHERS = ['bearer', 'body', 'dispatcher', 'duplex', 'headers', 'integrity', 'method', 'mode', 'priority', 'redirect', 'window'];

/** The members of another library's Request as an init, without the body. */
function membersOf(request: Request): RequestInit {
  const names = [...CARRIED, 'headers', 'integrity', 'method', 'mode', 'redirect'] as const;
  return Object.fromEntries(
    names.map((name) => [name, (request as unknown as Record<string, unknown>)[name]]).filter(([, value]) => value != null),
  );
}

/** The body of another library's Request. Some offer only a method for it. */
async function bodyOf(request: Request): Promise<BodyInit | undefined> {
  if (/^(GET|HEAD)$/i.test(request.method)) return undefined;
  return request.body ?? (await (request as Partial<Request>).arrayBuffer?.());
}

/** A copy of the caller's init, each member read once. Platforms also read members that are inherited. */
function copyOf(init: Init | undefined): Init {
  const copy: Record<string, unknown> = own({ ...init });
  const source = Object(init) as object;
  for (const name of [...CARRIED, ...OTHERS])
    if (!(name in copy) && name in source && !(name in Object.prototype)) copy[name] = member(source, name);
  return copy;
}

/** One request, which may be sent twice and redirected. The caller's objects are not changed. */
class Exchange {
  readonly #wrapper: Wrapper;
  readonly #send: typeof fetch;
  readonly #request: Request | undefined;
  readonly #init: RequestInit;
  readonly #headers: Headers;
  readonly #url: URL;
  /** A copy of the request with its body, for sending it again. */
  readonly #spare: Request | undefined;
  /** Whether the body can be sent only once. */
  readonly #once: boolean;
  readonly replayable: boolean;

  constructor(
    wrapper: Wrapper,
    send: typeof fetch,
    request: Request | undefined,
    init: RequestInit,
    headers: Headers,
    url: URL,
    mayReplay: boolean,
  ) {
    this.#wrapper = wrapper;
    // A browser's fetch throws if it is called as a method.
    this.#send = (...args) => send(...args);
    this.#request = request;
    // `body: null` replaces the body of the Request with none. Not every platform knows this.
    const { body, ...rest } = init;
    this.#init = own(body == null ? rest : init);
    this.#headers = headers;
    this.#url = url;
    const isStreamed = isStream(body);
    this.replayable = mayReplay && !isStreamed;
    // Sending a Request uses up its body. Firefox has no Request.body, so the method tells whether there may be one.
    const mayHaveBody = request && body == null && !/^(GET|HEAD)$/.test(request.method) && !request.bodyUsed;
    if (this.replayable && mayHaveBody) this.#spare = request.clone();
    this.#once = isStreamed || (mayHaveBody === true && !this.#spare);
  }

  /** Sends the request and follows redirects. `at` is the last URL that was sent the token; undefined if the last was sent without. */
  async run(token: Used, second: boolean): Promise<{ response: Response; at?: URL }> {
    const redirect = this.#init.redirect ?? this.#request?.redirect ?? 'follow';
    // A browser drops the token only if the origin changes, and an old one does not even then.
    const guarded =
      redirect === 'follow'
      && (FOLLOWS || !dropsTokenAcrossOrigins() || call('resources_check', this.#wrapper.places, this.#wrapper.loopback) === 'paths');
    // The URL that was checked: the caller's URL object may have changed.
    const input = second && this.#spare ? this.#spare.clone() : (this.#request ?? this.#url.href);
    // The platform would check the integrity of the redirect's own body, and not of its target. So follow none.
    const integrity = this.#init.integrity ?? this.#request?.integrity;
    const followed = integrity && !IN_WORKERD ? 'error' : 'manual';
    const response = await this.#send(
      input,
      own<RequestInit>({ ...this.#init, ...(guarded && { redirect: followed }), headers: this.#authorized(this.#headers, token) }),
    );
    if (guarded && response.type === 'opaqueredirect') throw refusal('hidden-redirect');
    return guarded ? this.#follow(response, token) : { response, at: this.#url };
  }

  /** Releases the copy. */
  done(): void {
    discard(this.#spare);
  }

  async #follow(response: Response, token: Used): Promise<{ response: Response; at?: URL }> {
    const request = this.#request as Record<string, unknown> | undefined;
    const carried = Object.fromEntries(
      CARRIED.map((name) => [name, request?.[name]]).filter(([, value]) => value !== undefined),
    ) as RequestInit;
    const headers = new Headers(this.#headers);
    let url = this.#url;
    let signed = true;
    let once = this.#once;
    let method = this.#init.method ?? this.#request?.method ?? 'GET';
    let body = this.#init.body ?? undefined;
    let spare = this.#spare;
    for (let followed = 0; ; followed++) {
      const location = /^3/.test(String(response.status)) ? response.headers.get('location') : null;
      const to = location === null ? undefined : resolved(() => new URL(location, url));
      const inside = to !== undefined && admits(this.#wrapper, to);
      const redirect: Redirect =
        location === null
          ? { is: 'final' }
          : (JSON.parse(
              call(
                'follow_redirect',
                response.status,
                followed,
                method.toUpperCase(),
                once,
                signed,
                to?.protocol ?? '',
                to?.origin !== url.origin,
                inside,
              ),
            ) as Redirect);
      if (redirect.is === 'final') {
        if (followed > 0) Object.defineProperty(response, 'redirected', { value: true });
        return { response, ...(signed && { at: url }) };
      }
      discard(response);
      if (redirect.is === 'broken' || !to) throw new TypeError('fetch failed');
      url = to;
      signed = redirect.signed;
      for (const name of redirect.dropped) headers.delete(name);
      if (redirect.get) {
        method = 'GET';
        body = spare = undefined;
        once = false;
      }
      body ??= await spare?.clone().arrayBuffer();
      response = await this.#send(
        url.href,
        own<RequestInit>({
          ...carried,
          ...this.#init,
          method,
          body: body ?? null,
          redirect: 'manual',
          headers: signed ? this.#authorized(headers, token) : headers,
        }),
      );
    }
  }

  #authorized(headers: Headers, { token }: Used): Headers {
    const copy = new Headers(headers);
    copy.set('authorization', `Bearer ${token}`);
    return copy;
  }
}

/** Whether redirects are followed here, with `redirect: 'manual'`. A browser hides where a redirect leads. */
const FOLLOWS = /* @__PURE__ */ followsHere();

function followsHere(): boolean {
  return (
    typeof document === 'undefined'
    // An unknown host that is no browser is not trusted to drop it.
    && (!('WorkerGlobalScope' in globalThis)
      || IN_WORKERD
      || 'Deno' in globalThis
      || 'Bun' in globalThis
      || 'EdgeRuntime' in globalThis
      || typeof (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node === 'string')
  );
}

function readResources(resources: BearerFetchOptions['resources'], loopback: boolean): string {
  const list = Array.isArray(resources) ? (resources as (string | URL)[]) : [resources as string | URL];
  const places = JSON.stringify(
    list.map((url) => {
      if (typeof url !== 'string' && !(url instanceof URL)) throw misuse('resources', RESOURCES, url);
      try {
        return partsOf(resolve(url));
      } catch {
        throw misuse('resources', RESOURCES);
      }
    }),
  );
  call('resources_check', places, loopback);
  return places;
}

function admits({ places, loopback }: Wrapper, url: URL): boolean {
  return call('resources_admit', places, loopback, textOf(url));
}

/** Cancels a body that is not read. A caller's fetch may return bodies that cannot be cancelled. */
function discard(message: Request | Response | undefined): void {
  void message?.body?.cancel?.().catch(() => {});
}

function resolved(resolve: () => URL): URL | undefined {
  try {
    return resolve();
  } catch {
    return undefined;
  }
}

/** The URL that the platform's fetch sends this Request to. Undefined if the platform would read it as a string instead. */
function platformUrl(request: Request): string | undefined {
  const { get } = Object.getOwnPropertyDescriptor(Request.prototype, 'url') ?? {};
  try {
    // Before compatibility date 2022-01-31, workerd has no getter on the prototype.
    const url = get ? (get.call(request) as string) : request instanceof Request ? request.url : undefined;
    return url === request.url ? url : undefined;
  } catch {
    return undefined;
  }
}

/** Whether this is a Request: also one of another realm or another library. */
function isRequest(input: unknown): input is Request {
  return typeof input === 'object' && input !== null && member(input, 'url') !== undefined && member(input, 'method') !== undefined;
}

/** Whether a body can be read only once. */
function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && ('getReader' in body || Symbol.asyncIterator in body);
}

/**
 * The challenges of a `WWW-Authenticate` header (RFC 9110 §11.6.1). Parts that cannot be parsed are left out.
 * @throws ERR_INVALID_ARG if the value is not a string
 * @example
 * ```ts
 * import { parseChallenges } from 'tokenward';
 *
 * const [challenge] = parseChallenges('Bearer realm="api", error="invalid_token"');
 * console.log(challenge?.scheme, challenge?.params.error);
 * ```
 */
export function parseChallenges(wwwAuthenticate: string): { scheme: string; token68?: string; params: Record<string, string> }[] {
  if (typeof wwwAuthenticate !== 'string') throw misuse('wwwAuthenticate', 'a string', wwwAuthenticate);
  return JSON.parse(bounded(() => call('parse_challenges', wwwAuthenticate))) as ReturnType<typeof parseChallenges>;
}
