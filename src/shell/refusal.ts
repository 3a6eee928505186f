// Errors for what only the session's shell can see.

import { isTokenwardError } from './error.js';
import { call } from './instance.js';

/** What the caller did wrong, in the module's words. */
export function refusal(what: string): unknown {
  try {
    return call('session_refuse', what);
  } catch (error) {
    return error;
  }
}

/** Runs what touches values of the caller's. What a getter or a proxy of theirs throws becomes the refusal. */
export function guarded<T>(run: () => T, what: string): T {
  try {
    return run();
  } catch (error) {
    throw isTokenwardError(error) ? error : refusal(what);
  }
}
