// The module for users who load it themselves: nothing is ready before init or initSync.

import { bind, type Instance } from '#glue';
import { isTooLarge, wasmUnavailable } from '../error.js';
import { current, forget, type Reserve } from '../boundary/instance.js';

let loaded: WebAssembly.Module | undefined;

export function compile(): WebAssembly.Module {
  if (!loaded) throw wasmUnavailable('absent');
  return loaded;
}

/**
 * Loads `core.wasm`: compiled, as bytes, or as the response to a request for it. Compiles and instantiates without
 * blocking, so it also works on the main thread of Chrome before 115, which refuses to do so at once.
 * @throws (rejects with) ERR_WASM_UNAVAILABLE, also for a file that is not the `core.wasm` of this version
 * @example
 * ```ts
 * import { init, verifySync } from 'tokenward/slim';
 *
 * await init(fetch('/assets/core.wasm'));
 * const { payload } = verifySync(token, jwk, { issuer: null, audience: null });
 * ```
 */
export async function init(source: WebAssembly.Module | BufferSource | Response | Promise<Response>): Promise<void> {
  const given = await source;
  // Not compileStreaming: it refuses a server that has the wrong media type for .wasm.
  const bytes = typeof Response === 'function' && given instanceof Response ? await given.arrayBuffer() : given;
  let module: WebAssembly.Module;
  try {
    module = isModule(bytes) ? (bytes as WebAssembly.Module) : await WebAssembly.compile(bytes as BufferSource);
  } catch (error) {
    throw wasmUnavailable(isWasm(bytes) ? 'refused' : 'foreign', error);
  }
  initSync(module);
  try {
    current();
  } catch (error) {
    if (!isTooLarge((error as Error).cause)) throw error;
    const reserve = new Stock(module);
    await reserve.make();
    forget(reserve);
  }
}

/** Makes instances ahead, in a browser that makes none at once. */
class Stock implements Reserve {
  next: Instance | undefined;
  readonly #module: WebAssembly.Module;
  #making = false;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  async make(): Promise<void> {
    const { imports, start } = bind();
    try {
      this.next = start(await WebAssembly.instantiate(this.#module, imports));
    } catch (error) {
      throw wasmUnavailable('refused', error);
    }
  }

  restock(): void {
    this.next = undefined;
    if (this.#making) return;
    this.#making = true;
    // If this fails, the next call tries again.
    void this.make()
      .catch(() => {})
      .finally(() => {
        this.#making = false;
      });
  }
}

/**
 * Loads `core.wasm`, compiled or as bytes, at once.
 * @throws ERR_WASM_UNAVAILABLE, also for a file that is not WebAssembly, and on the main thread of Chrome before 115
 * @example
 * ```ts
 * import { initSync } from 'tokenward/slim';
 *
 * initSync(await WebAssembly.compileStreaming(fetch('/assets/core.wasm')));
 * ```
 */
export function initSync(source: WebAssembly.Module | BufferSource): void {
  let module: WebAssembly.Module;
  try {
    module = isModule(source) ? (source as WebAssembly.Module) : new WebAssembly.Module(source as BufferSource);
  } catch (error) {
    throw wasmUnavailable(isTooLarge(error) ? 'size' : isWasm(source) ? 'refused' : 'foreign', error);
  }
  loaded = module;
  forget();
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
