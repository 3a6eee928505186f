//! What the module of `tokenward/testing` exports. Nothing means: there is no such algorithm, or that is no private key of it.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::testing;

/// The public key of 32 private bytes: x and y, or `pub`; empty for nothing.
#[wasm_bindgen]
pub fn test_public_key(alg: &str, secret: &[u8]) -> Vec<u8> {
    testing::public_key(alg, secret).unwrap_or_default()
}

/// The signature of the message; empty for nothing.
#[wasm_bindgen]
pub fn test_sign(alg: &str, secret: &[u8], message: &[u8]) -> Vec<u8> {
    testing::sign(alg, secret, message).unwrap_or_default()
}
