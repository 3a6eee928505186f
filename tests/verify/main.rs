//! Verification: tokens, keys, rules and verdicts, through the public API.
#![cfg(all(feature = "jwt", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod base64url;
mod cache;
mod errors;
mod explain;
#[cfg(feature = "session")]
mod fuzz_corpus;
mod host_key;
mod json;
mod jws;
mod key;
mod key_set;
mod ml_dsa;
mod pitfalls;
mod rules;
mod second_meaning;
mod support;
mod verifier;
