//! The tokens in hand, and how much life they have left.
//!
//! Life is a duration counted from the moment the request was sent, never a date compared with a clock: the
//! server's clock does not enter, and a jump of ours can shorten a token's life but never lengthen it.

use crate::Secret;
use crate::session::{Now, Options};

/// What an access token can still do for one caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Enough life.
    Good,
    /// Enough for this caller, yet time to refresh.
    Aging,
    /// Not enough.
    Spent,
}

/// How an access token looks from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Past its life.
    Expired,
    /// More life left than the refresh margin.
    Fresh,
    /// Inside the refresh margin.
    Stale,
    /// Its lifetime is not known, or a clock jumped: it serves until a 401 says otherwise.
    Unknown,
}

impl Freshness {
    /// The word as JavaScript sees it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
        }
    }
}

/// The members of a token response that are kept.
#[derive(Clone, Debug)]
pub(crate) struct TokenSet {
    pub(crate) access: Secret<String>,
    pub(crate) refresh: Option<Secret<String>>,
    /// When the request was sent, on the wall clock.
    pub(crate) sent_ms: u64,
    pub(crate) lifetime_ms: Option<u64>,
    pub(crate) subject: Option<String>,
    pub(crate) scopes: Option<Vec<String>>,
    /// The refresh token was refused and dropped; the access token serves until it expires.
    pub(crate) refused: bool,
}

/// The sign-ins that this instance has seen, and which of them it has ended. A record of an ended one that is still in
/// the store, because it could not be cleared or because another instance wrote it again, is ignored.
#[derive(Clone, Debug, Default)]
pub(crate) struct Epochs {
    /// The newest last.
    known: Vec<Epoch>,
}

#[derive(Clone, Copy, Debug)]
struct Epoch {
    number: u64,
    ended: bool,
    /// It began in this instance.
    own: bool,
}

impl Epochs {
    /// Far more than can still stand in a store.
    const MOST: usize = 16;

    pub(crate) fn add(&mut self, number: u64) {
        self.note(Epoch { number, ended: false, own: false });
    }

    /// Adds the epoch of a sign-in of this instance.
    pub(crate) fn begin(&mut self, number: u64) {
        self.note(Epoch { number, ended: false, own: true });
    }

    /// Adds an epoch and ends it.
    pub(crate) fn end(&mut self, number: u64) {
        self.note(Epoch { number, ended: true, own: false });
    }

    fn note(&mut self, epoch: Epoch) {
        if let Some(known) = self.known.iter_mut().find(|known| known.number == epoch.number) {
            known.ended |= epoch.ended;
            known.own |= epoch.own;
            return;
        }
        if self.known.len() == Self::MOST {
            // An epoch in use is never forgotten for one that is over.
            let oldest = self.known.iter().position(|known| known.ended).unwrap_or_default();
            self.known.remove(oldest);
        }
        self.known.push(epoch);
    }

    pub(crate) fn end_all(&mut self) {
        self.known.iter_mut().for_each(|known| known.ended = true);
    }

    /// Takes up all that another instance knows: an epoch that either has ended is over.
    pub(crate) fn unite(&mut self, other: &Self) {
        other.known.iter().for_each(|epoch| self.note(*epoch));
    }

    pub(crate) fn has_ended(&self, number: u64) -> bool {
        self.known.iter().any(|known| known.number == number && known.ended)
    }

    /// Whether the epoch began in this instance and has not ended.
    pub(crate) fn is_current(&self, number: u64) -> bool {
        self.known.iter().any(|known| known.number == number && known.own && !known.ended)
    }

    /// As text: the ended ones, a bar, the others.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        for ended in [true, false] {
            for epoch in self.known.iter().filter(|known| known.ended == ended) {
                text.push_str(&epoch.number.to_string());
                text.push(' ');
            }
            if ended {
                text.push('|');
            }
        }
        text
    }

    pub(crate) fn from_text(text: &str) -> Self {
        let mut epochs = Self::default();
        for (at, part) in text.split('|').enumerate() {
            for epoch in part.split(' ').filter_map(|epoch| epoch.parse().ok()) {
                epochs.add(epoch);
            }
            if at == 0 {
                epochs.end_all();
            }
        }
        epochs
    }
}

/// A token set in use.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) set: TokenSet,
    /// Age on the monotonic clock when it was taken up, and the reading of that clock then.
    base_age_ms: u64,
    base_mono_ms: u64,
    /// The greatest age ever seen.
    age_ms: u64,
    /// The last reading of the monotonic clock.
    last_mono_ms: u64,
    /// The clock went back, so the token may be far older than `age_ms` says.
    age_is_unknown: bool,
    margin_ms: u64,
    /// A clock jumped, so the age is only a lower bound.
    pub(crate) suspect: bool,
    /// A resource server refused it with a 401.
    pub(crate) doubted: bool,
}

impl Held {
    /// Takes up tokens. `jitter` is between 0 and 1 and spreads the refreshes of many clients by a tenth.
    pub(crate) fn new(set: TokenSet, now: Now, options: &Options, jitter: f64) -> Self {
        let margin_ms = set.lifetime_ms.map_or(0, |lifetime| {
            let share = lifetime as f64 * options.refresh_ahead_fraction;
            (share.min(options.refresh_ahead_max_ms as f64) * (0.9 + 0.2 * jitter)) as u64
        });
        // Written in the future: some clock is wrong, and the age starts at nothing.
        let suspect = set.sent_ms > now.wall_ms.saturating_add(5_000);
        let base_age_ms = now.wall_ms.saturating_sub(set.sent_ms);
        let age_is_unknown = set.sent_ms > now.wall_ms;
        Self {
            set,
            base_age_ms,
            base_mono_ms: now.mono_ms,
            age_ms: base_age_ms,
            last_mono_ms: now.mono_ms,
            age_is_unknown,
            margin_ms,
            suspect,
            doubted: false,
        }
    }

    /// Lets time pass.
    pub(crate) fn observe(&mut self, now: Now) {
        self.age_is_unknown |= now.mono_ms < self.last_mono_ms;
        self.last_mono_ms = now.mono_ms;
        self.age_ms = self.age_at(now);
    }

    fn age_at(&self, now: Now) -> u64 {
        let mono = self.base_age_ms.saturating_add(now.mono_ms.saturating_sub(self.base_mono_ms));
        let wall = now.wall_ms.saturating_sub(self.set.sent_ms);
        self.age_ms.max(mono).max(wall)
    }

    pub(crate) fn freshness(&self) -> Freshness {
        self.freshness_at_age(self.age_ms)
    }

    /// As [`Held::freshness`], at another time.
    pub(crate) fn freshness_at(&self, now: Now) -> Freshness {
        self.freshness_at_age(self.age_at(now))
    }

    fn freshness_at_age(&self, age_ms: u64) -> Freshness {
        let Some(lifetime) = self.set.lifetime_ms else {
            return Freshness::Unknown;
        };
        let left = lifetime.saturating_sub(age_ms);
        if left == 0 {
            Freshness::Expired
        } else if self.suspect {
            Freshness::Unknown
        } else if left <= self.margin_ms {
            Freshness::Stale
        } else {
            Freshness::Fresh
        }
    }

    /// What the token can do for a caller who needs it to live for `min_validity_ms`, or who cannot send twice.
    pub(crate) fn standing(&self, min_validity_ms: u64, once: bool) -> Standing {
        self.standing_at_age(self.age_ms, min_validity_ms, once)
    }

    /// Whether the token is beyond doubt for such a caller, at another time.
    pub(crate) fn is_good_at(&self, now: Now, min_validity_ms: u64, once: bool) -> bool {
        let standing = self.standing_at_age(self.age_at(now), min_validity_ms, once);
        standing == Standing::Good && !self.suspect && !self.doubted
    }

    fn standing_at_age(&self, age_ms: u64, min_validity_ms: u64, once: bool) -> Standing {
        let freshness = self.freshness_at_age(age_ms);
        let Some(lifetime) = self.set.lifetime_ms else {
            return Standing::Good;
        };
        let left = lifetime.saturating_sub(age_ms);
        // No refresh gives more than a whole life: in its first quarter a token is as good as it will ever be.
        let wanted = min_validity_ms.max(if once { self.margin_ms } else { 0 }).min(lifetime / 4 * 3);
        match freshness {
            Freshness::Expired => Standing::Spent,
            Freshness::Unknown if wanted > 0 => Standing::Spent,
            Freshness::Unknown => Standing::Aging,
            _ if left < wanted => Standing::Spent,
            Freshness::Stale => Standing::Aging,
            Freshness::Fresh => Standing::Good,
        }
    }

    /// Whether the token is known to be so young that a 401 says that the server never accepts it, not that it has
    /// expired: it was asked for less than five seconds and a quarter of its life ago.
    pub(crate) fn has_just_arrived(&self) -> bool {
        let arrival_ms = self.set.lifetime_ms.map_or(5_000, |lifetime| (lifetime / 4).min(5_000));
        !self.age_is_unknown && self.age_ms < arrival_ms
    }

    /// When it expires on the wall clock.
    pub(crate) fn expires_at_ms(&self) -> Option<u64> {
        self.set.lifetime_ms.map(|lifetime| self.set.sent_ms.saturating_add(lifetime))
    }
}
