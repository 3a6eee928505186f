// Keys that sign. crypto.subtle makes them and signs with them if it has the algorithm; the module does for HMAC, ES256K and
// ML-DSA.

import { misuse, optionsOf, own } from '../arguments.js';
import { call } from '../boundary/instance.js';
import type { Algorithm, Jwk } from '../types.js';
import { base64url, fromBase64url, pem, utf8 } from './encode.js';

/** What a key is called. */
export interface KeyOptions {
  /** The `kid` of the JWK and of every token; null for none. Default: one that no other key has. */
  kid?: string | null;
}

/** A key that signs tokens, and what verifies them in every form that tokenward takes. */
export interface TestKey {
  /** The algorithm that it signs with. */
  readonly alg: Algorithm;
  /** Null where it has none. */
  readonly kid: string | null;
  /** What verifies: the public key, or the secret of an HMAC. It has `alg`, and `kid` where there is one. */
  readonly jwk: Jwk;
  /**
   * A compact JWS. The payload is an object, or a text that is signed as it is; `header` is merged over `alg` and `kid`, and
   * a member that is undefined there is left out.
   */
  sign(payload: object | string, header?: Readonly<Record<string, unknown>>): Promise<string>;
  /**
   * The public key as SPKI in PEM.
   * @throws ERR_INVALID_ARG where the algorithm is an HMAC
   */
  pem(): Promise<string>;
  /**
   * The secret's bytes.
   * @throws ERR_INVALID_ARG where the algorithm is no HMAC
   */
  secret(): Uint8Array<ArrayBuffer>;
  /**
   * What verifies, as a CryptoKey, extractable unless that is said to be false.
   * @throws ERR_INVALID_ARG where crypto.subtle has no such algorithm: ES256K, ML-DSA
   */
  cryptoKey(options?: { extractable?: boolean }): Promise<CryptoKey>;
}

/** What crypto.subtle generates and imports, and how it signs. */
interface Subtle {
  readonly generate: EcKeyGenParams | RsaHashedKeyGenParams | HmacKeyGenParams | { name: 'Ed25519' };
  readonly how: AlgorithmIdentifier | EcdsaParams | RsaPssParams;
}

const hmac = (bits: number): Subtle => ({ generate: { name: 'HMAC', hash: `SHA-${bits}` }, how: 'HMAC' });
const rsa = (bits: number, name: string, saltLength?: number): Subtle => ({
  generate: { name, hash: `SHA-${bits}`, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  how: saltLength === undefined ? name : { name, saltLength },
});
const ecdsa = (bits: number, namedCurve: string): Subtle => ({
  generate: { name: 'ECDSA', namedCurve },
  how: { name: 'ECDSA', hash: `SHA-${bits}` },
});
const ed25519: Subtle = { generate: { name: 'Ed25519' }, how: 'Ed25519' };

const SUBTLE: { readonly [alg in Algorithm]?: Subtle } = {
  HS256: hmac(256),
  HS384: hmac(384),
  HS512: hmac(512),
  RS256: rsa(256, 'RSASSA-PKCS1-v1_5'),
  RS384: rsa(384, 'RSASSA-PKCS1-v1_5'),
  RS512: rsa(512, 'RSASSA-PKCS1-v1_5'),
  PS256: rsa(256, 'RSA-PSS', 32),
  PS384: rsa(384, 'RSA-PSS', 48),
  PS512: rsa(512, 'RSA-PSS', 64),
  ES256: ecdsa(256, 'P-256'),
  ES384: ecdsa(384, 'P-384'),
  ES512: ecdsa(512, 'P-521'),
  EdDSA: ed25519,
  Ed25519: ed25519,
};

/** What stands before the key's bits in an SPKI (RFC 5480 §2, RFC 9881 §4), in hexadecimal. */
const SPKI: { readonly [alg in Algorithm]?: string } = {
  ES256K: '3056301006072a8648ce3d020106052b8104000a03420004',
  'ML-DSA-44': '30820532300b06096086480165030403110382052100',
  'ML-DSA-65': '308207b2300b0609608648016503040312038207a100',
  'ML-DSA-87': '30820a32300b060960864801650304031303820a2100',
};

/**
 * Makes a key. One for RSA (2048 bits) takes a moment, and may take a second.
 * @throws ERR_INVALID_ARG for what is no algorithm; what the host says where its crypto.subtle lacks it
 */
export async function createKey(alg: Algorithm = 'ES256', options: KeyOptions = {}): Promise<TestKey> {
  const { kid = `${alg}-${base64url(random(6))}` } = optionsOf(options, ['kid']);
  const subtle = Object.hasOwn(SUBTLE, alg) ? SUBTLE[alg] : undefined;
  if (subtle) return keyOfSubtle(alg, subtle, kid);
  const spki = Object.hasOwn(SPKI, alg) ? SPKI[alg] : undefined;
  if (spki === undefined) throw misuse('alg', 'an algorithm that tokenward verifies');
  return keyOfModule(alg, spki, kid);
}

async function keyOfSubtle(alg: Algorithm, { generate, how }: Subtle, kid: string | null): Promise<TestKey> {
  const made = await crypto.subtle.generateKey(generate, true, ['sign', 'verify']);
  const [signing, verifying] = 'privateKey' in made ? [made.privateKey, made.publicKey] : [made, made];
  // Of the host's own members, `alg` says less than ours does, and `ext` and `key_ops` are about the CryptoKey.
  const { alg: _, ext, key_ops, ...material } = (await crypto.subtle.exportKey('jwk', verifying)) as Record<string, string>;
  const secret = signing === verifying;
  return {
    alg,
    kid,
    jwk: named(material, alg, kid),
    sign: signer(alg, kid, async (input) =>
      secret
        ? call('test_sign', alg, fromBase64url(material['k'] ?? ''), input)
        : new Uint8Array(await crypto.subtle.sign(how, signing, input)),
    ),
    async pem() {
      if (secret) throw misuse('alg', 'one with a public key');
      return pem('PUBLIC KEY', await crypto.subtle.exportKey('spki', verifying));
    },
    secret() {
      if (!secret) throw misuse('alg', 'HS256, HS384 or HS512');
      return fromBase64url(material['k'] ?? '');
    },
    async cryptoKey(options = {}) {
      const { extractable = true } = optionsOf(options, ['extractable']);
      return crypto.subtle.importKey('jwk', own(material), generate, extractable, ['verify']);
    },
  };
}

async function keyOfModule(alg: Algorithm, spki: string, kid: string | null): Promise<TestKey> {
  let secret: Uint8Array<ArrayBuffer>;
  let bits: Uint8Array;
  // Of the 32-byte numbers, next to none is too large for a scalar.
  do {
    secret = random(32);
    bits = call('test_public_key', alg, secret);
  } while (bits.length === 0);
  const material =
    alg === 'ES256K'
      ? { kty: 'EC', crv: 'secp256k1', x: base64url(bits.subarray(0, 32)), y: base64url(bits.subarray(32)) }
      : { kty: 'AKP', pub: base64url(bits) };
  const prefix = Uint8Array.from(spki.match(/../g) ?? [], (digits) => parseInt(digits, 16));
  return {
    alg,
    kid,
    jwk: named(material, alg, kid),
    sign: signer(alg, kid, async (input) => call('test_sign', alg, secret, input)),
    pem: async () => pem('PUBLIC KEY', new Uint8Array([...prefix, ...bits])),
    secret() {
      throw misuse('alg', 'HS256, HS384 or HS512');
    },
    async cryptoKey() {
      throw misuse('alg', 'one that crypto.subtle has');
    },
  };
}

function named(material: Record<string, string>, alg: Algorithm, kid: string | null): Jwk {
  return { ...material, alg, ...(kid !== null && { kid }) } as Jwk;
}

type Sign = (input: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;

function signer(alg: Algorithm, kid: string | null, sign: Sign): TestKey['sign'] {
  return async (payload, header = {}) => {
    const said = { alg, ...(kid !== null && { kid }), ...header };
    const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
    const input = `${base64url(JSON.stringify(said))}.${base64url(body)}`;
    return `${input}.${base64url(await sign(utf8(input)))}`;
  };
}

function random(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}
