// For those who load the module themselves: nothing is ready before init or initSync.

import { wasmUnavailable } from '../error.js';
import { provide } from '../boundary/instance.js';

export * from '#api';

/**
 * Loads `core.wasm`: compiled, as bytes, or as the answer to a request for it.
 * @throws (rejects with) ERR_WASM_UNAVAILABLE, also for what is another file
 */
export async function init(source: WebAssembly.Module | BufferSource | Response | Promise<Response>): Promise<void> {
  const given = await source;
  if (isModule(given)) return initSync(given as WebAssembly.Module);
  // Not compileStreaming: it refuses a server that has the wrong media type for .wasm.
  const bytes = typeof Response === 'function' && given instanceof Response ? await given.arrayBuffer() : given;
  let module: WebAssembly.Module;
  try {
    module = await WebAssembly.compile(bytes as BufferSource);
  } catch (error) {
    throw wasmUnavailable(isWasm(bytes) ? 'refused' : 'foreign', error);
  }
  initSync(module);
}

/**
 * Loads `core.wasm`, compiled or as bytes, at once.
 * @throws ERR_WASM_UNAVAILABLE, also for what is another file
 */
export function initSync(source: WebAssembly.Module | BufferSource): void {
  let module: WebAssembly.Module;
  try {
    module = isModule(source) ? source as WebAssembly.Module : new WebAssembly.Module(source as BufferSource);
  } catch (error) {
    throw wasmUnavailable(isWasm(source) ? 'refused' : 'foreign', error);
  }
  provide(() => module);
}

/** Whether these bytes begin as a module does. A page that says that there is no such file does not. */
function isWasm(bytes: unknown): boolean {
  try {
    const view = ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, 4) : new Uint8Array(bytes as ArrayBuffer, 0, 4);
    return String.fromCharCode(...view) === '\0asm';
  } catch {
    return false;
  }
}

/** Not `instanceof`: an edge runtime hands over modules that it compiled outside. */
function isModule(source: unknown): boolean {
  try {
    return Array.isArray(WebAssembly.Module.exports(source as WebAssembly.Module));
  } catch {
    return false;
  }
}
