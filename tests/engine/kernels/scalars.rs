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
            if nonzero.is_some() {
                assert_eq!(Some(number(&order.invert(&limbs(a)))), a.modinv(&n), "1 / {a}");
            }
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
