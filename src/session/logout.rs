//! How sessions end: asked for, found out, or refused.

use crate::Error;
use crate::session::record::Record;
use crate::session::refresh::MAX_ROUNDS;
use crate::session::response::{self, Answer};
use crate::session::state::{Departure, Phase, Step, TokenSet};
use crate::session::{
    CallId, Effect, Effects, EndReason, Notice, Op, Session, SignOut, StoreFailed, Stored, Warning,
};

impl SignOut {
    /// Ends the calls that signed out.
    pub(super) fn tell(&mut self, revoked: bool, stored: bool, out: &mut Effects) {
        for id in std::mem::take(&mut self.ids) {
            out.push(Effect::SignedOut { id, revoked, stored });
        }
    }
}

impl Session {
    /// The user signs out: the tokens are gone from memory in this step; the store and the server follow.
    pub(super) fn log_out(&mut self, id: CallId, compromised: bool, out: &mut Effects) {
        self.end = if compromised { EndReason::Compromised } else { EndReason::Logout };
        self.needs_login = true;
        let is_signing_out = self.is_signing_out();
        let sign_out = self.sign_out.get_or_insert_default();
        sign_out.ids.push(id);
        if is_signing_out {
            sign_out.again = true;
            return self.callers.fail_logins(&Error::SignedOut, out);
        }
        sign_out.stored = false;
        let held = self.held.take().map(|held| held.set);
        let was_active = held.is_some();
        self.epochs.end_all();
        self.conflicts = 0;
        self.met_intent = false;
        let unsaved = self.cancel_acquisition(out);
        // The newest tokens are worth revoking, saved or not.
        if let Some(set) = unsaved.or(held) {
            self.revoke_for_logout(&set, out);
        }
        // Greater than that of any sign-in that is known here or under way on this clock.
        self.token_id.epoch = self.token_id.epoch.max(self.seen.saturating_add(1)).max(self.now.wall_ms);
        self.signed_out = self.token_id.epoch;
        if was_active {
            out.push(Effect::Tell(Notice::Ended { reason: self.end, code: None }));
        }
        self.depart(out);
    }

    /// Reads the store, which may hold newer tokens than memory.
    fn depart(&mut self, out: &mut Effects) {
        let op = self.enter(|op| Phase::SigningOut { op, step: Departure::Departing });
        out.push(Effect::Load { op });
    }

    /// Whether a sign-out that was asked for is under way in the store.
    pub(super) const fn is_signing_out(&self) -> bool {
        self.sign_out.is_some() && matches!(self.phase, Phase::SigningOut { .. })
    }

    /// Ends what is under way with [`Error::SignedOut`], and gives the tokens that were not saved yet.
    pub(super) fn cancel_acquisition(&mut self, out: &mut Effects) -> Option<TokenSet> {
        // A sign-in that was asked for before a sign-out is taken back by it.
        self.callers.fail_logins(&Error::SignedOut, out);
        if let Phase::Acquiring { op, step: Step::Granting { .. }, .. } = &self.phase {
            self.orphans.push(*op);
        }
        let unsaved = self.take_unsaved().map(|unsaved| unsaved.set);
        self.drop_session(&Error::SignedOut, out);
        unsaved
    }

    /// Drops the tokens, ends the epoch and fails all callers.
    pub(super) fn drop_session(&mut self, error: &Error, out: &mut Effects) {
        self.held = None;
        self.volatile = false;
        self.ambiguous = false;
        self.token_id.epoch = self.token_id.epoch.saturating_add(1);
        if let Some((mut acquisition, _)) = self.take_acquisition() {
            acquisition.fail_logins(error, out);
        }
        self.callers.fail_waiters(error, out);
    }

    pub(super) fn departed(&mut self, result: Result<Option<Stored>, StoreFailed>, out: &mut Effects) {
        let stored = match result {
            Ok(stored) => stored,
            Err(StoreFailed) => return self.not_signed_out(out),
        };
        self.intent = None;
        let record = stored.as_ref().and_then(|stored| Record::parse(stored.record.reveal()));
        let intent = record.as_ref().and_then(|record| record.intent);
        self.met_intent |= intent.is_some_and(|intent| intent.holder != self.holder);
        self.version = stored.map(|stored| stored.version);
        match record {
            Some(record) if record.ended.is_some() => return self.signed_out(out),
            // Another request of this session has signed in since.
            Some(Record { tokens: Some(_), epoch, .. }) if self.epochs.is_current(epoch) => {
                return self.signed_out(out);
            }
            Some(Record { tokens: Some(tokens), epoch, .. }) => {
                self.epochs.end(epoch);
                self.token_id.epoch = self.token_id.epoch.max(epoch.saturating_add(1));
                self.signed_out = self.token_id.epoch;
                self.revoke_for_logout(&tokens, out);
            }
            _ => {}
        }
        self.clear(out);
    }

    pub(super) fn clear(&mut self, out: &mut Effects) {
        if self.version.is_some() {
            let op = self.enter(|op| Phase::SigningOut { op, step: Departure::Ending });
            out.push(Effect::Clear { op, expect: self.version.clone() });
        } else {
            self.leave_mark(out);
        }
    }

    pub(super) fn cleared(&mut self, result: Result<bool, StoreFailed>, out: &mut Effects) {
        if let Phase::Retracting { .. } = self.phase {
            self.version = None;
            self.outdated = result == Ok(false);
            return self.finish(out);
        }
        match result {
            Ok(true) => {
                self.version = None;
                self.leave_mark(out);
            }
            Ok(false) => self.written_meanwhile(out),
            Err(StoreFailed) => self.not_signed_out(out),
        }
    }

    /// The mark of a sign-out was saved, or another instance was faster.
    pub(super) fn marked(&mut self, result: Result<Option<String>, StoreFailed>, out: &mut Effects) {
        match result {
            Ok(Some(version)) => {
                self.version = Some(version);
                // A save that expects an empty store finds the mark.
                self.loose = 0;
                self.loose_op = None;
                self.signed_out(out);
            }
            Ok(None) => self.written_meanwhile(out),
            Err(StoreFailed) => self.not_signed_out(out),
        }
    }

    /// Another instance wrote before this one could end the session in the store. A sign-out ends that too; anything
    /// else takes it up.
    fn written_meanwhile(&mut self, out: &mut Effects) {
        self.conflicts = self.conflicts.saturating_add(1);
        if self.conflicts > MAX_ROUNDS {
            // A store that always answers so cannot be cleared.
            return self.not_signed_out(out);
        }
        if self.sign_out.is_some() {
            return self.depart(out);
        }
        self.outdated = true;
        self.come_to_rest(out);
    }

    /// The store could not be told that the session is over.
    fn not_signed_out(&mut self, out: &mut Effects) {
        self.conflicts = 0;
        out.push(Effect::Tell(Notice::Warning(Warning::PersistFailed)));
        self.come_to_rest(out);
    }

    /// Whether an empty store is not enough: the session would sign in by itself, or tokens that are being saved here or
    /// in another instance would find the store empty and land.
    pub(super) const fn must_mark(&self) -> bool {
        self.needs_login && (self.loose > 0 || self.met_intent || self.grant.is_unattended())
    }

    /// The record of a session that was ended on purpose. No token is in it.
    pub(super) const fn mark(&self) -> Record {
        let ended = Some(self.end);
        Record {
            epoch: self.token_id.epoch,
            generation: self.token_id.generation,
            tokens: None,
            intent: None,
            ended,
        }
    }

    fn leave_mark(&mut self, out: &mut Effects) {
        if self.must_mark() {
            let op = self.enter(|op| Phase::SigningOut { op, step: Departure::Marking });
            self.save(op, &self.mark(), out);
        } else {
            self.signed_out(out);
        }
    }

    /// The store shows that the session is over.
    pub(super) fn signed_out(&mut self, out: &mut Effects) {
        self.conflicts = 0;
        if let Some(sign_out) = &mut self.sign_out {
            sign_out.stored = true;
        }
        self.come_to_rest(out);
    }

    fn come_to_rest(&mut self, out: &mut Effects) {
        if let Some(sign_out) = self.sign_out.as_mut().filter(|sign_out| sign_out.again) {
            sign_out.again = false;
            sign_out.stored = false;
            return self.depart(out);
        }
        out.push(Effect::Broadcast { epoch: self.token_id.epoch, generation: 0 });
        self.rest();
        self.settle(out);
    }

    /// Tells those who signed out, once the store is clear and the server has answered.
    pub(super) fn finish_sign_out(&mut self, out: &mut Effects) {
        let pending = matches!(self.phase, Phase::SigningOut { .. });
        let Some(mut sign_out) = self.sign_out.take_if(|sign_out| !pending && sign_out.revoking.is_empty())
        else {
            return;
        };
        sign_out.tell(sign_out.asked && !sign_out.refused, sign_out.stored, out);
    }

    fn revoke_for_logout(&mut self, set: &TokenSet, out: &mut Effects) {
        let sign_out = self.sign_out.get_or_insert_default();
        let known = sign_out.tokens.replace(set.access.clone());
        if known.is_some_and(|known| known.reveal() == set.access.reveal()) {
            return;
        }
        let ops = self.revoke(set, out);
        let sign_out = self.sign_out.get_or_insert_with(SignOut::default);
        sign_out.asked |= !ops.is_empty();
        sign_out.revoking.extend(ops);
    }

    /// Asks the server to forget `set`.
    pub(super) fn revoke(&mut self, set: &TokenSet, out: &mut Effects) -> Vec<Op> {
        let demands = self.grant.revoke(set);
        let mut ops = Vec::with_capacity(demands.len());
        for demand in demands {
            let op = self.side_op();
            ops.push(op);
            self.perform(op, demand, out);
        }
        ops
    }

    /// An answer that the acquisition does not wait for: of a revocation, or for a session that is over.
    pub(super) fn received_late(&mut self, op: Op, answer: &Answer, out: &mut Effects) {
        if let Some(at) = self.orphans.iter().position(|orphan| *orphan == op) {
            self.orphans.swap_remove(at);
            let question = self.grant.question(false);
            if let Ok(granted) = response::read(answer, question, &self.grant.fields()) {
                let set = TokenSet {
                    access: granted.access,
                    refresh: granted.refresh,
                    sent_ms: self.now.wall_ms,
                    lifetime_ms: None,
                    subject: None,
                    scopes: None,
                    refused: false,
                };
                self.revoke(&set, out);
            }
            return;
        }
        self.revocation_answered(op, (200..300).contains(&answer.status), out);
    }

    pub(super) fn lost_late(&mut self, op: Op, out: &mut Effects) {
        self.orphans.retain(|orphan| *orphan != op);
        self.revocation_answered(op, false, out);
    }

    fn revocation_answered(&mut self, op: Op, confirmed: bool, out: &mut Effects) {
        let Some(sign_out) = &mut self.sign_out else {
            return;
        };
        let Some(at) = sign_out.revoking.iter().position(|revoking| *revoking == op) else {
            return;
        };
        sign_out.revoking.swap_remove(at);
        sign_out.refused |= !confirmed;
        self.finish_sign_out(out);
    }

    /// Another instance ended the session: there is nothing to clear any more.
    pub(super) fn ended_elsewhere(&mut self, reason: EndReason, out: &mut Effects) {
        self.lose_tokens(reason, out);
        self.drop_session(&Error::SignedOut, out);
        self.rest();
        self.settle(out);
    }

    /// Why a session ends whose token has expired and cannot be refreshed.
    pub(super) fn reason_to_end(&self) -> EndReason {
        match self.end {
            _ if self.held.as_ref().is_some_and(|held| !held.set.refused) => EndReason::NoRefreshToken,
            EndReason::RotationResponseLost => EndReason::RotationResponseLost,
            _ => EndReason::RefreshRejected,
        }
    }

    /// The tokens in hand are of a session that is over.
    pub(super) fn lose_tokens(&mut self, reason: EndReason, out: &mut Effects) {
        self.end = match reason {
            EndReason::Logout if self.held.is_some() => EndReason::LogoutElsewhere,
            reason => reason,
        };
        self.needs_login = true;
        if self.held.take().is_some() {
            // What a store that lags behind still shows of it is ignored.
            self.epochs.end(self.token_id.epoch);
            self.token_id.epoch = self.token_id.epoch.saturating_add(1);
            self.volatile = false;
            out.push(Effect::Tell(Notice::Ended { reason: self.end, code: None }));
        }
    }

    /// The session cannot go on.
    pub(super) fn end(&mut self, reason: EndReason, error: Error, out: &mut Effects) {
        self.end = reason;
        out.push(Effect::Tell(Notice::Ended { reason, code: Some(error.code()) }));
        // What works once is not tried again unasked.
        self.needs_login |= self.grant.signs_in_once();
        self.drop_session(&error, out);
        self.intent = None;
        if self.version.is_some() {
            let op = self.enter(|op| Phase::SigningOut { op, step: Departure::Ending });
            out.push(Effect::Clear { op, expect: self.version.clone() });
        } else {
            self.signed_out(out);
        }
    }
}
