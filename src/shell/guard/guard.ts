// The resource server's guard. src/guard.rs decides; this reads the request and makes the response.

import { refusalOf } from '../error.js';
import { Handle } from '../boundary/handle.js';
import { bounded, call } from '../boundary/instance.js';
import { has, misuse, nestedOf, optionsOf, own, readable } from '../arguments.js';
import type { BearerGuard, GuardResult, Verified } from '../types.js';
import type { Verifier } from '../verify/verifier.js';

/**
 * Options of {@link createBearerGuard}.
 * @example
 * ```ts
 * import { type BearerGuardOptions } from 'tokenward';
 *
 * const options: BearerGuardOptions = { verifier, scopes: ['orders:read'], cors: { origins: ['https://app.example.com'] } };
 * ```
 */
export interface BearerGuardOptions<C extends object = {}> {
  /** Verifies the tokens. */
  verifier: Verifier<C>;
  /** The realm in challenges (RFC 9110 §11.5): printable ASCII. Default: `api`. */
  realm?: string;
  /** Scopes that every request must have. */
  scopes?: readonly string[];
  /** Origins whose pages may read the responses, as browsers send them: `https://app.example.com`; or `'*'`. */
  cors?: { origins: readonly string[] | '*' };
  /** The body of the 401 for a request without credentials. */
  missingMessage?: string;
}

/** An answer as the module writes it (src/wasm/guard.rs). */
type Refused = Omit<Extract<GuardResult, { ok: false }>, 'ok' | 'response'> & { headers: HeaderLine[]; body: string };
type HeaderLine = [name: string, value: string, appends: boolean];
interface Passed<C extends object> {
  verified: Verified<C>;
  headers: HeaderLine[];
}
type Need = { scopes?: readonly string[] };

/**
 * Guards an API by RFC 6750. A request passes with exactly one Bearer token that `verifier` accepts and that has every required
 * scope. Every other request gets a complete response: 401, 400, 403, or 503 if keys cannot be fetched. A CORS preflight is
 * answered with 204 and never reaches the handler.
 * @throws ERR_INVALID_ARG for invalid options.
 * @example
 * ```ts
 * import { createBearerGuard } from 'tokenward';
 *
 * const guard = createBearerGuard({ verifier });
 * const handler = guard.protect((_request, { payload }) => Response.json({ hello: payload.sub }), { scopes: ['orders:read'] });
 * console.log((await handler(request)).status);
 * ```
 */
export function createBearerGuard<C extends object = {}>(options: BearerGuardOptions<C>): BearerGuard<C> {
  const settings = readable(() => {
    const copy = withLists(optionsOf(options, ['verifier', 'realm', 'scopes', 'cors', 'missingMessage']));
    if (copy.cors) copy.cors = withLists(nestedOf(copy.cors, ['origins'], 'cors'));
    return copy;
  }, 'options');
  const { verifier } = settings;
  if (!has(verifier, 'verify')) throw misuse('verifier', 'a Verifier', verifier);
  const held = new Handle('release_guard', () => call('guard_open', settings));
  readable(() => bounded(() => held.handle), 'options');

  async function judge(request: Request, need: Need): Promise<Passed<C> | Refused> {
    const [method, url, authorization, origin, ...asked] = readable(() => fieldsOf(request), 'request');
    const first = JSON.parse(bounded(() => call('guard_credentials', held.handle, method, url, authorization, origin, ...asked))) as
      | { token: string }
      | Refused;
    if (!Object.hasOwn(first, 'token')) return first as Refused;
    const { token } = first as { token: string };
    let verified: Verified<C> | undefined;
    let refusal: number | undefined;
    try {
      verified = await verifier.verify(token);
    } catch (error) {
      refusal = refusalOf(error);
    }
    const second = JSON.parse(bounded(() => call('guard_judge', held.handle, origin, need, token, refusal))) as
      | { headers: HeaderLine[] }
      | Refused;
    return Object.hasOwn(second, 'error') ? (second as Refused) : { verified: verified as Verified<C>, headers: second.headers };
  }

  return {
    async check(request, need) {
      const outcome = await judge(request, needOf(need));
      if (isPassed(outcome)) return readable(() => ({ ok: true, ...outcome.verified }), 'verifier');
      const { status, error } = outcome;
      return { ok: false, status, error, response: responseOf(outcome) } as GuardResult<C>;
    },
    protect(handler, need) {
      const needed = needOf(need);
      return async (request, ...rest) => {
        const outcome = await judge(request, needed);
        if (!isPassed(outcome)) return responseOf(outcome);
        return withHeaders(await handler(request, outcome.verified, ...rest), outcome.headers);
      };
    },
  };
}

/** An own member alone: a refusal must not become a pass through `Object.prototype`. */
function isPassed<C extends object>(outcome: Passed<C> | Refused): outcome is Passed<C> {
  return Object.hasOwn(outcome, 'verified');
}

type Field = string | null;

/** What the module looks at in a request. */
function fieldsOf({
  method,
  url,
  headers,
}: Request): [method: string, url: string, authorization: Field, origin: Field, method: Field, headers: Field] {
  const field = (name: string): Field => {
    const value = headers.get(name);
    return value === null ? null : `${value}`;
  };
  return [
    `${method}`,
    `${url}`,
    field('authorization'),
    field('origin'),
    field('access-control-request-method'),
    field('access-control-request-headers'),
  ];
}

/** The scopes of one route, checked. */
function needOf(need: Need | undefined): Need {
  const needed = readable(() => withLists(optionsOf(need ?? {}, ['scopes'], '', 'need')), 'need');
  readable(() => call('guard_need', needed), 'need');
  return needed;
}

/** Options whose lists are copies: later changes to the caller's lists change nothing. */
function withLists<T>(options: T): T {
  for (const [name, value] of Object.entries(options ?? {})) {
    if (Array.isArray(value)) (options as Record<string, unknown>)[name] = [...(value as unknown[])];
  }
  return options;
}

function responseOf({ status, headers, body }: Refused): Response {
  const response = new Response(body === '' ? null : body, own({ status, statusText: '', headers: own({}) }));
  add(headers, response.headers);
  return response;
}

/**
 * The handler's response with headers added. One whose headers cannot be changed, as from `fetch`, is copied; so is one
 * without a body, which a handler may give again to a request that gets other headers. A handshake cannot be copied.
 */
function withHeaders(response: Response, headers: HeaderLine[]): Response {
  if (headers.length === 0) return response;
  try {
    const own = response.body === null && response.status !== 101 ? response.clone() : response;
    add(headers, own.headers);
    return own;
  } catch {
    const copy = new Response(response.body, response);
    add(headers, copy.headers);
    return copy;
  }
}

function add(lines: HeaderLine[], headers: Headers): void {
  for (const [name, value, appends] of lines) {
    if (!appends) headers.set(name, value);
    else if (
      !headers
        .get(name)
        ?.split(/\s*,\s*/)
        .includes(value)
    )
      headers.append(name, value);
  }
}
