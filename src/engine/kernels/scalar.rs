//! Arithmetic modulo the orders of the curves' groups: a few multiplications and one inversion per signature.
#![expect(clippy::cast_possible_truncation, reason = "the low half of a sum; the high half is carried")]
#![expect(clippy::indexing_slicing, reason = "limbs are counted to N, as many as there are")]

use super::{digits, inverse::inverse};

/// An odd modulus of `N` limbs of 32 bits, at least two of them spare at the top, and what its Montgomery form needs.
///
/// `R` is `2^(32 N)`.
#[derive(Debug)]
pub(crate) struct Order<const N: usize> {
    n: [u32; N],
    /// `-1 / n` modulo `2^32`.
    negative_inverse: u32,
    /// `R^2 mod n`.
    r_squared: [u32; N],
    /// How many bits `n` has.
    pub(crate) bits: usize,
}

/// A number in limbs of 32 bits, lowest first.
pub(crate) type Scalar<const N: usize> = [u32; N];

impl<const N: usize> Order<N> {
    /// The modulus with these hexadecimal digits.
    pub(crate) const fn new(digits: &str) -> Self {
        let mut n = [0; N];
        let digits = digits.as_bytes();
        let mut i = 0;
        while i < digits.len() {
            let digit = digits[digits.len() - 1 - i];
            let value = if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 };
            n[i / 8] |= (value as u32) << (4 * (i % 8));
            i += 1;
        }
        let mut inverse = n[0];
        let mut i = 0;
        while i < 4 {
            inverse = inverse.wrapping_mul(2_u32.wrapping_sub(n[0].wrapping_mul(inverse)));
            i += 1;
        }
        let mut bits = 32 * N;
        while n[(bits - 1) / 32] >> ((bits - 1) % 32) & 1 == 0 {
            bits -= 1;
        }
        assert!(bits + 2 <= 32 * N);
        let mut r_squared = [0; N];
        r_squared[0] = 1;
        let mut i = 0;
        while i < 64 * N {
            let mut doubled = [0; N];
            let (mut carry, mut j) = (0, 0);
            while j < N {
                doubled[j] = r_squared[j] << 1 | carry;
                carry = r_squared[j] >> 31;
                j += 1;
            }
            let mut reduced = [0; N];
            let (mut borrow, mut j) = (0, 0);
            while j < N {
                let difference = doubled[j] as i64 - n[j] as i64 + borrow;
                reduced[j] = difference as u32;
                borrow = difference >> 32;
                j += 1;
            }
            r_squared = if borrow == 0 { reduced } else { doubled };
            i += 1;
        }
        Self { n, negative_inverse: inverse.wrapping_neg(), r_squared, bits }
    }

    /// The number with these big endian bytes if it lies above 0 and below `n`.
    pub(crate) fn nonzero(&self, bytes: &[u8]) -> Option<Scalar<N>> {
        let scalar = from_bytes(bytes)?;
        (scalar != [0; N] && less(&scalar, &self.n)).then_some(scalar)
    }

    /// The number with these big endian bytes if it is below `n`.
    pub(crate) fn below(&self, bytes: &[u8]) -> Option<Scalar<N>> {
        from_bytes(bytes).filter(|scalar| less(scalar, &self.n))
    }

    /// The number with these big endian bytes, below `2 n`, modulo `n`.
    pub(crate) fn reduced_once(&self, bytes: &[u8]) -> Scalar<N> {
        let mut scalar = from_bytes(bytes).unwrap_or([0; N]);
        if !less(&scalar, &self.n) {
            subtract(&mut scalar, &self.n);
        }
        scalar
    }

    /// The number with these big endian bytes, at most `8 N` of them, modulo `n`.
    pub(crate) fn reduce_wide(&self, bytes: &[u8]) -> Scalar<N> {
        let (high, low) = bytes.split_at(bytes.len().saturating_sub(4 * N));
        let high = from_bytes(high).unwrap_or([0; N]);
        let low = from_bytes(low).unwrap_or([0; N]);
        let mut one = [0; N];
        if let Some(limb) = one.first_mut() {
            *limb = 1;
        }
        // high R + low
        let mut sum = self.to_montgomery(&high);
        add(&mut sum, &self.multiply(&self.to_montgomery(&low), &one));
        if !less(&sum, &self.n) {
            subtract(&mut sum, &self.n);
        }
        sum
    }

    /// `scalar + n`, which the spare bits have room for.
    pub(crate) fn plus_n(&self, scalar: &Scalar<N>) -> Scalar<N> {
        let mut sum = *scalar;
        add(&mut sum, &self.n);
        sum
    }

    /// `a b / R mod n`, for `a < n` and any `b < R`.
    pub(crate) fn multiply(&self, a: &Scalar<N>, b: &Scalar<N>) -> Scalar<N> {
        // Below 2 n after every step: (2 n + (2^32 - 1) (a + n)) / 2^32 < 2 n. The spare bits hold it.
        let mut sum = [0_u32; N];
        for &limb in b {
            let lowest = sum.first().copied().unwrap_or(0);
            let low = lowest.wrapping_add(limb.wrapping_mul(a.first().copied().unwrap_or(0)));
            let q = u64::from(low.wrapping_mul(self.negative_inverse));
            let (limb, mut carry_a, mut carry_n) = (u64::from(limb), 0, 0);
            let mut shifted = [0; N];
            for i in 0..N {
                let with_a = u64::from(sum[i]) + limb * u64::from(a[i]) + carry_a;
                carry_a = with_a >> 32;
                let with_n = (with_a & 0xffff_ffff) + q * u64::from(self.n[i]) + carry_n;
                carry_n = with_n >> 32;
                if i > 0 {
                    shifted[i - 1] = with_n as u32;
                }
            }
            if let Some(highest) = shifted.last_mut() {
                *highest = (carry_a + carry_n) as u32;
            }
            sum = shifted;
        }
        if !less(&sum, &self.n) {
            subtract(&mut sum, &self.n);
        }
        sum
    }

    /// `a R mod n`, for `a < R`.
    pub(crate) fn to_montgomery(&self, a: &Scalar<N>) -> Scalar<N> {
        self.multiply(&self.r_squared, a)
    }

    /// `1 / a mod n`, for `a < n`; `None` for 0.
    pub(crate) fn invert(&self, a: &Scalar<N>) -> Option<Scalar<N>> {
        let inverse = inverse(a.iter().copied(), self.n.iter().copied(), 32)?;
        Some(std::array::from_fn(|index| inverse[index]))
    }
}

/// The number in so many big endian bytes, if it fits.
pub(crate) fn to_bytes<const N: usize>(scalar: &Scalar<N>, width: usize) -> Option<Vec<u8>> {
    let bytes = digits::to_bytes(scalar.iter().copied(), 32, 4 * N);
    let (head, tail) = bytes.split_at_checked(bytes.len().checked_sub(width)?)?;
    head.iter().all(|&byte| byte == 0).then(|| tail.to_vec())
}

/// Big endian bytes as limbs, if they fit.
fn from_bytes<const N: usize>(bytes: &[u8]) -> Option<Scalar<N>> {
    if bytes.len() > 4 * N {
        return None;
    }
    digits::to_limbs(bytes, 32, N).try_into().ok()
}

fn less<const N: usize>(a: &Scalar<N>, b: &Scalar<N>) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// `a := a + b`; the sum fits.
fn add<const N: usize>(a: &mut Scalar<N>, b: &Scalar<N>) {
    let mut carry = 0;
    for i in 0..N {
        let sum = u64::from(a[i]) + u64::from(b[i]) + carry;
        a[i] = sum as u32;
        carry = sum >> 32;
    }
}

/// `a := a - b`, for `b <= a`.
fn subtract<const N: usize>(a: &mut Scalar<N>, b: &Scalar<N>) {
    let mut borrow = 0;
    for i in 0..N {
        let difference = i64::from(a[i]) - i64::from(b[i]) + borrow;
        a[i] = difference as u32;
        borrow = difference >> 32;
    }
}

/// The digits of a scalar in base `2^window`, lowest first, each between `-2^(window - 1)` and `2^(window - 1)`.
pub(crate) fn signed_digits<const N: usize>(scalar: &Scalar<N>, bits: usize, window: usize) -> Vec<i32> {
    let mut carry = 0;
    (0..=bits / window)
        .map(|index| {
            let position = index * window;
            let limb = |index: usize| u64::from(scalar.get(index).copied().unwrap_or(0));
            let pair = (limb(position / 32 + 1) << 32) + limb(position / 32);
            let digit = (pair >> (position % 32)) as i32 & ((1 << window) - 1);
            let digit = digit + carry;
            carry = i32::from(digit > 1 << (window - 1));
            digit - (carry << window)
        })
        .collect()
}
