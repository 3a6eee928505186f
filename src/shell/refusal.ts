// Errors for what only the session's shell can see.

import { call } from './boundary/instance.js';

/** What the caller did wrong, in the module's words. @internal */
export function refusal(what: string): unknown {
  try {
    return call('session_refuse', what);
  } catch (error) {
    return error;
  }
}
