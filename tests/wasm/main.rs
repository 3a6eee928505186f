//! The core inside a WebAssembly instance: what a small stack, 32-bit lengths and the missing clock could change.
#![cfg(all(target_arch = "wasm32", target_os = "unknown"))]

/// The vectors of the engine, which has a SIMD kernel here.
#[path = "../engine_wycheproof.rs"]
mod engine_wycheproof;

use tokenward::json::{Fault, Object};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn a_document_nested_a_million_deep_is_refused_on_a_small_stack() {
    let text = format!("{{\"a\":{}", "[".repeat(1_000_000));
    assert_eq!(Object::parse(text.as_bytes()).err(), Some(Fault::Depth));
}

#[wasm_bindgen_test]
fn numbers_round_trip_as_json_parse_reads_them() {
    let object = Object::parse(br#"{"exp":1700000000.5,"big":9007199254740993}"#).expect("valid");
    let number = |name| match object.get(name) {
        Some(tokenward::json::Value::Number(number)) => number,
        _ => panic!("{name} is not a number"),
    };
    assert_eq!(number("exp"), 1_700_000_000.5);
    assert_eq!(number("big"), 9_007_199_254_740_992.0);
}
