//! Powers modulo an odd number of up to 8192 bits, for RSA.
//!
//! Numbers are vectors of limbs of 28 bits (27 for the largest), each in a `u32`, so that the columns of a product and
//! of its Montgomery reduction add up in a `u64` without carrying. Four rows of a product are added in one pass over
//! its columns; carries run once per multiplication.
//!
//! Bounds, with limbs of `l` bits, `k` of them and `R = 2^(l k)`:
//! - `R >= 8 n`, so for factors below `2 n` the reduced product is below `(4 n^2 + R n) / R <= 1.5 n`, and no
//!   conditional subtraction is needed between multiplications.
//! - A column collects at most `k` products of the factors, `k` of quotient and modulus, and one carry from below: at
//!   most `2 k (2^l - 1)^2 + 2^(64 - l)`, which is below `2^64` (asserted below, for every size). A squaring adds half
//!   as many products twice as large. `tests/engine/kernels/power_bounds.rs` runs the functions here on the largest limbs
//!   and the largest quotient digits, with overflow checks on.
//!
//! All of it is public data, so time varies with it freely.
#![expect(
    clippy::indexing_slicing,
    reason = "arithmetic kernel: the lengths of all vectors follow from the modulus"
)]

#[cfg(not(target_feature = "simd128"))]
mod scalar;
#[cfg(target_feature = "simd128")]
mod simd;

#[cfg(not(target_feature = "simd128"))]
use scalar::{Columns, Rows};
#[cfg(target_feature = "simd128")]
use simd::{Columns, Rows};

use super::digits::{to_bytes, to_limbs};

/// The bits of a limb, and how many limbs a modulus of `bits` bits has: a multiple of four.
pub(super) const fn shape(bits: usize) -> (u32, usize) {
    let limb_bits = if bits <= 3400 { 28 } else { 27 };
    (limb_bits, (bits + 3).div_ceil(limb_bits as usize).next_multiple_of(4))
}

/// The bound on a column, for every size of a modulus.
const _: () = {
    let mut bits = 2048;
    while bits <= 8192 {
        let (limb_bits, count) = shape(bits);
        let limb = (1_u128 << limb_bits) - 1;
        assert!(2 * (count as u128) * limb * limb + (1 << (64 - limb_bits)) < 1 << 64);
        bits += 1;
    }
};

/// An odd modulus `n`, and what its Montgomery form needs.
#[derive(Clone, Debug)]
pub(super) struct Modulus {
    /// Little endian, a multiple of four.
    limbs: Vec<u32>,
    rows: Rows,
    limb_bits: u32,
    /// `-1 / n` modulo the size of a limb.
    negative_inverse: u64,
    /// `R^2 mod n`.
    r_squared: Vec<u32>,
    /// How many bytes `n` has without leading zeros.
    bytes: usize,
}

/// What one multiplication works in.
pub(super) struct Workspace {
    columns: Columns,
    rows: Rows,
}

impl Workspace {
    /// The columns of `a * b`.
    pub(super) fn product(&mut self, a: &[u32], b: &[u32]) {
        self.columns.clear();
        self.rows.set(b);
        for (block, &four) in a.as_chunks::<4>().0.iter().enumerate() {
            self.columns.add_rows::<false>(block, &self.rows, 0, four);
        }
    }

    /// The columns of `a * a`: of each pair of products that are the same, one is computed, twice as large.
    pub(super) fn square(&mut self, a: &[u32]) {
        self.columns.clear();
        self.rows.set(a);
        for (block, &four) in a.as_chunks::<4>().0.iter().enumerate() {
            let [a0, a1, a2, a3] = four;
            let doubled = [2 * a0, 2 * a1, 2 * a2, 2 * a3];
            let (d0, d1, d2) = (u64::from(2 * a0), u64::from(2 * a1), u64::from(2 * a2));
            let (a0, a1, a2, a3) = (u64::from(a0), u64::from(a1), u64::from(a2), u64::from(a3));
            self.columns.add(2 * block, [a0 * a0, d0 * a1, d0 * a2 + a1 * a1, d0 * a3 + d1 * a2]);
            self.columns.add(2 * block + 1, [d1 * a3 + a2 * a2, d2 * a3, a3 * a3, 0]);
            self.columns.add_rows::<false>(2 * block + 1, &self.rows, block + 1, doubled);
        }
    }
}

impl Modulus {
    /// `n` is big endian, odd, without leading zeros, and at most 8192 bits long.
    pub(super) fn new(n: &[u8]) -> Self {
        let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
        let (limb_bits, count) = shape(bits);
        let mut modulus = Self::of_limbs(to_limbs(n, limb_bits, count), limb_bits, n.len());
        modulus.r_squared = modulus.compute_r_squared(bits);
        modulus
    }

    /// The modulus with these limbs, of so many bytes; `R^2 mod n` is not known yet.
    pub(super) fn of_limbs(limbs: Vec<u32>, limb_bits: u32, bytes: usize) -> Self {
        // Newton's iteration doubles the correct bits; an odd number is its own inverse modulo 8.
        let low = limbs[0];
        let mut inverse = low;
        for _ in 0..4 {
            inverse = inverse.wrapping_mul(2_u32.wrapping_sub(low.wrapping_mul(inverse)));
        }
        let mask = (1_u32 << limb_bits) - 1;
        let mut rows = Rows::new(limbs.len() / 4);
        rows.set(&limbs);
        Self {
            rows,
            limb_bits,
            negative_inverse: u64::from(inverse.wrapping_neg() & mask),
            r_squared: Vec::new(),
            bytes,
            limbs,
        }
    }

    /// `base^e mod n`, big endian and as long as `n`. The base is big endian and below `n`; `e` is odd and at least 3.
    pub(super) fn power(&self, base: &[u8], e: u64) -> Vec<u8> {
        let plain = to_limbs(base, self.limb_bits, self.limbs.len());
        let work = &mut self.workspace();
        let mut factor = plain.clone();
        self.multiply(&mut factor, &self.r_squared, work);
        let mut power = factor.clone();
        for bit in (1..e.ilog2()).rev() {
            self.square(&mut power, work);
            if e >> bit & 1 == 1 {
                self.multiply(&mut power, &factor, work);
            }
        }
        // The last bit of an odd exponent: a factor that is not in Montgomery form leaves it.
        self.square(&mut power, work);
        self.multiply(&mut power, &plain, work);
        self.subtract_once(&mut power);
        to_bytes(power.into_iter(), self.limb_bits, self.bytes)
    }

    pub(super) fn workspace(&self) -> Workspace {
        let blocks = self.limbs.as_chunks::<4>().0.len();
        Workspace { columns: Columns::new(2 * blocks), rows: Rows::new(blocks) }
    }

    /// `R^2 mod n`: `R` by doubling, then the Montgomery form of `2^(l k)` bit by bit of that exponent.
    fn compute_r_squared(&self, bits: usize) -> Vec<u32> {
        let exponent = self.limb_bits as usize * self.limbs.len();
        let mut power = vec![0; self.limbs.len()];
        let top = bits - 1;
        power[top / self.limb_bits as usize] = 1 << (top % self.limb_bits as usize);
        for _ in top..exponent {
            self.double(&mut power);
        }
        let work = &mut self.workspace();
        for bit in (0..=exponent.ilog2()).rev() {
            self.square(&mut power, work);
            self.subtract_once(&mut power);
            if exponent >> bit & 1 == 1 {
                self.double(&mut power);
            }
        }
        power
    }

    /// `a * b / R mod n`, below `1.5 n` where both factors are below `2 n`.
    fn multiply(&self, a: &mut [u32], b: &[u32], work: &mut Workspace) {
        work.product(a, b);
        self.reduce(work, a);
    }

    /// `a * a / R mod n`, likewise.
    fn square(&self, a: &mut [u32], work: &mut Workspace) {
        work.square(a);
        self.reduce(work, a);
    }

    /// Montgomery's reduction of the columns, and the only pass of carries.
    fn reduce(&self, work: &mut Workspace, out: &mut [u32]) {
        let mask = (1_u64 << self.limb_bits) - 1;
        self.reduce_with(work, out, |column| column.wrapping_mul(self.negative_inverse) & mask);
    }

    /// The same, given how to find the quotient digit of a column: a limb.
    #[inline(always)]
    pub(super) fn reduce_with(&self, work: &mut Workspace, out: &mut [u32], quotient: impl Fn(u64) -> u64) {
        let columns = &mut work.columns;
        let bits = self.limb_bits;
        let mask = (1_u64 << bits) - 1;
        let limb = |index: usize| u64::from(self.limbs[index]);
        let (n0, n1, n2, n3) = (limb(0), limb(1), limb(2), limb(3));
        let blocks = out.as_chunks::<4>().0.len();
        for block in 0..blocks {
            let [t0, t1, t2, t3] = columns.get(block);
            let q0 = quotient(t0);
            let t1 = t1 + q0 * n1 + ((t0 + q0 * n0) >> bits);
            let q1 = quotient(t1);
            let t2 = t2 + q0 * n2 + q1 * n1 + ((t1 + q1 * n0) >> bits);
            let q2 = quotient(t2);
            let t3 = t3 + q0 * n3 + q1 * n2 + q2 * n1 + ((t2 + q2 * n0) >> bits);
            let q3 = quotient(t3);
            let carry = (t3 + q3 * n0) >> bits;
            #[expect(clippy::cast_possible_truncation, reason = "quotients are limbs")]
            let four = [q0 as u32, q1 as u32, q2 as u32, q3 as u32];
            columns.add(block + 1, [carry, 0, 0, 0]);
            columns.add_rows::<true>(block + 1, &self.rows, 1, four);
        }
        let mut carry = 0;
        for (block, [o0, o1, o2, o3]) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let [t0, t1, t2, t3] = columns.get(blocks + block);
            let mut next = |column: u64| {
                let sum = column + carry;
                carry = sum >> bits;
                #[expect(clippy::cast_possible_truncation, reason = "masked")]
                let limb = (sum & mask) as u32;
                limb
            };
            (*o0, *o1, *o2, *o3) = (next(t0), next(t1), next(t2), next(t3));
        }
    }

    /// `a := 2 a mod n` for `a < n`.
    pub(super) fn double(&self, a: &mut [u32]) {
        let mask = (1_u32 << self.limb_bits) - 1;
        let mut carry = 0;
        for limb in a.iter_mut() {
            let sum = 2 * *limb + carry;
            *limb = sum & mask;
            carry = sum >> self.limb_bits;
        }
        self.subtract_once(a);
    }

    /// `a := a mod n` for `a < 2 n`.
    fn subtract_once(&self, a: &mut [u32]) {
        if less(a, &self.limbs) {
            return;
        }
        let mask = (1_u32 << self.limb_bits) - 1;
        let mut borrow = 0;
        for (limb, &n) in a.iter_mut().zip(&self.limbs) {
            let difference = limb.wrapping_sub(n).wrapping_sub(borrow);
            *limb = difference & mask;
            borrow = difference >> 31;
        }
    }
}

/// Whether `a < b`, limb by limb from the top.
fn less(a: &[u32], b: &[u32]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}
