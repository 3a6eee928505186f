// The Edge Runtime compiles no bytes at run time either, and its bundlers know a module by this suffix.

import module from '#core.wasm?module';
import { provide } from '../boundary/instance.js';

provide(() => module);

export * from '#api';
