//! A session as others see it: how it stands, whether its token still serves, what it did last.

use crate::session::{EndReason, Freshness, Now, Phase, Session, TokenId};

/// One line of the log. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Unix milliseconds.
    pub at_ms: u64,
    /// The phase before.
    pub from: &'static str,
    /// What happened.
    pub event: &'static str,
    /// The phase after.
    pub to: &'static str,
}

/// A session as its owner sees it. No secret is in it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Snapshot {
    /// The store has not been read yet.
    Loading,
    /// The session is signed out.
    SignedOut {
        /// Why.
        reason: EndReason,
    },
    /// The session is signed in.
    Active {
        /// Counts the tokens of a sign-in.
        generation: u64,
        /// `sub` of the access token, if it is a JWT that has one.
        subject: Option<String>,
        /// The scopes granted, if the server named them.
        scopes: Option<Vec<String>>,
        /// When the access token expires, in Unix milliseconds.
        expires_at_ms: Option<u64>,
        /// How it stands with it.
        freshness: Freshness,
        /// A newer one is on its way.
        refreshing: bool,
        /// The tokens could not be saved and live in memory only.
        volatile: bool,
    },
}

impl Session {
    /// How the session stands. `now` lets the token age.
    #[must_use]
    pub fn snapshot(&self, now: Now) -> Snapshot {
        let Some(held) = self.held.as_ref().filter(|_| !self.closing) else {
            return match self.phase {
                Phase::Unloaded | Phase::Loading { .. } => Snapshot::Loading,
                _ => Snapshot::SignedOut { reason: self.end },
            };
        };
        Snapshot::Active {
            generation: self.token_id.generation,
            subject: held.set.subject.clone(),
            scopes: held.set.scopes.clone(),
            expires_at_ms: held.expires_at_ms(),
            freshness: held.freshness_at(now),
            refreshing: self.phase.acquisition().is_some(),
            volatile: self.volatile,
        }
    }

    /// Whether the token that an [`Effect::Use`](crate::session::Effect::Use) gave still serves, and nothing else is to be done: an
    /// [`Event::Need`](crate::session::Event::Need) would give the same token again and change nothing. This is the way for most calls.
    #[must_use]
    pub fn still_serves(&self, now: Now, given: TokenId, min_validity_ms: u64, once: bool) -> bool {
        let settled =
            !matches!(self.phase, Phase::Unloaded | Phase::Loading { .. } | Phase::SigningOut { .. });
        settled
            && !self.closing
            && given == self.token_id
            && self.rejections.is_empty()
            && !self.clock_jumped(now)
            && self.held.as_ref().is_some_and(|held| held.is_good_at(now, min_validity_ms, once))
    }

    /// The last transitions, oldest first.
    #[must_use]
    pub fn explain(&self) -> Vec<Transition> {
        self.log.clone()
    }

    /// Everything of [`Session::snapshot`] that does not change by time alone.
    pub(super) fn view(&self) -> (bool, Option<u64>, u64, EndReason, bool, bool, bool) {
        let loading = self.phase.is_unread() && self.held.is_none();
        let generation = self.held.as_ref().map(|_| self.token_id.generation);
        let refreshing = self.held.is_some() && self.phase.acquisition().is_some();
        (loading, generation, self.token_id.epoch, self.end, refreshing, self.volatile, self.closing)
    }
}
