//! A JWK Set that lives at its issuer, as a state machine: it says when to use what it has, when to fetch, when to
//! wait and when to give up. It fetches nothing, reads no clock and keeps no timer.
//!
//! ```text
//! need ─▶ use │ use and fetch │ fetch │ wait │ stand │ fail          what a verification should do
//! advance ─▶ read │ write │ sleep │ get │ done                       what the one fetch in flight does next
//! ```
//!
//! The rules, with the age of a set counted from the moment its request was sent:
//! - below four fifths of its lifetime a set is used; from there it is used and fetched again behind the caller's back;
//! - past its lifetime a verification waits for the fetch, so that a key the issuer has removed is refused in time;
//! - only where that fetch fails does the old set serve on, until `stale_if_error` has passed as well;
//! - a token whose key is not in the set may cause a fetch, but not within `cooldown` of the last one;
//! - after a failure nothing is fetched for `cooldown`, and longer after each further one;
//! - nothing that fails ever removes a set.
//!
//! A key that the issuer removes is refused everywhere within `max_age`, shared cache or not: an entry carries the
//! moment at which its request was sent, and every isolate counts from there. A key that the issuer publishes is
//! accepted everywhere once it has been there for `cooldown`. What all this costs an issuer, for one isolate and for a
//! million, is in `www/guides/running-at-scale.md`.

mod entry;
mod flight;
mod http;
mod source;

use std::time::Duration;

use entry::Entry;
use flight::{Flight, Why};

pub use flight::{Action, Input};
pub use http::Response;
pub use source::{Source, admit};

use crate::Error;
use crate::jwt::KeySet;

/// How often an issuer is asked, and how long its answers hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteOptions {
    /// The longest time for which a set is fresh, whatever `Cache-Control` says. Ten minutes.
    pub max_age: Duration,
    /// The shortest. One minute, or `max_age` where that is shorter.
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
    /// Start the flight of this number, wait until it is done, and ask again.
    Fetch(u32),
    /// The set was fetched too recently for another look: the verdict on the token stands.
    Stand,
    /// Use the set.
    Use,
    /// Use the set, and start the flight of this number behind the caller's back.
    UseAndFetch(u32),
    /// A fetch is in flight: wait until it is done, at most so many milliseconds, and ask again.
    Wait(u64),
}

/// The failures since the last success.
#[derive(Clone, Debug)]
struct Failure {
    error: Error,
    count: u32,
    at: u64,
    /// No fetch before this.
    until: u64,
}

impl Failure {
    /// Whether it answers a need that arose at `since`: no fetch is tried before its time, nor twice for one need.
    /// A clock that was set back must not make this last longer.
    const fn answers(&self, now: u64, since: u64) -> bool {
        self.at <= now && (now < self.until || since <= self.at)
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

/// A remote JWK Set. Times are Unix milliseconds.
#[derive(Clone, Debug)]
pub struct Remote {
    source: Source,
    limits: Limits,
    random: u64,
    held: Option<Entry>,
    /// Counts the sets that differed from the one before.
    version: u32,
    flight: Option<Flight>,
    flights: u32,
    /// The failures since the last success.
    failure: Option<Failure>,
    /// What the issuer's metadata said, and when. Never taken from a snapshot or a cache.
    jwks_uri: Option<(String, u64)>,
}

impl Remote {
    /// A set that nothing is known of yet. `seed` spreads the retries of many machines; any number does.
    ///
    /// # Errors
    /// [`Error::InvalidArg`] for options that are zero or contradict each other, and for a source without a URL.
    pub fn new(source: Source, options: &RemoteOptions, seed: u64) -> Result<Self, Error> {
        source.validate()?;
        Ok(Self {
            source,
            limits: Limits::new(options)?,
            random: seed,
            held: None,
            version: 0,
            flight: None,
            flights: 0,
            failure: None,
            jwks_uri: None,
        })
    }

    /// Starts from a snapshot, for a set that nothing is known of yet.
    ///
    /// # Errors
    /// [`Error::KeySetInvalid`] where the text is not a snapshot of this source.
    pub fn restore(&mut self, snapshot: &str) -> Result<(), Error> {
        let Limits { min_age, max_age, .. } = self.limits;
        if let Some(entry) = Entry::read(snapshot, &self.source.name(), min_age, max_age)? {
            self.hold(entry);
        }
        Ok(())
    }

    /// What is known now, to start from elsewhere.
    #[must_use]
    pub fn snapshot(&self) -> String {
        let source = self.source.name();
        self.held.as_ref().map_or_else(|| entry::empty_json(&source), |held| held.to_json(&source))
    }

    /// The set, where there is one. Whether to use it is [`Remote::need`]'s to say.
    #[must_use]
    pub fn keys(&self) -> Option<&KeySet> {
        self.held.as_ref().map(|held| &held.set)
    }

    /// A number that changes whenever the set does. Zero before there is one.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Whether a flight is in the air.
    #[must_use]
    pub fn is_in_flight(&self, now: u64) -> bool {
        self.flight.as_ref().is_some_and(|flight| flight.is_in_flight(now))
    }

    /// The number of the last flight that [`Remote::need`] or [`Remote::refresh`] wanted started.
    #[must_use]
    pub const fn last_flight(&self) -> u32 {
        self.flights
    }

    /// How fresh the set is.
    #[must_use]
    pub fn freshness(&self, now: u64) -> Freshness {
        match &self.held {
            None => Freshness::Empty,
            Some(held) if held.age(now).is_some_and(|age| age < held.lifetime) => Freshness::Fresh,
            Some(_) => Freshness::Stale,
        }
    }

    /// When the request for the set was sent.
    #[must_use]
    pub fn fetched_at(&self) -> Option<u64> {
        self.held.as_ref().map(|held| held.fetched_at)
    }

    /// Whether a token with an unknown key, or a failure, forbids a fetch now.
    #[must_use]
    pub fn is_cooling_down(&self, now: u64) -> bool {
        let age = self.held.as_ref().and_then(|held| held.age(now));
        age.is_some_and(|age| age < self.limits.cooldown)
            || self.failure.as_ref().is_some_and(|failure| failure.answers(now, now))
    }

    /// Why the last flight failed; `None` after a success.
    #[must_use]
    pub fn last_error(&self) -> Option<&Error> {
        self.failure.as_ref().map(|failure| &failure.error)
    }

    /// What a verification should do. `missed` is the version of the set in which the token's key was looked for and
    /// not found. `since` is when the verification began, or with `missed`, when it first missed its key: a fetch
    /// that has been tried since is not tried again for it.
    pub fn need(&mut self, now: u64, since: u64, missed: Option<u32>) -> Need {
        self.drop_lost_flight(now);
        if let Some(flight) = &self.flight {
            let wait = Need::Wait(flight.remaining(now));
            return if missed.is_none_or(|missed| missed != self.version) && self.is_fresh(now) {
                Need::Use
            } else {
                wait
            };
        }
        let failed = self.failure.as_ref().filter(|failure| failure.answers(now, since));
        let failed = failed.map(|failure| failure.error.clone());
        let Some(held) = &self.held else {
            return failed.map_or_else(|| Need::Fetch(self.start(now, Why::Age)), Need::Fail);
        };
        let age = held.age(now);
        if missed == Some(self.version) {
            // Where the last fetch failed, the issuer may well have the key: an outage, not a verdict on the token.
            return match failed {
                Some(error) => Need::Fail(error),
                None if held.fetched_at >= since || age.is_some_and(|age| age < self.limits.cooldown) => {
                    Need::Stand
                }
                None => Need::Fetch(self.start(now, Why::Missing)),
            };
        }
        match (age, failed) {
            (Some(age), None) if age >= held.lifetime / 5 * 4 && age < held.lifetime => {
                Need::UseAndFetch(self.start(now, Why::Age))
            }
            (Some(age), _) if age < held.lifetime => Need::Use,
            // It was old when it came, and would be again: it was asked for since, and is the answer to that.
            (Some(_), None) if held.fetched_at >= since => Need::Use,
            (_, None) => Need::Fetch(self.start(now, Why::Age)),
            (Some(age), Some(error)) if age - held.lifetime >= self.limits.stale_if_error => {
                Need::Fail(error)
            }
            (_, Some(_)) => Need::Use,
        }
    }

    /// What to do where the caller wants a fetch whatever the age of the set. No cool-down holds it back.
    pub fn refresh(&mut self, now: u64) -> Need {
        self.drop_lost_flight(now);
        match &self.flight {
            Some(flight) => Need::Wait(flight.remaining(now)),
            None => Need::Fetch(self.start(now, Why::Asked)),
        }
    }

    /// Whoever drives a flight may vanish, as a request does in workerd. That says nothing about the issuer.
    fn drop_lost_flight(&mut self, now: u64) {
        if !self.is_in_flight(now) {
            self.flight = None;
        }
    }

    fn is_fresh(&self, now: u64) -> bool {
        self.freshness(now) == Freshness::Fresh
    }

    /// Takes over a set that somebody else fetched, unless what is held is newer.
    fn adopt(&mut self, now: u64, entry: Entry) {
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

    /// A number below `bound`, or zero.
    fn random_below(&mut self, bound: u64) -> u64 {
        self.random_number().checked_rem(bound).unwrap_or(0)
    }

    /// SplitMix64: it only has to differ between machines.
    fn random_number(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
