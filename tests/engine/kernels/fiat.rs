//! The fields compared with those of fiat-crypto, whose code is extracted from a proof: `TOKENWARD_SOAK` pairs of elements
//! for each, 2000 if that is not set.

use std::env;

use super::field::{self, Field};
use super::samples::Random;
use fiat_crypto::{curve25519_64, p256_64, p384_64, p521_64, secp256k1_montgomery_64};

/// The sum, the difference, the product of two elements and the square of the first, in big endian bytes.
type Results = [Vec<u8>; 4];

fn ours<F: Field>(a: &[u8], b: &[u8]) -> Option<Results> {
    let (a, b) = (F::from_bytes(a)?, F::from_bytes(b)?);
    let results = [a.add(&b), a.sub(&b).carry(), a.mul(&b), a.sqr()];
    Some(results.map(|element| field::to_bytes(&element.canonical(), F::LIMB_BITS, F::BYTES)))
}

/// Big endian bytes as little endian ones, and back.
fn reversed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut bytes: [u8; N] = bytes.try_into().unwrap();
    bytes.reverse();
    bytes
}

/// An element: anything below 2^bits, or such that carries and borrows run far.
fn element(random: &mut Random, bytes: usize, bits: usize) -> Vec<u8> {
    let mut element: Vec<u8> = match random.next() % 8 {
        0 => vec![0xff; bytes],
        1 => vec![0; bytes],
        2 => (0..bytes).map(|_| if random.next().is_multiple_of(2) { 0 } else { 0xff }).collect(),
        _ => (0..bytes).map(|_| random.next().to_le_bytes()[0]).collect(),
    };
    if random.next().is_multiple_of(2) {
        element[bytes - 1] ^= random.next().to_le_bytes()[0];
    }
    element[0] &= 0xff >> (8 * bytes - bits);
    element
}

fn compare<F: Field>(bits: usize, theirs: impl Fn(&[u8], &[u8]) -> Results) {
    let inputs = env::var("TOKENWARD_SOAK").map_or(2000, |inputs| inputs.parse().expect("a number"));
    let mut random = Random(2026);
    let mut compared = 0;
    while compared < inputs {
        let (a, b) = (element(&mut random, F::BYTES, bits), element(&mut random, F::BYTES, bits));
        // Not those that are p or more.
        if let Some(ours) = ours::<F>(&a, &b) {
            assert_eq!(ours, theirs(&a, &b), "{a:?} and {b:?}");
            compared += 1;
        }
    }
}

/// Fields that fiat-crypto keeps in Montgomery form, as ours are.
macro_rules! montgomery {
    ($test:ident, $field:ident, $bits:literal, $bytes:literal, $module:ident, $element:ident, $plain:ident,
     $from_bytes:ident, $to_bytes:ident, $to:ident, $from:ident, $add:ident, $sub:ident, $mul:ident, $sqr:ident) => {
        #[test]
        fn $test() {
            use $module::*;
            let read = |bytes: &[u8]| {
                let (mut plain, mut element) = ($plain([0; _]), $element([0; _]));
                $from_bytes(&mut plain.0, &reversed(bytes));
                $to(&mut element, &plain);
                element
            };
            let write = |element: &$element| {
                let (mut plain, mut bytes) = ($plain([0; _]), [0; $bytes]);
                $from(&mut plain, element);
                $to_bytes(&mut bytes, &plain.0);
                reversed::<$bytes>(&bytes).to_vec()
            };
            compare::<field::$field::Element>($bits, |a, b| {
                let (a, b) = (read(a), read(b));
                let mut results = [$element([0; _]); 4];
                let [sum, difference, product, square] = &mut results;
                $add(sum, &a, &b);
                $sub(difference, &a, &b);
                $mul(product, &a, &b);
                $sqr(square, &a);
                results.map(|result| write(&result))
            });
        }
    };
}

montgomery!(
    p_256_is_that_of_fiat_crypto,
    p256,
    256,
    32,
    p256_64,
    fiat_p256_montgomery_domain_field_element,
    fiat_p256_non_montgomery_domain_field_element,
    fiat_p256_from_bytes,
    fiat_p256_to_bytes,
    fiat_p256_to_montgomery,
    fiat_p256_from_montgomery,
    fiat_p256_add,
    fiat_p256_sub,
    fiat_p256_mul,
    fiat_p256_square
);
montgomery!(
    p_384_is_that_of_fiat_crypto,
    p384,
    384,
    48,
    p384_64,
    fiat_p384_montgomery_domain_field_element,
    fiat_p384_non_montgomery_domain_field_element,
    fiat_p384_from_bytes,
    fiat_p384_to_bytes,
    fiat_p384_to_montgomery,
    fiat_p384_from_montgomery,
    fiat_p384_add,
    fiat_p384_sub,
    fiat_p384_mul,
    fiat_p384_square
);
montgomery!(
    secp256k1_is_that_of_fiat_crypto,
    secp256k1,
    256,
    32,
    secp256k1_montgomery_64,
    fiat_secp256k1_montgomery_montgomery_domain_field_element,
    fiat_secp256k1_montgomery_non_montgomery_domain_field_element,
    fiat_secp256k1_montgomery_from_bytes,
    fiat_secp256k1_montgomery_to_bytes,
    fiat_secp256k1_montgomery_to_montgomery,
    fiat_secp256k1_montgomery_from_montgomery,
    fiat_secp256k1_montgomery_add,
    fiat_secp256k1_montgomery_sub,
    fiat_secp256k1_montgomery_mul,
    fiat_secp256k1_montgomery_square
);

/// Fields that fiat-crypto keeps as they are, with tight limbs and loose ones.
macro_rules! plain {
    ($test:ident, $field:ident, $bits:literal, $bytes:literal, $module:ident, $tight:ident, $loose:ident,
     $from_bytes:ident, $to_bytes:ident, $relax:ident, $carry:ident, $add:ident, $sub:ident, $mul:ident, $sqr:ident) => {
        #[test]
        fn $test() {
            use $module::*;
            let read = |bytes: &[u8]| {
                let mut element = $tight([0; _]);
                $from_bytes(&mut element, &reversed(bytes));
                element
            };
            let write = |element: &$tight| {
                let mut bytes = [0; $bytes];
                $to_bytes(&mut bytes, element);
                reversed::<$bytes>(&bytes).to_vec()
            };
            let relaxed = |element: &$tight| {
                let mut loose = $loose([0; _]);
                $relax(&mut loose, element);
                loose
            };
            compare::<field::$field::Element>($bits, |a, b| {
                let (a, b) = (read(a), read(b));
                let mut results = [$tight([0; _]); 4];
                let [sum, difference, product, square] = &mut results;
                let mut loose = $loose([0; _]);
                $add(&mut loose, &a, &b);
                $carry(sum, &loose);
                $sub(&mut loose, &a, &b);
                $carry(difference, &loose);
                $mul(product, &relaxed(&a), &relaxed(&b));
                $sqr(square, &relaxed(&a));
                results.map(|result| write(&result))
            });
        }
    };
}

plain!(
    p_521_is_that_of_fiat_crypto,
    p521,
    521,
    66,
    p521_64,
    fiat_p521_tight_field_element,
    fiat_p521_loose_field_element,
    fiat_p521_from_bytes,
    fiat_p521_to_bytes,
    fiat_p521_relax,
    fiat_p521_carry,
    fiat_p521_add,
    fiat_p521_sub,
    fiat_p521_carry_mul,
    fiat_p521_carry_square
);
plain!(
    ed25519_is_that_of_fiat_crypto,
    ed25519,
    255,
    32,
    curve25519_64,
    fiat_25519_tight_field_element,
    fiat_25519_loose_field_element,
    fiat_25519_from_bytes,
    fiat_25519_to_bytes,
    fiat_25519_relax,
    fiat_25519_carry,
    fiat_25519_add,
    fiat_25519_sub,
    fiat_25519_carry_mul,
    fiat_25519_carry_square
);
