// Remote JWK Sets in workerd, where a promise of one request must not be awaited by another.

import { createRequire } from 'node:module';
import { join } from 'node:path';

import { workerModules } from '../bundle.mjs';
import { root } from '../installed.mjs';
import { claims, rules, signer } from '../kit.mjs';
import { startIssuer } from './server.mjs';

const { Miniflare } = createRequire(join(root, 'tests/'))('miniflare');

/** A Worker that keeps one set and one verifier at module scope, as Workers do. `x-pass` moves its clock, in milliseconds. */
const source = (url, options) => `
import { KeySet, Verifier, createBearerGuard } from 'tokenward';
let waiting = [];
let passed = 0;
const now = () => Date.now() + passed;
const set = KeySet.fromUrl(${JSON.stringify(url)}, { ...${JSON.stringify(options)}, now, waitUntil: (work) => waiting.push(work) });
const verifier = new Verifier({ ...${JSON.stringify(rules())}, keys: set });
const handler = createBearerGuard({ verifier }).protect((request, auth) => Response.json({ sub: auth.payload.sub, state: set.state }));
export default {
  async fetch(request, env, context) {
    passed += Number(request.headers.get('x-pass') ?? 0);
    const response = await handler(request);
    for (const work of waiting.splice(0)) context.waitUntil(work);
    return response;
  },
};`;

export default ({ test, assert }) => {
  async function inWorker(options, run) {
    const key = await signer('ES256', { kid: 'one' });
    const issuer = await startIssuer([key.jwk]);
    const worker = new Miniflare({ modules: await workerModules(source(issuer.url, options)), compatibilityDate: '2024-01-01' });
    const ask = async (token, headers, init) => {
      const response = await worker.dispatchFetch('https://api.test/', { headers: { authorization: `Bearer ${token}`, ...headers }, ...init });
      return { status: response.status, body: await response.json() };
    };
    try {
      await worker.ready;
      await run({ issuer, key, ask, token: await key.sign(claims()) });
    } finally {
      await worker.dispose();
      await issuer.close();
    }
  }

  test('a hundred cold requests at once over a slow issuer are all answered, by one fetch', () => inWorker({}, async ({ issuer, ask, token }) => {
    issuer.delayMs = 500;
    const before = performance.now();
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(token)));
    assert.ok(answers.every(({ status, body }) => status === 200 && body.sub === 'ada'), 'every answer');
    assert.equal(issuer.asked.length, 1);
    assert.ok(performance.now() - before < 4_000, 'somebody waited for another request');
  }));

  test('requests that wait for an issuer that is down are all told so, by one fetch', () => inWorker({ timeoutMs: 400 }, async ({ issuer, ask, token }) => {
    issuer.mood = 'silent';
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(token)));
    assert.same([...new Set(answers.map(({ status }) => status))], [503]);
    assert.equal(issuer.asked.length, 1);
  }));

  test('a request that vanishes with the fetch in its hands does not take the others with it', () => inWorker({ timeoutMs: 600 }, async ({ issuer, ask, token }) => {
    issuer.delayMs = 400;
    const stop = new AbortController();
    const gone = ask(token, {}, { signal: stop.signal }).catch(() => 'gone');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const others = Array.from({ length: 20 }, () => ask(token));
    stop.abort();
    await gone;
    assert.ok((await Promise.all(others)).every(({ status }) => status === 200), 'every other request');
    assert.ok(issuer.asked.length <= 2, `${issuer.asked.length} requests`);
  }));

  test('the set is fetched again behind the response, kept alive by waitUntil', () => inWorker({}, async ({ issuer, ask, token }) => {
    const first = await ask(token);
    issuer.delayMs = 200;
    const second = await ask(token, { 'x-pass': '500000' });
    assert.equal(second.body.state.fetchedAt, first.body.state.fetchedAt, 'it waited:');
    while ((await ask(token)).body.state.fetchedAt === first.body.state.fetchedAt) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(issuer.asked.length, 2);
  }));
};
