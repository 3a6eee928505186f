//! When a token starts and ends, asked without verifying it.

use std::time::Duration;

use crate::error::Error;
use crate::json::Object;
use crate::jwt::claims::date;
use crate::jwt::rules::check_tolerance;
use crate::time::NumericDate;

/// Whether a token has started and ended at an instant. Nothing of it is verified.
///
/// ```
/// use std::time::Duration;
/// use tokenward::jwt::{Expiry, UnverifiedJwt};
/// use tokenward::NumericDate;
///
/// # fn main() -> Result<(), tokenward::Error> {
/// let token = UnverifiedJwt::parse("eyJhbGciOiJFUzI1NiJ9.eyJleHAiOjE4MDAwMDAwMDB9.AAAA")?;
/// let now = NumericDate::from_host_clock(1_800_000_005.0)?;
/// let expiry = Expiry::of(&token.claims_unverified()?, now, Duration::from_secs(10))?;
/// assert!(!expiry.expired, "within the tolerance");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expiry {
    /// `now >= exp + tolerance`.
    pub expired: bool,
    /// `now < nbf - tolerance`.
    pub not_yet_valid: bool,
    /// `exp`, if the token has one.
    pub expires_at: Option<NumericDate>,
}

impl Expiry {
    /// Reads `exp` and `nbf` of a claims set that may not be verified.
    ///
    /// # Errors
    /// [`Error::ClaimInvalid`] if one of them is not a date; [`Error::InvalidArg`] for a tolerance of more than
    /// [`MAX_CLOCK_TOLERANCE`](crate::MAX_CLOCK_TOLERANCE).
    pub fn of(claims: &Object<'_>, now: NumericDate, tolerance: Duration) -> Result<Self, Error> {
        check_tolerance(tolerance)?;
        let (expires_at, not_before) = (date(claims, "exp")?, date(claims, "nbf")?);
        Ok(Self {
            expired: expires_at.is_some_and(|expires| expires.has_expired(now, tolerance)),
            not_yet_valid: not_before.is_some_and(|not_before| not_before.is_in_future(now, tolerance)),
            expires_at,
        })
    }
}
