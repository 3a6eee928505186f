//! Forty-one ways in which JWT libraries have failed, each a test named after it. Numbers are those of the survey that
//! collected them; the CVEs are examples.
//!
//! Four of them belong to what is not in the core's hands, or have no counterpart here:
//!
//! - 18, confusion of a result cache: there is no result cache. What is remembered between tokens is a parsed header,
//!   by its exact bytes, and the test holds that to account.
//! - 30, comparison of MACs in variable time: a test cannot time it. HMACs are compared by `hmac`'s `verify`, whose
//!   comparison takes constant time; the test shows that a prefix that is right counts for nothing.
//! - 33, regular expressions: no option takes one, and the type of the options says so.
//! - 40, a resolver that sees an unverified payload: there is no resolver. The header chooses the key, and of the payload
//!   only `iss`, among the issuers that were configured.
#![cfg(all(feature = "jwt", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

#[path = "../common/mod.rs"]
mod common;
mod pitfalls_01_to_20;
mod pitfalls_21_to_41;

use common::{claims, key, rules, sign_text, verify};
use tokenward::jwt::{Algorithm, Rules, Verified};
use tokenward::{Error, TokenFault};

pub(crate) const ES256: Algorithm = Algorithm::Es256;
pub(crate) const HS256: Algorithm = Algorithm::Hs256;
pub(crate) const RS256: Algorithm = Algorithm::Rs256;

pub(crate) fn with(change: impl FnOnce(&mut Rules)) -> Rules {
    let mut rules = rules();
    change(&mut rules);
    rules
}

pub(crate) fn malformed(fault: TokenFault) -> Option<Error> {
    Some(Error::Malformed { fault })
}

pub(crate) fn not_allowed(algorithm: Algorithm) -> Option<Error> {
    Some(Error::AlgorithmNotAllowed { alg: Some(algorithm.name()) })
}

pub(crate) fn verdict(result: Result<Verified, Error>) -> Option<Error> {
    result.err()
}

/// What the default rules say of an ES256 token with this payload.
pub(crate) fn payload(payload: &[u8]) -> Option<Error> {
    verdict(verify(&sign_text(ES256, br#"{"alg":"ES256"}"#, payload), key(ES256), rules()))
}

/// What the default rules say of an ES256 token with this header.
pub(crate) fn header(header: &[u8]) -> Option<Error> {
    let claims = claims().to_string();
    verdict(verify(&sign_text(ES256, header, claims.as_bytes()), key(ES256), rules()))
}
