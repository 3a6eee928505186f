//! Forty-one ways in which JWT libraries have failed. Each is one test, named after the failure; the names are the list.
//! The CVEs in the comments are examples.
//!
//! Four of them need a remark:
//!
//! - 18, a result cache that confuses tokens: the test runs with the cache on.
//! - 30, comparison of MACs in variable time: a test cannot time it. HMACs are compared in constant time by `verify` of the
//!   crate `hmac`; the test shows that a correct prefix counts for nothing.
//! - 33, regular expressions: no option takes one, and the types of the options say so.
//! - 40, a resolver that sees an unverified payload: there is no resolver. The header selects the key. Of the payload only
//!   `iss` is read before the signature, to select among the configured issuers.

mod pitfalls_01_to_20;
mod pitfalls_21_to_41;

use crate::support::{claims, key, rules, sign_text, verify};
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
