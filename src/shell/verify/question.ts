// The module's question to the host: whether a signature holds under a key that stays with the host.

import { RSA } from '../boundary/engines.js';
import { generation } from '../boundary/instance.js';
import { algorithm, message, number, range, refusal, text } from '../boundary/memory.js';
import type { Algorithm } from '../types.js';

/** `rsa` is the key as a JWK, if the key does not stay with the host. */
export interface Question {
  algorithm: Algorithm; hostKey: number; generation: number; rsa: string | undefined; message: Uint8Array<ArrayBuffer>; signature: Uint8Array<ArrayBuffer>;
}
/** What the host has said, of which key in which instance, and whether it can be asked about RSA keys of ours too. */
export interface Verdict { hostKey: number; valid: boolean | undefined; generation: number; takesRsa: boolean }

export const NO_VERDICT: Verdict = { hostKey: 0, valid: undefined, generation: 0, takesRsa: false };
export const NO_VERDICT_YET: Verdict = { hostKey: 0, valid: undefined, generation: 0, takesRsa: true };

/** The question in the last answer. */
export function asked(): Question {
  return { algorithm: algorithm(), hostKey: number('hostKey'), generation: generation(), rsa: text('payload'), message: message(), signature: range('signature') };
}

/** Asks `crypto.subtle`. @throws ERR_KEY_UNUSABLE if it cannot use the key. */
export async function askHost({ algorithm, message, signature }: Question, key: CryptoKey | undefined): Promise<boolean> {
  try {
    return await crypto.subtle.verify(RSA[algorithm] ?? SUBTLE[algorithm] ?? algorithm, key as CryptoKey, signature, message);
  } catch {
    throw refusal('key-engine');
  }
}

/** How `crypto.subtle` names what it is asked to do, if not by the algorithm's own name. */
const SUBTLE: Record<string, AlgorithmIdentifier | RsaPssParams | EcdsaParams> = {
  HS256: 'HMAC', HS384: 'HMAC', HS512: 'HMAC',
  ES256: { name: 'ECDSA', hash: 'SHA-256' }, ES384: { name: 'ECDSA', hash: 'SHA-384' }, ES512: { name: 'ECDSA', hash: 'SHA-512' },
  EdDSA: 'Ed25519',
};
