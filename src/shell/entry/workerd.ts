// The module in workerd, which compiles no bytes at run time: it imports modules that were compiled at deployment.

import module from '#core.wasm';

export function compile(): WebAssembly.Module {
  return module;
}
