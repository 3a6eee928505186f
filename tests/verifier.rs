//! The pipeline: what is looked at before the signature, what only after it, and what comes out.
#![cfg(all(feature = "jwt", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod common;

use common::{
    ALGORITHMS, ISSUER, NOW, at, claim_error, claims, claims_with, claims_without, judge, judge_header, jwk,
    key, key_set, named_jwk, now, rules, rules_for, sign_json, sign_text, token, verify,
};
use serde_json::{Value, json};
use tokenward::json::Fault;
use tokenward::jwt::{
    Accept, Algorithm, Callbacks, Check, Host, HostKey, HostVerdict, Keys, Outcome, Progress, Rules, Verifier,
};
use tokenward::{Error, KeySet, Misuse, NumericDate, Reason, TokenFault};

const ES256: Algorithm = Algorithm::Es256;

fn tampered(token: &str) -> String {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{input}.{flipped}{}", &signature[1..])
}

fn with(change: impl FnOnce(&mut Rules)) -> Rules {
    let mut rules = rules();
    change(&mut rules);
    rules
}

fn issuer_rules(issuer: &str) -> Rules {
    with(|rules| rules.issuer = Accept::only(issuer))
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
        assert_eq!(verified.into_payload(), claims().to_string().into_bytes());
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
    let typed = with(|rules| rules.typ = Some("at+jwt".into()));
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
        verified.header_number().unwrap()
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
    assert_ne!(first.header_number(), second.header_number());
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
        let token = common::assemble(
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

#[test]
fn a_key_of_the_host_is_used_by_the_host_alone() {
    let host =
        HostKey { kind: "public", name: "ECDSA", curve: "P-256", verifies: true, ..HostKey::default() };
    let verifier = Verifier::new(rules(), host.opaque(7).unwrap()).unwrap();
    let token = token(ES256, &claims());
    let check = verifier.start(&token).unwrap();
    assert_eq!((check.host_key(), check.algorithm()), (Some(7), ES256));
    assert_eq!(check.jwt().signing_input(), token.rsplit_once('.').unwrap().0.as_bytes());
    assert!(check.judged_by_host(true).unwrap().judge(now()).is_ok());
    let refused = verifier.start(&token).unwrap().judged_by_host(false).err();
    assert_eq!(refused, Some(Error::SignatureInvalid));
    let engine = verifier.start(&token).unwrap().by_engine().err();
    assert_eq!(engine, Some(Error::KeyUnusable { misuse: Misuse::Engine }));
    let expired = verifier.start(&token).unwrap().judged_by_host(true).unwrap().judge(at(60.0)).err();
    assert_eq!(expired, Some(Error::Expired { claim: "exp" }));
}

#[test]
fn a_host_that_takes_rsa_keys_is_asked_about_them() {
    let asks = Host { takes_rsa: true, ..Host::default() };
    let said = |key, valid| Host { verdict: Some(HostVerdict { key, valid }), ..asks };
    for algorithm in [Algorithm::Rs256, Algorithm::Ps512] {
        let rules = || with(|rules| rules.algorithms = Some(vec![algorithm]));
        let verifier = Verifier::new(rules(), key(algorithm)).unwrap();
        let token = token(algorithm, &claims());
        let attempt = |verifier: &Verifier, token: &str, host| match verifier
            .attempt(token.as_bytes(), Ok(now()), host)
            .outcome
        {
            Ok(Progress::Verified(_)) => Ok(None),
            Ok(Progress::AskHost(check)) => {
                assert_eq!((check.host_key(), check.algorithm()), (None, algorithm));
                let (number, asked) = check.rsa_for_host().unwrap();
                let (asked, ours): (Value, _) = (serde_json::from_str(asked).unwrap(), jwk(algorithm));
                assert_eq!(asked, json!({ "kty": "RSA", "n": ours["n"], "e": ours["e"] }));
                Ok(Some(number))
            }
            Err(error) => Err(error),
        };
        assert_eq!(attempt(&verifier, &token, Host::default()), Ok(None), "this host takes none");
        let number = attempt(&verifier, &token, asks).unwrap().unwrap();
        assert!(number >= 1 << 31, "a number that no key of the host's has");
        assert_eq!(attempt(&verifier, &token, said(number, true)), Ok(None));
        assert_eq!(attempt(&verifier, &token, said(number, false)), Err(Error::SignatureInvalid));
        // What was said of another key counts for nothing, whether the host is asked again or not.
        let other = Verifier::new(rules(), key(algorithm)).unwrap();
        let again = attempt(&other, &token, said(number, true)).unwrap();
        assert!(again.is_some_and(|again| again != number));
        let forged = tampered(&token);
        let deaf = Host { takes_rsa: false, ..said(number, true) };
        assert_eq!(attempt(&other, &forged, deaf), Err(Error::SignatureInvalid));
        // Neither is the host asked where no key would do.
        let short = format!("{}.AAAA", token.rsplit_once('.').unwrap().0);
        assert_eq!(attempt(&verifier, &short, asks), Err(Error::SignatureInvalid));
        let hashed =
            Verifier::new(with(|rules| rules.algorithms = Some(vec![ES256])), key(algorithm)).unwrap();
        assert!(matches!(attempt(&hashed, &token, asks), Err(Error::AlgorithmNotAllowed { .. })));
        // The verdict on a token is kept as if it had been reached here.
        let cached = verifier.with_cache(Default::default()).unwrap();
        assert_eq!(attempt(&cached, &token, said(number, true)), Ok(None));
        assert_eq!(attempt(&cached, &token, asks), Ok(None));
    }
}

#[test]
fn the_verdict_of_the_host_counts_for_the_key_that_it_was_about() {
    let host =
        HostKey { kind: "public", name: "ECDSA", curve: "P-256", verifies: true, ..HostKey::default() };
    let verifier = Verifier::new(rules(), host.opaque(7).unwrap()).unwrap();
    let token = token(ES256, &claims());
    let host = |verdict| Host { takes_rsa: false, verdict };
    let attempt = |verdict| verifier.attempt(token.as_bytes(), Ok(now()), host(verdict)).outcome;
    let verdict = |key, valid| Some(HostVerdict { key, valid });
    for other in [None, verdict(8, true), verdict(8, false)] {
        assert!(matches!(attempt(other), Ok(Progress::AskHost(check)) if check.host_key() == Some(7)));
    }
    assert!(matches!(attempt(verdict(7, true)), Ok(Progress::Verified(_))));
    assert_eq!(attempt(verdict(7, false)).err(), Some(Error::SignatureInvalid));
    // A key that is here is used here, whatever the host says of another.
    let ours = Verifier::new(rules(), key(ES256)).unwrap();
    let attempt =
        |token: &str, valid| ours.attempt(token.as_bytes(), Ok(now()), host(verdict(7, valid))).outcome.err();
    assert_eq!(attempt(&token, false), None);
    assert_eq!(attempt(&tampered(&token), true), Some(Error::SignatureInvalid));
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
    others["aud"] = json!(common::AUDIENCE);
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
        let attempt = verifier.attempt(token.as_bytes(), Ok(now()), Host::default());
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
            verifier.attempt(hopeless.as_bytes(), Ok(now()), Host::default()).issuer,
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
            let attempt = verifier.attempt(token.as_bytes(), Ok(now()), Host::default());
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
    let patient = |length| with(|rules| rules.max_token_length = length);
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
    let anyone = with(|rules| rules.issuer = Accept::Anything);
    let both = with(|rules| rules.issuer = Accept::OneOf(vec![ISSUER.into(), OTHER.into()]));
    assert!(refused(vec![]));
    for odd in [anyone, both] {
        assert!(refused(vec![(odd, key(ES256).into())]));
    }
    assert!(refused(vec![(rules(), key(ES256).into()), (rules(), key(ES256).into())]));
}

#[test]
fn a_verifier_is_refused_where_rules_and_keys_do_not_fit() {
    assert!(matches!(Verifier::new(issuer_rules(""), key(ES256)), Err(Error::InvalidArg { .. })));
    let bare = common::import(&jwk(Algorithm::Hs256)).unwrap();
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

/// Check, outcome and code of every step.
fn explained(verifier: &Verifier, token: &str) -> Vec<(&'static str, Option<bool>, Option<&'static str>)> {
    let explanation = verifier.explain(token.as_bytes(), now(), None, Callbacks::default());
    let verdict = verifier.verify(token, now());
    assert_eq!(explanation.is_ok(), verdict.is_ok());
    let failed = explanation.steps.iter().find_map(|step| match &step.outcome {
        Outcome::Failed(error) => Some(error.clone()),
        _ => None,
    });
    assert_eq!(failed, verdict.err(), "an explanation says what verification says");
    let steps = explanation.steps.into_iter().map(|step| match step.outcome {
        Outcome::Failed(error) => (step.check.name(), Some(false), Some(error.code())),
        Outcome::Passed => (step.check.name(), Some(true), None),
        _ => (step.check.name(), None, None),
    });
    steps.collect()
}

const BEFORE_CLAIMS: [&str; 5] = ["format", "header", "algorithm", "key", "signature"];

#[test]
fn an_explanation_lists_the_checks_in_order_and_skips_what_no_rule_asks_for() {
    let steps = explained(&Verifier::new(rules(), key(ES256)).unwrap(), &token(ES256, &claims()));
    let names: Vec<_> = steps.iter().map(|step| step.0).collect();
    let rest = ["claims", "typ", "issuer", "subject", "audience", "time", "scope", "revocation"];
    assert_eq!(names, [&BEFORE_CLAIMS[..], &rest].concat());
    let skipped: Vec<_> = steps.iter().filter(|step| step.1.is_none()).map(|step| step.0).collect();
    assert_eq!(skipped, ["typ", "subject", "scope", "revocation"]);
}

#[test]
fn an_explanation_reaches_nothing_after_the_check_that_failed() {
    let verifier = Verifier::new(rules(), key(ES256)).unwrap();
    let good = token(ES256, &claims());
    let expired = token(ES256, &claims_with("exp", json!(NOW)));
    for (token, check) in [("x", "format"), (&*tampered(&good), "signature"), (&*expired, "time")] {
        let steps = explained(&verifier, token);
        let at = steps.iter().position(|step| step.1 == Some(false)).unwrap();
        assert_eq!(steps[at].0, check);
        assert!(steps[at + 1..].iter().all(|step| step.1.is_none()));
    }
}

#[test]
fn with_several_issuers_an_unknown_one_is_explained_before_any_key() {
    let steps = explained(&two_issuers(), &token(ES256, &claims_with("iss", json!("https://evil.test"))));
    let made: Vec<_> = steps.iter().filter(|step| step.1.is_some()).map(|step| (step.0, step.1)).collect();
    assert_eq!(made, [("format", Some(true)), ("header", Some(true)), ("issuer", Some(false))]);
}

#[test]
fn an_explanation_says_what_the_callers_own_checks_said() {
    let verifier = Verifier::new(rules(), key(ES256)).unwrap();
    let explain = |claims: &Value, revocation, schema| {
        let explanation = verifier.explain(
            token(ES256, claims).as_bytes(),
            now(),
            None,
            Callbacks { revocation, schema, keys: None },
        );
        let last: Vec<_> =
            explanation.steps[12..].iter().map(|step| (step.check.name(), step.detail.clone())).collect();
        (explanation.is_ok(), last)
    };
    let said = |steps: &[(&'static str, &str)]| {
        steps.iter().map(|&(check, detail)| (check, String::from(detail))).collect::<Vec<_>>()
    };
    let asked = "as the rules ask";
    let steps = said(&[("revocation", asked), ("claims", asked)]);
    assert_eq!(explain(&claims(), Some(Ok(())), Some(Ok(()))), (true, steps));
    let revoked = said(&[("revocation", "the token has been revoked"), ("claims", "not reached")]);
    assert_eq!(explain(&claims(), Some(Err(Error::Revoked)), Some(Ok(()))), (false, revoked));
    let refused = said(&[
        ("revocation", "the rules do not ask for it"),
        ("claims", "the claim \"sub\" was refused by a check"),
    ]);
    let schema = Error::ClaimInvalid { claim: "sub".into(), reason: Reason::CheckFailed };
    assert_eq!(explain(&claims(), None, Some(Err(schema))), (false, refused));
    let expired = claims_with("exp", json!(NOW));
    assert_eq!(
        explain(&expired, Some(Err(Error::Revoked)), None),
        (false, said(&[("revocation", "not reached")]))
    );
}

#[test]
fn an_explanation_says_that_keys_could_not_be_had_where_one_is_missing() {
    let outage = Error::KeySetFetchFailed { status: None };
    let callbacks = || Callbacks { keys: Some(outage.clone()), ..Callbacks::default() };
    let verifier = Verifier::new(rules(), KeySet::from_jwks(br#"{"keys":[]}"#).unwrap()).unwrap();
    let good = token(ES256, &claims());
    let explained = verifier.explain(good.as_bytes(), now(), None, callbacks());
    let key = explained.steps.iter().find(|step| step.check == Check::Key).unwrap();
    assert_eq!(key.outcome, Outcome::Failed(outage.clone()));
    assert_eq!(key.detail, outage.to_string());
    let algorithm = explained.steps.iter().find(|step| step.check == Check::Algorithm).unwrap();
    assert_eq!(algorithm.detail, "it is accepted");

    // What fails before, or with keys that are there, is not the outage's doing.
    let explained = verifier.explain(b"a.b", now(), None, callbacks());
    assert!(matches!(explained.steps[0].outcome, Outcome::Failed(Error::Malformed { .. })));
    let verifier = Verifier::new(rules(), key_set(&[named_jwk(ES256, "k")])).unwrap();
    assert!(verifier.explain(good.as_bytes(), now(), None, callbacks()).is_ok());
}

#[test]
fn an_explanation_says_how_far_a_date_is_and_not_which() {
    let verifier = Verifier::new(rules(), key(ES256)).unwrap();
    let detail = |claims: &Value| {
        let explanation =
            verifier.explain(token(ES256, claims).as_bytes(), now(), None, Callbacks::default());
        explanation.steps.into_iter().find(|step| step.check == Check::Time).unwrap().detail
    };
    assert_eq!(detail(&claims()), "it expires in 60.0 s");
    assert_eq!(detail(&claims_with("exp", json!(NOW - 3))), "the token has expired: it expired 3.0 s ago");
    assert_eq!(detail(&claims_with("nbf", json!(NOW + 4))), "the token is not valid yet: it starts in 4.0 s");
    assert_eq!(detail(&claims_with("exp", json!(f64::from(NOW) + 1234.56))), "it expires in 1234.6 s");
}
