// "tokenward/ml-dsa": importing it adds ML-DSA-44, ML-DSA-65 and ML-DSA-87 (RFC 9964) to the verifier. It exports nothing.
// This module has the arithmetic alone. Which key and which token it is asked about is decided in the main one.

import { announceMlDsa } from './engines.js';
import { call, mark, trim } from './instance.js';

announceMlDsa((key, message, signature) => {
  mark();
  try {
    return call('check_ml_dsa', key, message, signature);
  } finally {
    trim();
  }
});
