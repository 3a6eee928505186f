// Everything that "tokenward" exports.

export type * from './types.js';
export { isTokenwardError } from './error.js';
export { version } from './version.js';
