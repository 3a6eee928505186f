// What the module exports, in TypeScript's words. `make pack` checks this against what wasm-bindgen generated.
// A failing export returns undefined and leaves its error in take_error (src/wasm/error.rs).

/** src/wasm/mod.rs and src/wasm/error.rs: in every module. */
interface BasicExports {
  take_error(): string | undefined;
  version(): string;
}

/** The exports of the module. The session-only module lacks those of verification; nothing there calls them. */
export type Exports = BasicExports;
