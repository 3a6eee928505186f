/** The bytes that `hex` (lower case, sound) stands for. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hex.length / 2);
  const digit = (at: number) => {
    const code = hex.charCodeAt(at); // '0' is 0x30, 'a' is 0x61
    return (code & 15) + (code >> 6) * 9;
  };
  for (let at = 0; at < bytes.length; at++) bytes[at] = digit(2 * at) << 4 | digit(2 * at + 1);
  return bytes;
}
