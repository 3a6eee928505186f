//! The outcome of a token request: tokens to save, a refusal to check, or nothing known.

use crate::Error;
use crate::session::record::Record;
use crate::session::refresh::{Adoption, MAX_ROUNDS, POLL_MS};
use crate::session::response::{self, Answer, Granted, Refusal};
use crate::session::state::{Kind, Phase, Step, TokenSet, Unsaved};
use crate::session::{
    Effect, Effects, EndReason, Freshness, Loss, Notice, Session, StoreFailed, Stored, Warning,
};

impl Session {
    pub(in crate::session) fn received(&mut self, answer: &Answer, out: &mut Effects) {
        let Some(acquisition) = self.phase.acquisition() else {
            return;
        };
        let question = self.grant.question(acquisition.kind == Kind::Refresh);
        match response::read(answer, question, &self.grant.fields()) {
            Ok(granted) => self.granted(granted, out),
            Err(refusal) => self.refused(refusal, out),
        }
    }

    fn granted(&mut self, granted: Granted, out: &mut Effects) {
        let Phase::Acquiring { step: Step::Granting { sent }, acquisition, .. } = &self.phase else {
            return;
        };
        let sent_ms = sent.wall_ms;
        let old = self.held.as_ref().map(|held| &held.set);
        let refreshed = old.filter(|_| acquisition.kind == Kind::Refresh);
        let subject_of = |set: Option<&TokenSet>| set.and_then(|set| set.subject.clone());
        let changed = match (subject_of(old), &granted.subject) {
            (Some(before), Some(after)) => before != *after,
            _ => false,
        };
        let set = TokenSet {
            access: granted.access,
            // A response without a refresh token leaves the old one in force (RFC 6749 §6).
            refresh: granted.refresh.or_else(|| refreshed.and_then(|set| set.refresh.clone())),
            sent_ms,
            lifetime_ms: granted.lifetime_ms.or(self.last_lifetime_ms),
            subject: granted.subject.or_else(|| subject_of(refreshed)),
            scopes: granted.scopes.or_else(|| refreshed.and_then(|set| set.scopes.clone())),
            refused: false,
        };
        if acquisition.kind == Kind::Refresh && changed {
            self.revoke(&set, out);
            return self.end(EndReason::IdentityChanged, Error::SessionChanged, out);
        }
        let is_new = acquisition.is_explicit || changed || old.is_none();
        let (epoch, generation) = if is_new {
            // Epochs grow, and two sign-ins in two places hardly ever get the same.
            let epoch = self.token_id.epoch.max(self.seen).saturating_add(1).max(self.now.wall_ms);
            // Known from now on, so that a sign-out ends it though it is not saved yet.
            self.epochs.begin(epoch);
            (epoch, 1)
        } else {
            (self.token_id.epoch, self.token_id.generation.saturating_add(1))
        };
        self.commit(Unsaved { set, epoch, generation }, out);
    }

    fn commit(&mut self, next: Unsaved, out: &mut Effects) {
        let record = Record {
            epoch: next.epoch,
            generation: next.generation,
            tokens: Some(next.set.clone()),
            intent: None,
            ended: None,
        };
        let op = self.await_step(Step::Committing(next));
        self.save(op, &record, out);
    }

    pub(in crate::session) fn committed(
        &mut self,
        result: Result<Option<String>, StoreFailed>,
        out: &mut Effects,
    ) {
        let Some(acquisition) = self.phase.acquisition_mut() else {
            return;
        };
        match result {
            Ok(Some(version)) => {
                self.version = Some(version);
                self.accept(false, out);
            }
            Ok(None) if acquisition.rounds < MAX_ROUNDS => {
                acquisition.rounds += 1;
                let Some(next) = self.take_unsaved() else {
                    return;
                };
                let op = self.await_step(Step::Resolving(next));
                out.push(Effect::Load { op });
            }
            _ => self.accept(true, out),
        }
    }

    /// Another instance wrote the record while the request was under way.
    pub(in crate::session) fn resolve(
        &mut self,
        result: Result<Option<Stored>, StoreFailed>,
        out: &mut Effects,
    ) {
        let Ok(stored) = result else {
            return self.accept(true, out);
        };
        let (had, epoch, volatile) = (self.held.is_some(), self.token_id.epoch, self.volatile);
        let is_stored = self.is_stored();
        let Phase::Acquiring { step: Step::Resolving(next), acquisition, .. } = &mut self.phase else {
            return;
        };
        let explicit = acquisition.is_explicit;
        let generation = next.generation;
        let record = stored.as_ref().and_then(|stored| Record::parse(stored.record.reveal()));
        let version = stored.as_ref().map(|stored| stored.version.clone());
        let overwrite = match &record {
            _ if explicit => true,
            // Garbage, or nothing as before.
            None => stored.is_some() || !had,
            Some(record) if record.ended.is_some() => false,
            Some(record) if record.tokens.is_none() => !had,
            // Only the intent changed: another instance took this one for dead. The tokens here are newer.
            Some(record) if record.epoch == epoch => had && record.generation < generation,
            // A sign-in that could not be saved yet is newer than the one that the store still has.
            Some(record) => volatile && record.epoch < epoch,
        };
        if overwrite {
            if explicit {
                // The last of two sign-ins to be saved has the greater epoch, so that memory and store agree on it.
                let before = record.as_ref().map_or(0, |record| record.epoch);
                next.epoch = next.epoch.max(before.saturating_add(1));
                self.epochs.begin(next.epoch);
                // The tokens in hand serve until then, unless they were ended elsewhere.
                if is_stored && record.as_ref().is_none_or(|record| record.tokens.is_none()) {
                    let ended = record.and_then(|record| record.ended);
                    self.lose_tokens(ended.unwrap_or(EndReason::LogoutElsewhere), out);
                }
            }
            self.version = version;
            if let Some(next) = self.take_unsaved() {
                self.commit(next, out);
            }
            return;
        }
        match self.take_up(stored) {
            // Tokens of the same sign-in are not revoked: that would end the whole family.
            Adoption::Newer | Adoption::OtherEpoch | Adoption::Same => self.adopted(out),
            Adoption::Ended(reason) => self.drop_unwanted(reason, out),
            _ => self.drop_unwanted(EndReason::LogoutElsewhere, out),
        }
    }

    /// The session was ended elsewhere while new tokens were on their way.
    fn drop_unwanted(&mut self, reason: EndReason, out: &mut Effects) {
        if let Some(next) = self.take_unsaved() {
            self.revoke(&next.set, out);
        }
        self.ended_elsewhere(reason, out);
    }

    /// New tokens are in force.
    fn accept(&mut self, volatile: bool, out: &mut Effects) {
        let Some((acquisition, step)) = self.take_acquisition() else {
            return;
        };
        let Some(next) = step.into_unsaved() else {
            return;
        };
        self.hold(next.set, next.epoch, next.generation);
        self.intent = None;
        self.volatile = volatile;
        self.keeps_lock = volatile;
        self.outdated = false;
        if volatile {
            out.push(Effect::Tell(Notice::Warning(Warning::PersistFailed)));
            self.persist_after(self.options.retry_base_ms, out);
        } else {
            out.push(Effect::Broadcast { epoch: self.token_id.epoch, generation: self.token_id.generation });
        }
        if !acquisition.is_explicit && self.token_id.generation > 1 {
            let duration = self.now.mono_ms.saturating_sub(acquisition.started.mono_ms);
            self.tell_refreshed(duration, false, out);
        }
        // A token just received is usable once, however short its life is.
        for waiter in self.callers.take_waiters() {
            if waiter.epoch.is_none_or(|epoch| epoch == self.token_id.epoch) {
                self.use_token(&waiter, out);
            } else {
                waiter.fail(Error::SessionChanged, out);
            }
        }
        for id in acquisition.logins {
            out.push(Effect::SignedIn { id });
        }
        self.rest();
        self.settle(out);
    }

    fn refused(&mut self, refusal: Refusal, out: &mut Effects) {
        let Some(acquisition) = self.phase.acquisition_mut() else {
            return;
        };
        let refresh = acquisition.kind == Kind::Refresh;
        match refusal {
            Refusal::Terminal { status, oauth_error } if refresh => {
                let refusal = Error::RefreshRejected { status: Some(status), oauth_error };
                let op = self.await_step(Step::Verifying { refusal });
                out.push(Effect::Load { op });
            }
            Refusal::Terminal { status, oauth_error } => {
                self.needs_login |= self.grant.signs_in_once();
                self.sign_in_refused(Error::LoginRejected { status: Some(status), oauth_error }, out);
            }
            Refusal::Misconfigured { status, oauth_error } => {
                let error = Error::TokenEndpointMisconfigured { status: Some(status), oauth_error };
                self.give_up(error, self.options.retry_cap_ms, out);
            }
            Refusal::Redirected { status } => {
                let status = Some(status).filter(|status| *status != 0);
                self.give_up(Error::TokenEndpointRedirected { status }, self.options.retry_cap_ms, out);
            }
            Refusal::NotProcessed { status, retry_after_ms } => {
                let error = Error::RefreshUnavailable { status: Some(status), retry_after_ms };
                self.give_up(error, retry_after_ms.unwrap_or(0), out);
            }
            Refusal::Unknown { status, retry_after_ms } => {
                let error = Error::RefreshUnavailable { status: Some(status), retry_after_ms };
                self.outcome_unknown(error, retry_after_ms.unwrap_or(0), out);
            }
            Refusal::Invalid { fault } => {
                let error = Error::TokenResponseInvalid { fault };
                if refresh {
                    // The refresh token has been used, and what came for it cannot be.
                    self.ambiguous = true;
                    self.pause(&error, self.options.retry_cap_ms);
                    self.abandon(&error, out);
                    self.finish(out);
                } else {
                    self.give_up(error, self.options.retry_cap_ms, out);
                }
            }
        }
    }

    pub(in crate::session) fn lost(&mut self, loss: Loss, out: &mut Effects) {
        let unavailable = Error::RefreshUnavailable { status: None, retry_after_ms: None };
        match loss {
            Loss::NotSent => self.give_up(unavailable, 0, out),
            Loss::Misconfigured => {
                let error = Error::TokenEndpointMisconfigured { status: None, oauth_error: None };
                self.give_up(error, self.options.retry_cap_ms, out);
            }
            Loss::Network => self.outcome_unknown(unavailable, 0, out),
            Loss::Timeout => {
                let refresh =
                    self.phase.acquisition().is_some_and(|acquisition| acquisition.kind == Kind::Refresh);
                self.outcome_unknown(if refresh { unavailable } else { Error::TokenTimeout }, 0, out);
            }
        }
    }

    /// The request was sent, and it is not known whether it was served.
    fn outcome_unknown(&mut self, error: Error, pause_ms: u64, out: &mut Effects) {
        let Phase::Acquiring { step: Step::Granting { sent }, acquisition, .. } = &self.phase else {
            return;
        };
        let sent_ms = sent.mono_ms;
        if acquisition.kind == Kind::SignIn {
            return self.give_up(error, pause_ms, out);
        }
        let tries = self.intent.map_or(1, |intent| intent.tries);
        let gone = self.now.mono_ms.saturating_sub(sent_ms);
        let left = self.options.replay_window_ms.saturating_sub(gone);
        if tries == 1
            && left > 0
            && pause_ms < left
            && !self.closing
            && !self.backoff.is_over_budget(self.now.mono_ms)
        {
            let pause = pause_ms.max(self.jitter(self.options.retry_base_ms.min(left / 4)));
            let op = self.await_step(Step::Ambiguous);
            return self.wake(op, pause, out);
        }
        // The intent stays: the next try knows that the refresh token may be used up.
        self.ambiguous = true;
        self.pause(&error, pause_ms);
        self.abandon(&error, out);
        self.finish(out);
    }

    pub(in crate::session) fn woken(&mut self, out: &mut Effects) {
        match self.phase.step() {
            Some(Step::Waiting) => {
                if let Some(acquisition) = self.phase.acquisition_mut() {
                    acquisition.waited_ms += POLL_MS;
                }
                self.check(out);
            }
            Some(Step::Ambiguous) => self.check(out),
            _ => {}
        }
    }

    /// The refresh token was refused, perhaps because another instance has used it since.
    pub(in crate::session) fn verified(
        &mut self,
        result: Result<Option<Stored>, StoreFailed>,
        out: &mut Effects,
    ) {
        let had_volatile = self.volatile;
        if let Ok(stored) = result {
            match self.take_up(stored) {
                Adoption::Newer | Adoption::OtherEpoch => return self.adopted(out),
                Adoption::Empty if !had_volatile => {
                    return self.ended_elsewhere(EndReason::LogoutElsewhere, out);
                }
                Adoption::Ended(reason) => return self.ended_elsewhere(reason, out),
                _ => {}
            }
        }
        let (Phase::Acquiring { step: Step::Verifying { refusal }, acquisition, .. }, Some(held)) =
            (&self.phase, &mut self.held)
        else {
            return;
        };
        let error = refusal.clone();
        self.end =
            if acquisition.replayed { EndReason::RotationResponseLost } else { EndReason::RefreshRejected };
        held.set.refresh = None;
        held.set.refused = true;
        let serves = held.freshness() != Freshness::Expired && !held.doubted;
        if serves && self.options.keep_until_expiry {
            self.abandon(&error, out);
            return self.retract(out);
        }
        if self.grant.is_unattended() && !self.needs_login && !self.grant.signs_in_once() {
            // The refusal is saved first: people take their time to type, and no other instance may send the refused
            // token meanwhile. Then the calls that wait sign in, and so does the next one.
            held.doubted |= !self.options.keep_until_expiry;
            self.take_acquisition();
            return self.retract(out);
        }
        self.end(self.end, error, out);
    }

    /// User name and password were refused, or not given.
    pub(in crate::session) fn sign_in_refused(&mut self, error: Error, out: &mut Effects) {
        let explicit = self.phase.acquisition().is_some_and(|acquisition| acquisition.is_explicit);
        // Ahead of time, it takes nothing away: the token in hand serves for as long as it would have.
        let keeps = self.options.keep_until_expiry
            && self.held.as_ref().is_some_and(|held| held.freshness() != Freshness::Expired && !held.doubted);
        if explicit || keeps || self.held.is_none() {
            return self.give_up(error, self.options.retry_cap_ms, out);
        }
        self.pause(&error, self.options.retry_cap_ms);
        self.end(self.reason_to_end(), error, out);
    }

    /// The acquisition failed without harm: the tokens stay, and the intent is taken back.
    pub(in crate::session) fn give_up(&mut self, error: Error, pause_ms: u64, out: &mut Effects) {
        if self.phase.acquisition().is_some_and(|acquisition| acquisition.is_awaited) {
            self.pause(&error, pause_ms);
        }
        self.abandon(&error, out);
        self.retract(out);
    }

    /// Forbids token requests for a while: longer after each failure, at random, and at least `least_ms`.
    fn pause(&mut self, error: &Error, least_ms: u64) {
        let longest = self.backoff.next_pause(self.options.retry_base_ms, self.options.retry_cap_ms);
        let pause = self.jitter(longest).max(least_ms);
        self.backoff.pause(error.clone(), pause, self.now.mono_ms);
    }

    /// Ends the acquisition and answers all callers: with the old token if it still serves.
    pub(in crate::session) fn abandon(&mut self, error: &Error, out: &mut Effects) {
        let Some((mut acquisition, _)) = self.take_acquisition() else {
            return;
        };
        acquisition.fail_logins(error, out);
        if !acquisition.is_awaited {
            // The calls that wait did not wait for this sign-in.
            return;
        }
        let serves = self.held.as_ref().is_some_and(|held| held.freshness() != Freshness::Expired);
        for waiter in self.callers.take_waiters() {
            if serves && waiter.after.is_none() {
                self.use_token(&waiter, out);
            } else {
                waiter.fail(error.clone(), out);
            }
        }
    }

    /// Takes the intent back, so that no instance takes the request for lost.
    fn retract(&mut self, out: &mut Effects) {
        let ours = self.intent.is_some_and(|intent| intent.holder == self.holder);
        self.intent = None;
        let refused = self.held.as_ref().is_some_and(|held| held.set.refused);
        if !ours || (self.version.is_none() && !refused) {
            return self.finish(out);
        }
        if self.held.is_some() {
            let op = self.enter(|op| Phase::Retracting { op });
            self.save(op, &self.record(None), out);
        } else if self.must_mark() {
            let op = self.enter(|op| Phase::Retracting { op });
            self.save(op, &self.mark(), out);
        } else {
            let op = self.enter(|op| Phase::Retracting { op });
            out.push(Effect::Clear { op, expect: self.version.clone() });
        }
    }

    pub(in crate::session) fn retracted(
        &mut self,
        result: Result<Option<String>, StoreFailed>,
        out: &mut Effects,
    ) {
        match result {
            Ok(Some(version)) => self.version = Some(version),
            Ok(None) => self.outdated = true,
            Err(StoreFailed) => {}
        }
        self.finish(out);
    }

    pub(in crate::session) fn finish(&mut self, out: &mut Effects) {
        self.rest();
        self.settle(out);
    }

    /// Tries again to save what lives in memory only.
    pub(in crate::session) fn persist(&mut self, out: &mut Effects) {
        self.retry_save = None;
        self.keeps_lock = false;
        if !self.volatile {
            return;
        }
        if !matches!(self.phase, Phase::Idle) {
            return self.persist_after(self.options.retry_base_ms, out);
        }
        let op = self.enter(|op| Phase::Persisting { op });
        self.save(op, &self.record(None), out);
    }

    fn persist_after(&mut self, after_ms: u64, out: &mut Effects) {
        let op = self.side_op();
        self.retry_save = Some(op);
        self.wake(op, after_ms, out);
    }

    pub(in crate::session) fn persisted(
        &mut self,
        result: Result<Option<String>, StoreFailed>,
        out: &mut Effects,
    ) {
        match result {
            Ok(Some(version)) => {
                self.version = Some(version);
                self.volatile = false;
            }
            Ok(None) => {
                self.outdated = true;
                self.persist_after(self.options.retry_base_ms, out);
            }
            Err(StoreFailed) => self.persist_after(self.options.retry_cap_ms, out),
        }
        self.finish(out);
    }
}
