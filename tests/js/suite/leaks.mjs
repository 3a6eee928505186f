// Canary tokens, keys, secrets and claims through every error path of verification: none of them may come out again.

import { base64url, claims, NOW, rules, signer, tampered } from '../kit.mjs';

const CANARY = 'kanarienvogel';

/** The canary as it stands, percent-encoded, in hexadecimal, and in base64 at each of the three offsets. */
function disguises() {
  const hex = [...CANARY].map((c) => c.charCodeAt(0).toString(16));
  const inner = [0, 1, 2].map((offset) => base64url('.'.repeat(offset) + CANARY).slice(offset + 1, -4));
  return [CANARY, hex.map((digits) => `%${digits}`).join(''), hex.join(''), ...inner];
}

/** Everything that an error says to anybody who looks. */
function everything(error, inspect, depth = 0) {
  const shown = [String(error), error?.message, error?.stack, error?.name, JSON.stringify(error), JSON.stringify(error?.toJSON?.())];
  for (const name of Object.getOwnPropertyNames(Object(error))) shown.push(name, String(error[name]));
  if (inspect) shown.push(inspect(error, { depth: 9, showHidden: true }));
  if (error?.cause !== undefined && depth < 3) shown.push(everything(error.cause, inspect, depth + 1));
  return shown.join('\n');
}

export default ({ test, assert, tokenward, host }) => {
  const { KeySet, Verifier, checkExpiry, decode, importKey, thumbprint, verify, verifyJwsSync, verifySync } = tokenward;

  test('no error path lets a token, a key, a secret or a claim out', async () => {
    const inspect = host === 'node' ? process.getBuiltinModule?.('node:util').inspect : undefined;
    const spoken = [];
    const original = {};
    for (const name of ['log', 'info', 'warn', 'error', 'debug', 'trace']) {
      original[name] = console[name];
      console[name] = (...words) => spoken.push(words.map(String).join(' '));
    }
    const [key, other] = [await signer('ES256', { kid: CANARY }), await signer('ES256', { fresh: true, kid: CANARY })];
    const hs = await signer('HS256', { kid: CANARY });
    const loud = (more) => claims({ sub: CANARY, jti: CANARY, scope: CANARY, nonce: CANARY, ...more });
    const token = await key.sign(loud(), { typ: CANARY });
    const secretText = `${CANARY}-${CANARY}`;
    const secret = new TextEncoder().encode(secretText);
    const thrower = () => { throw new Error(CANARY, { cause: new Error(token) }); };
    const schema = (validate) => ({ '~standard': { version: 1, vendor: 'test', validate } });
    const with_ = (more, text = token, keys = key.jwk) => () => verify(text, keys, rules(more));
    const paths = [
      with_({}, tampered(token, 2)), with_({}, tampered(token, 1)), with_({}, `${token}.${CANARY}`), with_({}, `${CANARY}.${CANARY}.${CANARY}`),
      with_({}, token, other.jwk), with_({}, token, hs.jwk), with_({}, token, { keys: [] }), with_({}, token, { keys: [key.jwk, { ...key.jwk }] }),
      with_({}, await key.sign(loud(), { crit: [CANARY] })), with_({}, await key.sign(loud(), { alg: CANARY })), with_({}, await key.sign(loud(), { kid: [CANARY] })),
      with_({}, await key.sign([CANARY])), with_({}, await key.sign(loud({ exp: CANARY }))), with_({}, await key.sign(loud({ iss: CANARY }))),
      with_({}, await key.sign(loud({ aud: [CANARY] }))), with_({}, await key.sign(loud({ exp: NOW }))), with_({}, await key.sign(loud({ nbf: NOW + 9 }))),
      with_({ typ: 'at+jwt' }), with_({ subject: 'x' }), with_({ scope: 'x' }), with_({ claims: { nonce: 'x' } }), with_({ requiredClaims: ['x'] }),
      with_({ maxTokenLength: 10 }), with_({ maxTokenAge: 1 }), with_({ now: thrower }), with_({ isRevoked: () => true }), with_({ isRevoked: thrower }),
      with_({ isRevoked: async () => thrower() }), with_({ isRevoked: () => CANARY }), with_({ schema: schema(thrower) }),
      with_({ schema: schema((value) => ({ issues: [{ message: `${CANARY} ${value.sub}`, path: ['sub'] }] })) }),
      () => verifySync(token, key.cryptoKey, rules({ isRevoked: async () => CANARY })),
      () => verifyJwsSync(tampered(token, 2), key.jwk), () => verifyJwsSync(token, secret), () => decode(`${token}.${token}`), () => decode(CANARY),
      () => checkExpiry({ exp: CANARY }), () => checkExpiry(token, { now: CANARY }), () => checkExpiry({ get exp() { return thrower(); } }),
      () => importKey(CANARY), () => importKey(`-----BEGIN ${CANARY}-----\n${btoa(CANARY)}\n-----END ${CANARY}-----`), () => importKey(secret),
      () => importKey({ kty: 'oct', k: base64url(CANARY) }), () => importKey({ kty: CANARY }), () => importKey({ ...key.jwk, alg: CANARY }),
      () => importKey({ ...key.jwk, use: CANARY }), () => importKey({ ...key.jwk, x: CANARY }), () => importKey({ ...key.jwk, d: CANARY }),
      () => importKey({ get kty() { return thrower(); } }), () => thumbprint({ kty: CANARY }), () => KeySet.fromJwks({ keys: CANARY }),
      () => verifySync(token, secret, rules()), () => verifySync(token, CANARY, rules()),
    ];
    const errors = [];
    try {
      for (const path of paths) {
        try {
          await path();
        } catch (error) {
          errors.push(error);
        }
      }
      errors.push({ message: JSON.stringify(await new Verifier({ ...rules({ typ: 'x' }), keys: key.jwk }).explain(token)) });
    } finally {
      Object.assign(console, original);
    }
    assert.equal(errors.length, paths.length + 1, 'errors');
    // A missing key's error names the kid, which is an identifier and no secret: that one field is what it is there for.
    const secrets = [...disguises(), token.split('.')[2].slice(0, 30), token.split('.')[1].slice(0, 60), key.jwk.x, hs.jwk.k];
    for (const error of errors) {
      const text = everything(error, inspect);
      const leaked = secrets.filter((secret) => text.includes(secret));
      const { kid, ...rest } = Object(error);
      const named = kid === CANARY && !JSON.stringify(rest).includes(CANARY) && !`${error.message}${error.stack}`.includes(CANARY);
      assert.ok(leaked.length === 0 || (named && leaked.every((leak) => leak === CANARY)), `${leaked.join(', ')} in ${text}`);
    }
    assert.same(spoken, [], 'on the console');
  });
};
