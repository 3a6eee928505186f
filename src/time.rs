//! Points in time as tokens write them, and the three comparisons made with them.
//!
//! Nothing here reads a clock: `now` is always an argument.

use std::time::{Duration, SystemTime};

use crate::error::Error;

/// The last second of 2023. A host clock at or below it has not been set; `Date.now()` is 0 at a
/// Worker's module scope, and a token from 1970 would look fresh there.
const LAST_IMPLAUSIBLE: f64 = 1_704_067_199.0;

/// The furthest moment a JavaScript `Date` can name, in seconds.
const DATE_LIMIT: f64 = 8.64e12;

/// The largest clock tolerance that rules may ask for: ten minutes.
pub const MAX_CLOCK_TOLERANCE: Duration = Duration::from_secs(600);

/// An instant: seconds since 1970-01-01T00:00:00Z, with fractions (RFC 7519 §2), finite and nameable as a date.
///
/// ```
/// use std::time::SystemTime;
/// use tokenward::NumericDate;
///
/// // A service reads its clock. A clock that was never set is an error.
/// let now = NumericDate::try_from(SystemTime::now())?;
/// assert!(now > NumericDate::new(1_704_067_200.0).expect("the year 2024"));
/// # Ok::<(), tokenward::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct NumericDate(f64);

impl NumericDate {
    /// The instant `seconds` after the epoch; `None` if that is not finite or beyond the dates that have a name.
    #[must_use]
    pub fn new(seconds: f64) -> Option<Self> {
        (seconds.abs() <= DATE_LIMIT).then_some(Self(seconds))
    }

    /// The reading of a host clock, in seconds since the epoch.
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
    pub fn has_expired(self, now: Self, tolerance: Duration) -> bool {
        now.0 >= self.0 + tolerance.as_secs_f64()
    }

    /// Whether a token that starts at `self` has not started yet (RFC 7519 §4.1.5).
    #[must_use]
    pub fn is_in_future(self, now: Self, tolerance: Duration) -> bool {
        now.0 < self.0 - tolerance.as_secs_f64()
    }

    /// Whether a token issued at `self` is older than `max_age`.
    #[must_use]
    pub fn is_older_than(self, max_age: Duration, now: Self, tolerance: Duration) -> bool {
        now.0 - self.0 > max_age.as_secs_f64() + tolerance.as_secs_f64()
    }
}

/// The reading of a host clock.
impl TryFrom<SystemTime> for NumericDate {
    type Error = Error;

    /// # Errors
    /// [`Error::ClockUnavailable`] for a reading before 2024.
    fn try_from(now: SystemTime) -> Result<Self, Error> {
        let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| Error::ClockUnavailable)?;
        Self::from_host_clock(since_epoch.as_secs_f64())
    }
}
