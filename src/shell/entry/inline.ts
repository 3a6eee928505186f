// Every runtime without an entry of its own, and Node as CommonJS: the module travels inside the file.

import { order, text } from '#bytes';
import { provide } from '../boundary/instance.js';
import { fromText } from './text.js';

provide(() => new WebAssembly.Module(fromText(order, text)));

export * from '#api';
