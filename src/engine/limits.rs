//! The limits of a key that hold whatever the engine.

use super::Curve;
use crate::{Error, JwkFault, Weakness};

/// The smallest modulus, in bits (RFC 7518 §3.3).
const MIN_MODULUS_BITS: usize = 2048;
/// The largest modulus, in bits: a bound on what one verification may cost.
const MAX_MODULUS_BITS: usize = 8192;

/// The modulus without leading zeros, and the exponent, of an RSA key that is not weak.
///
/// # Errors
///
/// [`Error::KeyWeak`]: a modulus outside 2048 to 8192 bits or even, an exponent that is even, below 3 or over 64 bits.
pub(super) fn rsa<'a>(n: &'a [u8], e: &[u8]) -> Result<(&'a [u8], u64), Error> {
    let weak = |weakness| Error::KeyWeak { weakness };
    let n = without_leading_zeros(n);
    let bits = match n.first() {
        Some(first) => n.len().saturating_mul(8).saturating_sub(first.leading_zeros() as usize),
        None => 0,
    };
    if !(MIN_MODULUS_BITS..=MAX_MODULUS_BITS).contains(&bits) {
        return Err(weak(Weakness::RsaSize));
    }
    if n.last().is_none_or(|last| last & 1 == 0) {
        return Err(weak(Weakness::RsaModulus));
    }
    let e = without_leading_zeros(e);
    if e.len() > 8 {
        return Err(weak(Weakness::RsaExponent));
    }
    let e = e.iter().fold(0_u64, |value, &byte| (value << 8) | u64::from(byte));
    if e < 3 || e & 1 == 0 {
        return Err(weak(Weakness::RsaExponent));
    }
    Ok((n, e))
}

/// Refuses coordinates that are not exactly as wide as the curve's field (RFC 7518 §6.2.1.2).
///
/// # Errors
///
/// [`Error::JwkInvalid`] with the member's name.
pub(super) fn coordinates(curve: Curve, x: &[u8], y: &[u8]) -> Result<(), Error> {
    for (member, bytes) in [("x", x), ("y", y)] {
        if bytes.len() != curve.width() {
            return Err(Error::JwkInvalid { fault: JwkFault::Member(member) });
        }
    }
    Ok(())
}

pub(crate) fn without_leading_zeros(mut bytes: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}
