// What single calls compiled, for the next call with the same objects. Nothing is kept alive by it, and nothing is used
// that does not say what the objects say now: the caller may have changed them in between.

import { isHeld, readKeys, type KeyInput, type Keys } from './keys.js';
import { copyOf, own, readable } from '../arguments.js';

/** What was compiled from an object of options, and what these said then. */
interface Remembered<O, R> { said: O; byKeys: WeakMap<Keys, R>; pem?: [text: string, keys: Keys] }

/** As `compile`, once for each pair of objects that say the same as when they were compiled. */
export function remembering<O extends object, R extends { linger(): void }>(
  compile: (options: O, keys: Keys) => R,
): (key: KeyInput, options: O) => R {
  const byOptions = new WeakMap<object, Remembered<O, R>>();
  return (key, options) => {
    const now = copied(options, 'rules');
    let known = byOptions.get(options);
    if (!known || !saysTheSame(known.said, now)) byOptions.set(options, known = own<Remembered<O, R>>({ said: now, byKeys: new WeakMap() }));
    const keys = typeof key === 'string' && known.pem?.[0] === key ? known.pem[1] : readKeys(key);
    if (typeof key === 'string') known.pem = [key, keys];
    let compiled = known.byKeys.get(keys);
    if (!compiled) known.byKeys.set(keys, compiled = compile(known.said, keys));
    compiled.linger();
    if (!isHeld(key)) keys.held.linger();
    return compiled;
  };
}

/**
 * What the caller does with the options later changes nothing; a getter among them is asked once. Lists are copied, and
 * so are the claims that must have one value; dates, functions and keys are the caller's own.
 */
export function copied<T extends object>(options: T, path: string): T {
  const copy = copyOf(options, path) as Record<string, unknown>;
  for (const [name, value] of Object.entries(copy)) {
    const within = path === 'rules' ? name : `${path}.${name}`;
    if (isObject(value)) copy[name] = readable(() => nested(name, value, within), within);
  }
  return copy as T;
}

function nested(name: string, value: object, path: string): unknown {
  if (Array.isArray(value)) return [...value as unknown[]];
  return name === 'claims' || name === 'cache' ? copyOf(value, path) : value;
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
