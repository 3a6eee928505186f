//! Verdicts on tokens that come again: those that were accepted, and those that never can be.
//!
//! A token is found by the last characters of its signature and then compared whole, so that a hash never decides a verdict.
//! Each hash has one entry: a sender of tokens that collide evicts their own.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

use crate::error::Error;
use crate::jwt::verified::Verified;

/// The limits of a verifier's cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheLimits {
    /// The most accepted tokens. An eighth as many rejected tokens are cached besides.
    pub entries: usize,
    /// The most bytes, rejected tokens included.
    pub bytes: usize,
}

impl Default for CacheLimits {
    /// 1,000 tokens in at most 16 MiB.
    fn default() -> Self {
        Self::new(1_000, 16 << 20)
    }
}

impl CacheLimits {
    /// At most so many accepted tokens, in at most so many bytes.
    #[must_use]
    pub const fn new(entries: usize, bytes: usize) -> Self {
        Self { entries, bytes }
    }

    pub(super) fn validate(self) -> Result<(), Error> {
        for (name, limit) in [("entries", self.entries), ("bytes", self.bytes)] {
            if limit == 0 {
                return Err(Error::invalid_arg(name, "at least 1"));
            }
        }
        Ok(())
    }
}

/// The part of the cache for rejected tokens, so that rubbish pushes out nothing but rubbish: an eighth.
const REFUSED_PART: usize = 8;

/// What an entry takes besides the token, its header and its claims: an upper bound for its place in the tables.
const OVERHEAD: usize = 320;

/// A verdict that stands until keys change, but for what time and the caller's callbacks say.
pub(super) type Verdict = Result<Verified, Error>;

/// The verdicts of one verifier: they hold for its rules and no others.
pub(super) struct Cache {
    accepted: Lru,
    refused: Lru,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

impl Cache {
    pub(super) fn new(limits: CacheLimits) -> Self {
        let refused = CacheLimits::new(limits.entries / REFUSED_PART, limits.bytes / REFUSED_PART);
        let accepted = CacheLimits::new(limits.entries, limits.bytes - refused.bytes);
        Self { accepted: Lru::new(accepted), refused: Lru::new(refused) }
    }

    /// The verdict on exactly this token, and whose keys it was reached with.
    pub(super) fn find(&mut self, token: &[u8]) -> Option<(usize, Verdict)> {
        let hash = hash_of(token);
        self.accepted.find(hash, token).or_else(|| self.refused.find(hash, token))
    }

    /// Keeps the verdict, unless each call must judge it anew: by time, revocation or keys that are missing.
    pub(super) fn keep(&mut self, token: &[u8], issuer: usize, verdict: &Verdict) {
        let (lru, size) = match verdict {
            Ok(verified) => (&mut self.accepted, verified.payload().len() + verified.header().json().len()),
            Err(Error::SignatureInvalid | Error::Malformed { .. }) => (&mut self.refused, 0),
            Err(_) => return,
        };
        let bytes = token.len() + size + OVERHEAD;
        lru.keep(
            hash_of(token),
            Entry { token: token.into(), issuer, bytes, used: 0, verdict: verdict.clone() },
        );
    }

    /// Whether there is a verdict on exactly this token. To ask is no use of it.
    pub(super) fn contains(&self, token: &[u8]) -> bool {
        let hash = hash_of(token);
        [&self.accepted, &self.refused].iter().any(|lru| lru.contains(hash, token))
    }

    pub(super) const fn bytes(&self) -> usize {
        self.accepted.bytes + self.refused.bytes
    }

    /// Drops what was reached with the keys of this issuer.
    pub(super) fn forget(&mut self, issuer: usize) {
        self.accepted.forget(issuer);
        self.refused.forget(issuer);
    }
}

struct Entry {
    token: Box<[u8]>,
    issuer: usize,
    bytes: usize,
    used: u64,
    verdict: Verdict,
}

/// Entries within limits; the one used least recently gives way.
struct Lru {
    limits: CacheLimits,
    entries: HashMap<u64, Entry, BuildHasherDefault<Hashed>>,
    /// One record for each entry: a use of it, not necessarily the last. A hit writes none, so the one who takes the oldest
    /// record looks whether its entry has been used since, and if so puts it back with that use.
    uses: BinaryHeap<Reverse<(u64, u64)>>,
    clock: u64,
    bytes: usize,
}

impl Lru {
    fn new(limits: CacheLimits) -> Self {
        Self { limits, entries: HashMap::default(), uses: BinaryHeap::new(), clock: 0, bytes: 0 }
    }

    fn contains(&self, hash: u64, token: &[u8]) -> bool {
        self.entries.get(&hash).is_some_and(|entry| is_same(&entry.token, token))
    }

    fn find(&mut self, hash: u64, token: &[u8]) -> Option<(usize, Verdict)> {
        let entry = self.entries.get_mut(&hash).filter(|entry| is_same(&entry.token, token))?;
        self.clock += 1;
        entry.used = self.clock;
        Some((entry.issuer, entry.verdict.clone()))
    }

    fn keep(&mut self, hash: u64, mut entry: Entry) {
        // No token may push out all the others.
        if self.limits.entries == 0 || entry.bytes > self.limits.bytes / 4 {
            return;
        }
        self.clock += 1;
        entry.used = self.clock;
        self.bytes += entry.bytes;
        match self.entries.insert(hash, entry) {
            Some(old) => self.bytes -= old.bytes,
            None => self.uses.push(Reverse((self.clock, hash))),
        }
        while self.entries.len() > self.limits.entries || self.bytes > self.limits.bytes {
            let Some(Reverse((used, hash))) = self.uses.pop() else { return };
            match self.entries.get(&hash).map(|entry| entry.used) {
                Some(last) if last > used => self.uses.push(Reverse((last, hash))),
                _ => self.bytes -= self.entries.remove(&hash).map_or(0, |entry| entry.bytes),
            }
        }
    }

    fn forget(&mut self, issuer: usize) {
        self.entries.retain(|_, entry| entry.issuer != issuer);
        self.bytes = self.entries.values().map(|entry| entry.bytes).sum();
        self.uses.retain(|Reverse((_, hash))| self.entries.contains_key(hash));
    }
}

/// Compares sixteen bytes at a time: in WebAssembly the library's comparison takes them one by one.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    let blocks = || a.iter().zip(b).all(|(a, b)| u128::from_ne_bytes(*a) == u128::from_ne_bytes(*b));
    a.len() == b.len() && a_rest == b_rest && blocks()
}

/// The end of a signature is as good as random for every token that is accepted.
fn hash_of(token: &[u8]) -> u64 {
    let (high, low) = match token.last_chunk::<16>().map(|tail| u128::from_le_bytes(*tail)) {
        Some(tail) => ((tail >> 64) as u64, tail as u64),
        None => (0, 0),
    };
    let mixed = (low ^ token.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ high;
    let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ (mixed >> 32)
}

/// Takes what has been hashed as it is.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
