#![doc = include_str!("../README.md")]
// No input may reach a panic. Tests may.
#![deny(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::todo,
    clippy::unreachable,
    clippy::unwrap_used
)]

#[cfg(feature = "jwt")]
pub mod engine;
#[cfg(feature = "jwt")]
pub mod guard;
#[cfg(feature = "jwt")]
pub mod jwt;
#[cfg(feature = "ml-dsa")]
mod ml_dsa;
#[cfg(feature = "session")]
pub mod session;

pub mod base64url;
mod error;
#[cfg(any(feature = "jwt", feature = "session"))]
mod issuer;
pub mod json;
mod secret;
#[cfg(all(feature = "testing", target_arch = "wasm32", target_os = "unknown"))]
mod testing;
mod time;
#[cfg(any(feature = "jwt", feature = "session"))]
mod url;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod wasm;

pub use error::{
    Error, JwkFault, KeySetFault, Lack, Misuse, Reason, ResponseFault, TokenFault, UrlFault, Weakness,
};
#[cfg(feature = "jwt")]
pub use jwt::{Accept, Algorithm, KeySet, Rules, UnverifiedJwt, VerificationKey, Verified, Verifier};
pub use secret::Secret;
#[cfg(feature = "session")]
pub use session::Session;
pub use time::{MAX_CLOCK_TOLERANCE, NumericDate};
#[cfg(any(feature = "jwt", feature = "session"))]
pub use url::UrlParts;
