// What every consumer runs: each entry point, and what only works where the bundler has carried its module along.

import { KeySet, Verifier, createBearerFetch, decode, isTokenwardError, jsonLogin, version } from 'tokenward';
import 'tokenward/ml-dsa';
import { decode as read } from 'tokenward/decode';
import { parseChallenges } from 'tokenward/session';
import { kvStore } from 'tokenward/stores';
import { verifySync } from 'tokenward/verify';
import { createClock, createIssuer, createTokenEndpoint, wrongTokens } from 'tokenward/testing';

/** Rejects with what went wrong; else it says 'fine'. */
export async function check() {
  const clock = createClock(1_800_000_000);
  const issuer = await createIssuer({ algorithms: ['ES256', 'ES256K', 'ML-DSA-44'], now: clock.now });
  const verifier = new Verifier({ ...issuer.rules, keys: KeySet.fromUrl(issuer.jwksUrl, { fetch: issuer.fetch, now: clock.now }) });
  for (const { alg } of issuer.keys) {
    const { payload, key } = await verifier.verify(await issuer.token({ sub: alg }, { alg }));
    same(`${payload.sub} ${key.alg}`, `${alg} ${alg}`);
  }
  const token = await issuer.token();
  same(verifier.verifySync(token).payload.sub, 'ada');
  same(decode(token).header.alg, 'ES256');
  same(read(token).payload.sub, 'ada');
  same(verifySync(token, issuer.jwks(), issuer.rules).payload.sub, 'ada');
  for (const { kind, code } of wrongTokens) {
    const { error } = verifier.safeVerifySync(await issuer.wrong(kind));
    same(`${kind} ${error?.code} ${isTokenwardError(error)}`, `${kind} ${code} true`);
  }

  const endpoint = createTokenEndpoint({ issuer });
  const fetch = (input, init) =>
    String(input).startsWith('https://api.test/')
      ? Response.json(init.headers.get('authorization') === null ? null : 'signed in')
      : endpoint.fetch(input, init);
  const bearer = createBearerFetch({
    resources: 'https://api.test/',
    fetch,
    session: { grant: jsonLogin({ tokenUrl: endpoint.tokenUrl }), now: clock.now },
  });
  await bearer.session.login({ username: 'ada', password: 'x' });
  clock.advance(3600);
  same(await (await bearer('https://api.test/me')).json(), 'signed in');
  same(endpoint.issued, 2);
  bearer.session.close();

  same(parseChallenges('Bearer realm="x"')[0].params.realm, 'x');
  same(typeof kvStore({ get() {}, put() {} }).get, 'function');
  same(/^\d+\.\d+\.\d+/.test(version), true);
  return 'fine';
}

function same(actual, expected) {
  if (actual !== expected) throw new Error(`${actual}, expected ${expected}`);
}
