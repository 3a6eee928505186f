// The two ends of an authorization: the URL to visit, and the URL that came back.

import { authorizingOf, type Authorizing } from './session.js';
import { call } from '../boundary/instance.js';
import { inTime, readClock } from './driver.js';
import type { Change } from './pending.js';
import { guarded, misuse } from '../arguments.js';
import { madeElsewhere } from '../made-by.js';
import { isTokenwardError } from '../error.js';
import { refusal } from '../boundary/refusal.js';
import type { Session, SessionSnapshot } from '../types.js';

/** Characters of a URL that came back. The codes of some servers have several thousand. */
const MAX_URL_LENGTH = 0x10000;

/**
 * Starts a sign-in with {@link authorizationCode} and returns the URL to visit. The request waits in the session's store, for up
 * to an hour; of each session, the newest eight wait. The store must outlive the page.
 * @returns `url` to visit, and the `state` in it
 * @throws (rejects with) ERR_INVALID_ARG for a session of another grant; ERR_TOKEN_STORE_UNAVAILABLE; if the endpoint is read from
 * the issuer's metadata, also ERR_TOKEN_ENDPOINT_MISCONFIGURED, ERR_TOKEN_REFRESH_UNAVAILABLE, ERR_INSECURE_URL, or ERR_TOKEN_TIMEOUT
 * after `timeoutMs`
 * @example
 * ```ts
 * import { beginAuthorization } from 'tokenward';
 *
 * const { url } = await beginAuthorization(session);
 * location.assign(url);
 * ```
 */
export async function beginAuthorization(session: Session): Promise<{ url: string; state: string }> {
  const found = authorizing(session);
  const {
    authorization: { endpoint: given, clientId, redirectUri, scope },
    issuer,
    timeoutMs,
    pending,
    now,
  } = found;
  const endpoint = given ?? (await fetched(async (signal) => (await issuer?.endpoint('authorization_endpoint', signal)) ?? '', timeoutMs));
  return pending.change((record) => {
    const [wall, , isGiven] = readClock(now);
    return JSON.parse(call('authorization_request', endpoint, clientId, redirectUri, scope, record, wall, isGiven)) as Change<{
      url: string;
      state: string;
    }>;
  });
}

/**
 * Completes a sign-in with the URL that the user came back to. Each request can be completed once.
 * @throws (rejects with) ERR_INVALID_ARG for a URL that does not answer a waiting request of this session; ERR_LOGIN_REJECTED if the
 * user or the server refused, or another issuer answered (RFC 9207); ERR_TOKEN_STORE_UNAVAILABLE; ERR_SESSION_SIGNED_OUT after a
 * sign-out in between; if the grant has an `issuer`, the reason why its metadata cannot be read; ERR_TOKEN_* if the code cannot be
 * exchanged
 * @example
 * ```ts
 * import { completeAuthorization } from 'tokenward';
 *
 * const snapshot = await completeAuthorization(session, location.href);
 * if (snapshot.status === 'active') console.log(snapshot.subject);
 * ```
 */
export async function completeAuthorization(session: Session, returned: string | URL): Promise<SessionSnapshot> {
  const found = authorizing(session);
  const {
    authorization: { issuer },
    pending,
    now,
  } = found;
  const response = read(returned);
  // Any page can link here. A `state` that cannot be ours is rejected before the store is asked.
  const namesItself = call('authorization_check', response);
  const signOuts = found.signOuts();
  const take = (record: string | undefined) => {
    const [wall, , isGiven] = readClock(now);
    return JSON.parse(call('authorization_take', response, record, wall, isGiven)) as Change<string>;
  };
  let named = false;
  // A response with `iss` is compared as it is. Without, the metadata say whether it may be missing.
  if (issuer !== undefined && !namesItself) {
    // First, so that a link cannot cause the fetch. The request stays, so that an outage does not cost it.
    take(await pending.load());
    named = await namesIssuer(found);
  }
  const verifier = await pending.change(take);
  const code = call('authorization_code', response, issuer, named);
  // A sign-out in between ends this sign-in too.
  if (found.signOuts() !== signOuts) throw refusal('signed-out');
  return found.signIn(code, verifier);
}

/** The query of the URL as a JSON list of names and values; empty if it is no URL or too long. */
function read(returned: string | URL): string {
  try {
    const { href, searchParams } = new URL(returned);
    if (href.length <= MAX_URL_LENGTH) return JSON.stringify([...searchParams]);
  } catch {
    // Not a URL.
  }
  return '[]';
}

/** Whether the metadata of the issuer say that every response names it (RFC 9207 §3). */
async function namesIssuer({ authorization: { endpoint }, issuer, timeoutMs }: Authorizing): Promise<boolean> {
  if (!issuer) return false;
  try {
    return (await fetched((signal) => issuer.metadata(signal), timeoutMs)).named;
  } catch (error) {
    // An issuer may have no metadata if its endpoints are given. An outage does not show that it has none.
    if (endpoint !== undefined && isTokenwardError(error) && !error.retryable) return false;
    throw error;
  }
}

/** Fetches metadata within the time of a token request. */
async function fetched<T>(ask: (signal: AbortSignal) => Promise<T>, timeoutMs: number): Promise<T> {
  const late = new AbortController();
  try {
    return await inTime(() => ask(late.signal), timeoutMs);
  } catch (error) {
    throw error ?? refusal('timeout');
  } finally {
    late.abort();
  }
}

function authorizing(session: Session): Authorizing {
  const found = authorizingOf(session);
  if (!found) {
    const wrong = () => misuse('session', 'a session whose grant is authorizationCode');
    throw guarded(() => madeElsewhere('session', Object(session) as object), wrong) ?? wrong();
  }
  return found;
}
