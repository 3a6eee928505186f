/** Characters that stand in a JavaScript string and in an HTML page as themselves, whatever bundler writes them. */
export const ALPHABET = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at))
  .join('')
  .replace(/["'`\\$<]/g, '');
/** Characters that begin a pair; every other one is a byte by itself. */
export const PAIRS = 2;

/**
 * The bytes that .ci/pack.mjs wrote as `text`. `order` names all bytes, the most frequent first, in hexadecimal: as many
 * as there are characters for are one character each, the others two. So what gzip sees are nearly the bytes themselves.
 */
export function fromText(order: string, text: string): Uint8Array<ArrayBuffer> {
  const byte = Uint8Array.from({ length: 256 }, (_, at) => parseInt(order.slice(2 * at, 2 * at + 2), 16));
  const place = new Uint8Array(128);
  for (let at = 0; at < ALPHABET.length; at++) place[ALPHABET.charCodeAt(at)] = at;
  const singles = ALPHABET.length - PAIRS;
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    let rank = place[text.charCodeAt(at)]!;
    if (rank >= singles) rank = singles + (rank - singles) * ALPHABET.length + place[text.charCodeAt(++at)]!;
    bytes[length++] = byte[rank]!;
  }
  return bytes.subarray(0, length);
}
