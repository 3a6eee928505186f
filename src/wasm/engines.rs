//! Engines outside this module. The shell knows whether one is there, and hands it what it is asked.
//!
//! None of these functions throws: an exception would pass through the module, which could not be used after it.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::engine::{MlDsaEngine, RsaEngine, set_ml_dsa_engine, set_rsa_engine};

// Of src/shell/boundary/engines.ts; the pack step brings these names into the scope of the generated glue.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = hasMlDsa)]
    fn has_ml_dsa() -> bool;

    #[wasm_bindgen(js_name = checkMlDsa)]
    fn check_ml_dsa(key: &[u8], message: &[u8], signature: &[u8]) -> bool;

    #[wasm_bindgen(js_name = rsaPower)]
    fn rsa_power(n: &[u8], e: &[u8], signature: &[u8]) -> Option<Vec<u8>>;
}

struct Imported;

impl MlDsaEngine for Imported {
    fn is_ready(&self) -> bool {
        has_ml_dsa()
    }

    fn verify(&self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        check_ml_dsa(key, message, signature)
    }
}

/// node:crypto, where it is the better engine for RSA.
struct Native;

impl RsaEngine for Native {
    fn power(&self, n: &[u8], e: u64, signature: &[u8]) -> Option<Vec<u8>> {
        rsa_power(n, &e.to_be_bytes(), signature)
    }
}

/// Called when an instance is made.
#[wasm_bindgen(start)]
pub fn start() {
    set_ml_dsa_engine(&Imported);
    set_rsa_engine(&Native);
}
