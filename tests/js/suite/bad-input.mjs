// What is not a token, a key or a set of rules: each has its code, nothing traps, and no message quotes the token.

import { base64url, claims, rules, signer, unsigned } from '../kit.mjs';

export default ({ test, assert, tokenward }) => {
  const { Verifier, checkExpiry, createBearerGuard, decode, importKey, isTokenwardError, verify, verifySync } = tokenward;
  const secret = new Uint8Array(32).fill(7);
  const HS256 = { algorithms: ['HS256'] };

  const malformed = {
    'a number': 42,
    undefined,
    null: null,
    'an object with a length': { length: 5, charCodeAt: () => 46 },
    'an array': ['a.b.c'],
    'the empty string': '',
    'two segments': 'e30.e30',
    'four segments': 'e30.e30.e30.e30',
    'a megabyte': `${base64url('{"alg":"HS256"}')}.${'A'.repeat(1 << 20)}.AAAA`,
    'a header that is a list': `${base64url('[]')}.e30.AAAA`,
    'a header with a name twice': `${base64url('{"alg":"HS256","alg":"none"}')}.e30.AAAA`,
    padding: `${base64url('{"alg":"HS256"}')}=.e30.AAAA`,
    'a lone surrogate': '\ud800.e30.AAAA',
    'white space': ' e30.e30.e30',
  };
  for (const [name, token] of Object.entries(malformed)) {
    test(`${name} is ERR_JWT_MALFORMED`, async () => {
      const errors = [
        assert.throws('ERR_JWT_MALFORMED', () => verifySync(token, secret, rules(HS256))),
        await assert.rejects('ERR_JWT_MALFORMED', verify(token, secret, rules(HS256))),
      ];
      if (name !== 'a megabyte') errors.push(assert.throws('ERR_JWT_MALFORMED', () => decode(token)));
      for (const error of errors) {
        assert.ok(error instanceof Error);
        assert.ok(isTokenwardError(error));
        assert.equal(error.retryable, false);
      }
    });
  }

  test('five segments are ERR_JWE_NOT_SUPPORTED', () => {
    const jwe = `${base64url('{"alg":"RSA-OAEP","enc":"A256GCM"}')}.AAAA.AAAA.AAAA.AAAA`;
    assert.throws('ERR_JWE_NOT_SUPPORTED', () => verifySync(jwe, secret, rules(HS256)));
    assert.throws('ERR_JWE_NOT_SUPPORTED', () => decode(jwe));
  });

  test('alg none is refused, in any spelling', () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE']) {
      assert.throws('ERR_JOSE_ALG_NOT_ALLOWED', () => verifySync(`${unsigned({ alg }, claims())}.`, secret, rules(HS256)));
    }
  });

  test('a key of the wrong kind is ERR_KEY_UNUSABLE', async () => {
    const token = await (await signer('HS256')).sign();
    for (const key of [undefined, null, 42, true, [], () => {}]) {
      assert.throws('ERR_KEY_UNUSABLE', () => verifySync(token, key, rules()));
    }
  });

  test('a shared secret is never a string', () => {
    assert.throws('ERR_KEY_UNUSABLE', () => importKey('a shared secret that is long enough'));
  });

  for (const name of ['issuer', 'audience']) {
    for (const value of [undefined, '', [], ['']]) {
      test(`rules with ${name} ${JSON.stringify(value)} are ERR_INVALID_ARG, a TypeError`, () => {
        const error = assert.throws('ERR_INVALID_ARG', () => new Verifier({ ...rules(HS256), [name]: value, keys: secret }));
        assert.ok(error instanceof TypeError);
        assert.equal(error.name, 'TokenwardError');
        assert.ok(error.message.includes(name), error.message);
      });
    }
  }

  test('no message, stack, JSON or text of an error holds the token or its claims', async () => {
    const key = await signer('HS256');
    const token = await key.sign(claims({ sub: 'canary-subject', iss: 'https://canary.test', secret: 'canary-claim' }));
    const failures = [
      () => verifySync(token, key.jwk, rules()),
      () => verifySync(token, secret, rules({ algorithms: ['HS256'], issuer: null })),
      () => verifySync(`${token}.${token}`, key.jwk, rules()),
      () => verifySync(token.replace('.', '.canary'), key.jwk, rules()),
      () => checkExpiry({ exp: 'canary' }),
    ];
    for (const failure of failures) {
      const error = assert.throws(null, failure);
      assert.ok(isTokenwardError(error), error.message);
      const text = [error.message, error.stack, JSON.stringify(error), String(error), String(error.cause)].join('\n');
      for (const canary of ['canary', token.slice(0, 30), token.slice(-30)]) assert.ok(!text.includes(canary), text);
    }
  });

  test('a stack overflow costs one call, not the instance', async () => {
    const key = await signer('ES256');
    const token = await key.sign();
    const verifier = new Verifier({ ...rules(), keys: key.jwk });
    const { Instance } = WebAssembly;
    let made = 0;
    WebAssembly.Instance = class extends Instance {
      constructor(...args) {
        super(...args);
        made += 1;
      }
    };
    // On the way back up, each frame leaves a little more room: for nothing, for the call, for half of what the module does.
    let seen = new Set();
    const descend = (...ballast) => {
      try {
        descend(...ballast);
      } catch {
        // The end of the stack.
      }
      if (seen.has('accepted')) return;
      try {
        verifier.verifySync(token);
        seen.add('accepted');
      } catch (error) {
        seen.add(error.code ?? error.name);
      }
    };
    try {
      // Frames of other sizes, until one leaves so little room that the stack ends inside the module.
      for (let size = 0; made === 0 && size < 200; size++) {
        seen = new Set();
        descend(...Array(size));
      }
    } finally {
      WebAssembly.Instance = Instance;
    }
    assert.ok(seen.size > 1 && seen.has('accepted'), 'refused at the end of the stack, accepted as soon as there is room:');
    assert.ok(made > 0, 'the stack never ended inside the module: instances made anew');
    assert.same(verifier.verifySync(token).payload, claims());
  });

  test('options of which a copy would lack something are refused, and not followed in part', async () => {
    const key = await signer('HS256');
    const token = await key.sign();
    const own = rules(HS256);
    class Getters {
      issuer = own.issuer;
      audience = own.audience;
      now = own.now;
      algorithms = own.algorithms;
      get subject() {
        return 'alice';
      }
    }
    const partly = [
      Object.assign(Object.create({ subject: 'alice' }), own),
      new Getters(),
      Object.defineProperty({ ...own }, 'subject', { value: 'alice' }),
      { ...own, claims: Object.create({ role: 'admin' }) },
      { ...own, claims: new Map([['role', 'admin']]) },
      { ...own, claims: ['admin'] },
    ];
    for (const policy of partly) {
      assert.throws('ERR_INVALID_ARG', () => verifySync(token, key.jwk, policy));
      assert.throws('ERR_INVALID_ARG', () => new Verifier(Object.assign(Object.create(policy), { keys: key.jwk })));
    }
    assert.throws('ERR_INVALID_ARG', () => importKey(secret, Object.create({ alg: 'HS256' })));
    const verifier = new Verifier({ ...own, keys: key.jwk });
    assert.throws('ERR_INVALID_ARG', () => createBearerGuard(Object.assign(Object.create({ scopes: ['admin'] }), { verifier })));
    await assert.rejects(
      'ERR_INVALID_ARG',
      createBearerGuard({ verifier }).check(new Request('https://api.test/'), Object.create({ scopes: ['admin'] })),
    );
    // Nothing is missing from these.
    class Methods {
      constructor() {
        Object.assign(this, own);
      }
      describe() {
        return 'mine';
      }
    }
    for (const policy of [new Methods(), Object.assign(Object.create(null), own), Object.freeze({ ...own }), new Proxy(own, {})])
      verifySync(token, key.jwk, policy);
  });

  test('a list is a list, and a text one that a token can have', async () => {
    const key = await signer('HS256');
    const token = await key.sign();
    for (const name of ['algorithms', 'requiredClaims', 'issuer', 'audience', 'scope']) {
      for (const value of [new Set(['HS256']), { 0: 'HS256', length: 1 }, 'HS256'[Symbol.iterator](), ['a\ud800'], [7], 'a\ud800']) {
        assert.throws('ERR_INVALID_ARG', () => verifySync(token, key.jwk, { ...rules(HS256), [name]: value }));
      }
    }
    for (const more of [{ subject: 'bob\ud83d' }, { typ: '\udc00' }, { claims: { sub: 'bob\ud83d' } }, { claims: { 's\ud800': 1 } }]) {
      assert.throws('ERR_INVALID_ARG', () => verifySync(token, key.jwk, { ...rules(HS256), ...more }));
    }
  });
};
