//! The generated fields of the engine: that they are what the generator writes.
#![cfg(all(feature = "jwt", not(target_arch = "wasm32")))]
#![allow(dead_code, unreachable_pub, missing_docs, reason = "a part of the engine, compiled for itself")]

#[path = "../src/engine/kernels/field/generate.rs"]
mod generate;

use std::{env, fs, path::Path};

use generate::SPECS;

#[test]
fn the_generated_fields_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for spec in &SPECS {
        let file = root.join(format!("src/engine/kernels/field/{}.rs", spec.file));
        let source = spec.source();
        if env::var_os("TOKENWARD_GENERATE").is_some() {
            fs::write(&file, &source).unwrap();
        }
        assert!(fs::read_to_string(&file).unwrap_or_default() == source, "{} is not current", spec.file);
    }
}
