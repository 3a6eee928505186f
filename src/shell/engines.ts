// Engines that are imported by themselves. Entry points share no file, and one of them may be here as ESM while another is
// CommonJS. What they share is the realm, so an engine is announced there, to the copies of tokenward of its own version.

import { version } from './version.js';

/** Whether the signature is one of the message under the key. */
export type CheckMlDsa = (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

const ML_DSA = Symbol.for(`tokenward/ml-dsa@${version}`);
const realm = globalThis as { [ML_DSA]?: CheckMlDsa };

/** Adds ML-DSA to every verifier of this realm. The first engine stays. */
export function announceMlDsa(check: CheckMlDsa): void {
  if (!hasMlDsa()) Object.defineProperty(globalThis, ML_DSA, { value: check });
}

/** Asked by src/wasm/outside.rs. */
export function hasMlDsa(): boolean {
  return typeof realm[ML_DSA] === 'function';
}

/** Asked by src/wasm/outside.rs, in the middle of a verification: the bytes are views of the module's memory. */
export function checkMlDsa(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return realm[ML_DSA]?.(key, message, signature) === true;
}
