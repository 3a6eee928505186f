//! Remote JWK Sets over random schedules: rotating keys, an issuer that is slow, down or lying, drivers that vanish,
//! and isolates with and without a cache between them. Every schedule is a number; a failure prints it.
#![cfg(all(feature = "jwt", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use proptest::prelude::*;
use tokenward::Error;
use tokenward::jwt::remote::{Action, Input, Need, Remote, RemoteOptions, Response, Source};

const MAX_AGE: u64 = 60_000;
const COOLDOWN: u64 = 5_000;
const TIMEOUT: u64 = 2_000;
const STALE: u64 = 300_000;
const START: u64 = 1_750_000_000_000;
/// Whether an answer counts is settled when it is used; these are the instants between.
const SLACK: u64 = 10;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A key of the issuer: in its set from `published` until `removed`.
struct Key {
    published: u64,
    removed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Honest,
    Down,
    Hanging,
    Lying,
}

#[derive(Debug)]
enum Event {
    Verify { isolate: usize, kid: usize },
    Wake { verification: usize },
    Outcome { isolate: usize, flight: u32, outcome: Outcome },
    Serve { isolate: usize, flight: u32, back: u64, give_up: u64 },
    Look { isolate: usize, flight: u32, keys: [String; 2], back: u64 },
    Store { isolate: usize, flight: u32, key: String, value: String, ttl: u64, back: u64 },
}

#[derive(Debug)]
enum Outcome {
    Start,
    Ready,
    Timeout,
    Found([Option<String>; 2]),
    Answer { status: u16, content_type: &'static str, body: String },
}

struct Verification {
    isolate: usize,
    kid: usize,
    missed: Option<u32>,
    since: u64,
    begun: u64,
    waiting: bool,
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Accepted,
    Rejected,
    Failed(Error),
}

struct Schedule {
    isolates: usize,
    shared_cache: bool,
    faults: bool,
    vanishing: bool,
    latency: u64,
    options: RemoteOptions,
}

/// Short times, so that much happens.
fn brief() -> RemoteOptions {
    RemoteOptions {
        max_age: Duration::from_millis(MAX_AGE),
        min_age: Some(Duration::from_millis(MAX_AGE)),
        stale_if_error: Duration::from_millis(STALE),
        cooldown: Duration::from_millis(COOLDOWN),
        timeout: Duration::from_millis(TIMEOUT),
        ..RemoteOptions::default()
    }
}

struct World {
    random: Random,
    schedule: Schedule,
    now: u64,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    events: HashMap<u64, Event>,
    remotes: Vec<Remote>,
    keys: Vec<Key>,
    moods: Vec<(u64, Mood)>,
    cache: HashMap<String, (String, u64)>,
    verifications: Vec<Verification>,
    /// The verifications that wait, by isolate.
    waiting: Vec<Vec<usize>>,
    fetches: Vec<Vec<u64>>,
    requests: usize,
    verdicts: [usize; 3],
}

impl World {
    fn new(seed: u64, schedule: Schedule) -> Self {
        let mut random = Random(seed);
        let options = RemoteOptions { shared_cache: schedule.shared_cache, ..schedule.options };
        let source = Source::Url("https://issuer.example/jwks".into());
        let remotes = (0..schedule.isolates)
            .map(|_| Remote::new(source.clone(), &options, random.next()).unwrap())
            .collect();
        Self {
            fetches: vec![Vec::new(); schedule.isolates],
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

    /// Keys that overlap, so that there is always one; and moods of the issuer, where there are faults.
    fn plan(&mut self, until: u64) {
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

    fn at(&mut self, time: u64, event: Event) {
        let id = self.events.len() as u64 + self.queue.len() as u64 + self.random.next() % 2;
        let id = (id..).find(|id| !self.events.contains_key(id)).unwrap();
        self.events.insert(id, event);
        self.queue.push(Reverse((time, id)));
    }

    fn run(&mut self) {
        while let Some(Reverse((time, id))) = self.queue.pop() {
            self.now = time;
            match self.events.remove(&id).unwrap() {
                Event::Verify { isolate, kid } => {
                    let begun = self.now;
                    self.verifications.push(Verification {
                        isolate,
                        kid,
                        missed: None,
                        since: begun,
                        begun,
                        waiting: false,
                    });
                    self.verify(self.verifications.len() - 1);
                }
                Event::Wake { verification } => {
                    if std::mem::take(&mut self.verifications[verification].waiting) {
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
                Event::Store { isolate, flight, key, value, ttl, back } => {
                    self.cache.insert(key, (value, self.now + ttl * 1000));
                    self.at(self.now + back, Event::Outcome { isolate, flight, outcome: Outcome::Ready });
                }
            }
        }
    }

    /// What the shell does with one token.
    fn verify(&mut self, index: usize) {
        loop {
            let Verification { isolate, kid, missed, since, begun, .. } = self.verifications[index];
            // A flight whose driver vanishes is given up at its deadline, and the next one may vanish too.
            let longest = if self.schedule.vanishing { 100 } else { 3 } * (TIMEOUT + 500);
            assert!(self.now - begun <= longest, "waits for ever");
            let need = self.remotes[isolate].need(self.now, since, missed);
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
                self.verifications[index].waiting = true;
                self.waiting[isolate].push(index);
                return self.at(self.now + most, Event::Wake { verification: index });
            }
            if self.has(isolate, kid) {
                return self.judge(index, Verdict::Accepted);
            }
            let verification = &mut self.verifications[index];
            if verification.missed.is_none() {
                verification.since = self.now;
            }
            verification.missed = Some(self.remotes[isolate].version());
        }
    }

    fn has(&self, isolate: usize, kid: usize) -> bool {
        let name = format!("key-{kid}");
        self.remotes[isolate].keys().is_some_and(|set| set.keys().any(|key| key.kid() == Some(name.as_str())))
    }

    fn launch(&mut self, isolate: usize, flight: u32) {
        self.at(self.now, Event::Outcome { isolate, flight, outcome: Outcome::Start });
    }

    fn advance(&mut self, isolate: usize, flight: u32, outcome: &Outcome) {
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
        let action = self.remotes[isolate].advance(self.now, flight, input);
        let (there, back) = (1 + self.random.below(4), 1 + self.random.below(4));
        match action {
            Action::Done => {
                for verification in std::mem::take(&mut self.waiting[isolate]) {
                    self.at(self.now, Event::Wake { verification });
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
            Action::Read { keys, .. } => {
                self.at(self.now + there, Event::Look { isolate, flight, keys, back })
            }
            Action::Write { key, value, ttl, .. } => {
                self.at(self.now + there, Event::Store { isolate, flight, key, value, ttl, back });
            }
            other => panic!("{other:?}"),
        }
    }

    fn serve(&mut self, isolate: usize, flight: u32, back: u64, give_up: u64) {
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

    fn judge(&mut self, index: usize, verdict: Verdict) {
        let Verification { isolate, kid, begun, .. } = self.verifications[index];
        let remote = &self.remotes[isolate];
        let RemoteOptions { max_age, stale_if_error, cooldown, timeout, .. } = self.schedule.options;
        let [max_age, stale, cooldown, timeout] =
            [max_age, stale_if_error, cooldown, timeout].map(|duration| duration.as_millis() as u64);
        let now = self.now;
        let key = self.keys.get(kid);
        match verdict {
            Verdict::Accepted => {
                self.verdicts[0] += 1;
                let key = key.unwrap_or_else(|| panic!("key-{kid} was accepted and never existed"));
                let age = now - remote.fetched_at().unwrap();
                assert!(
                    age < max_age || remote.last_error().is_some(),
                    "an old set served without a failure"
                );
                assert!(age < max_age + stale, "a set served longer than it may");
                if !self.schedule.faults && self.schedule.latency * 2 < timeout {
                    assert!(now < key.removed + max_age, "key-{kid} was accepted after it was removed");
                }
                assert!(
                    now < key.removed + max_age + stale,
                    "key-{kid} was accepted long after it was removed"
                );
            }
            Verdict::Rejected => {
                self.verdicts[1] += 1;
                let settled = cooldown.max(timeout) + SLACK;
                let published = key.is_some_and(|key| key.published + settled <= begun && now < key.removed);
                assert!(!published, "key-{kid} was rejected though it had been published for the cool-down");
            }
            Verdict::Failed(error) => {
                self.verdicts[2] += 1;
                assert!(error.is_retryable(), "{error:?}");
                let troubled =
                    self.schedule.faults || self.schedule.vanishing || self.schedule.latency * 2 >= timeout;
                assert!(troubled, "an issuer in good health was reported as failing: {error:?}");
                if self.has(isolate, kid) {
                    let age = now - remote.fetched_at().unwrap();
                    assert!(age >= max_age + stale, "a key that is at hand failed with {error:?}");
                }
            }
        }
    }

    /// However many tokens come and whatever they name. A flight that vanished counts as none.
    fn check_spacing(&self) {
        let least = if self.schedule.vanishing { 0 } else { COOLDOWN.min(MAX_AGE / 5 * 4) };
        for fetches in &self.fetches {
            for pair in fetches.windows(2) {
                assert!(pair[1] - pair[0] >= least, "two fetches {} ms apart", pair[1] - pair[0]);
            }
        }
    }
}

fn simulate(seed: u64) {
    let mut random = Random(seed ^ 0x5eed);
    let schedule = Schedule {
        isolates: 1 + random.below(5) as usize,
        shared_cache: random.chance(50),
        faults: random.chance(60),
        vanishing: random.chance(20),
        latency: [5, 50, 400, 1_500][random.below(4) as usize],
        options: brief(),
    };
    let mut world = World::new(seed, schedule);
    let until = START + 600_000;
    world.plan(until);
    let mut at = START;
    while at < until {
        // Bursts and pauses, of tokens signed with keys of the past, the present and the future, and of no key at all.
        at += if world.random.chance(5) { world.random.below(60_000) } else { world.random.below(900) };
        let kid = world.random.below(world.keys.len() as u64 + 2) as usize;
        let present = world.keys.iter().position(|key| key.published <= at && at < key.removed);
        let kid = if world.random.chance(60) { present.unwrap_or(kid) } else { kid };
        let isolate = world.random.below(world.schedule.isolates as u64) as usize;
        world.at(at, Event::Verify { isolate, kid });
    }
    world.run();
    world.check_spacing();
    assert!(world.verifications.iter().all(|verification| !verification.waiting), "somebody still waits");
    assert_eq!(world.verdicts.iter().sum::<usize>(), world.verifications.len());
    let [accepted, rejected, failed] = world.verdicts;
    let fair = !world.schedule.faults;
    assert!(
        !fair || accepted > 0 && rejected + failed > 0,
        "the schedule shows nothing: {:?}",
        world.verdicts
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn no_schedule_breaks_a_promise(seed in any::<u64>()) {
        simulate(seed);
    }
}

/// How often the issuer is asked when `isolates` start cold at once and it answers in 500 ms.
fn cold_start(isolates: usize, shared_cache: bool) -> usize {
    let schedule =
        Schedule { isolates, shared_cache, faults: false, vanishing: false, latency: 250, options: brief() };
    let mut world = World::new(7, schedule);
    world.keys.push(Key { published: START, removed: START + 600_000 });
    for isolate in 0..isolates {
        let at = START + world.random.below(40);
        world.at(at, Event::Verify { isolate, kid: 0 });
    }
    world.run();
    assert_eq!(world.verdicts, [isolates, 0, 0]);
    world.requests
}

#[test]
fn two_hundred_cold_isolates_with_a_shared_cache_ask_the_issuer_a_handful_of_times() {
    assert_eq!(cold_start(200, false), 200);
    let requests = cold_start(200, true);
    assert!(requests <= 5, "{requests} requests");
}

#[test]
fn a_thousand_unknown_keys_cost_one_fetch_per_cool_down() {
    let schedule = Schedule {
        isolates: 1,
        shared_cache: false,
        faults: false,
        vanishing: false,
        latency: 50,
        options: brief(),
    };
    let mut world = World::new(1, schedule);
    world.keys.push(Key { published: START, removed: START + 600_000 });
    for step in 0..1000 {
        world.at(START + step * 10, Event::Verify { isolate: 0, kid: 1 + step as usize });
    }
    world.run();
    assert_eq!(world.verdicts, [0, 1000, 0]);
    // Ten seconds: at the start, and after one cool-down.
    assert_eq!(world.requests, 2);
}

/// How often the issuer is asked in an hour by isolates that verify a token every minute, by default options.
fn hour(isolates: usize, shared_cache: bool) -> usize {
    let options = RemoteOptions::default();
    let mut world = World::new(
        3,
        Schedule { isolates, shared_cache, faults: false, vanishing: false, latency: 25, options },
    );
    world.keys.push(Key { published: START, removed: START + 7_200_000 });
    for isolate in 0..isolates {
        let first = world.random.below(60_000);
        for minute in 0..60 {
            let at = START + first + minute * 60_000;
            world.at(at, Event::Verify { isolate, kid: 0 });
        }
    }
    world.run();
    assert_eq!(world.verdicts, [isolates * 60, 0, 0]);
    world.requests
}

/// The numbers in the documentation of `jwt::remote`.
#[test]
fn an_hour_of_an_isolate_costs_eight_fetches_and_a_shared_cache_makes_that_the_price_of_a_thousand() {
    assert_eq!(hour(1, false), 8);
    assert_eq!(hour(1_000, false), 8_000);
    let shared = hour(1_000, true);
    assert!(shared <= 16, "{shared} requests");
}
