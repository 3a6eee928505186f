// Errors for what only the shell can see. Their codes and words come from the module.

import { call } from './instance.js';

/** What only the shell can see (src/wasm/boundary/error.rs). */
export type Refusal =
  | 'token-kind'
  | 'key-kind'
  | 'key-engine'
  | 'keys-timeout'
  | 'sync-key'
  | 'sync-keys'
  | 'sync-callback'
  | 'revoked'
  | 'revocation'
  | 'schema'
  | 'foreign-url'
  | 'hidden-redirect'
  | 'body-not-replayable'
  | 'not-a-url'
  | 'timeout'
  | 'signed-out'
  | 'store-unavailable'
  | 'no-metadata';

/** The error for it. `detail` names a claim. */
export function refusal(what: Refusal, detail = ''): unknown {
  try {
    return call('refuse', what, detail);
  } catch (error) {
    return error;
  }
}
