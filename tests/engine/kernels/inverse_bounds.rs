//! The bounds of `inverse.rs`, on its own functions, with the overflow checks of a debug build.
//!
//! Each value there is a sum of products and of a carry that grows with the value below it. Such a sum is largest, and
//! smallest, if every product is: that is at corners of the ranges, so nothing overflows anywhere if it does not overflow
//! at the corners. The corners here are those of ranges that are symmetric about zero or start at zero, and wider than
//! needed.

use std::{hint::black_box, panic};

use super::digits::regrouped;
use super::inverse::{
    LIMB_BITS, MASK, MOST_LIMBS, MOST_ROUNDS, Matrix, Number, apply, apply_modulo, combine, divsteps,
    inverse_30, number, odd_inverse_6,
};
use super::samples::Random;
use num_bigint::{BigInt, BigUint};

const LIMB: i32 = MASK as i32;
/// No entry of a matrix is larger.
const ENTRY: i64 = 1 << LIMB_BITS;
/// The factor of a modulus is below.
const TIMES: i64 = 1 << 32;

fn value(limbs: &[i32]) -> BigInt {
    limbs.iter().rev().fold(BigInt::ZERO, |sum, &limb| (sum << LIMB_BITS) + limb)
}

/// The limbs of a number, of which the highest has a sign.
fn signed(number: &BigInt, length: usize) -> Vec<i32> {
    let mut rest = number.clone();
    let mut limbs: Vec<_> = (1..length)
        .map(|_| {
            let limb = &rest & BigInt::from(MASK);
            rest >>= LIMB_BITS;
            i32::try_from(limb).unwrap()
        })
        .collect();
    limbs.push(i32::try_from(rest).unwrap());
    limbs
}

/// All limbs but the highest the same.
fn corner(length: usize, low: i32, high: i32) -> Vec<i32> {
    let mut limbs = vec![low; length];
    limbs[length - 1] = high;
    limbs
}

/// The functions are run with overflow checks, or these tests say nothing.
#[test]
fn overflow_panics_in_these_tests() {
    assert!(panic::catch_unwind(|| black_box(i64::MAX) + black_box(1)).is_err());
}

#[test]
fn applying_a_matrix_overflows_at_no_corner() {
    let corners = |length: usize| {
        let high = 1 << LIMB_BITS;
        [(0, -high), (0, high), (LIMB, -high), (LIMB, high)].map(|(low, high)| corner(length, low, high))
    };
    let signs = [-ENTRY, ENTRY];
    for length in 1..=MOST_LIMBS {
        for (u, v) in signs.into_iter().flat_map(|u| signs.map(|v| (u, v))) {
            // The rows are worked out alike and independently of each other: the other row takes the other signs.
            let matrix = Matrix { u, v, q: -u, r: -v };
            for (f, g) in corners(length).iter().flat_map(|f| corners(length).map(|g| (f.clone(), g))) {
                for n in [corner(length, LIMB, LIMB), corner(length, LIMB, 0)] {
                    let run = |times| {
                        let (mut f, mut g) = (f.clone(), g.clone());
                        apply::<true>(&matrix, &mut f, &mut g, &n, times);
                    };
                    apply::<false>(&matrix, &mut f.clone(), &mut g.clone(), &n, (0, 0));
                    apply_modulo(&matrix, &mut f.clone(), &mut g.clone(), &n, u32::MAX);
                    [(-TIMES, TIMES), (0, 0), (TIMES, -TIMES)].into_iter().for_each(run);
                }
            }
        }
    }
}

#[test]
fn adding_the_modulus_overflows_at_no_corner() {
    for length in 1..=MOST_LIMBS {
        // Two bits of the highest limb are spare: n has none above 2^28, and numbers lie between -2 n and n.
        let highest = 1 << (LIMB_BITS - 2);
        for n in [corner(length, LIMB, highest - 1), corner(length, LIMB, 0), corner(length, 0, highest - 1)]
        {
            for (low, high) in [(0, -2 * highest), (0, highest), (LIMB, -2 * highest), (LIMB, highest)] {
                for (sign, times) in [(1, 1), (-1, 0)] {
                    let before = corner(length, low, high);
                    let mut after = before.clone();
                    combine(&mut after, sign, &n, times);
                    assert_eq!(value(&after), value(&before) * sign + value(&n) * times);
                    assert!(after[..length - 1].iter().all(|limb| (0..=LIMB).contains(limb)));
                }
            }
        }
    }
}

/// Moduli of so many bits: the least, the greatest, and one between them.
fn moduli(bits: u64) -> [BigUint; 3] {
    let one = BigUint::from(1_u32);
    let top = &one << (bits - 1);
    let between = (BigUint::from(0x9e37_79b9_7f4a_7c15_u64).pow(9) >> (9 * 64 - bits.min(560))) % &top;
    [&top | &one, (&top << 1) - 1_u32, &top | between | &one]
}

/// Limbs as `inverse_30` counts them: two bits of the highest are spare.
fn length_of(n: &BigUint) -> usize {
    (n.bits() as usize + 2).div_ceil(LIMB_BITS as usize)
}

/// What the highest limb has room for is what the numbers stay in.
#[test]
fn numbers_stay_in_their_ranges_and_are_what_the_matrix_makes_of_them() {
    let mut random = Random(7);
    for bits in 2..=521 {
        for n in moduli(bits) {
            let length = length_of(&n);
            let n = BigInt::from(n);
            let n_limbs = signed(&n, length);
            let n_inverse = (0..5).fold(n_limbs[0] as u32, |inverse, _| {
                inverse.wrapping_mul(2_u32.wrapping_sub((n_limbs[0] as u32).wrapping_mul(inverse)))
            });
            let numbers = [-2 * &n + 1, -&n, BigInt::from(-1), BigInt::ZERO, BigInt::from(1), &n - 1];
            for (d, e) in numbers.iter().flat_map(|d| numbers.iter().map(move |e| (d, e))) {
                let (f, g) = (random.next() as u32 | 1, random.next() as u32);
                let Matrix { u, v, q, r } = divsteps(&mut ((random.next() % 200) as i32 - 100), f, g);
                let matrix = Matrix { u, v, q, r };
                let (mut next_d, mut next_e) = (signed(d, length), signed(e, length));
                apply_modulo(&matrix, &mut next_d, &mut next_e, &n_limbs, n_inverse);
                for (next, expected) in [(next_d, d * u + e * v), (next_e, d * q + e * r)] {
                    let next = value(&next);
                    assert!(next > -2 * &n && next < n, "{next} modulo {n}");
                    assert_eq!(((next << LIMB_BITS) - expected) % &n, BigInt::ZERO);
                }
            }
        }
    }
}

/// Thirty steps as the paper writes them (section 8), one at a time: the matrix, times `2^30`, and `delta`.
fn steps_one_by_one(mut delta: i64, f: u32, g: u32) -> (i64, [i64; 4]) {
    let (mut f, mut g) = (i64::from(f), i64::from(g));
    let [mut u, mut v, mut q, mut r] = [1, 0, 0, 1];
    for _ in 0..LIMB_BITS {
        let odd = g & 1;
        if delta > 0 && odd == 1 {
            (delta, f, g) = (1 - delta, g, (g - f) / 2);
            (u, v, q, r) = (2 * q, 2 * r, q - u, r - v);
        } else {
            (delta, g) = (1 + delta, (g + odd * f) / 2);
            (u, v, q, r) = (2 * u, 2 * v, q + odd * u, r + odd * v);
        }
    }
    (delta, [u, v, q, r])
}

fn agrees_with_single_steps(eta: i32, f: u32, g: u32) {
    let (delta, expected) = steps_one_by_one((-eta).into(), f, g);
    let mut after = eta;
    let Matrix { u, v, q, r } = divsteps(&mut after, f, g);
    assert_eq!((i64::from(-after), [u, v, q, r]), (delta, expected), "eta {eta}, f {f}, g {g}");
    // By induction: one step at most doubles the sum of a row.
    assert!(u.abs() + v.abs() <= ENTRY && q.abs() + r.abs() <= ENTRY);
}

/// Several bits are cleared at a time; what is added for that depends on six bits of each number, and on `eta` up to six.
#[test]
fn steps_taken_together_are_the_steps_of_the_paper() {
    for f in (1..64_u32).step_by(2) {
        assert_eq!(odd_inverse_6(f).wrapping_mul(f) % 64, 1);
        for g in 0..64_u32 {
            for bits in 1..=6 {
                let times = odd_inverse_6(f).wrapping_mul(g).wrapping_neg() % (1 << bits);
                assert_eq!((g + f * times) % (1 << bits), 0);
            }
        }
    }
    let edges = [-1531, -64, -30, -29, 29, 30, 64, 1531];
    for eta in (-12..=12).chain(edges) {
        for f in (1..128).step_by(2) {
            (0..128).for_each(|g| agrees_with_single_steps(eta, f, g));
        }
    }
    let mut random = Random(1);
    for _ in 0..200_000 {
        let (numbers, eta) = (random.next(), (random.next() % 81) as i32 - 40);
        let mut g = (numbers >> 32) as u32;
        // Long runs of zeros as well.
        g &= u32::MAX << (random.next() % 33).min(31);
        agrees_with_single_steps(eta, numbers as u32 | 1, g);
    }
}

/// Bernstein and Yang, theorem 11.2: how many steps are enough for numbers of so many bits.
fn enough(bits: usize) -> usize {
    (49 * bits + if bits < 46 { 80 } else { 57 }) / 17
}

#[test]
fn there_are_as_many_rounds_as_the_theorem_asks_for() {
    assert!((2..=521).all(|bits| enough(bits) <= LIMB_BITS as usize * MOST_ROUNDS));
    assert!(enough(521) > LIMB_BITS as usize * (MOST_ROUNDS - 1), "and no more");
}

/// The theorem itself, for every pair of numbers of up to ten bits.
#[test]
fn small_numbers_need_no_more_steps_than_the_theorem_says() {
    for bits in 1..=10 {
        let limit = 1_i64 << bits;
        for f in (1..limit).step_by(2) {
            for g in -limit..=limit {
                let (mut delta, mut f, mut g, mut steps) = (1, f, g, 0);
                while g != 0 {
                    (delta, f, g) = if delta > 0 && g & 1 == 1 {
                        (1 - delta, g, (g - f) / 2)
                    } else {
                        (1 + delta, f, (g + (g & 1) * f) / 2)
                    };
                    steps += 1;
                }
                assert!(steps <= enough(bits), "{steps} steps for {bits} bits");
            }
        }
    }
}

#[test]
fn too_few_rounds_give_no_inverse_and_never_a_wrong_one() {
    let limbs = |number: &BigUint| self::number(number.to_u32_digits().into_iter(), 32);
    for bits in [30, 256, 384, 521] {
        for n in moduli(bits) {
            let a = &n / 3_u32 + 1_u32;
            let found = |rounds: usize| inverse_30(limbs(&a), &limbs(&n), rounds);
            let expected: Option<Number> = a.modinv(&n).map(|inverse| limbs(&inverse));
            let first = (0..=MOST_ROUNDS).find(|&rounds| found(rounds).is_some());
            assert!(first.is_none_or(|first| first > 0) && first.is_some() == expected.is_some());
            for rounds in 0..=MOST_ROUNDS {
                let expected = expected.filter(|_| first.is_some_and(|first| rounds >= first));
                assert_eq!(found(rounds), expected, "{rounds} rounds modulo {n}");
            }
        }
    }
}

/// Every size of digits there can be; all that a digit can be lies between none of its bits and all of them.
#[test]
fn regrouping_digits_overflows_at_no_corner() {
    for (from, to) in (1..=32_u32).flat_map(|from| (1..=32).map(move |to| (from, to))) {
        let all_ones = ((1_u64 << from) - 1) as u32;
        for digits in [vec![all_ones; 40], vec![0; 40], [all_ones, 0].repeat(20), [0, all_ones].repeat(20)] {
            let number = digits.iter().rev().fold(BigUint::ZERO, |sum, &digit| (sum << from) + digit);
            let count = (40 * from).div_ceil(to) as usize + 1;
            let regrouped: Vec<u32> = regrouped(digits.into_iter(), from, to).take(count).collect();
            assert!(regrouped.iter().all(|&digit| u64::from(digit) < 1 << to));
            assert_eq!(regrouped.iter().rev().fold(BigUint::ZERO, |sum, &digit| (sum << to) + digit), number);
        }
    }
}
