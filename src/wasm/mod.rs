//! What JavaScript can call: plain functions over strings, bytes and numbers. Conversions only; no rule lives here.
//!
//! An export that can fail returns an `Option`. `None` means that the error is waiting in `take_error`.

#![expect(unreachable_pub, reason = "wasm-bindgen exports only what is `pub`")]

use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(feature = "jwt")]
mod answer;
#[cfg(any(feature = "jwt", feature = "session"))]
mod error;
#[cfg(feature = "jwt")]
mod guard;
#[cfg(feature = "jwt")]
mod jwt;
#[cfg(feature = "jwt")]
mod keys;
#[cfg(all(feature = "ml-dsa", not(feature = "jwt")))]
mod ml_dsa;
#[cfg(all(feature = "jwt", not(feature = "ml-dsa")))]
mod outside;
#[cfg(feature = "jwt")]
mod remote;
#[cfg(feature = "jwt")]
mod rules;
#[cfg(feature = "session")]
mod session;
#[cfg(any(feature = "jwt", feature = "session"))]
mod table;
#[cfg(feature = "testing")]
mod testing;
#[cfg(any(feature = "jwt", feature = "session"))]
mod url;

/// The version of this crate, so that the shell can tell a module that is not its own.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
