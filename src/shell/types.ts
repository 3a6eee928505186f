// The public types of the package, once. Declarations are emitted from here and from the functions beside it.
// Times are NumericDate seconds, except where a name ends in Ms and in SessionOptions.now (Unix milliseconds).

/** A signature algorithm (RFC 7518 §3.1, RFC 8037, RFC 8812, RFC 9864, RFC 9964). `none` has no code path; ML-DSA needs `import 'tokenward/ml-dsa'`. */
export type Algorithm =
  | 'HS256' | 'HS384' | 'HS512'
  | 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512'
  | 'ES256' | 'ES384' | 'ES512' | 'ES256K'
  | 'EdDSA' | 'Ed25519'
  | 'ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87';

/** The JOSE header of a token (RFC 7515 §4). */
export interface JoseHeader {
  /** The algorithm, as the token names it. */
  alg: string;
  /** Which key is said to have signed it. */
  kid?: string;
  /** The media type: `JWT`, `at+jwt`. */
  typ?: string;
  [name: string]: unknown;
}

/** The claims set of a token (RFC 7519 §4). */
export interface JwtClaims {
  /** Who issued it. */
  iss?: string;
  /** Whom it is about. */
  sub?: string;
  /** Whom it is meant for. */
  aud?: string | string[];
  /** Its own identifier. */
  jti?: string;
  /** When it ends. */
  exp?: number;
  /** When it starts. */
  nbf?: number;
  /** When it was issued. */
  iat?: number;
  [name: string]: unknown;
}

/** When a token starts and ends. */
export interface Expiry {
  /** `now >= exp + clockTolerance`. */
  expired: boolean;
  /** `now < nbf - clockTolerance`. */
  notYetValid: boolean;
  /** `exp`; null where the token never expires. */
  expiresAt: number | null;
  /** `exp - now`, negative once expired; null where the token never expires. */
  expiresIn: number | null;
}

/** The moment and the tolerance an expiry is judged with. */
export interface ExpiryOptions {
  /** Default: the host clock. A number is NumericDate seconds. */
  now?: number | Date;
  /** Seconds, at most 600. Default 0. */
  clockTolerance?: number;
}

/** A JSON Web Key (RFC 7517 §4). */
export interface Jwk {
  /** RSA, EC, OKP, oct or AKP. */
  kty: string;
  /** What tokens call the key. */
  kid?: string;
  /** The one algorithm that it is for. */
  alg?: string;
  /** `sig`, where it is there. */
  use?: string;
  /** With `verify` among them, where they are there. */
  key_ops?: string[];
  [member: string]: unknown;
}

/** How a key is read. */
export interface ImportOptions {
  /** Binds the key to one algorithm. */
  alg?: Algorithm;
  /** Accepts an HMAC secret shorter than the hash (RFC 7518 §3.2). An empty one is never accepted. */
  allowShortSecret?: boolean;
}

/** What a relying party accepts. A check that is configured implies presence and type of the claim. */
export interface Rules {
  /** Who may have issued the token. `null` says out loud that it is not checked; `undefined` is an error. */
  issuer: string | readonly string[] | null;
  /** Whom the token must be meant for: one of these. `null` says out loud that it is not checked; `undefined` is an error. */
  audience: string | readonly string[] | null;
  /** Default: what the key allows. Required for a bare secret. */
  algorithms?: readonly Algorithm[];
  /** The one subject that is accepted. */
  subject?: string;
  /** The media type in the header: `"at+jwt"` matches `"application/at+jwt"`, in any case. */
  typ?: string;
  /** Every one of these must be present in `scope` (space separated) or `scp`. */
  scope?: string | readonly string[];
  /** Claims that must have exactly this value: a nonce, for example. */
  claims?: Readonly<Record<string, string | number | boolean>>;
  /** Claims that must be there, whatever their value. */
  requiredClaims?: readonly string[];
  /** Whether a token without `exp` is refused. Default true. */
  requireExp?: boolean;
  /** Seconds since `iat`; needs `iat`. */
  maxTokenAge?: number;
  /** Seconds of difference between clocks that are tolerated, at most 600. Default 0. */
  clockTolerance?: number;
  /** Characters; longer tokens are refused unread. Default 16 384. */
  maxTokenLength?: number;
  /** Default: the host clock. A number is NumericDate seconds. */
  now?: number | Date | (() => number);
  /** Whether the token was revoked. One that throws or rejects never lets a token pass. */
  isRevoked?: (payload: JwtClaims) => boolean | Promise<boolean>;
  /** A Standard Schema v1 (zod, valibot, arktype). Runs last and types the payload. */
  schema?: StandardSchema;
}

/** https://standardschema.dev, version 1. */
export interface StandardSchema {
  /** Its one member, under the name that the standard gave it. */
  readonly '~standard': { readonly version: 1; readonly vendor: string; readonly validate: (value: unknown) => unknown };
}

/** A token whose signature holds and which the rules accept. */
export interface Verified<C extends object = {}> {
  /** Its header. */
  header: JoseHeader;
  /** Its claims. */
  payload: JwtClaims & C;
  /** The key that fitted, and the algorithm that was used. */
  key: { kid?: string; alg: Algorithm };
}

/** A JWS whose signature holds. Its payload was not judged. */
export interface VerifiedJws {
  /** Its header. */
  header: JoseHeader;
  /** What was signed, as it is. */
  payload: Uint8Array;
  /** The key that fitted, and the algorithm that was used. */
  key: { kid?: string; alg: Algorithm };
}

/** What is accepted of a JWS. */
export interface JwsOptions {
  /** Default: what the key allows. Required for a bare secret. */
  algorithms?: readonly Algorithm[];
  /** Characters; longer tokens are refused unread. Default 16 384. */
  maxTokenLength?: number;
}

/** Every check of a verification in order, with no secret and nothing of the token in it. */
export interface Explanation {
  /** Whether it is accepted. */
  ok: boolean;
  /** Each check, in the order in which they are made. */
  steps: {
    check: 'format' | 'header' | 'algorithm' | 'key' | 'signature' | 'claims' | 'typ' | 'issuer' | 'subject' | 'audience'
      | 'time' | 'scope' | 'revocation';
    /** Skipped: the rules do not ask for it, or a check before it failed. */
    outcome: 'passed' | 'failed' | 'skipped';
    detail: string;
    code?: ErrorCode;
  }[];
}

/** What became of a token, without a throw. */
export type Result<C extends object = {}> = ({ ok: true } & Verified<C>) | { ok: false; error: TokenwardError };

/**
 * Why something was refused. A real Error whose `code` is stable. No message, stack, cause, toJSON or inspect text
 * holds a token, a key, a secret or the value of a claim.
 */
export interface TokenwardError extends Error {
  /** The same for every one of them, and for copies of the package in other realms. */
  name: 'TokenwardError';
  /** What went wrong, for programs. */
  code: ErrorCode;
  /** Whether the same call may succeed later without anybody changing anything. */
  retryable: boolean;
  /** The claim that the rules refuse. */
  claim?: string;
  /** What is the matter with it. */
  reason?: 'missing' | 'invalid' | 'mismatch' | 'check_failed';
  /** The key that was looked for. */
  kid?: string;
  /** The algorithm that is not allowed. */
  alg?: string;
  /** The HTTP status that was answered. */
  status?: number;
  /** The `error` of the token endpoint (RFC 6749 §5.2). */
  oauthError?: string;
  /** Milliseconds after which to try again. */
  retryAfterMs?: number;
  /** What a resource server sends with its 401 or 403 (RFC 6750 §3); absent where the token is not at fault. */
  wwwAuthenticate?: string;
}

/** How a remote JWK Set is fetched. */
export interface RemoteOptions {
  /** Seconds for which a set is fresh, at the most: `Cache-Control` counts below it. Default: 600. */
  maxAge?: number;
  /** Seconds for which a set is fresh, at the least. Default: 60, or `maxAge` where that is smaller. */
  minAge?: number;
  /** Seconds for which a set may outlive `maxAge` while its endpoint fails. Default: 86 400. */
  staleIfError?: number;
  /** Seconds between two fetches for unknown keys or after failures. Default: 30. */
  cooldown?: number;
  /** Milliseconds that a fetch may take, discovery included. Default: 5 000. */
  timeoutMs?: number;
  /** The longest answer that is read, in bytes. Default: 262 144. */
  maxBytes?: number;
  /** Sends the requests. Default: the host's. */
  fetch?: typeof fetch;
  /** Sent to the origin that was named, and to no other. */
  headers?: HeadersInit;
  /** What `KeySet.snapshot()` gave, for a warm start. */
  snapshot?: string;
  /** The clock, in milliseconds. Default: the host's. */
  now?: () => number;
  /** Shares sets between isolates or machines. */
  cache?: JwksCache;
  /** Keeps a Worker alive for a fetch behind the caller's back. */
  waitUntil?: (work: Promise<unknown>) => void;
  /** Whether `http:` will do for loopback hosts. Default: `'loopback'`. */
  insecure?: 'never' | 'loopback';
}

/** A cache that isolates or machines share. It may forget, and it may fail; what comes out of it is checked. */
export interface JwksCache {
  /** What was stored under the key; null where there is nothing, or no more. */
  get(key: string): Promise<string | null>;
  /** Stores it for so many seconds, or not as long. */
  set(key: string, value: string, ttlSeconds: number): Promise<void>;
}

/** How fresh a JWK Set is. */
export interface KeySetState {
  /** Stale: it serves, and is fetched again. */
  freshness: 'empty' | 'fresh' | 'stale';
  /** When it was fetched; null where it was not. */
  fetchedAt: number | null;
  /** Whether an unknown key would cause no fetch now. */
  coolingDown: boolean;
  /** The code of the last failure, until a fetch succeeds. */
  lastError: string | null;
}

/** The stable codes. jose's where the meaning is jose's. */
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
  warning: { code: 'persist-failed' | 'clock-jump' | 'rejected-on-arrival' | 'lock-unavailable' };
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
  /** Stores the record where the version is still `expect`, null for none at all; `ok: false` where it is not. */
  save(key: string, record: string, expect: string | null): Promise<{ ok: true; version: string } | { ok: false }>;
  /** Removes the record where the version is still `expect`. False where it is not. */
  clear(key: string, expect: string | null): Promise<boolean>;
  /** Calls `listener` when another instance changed the record, until the function that is returned is called. */
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
