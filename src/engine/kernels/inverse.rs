//! Inverses modulo an odd number, by the divsteps of Bernstein and Yang (<https://gcd.cr.yp.to/safegcd-20190413.pdf>) in
//! variable time.
//!
//! Thirty steps at a time are worked out on the lowest limbs alone, as a matrix, which is then applied to whole numbers.
//! Numbers have limbs of 30 bits, of which the highest is signed.
//!
//! Bounds: a step at most doubles the sum of a row of the matrix, so after thirty the absolute values in a row sum to at most
//! `2^30`. A sum of two products of entries and limbs is at most `2^61`, one of a limb of the modulus and its factor (below
//! `2^32`) at most `2^62` more, and what is carried from the limb below `2^34`: in all below `2^63`. Modulo `n`, numbers stay
//! between `-2 n` and `n` (section 11 there), for which the highest limb has room. `tests/engine/kernels/inverse_bounds.rs`
//! runs the functions here at the corners of these ranges, with overflow checks on.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "arithmetic kernel: the length is fixed by the modulus, and limbs are masked"
)]

use super::digits::regrouped;

pub(super) const LIMB_BITS: u32 = 30;
pub(super) const MASK: i64 = (1 << LIMB_BITS) - 1;
/// For 521 bits, the sign, and twice the modulus.
pub(super) const MOST_LIMBS: usize = 18;
/// Bernstein and Yang, theorem 11.2: for 521 bits 1505 steps are enough.
pub(super) const MOST_ROUNDS: usize = 51;

pub(super) type Number = [i32; MOST_LIMBS];

/// `2^30` times what thirty steps make of `f` and `g`: `u f + v g` and `q f + r g`.
pub(super) struct Matrix {
    pub(super) u: i64,
    pub(super) v: i64,
    pub(super) q: i64,
    pub(super) r: i64,
}

/// As many limbs as a number of 521 bits has where they are smallest, of 28 bits.
pub(crate) const LIMBS: usize = 19;

/// `1 / a mod n`, for `a < n` and an odd `n` of at most 521 bits. Limbs have `width` bits, 28 to 32, lowest first.
///
/// `None` if `a` has no inverse: it is 0 or has a factor in common with `n`. Also if the rounds were too few, which the
/// bound on them excludes: no wrong inverse is ever returned, not even then.
pub(crate) fn inverse(
    a: impl Iterator<Item = u32>,
    n: impl Iterator<Item = u32>,
    width: u32,
) -> Option<[u32; LIMBS]> {
    let inverse = inverse_30(number(a, width), &number(n, width), MOST_ROUNDS)?;
    let mut limbs = [0; LIMBS];
    let regrouped = regrouped(inverse.into_iter().map(i32::cast_unsigned), LIMB_BITS, width);
    limbs.iter_mut().zip(regrouped).for_each(|(limb, digit)| *limb = digit);
    Some(limbs)
}

pub(super) fn number(limbs: impl Iterator<Item = u32>, width: u32) -> Number {
    let mut number = [0; MOST_LIMBS];
    let regrouped = regrouped(limbs, width, LIMB_BITS);
    number.iter_mut().zip(regrouped).for_each(|(limb, digit)| *limb = digit as i32);
    number
}

/// The same in limbs of 30 bits, in so many rounds at most.
pub(super) fn inverse_30(mut g: Number, n: &Number, rounds: usize) -> Option<Number> {
    let highest = n.iter().rposition(|&limb| limb != 0).unwrap_or(0);
    // Its bits and two more.
    let length = highest + if n[highest] >> (LIMB_BITS - 2) == 0 { 1 } else { 2 };
    let n = &n[..length];
    let mut inverse = [0; MOST_LIMBS];
    let d = &mut inverse[..length];
    let (mut f, mut e) = ([0; MOST_LIMBS], [0; MOST_LIMBS]);
    f[..n.len()].copy_from_slice(n);
    // Modulo n, a d = f and a e = g, up to the same power of two, which every round divides out.
    e[0] = 1;
    let n_inverse = odd_inverse(n[0] as u32);
    let (mut eta, mut left) = (-1, n.len());
    for _ in 0..rounds {
        let matrix = divsteps(&mut eta, f[0] as u32, g[0] as u32);
        apply_modulo(&matrix, d, &mut e[..n.len()], n, n_inverse);
        apply::<false>(&matrix, &mut f[..left], &mut g[..left], n, (0, 0));
        if g[..left].iter().all(|&limb| limb == 0) {
            break;
        }
        left = shortened(&mut f, &mut g, left);
    }
    // f is the greatest common divisor, or its opposite, if g is 0.
    if !is_unit(&f[..left]) || g[..left].iter().any(|&limb| limb != 0) {
        return None;
    }
    if is_negative(d) {
        combine(d, 1, n, 1);
    }
    if is_negative(&f[..left]) {
        combine(d, -1, n, 0);
    }
    if is_negative(d) {
        combine(d, 1, n, 1);
    }
    Some(inverse)
}

/// Thirty divsteps on the lowest limbs; `eta` is the paper's `-delta`. Runs of an even `g` are taken in one, and of an odd
/// `g` as many low bits are cleared at a time as may be before `f` and `g` change places, six at most.
pub(super) fn divsteps(eta: &mut i32, mut f: u32, mut g: u32) -> Matrix {
    let (mut u, mut v, mut q, mut r) = (1_i64, 0_i64, 0_i64, 1_i64);
    let mut left = LIMB_BITS;
    loop {
        let zeros = g.trailing_zeros().min(left);
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        *eta -= zeros as i32;
        left -= zeros;
        if left == 0 {
            debug_assert!(u.abs() + v.abs() <= 1 << LIMB_BITS && q.abs() + r.abs() <= 1 << LIMB_BITS);
            return Matrix { u, v, q, r };
        }
        if *eta < 0 {
            *eta = -*eta;
            (f, g) = (g, f.wrapping_neg());
            (u, q) = (q, -u);
            (v, r) = (r, -v);
        }
        // Adding f that often clears so many bits of g.
        let bits = (*eta as u32 + 1).min(left).min(6);
        let times = odd_inverse_6(f).wrapping_mul(g).wrapping_neg() & ((1 << bits) - 1);
        g = g.wrapping_add(f.wrapping_mul(times));
        q += u * i64::from(times);
        r += v * i64::from(times);
    }
}

/// The inverse of an odd number modulo 64.
#[inline(always)]
pub(super) const fn odd_inverse_6(odd: u32) -> u32 {
    // Every odd number is its own inverse modulo 8; one step of Newton's doubles the bits.
    odd.wrapping_mul(2_u32.wrapping_sub(odd.wrapping_mul(odd)))
}

/// The inverse of an odd number modulo `2^32`.
fn odd_inverse(odd: u32) -> u32 {
    // 6 bits, 12, 24, 48.
    (0..3).fold(odd_inverse_6(odd), |inverse, _| {
        inverse.wrapping_mul(2_u32.wrapping_sub(odd.wrapping_mul(inverse)))
    })
}

/// Applies the matrix and divides by `2^30` modulo `n`: adds the multiples of `n` that make the lowest limbs zero.
pub(super) fn apply_modulo(matrix: &Matrix, d: &mut [i32], e: &mut [i32], n: &[i32], n_inverse: u32) {
    let last = d.len() - 1;
    // Of a negative number as if n had been added, so that the range is kept.
    let (sign_d, sign_e) = (i64::from(d[last] >> 31), i64::from(e[last] >> 31));
    let (low_d, low_e) = (i64::from(d[0]), i64::from(e[0]));
    let times = |of_d: i64, of_e: i64| {
        let times = (of_d & sign_d) + (of_e & sign_e);
        let low = ((of_d * low_d + of_e * low_e) as u32).wrapping_mul(n_inverse);
        times - (i64::from(low.wrapping_add(times as u32)) & MASK)
    };
    let times = (times(matrix.u, matrix.v), times(matrix.q, matrix.r));
    apply::<true>(matrix, d, e, n, times);
}

/// Applies the matrix, and `MODULO` `n` adds so many `times` it, and divides by `2^30`: what the steps or the multiples
/// of `n` were chosen for is that the lowest limbs are zero.
pub(super) fn apply<const MODULO: bool>(
    matrix: &Matrix,
    f: &mut [i32],
    g: &mut [i32],
    n: &[i32],
    times: (i64, i64),
) {
    let (mut of_f, mut of_g) = (0_i64, 0_i64);
    let last = f.len() - 1;
    for index in 0..=last {
        let (limb_f, limb_g) = (i64::from(f[index]), i64::from(g[index]));
        of_f += matrix.u * limb_f + matrix.v * limb_g;
        of_g += matrix.q * limb_f + matrix.r * limb_g;
        if MODULO {
            of_f += times.0 * i64::from(n[index]);
            of_g += times.1 * i64::from(n[index]);
        }
        if index > 0 {
            f[index - 1] = (of_f & MASK) as i32;
            g[index - 1] = (of_g & MASK) as i32;
        }
        of_f >>= LIMB_BITS;
        of_g >>= LIMB_BITS;
    }
    f[last] = of_f as i32;
    g[last] = of_g as i32;
}

/// How many limbs `f` and `g` still need: one less where the highest of both only carries the sign.
fn shortened(f: &mut Number, g: &mut Number, length: usize) -> usize {
    let last = length - 1;
    let (high_f, high_g) = (f[last], g[last]);
    if last == 0 || high_f != high_f >> 31 || high_g != high_g >> 31 {
        return length;
    }
    f[last - 1] |= high_f << LIMB_BITS;
    g[last - 1] |= high_g << LIMB_BITS;
    last
}

/// Whether the number is 1 or -1.
fn is_unit(number: &[i32]) -> bool {
    let last = number.len() - 1;
    if is_negative(number) {
        number[last] == -1 && number[..last].iter().all(|&limb| i64::from(limb) == MASK)
    } else {
        number[0] == 1 && number[1..].iter().all(|&limb| limb == 0)
    }
}

const fn is_negative(number: &[i32]) -> bool {
    number[number.len() - 1] < 0
}

/// `number := sign * number + times * n`.
pub(super) fn combine(number: &mut [i32], sign: i32, n: &[i32], times: i32) {
    let last = number.len() - 1;
    let mut carry = 0;
    for (index, (limb, &n)) in number.iter_mut().zip(n).enumerate() {
        let sum = sign * *limb + times * n + carry;
        *limb = if index == last { sum } else { sum & MASK as i32 };
        carry = sum >> LIMB_BITS;
    }
}
