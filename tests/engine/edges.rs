//! The values at which an engine goes wrong if it goes wrong: one test each.

use super::support::{padded, pss, verifies};
use jwt_compact::alg::Hs256Key;
use jwt_compact::{Algorithm as _, AlgorithmSignature as _};
use num_bigint::BigUint;
use sha2::{Digest, Sha256};
use tokenward::{
    Error, JwkFault, Weakness,
    engine::{
        Algorithm::{EdDsa, Es256, Es256k, Es384, Es512, Hs256, Hs384, Hs512, Ps256, Rs256, Rs512},
        Curve, EcKey, Ed25519Key, Hash, HmacKey, RsaKey,
    },
};

fn number(digits: &str) -> BigUint {
    BigUint::parse_bytes(digits.as_bytes(), 16).unwrap()
}

fn hex(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

// ECDSA

const P_256_P: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
const P_256_N: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const P_256_GX: &str = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
const P_256_GY: &str = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

/// The key whose secret is `d`, on P-256, and its signature of `message` with the nonce `k`: also where they are not
/// fit for use.
fn p_256_signed(d: &BigUint, k: &BigUint, message: &[u8]) -> (EcKey, BigUint, BigUint) {
    use p256::{
        FieldBytes, ProjectivePoint, Scalar,
        elliptic_curve::{PrimeField, sec1::ToSec1Point},
    };
    let point = |scalar: &BigUint| {
        let bytes = FieldBytes::try_from(&padded(scalar, 32)[..]).unwrap();
        (ProjectivePoint::GENERATOR * Scalar::from_repr(bytes).unwrap()).to_affine().to_sec1_point(false)
    };
    let n = number(P_256_N);
    let public = point(d);
    let (x, y) = public.as_bytes()[1..].split_at(32);
    let r = BigUint::from_bytes_be(&point(k).as_bytes()[1..33]) % &n;
    let z = BigUint::from_bytes_be(&Sha256::digest(message));
    let s = k.modinv(&n).unwrap() * (z + &r * d) % &n;
    (EcKey::new(Curve::P256, x, y).unwrap(), r, s)
}

fn p_256_holds(key: &EcKey, message: &[u8], r: &BigUint, s: &BigUint) -> bool {
    verifies(Es256, key, message, &[padded(r, 32), padded(s, 32)].concat())
}

#[test]
fn ecdsa_with_small_secrets_and_nonces_holds() {
    // u G and v Q are then equal, opposite or small multiples of each other along the way, with and without tables.
    for d in [1_u32, 2, 3, 4, 5, 16, 17, 32] {
        for k in [1_u32, 2, 3, 31, 32, 33] {
            let (key, r, s) = p_256_signed(&d.into(), &k.into(), b"small");
            for _ in 0..25 {
                assert!(p_256_holds(&key, b"small", &r, &s), "d = {d}, k = {k}");
            }
            assert!(!p_256_holds(&key, b"Small", &r, &s));
        }
    }
}

#[test]
fn ecdsa_with_secrets_next_to_the_order_holds() {
    let n = number(P_256_N);
    for d in [&n - 1_u32, &n - 2_u32, (&n - 1_u32) / 2_u32, (&n + 1_u32) / 2_u32] {
        for k in [BigUint::from(1_u32), &n - 1_u32, (&n + 1_u32) / 2_u32] {
            let (key, r, s) = p_256_signed(&d, &k, b"large");
            assert!(p_256_holds(&key, b"large", &r, &s), "d = {d}, k = {k}");
        }
    }
}

#[test]
fn ecdsa_refuses_r_and_s_outside_1_to_n() {
    let n = number(P_256_N);
    let (key, r, s) = p_256_signed(&7_u32.into(), &11_u32.into(), b"range");
    assert!(p_256_holds(&key, b"range", &r, &s));
    let outside =
        [BigUint::ZERO, n.clone(), &n + 1_u32, number(P_256_P), (BigUint::from(1_u32) << 256) - 1_u32];
    for bad in &outside {
        assert!(!p_256_holds(&key, b"range", bad, &s), "r = {bad}");
        assert!(!p_256_holds(&key, b"range", &r, bad), "s = {bad}");
        for other in &outside {
            assert!(!p_256_holds(&key, b"range", bad, other), "r = {bad}, s = {other}");
        }
    }
    for edge in [BigUint::from(1_u32), &n - 1_u32] {
        assert!(!p_256_holds(&key, b"range", &edge, &s));
        assert!(!p_256_holds(&key, b"range", &r, &edge));
    }
    // The other root is the same signature to ECDSA.
    assert!(p_256_holds(&key, b"range", &r, &(&n - &s)));
}

#[test]
fn ecdsa_accepts_s_of_1_and_of_n_minus_1() {
    // s = (z + r d) / k is 1 for d = (k - z) / r.
    let n = number(P_256_N);
    let z = BigUint::from_bytes_be(&Sha256::digest(b"one"));
    let k = BigUint::from(5_u32);
    let (_, r, _) = p_256_signed(&1_u32.into(), &k, b"one");
    let d = (&k + &n + &n - &z) * r.modinv(&n).unwrap() % &n;
    let (key, r, s) = p_256_signed(&d, &k, b"one");
    assert_eq!(s, BigUint::from(1_u32));
    assert!(p_256_holds(&key, b"one", &r, &s));
    assert!(p_256_holds(&key, b"one", &r, &(&n - 1_u32)));
}

#[test]
fn ecdsa_refuses_a_signature_whose_point_is_infinity() {
    // u G + v Q is infinity for z = -r d. Whatever r and s.
    let n = number(P_256_N);
    let z = BigUint::from_bytes_be(&Sha256::digest(b"nowhere"));
    for r in [1_u32, 2, 5, 1000] {
        let r = BigUint::from(r);
        let d = (&n - (&z % &n)) * r.modinv(&n).unwrap() % &n;
        let (key, ..) = p_256_signed(&d, &1_u32.into(), b"");
        for s in [1_u32, 2, 77] {
            for _ in 0..25 {
                assert!(!p_256_holds(&key, b"nowhere", &r, &s.into()));
            }
        }
    }
}

#[test]
fn ecdsa_reduces_an_x_above_the_order() {
    // The smallest x >= n that a point of P-256 has: then r = x - n is small, and r + n is what has to be found.
    let (n, p) = (number(P_256_N), number(P_256_P));
    let mut x = n.clone();
    let point = loop {
        x += 1_u32;
        let compressed = [vec![2], padded(&x, 32)].concat();
        if let Ok(key) = p256::PublicKey::from_sec1_bytes(&compressed) {
            break key;
        }
    };
    assert!(x < p);
    // R is that point and nobody knows its discrete logarithm, so the key is made to fit: Q = (s R - z G) / r.
    use p256::{
        FieldBytes, ProjectivePoint, Scalar,
        elliptic_curve::{PrimeField, sec1::ToSec1Point},
    };
    let scalar =
        |number: &BigUint| Scalar::from_repr(FieldBytes::try_from(&padded(number, 32)[..]).unwrap()).unwrap();
    let (r, s) = (&x - &n, BigUint::from(9_u32));
    let z = BigUint::from_bytes_be(&Sha256::digest(b"wrapped")) % &n;
    let q = (point.to_projective() * scalar(&s) - ProjectivePoint::GENERATOR * scalar(&z))
        * scalar(&r.modinv(&n).unwrap());
    let encoded = q.to_affine().to_sec1_point(false);
    let (qx, qy) = encoded.as_bytes()[1..].split_at(32);
    let key = EcKey::new(Curve::P256, qx, qy).unwrap();
    assert!(p_256_holds(&key, b"wrapped", &r, &s), "r = x - n");
    assert!(!p_256_holds(&key, b"wrapped", &x, &s), "r = x is out of range");
    assert!(!p_256_holds(&key, b"wrapped", &(&r + 1_u32), &s));
}

#[test]
fn ecdsa_keys_have_to_be_on_the_curve_and_in_range() {
    let (p, x, y) = (number(P_256_P), number(P_256_GX), number(P_256_GY));
    let refused = Error::JwkInvalid { fault: JwkFault::Point };
    let key = |x: &BigUint, y: &BigUint| EcKey::new(Curve::P256, &padded(x, 32), &padded(y, 32)).err();
    assert_eq!(key(&x, &y), None);
    assert_eq!(key(&x, &(&p - &y)), None);
    assert_eq!(key(&x, &(&y + 1_u32)), Some(refused.clone()));
    assert_eq!(key(&y, &x), Some(refused.clone()));
    assert_eq!(key(&BigUint::ZERO, &BigUint::ZERO), Some(refused.clone()));
    assert_eq!(key(&p, &y), Some(refused.clone()));
    assert_eq!(key(&x, &p), Some(refused.clone()));
    // x = 5 is on the curve, and x + p, which fits into 32 bytes, is not another name for it.
    let five = BigUint::from(5_u32);
    let compressed = [vec![2], padded(&five, 32)].concat();
    let y_of_five = p256::ecdsa::VerifyingKey::from_sec1_bytes(&compressed).unwrap().to_sec1_point(false);
    let y_of_five = BigUint::from_bytes_be(&y_of_five.as_bytes()[33..]);
    assert_eq!(key(&five, &y_of_five), None);
    assert_eq!(key(&(&five + &p), &y_of_five), Some(refused.clone()));
    // The same coordinates are no point of another curve.
    assert_eq!(EcKey::new(Curve::Secp256k1, &padded(&x, 32), &padded(&y, 32)).err(), Some(refused));
}

#[test]
fn ecdsa_keys_have_coordinates_as_wide_as_the_curve() {
    let (x, y) = (hex(P_256_GX), hex(P_256_GY));
    let of = |member| Some(Error::JwkInvalid { fault: JwkFault::Member(member) });
    assert_eq!(EcKey::new(Curve::P256, &x[1..], &y).err(), of("x"));
    assert_eq!(EcKey::new(Curve::P256, &x, &y[..31]).err(), of("y"));
    assert_eq!(EcKey::new(Curve::P256, &[&[0], &x[..]].concat(), &y).err(), of("x"));
    assert_eq!(EcKey::new(Curve::P384, &x, &y).err(), of("x"));
    assert_eq!(EcKey::new(Curve::P256, &[], &[]).err(), of("x"));
}

#[test]
fn ecdsa_keys_verify_only_on_their_curve() {
    let (key, r, s) = p_256_signed(&7_u32.into(), &11_u32.into(), b"curve");
    assert!(p_256_holds(&key, b"curve", &r, &s));
    assert!(!verifies(Es256k, &key, b"curve", &[padded(&r, 32), padded(&s, 32)].concat()));
    assert!(!verifies(Es384, &key, b"curve", &[padded(&r, 48), padded(&s, 48)].concat()));
    assert!(!verifies(Es512, &key, b"curve", &[padded(&r, 66), padded(&s, 66)].concat()));
}

#[test]
fn ecdsa_signatures_have_one_length() {
    let (key, r, s) = p_256_signed(&7_u32.into(), &11_u32.into(), b"length");
    let signature = [padded(&r, 32), padded(&s, 32)].concat();
    for other in [&signature[..63], &[&signature[..], &[0]].concat(), &[], &[&[0], &signature[..]].concat()] {
        assert!(!verifies(Es256, &key, b"length", other));
    }
}

// RSA

/// A modulus of so many bits. Nobody knows its factors, but it is odd.
fn odd(bits: u32) -> BigUint {
    (BigUint::from(1_u32) << bits) - 1_u32
}

fn rsa(n: &BigUint, e: &[u8]) -> Result<RsaKey, Error> {
    RsaKey::new(&n.to_bytes_be(), e)
}

fn weak<T>(result: Result<T, Error>) -> Option<Weakness> {
    match result {
        Err(Error::KeyWeak { weakness }) => Some(weakness),
        _ => None,
    }
}

#[test]
fn rsa_keys_have_2048_to_8192_bits() {
    let e = [1, 0, 1];
    for bits in [2048, 2049, 2056, 4096, 8191, 8192] {
        assert!(rsa(&odd(bits), &e).is_ok(), "{bits}");
    }
    for bits in [1, 512, 1024, 2047, 8193, 16384] {
        assert_eq!(weak(rsa(&odd(bits), &e)), Some(Weakness::RsaSize), "{bits}");
    }
    assert_eq!(weak(RsaKey::new(&[], &e)), Some(Weakness::RsaSize));
    assert_eq!(weak(RsaKey::new(&[0; 300], &e)), Some(Weakness::RsaSize));
    // 2047 bits stay 2047 with zeros before them.
    assert_eq!(
        weak(RsaKey::new(&[vec![0; 8], odd(2047).to_bytes_be()].concat(), &e)),
        Some(Weakness::RsaSize)
    );
}

#[test]
fn rsa_moduli_are_odd() {
    assert_eq!(weak(rsa(&(odd(2048) - 1_u32), &[1, 0, 1])), Some(Weakness::RsaModulus));
    assert_eq!(weak(rsa(&(BigUint::from(1_u32) << 2047), &[1, 0, 1])), Some(Weakness::RsaModulus));
}

#[test]
fn rsa_exponents_are_odd_from_3_to_64_bits() {
    let n = odd(2048);
    for good in [
        &[3][..],
        &[1, 0, 1],
        &[0, 0, 1, 0, 1],
        &[0xff; 8],
        &[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ] {
        assert!(rsa(&n, good).is_ok(), "{good:?}");
    }
    for bad in [&[][..], &[0], &[1], &[2], &[4], &[1, 0, 0], &[1, 0, 0, 0, 0, 0, 0, 0, 1], &[0xff; 9]] {
        assert_eq!(weak(rsa(&n, bad)), Some(Weakness::RsaExponent), "{bad:?}");
    }
}

#[test]
fn rsa_refuses_the_signature_that_an_exponent_of_1_would_open() {
    // With e = 1 the encoding is its own signature. No such key, so nothing to try; with e = 3 it is nothing.
    let info = hex("3031300d060960864801650304020105000420");
    let digest = Sha256::digest(b"e");
    let encoded = [&[0, 1], &vec![0xff; 256 - 3 - 19 - 32][..], &[0], &info, &digest].concat();
    let key = rsa(&odd(2048), &[3]).unwrap();
    assert!(!verifies(Rs256, &key, b"e", &encoded));
}

/// A modulus with small prime factors, and what signs for the exponent 3.
fn rsa_of_small_factors() -> (BigUint, BigUint) {
    // With 5 it has 2051 bits: room above it in as many bytes.
    let mut primes = vec![5];
    let mut n = BigUint::from(5_u32);
    let mut candidate = 0xffff_ffff_u64;
    while n.bits() < 2049 {
        let prime = (3..).step_by(2).take_while(|d| d * d <= candidate).all(|d| !candidate.is_multiple_of(d));
        if prime && candidate % 3 != 1 {
            primes.push(candidate);
            n *= candidate;
        }
        candidate -= 2;
    }
    let order = primes.iter().fold(BigUint::from(1_u32), |order, p| order * (p - 1));
    let d = BigUint::from(3_u32).modinv(&order).unwrap();
    (n, d)
}

/// A key with small prime factors, and a signature of `b"value"` for it.
fn rsa_signed() -> (BigUint, RsaKey, Vec<u8>) {
    rsa_signed_message(b"value")
}

fn rsa_signed_message(message: &[u8]) -> (BigUint, RsaKey, Vec<u8>) {
    let (n, d) = rsa_of_small_factors();
    let info = hex("3031300d060960864801650304020105000420");
    let size = n.bits().div_ceil(8) as usize;
    let digest = Sha256::digest(message);
    let encoded = [&[0, 1], &vec![0xff; size - 3 - 19 - 32][..], &[0], &info, &digest].concat();
    let signature = BigUint::from_bytes_be(&encoded).modpow(&d, &n);
    let key = RsaKey::new(&n.to_bytes_be(), &[3]).unwrap();
    (n, key, padded(&signature, size))
}

#[test]
fn the_bits_above_a_pss_encoding_are_zeros_whatever_its_mask_has_there() {
    let (n, d) = rsa_of_small_factors();
    let (size, bits) = (n.bits().div_ceil(8) as usize, n.bits() as usize - 1);
    let key = RsaKey::new(&n.to_bytes_be(), &[3]).unwrap();
    let holds = |encoded: &BigUint| verifies(Ps256, &key, b"value", &padded(&encoded.modpow(&d, &n), size));
    let mut above = 0;
    for salt in 0..32 {
        let encoded = BigUint::from_bytes_be(&pss(Hash::Sha256, b"value", &[salt; 32], bits));
        assert!(holds(&encoded), "salt {salt}");
        let with_a_bit_above = encoded | BigUint::from(1_u32) << bits;
        if with_a_bit_above < n {
            assert!(!holds(&with_a_bit_above), "salt {salt}");
            above += 1;
        }
    }
    assert!(above > 2, "{above}");
}

#[test]
fn rsa_refuses_s_of_n_and_above() {
    let (n, key, signature) = rsa_signed();
    let size = signature.len();
    assert!(verifies(Rs256, &key, b"value", &signature));
    let above = BigUint::from_bytes_be(&signature) + &n;
    assert!(!verifies(Rs256, &key, b"value", &padded(&above, size)), "to arithmetic, s + n is s");
    for s in [BigUint::ZERO, BigUint::from(1_u32), &n - 1_u32, n.clone(), &n + 1_u32] {
        assert!(!verifies(Rs256, &key, b"value", &padded(&s, size)), "s = {s}");
        assert!(!verifies(Ps256, &key, b"value", &padded(&s, size)), "s = {s}");
    }
}

#[test]
fn rsa_signatures_are_as_long_as_the_modulus() {
    let (_, key, signature) = rsa_signed();
    for other in
        [&signature[1..], &[&[0], &signature[..]].concat(), &[&signature[..], &[0]].concat(), &[], &[0; 8193]]
    {
        assert!(!verifies(Rs256, &key, b"value", other));
        assert!(!verifies(Ps256, &key, b"value", other));
    }
    // The number may be short, its bytes not.
    let (message, short) = (0_u8..=255)
        .map(|message| ([message], rsa_signed_message(&[message]).2))
        .find(|(_, signature)| signature[0] == 0)
        .expect("one in eight");
    assert!(verifies(Rs256, &key, &message, &short));
    assert!(!verifies(Rs256, &key, &message, &short[1..]));
    assert!(!verifies(Rs512, &key, b"value", &signature), "another hash");
    assert!(!verifies(Ps256, &key, b"value", &signature), "another scheme");
}

#[test]
fn rsa_moduli_may_have_leading_zeros() {
    let (n, _, signature) = rsa_signed();
    let key = RsaKey::new(&[vec![0; 3], n.to_bytes_be()].concat(), &[0, 3]).unwrap();
    assert!(verifies(Rs256, &key, b"value", &signature));
}

// Ed25519

const ED25519_P: &str = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";
const ED25519_L: &str = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";

fn little_endian(number: &BigUint) -> [u8; 32] {
    let mut bytes = padded(number, 32);
    bytes.reverse();
    bytes.try_into().unwrap()
}

#[test]
fn ed25519_refuses_keys_of_small_order() {
    for point in curve25519_dalek::constants::EIGHT_TORSION {
        let encoded = point.compress().to_bytes();
        assert_eq!(weak(Ed25519Key::new(&encoded)), Some(Weakness::SmallOrder), "{encoded:?}");
    }
}

#[test]
fn ed25519_refuses_encodings_that_are_not_canonical() {
    let refused = Some(Error::JwkInvalid { fault: JwkFault::Point });
    let p = number(ED25519_P);
    for above in 0..19_u32 {
        for sign in [0, 0x80] {
            let mut encoded = little_endian(&(&p + above));
            encoded[31] |= sign;
            assert_eq!(Ed25519Key::new(&encoded).err(), refused, "p + {above}");
        }
    }
    // x = 0 has no sign: y = 1 and y = -1.
    for y in [BigUint::from(1_u32), &p - 1_u32] {
        let mut encoded = little_endian(&y);
        encoded[31] |= 0x80;
        assert_eq!(Ed25519Key::new(&encoded).err(), refused);
    }
    // y = 2 has no x.
    assert_eq!(Ed25519Key::new(&little_endian(&2_u32.into())).err(), refused);
    for length in [0, 31, 33, 64] {
        let fault = JwkFault::Member("x");
        assert_eq!(Ed25519Key::new(&vec![3; length]).err(), Some(Error::JwkInvalid { fault }));
    }
}

#[test]
fn ed25519_refuses_s_of_l_and_above() {
    use ed25519_dalek::{Signer, SigningKey};
    let signer = SigningKey::from_bytes(&[7; 32]);
    let key = Ed25519Key::new(signer.verifying_key().as_bytes()).unwrap();
    let signature = signer.sign(b"s").to_bytes();
    assert!(verifies(EdDsa, &key, b"s", &signature));
    let mut reversed = signature[32..].to_vec();
    reversed.reverse();
    let (s, l) = (BigUint::from_bytes_be(&reversed), number(ED25519_L));
    for other in
        [&s + &l, &s + &l + &l, l.clone(), &l - 1_u32, BigUint::ZERO, (BigUint::from(1_u32) << 256) - 1_u32]
    {
        let other = [&signature[..32], &little_endian(&other)].concat();
        assert!(!verifies(EdDsa, &key, b"s", &other));
    }
}

#[test]
fn ed25519_refuses_an_r_of_small_order_that_fits_the_equation() {
    use curve25519_dalek::{EdwardsPoint, Scalar, constants};
    use sha2::Sha512;
    // s = k a makes s B - k A the identity: R of small order, and the equation without the cofactor holds.
    let a = Scalar::from(12345_u64);
    let public = EdwardsPoint::mul_base(&a).compress().to_bytes();
    let key = Ed25519Key::new(&public).unwrap();
    let r = constants::EIGHT_TORSION[0].compress().to_bytes();
    let message = b"identity";
    let hash: [u8; 64] =
        Sha512::new().chain_update(r).chain_update(public).chain_update(message).finalize().into();
    let s = Scalar::from_bytes_mod_order_wide(&hash) * a;
    assert!(!verifies(EdDsa, &key, message, &[r, s.to_bytes()].concat()));
    // The same with any other R holds: the construction is right.
    let nonce = Scalar::from(9_u64);
    let r = EdwardsPoint::mul_base(&nonce).compress().to_bytes();
    let hash: [u8; 64] =
        Sha512::new().chain_update(r).chain_update(public).chain_update(message).finalize().into();
    let s = nonce + Scalar::from_bytes_mod_order_wide(&hash) * a;
    assert!(verifies(EdDsa, &key, message, &[r, s.to_bytes()].concat()));
}

#[test]
fn ed25519_refuses_every_r_of_small_order() {
    use curve25519_dalek::{EdwardsPoint, Scalar, constants};
    use ed25519_dalek::Verifier;
    use sha2::Sha512;
    // With a key a B + T, s = k a makes s B - k A the multiple -k T of a point of order 8. It is R for one message in eight.
    let a = Scalar::from(12345_u64);
    let public = (EdwardsPoint::mul_base(&a) + constants::EIGHT_TORSION[1]).compress().to_bytes();
    let key = Ed25519Key::new(&public).unwrap();
    let theirs = ed25519_dalek::VerifyingKey::from_bytes(&public).unwrap();
    for torsion in constants::EIGHT_TORSION {
        let r = torsion.compress().to_bytes();
        let mut held = 0;
        for message in 0..=255_u8 {
            let hash: [u8; 64] =
                Sha512::new().chain_update(r).chain_update(public).chain_update([message]).finalize().into();
            let s = Scalar::from_bytes_mod_order_wide(&hash) * a;
            let signature: [u8; 64] = [r, s.to_bytes()].concat().try_into().unwrap();
            held += u32::from(theirs.verify(&[message], &signature.into()).is_ok());
            assert!(!verifies(EdDsa, &key, &[message], &signature), "{r:?}");
        }
        assert!(held > 0, "nothing but the order of R speaks against these");
    }
}

#[test]
fn ed25519_checks_the_equation_without_the_cofactor() {
    use curve25519_dalek::{EdwardsPoint, Scalar, constants};
    use sha2::Sha512;
    // A key with a part of small order: signatures hold only where k is a multiple of 8.
    let a = Scalar::from(12345_u64);
    let public = (EdwardsPoint::mul_base(&a) + constants::EIGHT_TORSION[1]).compress().to_bytes();
    let key = Ed25519Key::new(&public).unwrap();
    let theirs = ed25519_dalek::VerifyingKey::from_bytes(&public).unwrap();
    let mut held = 0;
    for nonce in 1..=64_u64 {
        let nonce = Scalar::from(nonce);
        let r = EdwardsPoint::mul_base(&nonce).compress().to_bytes();
        let hash: [u8; 64] = Sha512::new().chain_update(r).chain_update(public).finalize().into();
        let s = nonce + Scalar::from_bytes_mod_order_wide(&hash) * a;
        let signature: [u8; 64] = [r, s.to_bytes()].concat().try_into().unwrap();
        let verdict = verifies(EdDsa, &key, b"", &signature);
        assert_eq!(verdict, theirs.verify_strict(b"", &signature.into()).is_ok());
        held += u32::from(verdict);
    }
    assert!((1..32).contains(&held));
}

// HMAC

#[test]
fn hmac_takes_any_secret_and_only_whole_tags() {
    for length in [0, 1, 31, 32, 63, 64, 65, 127, 128, 129, 1000] {
        let secret = vec![7; length];
        let key = HmacKey::new(&secret);
        let tag = jwt_compact::alg::Hs256.sign(&Hs256Key::new(&secret), b"message");
        let tag = tag.as_bytes();
        assert!(verifies(Hs256, &key, b"message", &tag));
        assert!(verifies(Hs256, &key.clone(), b"message", &tag));
        assert!(!verifies(Hs256, &HmacKey::new(&vec![8; length + 1]), b"message", &tag));
        assert!(!verifies(Hs256, &key, b"message", &tag[..31]));
        assert!(!verifies(Hs256, &key, b"message", &[&tag[..], &[0]].concat()));
        assert!(!verifies(Hs384, &key, b"message", &[&tag[..], &[0; 16]].concat()));
        assert!(!verifies(Hs512, &key, b"message", &[&tag[..], &[0; 32]].concat()));
    }
}
