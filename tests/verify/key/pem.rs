//! Keys in PEM, and the DER inside.

use proptest::prelude::*;
use tokenward::Misuse;
use tokenward::jwt::{Algorithm, ImportOptions, VerificationKey};

use super::{
    ED25519_SPKI, ES256, ES256K, HS256, MALFORMED, P256_SPKI, P256_X509, P384_SPKI, P521_SPKI, RS256,
    RSA_PKCS1, RSA_SPKI, SECP256K1_SPKI, armour, bound_to, der, from_pem, unhex, unusable,
};
use crate::support::{claims, rules, token, verify};

#[test]
fn every_pem_form_gives_the_key_that_the_jwk_gives() {
    for (pem, algorithm) in [
        (RSA_SPKI, RS256),
        (RSA_PKCS1, RS256),
        (P256_SPKI, ES256),
        (P256_X509, ES256),
        (P384_SPKI, Algorithm::Es384),
        (P521_SPKI, Algorithm::Es512),
        (SECP256K1_SPKI, ES256K),
        (ED25519_SPKI, Algorithm::Ed25519),
    ] {
        let token = token(algorithm, &claims());
        let key = VerificationKey::from_pem(pem, ImportOptions::default()).unwrap();
        assert!(verify(&token, key.clone(), rules()).is_ok(), "{pem}");
        assert_eq!((key.kid(), key.is_secret()), (None, false));
    }
    let bound = VerificationKey::from_pem(RSA_SPKI, bound_to(Algorithm::Ps256)).unwrap();
    assert_eq!(bound.algorithms(), [Algorithm::Ps256]);
    assert!(verify(&token(Algorithm::Ps256, &claims()), bound, rules()).is_ok());
    assert_eq!(VerificationKey::from_pem(RSA_SPKI, bound_to(HS256)).err(), unusable(Misuse::Algorithm));
}

#[test]
fn crlf_outer_newlines_and_long_lines_are_tolerated_in_pem_and_nothing_else() {
    let one_line = armour("PUBLIC KEY", &der(P256_SPKI));
    for fine in [
        P256_SPKI.replace('\n', "\r\n"),
        format!("\n\r\n{P256_SPKI}\n\n"),
        P256_SPKI.trim_end().into(),
        one_line.clone(),
    ] {
        assert!(from_pem(&fine).is_ok(), "{fine:?}");
    }
    for odd in [
        format!(" {P256_SPKI}"),
        format!("{P256_SPKI} "),
        format!("comment\n{P256_SPKI}"),
        format!("{P256_SPKI}{P256_SPKI}"),
        format!("{P256_SPKI}{RSA_SPKI}"),
        P256_SPKI.replace('\n', " "),
        P256_SPKI.replace('\n', ""),
        P256_SPKI.replace("END PUBLIC", "END RSA PUBLIC"),
        P256_SPKI.replace("-----END", "----END"),
        P256_SPKI.replacen("KEY-----\n", "KEY-----more\n", 1),
        P256_SPKI.replacen("KEY-----\n", "KEY----- \n", 1),
        P256_SPKI.replace("\n-----END", "-----END"),
        one_line.replace("==", ""),
        one_line.replace('\n', "\t\n"),
        armour("PUBLIC KEY", b""),
        armour("PUBLIC KEY", &der(RSA_PKCS1)),
        armour("RSA PUBLIC KEY", &der(RSA_SPKI)),
        armour("CERTIFICATE", &der(RSA_SPKI)),
        armour("EC PARAMETERS", &der(P256_SPKI)),
        armour("PUBLIC KEY", &[&der(P256_SPKI)[..], &[0]].concat()),
        P256_SPKI.replace("PUBLIC KEY", "public key"),
        "-----BEGIN PUBLIC KEY-----".into(),
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----".into(),
        "-----BEGIN -----\n-----END -----".into(),
    ] {
        assert_eq!(from_pem(&odd).err(), MALFORMED, "{odd:?}");
    }
}

#[test]
fn a_string_that_is_not_pem_is_never_a_secret() {
    for text in [
        "",
        "secret",
        "a secret of thirty-two characters",
        "{\"kty\":\"oct\"}",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
    ] {
        assert_eq!(from_pem(text).err(), unusable(Misuse::BareString), "{text}");
    }
}

#[test]
fn keys_in_pem_on_other_curves_or_of_other_types_are_refused() {
    // prime192v1, beside prime256v1.
    let mut p192 = der(P256_SPKI);
    p192[22] = 0x01;
    assert_eq!(from_pem(&armour("PUBLIC KEY", &p192)).err(), unusable(Misuse::Type));
    let x25519 =
        unhex("302a300506032b656e0321001111111111111111111111111111111111111111111111111111111111111111");
    assert_eq!(from_pem(&armour("PUBLIC KEY", &x25519)).err(), unusable(Misuse::Type));
}

#[test]
fn der_with_a_byte_cut_off_added_or_changed_never_panics_and_never_gives_another_key_type() {
    for (label, pem_text) in [
        ("PUBLIC KEY", P256_SPKI),
        ("PUBLIC KEY", RSA_SPKI),
        ("RSA PUBLIC KEY", RSA_PKCS1),
        ("CERTIFICATE", P256_X509),
        ("PUBLIC KEY", ED25519_SPKI),
    ] {
        let der = der(pem_text);
        for length in 0..der.len() {
            assert!(from_pem(&armour(label, &der[..length])).is_err(), "{label} cut at {length}");
        }
        for at in 0..der.len().min(60) {
            let mut changed = der.clone();
            changed[at] ^= 0x81;
            let _ = from_pem(&armour(label, &changed));
        }
    }
}

proptest! {
    #[test]
    fn no_pem_makes_the_reader_panic(label in prop_oneof!["PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE", ".{0,8}"], der in any::<Vec<u8>>()) {
        let _ = from_pem(&armour(&label, &der));
    }
}
