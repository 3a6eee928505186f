// A polluted `Object.prototype` changes nothing: every name of an option or of any other member that the declarations have is
// put there, with values that would switch something on or off, while everything the package exports is used.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { importFromUser, packageFolder } from './installed.mjs';

const ISSUER = 'https://issuer.test';
const AUDIENCE = 'https://api.test';
const LOGIN = 'https://login.test';
const API = 'https://api.test/notes';

/** An object that inherits nothing: what the test itself gives to the platform is not to be polluted. */
const own = (members) => Object.assign(Object.create(null), members);

/** Values that would switch a check off, set another limit, or stand in for a function, a list or an object. */
const VALUES = [undefined, null, false, true, 0, 1e9, '', 'polluted', () => false, [], own({})];

/** The host itself, or the language, reads these of any object: nothing of ours runs any more. */
const HOSTS_OWN = ['get', 'set', 'value', 'then', 'constructor', 'toString', 'valueOf', 'toJSON', 'length', 'prototype'];

/** Node's crypto.subtle makes no keys where members of its own dictionaries are polluted: these get the names of their options. */
const MAKE_KEYS = own({
  createKey: ['kid', 'extractable'],
  createIssuer: ['issuer', 'audience', 'algorithms', 'lifetime', 'now', 'header', 'withdraw', 'kid'],
});

/** Every member that a declaration of the package has. */
function declaredNames() {
  const names = new Set();
  for (const file of readdirSync(join(packageFolder, 'dist')).filter((name) => name.endsWith('.d.ts'))) {
    const code = readFileSync(join(packageFolder, 'dist', file), 'utf8').replace(/\/\*[^]*?\*\//g, '');
    for (const [, name] of code.matchAll(/(?:^|[{;,(\s])(?:readonly )?([a-zA-Z]\w*)\??(?:: |\()/g)) names.add(name);
  }
  return [...names].filter((name) => !HOSTS_OWN.includes(name)).sort();
}

/** How a call ends while every name of `names` has this value on `Object.prototype`. */
async function polluted(names, value, use) {
  for (const name of names)
    Object.defineProperty(Object.prototype, name, own({ value, enumerable: true, configurable: true, writable: true }));
  try {
    return await ending(use);
  } finally {
    for (const name of names) delete Object.prototype[name];
  }
}

const shown = (value) => (typeof value === 'function' ? 'a function' : JSON.stringify(value));

/** A response whose every member is given: a host's constructor may look for the others where the pollution is. */
const answering = (body, status = 200) =>
  new Response(body, own({ status, statusText: '', headers: own({ 'content-type': 'application/json' }) }));

/** How a call ended, as text. */
async function ending(use) {
  try {
    return JSON.stringify(await use()) ?? 'undefined';
  } catch (error) {
    return `${Object.hasOwn(error, 'code') ? error.code : error.name}: ${error.message}`;
  }
}

export default async () => {
  const { tokenward, stores, testing } = await importFromUser(
    'pollution.mjs',
    `
    export * as tokenward from 'tokenward'; export * as stores from 'tokenward/stores'; export * as testing from 'tokenward/testing';`,
  );
  const uses = await everyUse(tokenward, stores, testing);
  const names = declaredNames();

  return ({ test, assert }) => {
    test('every export has a use here', () => {
      const exported = [tokenward, stores, testing].flatMap((api) => Object.keys(api));
      assert.same(
        [...new Set(exported)].filter((name) => !Object.hasOwn(uses, name)),
        [],
      );
    });
    test('the names are those of all options', () => {
      for (const name of [
        'now',
        'requireExp',
        'clockTolerance',
        'audience',
        'schema',
        'maxAge',
        'replay',
        'realm',
        'allowShortSecret',
        'database',
        'lifetime',
      ]) {
        assert.ok(names.includes(name), name);
      }
    });
    test('no name on Object.prototype changes what an export does', async () => {
      const clean = own({});
      for (const [use, run] of Object.entries(uses)) clean[use] = await ending(run);
      for (const [use, run] of Object.entries(uses)) assert.equal(await ending(run), clean[use], `${use} a second time:`);
      for (const value of VALUES) {
        for (const [use, run] of Object.entries(uses)) {
          assert.equal(
            await polluted(use in MAKE_KEYS ? MAKE_KEYS[use] : names, value, run),
            clean[use],
            `${use} where every name is ${shown(value)}:`,
          );
        }
      }
    });
    test('what was made before the pollution serves as before', async () => {
      const made = uses.made();
      const clean = await ending(made);
      for (const value of VALUES) assert.equal(await polluted(names, value, made), clean, `where every name is ${shown(value)}:`);
    });
  };
};

/** A use of every export that says all there is to say, in text that is the same every time. */
async function everyUse(tokenward, stores, testing) {
  const NOW = 1_800_000_000;
  const key = await testing.createKey('ES256', { kid: 'k' });
  const hmac = await testing.createKey('HS256', own({ kid: null }));
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'ada', iat: NOW - 10, exp: NOW + 60 };
  const token = await key.sign(claims);
  const tokens = [
    token,
    await key.sign({ ...claims, exp: NOW - 1 }),
    await key.sign({ ...claims, exp: undefined }),
    await key.sign({ ...claims, aud: 'https://other.test' }),
    await key.sign({ ...claims, iss: 'https://other.test' }),
    `${token}A`,
    'x',
  ];
  const jwks = { keys: [key.jwk] };
  const rules = (more) => ({ issuer: ISSUER, audience: AUDIENCE, now: NOW, ...more });
  const said = (result) => (result.ok ? ['ok', result.payload, result.key] : [result.error.code, result.error.message]);
  const serving = (routes) => async (url, init) => {
    const { pathname } = new URL(typeof url === 'string' ? url : url.url);
    const answer = routes[pathname];
    if (answer === undefined) return answering('', 404);
    const sent = init ? [init.method ?? 'GET', Object.hasOwn(init, 'body') ? String(init.body) : ''] : [];
    return answering(JSON.stringify(typeof answer === 'function' ? answer(...sent) : answer));
  };
  const clock = () => NOW * 1000;
  const published = serving(own({ '/jwks': jwks, '/.well-known/openid-configuration': { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` } }));
  const remote = () => ({ fetch: published, now: clock });
  const tokensOf = () => ({ access_token: 'access', token_type: 'Bearer', expires_in: 3600, refresh_token: 'refresh' });
  const login = serving(
    own({
      '/token': tokensOf,
      '/revoke': {},
      '/.well-known/openid-configuration': {
        issuer: LOGIN,
        token_endpoint: `${LOGIN}/token`,
        authorization_endpoint: `${LOGIN}/authorize`,
      },
    }),
  );
  const heard = [];
  const sending = async (_url, init) => {
    heard.push([new Headers(init?.headers).get('authorization'), init?.method ?? 'GET', init?.redirect ?? 'none']);
    return answering('{}');
  };
  const request = (authorization) =>
    new Request(API, own({ headers: own({ ...(authorization && { authorization }), origin: 'https://app.test' }) }));
  const requests = [token, tokens[1], tokens[5]].map((each) => request(`Bearer ${each}`));
  const answered = async (result) =>
    result.ok
      ? ['passes', result.payload]
      : [result.status, result.error, [...result.response.headers].sort(), await result.response.text()];
  /** A session that signs in, serves and signs out. */
  const lived = async (grant, credentials) => {
    const session = tokenward.createSession({ grant, fetch: login, now: clock });
    try {
      const active = credentials === 'none' ? undefined : await session.login(credentials);
      const access = await session.getAccessToken();
      const snapshot = session.snapshot;
      return [active, access, snapshot, await session.logout(), session.snapshot, session.explain().length];
    } finally {
      session.close();
    }
  };
  const jsonLogin = () => tokenward.jsonLogin({ tokenUrl: `${LOGIN}/token` });
  const credentials = { username: 'ada', password: 'secret' };
  const codeGrant = () => tokenward.authorizationCode({ issuer: LOGIN, clientId: 'app', redirectUri: 'https://app.test/back' });
  const authorized = async () => {
    const session = tokenward.createSession({ grant: codeGrant(), fetch: login, now: clock });
    try {
      const { url, state } = await tokenward.beginAuthorization(session);
      const asked = [...new URL(url).searchParams].filter(([name]) => !['state', 'code_challenge'].includes(name));
      const after = await tokenward.completeAuthorization(session, `https://app.test/back?code=x&state=${state}`);
      return [asked, after, await session.getAccessToken()];
    } finally {
      session.close();
    }
  };
  const stored = async (store) => {
    const saved = await store.save('key', 'record', null);
    return [
      store.shared,
      store.consistency,
      saved.ok,
      (await store.load('key')).record,
      await store.save('key', 'other', 'no such version'),
      await store.clear('key', saved.version),
      await store.load('key'),
    ];
  };
  const redis = () => {
    const rows = new Map();
    return {
      get: async (at) => rows.get(at) ?? null,
      setEx: async (at, seconds, value) => void rows.set(at, `${seconds} ${value}`),
      eval: async (_script, { keys: [at], arguments: [expect, version, record] }) => {
        const row = rows.get(at);
        if (expect === undefined) return row ? [row.version, row.record] : [null, null];
        if ((row?.version ?? '') !== expect) return 0;
        if (version === undefined) rows.delete(at);
        else rows.set(at, own({ version, record }));
        return 1;
      },
    };
  };
  const durable = () => {
    const rows = new Map();
    const storage = {
      get: async (at) => rows.get(at),
      put: async (at, row) => void rows.set(at, row),
      delete: async (at) => rows.delete(at),
    };
    const object = new stores.TokenStoreObject({ storage: { transaction: (body) => body(storage) } }, {});
    return { fetch: (_url, init) => object.fetch({ json: async () => JSON.parse(init.body) }) };
  };
  const cached = async (cache) => {
    const before = await cache.get('key');
    await cache.set('key', 'value', 60);
    return [before, await cache.get('key')];
  };
  const verifier = (more) => new tokenward.Verifier({ ...rules(), keys: tokenward.KeySet.fromJwks(jwks), ...more });

  const uses = {
    version: () => tokenward.version,
    isTokenwardError: () => [tokenward.isTokenwardError({}), tokenward.isTokenwardError(new Error('x'))],
    decode: () => tokens.slice(0, 5).map((each) => tokenward.decode(each)),
    checkExpiry: () =>
      [tokenward.checkExpiry(token), tokenward.checkExpiry({}, { now: NOW }), tokenward.checkExpiry(tokens[1], { now: NOW })].map(
        ({ expiresIn, ...rest }) => rest,
      ),
    isExpired: () => [tokenward.isExpired(tokens[1], { now: NOW }), tokenward.isExpired(tokens[2], {})],
    importKey: () => [tokenward.importKey(key.jwk), tokenward.importKey(hmac.secret(), {}), tokenward.importKey(key.jwk, { alg: 'ES256' })],
    shortSecret: () => tokenward.importKey(new Uint8Array(8).fill(7)),
    VerificationKey: () => tokenward.importKey(key.jwk) instanceof tokenward.VerificationKey,
    thumbprint: () => tokenward.thumbprint(key.jwk),
    KeySet: async () => {
      const set = tokenward.KeySet.fromUrl(`${ISSUER}/jwks`, remote());
      const found = tokenward.KeySet.discover(ISSUER, remote());
      const results = [];
      for (const keys of [set, found]) {
        await keys.refresh();
        results.push(keys.state, keys.size, said(await verifier({ keys }).safeVerify(token)));
      }
      return [tokenward.KeySet.fromJwks(jwks).size, ...results];
    },
    Verifier: async () => {
      const one = verifier();
      const two = new tokenward.Verifier({ issuers: [{ ...rules(), keys: jwks }], cache: true });
      const more = verifier({ scope: 'read', claims: { sub: 'ada' } });
      const many = await one.verifyMany(tokens);
      return [
        many.map(said),
        tokens.map((each) => said(one.safeVerifySync(each))),
        tokens.map((each) => said(two.safeVerifySync(each))),
        said(more.safeVerifySync(token)),
        (await one.explain(tokens[1])).steps,
        [one, two, more].map((each) => each.free() ?? 'freed'),
      ];
    },
    'Verifier without an audience': () => new tokenward.Verifier({ issuer: ISSUER, keys: jwks }),
    'Verifier of issuers without an audience': () => new tokenward.Verifier({ issuers: [{ issuer: ISSUER, keys: jwks }] }),
    'Verifier without keys': () => new tokenward.Verifier({ issuer: ISSUER, audience: AUDIENCE }),
    verify: async () => said(await tokenward.verify(token, key.jwk, rules()).then((verified) => ({ ok: true, ...verified }))),
    verifySync: () => tokenward.verifySync(tokens[1], key.jwk, rules()),
    verifyJws: async () => (await tokenward.verifyJws(token, key.jwk)).payload.length,
    verifyJwsSync: () => tokenward.verifyJwsSync(token, key.jwk, {}).payload.length,
    createBearerGuard: async () => {
      const guard = tokenward.createBearerGuard({ verifier: verifier(), cors: { origins: ['https://app.test'] } });
      const results = [];
      for (const each of requests) results.push(await answered(await guard.check(each)));
      results.push(await answered(await guard.check(requests[0], { scopes: ['write'] })));
      const handler = guard.protect(() => answering('fine'));
      for (const each of requests) results.push(await (await handler(each)).text());
      return results;
    },
    jsonLogin: () => lived(jsonLogin(), credentials),
    'jsonLogin that asks': () => lived(tokenward.jsonLogin({ tokenUrl: `${LOGIN}/token`, credentials: () => credentials }), 'none'),
    'jsonLogin without credentials': () => lived(jsonLogin(), 'none'),
    oauth2: () =>
      lived(tokenward.oauth2({ tokenEndpoint: `${LOGIN}/token`, clientId: 'app', clientSecret: 's', grant: 'client_credentials' }), 'none'),
    'oauth2 by its issuer': () =>
      lived(tokenward.oauth2({ issuer: LOGIN, clientId: 'app', clientSecret: 's', grant: 'client_credentials' }), 'none'),
    authorizationCode: authorized,
    beginAuthorization: authorized,
    completeAuthorization: authorized,
    cookieRefresh: () => lived(tokenward.cookieRefresh({ url: `${LOGIN}/token` }), 'none'),
    customGrant: () => lived(tokenward.customGrant({ acquire: async () => tokensOf() }), 'none'),
    createSession: () => lived(jsonLogin(), credentials),
    'createSession without a name': () =>
      tokenward.createSession({ grant: tokenward.customGrant({}), store: tokenward.memoryStore() }).close(),
    createBearerFetch: async () => {
      heard.length = 0;
      const bearer = tokenward.createBearerFetch({
        session: { grant: jsonLogin(), fetch: login, now: clock },
        resources: 'https://api.test/',
        fetch: sending,
      });
      try {
        await bearer.session.login(credentials);
        await bearer(API);
        await bearer(API, { method: 'POST', body: 'x' });
        await bearer(API, { bearer: { auth: 'none' } });
        await bearer('https://elsewhere.test/');
        return heard;
      } finally {
        bearer.session.close();
      }
    },
    parseChallenges: () => tokenward.parseChallenges('Bearer realm="x", error="invalid_token", Basic abc='),
    memoryStore: () => stored(tokenward.memoryStore()),
    indexedDbStore: () => [tokenward.indexedDbStore().shared, tokenward.indexedDbStore({}).shared],
    webStore: () => [tokenward.webStore('session').shared, tokenward.webStore('local').consistency],
    cacheApiStore: () =>
      cached(stores.cacheApiStore({ match: async () => undefined, put: async (_at, response) => void (await response.text()) })),
    kvStore: () => cached(stores.kvStore({ get: async () => null, put: async () => {} })),
    redisStore: () => cached(stores.redisStore(redis())),
    redisTokenStore: () => stored(stores.redisTokenStore(redis())),
    durableObjectStore: () => stored(stores.durableObjectStore(durable())),
    TokenStoreObject: () => stored(stores.durableObjectStore(durable)),
    createClock: () => testing.createClock(NOW).now(),
    createKey: async () => {
      const made = await testing.createKey('ES256', { kid: 'made' });
      return [
        made.alg,
        Object.keys(made.jwk).sort(),
        typeof made.kid,
        said(await verifier({ keys: made.jwk }).safeVerify(await made.sign(claims))),
        (await made.cryptoKey()).extractable,
      ];
    },
    createIssuer: async () => {
      const issuer = await testing.createIssuer({ now: clock });
      const [minted, wrong] = [await issuer.token(), await issuer.wrong('expired')];
      const { header, payload } = tokenward.decode(minted);
      const over = new tokenward.Verifier({ ...issuer.rules, keys: issuer.jwks() });
      return [
        Object.keys(header).sort(),
        payload,
        said(over.safeVerifySync(minted)).at(0),
        said(over.safeVerifySync(wrong)),
        issuer.jwks().keys.length,
      ];
    },
    createTokenEndpoint: async () => {
      const endpoint = testing.createTokenEndpoint({ now: clock });
      return [endpoint.tokenUrl, endpoint.lifetime, endpoint.replayWindowMs, endpoint.accepts('x')];
    },
    wrongTokens: () => testing.wrongTokens.length,
  };
  // Not a use: what `made` gives was made before.
  Object.defineProperty(uses, 'made', {
    value() {
      const one = verifier();
      const guard = tokenward.createBearerGuard({ verifier: one });
      return async () => {
        const results = [(await one.verifyMany(tokens)).map(said), tokens.map((each) => said(one.safeVerifySync(each)))];
        for (const each of requests) results.push(await answered(await guard.check(each)));
        return results;
      };
    },
  });
  return uses;
}
