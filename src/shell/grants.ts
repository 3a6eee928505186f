// How a session obtains its tokens: descriptions that src/session/grant.rs reads.

import { call } from './instance.js';
import type { Grant } from './types.js';
import { partsOf, resolve, type UrlParts } from './url.js';

interface Credentials { username: string; password: string }

/** What a session needs to know of a grant. */
export interface GrantParts {
  readonly description: { readonly kind: string; readonly [member: string]: unknown };
  /** Where the name of record, lock and channel comes from. */
  readonly endpoint: URL;
  readonly ask?: () => unknown;
}

const partsOfGrant = new WeakMap<object, GrantParts>();

export interface JsonLoginOptions {
  /** Takes `{username, password}`, and `{refresh_token}` where there is no `refreshUrl`. */
  tokenUrl: string | URL;
  refreshUrl?: string | URL;
  /** Takes `{refresh_token}`, with the access token as Bearer, at logout. */
  revokeUrl?: string | URL;
  /** Asked when nothing else is left, never after a logout. What it gives is kept nowhere. */
  credentials?: () => Credentials | Promise<Credentials>;
  /** Where the members of the answer stand. Default: `access_token` or `token`, `refresh_token`, `expires_in`. */
  fields?: { accessToken?: string; refreshToken?: string; expiresIn?: string };
}

/**
 * A first-party login API in JSON: `{username, password}` is posted, `{token, refresh_token, token_type, expires_in}`
 * comes back, and a refresh posts `{refresh_token}`.
 * @throws ERR_INSECURE_URL for what is not an absolute URL. Whether it is secure enough, the session decides.
 */
export function jsonLogin(options: JsonLoginOptions): Grant {
  if (typeof options !== 'object' || options === null) throw refusal('grant');
  const { tokenUrl, refreshUrl, revokeUrl, credentials, fields } = options;
  if (credentials !== undefined && typeof credentials !== 'function') throw refusal('credentials');
  const endpoint = absolute(tokenUrl);
  return grantOf({
    endpoint,
    description: {
      kind: 'jsonLogin', tokenUrl: partsOf(endpoint), refreshUrl: optional(refreshUrl), revokeUrl: optional(revokeUrl),
      asks: credentials !== undefined, fields,
    },
    ...(credentials && { ask: credentials }),
  });
}

/** The parts of a grant that a grant function of this package made. */
export function readGrant(grant: Grant): GrantParts {
  const parts = typeof grant === 'object' && grant !== null ? partsOfGrant.get(grant) : undefined;
  if (!parts) throw refusal('grant');
  return parts;
}

/** What the caller did wrong, in the module's words. */
export function refusal(what: string): unknown {
  try {
    return call('session_refuse', what);
  } catch (error) {
    return error;
  }
}

function grantOf(parts: GrantParts): Grant {
  const grant: Grant = Object.freeze({ kind: parts.description.kind });
  partsOfGrant.set(grant, parts);
  return grant;
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
