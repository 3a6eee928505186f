// TokenwardError: a real Error with the fields that its code names. Codes and messages come from src/error.rs.

import type { ErrorCode, TokenwardError } from './types.js';

/** An error as the module writes it (src/wasm/boundary/error.rs). */
export type ErrorFields = Pick<TokenwardError, 'code' | 'message' | 'retryable'> &
  Partial<Pick<TokenwardError, 'claim' | 'reason' | 'kid' | 'alg' | 'status' | 'oauthError' | 'retryAfterMs' | 'wwwAuthenticate'>> & {
    readonly refusal?: number;
  };

/** Under it an error keeps how the guard answers it: a number of `Refusal` in src/guard.rs. Copies of the package share it. */
const REFUSAL = Symbol.for('tokenward.refusal');

/** Both kinds are called TokenwardError: on the prototype, so that the first line of the stack says so at once. */
const Refused = /* @__PURE__ */ kindOf(Error);
const Misused = /* @__PURE__ */ kindOf(TypeError);

function kindOf(base: typeof Error): typeof Error {
  const kind = class TokenwardError extends base {};
  Object.defineProperties(kind.prototype, {
    name: { value: 'TokenwardError', configurable: true, writable: true },
    toJSON: {
      configurable: true,
      writable: true,
      value(this: Error) {
        return { name: this.name, message: this.message, ...(this as object) };
      },
    },
  });
  return kind as typeof Error;
}

/** Makes the error to throw. Misuse by the caller is a TypeError as well. `cause` must hold no secret. */
export function tokenwardError(all: ErrorFields, cause?: unknown): TokenwardError {
  const { message, refusal, ...fields } = Object.assign(Object.create(null) as ErrorFields, all);
  const Kind = fields.code === 'ERR_INVALID_ARG' ? Misused : Refused;
  const error = Object.assign(new Kind(message, cause === undefined ? undefined : { cause }), fields) as unknown as TokenwardError;
  if (refusal !== undefined) Object.defineProperty(error, REFUSAL, Object.assign(Object.create(null) as object, { value: refusal }));
  return error;
}

/** How the guard answers what verification threw. Anything but an error about the token is an outage on this side. */
export function refusalOf(error: unknown): number {
  const refusal = isTokenwardError(error) ? (error as { [REFUSAL]?: unknown })[REFUSAL] : undefined;
  return typeof refusal === 'number' ? refusal : -1;
}

/**
 * Whether a value is a {@link TokenwardError}, also one from another realm or another copy of the package.
 * @example
 * ```ts
 * import { isTokenwardError } from 'tokenward';
 *
 * const result = await verifier.verify(token).catch((error: unknown) => {
 *   if (isTokenwardError(error) && !error.retryable) return undefined;
 *   throw error;
 * });
 * ```
 */
export function isTokenwardError(value: unknown): value is TokenwardError {
  try {
    return (
      typeof value === 'object'
      && value !== null
      && (value as { name?: unknown }).name === 'TokenwardError'
      && typeof (value as { code?: unknown }).code === 'string'
    );
  } catch {
    return false; // A proxy or a getter that throws.
  }
}

// These say that there is no module to ask, so they cannot come from it.
const UNAVAILABLE = {
  absent: 'tokenward/slim has no module yet; call init(source) or initSync(module) first',
  foreign: 'the module given is not the core.wasm of this version of tokenward',
  refused: "this host refuses WebAssembly; a page's Content-Security-Policy must allow 'wasm-unsafe-eval'",
  size: "this browser compiles no module of this size on a page's main thread; call tokenward in a worker, or load tokenward/slim with init",
  trapped: 'the WebAssembly module stopped unexpectedly; the next call gets a new one',
} as const;

/**
 * Whether a browser refuses to compile or instantiate at once on the main thread: Chromium does so above 4 KB before
 * version 115, and above 8 MB since. Only the message tells this from the RangeError of a stack overflow.
 */
export function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes('main thread');
}

/** ERR_WASM_UNAVAILABLE: there is no module to say it. */
export function wasmUnavailable(why: keyof typeof UNAVAILABLE, cause?: unknown): TokenwardError {
  const code: ErrorCode = 'ERR_WASM_UNAVAILABLE';
  return tokenwardError({ code, message: UNAVAILABLE[why], retryable: false }, cause);
}
