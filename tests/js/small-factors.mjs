// RSA keys whose modulus has many small prime factors: of any size and exponent, made at once, and signed with at once.

import * as crypto from 'node:crypto';

const PRIME_BITS = 40;

const bitsOf = (number) => number.toString(2).length;
const gcd = (a, b) => {
  while (b) [a, b] = [b, a % b];
  return a;
};

function power(base, exponent, modulus) {
  let result = 1n;
  for (base %= modulus; exponent; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % modulus;
    base = (base * base) % modulus;
  }
  return result;
}

function inverse(a, modulus) {
  let [r, s, x, y] = [modulus, a % modulus, 0n, 1n];
  while (s) [r, s, x, y] = [s, r % s, y, x - (r / s) * y];
  return (x + modulus) % modulus;
}

function factors(bits, e) {
  for (;;) {
    const primes = [];
    let n = 1n;
    while (n === 1n || bitsOf(n) < bits) {
      const left = n === 1n ? bits : bits - bitsOf(n);
      // The last is as long as what is left, or longer by one: a product may have a bit less than its factors together.
      const size = left > 2 * PRIME_BITS ? PRIME_BITS : left > PRIME_BITS ? Math.ceil(left / 2) : Math.max(left + crypto.randomInt(2), 8);
      const p = crypto.generatePrimeSync(size, { bigint: true });
      if (primes.includes(p) || gcd(e, p - 1n) !== 1n) continue;
      primes.push(p);
      n *= p;
    }
    if (bitsOf(n) === bits) return { primes, n };
  }
}

const bytes = (number, length) => Buffer.from(number.toString(16).padStart(2 * length, '0'), 'hex');
const number = (buffer) => BigInt(`0x${buffer.toString('hex')}`);
const digest = (hash, ...parts) => crypto.createHash(hash).update(Buffer.concat(parts)).digest();
const IDENTIFIERS = { sha256: 1, sha384: 2, sha512: 3 };

/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2). */
function pkcs1(hash, input, length) {
  const hashed = digest(hash, input);
  const info = Buffer.from([48, 17 + hashed.length, 48, 13, 6, 9, 96, 134, 72, 1, 101, 3, 4, 2, IDENTIFIERS[hash], 5, 0, 4, hashed.length]);
  const filler = Buffer.alloc(length - 3 - info.length - hashed.length, 0xff);
  return Buffer.concat([Buffer.from([0, 1]), filler, Buffer.from([0]), info, hashed]);
}

/** EMSA-PSS (RFC 8017 §9.1), with a salt as long as the hash. */
function pss(hash, input, bits) {
  const hashed = digest(hash, input);
  const salt = crypto.randomBytes(hashed.length);
  const h = digest(hash, Buffer.alloc(8), hashed, salt);
  const block = Buffer.alloc(Math.ceil(bits / 8) - h.length - 1);
  block[block.length - salt.length - 1] = 1;
  salt.copy(block, block.length - salt.length);
  for (let at = 0, counter = 0; at < block.length; at += h.length, counter += 1) {
    const mask = digest(hash, h, Buffer.from([0, 0, 0, counter]));
    for (let i = at; i < Math.min(at + h.length, block.length); i += 1) block[i] ^= mask[i - at];
  }
  block[0] &= 0xff >> (8 * (block.length + h.length + 1) - bits);
  return Buffer.concat([block, h, Buffer.from([0xbc])]);
}

/** A key of so many bits: `{ publicKey, sign(hash, input, isPss) }`. */
export function smallFactors(bits, exponent) {
  const e = BigInt(exponent);
  const { primes, n } = factors(bits, e);
  const length = Math.ceil(bits / 8);
  // For each prime the exponent that undoes e, and the number that is 1 modulo it and 0 modulo the others.
  const parts = primes.map((p) => ({ p, d: inverse(e, p - 1n), basis: (n / p) * inverse(n / p, p) }));
  const eLength = Math.ceil(bitsOf(e) / 8);
  const jwk = { kty: 'RSA', n: bytes(n, length).toString('base64url'), e: bytes(e, eLength).toString('base64url') };
  return {
    publicKey: crypto.createPublicKey({ key: jwk, format: 'jwk' }),
    sign(hash, input, isPss) {
      const m = number(isPss ? pss(hash, input, bits - 1) : pkcs1(hash, input, length));
      return bytes(parts.reduce((sum, { p, d, basis }) => sum + basis * power(m, d, p), 0n) % n, length);
    },
  };
}
