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

/** A Worker whose cache holds a set of a machine whose clock is ahead. It answers with what one verification reads and fetches. */
const skewed = (url, ahead) => `
import { KeySet, Verifier } from 'tokenward';
import { cacheApiStore } from 'tokenward/stores';
export default {
  async fetch(request) {
    const counts = { reads: 0, fetches: 0 };
    const counted = async (...given) => { counts.fetches += 1; return fetch(...given); };
    await KeySet.fromUrl(${JSON.stringify(url)}, { cache: cacheApiStore(), now: () => Date.now() + ${ahead} }).refresh();
    const cache = cacheApiStore();
    const counting = { get: (key) => { counts.reads += 1; return cache.get(key); }, set: (...entry) => cache.set(...entry) };
    const keys = KeySet.fromUrl(${JSON.stringify(url)}, { cache: counting, fetch: counted });
    const { ok } = await new Verifier({ ...${JSON.stringify(rules())}, keys }).safeVerify(request.headers.get('token'));
    return Response.json({ ok, ...counts });
  },
};`;

/** A Worker whose fetches of keys outlive their requests. */
const lasting = (url, options) => `
import { waitUntil } from 'cloudflare:workers';
import { KeySet, Verifier } from 'tokenward';
const keys = KeySet.fromUrl(${JSON.stringify(url)}, { ...${JSON.stringify(options)}, waitUntil });
const verifier = new Verifier({ ...${JSON.stringify(rules())}, keys });
export default {
  async fetch(request) {
    const { ok } = await verifier.safeVerify(request.headers.get('authorization').slice(7));
    return Response.json({ ok }, { status: ok ? 200 : 503 });
  },
};`;

export default ({ test, assert }) => {
  async function inWorker(options, run, write = source) {
    const key = await signer('ES256', { kid: 'one' });
    const issuer = await startIssuer([key.jwk]);
    const worker = new Miniflare({ modules: await workerModules(write(issuer.url, options)), compatibilityDate: '2024-01-01' });
    const ask = async (token, headers, init) => {
      const response = await worker.dispatchFetch('https://api.test/', {
        headers: { authorization: `Bearer ${token}`, ...headers },
        ...init,
      });
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

  test('a hundred cold requests at once over a slow issuer are all answered, by one fetch', () =>
    inWorker({}, async ({ issuer, ask, token }) => {
      issuer.delayMs = 500;
      const before = performance.now();
      const answers = await Promise.all(Array.from({ length: 100 }, () => ask(token)));
      assert.ok(
        answers.every(({ status, body }) => status === 200 && body.sub === 'ada'),
        'every answer',
      );
      assert.equal(issuer.asked.length, 1);
      assert.ok(performance.now() - before < 4_000, 'a request waited for another');
    }));

  test('requests that wait for an issuer that is down are all told so, by one fetch', () =>
    inWorker({ timeoutMs: 400 }, async ({ issuer, ask, token }) => {
      issuer.mood = 'silent';
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask(token)));
      assert.same([...new Set(answers.map(({ status }) => status))], [503]);
      assert.equal(issuer.asked.length, 1);
    }));

  test('a request that vanishes with the fetch in its hands does not take the others with it', () =>
    inWorker({ timeoutMs: 600 }, async ({ issuer, ask, token }) => {
      issuer.delayMs = 400;
      const stop = new AbortController();
      const gone = ask(token, {}, { signal: stop.signal }).catch(() => 'gone');
      await new Promise((resolve) => setTimeout(resolve, 100));
      const others = Array.from({ length: 20 }, () => ask(token));
      stop.abort();
      await gone;
      assert.ok(
        (await Promise.all(others)).every(({ status }) => status === 200),
        'every other request',
      );
      assert.ok(issuer.asked.length <= 2, `${issuer.asked.length} requests`);
    }));

  test('clients that go away with one fetch after another keep no request waiting for a second one', () =>
    inWorker({ timeoutMs: 1_500 }, async ({ issuer, ask, token }) => {
      await ask(token);
      issuer.delayMs = 150;
      let attacking = true;
      const attack = (async () => {
        // From the first of them on the set is stale, and every request waits for the fetch.
        for (let pass = '700000'; attacking; pass = '0') {
          const stop = new AbortController();
          const gone = ask(token, { 'x-pass': pass }, { signal: stop.signal }).catch(() => {});
          await new Promise((resolve) => setTimeout(resolve, 60));
          stop.abort();
          await gone;
        }
      })();
      await new Promise((resolve) => setTimeout(resolve, 100));
      const before = performance.now();
      const answers = await Promise.all(Array.from({ length: 5 }, () => ask(token)));
      const taken = performance.now() - before;
      attacking = false;
      await attack;
      assert.same(
        answers.map(({ status }) => status),
        [200, 200, 200, 200, 200],
      );
      assert.ok(taken < 4_000, `${taken} ms, with a time limit of 1500`);
    }));

  test('a fetch that is handed to waitUntil outlives the client that caused it', () =>
    inWorker(
      { timeoutMs: 5_000 },
      async ({ issuer, ask, token }) => {
        issuer.delayMs = 500;
        const stop = new AbortController();
        const gone = ask(token, {}, { signal: stop.signal }).catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 200));
        stop.abort();
        await gone;
        const before = performance.now();
        assert.equal((await ask(token)).status, 200);
        assert.ok(performance.now() - before < 2_500, 'it waited until the fetch was given up');
        assert.equal(issuer.asked.length, 1);
      },
      lasting,
    ));

  for (const ahead of [5_000, 59_000]) {
    test(`a set of a machine ${ahead / 1000} s ahead costs one look into the Cache API`, () =>
      inWorker(
        ahead,
        async ({ ask, token }) => {
          const { body } = await ask(token, { token });
          assert.same(body, { ok: true, reads: 2, fetches: 0 });
        },
        skewed,
      ));
  }

  test('the set is fetched again behind the response, kept alive by waitUntil', () =>
    inWorker({}, async ({ issuer, ask, token }) => {
      const first = await ask(token);
      issuer.delayMs = 200;
      const second = await ask(token, { 'x-pass': '500000' });
      assert.equal(second.body.state.fetchedAt, first.body.state.fetchedAt, 'it waited:');
      while ((await ask(token)).body.state.fetchedAt === first.body.state.fetchedAt)
        await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(issuer.asked.length, 2);
    }));
};
