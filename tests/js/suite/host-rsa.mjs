// RSA where Web Crypto is the better engine for those who wait: it checks what the module asks it to, and where it cannot,
// the module checks.

import { base64url, claims, rules, signer, tampered, unsigned } from '../kit.mjs';

const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const FORGED = 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED';
const { subtle } = crypto;

/** Runs something while a method of crypto.subtle does what `instead` says, given the method itself. Gives how often it was called. */
async function replacing(name, instead, run) {
  const methods = Object.getPrototypeOf(subtle);
  const original = methods[name];
  let calls = 0;
  methods[name] = (...args) => {
    calls += 1;
    return instead((...given) => original.apply(subtle, given), ...args);
  };
  try {
    await run();
  } finally {
    methods[name] = original;
  }
  return calls;
}

const watched = (run) => replacing('verify', (verify, ...args) => verify(...args), run);

export default ({ test, assert, tokenward, host }) => {
  const { Verifier, verify, verifyJws, verifySync } = tokenward;
  const asked = host === 'workerd' || (host === 'browser' && navigator.userAgent.includes('Chrome/'));

  for (const alg of RSA) {
    test(`${alg}: who waits is answered as who does not`, async () => {
      const { jwk, sign } = await signer(alg);
      const other = await signer(alg, { fresh: true });
      const allowed = rules({ algorithms: [alg] });
      const token = await sign();
      const calls = await watched(async () => {
        assert.same(await verify(token, jwk, allowed), verifySync(token, jwk, allowed));
        assert.equal((await verifyJws(token, jwk, { algorithms: [alg] })).key.alg, alg);
        for (const bad of [tampered(token, 1), tampered(token, 2), await other.sign()]) {
          await assert.rejects(FORGED, verify(bad, jwk, allowed));
        }
        await assert.rejects(FORGED, verify(token, { ...other.jwk, kid: jwk.kid }, allowed));
      });
      assert.equal(calls, asked ? 6 : 0);
    });
  }

  test('it is not asked where the answer is known: another algorithm, another length, a token from the cache', async () => {
    const { jwk, sign } = await signer('RS256');
    const token = await sign();
    const calls = await watched(async () => {
      await assert.rejects('ERR_JOSE_ALG_NOT_ALLOWED', verify(token, jwk, rules({ algorithms: ['PS256'] })));
      await assert.rejects('ERR_JOSE_ALG_NOT_ALLOWED', verify(await (await signer('PS256')).sign(), jwk, rules()));
      await assert.rejects(FORGED, verify(`${token.slice(0, token.lastIndexOf('.'))}.AAAA`, jwk, rules()));
      const verifier = new Verifier({ ...rules(), keys: jwk, cache: true });
      verifier.verifySync(token);
      assert.same((await verifier.verify(token)).payload, claims());
      verifySync(token, jwk, rules());
    });
    assert.equal(calls, 0);
    // What it has said is kept like every other verdict.
    const verifier = new Verifier({ ...rules(), keys: jwk, cache: true });
    const once = await watched(async () => {
      await verifier.verify(token);
      await verifier.verify(token);
    });
    assert.equal(once, asked ? 1 : 0);
  });

  test('claims are judged after the signature, whoever checks it', async () => {
    const { jwk, sign } = await signer('RS256');
    const expired = await sign(claims({ exp: 1 }));
    await assert.rejects('ERR_JWT_EXPIRED', verify(expired, jwk, rules()));
    await assert.rejects(FORGED, verify(tampered(expired, 2), jwk, rules()));
  });

  test('a salt of another length is refused', async () => {
    const how = { name: 'RSA-PSS', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
    const { privateKey, publicKey } = await subtle.generateKey(how, true, ['sign', 'verify']);
    const { kty, n, e } = await subtle.exportKey('jwk', publicKey);
    const input = unsigned({ alg: 'PS256' }, claims());
    for (const saltLength of [32, 31, 33, 20, 0]) {
      const signature = await subtle.sign({ name: 'RSA-PSS', saltLength }, privateKey, new TextEncoder().encode(input));
      const token = `${input}.${base64url(signature)}`;
      const verified = verify(token, { kty, n, e }, rules({ algorithms: ['PS256'] }));
      if (saltLength === 32) assert.same((await verified).payload, claims());
      else await assert.rejects(FORGED, verified);
    }
  });

  test('where it fails, the module checks; what is not true is no', async () => {
    const { jwk, sign } = await signer('RS256');
    const token = await sign();
    const fails = [
      () => {
        throw new Error('not today');
      },
      () => Promise.reject(new TypeError('never')),
    ];
    for (const method of ['verify', 'importKey']) {
      for (const fail of fails) {
        // Another key each time: one that was imported is not imported again.
        const fresh = method === 'importKey' ? await signer('RS384', { fresh: true }) : { jwk, sign };
        const sound = await fresh.sign();
        const calls = await replacing(method, fail, async () => {
          assert.same((await verify(sound, fresh.jwk, rules())).payload, claims());
          await assert.rejects(FORGED, verify(tampered(sound, 1), fresh.jwk, rules()));
        });
        if (method === 'verify') assert.equal(calls, asked ? 2 : 0);
      }
    }
    if (!asked) return;
    for (const answer of [1, 'true', {}, undefined, null]) {
      await replacing(
        'verify',
        async () => answer,
        () => assert.rejects(FORGED, verify(token, jwk, rules())),
      );
    }
  });

  test('many tokens at once, and keys that are replaced in between', async () => {
    const [first, second] = [await signer('RS256'), await signer('RS256', { fresh: true })];
    const verifier = new Verifier({ ...rules(), keys: first.jwk });
    const tokens = [await first.sign(), tampered(await first.sign(), 1), await second.sign()];
    const results = await Promise.all(tokens.map((token) => verifier.safeVerify(token)));
    assert.same(
      results.map(({ ok }) => ok),
      [true, false, false],
    );
    assert.same(
      (await verifier.verifyMany(tokens)).map(({ ok }) => ok),
      [true, false, false],
    );
    // A verdict that comes after free() is one on a key that is gone: the one in its place is asked about.
    const late = replacing(
      'verify',
      async (verify, ...args) => {
        const valid = await verify(...args);
        verifier.free();
        return valid;
      },
      async () => {
        const result = await Promise.race([
          verifier.safeVerify(tokens[0]),
          new Promise((resolve) => setTimeout(resolve, 5_000, { ok: 'never' })),
        ]);
        assert.equal(result.ok, true);
      },
    );
    await late;
  });
};
