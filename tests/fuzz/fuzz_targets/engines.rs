#![no_main]

#[path = "../engines.rs"]
mod engines;

libfuzzer_sys::fuzz_target!(|data: &[u8]| engines::engines(data));
