// Sessions, grants and stores, seen from a user's strict project. Compiled, never run.

import {
  authorizationCode,
  beginAuthorization,
  completeAuthorization,
  createBearerFetch,
  createSession,
  jsonLogin,
  oauth2,
  type Grant,
  type Session,
  type SessionEvents,
  type SessionSnapshot,
  type TokenStore,
} from 'tokenward';
import { createBearerFetch as smallBearerFetch } from 'tokenward/session';
import { TokenStoreObject, durableObjectStore, redisTokenStore, type TokenStore as SharedStore } from 'tokenward/stores';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => {};

// ── as the fetch of a client
const session: Session = createSession({ grant: jsonLogin({ tokenUrl: 'https://login.test/token' }) });
const bearer = createBearerFetch({ session, resources: ['https://api.test', new URL('https://second.test/v1/')], foreign: 'throw' });
const global: typeof globalThis.fetch = bearer;
const small: typeof fetch = smallBearerFetch({ session, resources: 'https://api.test' });
declare function client(options: { fetch?: typeof globalThis.fetch; custom?: (input: Request) => Promise<Response> }): void;
client({ fetch: bearer, custom: bearer });
same<Parameters<typeof fetch>[0] extends Parameters<typeof bearer>[0] ? true : false, true>(true);
same<Awaited<ReturnType<typeof bearer>>, Response>(true);
void [global, small];

// ── grants
const grants: Grant[] = [
  oauth2({ issuer: 'https://login.test', clientId: 'a', clientSecret: 's', grant: 'client_credentials' }),
  oauth2({ tokenEndpoint: new URL('https://login.test/token'), clientId: 'a', grant: 'refresh_token', refreshToken: 'r' }),
  authorizationCode({ issuer: 'https://login.test', clientId: 'a', redirectUri: 'https://app.test/' }),
];
void grants;
same<ReturnType<typeof beginAuthorization>, Promise<{ url: string; state: string }>>(true);
same<ReturnType<typeof completeAuthorization>, Promise<SessionSnapshot>>(true);
// @ts-expect-error: RFC 9700 forbids it
oauth2({ issuer: 'https://login.test', clientId: 'a', grant: 'password' });

// ── stores
declare const connection: unknown;
const stores: TokenStore[] = [redisTokenStore(connection), durableObjectStore(connection)];
void stores;
same<SharedStore, TokenStore>(true);
same<ReturnType<TokenStoreObject['fetch']>, Promise<Response>>(true);
same<SessionEvents['refreshed'], { generation: number; durationMs: number; adopted: boolean }>(true);
