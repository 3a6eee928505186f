//! Points in time as tokens write them, and the three comparisons made with them.
//!
//! Nothing here reads a clock: `now` is always an argument.

use crate::Error;

/// The last second of 2023. A host clock at or below it has not been set; `Date.now()` is 0 at a
/// Worker's module scope, where a token from 1970 would look fresh.
const LAST_IMPLAUSIBLE: f64 = 1_704_067_199.0;

/// The furthest moment a JavaScript `Date` can name, in seconds.
const DATE_LIMIT: f64 = 8.64e12;

/// The largest clock tolerance that rules may ask for, in seconds.
pub const MAX_CLOCK_TOLERANCE: f64 = 600.0;

/// Seconds since 1970-01-01T00:00:00Z, fractions allowed (RFC 7519 §2), finite and nameable as a date.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct NumericDate(f64);

impl NumericDate {
    /// The moment `seconds` after the epoch; `None` where that is not finite or beyond what a date can name.
    #[must_use]
    pub fn new(seconds: f64) -> Option<Self> {
        (seconds.abs() <= DATE_LIMIT).then_some(Self(seconds))
    }

    /// The reading of a host clock, in seconds.
    ///
    /// # Errors
    /// [`Error::ClockUnavailable`] for a reading before 2024.
    pub fn from_host_clock(seconds: f64) -> Result<Self, Error> {
        Self::new(seconds).filter(|now| now.0 > LAST_IMPLAUSIBLE).ok_or(Error::ClockUnavailable)
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn seconds(self) -> f64 {
        self.0
    }

    /// Whether a token that ends at `self` has ended: on or after `exp` it must not be accepted (RFC 7519 §4.1.4).
    #[must_use]
    pub fn has_expired(self, now: Self, tolerance: f64) -> bool {
        now.0 >= self.0 + tolerance
    }

    /// Whether a token that starts at `self` has not started yet (RFC 7519 §4.1.5).
    #[must_use]
    pub fn is_in_future(self, now: Self, tolerance: f64) -> bool {
        now.0 < self.0 - tolerance
    }

    /// Whether a token issued at `self` is older than `max_age` seconds.
    #[must_use]
    pub fn is_older_than(self, max_age: f64, now: Self, tolerance: f64) -> bool {
        now.0 - self.0 > max_age + tolerance
    }
}
