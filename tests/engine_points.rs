//! Sums of multiples of points, compared with RustCrypto's: above all where an addition meets infinity, the same point
//! or the opposite one.
#![cfg(all(feature = "jwt", not(target_arch = "wasm32")))]
#![allow(dead_code, unreachable_pub, missing_docs, reason = "parts of the engine, compiled for themselves")]

#[path = "../src/engine/kernels/edwards.rs"]
mod edwards;
#[path = "../src/engine/kernels/field/mod.rs"]
mod field;
#[path = "../src/engine/kernels/inverse.rs"]
mod inverse;
#[path = "../src/engine/kernels/multiples.rs"]
mod multiples;
#[path = "../src/engine/kernels/scalar.rs"]
mod scalar;
#[path = "../src/engine/kernels/weierstrass.rs"]
mod weierstrass;

use edwards::{Edwards25519, Extended};
use field::{Field, ed25519::Element};
use multiples::{Builder, Group, Layout, Multiples, sum};
use num_bigint::BigUint;
use scalar::{Order, Scalar, signed_digits};
use weierstrass::{Affine, Curve};

fn limbs<const N: usize>(number: &BigUint) -> Scalar<N> {
    let mut limbs = [0; N];
    for (limb, digit) in limbs.iter_mut().zip(number.to_u32_digits()) {
        *limb = digit;
    }
    limbs
}

fn big_endian(number: &BigUint, width: usize) -> Vec<u8> {
    let digits = number.to_bytes_be();
    [vec![0; width - digits.len()], digits].concat()
}

/// Scalars that make additions meet what is special: small ones, those next to the order, powers of two and their
/// neighbours, digits all the largest, and a few without any design.
fn scalars(n: &BigUint) -> Vec<BigUint> {
    let one = BigUint::from(1_u32);
    let mut scalars: Vec<BigUint> = (0..=3_u32).map(BigUint::from).collect();
    scalars.extend([n - 3_u32, n - 2_u32, n - 1_u32, (n - 1_u32) / 2_u32, (n + 1_u32) / 2_u32]);
    for window in [5, 6, 7] {
        let digit = &one << (window - 1);
        let mut all = BigUint::ZERO;
        while (&all << window) + &digit < *n {
            all = (&all << window) + &digit;
        }
        scalars.extend([&all - 1_u32, all.clone(), &all + 1_u32]);
    }
    for bit in [4, 5, 31, 32, 35, 64, n.bits() - 1] {
        scalars.extend([(&one << bit) - 1_u32, &one << bit]);
    }
    let mut random = BigUint::from(0x9e37_79b9_7f4a_7c15_u64);
    for _ in 0..6 {
        random = (&random * &random * &random + 12345_u32) % n;
        scalars.push(random.clone());
    }
    scalars
}

/// Which pairs of scalars are tried with which point: all small ones, and of the others a few.
fn chosen(i: usize, j: usize, point: usize) -> bool {
    (i < 6 && j < 6) || (i + 3 * j + 5 * point).is_multiple_of(16)
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
            let zero = *a == BigUint::ZERO;
            assert_eq!(order.nonzero(&big_endian(a, width)).is_none(), zero);
            if !zero {
                assert_eq!(Some(number(&order.invert(&limbs(a)))), a.modinv(&n), "1 / {a}");
            }
        }
        for above in [n.clone(), &n + 1_u32] {
            assert!(order.below(&big_endian(&above, width)).is_none());
            assert!(order.nonzero(&big_endian(&above, width)).is_none());
        }
        let all_ones = vec![0xff; 8 * N];
        assert_eq!(number(&order.reduce_wide(&all_ones)), BigUint::from_bytes_be(&all_ones) % &n);
    }
    check::<9>("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    check::<13>(
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    );
    check::<17>(
        "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    );
    check::<9>("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    check::<8>("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
}

/// The tables of a point: one row, and those that the engine builds.
fn tables<G: Group>(point: &G::Entry, bits: usize) -> Vec<Multiples<G>> {
    let mut tables = vec![Multiples::one_row(point, bits)];
    for (window, stride) in [(5, 2), (5, 3), (5, 4), (6, 3), (6, 4), (7, 2), (7, 3), (5, 1)] {
        let mut builder = Builder::new(point, Layout { window, stride, bits });
        tables.push(loop {
            match builder.step() {
                Ok(table) => break table,
                Err(unfinished) => builder = unfinished,
            }
        });
    }
    tables
}

/// Compares `u G + v Q` for all pairs of scalars and some points `Q` with what `expected` says: its encoding, nothing
/// for infinity.
fn compare<C: Curve, const N: usize>(
    n: &str,
    points: &[(Vec<u8>, Vec<u8>)],
    expected: impl Fn(&BigUint, &BigUint, usize) -> Option<Vec<u8>>,
) {
    let order = Order::<N>::new(n);
    let n = BigUint::parse_bytes(n.as_bytes(), 16).unwrap();
    let generator = Affine::new::<C>(C::X, C::Y).unwrap();
    let of_generator = tables::<C>(&generator, order.bits);
    let scalars = scalars(&n);
    for (index, (x, y)) in points.iter().enumerate() {
        let of_point = tables::<C>(&Affine::new::<C>(x, y).unwrap(), order.bits);
        for (i, u) in scalars.iter().enumerate() {
            for (j, v) in scalars.iter().enumerate() {
                if !chosen(i, j, index) {
                    continue;
                }
                // Every pair of tables comes round.
                let (g, q) =
                    (&of_generator[(i + j) % of_generator.len()], &of_point[(i + 3 * j) % of_point.len()]);
                let point = sum([
                    (g, &*signed_digits(&limbs::<N>(u), order.bits, g.layout.window)),
                    (q, &*signed_digits(&limbs::<N>(v), order.bits, q.layout.window)),
                ]);
                match expected(u, v, index) {
                    None => assert!(point.is_infinity(), "{u} G + {v} Q{index}"),
                    Some(encoded) => {
                        let (x, y) = encoded[1..].split_at(encoded.len() / 2);
                        let (x, y) = (C::Field::from_bytes(x).unwrap(), C::Field::from_bytes(y).unwrap());
                        assert!(point.has_x(&x), "x of {u} G + {v} Q{index}");
                        assert!(!point.has_x(&x.add(&C::Field::ONE).mul(&C::Field::ONE)));
                        let affine = weierstrass::Jacobian::to_affine(&[point])[0];
                        assert!(affine.x.equals(&x) && affine.y.equals(&y), "{u} G + {v} Q{index}");
                    }
                }
            }
        }
    }
}

macro_rules! curve {
    ($test:ident, $krate:ident, $curve:ident, $limbs:literal, $width:literal, $n:literal) => {
        #[test]
        fn $test() {
            use $krate::{
                FieldBytes, ProjectivePoint, Scalar,
                elliptic_curve::{PrimeField, group::Group as _, sec1::ToSec1Point},
            };
            let scalar = |number: &BigUint| {
                let bytes = FieldBytes::try_from(&big_endian(number, $width)[..]).unwrap();
                Scalar::from_repr(bytes).unwrap()
            };
            let generator = ProjectivePoint::GENERATOR;
            let seven = scalar(&BigUint::from(7_u32));
            let points = [generator, -generator, generator.double(), -generator.double(), generator * seven];
            let encoded =
                |point: &ProjectivePoint| point.to_affine().to_sec1_point(false).as_bytes().to_vec();
            let coordinates: Vec<_> = points
                .iter()
                .map(|point| {
                    let bytes = encoded(point);
                    (bytes[1..=$width].to_vec(), bytes[1 + $width..].to_vec())
                })
                .collect();
            compare::<weierstrass::$curve, $limbs>($n, &coordinates, |u, v, index| {
                let point = generator * scalar(u) + points[index] * scalar(v);
                (!bool::from(point.is_identity())).then(|| encoded(&point))
            });
        }
    };
}

curve!(p_256, p256, P256, 9, 32, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
curve!(
    p_384,
    p384,
    P384,
    13,
    48,
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
);
curve!(
    p_521,
    p521,
    P521,
    17,
    66,
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
);
curve!(secp256k1, k256, Secp256k1, 9, 32, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");

#[test]
fn edwards25519() {
    use curve25519_dalek::{EdwardsPoint, Scalar, constants};
    let n = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";
    let order = Order::<8>::new(n);
    let n = BigUint::parse_bytes(n.as_bytes(), 16).unwrap();
    let generator = constants::ED25519_BASEPOINT_POINT;
    let entry = |point: &EdwardsPoint| {
        let point = Extended::<Element>::decode(point.compress().as_bytes()).unwrap();
        assert_eq!(point.encode(), Extended::<Element>::decode(&point.encode()).unwrap().encode());
        Extended::to_entries(&[point])[0]
    };
    let scalar = |number: &BigUint| {
        let mut bytes = big_endian(number, 32);
        bytes.reverse();
        Scalar::from_canonical_bytes(bytes.try_into().unwrap()).unwrap()
    };
    let mut points = vec![generator, -generator, generator + generator];
    // Points that are not in the generator's group, and some that are of small order.
    points.extend(constants::EIGHT_TORSION.iter().map(|torsion| generator + torsion));
    points.extend(&constants::EIGHT_TORSION[1..]);
    let of_generator = tables::<Edwards25519>(&entry(&generator), order.bits);
    let scalars = scalars(&n);
    for (index, q) in points.iter().enumerate() {
        let of_point = tables::<Edwards25519>(&entry(q), order.bits);
        for (i, u) in scalars.iter().enumerate() {
            for (j, v) in scalars.iter().enumerate() {
                if !chosen(i, j, index) {
                    continue;
                }
                let (g, t) =
                    (&of_generator[(i + j) % of_generator.len()], &of_point[(i + 3 * j) % of_point.len()]);
                let point = sum([
                    (g, &*signed_digits(&limbs::<8>(u), order.bits, g.layout.window)),
                    (t, &*signed_digits(&limbs::<8>(v), order.bits, t.layout.window)),
                ]);
                let expected = EdwardsPoint::vartime_double_scalar_mul_basepoint(&scalar(v), q, &scalar(u));
                assert_eq!(point.encode(), expected.compress().to_bytes(), "{u} B + {v} Q");
                assert_eq!(point.has_small_order(), expected.is_small_order());
            }
        }
    }
}
