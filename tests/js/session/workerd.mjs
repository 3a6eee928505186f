// A session at a Worker's module scope: many requests at once, none of which may wait for a promise of another.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { workerModules } from '../bundle.mjs';
import { root } from '../installed.mjs';
import { sentTwice, startServer } from './server.mjs';

const { Miniflare } = createRequire(join(root, 'tests/'))('miniflare');

/** No `isolation` is given: in workerd, by request is the default. */
const source = ({ given, background, path = '/api', ...options }) => `
import { createBearerFetch, jsonLogin, memoryStore } from 'tokenward';
const waiting = [];
let bearer;
export default {
  async fetch(request, env, context) {
    bearer ??= createBearerFetch({
      session: {
        grant: jsonLogin({ tokenUrl: env.ORIGIN + '/token', credentials: () => ({ username: 'ada', password: 'x' }) }),
        ...${JSON.stringify(options)}, ${background ? 'waitUntil: (work) => waiting.push(work),' : ''}
        ${given ? 'store: memoryStore(),' : ''}
      },
      resources: env.ORIGIN + '${path}',
    });
    const { searchParams } = new URL(request.url);
    try {
      const response = await bearer(env.ORIGIN + (searchParams.get('path') ?? '/api'));
      return new Response(response.body, { status: response.status, headers: response.headers });
    } catch (error) {
      return Response.json({ code: error.code ?? String(error) }, { status: 500 });
    } finally {
      for (const work of waiting.splice(0)) context.waitUntil(work);
    }
  },
};`;

export default ({ test, assert }) => {
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  async function inWorker({ compatibilityDate = '2024-01-01', session = {}, ...settings }, run) {
    const server = await startServer(settings);
    const miniflare = new Miniflare({
      modules: await workerModules(source(session)),
      compatibilityDate,
      bindings: { ORIGIN: server.origin },
    });
    const ask = async (path = '/api', init = {}) => {
      const response = await miniflare.dispatchFetch(`http://worker/?${new URLSearchParams({ path })}`, init);
      return [response.status, await response.json()];
    };
    try {
      await miniflare.ready;
      await run({ server, ask });
    } finally {
      await miniflare.dispose();
      await server.close();
    }
  }
  const tokensOf = (answers) => [...new Set(answers.map(([status, { token, code }]) => `${status} ${token ?? code}`))];

  for (const given of [false, true]) {
    test(`fifty requests at once share one sign-in and one refresh, ${given ? 'over a store that was given' : 'in memory'}`, () =>
      inWorker({ lifetime: 2, delayMs: 400, session: { given } }, async ({ server, ask }) => {
        for (let round = 1; round <= 2; round++) {
          assert.same(tokensOf(await Promise.all(Array.from({ length: 50 }, () => ask()))), [`200 access-${round}`]);
          assert.equal(server.issued, round);
          await pause(2_100);
        }
        assert.same([server.busiest, server.reuses, server.refused], [1, 0, 0]);
      }));
  }

  test('a request that vanishes with the refresh in its hands leaves the others waiting no longer than an intent lives', () =>
    inWorker({ lifetime: 2, replayWindowMs: 10_000, session: { timeoutMs: 500 } }, async ({ server, ask }) => {
      await ask();
      await pause(2_100);
      server.delayMs = 300;
      const stop = new AbortController();
      const gone = ask('/api', { signal: stop.signal }).catch(() => undefined);
      await pause(100);
      const others = Array.from({ length: 20 }, () => ask());
      stop.abort();
      await gone;
      const answers = await Promise.all(others);
      assert.equal(new Set(answers.map(([status]) => status)).size, 1);
      assert.equal(answers[0][0], 200, JSON.stringify(answers[0][1]));
      assert.same([server.refused, sentTwice(server, 10_000)], [0, []]);
    }));

  test('a stale token is refreshed behind the response, kept alive by waitUntil', () =>
    inWorker({ lifetime: 4, session: { background: true } }, async ({ server, ask }) => {
      await ask();
      await pause(3_300);
      server.delayMs = 200;
      assert.same(await ask(), [200, { token: 'access-1' }]);
      await pause(400);
      assert.equal(server.issued, 2);
      assert.same(await ask(), [200, { token: 'access-2' }]);
    }));

  // Before 2022-03-21, the runtime does not say what it is; before 2025-09-01, it takes the token along to other origins.
  for (const compatibilityDate of ['2021-11-03', '2022-03-20', '2024-01-01', '2026-04-01']) {
    for (const path of ['/api', '']) {
      const where = path ? 'a path of it' : 'an origin';
      test(`compatibility date ${compatibilityDate}: the token follows redirects inside ${where} and none out of it`, async () => {
        const seen = [];
        const other = createServer(({ headers }, response) => {
          seen.push(headers.authorization ?? null);
          response.writeHead(200, { 'content-type': 'application/json' }).end('{"token":"elsewhere"}');
        });
        await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
        try {
          await inWorker({ compatibilityDate, session: { path } }, async ({ server, ask }) => {
            const away = encodeURIComponent(`http://127.0.0.1:${other.address().port}/`);
            assert.same(await ask(`/api/redirect?to=${away}`), [200, { token: 'elsewhere' }]);
            assert.same(await ask(`/api/redirect?to=${encodeURIComponent('/api/next')}`), [200, { token: 'access-1' }]);
            assert.same(await ask(`/api/redirect?to=${encodeURIComponent('/echo')}`), [
              200,
              { authorization: path ? null : 'Bearer access-1' },
            ]);
            assert.equal(server.issued, 1);
          });
          assert.same(seen, [null]);
        } finally {
          other.close();
          other.closeAllConnections();
        }
      });
    }
  }
};
