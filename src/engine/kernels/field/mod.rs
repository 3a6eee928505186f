//! Arithmetic modulo the primes of the curves.
//!
//! Elements are in Montgomery form, with signed limbs that carry only where they must: a sum or a difference is limb by
//! limb. How far limbs may grow before the next product is not checked at run time; the tests of the engine compute
//! it, by running the formulas of the curves on intervals instead of numbers.

pub(crate) mod ed25519;
pub(crate) mod p256;
pub(crate) mod p384;
pub(crate) mod p521;
pub(crate) mod secp256k1;

use super::{digits, inverse::inverse};

/// An element of a prime field.
///
/// "A product" means the result of [`mul`](Field::mul) or [`sqr`](Field::sqr): every limb but the highest lies between
/// 0 and `2^LIMB_BITS`.
pub(crate) trait Field: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// Bits of a limb.
    const LIMB_BITS: u32;
    /// Bytes of an encoded element.
    const BYTES: usize;
    /// The limbs of `p`.
    const PRIME: &'static [i32];
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// What a number is multiplied with to bring it into Montgomery form.
    const R_SQUARED: Self;

    /// The limbs, lowest first.
    fn limbs(&self) -> &[i32];

    /// An element of these limbs; there are as many as in [`PRIME`](Field::PRIME), and what is missing is zero.
    fn from_limbs(limbs: &[i32]) -> Self;

    /// The sum, limb by limb.
    fn add(&self, other: &Self) -> Self;

    /// The difference, limb by limb.
    fn sub(&self, other: &Self) -> Self;

    /// The same element with limbs between `-2^(LIMB_BITS - 1)` and `2^(LIMB_BITS - 1)`, the highest excepted.
    fn carry(&self) -> Self;

    /// The product.
    fn mul(&self, other: &Self) -> Self;

    /// The square.
    fn sqr(&self) -> Self;

    /// Whether a product is zero, given that it lies between `-p` and `2 p`, where only 0 and `p` are.
    fn is_zero(&self) -> bool {
        self.limbs().iter().all(|&limb| limb == 0) || self.limbs() == Self::PRIME
    }

    /// Whether two elements are the same; their difference must be one that can be multiplied.
    fn equals(&self, other: &Self) -> bool {
        self.sub(other).mul(&Self::ONE).is_zero()
    }

    /// The number with these big endian bytes, [`BYTES`](Field::BYTES) of them, unless it is `p` or more.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let limbs: Vec<_> = digits::to_limbs(bytes, Self::LIMB_BITS, Self::PRIME.len())
            .into_iter()
            .map(u32::cast_signed)
            .collect();
        if !limbs.iter().rev().lt(Self::PRIME.iter().rev()) {
            return None;
        }
        Some(Self::from_limbs(&limbs).mul(&Self::R_SQUARED))
    }

    /// The limbs of the number itself, at least 0 and below `p`, out of Montgomery form; of a product.
    fn canonical(&self) -> Vec<i32> {
        // Of `x` it is `(x + q p) / R` for a `q` of at least 0 and below `R`. `x` lies between `-R` and `R`, so this lies
        // between 0 and `p`, and is `p` only for a multiple of it.
        let product = self.mul(&Self::from_limbs(&[1]));
        if product.is_zero() { vec![0; Self::PRIME.len()] } else { product.limbs().to_vec() }
    }

    /// The power with these big endian bytes as exponent, four bits at a time.
    fn power(&self, exponent: &[u8]) -> Self {
        let mut multiples = [Self::ONE; 16];
        let mut last = Self::ONE;
        for multiple in multiples.iter_mut().skip(1) {
            last = last.mul(self);
            *multiple = last;
        }
        let mut power = Self::ONE;
        for nibble in exponent.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
            power = power.sqr().sqr().sqr().sqr();
            if let Some(multiple) = multiples.get(usize::from(nibble))
                && nibble != 0
            {
                power = power.mul(multiple);
            }
        }
        power
    }

    /// The inverse of a product; `None` for 0.
    fn invert(&self) -> Option<Self> {
        let inverse = inverse(unsigned(&self.canonical()), unsigned(Self::PRIME), Self::LIMB_BITS)?;
        Some(Self::from_limbs(&inverse.map(u32::cast_signed)).mul(&Self::R_SQUARED))
    }
}

/// Limbs that are neither negative nor too large, as big endian bytes.
pub(crate) fn to_bytes(limbs: &[i32], limb_bits: u32, count: usize) -> Vec<u8> {
    digits::to_bytes(unsigned(limbs), limb_bits, count)
}

fn unsigned(limbs: &[i32]) -> impl Iterator<Item = u32> {
    limbs.iter().map(|limb| limb.cast_unsigned())
}
