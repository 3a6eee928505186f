//! The session: one instance at a time, instances that share a store, and schedules of many against a real rotation.
#![cfg(all(feature = "session", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod broken_store;
mod close;
mod grants;
mod logout;
mod reading;
mod refusals;
mod sharing;
mod simulator;
mod support;
mod tokens;
