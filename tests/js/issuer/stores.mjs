// JWK Sets that isolates and machines share: through a real Redis with both clients, and through miniflare's KV and Cache API.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { workerModules } from '../bundle.mjs';
import { packageFolder, root } from '../installed.mjs';
import { claims, rules, signer } from '../kit.mjs';
import { hasRedis, startRedis } from './redis.mjs';
import { startIssuer } from './server.mjs';

const require = createRequire(join(root, 'tests/'));

/** Both clients, connected, and how to say goodbye. */
const CLIENTS = {
  redis: async (port) => {
    const client = require('redis').createClient({ url: `redis://127.0.0.1:${port}` });
    await client.connect();
    return [client, () => client.destroy()];
  },
  ioredis: async (port) => {
    const client = new (require('ioredis').Redis)(port, '127.0.0.1');
    await new Promise((resolve) => client.once('ready', resolve));
    return [client, () => client.disconnect()];
  },
};

const module = new WebAssembly.Module(readFileSync(join(packageFolder, 'dist/core.wasm')));
let isolates = 0;
/** Two hundred with `--long`. */
const ISOLATES = process.argv.includes('--long') ? 200 : 50;

/** A package loaded anew, with a WebAssembly instance and a connection of its own: it shares nothing with the others but Redis. */
async function isolate(kind, port, url) {
  const { KeySet, Verifier, initSync } = await import(`${pathToFileURL(join(packageFolder, 'dist/slim.js'))}?isolate=${isolates++}`);
  const { redisStore } = await import(`${pathToFileURL(join(packageFolder, 'dist/stores.js'))}?isolate=${isolates}`);
  initSync(module);
  const [client, leave] = await CLIENTS[kind](port);
  return { verifier: new Verifier(rules({ keys: KeySet.fromUrl(url, { cache: redisStore(client) }) })), leave };
}

const worker = (url, store) => `
import { KeySet, Verifier } from 'tokenward';
import { cacheApiStore, kvStore } from 'tokenward/stores';
let verifier;
export default {
  async fetch(request, env) {
    verifier ??= new Verifier({ ...${JSON.stringify(rules())}, keys: KeySet.fromUrl(${JSON.stringify(url)}, { cache: ${store} }) });
    const { ok, error } = await verifier.safeVerify(request.headers.get('token'));
    return Response.json({ ok, code: error?.code });
  },
};`;

export default ({ test, assert, tokenward, stores }) => {
  const { KeySet, verify } = tokenward;

  async function withIssuer(run) {
    const key = await signer('ES256', { kid: 'one' });
    const issuer = await startIssuer([key.jwk]);
    try {
      await run({ issuer, key, token: await key.sign(claims()) });
    } finally {
      await issuer.close();
    }
  }

  async function withRedis(kind, run) {
    const redis = await startRedis();
    const [client, leave] = await CLIENTS[kind](redis.port);
    try {
      await withIssuer((scene) => run({ ...scene, client, cache: stores.redisStore(client), port: redis.port }));
    } finally {
      leave();
      await redis.stop();
    }
  }

  for (const kind of hasRedis ? Object.keys(CLIENTS) : []) {
    test(`${kind}: what one machine fetched, the others use, and it is as old for them as it is`, () =>
      withRedis(kind, async ({ issuer, token, cache, client }) => {
        const time = { now: Date.now() };
        const make = (more) => KeySet.fromUrl(issuer.url, { cache, now: () => time.now, ...more });
        await verify(token, make(), rules());
        time.now += 100_000;
        const second = make();
        await verify(token, second, rules());
        assert.equal(issuer.asked.length, 1);
        assert.ok(time.now / 1000 - second.state.fetchedAt >= 100, 'the age');
        const keys = await client.keys('tokenward-jwks-*');
        assert.equal(keys.length, 2, 'the set and the lease:');
        for (const each of keys) assert.ok((await client.ttl(each)) > 0, 'Redis forgets them by itself');
      }));

    // They are all in this one process: where it is held up, every one of them finds the cache slow. So a try that was is
    // followed by another. tests/remote/scale.rs has the same without a clock.
    test(`${kind}: ${ISOLATES} cold isolates ask a slow issuer a handful of times`, () =>
      withRedis(kind, async ({ issuer, token, port }) => {
        issuer.delayMs = 500;
        for (let tries = 3; ; tries--) {
          const isolates = await Promise.all(Array.from({ length: ISOLATES }, () => isolate(kind, port, `${issuer.url}?${tries}`)));
          assert.equal(new Set(isolates.map(({ verifier }) => verifier.constructor)).size, ISOLATES, 'packages of their own:');
          issuer.asked.length = 0;
          const results = await Promise.all(
            isolates.map(async ({ verifier }) => {
              await new Promise((resolve) => setTimeout(resolve, Math.random() * 50));
              return verifier.safeVerify(token);
            }),
          );
          for (const { leave } of isolates) leave();
          console.log(
            `  ${ISOLATES} cold isolates over one Redis (${kind}), issuer answers in 500 ms: it was asked ${issuer.asked.length} times`,
          );
          assert.ok(
            results.every(({ ok }) => ok),
            'every isolate',
          );
          if (issuer.asked.length <= 5) return;
          assert.ok(tries > 1, `${issuer.asked.length} requests`);
        }
      }));

    test(`${kind}: a poisoned entry adds no keys for another URL, and rubbish costs a request`, () =>
      withRedis(kind, async ({ issuer, key, token, cache, client }) => {
        const evil = await signer('ES256', { kid: 'evil' });
        const elsewhere = await startIssuer([evil.jwk]);
        await KeySet.fromUrl(elsewhere.url, { cache }).refresh();
        const [poison] = (await client.keys('tokenward-jwks-*')).filter((each) => !each.endsWith('-lease'));
        const entry = await client.get(poison);
        await KeySet.fromUrl(issuer.url, { cache }).refresh();
        const [entryKey] = (await client.keys('tokenward-jwks-*')).filter((each) => each !== poison && !each.endsWith('-lease'));
        const good = await client.get(entryKey);
        const forged = await evil.sign(claims());
        for (const text of [entry, entry.replace(elsewhere.url, `${issuer.url}#`), 'rubbish', '{}', good.slice(0, -9)]) {
          await client.set(entryKey, text);
          for (const each of await client.keys('*-lease')) await client.del(each);
          const asked = issuer.asked.length;
          const set = KeySet.fromUrl(issuer.url, { cache });
          assert.equal((await verify(token, set, rules())).key.kid, key.kid);
          assert.equal(issuer.asked.length, asked + 1);
          await assert.rejects('ERR_JWKS_NO_MATCHING_KEY', verify(forged, set, rules()));
        }
        await elsewhere.close();
      }));
  }

  test('where the issuer is down, a cold machine starts from what another one left', async () => {
    const left = new Map();
    const cache = { get: async (key) => left.get(key) ?? null, set: async (key, value) => void left.set(key, value) };
    await withIssuer(async ({ issuer, token }) => {
      const time = { now: Date.now() };
      const make = () => KeySet.fromUrl(issuer.url, { cache, now: () => time.now });
      await verify(token, make(), rules());
      issuer.mood = 'down';
      time.now += 3_600_000;
      await verify(token, make(), rules());
      assert.equal(issuer.asked.length, 2);
      // The others learn of the failure without asking.
      await Promise.all(Array.from({ length: 20 }, () => verify(token, make(), rules())));
      assert.equal(issuer.asked.length, 2);
    });
  });

  test('a cache that fails, hangs or lies costs requests and never a token', () =>
    withIssuer(async ({ issuer, token }) => {
      const caches = [
        {
          get: () => {
            throw new Error('x');
          },
          set: () => Promise.reject(new Error('x')),
        },
        { get: () => Promise.reject(new Error('x')), set: async () => {} },
        { get: async () => ({}), set: async () => {} },
        { get: async () => null, set: async () => {} },
      ];
      for (const cache of caches) await verify(token, KeySet.fromUrl(issuer.url, { cache }), rules());
      assert.equal(issuer.asked.length, caches.length);
      const hanging = { get: () => new Promise(() => {}), set: () => new Promise(() => {}) };
      const before = performance.now();
      await tokenward.verify(token, KeySet.fromUrl(issuer.url, { cache: hanging, timeoutMs: 600 }), rules());
      assert.ok(performance.now() - before < 4_500, 'it took as long as without the option');
    }));

  for (const [name, store, options] of [
    ['KV', 'kvStore(env.KEYS)', { kvNamespaces: { KEYS: 'keys' } }],
    ['the Cache API', 'cacheApiStore()', {}],
  ]) {
    test(`workerd: ${name} shares a set between Workers`, () =>
      withIssuer(async ({ issuer, token }) => {
        const { Miniflare } = require('miniflare');
        const modules = await workerModules(worker(issuer.url, store));
        const common = { modules, compatibilityDate: '2024-01-01', ...options };
        const miniflare = new Miniflare({
          workers: [
            { name: 'a', ...common },
            { name: 'b', ...common },
          ],
        });
        try {
          for (const each of ['a', 'b', 'a', 'b']) {
            const fetcher = await miniflare.getWorker(each);
            const response = await fetcher.fetch('https://api.test/', { headers: { token } });
            assert.same(await response.json(), { ok: true });
          }
          assert.equal(issuer.asked.length, 1);
        } finally {
          await miniflare.dispose();
        }
      }));
  }

  test('adapters refuse what is no client when they are made', () => {
    for (const wrong of [undefined, null, {}, 'redis://', { get() {} }]) {
      assert.throws('ERR_INVALID_ARG', () => stores.redisStore(wrong));
      assert.throws('ERR_INVALID_ARG', () => stores.kvStore(wrong));
    }
  });
};
