//! Verification, from the text of a token to claims that can be trusted.
//!
//! ```text
//! token ─▶ UnverifiedJwt ─▶ SignatureCheck ─▶ SignatureValid ─▶ Verified
//!           jws             key, key_set       engine             rules
//! ```
//!
//! The order of the checks is fixed: length, characters and dots, base64url, header, algorithm, critical parameters,
//! key, signature, claims set, and then the rules.

mod algorithm;
mod cache;
mod claims;
mod expiry;
mod explain;
mod host_key;
mod jws;
mod key;
mod key_set;
mod pem;
pub mod remote;
mod roca;
mod rules;
mod signature;
mod verifier;

pub(crate) use claims::scopes;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
pub(crate) use rules::MAX_VALUES;
pub(crate) use rules::check_length;

pub use algorithm::{Algorithm, Family};
pub use cache::CacheLimits;
pub use expiry::Expiry;
pub use explain::{Callbacks, Check, Explanation, Outcome, Step};
pub use host_key::HostKey;
pub use jws::{Header, MAX_TOKEN_LENGTH, UnverifiedJwt};
pub use key::{ImportOptions, VerificationKey, thumbprint};
pub use key_set::KeySet;
pub use rules::{Accept, ClaimValue, Rules};
pub use signature::{ByRules, JwsVerifier, SignatureCheck, SignatureValid, VerifiedJws};
pub use verifier::{Attempt, Host, HostKeyId, HostVerdict, Keys, Progress, Verified, Verifier};
