// What an issuer and a token endpoint have in common: they answer requests, remember them, and fail when they are told to.

import { misuse, own } from '../arguments.js';

/** A request that was served, and what it carried. */
export interface ServedRequest {
  /** GET, POST, … */
  readonly method: string;
  /** The whole URL. */
  readonly url: string;
  /** As they came. */
  readonly headers: Headers;
  /** As text; empty where there was none. */
  readonly body: string;
}

/** Answers in place of the service; undefined leaves a request to it. */
export type Answer = (request: ServedRequest) => Response | undefined | Promise<Response | undefined>;

interface Moment {
  readonly request: ServedRequest;
  readonly signal: AbortSignal;
  readonly usual: () => Promise<Response>;
}
type Failing = (moment: Moment) => Response | Promise<Response>;

/** Says every member of the init: a host may look for the others on `Object.prototype`. */
export function answered(body: BodyInit | null, status: number, headers: Record<string, string> = {}): Response {
  return new Response(body, own({ status, statusText: '', headers: own(headers) }));
}

export const json = (body: BodyInit, { status = 200 }: { status?: number } = own({})): Response =>
  answered(body, status, { 'content-type': 'application/json', 'cache-control': 'no-store' });

/** How a service fails. */
export type Failure =
  /** 503, with a `Retry-After` of a second. */
  | 'down'
  /** 429, with a `Retry-After` of a second. */
  | 'rate-limited'
  /** 404, with the usual body. */
  | 'missing'
  /** The connection breaks before anything was done: `fetch` rejects with a TypeError. */
  | 'unreachable'
  /** No answer ever comes, and nothing is done. */
  | 'silent'
  /** What was asked for is done, and the connection breaks before the answer. */
  | 'lost'
  /** 200, and a page that says that it is JSON. */
  | 'html'
  /** The usual answer, and its body ends too soon. */
  | 'truncated'
  /** 200, and a body that never ends. */
  | 'endless'
  /** 200, and ten million bytes. */
  | 'huge'
  /** 302 to itself. */
  | 'loop'
  /** 302 to another origin. */
  | 'redirect'
  /** What a token endpoint says (RFC 6749 §5.2). */
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope';

const failing =
  (error: string, status = 400): Failing =>
  () =>
    json(JSON.stringify({ error }), { status });
const empty = (status: number, headers: Record<string, string>): Response => answered(null, status, headers);
const broken = (): never => {
  throw new TypeError('fetch failed');
};

const FAILURES: Readonly<Record<Failure, Failing>> = {
  down: () => empty(503, { 'retry-after': '1' }),
  'rate-limited': () => empty(429, { 'retry-after': '1' }),
  missing: async ({ usual }) => json(await (await usual()).text(), { status: 404 }),
  unreachable: broken,
  silent: ({ signal }) => aborted(signal),
  lost: async ({ usual }) => {
    await usual();
    return broken();
  },
  html: () => json('<!doctype html><title>sign in</title>'),
  truncated: async ({ usual }) => json((await (await usual()).text()).slice(0, -5)),
  endless: ({ signal }) => json(drip(signal)),
  huge: () => json(flood(10_000_000)),
  loop: ({ request }) => empty(302, { location: request.url }),
  redirect: () => empty(302, { location: 'https://elsewhere.test/' }),
  invalid_request: failing('invalid_request'),
  invalid_client: failing('invalid_client', 401),
  invalid_grant: failing('invalid_grant'),
  unauthorized_client: failing('unauthorized_client'),
  unsupported_grant_type: failing('unsupported_grant_type'),
  invalid_scope: failing('invalid_scope'),
};

/** Something that answers requests without a socket of its own. */
export interface TestService {
  /** Has the shape of `fetch`: inject it in its place, or call it with the requests of a server. It needs no `this`. */
  readonly fetch: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
  /** Every request so far, oldest first. */
  readonly requests: readonly ServedRequest[];
  /** Milliseconds before each answer. */
  delayMs: number;
  /**
   * Fails the next `times` requests, or every one until `recover`. A function may answer instead, or leave a request to the
   * service.
   * @throws ERR_INVALID_ARG
   */
  fail(how: Failure | Answer, times?: number): void;
  /** Ends what `fail` began. */
  recover(): void;
}

/** A service that answers so. */
export function serve(answer: (request: ServedRequest) => Response | Promise<Response>): TestService {
  const requests: ServedRequest[] = [];
  let failure: Failing | undefined;
  let left = 0;
  const service: TestService = {
    requests,
    delayMs: 0,
    async fetch(input, init) {
      const asked = new Request(input, own({ duplex: 'half', ...init } as RequestInit));
      const { method, url, headers, signal } = asked;
      const request = { method, url, headers, body: await asked.text() };
      requests.push(request);
      signal.throwIfAborted();
      const fails = left > 0 ? failure : undefined;
      left -= fails ? 1 : 0;
      if (service.delayMs > 0) await Promise.race([aborted(signal), pause(service.delayMs)]);
      const usual = async () => answer(request);
      return fails ? fails({ request, signal, usual }) : usual();
    },
    fail(how, times = Infinity) {
      if (!(times > 0)) throw misuse('times', 'a number greater than zero');
      if (typeof how !== 'function' && !Object.hasOwn(FAILURES, how)) throw misuse('how', 'a failure or a function');
      failure = typeof how === 'function' ? async ({ request, usual }) => (await how(request)) ?? usual() : FAILURES[how];
      left = times;
    },
    recover() {
      left = 0;
    },
  };
  return service;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A blank now and then, until nobody reads any more. */
function drip(signal: AbortSignal): ReadableStream<Uint8Array> {
  let timer: ReturnType<typeof setInterval>;
  return new ReadableStream({
    start(controller) {
      timer = setInterval(() => controller.enqueue(new Uint8Array([0x20])), 50);
      signal.addEventListener(
        'abort',
        () => {
          clearInterval(timer);
          controller.error(signal.reason);
        },
        own({ once: true }),
      );
    },
    cancel: () => clearInterval(timer),
  });
}

/** So many blanks, as fast as they are read, and then an object. */
function flood(length: number): ReadableStream<Uint8Array> {
  const chunk = new Uint8Array(65_536).fill(0x20);
  let given = 0;
  return new ReadableStream({
    pull(controller) {
      given += chunk.length;
      controller.enqueue(given < length ? chunk : new TextEncoder().encode('{}'));
      if (given >= length) controller.close();
    },
  });
}

/** Rejects when the caller gives up, and never answers. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), own({ once: true }));
  });
}
