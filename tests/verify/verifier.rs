//! The pipeline: what is looked at before the signature, what only after it, and what comes out.

use crate::support::{
    ALGORITHMS, ForHost as _, ISSUER, NOW, claim_error, claims, claims_with, claims_without, judge,
    judge_header, jwk, key, key_set, named_jwk, now, rules, rules_for, rules_with, sign_json, sign_text,
    tampered, token, verify,
};
use serde_json::{Value, json};
use tokenward::json::Fault;
use tokenward::jwt::host::{HostEngine, header_id};
use tokenward::jwt::{Accept, Algorithm, Keys, Rules, Verifier};
use tokenward::{Error, Misuse, NumericDate, Reason, TokenFault};

const ES256: Algorithm = Algorithm::Es256;

fn issuer_rules(issuer: &str) -> Rules {
    rules_with(|rules| rules.issuer = Accept::only(issuer))
}

fn payload_fault(payload: &[u8]) -> Option<Error> {
    verify(&sign_text(ES256, br#"{"alg":"ES256"}"#, payload), key(ES256), rules()).err()
}

#[test]
fn what_was_verified_is_what_was_sent() {
    for algorithm in ALGORITHMS {
        let header = json!({ "alg": algorithm.name(), "kid": "k", "typ": "JWT", "extra": [1] });
        let set = key_set(&[named_jwk(algorithm, "k")]);
        let verified = verify(&sign_json(algorithm, &header, &claims()), set, rules()).unwrap();
        assert_eq!(verified.header().json(), header.to_string().as_bytes());
        assert_eq!((verified.header().kid(), verified.header().typ()), (Some("k"), Some("JWT")));
        assert_eq!((verified.kid(), verified.algorithm()), (Some("k"), algorithm));
        assert!(verified.claims().get("sub").unwrap().as_text().unwrap().is("ada"));
        assert_eq!(verified.payload(), claims().to_string().into_bytes());
    }
}

#[test]
fn a_single_key_is_used_whatever_the_kid() {
    let verified = verify(
        &sign_json(ES256, &json!({ "alg": "ES256", "kid": "another" }), &claims()),
        key(ES256),
        rules(),
    );
    assert_eq!(verified.unwrap().kid(), None);
}

#[test]
fn a_payload_is_an_object_of_strict_json() {
    let faults: [(&[u8], Fault); 11] = [
        (b"", Fault::Syntax),
        (b"[]", Fault::NotObject),
        (b"\"x\"", Fault::NotObject),
        (b"null", Fault::NotObject),
        (b"1", Fault::NotObject),
        (b"not json", Fault::Syntax),
        (br#"{"sub":"a","sub":"b"}"#, Fault::Duplicate),
        (br#"{"a":"\ud800"}"#, Fault::Surrogate),
        (br#"{"exp":1e400}"#, Fault::Number),
        (b"{\"a\":\"\xff\"}", Fault::Utf8),
        (b"\xef\xbb\xbf{}", Fault::Syntax),
    ];
    for (payload, fault) in faults {
        let expected = Some(Error::Malformed { fault: TokenFault::Payload(fault) });
        assert_eq!(payload_fault(payload), expected, "{}", String::from_utf8_lossy(payload));
    }
}

#[test]
fn nothing_of_the_claims_shows_before_the_signature_holds() {
    let payloads: [&[u8]; 5] = [b"", b"[]", b"{\"a\":1,\"a\":1}", b"{\"exp\":0}", b"{\"iss\":1}"];
    for payload in payloads {
        let token = tampered(&sign_text(ES256, br#"{"alg":"ES256"}"#, payload));
        assert_eq!(verify(&token, key(ES256), rules()).err(), Some(Error::SignatureInvalid));
    }
    let typed = rules_with(|rules| rules.typ = Some("at+jwt".into()));
    assert_eq!(
        verify(&tampered(&token(ES256, &claims())), key(ES256), typed).err(),
        Some(Error::SignatureInvalid)
    );
}

#[test]
fn the_steps_before_the_signature_come_in_one_order() {
    let header = |extra: Value| {
        let mut header = json!({ "alg": "ES256", "kid": "k" });
        for (name, value) in extra.as_object().unwrap() {
            header[name] = value.clone();
        }
        tampered(&sign_json(ES256, &header, &json!({})))
    };
    let set = || key_set(&[named_jwk(ES256, "k")]);
    let verdict = |token: &str| verify(token, set(), rules()).err();
    assert_eq!(
        verdict(&header(json!({ "alg": "none", "crit": ["x"], "kid": "other" }))),
        Some(Error::AlgorithmNotAllowed { alg: None })
    );
    assert_eq!(
        verdict(&header(json!({ "crit": ["x"], "kid": "other" }))),
        Some(Error::NotSupported { parameter: "crit" })
    );
    assert_eq!(
        verdict(&header(json!({ "kid": "other" }))),
        Some(Error::NoMatchingKey { kid: Some("other".into()) })
    );
    assert_eq!(
        verdict(&header(json!({ "alg": "RS256" }))),
        Some(Error::AlgorithmNotAllowed { alg: Some("RS256") })
    );
    assert_eq!(verdict(&header(json!({}))), Some(Error::SignatureInvalid));
}

#[test]
fn a_header_has_one_number_for_all_tokens_that_have_it_and_no_other_has_that() {
    let verifier = Verifier::new(rules(), key(ES256)).unwrap();
    let number = |kid: &str, sub: &str| {
        let token = sign_json(ES256, &json!({ "alg": "ES256", "kid": kid }), &claims_with("sub", sub.into()));
        let verified = verifier.verify(&token, now()).unwrap();
        assert_eq!(verified.header().kid(), Some(kid));
        header_id(&verified).unwrap()
    };
    let one = number("one", "ada");
    assert_eq!(number("one", "bob"), one);
    let two = number("two", "ada");
    assert_eq!(number("two", "bob"), two);
    assert_ne!(one, two);
}

#[test]
fn a_header_has_one_number_for_each_key_that_it_leads_to() {
    let header = json!({ "alg": "ES256" });
    let keys = |kid: &str| Keys::from(key_set(&[named_jwk(ES256, kid)]));
    let verifier =
        Verifier::with_issuers(vec![(rules(), keys("one")), (issuer_rules(OTHER), keys("two"))]).unwrap();
    let verified = |claims: &Value| verifier.verify(&sign_json(ES256, &header, claims), now()).unwrap();
    let (first, second) = (verified(&claims()), verified(&claims_with("iss", OTHER.into())));
    assert_eq!((first.kid(), second.kid()), (Some("one"), Some("two")));
    assert_ne!(header_id(&first), header_id(&second));
}

#[test]
fn an_empty_signature_is_no_signature() {
    for algorithm in ALGORITHMS {
        let token = token(algorithm, &claims());
        let (input, _) = token.rsplit_once('.').unwrap();
        assert_eq!(
            verify(&format!("{input}."), key(algorithm), rules()).err(),
            Some(Error::SignatureInvalid),
            "{algorithm}"
        );
    }
}

#[test]
fn none_has_no_code_path() {
    for alg in ["none", "None", "NONE", "nOnE", "none ", ""] {
        let token = crate::support::assemble(
            json!({ "alg": alg }).to_string().as_bytes(),
            claims().to_string().as_bytes(),
            b"",
        );
        assert_eq!(
            verify(&token, key(ES256), rules()).err(),
            Some(Error::AlgorithmNotAllowed { alg: None }),
            "{alg:?}"
        );
    }
}

#[test]
fn crit_is_refused_unless_all_of_it_is_understood() {
    let refused = Some(Error::NotSupported { parameter: "crit" });
    for crit in [
        json!(["exp"]),
        json!(["x"]),
        json!([]),
        json!(null),
        json!("b64"),
        json!({}),
        json!([1]),
        json!([""]),
        json!(true),
        json!(0),
        json!(["alg"]),
        json!(["kid"]),
        json!(["b64", "b64"]),
        json!(["b64", "x"]),
        json!([["b64"]]),
        json!(["B64"]),
    ] {
        let header = json!({ "alg": "ES256", "crit": crit, "x": 1, "exp": 1, "": 1, "b64": true });
        assert_eq!(judge_header(&header).err(), refused, "{crit}");
        assert_eq!(judge_header(&json!({ "alg": "ES256", "crit": crit })).err(), refused, "{crit} alone");
    }
    assert_eq!(judge_header(&json!({ "alg": "ES256", "crit": ["b64"] })).err(), refused, "b64 is not there");
    assert!(judge_header(&json!({ "alg": "ES256", "crit": ["b64"], "b64": true })).is_ok());
    assert!(judge_header(&json!({ "alg": "ES256", "b64": true })).is_ok());
}

#[test]
fn b64_is_true_or_absent() {
    for b64 in [json!(false), json!(null), json!(0), json!("true"), json!([])] {
        for header in
            [json!({ "alg": "ES256", "b64": b64 }), json!({ "alg": "ES256", "b64": b64, "crit": ["b64"] })]
        {
            assert_eq!(
                judge_header(&header).err(),
                Some(Error::NotSupported { parameter: "b64" }),
                "{header}"
            );
        }
    }
}

#[test]
fn keys_in_the_header_are_never_read() {
    let own = jwk(Algorithm::EdDsa);
    for (name, value) in [
        ("jwk", own.clone()),
        ("jku", json!("https://evil.test/jwks")),
        ("x5u", json!("https://evil.test/cert")),
        ("x5c", json!(["AAAA"])),
    ] {
        let header = json!({ "alg": "EdDSA", name: value, "kid": "k" });
        let forged = sign_json(Algorithm::EdDsa, &header, &claims());
        assert!(
            matches!(verify(&forged, key(ES256), rules()), Err(Error::AlgorithmNotAllowed { .. })),
            "{name}"
        );
        assert!(matches!(verify(&forged, key_set(&[]), rules()), Err(Error::NoMatchingKey { .. })), "{name}");
        // They do no harm either.
        assert!(verify(&forged, key(Algorithm::EdDsa), rules()).is_ok(), "{name}");
    }
}

#[test]
fn a_clock_that_was_never_set_judges_nothing() {
    for seconds in [0.0, 1.0, 1_704_067_199.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
        assert_eq!(NumericDate::from_host_clock(seconds), Err(Error::ClockUnavailable), "{seconds}");
    }
    assert!(NumericDate::from_host_clock(1_704_067_200.0).is_ok());
    for seconds in [f64::NAN, f64::INFINITY, 8.65e12, -8.65e12] {
        assert_eq!(NumericDate::new(seconds), None);
    }
}

#[test]
fn a_token_is_verified_at_the_moment_that_the_caller_names() {
    let verifier = Verifier::new(rules(), key(ES256)).unwrap();
    let old = token(ES256, &claims_with("exp", json!(1000)));
    assert!(verifier.verify(&old, NumericDate::new(999.0).unwrap()).is_ok());
    assert_eq!(verifier.verify(&old, now()).err(), Some(Error::Expired { claim: "exp" }));
}

const OTHER: &str = "https://other.test";

fn two_issuers() -> Verifier {
    let mut other = issuer_rules(OTHER);
    (other.audience, other.max_token_length) = (Accept::only("other"), 300);
    let rs256 = key_set(&[named_jwk(Algorithm::Rs256, "k")]);
    Verifier::with_issuers(vec![(rules(), Keys::One(key(ES256))), (other, rs256.into())]).unwrap()
}

#[test]
fn with_several_issuers_each_has_its_own_keys_and_rules() {
    let verifier = two_issuers();
    assert!(verifier.verify(&token(ES256, &claims()), now()).is_ok());
    let mut others = json!({ "iss": OTHER, "aud": "other", "exp": NOW + 60 });
    let es256 = verifier.verify(&token(ES256, &others), now()).err();
    assert_eq!(
        es256,
        Some(Error::AlgorithmNotAllowed { alg: Some("ES256") }),
        "keys of one issuer never serve another"
    );
    others["aud"] = json!(crate::support::AUDIENCE);
    let audience =
        Verifier::with_issuers(vec![(rules(), key(ES256).into()), (issuer_rules(OTHER), key(ES256).into())])
            .unwrap();
    assert!(audience.verify(&token(ES256, &others), now()).is_ok());
}

#[test]
fn the_issuer_is_matched_exactly_before_any_key_is_looked_at() {
    let verdict = |claims: &Value| two_issuers().verify(&tampered(&token(ES256, claims)), now()).err();
    for iss in ["https://evil.test", "https://issuer.test/", "https://issuer.testhttps://other.test", ""] {
        assert_eq!(verdict(&claims_with("iss", iss.into())), claim_error("iss", Reason::Mismatch), "{iss}");
    }
    assert_eq!(verdict(&claims_without("iss")), claim_error("iss", Reason::Missing));
    for iss in [json!(null), json!([ISSUER]), json!(1)] {
        assert_eq!(verdict(&claims_with("iss", iss)), claim_error("iss", Reason::Invalid));
    }
    assert_eq!(verdict(&claims()), Some(Error::SignatureInvalid));
}

#[test]
fn an_issuer_that_is_alone_in_the_list_is_matched_before_any_key_is_looked_at_too() {
    let verifier = Verifier::with_issuers(vec![(rules(), key_set(&[]).into())]).unwrap();
    let attempt = |iss: &str| {
        let token = token(ES256, &claims_with("iss", iss.into()));
        let attempt = verifier.attempt(token.as_bytes(), Ok(now()), HostEngine::default());
        (attempt.issuer, attempt.outcome.err())
    };
    assert_eq!(attempt("https://evil.test"), (None, claim_error("iss", Reason::Mismatch)));
    assert_eq!(attempt(ISSUER), (Some(0), Some(Error::NoMatchingKey { kid: None })));
    // What other keys would not have made better has nobody's keys in it.
    let header = |header: Value| sign_json(ES256, &header, &claims());
    for hopeless in [
        header(json!({ "alg": "none" })),
        header(json!({ "alg": "ES256", "crit": ["x"] })),
        header(json!({ "alg": 1 })),
        "a.b".to_owned(),
    ] {
        assert_eq!(
            verifier.attempt(hopeless.as_bytes(), Ok(now()), HostEngine::default()).issuer,
            None,
            "{hopeless}"
        );
    }
}

#[test]
fn issuers_that_look_alike_are_never_taken_for_each_other() {
    let names = [
        "a",
        "a:b",
        "a:b:c",
        "https://issuer.test",
        "https://issuer.test/",
        "https://issuer.test//",
        "https://ISSUER.test",
        "https://issuer.test:443",
        "https://issuer.test\0",
        "\0https://issuer.test",
        " ",
        "https://issuer.test ",
        "\u{e9}",
        "e\u{301}",
        "\u{212b}",
        "\u{c5}",
        "A\u{30a}",
        "a\u{200b}",
        "\u{feff}a",
        "0",
        "__proto__",
        "constructor",
        "https://issuer.test/a",
        "https://issuer.test/%61",
        "\u{1f600}",
        "\"",
        "\\",
    ];
    // Every issuer has its own key, called after another issuer, and all tokens name that one.
    let kid = |at: usize| format!("{}:{}", names[(at + 1) % names.len()], names[at]);
    let issuers = (0..names.len()).map(|at| {
        let algorithm = if at % 2 == 0 { ES256 } else { Algorithm::EdDsa };
        (issuer_rules(names[at]), Keys::from(key_set(&[named_jwk(algorithm, &kid(at))])))
    });
    let verifier = Verifier::with_issuers(issuers.collect()).unwrap();
    for (claimed, name) in names.iter().enumerate() {
        for (signed, signer) in names.iter().enumerate() {
            let algorithm = if signed % 2 == 0 { ES256 } else { Algorithm::EdDsa };
            let header = json!({ "alg": algorithm.name(), "kid": kid(signed) });
            let token = sign_json(algorithm, &header, &claims_with("iss", json!(name)));
            let attempt = verifier.attempt(token.as_bytes(), Ok(now()), HostEngine::default());
            assert_eq!(attempt.issuer, Some(claimed), "{name:?}");
            assert_eq!(verifier.issuer_of_token(token.as_bytes()), Ok(claimed));
            assert_eq!(attempt.outcome.is_ok(), claimed == signed, "{name:?} with the key of {signer:?}");
        }
    }
    let strangers = [
        "",
        "b",
        "a:",
        ":b",
        "a\0",
        "https://issuer",
        "https://issuer.test/\0",
        "E\u{301}",
        "\u{30a}",
        "null",
    ];
    for stranger in strangers {
        let token = token(ES256, &claims_with("iss", stranger.into()));
        assert_eq!(
            verifier.issuer_of_token(token.as_bytes()).err(),
            claim_error("iss", Reason::Mismatch),
            "{stranger:?}"
        );
    }
    // However JSON spells it, it is the same string.
    let escaped = sign_text(ES256, br#"{"alg":"ES256","kid":"a:b:a"}"#, br#"{"iss":"\u0061"}"#);
    assert_eq!(verifier.issuer_of_token(escaped.as_bytes()), Ok(0));
}

#[test]
fn the_length_limit_is_that_of_the_issuer() {
    let long = json!({ "iss": OTHER, "aud": "other", "exp": NOW + 60 });
    let token = sign_json(Algorithm::Rs256, &json!({ "alg": "RS256", "kid": "k" }), &long);
    assert!(token.len() > 300);
    assert_eq!(
        two_issuers().verify(&token, now()).err(),
        Some(Error::Malformed { fault: TokenFault::TooLong })
    );
}

#[test]
fn a_verifier_reads_tokens_as_long_as_the_most_patient_of_its_issuers_allows() {
    let patient = |length| rules_with(|rules| rules.max_token_length = length);
    assert_eq!(Verifier::new(patient(1234), key(ES256)).unwrap().max_token_length(), 1234);
    let mut other = issuer_rules(OTHER);
    other.max_token_length = 2345;
    let both = Verifier::with_issuers(vec![(patient(1234), key(ES256).into()), (other, key(ES256).into())]);
    assert_eq!(both.unwrap().max_token_length(), 2345);
}

#[test]
fn a_claim_is_asked_for_as_text_where_it_is_text() {
    let verified = judge(&claims_with("n", json!(1)), rules()).unwrap();
    assert_eq!(verified.text("sub").as_deref(), Some("ada"));
    assert_eq!((verified.text("n"), verified.text("x")), (None, None));
}

#[test]
fn issuers_are_named_one_each_and_once() {
    let refused = |issuers: Vec<(Rules, Keys)>| matches!(Verifier::with_issuers(issuers), Err(Error::InvalidArg { name, .. }) if &*name == "issuers");
    let anyone = rules_with(|rules| rules.issuer = Accept::Anything);
    let both = rules_with(|rules| rules.issuer = Accept::OneOf(vec![ISSUER.into(), OTHER.into()]));
    assert!(refused(vec![]));
    for odd in [anyone, both] {
        assert!(refused(vec![(odd, key(ES256).into())]));
    }
    assert!(refused(vec![(rules(), key(ES256).into()), (rules(), key(ES256).into())]));
}

#[test]
fn a_verifier_is_refused_where_rules_and_keys_do_not_fit() {
    assert!(matches!(Verifier::new(issuer_rules(""), key(ES256)), Err(Error::InvalidArg { .. })));
    let bare = crate::support::import(&jwk(Algorithm::Hs256)).unwrap();
    assert_eq!(
        Verifier::new(rules(), bare.clone()).err(),
        Some(Error::KeyUnusable { misuse: Misuse::AlgorithmUnspecified })
    );
    assert!(Verifier::new(rules_for(Algorithm::Hs256), bare).is_ok());
}

#[test]
fn a_verified_token_is_not_shown_by_debug() {
    assert_eq!(format!("{:?}", judge(&claims(), rules()).unwrap()), "Verified { algorithm: Es256, .. }");
}

#[test]
fn claims_called_like_what_objects_inherit_are_claims_like_others() {
    let mut claims = claims();
    for name in ["__proto__", "constructor", "toString"] {
        claims[name] = json!({ "admin": true });
    }
    let verified = judge(&claims, rules()).unwrap();
    assert!(verified.claims().get("admin").is_none());
    assert_eq!(verified.payload(), claims.to_string().as_bytes());
}
