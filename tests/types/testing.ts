// "tokenward/testing", seen from a user's strict project. Compiled, never run.

import { KeySet, Verifier, createSession, jsonLogin, type Algorithm, type ErrorCode, type Jwk } from 'tokenward';
import {
  createClock,
  createIssuer,
  createKey,
  createTokenEndpoint,
  wrongTokens,
  type Failure,
  type TestClock,
  type TestIssuer,
  type TestKey,
  type TestTokenEndpoint,
  type WrongToken,
} from 'tokenward/testing';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => {};

const clock: TestClock = createClock(new Date());
declare const key: TestKey;
same<ReturnType<typeof createKey>, Promise<TestKey>>(true);
void createKey('ML-DSA-44', { kid: null });
same<typeof key.alg, Algorithm>(true);
same<typeof key.jwk, Jwk>(true);
same<ReturnType<typeof key.sign>, Promise<string>>(true);
declare const issuer: TestIssuer;
same<ReturnType<typeof createIssuer>, Promise<TestIssuer>>(true);
void createIssuer({ algorithms: ['RS256', 'ES256K'], now: clock.now });
new Verifier({ ...issuer.rules, keys: KeySet.fromUrl(issuer.jwksUrl, { fetch: issuer.fetch, now: clock.now }) });
const hostFetch: typeof fetch = issuer.fetch;
void hostFetch;
same<ReturnType<typeof issuer.token>, Promise<string>>(true);
void issuer.token({ scope: 'read', exp: undefined }, { alg: 'RS256', header: { typ: 'at+jwt' } });
for (const { kind, code } of wrongTokens) {
  same<typeof kind, WrongToken>(true);
  same<typeof code, ErrorCode>(true);
  void issuer.wrong(kind);
}
const failure: Failure = 'rate-limited';
issuer.fail(failure, 2);
issuer.fail(({ url }) => (url.endsWith('.json') ? new Response() : undefined));
const endpoint: TestTokenEndpoint = createTokenEndpoint({ issuer, users: { ada: 'x' } });
createSession({ grant: jsonLogin({ tokenUrl: endpoint.tokenUrl }), fetch: endpoint.fetch, now: clock.now });
same<ReturnType<typeof endpoint.accepts>, boolean>(true);
// @ts-expect-error: no such flaw
void issuer.wrong('nonsense');
// @ts-expect-error: no such failure
issuer.fail('nonsense');
// @ts-expect-error: nothing signs with none
void createKey('none');
