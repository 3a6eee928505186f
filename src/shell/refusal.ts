// Errors for what only the session's shell can see.

import { isTokenwardError } from './error.js';
import { call } from './boundary/instance.js';
import { copyOf, strayOption } from './options.js';

/** What the caller did wrong, in the module's words. */
export function refusal(what: string): unknown {
  try {
    return call('session_refuse', what);
  } catch (error) {
    return error;
  }
}

/** The caller's options, copied: a getter among them is asked once. `what` names those that are no object. */
export function optionsOf<T extends object>(options: T, names: readonly (keyof T & string)[], what: string): T {
  const copy = guarded(() => copyOf(options), what);
  if (!copy) throw refusal(what);
  const stray = strayOption(copy, names);
  if (stray !== undefined) throw refusal(`no-option:${stray}`);
  return copy;
}

/** Runs what touches values of the caller's. What a getter or a proxy of theirs throws becomes the refusal. */
export function guarded<T>(run: () => T, what: string): T {
  try {
    return run();
  } catch (error) {
    throw isTokenwardError(error) ? error : refusal(what);
  }
}

/** Refuses what is given as a signal and is none: not every platform does. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal !== undefined && guarded(() => typeof signal.addEventListener, 'signal') !== 'function') throw refusal('signal');
}
