// Tokens go into the module through a scratch buffer, headers and payloads come out as ranges of its memory.

import { call, generation, memory } from './instance.js';

const encoder = new TextEncoder();
// A byte order mark would be refused before it got here; if it were dropped, two texts would have one meaning.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The answer of the last call, in the order of `Answer` in src/wasm/jwt.rs. */
const ANSWER = { header: 0, payload: 2, signature: 4, kid: 6, algorithm: 8, hostKey: 9, messageLength: 10 } as const;
type Range = 'header' | 'payload' | 'signature' | 'kid';

let bytes = new Uint8Array();
let words = new Uint32Array();
let answer = 0;
let scratch = 0;
let answerOf = 0;

function refresh(): void {
  const { buffer } = memory();
  if (bytes.buffer !== buffer) {
    bytes = new Uint8Array(buffer);
    words = new Uint32Array(buffer);
  }
}

/** Writes a token into the scratch buffer of `verifier`, or the common one, and returns its length in bytes. */
export function put(token: unknown, verifier?: number): number {
  if (typeof token !== 'string') throw refusal('token-kind');
  scratch = call('open', verifier, token.length);
  const room = call('room');
  refresh();
  return encoder.encodeInto(token, bytes.subarray(scratch, scratch + room)).written;
}

/** A copy of the first bytes of the token that `put` wrote: what its signature signs. */
export function message(): Uint8Array<ArrayBuffer> {
  const length = number('messageLength');
  return bytes.slice(scratch, scratch + length);
}

/** A number of the last answer. */
export function number(name: 'algorithm' | 'hostKey' | 'messageLength'): number {
  locate();
  return words[(answer >> 2) + ANSWER[name]] ?? 0;
}

/** A copy of a range of the last answer. */
export function range(name: Range): Uint8Array<ArrayBuffer> {
  return view(name)?.slice() ?? new Uint8Array();
}

/** The text of a range of the last answer; undefined where there is none. */
export function text(name: Range): string | undefined {
  const found = view(name);
  return found && decoder.decode(found);
}

function view(name: Range): Uint8Array<ArrayBuffer> | undefined {
  locate();
  const at = (answer >> 2) + ANSWER[name];
  const offset = words[at] ?? 0;
  return offset === 0 ? undefined : bytes.subarray(offset, offset + (words[at + 1] ?? 0));
}

function locate(): void {
  if (answerOf !== generation()) {
    answerOf = generation();
    answer = call('answer');
  }
  refresh();
}

/** The error for what only the shell can see. Its code and words come from the module. */
export function refusal(what: Refusal, detail = ''): unknown {
  try {
    call('refuse', what, detail);
  } catch (error) {
    return error;
  }
  return undefined;
}

export type Refusal = 'token-kind' | 'key-kind' | 'key-engine' | 'sync-key' | 'sync-keys' | 'sync-callback' | 'revoked' | 'revocation' | 'schema' | 'argument';
