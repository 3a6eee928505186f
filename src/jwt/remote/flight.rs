//! One fetch, from its start to its end: a look into the shared cache where there is one, the issuer's metadata
//! where the set's URL is not known, then the set itself.
//!
//! Where many isolates find the shared cache empty together, one of them fetches and the others wait for what it
//! puts there. A cache has no compare-and-set, so each that finds no lease writes its own, waits for the others to
//! do the same, and looks who was last.

use super::entry::{Entry, Lease, public_keys};
use super::source::{Source, WellKnown, jwks_uri};
use super::{Failure, Remote, Response};
use crate::Error;
use crate::json::Object;

/// How long writers of leases wait for each other at the least, in milliseconds.
const SETTLING: u64 = 50;
/// How long, and up to how much longer, to wait between two looks for what another isolate fetches.
const POLLING: u64 = 60;
/// How far the clocks of machines that share a cache may be apart.
const SKEW: u64 = 60_000;
/// For how long the URL in an issuer's metadata is used without asking again.
const METADATA_AGE: u64 = 86_400_000;
/// The wait between fetches grows up to so many times the cool-down.
const LONGEST_REST: u64 = 8;

/// What the flight does next. Every action may take the milliseconds that stand with it, and no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// The flight is over; whoever waits for it asks [`Remote::need`] again. Also the answer for a flight that is
    /// not the current one any more.
    Done,
    /// Send a GET request and report the answer. Follow no redirect that [`super::admit`] does not admit.
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
    /// Wait so many milliseconds.
    Sleep(u64),
    /// Write into the shared cache.
    Write {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// For how many seconds it is of use.
        ttl: u64,
        /// The time left.
        within: u64,
    },
}

/// What came of the last action.
#[derive(Clone, Copy, Debug)]
pub enum Input<'i> {
    /// The request failed before there was an answer, or the shared cache could not be read.
    Failed {
        /// Because time ran out.
        timeout: bool,
    },
    /// What the shared cache has under the two keys.
    Found([Option<&'i str>; 2]),
    /// The answer to the request.
    Got(Response<'i>),
    /// The wait is over, or the value is written, or could not be.
    Ready,
    /// The flight starts.
    Start,
}

/// Why a flight was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// There is no set, or it is old.
    Age,
    /// The caller wants it.
    Asked,
    /// A token's key is not in the set.
    Missing,
}

/// Which action's outcome the flight waits for.
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
    started: u64,
    /// When the issuer was first asked; the start, until then.
    asked: u64,
    deadline: u64,
    why: Why,
    leg: Leg,
    /// Names this flight among those of other machines.
    owner: u64,
}

impl Flight {
    /// Whether it can still end well. It may outlast its deadline by the time in which its failure is told.
    pub(super) const fn is_in_flight(&self, now: u64) -> bool {
        self.started <= now && now < self.deadline.saturating_add(POLLING)
    }

    pub(super) const fn remaining(&self, now: u64) -> u64 {
        self.deadline.saturating_add(POLLING).saturating_sub(now)
    }

    const fn within(&self, now: u64) -> u64 {
        let left = self.deadline.saturating_sub(now);
        if left == 0 { 1 } else { left }
    }
}

impl Remote {
    pub(super) fn start(&mut self, now: u64, why: Why) -> u32 {
        self.flights = self.flights.wrapping_add(1);
        let owner = self.random_number();
        let deadline = now.saturating_add(self.limits.timeout);
        self.flight = Some(Flight {
            id: self.flights,
            started: now,
            asked: now,
            deadline,
            why,
            leg: Leg::Starting,
            owner,
        });
        self.flights
    }

    /// Moves the flight of this number on by the outcome of its last action. What arrives for a flight that was
    /// given up, or out of turn, changes nothing.
    pub fn advance(&mut self, now: u64, flight: u32, input: Input<'_>) -> Action {
        let Some(current) = self.flight.clone().filter(|current| current.id == flight) else {
            return Action::Done;
        };
        match (current.leg, input) {
            (Leg::Starting, _) if self.limits.shared_cache && current.why != Why::Asked => {
                self.read(now, &current, Leg::Looking)
            }
            (Leg::Starting, _) => self.ask(now, &current),
            (Leg::Looking | Leg::Confirming, Input::Found([entry, lease])) => {
                self.look(now, &current, entry, lease)
            }
            (leg, _) if leg.is_of_cache() && now >= current.deadline => self.run_out(now, &current),
            // A cache that is slow for this one is slow for the others.
            (Leg::Claiming, _) => {
                let pause = now
                    .saturating_sub(current.started)
                    .clamp(SETTLING, self.limits.timeout.div_ceil(8).max(SETTLING));
                self.sleep(now, &current, Leg::Settling, pause)
            }
            (Leg::Settling, _) => self.read(now, &current, Leg::Confirming),
            (Leg::Polling, _) => self.read(now, &current, Leg::Looking),
            (Leg::Metadata(path), Input::Got(response)) => self.read_metadata(now, &current, path, &response),
            (Leg::Keys, Input::Got(response)) => self.read_keys(now, &current, &response),
            (Leg::Metadata(_) | Leg::Keys, Input::Failed { timeout: true }) => {
                self.fail(now, &current, Error::KeySetTimeout)
            }
            (Leg::Metadata(_) | Leg::Keys, _) => {
                self.fail(now, &current, Error::KeySetFetchFailed { status: None })
            }
            // A shared cache that cannot be read costs requests, never keys.
            (Leg::Looking | Leg::Confirming, _) => self.ask(now, &current),
            (Leg::Closing, _) => self.end(),
        }
    }

    fn continue_with(&mut self, leg: Leg, action: Action) -> Action {
        if let Some(flight) = &mut self.flight {
            flight.leg = leg;
        }
        action
    }

    /// Waits, no longer than there is time: a flight that overstays is taken for lost, and its failure is never told.
    fn sleep(&mut self, now: u64, flight: &Flight, leg: Leg, pause: u64) -> Action {
        self.continue_with(leg, Action::Sleep(pause.min(flight.within(now))))
    }

    fn read(&mut self, now: u64, flight: &Flight, leg: Leg) -> Action {
        let key = self.source.cache_key();
        let keys = [key.clone(), format!("{key}-lease")];
        self.continue_with(leg, Action::Read { keys, within: self.patience(now, flight) })
    }

    /// How long to wait for the shared cache, so that one that hangs leaves time to ask the issuer.
    fn patience(&self, now: u64, flight: &Flight) -> u64 {
        flight.within(now).min(self.limits.timeout.div_ceil(4))
    }

    /// Judges what the shared cache has.
    fn look(&mut self, now: u64, flight: &Flight, entry: Option<&str>, lease: Option<&str>) -> Action {
        if let Some(text) = entry.filter(|text| text.len() <= self.limits.max_bytes.saturating_add(1024)) {
            let (min, max) = (self.limits.min_age, self.limits.max_age);
            // One from the future would never grow old.
            let entry = Entry::read(text, &self.source.name(), min, max).ok().flatten();
            if let Some(entry) = entry.filter(|entry| entry.fetched_at <= now.saturating_add(SKEW)) {
                let fetched_at = entry.fetched_at;
                self.adopt(now, entry);
                if self.is_enough(now, flight.why, fetched_at) {
                    self.failure = None;
                    return self.end();
                }
            }
        }
        if now >= flight.deadline {
            return self.run_out(now, flight);
        }
        match lease.and_then(Lease::read).filter(|lease| lease.at <= now.saturating_add(SKEW)) {
            Some(lease) if lease.failed => {
                if now < lease.at.saturating_add(self.limits.cooldown) {
                    return self.rest(now, flight, Error::KeySetFetchFailed { status: None }, false);
                }
                self.claim(now, flight)
            }
            Some(lease) if lease.owner == flight.owner => self.ask(now, flight),
            // Half the time is for waiting, the other half for fetching where the owner has vanished.
            Some(lease) if now < lease.at.saturating_add(self.limits.timeout / 2) => {
                let pause = POLLING + self.random_below(POLLING);
                self.sleep(now, flight, Leg::Polling, pause)
            }
            // The lease that was written is not there: a cache that is slow to agree with itself, or full.
            _ if flight.leg == Leg::Confirming => self.ask(now, flight),
            _ => self.claim(now, flight),
        }
    }

    fn claim(&mut self, now: u64, flight: &Flight) -> Action {
        let lease = Lease { owner: flight.owner, at: now, failed: false };
        let action = self.write_lease(now, flight, lease);
        self.continue_with(Leg::Claiming, action)
    }

    fn write_lease(&self, now: u64, flight: &Flight, lease: Lease) -> Action {
        Action::Write {
            key: format!("{}-lease", self.source.cache_key()),
            value: lease.to_json(),
            ttl: self.limits.timeout.max(self.limits.cooldown).div_ceil(1000),
            within: self.patience(now, flight),
        }
    }

    /// Whether a set that somebody else fetched answers the need of this flight.
    fn is_enough(&self, now: u64, why: Why, fetched_at: u64) -> bool {
        let Some(held) = self.held.as_ref().filter(|held| held.fetched_at == fetched_at) else {
            return false;
        };
        match why {
            Why::Age => held.age(now).unwrap_or(0) < held.lifetime / 5 * 4,
            Why::Asked => false,
            // What is older than the cool-down may lack a key that has been published for longer.
            Why::Missing => held.age(now).unwrap_or(0) < self.limits.cooldown,
        }
    }

    /// Asks the issuer.
    fn ask(&mut self, now: u64, flight: &Flight) -> Action {
        if let Some(flight) = &mut self.flight {
            flight.asked = now;
        }
        let url = match &self.source {
            Source::Url(url) => url.clone(),
            Source::Issuer(issuer) => match &self.jwks_uri {
                // After a failure the URL itself may be what has changed.
                Some((uri, at))
                    if self.failure.is_none()
                        && now.checked_sub(*at).is_some_and(|age| age < METADATA_AGE) =>
                {
                    uri.clone()
                }
                _ => {
                    let url = WellKnown::OpenId.url(issuer);
                    let action = Action::Get { url, within: flight.within(now) };
                    return self.continue_with(Leg::Metadata(WellKnown::OpenId), action);
                }
            },
        };
        self.continue_with(Leg::Keys, Action::Get { url, within: flight.within(now) })
    }

    fn read_metadata(
        &mut self,
        now: u64,
        flight: &Flight,
        path: WellKnown,
        response: &Response<'_>,
    ) -> Action {
        let status = response.status;
        let Source::Issuer(issuer) = &self.source else { return self.end() };
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
                let action = Action::Get { url: WellKnown::OAuth.url(issuer), within: flight.within(now) };
                return self.continue_with(Leg::Metadata(WellKnown::OAuth), action);
            }
            return self.fail(now, flight, fetch_failed(status));
        };
        match jwks_uri(&metadata, issuer) {
            Some(url) => {
                self.jwks_uri = Some((url.clone(), now));
                self.continue_with(Leg::Keys, Action::Get { url, within: flight.within(now) })
            }
            None => self.fail(now, flight, Error::KeySetFetchFailed { status: None }),
        }
    }

    fn read_keys(&mut self, now: u64, flight: &Flight, response: &Response<'_>) -> Action {
        if response.status != 200 || !response.may_be_json() || response.body.len() > self.limits.max_bytes {
            return self.fail(now, flight, fetch_failed(response.status));
        }
        let set = public_keys(response.body);
        let (Ok(set), Ok(text)) = (set, str::from_utf8(response.body)) else {
            return self.fail(now, flight, Error::KeySetFetchFailed { status: None });
        };
        let lifetime = response.lifetime(self.limits.min_age, self.limits.max_age);
        let entry = Entry { set, text: text.trim().to_owned(), fetched_at: flight.asked, lifetime };
        let value = entry.to_json(&self.source.name());
        self.hold(entry);
        self.failure = None;
        if !self.limits.shared_cache {
            return self.end();
        }
        let ttl = lifetime.saturating_add(self.limits.stale_if_error).div_ceil(1000);
        let action =
            Action::Write { key: self.source.cache_key(), value, ttl, within: self.patience(now, flight) };
        self.continue_with(Leg::Closing, action)
    }

    /// Ends a flight that had no time left to ask the issuer. Whoever fetches may yet succeed, so this failure is told to
    /// nobody.
    fn run_out(&mut self, now: u64, flight: &Flight) -> Action {
        self.rest(now, flight, Error::KeySetTimeout, false)
    }

    fn fail(&mut self, now: u64, flight: &Flight, error: Error) -> Action {
        let tells = self.limits.shared_cache;
        self.rest(now, flight, error, tells)
    }

    /// Ends the flight without a set. Nothing is fetched for the cool-down, counted from the start of this flight;
    /// after each further failure for longer, and not for equally long on every machine.
    fn rest(&mut self, now: u64, flight: &Flight, error: Error, tells: bool) -> Action {
        let before = self.failure.as_ref().map_or(0, |failure| failure.count);
        let longest = self.limits.cooldown << before.min(LONGEST_REST.ilog2());
        let spread = self.random_below(longest - self.limits.cooldown);
        let until = flight.asked.saturating_add(self.limits.cooldown).saturating_add(spread);
        self.failure = Some(Failure { error, count: before.saturating_add(1), at: now, until });
        if !tells {
            return self.end();
        }
        let lease = Lease { owner: flight.owner, at: flight.asked, failed: true };
        let action = self.write_lease(now, flight, lease);
        self.continue_with(Leg::Closing, action)
    }

    fn end(&mut self) -> Action {
        self.flight = None;
        Action::Done
    }
}

/// The error for an answer that is not a JWK Set. A status of 200 explains nothing, and neither does the 0 by which
/// a browser hides a redirect.
const fn fetch_failed(status: u16) -> Error {
    Error::KeySetFetchFailed { status: if matches!(status, 0 | 200) { None } else { Some(status) } }
}
