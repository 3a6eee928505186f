//! What must hold, whatever the schedule. The numbers are those of the specification: I17 (clocks that are set) is
//! a matter of the other tests of the session, everything else is here.

use std::collections::HashSet;

use tokenward::Error;
use tokenward::session::{CallId, Effect, EndReason, Event, Freshness, Notice, Op, Snapshot, TokenId};

use super::plan::Chooser;
use super::world::{Call, Item, Job, World, epoch_of};

impl World {
    pub(crate) fn need(
        &mut self,
        at: usize,
        id: CallId,
        once: bool,
        force: bool,
        min_validity_ms: u64,
    ) -> Result<(), String> {
        let now = self.now(at);
        let at_once = self.instances[at].last_use.filter(|given| {
            self.instances[at].session.still_serves(
                now,
                TokenId { epoch: given.0, generation: given.1 },
                min_validity_ms,
                once,
            )
        });
        let call = Call { uses: 0, epoch: None, once, force, given: None };
        self.instances[at].calls.insert(id, call);
        self.step(at, Event::Need { id, min_validity_ms, once, force })?;
        if let Some(given) = at_once.filter(|_| !force) {
            let call = self.instances[at].calls.get(&id).ok_or("I13: the call is gone")?;
            if call.given.as_ref().map(|(epoch, generation, _)| (*epoch, *generation)) != Some(given) {
                return Err("I13: a fresh token was not given in the same step".to_owned());
            }
        }
        Ok(())
    }

    pub(crate) fn logout(&mut self, at: usize, compromised: bool) -> Result<(), String> {
        let id = self.call();
        self.logouts += 1;
        let family = self.family(at);
        // It ends what is in the store, and what this instance and its forks have tried to save.
        let mut ends = self.epochs.clone();
        let mut released = HashSet::new();
        for each in 0..self.instances.len() {
            if self.family(each) == family {
                ends.extend(&self.instances[each].known);
                released.extend(self.instances[each].released.keys().copied());
            }
        }
        for each in 0..self.instances.len() {
            if self.family(each) == family {
                self.instances[each].buried.extend(&released);
            }
        }
        let instance = &mut self.instances[at];
        instance.logouts.insert(id);
        instance.ending.insert(id, ends);
        instance.era += 1;
        // What was under way is nobody's any more.
        instance.outstanding.clear();
        self.step(at, Event::Logout { id, compromised })?;
        if !self.instances[at].logins.is_empty() {
            return Err("I6: who asked to sign in before the sign-out still may".to_owned());
        }
        let now = self.now(at);
        for each in [at, family] {
            if matches!(self.instances[each].session.snapshot(now), Snapshot::Active { .. }) {
                return Err("I5: the tokens outlive the sign-out that they were told of".to_owned());
            }
        }
        Ok(())
    }

    pub(crate) fn close(&mut self, at: usize) -> Result<(), String> {
        self.instances[at].closed = true;
        self.step(at, Event::Close)
    }

    /// A sign-out is complete: from now on no instance begins to use the sign-ins that it ended. Another instance that has
    /// one in hand may use it until it reads the store.
    fn signed_out(&mut self, at: usize, id: CallId, stored: bool) {
        self.instances[at].logouts.remove(&id);
        let Some(ends) = self.instances[at].ending.remove(&id).filter(|_| stored) else {
            return;
        };
        self.endings += 1;
        let family = self.family(at);
        for epoch in ends {
            self.ended.insert(epoch, self.endings);
            for each in 0..self.instances.len() {
                let is_other = self.family(each) != family;
                let instance = &mut self.instances[each];
                if is_other && instance.known.contains(&epoch) {
                    instance.in_hand.insert(epoch, self.endings);
                }
            }
        }
    }

    /// A resource server answers a call that carries a token.
    pub(crate) fn answer(&mut self, at: usize, id: CallId, status: u16) -> Result<(), String> {
        let call = self.instances[at].calls.get_mut(&id).ok_or("the call is gone")?;
        let (epoch, generation, token) = call.given.take().ok_or("the call has no token")?;
        let (second, replayable) = (call.uses > 1, !call.once);
        if status != 401 {
            self.instances[at].calls.remove(&id);
            self.results.push(format!("= {} {status}", id.0));
        }
        let current = self.instances[at].last_use;
        let sends = self.sends;
        let origin = "https://api.test".to_owned();
        self.step(
            at,
            Event::Answered {
                id,
                token_id: TokenId { epoch, generation },
                origin,
                path: "/".to_owned(),
                status,
                challenges: None,
                replayable,
                second,
            },
        )?;
        if status != 401 || self.sends == sends {
            return Ok(());
        }
        if current.is_some_and(|(now, newest)| now == epoch && newest > generation) {
            return Err("I9: a late 401 caused a token request".to_owned());
        }
        let age = self.born.get(&token).map(|born| self.time - born);
        if self.plan.clocks_agree() && age.is_some_and(|age| age < (self.plan.lifetime_s * 250).min(5_000)) {
            return Err("I10: a 401 on arrival caused a token request".to_owned());
        }
        Ok(())
    }

    pub(crate) fn tell(&mut self, at: usize, era: u64, event: Event) -> Result<(), String> {
        let now = self.now(at);
        let stands = |world: &Self| match world.instances[at].session.snapshot(now) {
            Snapshot::Active { generation, .. } => Some(generation),
            _ => None,
        };
        let (before, is_old) = (stands(self), era < self.instances[at].era);
        self.step(at, event)?;
        if is_old && stands(self) != before {
            return Err("I5: an answer from before a sign-out changed the tokens".to_owned());
        }
        Ok(())
    }

    pub(crate) fn step(&mut self, at: usize, event: Event) -> Result<(), String> {
        let now = self.now(at);
        if format!("{event:?}").contains("SECRET") {
            return Err(format!("I18: an event shows a secret: {event:?}"));
        }
        let before = self.instances[at].session.snapshot(now);
        let was_active = matches!(before, Snapshot::Active { .. });
        let transient = match &event {
            Event::Received { op, answer } => {
                self.instances[at].outstanding.remove(op);
                answer.status != 200 && !answer.body.reveal().contains("invalid_grant")
            }
            Event::Lost { op, .. } => {
                self.instances[at].outstanding.remove(op);
                true
            }
            _ => false,
        };
        let mut effects = Vec::new();
        match self.instances[at].whole {
            None => self.instances[at].session.step(now, event, &mut effects),
            Some(whole) => {
                let [whole, fork] =
                    self.instances.get_disjoint_mut([whole, at]).map_err(|e| e.to_string())?;
                whole.session.step_fork(&mut fork.session, now, event, &mut effects);
            }
        }
        // What is shown does not depend on the order of things: where all orders are gone through, once is enough.
        if matches!(self.chooser, Chooser::Random(_)) {
            let shown = format!("{effects:?}{:?}", self.instances[at].session);
            if shown.contains("SECRET") {
                return Err(format!("I18: an effect or the session shows a secret: {shown}"));
            }
        }
        let after = self.instances[at].session.snapshot(now);
        if let (Snapshot::Active { generation: newer, .. }, Snapshot::Active { generation: older, .. }) =
            (&after, &before)
        {
            if newer != older {
                self.instances[at].quiet_until = 0;
            }
        } else if was_active != matches!(after, Snapshot::Active { .. }) {
            self.instances[at].quiet_until = 0;
        }
        for effect in effects {
            if transient && matches!(effect, Effect::Clear { .. }) && was_active {
                return Err("I11: an outage cleared the store".to_owned());
            }
            self.take(at, effect)?;
        }
        if transient && was_active && !matches!(after, Snapshot::Active { .. }) {
            return Err("I11: an outage signed out".to_owned());
        }
        Ok(())
    }

    fn take(&mut self, at: usize, effect: Effect) -> Result<(), String> {
        let now = self.now(at);
        let time = self.time;
        let instance = &mut self.instances[at];
        let era = instance.era;
        let mut ask = |op, job| instance.items.push(Item { op, job, since: time, era, done: None, after: 0 });
        match effect {
            Effect::Load { op } => ask(op, Job::Load),
            Effect::Save { op, record, expect } => {
                let record = record.reveal().clone();
                let has = |name: &str| record.contains(&format!("\"{name}\":"));
                if has("access") && !has("refresh") && !has("refused") {
                    return Err("I19: a response without a refresh token lost the old one".to_owned());
                }
                let epoch = epoch_of(&record);
                ask(op, Job::Save(record, expect));
                instance.known.extend(epoch);
            }
            Effect::Clear { op, expect } => {
                if expect.is_none() {
                    return Err("I12: the store is cleared whatever it holds".to_owned());
                }
                ask(op, Job::Clear(expect));
            }
            Effect::Lock { op, .. } => ask(op, Job::Lock),
            Effect::Unlock { op } => {
                let life = instance.life;
                self.lock = self.lock.filter(|&(holder, held)| holder != life || held != op);
            }
            Effect::Ask { op } => ask(op, Job::Ask),
            Effect::Wake { op, after_ms, .. } => {
                if after_ms > 0x7fff_ffff {
                    return Err("I16: a timer overflows".to_owned());
                }
                ask(op, Job::Wake(time + after_ms));
            }
            Effect::Send { op, request, .. } => {
                let body = request.body.reveal().clone();
                ask(op, Job::Send(request.url.clone(), body.clone()));
                if request.url.ends_with("/token") {
                    self.sent(at, op, body.contains("refresh_token"))?;
                }
            }
            Effect::Use { id, token_id: TokenId { epoch, generation }, token, .. } => {
                self.used(at, id, epoch, generation, token.reveal())?;
            }
            Effect::Fail { id, error } => {
                let is_call = instance.calls.contains_key(&id);
                match error {
                    Error::RefreshUnavailable { retry_after_ms: Some(left), .. } if is_call => {
                        instance.quiet_until = instance.quiet_until.max(now.mono_ms + left);
                    }
                    _ => {}
                }
                instance.logins.remove(&id);
                if instance.calls.remove(&id).is_some() {
                    self.results.push(format!("= {} {}", id.0, error.code()));
                }
            }
            Effect::Deliver { id } if instance.calls.remove(&id).is_some() => {
                self.results.push(format!("= {} 401", id.0));
            }
            Effect::SignedIn { id } => {
                instance.quiet_until = 0;
                instance.logins.remove(&id);
            }
            Effect::SignedOut { id, stored, .. } => self.signed_out(at, id, stored),
            Effect::Tell(Notice::Ended { reason, .. }) => self.ended(reason)?,
            _ => {}
        }
        Ok(())
    }

    fn sent(&mut self, at: usize, op: Op, refresh: bool) -> Result<(), String> {
        let now = self.now(at).mono_ms;
        self.sends += 1;
        let instance = &mut self.instances[at];
        if !instance.outstanding.is_empty() {
            return Err("I1: two token requests at once".to_owned());
        }
        instance.outstanding.insert(op);
        if instance.logins.is_empty() && now < instance.quiet_until {
            return Err("I14: a token request in the pause after a failure".to_owned());
        }
        if refresh {
            instance.sent.push(now);
            if instance.sent.iter().filter(|sent| **sent + 30_000 > now).count() > 5 {
                return Err("I15: too many refreshes in thirty seconds".to_owned());
            }
        }
        Ok(())
    }

    fn used(
        &mut self,
        at: usize,
        id: CallId,
        epoch: u64,
        generation: u64,
        token: &str,
    ) -> Result<(), String> {
        let now = self.now(at);
        let instance = &mut self.instances[at];
        let newest = instance.released.entry(epoch).or_default();
        if generation < *newest {
            return Err("I3: an older generation was given out".to_owned());
        }
        *newest = generation;
        if instance.buried.contains(&epoch) {
            return Err("I6: a token of a sign-in that was ended here".to_owned());
        }
        if self.ended.contains_key(&epoch) && !instance.in_hand.contains_key(&epoch) {
            return Err(format!("I22: #{at} uses sign-in {epoch}, which a sign-out has ended in the store"));
        }
        if instance.closed {
            return Err("I23: a token of a session that is closed".to_owned());
        }
        let volatile = matches!(instance.session.snapshot(now), Snapshot::Active { volatile: true, .. });
        let quoted = format!("\"{token}\"");
        if !volatile && !self.saved.iter().any(|record| record.contains(&quoted)) {
            return Err("I4: a token was given out before it was saved".to_owned());
        }
        instance.last_use = Some((epoch, generation));
        if let Some(whole) = instance.whole {
            self.instances[whole].last_use = Some((epoch, generation));
        }
        let instance = &mut self.instances[at];
        let Some(call) = instance.calls.get_mut(&id) else {
            return Ok(());
        };
        call.uses += 1;
        if call.uses > 2 {
            return Err("I8: one call was sent more than twice".to_owned());
        }
        if call.epoch.is_some_and(|first| first != epoch) {
            return Err("I7: a call that began as one user went on as another".to_owned());
        }
        call.epoch = Some(epoch);
        call.given = Some((epoch, generation, token.to_owned()));
        if call.force {
            // Nobody sends it: the token itself was what the caller wanted.
            instance.calls.remove(&id);
            self.results.push(format!("= {} 200", id.0));
        }
        Ok(())
    }

    /// Nobody is signed out without a cause.
    fn ended(&mut self, reason: EndReason) -> Result<(), String> {
        self.ends += 1;
        let caused = match reason {
            EndReason::Logout | EndReason::Compromised => self.logouts > 0,
            EndReason::LogoutElsewhere => {
                self.logouts > 0 || self.server.refusals > 0 || self.plan.weather.kills > 0
            }
            EndReason::RefreshRejected | EndReason::RotationResponseLost => self.server.refusals > 0,
            _ => false,
        };
        if caused { Ok(()) } else { Err(format!("signed out without a cause: {reason:?}")) }
    }

    /// Nobody waits any more, and everybody knows the same.
    pub(crate) fn at_rest(&self) -> Result<(), String> {
        for (at, instance) in self.instances.iter().enumerate() {
            let open = instance.calls.values().filter(|call| call.given.is_none()).count();
            if open + instance.logins.len() + instance.logouts.len() > 0 {
                return Err(format!("I20: #{at} never answered somebody"));
            }
        }
        // With an honest server, whoever is signed in holds what stands in the store.
        let mut seen = HashSet::new();
        for (at, instance) in self.instances.iter().enumerate().filter(|(_, each)| each.whole.is_none()) {
            let Snapshot::Active { generation, freshness, .. } = instance.session.snapshot(self.now(at))
            else {
                seen.insert(None);
                continue;
            };
            let lasts = self.plan.lifetime_s >= 60 && self.plan.clocks_agree();
            if freshness == Freshness::Expired && lasts {
                return Err(format!("I21: #{at} is left with an expired token"));
            }
            seen.insert(Some((instance.last_use.map_or(0, |(epoch, _)| epoch), generation)));
        }
        if seen.len() > 1 { Err(format!("I21: the instances disagree: {seen:?}")) } else { Ok(()) }
    }
}
