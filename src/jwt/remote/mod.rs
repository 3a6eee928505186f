//! A JWK Set at its issuer, as a state machine: it says when to use the set, when to fetch it, when to wait and when to
//! give up. It fetches nothing, reads no clock and keeps no timer.
//!
//! ```text
//! need ─▶ use │ use and fetch │ fetch │ wait │ stand │ fail          for a verification
//! advance ─▶ read │ write │ sleep │ get │ done                       for the fetch in flight
//! ```
//!
//! # Examples
//!
//! A service performs the actions with the HTTP client of its choice, and reports what came of them:
//!
//! ```
//! use std::time::Duration;
//!
//! use tokenward::Error;
//! use tokenward::jwt::remote::{Action, Input, Need, Remote, RemoteOptions, Response, Source};
//!
//! // Stands for a GET request of your HTTP client, which takes no longer than the action says.
//! fn get(url: &str) -> Option<(u16, Vec<u8>)> {
//!     assert_eq!(url, "https://login.example.com/jwks");
//!     Some((200, br#"{"keys":[]}"#.to_vec()))
//! }
//!
//! /// Makes sure that there is a set to use. `now` is in Unix milliseconds.
//! fn ready(remote: &mut Remote, now: impl Fn() -> u64) -> Result<(), Error> {
//!     let since = now();
//!     loop {
//!         let flight = match remote.need(now(), since, None) {
//!             Need::Fail(error) => return Err(error),
//!             Need::Fetch(flight) => flight,
//!             // Another task fetches. It may also be gone: wait no longer than `most` milliseconds.
//!             Need::Wait(most) => {
//!                 std::thread::sleep(Duration::from_millis(most.min(50)));
//!                 continue;
//!             }
//!             // A service would spawn a task for the fetch of `Need::UseAndFetch`.
//!             _ => return Ok(()),
//!         };
//!         let mut action = remote.advance(now(), flight, Input::Start);
//!         while let Action::Get { url, .. } = &action {
//!             action = match get(url) {
//!                 Some((status, body)) => {
//!                     let response = Response { status, body: &body, ..Response::default() };
//!                     remote.advance(now(), flight, Input::Got(response))
//!                 }
//!                 None => remote.advance(now(), flight, Input::Failed { timeout: false }),
//!             };
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), Error> {
//! let source = Source::Url("https://login.example.com/jwks".into());
//! let mut remote = Remote::new(source, &RemoteOptions::default(), 1)?;
//! ready(&mut remote, || 1_750_000_000_000)?;
//! assert!(remote.keys().is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # Rules
//!
//! The age of a set counts from the moment its request was sent.
//! - Below four fifths of its lifetime a set is used; from there it is used, and fetched again in the background.
//! - Past its lifetime a verification waits for the fetch, so that a key the issuer has removed is rejected in time.
//! - Only if that fetch fails is the old set used longer, until `stale_if_error` has passed as well.
//! - A token whose key is not in the set may cause a fetch, but not within `cooldown` of the last one.
//! - After a failure nothing is fetched for `cooldown`, and for longer after each further one.
//! - No failure removes a set.
//! - A need that a flight has answered starts no other flight, whatever the clocks and the shared cache say.
//!
//! A key that the issuer removes is rejected everywhere within `max_age`, shared cache or not: an entry carries the
//! time at which its request was sent, and every machine counts from then. A key that the issuer publishes is accepted
//! everywhere after `cooldown`. If machines share a cache, both times grow by the difference of their clocks. The cost
//! for an issuer, of one isolate and of a million, is in `www/guides/running-at-scale.md`.

mod entry;
mod flight;
mod http;
mod source;

use std::time::Duration;

use entry::{Entry, age, is_within};
use flight::{Flight, Why};

pub use flight::{Action, Input};
pub use http::Response;
pub use source::{Source, admit};

use crate::Error;
use crate::ground::random::SplitMix64;
use crate::jwt::KeySet;

/// How often an issuer is asked, and how long its answers hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteOptions {
    /// The longest time for which a set is fresh, whatever `Cache-Control` says. Ten minutes.
    pub max_age: Duration,
    /// The shortest. One minute, or `max_age` if that is shorter.
    pub min_age: Option<Duration>,
    /// How long a set may outlive its freshness while its issuer cannot be reached. One day.
    pub stale_if_error: Duration,
    /// The time between two fetches that tokens with unknown keys, or failures, give rise to. Thirty seconds.
    pub cooldown: Duration,
    /// The time that a fetch may take, all its requests together. Five seconds.
    pub timeout: Duration,
    /// The longest answer that is read, in bytes. 256 KiB.
    pub max_bytes: usize,
    /// Whether the shell offers a cache that is shared with other isolates or machines.
    pub shared_cache: bool,
}

impl Default for RemoteOptions {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(600),
            min_age: None,
            stale_if_error: Duration::from_secs(86_400),
            cooldown: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            max_bytes: 262_144,
            shared_cache: false,
        }
    }
}

/// The options in milliseconds, as they are reckoned with.
#[derive(Clone, Copy, Debug)]
struct Limits {
    max_age: u64,
    min_age: u64,
    stale_if_error: u64,
    cooldown: u64,
    timeout: u64,
    max_bytes: usize,
    shared_cache: bool,
}

/// No duration that is reckoned with is longer than this, so that no sum of them overflows: about 317 years.
const FOREVER: u64 = 10_000_000_000_000;

impl Limits {
    fn new(options: &RemoteOptions) -> Result<Self, Error> {
        let millis = |name: &str, duration: Duration| match u64::try_from(duration.as_millis()) {
            Ok(0) => Err(Error::invalid_arg(name, "longer than that")),
            Ok(millis) => Ok(millis.min(FOREVER)),
            Err(_) => Ok(FOREVER),
        };
        let max_age = millis("maxAge", options.max_age)?;
        let min_age = match options.min_age {
            Some(min_age) => u64::try_from(min_age.as_millis()).unwrap_or(FOREVER),
            None => max_age.min(60_000),
        };
        if min_age > max_age {
            return Err(Error::invalid_arg("minAge", "at most maxAge"));
        }
        if options.max_bytes == 0 {
            return Err(Error::invalid_arg("maxBytes", "at least 1"));
        }
        Ok(Self {
            max_age,
            min_age,
            stale_if_error: u64::try_from(options.stale_if_error.as_millis()).unwrap_or(FOREVER).min(FOREVER),
            cooldown: millis("cooldown", options.cooldown)?,
            timeout: millis("timeoutMs", options.timeout)?,
            max_bytes: options.max_bytes,
            shared_cache: options.shared_cache,
        })
    }
}

/// What a verification should do about keys.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Need {
    /// No set can be had now.
    Fail(Error),
    /// Start this flight, wait until it is done, and ask again.
    Fetch(u32),
    /// The set was fetched too recently to look again: the verdict on the token stands.
    Stand,
    /// Use the set.
    Use,
    /// Use the set, and start this flight in the background.
    UseAndFetch(u32),
    /// A fetch is in flight: wait until it is done, at most this many milliseconds, and ask again.
    Wait(u64),
}

/// The failures since the last success.
#[derive(Clone, Debug)]
struct Failure {
    error: Error,
    count: u32,
    /// When the issuer was asked.
    asked: u64,
    /// For how long from then nothing is fetched.
    rest: u64,
    ended: u64,
}

impl Failure {
    /// Whether it answers a need that arose at `since`: nothing is fetched during the rest, nor twice for one need.
    fn answers(&self, now: u64, since: u64) -> bool {
        is_within(self.asked, now, self.rest) || (age(self.ended, now).is_some() && since <= self.ended)
    }
}

/// How fresh the set is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// No set has been fetched.
    Empty,
    /// Within its lifetime.
    Fresh,
    /// Past its lifetime.
    Stale,
}

/// The most flights of one machine at a time. More than one is in flight only after one was abandoned.
const MOST_FLIGHTS: usize = 4;

/// A remote JWK Set. Times are Unix milliseconds.
#[derive(Clone, Debug)]
pub struct Remote {
    source: Source,
    limits: Limits,
    random: SplitMix64,
    held: Option<Entry>,
    /// Counts the sets that differed from the one before.
    version: u32,
    /// The flights under way, the newest last.
    flights: Vec<Flight>,
    /// The number of the newest flight.
    started: u32,
    /// The number of the flight that ended last.
    ended: u32,
    /// When a flight was last found abandoned.
    abandoned: Option<u64>,
    /// The failures since the last success.
    failure: Option<Failure>,
    /// The URL in the issuer's metadata, and when it was read. Never taken from a snapshot or a cache.
    jwks_uri: Option<(String, u64)>,
}

impl Remote {
    /// A set of which nothing is known yet. `seed` spreads the retries of many machines; any number does.
    ///
    /// # Errors
    /// [`Error::InvalidArg`] for options that are zero or contradict each other, and for a source without a URL.
    pub fn new(source: Source, options: &RemoteOptions, seed: u64) -> Result<Self, Error> {
        source.validate()?;
        Ok(Self {
            source,
            limits: Limits::new(options)?,
            random: SplitMix64(seed),
            held: None,
            version: 0,
            flights: Vec::new(),
            started: 0,
            ended: 0,
            abandoned: None,
            failure: None,
            jwks_uri: None,
        })
    }

    /// Starts from a snapshot, for a set of which nothing is known yet.
    ///
    /// # Errors
    /// [`Error::KeySetInvalid`] if the text is not a snapshot of this source, or longer than an answer may be.
    pub fn restore(&mut self, snapshot: &str) -> Result<(), Error> {
        if let Some(entry) = Entry::read(snapshot, &self.source.name(), &self.limits)? {
            self.hold(entry);
        }
        Ok(())
    }

    /// The present knowledge, to start from elsewhere: [`Remote::restore`] reads it.
    #[must_use]
    pub fn snapshot(&self) -> String {
        let source = self.source.name();
        self.held.as_ref().map_or_else(|| entry::empty_json(&source), |held| held.to_json(&source))
    }

    /// The set, if there is one. [`Remote::need`] says whether to use it.
    #[must_use]
    pub fn keys(&self) -> Option<&KeySet> {
        self.held.as_ref().map(|held| &held.set)
    }

    /// A number that changes whenever the set does. Zero before there is one.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Whether a fetch is in flight.
    #[must_use]
    pub fn is_in_flight(&self, now: u64) -> bool {
        self.flights.iter().any(|flight| flight.is_in_flight(now))
    }

    /// The number of the last flight that [`Remote::need`] or [`Remote::refresh`] wanted started.
    #[must_use]
    pub const fn last_flight(&self) -> u32 {
        self.started
    }

    /// How fresh the set is.
    #[must_use]
    pub fn freshness(&self, now: u64) -> Freshness {
        match &self.held {
            None => Freshness::Empty,
            Some(held) if held.is_fresh(now) => Freshness::Fresh,
            Some(_) => Freshness::Stale,
        }
    }

    /// When the request for the set was sent.
    #[must_use]
    pub fn fetched_at(&self) -> Option<u64> {
        self.held.as_ref().map(|held| held.fetched_at)
    }

    /// Whether a token with an unknown key cannot cause a fetch now: the last one was too recent, or failed.
    #[must_use]
    pub fn is_cooling_down(&self, now: u64) -> bool {
        self.is_recent(now) || self.failure.as_ref().is_some_and(|failure| failure.answers(now, now))
    }

    /// Why the last flight failed; `None` after a success.
    #[must_use]
    pub fn last_error(&self) -> Option<&Error> {
        self.failure.as_ref().map(|failure| &failure.error)
    }

    /// What a verification should do. `missed` is the version of the set in which the token's key was looked for and
    /// not found. `since` is when the verification began, or with `missed`, when it first missed its key: a fetch
    /// that has been tried since is not tried again for it. If the clock goes back meanwhile, `since` goes back with it.
    pub fn need(&mut self, now: u64, since: u64, missed: Option<u32>) -> Need {
        self.drop_abandoned(now);
        let why = if missed == Some(self.version) { Why::Missing } else { Why::Age };
        if let Some(flight) = self.flights.last() {
            if why == Why::Age && self.is_fresh(now) {
                return Need::Use;
            }
            let wait = flight.remaining(now);
            return match self.until_own_flight(now, since) {
                // The driver of an abandoned flight may have left a lease in the shared cache.
                Some(0) => Need::Fetch(self.start(now, Why::Asked)),
                Some(until) => Need::Wait(wait.min(until)),
                None => Need::Wait(wait),
            };
        }
        let failed = self.failure.as_ref().filter(|failure| failure.answers(now, since));
        let failed = failed.map(|failure| failure.error.clone());
        let Some(held) = &self.held else {
            return failed.map_or_else(|| Need::Fetch(self.start(now, why)), Need::Fail);
        };
        if why == Why::Missing {
            // After a failed fetch the issuer may well have the key: an outage, not a verdict on the token.
            return match failed {
                Some(error) => Need::Fail(error),
                None if held.fetched_at >= since || self.is_recent(now) => Need::Stand,
                None => Need::Fetch(self.start(now, why)),
            };
        }
        match (held.age(now), failed) {
            (_, None) if held.is_fresh(now) && !held.is_young(now) => Need::UseAndFetch(self.start(now, why)),
            _ if held.is_fresh(now) => Need::Use,
            // It was old when it came, and would be again: it was asked for since, and is the answer to that.
            (Some(_), None) if held.fetched_at >= since => Need::Use,
            (_, None) => Need::Fetch(self.start(now, why)),
            (Some(age), Some(error)) if age.saturating_sub(held.lifetime) >= self.limits.stale_if_error => {
                Need::Fail(error)
            }
            (_, Some(_)) => Need::Use,
        }
    }

    /// What to do if the caller wants a fetch whatever the age of the set. No cool-down holds it back. `waited` is the
    /// flight that the caller has waited for, so that it gets the outcome; nothing the first time.
    pub fn refresh(&mut self, now: u64, waited: Option<u32>) -> Need {
        self.drop_abandoned(now);
        if waited.is_some_and(|flight| self.ended.wrapping_sub(flight) <= u32::MAX / 2) {
            return self.last_error().cloned().map_or(Need::Use, Need::Fail);
        }
        match self.flights.last() {
            Some(flight) => Need::Wait(flight.remaining(now)),
            None => Need::Fetch(self.start(now, Why::Asked)),
        }
    }

    /// The driver of a flight may vanish: a cancelled request in workerd takes its fetches with it, and a task in Rust
    /// that is dropped does the same. That says nothing about the issuer.
    fn drop_abandoned(&mut self, now: u64) {
        let before = self.flights.len();
        self.flights.retain(|flight| flight.is_in_flight(now));
        if self.flights.len() < before {
            self.abandoned = Some(now);
        }
    }

    /// In how many milliseconds a need may start a flight of its own beside the one in flight; `None` for never.
    ///
    /// A client that sends requests and cancels them could take flight after flight with it and keep the others
    /// waiting. So a caller that has waited for an abandoned flight waits for no second one; it only leaves the driver
    /// of the newest flight the time that an issuer in good health takes to answer. That bounds the requests as well.
    fn until_own_flight(&self, now: u64, since: u64) -> Option<u64> {
        let newest = self.flights.last()?;
        let has_waited = self.abandoned.is_some_and(|at| age(at, now).is_some() && since <= at);
        let has_failed = self.failure.as_ref().is_some_and(|failure| failure.answers(now, since));
        let started = age(newest.started, now).unwrap_or(0);
        (has_waited && !has_failed && self.flights.len() < MOST_FLIGHTS)
            .then(|| self.limits.timeout.div_ceil(8).saturating_sub(started))
    }

    fn is_fresh(&self, now: u64) -> bool {
        self.held.as_ref().is_some_and(|held| held.is_fresh(now))
    }

    /// Whether the set was fetched within the cool-down.
    fn is_recent(&self, now: u64) -> bool {
        self.held.as_ref().is_some_and(|held| is_within(held.fetched_at, now, self.limits.cooldown))
    }

    /// Takes over a set that another machine fetched, unless the one held is newer. If that machine's clock is ahead,
    /// the set counts from now: it is neither used for longer nor fetched again at once.
    fn adopt(&mut self, now: u64, entry: Entry) {
        if entry.age(now).is_none() {
            return;
        }
        let entry = Entry { fetched_at: entry.fetched_at.min(now), ..entry };
        let newer = |held: &Entry| held.age(now).is_some() && held.fetched_at >= entry.fetched_at;
        if !self.held.as_ref().is_some_and(newer) {
            self.hold(entry);
        }
    }

    fn hold(&mut self, entry: Entry) {
        if self.held.as_ref().is_none_or(|held| held.text != entry.text) {
            self.version = self.version.wrapping_add(1);
        }
        self.held = Some(entry);
    }
}
