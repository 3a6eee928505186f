//! What the module of ML-DSA alone exports: its arithmetic. Keys, rules and every decision stay with the module that asks.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::ml_dsa::verify;

/// Whether the signature is one of the message under the key, which says by its length what parameter set it is of.
#[wasm_bindgen]
pub fn check_ml_dsa(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    verify(key, message, signature)
}
