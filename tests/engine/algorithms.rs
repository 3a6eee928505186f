//! The types of the engine: what keys and algorithms say of themselves, and which keys an algorithm takes.

use super::support::verifies;
use tokenward::engine::{Algorithm, Curve, EcKey, Hash, HmacKey, Key, RsaKey};

#[test]
fn a_secret_is_not_shown() {
    assert_eq!(format!("{:?}", HmacKey::new(b"a secret")), "HmacKey([secret])");
}

/// FIPS 180-4 and RFC 7518 §6.2.1.2.
#[test]
fn hashes_and_coordinates_have_their_lengths() {
    assert_eq!([Hash::Sha256, Hash::Sha384, Hash::Sha512].map(Hash::length), [32, 48, 64]);
    let curves = [Curve::P256, Curve::Secp256k1, Curve::P384, Curve::P521];
    assert_eq!(curves.map(Curve::width), [32, 32, 48, 66]);
}

#[test]
fn a_key_of_another_type_verifies_nothing() {
    let hmac = HmacKey::new(&[7; 64]);
    let rsa = RsaKey::new(&[0xff; 256], &[1, 0, 1]).unwrap();
    let generator =
        p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap().verifying_key().to_sec1_point(false);
    let (x, y) = generator.as_bytes()[1..].split_at(32);
    let ec = EcKey::new(Curve::P256, x, y).unwrap();
    for algorithm in Algorithm::all() {
        for key in [Key::Hmac(&hmac), Key::Rsa(&rsa), Key::Ec(&ec)] {
            for length in [0, 32, 48, 64, 96, 132, 256, 2420] {
                assert!(
                    !verifies(algorithm, key, b"message", &vec![1; length]),
                    "{algorithm} {key:?} {length}"
                );
            }
        }
    }
}

/// The trait of jwt-compact: what mints and reads tokens with these algorithms.
#[cfg(feature = "jwt-compact")]
mod trait_of_jwt_compact {
    use jwt_compact::{Algorithm, AlgorithmSignature};
    use tokenward::engine::{Es256, HmacKey, Hs256, Hs384, Hs512, Rs256};

    fn mints_what_it_verifies<A>(algorithm: &A, name: &str)
    where
        A: Algorithm<SigningKey = HmacKey, VerifyingKey = HmacKey>,
    {
        assert_eq!(algorithm.name(), name);
        let key = HmacKey::new(&[7; 64]);
        let tag = algorithm.sign(&key, b"message");
        assert!(algorithm.verify_signature(&tag, &key, b"message"));
        assert!(!algorithm.verify_signature(&tag, &key, b"another"));
        assert!(!algorithm.verify_signature(&tag, &HmacKey::new(&[8; 64]), b"message"));
    }

    #[test]
    fn hmac_signs_and_verifies() {
        mints_what_it_verifies(&Hs256, "HS256");
        mints_what_it_verifies(&Hs384, "HS384");
        mints_what_it_verifies(&Hs512, "HS512");
        // RFC 4231 §4.3.
        let tag = Hs256.sign(&HmacKey::new(b"Jefe"), b"what do ya want for nothing?");
        assert_eq!(tag.as_bytes()[..4], [0x5b, 0xdc, 0xc1, 0x46]);
    }

    /// The algorithm fixes the length of a signature, except for RSA: there the key does.
    #[test]
    fn signatures_are_given_back_as_they_are_taken() {
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
}
