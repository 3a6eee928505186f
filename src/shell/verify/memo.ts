// What single calls compiled, for the next call with the same objects. It keeps nothing alive, and uses nothing that does
// not say what the objects say now: the caller may have changed them in between.

import { copyOf, nestedOf, optionsOf, own, readable } from '../arguments.js';
import { isHeld, readKeys, type KeyInput, type Keys } from './keys.js';
import type { Verification } from './verifier.js';

/** What was compiled from an object of options, and what these said then. */
interface Remembered<O> {
  said: O;
  byKeys: WeakMap<Keys, Verification>;
  pem?: [text: string, keys: Keys];
}

/** Compiles once for each pair of objects, as long as they say the same. */
export class Memo<O extends object> {
  readonly #byOptions = new WeakMap<object, Remembered<O>>();
  readonly #compile: (options: O, keys: Keys) => Verification;
  readonly #names: readonly (keyof O & string)[];
  readonly #argument: string;

  /** `names` are those of the options, and `argument` is what a call's signature calls them. */
  constructor(names: readonly (keyof O & string)[], argument: string, compile: (options: O, keys: Keys) => Verification) {
    this.#names = names;
    this.#argument = argument;
    this.#compile = compile;
  }

  of(key: KeyInput, options: O): Verification {
    const now = copied(options, this.#names, '', this.#argument);
    let known = this.#byOptions.get(options);
    if (!known || !saysTheSame(known.said, now))
      this.#byOptions.set(options, (known = own<Remembered<O>>({ said: now, byKeys: new WeakMap() })));
    const keys = typeof key === 'string' && known.pem?.[0] === key ? known.pem[1] : readKeys(key);
    if (typeof key === 'string') known.pem = [key, keys];
    let compiled = known.byKeys.get(keys);
    if (!compiled) known.byKeys.set(keys, (compiled = this.#compile(known.said, keys)));
    compiled.linger();
    if (!isHeld(key)) keys.held.linger();
    return compiled;
  }
}

/**
 * What the caller does with the options later changes nothing; a getter among them is asked once. Lists are copied, and
 * so are the claims that must have one value; dates, functions and keys are the caller's own.
 */
export function copied<T extends object>(options: T, names: readonly (keyof T & string)[], path = '', argument?: string): T {
  const copy = optionsOf(options, names, path, argument) as Record<string, unknown>;
  for (const [name, value] of Object.entries(copy)) {
    const within = path === '' ? name : `${path}.${name}`;
    copy[name] = readable(() => nested(name, value, within), within);
  }
  return copy as T;
}

function nested(name: string, value: unknown, path: string): unknown {
  if (Array.isArray(value)) return [...(value as unknown[])];
  if (name === 'cache') return nestedOf(value, ['maxEntries'] as never, path);
  return name === 'claims' && isObject(value) ? copyOf(value, path) : value;
}

/** Whether two copies are of options that say the same. */
function saysTheSame(a: object, b: object): boolean {
  const [names, others] = [Reflect.ownKeys(a), Reflect.ownKeys(b)];
  return names.length === others.length && names.every((name) => Object.hasOwn(b, name) && isAlike(a, b, name));
}

function isAlike(a: object, b: object, name: PropertyKey): boolean {
  const [one, other] = [Reflect.get(a, name), Reflect.get(b, name)] as unknown[];
  if (Object.is(one, other)) return true;
  const lists = Array.isArray(one) && Array.isArray(other);
  return (lists || name === 'claims') && isObject(one) && isObject(other) && saysTheSame(one, other);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
