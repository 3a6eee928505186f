// Every export of verification, given every kind of value in every place: it answers, or throws a documented error.

import { besieged, besiegedMembers } from '../hostile-values.mjs';
import { claims, rules, signer } from '../kit.mjs';

const URL_ = 'https://issuer.test/jwks';

export default ({ long, assert, tokenward, host, way }) => {
  const {
    KeySet,
    Verifier,
    checkExpiry,
    createBearerGuard,
    decode,
    importKey,
    isExpired,
    isTokenwardError,
    thumbprint,
    verify,
    verifyJws,
    verifyJwsSync,
    verifySync,
  } = tokenward;

  /** Calls with each hostile value in each place of `args`. */
  async function besiege(name, call, args) {
    const faults = [];
    for (let place = 0; place < args.length; place++) {
      faults.push(...(await besieged(`${name} (${place + 1})`, (value) => call(...args.map((arg, at) => (at === place ? value : arg))))));
    }
    return faults;
  }

  long('no value makes an export throw anything but a documented error', async () => {
    const key = await signer('HS256');
    const token = await key.sign();
    const allowed = rules({ algorithms: ['HS256'] });
    const verifier = new Verifier({ ...allowed, keys: key.jwk });
    const faults = [
      ...(await besiege('decode', decode, [token])),
      ...(await besiege('checkExpiry', checkExpiry, [token, {}])),
      ...(await besiege('checkExpiry of claims', checkExpiry, [claims(), { now: 1 }])),
      ...(await besiege('isExpired', isExpired, [token, {}])),
      ...(await besiege('importKey', importKey, [key.jwk, {}])),
      ...(await besiege('thumbprint', thumbprint, [key.jwk])),
      ...(await besiege('KeySet.fromJwks', (...args) => KeySet.fromJwks(...args), [{ keys: [key.jwk] }])),
      ...(await besieged('a key of a set', (value) => KeySet.fromJwks({ keys: [value] }))),
      ...(await besiege('verifySync', verifySync, [token, key.jwk, allowed])),
      ...(await besiege('verify', verify, [token, key.jwk, allowed])),
      ...(await besiege('verifyJwsSync', verifyJwsSync, [token, key.jwk, {}])),
      ...(await besiege('verifyJws', verifyJws, [token, key.jwk, {}])),
      ...(await besiegedMembers('verifyJws', {}, ['algorithms', 'maxTokenLength', 'nonsense'], (options) =>
        verifyJws(token, key.jwk, options),
      )),
      ...(await besieged('Verifier', (value) => new Verifier(value))),
      ...(await besieged('isTokenwardError', isTokenwardError)),
    ];
    for (const method of ['verify', 'verifySync', 'safeVerify', 'safeVerifySync', 'explain'])
      faults.push(...(await besiege(method, (...args) => verifier[method](...args), [token])));
    assert.same(faults, [], 'faults');
    assert.same(verifier.verifySync(token).payload, claims(), 'afterwards');
  });

  long('no value of an option makes a Verifier throw anything but a documented error', async () => {
    const key = await signer('HS256');
    const token = await key.sign();
    const names = [
      'issuer',
      'audience',
      'algorithms',
      'subject',
      'typ',
      'scope',
      'claims',
      'requiredClaims',
      'requireExp',
      'maxTokenAge',
      'clockTolerance',
      'maxTokenLength',
      'now',
      'isRevoked',
      'schema',
      'keys',
      'nonsense',
    ];
    const whole = { ...rules(), keys: key.jwk };
    const schema = (validate) => ({ '~standard': { version: 1, vendor: 'test', validate } });
    const by = (more) => new Verifier({ ...whole, ...more });
    assert.same(
      [
        ...(await besiegedMembers('Verifier', whole, names, (options) => new Verifier(options).verifySync(token))),
        ...(await besiegedMembers('Verifier', whole, names, (options) => new Verifier(options).verify(token))),
        ...(await besieged('a claim', (value) => by({ claims: { sub: value } }).verifySync(token))),
        ...(await besieged('an issuer', (value) => by({ issuer: [value] }).verifySync(token))),
        ...(await besieged('an algorithm', (value) => by({ algorithms: [value] }).verifySync(token))),
        ...(await besieged('now answers', (value) => by({ now: () => value }).verifySync(token))),
        ...(await besieged('isRevoked answers', (value) => by({ isRevoked: () => value }).verifySync(token))),
        ...(await besieged('isRevoked resolves', (value) => by({ isRevoked: async () => value }).verify(token))),
        ...(await besieged('schema answers', (value) => by({ schema: schema(() => value) }).verifySync(token))),
        ...(await besieged('schema resolves', (value) => by({ schema: schema(async () => value) }).verify(token))),
        ...(await besieged('schema throws', (value) =>
          by({
            schema: schema(() => {
              throw value;
            }),
          }).verify(token),
        )),
        ...(await besieged('issues', (issues) => by({ schema: schema(() => ({ issues })) }).verify(token))),
        ...(await besieged('a path', (value) => by({ schema: schema(() => ({ issues: [{ path: [value] }] })) }).verify(token))),
        ...(await besieged('validate', (value) => by({ schema: schema(value) }).verify(token))),
        ...(await besiegedMembers('importKey', {}, ['alg', 'allowShortSecret'], (options) => importKey(key.jwk, options))),
        ...(await besiegedMembers('checkExpiry', {}, ['now', 'clockTolerance'], (options) => checkExpiry(token, options))),
        ...(await besiegedMembers('claims', claims(), ['exp', 'nbf'], (all) => checkExpiry(all, { now: 1 }))),
      ],
      [],
      'faults',
    );
  });

  long('no member of a JWK makes a key throw anything but a documented error', async () => {
    const faults = [];
    for (const alg of ['HS256', 'RS256', 'ES256', 'EdDSA']) {
      const { jwk } = await signer(alg);
      for (const name of [...Object.keys(jwk), 'use', 'key_ops', 'd', '__proto__', 'toJSON']) {
        faults.push(
          ...(await besieged(`${alg} ${name}`, (value) => {
            const hostile = Object.defineProperty({ ...jwk }, name, { value, enumerable: true });
            for (const read of [importKey, thumbprint, (each) => KeySet.fromJwks({ keys: [each] })]) {
              try {
                read(hostile);
              } catch (error) {
                if (!isTokenwardError(error)) throw error;
              }
            }
          })),
        );
      }
    }
    assert.same(faults, [], 'faults');
  });

  long('no value makes a key set that is fetched throw anything but a documented error', async () => {
    const key = await signer('ES256', { kid: 'one' });
    const token = await key.sign();
    const whole = { fetch: async () => Response.json({ keys: [key.jwk] }), timeoutMs: 10, now: () => 1_800_000_000_000 };
    const names = [
      'maxAge',
      'minAge',
      'staleIfError',
      'cooldown',
      'timeoutMs',
      'maxBytes',
      'fetch',
      'headers',
      'snapshot',
      'now',
      'cache',
      'waitUntil',
      'insecure',
      'nonsense',
    ];
    const use = async (set) => {
      void set.state;
      set.snapshot();
      await verify(token, set, rules());
      await set.refresh();
      set.free();
    };
    /** The host's own fetch would go out into the world. */
    const offline = (options) => (options.fetch === undefined ? { ...options, fetch: whole.fetch } : options);
    const over = (more) => use(KeySet.fromUrl(URL_, { ...whole, ...more }));
    const set = KeySet.fromUrl(URL_, whole);
    assert.same(
      [
        ...(await besieged('fromUrl', (value) => use(KeySet.fromUrl(value, whole)))),
        ...(await besieged('options', (value) => KeySet.fromUrl(URL_, value).state)),
        ...(await besieged('discover', (value) => use(KeySet.discover(value, whole)))),
        ...(await besiegedMembers('fromUrl', whole, names, (options) => use(KeySet.fromUrl(URL_, offline(options))))),
        ...(await besieged('fetch', (value) => over({ fetch: async () => value }))),
        ...(await besieged('fetch, at once', (value) => over({ fetch: () => value }))),
        ...(await besieged('status', (value) => over({ fetch: async () => ({ status: value, headers: new Headers(), body: null }) }))),
        ...(await besieged('headers', (value) => over({ fetch: async () => ({ status: 200, headers: value, body: null }) }))),
        ...(await besieged('body', (value) =>
          over({ fetch: async () => ({ status: 200, headers: new Headers({ 'content-type': 'application/json' }), body: value }) }),
        )),
        ...(await besieged('a chunk', (value) =>
          over({
            fetch: async () => ({
              status: 200,
              headers: new Headers(),
              body: { getReader: () => ({ read: async () => value, cancel: async () => {} }), cancel: async () => {} },
            }),
          }),
        )),
        ...(await besieged('now', (value) => over({ now: () => value }))),
        ...(await besieged('waitUntil', (value) => over({ waitUntil: () => value }))),
        ...(await besieged('get', (value) => over({ cache: { get: async () => value, set: async () => {} } }))),
        ...(await besieged('set', (value) => over({ cache: { get: async () => null, set: async () => value } }))),
        ...(await besieged('refresh', (value) => set.refresh(value))),
        ...(await besieged(
          'signal',
          (signal) => set.refresh({ signal }),
          (value, error) => error === value?.reason,
        )),
      ],
      [],
      'faults',
    );
  });

  long('no value makes a guard throw anything but a documented error', async () => {
    const key = await signer('HS256');
    const token = await key.sign();
    const verifier = new Verifier({ ...rules({ algorithms: ['HS256'] }), keys: key.jwk });
    const request = () => new Request('https://api.test/', { headers: { authorization: `Bearer ${token}` } });
    const guard = createBearerGuard({ verifier });
    const field = (value) => ({ method: 'GET', url: 'https://api.test/', headers: { get: () => value } });
    assert.same(
      [
        ...(await besieged('createBearerGuard', (value) => createBearerGuard(value))),
        ...(await besiegedMembers(
          'createBearerGuard',
          { verifier },
          ['verifier', 'realm', 'scopes', 'cors', 'missingMessage', 'nonsense'],
          (options) => createBearerGuard(options).check(request()),
        )),
        ...(await besieged('origins', (origins) => createBearerGuard({ verifier, cors: { origins } }))),
        ...(await besieged('a scope', (value) => createBearerGuard({ verifier, scopes: [value] }))),
        ...(await besieged('check', (value) => guard.check(value))),
        ...(await besieged('need', (value) => guard.check(request(), value))),
        ...(await besieged('scopes', (scopes) => guard.check(request(), { scopes }))),
        ...(await besiegedMembers('request', field(null), ['method', 'url', 'headers'], (value) => guard.check(value))),
        ...(await besieged('a field', (value) => guard.check(field(value)))),
        ...(await besieged('protect', (value) => guard.protect(value))),
        ...(await besieged('protect for', (value) => guard.protect(() => new Response(), value))),
        ...(await besieged('a protected handler', (value) => guard.protect(() => new Response())(value))),
        ...(await besieged('verify answers', (value) => createBearerGuard({ verifier: { verify: async () => value } }).check(request()))),
        ...(await besieged('verify throws', (value) =>
          createBearerGuard({
            verifier: {
              verify: async () => {
                throw value;
              },
            },
          }).check(request()),
        )),
      ],
      [],
      'faults',
    );
  });

  long('thirty megabytes are refused where they are not wanted, and memory is back at its floor', async () => {
    const key = await signer('HS256');
    const token = await key.sign();
    const huge = 'a'.repeat(30_000_000);
    const refused = {
      'a token': ['ERR_JWT_MALFORMED', () => verifySync(huge, key.jwk, rules())],
      'a token to decode': ['ERR_JWT_MALFORMED', () => decode(huge)],
      'a token of dots': ['ERR_JWT_MALFORMED', () => decode('.'.repeat(30_000_000))],
      'a PEM': ['ERR_KEY_UNUSABLE', () => importKey(huge)],
      'a member of a JWK': ['ERR_JWK_INVALID', () => importKey({ ...key.jwk, alg: undefined, k: `${huge}*` })],
      'a kid': [
        null,
        () => {
          verifySync(token, { ...key.jwk, kid: huge }, rules());
          throw null;
        },
      ],
      claims: ['ERR_JWT_CLAIM_VALIDATION_FAILED', () => checkExpiry({ exp: huge })],
    };
    for (const [, [code, call]] of Object.entries(refused)) assert.throws(code, call);
    assert.throws('ERR_JWT_MALFORMED', () => verifySync(huge, key.jwk, rules({ maxTokenLength: 40_000_000 })));
    assert.same(verifySync(token, key.jwk, rules()).payload, claims());
  });

  /** The memories of the instances that are made meanwhile, the newest last. */
  async function instances(run) {
    const { Instance } = WebAssembly;
    const made = [];
    WebAssembly.Instance = class extends Instance {
      constructor(...args) {
        super(...args);
        made.push(this);
      }
    };
    try {
      // An input this long costs the instance that there is.
      assert.throws('ERR_KEY_UNUSABLE', () => importKey('a'.repeat(30_000_000)));
      return await run(() => made.at(-1).exports, made);
    } finally {
      WebAssembly.Instance = Instance;
    }
  }

  long('the memory is exactly what it was before thirty megabytes came, in every place where text comes in', async () => {
    const key = await signer('ES256');
    const token = await key.sign();
    const huge = 'a'.repeat(30_000_000);
    const guard = createBearerGuard({ verifier: new Verifier({ ...rules(), keys: key.jwk }) });
    const inputs = {
      PEM: () => importKey(huge),
      'a kid': () => importKey({ ...key.jwk, kid: huge }),
      'a key set': () => KeySet.fromJwks({ keys: [{ ...key.jwk, kid: huge }] }),
      thumbprint: () => thumbprint({ ...key.jwk, x: huge }),
      'a secret': () => importKey(new TextEncoder().encode(huge), { alg: 'HS256' }),
      'a token': () => verifySync(huge, key.jwk, rules()),
      'a token that may be long': () => verifySync(huge, key.jwk, rules({ maxTokenLength: 40_000_000 })),
      decode: () => decode(huge),
      claims: () => checkExpiry({ exp: huge }),
      'a challenge': () => tokenward.parseChallenges(huge),
      Authorization: () =>
        guard.check({
          method: 'GET',
          url: 'https://api.test',
          headers: { get: (name) => (name === 'authorization' ? `Bearer ${huge}` : null) },
        }),
      URL: () => guard.check({ method: 'GET', url: `https://api.test/?${huge}`, headers: { get: () => null } }),
      realm: () => createBearerGuard({ verifier: { verify() {} }, realm: huge }),
      'a snapshot': () => KeySet.fromUrl(URL_, { snapshot: huge }),
      'a shared cache': () =>
        verify(
          token,
          KeySet.fromUrl(URL_, {
            fetch: async () => Response.json({ keys: [key.jwk] }),
            cache: { get: async () => huge, set: async () => {} },
          }),
          rules(),
        ),
    };
    await instances(async (current) => {
      const pages = () => {
        verifySync(token, key.jwk, rules());
        return current().memory.buffer.byteLength;
      };
      const floor = pages();
      for (const [name, input] of Object.entries(inputs)) {
        try {
          await input();
        } catch (error) {
          assert.ok(isTokenwardError(error), `${name}: ${error?.code}: a documented error`);
        }
        assert.equal(pages(), floor, `bytes after ${name}`);
      }
    });
  });

  long('what is let go is gone from the module, freed by hand or collected, and another round takes no more memory', async () => {
    const { key, token } = await signer('ES256', { kid: 'one' }).then(async (key) => ({ key, token: await key.sign() }));
    const fetch = async () => Response.json({ keys: [key.jwk] });
    const secret = new Uint8Array(32).fill(7);
    const live = (exports) => Array.from({ length: 4_000 }, (_, handle) => exports.keys_size(handle)).filter((size) => size > 0).length;
    const kinds = {
      verifySync: () => verifySync(token, key.jwk, rules()),
      verify: () => verify(token, key.jwk, rules()),
      'a refused token': () => {
        try {
          verifySync(`${token}x`, key.jwk, rules());
        } catch {
          /* refused */
        }
      },
      'a key': () => importKey(key.jwk),
      'a secret': () => importKey(secret, { alg: 'HS256' }),
      'a set': () => KeySet.fromJwks({ keys: [key.jwk] }),
      'refused options': () => {
        try {
          new Verifier({ ...rules(), keys: key.jwk, typ: '' });
        } catch {
          /* refused */
        }
      },
      'a Verifier': () => {
        const verifier = new Verifier({ ...rules(), keys: key.jwk });
        verifier.verifySync(token);
        return verifier;
      },
      'a remote set': async () => {
        const set = KeySet.fromUrl(URL_, { fetch });
        await set.refresh();
        verifySync(token, set, rules());
        return set;
      },
      'a guard': () => createBearerGuard({ verifier: { verify() {} } }),
      'a session': async () => {
        const session = tokenward.createSession({
          grant: tokenward.customGrant({ acquire: async () => ({ access_token: 'a', expires_in: 60 }) }),
          isolation: 'request',
        });
        await session.getAccessToken();
        session.close();
      },
    };
    const collect = collector();
    await instances(async (current, made) => {
      for (const [name, make] of Object.entries(kinds)) {
        for (const byHand of [true, false]) {
          // Nothing frees a guard or a session by hand.
          if (!collect && (!byHand || /guard|session/.test(name))) continue;
          const one = async () => {
            const made = await make();
            if (byHand) made?.free?.();
          };
          const round = async () => {
            for (let each = 0; each < (byHand ? 200 : 50); each++) await one();
            for (let turn = 0; collect && turn < 3; turn++) await collect();
          };
          await round();
          await round();
          const [before, keys, count] = [current().memory.buffer.byteLength, live(current()), made.length];
          await round();
          const what = `${name}, ${byHand ? 'freed' : 'collected'}`;
          assert.equal(made.length, count, `instances: ${what}:`);
          assert.equal(current().memory.buffer.byteLength, before, `bytes: ${what}:`);
          // Single calls leave the last few of their keys for the next ones like them.
          if (collect || byHand) assert.equal(live(current()), keys, `live keys: ${what}:`);
          assert.ok(keys <= 64, `${keys} keys left: ${what}`);
        }
      }
    });
  });

  /** Collects garbage and lets finalizers run, where the host lets itself be told to. */
  function collector() {
    const vm = globalThis.process?.getBuiltinModule?.('node:vm');
    if (way !== 'import' || host !== 'node' || !vm) return undefined;
    process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
    const gc = vm.runInNewContext('gc');
    return () =>
      new Promise((resolve) => {
        gc();
        setTimeout(resolve, 1);
      });
  }
};
