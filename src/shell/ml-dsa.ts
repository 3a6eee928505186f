// "tokenward/ml-dsa": importing it adds ML-DSA-44, ML-DSA-65 and ML-DSA-87 (RFC 9964) to the verifier. It exports nothing.
// This module has the arithmetic alone. Which key and which token it is asked about is decided in the main one.

import { announceMlDsa } from './boundary/engines.js';
import { call, drop } from './boundary/instance.js';

/** A module's memory never shrinks, so what one huge message took would be held for ever. */
const MAX_MESSAGE = 1024 * 1024;

announceMlDsa((key, message, signature) => {
  try {
    return call('check_ml_dsa', key, message, signature);
  } finally {
    if (message.length > MAX_MESSAGE) drop();
  }
});
