// fetch, with the session's token where it may go. Whether it may, and what a 401 means, the module decides.

import { checkFunctions, checkSignal, checkWord, copyOf as copyOfOptions, has, member, misuse, optionsOf, own, readable } from '../arguments.js';
import { isTokenwardError } from '../error.js';
import { bounded, call } from '../boundary/instance.js';
import { succeeded, type Calls, type Outcome } from './driver.js';
import { createSession, innerOf, sender, type Inner } from './session.js';
import { refusal } from '../refusal.js';
import { IN_WORKERD, dropsTokenAcrossOrigins } from '../runtime.js';
import type { BearerFetch, BearerFetchOptions, BearerInit, Session, SessionOptions } from '../types.js';
import { partsOf, resolve, textOf } from '../url.js';

type Input = RequestInfo | URL;
type Init = RequestInit & { bearer?: BearerInit };
type Used = Extract<Outcome, { effect: 'use' }>;

const SESSION = 'a session made by the same entry point of this package, or the options of one';
const RESOURCES = 'a URL or a list of URLs';

/**
 * `fetch` that signs its requests to `resources` with the session's token. Assignable to `typeof fetch`.
 * @throws ERR_INVALID_ARG, ERR_INSECURE_URL
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
  // A session of another entry point has a module of its own: nothing of it can be had here.
  if (!known && has(given, 'getAccessToken')) throw misuse('session', SESSION);
  // A session is not copied: it would have to say how it stands.
  const made = known ? undefined : copyOfOptions(given as SessionOptions, 'session');
  if (made && send && made.fetch === undefined) made.fetch = send;
  const loopback = known?.loopback ?? made?.insecure !== 'never';
  const places = readResources(resources, loopback);
  const session = made ? createSession(made) : given as Session;
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
    // The platform would send to what it says as a string. What was judged is what is sent.
    const [url, members] = readable(() => [String(like.url), membersOf(like)] as const, 'input');
    const body = await bodyOf(like);
    const given = Object.entries(readable(() => copyOf(init), 'init')).filter(([, value]) => value !== undefined);
    return bearerFetch(wrapper, url, { ...members, ...body !== undefined && { body, ...isStream(body) && { duplex: 'half' } }, ...Object.fromEntries(given) as Init });
  }
  // What a Request is made of is not its own, so no copy of it has any.
  if (readable(() => isRequest(init), 'init')) return bearerFetch(wrapper, new Request(input, init));
  const { bearer = {}, ...others } = readable(() => copyOf(init), 'init');
  const rest = own(others);
  const { auth, minValidity, replay } = optionsOf(bearer, ['auth', 'minValidity', 'replay'], 'bearer');
  checkWord('bearer.auth', auth, ['required', 'optional', 'none']);
  checkWord('bearer.replay', replay, ['auto', 'never']);
  const send = sender(wrapper.send);
  const plain = () => send(input, init && rest);

  const request = isRequest(input) ? input : undefined;
  const url = resolved(() => resolve(sentTo ?? input as string | URL));
  if (!url || !admits(wrapper, url)) {
    if (wrapper.foreign === 'throw' || auth === 'required') throw refusal('foreign-url');
    return plain();
  }
  const headers = new Headers(rest.headers ?? request?.headers);
  if (auth === 'none' || headers.has('authorization')) return plain();
  // There, browsers leave the token out and say nothing.
  if ((rest.mode ?? request?.mode) === 'no-cors') {
    if (auth === 'optional') return plain();
    throw misuse('mode', 'one that lets a token through; "no-cors" does not');
  }

  // `null` takes the request's own away.
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
        event: 'answered', epoch: token.epoch, generation: token.generation, origin: at.origin, path: at.pathname, status: response.status,
        challenges: response.headers.get('www-authenticate') ?? undefined, replayable: exchange.replayable, second,
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

/** The module's answer about a redirect (src/wasm/session/mod.rs). */
type Redirect = { is: 'final' } | { is: 'broken' } | { is: 'follow'; get: boolean; signed: boolean; dropped: string[] };

/** What stays with a request that is redirected, beside method, headers and body. */
const CARRIED = ['cache', 'cf', 'credentials', 'keepalive', 'referrer', 'referrerPolicy', 'signal'] as const;
const MEMBERS = [...CARRIED, 'bearer', 'body', 'dispatcher', 'duplex', 'headers', 'integrity', 'method', 'mode', 'priority', 'redirect', 'window'];

/** What a Request of another library has of an init, apart from its body. */
function membersOf(request: Request): RequestInit {
  const names = [...CARRIED, 'headers', 'integrity', 'method', 'mode', 'redirect'] as const;
  return Object.fromEntries(names.map((name) => [name, (request as unknown as Record<string, unknown>)[name]]).filter(([, value]) => value != null));
}

/** Its body. Some libraries show it by a method alone. */
async function bodyOf(request: Request): Promise<BodyInit | undefined> {
  if (/^(GET|HEAD)$/i.test(request.method)) return undefined;
  return request.body ?? await (request as Partial<Request>).arrayBuffer?.();
}

/** The caller's init, each member asked once. Platforms read those that they know also where they are inherited. */
function copyOf(init: Init | undefined): Init {
  const copy: Record<string, unknown> = own({ ...init });
  const source = Object(init) as object;
  for (const name of MEMBERS) if (!(name in copy) && name in source && !(name in Object.prototype)) copy[name] = member(source, name);
  return copy;
}

/** One request of the caller's, which may be sent twice and redirected. Nothing that the caller gave is changed. */
class Exchange {
  readonly #wrapper: Wrapper;
  readonly #send: typeof fetch;
  readonly #request: Request | undefined;
  readonly #init: RequestInit;
  readonly #headers: Headers;
  readonly #url: URL;
  /** The request with its body, for the second time. */
  readonly #spare: Request | undefined;
  /** The body is there for one time only. */
  readonly #once: boolean;
  readonly replayable: boolean;

  constructor(wrapper: Wrapper, send: typeof fetch, request: Request | undefined, init: RequestInit, headers: Headers, url: URL, mayReplay: boolean) {
    this.#wrapper = wrapper;
    // A page's own fetch refuses to be called as a method.
    this.#send = (...args) => send(...args);
    this.#request = request;
    // A body of `null` is none that stands in the place of the request's, which not every platform knows.
    const { body, ...rest } = init;
    this.#init = own(body == null ? rest : init);
    this.#headers = headers;
    this.#url = url;
    const isStreamed = isStream(body);
    this.replayable = mayReplay && !isStreamed;
    // Sending a Request uses up its body. Firefox has no Request.body, so the method says whether there may be one.
    const mayHaveBody = request && body == null && !/^(GET|HEAD)$/.test(request.method) && !request.bodyUsed;
    if (this.replayable && mayHaveBody) this.#spare = request.clone();
    this.#once = isStreamed || (mayHaveBody === true && !this.#spare);
  }

  /** Sends the request, follows redirects, and says where the token went last, if it did. */
  async run(token: Used, second: boolean): Promise<{ response: Response; at?: URL }> {
    const redirect = this.#init.redirect ?? this.#request?.redirect ?? 'follow';
    // A browser drops the token only if the origin changes, and an old one does not even then.
    const guarded = redirect === 'follow' && (FOLLOWS || !dropsTokenAcrossOrigins()
      || call('resources_check', this.#wrapper.places, this.#wrapper.loopback) === 'paths');
    // What was judged is what is sent: a URL object may be another by now.
    const input = second && this.#spare ? this.#spare.clone() : this.#request ?? this.#url.href;
    // The platform would check the redirect's own body, and what it leads to not at all: with `integrity` there is to be none.
    const integrity = this.#init.integrity ?? this.#request?.integrity;
    const followed = integrity && !IN_WORKERD ? 'error' : 'manual';
    const response = await this.#send(input, own<RequestInit>({ ...this.#init, ...(guarded && { redirect: followed }), headers: this.#authorized(this.#headers, token) }));
    if (guarded && response.type === 'opaqueredirect') throw refusal('hidden-redirect');
    return guarded ? this.#follow(response, token) : { response, at: this.#url };
  }

  /** Nothing is sent any more. */
  done(): void {
    discard(this.#spare);
  }

  async #follow(response: Response, token: Used): Promise<{ response: Response; at?: URL }> {
    const request = this.#request as Record<string, unknown> | undefined;
    const carried = Object.fromEntries(CARRIED.map((name) => [name, request?.[name]]).filter(([, value]) => value !== undefined)) as RequestInit;
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
      const redirect: Redirect = location === null ? { is: 'final' } : JSON.parse(
        call('follow_redirect', response.status, followed, method.toUpperCase(), once, signed, to?.protocol ?? '', to?.origin !== url.origin, inside),
      ) as Redirect;
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
      response = await this.#send(url.href, own<RequestInit>({
        ...carried, ...this.#init, method, body: body ?? null, redirect: 'manual',
        headers: signed ? this.#authorized(headers, token) : headers,
      }));
    }
  }

  #authorized(headers: Headers, { token }: Used): Headers {
    const copy = new Headers(headers);
    copy.set('authorization', `Bearer ${token}`);
    return copy;
  }
}

/** Whether redirects are followed here, with `redirect: 'manual'`. A browser hides where a redirect leads. */
const FOLLOWS = typeof document === 'undefined' && (
  // An unknown host that is no browser is not trusted to drop the token.
  !('WorkerGlobalScope' in globalThis) || IN_WORKERD || 'Deno' in globalThis || 'Bun' in globalThis || 'EdgeRuntime' in globalThis
  || typeof (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node === 'string');

function readResources(resources: BearerFetchOptions['resources'], loopback: boolean): string {
  const list = Array.isArray(resources) ? resources as (string | URL)[] : [resources as string | URL];
  const places = JSON.stringify(list.map((url) => {
    if (typeof url !== 'string' && !(url instanceof URL)) throw misuse('resources', RESOURCES, url);
    try {
      return partsOf(resolve(url));
    } catch {
      throw misuse('resources', RESOURCES);
    }
  }));
  call('resources_check', places, loopback);
  return places;
}

function admits({ places, loopback }: Wrapper, url: URL): boolean {
  return call('resources_admit', places, loopback, textOf(url));
}

/** Nobody reads it: what of it was buffered, or is still to come, is let go. Not every fetch of a caller's has such streams. */
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

/** Where the platform's fetch sends this Request, whatever it says itself. Undefined if the platform would take it for text. */
function platformUrl(request: Request): string | undefined {
  const { get } = Object.getOwnPropertyDescriptor(Request.prototype, 'url') ?? {};
  try {
    // Before compatibility date 2022-01-31, workerd has the members on each object.
    const url = get ? get.call(request) as string : request instanceof Request ? request.url : undefined;
    return url === request.url ? url : undefined;
  } catch {
    return undefined;
  }
}

/** Also one of another realm, or of another library. */
function isRequest(input: unknown): input is Request {
  return typeof input === 'object' && input !== null && member(input, 'url') !== undefined && member(input, 'method') !== undefined;
}

/** A body that can be read only once. */
function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && ('getReader' in body || Symbol.asyncIterator in body);
}

/**
 * The challenges of a `WWW-Authenticate` value. What cannot be read is left out.
 * @throws ERR_INVALID_ARG for what is not a string
 */
export function parseChallenges(wwwAuthenticate: string): { scheme: string; token68?: string; params: Record<string, string> }[] {
  if (typeof wwwAuthenticate !== 'string') throw misuse('wwwAuthenticate', 'a string', wwwAuthenticate);
  return JSON.parse(bounded(() => call('parse_challenges', wwwAuthenticate))) as ReturnType<typeof parseChallenges>;
}
