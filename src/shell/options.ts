// Options as the caller wrote them.

/** An option that nothing reads: misspelt, or meant for something else. To ignore it would switch off what it asks for. */
export function strayOption<T extends object>(options: T, names: readonly (keyof T & string)[]): string | undefined {
  return Object.keys(options).find((name) => !(names as readonly string[]).includes(name));
}
