// The one reader of what callers give: options, and arguments that only the shell can judge.
//
// Options are own properties, each read once. What a prototype holds is never an option, so that a polluted
// `Object.prototype` switches nothing on or off. Symbols are no names of options and are left alone.

import { isTokenwardError, tokenwardError } from './error.js';
import type { TokenwardError } from './types.js';

/** The prototypes of an object that are looked at. A proxy can name another one for ever. */
const MAX_PROTOTYPES = 100;

/** An object with these own members that inherits nothing. A getter is read once. */
export function own<T extends object>(members: T): T {
  return Object.assign(Object.create(null) as T, members);
}

/**
 * A member of an object that may be of any class, such as the row of a store or the init of a request. It may be
 * inherited, but not from `Object.prototype`.
 */
export function member(object: object, name: string): unknown {
  if (name in Object.prototype) {
    let from: object | null = object;
    for (let depth = 0; from && depth < MAX_PROTOTYPES && !Object.hasOwn(from, name); depth++)
      from = Object.getPrototypeOf(from) as object | null;
    if (from === Object.prototype) return undefined;
  }
  return (object as Record<string, unknown>)[name];
}

/**
 * A copy of these options, checked: every name is one of `names`. `path` is where they are among other options, and
 * `argument` what an error calls them as a whole.
 * @throws ERR_INVALID_ARG
 */
export function optionsOf<T extends object>(options: T, names: readonly (keyof T & string)[], path = '', argument = path || 'options'): T {
  const copy = copyOf(options, argument);
  for (const name of Object.keys(copy)) {
    if (!(names as readonly string[]).includes(name)) throw unknownOption(path, name, names);
  }
  return copy;
}

/**
 * A copy of these options, of any names.
 * @throws ERR_INVALID_ARG if they are no object, or if the copy would lack some of them
 */
export function copyOf<T extends object>(options: T, name = 'options'): T {
  if (typeof options !== 'object' || options === null) throw misuse(name, 'an object', options);
  return readable(() => {
    const lost = lostIn(options);
    if (lost !== undefined) throw misuse(name, `an object whose options are enumerable properties of its own; "${lost}" is not`);
    return own(options);
  }, name);
}

/** Options under an option, copied as `optionsOf` does. What is no object is left for the module to refuse. */
export function nestedOf<T>(value: T, names: readonly (keyof NonNullable<T> & string)[], path: string): T {
  return typeof value === 'object' && value !== null && !isList(value) ? optionsOf(value, names as never, path) : value;
}

/**
 * An option that a copy would lack: a getter of a class, a member of a prototype, a hidden property. To go on without it
 * would switch off what it asks for. Methods ask for nothing.
 */
function lostIn(options: object): string | undefined {
  let from: object | null = options;
  for (let depth = 0; from; depth++, from = Object.getPrototypeOf(from) as object | null) {
    if (depth === MAX_PROTOTYPES) return '__proto__';
    // Object.prototype of any realm.
    if (from !== options && Object.hasOwn(from, 'hasOwnProperty')) return undefined;
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(from))) {
      const { enumerable, value } = own(descriptor);
      if (from === options ? !enumerable : typeof value !== 'function') return short(name);
    }
  }
  return undefined;
}

/** An option that nothing reads: misspelt, or meant for something else. To ignore it would drop what it asks for. */
function unknownOption(path: string, name: string, names: readonly string[]): TokenwardError {
  const at = (option: string): string => `"${path && `${path}.`}${short(option)}"`;
  const near = names.find((known) => isNear(name.toLowerCase(), known.toLowerCase()));
  return invalid(`unknown option ${at(name)}${near === undefined ? '' : `; did you mean ${at(near)}?`}`);
}

/** Whether two names differ by at most two characters: changed, added or left out. */
function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 2) return false;
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return (row[b.length] ?? 3) <= Math.min(2, b.length - 2);
}

/** A name in an error: no longer than names are. */
function short(name: string): string {
  return name.length > 40 ? `${name.slice(0, 40)}…` : name;
}

/**
 * The error for an argument: what it must be and, if it is given, what it is. Text is never quoted, since it may be a
 * secret; numbers and the like are.
 */
export function misuse(name: string, expected: string, ...given: [value?: unknown]): TokenwardError {
  return invalid(`"${name}" must be ${expected}${given.length > 0 ? `; got ${kindOf(given[0])}` : ''}`);
}

function invalid(message: string): TokenwardError {
  return tokenwardError({ code: 'ERR_INVALID_ARG', message, retryable: false });
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return value === '' ? 'an empty string' : 'a string';
  if (typeof value === 'object') return isList(value) ? 'a list' : 'an object';
  return `a ${typeof value}`;
}

/** `Array.isArray` throws for a proxy that was revoked. */
function isList(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** Runs what touches values of the caller's. What a getter or a proxy of theirs throws becomes the error of `otherwise`. */
export function guarded<T>(run: () => T, otherwise: () => unknown): T {
  try {
    return run();
  } catch (error) {
    throw isTokenwardError(error) ? error : otherwise();
  }
}

/** As `guarded`, for an argument that cannot be read. */
export function readable<T>(run: () => T, name: string): T {
  return guarded(run, () => misuse(name, 'a value that can be read; reading it threw an error'));
}

/**
 * Checks options that must be functions, if they are given.
 * @throws ERR_INVALID_ARG
 */
export function checkFunctions(options: Readonly<Record<string, unknown>>, path = ''): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && typeof value !== 'function') throw misuse(path + name, 'a function', value);
  }
}

/**
 * Checks an option that must be one of a few words, if it is given.
 * @throws ERR_INVALID_ARG
 */
export function checkWord(name: string, value: unknown, words: readonly string[]): void {
  if (value === undefined || words.includes(value as string)) return;
  const list = `${words
    .slice(0, -1)
    .map((word) => `"${word}"`)
    .join(', ')} or "${words.at(-1)}"`;
  throw typeof value === 'string' && /^[\w-]{1,12}$/.test(value)
    ? invalid(`"${name}" must be ${list}; got "${value}"`)
    : misuse(name, list, value);
}

/**
 * Checks a signal, if one is given: not every platform does.
 * @throws ERR_INVALID_ARG
 */
export function checkSignal(signal: AbortSignal | null | undefined): void {
  if (signal != null && !has(signal, 'addEventListener')) throw misuse('signal', 'an AbortSignal', signal);
}

/** Whether `value` has these methods. A proxy or a getter of the caller's that throws has none. */
export function has(value: unknown, ...methods: readonly string[]): boolean {
  try {
    return methods.every((name) => typeof member(Object(value) as object, name) === 'function');
  } catch {
    return false;
  }
}
