//! The engine: the arithmetic that checks signatures, through its public API and, in `kernels`, part by part.
#![cfg(all(feature = "jwt", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod algorithms;
#[cfg(not(feature = "rustcrypto"))]
mod alone;
mod differential;
mod edges;
mod kernels;
#[cfg(not(feature = "rustcrypto"))]
mod rsa_elsewhere;
mod support;
#[cfg(not(feature = "rustcrypto"))]
mod tables;
mod vectors;
mod wycheproof;
