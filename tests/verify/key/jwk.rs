//! Keys in JSON (RFC 7517), and their thumbprints (RFC 7638).

use proptest::prelude::*;
use serde_json::json;
use tokenward::jwt::{Algorithm, VerificationKey, thumbprint};
use tokenward::{Error, JwkFault, Misuse, base64url, json::Fault};

use super::{ES256, HS256, RS256, armour, bound_to, from_pem, invalid, unusable};
use crate::support::{import, jwk, jwk_with};

#[test]
fn an_alg_that_is_not_one_for_the_type_of_the_key_is_refused() {
    for (algorithm, alg) in [
        (ES256, "ES384"),
        (ES256, "RS256"),
        (RS256, "HS256"),
        (HS256, "RS256"),
        (Algorithm::EdDsa, "ES256"),
        (RS256, "none"),
        (RS256, "RSA-OAEP"),
        (ES256, ""),
        (ES256, "es256"),
    ] {
        assert_eq!(
            import(&jwk_with(algorithm, "alg", alg.into())).err(),
            unusable(Misuse::Algorithm),
            "{alg}"
        );
    }
    let two = VerificationKey::from_jwk(
        jwk_with(RS256, "alg", "RS256".into()).to_string().as_bytes(),
        bound_to(Algorithm::Ps256),
    );
    assert_eq!(two.err(), unusable(Misuse::Algorithm));
}

#[test]
fn a_jwk_for_something_else_is_refused() {
    assert_eq!(import(&jwk_with(ES256, "use", "enc".into())).err(), unusable(Misuse::Use));
    assert_eq!(import(&jwk_with(ES256, "key_ops", json!(["sign"]))).err(), unusable(Misuse::KeyOps));
    assert_eq!(import(&jwk_with(ES256, "key_ops", json!([]))).err(), unusable(Misuse::KeyOps));
    assert_eq!(import(&jwk_with(ES256, "key_ops", json!(["verify", "verify"]))).err(), invalid("key_ops"));
    assert_eq!(import(&jwk_with(ES256, "key_ops", json!(["verify", 1]))).err(), invalid("key_ops"));
    assert_eq!(import(&jwk_with(ES256, "key_ops", json!("verify"))).err(), invalid("key_ops"));
    for fine in [
        jwk_with(ES256, "use", "sig".into()),
        jwk_with(ES256, "key_ops", json!(["verify"])),
        jwk_with(HS256, "key_ops", json!(["sign", "verify"])),
    ] {
        assert!(import(&fine).is_ok());
    }
}

#[test]
fn a_private_key_is_refused_where_a_public_one_belongs() {
    for algorithm in [ES256, RS256, Algorithm::EdDsa] {
        assert_eq!(import(&jwk_with(algorithm, "d", "AQAB".into())).err(), unusable(Misuse::Private));
    }
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        assert_eq!(from_pem(&armour(label, b"anything")).err(), unusable(Misuse::Private));
    }
}

#[test]
fn the_members_of_a_jwk_have_their_types() {
    for algorithm in [HS256, RS256, ES256, Algorithm::EdDsa] {
        let jwk = jwk(algorithm);
        for name in jwk.as_object().unwrap().keys() {
            let member =
                ["kty", "crv", "x", "y", "n", "e", "k"].into_iter().find(|member| member == name).unwrap();
            for value in [json!(null), json!(1), json!([]), json!({}), json!(true)] {
                assert_eq!(import(&jwk_with(algorithm, name, value)).err(), invalid(member), "{name}");
            }
            let mut without = jwk.clone();
            without.as_object_mut().unwrap().remove(name);
            assert_eq!(import(&without).err(), invalid(member), "{name}");
        }
        for name in ["use", "alg", "kid"] {
            for value in [json!(null), json!(1), json!([])] {
                assert!(
                    matches!(import(&jwk_with(algorithm, name, value)), Err(Error::JwkInvalid { fault: JwkFault::Member(member) }) if member == name)
                );
            }
        }
    }
}

#[test]
fn types_and_curves_that_are_not_known_are_refused() {
    for jwk in [
        json!({ "kty": "quantum" }),
        json!({ "kty": "ec", "crv": "P-256" }),
        jwk_with(ES256, "crv", "p-256".into()),
        jwk_with(ES256, "crv", "P-256K".into()),
        jwk_with(Algorithm::EdDsa, "crv", "X25519".into()),
        jwk_with(Algorithm::EdDsa, "crv", "Ed448".into()),
    ] {
        assert_eq!(import(&jwk).err(), unusable(Misuse::Type), "{jwk}");
    }
}

#[test]
fn members_are_canonical_base64url() {
    let x = jwk(ES256)["x"].as_str().unwrap().to_owned();
    for text in [
        format!("{x}="),
        format!(" {x}"),
        format!("{x}\n"),
        x.replace(['-', '_'], "+"),
        String::new(),
        "A".into(),
    ] {
        assert_eq!(import(&jwk_with(ES256, "x", text.clone().into())).err(), invalid("x"), "{text:?}");
    }
    assert_eq!(import(&jwk_with(RS256, "e", "AQAC=".into())).err(), invalid("e"));
    assert_eq!(import(&json!({ "kty": "oct", "k": "not base64url" })).err(), invalid("k"));
}

#[test]
fn thumbprints_are_those_of_the_examples() {
    // RFC 7638 §3.1 and RFC 8037 appendix A.3.
    let rsa = br#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    assert_eq!(thumbprint(rsa).unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    let okp = br#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    assert_eq!(thumbprint(okp).unwrap(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn a_thumbprint_depends_on_the_key_alone() {
    for algorithm in [HS256, RS256, ES256, Algorithm::EdDsa] {
        let plain = thumbprint(jwk(algorithm).to_string().as_bytes()).unwrap();
        let dressed = jwk_with(algorithm, "kid", "x".into()).to_string().replace("\"kty\"", "\"\\u006bty\"");
        assert_eq!(thumbprint(dressed.as_bytes()).unwrap(), plain);
    }
    assert_eq!(thumbprint(br#"{"kty":"EC","crv":"P-256","x":"AA"}"#).err(), invalid("y"));
    assert_eq!(thumbprint(br#"{"kty":"new"}"#).err(), unusable(Misuse::Type));
    assert_eq!(thumbprint(b"[]").err(), Some(Error::JwkInvalid { fault: JwkFault::Json(Fault::NotObject) }));
}

proptest! {
    #[test]
    fn no_jwk_makes_the_reader_panic(
        kty in prop_oneof!["EC", "OKP", "RSA", "oct", ".{0,4}"], crv in prop_oneof!["P-256", "P-384", "P-521", "Ed25519", ".{0,6}"],
        x in any::<Vec<u8>>(), y in any::<Vec<u8>>(),
    ) {
        let (x, y) = (base64url::encode(&x), base64url::encode(&y));
        let _ = import(&json!({ "kty": kty, "crv": crv, "x": x, "y": y, "n": x, "e": y, "k": x }));
    }
}
