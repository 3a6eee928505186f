// The module where bytes can be compiled at run time: it travels inside the file.

import { order, text } from '#bytes';
import { fromText } from './text.js';

export function compile(): WebAssembly.Module {
  return new WebAssembly.Module(fromText(order, text));
}
