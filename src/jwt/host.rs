//! The parts that a binding needs, for a host with an engine of its own: JavaScript's Web Crypto, for example. A service in
//! Rust needs none of this.
//!
//! An [`attempt`] stops if only the host can check the signature. The host is asked about one key, and its verdict goes into
//! the next attempt.

use crate::error::Error;
use crate::jwt::explain::{Callbacks, Explanation};
use crate::jwt::jws_verifier::JwsVerifier;
use crate::jwt::verified::{Verified, VerifiedJws};
use crate::jwt::verifier::Verifier;
use crate::time::NumericDate;

pub use crate::jwt::attempt::{Attempt, Progress};
pub use crate::jwt::host_key::HostKey;
pub use crate::jwt::signature::{ByRules, SignatureCheck, SignatureValid};
pub use crate::jwt::verdict::{HostEngine, HostKeyId, HostVerdict};

/// Verifies a token at the instant `now`, and stops at a question that only the host can answer. The host's verdict is that
/// of an earlier attempt; it is ignored if the token needs another key by then.
pub fn attempt<'a>(
    verifier: &'a Verifier,
    token: &'a [u8],
    now: Result<NumericDate, Error>,
    host: HostEngine<'_>,
) -> Attempt<'a> {
    verifier.attempt(token, now, host)
}

/// As [`attempt`], for a JWS.
pub fn attempt_jws<'a>(
    verifier: &'a JwsVerifier,
    token: &'a [u8],
    host: HostEngine<'_>,
) -> Attempt<'a, VerifiedJws, ()> {
    verifier.attempt(token, host)
}

/// Everything before the signature: reads the token and chooses the key.
///
/// # Errors
/// The reason why the token is rejected before its signature is checked.
pub fn start<'a>(verifier: &'a Verifier, token: &'a [u8]) -> Result<SignatureCheck<'a>, Error> {
    verifier.prepare(token).map_err(|stopped| stopped.error)
}

/// As [`Verifier::explain`], with the verdict of the host's engine.
#[must_use]
pub fn explain(
    verifier: &Verifier,
    token: &[u8],
    now: NumericDate,
    verdict: Option<HostVerdict<'_>>,
    callbacks: Callbacks,
) -> Explanation {
    verifier.explain_with_host(token, now, verdict, callbacks)
}

/// The index of the issuer that the token names. It is **not verified**.
///
/// # Errors
/// The reason why the token is rejected before its issuer is known.
pub fn issuer_of_token(verifier: &Verifier, token: &[u8]) -> Result<usize, Error> {
    verifier.issuer_of_token(token)
}

/// An id of this header together with algorithm and key: what was made of it for one token serves for every other token
/// with the same id.
#[must_use]
pub const fn header_id(verified: &Verified) -> Option<u32> {
    verified.header_id
}

/// Whether the verdict on this token is cached.
#[must_use]
pub fn is_cached(verifier: &Verifier, token: &str) -> bool {
    verifier.is_cached(token)
}

/// The bytes that cached verdicts take, as they count towards the limit.
#[must_use]
pub fn cached_bytes(verifier: &Verifier) -> usize {
    verifier.cached_bytes()
}
