//! Randomness: the host's, for values that must not be guessed and for seeds, and a stream of numbers that spreads pauses.

/// 64 random bits, to seed a machine with. Zero if the host has no randomness yet, as at a Worker's module scope.
#[must_use]
pub fn random_seed() -> u64 {
    getrandom::u64().unwrap_or_default()
}

/// Bytes fit for keys. `None` if the host has no randomness.
#[cfg(feature = "session")]
pub(crate) fn bytes<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).is_ok().then_some(bytes)
}

/// `SplitMix64`: numbers that need no secrecy. They spread pauses and tell machines apart.
#[derive(Clone, Debug)]
pub(crate) struct SplitMix64(pub(crate) u64);

impl SplitMix64 {
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `bound`, or zero.
    #[cfg(feature = "jwt")]
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// From 0 up to 1.
    #[cfg(feature = "session")]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / 9_007_199_254_740_992.0
    }
}
