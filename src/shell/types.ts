// The public types of the package, once. Declarations are emitted from here and from the functions beside it.
// Times are NumericDate seconds, except where a name ends in Ms, and in SessionOptions.now and RemoteOptions.now (Unix milliseconds).

/**
 * A signature algorithm (RFC 7518 §3.1, RFC 8037, RFC 8812, RFC 9864, RFC 9964). `none` has no code path. ML-DSA needs
 * `import 'tokenward/ml-dsa'`.
 */
export type Algorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'ES256K'
  | 'EdDSA'
  | 'Ed25519'
  | 'ML-DSA-44'
  | 'ML-DSA-65'
  | 'ML-DSA-87';

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
 * What a relying party accepts. Configuring a check means that the claim must be present and of the right type. Each list
 * has at most 1,000 entries. Passed to {@link verify}, {@link verifySync} and {@link Verifier}.
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
    check:
      | 'format'
      | 'header'
      | 'algorithm'
      | 'key'
      | 'signature'
      | 'claims'
      | 'typ'
      | 'issuer'
      | 'subject'
      | 'audience'
      | 'time'
      | 'scope'
      | 'revocation';
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
  /**
   * Keeps a Worker alive for every fetch: the function `waitUntil` of `cloudflare:workers`. Without it, a client that goes
   * away ends a fetch that other requests wait for.
   */
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
  | 'ERR_JOSE_ALG_NOT_ALLOWED'
  | 'ERR_JOSE_NOT_SUPPORTED'
  | 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'
  | 'ERR_JWT_EXPIRED'
  | 'ERR_JWT_NOT_YET_VALID'
  | 'ERR_JWT_CLAIM_VALIDATION_FAILED'
  | 'ERR_JWT_REVOKED'
  | 'ERR_REVOCATION_UNAVAILABLE'
  | 'ERR_JWK_INVALID'
  | 'ERR_KEY_WEAK'
  | 'ERR_KEY_UNUSABLE'
  | 'ERR_JWKS_INVALID'
  | 'ERR_JWKS_NO_MATCHING_KEY'
  | 'ERR_JWKS_MULTIPLE_MATCHING_KEYS'
  | 'ERR_JWKS_FETCH_FAILED'
  | 'ERR_JWKS_TIMEOUT'
  | 'ERR_SYNC_UNAVAILABLE'
  | 'ERR_CLOCK_UNAVAILABLE'
  | 'ERR_WASM_UNAVAILABLE'
  | 'ERR_SESSION_SIGNED_OUT'
  | 'ERR_SESSION_CHANGED'
  | 'ERR_SESSION_CLOSED'
  | 'ERR_TOKEN_REFRESH_REJECTED'
  | 'ERR_TOKEN_REFRESH_UNAVAILABLE'
  | 'ERR_LOGIN_REJECTED'
  | 'ERR_TOKEN_ENDPOINT_MISCONFIGURED'
  | 'ERR_TOKEN_RESPONSE_INVALID'
  | 'ERR_TOKEN_ENDPOINT_REDIRECTED'
  | 'ERR_TOKEN_TIMEOUT'
  | 'ERR_TOKEN_STORE_UNAVAILABLE'
  | 'ERR_INSECURE_URL'
  | 'ERR_FOREIGN_URL'
  | 'ERR_BODY_NOT_REPLAYABLE'
  | 'ERR_INVALID_ARG';

/**
 * `fetch` that adds the session's access token to requests to its resources. Assignable to `typeof fetch`. Made by
 * {@link createBearerFetch}.
 * @example
 * ```ts
 * const response = await api('https://api.example.com/orders', {
 *   method: 'POST',
 *   body: JSON.stringify({ item: 7 }),
 *   bearer: { minValidity: 30 },
 * });
 * ```
 */
export interface BearerFetch {
  (input: RequestInfo | URL, init?: RequestInit & { bearer?: BearerInit }): Promise<Response>;
  /** The session that the tokens come from. */
  readonly session: Session;
}

/**
 * Options of one call of a {@link BearerFetch}. They are removed before the request is sent.
 * @example
 * ```ts
 * const profile = await api('https://api.example.com/profile', { bearer: { auth: 'optional' } });
 * ```
 */
export interface BearerInit {
  /**
   * `'required'`: the call rejects if there is no token, or if the URL is not a resource. `'optional'`: the request is sent
   * without a token if the session is signed out. `'none'`: it is always sent without. Default: a token for resources, none elsewhere.
   */
  auth?: 'required' | 'optional' | 'none';
  /** Seconds for which the token must still be valid, 0 or more. Default: 0. */
  minValidity?: number;
  /** Whether the request may be sent again, with a new token, after a 401. Default: `'auto'`, if the body can be sent twice. */
  replay?: 'auto' | 'never';
}

/**
 * Options of {@link createBearerFetch}.
 * @example
 * ```ts
 * import { createBearerFetch, jsonLogin } from 'tokenward';
 *
 * const api = createBearerFetch({
 *   resources: ['https://api.example.com/v1/', 'https://files.example.com'],
 *   foreign: 'throw',
 *   session: { grant: jsonLogin({ tokenUrl: 'https://api.example.com/token' }) },
 * });
 * ```
 */
export interface BearerFetchOptions {
  /** A session of {@link createSession}, or the options of a new one. Several functions may share a session. */
  session: Session | SessionOptions;
  /**
   * Where the token may go: https origins, each with a path and everything below it, compared by whole segments. Redirects
   * keep the token as long as they stay inside. A request with `integrity` follows no redirect outside browsers.
   */
  resources: string | URL | readonly (string | URL)[];
  /** Requests to any other URL: `'pass'` sends them without the token, `'throw'` rejects with ERR_FOREIGN_URL. Default: `'pass'`. */
  foreign?: 'pass' | 'throw';
  /** Sends the requests. Default: the host's `fetch`, read at each call. */
  fetch?: typeof fetch;
}

/**
 * Options of {@link createSession}.
 * @example
 * ```ts
 * import { createSession, indexedDbStore, jsonLogin } from 'tokenward';
 *
 * const session = createSession({
 *   grant: jsonLogin({ tokenUrl: 'https://api.example.com/token' }),
 *   store: indexedDbStore(),
 *   refreshAhead: { maxSeconds: 120 },
 *   timeoutMs: 5_000,
 * });
 * ```
 */
export interface SessionOptions {
  /** How tokens are obtained: made by {@link jsonLogin}, {@link oauth2}, {@link authorizationCode}, {@link cookieRefresh} or {@link customGrant}. */
  grant: Grant;
  /**
   * Names the record in the store, the lock and the channel: sessions of one name and store share a sign-in. Default: the
   * endpoint or issuer, the client, the kind of grant and the scope. Required for `customGrant` with a `store`, and if several
   * users share a store, with a different name for each.
   */
  name?: string;
  /** Keeps the tokens. Default: {@link memoryStore}. */
  store?: TokenStore;
  /**
   * When a token is refreshed before it expires: at most `maxSeconds` (0 to 1e9, default 60), and at most `fraction` of its
   * lifetime (0 to 0.9, default 0.25), ahead of time.
   */
  refreshAhead?: { maxSeconds?: number; fraction?: number };
  /** Milliseconds for one token request, 1 to 86,400,000. Default: 10,000. */
  timeoutMs?: number;
  /**
   * Milliseconds between attempts after a failure, each 0 to 86,400,000: from `baseMs` (default 1,000), doubled up to `capMs`
   * (default 60,000), at random below that.
   */
  retry?: { baseMs?: number; capMs?: number };
  /** Milliseconds within which a refresh whose answer was lost may be sent again, 0 to 86,400,000. Default: 10,000. */
  replayWindowMs?: number;
  /**
   * When a rejected refresh ends the session: `'keep-until-expiry'`, once the access token expires; `'end-now'`, at once.
   * Default: `'keep-until-expiry'`.
   */
  onRefreshRejected?: 'keep-until-expiry' | 'end-now';
  /**
   * `'shared'`: calls wait for each other's token requests. `'request'`: they do not, as a Worker requires. Default: `'request'`
   * in workerd, `'shared'` elsewhere.
   */
  isolation?: 'shared' | 'request';
  /**
   * Whether `http:` is allowed on `localhost`, 127.0.0.0/8 and `[::1]`. Endpoints that an issuer's metadata name may be there
   * only if the issuer is. Default: `'loopback'`.
   */
  insecure?: 'never' | 'loopback';
  /** Sends token requests. Default: the `fetch` of {@link createBearerFetch}, or else the host's. */
  fetch?: typeof fetch;
  /** Keeps a Worker alive for work that no call waits for. */
  waitUntil?: (work: Promise<unknown>) => void;
  /** The current time in milliseconds since 1970. If it is given, it is the only clock. Default: the host's clocks. */
  now?: () => number;
}

/**
 * A sign-in, which obtains tokens, refreshes them and ends. Made by {@link createSession}.
 * @example
 * ```ts
 * import { createSession, jsonLogin } from 'tokenward';
 *
 * const session = createSession({ grant: jsonLogin({ tokenUrl: 'https://api.example.com/token' }) });
 * await session.login({ username: 'ada', password: 'correct horse' });
 * const token = await session.getAccessToken({ minValidity: 60 });
 * await session.logout();
 * ```
 */
export interface Session {
  /** The current state, without any token. */
  readonly snapshot: SessionSnapshot;
  /**
   * Signs in with these credentials, or with those that the grant asks for. They are used once and not stored. Only
   * {@link jsonLogin} takes credentials; other grants sign in without any.
   * @throws (rejects with) ERR_LOGIN_REJECTED; ERR_INVALID_ARG for credentials that the grant does not take, or lacks; ERR_TOKEN_*
   * if the token endpoint cannot be used
   */
  login(credentials?: { username: string; password: string }, options?: { signal?: AbortSignal }): Promise<SessionSnapshot>;
  /**
   * An access token that is valid for at least `minValidity` seconds (default 0), refreshed if necessary. `forceRefresh` asks
   * for a new one.
   * @throws (rejects with) ERR_SESSION_SIGNED_OUT if the session is signed out; ERR_TOKEN_* or ERR_LOGIN_REJECTED if no token can be had
   */
  getAccessToken(options?: { minValidity?: number; forceRefresh?: boolean; signal?: AbortSignal }): Promise<string>;
  /**
   * Ends the sign-in here and in every instance that shares the store, and revokes what it can. `revoked`: the
   * authorization server confirmed it. `stored`: the store shows the sign-out. If the store was down, `stored` is false:
   * this session stays signed out, but a new one over the same store may still find the tokens, so call `logout()` again.
   */
  logout(options?: { reason?: 'user' | 'compromised' }): Promise<{ revoked: boolean; stored: boolean }>;
  /**
   * Calls `listener` for each event, after the state has changed. Returns a function that removes the listener, as does
   * `signal`.
   */
  on<K extends keyof SessionEvents>(event: K, listener: (detail: SessionEvents[K]) => void, options?: { signal?: AbortSignal }): () => void;
  /** The last 64 transitions, without secrets. */
  explain(): TransitionRecord[];
  /**
   * Releases timers and listeners. The sign-in stays in the store, and calls reject with ERR_SESSION_CLOSED. The answer to a
   * refresh that was sent is still saved; a login with a password or a code is abandoned.
   */
  close(): void;
}

/**
 * The state of a session, without any token. `generation` counts the tokens of a sign-in, and `expiresAt` is in seconds
 * since 1970.
 * @example
 * ```ts
 * if (session.snapshot.status === 'active') console.log(session.snapshot.subject);
 * ```
 */
export type SessionSnapshot =
  | { status: 'loading' }
  | { status: 'signed-out'; reason: EndReason }
  /** `volatile`: the tokens are only in memory, because the store failed. */
  | {
      status: 'active';
      generation: number;
      subject?: string;
      scopes?: string[];
      expiresAt?: number;
      freshness: 'fresh' | 'stale' | 'expired' | 'unknown';
      refreshing: boolean;
      volatile: boolean;
    };

/** Why a session is signed out. */
export type EndReason =
  | 'never-signed-in'
  | 'logout'
  | 'logout-elsewhere'
  | 'compromised'
  | 'refresh-rejected'
  | 'rotation-response-lost'
  | 'no-refresh-token'
  | 'identity-changed'
  | 'store-corrupt';

/**
 * The events of a session and what their listeners are given. None of it is secret.
 * @example
 * ```ts
 * session.on('ended', ({ reason }) => console.log(`signed out: ${reason}`));
 * ```
 */
export interface SessionEvents {
  /** The state changed. */
  change: SessionSnapshot;
  /** There is a new token, after `durationMs` milliseconds. `adopted`: another tab or process obtained it. */
  refreshed: { generation: number; durationMs: number; adopted: boolean };
  /** The sign-in ended. */
  ended: { reason: EndReason; code?: ErrorCode };
  /** A resource asks for more than a new token: another scope, or another way to sign in (RFC 6750 §3.1, RFC 9470 §3). */
  challenge: { url: string; status: 401 | 403; scheme: string; error?: string; scope?: string };
  /** A problem that does not end the session. */
  warning: { code: 'persist-failed' | 'clock-jump' | 'rejected-on-arrival' | 'lock-unavailable' | 'authorization-kept' };
}

/** One step of a session. Returned by {@link Session.explain}. */
export interface TransitionRecord {
  /** The time, in seconds since 1970. */
  at: number;
  /** The state before. */
  from: string;
  /** The event. */
  event: string;
  /** The state after. */
  to: string;
}

/** How tokens are obtained. Made by {@link jsonLogin}, {@link oauth2}, {@link authorizationCode}, {@link cookieRefresh} or {@link customGrant}. */
export type Grant = {
  /** The function that made it. */
  readonly kind: string;
};

/**
 * Compare-and-set storage of small records. `record` is opaque text that holds tokens; `version` changes with every save.
 * Calls may reject, and take up to three seconds.
 * @example
 * ```ts
 * import type { TokenStore } from 'tokenward';
 *
 * const rows = new Map<string, { record: string; version: string }>();
 * const store: TokenStore = {
 *   shared: 'none',
 *   consistency: 'strong',
 *   async load(key) {
 *     return rows.get(key) ?? null;
 *   },
 *   async save(key, record, expect) {
 *     if ((rows.get(key)?.version ?? null) !== expect) return { ok: false };
 *     const version = crypto.randomUUID();
 *     rows.set(key, { record, version });
 *     return { ok: true, version };
 *   },
 *   async clear(key, expect) {
 *     return (rows.get(key)?.version ?? null) === expect && rows.delete(key);
 *   },
 * };
 * ```
 */
export interface TokenStore {
  /** Who else uses the store: `'none'`, every page of the `'origin'`, or every machine (`'global'`). */
  readonly shared: 'none' | 'origin' | 'global';
  /** Whether every reader sees the last save at once. `'eventual'` is rejected for grants whose refresh tokens may rotate. */
  readonly consistency: 'strong' | 'eventual';
  /** The record and its version; null if there is none. */
  load(key: string): Promise<{ record: string; version: string } | null>;
  /**
   * Stores the record if the version is still `expect`, null for none at all; otherwise answers `ok: false`. A record with
   * `ttlSeconds` is of no use after so many seconds: a store that can, forgets it then.
   */
  save(key: string, record: string, expect: string | null, ttlSeconds?: number): Promise<{ ok: true; version: string } | { ok: false }>;
  /** Removes the record if its version is still `expect`, and returns whether it was. */
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
  | {
      ok: false;
      status: 400 | 401 | 403 | 503;
      error: 'missing' | 'invalid_request' | 'invalid_token' | 'insufficient_scope' | 'unavailable';
      response: Response;
    };

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
