//! What callers ask for: a token, a decision about a 401, a sign-in.

use crate::Error;
use crate::session::refresh::Adoption;
use crate::session::state::{Acquisition, Departure, Held, Kind, Phase, Standing, Step, Waiter};
use crate::session::{
    CallId, Credentials, Effect, Effects, EndReason, Event, Notice, Op, Session, StoreFailed, Stored,
    Warning, parse_challenges,
};

impl Session {
    pub(super) fn handle(&mut self, event: Event, out: &mut Effects) {
        if let Event::Saved { op, result: Ok(_) } = &event
            && self.loose_op == Some(*op)
        {
            self.loose = self.loose.saturating_sub(1);
            self.loose_op = None;
        }
        if self.closing && (matches!(self.phase, Phase::Closed) || event.is_call()) {
            return self.handle_closed(event, out);
        }
        match event {
            Event::Start if matches!(self.phase, Phase::Unloaded) => self.load(out),
            Event::Need { id, min_validity_ms, once, force } => {
                let epoch = self.held.is_some().then_some(self.token_id.epoch);
                let after = (force && self.held.is_some()).then_some(self.token_id.generation);
                let has_response = false;
                let waiter = Waiter { id, min_validity_ms, once, after, epoch, has_response, looked: false };
                self.consider(waiter, out);
            }
            Event::Leave { id } => {
                self.callers.leave(id);
                if let Some(acquisition) = self.phase.acquisition_mut() {
                    acquisition.logins.retain(|login| *login != id);
                }
            }
            Event::Answered { id, token_id, origin, path, status, challenges, replayable, second } => {
                let curable = self.is_about_the_token(&origin, &path, status, challenges.as_deref(), out);
                let same_session = self.held.is_some() && token_id.epoch == self.token_id.epoch;
                if status != 401 {
                    if same_session && token_id == self.token_id {
                        self.accepted_by_resource(&origin);
                    }
                } else if curable && same_session {
                    self.refused_by_resource(id, token_id.generation, origin, replayable, second, out);
                } else {
                    out.push(Effect::Deliver { id });
                }
            }
            Event::Login { id, credentials } => {
                if let Err(error) = self.grant.check_login(credentials.as_ref()) {
                    return out.push(Effect::Fail { id, error });
                }
                if let Some(Step::Asking) = self.phase.step() {
                    return self.take_over(id, credentials, out);
                }
                self.callers.queue_login(id, credentials);
                match &self.phase {
                    Phase::Unloaded => self.load(out),
                    Phase::Idle | Phase::SignedOut => self.settle(out),
                    _ => {}
                }
            }
            Event::Logout { id, compromised } => self.log_out(id, compromised, out),
            Event::Close => self.close(out),
            Event::Changed => match &self.phase {
                Phase::Idle | Phase::SignedOut => self.load(out),
                Phase::Acquiring { step: Step::Waiting, .. } => self.check(out),
                Phase::Unloaded => {}
                _ => self.outdated = true,
            },
            Event::Online => self.backoff.resume(),
            Event::Loaded { op, result } if self.awaits(op) => match &self.phase {
                Phase::Loading { .. } => self.loaded(result, out),
                Phase::SigningOut { step: Departure::Departing, .. } => self.departed(result, out),
                _ => self.store_read(result, out),
            },
            // Too late: a lock that is not used is given back.
            Event::Locked { op, held: true } if !self.awaits(op) => out.push(Effect::Unlock { op }),
            Event::Received { op, answer } if !self.awaits(op) => self.received_late(op, &answer, out),
            Event::Lost { op, .. } if !self.awaits(op) => self.lost_late(op, out),
            Event::Woken { op } if Some(op) == self.retry_save => self.persist(out),
            Event::Cleared { op, result } if self.awaits(op) => self.cleared(result, out),
            Event::Saved { op, result } if self.awaits(op) => self.saved(result, out),
            Event::Locked { op, held } if self.awaits(op) => self.locked(op, held, out),
            Event::Given { op, credentials } if self.awaits(op) => self.given(credentials, out),
            Event::Received { answer, .. } => self.received(&answer, out),
            Event::Lost { loss, .. } => self.lost(loss, out),
            Event::Woken { op } if self.awaits(op) => self.woken(out),
            _ => {}
        }
    }

    /// Whether the token in hand serves `waiter`.
    fn standing(&self, waiter: &Waiter) -> Option<Standing> {
        let held = self.held.as_ref()?;
        if waiter.after.is_some_and(|generation| self.token_id.generation <= generation) {
            return None;
        }
        Some(held.standing(waiter.min_validity_ms, waiter.once))
            .filter(|standing| *standing != Standing::Spent)
    }

    /// Answers a call, or lets it wait for what is under way, or sets something under way for it.
    pub(super) fn consider(&mut self, waiter: Waiter, out: &mut Effects) {
        // A request that began as one user is never finished as another.
        if self.held.is_some() && waiter.epoch.is_some_and(|epoch| epoch != self.token_id.epoch) {
            return waiter.fail(Error::SessionChanged, out);
        }
        match &self.phase {
            Phase::Closed => waiter.fail(Error::SessionClosed, out),
            Phase::Unloaded => {
                self.callers.wait(waiter);
                self.load(out);
            }
            Phase::Loading { .. } => self.callers.wait(waiter),
            Phase::SigningOut { .. } => {
                if self.callers.has_logins() {
                    self.callers.wait(waiter);
                } else {
                    waiter.fail(Error::SignedOut, out);
                }
            }
            Phase::SignedOut => self.consider_signed_out(waiter, out),
            Phase::Idle => self.consider_idle(waiter, out),
            _ => {
                let doubted = self.held.as_ref().is_some_and(|held| held.doubted);
                if self.standing(&waiter).is_some() && !doubted {
                    self.use_token(&waiter, out);
                } else {
                    self.callers.wait(waiter);
                }
            }
        }
    }

    fn consider_signed_out(&mut self, waiter: Waiter, out: &mut Effects) {
        if self.options.store_is_shared && !waiter.looked {
            self.callers.wait(waiter);
            return self.load(out);
        }
        if self.needs_login || !self.grant.is_unattended() {
            return waiter.fail(Error::SignedOut, out);
        }
        if let Some(error) = self.obstacle() {
            return waiter.fail(error, out);
        }
        self.callers.wait(waiter);
        self.begin(Kind::SignIn, false, out);
    }

    fn consider_idle(&mut self, waiter: Waiter, out: &mut Effects) {
        let Some(held) = &self.held else {
            return waiter.fail(Error::SignedOut, out);
        };
        let doubted = held.doubted;
        let expired = held.freshness() == crate::session::Freshness::Expired;
        let refused = held.set.refused;
        let renewal = self.renewal();
        match self.standing(&waiter) {
            Some(Standing::Good) if !doubted => return self.use_token(&waiter, out),
            Some(_) => {
                let may_begin = self.obstacle().is_none() && !self.ambiguous;
                match renewal {
                    // This token was refused a moment ago: the call waits for a better one.
                    Some(kind) if doubted && may_begin => {
                        self.callers.wait(waiter);
                        return self.begin(kind, true, out);
                    }
                    // The user is not asked for a password while the token still serves.
                    Some(kind) if may_begin && self.options.background && self.is_quiet(kind) => {
                        self.use_token(&waiter, out);
                        return self.begin(kind, false, out);
                    }
                    _ => return self.use_token(&waiter, out),
                }
            }
            None => {}
        }
        let still_serves = !expired && waiter.after.is_none();
        if still_serves && self.ambiguous {
            return self.use_token(&waiter, out);
        }
        let Some(kind) = renewal else {
            if refused && waiter.has_response {
                waiter.fail(Error::SignedOut, out);
                return self.end(EndReason::RefreshRejected, Error::SignedOut, out);
            }
            if expired {
                let reason = self.reason_to_end();
                self.callers.wait(waiter);
                return self.end(reason, Error::SignedOut, out);
            }
            return self.use_or_fail(
                &waiter,
                still_serves,
                Error::RefreshUnavailable { status: None, retry_after_ms: None },
                out,
            );
        };
        if let Some(error) = self.obstacle() {
            return self.use_or_fail(&waiter, still_serves, error, out);
        }
        let forced = waiter.after.is_some();
        self.callers.wait(waiter);
        self.begin(kind, forced, out);
    }

    fn use_or_fail(&mut self, waiter: &Waiter, still_serves: bool, error: Error, out: &mut Effects) {
        if still_serves {
            self.use_token(waiter, out);
        } else {
            waiter.fail(error, out);
        }
    }

    /// Whether tokens can be obtained this way without asking anybody.
    fn is_quiet(&self, kind: Kind) -> bool {
        kind == Kind::Refresh || !self.grant.needs_credentials()
    }

    /// How the tokens in hand can be replaced without anybody's doing.
    fn renewal(&self) -> Option<Kind> {
        let held = self.held.as_ref()?;
        if held.set.refresh.is_some() && self.grant.can_refresh() {
            Some(Kind::Refresh)
        } else if self.grant.is_unattended() && !self.needs_login && !self.grant.signs_in_once() {
            Some(Kind::SignIn)
        } else {
            None
        }
    }

    /// What forbids a token request now: a pause after a failure, or too many of late.
    fn obstacle(&mut self) -> Option<Error> {
        self.backoff.obstacle(self.now.mono_ms)
    }

    pub(super) fn use_token(&self, waiter: &Waiter, out: &mut Effects) {
        match &self.held {
            Some(held) => out.push(Effect::Use {
                id: waiter.id,
                token_id: self.token_id,
                token: held.set.access.clone(),
                watch: held.suspect || !self.rejections.is_empty(),
            }),
            None => waiter.fail(Error::SignedOut, out),
        }
    }

    fn begin(&mut self, kind: Kind, forced: bool, out: &mut Effects) {
        self.start_acquisition(Acquisition::new(kind, forced, self.now), out);
    }

    /// What to do when nothing is under way any more.
    pub(super) fn settle(&mut self, out: &mut Effects) {
        if self.closing {
            return self.closed(out);
        }
        // The next holder of the lock takes an intent that was written under it for abandoned, and sends the old refresh
        // token again. Tokens that could not be saved get one more chance first.
        let keeps = self.keeps_lock && self.volatile;
        if let Some(op) = self.lock.take_if(|_| !keeps) {
            out.push(Effect::Unlock { op });
        }
        self.finish_sign_out(out);
        if std::mem::take(&mut self.outdated) {
            return self.load(out);
        }
        if let Some((id, credentials)) = self.callers.next_login() {
            self.begin_login(id, credentials, out);
        }
        for waiter in self.callers.take_waiters() {
            self.consider(waiter, out);
        }
    }

    fn begin_login(&mut self, id: CallId, credentials: Option<Credentials>, out: &mut Effects) {
        self.start_acquisition(Acquisition::explicit(id, credentials, self.now), out);
    }

    pub(super) fn load(&mut self, out: &mut Effects) {
        let op = self.enter(|op| Phase::Loading { op });
        out.push(Effect::Load { op });
    }

    fn loaded(&mut self, result: Result<Option<Stored>, StoreFailed>, out: &mut Effects) {
        let Ok(stored) = result else {
            // Tokens in memory go on. Without any, nothing is known yet.
            if self.held.is_some() {
                return self.finish(out);
            }
            let has_logins = self.callers.has_logins();
            self.phase = if has_logins { Phase::SignedOut } else { Phase::Unloaded };
            self.callers.fail_waiters(&Error::StoreUnavailable, out);
            if has_logins {
                self.settle(out);
            }
            return;
        };
        let had = self.held.is_some();
        let was_stored = self.is_stored();
        match self.take_up(stored) {
            Adoption::Empty | Adoption::SigningIn if was_stored => {
                return self.ended_elsewhere(EndReason::LogoutElsewhere, out);
            }
            Adoption::Ended(reason) if had => return self.ended_elsewhere(reason, out),
            Adoption::Buried => {
                // If clearing fails as well, another look would show the same.
                self.callers.have_looked();
                return self.clear(out);
            }
            Adoption::Ended(reason) => {
                self.end = reason;
                self.needs_login = true;
                self.rest();
            }
            Adoption::Corrupt if !had => {
                self.end = EndReason::StoreCorrupt;
                let code = Some(Error::StoreUnavailable.code());
                out.push(Effect::Tell(Notice::Ended { reason: self.end, code }));
                self.rest();
            }
            Adoption::Newer => {
                if had {
                    self.tell_refreshed(0, true, out);
                }
                self.rest();
            }
            _ => self.rest(),
        }
        self.callers.have_looked();
        self.settle(out);
    }

    /// A 401 for a request of this sign-in, about its token.
    fn refused_by_resource(
        &mut self,
        id: CallId,
        generation: u64,
        origin: String,
        replayable: bool,
        second: bool,
        out: &mut Effects,
    ) {
        let deliver = Effect::Deliver { id };
        let replayable = replayable && !second;
        let waiter = Waiter {
            id,
            min_validity_ms: 0,
            once: false,
            after: Some(generation),
            epoch: Some(self.token_id.epoch),
            has_response: true,
            looked: true,
        };
        if generation < self.token_id.generation {
            // A late 401: the token it is about has been replaced already, so nothing is refreshed for it.
            if replayable {
                self.consider(waiter, out);
            } else {
                out.push(deliver);
            }
            return;
        }
        let marked = self.rejections.contains(&origin, self.now.mono_ms);
        let on_arrival = self.held.as_ref().is_some_and(Held::has_just_arrived);
        if marked || on_arrival || second {
            if !marked {
                self.rejections.add(origin, self.now.mono_ms);
            }
            out.push(deliver);
            return out.push(Effect::Tell(Notice::Warning(Warning::RejectedOnArrival)));
        }
        if let Some(held) = &mut self.held {
            held.doubted = true;
        }
        if replayable {
            if let Some(acquisition) = self.phase.acquisition_mut() {
                acquisition.forced = true;
            }
            return self.consider(waiter, out);
        }
        // This response is final, but the next call should not meet the same.
        out.push(deliver);
        let may_begin =
            matches!(self.phase, Phase::Idle) && self.options.background && self.obstacle().is_none();
        if let Some(kind) = self.renewal().filter(|kind| may_begin && self.is_quiet(*kind)) {
            self.begin(kind, true, out);
        }
    }

    fn accepted_by_resource(&mut self, origin: &str) {
        self.rejections.accept(origin);
        if let Some(held) = &mut self.held {
            held.suspect = false;
        }
    }

    /// Whether a new token could change the answer (RFC 6750 §3.1). A 401 whose challenge cannot be read, as across
    /// origins, counts as `invalid_token`.
    fn is_about_the_token(
        &self,
        origin: &str,
        path: &str,
        status: u16,
        challenges: Option<&str>,
        out: &mut Effects,
    ) -> bool {
        let Some(challenges) = challenges.filter(|_| matches!(status, 401 | 403)) else {
            return status == 401;
        };
        let challenges = parse_challenges(challenges);
        let Some(bearer) = challenges.iter().find(|challenge| challenge.is_bearer()) else {
            return challenges.is_empty() && status == 401;
        };
        let error = bearer.param("error").and_then(known_error);
        match error {
            Some("insufficient_scope" | "insufficient_user_authentication") => {
                out.push(Effect::Tell(Notice::Challenge {
                    url: format!("{origin}{path}"),
                    status,
                    scheme: bearer.scheme.clone(),
                    error,
                    scope: bearer.param("scope").map(str::to_owned),
                }));
                false
            }
            Some("invalid_request") => false,
            _ => status == 401,
        }
    }

    /// Callers are told at once. A request that may use up a refresh token goes on until the tokens that come for it are
    /// saved. Writes under way are finished, so that no intent stays behind.
    pub(super) fn close(&mut self, out: &mut Effects) {
        self.closing = true;
        self.callers.fail_waiters(&Error::SessionClosed, out);
        self.callers.fail_logins(&Error::SessionClosed, out);
        if let Some(acquisition) = self.phase.acquisition_mut() {
            acquisition.fail_logins(&Error::SessionClosed, out);
        }
        if let Some(sign_out) = &mut self.sign_out {
            sign_out.tell(false, false, out);
        }
        let is_sign_in = self.phase.acquisition().is_some_and(|acquisition| acquisition.kind == Kind::SignIn);
        match &self.phase {
            Phase::Acquiring { op, step: Step::Granting { .. }, .. }
                if is_sign_in && !self.grant.uses_up() =>
            {
                out.push(Effect::Abort { op: *op });
                self.give_up(Error::SessionClosed, 0, out);
            }
            Phase::Acquiring {
                step:
                    Step::Granting { .. }
                    | Step::Intending
                    | Step::Committing(_)
                    | Step::Resolving(_)
                    | Step::Verifying { .. },
                ..
            }
            | Phase::Retracting { .. }
            | Phase::Persisting { .. }
            | Phase::SigningOut { .. } => {}
            Phase::Idle if self.volatile => self.persist(out),
            _ => self.closed(out),
        }
    }

    fn closed(&mut self, out: &mut Effects) {
        if let Some(op) = self.lock.take() {
            out.push(Effect::Unlock { op });
        }
        self.sign_out = None;
        self.held = None;
        self.phase = Phase::Closed;
    }

    fn handle_closed(&mut self, event: Event, out: &mut Effects) {
        match event {
            Event::Need { id, .. } | Event::Login { id, .. } | Event::Logout { id, .. } => {
                out.push(Effect::Fail { id, error: Error::SessionClosed });
            }
            Event::Answered { id, status: 401, .. } => out.push(Effect::Deliver { id }),
            Event::Locked { op, held: true } => out.push(Effect::Unlock { op }),
            _ => {}
        }
    }

    /// A timer's worth of milliseconds.
    pub(super) fn wake(&self, op: Op, after_ms: u64, out: &mut Effects) {
        let idle = Some(op) == self.retry_save;
        out.push(Effect::Wake { op, after_ms: after_ms.min(crate::session::MAX_TIMER_MS), idle });
    }
}

/// The error codes of RFC 6750 §3.1 and RFC 9470 §3. Other words are the server's own and are not repeated.
fn known_error(code: &str) -> Option<&'static str> {
    ["insufficient_scope", "insufficient_user_authentication", "invalid_request", "invalid_token"]
        .into_iter()
        .find(|known| *known == code)
}
