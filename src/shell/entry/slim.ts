// Everything that "tokenward/slim" exports: all of "tokenward", over a core.wasm that the user loads.

export * from '#api';
export { init, initSync } from './loader.js';
