//! One fetch, from its start to its end: a look into the shared cache if there is one, the issuer's metadata if the
//! set's URL is not known, then the set itself.
//!
//! If many isolates find the shared cache empty together, one of them fetches and the others wait for the set it puts
//! there. A cache has no compare-and-set, so each isolate that finds no lease writes its own, waits for the others to
//! do the same, and looks which lease was written last.
//!
//! A flight ends whatever the clock and the cache say. It keeps a time of its own, which never goes back and counts
//! every pause that it asked for, so that a clock that stands still cannot keep it polling.

use super::entry::{Entry, Lease, age, is_within, public_keys};
use super::source::{Source, WellKnown, jwks_uri};
use super::{Failure, Limits, Remote, Response};
use crate::Error;
use crate::json::Object;

/// How long writers of leases wait for each other at least, in milliseconds.
const SETTLING: u64 = 50;
/// The shortest pause between two looks for the set that another isolate fetches, and how much longer it may be. After
/// that a pause is an eighth of the time already waited, so that a long wait costs few looks.
const POLLING: u64 = 60;
/// For how long the URL in an issuer's metadata is used without asking again, in milliseconds.
const METADATA_AGE: u64 = 86_400_000;
/// The pause between fetches grows up to this many cool-downs.
const LONGEST_REST: u64 = 8;

/// What the flight does next. An action may take the milliseconds given with it, and no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// The flight is over: callers that wait for it ask [`Remote::need`] again. Also the answer for a flight that was
    /// given up.
    Done,
    /// Send a GET request and report the answer. Follow only redirects that [`super::admit`] allows.
    Get {
        /// The URL, as configured or as the issuer wrote it.
        url: String,
        /// The time left.
        within: u64,
    },
    /// Read these keys of the shared cache.
    Read {
        /// The set's key and the lease's.
        keys: [String; 2],
        /// The time left.
        within: u64,
    },
    /// Wait this many milliseconds.
    Sleep(u64),
    /// Write into the shared cache.
    Write {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// For how many seconds to keep it.
        ttl: u64,
        /// The time left.
        within: u64,
    },
}

/// The outcome of the last action.
#[derive(Clone, Copy, Debug)]
pub enum Input<'i> {
    /// The request failed before there was an answer, or the shared cache could not be read.
    Failed {
        /// Whether time ran out.
        timeout: bool,
    },
    /// The values of the two keys in the shared cache.
    Found([Option<&'i str>; 2]),
    /// The answer to the request.
    Got(Response<'i>),
    /// The wait is over; or the value was written, or could not be.
    Ready,
    /// The flight starts.
    Start,
}

/// Why a flight was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// There is no set, or it is old.
    Age,
    /// The caller asked for it.
    Asked,
    /// A token's key is not in the set.
    Missing,
}

/// The action whose outcome the flight waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leg {
    Claiming,
    Closing,
    Confirming,
    Keys,
    Looking,
    Metadata(WellKnown),
    Polling,
    Settling,
    Starting,
}

impl Leg {
    /// Whether it comes before the issuer is asked.
    const fn is_of_cache(self) -> bool {
        matches!(self, Self::Claiming | Self::Confirming | Self::Looking | Self::Polling | Self::Settling)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Flight {
    id: u32,
    pub(super) started: u64,
    /// The time of this flight. It never goes back.
    time: u64,
    /// When the issuer was first asked; the start, until then.
    asked: u64,
    deadline: u64,
    why: Why,
    leg: Leg,
    /// Identifies this flight among those of other machines.
    owner: u64,
    /// The other machine that is fetching, and since when this flight has seen its lease.
    other: Option<(u64, u64)>,
}

impl Flight {
    /// Whether it can still end well. It may outlast its deadline by the time in which its failure is reported.
    pub(super) fn is_in_flight(&self, now: u64) -> bool {
        is_within(self.started, now, self.span())
    }

    /// How long it can still take, in milliseconds.
    pub(super) fn remaining(&self, now: u64) -> u64 {
        self.span().saturating_sub(age(self.started, now).unwrap_or(0))
    }

    const fn span(&self) -> u64 {
        self.deadline.saturating_sub(self.started).saturating_add(POLLING)
    }

    const fn within(&self) -> u64 {
        let left = self.deadline.saturating_sub(self.time);
        if left == 0 { 1 } else { left }
    }

    const fn is_over(&self) -> bool {
        self.time >= self.deadline
    }

    const fn go(&mut self, leg: Leg, action: Action) -> Action {
        self.leg = leg;
        action
    }

    /// Pauses, but no longer than there is time: a flight that overstays counts as abandoned, and its failure is never
    /// reported.
    fn pause(&mut self, leg: Leg, pause: u64) -> Action {
        let pause = pause.min(self.within());
        self.time = self.time.saturating_add(pause);
        self.go(leg, Action::Sleep(pause))
    }

    /// For how long this flight has seen the lease of that machine, in milliseconds.
    const fn has_seen(&mut self, owner: u64) -> u64 {
        match self.other {
            Some((other, since)) if other == owner => self.time.saturating_sub(since),
            _ => {
                self.other = Some((owner, self.time));
                0
            }
        }
    }
}

impl Remote {
    pub(super) fn start(&mut self, now: u64, why: Why) -> u32 {
        self.started = self.started.wrapping_add(1);
        let owner = self.random.next();
        self.flights.push(Flight {
            id: self.started,
            started: now,
            time: now,
            asked: now,
            deadline: now.saturating_add(self.limits.timeout),
            why,
            leg: Leg::Starting,
            owner,
            other: None,
        });
        self.started
    }

    /// Moves a flight on by the outcome of its last action. An outcome that arrives out of turn, or for a flight that
    /// was given up, changes nothing.
    pub fn advance(&mut self, now: u64, flight: u32, input: Input<'_>) -> Action {
        let Some(index) = self.flights.iter().position(|current| current.id == flight) else {
            return Action::Done;
        };
        let mut flight = self.flights.remove(index);
        flight.time = flight.time.max(now);
        let action = self.step(now, &mut flight, input);
        if action == Action::Done {
            // Flights that were cleared away got the same set.
            self.ended = if self.flights.is_empty() { self.started } else { flight.id };
        } else {
            self.flights.insert(index.min(self.flights.len()), flight);
        }
        action
    }

    fn step(&mut self, now: u64, flight: &mut Flight, input: Input<'_>) -> Action {
        match (flight.leg, input) {
            (Leg::Starting, _) if self.limits.shared_cache && flight.why != Why::Asked => {
                self.read(flight, Leg::Looking)
            }
            (Leg::Starting, _) => self.ask(now, flight),
            (Leg::Looking | Leg::Confirming, Input::Found([entry, lease])) => {
                self.look(now, flight, entry, lease)
            }
            (leg, _) if leg.is_of_cache() && flight.is_over() => self.run_out(now, flight),
            // A cache that is slow for this machine is slow for the others.
            (Leg::Claiming, _) => {
                let taken = flight.time.saturating_sub(flight.started);
                let longest = self.limits.timeout.div_ceil(8).max(SETTLING);
                flight.pause(Leg::Settling, taken.clamp(SETTLING, longest))
            }
            (Leg::Settling, _) => self.read(flight, Leg::Confirming),
            (Leg::Polling, _) => self.read(flight, Leg::Looking),
            (Leg::Metadata(path), Input::Got(response)) => self.read_metadata(now, flight, path, &response),
            (Leg::Keys, Input::Got(response)) => self.read_keys(now, flight, &response),
            (Leg::Metadata(_) | Leg::Keys, Input::Failed { timeout: true }) => {
                self.fail(now, flight, Error::KeySetTimeout)
            }
            (Leg::Metadata(_) | Leg::Keys, _) => {
                self.fail(now, flight, Error::KeySetFetchFailed { status: None })
            }
            // A shared cache that cannot be read costs requests, never keys.
            (Leg::Looking | Leg::Confirming, _) => self.ask(now, flight),
            (Leg::Closing, _) => Action::Done,
        }
    }

    fn read(&self, flight: &mut Flight, leg: Leg) -> Action {
        let key = self.source.cache_key();
        let keys = [key.clone(), format!("{key}-lease")];
        let within = self.patience(flight);
        flight.go(leg, Action::Read { keys, within })
    }

    /// How long to wait for the shared cache, so that one that hangs leaves time to ask the issuer.
    fn patience(&self, flight: &Flight) -> u64 {
        flight.within().min(self.limits.timeout.div_ceil(4))
    }

    /// Decides by the contents of the shared cache.
    fn look(&mut self, now: u64, flight: &mut Flight, entry: Option<&str>, lease: Option<&str>) -> Action {
        let entry =
            entry.and_then(|text| Entry::read(text, &self.source.name(), &self.limits).ok().flatten());
        if let Some(entry) = entry {
            self.adopt(now, entry);
        }
        // The set may also have come by another flight of this machine.
        if self.is_enough(now, flight.why) {
            self.failure = None;
            return Action::Done;
        }
        if flight.is_over() {
            return self.run_out(now, flight);
        }
        let Limits { cooldown, timeout, .. } = self.limits;
        match lease.and_then(Lease::read).filter(|lease| age(lease.at, now).is_some()) {
            Some(lease) if lease.failed => {
                if is_within(lease.at, now, cooldown) {
                    return self.rest(now, flight, Error::KeySetFetchFailed { status: None }, false);
                }
                self.claim(now, flight)
            }
            Some(lease) if lease.owner == flight.owner => self.ask(now, flight),
            // Half the time is for waiting, the other half for fetching if the owner has vanished. The owner's clock
            // may be ahead, so what this flight has seen counts as well.
            Some(lease)
                if is_within(lease.at, now, timeout / 2) && flight.has_seen(lease.owner) < timeout / 2 =>
            {
                let waited = flight.time.saturating_sub(flight.started);
                let pause = POLLING + self.random.below(POLLING);
                flight.pause(Leg::Polling, pause.max(waited / 8))
            }
            // The lease that was written is not there: a cache that is slow to agree with itself, or full.
            _ if flight.leg == Leg::Confirming => self.ask(now, flight),
            _ => self.claim(now, flight),
        }
    }

    fn claim(&self, now: u64, flight: &mut Flight) -> Action {
        let lease = Lease { owner: flight.owner, at: now, failed: false };
        let action = self.write_lease(flight, lease);
        flight.go(Leg::Claiming, action)
    }

    fn write_lease(&self, flight: &Flight, lease: Lease) -> Action {
        Action::Write {
            key: format!("{}-lease", self.source.cache_key()),
            value: lease.to_json(),
            ttl: self.limits.timeout.max(self.limits.cooldown).div_ceil(1000),
            within: self.patience(flight),
        }
    }

    /// Whether the set that is held now answers the need of this flight, as [`Remote::need`] will see it.
    fn is_enough(&self, now: u64, why: Why) -> bool {
        self.held.as_ref().is_some_and(|held| match why {
            Why::Age => held.is_young(now),
            Why::Asked => false,
            // A set older than the cool-down may lack a key that has been published for longer.
            Why::Missing => is_within(held.fetched_at, now, self.limits.cooldown),
        })
    }

    /// Asks the issuer.
    fn ask(&mut self, now: u64, flight: &mut Flight) -> Action {
        flight.asked = flight.time;
        let within = flight.within();
        match &self.source {
            Source::Url(url) => flight.go(Leg::Keys, Action::Get { url: url.clone(), within }),
            Source::Issuer(issuer) => match &self.jwks_uri {
                // After a failure the URL itself may have changed.
                Some((url, at)) if self.failure.is_none() && is_within(*at, now, METADATA_AGE) => {
                    flight.go(Leg::Keys, Action::Get { url: url.clone(), within })
                }
                _ => {
                    let url = WellKnown::OpenId.url(issuer);
                    flight.go(Leg::Metadata(WellKnown::OpenId), Action::Get { url, within })
                }
            },
        }
    }

    fn read_metadata(
        &mut self,
        now: u64,
        flight: &mut Flight,
        path: WellKnown,
        response: &Response<'_>,
    ) -> Action {
        let status = response.status;
        let Source::Issuer(issuer) = &self.source else { return Action::Done };
        let metadata = Some(response)
            .filter(|response| {
                response.status == 200
                    && response.may_be_json()
                    && response.body.len() <= self.limits.max_bytes
            })
            .and_then(|response| Object::parse(response.body).ok());
        let Some(metadata) = metadata else {
            let elsewhere = status == 200 || (400..500).contains(&status);
            if elsewhere && path == WellKnown::OpenId {
                let action = Action::Get { url: WellKnown::OAuth.url(issuer), within: flight.within() };
                return flight.go(Leg::Metadata(WellKnown::OAuth), action);
            }
            return self.fail(now, flight, fetch_failed(status));
        };
        match jwks_uri(&metadata, issuer) {
            Some(url) => {
                self.jwks_uri = Some((url.clone(), now));
                let within = flight.within();
                flight.go(Leg::Keys, Action::Get { url, within })
            }
            None => self.fail(now, flight, Error::KeySetFetchFailed { status: None }),
        }
    }

    fn read_keys(&mut self, now: u64, flight: &mut Flight, response: &Response<'_>) -> Action {
        if response.status != 200 || !response.may_be_json() || response.body.len() > self.limits.max_bytes {
            return self.fail(now, flight, fetch_failed(response.status));
        }
        let set = public_keys(response.body);
        let (Ok(set), Ok(text)) = (set, str::from_utf8(response.body)) else {
            return self.fail(now, flight, Error::KeySetFetchFailed { status: None });
        };
        let lifetime = response.lifetime(self.limits.min_age, self.limits.max_age);
        // By a clock that went back meanwhile, the request was sent in the future.
        let fetched_at = flight.asked.min(now);
        let entry = Entry { set, text: text.trim().to_owned(), fetched_at, lifetime };
        let value = entry.to_json(&self.source.name());
        self.hold(entry);
        self.failure = None;
        self.abandoned = None;
        // The other flights of this machine have nothing left to bring.
        self.flights.clear();
        if !self.limits.shared_cache {
            return Action::Done;
        }
        let ttl = lifetime.saturating_add(self.limits.stale_if_error).div_ceil(1000);
        let within = self.patience(flight);
        flight.go(Leg::Closing, Action::Write { key: self.source.cache_key(), value, ttl, within })
    }

    /// Ends a flight that had no time left to ask the issuer. Another machine may yet succeed, so this failure is not
    /// shared.
    fn run_out(&mut self, now: u64, flight: &mut Flight) -> Action {
        self.rest(now, flight, Error::KeySetTimeout, false)
    }

    fn fail(&mut self, now: u64, flight: &mut Flight, error: Error) -> Action {
        let shares = self.limits.shared_cache;
        self.rest(now, flight, error, shares)
    }

    /// Ends the flight without a set. Nothing is fetched for the cool-down, counted from the moment the issuer was
    /// asked; after each further failure for longer, and not for equally long on every machine.
    fn rest(&mut self, now: u64, flight: &mut Flight, error: Error, shares: bool) -> Action {
        let before = self.failure.as_ref().map_or(0, |failure| failure.count);
        let longest = self.limits.cooldown << before.min(LONGEST_REST.ilog2());
        let spread = self.random.below(longest - self.limits.cooldown);
        let asked = flight.asked.min(now);
        self.failure = Some(Failure {
            error,
            count: before.saturating_add(1),
            asked,
            rest: self.limits.cooldown.saturating_add(spread),
            ended: now,
        });
        if !shares {
            return Action::Done;
        }
        let action = self.write_lease(flight, Lease { owner: flight.owner, at: asked, failed: true });
        flight.go(Leg::Closing, action)
    }
}

/// The error for an answer that is not a JWK Set. A status of 200 explains nothing, and neither does the 0 by which
/// a browser hides a redirect.
const fn fetch_failed(status: u16) -> Error {
    Error::KeySetFetchFailed { status: if matches!(status, 0 | 200) { None } else { Some(status) } }
}
