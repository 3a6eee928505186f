//! When a token request may be sent: not in the pause after a failure, and not too often.

use crate::Error;

/// Token requests allowed in any [`WINDOW_MS`].
const BUDGET: usize = 5;
const WINDOW_MS: u64 = 30_000;

/// The pause after failures, and the requests of late. All times are readings of the monotonic clock in milliseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backoff {
    /// Failures in a row.
    failures: u32,
    pause: Option<Pause>,
    sent: Vec<u64>,
}

#[derive(Clone, Debug)]
struct Pause {
    since_ms: u64,
    length_ms: u64,
    error: Error,
}

impl Backoff {
    /// Forgets the failures: there are new tokens.
    pub(crate) fn succeed(&mut self) {
        self.failures = 0;
        self.pause = None;
    }

    /// Ends the pause: the network is back.
    pub(crate) fn resume(&mut self) {
        self.pause = None;
    }

    /// The longest pause after one more failure, in milliseconds: `base_ms`, doubled with each failure in a row, up to
    /// `cap_ms`.
    pub(crate) fn next_pause(&mut self, base_ms: u64, cap_ms: u64) -> u64 {
        let doubled = base_ms.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        doubled.min(cap_ms)
    }

    /// Forbids token requests for `length_ms` from now on. Calls get `error` meanwhile.
    pub(crate) fn pause(&mut self, error: Error, length_ms: u64, now_ms: u64) {
        self.pause = Some(Pause { since_ms: now_ms, length_ms, error });
    }

    /// Notes a token request.
    pub(crate) fn sent(&mut self, now_ms: u64) {
        self.sent.push(now_ms);
    }

    /// Why no token request may be sent now.
    pub(crate) fn obstacle(&mut self, now_ms: u64) -> Option<Error> {
        if let Some(pause) = &self.pause {
            // A pause is never longer than it was set for, even if the clock is set back.
            let gone = now_ms.checked_sub(pause.since_ms);
            let left = gone.and_then(|gone| pause.length_ms.checked_sub(gone)).filter(|left| *left > 0);
            if let Some(left) = left {
                return Some(match pause.error.clone() {
                    Error::RefreshUnavailable { status, .. } => {
                        Error::RefreshUnavailable { status, retry_after_ms: Some(left) }
                    }
                    error => error,
                });
            }
            self.pause = None;
        }
        self.is_over_budget(now_ms)
            .then_some(Error::RefreshUnavailable { status: None, retry_after_ms: None })
    }

    /// Whether one more token request would be one too many in this window.
    pub(crate) fn is_over_budget(&mut self, now_ms: u64) -> bool {
        self.sent.retain(|sent| sent.saturating_add(WINDOW_MS) > now_ms && *sent <= now_ms);
        self.sent.len() >= BUDGET
    }

    /// Takes up the state of another machine of the same session, and the requests of both.
    pub(crate) fn learn(&mut self, other: &Self) {
        self.failures = other.failures;
        self.pause.clone_from(&other.pause);
        for sent in &other.sent {
            if !self.sent.contains(sent) {
                self.sent.push(*sent);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: Error = Error::RefreshUnavailable { status: Some(503), retry_after_ms: None };

    #[test]
    fn a_pause_ends_in_time_and_says_how_much_is_left() {
        let mut backoff = Backoff::default();
        backoff.pause(FAILED, 1_000, 5_000);
        let left = |left| Some(Error::RefreshUnavailable { status: Some(503), retry_after_ms: Some(left) });
        assert_eq!(backoff.obstacle(5_000), left(1_000));
        assert_eq!(backoff.obstacle(5_999), left(1));
        assert_eq!(backoff.obstacle(6_000), None);
    }

    #[test]
    fn a_pause_ends_if_the_clock_is_set_back_and_with_new_tokens() {
        let mut backoff = Backoff::default();
        backoff.pause(FAILED, 1_000, 5_000);
        assert_eq!(backoff.obstacle(4_999), None);
        backoff.pause(FAILED, 1_000, 5_000);
        backoff.succeed();
        assert_eq!(backoff.obstacle(5_000), None);
    }

    #[test]
    fn pauses_double_up_to_the_cap_until_there_are_tokens() {
        let mut backoff = Backoff::default();
        let pauses = [(); 4].map(|()| backoff.next_pause(1_000, 5_000));
        assert_eq!(pauses, [1_000, 2_000, 4_000, 5_000]);
        backoff.succeed();
        assert_eq!(backoff.next_pause(1_000, 5_000), 1_000);
    }

    #[test]
    fn five_requests_fit_in_thirty_seconds() {
        let mut backoff = Backoff::default();
        for at in 0..5 {
            assert_eq!(backoff.obstacle(at), None);
            backoff.sent(at);
        }
        assert!(backoff.obstacle(29_999).is_some());
        assert_eq!(backoff.obstacle(30_000), None);
    }

    #[test]
    fn the_requests_of_two_machines_count_together() {
        let (mut one, mut two) = (Backoff::default(), Backoff::default());
        (0..3).for_each(|at| one.sent(at));
        (2..5).for_each(|at| two.sent(at));
        one.learn(&two);
        assert!(one.is_over_budget(10));
    }
}
