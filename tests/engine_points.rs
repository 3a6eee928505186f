//! Sums of multiples of points, compared with RustCrypto's: above all where an addition meets infinity, the same point
//! or the opposite one.
#![cfg(all(feature = "jwt", not(target_arch = "wasm32")))]
#![allow(dead_code, unreachable_pub, missing_docs, reason = "parts of the engine, compiled for themselves")]

#[path = "../src/engine/kernels/digits.rs"]
mod digits;
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
#[path = "engine_support/scalars.rs"]
mod scalars;
#[path = "../src/engine/kernels/weierstrass.rs"]
mod weierstrass;

use edwards::{Edwards25519, Extended};
use field::{Field, ed25519::Element};
use multiples::{Builder, Group, Layout, Multiples, sum};
use num_bigint::BigUint;
use scalar::{Order, signed_digits};
use scalars::{big_endian, limbs, scalars};
use weierstrass::{Affine, Curve};

/// Which pairs of scalars are tried with which point: all small ones, and of the others a few.
fn chosen(i: usize, j: usize, point: usize) -> bool {
    (i < 6 && j < 6) || (i + 3 * j + 5 * point).is_multiple_of(16)
}

/// The tables of a point: one row, and those that the engine builds.
fn tables<G: Group>(point: &G::Entry, bits: usize) -> Vec<Multiples<G>> {
    let mut tables = vec![Multiples::one_row(point, bits)];
    for (window, stride) in
        [(5, 2), (5, 3), (5, 4), (6, 3), (6, 4), (7, 2), (7, 3), (5, 1), (6, 1), (6, 2), (7, 1)]
    {
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
