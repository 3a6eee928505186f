// What the pack step puts in place of a name: one set of sources serves the whole package and its smaller halves.

/** wasm-bindgen's glue as a function: each instance has its own, so that it can be dropped and made again. */
declare module '#glue' {
  export interface Instance {
    exports: import('./boundary/exports.js').Exports;
    memory: WebAssembly.Memory;
  }
  /** The imports that an instance needs, and the function that starts it. */
  export function bind(): { imports: WebAssembly.Imports; start(instance: WebAssembly.Instance): Instance };
}

/** Where the module comes from: one of the files in entry/. */
declare module '#module' {
  export function compile(): WebAssembly.Module;
}

/** The bytes of the module, as entry/text.ts reads them: after gzip a tenth smaller than hexadecimal, and base64 is larger still. */
declare module '#bytes' {
  export const order: string;
  export const text: string;
  /** As packed.ts reads them: a module in base64, and how long the module is that it makes. */
  export const boot: string;
  export const size: number;
}

/** The module as workerd imports it: compiled. */
declare module '#core.wasm' {
  const module: WebAssembly.Module;
  export default module;
}

/** The module as the Edge Runtime's bundlers import it: compiled. */
declare module '#core.wasm?module' {
  const module: WebAssembly.Module;
  export default module;
}
