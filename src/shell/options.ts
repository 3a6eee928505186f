// Options as the caller wrote them.

/** A copy of these options: a getter among them is asked once. Undefined where it would lack some, or they are no object. */
export function copyOf<T extends object>(options: T): T | undefined {
  return typeof options === 'object' && options !== null && isWhole(options) ? { ...options } : undefined;
}

/**
 * Whether a copy of these options has all of them. It lacks what is inherited and what is hidden: a getter of a class, a
 * member of a prototype. To go on without would switch off what they ask for. Methods ask for nothing.
 */
function isWhole(options: object): boolean {
  for (let from: object | null = options; from; from = Object.getPrototypeOf(from) as object | null) {
    // Object.prototype of whatever realm.
    if (from !== options && Object.hasOwn(from, 'hasOwnProperty')) return true;
    for (const { enumerable, value } of Object.values(Object.getOwnPropertyDescriptors(from))) {
      if (from === options ? !enumerable : typeof value !== 'function') return false;
    }
  }
  return true;
}

/** An option that nothing reads: misspelt, or meant for something else. To ignore it would switch off what it asks for. */
export function strayOption<T extends object>(options: T, names: readonly (keyof T & string)[]): string | undefined {
  return Object.keys(options).find((name) => !(names as readonly string[]).includes(name));
}
