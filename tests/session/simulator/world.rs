//! Sessions, a store, a lock, a server and time, moved by a schedule.

use std::collections::{HashMap, HashSet};

use tokenward::Secret;
use tokenward::session::{
    Answer, CallId, Credentials, Event, Fields, Grant, JsonLogin, Loss, Now, Op, Options, Session,
    StoreFailed, Stored,
};

use super::plan::{Chooser, Plan};
use super::server::Server;
use super::trace::{Action, Line, head};

/// Something that was asked for.
pub(crate) enum Job {
    Ask,
    Clear(Option<String>),
    Load,
    Lock,
    Save(String, Option<String>),
    Send(String, String),
    /// At which moment of the world.
    Wake(u64),
}

impl Job {
    /// Its name in a trace.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Clear(_) => "clear",
            Self::Load => "load",
            Self::Lock => "lock",
            Self::Save(..) => "save",
            Self::Send(..) => "send",
            Self::Wake(_) => "wake",
        }
    }
}

/// It happens in two moments: when it is done, and when the session hears of it.
pub(crate) struct Item {
    pub(crate) op: Op,
    pub(crate) job: Job,
    pub(crate) since: u64,
    /// How many sign-outs the instance had seen.
    pub(crate) era: u64,
    pub(crate) done: Option<Event>,
    /// How many sign-outs the store had seen when it was done.
    pub(crate) after: usize,
}

pub(crate) struct Call {
    pub(crate) uses: u32,
    pub(crate) epoch: Option<u64>,
    pub(crate) once: bool,
    pub(crate) force: bool,
    pub(crate) given: Option<(u64, u64, String)>,
}

pub(crate) struct Instance {
    pub(crate) session: Session,
    /// The instance that this one is a fork of.
    pub(crate) whole: Option<usize>,
    pub(crate) life: u64,
    pub(crate) closed: bool,
    /// The store changed, which the next fork is told.
    pub(crate) outdated: bool,
    pub(crate) wall_offset: i64,
    pub(crate) mono_offset: u64,
    pub(crate) frozen_until: u64,
    pub(crate) items: Vec<Item>,
    pub(crate) notices: usize,
    pub(crate) calls: HashMap<CallId, Call>,
    pub(crate) logins: HashSet<CallId>,
    pub(crate) logouts: HashSet<CallId>,
    pub(crate) era: u64,
    /// Generations given out, by epoch.
    pub(crate) released: HashMap<u64, u64>,
    /// Sign-ins that were ended here.
    pub(crate) buried: HashSet<u64>,
    /// Sign-ins that it has asked the store to save, or has read there.
    pub(crate) known: HashSet<u64>,
    /// Those of them that it may still use, though they ended elsewhere, until it reads the store again.
    pub(crate) in_hand: HashMap<u64, usize>,
    /// By sign-out under way: the sign-ins that it ends.
    pub(crate) ending: HashMap<CallId, HashSet<u64>>,
    pub(crate) last_use: Option<(u64, u64)>,
    /// Refreshes, in the instance's own time.
    pub(crate) sent: Vec<u64>,
    /// Until when it said that there is nothing to be had, in its own time.
    pub(crate) quiet_until: u64,
    pub(crate) outstanding: HashSet<Op>,
}

impl Instance {
    /// Whether nothing is under way and no call has a token in hand.
    pub(crate) fn is_idle(&self) -> bool {
        self.items.is_empty() && self.calls.is_empty() && self.logins.is_empty() && self.logouts.is_empty()
    }
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) chooser: Chooser,
    pub(crate) time: u64,
    pub(crate) server: Server,
    record: Option<(String, u64)>,
    versions: u64,
    /// Every record that was ever saved.
    pub(crate) saved: HashSet<String>,
    /// The sign-ins of all these records.
    pub(crate) epochs: HashSet<u64>,
    /// Sign-ins that a sign-out has ended in the store, and the how manieth it was.
    pub(crate) ended: HashMap<u64, usize>,
    pub(crate) endings: usize,
    /// Saves that were answered with a failure and may land yet.
    pub(crate) adrift: Vec<(usize, String, Option<String>)>,
    /// Access tokens, and when they were asked for.
    pub(crate) born: HashMap<String, u64>,
    pub(crate) lock: Option<(u64, Op)>,
    pub(crate) instances: Vec<Instance>,
    lives: u64,
    next_call: CallId,
    pub(crate) logouts: u64,
    pub(crate) lines: Vec<String>,
    pub(crate) results: Vec<String>,
    pub(crate) sends: u64,
    pub(crate) ends: u64,
}

pub(crate) const START: u64 = 1_800_000_000_000;

impl World {
    pub(crate) fn new(plan: Plan, chooser: Chooser) -> Self {
        Self {
            plan,
            chooser,
            time: START,
            server: Server::new(plan.rotates, plan.reuse_window_ms, plan.lifetime_s),
            record: None,
            versions: 0,
            saved: HashSet::new(),
            epochs: HashSet::new(),
            ended: HashMap::new(),
            endings: 0,
            adrift: Vec::new(),
            born: HashMap::new(),
            lock: None,
            instances: Vec::new(),
            lives: 0,
            next_call: CallId(0),
            logouts: 0,
            lines: Vec::new(),
            results: Vec::new(),
            sends: 0,
            ends: 0,
        }
    }

    /// The schedule so far, to be kept.
    pub(crate) fn trace(&self) -> String {
        format!("{}\n{}\n{}\n", head(&self.plan), self.lines.join("\n"), self.results.join("\n"))
    }

    fn instance(&mut self, whole: Option<usize>) -> Instance {
        self.lives += 1;
        let seed = self.plan.seed ^ self.lives << 32;
        let grant = Grant::JsonLogin(JsonLogin {
            token_url: "https://as.test/token".to_owned(),
            refresh_url: None,
            revoke_url: Some("https://as.test/logout".to_owned()),
            asks: self.plan.asks,
            fields: Fields::default(),
        });
        let options = Options { has_lock: self.plan.lock, store_is_shared: true, ..Options::default() };
        let whole_instance = whole.map(|whole| &self.instances[whole]);
        Instance {
            session: whole_instance
                .map_or_else(|| Session::new(grant, options, seed), |whole| whole.session.fork(seed)),
            whole,
            life: self.lives,
            closed: false,
            outdated: false,
            wall_offset: whole_instance.map_or(0, |whole| whole.wall_offset),
            mono_offset: whole_instance.map_or(self.lives * 1_000, |whole| whole.mono_offset),
            frozen_until: 0,
            items: Vec::new(),
            notices: 0,
            calls: HashMap::new(),
            logins: HashSet::new(),
            logouts: HashSet::new(),
            era: 0,
            released: HashMap::new(),
            buried: HashSet::new(),
            known: whole_instance.map(|whole| whole.known.clone()).unwrap_or_default(),
            in_hand: whole_instance.map(|whole| whole.in_hand.clone()).unwrap_or_default(),
            ending: HashMap::new(),
            last_use: None,
            sent: Vec::new(),
            quiet_until: 0,
            outstanding: HashSet::new(),
        }
    }

    pub(crate) fn now(&self, at: usize) -> Now {
        let instance = &self.instances[at];
        Now {
            wall_ms: self.time.saturating_add_signed(instance.wall_offset),
            mono_ms: self.time - START + instance.mono_offset,
        }
    }

    /// Goes through a trace that was kept.
    pub(crate) fn follow(&mut self, lines: &[Line]) -> Result<(), String> {
        for Line { wall_ms, mono_ms, at, action } in lines {
            let born = match action {
                Action::New => (self.lives + 1) * 1_000,
                Action::Fork { of } => self.instances[*of].mono_offset,
                _ => self.instances[*at].mono_offset,
            };
            self.time = START + mono_ms - born;
            if !matches!(action, Action::New | Action::Fork { .. }) {
                self.instances[*at].wall_offset = *wall_ms as i64 - self.time as i64;
            }
            self.apply(*at, action.clone())?;
        }
        Ok(())
    }

    /// What happens, happens here.
    pub(crate) fn apply(&mut self, at: usize, action: Action) -> Result<(), String> {
        if let Action::New | Action::Fork { .. } = action {
            let whole = if let Action::Fork { of } = action { Some(of) } else { None };
            let mut instance = self.instance(whole);
            if at < self.instances.len() {
                if whole.is_none() {
                    instance.wall_offset = self.instances[at].wall_offset;
                }
                self.instances[at] = instance;
            } else {
                self.instances.push(instance);
            }
        }
        let now = self.now(at);
        self.lines.push(format!("{} {} {at} {action}", now.wall_ms, now.mono_ms));
        match action {
            Action::New if self.plan.forks => Ok(()),
            Action::New => self.step(at, Event::Start),
            Action::Fork { of } => {
                if std::mem::take(&mut self.instances[of].outdated) {
                    return self.step(at, Event::Changed);
                }
                Ok(())
            }
            Action::Kill => {
                self.kill(at);
                Ok(())
            }
            Action::Close => self.close(at),
            Action::Land { at: which } => {
                let (by, record, expect) = self.adrift.remove(which);
                self.write(by, record, &expect);
                Ok(())
            }
            Action::Login => {
                let id = self.call();
                self.instances[at].logins.insert(id);
                self.instances[at].quiet_until = 0;
                self.step(at, Event::Login { id, credentials: Some(ada()) })
            }
            Action::Logout => self.logout(at, false),
            Action::Compromised => self.logout(at, true),
            Action::Online => {
                self.instances[at].quiet_until = 0;
                self.step(at, Event::Online)
            }
            Action::Changed => {
                self.instances[at].notices = self.instances[at].notices.saturating_sub(1);
                if self.plan.forks && self.instances[at].whole.is_none() {
                    self.instances[at].outdated = true;
                    return Ok(());
                }
                self.step(at, Event::Changed)
            }
            Action::Need { id, once, force, min_validity_ms } => {
                self.next_call = self.next_call.max(id);
                self.need(at, id, once, force, min_validity_ms)
            }
            Action::Answer { id, status } => self.answer(at, id, status),
            Action::Do { at: position, how } => self.perform(at, position, &how),
            Action::Tell { at: position } => {
                if position >= self.instances[at].items.len() {
                    return Err(format!("there is no item {position}"));
                }
                let item = self.instances[at].items.remove(position);
                let event = item.done.ok_or("it is not done")?;
                self.looked(at, &event, item.after);
                self.tell(at, item.era, event)
            }
        }
    }

    pub(crate) fn call(&mut self) -> CallId {
        self.next_call = CallId(self.next_call.0 + 1);
        self.next_call
    }

    /// Does what was asked for, in one of the ways in which it may turn out.
    fn perform(&mut self, at: usize, position: usize, how: &str) -> Result<(), String> {
        let words: Vec<&str> = how.split(' ').collect();
        let fails = words.get(1) == Some(&"fail");
        let version = self.record.as_ref().map(|(_, version)| version.to_string());
        let Some(item) = self.instances[at].items.get(position) else {
            return Err(format!("there is no item {position}"));
        };
        let (op, since) = (item.op, item.since);
        if words.first() != Some(&item.job.kind()) {
            return Err(format!("{how} is to be done, and {} was asked for", item.job.kind()));
        }
        let event = match &item.job {
            Job::Load => {
                let stored = self.record.as_ref().map(|(record, version)| Stored {
                    record: Secret::new(record.clone()),
                    version: version.to_string(),
                });
                Event::Loaded { op, result: if fails { Err(StoreFailed) } else { Ok(stored) } }
            }
            Job::Save(record, expect) => {
                let (record, expect) = (record.clone(), expect.clone());
                if words.get(1) == Some(&"late") {
                    self.adrift.push((at, record, expect));
                    Event::Saved { op, result: Err(StoreFailed) }
                } else if fails {
                    Event::Saved { op, result: Err(StoreFailed) }
                } else {
                    Event::Saved { op, result: Ok(self.write(at, record, &expect)) }
                }
            }
            Job::Clear(expect) => {
                let expected = version == *expect;
                if !fails && expected {
                    self.record = None;
                    self.announce(at);
                }
                Event::Cleared { op, result: if fails { Err(StoreFailed) } else { Ok(expected) } }
            }
            Job::Send(url, body) => {
                let (url, body) = (url.clone(), body.clone());
                self.serve(op, since, &url, &body, words.get(1).copied().unwrap_or_default())
            }
            Job::Ask => Event::Given { op, credentials: Some(ada()) },
            // These two are done when they are told.
            Job::Lock => {
                let held = words.get(1) == Some(&"held");
                if held {
                    self.lock = Some((self.instances[at].life, op));
                }
                self.instances[at].items.remove(position);
                return self.step(at, Event::Locked { op, held });
            }
            Job::Wake(_) => {
                self.instances[at].items.remove(position);
                return self.step(at, Event::Woken { op });
            }
        };
        self.instances[at].items[position].done = Some(event);
        self.instances[at].items[position].after = self.endings;
        Ok(())
    }

    /// The store takes a record, if its version is the expected one.
    fn write(&mut self, by: usize, record: String, expect: &Option<String>) -> Option<String> {
        let version = self.record.as_ref().map(|(_, version)| version.to_string());
        if version != *expect {
            return None;
        }
        self.versions += 1;
        self.saved.insert(record.clone());
        self.epochs.extend(epoch_of(&record));
        self.record = Some((record, self.versions));
        self.announce(by);
        Some(self.versions.to_string())
    }

    /// The instance reads what the store held when `after` sign-outs were complete.
    fn looked(&mut self, at: usize, event: &Event, after: usize) {
        let Event::Loaded { result: Ok(stored), .. } = event else {
            return;
        };
        let instance = &mut self.instances[at];
        instance.known.extend(stored.as_ref().and_then(|stored| epoch_of(stored.record.reveal())));
        instance.in_hand.retain(|_, ended| *ended > after);
        if let Some(whole) = instance.whole {
            let (known, in_hand) = (instance.known.clone(), instance.in_hand.clone());
            self.instances[whole].known.extend(known);
            self.instances[whole].in_hand.retain(|epoch, _| in_hand.contains_key(epoch));
        }
    }

    /// What the authorization server answers, and what of it arrives.
    fn serve(&mut self, op: Op, since: u64, url: &str, body: &str, how: &str) -> Event {
        let (status, text, retry_after) = match how {
            "503" => (503, String::new(), None),
            "429" => (429, String::new(), Some("2".to_owned())),
            "500" => (500, String::new(), None),
            "403" => (403, String::new(), None),
            "invalid_client" => (400, r#"{"error":"invalid_client"}"#.to_owned(), None),
            "network" => return Event::Lost { op, loss: Loss::Network },
            _ if url.ends_with("/logout") => {
                self.server.revoke(body);
                (200, "{}".to_owned(), None)
            }
            _ => match self.server.token(body, self.time) {
                Some((access, tokens)) => {
                    self.born.insert(access, since);
                    (200, tokens, None)
                }
                None => (400, r#"{"error":"invalid_grant"}"#.to_owned(), None),
            },
        };
        match how {
            "lost" => return Event::Lost { op, loss: Loss::Network },
            "timeout" => return Event::Lost { op, loss: Loss::Timeout },
            _ => {}
        }
        // Whoever follows the trace has no such server.
        if let Some(line) = self.lines.last_mut().filter(|line| line.ends_with(how)) {
            line.push_str(&format!(" {status} {text}"));
        }
        Event::Received {
            op,
            answer: Answer {
                status,
                content_type: if text.is_empty() { "text/html" } else { "application/json" }.to_owned(),
                retry_after,
                body: Secret::new(text),
            },
        }
    }

    /// The store changed: the others hear of it, now or later or never.
    fn announce(&mut self, by: usize) {
        let own = self.family(by);
        for at in 0..self.instances.len() {
            if self.family(at) != own
                && self.instances[at].whole.is_none()
                && !self.chooser.chance(self.plan.weather.lost_notices)
            {
                self.instances[at].notices += 1;
            }
        }
    }

    /// The instance that others see: this one, or the one that it is a fork of.
    pub(crate) fn family(&self, at: usize) -> usize {
        self.instances[at].whole.unwrap_or(at)
    }

    fn kill(&mut self, at: usize) {
        let life = self.instances[at].life;
        self.lock = self.lock.filter(|(holder, _)| *holder != life);
        let dead = &mut self.instances[at];
        dead.items.clear();
        dead.calls.clear();
        dead.logins.clear();
        dead.logouts.clear();
    }
}

/// The sign-in whose tokens a record holds.
pub(crate) fn epoch_of(record: &str) -> Option<u64> {
    let (_, rest) = record.split_once("\"epoch\":").filter(|_| record.contains("\"access\":"))?;
    rest.split(',').next()?.parse().ok()
}

fn ada() -> Credentials {
    let secret = |text: &str| Secret::new(text.to_owned());
    Credentials::Password { username: secret("ada"), password: secret("SECRET-password") }
}
