// A bearer fetch as the fetch of HTTP clients that people use, against a real server.

import { createRequire } from 'node:module';
import { join } from 'node:path';

import { root } from '../installed.mjs';
import { startServer } from './server.mjs';

const from = createRequire(join(root, 'tests/'));
/** What `import` would find, also where require finds a transpiled module. */
const load = async (name) => {
  const found = await import(from.resolve(name));
  return found.default?.__esModule ? found.default : found;
};

export default ({ test, assert, tokenward }) => {
  const { createBearerFetch, jsonLogin } = tokenward;

  /** What every client must do: sign its requests, survive an expiry and a 401, and send a body twice. */
  async function works(make) {
    const server = await startServer();
    const clock = { now: 1_800_000_000_000 };
    const bearer = createBearerFetch({
      session: {
        grant: jsonLogin({ tokenUrl: `${server.origin}/token`, credentials: () => ({ username: 'ada', password: 'x' }) }),
        now: () => clock.now,
      },
      resources: `${server.origin}/api`,
    });
    try {
      const { get, post } = await make(bearer, server.origin);
      assert.same(await get(), { token: 'access-1' });
      clock.now += 3_600_000;
      assert.same(await get(), { token: 'access-2' });
      clock.now += 60_000;
      server.endAccessTokens();
      assert.same(await post({ hello: 'world' }), { token: 'access-3', body: { hello: 'world' } });
      assert.equal(server.issued, 3);
      assert.equal(server.reuses, 0);
    } finally {
      await server.close();
    }
  }

  test('ky', () =>
    works(async (fetch, origin) => {
      const { default: ky } = await load('ky');
      const api = ky.create({ fetch, retry: 0 });
      return { get: () => api.get(`${origin}/api/me`).json(), post: (json) => api.post(`${origin}/api/echo`, { json }).json() };
    }));

  test('openapi-fetch', () =>
    works(async (fetch, baseUrl) => {
      const { default: createClient } = await load('openapi-fetch');
      const api = createClient({ baseUrl, fetch });
      const data = async (answer) => (await answer).data;
      return { get: () => data(api.GET('/api/me')), post: (body) => data(api.POST('/api/echo', { body })) };
    }));

  test('ofetch', () =>
    works(async (fetch, baseURL) => {
      const { createFetch } = await load('ofetch');
      const api = createFetch({ fetch, Headers, AbortController, defaults: { baseURL, retry: 0 } });
      return { get: () => api('/api/me'), post: (body) => api('/api/echo', { method: 'POST', body }) };
    }));

  test('hono/client', () =>
    works(async (fetch, origin) => {
      const { hc } = await load('hono/client');
      const { api } = hc(origin, { fetch });
      return { get: async () => (await api.me.$get()).json(), post: async (json) => (await api.echo.$post({ json })).json() };
    }));
};
