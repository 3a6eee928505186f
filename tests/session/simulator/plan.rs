//! What a schedule may do, and who decides what it does.

/// What may go wrong in a schedule, in thousandths.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weather {
    pub(crate) lost_answers: u64,
    pub(crate) outages: u64,
    pub(crate) store_failures: u64,
    pub(crate) kills: u64,
    pub(crate) freezes: u64,
    pub(crate) clock_jumps: u64,
    pub(crate) logouts: u64,
    pub(crate) lock_losses: u64,
    pub(crate) lost_notices: u64,
    /// A save is answered with a failure and lands later all the same, or never.
    pub(crate) late_saves: u64,
    pub(crate) closes: u64,
    pub(crate) logins: u64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) instances: usize,
    pub(crate) steps: usize,
    pub(crate) lock: bool,
    pub(crate) asks: bool,
    pub(crate) rotates: bool,
    pub(crate) reuse_window_ms: u64,
    pub(crate) lifetime_s: u64,
    /// Each call has a fork of its instance to itself.
    pub(crate) forks: bool,
    /// Hours pass only while nothing is under way.
    pub(crate) patient: bool,
    pub(crate) weather: Weather,
}

impl Plan {
    /// Instances whose clocks disagree disagree about the age of each other's tokens.
    pub(crate) const fn clocks_agree(&self) -> bool {
        self.patient
    }
}

/// Decides: at random, or by a list of decisions, so that all lists can be gone through.
pub(crate) enum Chooser {
    Random(u64),
    Listed { given: Vec<usize>, taken: Vec<(usize, usize)> },
}

impl Chooser {
    pub(crate) fn random(seed: u64) -> Self {
        Self::Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn listed(given: Vec<usize>) -> Self {
        Self::Listed { given, taken: Vec::new() }
    }

    /// The list that comes after the one that was gone through; `None` after the last.
    pub(crate) fn next_list(self) -> Option<Vec<usize>> {
        let Self::Listed { mut taken, .. } = self else {
            return None;
        };
        while let Some((chosen, limit)) = taken.pop() {
            if chosen + 1 < limit {
                let before = taken.into_iter().map(|(chosen, _)| chosen);
                return Some(before.chain([chosen + 1]).collect());
            }
        }
        None
    }

    /// Any number; 0 where decisions are listed.
    pub(crate) fn next(&mut self) -> u64 {
        let Self::Random(state) = self else {
            return 0;
        };
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        if let Self::Listed { given, taken } = self {
            let chosen = given.get(taken.len()).copied().unwrap_or(0);
            taken.push((chosen, limit.max(1)));
            return chosen;
        }
        (self.next() >> 16) as usize % limit.max(1)
    }

    /// Never where decisions are listed.
    pub(crate) fn chance(&mut self, thousandths: u64) -> bool {
        matches!(self, Self::Random(_)) && (self.next() >> 16) % 1000 < thousandths
    }
}
