//! A JWK Set as it is written down: in a snapshot, and in a cache that isolates or machines share.
//!
//! Whoever can write there could write anything, so an entry is judged like an answer of the issuer: it names its
//! source, its times are held to the same limits, and its keys are read by the same reader.

use crate::error::KeySetFault;
use crate::json::{self, Object, Value};
use crate::jwt::{KeySet, VerificationKey};
use crate::{Error, json::Fault};

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

    /// Reads an entry for this source; `None` for one that holds no keys yet.
    pub(super) fn read(text: &str, source: &str, min_age: u64, max_age: u64) -> Result<Option<Self>, Error> {
        let invalid = || Error::KeySetInvalid { fault: KeySetFault::Snapshot };
        let entry = Object::parse(text.as_bytes()).map_err(|_: Fault| invalid())?;
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
        let lifetime = millis(entry.get("lifetime")).ok_or_else(invalid)?.clamp(min_age, max_age);
        let set = public_keys(jwks.as_bytes())?;
        Ok(Some(Self { set, text: jwks.to_owned(), fetched_at, lifetime }))
    }

    /// How many milliseconds ago it was fetched; `None` where that is still to come, by this clock.
    pub(super) fn age(&self, now: u64) -> Option<u64> {
        now.checked_sub(self.fetched_at)
    }
}

/// Reads a JWK Set that others can read too. With a shared secret out of one, everybody could sign.
pub(super) fn public_keys(json: &[u8]) -> Result<KeySet, Error> {
    let set = KeySet::from_jwks(json)?;
    if set.keys().any(VerificationKey::is_secret) {
        return Err(Error::KeySetInvalid { fault: KeySetFault::Mixed });
    }
    Ok(set)
}

/// A snapshot of a source that has not been asked yet.
pub(super) fn empty_json(source: &str) -> String {
    let mut json = String::from("{\"v\":1,\"source\":");
    json::push_string(&mut json, source);
    json.push('}');
    json
}

/// Who is fetching for everybody, and since when; or that it failed.
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

/// A whole number of milliseconds that a date can name.
fn millis(value: Option<Value<'_>>) -> Option<u64> {
    value
        .and_then(Value::as_number)
        .filter(|number| (0.0..=8.64e15).contains(number))
        .map(|number| number as u64)
}
