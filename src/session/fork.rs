//! One session, many requests that must not wait for each other's I/O, as in a Worker.
//!
//! Each request works on a fork: a machine of its own that starts from what the session knows. The forks meet in the
//! store like instances on different machines: the intent in the record is the mutex. The session learns what a fork
//! learns, and before each of its steps a fork learns of sign-outs in other requests.

use crate::session::{Effects, EndReason, Event, LOG_LENGTH, Now, Phase, Session};

impl Session {
    /// A machine for one request, which knows what this one knows and has nothing under way. `seed` as in
    /// [`Session::new`]. Its events go to [`Session::step_fork`].
    #[must_use]
    pub fn fork(&self, seed: u64) -> Self {
        let mut fork = Self::new(self.grant.clone(), self.options.clone(), seed);
        fork.learn(self);
        fork.closing = self.closing;
        fork.phase = match self.phase {
            _ if self.closing => Phase::Closed,
            _ if fork.held.is_some() => Phase::Idle,
            Phase::Unloaded | Phase::Loading { .. } => Phase::Unloaded,
            _ => Phase::SignedOut,
        };
        fork
    }

    /// [`Session::step`] of a fork of this session: a sign-out or a close in another request counts before `event`, and
    /// this session learns what comes of it.
    pub fn step_fork(&mut self, fork: &mut Self, now: Now, event: Event, out: &mut Effects) {
        fork.step_within(Some(self), now, event, out);
        self.absorb(fork);
    }

    /// Learns what a fork has come to know, unless another one knew better.
    fn absorb(&mut self, fork: &mut Self) {
        self.log.append(&mut fork.log);
        self.log.drain(..self.log.len().saturating_sub(LOG_LENGTH));
        self.epochs.unite(&fork.epochs);
        self.seen = self.seen.max(fork.seen);
        let found = std::mem::take(&mut fork.found);
        let is_unread = fork.phase.is_unread();
        let is_over = fork.held.is_some() && self.epochs.has_ended(fork.token_id.epoch);
        let is_newer = fork.token_id >= self.token_id;
        // An instance with a slower clock may have signed in since this session was signed out.
        let is_found = found && self.held.is_none() && fork.held.is_some();
        if self.closing || is_unread || is_over || !(is_newer || is_found) {
            self.loose = self.loose.max(fork.loose);
            return;
        }
        self.loose = fork.loose;
        self.learn(fork);
        self.rest();
    }

    fn learn(&mut self, other: &Self) {
        self.now = other.now;
        self.has_time = other.has_time;
        self.token_id = other.token_id;
        self.held.clone_from(&other.held);
        self.version.clone_from(&other.version);
        self.volatile = other.volatile;
        self.ambiguous = other.ambiguous;
        self.last_lifetime_ms = other.last_lifetime_ms;
        self.end = other.end;
        self.needs_login = other.needs_login;
        self.epochs.unite(&other.epochs);
        self.signed_out = self.signed_out.max(other.signed_out);
        self.loose = self.loose.max(other.loose);
        self.backoff.learn(&other.backoff);
        self.rejections.clone_from(&other.rejections);
    }

    /// Learns what has ended in other requests: their sign-out ends the sign-in that is under way in this one.
    pub(super) fn heed(&mut self, session: &Self, out: &mut Effects) {
        self.epochs.unite(&session.epochs);
        self.seen = self.seen.max(session.seen).max(session.token_id.epoch);
        self.loose = self.loose.max(session.loose);
        let is_later = session.signed_out > self.signed_out;
        self.signed_out = self.signed_out.max(session.signed_out);
        let has_ended = self.held.is_some() && self.epochs.has_ended(self.token_id.epoch);
        let is_explicit = self.phase.acquisition().is_some_and(|acquisition| acquisition.is_explicit);
        if matches!(self.phase, Phase::Closed) || self.is_signing_out() {
            // Its own sign-out, or nothing, is under way.
        } else if has_ended && is_explicit && !is_later {
            // This sign-in began after the sign-out, and goes on.
            self.lose_tokens(EndReason::LogoutElsewhere, out);
        } else if is_later || has_ended {
            self.end = if is_later { session.end } else { EndReason::LogoutElsewhere };
            self.needs_login |= is_later;
            self.token_id.epoch = self.token_id.epoch.max(session.signed_out);
            if let Some(set) = self.cancel_acquisition(out) {
                self.revoke(&set, out);
            }
            self.rest();
            self.settle(out);
        }
        if session.closing && !self.closing {
            self.close(out);
        }
    }
}
