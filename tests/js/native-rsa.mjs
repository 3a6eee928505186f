// RSA in Node: node:crypto computes, the module decides, and where there is no node:crypto the module computes too.

import { createSign, constants, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

import { packageFolder } from './installed.mjs';
import { claims, rules, tampered, unsigned } from './kit.mjs';

const crypto = createRequire(import.meta.url)('node:crypto');
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };

/** Imports a copy of the package and counts what it asks of node:crypto while `run` runs. */
async function asking(copy, run) {
  const { publicDecrypt } = crypto;
  let asked = 0;
  crypto.publicDecrypt = (...args) => {
    asked += 1;
    return publicDecrypt(...args);
  };
  try {
    await run(await import(`${pathToFileURL(join(packageFolder, 'dist/verify.js'))}?${copy}`), () => asked);
  } finally {
    crypto.publicDecrypt = publicDecrypt;
  }
}

function signed(alg, how, modulusLength = 2048) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  const input = unsigned({ alg }, claims());
  const signature = createSign('sha256')
    .update(input)
    .sign({ key: createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })), ...how });
  return { token: `${input}.${signature.toString('base64url')}`, jwk: { ...publicKey.export({ format: 'jwk' }), alg } };
}

export default ({ test, assert }) => {
  const cases = [signed('RS256', {}), signed('PS256', PSS), signed('RS256', {}, 3072)];

  const judge = ({ verifySync }) => {
    for (const { token, jwk } of cases) {
      assert.equal(verifySync(token, jwk, rules()).payload.sub, 'ada');
      for (const bad of [tampered(token, 1), tampered(token, 2)]) {
        assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifySync(bad, jwk, rules()));
      }
    }
    // Nor is one key another, nor the one scheme the other under the same key.
    assert.throws('ERR_JWS_SIGNATURE_VERIFICATION_FAILED', () => verifySync(cases[0].token, cases[2].jwk, rules()));
    const [pkcs1, pss] = cases;
    assert.throws('ERR_JOSE_ALG_NOT_ALLOWED', () => verifySync(pkcs1.token, { ...pkcs1.jwk, alg: 'PS256' }, rules()));
    assert.throws('ERR_JOSE_ALG_NOT_ALLOWED', () => verifySync(pss.token, { ...pss.jwk, alg: 'RS256' }, rules()));
  };

  test('RSA is raised to its power by node:crypto, whatever the scheme, where Node hands it out (20.16)', () =>
    asking('native', (api, asked) => {
      judge(api);
      const handedOut = typeof process.getBuiltinModule === 'function';
      assert.ok(handedOut ? asked() >= 3 * cases.length : asked() === 0, `asked ${asked()} times`);
    }));

  test('without process.getBuiltinModule, and where node:crypto refuses, the module does it itself', async () => {
    const { getBuiltinModule } = process;
    try {
      process.getBuiltinModule = undefined;
      await asking('alone', (api, asked) => {
        judge(api);
        assert.equal(asked(), 0, 'asked');
      });
      const refusing = () => {
        throw new Error('no such padding here');
      };
      process.getBuiltinModule = () => ({ ...crypto, publicDecrypt: refusing });
      judge(await import(`${pathToFileURL(join(packageFolder, 'dist/verify.js'))}?refusing`));
    } finally {
      process.getBuiltinModule = getBuiltinModule;
    }
  });
};
