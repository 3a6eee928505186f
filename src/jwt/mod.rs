//! Verification, from the text of a token to claims that can be trusted.
//!
//! ```text
//! token ─▶ UnverifiedJwt ─▶ SignatureCheck ─▶ SignatureValid ─▶ Verified
//!           jws             key, key_set       engine             rules
//! ```
//!
//! The order of the checks is fixed: length, characters and dots, base64url, header, algorithm, critical parameters,
//! key, signature, claims set, and then the rules.

mod attempt;
mod cache;
mod check;
mod claims;
mod expiry;
mod explain;
#[doc(hidden)]
pub mod host;
mod host_key;
mod jws;
mod jws_verifier;
mod key;
mod key_set;
mod keys;
mod material;
mod pem;
pub mod remote;
mod roca;
mod rules;
mod signature;
mod verdict;
mod verified;
mod verifier;

pub(crate) use claims::scopes;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
pub(crate) use rules::MAX_VALUES;
pub(crate) use rules::check_length;

pub use crate::engine::{Algorithm, Family};
pub use cache::CacheLimits;
pub use check::Check;
pub use expiry::Expiry;
pub use explain::{Callbacks, Explanation, Outcome, Step};
pub use jws::{Header, MAX_TOKEN_LENGTH, UnverifiedJwt};
pub use jws_verifier::{JwsRules, JwsVerifier};
pub use key::{ImportOptions, VerificationKey, thumbprint};
pub use key_set::KeySet;
pub use keys::Keys;
pub use rules::{Accept, ClaimValue, Rules};
pub use verified::{Verified, VerifiedJws};
pub use verifier::Verifier;
