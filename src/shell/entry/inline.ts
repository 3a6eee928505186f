// Every runtime without an entry of its own, and Node as CommonJS: the module travels inside the file.

import hex from '#hex';
import { provide } from '../instance.js';
import { fromHex } from './hex.js';

provide(() => new WebAssembly.Module(fromHex(hex)));

export * from '#api';
