//! JWK Sets: none, one and many are three outcomes, and one odd member locks nobody out.

use crate::support::{claims, jwk, jwk_with, key_set, named_jwk, rules, rules_for, sign_json, token, verify};
use serde_json::{Value, json};
use tokenward::jwt::{Algorithm, KeySet};
use tokenward::{Error, JwkFault, KeySetFault, Misuse, Weakness, json::Fault};

const ES256: Algorithm = Algorithm::Es256;
const RS256: Algorithm = Algorithm::Rs256;

fn named(algorithm: Algorithm, kid: &str) -> String {
    sign_json(algorithm, &json!({ "alg": algorithm.name(), "kid": kid }), &claims())
}

fn fault(json: &str) -> KeySetFault {
    match KeySet::from_jwks(json.as_bytes()) {
        Err(Error::KeySetInvalid { fault }) => fault,
        other => panic!("{other:?}"),
    }
}

/// What a set of these keys says of a token, under the default rules.
fn verdict(token: &str, jwks: &[Value]) -> Option<Error> {
    verify(token, key_set(jwks), rules()).err()
}

#[test]
fn a_token_with_a_kid_takes_the_key_of_that_kid() {
    let keys = [named_jwk(ES256, "one"), named_jwk(RS256, "two")];
    assert_eq!(verdict(&named(ES256, "one"), &keys), None);
    assert_eq!(verdict(&named(RS256, "two"), &keys), None);
    let verified = verify(&named(RS256, "two"), key_set(&keys), rules()).unwrap();
    assert_eq!((verified.kid(), verified.algorithm()), (Some("two"), RS256));
}

#[test]
fn a_kid_is_compared_exactly_and_only_with_kids() {
    let keys = [named_jwk(ES256, "one")];
    for kid in ["One", "one ", "", "two", "__proto__", "constructor", "0", "../one", "one\0"] {
        assert_eq!(
            verdict(&named(ES256, kid), &keys),
            Some(Error::NoMatchingKey { kid: Some(kid.into()) }),
            "{kid:?}"
        );
    }
    assert_eq!(verdict(&named(ES256, "o\u{6e}e"), &keys), None);
}

#[test]
fn a_token_with_a_kid_never_takes_a_key_without_one() {
    assert_eq!(
        verdict(&named(ES256, "one"), &[jwk(ES256)]),
        Some(Error::NoMatchingKey { kid: Some("one".into()) })
    );
}

#[test]
fn a_token_without_a_kid_takes_the_single_key_that_fits() {
    let token = token(ES256, &claims());
    assert_eq!(verdict(&token, &[jwk(RS256), named_jwk(ES256, "one"), jwk(Algorithm::Es384)]), None);
    assert_eq!(verdict(&token, &[]), Some(Error::NoMatchingKey { kid: None }));
    assert_eq!(verdict(&token, &[jwk(RS256)]), Some(Error::AlgorithmNotAllowed { alg: Some("ES256") }));
}

#[test]
fn two_keys_that_fit_are_one_too_many() {
    let keys = [named_jwk(ES256, "one"), named_jwk(ES256, "two")];
    assert_eq!(verdict(&token(ES256, &claims()), &keys), Some(Error::MultipleMatchingKeys));
    let twins = [named_jwk(ES256, "one"), named_jwk(ES256, "one")];
    assert_eq!(verdict(&named(ES256, "one"), &twins), Some(Error::MultipleMatchingKeys));
}

#[test]
fn of_two_keys_with_one_kid_the_algorithm_chooses() {
    let keys = [named_jwk(ES256, "one"), named_jwk(RS256, "one")];
    assert_eq!(verdict(&named(ES256, "one"), &keys), None);
    assert_eq!(verdict(&named(RS256, "one"), &keys), None);
}

#[test]
fn the_key_of_the_kid_must_be_for_the_algorithm_of_the_token() {
    let refused = Some(Error::AlgorithmNotAllowed { alg: Some("RS256") });
    assert_eq!(verdict(&named(RS256, "one"), &[named_jwk(ES256, "one")]), refused);
    assert_eq!(verdict(&named(RS256, "one"), &[named_jwk(Algorithm::Ps256, "one")]), refused);
    assert_eq!(verdict(&named(RS256, "one"), &[named_jwk(Algorithm::Rs512, "one")]), refused);
}

#[test]
fn an_rsa_key_without_alg_serves_rs256_alone_unless_the_rules_say_more() {
    let keys = || key_set(&[jwk(RS256)]);
    assert!(verify(&token(RS256, &claims()), keys(), rules()).is_ok());
    for algorithm in [Algorithm::Rs384, Algorithm::Rs512, Algorithm::Ps256, Algorithm::Ps512] {
        let token = token(algorithm, &claims());
        let refused = Some(Error::AlgorithmNotAllowed { alg: Some(algorithm.name()) });
        assert_eq!(verify(&token, keys(), rules()).err(), refused);
        assert!(verify(&token, keys(), rules_for(algorithm)).is_ok());
    }
}

#[test]
fn members_that_cannot_be_used_are_skipped() {
    let odd = [
        json!(null),
        json!(1),
        json!("key"),
        json!([]),
        json!({}),
        json!({ "kty": "EC" }),
        json!({ "kty": "quantum", "kid": "one" }),
        json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" }),
        jwk_with(ES256, "use", "enc".into()),
        jwk_with(ES256, "use", json!(null)),
        jwk_with(ES256, "key_ops", json!(["sign"])),
        jwk_with(ES256, "alg", json!(null)),
        jwk_with(ES256, "alg", "ECDH-ES".into()),
        jwk_with(ES256, "alg", "ES384".into()),
        jwk_with(ES256, "kid", json!(1)),
        jwk_with(ES256, "d", "AA".into()),
        jwk_with(RS256, "n", "AQAB".into()),
        json!({ "kty": "RSA", "n": crate::support::N, "e": "AQ" }),
    ];
    for member in odd {
        let keys = [member.clone(), named_jwk(ES256, "one")];
        let set = key_set(&keys);
        assert_eq!((set.len(), set.is_empty()), (1, false), "{member}");
        assert_eq!(verdict(&named(ES256, "one"), &keys), None, "{member}");
        assert!(key_set(&[member]).is_empty());
    }
}

#[test]
fn the_keys_of_a_set_are_listed_in_its_order() {
    let set = key_set(&[named_jwk(RS256, "b"), json!({ "kty": "odd" }), named_jwk(ES256, "a")]);
    assert_eq!(set.len(), 2);
    let listed: Vec<_> = set.keys().map(|key| (key.kid(), key.algorithms())).collect();
    assert_eq!(listed, [(Some("b"), vec![RS256]), (Some("a"), vec![ES256])]);
}

#[test]
fn of_many_keys_in_any_order_each_is_found_by_its_kid() {
    // Every number below 300 once, in no order; every tenth key has no kid, and every seventh has its kid twice.
    let kids = (0..300).map(|at| (at % 10 != 3).then(|| format!("{}", at * 77 % 300)));
    let mut members: Vec<_> = kids
        .clone()
        .map(|kid| match kid {
            Some(kid) => named_jwk(ES256, &kid),
            None => jwk(ES256),
        })
        .collect();
    let twice: Vec<_> = kids.clone().step_by(7).flatten().collect();
    members.extend(twice.iter().map(|kid| named_jwk(ES256, kid)));
    let set = key_set(&members);
    for kid in kids.flatten() {
        let selected = set.select(Some(&kid), ES256, None);
        if twice.contains(&kid) {
            assert_eq!(selected.err(), Some(Error::MultipleMatchingKeys), "{kid}");
        } else {
            assert_eq!(selected.unwrap().kid(), Some(&*kid));
        }
    }
    for kid in ["", "300", "01", "9x", "\u{ff}"] {
        assert!(matches!(set.select(Some(kid), ES256, None), Err(Error::NoMatchingKey { .. })), "{kid:?}");
    }
    assert_eq!(set.select(None, ES256, None).err(), Some(Error::MultipleMatchingKeys));
}

#[test]
fn members_that_the_set_does_not_need_are_ignored() {
    let json = json!({ "keys": [named_jwk(ES256, "one")], "issuer": "https://evil.test", "extra": [1, 2] })
        .to_string();
    assert_eq!(KeySet::from_jwks(json.as_bytes()).unwrap().len(), 1);
    let jwk = jwk_with(ES256, "x5c", json!(["not read"]));
    assert_eq!(key_set(&[jwk]).len(), 1);
}

#[test]
fn what_is_not_a_set_is_refused() {
    assert_eq!(fault("{}"), KeySetFault::Keys);
    assert_eq!(fault(r#"{"keys":{}}"#), KeySetFault::Keys);
    assert_eq!(fault(r#"{"keys":null}"#), KeySetFault::Keys);
    assert_eq!(fault(r#"{"keys":"[]"}"#), KeySetFault::Keys);
    let members = |count| format!(r#"{{"keys":[{}]}}"#, vec!["{}"; count].join(","));
    assert!(KeySet::from_jwks(members(10_000).as_bytes()).is_ok());
    assert_eq!(fault(&members(10_001)), KeySetFault::TooMany);
    assert_eq!(fault("[]"), KeySetFault::Json(Fault::NotObject));
    assert_eq!(fault(""), KeySetFault::Json(Fault::Syntax));
    assert_eq!(fault(r#"{"keys":[],"keys":[]}"#), KeySetFault::Json(Fault::Duplicate));
    assert_eq!(fault(r#"{"keys":[{"kty":"EC","kty":"RSA"}]}"#), KeySetFault::Json(Fault::Duplicate));
}

#[test]
fn a_set_of_secrets_and_public_keys_together_is_refused() {
    let mixed = json!({ "keys": [named_jwk(ES256, "one"), named_jwk(Algorithm::Hs256, "two")] });
    assert_eq!(fault(&mixed.to_string()), KeySetFault::Mixed);
}

#[test]
fn a_set_of_secrets_verifies_and_each_needs_an_algorithm() {
    let keys = [named_jwk(Algorithm::Hs256, "one"), named_jwk(Algorithm::Hs512, "two")];
    assert_eq!(verdict(&named(Algorithm::Hs512, "two"), &keys), None);
    assert_eq!(
        verdict(&named(Algorithm::Hs512, "one"), &keys),
        Some(Error::AlgorithmNotAllowed { alg: Some("HS512") })
    );
    let bare = verify("", key_set(&[jwk(Algorithm::Hs256)]), rules()).err();
    assert_eq!(bare, Some(Error::KeyUnusable { misuse: Misuse::AlgorithmUnspecified }));
}

#[test]
fn a_key_that_is_refused_on_its_own_is_skipped_in_a_set() {
    // The same member on its own says what is wrong with it.
    let weak = json!({ "kty": "RSA", "n": crate::support::N, "e": "AQ" });
    assert_eq!(crate::support::import(&weak).err(), Some(Error::KeyWeak { weakness: Weakness::RsaExponent }));
    let broken = jwk_with(ES256, "x", json!(1));
    assert_eq!(
        crate::support::import(&broken).err(),
        Some(Error::JwkInvalid { fault: JwkFault::Member("x") })
    );
    assert!(key_set(&[weak, broken]).is_empty());
}
