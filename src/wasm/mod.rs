//! What JavaScript can call: plain functions over strings, bytes and numbers. Conversions only; no rule lives here.
//!
//! An export that can fail returns an `Option`. `None` means that the error is waiting in `take_error`.

#![expect(unreachable_pub, reason = "wasm-bindgen exports only what is `pub`")]

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(any(feature = "jwt", feature = "session"))]
mod boundary;
#[cfg(feature = "jwt")]
mod decode;
#[cfg(all(feature = "jwt", not(any(feature = "ml-dsa", decode_only))))]
mod engines;
#[cfg(all(feature = "jwt", not(decode_only)))]
mod guard;
#[cfg(all(feature = "jwt", not(decode_only)))]
mod keys;
#[cfg(all(feature = "ml-dsa", not(feature = "jwt")))]
mod ml_dsa;
#[cfg(all(feature = "jwt", not(decode_only)))]
mod remote;
#[cfg(feature = "jwt")]
mod rules;
#[cfg(feature = "session")]
mod session;
#[cfg(feature = "testing")]
mod testing;
#[cfg(any(feature = "jwt", feature = "session"))]
mod url;
#[cfg(all(feature = "jwt", not(decode_only)))]
mod verify;

/// Half of the size of the standard library's for WebAssembly, and of constant time.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// The version of this crate, so that the shell can tell a module that is not its own.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// What a JSON number is as a double, as the host reads it: code that every host has anyway.
pub(crate) fn number_of(text: &str) -> f64 {
    JsValue::from_str(text).unchecked_into_f64()
}
