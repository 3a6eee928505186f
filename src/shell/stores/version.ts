/** Never used before, so that a record that was cleared and written again is another one. */
export function newVersion(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((word) => word.toString(36)).join('.');
}
