//! A JWK Set as it is written down: in a snapshot, and in a cache that isolates or machines share.
//!
//! An entry gets no more trust than an answer of the issuer: it must name its source, its times are held to the same
//! limits, and its keys are read by the same reader.

use crate::error::KeySetFault;
use crate::json::{self, Object, Value};
use crate::jwt::{KeySet, VerificationKey};
use crate::{Error, json::Fault};

/// How far the clocks of machines that share a cache may differ, in milliseconds.
pub(super) const SKEW: u64 = 60_000;

/// The milliseconds since `at`. A time ahead of this clock counts as now while it is within [`SKEW`]; beyond that the
/// age is unknown.
///
/// Every question about age is put to this function, so that no two answers contradict each other: an entry that one
/// function calls fresh and another one calls unknown would be fetched again and again.
pub(super) const fn age(at: u64, now: u64) -> Option<u64> {
    if at.saturating_sub(now) <= SKEW { Some(now.saturating_sub(at)) } else { None }
}

/// Whether `at` is less than `span` milliseconds ago.
pub(super) fn is_within(at: u64, now: u64, span: u64) -> bool {
    age(at, now).is_some_and(|age| age < span)
}

/// A JWK Set, and when it was fetched.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) set: KeySet,
    /// The text that `set` was read from.
    pub(super) text: String,
    /// When the request for it was sent, in Unix milliseconds.
    pub(super) fetched_at: u64,
    /// For how many milliseconds from then it is fresh.
    pub(super) lifetime: u64,
}

impl Entry {
    pub(super) fn to_json(&self, source: &str) -> String {
        let mut json = String::from("{\"v\":1,\"source\":");
        json::push_string(&mut json, source);
        let (fetched_at, lifetime, text) = (self.fetched_at, self.lifetime, &self.text);
        json.push_str(&format!(",\"fetchedAt\":{fetched_at},\"lifetime\":{lifetime},\"jwks\":{text}}}"));
        json
    }

    /// Reads an entry of this source; `None` if it holds no keys yet.
    ///
    /// Reads back whatever [`Entry::to_json`] wrote of an accepted set: the wrapping takes a level of nesting and some
    /// length, and both limits make room for it.
    pub(super) fn read(text: &str, source: &str, limits: &super::Limits) -> Result<Option<Self>, Error> {
        let invalid = || Error::KeySetInvalid { fault: KeySetFault::Snapshot };
        if text.len() > longest(source, limits.max_bytes) {
            return Err(invalid());
        }
        let entry = Object::parse_wrapping(text.as_bytes()).map_err(|_: Fault| invalid())?;
        let is_ours = entry.get("v").and_then(Value::as_number) == Some(1.0)
            && matches!(entry.get("source"), Some(Value::String(text)) if text.is(source));
        if !is_ours {
            return Err(invalid());
        }
        let jwks = match entry.get("jwks") {
            None => return Ok(None),
            Some(Value::Object(jwks)) => jwks.json(),
            Some(_) => return Err(invalid()),
        };
        let fetched_at = millis(entry.get("fetchedAt")).ok_or_else(invalid)?;
        let lifetime =
            millis(entry.get("lifetime")).ok_or_else(invalid)?.clamp(limits.min_age, limits.max_age);
        let set = public_keys(jwks.as_bytes())?;
        Ok(Some(Self { set, text: jwks.to_owned(), fetched_at, lifetime }))
    }

    /// How old the set is, in milliseconds; `None` if this clock cannot tell. See [`age`].
    pub(super) const fn age(&self, now: u64) -> Option<u64> {
        age(self.fetched_at, now)
    }

    /// Whether the set is young enough that it is not fetched again yet.
    pub(super) fn is_young(&self, now: u64) -> bool {
        is_within(self.fetched_at, now, self.lifetime / 5 * 4)
    }

    /// Whether the set is within its lifetime.
    pub(super) fn is_fresh(&self, now: u64) -> bool {
        is_within(self.fetched_at, now, self.lifetime)
    }
}

/// The longest entry for this source, in bytes. The source is written once; an escaped character takes six bytes.
fn longest(source: &str, max_bytes: usize) -> usize {
    max_bytes.saturating_add(1024).saturating_add(source.len().saturating_mul(6))
}

/// Reads a JWK Set that others can read too. A shared secret in one would let every reader sign.
pub(super) fn public_keys(json: &[u8]) -> Result<KeySet, Error> {
    let set = KeySet::from_jwks(json)?;
    if set.keys().any(VerificationKey::is_secret) {
        return Err(Error::KeySetInvalid { fault: KeySetFault::Mixed });
    }
    Ok(set)
}

/// A snapshot of a source that has not been fetched yet.
pub(super) fn empty_json(source: &str) -> String {
    let mut json = String::from("{\"v\":1,\"source\":");
    json::push_string(&mut json, source);
    json.push('}');
    json
}

/// Which machine fetches for all, and since when; or that its fetch failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lease {
    pub(super) owner: u64,
    pub(super) at: u64,
    pub(super) failed: bool,
}

impl Lease {
    pub(super) fn to_json(self) -> String {
        let Self { owner, at, failed } = self;
        format!("{{\"owner\":\"{owner:016x}\",\"at\":{at},\"failed\":{failed}}}")
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let lease = Object::parse(text.as_bytes()).ok()?;
        let owner = lease.get("owner").and_then(Value::as_text)?;
        let owner = u64::from_str_radix(&owner.to_cow(), 16).ok()?;
        let failed = matches!(lease.get("failed"), Some(Value::Bool(true)));
        Some(Self { owner, at: millis(lease.get("at"))?, failed })
    }
}

/// A whole number of milliseconds within the range of dates.
fn millis(value: Option<Value<'_>>) -> Option<u64> {
    value
        .and_then(Value::as_number)
        .filter(|number| (0.0..=8.64e15).contains(number))
        .map(|number| number as u64)
}
