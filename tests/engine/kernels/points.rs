//! Sums of multiples of points, compared with RustCrypto's: above all where an addition meets infinity, the same point
//! or the opposite one.

use super::edwards::{Edwards25519, Extended};
use super::field::{Field, ed25519::Element};
use super::multiples::{Builder, Built, Group, Layout, Multiples, sum};
use super::samples::{big_endian, limbs, scalars};
use super::scalar::{Order, signed_digits};
use super::weierstrass::{self, Affine, Curve};
use num_bigint::BigUint;

/// Which pairs of scalars are tried with which point: all small ones, and of the others a few.
fn chosen(i: usize, j: usize, point: usize) -> bool {
    (i < 6 && j < 6) || (i + 3 * j + 5 * point).is_multiple_of(16)
}

/// The tables of a point: one row, and those that the engine builds.
fn tables<G: Group>(point: &G::Entry, bits: usize) -> Vec<Multiples<G>> {
    let mut tables = vec![Multiples::one_row(point, bits).unwrap()];
    for (window, stride) in
        [(5, 2), (5, 3), (5, 4), (6, 3), (6, 4), (7, 2), (7, 3), (5, 1), (6, 1), (6, 2), (7, 1)]
    {
        let mut builder = Builder::new(point, Layout { window, stride, bits });
        tables.push(loop {
            match builder.step() {
                Built::Whole(table) => break table,
                Built::Part(unfinished) => builder = unfinished,
                Built::Impossible => panic!("window {window}, stride {stride}"),
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
                        let affine = weierstrass::Jacobian::to_affine(&[point]).unwrap()[0];
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
        let encoded = point.encode().unwrap();
        assert_eq!(Extended::<Element>::decode(&encoded).unwrap().encode(), Some(encoded));
        Extended::to_entries(&[point]).unwrap()[0]
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
                assert_eq!(point.encode(), Some(expected.compress().to_bytes()), "{u} B + {v} Q");
                assert_eq!(point.has_small_order(), expected.is_small_order());
            }
        }
    }
}

#[test]
fn a_table_has_a_row_for_so_many_digits_and_takes_the_memory_that_its_layout_says() {
    fn check<G: Group>(point: &G::Entry, bits: usize) {
        let row = Layout::one_row(bits);
        assert_eq!((row.window, row.stride), (5, bits / 5 + 1), "as many digits as a scalar can have");
        for (window, stride) in [(5, bits / 5 + 1), (5, 1), (6, 2), (7, 1), (7, 3), (6, 4)] {
            let layout = Layout { window, stride, bits };
            let (mut rows, mut builder) = (1_usize, Builder::<G>::new(point, layout));
            while let Built::Part(unfinished) = builder.step() {
                (rows, builder) = (rows + 1, unfinished);
            }
            assert_eq!(rows, (bits / window + 1).div_ceil(stride), "{layout:?}");
            let entries = rows * [16, 32, 64][window - 5];
            assert_eq!(layout.size::<G>(), entries * size_of::<G::Entry>(), "{layout:?}");
        }
    }
    let generator = Affine::new::<weierstrass::P521>(weierstrass::P521::X, weierstrass::P521::Y).unwrap();
    check::<weierstrass::P521>(&generator, 521);
    let basepoint = curve25519_dalek::constants::ED25519_BASEPOINT_COMPRESSED;
    let point = Extended::<Element>::decode(basepoint.as_bytes()).unwrap();
    check::<Edwards25519>(&Extended::to_entries(&[point]).unwrap()[0], 253);
}

#[test]
fn neighbours_are_added_as_points_are() {
    type P256 = weierstrass::P256;
    let generator = Affine::new::<P256>(P256::X, P256::Y).unwrap();
    let add = |sum: weierstrass::Jacobian<_>, entry: &_| P256::add(&sum, entry);
    let multiples: Vec<_> = (1..=12)
        .scan(P256::IDENTITY, |sum, _| {
            *sum = add(*sum, &generator);
            Some(*sum)
        })
        .collect();
    let multiples = P256::to_entries(&multiples).unwrap();
    let total = |list: &[Affine<_>]| P256::to_entries(&[list.iter().fold(P256::IDENTITY, add)]).unwrap()[0];
    let before: Vec<_> =
        [0..1, 1..3, 3..6, 6..12].into_iter().map(|range| multiples[range].to_vec()).collect();
    let mut lists = [before.clone(), vec![Vec::new()]].concat();
    assert!(P256::add_neighbours(&mut lists));
    assert_eq!(lists.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 2, 3, 0]);
    for (list, before) in lists.iter().zip(&before) {
        let (sum, expected) = (total(list), total(before));
        assert!(sum.x.equals(&expected.x) && sum.y.equals(&expected.y));
    }
    // The same point and the opposite one: the slope would be a division by zero.
    for neighbour in [generator, generator.negate()] {
        let mut lists = vec![multiples[1..5].to_vec(), vec![generator, neighbour]];
        assert!(!P256::add_neighbours(&mut lists));
        assert_eq!(lists.iter().map(Vec::len).collect::<Vec<_>>(), [4, 2]);
    }
    let basepoint = curve25519_dalek::constants::ED25519_BASEPOINT_COMPRESSED;
    let point = Extended::<Element>::decode(basepoint.as_bytes()).unwrap();
    let mut lists = vec![Extended::to_entries(&[point, point.double()]).unwrap()];
    assert!(!Edwards25519::add_neighbours(&mut lists) && lists[0].len() == 2, "it has no such way");
}

#[test]
fn infinity_has_no_x() {
    let infinity = <weierstrass::P256 as Group>::IDENTITY;
    assert!(infinity.is_infinity() && !infinity.has_x(&Field::ZERO) && !infinity.has_x(&Field::ONE));
    let generator = Affine::new::<weierstrass::P256>(weierstrass::P256::X, weierstrass::P256::Y).unwrap();
    assert!(weierstrass::Jacobian::to_affine(&[generator.into(), infinity]).is_none());
}

#[test]
fn a_point_of_edwards25519_is_decoded_from_its_one_encoding() {
    use curve25519_dalek::edwards::CompressedEdwardsY;
    let p = (BigUint::from(1_u32) << 255) - 19_u32;
    let small = (0..100_u32).map(BigUint::from);
    // What is p or more is the encoding of nothing.
    let large = (1..40_u32).map(|less| &p + 19_u32 - less);
    let (mut points, mut nothing) = (0, 0);
    for y in small.chain(large) {
        for sign in [0, 0x80] {
            let mut bytes: [u8; 32] = big_endian(&y, 32).try_into().unwrap();
            bytes.reverse();
            bytes[31] |= sign;
            // Theirs takes other encodings too.
            let expected = CompressedEdwardsY(bytes).decompress().filter(|point| point.compress().0 == bytes);
            let point = Extended::<Element>::decode(&bytes);
            assert_eq!(
                point.map(|point| point.encode().unwrap()),
                expected.map(|point| point.compress().0),
                "{y}"
            );
            if let (Some(point), Some(expected)) = (point, expected) {
                points += 1;
                assert_eq!(point.has_small_order(), expected.is_small_order(), "{y}");
            } else {
                nothing += 1;
            }
        }
    }
    assert!(points > 80 && nothing > 80, "{points} and {nothing}");
}
