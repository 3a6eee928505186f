// workerd compiles no bytes at run time; it imports modules that were compiled at deployment.

import module from '#core.wasm';
import { provide } from '../boundary/instance.js';

provide(() => module);

export * from '#api';
