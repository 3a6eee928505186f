//! Which algorithms a key serves, and that it serves no other.

use serde_json::{Value, json};
use tokenward::jwt::Algorithm;
use tokenward::{Error, JwkFault, Misuse, base64url};

use super::{ES256, ES256K, HS256, RS256, unusable};
use crate::support::{
    ALGORITHMS, claims, import, jwk, jwk_with, key, key_set, rules, rules_for, sign_json, token, verify,
};

#[test]
fn every_algorithm_verifies_with_its_key_and_with_no_key_of_another_type() {
    for signed in ALGORITHMS {
        let token = token(signed, &claims());
        for bound in ALGORITHMS {
            let verdict = verify(&token, key(bound), rules()).err();
            if bound == signed {
                assert_eq!(verdict, None, "{signed}");
            } else {
                assert_eq!(
                    verdict,
                    Some(Error::AlgorithmNotAllowed { alg: Some(signed.name()) }),
                    "{signed} with {bound}"
                );
            }
        }
    }
}

#[test]
fn every_algorithm_refuses_a_signature_with_any_one_bit_changed_and_of_any_other_length() {
    for algorithm in ALGORITHMS {
        let token = token(algorithm, &claims());
        let (input, signature) = token.rsplit_once('.').unwrap();
        let signature = base64url::decode(signature.as_bytes()).unwrap();
        let refused = |signature: &[u8]| {
            let token = format!("{input}.{}", base64url::encode(signature));
            assert_eq!(
                verify(&token, key(algorithm), rules()).err(),
                Some(Error::SignatureInvalid),
                "{algorithm}"
            );
        };
        for at in [0, signature.len() / 2, signature.len() - 1] {
            let mut changed = signature.clone();
            changed[at] ^= 0x10;
            refused(&changed);
        }
        refused(&[]);
        refused(&signature[1..]);
        refused(&signature[..signature.len() - 1]);
        refused(&[&signature[..], &[0]].concat());
        refused(&[&[0], &signature[..]].concat());
        refused(&vec![0; signature.len()]);
    }
}

#[test]
fn a_jwk_says_which_algorithms_it_allows() {
    let allowed = |jwk: &Value| import(jwk).unwrap().algorithms();
    assert_eq!(allowed(&jwk(ES256)), [ES256]);
    assert_eq!(allowed(&jwk(ES256K)), [ES256K]);
    assert_eq!(allowed(&jwk(Algorithm::Es384)), [Algorithm::Es384]);
    assert_eq!(allowed(&jwk(Algorithm::Es512)), [Algorithm::Es512]);
    assert_eq!(allowed(&jwk(Algorithm::EdDsa)), [Algorithm::EdDsa, Algorithm::Ed25519]);
    assert_eq!(allowed(&jwk(RS256)), [RS256]);
    assert_eq!(allowed(&jwk(HS256)), []);
    for algorithm in ALGORITHMS {
        assert_eq!(key(algorithm).algorithms(), [algorithm]);
        assert_eq!(key(algorithm).is_secret(), algorithm.name().starts_with("HS"));
    }
}

#[test]
fn eddsa_and_ed25519_are_two_names_matched_exactly() {
    let both = import(&jwk(Algorithm::EdDsa)).unwrap();
    for algorithm in [Algorithm::EdDsa, Algorithm::Ed25519] {
        assert!(verify(&token(algorithm, &claims()), both.clone(), rules()).is_ok());
    }
    let refused = verify(&token(Algorithm::EdDsa, &claims()), key(Algorithm::Ed25519), rules()).err();
    assert_eq!(refused, Some(Error::AlgorithmNotAllowed { alg: Some("EdDSA") }));
}

/// Both have coordinates of 32 bytes, signatures of 64, and SHA-256.
#[test]
fn p_256_and_secp256k1_are_never_taken_for_each_other() {
    for (own, other) in [(ES256, ES256K), (ES256K, ES256)] {
        let alg = other.name();
        assert_eq!(import(&jwk_with(own, "alg", alg.into())).err(), unusable(Misuse::Algorithm));
        let renamed = jwk_with(own, "crv", jwk(other)["crv"].clone());
        assert_eq!(import(&renamed).err(), Some(Error::JwkInvalid { fault: JwkFault::Point }));
        // Signed with the one key, and named after the other's algorithm.
        let forged = sign_json(own, &json!({ "alg": alg }), &claims());
        let refused = Some(Error::AlgorithmNotAllowed { alg: Some(alg) });
        assert_eq!(verify(&forged, key(own), rules()).err(), refused);
        assert_eq!(verify(&forged, key(own), rules_for(other)).err(), refused);
        assert_eq!(verify(&forged, key(other), rules()).err(), Some(Error::SignatureInvalid));
        assert_eq!(verify(&forged, key_set(&[jwk(own)]), rules()).err(), refused);
        let both = key_set(&[jwk(own), jwk(other)]);
        assert_eq!(verify(&forged, both.clone(), rules()).err(), Some(Error::SignatureInvalid));
        assert!(verify(&token(own, &claims()), both, rules()).is_ok());
    }
}

/// RFC 8812 §3.2 does not ask for the lower one, as Bitcoin does.
#[test]
fn either_s_of_an_es256k_signature_holds() {
    let token = token(ES256K, &claims());
    let (input, signature) = token.rsplit_once('.').unwrap();
    let signature = k256::ecdsa::Signature::from_slice(&base64url::decode(signature.as_bytes()).unwrap());
    let (r, s) = signature.unwrap().split_scalars();
    for s in [s, -s] {
        let signature = k256::ecdsa::Signature::from_scalars(r, s).unwrap();
        let token = format!("{input}.{}", base64url::encode(&signature.to_bytes()));
        assert!(verify(&token, key(ES256K), rules()).is_ok());
    }
}

#[test]
fn a_key_keeps_the_name_it_was_given() {
    let named = import(&jwk_with(ES256, "kid", "one".into())).unwrap();
    assert_eq!(named.kid(), Some("one"));
    assert_eq!(verify(&token(ES256, &claims()), named, rules()).unwrap().kid(), Some("one"));
    assert_eq!(verify(&token(ES256, &claims()), key(ES256), rules()).unwrap().kid(), None);
}
