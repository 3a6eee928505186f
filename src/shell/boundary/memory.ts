// Tokens go into the module through a scratch buffer, headers and payloads come out as ranges of its memory.

import { refusal } from './refusal.js';
import { MAX_GROWTH, call, drop, generation, memory } from './instance.js';
import type { Algorithm } from '../types.js';

const encoder = /* @__PURE__ */ new TextEncoder();
// A byte order mark would be refused before it got here; if it were dropped, two texts would have one meaning.
const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Where each field of `Answer` in src/wasm/jwt.rs stands, in 32-bit words. Ranges have two: offset and length. */
const FIELDS = {
  header: 0,
  payload: 2,
  signature: 4,
  kid: 6,
  algorithm: 8,
  hostKey: 9,
  messageLength: 10,
  headerNumber: 11,
  issuer: 12,
  status: 13,
  error: 14,
} as const;
/** The length of an `Answer` in 32-bit words. */
const ANSWER_LENGTH = 16;
type Range = 'header' | 'payload' | 'signature' | 'kid' | 'error';

/** A character takes three bytes at most, and a character of a token that is sound takes one. */
const BYTES_PER_CHARACTER = 3;

let bytes = /* @__PURE__ */ new Uint8Array();
let words = /* @__PURE__ */ new Uint32Array();
let scratch = /* @__PURE__ */ new Uint8Array();
let scratchAt = 0;
let room = 0;
/** Where the answer to one token begins, in 32-bit words. */
let single = 0;
/** Where the answer begins that is read. */
let answer = 0;
/** The instance that all of these belong to. */
let of = 0;

/** How much memory there was before the last input came in. */
let marked = 0;

/** Memory that has grown has another buffer, and views of the old one are empty: to ask them costs least. */
function refresh(): void {
  if (bytes.length > 0) return;
  const { buffer } = memory();
  const all = new Uint8Array(buffer);
  // Nothing is kept until there is all of it: the stack can end at any of these.
  [words, scratch] = [new Uint32Array(buffer), all.subarray(scratchAt, scratchAt + room)];
  bytes = all;
}

/** Before an input comes in: another instance has another memory. */
function begin(): void {
  const current = generation();
  if (of !== current) {
    single = call('answer') >>> 2;
    room = 0;
    bytes = new Uint8Array();
    // Last, for the stack can end above.
    of = current;
  }
  refresh();
  marked = bytes.length;
}

/** Drops an instance whose memory the last input has swollen. To be called when nothing in it is needed any more. */
export function trim(): void {
  if (bytes.length === marked) return;
  refresh();
  if (bytes.length - marked > MAX_GROWTH) drop();
}

/** Writes a token into the scratch buffer and returns its length in bytes. It may be as long as `verifier` allows. */
export function put(token: unknown, verifier?: number): number {
  begin();
  answer = single;
  words[answer + FIELDS.issuer] = 0;
  if (typeof token !== 'string') throw refusal('token-kind');
  if (token.length * BYTES_PER_CHARACTER > room) {
    scratchAt = call('open', verifier, token.length);
    room = call('room');
    bytes = new Uint8Array();
  }
  refresh();
  return encoder.encodeInto(token, scratch).written;
}

/** Tokens one after another, and the length of each in bytes. */
export function encode(tokens: readonly string[]): [bytes: Uint8Array, lengths: Uint32Array] {
  begin();
  const joined = encoder.encode(tokens.join(''));
  const lengths = Uint32Array.from(tokens, (token) => token.length);
  // A character of a token that is sound takes one byte. Where one takes more, each is encoded by itself: what is joined may
  // have characters that none of the tokens has, of the half of one at an end and the other half at the next beginning.
  if (lengths.reduce((sum, length) => sum + length, 0) === joined.length) return [joined, lengths];
  const each = tokens.map((token) => encoder.encode(token));
  const bytes = new Uint8Array(each.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const [index, token] of each.entries()) {
    bytes.set(token, at);
    at += lengths[index] = token.length;
  }
  return [bytes, lengths];
}

/** The answers that lie there one after another: one of them is selected to be read. */
export function answers(address: number): (at: number) => void {
  return (at) => {
    answer = (address >>> 2) + at * ANSWER_LENGTH;
  };
}

/** A copy of the first bytes of the token that `put` wrote: what its signature signs. */
export function message(): Uint8Array<ArrayBuffer> {
  return scratch.slice(0, number('messageLength'));
}

/** A number of the last answer. */
export function number(name: Exclude<keyof typeof FIELDS, Range>): number {
  refresh();
  return words[answer + FIELDS[name]] ?? 0;
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

/** A range of the last answer, which the module knows to be JSON. */
export function parsed<T>(name: 'header' | 'payload'): T {
  return JSON.parse(text(name) ?? '') as T;
}

function view(name: Range): Uint8Array<ArrayBuffer> | undefined {
  refresh();
  const at = answer + FIELDS[name];
  const offset = words[at] ?? 0;
  return offset === 0 ? undefined : bytes.subarray(offset, offset + (words[at + 1] ?? 0));
}

let algorithms: Algorithm[] | undefined;

/** The algorithm of the last answer. */
export function algorithm(): Algorithm {
  algorithms ??= JSON.parse(call('algorithms')) as Algorithm[];
  return algorithms[number('algorithm')] as Algorithm;
}
