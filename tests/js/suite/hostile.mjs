// Every export of verification, given every kind of value in every place: it answers, or throws a documented error.

import { claims, rules, signer } from '../kit.mjs';

const DOCUMENTED = new Set([
  'ERR_JWT_MALFORMED', 'ERR_JWE_NOT_SUPPORTED', 'ERR_JOSE_ALG_NOT_ALLOWED', 'ERR_JOSE_NOT_SUPPORTED',
  'ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'ERR_JWT_EXPIRED', 'ERR_JWT_NOT_YET_VALID', 'ERR_JWT_CLAIM_VALIDATION_FAILED',
  'ERR_JWT_REVOKED', 'ERR_REVOCATION_UNAVAILABLE', 'ERR_JWK_INVALID', 'ERR_KEY_WEAK', 'ERR_KEY_UNUSABLE', 'ERR_JWKS_INVALID',
  'ERR_JWKS_NO_MATCHING_KEY', 'ERR_JWKS_MULTIPLE_MATCHING_KEYS', 'ERR_SYNC_UNAVAILABLE', 'ERR_INVALID_ARG',
]);

function thrower() {
  throw new Error('a trap of the caller');
}

const TRAPS = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((name) => [name, thrower]));

/** Fresh values every time: some can be spoilt by being used. */
function hostileValues() {
  const cyclic = { kty: 'oct' };
  cyclic.self = cyclic;
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  const getters = {};
  for (const name of ['kty', 'keys', 'alg', 'exp', 'nbf', 'now', 'issuer', 'audience', 'then', 'type', 'export', 'length', 'algorithms', 'allowShortSecret',
    'clockTolerance', 'schema', 'isRevoked', 'toJSON', 'asymmetricKeyType', '~standard']) {
    Object.defineProperty(getters, name, { get: thrower, enumerable: true });
  }
  const detached = new Uint8Array(32);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  return {
    undefined, null: null, true: true, zero: 0, NaN, negative: -1, huge: 1e308, bigint: 10n, symbol: Symbol('x'),
    'empty text': '', text: 'text', dots: '..', 'lone surrogate': '\ud800.\udc00.\ud800', 'nul text': '\0', 'long text': 'a.'.repeat(50_000),
    'empty list': [], list: [1, 'x', null], 'list of lists': [[[]]], 'sparse list': new Array(5), 'empty object': {}, function: () => {},
    class: class {}, date: new Date(), 'no date': new Date(NaN), regexp: /x/g, map: new Map([['kty', 'oct']]), error: new Error('x'),
    'null prototype': Object.create(null), cyclic, revoked, 'throwing getters': getters, 'throwing proxy': new Proxy({}, TRAPS),
    'throwing function': new Proxy(() => {}, TRAPS), 'throwing text': { toString: thrower, valueOf: thrower, [Symbol.toPrimitive]: thrower },
    'false date': { [Symbol.toStringTag]: 'Date' }, 'false key': { [Symbol.toStringTag]: 'CryptoKey' }, 'false bytes': { [Symbol.toStringTag]: 'ArrayBuffer' },
    'false KeyObject': { [Symbol.toStringTag]: 'KeyObject' }, bytes: new Uint8Array(32), 'no bytes': new Uint8Array(), detached,
    'detached buffer': detached.buffer, floats: new Float64Array(8), view: new DataView(new ArrayBuffer(40)), thenable: { then: thrower },
    'false set': { keys: { length: 1 } }, 'odd set': { keys: [null, 1, cyclic.self, { kty: Symbol('x') }] }, 'deep jwk': { kty: 'oct', k: { k: { k: [] } } },
  };
}

export default ({ test, assert, tokenward, host }) => {
  const { KeySet, Verifier, checkExpiry, decode, importKey, isExpired, isTokenwardError, thumbprint, verify, verifyJws, verifyJwsSync, verifySync } = tokenward;

  function documented(error, what) {
    assert.ok(isTokenwardError(error), `${what}: ${String(error?.stack ?? error)}: a documented error`);
    assert.ok(DOCUMENTED.has(error.code), `${what}: ${error.code}, which is documented for it,`);
    assert.ok(!`${error.message}${error.stack}`.includes('a trap of the caller'), `${what}: silence about the caller's trap`);
  }

  /** Calls with each hostile value in each place of `args`. */
  async function besiege(name, call, args) {
    for (let place = 0; place < args.length; place++) {
      for (const [kind, value] of Object.entries(hostileValues())) {
        const given = args.with ? args.with(place, value) : args.map((arg, at) => (at === place ? value : arg));
        try {
          await call(...given);
        } catch (error) {
          documented(error, `${name}, ${kind} as argument ${place + 1}`);
        }
      }
    }
  }

  test('no value makes an export throw anything but a documented error', async () => {
    const key = await signer('HS256');
    const token = await key.sign();
    const allowed = rules({ algorithms: ['HS256'] });
    await besiege('decode', (...args) => decode(...args), [token]);
    await besiege('checkExpiry', (...args) => checkExpiry(...args), [token, {}]);
    await besiege('checkExpiry of claims', (...args) => checkExpiry(...args), [claims(), { now: 1 }]);
    await besiege('isExpired', (...args) => isExpired(...args), [token, {}]);
    await besiege('importKey', (...args) => importKey(...args), [key.jwk, {}]);
    await besiege('thumbprint', (...args) => thumbprint(...args), [key.jwk]);
    await besiege('KeySet.fromJwks', (...args) => KeySet.fromJwks(...args), [{ keys: [key.jwk] }]);
    await besiege('verifySync', (...args) => verifySync(...args), [token, key.jwk, allowed]);
    await besiege('verify', (...args) => verify(...args), [token, key.jwk, allowed]);
    await besiege('verifyJwsSync', (...args) => verifyJwsSync(...args), [token, key.jwk, {}]);
    await besiege('verifyJws', (...args) => verifyJws(...args), [token, key.jwk, {}]);
    await besiege('Verifier', (...args) => new Verifier(...args), [{ ...allowed, keys: key.jwk }]);
    const verifier = new Verifier({ ...allowed, keys: key.jwk });
    for (const method of ['verify', 'verifySync', 'safeVerify', 'safeVerifySync', 'explain']) {
      await besiege(method, (...args) => verifier[method](...args), [token]);
    }
    for (const value of Object.values(hostileValues())) isTokenwardError(value);
    assert.same(verifier.verifySync(token).payload, claims(), 'afterwards');
  });

  test('no value of an option makes a Verifier throw anything but a documented error', async () => {
    const key = await signer('HS256');
    const token = await key.sign();
    const names = ['issuer', 'audience', 'algorithms', 'subject', 'typ', 'scope', 'claims', 'requiredClaims', 'requireExp', 'maxTokenAge', 'clockTolerance',
      'maxTokenLength', 'now', 'isRevoked', 'schema', 'keys'];
    for (const name of names) {
      for (const [kind, value] of Object.entries(hostileValues())) {
        try {
          new Verifier({ ...rules(), keys: key.jwk, [name]: value }).verifySync(token);
        } catch (error) {
          documented(error, `${name}: ${kind}`);
        }
      }
    }
    for (const name of ['alg', 'allowShortSecret']) {
      for (const [kind, value] of Object.entries(hostileValues())) {
        try {
          importKey(key.jwk, { [name]: value });
        } catch (error) {
          documented(error, `${name}: ${kind}`);
        }
      }
    }
    for (const name of ['now', 'clockTolerance']) {
      for (const [kind, value] of Object.entries(hostileValues())) {
        try {
          checkExpiry(token, { [name]: value });
        } catch (error) {
          documented(error, `checkExpiry ${name}: ${kind}`);
        }
      }
    }
  });

  test('no member of a JWK makes a key throw anything but a documented error', async () => {
    for (const alg of ['HS256', 'RS256', 'ES256', 'EdDSA']) {
      const { jwk } = await signer(alg);
      for (const name of [...Object.keys(jwk), 'use', 'key_ops', 'd', '__proto__', 'toJSON']) {
        for (const [kind, value] of Object.entries(hostileValues())) {
          const hostile = { ...jwk };
          Object.defineProperty(hostile, name, { value, enumerable: true });
          for (const read of [() => importKey(hostile), () => KeySet.fromJwks({ keys: [hostile] }), () => thumbprint(hostile)]) {
            try {
              read();
            } catch (error) {
              documented(error, `${alg} ${name}: ${kind}`);
            }
          }
        }
      }
    }
  });

  test('thirty megabytes are refused where they are not wanted, and memory is back at its floor', async () => {
    const key = await signer('HS256');
    const token = await key.sign();
    const huge = 'a'.repeat(30_000_000);
    const refused = {
      'a token': ['ERR_JWT_MALFORMED', () => verifySync(huge, key.jwk, rules())],
      'a token to decode': ['ERR_JWT_MALFORMED', () => decode(huge)],
      'a token of dots': ['ERR_JWT_MALFORMED', () => decode('.'.repeat(30_000_000))],
      'a PEM': ['ERR_KEY_UNUSABLE', () => importKey(huge)],
      'a member of a JWK': ['ERR_JWK_INVALID', () => importKey({ ...key.jwk, alg: undefined, k: `${huge}*` })],
      'a kid': [null, () => { verifySync(token, { ...key.jwk, kid: huge }, rules()); throw null; }],
      claims: ['ERR_JWT_CLAIM_VALIDATION_FAILED', () => checkExpiry({ exp: huge })],
    };
    for (const [, [code, call]] of Object.entries(refused)) assert.throws(code, call);
    assert.throws('ERR_JWT_MALFORMED', () => verifySync(huge, key.jwk, rules({ maxTokenLength: 40_000_000 })));
    assert.same(verifySync(token, key.jwk, rules()).payload, claims());
    if (host !== 'node') return;
    // The floor: a megabyte or two for the module, whatever came before.
    const { arrayBuffers, external } = process.memoryUsage();
    assert.ok(Math.max(arrayBuffers, external) < 300_000_000, 'memory outside the heap');
  });

  test('two thousand verifiers that are let go leave the memory as it was', async () => {
    const key = await signer('ES256');
    const token = await key.sign();
    verifySync(token, key.jwk, rules());
    const before = globalThis.process?.memoryUsage?.().rss ?? 0;
    for (let round = 0; round < 2_000; round++) {
      verifySync(token, key.jwk, rules());
      importKey(key.jwk).free();
      KeySet.fromJwks({ keys: [key.jwk] }).free();
    }
    const after = globalThis.process?.memoryUsage?.().rss ?? 0;
    assert.ok(after - before < 150_000_000, `growth by ${after - before} bytes`);
  });
};
