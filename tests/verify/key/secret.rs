//! Shared secrets: how long, for which algorithm, and that no public key is taken for one.

use proptest::prelude::*;
use serde_json::json;
use tokenward::jwt::{Algorithm, VerificationKey};
use tokenward::{Error, Misuse, Weakness, base64url};

use super::{
    ED25519_SPKI, ES256, HS256, P256_SPKI, P256_X509, P384_SPKI, P521_SPKI, RS256, RSA_PKCS1, RSA_SPKI,
    SECP256K1_SPKI, bound_to, der, from_secret, unusable, weak,
};
use crate::support::{SECRET, claims, import, jwk, rules, rules_for, token, verify};

#[test]
fn a_secret_is_at_least_as_long_as_the_hash() {
    for (algorithm, length) in [(HS256, 32), (Algorithm::Hs384, 48), (Algorithm::Hs512, 64)] {
        let import =
            |length: usize| VerificationKey::from_secret(&vec![7; length], bound_to(algorithm)).err();
        assert_eq!(import(length), None);
        assert_eq!(import(length - 1), weak(Weakness::ShortSecret), "{algorithm}");
        assert_eq!(import(1), weak(Weakness::ShortSecret), "{algorithm}");
        assert_eq!(import(0), weak(Weakness::EmptySecret), "{algorithm}");
    }
    // Too short for every algorithm there is, whichever the rules name.
    for length in [1, 30, 31] {
        assert_eq!(from_secret(&vec![7; length]).err(), weak(Weakness::ShortSecret), "{length}");
    }
    assert!(from_secret(&[7; 32]).is_ok());
    let sixty_three = from_secret(&[7; 63]).unwrap();
    let verdict = verify("", sixty_three.clone(), rules_for(Algorithm::Hs512)).err();
    assert_eq!(verdict, weak(Weakness::ShortSecret), "the rules name what the secret is too short for");
    assert!(matches!(
        verify("", sixty_three, rules_for(Algorithm::Hs384)).err(),
        Some(Error::Malformed { .. })
    ));
}

#[test]
fn a_short_secret_is_accepted_where_that_is_asked_for_and_an_empty_one_never() {
    let options = bound_to(Algorithm::Hs512).allowing_short_secrets();
    assert!(VerificationKey::from_secret(b"x", options).is_ok());
    assert_eq!(VerificationKey::from_secret(b"", options).err(), weak(Weakness::EmptySecret));
    let empty = VerificationKey::from_jwk(br#"{"kty":"oct","k":""}"#, options).err();
    assert_eq!(empty, weak(Weakness::EmptySecret));
}

#[test]
fn a_secret_without_an_algorithm_needs_one_in_the_rules() {
    let token = token(HS256, &claims());
    let bare = || from_secret(&SECRET).unwrap();
    assert_eq!(verify(&token, bare(), rules()).err(), unusable(Misuse::AlgorithmUnspecified));
    assert!(verify(&token, bare(), rules_for(HS256)).is_ok());
    assert_eq!(
        verify(&token, bare(), rules_for(Algorithm::Hs512)).err(),
        Some(Error::AlgorithmNotAllowed { alg: Some("HS256") })
    );
    let bound = VerificationKey::from_secret(&SECRET, bound_to(HS256)).unwrap();
    assert!(verify(&token, bound, rules()).is_ok());
}

#[test]
fn bytes_that_are_a_public_key_are_refused_as_a_secret() {
    let base64 = |pem: &str| pem.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let mut disguises: Vec<Vec<u8>> = Vec::new();
    for pem in [RSA_SPKI, RSA_PKCS1, P256_SPKI, P256_X509, P384_SPKI, P521_SPKI, ED25519_SPKI, SECP256K1_SPKI]
    {
        disguises.extend([
            pem.into(),
            pem.replace('\n', "\r\n").into(),
            format!("  \n{pem}").into(),
            format!("\u{feff}{pem}").into(),
            format!("\u{200b}{pem}\u{200b}").into(),
            format!("any prefix {pem}").into(),
            [b"\xff\x00", pem.as_bytes()].concat(),
            der(pem),
            base64(pem).into(),
            format!(" {} \n", base64(pem)).into(),
            base64url::encode(&der(pem)).into(),
            base64url::encode(pem.as_bytes()).into(),
            pem.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\n").into(),
        ]);
    }
    for jwk in [jwk(RS256), jwk(ES256), jwk(Algorithm::EdDsa), jwk(HS256), json!({ "keys": [jwk(RS256)] })] {
        disguises.extend([
            jwk.to_string().into(),
            format!("\u{feff} {jwk}\n").into(),
            serde_json::to_vec_pretty(&jwk).unwrap(),
        ]);
    }
    for bytes in disguises {
        assert_eq!(
            from_secret(&bytes).err(),
            unusable(Misuse::PublicAsSecret),
            "{}",
            String::from_utf8_lossy(&bytes)
        );
        let k = json!({ "kty": "oct", "k": base64url::encode(&bytes), "alg": "HS256" });
        assert_eq!(import(&k).err(), unusable(Misuse::PublicAsSecret));
    }
}

#[test]
fn keys_are_not_shown_by_debug() {
    let text = format!("{:?}", from_secret(&SECRET).unwrap());
    assert!(text.contains("[secret]") && !text.contains("sixty-four"), "{text}");
}

proptest! {
    #[test]
    fn no_secret_makes_the_reader_panic(bytes in any::<Vec<u8>>()) {
        let _ = from_secret(&bytes);
    }
}
