//! tokenward verifies JWTs, and keeps a client signed in.

#[cfg(feature = "jwt")]
pub mod engine;
#[cfg(feature = "jwt")]
pub mod jwt;
#[cfg(feature = "session")]
pub mod session;

pub mod base64url;
mod error;
pub mod json;
mod secret;
mod time;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod wasm;

pub use error::{
    Error, JwkFault, KeySetFault, Lack, Misuse, Reason, ResponseFault, TokenFault, UrlFault, Weakness,
};
pub use secret::Secret;
pub use time::{MAX_CLOCK_TOLERANCE, NumericDate};
