//! Which resource servers refuse the current token.

/// How long "rejected on arrival" is remembered, in milliseconds.
const MARK_MS: u64 = 60_000;

/// How many origins are remembered.
const MAX_MARKS: usize = 32;

/// The origins that have refused the current token on arrival. Times are readings of the monotonic clock in milliseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rejections {
    marks: Vec<Mark>,
}

#[derive(Clone, Debug)]
struct Mark {
    origin: String,
    since_ms: u64,
}

impl Rejections {
    pub(crate) const fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Forgets all: there is a new token.
    pub(crate) fn clear(&mut self) {
        self.marks.clear();
    }

    /// Forgets `origin`: it has accepted the token.
    pub(crate) fn accept(&mut self, origin: &str) {
        self.marks.retain(|mark| mark.origin != origin);
    }

    /// Whether `origin` has refused the token in the last minute. A mark that the clock was set back behind has no age, and
    /// is dropped.
    pub(crate) fn contains(&mut self, origin: &str, now_ms: u64) -> bool {
        self.marks.retain(|mark| now_ms.checked_sub(mark.since_ms).is_some_and(|age| age < MARK_MS));
        self.marks.iter().any(|mark| mark.origin == origin)
    }

    /// Remembers that `origin` has refused the token.
    pub(crate) fn add(&mut self, origin: String, now_ms: u64) {
        if self.marks.len() < MAX_MARKS {
            self.marks.push(Mark { origin, since_ms: now_ms });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_is_remembered_for_a_minute_and_one_origin() {
        let mut rejections = Rejections::default();
        rejections.add("https://a.example".to_owned(), 1_000);
        assert!(rejections.contains("https://a.example", 60_999));
        assert!(!rejections.contains("https://b.example", 60_999));
        assert!(!rejections.contains("https://a.example", 61_000));
        assert!(rejections.is_empty());
    }

    #[test]
    fn a_rejection_ends_with_a_success_and_with_a_clock_that_is_set_back() {
        let mut rejections = Rejections::default();
        rejections.add("https://a.example".to_owned(), 1_000);
        rejections.accept("https://a.example");
        assert!(!rejections.contains("https://a.example", 1_000));
        rejections.add("https://a.example".to_owned(), 1_000);
        assert!(!rejections.contains("https://a.example", 999));
    }

    #[test]
    fn no_more_than_32_origins_are_remembered() {
        let mut rejections = Rejections::default();
        for number in 0..40 {
            rejections.add(number.to_string(), 0);
        }
        assert!(rejections.contains("31", 0) && !rejections.contains("32", 0));
    }
}
