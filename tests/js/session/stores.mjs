// Sessions shared through Redis, with both clients, and through a Durable Object, with both kinds of storage.

import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { workerModules } from '../bundle.mjs';
import { installed, root } from '../installed.mjs';
import { hasRedis, startRedis } from '../issuer/redis.mjs';
import { cluster } from './cluster.mjs';
import { sentTwice, startServer } from './server.mjs';

const require = createRequire(join(root, 'tests/'));
const { Miniflare } = require('miniflare');

const CLIENTS = {
  redis: async (port) => {
    const client = require('redis').createClient({ url: `redis://127.0.0.1:${port}` });
    // A test that fails leaves it to the end of Redis.
    client.on('error', () => {});
    await client.connect();
    return [client, () => client.destroy()];
  },
  ioredis: async (port) => {
    const client = new (require('ioredis').Redis)(port, '127.0.0.1');
    client.on('error', () => {});
    return [client, () => client.disconnect()];
  },
};

/** What every store promises. Plain code, so that it can run in a Worker too. */
export async function compareAndSet(store, check) {
  const key = `key-${Math.random()}`;
  check((await store.load(key)) === null, 'nothing is there');
  const text = `{"text":"ä ✓ \\u0000 ${'long '.repeat(2_000)}"}`;
  const first = await store.save(key, text, null);
  check(first.ok, 'the first save');
  check((await store.save(key, 'x', null)).ok === false, 'a save over nothing, where something is');
  check((await store.save(key, 'x', 'never')).ok === false, 'a save over another version');
  const found = await store.load(key);
  check(found.record === text && found.version === first.version, 'what was saved');
  const second = await store.save(key, 'two', first.version);
  check(second.ok && second.version !== first.version, 'the second save');
  check((await store.clear(key, first.version)) === false, 'a clear of another version');
  const race = await Promise.all(Array.from({ length: 20 }, (_, each) => store.save(key, String(each), second.version)));
  check(race.filter(({ ok }) => ok).length === 1, 'one of twenty wins');
  const { version } = await store.load(key);
  check((await store.clear(key, version)) === true, 'the clear');
  check((await store.load(key)) === null, 'nothing is left');
  const again = await store.save(key, 'one', null);
  check(again.ok && ![first.version, second.version, version].includes(again.version), 'a version that never was');
  check(await store.clear(key, again.version), 'the last clear');
}

const worker = `
import { createBearerFetch, jsonLogin } from 'tokenward';
import { durableObjectStore, TokenStoreObject } from 'tokenward/stores';
export { TokenStoreObject };
const compareAndSet = ${compareAndSet};
let bearer;
export default {
  async fetch(request, env) {
    const origin = env.ORIGIN;
    const store = durableObjectStore(() => env.TOKENS.get(env.TOKENS.idFromName('ada')));
    const path = new URL(request.url).pathname;
    if (path === '/contract') {
      const wrong = [];
      const check = (holds, what) => holds || wrong.push(what);
      await compareAndSet(store, check);
      await compareAndSet(durableObjectStore(env.TOKENS.get(env.TOKENS.idFromName('direct'))), check);
      return Response.json(wrong);
    }
    bearer ??= createBearerFetch({
      session: { grant: jsonLogin({ tokenUrl: origin + '/token', credentials: () => ({ username: 'ada', password: 'x' }) }), store, refreshAhead: { maxSeconds: 0 } },
      resources: origin,
    });
    if (path === '/logout') return Response.json(await bearer.session.logout());
    try {
      const response = await bearer(origin + '/api');
      return new Response(response.body, { status: response.status, headers: { 'content-type': 'application/json' } });
    } catch (error) {
      return Response.json({ code: error.code }, { status: 500 });
    }
  },
};`;

export default ({ test, assert, stores, tokenward }) => {
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  async function withRedis(run) {
    const redis = await startRedis();
    try {
      await run(redis);
    } finally {
      await redis.stop();
    }
  }

  for (const kind of hasRedis ? Object.keys(CLIENTS) : []) {
    test(`${kind}: a record changes only where its version is the expected one`, () =>
      withRedis(async ({ port }) => {
        const [client, leave] = await CLIENTS[kind](port);
        const store = stores.redisTokenStore(client);
        assert.same([store.shared, store.consistency], ['global', 'strong']);
        await compareAndSet(store, (holds, what) => assert.ok(holds, what));
        assert.equal((await client.dbsize?.()) ?? (await client.dbSize()), 0, 'records left:');
        leave();
      }));

    test(`${kind}: authorization requests that are not completed expire, and a session's tokens do not`, () =>
      withRedis(async ({ port }) => {
        const [client, leave] = await CLIENTS[kind](port);
        const { authorizationCode, beginAuthorization, completeAuthorization, createSession } = tokenward;
        const session = createSession({
          name: 'app',
          store: stores.redisTokenStore(client),
          fetch: async () => Response.json({ access_token: 'a', token_type: 'Bearer', expires_in: 60 }),
          grant: authorizationCode({
            authorizationEndpoint: 'https://as.test/a',
            tokenEndpoint: 'https://as.test/t',
            clientId: 'c',
            redirectUri: 'https://app.test/',
          }),
        });
        const lives = async () =>
          Object.fromEntries(await Promise.all((await client.keys('*')).map(async (key) => [key, await client.ttl(key)])));
        for (let count = 0; count < 20; count += 1) await beginAuthorization(session);
        const { state } = await beginAuthorization(session);
        const [[key, life], ...more] = Object.entries(await lives());
        assert.ok(key === 'tokenward-pending:app' && life > 3_500 && life <= 3_600 && more.length === 0, `${key} lives for ${life} s`);
        await completeAuthorization(session, `https://app.test/?code=c&state=${state}`);
        assert.equal((await lives())['tokenward:app'], -1);
        await session.logout();
        assert.same(await lives(), {});
        session.close();
        leave();
      }));

    test(`${kind}: eight processes send one grant per expiry, with client credentials`, () =>
      withRedis(async ({ port }) => {
        const server = await startServer({ delayMs: 20 });
        const rounds = 5;
        const given = await cluster({ kind, port, origin: server.origin, grant: 'client_credentials', rounds, calls: 25 });
        assert.equal(server.issued, rounds, 'grants:');
        assert.equal(server.busiest, 1, 'at once:');
        for (const round of given) assert.equal(new Set(round).size, 1, 'tokens in a round:');
        await server.close();
      }));

    test(`${kind}: eight processes rotate one refresh token, and none is sent twice`, () =>
      withRedis(async ({ port }) => {
        const server = await startServer({ delayMs: 20 });
        const rounds = 8;
        const given = await cluster({ kind, port, origin: server.origin, grant: 'refresh_token', rounds, calls: 25 });
        assert.equal(server.issued, rounds, 'grants:');
        assert.same([server.reuses, server.refused, sentTwice(server, 0)], [0, 0, []]);
        for (const round of given) assert.equal(new Set(round).size, 1, 'tokens in a round:');
        await server.close();
      }));
  }

  /** Two machines with a session over one Redis, each with a connection of its own, and the one server that both sign in at. */
  async function inTwoMachines(kind, run, client = (made) => made) {
    await withRedis(async ({ port }) => {
      const server = await startServer({ lifetime: 3600 });
      const machines = await Promise.all(
        [1, 2].map(async () => {
          const [made, leave] = await CLIENTS[kind](port);
          const store = stores.redisTokenStore(client(made));
          const grant = tokenward.jsonLogin({ tokenUrl: `${server.origin}/token` });
          return { client: made, leave, session: tokenward.createSession({ grant, store, isolation: 'shared' }) };
        }),
      );
      try {
        await run({ machines, server, port });
      } finally {
        for (const { session, leave } of machines) {
          session.close();
          // It may have left already.
          await Promise.resolve()
            .then(leave)
            .catch(() => {});
        }
        await server.close();
      }
    });
  }
  const ended = (session) =>
    new Promise((resolve) => {
      session.on('ended', ({ reason }) => resolve(reason));
    });
  const command = (client, ...words) => client.call?.(...words) ?? client.sendCommand(words);
  const connections = async (client) =>
    String(await command(client, 'CLIENT', 'LIST'))
      .trim()
      .split('\n').length;
  const subscribers = async (client, channel) => Number((await command(client, 'PUBSUB', 'NUMSUB', channel))[1]);
  async function until(holds, what) {
    for (const end = Date.now() + 10_000; ; await pause(20)) {
      if (await holds()) return;
      assert.ok(Date.now() < end, what);
    }
  }

  for (const kind of hasRedis ? Object.keys(CLIENTS) : []) {
    test(`${kind}: a sign-out on one machine ends the session on the other at once`, () =>
      inTwoMachines(kind, async ({ machines: [one, two], server }) => {
        await one.session.login({ username: 'ada', password: 'x' });
        assert.equal(await two.session.getAccessToken(), 'access-1');
        const heard = ended(two.session);
        await one.session.logout();
        assert.equal(await Promise.race([heard, pause(5_000)]), 'logout-elsewhere');
        assert.same(two.session.snapshot, { status: 'signed-out', reason: 'logout-elsewhere' });
        await assert.rejects('ERR_SESSION_SIGNED_OUT', two.session.getAccessToken());
        assert.equal(server.issued, 1);
      }));

    test(`${kind}: the second connection comes back after it is cut, and what was missed is heard`, () =>
      inTwoMachines(kind, async ({ machines: [one, two], port }) => {
        await one.session.login({ username: 'ada', password: 'x' });
        await two.session.getAccessToken();
        const [watcher, leave] = await CLIENTS[kind](port);
        const [key] = await watcher.keys('*');
        await until(async () => (await subscribers(watcher, key)) === 2, 'both listen');
        const heard = ended(two.session);
        await command(watcher, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
        await one.session.logout();
        assert.equal(await Promise.race([heard, pause(8_000)]), 'logout-elsewhere');
        leave();
      }));

    test(`${kind}: close() closes the second connection, and so does the end of the first`, () =>
      inTwoMachines(kind, async ({ machines: [one, two], port }) => {
        const [watcher, leave] = await CLIENTS[kind](port);
        await until(async () => (await connections(watcher)) === 5, 'a second connection each');
        one.session.close();
        await until(async () => (await connections(watcher)) === 4, 'close() closes it');
        two.leave();
        await until(async () => (await connections(watcher)) === 2, 'it ends with the first');
        leave();
      }));

    test(`${kind}: a client without duplicate() works, and hears at its next refresh`, () =>
      inTwoMachines(
        kind,
        async ({ machines: [one, two] }) => {
          await one.session.login({ username: 'ada', password: 'x' });
          await two.session.getAccessToken();
          await one.session.logout();
          assert.equal(await two.session.getAccessToken(), 'access-1');
          await assert.rejects('ERR_SESSION_SIGNED_OUT', two.session.getAccessToken({ forceRefresh: true }));
        },
        (made) => ({ eval: (...args) => made.eval(...args), ...(kind === 'redis' && { setEx() {} }) }),
      ));

    test(`${kind}: a client whose duplicate() fails costs nothing but the notice`, () =>
      inTwoMachines(
        kind,
        async ({ machines: [one, two] }) => {
          await one.session.login({ username: 'ada', password: 'x' });
          assert.equal(await two.session.getAccessToken(), 'access-1');
          await one.session.logout();
        },
        (made) =>
          new Proxy(made, {
            get: (target, name) =>
              name === 'duplicate'
                ? () => {
                    throw new Error('no more connections');
                  }
                : typeof target[name] === 'function'
                  ? target[name].bind(target)
                  : target[name],
          }),
      ));

    test(`${kind}: the second connection keeps no process alive`, () =>
      withRedis(async ({ port }) => {
        const server = await startServer();
        const connect =
          kind === 'redis'
            ? `const client = await (await import('redis')).createClient({ url: 'redis://127.0.0.1:${port}' }).connect(); const idle = () => client.unref();`
            : `const client = new (await import('ioredis')).Redis(${port}, '127.0.0.1'); const idle = () => client.stream.unref();`;
        const script = `
        import { createRequire } from 'node:module';
        import { createSession, jsonLogin } from 'tokenward';
        import { redisTokenStore } from 'tokenward/stores';
        ${connect.replaceAll(/import\('(\w+)'\)/g, (_, name) => `import(${JSON.stringify(require.resolve(name))}).then((found) => found.default)`)}
        const session = createSession({ grant: jsonLogin({ tokenUrl: '${server.origin}/token' }), store: redisTokenStore(client) });
        await session.login({ username: 'ada', password: 'x' });
        console.log(await session.getAccessToken());
        await new Promise((resolve) => setTimeout(resolve, 300));
        idle();`;
        const ran = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: installed, timeout: 20_000 });
        const { stdout } = await ran.finally(server.close);
        assert.equal(stdout.trim(), 'access-1');
      }));
  }

  for (const isolation of ['shared', 'request']) {
    test(`a store that is checked at each call tells of a sign-out at the next one, and may fail (isolation: ${isolation})`, async () => {
      const server = await startServer({ lifetime: 3600 });
      const { subscribe, ...memory } = tokenward.memoryStore();
      const store = { ...memory, shared: 'global', check: 'each-call' };
      const broken = { on: false, loads: 0 };
      store.load = async (key) => {
        broken.loads += 1;
        if (broken.on) throw new Error('no such host');
        return memory.load(key);
      };
      const open = () => tokenward.createSession({ grant: tokenward.jsonLogin({ tokenUrl: `${server.origin}/token` }), store, isolation });
      const [one, two] = [open(), open()];
      await one.login({ username: 'ada', password: 'x' });
      // Calls that keep coming while the record is loaded are answered too.
      const given = await Promise.all(
        Array.from({ length: 100 }, async (_, each) => {
          await pause(each % 10);
          return two.getAccessToken();
        }),
      );
      assert.same([...new Set(given)], ['access-1']);
      broken.on = true;
      assert.equal(await two.getAccessToken(), 'access-1');
      broken.on = false;
      const { loads } = broken;
      await two.getAccessToken();
      assert.equal(broken.loads, loads + 1, 'loads of a call:');
      await one.logout();
      await assert.rejects('ERR_SESSION_SIGNED_OUT', two.getAccessToken());
      assert.equal(server.issued, 1);
      one.close();
      two.close();
      await server.close();
    });
  }

  test('what is not a client, a stub or strongly consistent is refused', () => {
    for (const client of [undefined, null, {}, 'redis://']) assert.throws('ERR_INVALID_ARG', () => stores.redisTokenStore(client));
    for (const stub of [undefined, null, {}, 'stub']) assert.throws('ERR_INVALID_ARG', () => stores.durableObjectStore(stub));
    const { cookieRefresh, createSession, customGrant, jsonLogin, memoryStore, oauth2, authorizationCode } = tokenward;
    const store = { ...memoryStore(), shared: 'global', consistency: 'eventual' };
    const client = { tokenEndpoint: 'https://login.test/token', clientId: 'app' };
    const rotating = [
      jsonLogin({ tokenUrl: client.tokenEndpoint }),
      oauth2({ ...client, grant: 'refresh_token', refreshToken: 'r' }),
      authorizationCode({ ...client, authorizationEndpoint: 'https://login.test/', redirectUri: 'https://app.test/' }),
      customGrant({ acquire: async () => ({}), refresh: async () => ({}) }),
    ];
    for (const grant of rotating) assert.throws('ERR_INVALID_ARG', () => createSession({ name: 'mine', grant, store }));
    const fixed = [
      oauth2({ ...client, clientSecret: 's', grant: 'client_credentials' }),
      cookieRefresh({ url: 'https://app.test/' }),
      customGrant({ acquire: async () => ({}) }),
    ];
    for (const grant of fixed) createSession({ name: 'mine', grant, store });
  });

  test('a store that fails is ERR_TOKEN_STORE_UNAVAILABLE, and no refresh token is sent without an intent', async () => {
    const server = await startServer();
    const store = {
      ...tokenward.memoryStore(),
      load: async () => {
        throw new Error('no such host: secret.internal');
      },
    };
    const session = tokenward.createSession({ grant: tokenward.jsonLogin({ tokenUrl: `${server.origin}/token` }), store });
    const error = await assert.rejects('ERR_TOKEN_STORE_UNAVAILABLE', session.getAccessToken());
    assert.equal(error.retryable, true);
    assert.ok(!JSON.stringify([error, error.message, String(error.cause)]).includes('secret.internal'), "the store's words");
    assert.equal(server.issued, 0);
    await server.close();
  });

  test('a process whose store fails ends when it has nothing else to do', async () => {
    const server = await startServer();
    const script = `
      import { createSession, jsonLogin } from 'tokenward';
      const failing = async () => { throw new Error('no such host'); };
      const store = { shared: 'global', consistency: 'strong', load: async () => null, save: failing, clear: failing };
      const session = createSession({ grant: jsonLogin({ tokenUrl: '${server.origin}/token' }), store });
      session.on('warning', ({ code }) => console.log(code));
      await session.login({ username: 'ada', password: 'x' });
      console.log(await session.getAccessToken());
      process.once('beforeExit', () => session.close());`;
    const ran = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: installed, timeout: 20_000 });
    const { stdout } = await ran.finally(server.close);
    assert.same(stdout.split('\n').slice(-2), ['access-1', '']);
  });

  for (const useSQLite of [true, false]) {
    const storage = useSQLite ? 'SQLite' : 'key-value storage';
    async function inWorker(server, run) {
      const miniflare = new Miniflare({
        modules: await workerModules(worker),
        compatibilityDate: '2024-01-01',
        bindings: { ORIGIN: server.origin },
        durableObjects: { TOKENS: { className: 'TokenStoreObject', useSQLite } },
      });
      try {
        await miniflare.ready;
        await run((path = '/') => miniflare.dispatchFetch(`http://worker${path}`));
      } finally {
        await miniflare.dispose();
        await server.close();
      }
    }

    test(`a Durable Object with ${storage}: a record changes only where its version is the expected one`, async () => {
      await inWorker(await startServer(), async (ask) => assert.same(await (await ask('/contract')).json(), []));
    });

    test(`a Durable Object with ${storage}: a sign-out in one Worker is heard at the next call in another`, async () => {
      const server = await startServer({ lifetime: 3600 });
      const modules = await workerModules(worker);
      const common = { modules, compatibilityDate: '2024-01-01', bindings: { ORIGIN: server.origin } };
      const miniflare = new Miniflare({
        workers: [
          { name: 'one', ...common, durableObjects: { TOKENS: { className: 'TokenStoreObject', useSQLite } } },
          { name: 'two', ...common, durableObjects: { TOKENS: { className: 'TokenStoreObject', scriptName: 'one', useSQLite } } },
        ],
      });
      try {
        const [one, two] = await Promise.all(['one', 'two'].map((name) => miniflare.getWorker(name)));
        const ask = async (fetcher, path = '/') => {
          const response = await fetcher.fetch(`http://worker${path}`);
          return [response.status, await response.json()];
        };
        assert.same((await ask(one))[1].token, 'access-1');
        for (let calls = 0; calls < 3; calls++) assert.same((await ask(two))[1].token, 'access-1');
        assert.equal((await ask(one, '/logout'))[0], 200);
        assert.same(await ask(two), [500, { code: 'ERR_SESSION_SIGNED_OUT' }]);
        assert.equal(server.issued, 1);
      } finally {
        await miniflare.dispose();
        await server.close();
      }
    });

    test(`a Durable Object with ${storage}: concurrent requests share one sign-in and one refresh`, async () => {
      const server = await startServer({ lifetime: 5, delayMs: 150 });
      await inWorker(server, async (ask) => {
        for (let round = 1; round <= 2; round++) {
          const answers = await Promise.all(
            Array.from({ length: 30 }, async () => {
              const response = await ask();
              return [response.status, (await response.json()).token];
            }),
          );
          assert.same([...new Set(answers.map(String))], [`200,access-${round}`]);
          assert.equal(server.issued, round);
          await pause(5_100);
        }
        assert.same([server.reuses, server.refused, sentTwice(server, 0)], [0, 0, []]);
        await (await ask('/logout')).json();
        const after = await ask();
        assert.same([after.status, await after.json()], [500, { code: 'ERR_SESSION_SIGNED_OUT' }]);
      });
    });
  }
};
