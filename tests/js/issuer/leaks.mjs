// What an issuer that fails or lies over HTTP is told and tells, with a canary in all of it.

import { CANARY, driven, everything, faults, overheard, watchFor } from '../canaries.mjs';
import { claims, rules, signer } from '../kit.mjs';
import { startIssuer } from './server.mjs';

const MOODS = ['down', 'missing', 'silent', 'cut', 'page', 'html', 'truncated', 'secrets', 'trickle', 'huge', 'loop', 'away'];

export default ({ test, assert, tokenward }) => {
  const { KeySet, Verifier, createBearerGuard, verify } = tokenward;

  test('nothing that an issuer answers, and nothing that it was sent, is in an error, an explanation or a state', async () => {
    const key = await signer('ES256', { kid: CANARY });
    const token = await key.sign(claims({ sub: CANARY }));
    const issuer = await startIssuer([{ ...key.jwk, kid: 'another', [CANARY]: CANARY, x5c: [CANARY] }]);
    const evil = await startIssuer([key.jwk]);
    const leaked = watchFor(token.split('.')[2], key.jwk.x);
    const options = { timeoutMs: 60, headers: { authorization: `Bearer ${CANARY}`, 'x-key': CANARY } };
    const url = `${issuer.url}?key=${CANARY}`;
    const shown = [];
    try {
      issuer.away = `${evil.url}?key=${CANARY}`;
      issuer.headers = { 'x-canary': CANARY, 'cache-control': CANARY };
      const within = (mood, run) => async () => {
        Object.assign(issuer, { mood, metadata: {}, metadataPath: '/.well-known/openid-configuration' });
        return run();
      };
      const paths = {};
      for (const mood of MOODS.filter((each) => each !== 'away' && each !== 'page')) {
        paths[`refresh, ${mood}`] = within(mood, () => KeySet.fromUrl(url, options).refresh());
        paths[`verify, ${mood}`] = within(mood, () => verify(token, KeySet.fromUrl(url, options), rules()));
        paths[`discover, ${mood}`] = within(mood, () => KeySet.discover(issuer.origin, options).refresh());
      }
      paths['an unknown kid'] = within('well', () => verify(token, KeySet.fromUrl(url, options), rules()));
      paths['metadata of another issuer'] = within('well', () => {
        issuer.metadata = { issuer: `https://${CANARY}.test` };
        return KeySet.discover(issuer.origin, options).refresh();
      });
      paths['metadata that point elsewhere'] = within('well', () => {
        issuer.metadata = { jwks_uri: `http://${CANARY}.test/` };
        return KeySet.discover(issuer.origin, options).refresh();
      });
      let errors = [];
      const spoken = await overheard(async () => {
        errors = await driven(paths);
        for (const mood of MOODS) {
          issuer.mood = mood;
          const set = KeySet.fromUrl(url, options);
          const verifier = new Verifier({ ...rules(), keys: set });
          const { response, ...rest } = await createBearerGuard({ verifier }).check(
            new Request('https://api.test/', { headers: { authorization: `Bearer ${token}` } }),
          );
          shown.push([mood, rest, [...response.headers], await response.text(), set.state]);
          await verifier.explain(token).then(
            (explanation) => shown.push([mood, explanation]),
            (error) => errors.push([`explain, ${mood}`, error]),
          );
        }
      });
      // The kid that was looked for is in its own field.
      for (const [, error] of errors) if (error?.kid === CANARY) delete error.kid;
      assert.same(faults(errors, leaked), [], 'faults');
      assert.same(
        shown.filter((each) => leaked(everything(each)).length > 0),
        [],
        'shown',
      );
      assert.same(spoken.flatMap(leaked), [], 'on the console');
      assert.equal(
        evil.seen.some((headers) => 'authorization' in headers || 'x-key' in headers),
        false,
        'headers for another origin',
      );
    } finally {
      await issuer.close();
      await evil.close();
    }
  });
};
