//! The types of the engine: what keys and signatures take and give back.

use jwt_compact::{Algorithm, AlgorithmSignature};
use tokenward::engine::{Curve, Es256, Hash, HmacKey, Rs256};

#[test]
fn a_secret_is_not_shown() {
    assert_eq!(format!("{:?}", HmacKey::new(b"a secret")), "HmacKey([secret])");
}

/// A length that the algorithm fixes is checked; the length of one of RSA is for its key to judge.
#[test]
fn signatures_are_taken_and_given_back_as_they_are() {
    type OfRsa = <Rs256 as Algorithm>::Signature;
    for bytes in [&[][..], &[1], &[2, 3], &[4; 256]] {
        assert_eq!(OfRsa::try_from_slice(bytes).unwrap().as_bytes(), bytes);
    }
    assert_eq!(OfRsa::LENGTH, None);
    type OfEcdsa = <Es256 as Algorithm>::Signature;
    assert_eq!(OfEcdsa::try_from_slice(&[5; 64]).unwrap().as_bytes(), &[5; 64][..]);
    for length in [0, 63, 65, 96] {
        assert!(OfEcdsa::try_from_slice(&vec![5; length]).is_err());
    }
    assert_eq!(OfEcdsa::LENGTH.map(usize::from), Some(64));
}

/// FIPS 180-4 and RFC 7518 §6.2.1.2.
#[test]
fn hashes_and_coordinates_have_their_lengths() {
    assert_eq!([Hash::Sha256, Hash::Sha384, Hash::Sha512].map(Hash::length), [32, 48, 64]);
    let curves = [Curve::P256, Curve::Secp256k1, Curve::P384, Curve::P521];
    assert_eq!(curves.map(Curve::width), [32, 32, 48, 66]);
}
