//! Keys that are not what they should be mathematically: points, moduli, exponents.

use num_bigint::BigUint;
use serde_json::json;
use tokenward::jwt::Algorithm;
use tokenward::{Error, JwkFault, Weakness, base64url};

use super::{ES256, ES256K, invalid, unhex, weak};
use crate::support::{N, import, jwk, jwk_with, roca_modulus};

#[test]
fn coordinates_are_as_wide_as_the_field_and_on_the_curve() {
    for algorithm in [ES256, ES256K, Algorithm::Es384, Algorithm::Es512] {
        let coordinate =
            |name: &str| base64url::decode(jwk(algorithm)[name].as_str().unwrap().as_bytes()).unwrap();
        for name in ["x", "y"] {
            let bytes = coordinate(name);
            for wrong in [[&[0], &bytes[..]].concat(), bytes[1..].to_vec(), vec![]] {
                assert_eq!(
                    import(&jwk_with(algorithm, name, base64url::encode(&wrong).into())).err(),
                    invalid(name)
                );
            }
            let mut off = bytes.clone();
            *off.last_mut().unwrap() ^= 1;
            assert_eq!(
                import(&jwk_with(algorithm, name, base64url::encode(&off).into())).err(),
                Some(Error::JwkInvalid { fault: JwkFault::Point })
            );
            let beyond = vec![0xff; bytes.len()];
            assert_eq!(
                import(&jwk_with(algorithm, name, base64url::encode(&beyond).into())).err(),
                Some(Error::JwkInvalid { fault: JwkFault::Point })
            );
        }
        let mut zero = jwk(algorithm);
        zero["x"] = base64url::encode(&vec![0; coordinate("x").len()]).into();
        zero["y"] = zero["x"].clone();
        assert_eq!(
            import(&zero).err(),
            Some(Error::JwkInvalid { fault: JwkFault::Point }),
            "the point at infinity"
        );
    }
    let mut swapped = jwk(ES256);
    swapped["x"] = jwk(ES256)["y"].clone();
    assert_eq!(import(&swapped).err(), Some(Error::JwkInvalid { fault: JwkFault::Point }));
}

/// Encodings of the points of order 1, 2, 4 and 8 (RFC 8032 arithmetic; the list of libsodium), the canonical ones.
const SMALL_ORDER: [&str; 5] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
];

#[test]
fn ed25519_points_of_small_order_are_refused() {
    for point in SMALL_ORDER {
        let jwk = jwk_with(Algorithm::EdDsa, "x", base64url::encode(&unhex(point)).into());
        assert_eq!(import(&jwk).err(), weak(Weakness::SmallOrder), "{point}");
    }
}

#[test]
fn ed25519_points_are_canonical_and_on_the_curve() {
    let point =
        |bytes: &[u8]| import(&jwk_with(Algorithm::EdDsa, "x", base64url::encode(bytes).into())).err();
    // y = 1 + p, y = p, and y = 1 with the sign of a zero x: second encodings of points of small order.
    for twin in [
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0100000000000000000000000000000000000000000000000000000000000080",
    ] {
        assert!(point(&unhex(twin)).is_some(), "{twin}");
    }
    assert!(point(&[2; 32]).is_some(), "y = 2 + 2^9 + … is no point");
    for length in [0, 31, 33, 64] {
        assert_eq!(point(&vec![1; length]), invalid("x"));
    }
}

#[test]
fn weak_rsa_keys_are_refused() {
    let rsa = |n: &[u8], e: &[u8]| {
        import(&json!({ "kty": "RSA", "n": base64url::encode(n), "e": base64url::encode(e) })).err()
    };
    let n = base64url::decode(N.as_bytes()).unwrap();
    for e in [&[][..], &[0], &[1], &[2], &[1, 0, 0], &[4], &[1, 0, 0, 0, 0, 0, 0, 0, 1]] {
        assert_eq!(rsa(&n, e), weak(Weakness::RsaExponent), "{e:?}");
    }
    for e in [&[3][..], &[17], &[0, 1, 0, 1], &[0, 0, 3], &[0xff; 8]] {
        assert_eq!(rsa(&n, e), None, "{e:?}");
    }
    let modulus = |bits: usize| {
        let mut n = vec![0xff; bits.div_ceil(8)];
        n[0] = 0xff >> ((8 - bits % 8) % 8);
        n
    };
    for bits in [1, 512, 1024, 2047, 8193, 16_384] {
        assert_eq!(rsa(&modulus(bits), &[1, 0, 1]), weak(Weakness::RsaSize), "{bits} bits");
    }
    for bits in [2048, 2049, 3072, 4096, 8192] {
        assert_eq!(rsa(&modulus(bits), &[1, 0, 1]), None, "{bits} bits");
    }
    assert_eq!(
        rsa(&[&[0; 128][..], &modulus(1024)].concat(), &[1, 0, 1]),
        weak(Weakness::RsaSize),
        "zeros are no bits"
    );
    assert_eq!(rsa(&[&[0], &n[..]].concat(), &[1, 0, 1]), None, "a leading zero octet is tolerated");
    // Of CVE-2017-15361: one more than two multiples of the primes that the fingerprint is taken of.
    let roca = BigUint::from_bytes_be(&roca_modulus());
    let primes = &roca >> (8 * 241);
    for roca in [&roca + &primes * 2_u32, roca] {
        assert_eq!(rsa(&roca.to_bytes_be(), &[1, 0, 1]), weak(Weakness::Roca));
    }
    let mut even = n;
    *even.last_mut().unwrap() &= 0xfe;
    assert_eq!(rsa(&even, &[1, 0, 1]), weak(Weakness::RsaModulus));
}
