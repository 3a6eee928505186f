//! Engines that come as modules of their own. The shell knows whether one was imported, and hands it what it is asked.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::engine::{MlDsaEngine, set_ml_dsa_engine};

// Of src/shell/engines.ts; the pack step brings these names into the scope of the generated glue.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = hasMlDsa)]
    fn has_ml_dsa() -> bool;

    #[wasm_bindgen(js_name = checkMlDsa)]
    fn check_ml_dsa(key: &[u8], message: &[u8], signature: &[u8]) -> bool;
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

/// Called when an instance is made.
#[wasm_bindgen(start)]
pub fn start() {
    set_ml_dsa_engine(&Imported);
}
