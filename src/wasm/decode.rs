//! Tokens on their way into this module, and reading one without verifying it.
//!
//! The shell writes a token into a scratch buffer, and headers and payloads go out as ranges of this module's memory: the
//! bytes that were judged are the bytes that `JSON.parse` reads. This is all there is in the module of `tokenward/decode`.

use std::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::{Error, TokenFault};
use crate::jwt::{Expiry, MAX_TOKEN_LENGTH, UnverifiedJwt};
use crate::time::NumericDate;
use crate::wasm::boundary::error::settle;
use crate::wasm::boundary::reply::Reply;
use crate::wasm::rules;

/// A moment that the caller gives is in seconds; one beyond this was meant in milliseconds.
const LATEST_NOW: f64 = 1e11;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Where to write a token of so many characters, of which each may take three bytes. One more than `longest` is enough
/// to see that it is too long.
pub(super) fn make_room(longest: usize, length: u32) -> Result<u32, Error> {
    if length as usize > longest.saturating_add(1) {
        return Err(Error::malformed(TokenFault::TooLong));
    }
    SCRATCH.with_borrow_mut(|scratch| {
        let needed = length as usize * 3;
        if scratch.len() < needed {
            scratch.resize(needed, 0);
        }
        Ok(scratch.as_ptr() as usize as u32)
    })
}

/// How many bytes there are where `open` pointed.
#[wasm_bindgen]
pub fn room() -> u32 {
    SCRATCH.with_borrow(Vec::len) as u32
}

/// Reads the token in the scratch buffer without verifying it; header and payload are in the answer.
#[wasm_bindgen]
pub fn decode(length: u32) -> Option<u32> {
    let read = with_token(length, |token| {
        let jwt = UnverifiedJwt::parse_bytes(token, MAX_TOKEN_LENGTH)?;
        jwt.claims_unverified()?;
        Ok(Reply::unverified(jwt.into_json_unverified()))
    });
    read.unwrap_or_else(Reply::refused).settle()
}

/// `[expired, notYetValid, exp]` of the token in the scratch buffer; `exp` is NaN if there is none.
#[wasm_bindgen]
pub fn expiry_of_token(length: u32, now: f64, given: bool, tolerance: f64) -> Option<Vec<f64>> {
    settle(with_token(length, |token| {
        let jwt = UnverifiedJwt::parse_bytes(token, MAX_TOKEN_LENGTH)?;
        let tolerance = rules::tolerance(tolerance)?;
        let expiry = Expiry::of(&jwt.claims_unverified()?, moment(now, given)?, tolerance)?;
        Ok(expiry_numbers(expiry))
    }))
}

/// As [`expiry_of_token`], of a claims set in JSON.
#[wasm_bindgen]
pub fn expiry_of_claims(json: &str, now: f64, given: bool, tolerance: f64) -> Option<Vec<f64>> {
    let read = || {
        let claims = crate::json::Object::parse(json.as_bytes());
        let claims = claims.map_err(|fault| Error::malformed(TokenFault::Payload(fault)))?;
        let tolerance = rules::tolerance(tolerance)?;
        Ok(expiry_numbers(Expiry::of(&claims, moment(now, given)?, tolerance)?))
    };
    settle(read())
}

pub(super) fn with_token<T>(length: u32, read: impl FnOnce(&[u8]) -> Result<T, Error>) -> Result<T, Error> {
    SCRATCH.with_borrow(|scratch| read(scratch.get(..length as usize).unwrap_or_default()))
}

/// The moment to judge at, in seconds: the caller's word if it is `given`, otherwise the host's clock.
pub(super) fn moment(now: f64, given: bool) -> Result<NumericDate, Error> {
    if !given {
        return NumericDate::from_host_clock(now);
    }
    NumericDate::new(now).filter(|now| now.seconds() <= LATEST_NOW).ok_or_else(|| {
        Error::invalid_arg("now", "a Date or a number of seconds since 1970 (not milliseconds)")
    })
}

fn expiry_numbers(expiry: Expiry) -> Vec<f64> {
    let flag = |set: bool| f64::from(u8::from(set));
    vec![
        flag(expiry.expired),
        flag(expiry.not_yet_valid),
        expiry.expires_at.map_or(f64::NAN, NumericDate::seconds),
    ]
}

#[cfg(decode_only)]
mod alone {
    use super::{MAX_TOKEN_LENGTH, make_room, settle, wasm_bindgen};

    /// As in `verify.rs`, where there are no verifiers.
    #[wasm_bindgen]
    pub fn open(_verifier: Option<u32>, length: u32) -> Option<u32> {
        settle(make_room(MAX_TOKEN_LENGTH, length))
    }
}
