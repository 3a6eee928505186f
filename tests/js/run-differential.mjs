// Random and mutated signatures, judged by the packed package in WebAssembly and by node:crypto: one verdict.
//
//   node tests/js/run-differential.mjs [inputs of each family, 2000] [families…]
//
// The package is kept from asking node:crypto about RSA: it is compared with it.

import * as crypto from 'node:crypto';

import { importFromUser, report } from './installed.mjs';
import { runSuites } from './harness.mjs';
import { smallFactors } from './small-factors.mjs';

process.getBuiltinModule = undefined;
const { importKey, verifyJwsSync } = await importFromUser('differential.mjs', "export * from 'tokenward';");

const [inputs = '2000', ...chosen] = process.argv.slice(2);
const INPUTS = Number(inputs);
/** From this many on it says how far it is. */
const LONG = 100_000;
/** How often a key is used before it gives way to a new one: some grow tables, some do not. Those of RSA have none. */
const USES = [1, 3, 200];
const USES_OF_RSA = [1, 2];

const ec = (namedCurve) => () => crypto.generateKeyPairSync('ec', { namedCurve });
const rsa =
  (modulusLength, publicExponent = 65537) =>
  () =>
    crypto.generateKeyPairSync('rsa', { modulusLength, publicExponent });
// Each size at which the kernel changes its limbs or is at an end, with the least exponent, the usual one and the greatest.
// Large primes take long to find, so most of these keys have small ones; they are made once and come round in turn.
const SIZES = [2048, 3072, 3400, 3401, 4096, 8192];
const EXPONENTS = [3n, 65537n, 2n ** 64n - 1n];
const RSA_KEYS = [
  rsa(2048),
  rsa(2048, 3),
  rsa(2056),
  rsa(3072),
  ...SIZES.flatMap((bits) => EXPONENTS.map((e) => () => smallFactors(bits, e))),
];
const inTurn = (makers) => {
  const keys = [];
  let next = 0;
  return () => {
    const index = next++ % makers.length;
    keys[index] ??= makers[index]();
    return keys[index];
  };
};
const RSA = inTurn(RSA_KEYS);
const pss = (bits) => ({ padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: bits / 8 });
const P1363 = { dsaEncoding: 'ieee-p1363' };

/** alg → how keys are made, the hash, how it is signed, and for ECDSA the order. */
const FAMILIES = {
  ES256: { make: ec('P-256'), hash: 'sha256', how: P1363, order: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551' },
  ES384: {
    make: ec('P-384'),
    hash: 'sha384',
    how: P1363,
    order: 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  },
  ES512: {
    make: ec('P-521'),
    hash: 'sha512',
    how: P1363,
    order:
      '01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
  },
  ES256K: { make: ec('secp256k1'), hash: 'sha256', how: P1363, order: 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141' },
  EdDSA: { make: () => crypto.generateKeyPairSync('ed25519'), hash: null, how: {} },
  RS256: { make: RSA, hash: 'sha256', how: {} },
  RS384: { make: RSA, hash: 'sha384', how: {} },
  RS512: { make: RSA, hash: 'sha512', how: {} },
  PS256: { make: RSA, hash: 'sha256', how: pss(256) },
  PS384: { make: RSA, hash: 'sha384', how: pss(384) },
  PS512: { make: RSA, hash: 'sha512', how: pss(512) },
  HS256: { hash: 'sha256', bits: 256 },
  HS384: { hash: 'sha384', bits: 384 },
  HS512: { hash: 'sha512', bits: 512 },
};

/** What signs and what verifies, under a new key: { ours, sign(input), theirs(input, signature) }. */
function pair(alg, { make, hash, how, bits }) {
  if (bits) {
    const secret = crypto.randomBytes(bits / 8 + crypto.randomInt(100));
    const sign = (input) => crypto.createHmac(hash, secret).update(input).digest();
    return { ours: importKey(secret, { alg }), sign, theirs: (input, signature) => sign(input).equals(signature) };
  }
  const { privateKey, publicKey, sign } = make();
  return {
    ours: importKey({ ...publicKey.export({ format: 'jwk' }), alg }),
    sign: (input) => (sign ? sign(hash, input, Boolean(how.padding)) : crypto.sign(hash, input, { key: privateKey, ...how })),
    theirs: (input, signature) => crypto.verify(hash, input, { key: publicKey, ...how }, signature),
  };
}

const fixed = (number, width) => Buffer.from(number.toString(16).padStart(2 * width, '0'), 'hex');

/** The other root of an ECDSA signature, which holds as well. */
function otherRoot(signature, order) {
  const width = signature.length / 2;
  const s = BigInt(`0x${signature.subarray(width).toString('hex')}`);
  return Buffer.concat([signature.subarray(0, width), fixed(order - s, width)]);
}

/** A signature changed: a bit, a byte, a half that is a special number, the halves the other way round, another length. */
function mutated(signature, order) {
  const copy = Buffer.from(signature);
  const half = copy.length >> 1;
  const at = crypto.randomInt(copy.length);
  switch (crypto.randomInt(order ? 6 : 5)) {
    case 0:
      copy[at] ^= 1 << crypto.randomInt(8);
      return copy;
    case 1:
      copy[at] = crypto.randomInt(256);
      return copy;
    case 2:
      return Buffer.concat([copy.subarray(half), copy.subarray(0, half)]);
    case 3:
      return crypto.randomBytes(copy.length);
    case 4:
      return crypto.randomInt(2) ? copy.subarray(crypto.randomInt(2), copy.length - 1) : Buffer.concat([copy, copy.subarray(0, 1)]);
    default: {
      const special = [0n, 1n, order - 1n, order, order + 1n][crypto.randomInt(5)];
      fixed(special, half).copy(copy, half * crypto.randomInt(2));
      return copy;
    }
  }
}

/** Judges so many inputs of a family twice. Answers how many held. */
function compare(alg, family) {
  const order = family.order && BigInt(`0x${family.order}`);
  const slots = (family.make === RSA ? USES_OF_RSA : USES).map((uses) => ({ uses, left: 0 }));
  const header = Buffer.from(JSON.stringify({ alg })).toString('base64url');
  let [held, started] = [0, Date.now()];
  for (let done = 0; done < INPUTS; ) {
    const slot = slots[crypto.randomInt(slots.length)];
    if (slot.left === 0) Object.assign(slot, { left: slot.uses, key: pair(alg, family) });
    slot.left -= 1;
    const { ours, sign, theirs } = slot.key;
    const input = `${header}.${crypto.randomBytes(crypto.randomInt(100)).toString('base64url')}`;
    const good = sign(Buffer.from(input));
    const signatures = [good, order ? otherRoot(good, order) : good, mutated(good, order), mutated(good, order)];
    for (const signature of signatures.slice(0, INPUTS - done)) {
      const verdict = holds(`${input}.${signature.toString('base64url')}`, ours, alg);
      if (verdict !== theirs(Buffer.from(input), signature)) {
        throw new Error(`${alg}: ${verdict ? 'held' : 'refused'} here only: ${input}.${signature.toString('base64url')}`);
      }
      held += verdict;
      done += 1;
      if (INPUTS >= LONG && done % (INPUTS / 20) === 0) {
        console.log(
          `  … ${alg}: ${done.toLocaleString('en')} of ${INPUTS.toLocaleString('en')}, ${Math.round((Date.now() - started) / 1000)} s`,
        );
      }
    }
  }
  return held;
}

function holds(token, key, alg) {
  try {
    verifyJwsSync(token, key, { algorithms: [alg] });
    return true;
  } catch (error) {
    if (error.code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') return false;
    throw error;
  }
}

const families = Object.entries(FAMILIES).filter(([alg]) => chosen.length === 0 || chosen.includes(alg));
const suite = ({ test, assert }) => {
  for (const [alg, family] of families) {
    test(`${alg} as node:crypto judges it`, () => {
      const held = compare(alg, family);
      assert.ok(held > INPUTS / 4 && held < INPUTS * 0.75, `${held} of ${INPUTS} held: that`);
      console.log(`${alg}: ${INPUTS.toLocaleString('en')} inputs, ${held.toLocaleString('en')} held, no verdict differs`);
    });
  }
};
process.exitCode = report('beside node:crypto', await runSuites({ differential: suite }, { timeLimitMs: 2 ** 31 - 1 })) ? 0 : 1;
