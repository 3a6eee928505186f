// fetch, with the session's token where it may go. Whether it may, and what a 401 means, the module decides.

import { isTokenwardError } from './error.js';
import { bounded, call } from './instance.js';
import { succeeded, type Calls, type Outcome } from './machine.js';
import { callsTo, createSession } from './create-session.js';
import { guarded, optionsOf, refusal } from './refusal.js';
import type { BearerFetch, BearerFetchOptions, BearerInit, SessionOptions } from './types.js';
import { partsOf, resolve } from './url.js';

type Input = RequestInfo | URL;
type Init = RequestInit & { bearer?: BearerInit };
type Used = Extract<Outcome, { effect: 'use' }>;

/** As many redirects as the Fetch Standard follows. */
const MAX_REDIRECTS = 20;

/**
 * `fetch` that signs its requests to `resources` with the session's token. Assignable to `typeof fetch`.
 * @throws ERR_INVALID_ARG, ERR_INSECURE_URL
 */
export function createBearerFetch(options: BearerFetchOptions): BearerFetch {
  return guarded(() => wrap(optionsOf(options, ['session', 'resources', 'foreign', 'fetch'], 'session')), 'session');
}

function wrap(options: BearerFetchOptions): BearerFetch {
  const { session: given, resources, foreign = 'pass', fetch: send } = options;
  if (foreign !== 'pass' && foreign !== 'throw') throw refusal('foreign');
  if (send !== undefined && (typeof send !== 'function' || 'session' in send)) throw refusal('fetch');
  if (typeof given !== 'object' || given === null) throw refusal('session');
  const loopback = !('grant' in given) || given.insecure !== 'never';
  const places = readResources(resources, loopback);
  const session = callsTo(given as never) ? given as never : createSession({ ...(send && { fetch: send }), ...given as SessionOptions });
  const calls = callsTo(session) as () => Calls;
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
  const { bearer = {}, ...rest } = guarded(() => ({ ...init }) as Init, 'init');
  const { auth, minValidity, replay } = optionsOf(bearer, ['auth', 'minValidity', 'replay'], 'bearer');
  if (![undefined, 'required', 'optional', 'none'].includes(auth) || ![undefined, 'auto', 'never'].includes(replay)) throw refusal('bearer');
  // Read at each call, so that test tools and frameworks may replace it.
  const send = wrapper.send ?? fetch;
  const plain = () => send(input, init && rest);

  const request = isRequest(input) ? input : undefined;
  let url: URL;
  try {
    url = resolve(request ? request.url : input as string | URL);
  } catch {
    return plain();
  }
  if (!admits(wrapper, url)) {
    if (wrapper.foreign === 'throw' || auth === 'required') throw refusal('foreign-url');
    return plain();
  }
  const headers = new Headers(rest.headers ?? request?.headers);
  if (auth === 'none' || headers.has('authorization')) return plain();

  const signal = rest.signal ?? request?.signal;
  const exchange = new Exchange(wrapper, send, input, rest, headers, url, replay !== 'never');
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
      void response.body?.cancel().catch(() => {});
    }
  } finally {
    calls.done();
  }
}

/** One request of the caller's, which may be sent twice and redirected. Nothing that the caller gave is changed. */
class Exchange {
  readonly #wrapper: Wrapper;
  readonly #send: typeof fetch;
  readonly #input: Input;
  readonly #init: RequestInit;
  readonly #headers: Headers;
  readonly #url: URL;
  readonly #spare: Request | undefined;
  readonly replayable: boolean;

  constructor(wrapper: Wrapper, send: typeof fetch, input: Input, init: RequestInit, headers: Headers, url: URL, mayReplay: boolean) {
    this.#wrapper = wrapper;
    // A page's own fetch refuses to be called as a method.
    this.#send = (...request) => send(...request);
    this.#input = input;
    this.#init = init;
    this.#headers = headers;
    this.#url = url;
    const request = isRequest(input) ? input : undefined;
    const body = init.body;
    this.replayable = mayReplay && !isStream(body);
    // Sending a Request uses up its body. Firefox has no Request.body, so the method says whether there may be one.
    const mayHaveBody = request && body == null && !/^(GET|HEAD)$/.test(request.method) && !request.bodyUsed;
    if (this.replayable && mayHaveBody) this.#spare = request.clone();
  }

  /** Sends the request, follows redirects, and says where the token went last, if it did. */
  async run(token: Used, second: boolean): Promise<{ response: Response; at?: URL }> {
    const input = second && this.#spare ? this.#spare : this.#input;
    const first = second || !this.#spare ? input : this.#input;
    const redirect = this.#init.redirect ?? (isRequest(input) ? input.redirect : 'follow');
    // The platform drops the token only where the origin changes, and some do not even then.
    const guarded = redirect === 'follow' && (FOLLOWS || call('resources_check', this.#wrapper.places, this.#wrapper.loopback) === 'paths');
    const init = { ...this.#init, ...(guarded && { redirect: 'manual' as const }) };
    const response = await this.#send(first, { ...init, headers: this.#authorized(this.#headers, token) });
    if (guarded && response.type === 'opaqueredirect') throw refusal('foreign-url');
    return guarded ? this.#follow(response, token) : { response, at: this.#url };
  }

  async #follow(response: Response, token: Used): Promise<{ response: Response; at?: URL }> {
    const request = isRequest(this.#input) ? this.#input : undefined;
    let url = this.#url;
    let admitted = true;
    let method = `${this.#init.method ?? request?.method ?? 'GET'}`.toUpperCase();
    let body = this.#init.body;
    const headers = new Headers(this.#headers);
    for (let hops = 0; ; hops++) {
      const location = /^30[12378]$/.test(String(response.status)) ? response.headers.get('location') : null;
      if (location === null) {
        if (hops > 0) Object.defineProperty(response, 'redirected', { value: true });
        return { response, ...(admitted && { at: url }) };
      }
      const next = new URL(location, url);
      if (hops === MAX_REDIRECTS || !/^https?:$/.test(next.protocol)) throw new TypeError('fetch failed');
      void response.body?.cancel().catch(() => {});
      if (response.status === 303 ? !/^(GET|HEAD)$/.test(method) : response.status < 303 && method === 'POST') {
        method = 'GET';
        body = null;
        for (const name of ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length']) headers.delete(name);
      } else if (isStream(body) || (request && !/^(GET|HEAD)$/.test(method) && body === undefined && !this.#spare)) {
        throw refusal('body-not-replayable');
      }
      if (next.origin !== url.origin) for (const name of ['cookie', 'host', 'proxy-authorization']) headers.delete(name);
      if (this.#spare && body === undefined) body = await this.#spare.clone().arrayBuffer();
      url = next;
      admitted = admits(this.#wrapper, url);
      response = await this.#send(url.href, {
        ...(request && { signal: request.signal }), ...this.#init, method, body: body ?? null, redirect: 'manual',
        headers: admitted ? this.#authorized(headers, token) : headers,
      });
    }
  }

  #authorized(headers: Headers, { token }: Used): Headers {
    const copy = new Headers(headers);
    copy.set('authorization', `Bearer ${token}`);
    return copy;
  }
}

/** Whether this host shows a redirect when asked to, so that it can be followed here. Browsers show nothing. */
const FOLLOWS = typeof document === 'undefined' && (
  typeof (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node === 'string'
  || 'Deno' in globalThis || 'Bun' in globalThis || 'EdgeRuntime' in globalThis
  || (typeof navigator === 'object' && navigator.userAgent === 'Cloudflare-Workers'));

function readResources(resources: BearerFetchOptions['resources'], loopback: boolean): string {
  const list = Array.isArray(resources) ? resources as (string | URL)[] : [resources as string | URL];
  const places = JSON.stringify(list.map((url) => {
    if (typeof url !== 'string' && !(url instanceof URL)) throw refusal('resources');
    try {
      return partsOf(resolve(url));
    } catch {
      throw refusal('resources');
    }
  }));
  call('resources_check', places, loopback);
  return places;
}

function admits({ places, loopback }: Wrapper, url: URL): boolean {
  return call('resources_admit', places, loopback, JSON.stringify({ url: partsOf(url) }));
}

/** Also one of another realm. */
function isRequest(input: Input): input is Request {
  return typeof input === 'object' && input !== null && 'url' in input && 'method' in input;
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
  if (typeof wwwAuthenticate !== 'string') throw refusal('wwwAuthenticate');
  return JSON.parse(bounded(() => call('parse_challenges', wwwAuthenticate))) as ReturnType<typeof parseChallenges>;
}
