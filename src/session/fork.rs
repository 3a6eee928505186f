//! One session, many requests that must not wait for each other's I/O, as in a Worker.
//!
//! Each request works on a fork, a machine of its own that starts from what the session knows. The forks meet in the
//! store like strangers: the intent in the record is the mutex. What a fork learns, the session takes up.

use crate::session::{LOG_LENGTH, Phase, Session};

impl Session {
    /// A machine for one request, which knows what this one knows and has nothing under way. `seed` as in
    /// [`Session::new`].
    #[must_use]
    pub fn fork(&self, seed: u64) -> Self {
        let mut fork = Self::new(self.grant.clone(), self.options.clone(), seed);
        fork.learn(self);
        fork.closing = self.closing;
        fork.phase = match self.phase {
            _ if self.closing => Phase::Closed,
            _ if fork.held.is_some() => Phase::Idle,
            Phase::Unloaded | Phase::Loading => Phase::Unloaded,
            _ => Phase::SignedOut,
        };
        fork
    }

    /// Takes up what a fork has come to know, unless another one knew better.
    pub fn absorb(&mut self, fork: &mut Self) {
        self.log.append(&mut fork.log);
        self.log.drain(..self.log.len().saturating_sub(LOG_LENGTH));
        let newer = (fork.epoch, fork.generation) >= (self.epoch, self.generation);
        if !newer || self.closing || matches!(fork.phase, Phase::Unloaded | Phase::Loading) {
            return;
        }
        self.learn(fork);
        self.rest(if self.held.is_some() { Phase::Idle } else { Phase::SignedOut });
    }

    fn learn(&mut self, other: &Self) {
        self.now = other.now;
        self.has_time = other.has_time;
        self.epoch = other.epoch;
        self.generation = other.generation;
        self.held.clone_from(&other.held);
        self.version.clone_from(&other.version);
        self.volatile = other.volatile;
        self.ambiguous = other.ambiguous;
        self.last_lifetime_ms = other.last_lifetime_ms;
        self.end = other.end;
        self.needs_login = other.needs_login;
        self.epochs.clone_from(&other.epochs);
        self.failures = other.failures;
        self.cooldown.clone_from(&other.cooldown);
        self.marks.clone_from(&other.marks);
        for sent in &other.sent {
            if !self.sent.contains(sent) {
                self.sent.push(*sent);
            }
        }
    }
}
