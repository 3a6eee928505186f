// Which runtime this is, asked in one place.

/**
 * In workerd I/O belongs to the request that began it, and what another request waits for may never come. Before compatibility
 * date 2022-03-21 it had no `navigator`.
 */
export const IN_WORKERD = /* @__PURE__ */ isWorkerd();

// A function, so that bundlers may drop the question with what asks it.
function isWorkerd(): boolean {
  return 'WebSocketPair' in globalThis || (typeof navigator === 'object' && navigator.userAgent === 'Cloudflare-Workers');
}

/** A module with a garbage-collected type. */
const WASM_GC = [0, 97, 115, 109, 1, 0, 0, 0, 1, 3, 1, 95, 0];
let dropsToken: boolean | undefined;

/**
 * Whether this browser drops `Authorization` when a redirect leads to another origin. Chrome does since 119, the version that
 * also brought garbage-collected WebAssembly: a feature that no polyfill adds and no changed user agent hides. Without it,
 * Firefox does since 111, and WebKit in every version that runs the module. An unknown browser is not trusted.
 */
export function dropsTokenAcrossOrigins(): boolean {
  return (dropsToken ??=
    WebAssembly.validate(Uint8Array.from(WASM_GC))
    || /Firefox\/(11[1-9]|1[2-9]\d|[2-9]\d\d)|AppleWebKit(?!.*Chrom)/.test(navigator.userAgent));
}

/** Resolves once other work of the host has had its turn. */
export function nextTask(): Promise<void> {
  const { setImmediate: soon } = globalThis as { setImmediate?: (run: () => void) => void };
  return new Promise((resolve) => {
    // Browsers make a chain of timers wait for four milliseconds each; they have nothing better that all of them know.
    if (typeof soon === 'function') soon(resolve);
    else setTimeout(resolve, 0);
  });
}
