/** 128 random bits: a record that was cleared and written again never has a version that it had before. */
export function newVersion(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((word) => word.toString(36)).join('.');
}
