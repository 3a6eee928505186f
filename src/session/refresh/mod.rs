//! Obtaining tokens: lock, look, write the intent, ask, save. The steps run once for all callers that wait.

use crate::Error;
use crate::session::grant::Demand;
use crate::session::record::{Intent, Record};
use crate::session::state::{Acquisition, Departure, Held, Kind, Phase, Step, TokenSet};
use crate::session::{
    CallId, Credentials, Effect, Effects, EndReason, Freshness, Notice, Op, Session, StoreFailed, Stored,
    Warning,
};

mod outcome;

/// How often the store may change under an acquisition before it gives up.
pub(in crate::session) const MAX_ROUNDS: u8 = 16;

/// How long to wait before the intent of another instance is read again, in milliseconds.
pub(in crate::session) const POLL_MS: u64 = 250;

/// How the record compares with the tokens in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Adoption {
    /// There is none.
    Empty,
    /// It cannot be read.
    Corrupt,
    /// The session was ended on purpose.
    Ended(EndReason),
    /// Tokens of a sign-in that was ended here, which clearing the store has missed.
    Buried,
    /// Another instance is signing in; there are no tokens yet.
    SigningIn,
    /// Nothing newer.
    Same,
    /// Newer tokens of the same sign-in, or the first ones seen: taken up.
    Newer,
    /// Tokens of another sign-in: taken up.
    OtherEpoch,
}

impl Session {
    pub(in crate::session) fn start_acquisition(&mut self, acquisition: Acquisition, out: &mut Effects) {
        let asks = acquisition.kind == Kind::SignIn
            && self.grant.needs_credentials()
            && acquisition.credentials.is_none();
        let step = if asks { Step::Asking } else { Step::Checking };
        let op = self.enter(|op| Phase::Acquiring { op, step, acquisition });
        if asks {
            out.push(Effect::Ask { op });
        } else {
            self.take_lock(out);
        }
    }

    /// A `login()` while the credentials callback is pending supersedes it; the callback's result is ignored. The callback
    /// may itself be waiting on that `login()`.
    pub(in crate::session) fn take_over(
        &mut self,
        id: CallId,
        credentials: Option<Credentials>,
        out: &mut Effects,
    ) {
        let Some(acquisition) = self.phase.acquisition_mut() else {
            return;
        };
        acquisition.logins.push(id);
        acquisition.is_explicit = true;
        if credentials.is_some() {
            acquisition.credentials = credentials;
            self.take_lock(out);
        }
    }

    pub(in crate::session) fn given(&mut self, credentials: Option<Credentials>, out: &mut Effects) {
        match (self.phase.acquisition_mut(), credentials) {
            (Some(acquisition), Some(credentials)) => {
                acquisition.credentials = Some(credentials);
                self.take_lock(out);
            }
            _ => self.sign_in_refused(Error::LoginRejected { status: None, oauth_error: None }, out),
        }
    }

    fn take_lock(&mut self, out: &mut Effects) {
        if self.options.has_lock && self.lock.is_none() {
            let op = self.await_step(Step::Locking);
            out.push(Effect::Lock { op, timeout_ms: self.intent_ttl_ms() });
        } else {
            self.check(out);
        }
    }

    pub(in crate::session) fn locked(&mut self, op: Op, held: bool, out: &mut Effects) {
        if held {
            self.lock = Some(op);
        } else {
            out.push(Effect::Tell(Notice::Warning(Warning::LockUnavailable)));
        }
        self.check(out);
    }

    pub(in crate::session) fn check(&mut self, out: &mut Effects) {
        let op = self.await_step(Step::Checking);
        out.push(Effect::Load { op });
    }

    pub(in crate::session) fn store_read(
        &mut self,
        result: Result<Option<Stored>, StoreFailed>,
        out: &mut Effects,
    ) {
        match self.phase.step() {
            Some(Step::Checking) => self.checked(result, out),
            Some(Step::Resolving(_)) => self.resolve(result, out),
            Some(Step::Verifying { .. }) => self.verified(result, out),
            _ => {}
        }
    }

    /// Compares the record with the tokens in memory and takes up the newer ones.
    pub(in crate::session) fn take_up(&mut self, stored: Option<Stored>) -> Adoption {
        self.version = None;
        self.intent = None;
        let Some(stored) = stored else {
            return Adoption::Empty;
        };
        self.version = Some(stored.version);
        let Some(record) = Record::parse(stored.record.reveal()) else {
            return Adoption::Corrupt;
        };
        self.seen = self.seen.max(record.epoch);
        self.intent = record.intent;
        if let Some(reason) = record.ended {
            return Adoption::Ended(reason);
        }
        let Some(tokens) = record.tokens else {
            return Adoption::SigningIn;
        };
        if self.epochs.has_ended(record.epoch) {
            return Adoption::Buried;
        }
        let had = self.held.is_some();
        if let Some(held) = self.held.as_mut().filter(|_| record.epoch == self.token_id.epoch) {
            if record.generation == self.token_id.generation && tokens.refused {
                held.set = tokens;
                return Adoption::Same;
            }
            if record.generation <= self.token_id.generation {
                return Adoption::Same;
            }
        }
        // A sign-in that could not be saved yet is newer than the one that the store still has.
        if had && self.volatile && record.epoch < self.token_id.epoch {
            return Adoption::Same;
        }
        let other = had && record.epoch != self.token_id.epoch;
        self.hold(tokens, record.epoch, record.generation);
        self.found = true;
        self.volatile = false;
        if other { Adoption::OtherEpoch } else { Adoption::Newer }
    }

    /// Takes tokens into use.
    pub(in crate::session) fn hold(&mut self, set: TokenSet, epoch: u64, generation: u64) {
        let jitter = self.random.unit();
        self.last_lifetime_ms = set.lifetime_ms;
        self.held = Some(Held::new(set, self.now, &self.options, jitter));
        self.epochs.add(epoch);
        self.token_id.epoch = epoch;
        self.token_id.generation = generation;
        self.ambiguous = false;
        self.needs_login = false;
        self.backoff.succeed();
        self.conflicts = 0;
        self.rejections.clear();
    }

    fn checked(&mut self, result: Result<Option<Stored>, StoreFailed>, out: &mut Effects) {
        let Some(acquisition) = self.phase.acquisition() else {
            return;
        };
        let (kind, explicit) = (acquisition.kind, acquisition.is_explicit);
        let Ok(stored) = result else {
            // A sign-in needs nothing from the store. A refresh without an intent could use up a token unseen.
            if kind == Kind::SignIn || self.volatile {
                return self.send(out);
            }
            return self.give_up(Error::StoreUnavailable, 0, out);
        };
        let was_stored = self.is_stored();
        let found = self.take_up(stored);
        if explicit {
            // Tokens that were ended elsewhere must not come back with the intent.
            match found {
                Adoption::Empty | Adoption::SigningIn if was_stored => {
                    self.lose_tokens(EndReason::LogoutElsewhere, out);
                }
                Adoption::Ended(reason) => self.lose_tokens(reason, out),
                Adoption::Buried => self.lose_tokens(self.end, out),
                _ => {}
            }
            return self.judge_intent(out);
        }
        match found {
            Adoption::Empty | Adoption::SigningIn if was_stored => {
                self.ended_elsewhere(EndReason::LogoutElsewhere, out)
            }
            Adoption::Empty => self.intend(1, out),
            Adoption::Ended(reason) => self.ended_elsewhere(reason, out),
            Adoption::Buried => self.ended_elsewhere(self.end, out),
            Adoption::Corrupt => self.intend(1, out),
            Adoption::Newer | Adoption::OtherEpoch => self.adopted(out),
            Adoption::SigningIn | Adoption::Same => self.judge_intent(out),
        }
    }

    /// Another instance was faster: its tokens are used. If these are spent too, another acquisition begins.
    pub(in crate::session) fn adopted(&mut self, out: &mut Effects) {
        let Some((acquisition, _)) = self.take_acquisition() else {
            return;
        };
        let duration = self.now.mono_ms.saturating_sub(acquisition.started.mono_ms);
        self.tell_refreshed(duration, true, out);
        self.rest();
        self.settle(out);
    }

    pub(in crate::session) fn tell_refreshed(&self, duration_ms: u64, adopted: bool, out: &mut Effects) {
        out.push(Effect::Tell(Notice::Refreshed {
            generation: self.token_id.generation,
            duration_ms,
            adopted,
        }));
    }

    /// Looks at who is sending a token request, and whether they can still be.
    fn judge_intent(&mut self, out: &mut Effects) {
        let Some(acquisition) = self.phase.acquisition() else {
            return;
        };
        let Some(intent) = self.intent else {
            return self.intend(1, out);
        };
        let age = self.now.wall_ms.saturating_sub(intent.at_ms);
        let abandoned = intent.holder == self.holder
            || (intent.locked && self.lock.is_some())
            || age >= self.intent_ttl_ms()
            // Over all intents: instances that die one after another, as requests of a Worker whose clients go away,
            // keep this one waiting for the lifetime of one.
            || acquisition.waited_ms >= self.intent_ttl_ms();
        if !abandoned {
            let op = self.await_step(Step::Waiting);
            return self.wake(op, POLL_MS, out);
        }
        if acquisition.kind == Kind::SignIn || intent.tries == 0 {
            return self.intend(1, out);
        }
        // A refresh token was sent, and the outcome is not known.
        let in_window = age < self.options.replay_window_ms && intent.at_ms <= self.now.wall_ms;
        if intent.tries == 1 && in_window {
            return self.intend(2, out);
        }
        let expired = self.held.as_ref().is_none_or(|held| held.freshness() == Freshness::Expired);
        if expired || acquisition.forced {
            return self.intend(intent.tries.saturating_add(1), out);
        }
        self.ambiguous = true;
        self.abandon(&Error::RefreshUnavailable { status: None, retry_after_ms: None }, out);
        self.rest();
        self.settle(out);
    }

    /// Says in the store that a token request is about to be sent.
    fn intend(&mut self, tries: u64, out: &mut Effects) {
        let Some(acquisition) = self.phase.acquisition_mut() else {
            return;
        };
        let first_at = self.intent.filter(|_| tries > 1).map_or(self.now.wall_ms, |intent| intent.at_ms);
        acquisition.replayed = acquisition.kind == Kind::Refresh && tries > 1;
        let tries = if acquisition.kind == Kind::Refresh { tries } else { 0 };
        let intent = Intent { holder: self.holder, at_ms: first_at, tries, locked: self.lock.is_some() };
        self.intent = Some(intent);
        let op = self.await_step(Step::Intending);
        self.save(op, &self.record(Some(intent)), out);
    }

    pub(in crate::session) fn saved(
        &mut self,
        result: Result<Option<String>, StoreFailed>,
        out: &mut Effects,
    ) {
        match &self.phase {
            Phase::Acquiring { step: Step::Intending, .. } => self.intended(result, out),
            Phase::Acquiring { step: Step::Committing(_), .. } => self.committed(result, out),
            Phase::Retracting { .. } => self.retracted(result, out),
            Phase::Persisting { .. } => self.persisted(result, out),
            Phase::SigningOut { step: Departure::Marking, .. } => self.marked(result, out),
            _ => {}
        }
    }

    fn intended(&mut self, result: Result<Option<String>, StoreFailed>, out: &mut Effects) {
        let Some(acquisition) = self.phase.acquisition_mut() else {
            return;
        };
        match result {
            Ok(Some(version)) => {
                self.version = Some(version);
                self.send(out);
            }
            Ok(None) => {
                acquisition.rounds += 1;
                if acquisition.rounds > MAX_ROUNDS || self.closing {
                    self.give_up(Error::RefreshUnavailable { status: None, retry_after_ms: None }, 0, out);
                } else {
                    self.check(out);
                }
            }
            Err(StoreFailed) if acquisition.kind == Kind::SignIn || self.volatile => self.send(out),
            Err(StoreFailed) => {
                self.intent = None;
                self.give_up(Error::StoreUnavailable, 0, out);
            }
        }
    }

    fn send(&mut self, out: &mut Effects) {
        if self.closing {
            return self.give_up(Error::SessionClosed, 0, out);
        }
        let Some(acquisition) = self.phase.acquisition_mut() else {
            return;
        };
        let credentials = acquisition.credentials.take();
        let refresh = self.held.as_ref().and_then(|held| held.set.refresh.as_ref());
        let demand = match (acquisition.kind, refresh) {
            (Kind::Refresh, Some(token)) => self.grant.refresh(token),
            _ => self.grant.sign_in(credentials),
        };
        self.backoff.sent(self.now.mono_ms);
        let op = self.await_step(Step::Granting { sent: self.now });
        self.perform(op, demand, out);
    }

    pub(in crate::session) fn perform(&self, op: Op, demand: Demand, out: &mut Effects) {
        let timeout_ms = self.options.timeout_ms;
        out.push(match demand {
            Demand::Send(request) => Effect::Send { op, request, timeout_ms },
            Demand::Call(purpose, token) => Effect::Call { op, purpose, token, timeout_ms },
        });
    }
}
