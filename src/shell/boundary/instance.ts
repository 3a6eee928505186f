// The WebAssembly instance: made on first use, dropped after any trap, made again on the next call.

import { bind, type Instance } from '#glue';
import { compile } from '#module';
import { isTokenwardError, isTooLarge, tokenwardError, wasmUnavailable, type ErrorFields } from '../error.js';
import type { Exports } from './exports.js';
import { version } from '../version.js';

/** A module's memory never shrinks, so what one huge input took would be held for ever. */
export const MAX_GROWTH = 16 * 1024 * 1024;

type Returned<Name extends keyof Exports> = Exclude<ReturnType<Exports[Name]>, undefined>;
/** Holds the next instance once it is made, for browsers that make none at once. `restock` empties it and makes another. */
export interface Reserve {
  next: Instance | undefined;
  restock(): void;
}

let module: WebAssembly.Module | undefined;
let instance: Instance | undefined;
let reserve: Reserve | undefined;
let made = 0;

/** Forgets module and instance: the next call compiles again. `stocked` holds instances that are made ahead. */
export function forget(stocked?: Reserve): void {
  reserve = stocked;
  module = undefined;
  instance = undefined;
}

/** The number of the current instance. Handles that an instance gave out are worth nothing to the next one. */
export function generation(): number {
  current();
  return made;
}

/** Calls an export. Throws the TokenwardError that the module left behind, and ERR_WASM_UNAVAILABLE after a trap. */
export function call<Name extends keyof Exports>(name: Name, ...args: Parameters<Exports[Name]>): Returned<Name> {
  const { exports } = current();
  let result: unknown;
  let failure: string | undefined;
  try {
    result = (exports[name] as (...args: unknown[]) => unknown)(...args);
    if (result === undefined) failure = exports.take_error();
  } catch (error) {
    instance = undefined;
    throw isTrap(error) ? wasmUnavailable('trapped', error) : error;
  }
  if (failure !== undefined) throw tokenwardError(JSON.parse(failure) as ErrorFields);
  return result as Returned<Name>;
}

/** The memory of the instance that the last call went to. Its buffer is another one whenever it has grown. */
export function memory(): WebAssembly.Memory {
  return current().memory;
}

/** Drops the instance, unless it cannot be replaced yet: the next call gets a new one. Nothing in it may be needed any more. */
export function drop(): void {
  if (!reserve || reserve.next) instance = undefined;
}

/** Runs what takes an input that may be huge, and gives nothing that still lies in the module's memory. */
export function bounded<T>(run: () => T): T {
  const { memory } = current();
  const before = memory.buffer.byteLength;
  try {
    return run();
  } finally {
    if (instance?.memory === memory && memory.buffer.byteLength - before > MAX_GROWTH) drop();
  }
}

/**
 * The instance, made now if there is none.
 * @throws ERR_WASM_UNAVAILABLE
 */
export function current(): Instance {
  if (instance) return instance;
  let begun: Instance;
  try {
    begun = taken() ?? begin();
    if (begun.exports.version() !== version) throw wasmUnavailable('foreign');
  } catch (error) {
    throw isTokenwardError(error) ? error : wasmUnavailable(isTooLarge(error) ? 'size' : isTrap(error) ? 'trapped' : 'refused', error);
  }
  // The stack can end anywhere above. An instance without a number of its own would be given the handles of the last one.
  made += 1;
  return (instance = begun);
}

function begin(): Instance {
  const { imports, start } = bind();
  return start(new WebAssembly.Instance((module ??= compile()), imports));
}

/** The instance in reserve. The reserve then makes another. */
function taken(): Instance | undefined {
  const next = reserve?.next;
  reserve?.restock();
  return next;
}

/**
 * A stack overflow is a RangeError in V8 and JavaScriptCore, an InternalError in SpiderMonkey. What a caller's own getter threw
 * is neither. Where WebAssembly is switched off, nothing is called so.
 */
function isTrap(error: unknown): boolean {
  return (
    (typeof WebAssembly === 'object' && error instanceof WebAssembly.RuntimeError)
    || error instanceof RangeError
    || (error instanceof Error && error.name === 'InternalError')
  );
}
