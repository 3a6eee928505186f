// The declarations of the packed package, seen from a user's strict project. Compiled, never run.

import {
  KeySet,
  VerificationKey,
  Verifier,
  checkExpiry,
  createBearerFetch,
  createBearerGuard,
  createSession,
  decode,
  importKey,
  isExpired,
  isTokenwardError,
  jsonLogin,
  memoryStore,
  parseChallenges,
  thumbprint,
  verify,
  verifySync,
  version,
  type Algorithm,
  type BearerFetch,
  type BearerGuard,
  type ErrorCode,
  type Expiry,
  type GuardResult,
  type IssuerRules,
  type JoseHeader,
  type Jwk,
  type KeyInput,
  type Result,
  type Rules,
  type Session,
  type SessionSnapshot,
  type TokenStore,
  type TokenwardError,
  type Verified,
  type VerifierOptions,
} from 'tokenward';
import * as session from 'tokenward/session';
import { init, initSync, verifySync as slimVerifySync } from 'tokenward/slim';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => {};

declare const token: string;
declare const cryptoKey: CryptoKey;
const rules: Rules = { issuer: 'https://issuer.test', audience: ['a', 'b'], algorithms: ['ES256'] };

// ── reading a token
const bare = decode(token);
same<typeof bare.header, JoseHeader>(true);
same<typeof bare.payload.aud, string | string[] | undefined>(true);
const decoded = decode<{ roles: string[] }>(token);
same<typeof decoded.payload.roles, string[]>(true);
same<typeof decoded.payload.exp, number | undefined>(true);
same<ReturnType<typeof checkExpiry>, Expiry>(true);
same<ReturnType<typeof isExpired>, boolean>(true);
checkExpiry(decoded.payload, { now: new Date(), clockTolerance: 5 });

// ── keys
const inputs: KeyInput[] = [
  cryptoKey,
  { kty: 'RSA', n: '', e: 'AQAB' },
  { keys: [] },
  '-----BEGIN PUBLIC KEY-----',
  new Uint8Array(32),
  new ArrayBuffer(32),
  KeySet.fromJwks({ keys: [] }),
  importKey('-----BEGIN PUBLIC KEY-----'),
];
void inputs;
same<ReturnType<typeof importKey>, VerificationKey>(true);
same<VerificationKey['algorithms'], Algorithm[]>(true);
same<Parameters<typeof thumbprint>[0], Jwk>(true);
importKey(new Uint8Array(32), { alg: 'HS256', allowShortSecret: true });
// @ts-expect-error: a set is not one key
importKey({ keys: [] });
// @ts-expect-error: made by its static methods only
new KeySet();

// ── verifying
const [now, later, slim] = [verifySync(token, cryptoKey, rules), verify(token, cryptoKey, rules), slimVerifySync(token, cryptoKey, rules)];
same<typeof now, Verified<{}>>(true);
same<typeof later, Promise<Verified<{}>>>(true);
same<typeof slim, Verified<{}>>(true);
same<typeof now.payload.sub, string | undefined>(true);
same<typeof now.key.alg, Algorithm>(true);
const verifier = new Verifier<{ tenant: string }>({ ...rules, keys: inputs[0]!, isRevoked: async () => false });
same<ReturnType<typeof verifier.safeVerifySync>, Result<{ tenant: string }>>(true);
const result = verifier.safeVerifySync(token);
if (result.ok) same<typeof result.payload.tenant, string>(true);
else same<typeof result.error.code, ErrorCode>(true);
const several = new Verifier<{ tenant: string }>({
  issuers: [{ issuer: 'https://issuer.test', audience: null, keys: inputs[0]!, typ: 'at+jwt', isRevoked: () => false }],
  cache: { maxEntries: 5 },
});
same<ReturnType<typeof several.verifyMany>, Promise<Result<{ tenant: string }>[]>>(true);
same<IssuerRules['issuer'], string>(true);
const options: VerifierOptions = { ...rules, keys: inputs[0]!, cache: true };
void options;
// @ts-expect-error: each issuer is one
new Verifier({ issuers: [{ ...rules, issuer: ['a', 'b'], keys: inputs[0]! }] });
// @ts-expect-error: how many entries is said
new Verifier({ ...rules, keys: inputs[0]!, cache: {} });
// @ts-expect-error: a single call has nothing to remember
verifySync(token, cryptoKey, { ...rules, cache: true });
// @ts-expect-error: what the issuer must be is said, or null
verifySync(token, cryptoKey, { audience: null });
// @ts-expect-error: an environment variable that may be missing switches no check off
verifySync(token, cryptoKey, { issuer: undefined, audience: null });
// @ts-expect-error: there is no such algorithm
verifySync(token, cryptoKey, { ...rules, algorithms: ['none'] });

// ── errors
declare const thrown: unknown;
if (isTokenwardError(thrown)) {
  same<typeof thrown, TokenwardError>(true);
  same<typeof thrown.code, ErrorCode>(true);
  same<typeof thrown.retryable, boolean>(true);
  same<typeof thrown.reason, 'missing' | 'invalid' | 'mismatch' | 'check_failed' | undefined>(true);
  // @ts-expect-error: not a code of tokenward
  void (thrown.code === 'ERR_JWT_INVALID');
}

// ── staying signed in
const store: TokenStore = memoryStore();
const mine: Session = createSession({ grant: jsonLogin({ tokenUrl: new URL('https://login.test/token') }), store });
const api: BearerFetch = createBearerFetch({ session: mine, resources: ['https://api.test/'] });
const plain: typeof fetch = api;
void plain;
same<Awaited<ReturnType<typeof api>>, Response>(true);
void api('https://api.test/', { method: 'POST', body: '{}', bearer: { auth: 'optional', minValidity: 10 } });
same<ReturnType<typeof mine.getAccessToken>, Promise<string>>(true);
const snapshot: SessionSnapshot = mine.snapshot;
if (snapshot.status === 'active') same<typeof snapshot.generation, number>(true);
mine.on('refreshed', ({ adopted }) => same<typeof adopted, boolean>(true));
same<ReturnType<typeof parseChallenges>[number]['params'], Record<string, string>>(true);
// @ts-expect-error: where the token may go is said
createBearerFetch({ session: mine });
same<typeof session.createBearerFetch, typeof createBearerFetch>(true);

// ── guarding
const guard: BearerGuard<{ tenant: string }> = createBearerGuard({ verifier, realm: 'api', scopes: ['read'] });
const handler = guard.protect((request, { payload }, env: { NAME: string }) => Response.json([request.url, payload.tenant, env.NAME]));
same<typeof handler, (request: Request, env: { NAME: string }) => Promise<Response>>(true);
const judge = async (request: Request): Promise<GuardResult<{ tenant: string }>> => guard.check(request, { scopes: ['write'] });
void judge;

// ── entry points
same<typeof version, string>(true);
same<typeof initSync, (source: WebAssembly.Module | BufferSource) => void>(true);
same<ReturnType<typeof init>, Promise<void>>(true);
