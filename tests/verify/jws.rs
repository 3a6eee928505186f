//! The compact serialization: one token, one meaning.

use crate::support::{
    self, assemble, claims, judge_header, jwk, jws_rules, key, key_set, named_jwk, sign_text, token,
};
use proptest::prelude::*;
use serde_json::json;
use tokenward::json::Fault;
use tokenward::jwt::host::{HostEngine, HostKey, HostKeyId, Progress, attempt_jws};
use tokenward::jwt::{Algorithm, JwsRules, JwsVerifier, Keys, MAX_TOKEN_LENGTH, UnverifiedJwt};
use tokenward::{Error, Misuse, TokenFault, base64url};

fn fault(token: &str) -> TokenFault {
    match UnverifiedJwt::parse(token) {
        Err(Error::Malformed { fault }) => fault,
        other => panic!("{other:?}"),
    }
}

/// The payload as it was sent.
fn payload_of(jwt: &UnverifiedJwt<'_>) -> Vec<u8> {
    let payload = jwt.signing_input().split(|byte| *byte == b'.').nth(1).unwrap();
    base64url::decode(payload).unwrap()
}

fn header_fault(header: &str) -> TokenFault {
    fault(&assemble(header.as_bytes(), b"{}", b"s"))
}

#[test]
fn a_token_is_taken_apart() {
    let token = token(Algorithm::Es256, &claims());
    let jwt = UnverifiedJwt::parse(&token).unwrap();
    assert_eq!(jwt.header().alg(), "ES256");
    assert_eq!(jwt.header().algorithm(), Some(Algorithm::Es256));
    assert_eq!(jwt.header().json(), br#"{"alg":"ES256"}"#);
    assert_eq!((jwt.header().kid(), jwt.header().typ()), (None, None));
    assert_eq!(payload_of(&jwt), claims().to_string().as_bytes());
    assert!(jwt.claims_unverified().unwrap().get("sub").is_some());
    assert_eq!(jwt.signature().len(), 64);
    assert_eq!(jwt.signing_input(), token.rsplit_once('.').unwrap().0.as_bytes());
    let named = assemble(br#"{"alg":"ES256","kid":"one","typ":"at+jwt"}"#, b"{}", b"s");
    let named = UnverifiedJwt::parse(&named).unwrap();
    assert_eq!((named.header().kid(), named.header().typ()), (Some("one"), Some("at+jwt")));
}

#[test]
fn there_are_exactly_two_dots() {
    for text in [
        "",
        "a",
        "e30",
        "e30.e30",
        "e30.e30.e30.e30",
        "e30.e30.e30.",
        ".e30.e30.e30",
        "......",
        "a.b.c.d.e.f",
    ] {
        assert_eq!(fault(text), TokenFault::Segments, "{text:?}");
    }
}

#[test]
fn five_segments_are_an_encrypted_token() {
    for text in ["a.b.c.d.e", "....", "eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA"] {
        assert_eq!(UnverifiedJwt::parse(text).err(), Some(Error::JweNotSupported), "{text}");
    }
}

#[test]
fn a_million_dots_are_counted_and_nothing_else() {
    assert_eq!(fault(&".".repeat(MAX_TOKEN_LENGTH)), TokenFault::Segments);
    assert_eq!(fault(&".".repeat(1_000_000)), TokenFault::TooLong);
}

#[test]
fn the_length_is_judged_before_anything_else() {
    let long = "*".repeat(MAX_TOKEN_LENGTH + 1);
    assert_eq!(fault(&long), TokenFault::TooLong);
    assert_eq!(fault(&long[1..]), TokenFault::Segments);
}

#[test]
fn json_serializations_are_refused() {
    let flattened = r#"{"protected":"eyJhbGciOiJFUzI1NiJ9","payload":"e30","signature":"AAAA"}"#;
    assert_eq!(fault(flattened), TokenFault::Segments);
    assert_eq!(fault(&format!("{flattened}..")), TokenFault::Base64url);
}

#[test]
fn segments_are_canonical_base64url() {
    for text in [
        "e30=.e30.AAAA",
        "e30.e30=.AAAA",
        "e30.e30.AA==",
        " e30.e30.AAAA",
        "e30.e30.AAAA\n",
        "e30.e30.A+AA",
        "e30.e30.A/AA",
        "e31.e30.AAAA",
        "e30.e30.AB",
        "e30.e30.A",
    ] {
        assert_eq!(fault(text), TokenFault::Base64url, "{text:?}");
    }
}

#[test]
fn the_header_is_an_object_of_strict_json() {
    assert_eq!(header_fault("[]"), TokenFault::Header(Fault::NotObject));
    assert_eq!(header_fault("{"), TokenFault::Header(Fault::Syntax));
    assert_eq!(header_fault(r#"{"alg":"none","alg":"ES256"}"#), TokenFault::Header(Fault::Duplicate));
    assert_eq!(header_fault("\u{feff}{}"), TokenFault::Header(Fault::Syntax));
    assert_eq!(fault(&assemble(b"", b"{}", b"s")), TokenFault::Header(Fault::Syntax));
    assert_eq!(fault(&assemble(b"{\"alg\":\"\xff\"}", b"{}", b"s")), TokenFault::Header(Fault::Utf8));
}

#[test]
fn alg_kid_and_typ_are_strings() {
    assert_eq!(header_fault("{}"), TokenFault::HeaderParameter("alg"));
    for value in ["null", "1", "true", "[\"ES256\"]", "{}"] {
        for name in ["alg", "kid", "typ"] {
            let alg = if name == "alg" { "" } else { r#""alg":"ES256","# };
            let header = format!("{{{alg}\"{name}\":{value}}}");
            assert_eq!(header_fault(&header), TokenFault::HeaderParameter(name), "{header}");
        }
    }
}

#[test]
fn a_kid_has_at_most_1024_bytes() {
    let header = |length: usize| json!({ "alg": "ES256", "kid": "k".repeat(length) });
    assert!(judge_header(&header(1024)).is_ok());
    assert_eq!(header_fault(&header(1025).to_string()), TokenFault::HeaderParameter("kid"));
}

#[test]
fn algorithms_are_compared_exactly() {
    for name in ["es256", "ES256 ", " ES256", "ES256\0", "Es256", "none", "None", "", "ES256K512", "ESP256"] {
        let token = assemble(json!({ "alg": name }).to_string().as_bytes(), b"{}", b"s");
        assert_eq!(UnverifiedJwt::parse(&token).unwrap().header().algorithm(), None, "{name:?}");
    }
}

#[test]
fn an_unverified_payload_is_not_shown_by_debug() {
    let token = token(Algorithm::Es256, &json!({ "canary": 1 }));
    let jwt = UnverifiedJwt::parse(&token).unwrap();
    assert_eq!(format!("{jwt:?}"), "UnverifiedJwt { .. }");
    assert_eq!(format!("{:?}", jwt.header()), "Header { algorithm: Some(Es256), .. }");
}

#[test]
fn claims_that_are_no_object_are_refused_when_they_are_asked_for() {
    let token = sign_text(Algorithm::Es256, br#"{"alg":"ES256"}"#, b"[]");
    let jwt = UnverifiedJwt::parse(&token).unwrap();
    assert_eq!(
        jwt.claims_unverified().err(),
        Some(Error::Malformed { fault: TokenFault::Payload(Fault::NotObject) })
    );
}

/// A verifier of any payload, for what its keys allow.
fn plain(keys: impl Into<Keys>) -> JwsVerifier {
    JwsVerifier::new(keys, JwsRules::new()).unwrap()
}

fn of_host() -> Keys {
    let host =
        HostKey { kind: "public", name: "ECDSA", curve: "P-256", verifies: true, ..HostKey::default() };
    host.opaque(7).unwrap().into()
}

const ES256: Algorithm = Algorithm::Es256;

#[test]
fn a_jws_may_sign_anything_and_that_is_what_comes_out() {
    let verifier = plain(key_set(&[named_jwk(ES256, "k")]));
    for payload in [&b"any\xff bytes"[..], b"", b"{}", b"[\"exp\"]"] {
        let header = br#"{"alg":"ES256","kid":"k"}"#;
        let jws = verifier.verify(&sign_text(ES256, header, payload)).unwrap();
        assert_eq!((jws.payload(), jws.header().json()), (payload, &header[..]));
        assert_eq!((jws.kid(), jws.algorithm()), (Some("k"), ES256));
        let forged = assemble(header, payload, &[1; 64]);
        assert_eq!(verifier.verify(&forged).err(), Some(Error::SignatureInvalid));
    }
    let unnamed = plain(key(ES256)).verify(&sign_text(ES256, br#"{"alg":"ES256"}"#, b"")).unwrap();
    assert_eq!(unnamed.kid(), None);
}

#[test]
fn the_keys_of_a_jws_verifier_may_be_replaced_by_others_that_fit() {
    let token = token(ES256, &claims());
    let mut verifier = plain(key(Algorithm::EdDsa));
    assert!(verifier.verify(&token).is_err());
    verifier.replace_keys(key(ES256)).unwrap();
    assert!(verifier.verify(&token).is_ok());
    let secret = support::import(&jwk(Algorithm::Hs256)).unwrap();
    let refused = verifier.replace_keys(secret.clone()).err();
    assert_eq!(refused, Some(Error::KeyUnusable { misuse: Misuse::AlgorithmUnspecified }));
    assert!(verifier.verify(&token).is_ok(), "the old keys stay");
    assert!(JwsVerifier::new(secret, jws_rules(Some(vec![Algorithm::Hs256]), 1)).is_ok());
}

#[test]
fn a_jws_is_as_long_as_its_verifier_allows() {
    let token = token(ES256, &claims());
    let limited = |length| JwsVerifier::new(key(ES256), jws_rules(None, length)).unwrap();
    assert_eq!(limited(1000).max_token_length(), 1000);
    assert!(limited(token.len()).verify(&token).is_ok());
    let refused = limited(token.len() - 1).verify(&token).err();
    assert_eq!(refused, Some(Error::Malformed { fault: TokenFault::TooLong }));
}

#[test]
fn a_jws_whose_key_stays_with_the_host_waits_for_the_hosts_verdict_on_that_key() {
    let verifier = plain(of_host());
    let token = token(ES256, &claims());
    let attempt =
        |verdict| attempt_jws(&verifier, token.as_bytes(), HostEngine { takes_rsa: false, verdict });
    let verdict = |key, valid| Some(support::verdict(key, valid));
    for other in [None, verdict(8, true), verdict(8, false)] {
        let attempt = attempt(other);
        assert_eq!(attempt.issuer, Some(0));
        let Ok(Progress::AskHost(check)) = attempt.outcome else { panic!("the host is not asked") };
        assert_eq!(check.host_key_id(), Some(HostKeyId::Opaque(7)));
    }
    let Ok(Progress::Verified(jws)) = attempt(verdict(7, true)).outcome else { panic!("not verified") };
    assert_eq!(jws.payload(), claims().to_string().as_bytes());
    assert_eq!(attempt(verdict(7, false)).outcome.err(), Some(Error::SignatureInvalid));
    assert_eq!(verifier.verify(&token).err(), Some(Error::KeyUnusable { misuse: Misuse::Engine }));
}

#[test]
fn a_jws_is_refused_by_its_keys_only_where_a_key_was_looked_for() {
    let verifier = plain(key_set(&[]));
    let refused = |token: &str| {
        let attempt = attempt_jws(&verifier, token.as_bytes(), HostEngine::default());
        (attempt.issuer, attempt.outcome.err())
    };
    let missing = Some(Error::NoMatchingKey { kid: None });
    assert_eq!(refused(&token(ES256, &claims())), (Some(0), missing));
    for hopeless in ["a.b", &assemble(br#"{"alg":"none"}"#, b"", b"")] {
        assert_eq!(refused(hopeless).0, None, "{hopeless}");
    }
    assert_eq!(verifier.verify("a.b").err(), Some(Error::Malformed { fault: TokenFault::Segments }));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        let _ = UnverifiedJwt::parse(&text);
    }

    #[test]
    fn no_segments_make_the_reader_panic(header in any::<Vec<u8>>(), payload in any::<Vec<u8>>(), signature in any::<Vec<u8>>()) {
        let _ = UnverifiedJwt::parse(&assemble(&header, &payload, &signature));
    }

    #[test]
    fn a_token_that_is_read_is_written_the_same_way(text in "[A-Za-z0-9_-]{2,20}\\.[A-Za-z0-9_-]{0,20}\\.[A-Za-z0-9_-]{0,20}") {
        let header = "eyJhbGciOiJFUzI1NiJ9";
        let (_, rest) = text.split_once('.').unwrap();
        let text = format!("{header}.{rest}");
        if let Ok(jwt) = UnverifiedJwt::parse(&text) {
            let again = assemble(jwt.header().json(), &payload_of(&jwt), jwt.signature());
            prop_assert_eq!(again, text.clone());
            prop_assert_eq!(base64url::decode(rest.split('.').next().unwrap().as_bytes()).unwrap(), payload_of(&jwt));
        }
    }
}
