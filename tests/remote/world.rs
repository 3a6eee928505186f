//! A world of isolates, caches and one issuer, in which time is an argument: the part of a shell over the state
//! machine, and the promises that it must keep.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use tokenward::Error;
use tokenward::jwt::remote::{Action, Input, Need, Remote, RemoteOptions, Response, Source};

pub(crate) const MAX_AGE: u64 = 60_000;
pub(crate) const COOLDOWN: u64 = 5_000;
pub(crate) const TIMEOUT: u64 = 2_000;
pub(crate) const STALE: u64 = 300_000;
pub(crate) const START: u64 = 1_750_000_000_000;
/// Whether an answer counts is settled when it is used; these are the instants between.
pub(crate) const SLACK: u64 = 10;

pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A key of the issuer: in its set from `published` until `removed`.
pub(crate) struct Key {
    pub(crate) published: u64,
    pub(crate) removed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mood {
    Honest,
    Down,
    Hanging,
    Lying,
}

#[derive(Debug)]
pub(crate) enum Event {
    Verify {
        isolate: usize,
        kid: usize,
    },
    /// The end of the wait of this number.
    Wake {
        verification: usize,
        wait: u32,
    },
    Outcome {
        isolate: usize,
        flight: u32,
        outcome: Outcome,
    },
    Serve {
        isolate: usize,
        flight: u32,
        back: u64,
        give_up: u64,
    },
    Look {
        isolate: usize,
        flight: u32,
        keys: [String; 2],
        back: u64,
    },
    Store {
        key: String,
        value: String,
        ttl: u64,
    },
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Start,
    Ready,
    Timeout,
    Found([Option<String>; 2]),
    Answer { status: u16, content_type: &'static str, body: String },
}

pub(crate) struct Verification {
    pub(crate) isolate: usize,
    pub(crate) kid: usize,
    pub(crate) missed: Option<u32>,
    pub(crate) since: u64,
    pub(crate) begun: u64,
    pub(crate) waiting: bool,
    /// How often it has waited.
    pub(crate) waits: u32,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    Accepted,
    Rejected,
    Failed(Error),
}

pub(crate) struct Schedule {
    pub(crate) isolates: usize,
    pub(crate) shared_cache: bool,
    pub(crate) faults: bool,
    pub(crate) vanishing: bool,
    pub(crate) latency: u64,
    /// The most that a message to or from the shared cache takes.
    pub(crate) cache_latency: u64,
    /// How far a machine's clock may be ahead or behind.
    pub(crate) skew: u64,
    pub(crate) options: RemoteOptions,
}

impl Schedule {
    /// Whether every call is answered in time if nothing is lost, and if drivers vanish, by the next driver.
    fn is_quick(&self) -> bool {
        let trip = self.cache_latency * 2;
        // A wait for another isolate's fetch takes its look, its lease, its wait for other writers (as long as
        // both took, an eighth of the timeout at the most), its second look, the request and what it writes; and looks again.
        let cache = if self.shared_cache { 6 * trip + (2 * trip).clamp(50, TIMEOUT / 8) + 120 } else { 0 };
        (cache + self.latency * 2) * if self.vanishing { 2 } else { 1 } < TIMEOUT
    }
}

/// Short times, so that much happens.
pub(crate) fn brief() -> RemoteOptions {
    RemoteOptions {
        max_age: Duration::from_millis(MAX_AGE),
        min_age: Some(Duration::from_millis(MAX_AGE)),
        stale_if_error: Duration::from_millis(STALE),
        cooldown: Duration::from_millis(COOLDOWN),
        timeout: Duration::from_millis(TIMEOUT),
        ..RemoteOptions::default()
    }
}

pub(crate) struct World {
    pub(crate) random: Random,
    pub(crate) schedule: Schedule,
    pub(crate) now: u64,
    pub(crate) queue: BinaryHeap<Reverse<(u64, u64)>>,
    pub(crate) events: HashMap<u64, Event>,
    pub(crate) remotes: Vec<Remote>,
    pub(crate) keys: Vec<Key>,
    pub(crate) moods: Vec<(u64, Mood)>,
    pub(crate) cache: HashMap<String, (String, u64)>,
    pub(crate) verifications: Vec<Verification>,
    /// The verifications that wait, by isolate.
    pub(crate) waiting: Vec<Vec<(usize, u32)>>,
    /// How far each machine's clock is ahead.
    pub(crate) ahead: Vec<i64>,
    pub(crate) fetches: Vec<Vec<u64>>,
    /// When each machine read the shared cache.
    pub(crate) reads: Vec<Vec<u64>>,
    pub(crate) requests: usize,
    pub(crate) verdicts: [usize; 3],
}

impl World {
    pub(crate) fn new(seed: u64, schedule: Schedule) -> Self {
        let mut random = Random(seed);
        let options = RemoteOptions { shared_cache: schedule.shared_cache, ..schedule.options };
        let source = Source::Url("https://issuer.example/jwks".into());
        let remotes = (0..schedule.isolates)
            .map(|_| Remote::new(source.clone(), &options, random.next()).unwrap())
            .collect();
        let skew = schedule.skew;
        let ahead = (0..schedule.isolates).map(|_| random.below(2 * skew + 1) as i64 - skew as i64).collect();
        Self {
            ahead,
            fetches: vec![Vec::new(); schedule.isolates],
            reads: vec![Vec::new(); schedule.isolates],
            waiting: vec![Vec::new(); schedule.isolates],
            random,
            schedule,
            now: START,
            queue: BinaryHeap::new(),
            events: HashMap::new(),
            remotes,
            keys: Vec::new(),
            moods: vec![(START, Mood::Honest)],
            cache: HashMap::new(),
            verifications: Vec::new(),
            requests: 0,
            verdicts: [0; 3],
        }
    }

    /// The time by the clock of this machine.
    pub(crate) fn clock(&self, isolate: usize) -> u64 {
        self.now.saturating_add_signed(self.ahead[isolate])
    }

    /// Keys that overlap, so that there is always one; and moods of the issuer, if there are faults.
    pub(crate) fn plan(&mut self, until: u64) {
        let mut at = START;
        while at < until + 100_000 {
            let life = 20_000 + self.random.below(120_000);
            let published = at.saturating_sub(self.random.below(20_000));
            self.keys.push(Key { published, removed: at + life });
            at += life;
        }
        let mut at = START;
        while self.schedule.faults && at < until {
            at += self.random.below(90_000);
            let mood = [Mood::Down, Mood::Hanging, Mood::Lying, Mood::Honest, Mood::Honest]
                [self.random.below(5) as usize];
            self.moods.push((at, mood));
        }
    }

    pub(crate) fn at(&mut self, time: u64, event: Event) {
        // Events of one moment happen in any order.
        let mut id = self.random.next();
        while self.events.contains_key(&id) {
            id = self.random.next();
        }
        self.events.insert(id, event);
        self.queue.push(Reverse((time, id)));
    }

    pub(crate) fn run(&mut self) {
        while let Some(Reverse((time, id))) = self.queue.pop() {
            self.now = time;
            match self.events.remove(&id).unwrap() {
                Event::Verify { isolate, kid } => {
                    let begun = self.now;
                    let since = self.clock(isolate);
                    self.verifications.push(Verification {
                        isolate,
                        kid,
                        missed: None,
                        since,
                        begun,
                        waiting: false,
                        waits: 0,
                    });
                    self.verify(self.verifications.len() - 1);
                }
                Event::Wake { verification, wait } => {
                    let waiting = &mut self.verifications[verification];
                    if waiting.waiting && waiting.waits == wait {
                        waiting.waiting = false;
                        self.verify(verification);
                    }
                }
                Event::Outcome { isolate, flight, outcome } => self.advance(isolate, flight, &outcome),
                Event::Serve { isolate, flight, back, give_up } => self.serve(isolate, flight, back, give_up),
                Event::Look { isolate, flight, keys, back } => {
                    let found = keys.map(|key| {
                        self.cache
                            .get(&key)
                            .filter(|(_, until)| *until > self.now)
                            .map(|(value, _)| value.clone())
                    });
                    self.at(
                        self.now + back,
                        Event::Outcome { isolate, flight, outcome: Outcome::Found(found) },
                    );
                }
                Event::Store { key, value, ttl } => {
                    self.cache.insert(key, (value, self.now + ttl * 1000));
                }
            }
        }
    }

    /// The shell's work for one token.
    pub(crate) fn verify(&mut self, index: usize) {
        loop {
            let Verification { isolate, kid, missed, since, begun, .. } = self.verifications[index];
            // A flight whose driver vanishes is given up at its deadline, and the next one may vanish too.
            let longest = if self.schedule.vanishing { 100 } else { 2 } * (TIMEOUT + 500);
            assert!(self.now - begun <= longest, "waits for ever");
            let clock = self.clock(isolate);
            let need = self.remotes[isolate].need(clock, since, missed);
            let wait = match need {
                Need::Use => None,
                Need::UseAndFetch(flight) => {
                    self.launch(isolate, flight);
                    None
                }
                Need::Fetch(flight) => {
                    self.launch(isolate, flight);
                    Some(3 * TIMEOUT)
                }
                Need::Wait(most) => Some(most),
                Need::Stand => return self.judge(index, Verdict::Rejected),
                Need::Fail(error) => return self.judge(index, Verdict::Failed(error)),
                other => panic!("{other:?}"),
            };
            if let Some(most) = wait {
                let verification = &mut self.verifications[index];
                verification.waiting = true;
                verification.waits += 1;
                let wait = verification.waits;
                self.waiting[isolate].push((index, wait));
                return self.at(self.now + most, Event::Wake { verification: index, wait });
            }
            if self.has(isolate, kid) {
                return self.judge(index, Verdict::Accepted);
            }
            let verification = &mut self.verifications[index];
            if verification.missed.is_none() {
                verification.since = clock;
            }
            verification.missed = Some(self.remotes[isolate].version());
        }
    }

    pub(crate) fn has(&self, isolate: usize, kid: usize) -> bool {
        let name = format!("key-{kid}");
        self.remotes[isolate].keys().is_some_and(|set| set.keys().any(|key| key.kid() == Some(name.as_str())))
    }

    pub(crate) fn launch(&mut self, isolate: usize, flight: u32) {
        self.at(self.now, Event::Outcome { isolate, flight, outcome: Outcome::Start });
    }

    pub(crate) fn advance(&mut self, isolate: usize, flight: u32, outcome: &Outcome) {
        if self.schedule.vanishing && self.random.chance(3) {
            return;
        }
        let input = match outcome {
            Outcome::Start => Input::Start,
            Outcome::Ready => Input::Ready,
            Outcome::Timeout => Input::Failed { timeout: true },
            Outcome::Found([entry, lease]) => Input::Found([entry.as_deref(), lease.as_deref()]),
            Outcome::Answer { status, content_type, body } => Input::Got(Response {
                status: *status,
                content_type: Some(content_type),
                body: body.as_bytes(),
                ..Response::default()
            }),
        };
        let clock = self.clock(isolate);
        let action = self.remotes[isolate].advance(clock, flight, input);
        if matches!(action, Action::Read { .. }) {
            self.reads[isolate].push(self.now);
        }
        let most = self.schedule.cache_latency;
        let (there, back) = (1 + self.random.below(most), 1 + self.random.below(most));
        match action {
            Action::Done => {
                for (verification, wait) in std::mem::take(&mut self.waiting[isolate]) {
                    self.at(self.now, Event::Wake { verification, wait });
                }
            }
            Action::Get { within, .. } => {
                self.fetches[isolate].push(self.now);
                let there = 1 + self.random.below(self.schedule.latency);
                let back = 1 + self.random.below(self.schedule.latency);
                let give_up = self.now + within;
                if there < within {
                    self.at(self.now + there, Event::Serve { isolate, flight, back, give_up });
                } else {
                    self.at(give_up, Event::Outcome { isolate, flight, outcome: Outcome::Timeout });
                }
            }
            Action::Sleep(pause) => {
                self.at(self.now + pause, Event::Outcome { isolate, flight, outcome: Outcome::Ready });
            }
            // The shell waits as long as it may, and a value to be written may still arrive.
            Action::Read { within, .. } if there + back > within => {
                self.at(self.now + within, Event::Outcome { isolate, flight, outcome: Outcome::Timeout });
            }
            Action::Read { keys, .. } => {
                self.at(self.now + there, Event::Look { isolate, flight, keys, back })
            }
            Action::Write { key, value, ttl, within } => {
                self.at(self.now + there, Event::Store { key, value, ttl });
                let done = self.now + within.min(there + back);
                self.at(done, Event::Outcome { isolate, flight, outcome: Outcome::Ready });
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn serve(&mut self, isolate: usize, flight: u32, back: u64, give_up: u64) {
        self.requests += 1;
        let mood = self.moods.iter().rev().find(|(since, _)| *since <= self.now).unwrap().1;
        let now = self.now;
        let members: Vec<_> = (0..self.keys.len())
            .filter(|&kid| self.keys[kid].published <= now && now < self.keys[kid].removed)
            .map(|kid| {
                format!(
                    r#"{{"kty":"OKP","crv":"Ed25519","kid":"key-{kid}","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}"#
                )
            })
            .collect();
        let set = format!(r#"{{"keys":[{{"kty":"odd"}},{}]}}"#, members.join(","));
        let answer =
            |status, content_type, body: &str| Outcome::Answer { status, content_type, body: body.into() };
        let outcome = match mood {
            Mood::Honest => answer(200, "application/json", &set),
            Mood::Down => answer(503, "application/json", "{}"),
            Mood::Hanging => Outcome::Timeout,
            Mood::Lying => match self.random.below(5) {
                0 => answer(200, "text/html", &set),
                1 => answer(200, "application/json", set.get(..set.len() - 2).unwrap()),
                2 => answer(200, "application/json", r#"{"keys":{}}"#),
                3 => answer(
                    200,
                    "application/json",
                    &format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(300_000)),
                ),
                _ => answer(302, "application/json", &set),
            },
        };
        let (time, outcome) = if mood == Mood::Hanging || self.now + back >= give_up {
            (give_up.max(self.now), Outcome::Timeout)
        } else {
            (self.now + back, outcome)
        };
        self.at(time, Event::Outcome { isolate, flight, outcome });
    }

    pub(crate) fn judge(&mut self, index: usize, verdict: Verdict) {
        let Verification { isolate, kid, begun, .. } = self.verifications[index];
        let remote = &self.remotes[isolate];
        let RemoteOptions { max_age, stale_if_error, cooldown, timeout, .. } = self.schedule.options;
        let [max_age, stale, cooldown, timeout] =
            [max_age, stale_if_error, cooldown, timeout].map(|duration| duration.as_millis() as u64);
        let (now, clock) = (self.now, self.clock(isolate));
        let key = self.keys.get(kid);
        // A set that another machine fetched is as old as the clocks of both say.
        let skew = 2 * self.schedule.skew;
        match verdict {
            Verdict::Accepted => {
                self.verdicts[0] += 1;
                let key = key.unwrap_or_else(|| panic!("key-{kid} was accepted and never existed"));
                let age = clock - remote.fetched_at().unwrap();
                assert!(
                    age < max_age || remote.last_error().is_some(),
                    "an old set served without a failure"
                );
                assert!(age < max_age + stale, "a set served longer than it may");
                if !self.schedule.faults && self.schedule.is_quick() {
                    assert!(
                        now < key.removed + max_age + skew,
                        "key-{kid} was accepted after it was removed"
                    );
                }
                assert!(
                    now < key.removed + max_age + stale + skew,
                    "key-{kid} was accepted long after it was removed"
                );
            }
            Verdict::Rejected => {
                self.verdicts[1] += 1;
                let settled = cooldown.max(timeout) + SLACK + skew;
                let published = key.is_some_and(|key| key.published + settled <= begun && now < key.removed);
                assert!(!published, "key-{kid} was rejected though it had been published for the cool-down");
            }
            Verdict::Failed(error) => {
                self.verdicts[2] += 1;
                assert!(error.is_retryable(), "{error:?}");
                let troubled = self.schedule.faults || self.schedule.vanishing || !self.schedule.is_quick();
                assert!(troubled, "an issuer in good health was reported as failing: {error:?}");
                if self.has(isolate, kid) {
                    let age = clock - remote.fetched_at().unwrap();
                    assert!(age >= max_age + stale, "a key that is at hand failed with {error:?}");
                }
            }
        }
    }

    /// No machine reads the cache more than `reads` times, nor asks the issuer more than `fetches` times, in a lifetime
    /// of the set, however its clock differs from those of the others.
    pub(crate) fn check_rates(&self, reads: usize, fetches: usize) {
        let lifetime = self.schedule.options.max_age.as_millis() as u64;
        let most = |times: &[u64]| {
            (0..times.len())
                .map(|from| times[from..].iter().take_while(|&&at| at < times[from] + lifetime).count())
                .max()
                .unwrap_or(0)
        };
        for (isolate, ahead) in self.ahead.iter().enumerate() {
            let found = [most(&self.reads[isolate]), most(&self.fetches[isolate])];
            assert!(found[0] <= reads && found[1] <= fetches, "{found:?} by a machine {ahead} ms ahead");
        }
    }

    /// However many tokens come and whatever they name. A flight that vanished counts as none.
    pub(crate) fn check_spacing(&self) {
        let least = if self.schedule.vanishing { 0 } else { COOLDOWN.min(MAX_AGE / 5 * 4) };
        for fetches in &self.fetches {
            for pair in fetches.windows(2) {
                assert!(pair[1] - pair[0] >= least, "two fetches {} ms apart", pair[1] - pair[0]);
            }
        }
    }
}
