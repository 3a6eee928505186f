//! Arithmetic modulo the orders of the curves' groups, compared with that of `num-bigint`.

use super::samples::{big_endian, limbs, scalars};
use super::scalar::{Order, Scalar, signed_digits, to_bytes};
use num_bigint::{BigInt, BigUint};

/// Calls a function of a number of limbs with the digits of every order.
macro_rules! for_every_order {
    ($check:ident) => {
        $check::<9>("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
        $check::<13>(
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        );
        $check::<17>(
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
        );
        $check::<9>("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
        $check::<8>("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
    };
}

#[test]
fn scalars_calculate_right() {
    fn check<const N: usize>(digits: &str) {
        let order = Order::<N>::new(digits);
        let n = BigUint::parse_bytes(digits.as_bytes(), 16).unwrap();
        let number = |scalar: &Scalar<N>| BigUint::from_slice(scalar);
        let r = BigUint::from(1_u32) << (32 * N);
        let inverse_of_r = r.modinv(&n).unwrap();
        let width = n.bits().div_ceil(8) as usize;
        let scalars = scalars(&n);
        for a in &scalars {
            for b in &scalars {
                let product = number(&order.multiply(&limbs(a), &limbs(b)));
                assert_eq!(product, a * b * &inverse_of_r % &n);
                let wide = (a << (32 * N)) + b;
                assert_eq!(number(&order.reduce_wide(&big_endian(&wide, 8 * N))), wide % &n);
            }
            assert_eq!(number(&order.to_montgomery(&limbs(a))), a * &r % &n);
            assert_eq!(number(&order.reduced_once(&big_endian(&(a + &n), 4 * N))), *a);
            assert_eq!(number(&order.plus_n(&limbs(a))), a + &n);
            assert_eq!(order.below(&big_endian(a, width)).map(|a| number(&a)), Some(a.clone()));
            let nonzero = Some(a.clone()).filter(|a| *a != BigUint::ZERO);
            assert_eq!(order.nonzero(&big_endian(a, width)).map(|a| number(&a)), nonzero);
            assert_eq!(to_bytes(&limbs::<N>(a), width), Some(big_endian(a, width)));
            assert_eq!(to_bytes(&limbs::<N>(a), N), (a.bits() <= 8 * N as u64).then(|| big_endian(a, N)));
            assert_eq!(order.invert(&limbs(a)).map(|a| number(&a)), a.modinv(&n), "1 / {a}");
        }
        for above in [n.clone(), &n + 1_u32] {
            assert!(order.below(&big_endian(&above, width)).is_none());
            assert!(order.nonzero(&big_endian(&above, width)).is_none());
        }
        assert!(order.below(&vec![0; 4 * N]).is_some() && order.below(&vec![0; 4 * N + 1]).is_none());
        let all_ones = vec![0xff; 8 * N];
        assert_eq!(number(&order.reduce_wide(&all_ones)), BigUint::from_bytes_be(&all_ones) % &n);
    }
    for_every_order!(check);
}

#[test]
fn signed_digits_add_up_to_their_scalar_and_are_in_range() {
    fn check<const N: usize>(digits: &str) {
        let n = BigUint::parse_bytes(digits.as_bytes(), 16).unwrap();
        let bits = n.bits() as usize;
        for scalar in scalars(&n) {
            for window in 4..=8 {
                let digits = signed_digits(&limbs::<N>(&scalar), bits, window);
                assert_eq!(digits.len(), bits / window + 1);
                assert!(digits.iter().all(|digit| digit.abs() <= 1 << (window - 1)));
                let sum = digits.iter().rev().fold(BigInt::ZERO, |sum, &digit| (sum << window) + digit);
                assert_eq!(sum, scalar.clone().into(), "window {window}");
            }
        }
    }
    for_every_order!(check);
}

/// Sums in `multiply` are at most `(2^32 - 1)^2 + 2 (2^32 - 1)`, which is `2^64 - 1`, whatever the limbs are; the highest limb
/// of what is kept has room because the sum stays below `2 n`. So the largest modulus that leaves two bits, and the largest
/// factors, are the corner. Tests run with overflow checks.
#[test]
fn products_are_right_at_the_corners_of_their_range() {
    fn check<const N: usize>() {
        let most = BigUint::from(1_u32) << (32 * N - 2);
        for n in [&most - 1_u32, (&most >> 1) + 1_u32, (&most >> 31) - 1_u32] {
            let order = Order::<N>::new(&format!("{n:x}"));
            let r = BigUint::from(1_u32) << (32 * N);
            let inverse_of_r = r.modinv(&n).unwrap();
            for a in [&n - 1_u32, &n >> 1, BigUint::ZERO] {
                for b in [&r - 1_u32, &r >> 1, &n - 1_u32, BigUint::ZERO] {
                    let product = order.multiply(&limbs(&a), &limbs(&b));
                    assert_eq!(BigUint::from_slice(&product), &a * &b * &inverse_of_r % &n);
                }
            }
            for number in [&n * 2_u32 - 1_u32, n.clone(), &n - 1_u32, BigUint::ZERO] {
                let reduced = order.reduced_once(&big_endian(&number, 4 * N));
                assert_eq!(BigUint::from_slice(&reduced), number % &n);
            }
        }
    }
    assert_eq!(u32::MAX as u64 * u32::MAX as u64 + 2 * u32::MAX as u64, u64::MAX);
    check::<8>();
    check::<9>();
    check::<13>();
    check::<17>();
}

/// A digit depends on `window` bits and on what is carried into it, so sixteen bits contain every case of two digits in a row;
/// they are tried where a limb begins, where one ends, and across two.
#[test]
fn signed_digits_are_right_for_all_bits_there_can_be() {
    for shift in [0, 9, 16, 24] {
        for low in 0..1_u64 << 16 {
            let number = low << shift;
            let scalar = [number as u32, (number >> 32) as u32];
            for window in 4..=8 {
                let digits = signed_digits(&scalar, 16 + shift, window);
                assert!(digits.iter().all(|digit| digit.abs() <= 1 << (window - 1)));
                let sum = digits.iter().rev().fold(0_i64, |sum, &digit| (sum << window) + i64::from(digit));
                assert_eq!(sum, number as i64, "window {window}");
            }
        }
    }
}
