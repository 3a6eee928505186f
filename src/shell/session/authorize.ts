// Sends the user to the authorization server and takes the response. The requests that wait for one are in the store.

import { authorizingOf, type Authorizing } from './session.js';
import { call } from '../boundary/instance.js';
import { inTime, readClock } from './driver.js';
import type { Change } from './pending.js';
import { misuse } from '../arguments.js';
import { isTokenwardError } from '../error.js';
import { refusal } from '../refusal.js';
import type { Session, SessionSnapshot } from '../types.js';

/** Characters of a URL that came back. Codes of large servers take up some thousands. */
const MAX_URL_LENGTH = 0x10000;

/**
 * The URL to visit. What must be known when the user comes back is kept in the session's store, so that has to outlive
 * the page where the page is left. The newest eight requests of a session are kept, for an hour each.
 * @throws (rejects with) ERR_INVALID_ARG for a session of another grant, ERR_TOKEN_STORE_UNAVAILABLE; where the endpoint is
 * discovered, also why it could not be, and ERR_TOKEN_TIMEOUT after `timeoutMs`
 */
export async function beginAuthorization(session: Session): Promise<{ url: string; state: string }> {
  const found = authorizing(session);
  const {
    authorization: { endpoint: given, clientId, redirectUri, scope }, issuer, timeoutMs, pending, now,
  } = found;
  const endpoint = given ?? await fetched(async (signal) => await issuer?.endpoint('authorization_endpoint', signal) ?? '', timeoutMs);
  const random = crypto.getRandomValues(new Uint8Array(64));
  return pending.change((record) => {
    const [wall, , isGiven] = readClock(now);
    return JSON.parse(call('authorization_request', endpoint, clientId, redirectUri, scope, random, record, wall, isGiven)) as
      Change<{ url: string; state: string }>;
  });
}

/**
 * Signs in with the URL that the user came back to. Each request can be completed once.
 * @throws (rejects with) ERR_INVALID_ARG for a URL that answers no request of this session, ERR_LOGIN_REJECTED,
 * ERR_TOKEN_STORE_UNAVAILABLE; if the grant has an `issuer`, also the reason why its metadata cannot be read
 */
export async function completeAuthorization(session: Session, returned: string | URL): Promise<SessionSnapshot> {
  const found = authorizing(session);
  const { authorization: { issuer }, pending, now } = found;
  const response = read(returned);
  // Anybody can write a link. One that is none of ours costs no look into the store.
  call('authorization_check', response);
  const signOuts = found.signOuts();
  const take = (record: string | undefined) => {
    const [wall, , isGiven] = readClock(now);
    return JSON.parse(call('authorization_take', response, record, wall, isGiven)) as Change<string>;
  };
  // Unknown requests ask nothing of the issuer, and a known one outlives an outage of it.
  if (issuer !== undefined) take(await pending.load());
  const named = await namesIssuer(found);
  const verifier = await pending.change(take);
  const code = call('authorization_code', response, issuer, named);
  // A sign-out since then meant this sign-in too.
  if (found.signOuts() !== signOuts) throw refusal('signed-out');
  return found.signIn(code, verifier);
}

/** The query of the URL, decoded, as a JSON list of names and values: empty if there is no URL, or a longer one than any of ours. */
function read(returned: string | URL): string {
  try {
    const { href, searchParams } = new URL(returned);
    if (href.length <= MAX_URL_LENGTH) return JSON.stringify([...searchParams]);
  } catch {
    // Not a URL.
  }
  return '[]';
}

/** Whether the issuer says that all its responses name it (RFC 9207 §3). */
async function namesIssuer({ authorization: { endpoint }, issuer, timeoutMs }: Authorizing): Promise<boolean> {
  if (!issuer) return false;
  try {
    return (await fetched((signal) => issuer.metadata(signal), timeoutMs)).named;
  } catch (error) {
    // An issuer whose endpoints are given may have no metadata. That they cannot be read just now says nothing.
    if (endpoint !== undefined && isTokenwardError(error) && !error.retryable) return false;
    throw error;
  }
}

/** Metadata, for no longer than a token request may take. */
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
  if (!found) throw misuse('session', 'a session whose grant is authorizationCode');
  return found;
}
