// Engines outside the module: one that is imported by itself, and the host's own where it is the better one.

import { own } from '../arguments.js';
import { IN_WORKERD } from '../runtime.js';
import { version } from '../version.js';

// ── ML-DSA. Entry points share no file, and one of them may be here as ESM while another is CommonJS. What they share is the
// realm, so an engine is announced there, to the copies of tokenward of its own version.

/** Whether the signature is one of the message under the key. */
export type CheckMlDsa = (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

const ML_DSA = /* @__PURE__ */ Symbol.for(`tokenward/ml-dsa@${version}`);
const realm = globalThis as { [ML_DSA]?: CheckMlDsa };

/** Adds ML-DSA to every verifier of this realm. The first engine stays. */
export function announceMlDsa(check: CheckMlDsa): void {
  if (!hasMlDsa()) Object.defineProperty(globalThis, ML_DSA, { value: check });
}

/** Asked by src/wasm/engines.rs. */
export function hasMlDsa(): boolean {
  return typeof realm[ML_DSA] === 'function';
}

/** Asked by src/wasm/engines.rs, in the middle of a verification: the bytes are views of the module's memory. */
export function checkMlDsa(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return realm[ML_DSA]?.(key, message, signature) === true;
}

// ── RSA, in Node and Bun: OpenSSL's native exponentiation takes two thirds of the time that ours takes in WebAssembly. In
// Deno it is four times as slow, and workerd's node:crypto has ways of its own, so neither is asked. Only the exponentiation is
// asked for: what was signed is read and compared in the module, by one code everywhere.

interface NodeCrypto {
  constants: { RSA_NO_PADDING: number };
  createPublicKey(key: { key: { kty: 'RSA'; n: string; e: string }; format: 'jwk' }): object;
  publicDecrypt(how: { key: object; padding: number }, data: Uint8Array): Uint8Array;
}
interface Host {
  process?: { versions?: { node?: string }; getBuiltinModule?(name: string): unknown };
  Deno?: unknown;
  navigator?: { userAgentData?: { brands?: readonly { brand?: string }[] } };
}

/** How many keys are kept in the form that OpenSSL takes. */
const MAX_KEYS = 64;
const keys = new Map<string, object>();
let native: NodeCrypto | null | undefined;

/**
 * `signature^e mod n`, all big endian; undefined where there is no better engine here, or it cannot say. Asked by
 * src/wasm/engines.rs, in the middle of a verification: the bytes are views of the module's memory.
 */
export function rsaPower(n: Uint8Array, e: Uint8Array, signature: Uint8Array): Uint8Array | undefined {
  try {
    native ??= nodeCrypto();
    if (native === null) return undefined;
    // By its whole value: two keys can never be taken for one another.
    const name = text(n, 'latin1') + text(e, 'latin1');
    const key =
      keys.get(name)
      ?? keep(name, native.createPublicKey({ key: { kty: 'RSA', n: text(n, 'base64url'), e: text(e, 'base64url') }, format: 'jwk' }), keys);
    return native.publicDecrypt({ key, padding: native.constants.RSA_NO_PADDING }, signature);
  } catch {
    return undefined;
  }
}

function nodeCrypto(): NodeCrypto | null {
  const { process, Deno } = globalThis as Host;
  if (!process?.versions?.node || Deno !== undefined || IN_WORKERD) return null;
  return (process.getBuiltinModule?.('node:crypto') as NodeCrypto | undefined) ?? null;
}

function keep<Key>(name: string, key: Key, kept: Map<string, Key>): Key {
  const [oldest] = kept.keys();
  if (kept.size >= MAX_KEYS && oldest !== undefined) kept.delete(oldest);
  kept.set(name, key);
  return key;
}

// Buffer is there wherever node:crypto is, and reads a view of the module's memory without copying it first.
type Encoding = 'latin1' | 'base64url';
interface WithBuffer {
  Buffer: { from(buffer: ArrayBufferLike, at: number, length: number): { toString(encoding: Encoding): string } };
}

function text({ buffer, byteOffset, length }: Uint8Array, encoding: Encoding): string {
  return (globalThis as unknown as WithBuffer).Buffer.from(buffer, byteOffset, length).toString(encoding);
}

// ── RSA for those who can wait, in browsers made of Chromium and in workerd: Web Crypto takes a third of the time that ours
// takes, two thirds with the waiting. Elsewhere it takes longer than ours. When it is asked, the module has chosen key and
// algorithm and held one against the other; what the rules say of the token is judged after it, in the module.

/** How Web Crypto names what it imports an RSA key for, and what it is asked to do. A salt is as long as the hash. */
export const RSA: Record<string, RsaHashedImportParams & { saltLength?: number }> = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  RS384: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' },
  RS512: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32 },
  PS384: { name: 'RSA-PSS', hash: 'SHA-384', saltLength: 48 },
  PS512: { name: 'RSA-PSS', hash: 'SHA-512', saltLength: 64 },
};

/** By algorithm and whole JWK; null for a key that this host refuses. Never promises: in workerd one belongs to its request. */
const imported = new Map<string, CryptoKey | null>();
let taken: boolean | undefined;

/** Whether Web Crypto is the better engine for RSA here, for those who can wait. */
export function takesRsa(): boolean {
  return (taken ??= hasFastRsa());
}

function hasFastRsa(): boolean {
  try {
    const { navigator } = globalThis as Host;
    return (
      typeof crypto.subtle.verify === 'function'
      && (IN_WORKERD || navigator?.userAgentData?.brands?.some(({ brand }) => brand === 'Chromium') === true)
    );
  } catch {
    return false;
  }
}

/** Whether the signature is one of the message under the key; undefined where this host cannot say. */
export async function rsaHolds(
  algorithm: string,
  jwk: string,
  signature: Uint8Array<ArrayBuffer>,
  message: Uint8Array<ArrayBuffer>,
): Promise<boolean | undefined> {
  const how = RSA[algorithm];
  const name = `${algorithm} ${jwk}`;
  let key = imported.get(name);
  if (how === undefined || key === null) return undefined;
  try {
    key ??= keep(
      name,
      await crypto.subtle.importKey('jwk', own(JSON.parse(jwk) as JsonWebKey), how, false, ['verify']),
      imported,
    ) as CryptoKey;
  } catch {
    keep(name, null, imported);
    return undefined;
  }
  try {
    return (await crypto.subtle.verify(how, key, signature, message)) === true;
  } catch {
    return undefined;
  }
}
