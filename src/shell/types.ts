// The public types of the package, once. Declarations are emitted from here and from the functions beside it.
// Times are NumericDate seconds, except where a name ends in Ms, and in SessionOptions.now and RemoteOptions.now (Unix milliseconds).

/**
 * A signature algorithm (RFC 7518 §3.1, RFC 8037, RFC 8812, RFC 9864, RFC 9964). `none` has no code path. ML-DSA needs
 * `import 'tokenward/ml-dsa'`.
 */
export type Algorithm =
  | 'HS256' | 'HS384' | 'HS512'
  | 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512'
  | 'ES256' | 'ES384' | 'ES512' | 'ES256K'
  | 'EdDSA' | 'Ed25519'
  | 'ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87';

/** The JOSE header of a token (RFC 7515 §4). */
export interface JoseHeader {
  /** The signature algorithm. */
  alg: string;
  /** The ID of the signing key. */
  kid?: string;
  /** The media type: `JWT`, `at+jwt`. */
  typ?: string;
  [name: string]: unknown;
}

/** The claims of a token (RFC 7519 §4). */
export interface JwtClaims {
  /** The issuer. */
  iss?: string;
  /** The subject, usually the user's ID. */
  sub?: string;
  /** The audience: the services the token is for. */
  aud?: string | string[];
  /** The token's ID. */
  jti?: string;
  /** The expiration time, in seconds since 1970. */
  exp?: number;
  /** The time before which the token is not valid, in seconds since 1970. */
  nbf?: number;
  /** The time of issue, in seconds since 1970. */
  iat?: number;
  [name: string]: unknown;
}

/** The validity period of a token. Returned by {@link checkExpiry}. */
export interface Expiry {
  /** `now >= exp + clockTolerance`. */
  expired: boolean;
  /** `now < nbf - clockTolerance`. */
  notYetValid: boolean;
  /** `exp`, in seconds since 1970; null if the token never expires. */
  expiresAt: number | null;
  /** `exp - now` in seconds, negative once expired; null if the token never expires. */
  expiresIn: number | null;
}

/**
 * Options of {@link checkExpiry} and {@link isExpired}.
 * @example
 * ```ts
 * import { isExpired } from 'tokenward';
 *
 * if (isExpired(token, { clockTolerance: 5 })) console.log('log in again');
 * ```
 */
export interface ExpiryOptions {
  /** The current time, in seconds since 1970 or as a Date. Default: the host's clock. */
  now?: number | Date;
  /** Seconds of clock difference to tolerate, 0 to 600. Default: 0. */
  clockTolerance?: number;
}

/** A JSON Web Key (RFC 7517 §4). */
export interface Jwk {
  /** The key type: RSA, EC, OKP, oct or AKP. */
  kty: string;
  /** The key ID that tokens refer to. */
  kid?: string;
  /** The only algorithm the key is for. */
  alg?: string;
  /** If present, must be `sig`. */
  use?: string;
  /** If present, must include `verify`. */
  key_ops?: string[];
  [member: string]: unknown;
}

/**
 * Options of {@link importKey}.
 * @example
 * ```ts
 * import { importKey } from 'tokenward';
 *
 * const key = importKey(secret, { alg: 'HS256' });
 * ```
 */
export interface ImportOptions {
  /** Restricts the key to one algorithm. */
  alg?: Algorithm;
  /** Accepts an HMAC secret shorter than the hash (RFC 7518 §3.2). An empty secret is never accepted. Default: false. */
  allowShortSecret?: boolean;
}

/**
 * What a relying party accepts. Configuring a check means that the claim must be present and of the right type. Passed to
 * {@link verify}, {@link verifySync} and {@link Verifier}.
 * @example
 * ```ts
 * import { type Rules, verifySync } from 'tokenward';
 *
 * const rules: Rules = {
 *   issuer: 'https://login.example.com',
 *   audience: 'https://api.example.com',
 *   typ: 'at+jwt',
 *   scope: ['orders:read'],
 *   maxTokenAge: 3600,
 * };
 * const { payload } = verifySync(token, jwk, rules);
 * ```
 */
export interface Rules {
  /** The accepted issuers, compared exactly with `iss`. `null` turns the check off; `undefined` is an error. */
  issuer: string | readonly string[] | null;
  /** The accepted audiences; `aud` must contain one of them. `null` turns the check off; `undefined` is an error. */
  audience: string | readonly string[] | null;
  /** The accepted algorithms. Default: those that the key allows. Required for a secret given as bytes. */
  algorithms?: readonly Algorithm[];
  /** The only accepted `sub`. */
  subject?: string;
  /** The media type in the header, compared without case: `'at+jwt'` matches `application/at+jwt`. */
  typ?: string;
  /** The required scopes. Each must be present in `scope` (separated by spaces) or in `scp`. */
  scope?: string | readonly string[];
  /** Claims that must have exactly this value, such as a nonce. */
  claims?: Readonly<Record<string, string | number | boolean>>;
  /** Claims that must be present, with any value. */
  requiredClaims?: readonly string[];
  /** Whether a token without `exp` is rejected. Default: true. */
  requireExp?: boolean;
  /** The largest accepted age in seconds, counted from `iat`, which becomes required. */
  maxTokenAge?: number;
  /** Seconds of clock difference to tolerate, 0 to 600. Default: 0. */
  clockTolerance?: number;
  /** The largest accepted length of a token, in characters. Longer tokens are rejected unread. Default: 16,384. */
  maxTokenLength?: number;
  /** The current time: seconds since 1970, a Date, or a function that returns seconds. Default: the host's clock. */
  now?: number | Date | (() => number);
  /**
   * Whether the token is revoked. Called after every other rule. If it throws or rejects, the token is not accepted:
   * ERR_REVOCATION_UNAVAILABLE. If it returns a promise, use the asynchronous calls.
   */
  isRevoked?: (payload: JwtClaims) => boolean | Promise<boolean>;
  /** A Standard Schema v1 (zod, valibot, arktype). Runs last and types the payload. */
  schema?: StandardSchema;
}

/** Version 1 of Standard Schema, the interface that zod, valibot and arktype share. */
export interface StandardSchema {
  /** The one member that the standard defines. */
  readonly '~standard': { readonly version: 1; readonly vendor: string; readonly validate: (value: unknown) => unknown };
}

/** An accepted token: its signature is valid and it meets the rules. */
export interface Verified<C extends object = {}> {
  /** The JOSE header. */
  header: JoseHeader;
  /** The claims. */
  payload: JwtClaims & C;
  /** The ID of the key that verified the signature, if it has one, and the algorithm. */
  key: { kid?: string; alg: Algorithm };
}

/** A JWS with a valid signature. Its payload was not checked. */
export interface VerifiedJws {
  /** The JOSE header. */
  header: JoseHeader;
  /** The signed bytes. */
  payload: Uint8Array;
  /** The ID of the key that verified the signature, if it has one, and the algorithm. */
  key: { kid?: string; alg: Algorithm };
}

/**
 * Options of {@link verifyJws} and {@link verifyJwsSync}.
 * @example
 * ```ts
 * import { verifyJwsSync } from 'tokenward';
 *
 * const { payload } = verifyJwsSync(jws, jwk, { algorithms: ['ES256'] });
 * console.log(new TextDecoder().decode(payload));
 * ```
 */
export interface JwsOptions {
  /** The accepted algorithms. Default: those that the key allows. Required for a secret given as bytes. */
  algorithms?: readonly Algorithm[];
  /** The largest accepted length, in characters. Longer ones are rejected unread. Default: 16,384. */
  maxTokenLength?: number;
}

/** Every check of a verification in order. It contains no secret and no text of the token. Returned by {@link Verifier.explain}. */
export interface Explanation {
  /** Whether the token is accepted. */
  ok: boolean;
  /** The checks, in the order in which they are made. */
  steps: {
    check: 'format' | 'header' | 'algorithm' | 'key' | 'signature' | 'claims' | 'typ' | 'issuer' | 'subject' | 'audience'
      | 'time' | 'scope' | 'revocation';
    /** `skipped` if the rules do not include the check or an earlier check failed. */
    outcome: 'passed' | 'failed' | 'skipped';
    /** One sentence about the outcome. */
    detail: string;
    /** The code of the error, if the check failed. */
    code?: ErrorCode;
  }[];
}

/** The outcome of a verification that does not throw. */
export type Result<C extends object = {}> = ({ ok: true } & Verified<C>) | { ok: false; error: TokenwardError };

/**
 * The error of every call in this package: a real Error with a stable `code`. No message, stack, cause, toJSON or inspect text
 * contains a token, a key, a secret or the value of a claim.
 * @example
 * ```ts
 * import { isTokenwardError } from 'tokenward';
 *
 * try {
 *   await verifier.verify(token);
 * } catch (error) {
 *   if (!isTokenwardError(error)) throw error;
 *   console.log(error.retryable ? 'try again later' : error.code);
 * }
 * ```
 */
export interface TokenwardError extends Error {
  /** Always `'TokenwardError'`, also for copies of the package in other realms. */
  name: 'TokenwardError';
  /** The stable code. */
  code: ErrorCode;
  /** Whether the same call may succeed later without any change by the caller. */
  retryable: boolean;
  /** The name of the rejected claim. */
  claim?: string;
  /** Why the claim was rejected. */
  reason?: 'missing' | 'invalid' | 'mismatch' | 'check_failed';
  /** The key ID that the token asked for. */
  kid?: string;
  /** The algorithm that is not allowed. */
  alg?: string;
  /** The HTTP status of the response. */
  status?: number;
  /** The `error` of the token endpoint's response (RFC 6749 §5.2). */
  oauthError?: string;
  /** Milliseconds to wait before the next attempt. */
  retryAfterMs?: number;
  /** The challenge for a 401 or 403 response (RFC 6750 §3); absent if the token is not at fault. */
  wwwAuthenticate?: string;
}

/**
 * How a remote JWK Set is fetched. Passed to {@link KeySet.fromUrl} and {@link KeySet.discover}.
 * @example
 * ```ts
 * import { KeySet } from 'tokenward';
 * import { cacheApiStore } from 'tokenward/stores';
 *
 * const keys = KeySet.discover('https://login.example.com', { maxAge: 300, cache: cacheApiStore() });
 * ```
 */
export interface RemoteOptions {
  /** The longest time in seconds for which a set is fresh; a shorter `Cache-Control` counts. Default: 600. */
  maxAge?: number;
  /** The shortest time in seconds for which a set is fresh. Default: 60, or `maxAge` if that is smaller. */
  minAge?: number;
  /** Seconds for which a set may be used past `maxAge` while its endpoint fails. Default: 86,400. */
  staleIfError?: number;
  /** Seconds between two fetches for unknown keys or after failures. Default: 30. */
  cooldown?: number;
  /** Milliseconds that a fetch may take, discovery included. Default: 5,000. */
  timeoutMs?: number;
  /** The largest accepted response, in bytes. Default: 262,144. */
  maxBytes?: number;
  /** Sends the requests. Default: the host's `fetch`. Filter addresses here if issuers are not trusted. */
  fetch?: typeof fetch;
  /** Request headers, sent to the origin of the given URL only. */
  headers?: HeadersInit;
  /** A result of {@link KeySet.snapshot}, for a warm start. */
  snapshot?: string;
  /** The current time in Unix milliseconds. Default: the host's clock. */
  now?: () => number;
  /** Shares sets between isolates or machines. Default: none. */
  cache?: JwksCache;
  /** Keeps a Worker alive for fetches in the background, such as `ctx.waitUntil`. */
  waitUntil?: (work: Promise<unknown>) => void;
  /** Whether `http:` is accepted for loopback hosts. Default: `'loopback'`. */
  insecure?: 'never' | 'loopback';
}

/**
 * A cache that isolates or machines share. It may forget and it may fail. Its entries are validated like responses, but a party
 * that can write to it can add a key.
 * @example
 * ```ts
 * import type { JwksCache } from 'tokenward';
 *
 * const entries = new Map<string, string>();
 * const cache: JwksCache = {
 *   get: async (key) => entries.get(key) ?? null,
 *   set: async (key, value, _ttlSeconds) => void entries.set(key, value),
 * };
 * ```
 */
export interface JwksCache {
  /** Resolves with the value stored under the key, or null. */
  get(key: string): Promise<string | null>;
  /** Stores the value for at most `ttlSeconds` seconds. */
  set(key: string, value: string, ttlSeconds: number): Promise<void>;
}

/** The state of a JWK Set. */
export interface KeySetState {
  /** `stale`: past its lifetime, used while a fetch is made. */
  freshness: 'empty' | 'fresh' | 'stale';
  /** When the set was requested, in seconds since 1970; null if it was not fetched. */
  fetchedAt: number | null;
  /** Whether an unknown key would cause no fetch now. */
  coolingDown: boolean;
  /** The code of the last failure; null after a successful fetch. */
  lastError: string | null;
}

/** The stable error codes. jose's codes are used if the meaning is jose's. */
export type ErrorCode =
  | 'ERR_JWT_MALFORMED'
  | 'ERR_JWE_NOT_SUPPORTED'
  | 'ERR_JOSE_ALG_NOT_ALLOWED' | 'ERR_JOSE_NOT_SUPPORTED'
  | 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'
  | 'ERR_JWT_EXPIRED' | 'ERR_JWT_NOT_YET_VALID' | 'ERR_JWT_CLAIM_VALIDATION_FAILED' | 'ERR_JWT_REVOKED'
  | 'ERR_REVOCATION_UNAVAILABLE'
  | 'ERR_JWK_INVALID' | 'ERR_KEY_WEAK' | 'ERR_KEY_UNUSABLE'
  | 'ERR_JWKS_INVALID' | 'ERR_JWKS_NO_MATCHING_KEY' | 'ERR_JWKS_MULTIPLE_MATCHING_KEYS'
  | 'ERR_JWKS_FETCH_FAILED' | 'ERR_JWKS_TIMEOUT'
  | 'ERR_SYNC_UNAVAILABLE'
  | 'ERR_CLOCK_UNAVAILABLE'
  | 'ERR_WASM_UNAVAILABLE'
  | 'ERR_SESSION_SIGNED_OUT' | 'ERR_SESSION_CHANGED' | 'ERR_SESSION_CLOSED'
  | 'ERR_TOKEN_REFRESH_REJECTED' | 'ERR_TOKEN_REFRESH_UNAVAILABLE' | 'ERR_LOGIN_REJECTED'
  | 'ERR_TOKEN_ENDPOINT_MISCONFIGURED' | 'ERR_TOKEN_RESPONSE_INVALID' | 'ERR_TOKEN_ENDPOINT_REDIRECTED'
  | 'ERR_TOKEN_TIMEOUT' | 'ERR_TOKEN_STORE_UNAVAILABLE' | 'ERR_INSECURE_URL' | 'ERR_FOREIGN_URL' | 'ERR_BODY_NOT_REPLAYABLE'
  | 'ERR_INVALID_ARG';

/** `fetch` with a Bearer token where the URL is one of the session's resources. Assignable to `typeof fetch`. */
export interface BearerFetch {
  (input: RequestInfo | URL, init?: RequestInit & { bearer?: BearerInit }): Promise<Response>;
  /** The session whose token it attaches. */
  readonly session: Session;
}

/** What one call needs of the session. The platform never sees it. */
export interface BearerInit {
  /** Default `'required'`: no request is sent without a token. */
  auth?: 'required' | 'optional' | 'none';
  /** Seconds the token must still be valid for. */
  minValidity?: number;
  /** Whether the request may be sent again after a 401. */
  replay?: 'auto' | 'never';
}

/** Whose token goes where. */
export interface BearerFetchOptions {
  /** The session, or how to make one. Several functions may share a session. */
  session: Session | SessionOptions;
  /**
   * Origins and path prefixes where the token may go. Redirects are followed as far as each step is known; a request with
   * `integrity` follows none where that is done here.
   */
  resources: string | URL | readonly (string | URL)[];
  /** Any other URL: sent without the token (default), or rejected with ERR_FOREIGN_URL. */
  foreign?: 'pass' | 'throw';
  /** Sends the requests. Default: the host's, read at each call. */
  fetch?: typeof fetch;
}

/** How a session obtains, keeps and refreshes its tokens. */
export interface SessionOptions {
  /** How tokens are obtained. */
  grant: Grant;
  /**
   * The namespace of store, lock and channel: sessions of one name and store share a sign-in. Default: the endpoint or
   * issuer, the client, the kind of grant and the scope. `customGrant` has no default, and with a `store` needs a name. So do
   * sessions of several users over one store, one name each.
   */
  name?: string;
  /** Default `memoryStore()`. */
  store?: TokenStore;
  /** How long before its end a token is refreshed: 60 s or a quarter of its life, the smaller. */
  refreshAhead?: { maxSeconds?: number; fraction?: number };
  /** Milliseconds for one token request. Default 10 000. */
  timeoutMs?: number;
  /** Milliseconds between attempts, with full jitter. Default 1 000 to 60 000. */
  retry?: { baseMs?: number; capMs?: number };
  /** Milliseconds in which a refresh whose answer was lost may be sent again. Default 10 000. */
  replayWindowMs?: number;
  /** Default `'keep-until-expiry'`: a refused refresh ends the session when the access token does. */
  onRefreshRejected?: 'keep-until-expiry' | 'end-now';
  /** Whether requests of one process may wait for each other. Default `'request'` in workerd, `'shared'` elsewhere. */
  isolation?: 'shared' | 'request';
  /** Whether `http:` is accepted on a loopback host. Default `'loopback'`. */
  insecure?: 'never' | 'loopback';
  /** For token requests. Default: the one given to createBearerFetch, else the host's. */
  fetch?: typeof fetch;
  /** Keeps a Worker alive for work behind the caller's back. */
  waitUntil?: (work: Promise<unknown>) => void;
  /** Unix milliseconds. Where it is given it is the only clock. */
  now?: () => number;
}

/** A sign-in: obtains tokens, refreshes them, ends. */
export interface Session {
  /** How things stand, at once and without token material. */
  readonly snapshot: SessionSnapshot;
  /**
   * Signs in with these credentials, or with those that the grant asks for. They are used once and kept nowhere. Only
   * `jsonLogin` takes any: another grant signs in by itself, or else this is ERR_INVALID_ARG.
   * Rejects with ERR_LOGIN_REJECTED, or with why the token endpoint could not be used.
   */
  login(credentials?: { username: string; password: string }, options?: { signal?: AbortSignal }): Promise<SessionSnapshot>;
  /**
   * A token that is valid for `minValidity` seconds more, refreshed where it must be; `forceRefresh` asks for a new
   * one. Rejects with ERR_SESSION_SIGNED_OUT where nobody is signed in, or with why there is none now.
   */
  getAccessToken(options?: { minValidity?: number; forceRefresh?: boolean; signal?: AbortSignal }): Promise<string>;
  /** Ends the sign-in here and in every instance that shares the store, and revokes what it can. */
  logout(options?: { reason?: 'user' | 'compromised' }): Promise<{ revoked: boolean }>;
  /** Listens, until the function that is returned is called or `signal` aborts. Listeners run after the state has settled. */
  on<K extends keyof SessionEvents>(event: K, listener: (detail: SessionEvents[K]) => void, options?: { signal?: AbortSignal }): () => void;
  /** The last 64 transitions, secret-free. */
  explain(): TransitionRecord[];
  /**
   * Stops listening to other instances. The sign-in stands; calls reject with ERR_SESSION_CLOSED. A refresh that was sent
   * is still saved, and a login with a password or a code is given up.
   */
  close(): void;
}

/** How a session stands. Times are NumericDate seconds. */
export type SessionSnapshot =
  | { status: 'loading' }
  | { status: 'signed-out'; reason: EndReason }
  /** `volatile`: the tokens are in memory alone, since the store failed. */
  | { status: 'active'; generation: number; subject?: string; scopes?: string[]; expiresAt?: number;
      freshness: 'fresh' | 'stale' | 'expired' | 'unknown'; refreshing: boolean; volatile: boolean };

/** Why nobody is signed in. */
export type EndReason = 'never-signed-in' | 'logout' | 'logout-elsewhere' | 'compromised' | 'refresh-rejected'
  | 'rotation-response-lost' | 'no-refresh-token' | 'identity-changed' | 'store-corrupt';

/** What a session tells its listeners. None of it is secret. */
export interface SessionEvents {
  /** It stands differently. */
  change: SessionSnapshot;
  /** There is a new token. `adopted`: another tab or process obtained it. */
  refreshed: { generation: number; durationMs: number; adopted: boolean };
  /** Nobody is signed in any more. */
  ended: { reason: EndReason; code?: ErrorCode };
  /** A resource asks for more than a new token: another scope, or another way to sign in. */
  challenge: { url: string; status: 401 | 403; scheme: string; error?: string; scope?: string };
  /** Something that the session works around. */
  warning: { code: 'persist-failed' | 'clock-jump' | 'rejected-on-arrival' | 'lock-unavailable' | 'authorization-kept' };
}

/** One step of a session. */
export interface TransitionRecord {
  /** When, in NumericDate seconds. */
  at: number;
  /** The state before. */
  from: string;
  /** What happened. */
  event: string;
  /** The state after. */
  to: string;
}

/** How tokens are obtained. Made by `jsonLogin` and its like. */
export type Grant = {
  /** Which of them made it. */
  readonly kind: string;
};

/** Compare-and-set storage of one small record. `record` is opaque text; `version` changes with every save. */
export interface TokenStore {
  /** Who else sees what is stored: nobody, every page of the origin, every machine. */
  readonly shared: 'none' | 'origin' | 'global';
  /** `'eventual'` is refused for a rotating refresh token. */
  readonly consistency: 'strong' | 'eventual';
  /** The record and its version; null where there is none. */
  load(key: string): Promise<{ record: string; version: string } | null>;
  /**
   * Stores the record if the version is still `expect`, null for none at all; otherwise answers `ok: false`. A record with
   * `ttlSeconds` is of no use after so many seconds: a store that can, forgets it then.
   */
  save(key: string, record: string, expect: string | null, ttlSeconds?: number): Promise<{ ok: true; version: string } | { ok: false }>;
  /** Removes the record where the version is still `expect`. False where it is not. */
  clear(key: string, expect: string | null): Promise<boolean>;
  /**
   * `'each-call'`: a session loads the record at each call, and so hears of a sign-out elsewhere at the next one. For a
   * store that is near and cannot notify. If the record cannot be loaded, the token in memory serves.
   */
  readonly check?: 'each-call';
  /** Calls `listener` after another instance changed the record, until the returned function is called. */
  subscribe?(key: string, listener: () => void): () => void;
}

/** What the guard makes of a request. */
export type GuardResult<C extends object = {}> =
  | ({ ok: true } & Verified<C>)
  | { ok: false; status: 204; error: 'preflight'; response: Response }
  | { ok: false; status: 400 | 401 | 403 | 503; error: 'missing' | 'invalid_request' | 'invalid_token' | 'insufficient_scope' | 'unavailable'; response: Response };

/** Stands before a resource server's handlers (RFC 6750). */
export interface BearerGuard<C extends object = {}> {
  /** Judges a request: its verified token, or the response to give instead. */
  check(request: Request, need?: { scopes?: readonly string[] }): Promise<GuardResult<C>>;
  /** The handler behind the guard: it is called with requests that pass, and every other gets its response here. */
  protect<A extends unknown[]>(
    handler: (request: Request, auth: Verified<C>, ...rest: A) => Response | Promise<Response>,
    need?: { scopes?: readonly string[] },
  ): (request: Request, ...rest: A) => Promise<Response>;
}
