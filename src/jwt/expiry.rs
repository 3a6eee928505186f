//! When a token starts and ends, asked without verifying it.

use crate::error::Error;
use crate::json::Object;
use crate::jwt::claims::date;
use crate::jwt::rules::check_tolerance;
use crate::time::NumericDate;

/// Start and end of a token against a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expiry {
    /// `now >= exp + tolerance`.
    pub expired: bool,
    /// `now < nbf - tolerance`.
    pub not_yet_valid: bool,
    /// `exp`, where there is one.
    pub expires_at: Option<NumericDate>,
}

impl Expiry {
    /// Reads `exp` and `nbf` of a claims set that may not be verified.
    ///
    /// # Errors
    /// [`Error::ClaimInvalid`] where one of them is not a date; [`Error::InvalidArg`] for a tolerance outside 0 to 600
    /// seconds.
    pub fn of(claims: &Object<'_>, now: NumericDate, tolerance: f64) -> Result<Self, Error> {
        check_tolerance(tolerance)?;
        let (expires_at, not_before) = (date(claims, "exp")?, date(claims, "nbf")?);
        Ok(Self {
            expired: expires_at.is_some_and(|expires| expires.has_expired(now, tolerance)),
            not_yet_valid: not_before.is_some_and(|not_before| not_before.is_in_future(now, tolerance)),
            expires_at,
        })
    }
}
