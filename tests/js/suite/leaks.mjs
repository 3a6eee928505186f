// Canary tokens, keys, secrets and claims through every error path of verification: none of them may come out again.

import { CANARY, driven, everything, faults, overheard, unreached, watchFor } from '../canaries.mjs';
import { base64url, claims, NOW, rules, signer, tampered } from '../kit.mjs';

export default ({ test, long, assert, tokenward }) => {
  const {
    KeySet,
    Verifier,
    checkExpiry,
    createBearerGuard,
    decode,
    importKey,
    isExpired,
    thumbprint,
    verify,
    verifyJws,
    verifyJwsSync,
    verifySync,
  } = tokenward;

  const thrower = () => {
    throw new Error(CANARY, { cause: new Error(CANARY) });
  };
  const schema = (validate) => ({ '~standard': { version: 1, vendor: 'test', validate } });
  const loud = (more) => claims({ sub: CANARY, jti: CANARY, scope: CANARY, nonce: CANARY, [CANARY]: CANARY, ...more });
  const URL_ = `https://issuer.test/${CANARY}`;

  /** A key, a token of it that is CANARY through and through, and what must never be seen of both. */
  async function scene() {
    const key = await signer('ES256', { kid: 'one' });
    const hs = await signer('HS256', { kid: 'one' });
    const token = await key.sign(loud(), { typ: CANARY });
    const leaked = watchFor(...token.split('.').slice(1), key.jwk.x, key.jwk.y, hs.jwk.k);
    return { key, hs, other: await signer('ES256', { fresh: true, kid: 'one' }), token, leaked };
  }

  /** What is refused of tokens and rules. */
  async function tokens({ key, hs, other, token }) {
    const by =
      (more, text = token, keys = key.jwk) =>
      () =>
        verify(text, keys, rules(more));
    const signed = async (payload, header) => by({}, await key.sign(payload, header));
    return {
      signature: by({}, tampered(token, 2)),
      payload: by({}, tampered(token, 1)),
      segments: by({}, `${token}.${CANARY}`),
      'no token': by({}, `${CANARY}.${CANARY}.${CANARY}`),
      encrypted: by({}, `${token}.${CANARY}.${CANARY}`),
      'another key': by({}, token, other.jwk),
      'another kind of key': by({}, token, hs.jwk),
      'no keys': by({}, token, { keys: [] }),
      'two keys': by({}, token, { keys: [key.jwk, { ...key.jwk }] }),
      crit: await signed(loud(), { crit: [CANARY] }),
      b64: await signed(loud(), { b64: CANARY }),
      alg: await signed(loud(), { alg: CANARY }),
      'kid as a list': await signed(loud(), { kid: [CANARY] }),
      typ: await signed(loud(), { typ: [CANARY] }),
      'claims as a list': await signed([CANARY]),
      exp: await signed(loud({ exp: CANARY })),
      iss: await signed(loud({ iss: CANARY })),
      'iss as a list': await signed(loud({ iss: [CANARY] })),
      aud: await signed(loud({ aud: [CANARY] })),
      expired: await signed(loud({ exp: NOW })),
      early: await signed(loud({ nbf: NOW + 9 })),
      'another typ': by({ typ: 'at+jwt' }),
      subject: by({ subject: 'x' }),
      scope: by({ scope: 'x' }),
      claim: by({ claims: { nonce: 'x' } }),
      'required claim': by({ requiredClaims: ['x'] }),
      length: by({ maxTokenLength: 10 }),
      age: by({ maxTokenAge: 1 }),
      now: by({ now: thrower }),
      revoked: by({ isRevoked: () => true }),
      'isRevoked throws': by({ isRevoked: thrower }),
      'isRevoked rejects': by({ isRevoked: async () => thrower() }),
      'isRevoked answers oddly': by({ isRevoked: () => CANARY }),
      'schema throws': by({ schema: schema(thrower) }),
      'schema rejects': by({ schema: schema(async () => thrower()) }),
      'schema finds issues': by({ schema: schema((value) => ({ issues: [{ message: `${CANARY} ${value.sub}`, path: ['sub'] }] })) }),
      'schema answers oddly': by({ schema: schema(() => CANARY) }),
      'a promise where none is expected': () => verifySync(token, key.jwk, rules({ isRevoked: async () => CANARY })),
      'a promise that rejects': () => verifySync(token, key.jwk, rules({ schema: schema(async () => thrower()) })),
      'a CryptoKey at once': async () => verifySync(token, (await signer('ES256', { extractable: false })).cryptoKey, rules()),
      'no rules': () => verify(token, key.jwk, CANARY),
      'unknown rule': by({ nonsense: CANARY }),
      'rule of another type': by({ subject: [CANARY] }),
      'rule that throws': by({
        claims: {
          get x() {
            return thrower();
          },
        },
      }),
      'rule with a RangeError': by({
        claims: {
          get x() {
            throw new RangeError(CANARY);
          },
        },
      }),
      'rule with an InternalError': by({
        algorithms: [
          {
            toString() {
              throw Object.assign(new Error(CANARY), { name: 'InternalError' });
            },
          },
        ],
      }),
      'not a token': () => verify({ toString: () => token }, key.jwk, rules()),
      jws: () => verifyJws(tampered(token, 2), key.jwk),
      'jws at once': () => verifyJwsSync(tampered(token, 2), key.jwk),
      decode: () => decode(`${token}.${token}`),
      'decode no token': () => decode(CANARY),
      'expiry of claims': () => checkExpiry({ exp: CANARY }),
      'expiry at no time': () => checkExpiry(token, { now: CANARY }),
      'expiry that throws': () =>
        checkExpiry({
          get exp() {
            return thrower();
          },
        }),
      'expiry of no token': () => isExpired(`${token}${CANARY}.`),
      'the clock reads zero': () => atTheEpoch(() => verify(token, key.jwk, { ...rules(), now: undefined })),
      'no WebAssembly': () => withoutWebAssembly(() => verifySync(token, key.jwk, rules())),
    };
  }

  /** What is refused of keys and key sets. */
  function keys({ key, hs, token }) {
    const secret = `${CANARY}-${CANARY}-${CANARY}`;
    const bytes = new TextEncoder().encode(secret);
    return {
      'a string': () => importKey(secret),
      PEM: () => importKey(`-----BEGIN ${CANARY}-----\n${btoa(CANARY)}\n-----END ${CANARY}-----`),
      'PEM of nothing': () => importKey(`-----BEGIN PUBLIC KEY-----\n${btoa(secret)}\n-----END PUBLIC KEY-----`),
      'a secret without alg': () => verifySync(token, bytes, rules()),
      'a secret for jws': () => verifyJwsSync(token, bytes),
      'a short secret': () => importKey({ kty: 'oct', k: base64url(CANARY), alg: 'HS256' }),
      'a short secret, as bytes': () => importKey(bytes.slice(0, 20), { alg: 'HS256' }),
      'a public key as secret': () => importKey(new TextEncoder().encode(JSON.stringify(key.jwk)), { alg: 'HS256' }),
      kty: () => importKey({ kty: CANARY }),
      'alg of a key': () => importKey({ ...key.jwk, alg: CANARY }),
      use: () => importKey({ ...key.jwk, use: CANARY }),
      ops: () => importKey({ ...key.jwk, key_ops: [CANARY] }),
      x: () => importKey({ ...key.jwk, x: CANARY }),
      d: () => importKey({ ...key.jwk, d: base64url(CANARY) }),
      crv: () => importKey({ ...key.jwk, crv: CANARY }),
      k: () => importKey({ ...hs.jwk, k: `${CANARY}!` }),
      'a member that throws': () =>
        importKey({
          get kty() {
            return thrower();
          },
        }),
      'a key that throws': () => importKey({ ...key.jwk, toJSON: thrower }),
      'an export that throws': () => importKey({ export: thrower, asymmetricKeyType: CANARY }),
      thumbprint: () => thumbprint({ kty: CANARY }),
      'option alg': () => importKey(hs.jwk, { alg: CANARY }),
      'a set': () => KeySet.fromJwks({ keys: CANARY }),
      'a mixed set': () => KeySet.fromJwks({ keys: [key.jwk, { ...hs.jwk, k: base64url(secret) }] }),
      'a set that throws': () =>
        KeySet.fromJwks({
          keys: [
            {
              get kty() {
                return thrower();
              },
            },
          ],
        }),
      'a verifier': () => new Verifier({ ...rules(), keys: CANARY }),
      'no verifier': () => new Verifier(CANARY),
      'a kid that no key has': () => verifySync(token, { keys: [{ ...key.jwk, kid: CANARY }] }, rules()),
    };
  }

  /** What a remote set says of an issuer that fails or lies. `tests/js/issuer/leaks.mjs` has it over HTTP. */
  function remote({ hs, token }) {
    const set = (fetch, more) => KeySet.fromUrl(URL_, { fetch, timeoutMs: 20, headers: { authorization: `Bearer ${CANARY}` }, ...more });
    const says = (body, init) => async () => new Response(body, { headers: { 'content-type': 'application/json' }, ...init });
    const fetches = {
      'fetch throws': thrower,
      'fetch rejects': async () => thrower(),
      'fetch hangs': () => new Promise(() => {}),
      'no JSON': says(CANARY),
      'no set': says(JSON.stringify({ keys: CANARY })),
      secrets: says(JSON.stringify({ keys: [{ ...hs.jwk, k: base64url(`${CANARY}${CANARY}${CANARY}`) }] })),
      html: says(CANARY, { headers: { 'content-type': 'text/html' } }),
      'an error': says(CANARY, { status: 500 }),
      'a redirect': says(null, { status: 302, headers: { location: `http://evil.test/${CANARY}` } }),
      'an odd response': async () => CANARY,
      'a body that throws': async () => ({
        status: 200,
        headers: new Headers(),
        get body() {
          return thrower();
        },
      }),
    };
    const paths = {};
    for (const [name, fetch] of Object.entries(fetches)) {
      paths[`remote: ${name}`] = () => set(fetch).refresh();
      paths[`remote, verify: ${name}`] = () => verify(token, set(fetch), rules());
      paths[`discovery: ${name}`] = () => KeySet.discover(URL_, { fetch, timeoutMs: 20 }).refresh();
    }
    const cache = { get: thrower, set: async () => thrower() };
    return {
      ...paths,
      'remote: cache throws': () => set(fetches.html, { cache }).refresh(),
      'remote: now throws': () => set(fetches.html, { now: thrower }).refresh(),
      'remote: waitUntil throws': () => set(fetches.html, { waitUntil: thrower }).refresh(),
      'remote: at once': () =>
        verifySync(
          token,
          set(async () => thrower()),
          rules(),
        ),
      'remote: a snapshot': () => set(thrower, { snapshot: CANARY }),
      'remote: another snapshot': () => set(thrower, { snapshot: JSON.stringify({ source: CANARY, jwks: { keys: [hs.jwk] } }) }),
      'remote: not a URL': () => KeySet.fromUrl(`https://${CANARY}:port/`, {}),
      'remote: in the clear': () => KeySet.fromUrl(`http://evil.test/${CANARY}`),
      'remote: a password': () => KeySet.fromUrl(`https://u:${CANARY}@evil.test/`),
      'remote: an option': () => set(thrower, { maxAge: CANARY }),
      'remote: an option that throws': () =>
        KeySet.fromUrl(URL_, {
          get maxAge() {
            return thrower();
          },
        }),
      'remote: headers': () => KeySet.fromUrl(URL_, { headers: { 'a b': CANARY } }),
    };
  }

  async function atTheEpoch(run) {
    const { now } = Date;
    Date.now = () => 0;
    try {
      return await run();
    } finally {
      Date.now = now;
    }
  }

  /** Runs where the host gives no new instance; an input this long has cost the old one. */
  function withoutWebAssembly(run) {
    const { Instance } = WebAssembly;
    assert.throws(null, () => importKey('a'.repeat(30_000_000)));
    WebAssembly.Instance = function refused() {
      throw new WebAssembly.CompileError('refused by the embedder');
    };
    try {
      return run();
    } finally {
      WebAssembly.Instance = Instance;
    }
  }

  long('no error path of verification lets a token, a key, a secret or a claim out', async () => {
    const all = await scene();
    let errors = [];
    const spoken = await overheard(async () => {
      errors = await driven({ ...(await tokens(all)), ...keys(all), ...remote(all) });
    });
    assert.same(faults(errors, all.leaked), [], 'faults');
    assert.same(spoken.flatMap(all.leaked), [], 'on the console');
    assert.same(unreached('jwt', errors), [], 'codes that no path reached');
  });

  test('a kid that no key has is in its own field and nowhere else', async () => {
    const key = await signer('ES256', { kid: CANARY });
    const token = await key.sign();
    const error = assert.throws('ERR_JWKS_NO_MATCHING_KEY', () => verifySync(token, { keys: [] }, rules()));
    const { kid, ...rest } = error;
    assert.equal(kid, CANARY);
    assert.same(watchFor()(`${error.message}${error.stack}${JSON.stringify(rest)}`), [], 'elsewhere');
  });

  long('explain says of no token what is in it', async () => {
    const all = await scene();
    const texts = [
      all.token,
      tampered(all.token, 2),
      `${all.token}.${CANARY}`,
      CANARY,
      await all.key.sign(loud({ exp: CANARY })),
      await all.key.sign(loud({ iss: [CANARY] }), { crit: [CANARY] }),
      await all.key.sign([CANARY]),
      await all.key.sign(loud(), { alg: CANARY }),
    ];
    const spoken = await overheard(async () => {
      for (const more of [
        {},
        { typ: 'x' },
        { subject: 'x' },
        { scope: 'x', isRevoked: thrower },
        { schema: schema(thrower) },
        { claims: { nonce: 'x' } },
        { isRevoked: () => CANARY },
      ]) {
        for (const keys of [all.key.jwk, all.other.jwk, all.hs.jwk, { keys: [] }, all.key.cryptoKey]) {
          const verifier = new Verifier({ ...rules(more), keys });
          for (const text of texts) {
            const explanation = await verifier.explain(text);
            assert.same(all.leaked(everything(explanation)), [], JSON.stringify(explanation));
            assert.same(all.leaked(everything(verifier)), [], 'the verifier shows');
          }
        }
      }
    });
    assert.same(spoken.flatMap(all.leaked), [], 'on the console');
  });

  test('no key, key set, snapshot and state shows a secret', async () => {
    const { hs, leaked } = await scene();
    const secret = new TextEncoder().encode(`${CANARY}-${CANARY}-${CANARY}`);
    const key = importKey(secret, { alg: 'HS256' });
    const set = KeySet.fromUrl(URL_, { fetch: thrower, headers: { authorization: CANARY } });
    await assert.rejects('ERR_JWKS_FETCH_FAILED', set.refresh());
    for (const shown of [key, importKey(hs.jwk), set.state]) assert.same(leaked(everything(shown)), [], 'shown');
  });

  long('a guard that refuses a token says nothing of it', async () => {
    const all = await scene();
    const guard = createBearerGuard({ verifier: new Verifier({ ...rules({ audience: 'x' }), keys: all.key.jwk }) });
    const broken = createBearerGuard({ verifier: { verify: thrower } });
    const passing = createBearerGuard({ verifier: new Verifier({ ...rules(), keys: all.key.jwk }), scopes: ['x'], cors: { origins: '*' } });
    const requests = [
      {},
      { authorization: `Bearer ${all.token}` },
      { authorization: `Bearer ${tampered(all.token, 2)}` },
      { authorization: `Bearer ${CANARY}` },
      { authorization: `Bearer ${CANARY} ${CANARY}` },
      { authorization: `Basic ${btoa(`ada:${CANARY}`)}` },
      { authorization: `Bearer ${all.token}`, origin: `https://${CANARY}.test` },
      { authorization: `Bearer ${await all.key.sign(loud({ cnf: { jkt: CANARY } }))}` },
    ];
    const spoken = await overheard(async () => {
      for (const each of [guard, broken, passing]) {
        for (const headers of requests) {
          for (const path of ['', `?access_token=${CANARY}`]) {
            const result = await each.check(new Request(`https://api.test/${path}`, { headers }));
            assert.equal(result.ok, false);
            const said = `${JSON.stringify([...result.response.headers])}${await result.response.text()}${everything(result)}`;
            assert.same(all.leaked(said), [], `${result.status} ${JSON.stringify(Object.keys(headers))} ${path}: says`);
          }
        }
      }
      const errors = await driven({
        realm: () => createBearerGuard({ verifier: { verify() {} }, realm: `${CANARY}\n` }),
        scopes: () => createBearerGuard({ verifier: { verify() {} }, scopes: [`${CANARY} "`] }),
        origins: () => createBearerGuard({ verifier: { verify() {} }, cors: { origins: [CANARY] } }),
        verifier: () => createBearerGuard({ verifier: CANARY }),
        'a getter': () =>
          createBearerGuard({
            get verifier() {
              return thrower();
            },
          }),
        need: () => guard.check(new Request('https://api.test'), { scopes: [`${CANARY} "`] }),
        'a need that throws': () =>
          guard.check(new Request('https://api.test'), {
            get scopes() {
              return thrower();
            },
          }),
        'no request': () => guard.check({ url: CANARY }),
      });
      assert.same(faults(errors, all.leaked), [], 'faults');
    });
    assert.same(spoken.flatMap(all.leaked), [], 'on the console');
  });
};
