//! The DER of keys (X.690 §10): one way to write each, nothing left out, nothing left over.

use tokenward::jwt::VerificationKey;
use tokenward::{Error, Misuse, Weakness, base64url};

use super::{ED25519_SPKI, MALFORMED, P256_SPKI, P384_SPKI, armour, der, from_pem, invalid, unusable, weak};
use crate::support::N;

const NULL: [u8; 2] = [5, 0];
/// The identifiers, as elements.
const RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const ED25519: &[u8] = &[6, 3, 0x2b, 0x65, 0x70];
const EC: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const ML_DSA_44: &[u8] = &[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 0x11];
const UNKNOWN: &[u8] = &[6, 3, 0x2b, 0x65, 0x7f];

/// An element of these parts, its length in the shortest form.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().position(|&byte| byte != 0).unwrap_or(7)..];
    let form = if content.len() < 0x80 { vec![] } else { vec![0x80 | u8::try_from(length.len()).unwrap()] };
    [&[tag], &form[..], length, &content].concat()
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, parts)
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    element(2, &[bytes])
}

fn bits(key: &[u8]) -> Vec<u8> {
    element(3, &[&[0], key])
}

fn spki(algorithm: &[&[u8]], key: &[u8]) -> Vec<u8> {
    sequence(&[&sequence(algorithm), &bits(key)])
}

fn read(der: &[u8]) -> Result<VerificationKey, Error> {
    from_pem(&armour("PUBLIC KEY", der))
}

fn modulus() -> Vec<u8> {
    [&[0][..], &base64url::decode(N.as_bytes()).unwrap()].concat()
}

fn pkcs1() -> Vec<u8> {
    sequence(&[&integer(&modulus()), &integer(&[1, 0, 1])])
}

fn p256_point() -> Vec<u8> {
    der(P256_SPKI).split_off(26)
}

#[test]
fn an_rsa_key_has_null_parameters_and_two_integers() {
    let key = pkcs1();
    assert!(read(&spki(&[RSA, &NULL], &key)).is_ok());
    let algorithm = sequence(&[RSA, &NULL]);
    let (n, e) = (integer(&modulus()), integer(&[1, 0, 1]));
    for (odd, what) in [
        (spki(&[RSA], &key), "no parameters"),
        (spki(&[RSA, &NULL, &NULL], &key), "two parameters"),
        (spki(&[RSA, &[5, 1, 0]], &key), "a null with content"),
        (spki(&[RSA, &sequence(&[])], &key), "other parameters"),
        (spki(&[RSA, &NULL], &sequence(&[&n])), "no exponent"),
        (spki(&[RSA, &NULL], &sequence(&[&n, &e, &e])), "a third integer"),
        (spki(&[RSA, &NULL], &[&key[..], &NULL].concat()), "something after the integers"),
        (sequence(&[&algorithm, &bits(&key), &NULL]), "something after the key"),
        ([spki(&[RSA, &NULL], &key), NULL.to_vec()].concat(), "something after it all"),
        (sequence(&[&algorithm, &element(3, &[&[1], &key])]), "bits that are not used"),
        (sequence(&[&algorithm, &element(3, &[])]), "not even the number of bits that are not used"),
        (sequence(&[&algorithm, &element(4, &[&[0], &key])]), "another type of string"),
        (sequence(&[&algorithm]), "no key"),
    ] {
        assert_eq!(read(&odd).err(), MALFORMED, "{what}");
    }
    for (label, odd) in [
        ("RSA PUBLIC KEY", [&key[..], &NULL].concat()),
        ("RSA PUBLIC KEY", sequence(&[&n, &e, &NULL])),
        ("RSA PUBLIC KEY", element(0x31, &[&n, &e])),
    ] {
        assert_eq!(from_pem(&armour(label, &odd)).err(), MALFORMED, "{odd:?}");
    }
}

#[test]
fn an_integer_is_as_short_as_can_be_and_not_negative() {
    let n = modulus();
    let read = |n: &[u8], e: &[u8]| {
        from_pem(&armour("RSA PUBLIC KEY", &sequence(&[&integer(n), &integer(e)]))).err()
    };
    for e in [&[1, 0, 1][..], &[3], &[0x7f], &[0, 0x81], &[0, 0xff, 0xff]] {
        assert_eq!(read(&n, e), None, "{e:?}");
    }
    for e in [&[][..], &[0, 3], &[0, 0x7f], &[0, 0, 0x81], &[0x81], &[0xff, 0xff], &[0x80]] {
        assert_eq!(read(&n, e), MALFORMED, "{e:?}");
    }
    assert_eq!(read(&n[1..], &[3]), MALFORMED, "a negative modulus");
    assert_eq!(read(&[&[0], &n[..]].concat(), &[3]), MALFORMED, "a longer modulus than need be");
    // Well formed, and no key.
    assert_eq!(read(&n, &[0]), weak(Weakness::RsaExponent));
    assert_eq!(read(&[0], &[3]), weak(Weakness::RsaSize));
}

#[test]
fn an_ec_key_names_its_curve_and_has_an_uncompressed_point() {
    let point = p256_point();
    assert!(read(&spki(&[EC, P256], &point)).is_ok());
    let compressed = [&[2 + (point[64] & 1)], &point[1..33]].concat();
    let hybrid = [&[6 + (point[64] & 1)], &point[1..]].concat();
    for (odd, what) in [
        (spki(&[EC], &point), "no curve"),
        (spki(&[EC, P256, &NULL], &point), "something after the curve"),
        (spki(&[EC, &sequence(&[P256])], &point), "a curve that is spelled out"),
        (spki(&[EC, &NULL], &point), "an inherited curve"),
        (spki(&[EC, P256], &compressed), "a compressed point"),
        (spki(&[EC, P256], &hybrid), "a hybrid point"),
        (spki(&[EC, P256], &[]), "no point"),
    ] {
        assert_eq!(read(&odd).err(), MALFORMED, "{what}");
    }
    assert_eq!(read(&spki(&[EC, P256], &[0])).err(), MALFORMED, "the point at infinity");
    assert_eq!(read(&spki(&[EC, P256], &point[..64])).err(), invalid("x"), "half a byte short");
    assert_eq!(read(&spki(&[EC, P256], &[4])).err(), invalid("x"), "no coordinates");
    assert_eq!(read(&spki(&[EC, ED25519], &point)).err(), unusable(Misuse::Type), "an unknown curve");
}

#[test]
fn keys_without_parameters_have_none() {
    let point = der(ED25519_SPKI).split_off(12);
    assert!(read(&spki(&[ED25519], &point)).is_ok());
    assert_eq!(read(&spki(&[ED25519, &NULL], &point)).err(), MALFORMED);
    assert_eq!(read(&spki(&[ED25519], &point[1..])).err(), invalid("x"));
    assert_eq!(read(&spki(&[ML_DSA_44, &NULL], &[7; 1312])).err(), MALFORMED);
    assert_eq!(read(&spki(&[ML_DSA_44], &[7; 1311])).err(), invalid("pub"));
    assert_eq!(read(&spki(&[UNKNOWN, &NULL], &[])).err(), unusable(Misuse::Type));
    assert_eq!(read(&spki(&[&NULL], &[])).err(), MALFORMED, "no identifier");
}

/// A key of a type that is not known, in so many bytes.
fn of_length(length: usize) -> Vec<u8> {
    let fits = (0..length).rev().map(|key| spki(&[UNKNOWN], &vec![7; key])).find(|der| der.len() <= length);
    let der = fits.unwrap();
    assert_eq!(der.len(), length);
    der
}

#[test]
fn a_length_is_definite_and_in_its_shortest_form() {
    for length in [0x7f + 2, 0x80 + 3, 0xff + 3, 0x100 + 4, 0xffff + 4, 0x1_0000 + 5] {
        assert_eq!(read(&of_length(length)).err(), unusable(Misuse::Type), "{length}");
    }
    let content = |length: usize, head: usize| of_length(length).split_off(head);
    let (short, long, longer) = (content(0x7f + 2, 2), content(0x80 + 3, 3), content(0x1_0000 + 5, 5));
    for (form, content) in [
        (&[0x81, 0x7f][..], &short),
        (&[0x82, 0, 0x7f], &short),
        (&[0x80], &short),
        (&[0x7e], &short),
        (&[0x80], &long),
        (&[0x82, 0, 0x80], &long),
        (&[0x83, 0, 0, 0x80], &long),
        (&[0x84, 0, 0, 0, 0x80], &long),
        (&[0x84, 0, 1, 0, 0], &longer),
        (&[0x82, 0xff, 0xff], &longer),
        (&[0x83, 1, 0, 1], &longer),
    ] {
        let odd = [&[0x30], form, content].concat();
        assert_eq!(read(&odd).err(), MALFORMED, "{form:x?}");
    }
    for cut in [&[][..], &[0x30], &[0x30, 0x81], &[0x30, 0x82, 1], &[0x30, 2, 0]] {
        assert_eq!(read(cut).err(), MALFORMED, "{cut:x?}");
    }
}

#[test]
fn of_a_certificate_the_frame_has_to_be_whole() {
    let key = spki(&[EC, P256], &p256_point());
    let (version, serial, empty) = (element(0xa0, &[&integer(&[2])]), integer(&[1]), sequence(&[]));
    let signed = |parts: &[&[u8]]| sequence(parts);
    let certificate = |signed: &[u8]| sequence(&[signed, &empty, &bits(&[])]);
    let read = |der: &[u8]| from_pem(&armour("CERTIFICATE", der)).err();
    let whole = signed(&[&version, &serial, &empty, &empty, &empty, &empty, &key]);
    assert_eq!(read(&certificate(&whole)), None);
    let first_version = signed(&[&serial, &empty, &empty, &empty, &empty, &key]);
    assert_eq!(read(&certificate(&first_version)), None);
    let extended = signed(&[&version, &serial, &empty, &empty, &empty, &empty, &key, &element(0xa3, &[])]);
    assert_eq!(read(&certificate(&extended)), None);
    for (odd, what) in [
        (sequence(&[&whole, &empty, &bits(&[]), &NULL]), "something after the signature"),
        ([certificate(&whole), NULL.to_vec()].concat(), "something after it all"),
        (sequence(&[&whole, &empty]), "no signature"),
        (sequence(&[&whole, &bits(&[])]), "no algorithm of the signature"),
        (certificate(&signed(&[&version, &empty, &empty, &empty, &empty, &key])), "no serial number"),
        (certificate(&signed(&[&version, &serial, &empty, &empty, &empty, &key])), "no subject"),
        (certificate(&signed(&[&version, &serial, &empty, &empty, &empty, &empty])), "no key"),
        (
            certificate(&signed(&[&version, &serial, &empty, &empty, &empty, &empty, &empty, &key])),
            "a part too many",
        ),
        (
            certificate(&signed(&[
                &version,
                &serial,
                &empty,
                &empty,
                &empty,
                &empty,
                &[&key[..1], &[0x5a], &key[2..]].concat(),
            ])),
            "a key cut off",
        ),
    ] {
        assert_eq!(read(&odd), MALFORMED, "{what}");
    }
}

/// Armour is base64 with the padding it needs, and none of the digits of base64url.
#[test]
fn padding_is_what_the_length_asks_for() {
    let (none, two) = (der(P384_SPKI), der(P256_SPKI));
    assert_eq!((none.len() % 3, two.len() % 3), (0, 1));
    let padded = |der: &[u8], padding: &str| {
        let armoured = armour("PUBLIC KEY", der).replace('=', "");
        from_pem(&armoured.replace("\n-----END", &format!("{padding}\n-----END"))).err()
    };
    assert_eq!(padded(&none, ""), None);
    assert_eq!(padded(&two, "=="), None);
    for padding in ["=", "==", "===", "===="] {
        assert_eq!(padded(&none, padding), MALFORMED, "{padding}");
    }
    for padding in ["", "=", "===", "====", "======"] {
        assert_eq!(padded(&two, padding), MALFORMED, "{padding}");
    }
    // The same key with each of its digits of base64url, in the body only.
    let (head, body) = P384_SPKI.split_once('\n').unwrap();
    let (body, foot) = body.split_once("-----").unwrap();
    for (digit, other) in [('+', '-'), ('/', '_')] {
        if body.contains(digit) {
            let text = format!("{head}\n{}-----{foot}", body.replace(digit, &other.to_string()));
            assert_eq!(from_pem(&text).err(), MALFORMED);
        }
    }
    assert!(body.contains(['+', '/']), "neither digit is in the key");
}
