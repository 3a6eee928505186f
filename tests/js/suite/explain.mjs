// explain says ok exactly if verification does, for every kind of verifier and whoever holds the keys.

import { claims, NOW, rules, signer, tampered, unsigned } from '../kit.mjs';

const ADA = 'https://ada.test';
const BOB = 'https://bob.test';

export default ({ test, long, assert, tokenward }) => {
  const { KeySet, Verifier } = tokenward;

  const fresh = (alg, options = {}) => signer(alg, { kid: null, fresh: true, ...options });
  const opaque = (alg) => fresh(alg, { extractable: false });
  const signature = ({ steps }) => steps.find(({ check }) => check === 'signature');

  test('with keys that stay with the host, a token is explained by the key of the issuer that it names', async () => {
    const [ada, bob] = [await opaque('ES256'), await opaque('ES256')];
    const of = (issuer, { cryptoKey }) => ({ ...rules({ issuer, audience: null }), keys: cryptoKey });
    const token = (key, iss) => key.sign(claims({ iss }));
    for (const issuers of [
      [of(ADA, ada), of(BOB, bob)],
      [of(BOB, bob), of(ADA, ada)],
    ]) {
      const verifier = new Verifier({ issuers });
      for (const [signed, ok] of [
        [token(ada, ADA), true],
        [token(bob, BOB), true],
        [token(ada, BOB), false],
        [token(bob, ADA), false],
      ]) {
        const explanation = await verifier.explain(await signed);
        assert.equal(explanation.ok, ok);
        assert.equal(signature(explanation).outcome, ok ? 'passed' : 'failed');
        assert.equal((await verifier.safeVerify(await signed)).ok, ok);
      }
    }
  });

  /** Every kind of verifier, and the keys that sign for it. */
  async function verifiers() {
    const [es, rs, hs] = await Promise.all(['ES256', 'RS256', 'HS256'].map((alg) => fresh(alg)));
    const [hostA, hostB, hostRsa, hostHmac] = await Promise.all(['ES256', 'ES256', 'RS256', 'HS256'].map(opaque));
    const named = await fresh('ES256', { kid: 'named' });
    const jwks = { keys: [{ ...named.jwk, kid: 'named' }, rs.jwk] };
    const remote = () => KeySet.fromUrl('https://issuer.test/jwks', { fetch: async () => Response.json(jwks), now: () => NOW * 1000 });
    const down = KeySet.fromUrl('https://issuer.test/jwks', {
      fetch: async () => new Response(null, { status: 500 }),
      now: () => NOW * 1000,
    });
    const of = (issuer, keys, more = {}) => ({ ...rules({ issuer, audience: null, ...more }), keys });
    const revoked = {
      isRevoked: async ({ sub }) => {
        if (sub === 'odd') throw new Error('down');
        return sub === 'eve';
      },
    };
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => (value.sub === 'bob' ? { issues: [{ path: ['sub'], message: 'no' }] } : { value }),
      },
    };
    const options = {
      'one key': of(ADA, es.jwk),
      'an exportable CryptoKey': of(ADA, es.cryptoKey),
      'a secret': of(ADA, await hs.secret(), { algorithms: ['HS256'] }),
      RSA: of(ADA, rs.jwk),
      'a set': of(ADA, jwks),
      'a remote set': of(ADA, remote()),
      'a remote set that is down': of(ADA, down),
      'a key of the host': of(ADA, hostA.cryptoKey),
      'an RSA key of the host': of(ADA, hostRsa.cryptoKey),
      'a secret of the host': of(ADA, hostHmac.cryptoKey),
      callbacks: of(ADA, es.jwk, { ...revoked, schema }),
      'callbacks and a key of the host': of(ADA, hostA.cryptoKey, { ...revoked, schema }),
      'strict rules': of(ADA, es.jwk, {
        typ: 'at+jwt',
        scope: 'read',
        subject: 'ada',
        requiredClaims: ['jti'],
        claims: { n: 1 },
        maxTokenAge: 30,
      }),
      'lax rules': { ...rules({ issuer: null, audience: null, requireExp: false }), keys: es.jwk },
      'a cache': { ...of(ADA, es.jwk), cache: true },
      'two issuers with keys of the host': { issuers: [of(ADA, hostA.cryptoKey), of(BOB, hostB.cryptoKey)] },
      'an issuer with a key here and one with a key of the host': { issuers: [of(ADA, es.jwk), of(BOB, hostB.cryptoKey, revoked)] },
      'an issuer with a remote set and one with a key of the host': {
        issuers: [of(ADA, remote()), of(BOB, hostB.cryptoKey, { now: () => NOW + 50 })],
      },
    };
    return { options, signers: [es, rs, hs, hostA, hostB, hostRsa, hostHmac, named] };
  }

  async function tokens(signers) {
    const all = [];
    for (const key of signers) {
      const payloads = [ADA, BOB, 'https://none.test'].flatMap((iss) => [claims({ iss }), claims({ iss, exp: NOW })]);
      const odd = [
        { sub: 'eve' },
        { sub: 'odd' },
        { sub: 'bob' },
        { nbf: NOW + 1 },
        { exp: undefined },
        { exp: 'soon' },
        { jti: 'j', n: 1, scope: 'read' },
      ];
      for (const payload of [...payloads, ...odd.map((more) => claims({ iss: ADA, ...more }))]) all.push(await key.sign(payload));
      all.push(
        await key.sign(claims({ iss: ADA, jti: 'j', n: 1, scope: 'read' }), { typ: 'at+jwt' }),
        await key.sign(claims({ iss: ADA }), { kid: 'named' }),
      );
      all.push(tampered(await key.sign(claims({ iss: ADA })), 1), tampered(await key.sign(claims({ iss: BOB })), 2));
    }
    all.push(
      '',
      '.',
      '..',
      'a.b.c.d.e',
      'é.ü.😀',
      '\ud800',
      'x'.repeat(100_000),
      `${all[0]}\n`,
      `${unsigned({ alg: 'none' }, claims({ iss: ADA }))}.`,
      undefined,
      7,
      {},
    );
    all.push(await signers[0].sign(claims({ iss: ADA }), { crit: ['x'] }), all[0].slice(0, -1), all[0].split('.').with(2, '').join('.'));
    return all;
  }

  long('explain is ok exactly if verify, safeVerifySync and verifyMany are', async () => {
    const { options, signers } = await verifiers();
    const all = await tokens(signers);
    for (const [name, each] of Object.entries(options)) {
      const verifier = new Verifier(each);
      const many = await verifier.verifyMany(all);
      let accepted = 0;
      for (const [at, token] of all.entries()) {
        const single = await verifier.safeVerify(token);
        const sync = verifier.safeVerifySync(token);
        const explanation = await verifier.explain(token);
        const where = `${name}, token ${at}`;
        assert.equal(explanation.ok, single.ok, where);
        assert.equal(many[at].ok, single.ok, where);
        if (sync.ok || sync.error.code !== 'ERR_SYNC_UNAVAILABLE') assert.equal(sync.ok, single.ok, where);
        const failed = explanation.steps.filter(({ outcome }) => outcome === 'failed');
        assert.same(
          failed.map(({ code }) => code),
          single.ok ? [] : [single.error.code],
          where,
        );
        accepted += Number(single.ok);
      }
      assert.equal(accepted > 0, name !== 'a remote set that is down', name);
    }
  });
};
