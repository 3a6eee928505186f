// Sends the user to the authorization server and takes what comes back. What waits meanwhile waits in the store.

import { authorizingOf, type Authorizing } from './session.js';
import { call } from '../boundary/instance.js';
import { inTime, STORE_TIME_LIMIT_MS } from './driver.js';
import { misuse } from '../arguments.js';
import { refusal } from '../refusal.js';
import type { Session, SessionSnapshot } from '../types.js';

/**
 * The URL to visit. What must be known when the user comes back is kept in the session's store, so that has to outlive
 * the page where the page is left.
 * @throws (rejects with) ERR_INVALID_ARG for a session of another grant, ERR_TOKEN_STORE_UNAVAILABLE; where the endpoint is
 * discovered, also why it could not be, and ERR_TOKEN_TIMEOUT after `timeoutMs`
 */
export async function beginAuthorization(session: Session): Promise<{ url: string; state: string }> {
  const { authorization: { endpoint: given, clientId, redirectUri, scope }, issuer, timeoutMs, store, key } = authorizing(session);
  const endpoint = given ?? await fetched(async (signal) => await issuer?.endpoint('authorization_endpoint', signal) ?? '', timeoutMs);
  const random = crypto.getRandomValues(new Uint8Array(64));
  const { url, state, verifier } = JSON.parse(call('authorization_request', endpoint, clientId, redirectUri, scope, random)) as
    { url: string; state: string; verifier: string };
  await stored(() => store.save(`${key}:${state}`, verifier, null));
  return { url, state };
}

/**
 * Signs in with the URL that the user came back to. Each request can be completed once.
 * @throws (rejects with) ERR_INVALID_ARG for a URL that answers nothing of this session's, ERR_LOGIN_REJECTED,
 * ERR_TOKEN_STORE_UNAVAILABLE
 */
export async function completeAuthorization(session: Session, returned: string | URL): Promise<SessionSnapshot> {
  const { authorization: { endpoint, issuer }, issuer: source, timeoutMs, store, key, signIn } = authorizing(session);
  let answer: URLSearchParams;
  try {
    answer = new URL(returned).searchParams;
  } catch {
    throw misuse('returned', RETURNED);
  }
  // Before the request is crossed off, so that an outage does not cost it.
  const { named } = endpoint === undefined && source ? await fetched((signal) => source.metadata(signal), timeoutMs) : { named: false };
  const pending = `${key}:${answer.get('state')}`;
  const waiting = await stored(() => store.load(pending));
  if (!waiting || !await stored(() => store.clear(pending, waiting.version))) throw misuse('returned', RETURNED);
  const code = call('authorization_code', answer.get('code'), answer.get('error'), answer.get('iss'), issuer, named);
  return signIn(code, waiting.record);
}

const RETURNED = 'the URL that came back, for a request that this session began and has not completed';

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

/** What a store throws is its own affair, and may name what it was given. */
async function stored<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await inTime(use, STORE_TIME_LIMIT_MS);
  } catch {
    throw refusal('store-unavailable');
  }
}

function authorizing(session: Session): Authorizing {
  const found = authorizingOf(session);
  if (!found) throw misuse('session', 'a session whose grant is authorizationCode');
  return found;
}
