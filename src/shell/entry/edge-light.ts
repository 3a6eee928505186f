// The module in the Edge Runtime, which compiles no bytes at run time either. Its bundlers know a module by this suffix.

import module from '#core.wasm?module';

export function compile(): WebAssembly.Module {
  return module;
}
