// What stands outside the wings, and so in a file of its own that all of them import: it needs no module.

export * from './arguments.js';
export * from './clock.js';
export * from './error.js';
export * from './runtime.js';
export * from './url.js';
export * from './version.js';
