// Remote JWK Sets and the caches that share them, seen from a user's strict project. Compiled, never run.

import { KeySet, verify, type JwksCache, type KeyInput, type KeySetState, type RemoteOptions } from 'tokenward';
import { cacheApiStore, kvStore, redisStore, type JwksCache as SharedCache } from 'tokenward/stores';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => {};

declare const binding: unknown;
const cache: JwksCache = kvStore(binding);
const options: RemoteOptions = {
  maxAge: 600,
  minAge: 60,
  staleIfError: 3600,
  cooldown: 30,
  timeoutMs: 5_000,
  maxBytes: 65_536,
  fetch,
  headers: { accept: 'application/json' },
  snapshot: '',
  now: () => Date.now(),
  cache,
  waitUntil: (work) => void work,
  insecure: 'never',
};
const set = KeySet.fromUrl(new URL('https://issuer.test/jwks'), options);
const input: KeyInput = KeySet.discover('https://issuer.test');
void verify('', input, { issuer: 'https://issuer.test', audience: null });
same<typeof set.state, KeySetState>(true);
same<typeof set.state.fetchedAt, number | null>(true);
same<ReturnType<typeof set.snapshot>, string>(true);
same<ReturnType<typeof set.refresh>, Promise<void>>(true);
void set.refresh({ signal: new AbortController().signal });
same<SharedCache, JwksCache>(true);
same<ReturnType<typeof cacheApiStore>, JwksCache>(true);
same<ReturnType<typeof redisStore>, JwksCache>(true);
// @ts-expect-error: an issuer is a string, compared letter for letter
KeySet.discover(new URL('https://issuer.test'));
// @ts-expect-error: loopback is as far as it goes
KeySet.fromUrl('http://issuer.test', { insecure: 'always' });
