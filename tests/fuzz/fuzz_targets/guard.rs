#![no_main]

#[path = "../guard.rs"]
mod guard;

libfuzzer_sys::fuzz_target!(|data: &[u8]| guard::guard(data));
