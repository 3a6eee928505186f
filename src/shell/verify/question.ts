// The module's question to the host: whether a signature holds under a key that stays with the host.

import { RSA } from '../boundary/engines.js';
import { algorithm, message, number, range, text } from '../boundary/memory.js';
import { refusal } from '../boundary/refusal.js';
import type { Algorithm } from '../types.js';

/** `rsa` is the key as a JWK; undefined for a key that stays with the host, which `hostKey` names. */
export interface Question {
  algorithm: Algorithm;
  hostKey: number;
  rsa: string | undefined;
  message: Uint8Array<ArrayBuffer>;
  signature: Uint8Array<ArrayBuffer>;
}
/** The host's answer about a token, the key it is about, and whether the host can be asked about RSA keys too. It outlives the instance that asked. */
export interface Verdict {
  hostKey: number;
  rsa: string | undefined;
  valid: boolean | undefined;
  takesRsa: boolean;
}

export const NO_VERDICT: Verdict = { hostKey: 0, rsa: undefined, valid: undefined, takesRsa: false };
export const NO_VERDICT_YET: Verdict = { hostKey: 0, rsa: undefined, valid: undefined, takesRsa: true };

/** The question in the last answer. */
export function asked(): Question {
  return { algorithm: algorithm(), hostKey: number('hostKey'), rsa: text('payload'), message: message(), signature: range('signature') };
}

/** Asks `crypto.subtle`. @throws ERR_KEY_UNUSABLE if it cannot use the key. */
export async function askHost({ algorithm, message, signature }: Question, key: CryptoKey | undefined): Promise<boolean> {
  try {
    return (await crypto.subtle.verify(RSA[algorithm] ?? SUBTLE[algorithm] ?? algorithm, key as CryptoKey, signature, message)) === true;
  } catch {
    throw refusal('key-engine');
  }
}

/** How `crypto.subtle` names what it is asked to do, if not by the algorithm's own name. */
const SUBTLE: Record<string, AlgorithmIdentifier | RsaPssParams | EcdsaParams> = {
  HS256: 'HMAC',
  HS384: 'HMAC',
  HS512: 'HMAC',
  ES256: { name: 'ECDSA', hash: 'SHA-256' },
  ES384: { name: 'ECDSA', hash: 'SHA-384' },
  ES512: { name: 'ECDSA', hash: 'SHA-512' },
  EdDSA: 'Ed25519',
};
