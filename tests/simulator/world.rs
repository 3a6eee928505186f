//! Sessions, a store, a lock, a server and time, moved by a random schedule.

use std::collections::{HashMap, HashSet};

use tokenward::Secret;
use tokenward::session::{
    Answer, CallId, Credentials, Effect, EndReason, Event, Fields, Freshness, Grant, JsonLogin, Loss, Notice,
    Now, Op, Options, Session, Snapshot, StoreFailed, Stored,
};

use crate::server::Server;

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
    /// Hours pass only while nothing is under way.
    pub(crate) patient: bool,
    pub(crate) weather: Weather,
}

impl Plan {
    /// Instances whose clocks disagree disagree about the age of each other's tokens.
    const fn clocks_agree(&self) -> bool {
        self.patient
    }
}

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 16) as usize % limit.max(1)
    }

    pub(crate) fn chance(&mut self, thousandths: u64) -> bool {
        (self.next() >> 16) % 1000 < thousandths
    }
}

/// Something that was asked for. It happens in two moments: when it is done, and when the session hears of it.
enum Job {
    Load(Op),
    Save(Op, String, Option<String>),
    Clear(Op, Option<String>),
    Send(Op, String, String),
    /// At which moment of the world.
    Wake(Op, u64),
    Lock(Op),
    Ask(Op),
    /// Done; the session has not heard.
    Answer(Event),
}

struct Call {
    uses: u32,
    given: Option<(u64, u64, String)>,
}

struct Instance {
    session: Session,
    wall_offset: i64,
    mono_offset: u64,
    frozen_until: u64,
    jobs: Vec<Job>,
    calls: HashMap<CallId, Call>,
    logins: HashSet<CallId>,
    logouts: HashSet<CallId>,
    /// Generations given out, by epoch.
    released: HashMap<u64, u64>,
    /// Sign-ins that were ended here.
    buried: HashSet<u64>,
    last_epoch: u64,
    last_use: Option<(u64, u64)>,
    /// Token requests that are not for an explicit sign-in, in the instance's own time.
    sent: Vec<u64>,
    outstanding: HashSet<Op>,
    explicit: usize,
}

pub(crate) struct World {
    plan: Plan,
    random: Random,
    time: u64,
    server: Server,
    record: Option<(String, u64)>,
    versions: u64,
    saved: HashSet<String>,
    lock: Option<(usize, u64, Op)>,
    instances: Vec<Instance>,
    lives: u64,
    next_call: CallId,
    logouts: u64,
    pub(crate) trace: Vec<String>,
    pub(crate) sends: u64,
    pub(crate) ends: u64,
}

const START: u64 = 1_800_000_000_000;

impl World {
    pub(crate) fn new(plan: Plan) -> Self {
        let mut world = Self {
            plan,
            random: Random::new(plan.seed),
            time: START,
            server: Server::new(plan.rotates, plan.reuse_window_ms, plan.lifetime_s),
            record: None,
            versions: 0,
            saved: HashSet::new(),
            lock: None,
            instances: Vec::new(),
            lives: 0,
            next_call: 0,
            logouts: 0,
            trace: Vec::new(),
            sends: 0,
            ends: 0,
        };
        for _ in 0..plan.instances {
            let instance = world.instance();
            world.instances.push(instance);
        }
        world
    }

    fn instance(&mut self) -> Instance {
        self.lives += 1;
        let grant = Grant::JsonLogin(JsonLogin {
            token_url: "https://as.test/token".to_owned(),
            refresh_url: None,
            revoke_url: Some("https://as.test/logout".to_owned()),
            asks: self.plan.asks,
            fields: Fields::default(),
        });
        let options = Options { has_lock: self.plan.lock, store_is_shared: true, ..Options::default() };
        Instance {
            session: Session::new(grant, options, self.plan.seed ^ self.lives << 32),
            wall_offset: 0,
            mono_offset: self.random.next() % 1_000_000,
            frozen_until: 0,
            jobs: Vec::new(),
            calls: HashMap::new(),
            logins: HashSet::new(),
            logouts: HashSet::new(),
            released: HashMap::new(),
            buried: HashSet::new(),
            last_epoch: 0,
            last_use: None,
            sent: Vec::new(),
            outstanding: HashSet::new(),
            explicit: 0,
        }
    }

    fn now(&self, at: usize) -> Now {
        let instance = &self.instances[at];
        Now {
            wall_ms: self.time.saturating_add_signed(instance.wall_offset),
            mono_ms: self.time - START + instance.mono_offset,
        }
    }

    fn note(&mut self, line: String) {
        self.trace.push(format!("{:>9} {line}", self.time - START));
    }

    /// Runs the schedule, then lets everything settle in fair weather and checks what must hold then.
    pub(crate) fn run(&mut self) -> Result<(), String> {
        self.login(0)?;
        for _ in 0..self.plan.steps {
            self.act()?;
        }
        self.plan.weather = Weather::default();
        self.settle()
    }

    fn act(&mut self) -> Result<(), String> {
        let weather = self.plan.weather;
        let at = self.random.below(self.instances.len());
        let busy = self.plan.patient && self.instances.iter().any(|instance| !instance.jobs.is_empty());
        self.time += match self.random.below(10) {
            0..6 => self.random.next() % 20,
            _ if busy => self.random.next() % 100,
            6..9 => self.random.next() % 2_000,
            _ => self.random.next() % (self.plan.lifetime_s * 700),
        };
        if self.random.chance(weather.kills) {
            self.kill(at);
            return Ok(());
        }
        if self.random.chance(weather.freezes) {
            self.instances[at].frozen_until = self.time + self.random.next() % 30_000;
            self.note(format!("#{at} freezes"));
        }
        if self.random.chance(weather.clock_jumps) {
            self.instances[at].wall_offset += (self.random.next() % 400_000) as i64 - 200_000;
            self.note(format!("#{at} clock is set"));
        }
        if self.random.chance(weather.logouts) {
            return self.logout(at);
        }
        if self.instances[at].frozen_until > self.time {
            return Ok(());
        }
        match self.random.below(10) {
            0..2 => self.need(at),
            2 if self.random.chance(100) => self.login(at),
            3 => self.answer_call(at),
            4 if self.random.chance(200) => self.step(at, Event::Online),
            _ => self.work(at),
        }
    }

    /// Does one thing that was asked for, or tells one thing that was done.
    fn work(&mut self, at: usize) -> Result<(), String> {
        let count = self.instances[at].jobs.len();
        if count == 0 {
            return Ok(());
        }
        let which = self.random.below(count);
        let job = self.instances[at].jobs.swap_remove(which);
        match self.perform(at, job) {
            Ok(event) => self.step(at, event),
            Err(Some(job)) => {
                self.instances[at].jobs.push(job);
                Ok(())
            }
            Err(None) => Ok(()),
        }
    }

    /// The event that tells of it, or a job that is still to be told or done.
    fn perform(&mut self, at: usize, job: Job) -> Result<Event, Option<Job>> {
        let fails = self.random.chance(self.plan.weather.store_failures);
        let version = self.record.as_ref().map(|(_, version)| version.to_string());
        let answer = match job {
            Job::Answer(event) => return Ok(event),
            Job::Load(op) => {
                let stored = self.record.as_ref().map(|(record, version)| Stored {
                    record: Secret::new(record.clone()),
                    version: version.to_string(),
                });
                Event::Loaded { op, result: if fails { Err(StoreFailed) } else { Ok(stored) } }
            }
            Job::Save(op, record, expect) => {
                let result = if fails {
                    Err(StoreFailed)
                } else if version == expect {
                    self.versions += 1;
                    self.saved.insert(record.clone());
                    self.record = Some((record, self.versions));
                    self.announce(at);
                    Ok(Some(self.versions.to_string()))
                } else {
                    Ok(None)
                };
                Event::Saved { op, result }
            }
            Job::Clear(op, expect) => {
                let result = if fails {
                    Err(StoreFailed)
                } else if version == expect {
                    self.record = None;
                    self.announce(at);
                    Ok(true)
                } else {
                    Ok(false)
                };
                Event::Cleared { op, result }
            }
            Job::Send(op, url, body) => self.serve(op, &url, &body),
            Job::Wake(op, when) => {
                if when > self.time {
                    return Err(Some(Job::Wake(op, when)));
                }
                return Ok(Event::Woken { op });
            }
            Job::Lock(op) => {
                let life = self.instances[at].mono_offset;
                if self.lock.is_some() && !self.random.chance(self.plan.weather.lock_losses) {
                    if self.random.chance(20) {
                        return Ok(Event::Locked { op, held: false });
                    }
                    return Err(Some(Job::Lock(op)));
                }
                self.lock = Some((at, life, op));
                Event::Locked { op, held: true }
            }
            Job::Ask(op) => {
                let secret = |text: &str| Secret::new(text.to_owned());
                let credentials =
                    Credentials::Password { username: secret("ada"), password: secret("SECRET-password") };
                Event::Given { op, credentials: Some(credentials) }
            }
        };
        Err(Some(Job::Answer(answer)))
    }

    fn serve(&mut self, op: Op, url: &str, body: &str) -> Event {
        let weather = self.plan.weather;
        let received = |status, body: &str, retry_after: Option<&str>| Event::Received {
            op,
            answer: Answer {
                status,
                content_type: if body.is_empty() { "text/html" } else { "application/json" }.to_owned(),
                retry_after: retry_after.map(str::to_owned),
                body: Secret::new(body.to_owned()),
            },
        };
        if self.random.chance(weather.outages) {
            return match self.random.below(6) {
                0 => received(503, "", None),
                1 => received(429, "", Some("2")),
                2 => received(500, "", None),
                3 => received(403, "", None),
                4 => received(400, r#"{"error":"invalid_client"}"#, None),
                _ => Event::Lost { op, loss: Loss::Network },
            };
        }
        let answer = if url.ends_with("/logout") {
            self.server.revoke(body);
            received(200, "{}", None)
        } else {
            match self.server.token(body, self.time) {
                Some(tokens) => received(200, &tokens, None),
                None => received(400, r#"{"error":"invalid_grant"}"#, None),
            }
        };
        if self.random.chance(weather.lost_answers) {
            let loss = if self.random.chance(500) { Loss::Network } else { Loss::Timeout };
            return Event::Lost { op, loss };
        }
        answer
    }

    /// The store changed: the others hear of it, now or later or never.
    fn announce(&mut self, by: usize) {
        for at in 0..self.instances.len() {
            if at != by && !self.random.chance(self.plan.weather.lost_notices) {
                self.instances[at].jobs.push(Job::Answer(Event::Changed));
            }
        }
    }

    fn kill(&mut self, at: usize) {
        self.note(format!("#{at} is killed"));
        let mut fresh = self.instance();
        fresh.wall_offset = self.instances[at].wall_offset;
        let dead = std::mem::replace(&mut self.instances[at], fresh);
        if self.lock.is_some_and(|(_, life, _)| life == dead.mono_offset) {
            self.lock = None;
        }
        // What was sent is sent: the server may still serve it, and a write may still land.
        for job in dead.jobs {
            if !matches!(job, Job::Answer(_)) && self.random.chance(500) {
                let _ = self.perform(at, job);
            }
        }
    }

    fn call(&mut self) -> CallId {
        self.next_call += 1;
        self.next_call
    }

    fn need(&mut self, at: usize) -> Result<(), String> {
        let id = self.call();
        let now = self.now(at);
        let at_once = self.instances[at]
            .last_use
            .filter(|given| self.instances[at].session.still_serves(now, *given, 0, false));
        self.instances[at].calls.insert(id, Call { uses: 0, given: None });
        let once = self.random.chance(100);
        let force = self.random.chance(20);
        let min_validity_ms = if self.random.chance(100) { self.plan.lifetime_s * 300 } else { 0 };
        self.step(at, Event::Need { id, min_validity_ms, once, force })?;
        if let Some(given) = at_once.filter(|_| !once && !force && min_validity_ms == 0) {
            let call = self.instances[at].calls.get(&id).ok_or("I13: the call is gone")?;
            if call.given.as_ref().map(|(epoch, generation, _)| (*epoch, *generation)) != Some(given) {
                return Err("I13: a fresh token was not given in the same step".to_owned());
            }
        }
        Ok(())
    }

    fn login(&mut self, at: usize) -> Result<(), String> {
        let id = self.call();
        self.instances[at].logins.insert(id);
        self.instances[at].explicit += 1;
        let secret = |text: &str| Secret::new(text.to_owned());
        let credentials =
            Some(Credentials::Password { username: secret("ada"), password: secret("SECRET-password") });
        self.step(at, Event::Login { id, credentials })
    }

    fn logout(&mut self, at: usize) -> Result<(), String> {
        let id = self.call();
        self.logouts += 1;
        self.instances[at].logouts.insert(id);
        let released: Vec<u64> = self.instances[at].released.keys().copied().collect();
        self.instances[at].buried.extend(released);
        self.step(at, Event::Logout { id, compromised: self.next_call.is_multiple_of(2) })
    }

    /// One call in hand gets its response from a resource server.
    fn answer_call(&mut self, at: usize) -> Result<(), String> {
        let Some((id, epoch, generation, token)) = self.instances[at].calls.iter().find_map(|(id, call)| {
            call.given.clone().map(|(epoch, generation, token)| (*id, epoch, generation, token))
        }) else {
            return Ok(());
        };
        let refuses = !self.server.accepts(&token) || self.random.chance(50);
        let call = self.instances[at].calls.get_mut(&id).ok_or("the call is gone")?;
        let second = call.uses > 1;
        call.given = None;
        if !refuses {
            self.instances[at].calls.remove(&id);
        }
        let status = if refuses { 401 } else { 200 };
        let current = self.instances[at].last_use;
        let sends = self.sends;
        self.step(
            at,
            Event::Answered {
                id,
                epoch,
                generation,
                origin: "https://api.test".to_owned(),
                path: "/".to_owned(),
                status,
                challenges: None,
                replayable: true,
                second,
            },
        )?;
        if refuses
            && current.is_some_and(|(now, newest)| now == epoch && newest > generation)
            && self.sends > sends
        {
            return Err("I9: a late 401 caused a token request".to_owned());
        }
        Ok(())
    }

    fn step(&mut self, at: usize, event: Event) -> Result<(), String> {
        let now = self.now(at);
        let line = format!("#{at} {event:?}");
        if line.contains("SECRET") {
            return Err(format!("I18: an event shows a secret: {line}"));
        }
        self.note(line);
        let was_active = matches!(self.instances[at].session.snapshot(now), Snapshot::Active { .. });
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
        if let Event::Logout { .. } = event {
            // What was under way is nobody's any more.
            self.instances[at].outstanding.clear();
        }
        let mut effects = Vec::new();
        self.instances[at].session.step(now, event, &mut effects);
        let shown = format!("{effects:?}");
        if shown.contains("SECRET") || format!("{:?}", self.instances[at].session).contains("SECRET") {
            return Err(format!("I18: an effect shows a secret: {shown}"));
        }
        for effect in effects {
            self.note(format!("#{at}   {effect:?}"));
            if transient && matches!(effect, Effect::Clear { .. }) && was_active {
                return Err("I11: an outage cleared the store".to_owned());
            }
            self.take(at, effect)?;
        }
        let is_active = matches!(self.instances[at].session.snapshot(now), Snapshot::Active { .. });
        if transient && was_active && !is_active {
            return Err("I11: an outage signed out".to_owned());
        }
        Ok(())
    }

    fn take(&mut self, at: usize, effect: Effect) -> Result<(), String> {
        let now = self.now(at);
        let time = self.time;
        let instance = &mut self.instances[at];
        match effect {
            Effect::Load { op } => instance.jobs.push(Job::Load(op)),
            Effect::Save { op, record, expect } => {
                instance.jobs.push(Job::Save(op, record.reveal().clone(), expect))
            }
            Effect::Clear { op, expect } => {
                if expect.is_none() {
                    return Err("I12: the store is cleared whatever it holds".to_owned());
                }
                instance.jobs.push(Job::Clear(op, expect));
            }
            Effect::Lock { op, .. } => instance.jobs.push(Job::Lock(op)),
            Effect::Unlock { op } => {
                self.lock = self.lock.filter(|&(_, life, held)| life != instance.mono_offset || held != op);
            }
            Effect::Ask { op } => instance.jobs.push(Job::Ask(op)),
            Effect::Wake { op, after_ms } => {
                if after_ms > 0x7fff_ffff {
                    return Err("I16: a timer overflows".to_owned());
                }
                instance.jobs.push(Job::Wake(op, time + after_ms));
            }
            Effect::Send { op, request, .. } => {
                if request.url.ends_with("/token") {
                    self.sends += 1;
                    if !instance.outstanding.is_empty() {
                        return Err("I1: two token requests at once".to_owned());
                    }
                    instance.outstanding.insert(op);
                    if request.body.reveal().contains("refresh_token") {
                        instance.sent.push(now.mono_ms);
                        let recent =
                            instance.sent.iter().filter(|sent| **sent + 30_000 > now.mono_ms).count();
                        if recent > 5 {
                            return Err("I15: too many refreshes in thirty seconds".to_owned());
                        }
                    }
                }
                instance.jobs.push(Job::Send(op, request.url, request.body.reveal().clone()));
            }
            Effect::Use { id, epoch, generation, token, .. } => {
                let newest = instance.released.entry(epoch).or_default();
                if generation < *newest {
                    return Err("I3: an older generation was given out".to_owned());
                }
                *newest = generation;
                if instance.buried.contains(&epoch) {
                    return Err("I6: a token of a sign-in that was ended here".to_owned());
                }
                let volatile =
                    matches!(instance.session.snapshot(now), Snapshot::Active { volatile: true, .. });
                let quoted = format!("\"{}\"", token.reveal());
                if !volatile && !self.saved.iter().any(|record| record.contains(&quoted)) {
                    return Err("I4: a token was given out before it was saved".to_owned());
                }
                instance.last_epoch = epoch;
                instance.last_use = Some((epoch, generation));
                if let Some(call) = instance.calls.get_mut(&id) {
                    call.uses += 1;
                    if call.uses > 2 {
                        return Err("I8: one call was sent more than twice".to_owned());
                    }
                    call.given = Some((epoch, generation, token.reveal().clone()));
                }
            }
            Effect::Fail { id, .. } | Effect::Deliver { id } => {
                instance.calls.remove(&id);
                instance.logins.remove(&id);
            }
            Effect::SignedIn { id } => {
                instance.logins.remove(&id);
            }
            Effect::SignedOut { id, .. } => {
                instance.logouts.remove(&id);
            }
            Effect::Tell(Notice::Ended { reason, .. }) => self.ended(reason)?,
            _ => {}
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

    /// Fair weather and fair turns until nothing is left to do.
    fn settle(&mut self) -> Result<(), String> {
        for instance in &mut self.instances {
            instance.frozen_until = 0;
        }
        for _ in 0..3 {
            for at in 0..self.instances.len() {
                self.instances[at].jobs.push(Job::Answer(Event::Changed));
            }
            self.drain()?;
            self.time += 31_000;
            for at in 0..self.instances.len() {
                self.step(at, Event::Online)?;
                self.need(at)?;
                self.drain()?;
            }
        }
        self.drain()?;
        for (at, instance) in self.instances.iter().enumerate() {
            let open = instance.calls.values().filter(|call| call.given.is_none()).count();
            if open + instance.logins.len() + instance.logouts.len() > 0 {
                return Err(format!("I20: #{at} never answered somebody"));
            }
        }
        // With an honest server, whoever is signed in holds what stands in the store.
        let mut seen = HashSet::new();
        for at in 0..self.instances.len() {
            let now = self.now(at);
            match self.instances[at].session.snapshot(now) {
                Snapshot::Active { generation, freshness, .. } => {
                    if freshness == Freshness::Expired
                        && self.plan.lifetime_s >= 60
                        && self.plan.clocks_agree()
                    {
                        return Err(format!("I21: #{at} is left with an expired token"));
                    }
                    seen.insert(Some((self.instances[at].last_epoch, generation)));
                }
                _ => {
                    seen.insert(None);
                }
            }
        }
        if seen.len() > 1 {
            return Err(format!("I21: the instances disagree: {seen:?}"));
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<(), String> {
        for _ in 0..20_000 {
            let busy: Vec<usize> =
                (0..self.instances.len()).filter(|at| !self.instances[*at].jobs.is_empty()).collect();
            if busy.is_empty() {
                return Ok(());
            }
            let at = busy[self.random.below(busy.len())];
            let waits = self.instances[at].jobs.iter().all(|job| matches!(job, Job::Wake(..) | Job::Lock(_)));
            self.time += if waits { 50 } else { 1 };
            self.work(at)?;
        }
        Err("I20: it never comes to rest".to_owned())
    }

    pub(crate) fn thefts(&self) -> u64 {
        self.server.thefts
    }
}
