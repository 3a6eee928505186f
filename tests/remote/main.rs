//! Remote JWK Sets: one machine at a time, machines that share a cache, and random schedules of many.
#![cfg(all(feature = "jwt", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod properties;
mod scale;
mod sets;
mod shared_cache;
mod simulator;
mod world;
