// How a session obtains its tokens: descriptions that src/session/grant.rs reads.

import type { Host } from './driver.js';
import { checkFunctions, misuse, nestedOf, optionsOf, own, readable } from '../arguments.js';
import { refusal } from '../boundary/refusal.js';
import type { Grant } from '../types.js';
import { partsOf, resolve, type UrlParts } from '../url.js';

/** The parts of a grant that a session needs. @internal */
export interface GrantParts {
  readonly description: { readonly kind: string; readonly [member: string]: unknown };
  /** The default name of a session with this grant. Functions have none. */
  readonly name?: string;
  /** The issuer whose metadata have the endpoints that are not given. */
  readonly issuer?: string | undefined;
  readonly ask?: () => unknown;
  readonly act?: Host['act'];
  readonly authorization?: Authorization;
}

/** The parts of an authorization request. Without an endpoint, the issuer's metadata have it. @internal */
export interface Authorization {
  endpoint: string | undefined;
  clientId: string;
  redirectUri: string;
  scope: string | undefined;
  issuer: string | undefined;
}

const partsOfGrant = new WeakMap<object, GrantParts>();

/**
 * Options of {@link jsonLogin}. URLs are absolute, and https unless they are on loopback.
 * @example
 * ```ts
 * import { type JsonLoginOptions, jsonLogin } from 'tokenward';
 *
 * const options: JsonLoginOptions = {
 *   tokenUrl: 'https://api.example.com/login',
 *   refreshUrl: 'https://api.example.com/refresh',
 *   fields: { accessToken: 'jwt', refreshToken: 'refresh' },
 * };
 * const grant = jsonLogin(options);
 * ```
 */
export interface JsonLoginOptions {
  /** Takes a POST of `{username, password}`, and of `{refresh_token}` if there is no `refreshUrl`. */
  tokenUrl: string | URL;
  /** Takes a POST of `{refresh_token}`. Default: `tokenUrl`. */
  refreshUrl?: string | URL;
  /** Takes a POST of `{refresh_token}` at logout, with the access token as Bearer. Default: nothing is revoked. */
  revokeUrl?: string | URL;
  /** Called if there is no other way to a token, never after a logout. The result is not stored. */
  credentials?: () => { username: string; password: string } | Promise<{ username: string; password: string }>;
  /** The names of the members of the response. Default: `access_token` or `token`, `refresh_token`, `expires_in` (seconds). */
  fields?: { accessToken?: string; refreshToken?: string; expiresIn?: string };
}

/**
 * A first-party login API in JSON. A login posts `{username, password}` and receives `{token, refresh_token, token_type,
 * expires_in}`, with `expires_in` in seconds; a refresh posts `{refresh_token}`. The server rejects a refresh with 400 or 401 and
 * `{"error":"invalid_grant"}`, and a login with any 401 as well. Any other response is an outage and ends no session.
 * @throws ERR_INVALID_ARG; ERR_INSECURE_URL for a URL that is not absolute
 * @example
 * ```ts
 * import { createSession, jsonLogin } from 'tokenward';
 *
 * const session = createSession({
 *   grant: jsonLogin({ tokenUrl: 'https://api.example.com/token', revokeUrl: 'https://api.example.com/logout' }),
 * });
 * await session.login({ username: 'ada', password: 'correct horse' });
 * ```
 */
export function jsonLogin(options: JsonLoginOptions): Grant {
  const given = optionsOf(options, ['tokenUrl', 'refreshUrl', 'revokeUrl', 'credentials', 'fields']);
  const { tokenUrl, refreshUrl, revokeUrl, credentials } = given;
  const fields = nestedOf(given.fields, ['accessToken', 'refreshToken', 'expiresIn'], 'fields');
  checkFunctions({ credentials });
  const endpoint = absolute(tokenUrl);
  return grantOf({
    name: nameOf(endpoint),
    description: {
      kind: 'jsonLogin',
      tokenUrl: partsOf(endpoint),
      refreshUrl: optional(refreshUrl),
      revokeUrl: optional(revokeUrl),
      asks: credentials !== undefined,
      fields,
    },
    ...(credentials && { ask: credentials }),
  });
}

/**
 * Options of {@link oauth2}: an OAuth 2.0 client and its server. URLs are absolute, and https unless they are on loopback.
 * @example
 * ```ts
 * import { type OAuth2Options, oauth2 } from 'tokenward';
 *
 * const options: OAuth2Options = {
 *   issuer: 'https://login.example.com',
 *   clientId: 'reports',
 *   grant: 'refresh_token',
 *   refreshToken: 'a refresh token that the client was given',
 * };
 * const grant = oauth2(options);
 * ```
 */
export interface OAuth2Options {
  /** Endpoints that are not given are read from the issuer's metadata, once (OpenID Connect Discovery 1.0, then RFC 8414). */
  issuer?: string;
  /** The token endpoint (RFC 6749 §3.2). Default: from the metadata of `issuer`. */
  tokenEndpoint?: string | URL;
  /** The revocation endpoint (RFC 7009). Default: from the metadata of `issuer`, if they name one. */
  revocationEndpoint?: string | URL;
  /** The client identifier (RFC 6749 §2.2). */
  clientId: string;
  /** The client secret, for clients that can keep one. Never in a page. */
  clientSecret?: string;
  /** How the client authenticates (RFC 6749 §2.3). Default: `client_secret_basic` with a secret, `none` without. */
  clientAuth?: 'client_secret_basic' | 'client_secret_post' | 'none';
  /** The scopes to request, separated by spaces. Default: those of the server. */
  scope?: string;
  /** How the first token is obtained: RFC 6749 §4.4, or §6 with `refreshToken`. */
  grant: 'client_credentials' | 'refresh_token';
  /** The first refresh token. Its successors are kept in the store. */
  refreshToken?: string;
}

/**
 * OAuth 2.0 (RFC 6749) without a user: client credentials, or a refresh token that the client was given.
 * @throws ERR_INVALID_ARG; ERR_INSECURE_URL for a URL that is not absolute
 * @example
 * ```ts
 * import { createBearerFetch, oauth2 } from 'tokenward';
 *
 * const api = createBearerFetch({
 *   resources: 'https://api.example.com/',
 *   session: {
 *     grant: oauth2({
 *       issuer: 'https://login.example.com',
 *       clientId: 'reports',
 *       clientSecret: 'from the environment',
 *       scope: 'orders:read',
 *       grant: 'client_credentials',
 *     }),
 *   },
 * });
 * ```
 */
export function oauth2(options: OAuth2Options): Grant {
  const { tokenEndpoint, revocationEndpoint, issuer, clientId, clientSecret, clientAuth, scope, grant, refreshToken } = optionsOf(options, [
    'issuer',
    'tokenEndpoint',
    'revocationEndpoint',
    'clientId',
    'clientSecret',
    'clientAuth',
    'scope',
    'grant',
    'refreshToken',
  ]);
  if ((tokenEndpoint ?? issuer) === undefined) throw misuse('issuer', 'given, unless "tokenEndpoint" is');
  return grantOf({
    name: nameOf(tokenEndpoint ?? issuer, { clientId, grant, scope }),
    issuer,
    description: {
      kind: 'oauth2',
      clientId,
      clientSecret,
      clientAuth,
      scope,
      grant,
      refreshToken,
      issuer,
      tokenEndpoint: optional(tokenEndpoint),
      revocationEndpoint: optional(revocationEndpoint),
    },
  });
}

/**
 * Options of {@link authorizationCode}: a public client that sends its users to an authorization server. URLs are absolute,
 * and https unless they are on loopback.
 * @example
 * ```ts
 * import { type AuthorizationCodeOptions, authorizationCode } from 'tokenward';
 *
 * const options: AuthorizationCodeOptions = {
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-page',
 *   redirectUri: 'https://app.example.com/callback',
 *   scope: 'openid orders:read',
 * };
 * const grant = authorizationCode(options);
 * ```
 */
export interface AuthorizationCodeOptions {
  /**
   * Endpoints that are not given are read from the issuer's metadata, once (OpenID Connect Discovery 1.0, then RFC 8414). A
   * response that names another issuer is rejected, and so is one that names none if the metadata say that all do (RFC 9207).
   * They are read for that even if all endpoints are given; an issuer without metadata is fine then.
   */
  issuer?: string;
  /** The authorization endpoint, which users visit (RFC 6749 §3.1). Default: from the metadata of `issuer`. */
  authorizationEndpoint?: string | URL;
  /** The token endpoint (RFC 6749 §3.2). Default: from the metadata of `issuer`. */
  tokenEndpoint?: string | URL;
  /** The revocation endpoint (RFC 7009). Default: from the metadata of `issuer`, if they name one. */
  revocationEndpoint?: string | URL;
  /** The client identifier (RFC 6749 §2.2). */
  clientId: string;
  /** The URL that users come back to, exactly as it is registered at the server. */
  redirectUri: string | URL;
  /** The scopes to request, separated by spaces. Default: those of the server. */
  scope?: string;
}

/**
 * The authorization code grant with PKCE (RFC 6749 §4.1, RFC 7636), for public clients. {@link beginAuthorization} returns the
 * URL to visit, and {@link completeAuthorization} takes the URL that came back.
 * @throws ERR_INVALID_ARG; ERR_INSECURE_URL for a URL that is not absolute
 * @example
 * ```ts
 * import { authorizationCode, createSession, indexedDbStore } from 'tokenward';
 *
 * const session = createSession({
 *   store: indexedDbStore(),
 *   grant: authorizationCode({
 *     issuer: 'https://login.example.com',
 *     clientId: 'my-page',
 *     redirectUri: 'https://app.example.com/callback',
 *   }),
 * });
 * ```
 */
export function authorizationCode(options: AuthorizationCodeOptions): Grant {
  const { authorizationEndpoint, tokenEndpoint, revocationEndpoint, redirectUri, issuer, clientId, scope } = optionsOf(options, [
    'issuer',
    'authorizationEndpoint',
    'tokenEndpoint',
    'revocationEndpoint',
    'clientId',
    'redirectUri',
    'scope',
  ]);
  const redirect = readable(() => String(redirectUri), 'redirectUri');
  const endpoint = authorizationEndpoint === undefined ? undefined : absolute(authorizationEndpoint).href;
  if ((endpoint ?? issuer) === undefined || (tokenEndpoint ?? issuer) === undefined)
    throw misuse('issuer', 'given, unless "authorizationEndpoint" and "tokenEndpoint" are');
  if (scope !== undefined && typeof scope !== 'string') throw misuse('scope', 'a string', scope);
  return grantOf({
    name: nameOf(tokenEndpoint ?? issuer, { clientId, grant: 'code', scope }),
    issuer,
    description: {
      kind: 'authorizationCode',
      clientId,
      issuer,
      redirectUri: redirect,
      tokenEndpoint: optional(tokenEndpoint),
      revocationEndpoint: optional(revocationEndpoint),
    },
    authorization: { endpoint, clientId, redirectUri: redirect, scope, issuer },
  });
}

/**
 * Options of {@link cookieRefresh}.
 * @example
 * ```ts
 * import { type CookieRefreshOptions, cookieRefresh } from 'tokenward';
 *
 * const options: CookieRefreshOptions = { url: 'https://app.example.com/refresh', header: ['x-csrf', '1'] };
 * const grant = cookieRefresh(options);
 * ```
 */
export interface CookieRefreshOptions {
  /** Takes a POST with the cookie and answers with an access token. Absolute, and https unless it is on loopback. */
  url: string | URL;
  /** A header that pages of other origins may not send without a preflight. Default: `x-requested-with: tokenward`. */
  header?: [name: string, value: string];
}

/**
 * A refresh token in an HttpOnly cookie that no script can read. A POST with the cookie returns an access token. Any 401 means
 * that the cookie has expired, and so does a 400 with `{"error":"invalid_grant"}`. Any other response is an outage and ends no
 * session.
 * @throws ERR_INVALID_ARG; ERR_INSECURE_URL for a URL that is not absolute
 * @example
 * ```ts
 * import { cookieRefresh, createBearerFetch } from 'tokenward';
 *
 * const api = createBearerFetch({
 *   resources: 'https://api.example.com/',
 *   session: { grant: cookieRefresh({ url: 'https://app.example.com/refresh' }) },
 * });
 * ```
 */
export function cookieRefresh(options: CookieRefreshOptions): Grant {
  const { url, header = ['x-requested-with', 'tokenward'] } = optionsOf(options, ['url', 'header']);
  const isHeader = () => Array.isArray(header) && typeof header[0] === 'string' && typeof header[1] === 'string';
  if (!readable(isHeader, 'header')) throw misuse('header', 'a list of a name and a value, both strings');
  const endpoint = absolute(url);
  return grantOf({
    name: nameOf(endpoint, { grant: 'cookie' }),
    description: { kind: 'cookieRefresh', url: partsOf(endpoint), headerName: header[0], headerValue: header[1] },
  });
}

/**
 * Obtains tokens in the caller's own way and resolves to a token response (RFC 6749 §5.1). A thrown `{error: 'invalid_grant'}`
 * is a rejection; anything else that is thrown is an outage.
 * @example
 * ```ts
 * import type { TokenRequester } from 'tokenward';
 *
 * const acquire: TokenRequester = async ({ signal }) => {
 *   const response = await fetch('/my/token', { method: 'POST', signal });
 *   return await response.json() as Record<string, unknown>;
 * };
 * ```
 */
export type TokenRequester = (context: { refreshToken?: string; signal: AbortSignal }) => Promise<Record<string, unknown>>;

/**
 * Options of {@link customGrant}. A session cannot do what has no function here.
 * @example
 * ```ts
 * import { type CustomGrantOptions, customGrant } from 'tokenward';
 *
 * const options: CustomGrantOptions = {
 *   acquire: async () => ({ access_token: 'from a vault', expires_in: 300 }),
 * };
 * const grant = customGrant(options);
 * ```
 */
export interface CustomGrantOptions {
  /** Obtains the first tokens. */
  acquire?: TokenRequester;
  /** Obtains tokens for `refreshToken`. */
  refresh?: TokenRequester;
  /** Revokes the refresh token, or the access token if there is none. */
  revoke?: (token: string) => Promise<void>;
}

/**
 * A grant of the caller's own functions. With a `store`, the session needs a `name`, since nothing tells two such grants apart.
 * @throws ERR_INVALID_ARG
 * @example
 * ```ts
 * import { createSession, customGrant } from 'tokenward';
 *
 * const session = createSession({
 *   grant: customGrant({
 *     acquire: async () => ({ access_token: 'from a vault', expires_in: 300 }),
 *   }),
 * });
 * ```
 */
export function customGrant(options: CustomGrantOptions): Grant {
  const { acquire, refresh, revoke } = optionsOf(options, ['acquire', 'refresh', 'revoke']);
  checkFunctions({ acquire, refresh, revoke });
  return grantOf({
    description: { kind: 'custom', acquires: acquire !== undefined, refreshes: refresh !== undefined, revokes: revoke !== undefined },
    act(purpose, token, signal) {
      if (purpose === 'revoke') return revoke?.(token ?? '');
      return (purpose === 'acquire' ? acquire : refresh)?.({ signal, ...(token !== undefined && { refreshToken: token }) });
    },
  });
}

/** The parts of a grant that this package made. @internal */
export function readGrant(grant: Grant): GrantParts {
  const parts = typeof grant === 'object' && grant !== null ? partsOfGrant.get(grant) : undefined;
  if (!parts) throw misuse('grant', 'a grant that jsonLogin, oauth2, authorizationCode, cookieRefresh or customGrant returned', grant);
  return parts;
}

function grantOf(parts: GrantParts): Grant {
  const grant: Grant = Object.freeze({ kind: parts.description.kind });
  partsOfGrant.set(grant, own(parts));
  return grant;
}

/** Names a record. Two clients of one server have two, and so have two sign-ins of one client that get other tokens. */
function nameOf(url: string | URL | undefined, parts: { [name: string]: string | undefined } = {}): string {
  const { origin, pathname, search } = absolute(url ?? '');
  const words = Object.entries(parts).map(([name, part]) => `#${readable(() => encodeURIComponent(part ?? ''), name)}`);
  return origin + pathname + search + words.join('');
}

function optional(url: string | URL | undefined): UrlParts | undefined {
  return url === undefined ? undefined : partsOf(absolute(url));
}

function absolute(url: string | URL): URL {
  try {
    return resolve(url);
  } catch {
    throw refusal('not-a-url');
  }
}
