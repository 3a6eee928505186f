// How a session obtains its tokens: descriptions that src/session/grant.rs reads.

import type { Host } from './driver.js';
import { checkFunctions, misuse, optionsOf, own, readable } from '../arguments.js';
import { refusal } from '../refusal.js';
import type { Grant } from '../types.js';
import { partsOf, resolve, type UrlParts } from '../url.js';

/** What a session needs to know of a grant. */
export interface GrantParts {
  readonly description: { readonly kind: string; readonly [member: string]: unknown };
  /** What the name of record, lock and channel comes from. Functions have none. */
  readonly name?: string;
  /** Whose metadata has the endpoints that are not given. */
  readonly issuer?: string | undefined;
  readonly ask?: () => unknown;
  readonly act?: Host['act'];
  readonly authorization?: Authorization;
}

/** What an authorization request is made of. Without an endpoint, the issuer's metadata has it. */
export interface Authorization {
  endpoint: string | undefined; clientId: string; redirectUri: string; scope: string | undefined; issuer: string | undefined;
}

const partsOfGrant = new WeakMap<object, GrantParts>();

/** Where a first-party login API is, and how it speaks. */
export interface JsonLoginOptions {
  /** Takes `{username, password}`, and `{refresh_token}` where there is no `refreshUrl`. */
  tokenUrl: string | URL;
  /** Takes `{refresh_token}`. Default: `tokenUrl`. */
  refreshUrl?: string | URL;
  /** Takes `{refresh_token}`, with the access token as Bearer, at logout. */
  revokeUrl?: string | URL;
  /** Asked when nothing else is left, never after a logout. What it gives is kept nowhere. */
  credentials?: () => { username: string; password: string } | Promise<{ username: string; password: string }>;
  /** Where the members of the answer stand. Default: `access_token` or `token`, `refresh_token`, `expires_in`. */
  fields?: { accessToken?: string; refreshToken?: string; expiresIn?: string };
}

/**
 * A first-party login API in JSON: `{username, password}` is posted, `{token, refresh_token, token_type, expires_in}`
 * comes back, and a refresh posts `{refresh_token}`. A refresh is refused with 400 or 401 and `{"error":"invalid_grant"}`:
 * any other answer is a failure of the server's and signs nobody out. A login is refused with any 401 too.
 * @throws ERR_INSECURE_URL for what is not an absolute URL. Whether it is secure enough, the session decides.
 */
export function jsonLogin(options: JsonLoginOptions): Grant {
  const given = optionsOf(options, ['tokenUrl', 'refreshUrl', 'revokeUrl', 'credentials', 'fields']);
  const { tokenUrl, refreshUrl, revokeUrl, credentials } = given;
  const fields = given.fields && optionsOf(given.fields, ['accessToken', 'refreshToken', 'expiresIn'], 'fields');
  checkFunctions({ credentials });
  const endpoint = absolute(tokenUrl);
  return grantOf({
    name: nameOf(endpoint),
    description: {
      kind: 'jsonLogin', tokenUrl: partsOf(endpoint), refreshUrl: optional(refreshUrl), revokeUrl: optional(revokeUrl),
      asks: credentials !== undefined, fields,
    },
    ...(credentials && { ask: credentials }),
  });
}

/** An OAuth 2.0 client and its server. */
export interface OAuth2Options {
  /** Endpoints that are not given are read from its metadata (OpenID Connect Discovery, then RFC 8414), once. */
  issuer?: string;
  /** RFC 6749 §3.2. */
  tokenEndpoint?: string | URL;
  /** RFC 7009. */
  revocationEndpoint?: string | URL;
  /** The name of the client at the server. */
  clientId: string;
  /** For clients that can keep one: never in a page. */
  clientSecret?: string;
  /** Default: `client_secret_basic` with a secret, `none` without. */
  clientAuth?: 'client_secret_basic' | 'client_secret_post' | 'none';
  /** What is asked for, space separated. */
  scope?: string;
  /** How the first token is obtained. */
  grant: 'client_credentials' | 'refresh_token';
  /** The first one. Those that follow are kept in the store. */
  refreshToken?: string;
}

/**
 * OAuth 2.0 (RFC 6749): client credentials, or a refresh token that the client was given.
 * @throws ERR_INVALID_ARG, ERR_INSECURE_URL
 */
export function oauth2(options: OAuth2Options): Grant {
  const { tokenEndpoint, revocationEndpoint, issuer, clientId, clientSecret, clientAuth, scope, grant, refreshToken } = optionsOf(options, [
    'issuer', 'tokenEndpoint', 'revocationEndpoint', 'clientId', 'clientSecret', 'clientAuth', 'scope', 'grant', 'refreshToken',
  ]);
  if ((tokenEndpoint ?? issuer) === undefined) throw misuse('issuer', 'given, unless "tokenEndpoint" is');
  return grantOf({
    name: nameOf(tokenEndpoint ?? issuer, { clientId, grant, scope }),
    issuer,
    description: {
      kind: 'oauth2', clientId, clientSecret, clientAuth, scope, grant, refreshToken, issuer,
      tokenEndpoint: optional(tokenEndpoint), revocationEndpoint: optional(revocationEndpoint),
    },
  });
}

/** A public client that sends its users to an authorization server. */
export interface AuthorizationCodeOptions {
  /**
   * Endpoints that are not given are read from its metadata (OpenID Connect Discovery, then RFC 8414), once. A response
   * that names another issuer is refused (RFC 9207).
   */
  issuer?: string;
  /** RFC 6749 §3.1: where users go. */
  authorizationEndpoint?: string | URL;
  /** RFC 6749 §3.2. */
  tokenEndpoint?: string | URL;
  /** RFC 7009. */
  revocationEndpoint?: string | URL;
  /** The name of the client at the server. */
  clientId: string;
  /** Where users come back to, letter for letter as the server knows it. */
  redirectUri: string | URL;
  /** What is asked for, space separated. */
  scope?: string;
}

/**
 * The authorization code grant with PKCE (RFC 7636), for public clients. `beginAuthorization` gives the URL to visit,
 * `completeAuthorization` takes the one that came back.
 * @throws ERR_INVALID_ARG, ERR_INSECURE_URL
 */
export function authorizationCode(options: AuthorizationCodeOptions): Grant {
  const { authorizationEndpoint, tokenEndpoint, revocationEndpoint, redirectUri, issuer, clientId, scope } = optionsOf(options, [
    'issuer', 'authorizationEndpoint', 'tokenEndpoint', 'revocationEndpoint', 'clientId', 'redirectUri', 'scope',
  ]);
  const redirect = readable(() => String(redirectUri), 'redirectUri');
  const endpoint = authorizationEndpoint === undefined ? undefined : absolute(authorizationEndpoint).href;
  if ((endpoint ?? issuer) === undefined || (tokenEndpoint ?? issuer) === undefined) throw misuse('issuer', 'given, unless "authorizationEndpoint" and "tokenEndpoint" are');
  if (scope !== undefined && typeof scope !== 'string') throw misuse('scope', 'a string', scope);
  return grantOf({
    name: nameOf(tokenEndpoint ?? issuer, { clientId, grant: 'code', scope }),
    issuer,
    description: {
      kind: 'authorizationCode', clientId, issuer, redirectUri: redirect, tokenEndpoint: optional(tokenEndpoint),
      revocationEndpoint: optional(revocationEndpoint),
    },
    authorization: { endpoint, clientId, redirectUri: redirect, scope, issuer },
  });
}

/** Where a refresh by cookie is answered. */
export interface CookieRefreshOptions {
  /** Takes a `POST` with the cookie, and answers with an access token. */
  url: string | URL;
  /** Makes other origins' pages ask first. Default: `x-requested-with: tokenward`. */
  header?: [name: string, value: string];
}

/**
 * The refresh token lives in an HttpOnly cookie that script never sees: a `POST` with the cookie gives access tokens. Any 401
 * says that the cookie is over, since most such endpoints say no more than that; 400 with `{"error":"invalid_grant"}` does
 * too. Any other answer is a failure of the server's and signs nobody out.
 * @throws ERR_INVALID_ARG, ERR_INSECURE_URL
 */
export function cookieRefresh(options: CookieRefreshOptions): Grant {
  const { url, header = ['x-requested-with', 'tokenward'] } = optionsOf(options, ['url', 'header']);
  const isHeader = () => Array.isArray(header) && typeof header[0] === 'string' && typeof header[1] === 'string';
  if (!readable(isHeader, 'header')) throw misuse('header', 'a list of a name and a value, both strings');
  const endpoint = absolute(url);
  return grantOf({
    name: nameOf(endpoint, { grant: 'cookie' }), description: { kind: 'cookieRefresh', url: partsOf(endpoint), headerName: header[0], headerValue: header[1] },
  });
}

/** Obtains tokens in the caller's own way: resolves to a token response. A thrown `{error: 'invalid_grant'}` is a refusal. */
export type TokenRequester = (context: { refreshToken?: string; signal: AbortSignal }) => Promise<Record<string, unknown>>;

/** The caller's own functions. What is left out cannot be done. */
export interface CustomGrantOptions {
  /** Tokens from nothing. */
  acquire?: TokenRequester;
  /** Tokens for a refresh token. */
  refresh?: TokenRequester;
  /** Takes back the refresh token, or where there is none the access token. */
  revoke?: (token: string) => Promise<void>;
}

/**
 * The caller's own functions. Nothing tells two sessions with such grants apart: with a `store`, the session needs a `name`.
 * @throws ERR_INVALID_ARG
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

/** The parts of a grant that a grant function of this package made. */
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
  const { origin, pathname } = absolute(url ?? '');
  const words = Object.entries(parts).map(([name, part]) => `#${readable(() => encodeURIComponent(part ?? ''), name)}`);
  return origin + pathname + words.join('');
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
