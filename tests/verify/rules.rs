//! Every rule that a relying party can set, and what it does to a token whose signature holds.

use crate::support::{
    AUDIENCE, ISSUER, NOW, at, claim_error, claims, claims_with, claims_without, judge, key, rules,
    rules_with, sign_json, token, verify,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokenward::jwt::{Accept, Algorithm, ClaimValue, Rules, Verifier};
use tokenward::{Error, MAX_CLOCK_TOLERANCE, Reason};

const ES256: Algorithm = Algorithm::Es256;

/// What these rules say of these claims, so many seconds from now.
fn judge_at(seconds: f64, claims: &Value, rules: Rules) -> Option<Error> {
    Verifier::new(rules, key(ES256)).unwrap().verify(&token(ES256, claims), at(seconds)).err()
}

/// Values that are no string.
fn not_strings() -> Vec<Value> {
    vec![json!(null), json!(1), json!(true), json!({}), json!([]), json!([[ISSUER]]), json!({ "0": ISSUER })]
}

/// Values that are no number, or one that names no date.
fn not_dates() -> Vec<Value> {
    let text = NOW.to_string();
    vec![
        json!(null),
        json!(true),
        json!(text),
        json!("never"),
        json!([NOW + 60]),
        json!({}),
        json!(1e20),
        json!(-1e20),
    ]
}

#[test]
fn a_token_that_satisfies_the_rules_is_verified() {
    let verified = judge(&claims(), rules()).unwrap();
    assert_eq!(verified.algorithm(), ES256);
    assert_eq!(verified.payload(), claims().to_string().as_bytes());
}

#[test]
fn the_issuer_is_one_of_the_accepted_strings_and_nothing_else() {
    for value in not_strings().into_iter().chain([json!([ISSUER]), json!([ISSUER, "https://evil.test"])]) {
        assert_eq!(
            judge(&claims_with("iss", value.clone()), rules()).err(),
            claim_error("iss", Reason::Invalid),
            "{value}"
        );
    }
    for value in [
        "https://issuer.test/",
        "https://issuer.test.evil",
        "HTTPS://ISSUER.TEST",
        " https://issuer.test",
        "",
        "https://issuer.test\0",
    ] {
        assert_eq!(
            judge(&claims_with("iss", value.into()), rules()).err(),
            claim_error("iss", Reason::Mismatch),
            "{value}"
        );
    }
    assert_eq!(judge(&claims_without("iss"), rules()).err(), claim_error("iss", Reason::Missing));
    let two =
        rules_with(|rules| rules.issuer = Accept::OneOf(vec!["https://other.test".into(), ISSUER.into()]));
    assert!(judge(&claims(), two).is_ok());
}

#[test]
fn an_issuer_that_is_not_checked_must_still_be_a_string() {
    let unchecked = || rules_with(|rules| rules.issuer = Accept::Anything);
    assert!(judge(&claims_without("iss"), unchecked()).is_ok());
    assert!(judge(&claims_with("iss", "anybody".into()), unchecked()).is_ok());
    assert_eq!(judge(&claims_with("iss", json!(1)), unchecked()).err(), claim_error("iss", Reason::Invalid));
}

#[test]
fn the_audience_is_a_string_or_a_list_of_strings_with_an_accepted_one() {
    for value in [json!(AUDIENCE), json!([AUDIENCE]), json!(["https://other.test", AUDIENCE])] {
        assert!(judge(&claims_with("aud", value.clone()), rules()).is_ok(), "{value}");
    }
    for value in [
        json!(""),
        json!("https://other.test"),
        json!([]),
        json!(["https://other.test"]),
        json!("https://api.test/"),
    ] {
        assert_eq!(
            judge(&claims_with("aud", value.clone()), rules()).err(),
            claim_error("aud", Reason::Mismatch),
            "{value}"
        );
    }
    let impossible = [
        json!(null),
        json!(1),
        json!({ "0": AUDIENCE }),
        json!([[AUDIENCE]]),
        json!([AUDIENCE, 1]),
        json!([AUDIENCE, null]),
    ];
    for value in impossible {
        assert_eq!(
            judge(&claims_with("aud", value.clone()), rules()).err(),
            claim_error("aud", Reason::Invalid),
            "{value}"
        );
    }
    assert_eq!(judge(&claims_without("aud"), rules()).err(), claim_error("aud", Reason::Missing));
}

#[test]
fn an_audience_that_is_not_checked_may_be_anyone() {
    let unchecked = || rules_with(|rules| rules.audience = Accept::Anything);
    assert!(judge(&claims_without("aud"), unchecked()).is_ok());
    assert!(judge(&claims_with("aud", json!(["x", "y"])), unchecked()).is_ok());
    assert_eq!(
        judge(&claims_with("aud", json!([1])), unchecked()).err(),
        claim_error("aud", Reason::Invalid)
    );
}

#[test]
fn the_subject_is_compared_where_the_rules_name_one_and_is_a_string_in_any_case() {
    let ada = || rules_with(|rules| rules.subject = Some("ada".into()));
    assert!(judge(&claims(), ada()).is_ok());
    assert_eq!(judge(&claims_with("sub", "Ada".into()), ada()).err(), claim_error("sub", Reason::Mismatch));
    assert_eq!(judge(&claims_without("sub"), ada()).err(), claim_error("sub", Reason::Missing));
    assert!(judge(&claims_without("sub"), rules()).is_ok());
    for value in not_strings() {
        assert_eq!(
            judge(&claims_with("sub", value.clone()), rules()).err(),
            claim_error("sub", Reason::Invalid),
            "{value}"
        );
        assert_eq!(
            judge(&claims_with("jti", value.clone()), rules()).err(),
            claim_error("jti", Reason::Invalid),
            "{value}"
        );
    }
}

#[test]
fn a_token_has_expired_from_the_second_of_its_exp_on() {
    let expired = Some(Error::Expired { claim: "exp" });
    assert_eq!(judge_at(59.999, &claims(), rules()), None);
    assert_eq!(judge_at(60.0, &claims(), rules()), expired);
    assert_eq!(judge_at(1e9, &claims(), rules()), expired);
    for exp in [json!(0), json!(-1), json!(NOW), json!(f64::from(NOW) - 0.5)] {
        assert_eq!(judge(&claims_with("exp", exp.clone()), rules()).err(), expired, "{exp}");
    }
    assert!(judge(&claims_with("exp", json!(f64::from(NOW) + 0.5)), rules()).is_ok());
}

#[test]
fn exp_nbf_and_iat_are_dates_or_absent() {
    for claim in ["exp", "nbf", "iat"] {
        for value in not_dates() {
            assert_eq!(
                judge(&claims_with(claim, value.clone()), rules()).err(),
                claim_error(claim, Reason::Invalid),
                "{claim}: {value}"
            );
        }
    }
}

#[test]
fn a_token_without_exp_is_refused_unless_the_rules_allow_it() {
    assert_eq!(judge(&claims_without("exp"), rules()).err(), claim_error("exp", Reason::Missing));
    let optional = || rules_with(|rules| rules.require_exp = false);
    assert!(judge(&claims_without("exp"), optional()).is_ok());
    assert_eq!(
        judge(&claims_with("exp", json!(NOW - 1)), optional()).err(),
        Some(Error::Expired { claim: "exp" })
    );
    assert_eq!(
        judge(&claims_with("exp", json!(null)), optional()).err(),
        claim_error("exp", Reason::Invalid)
    );
}

#[test]
fn a_token_is_not_valid_before_its_nbf() {
    let later = claims_with("nbf", json!(NOW + 10));
    assert_eq!(judge_at(9.999, &later, rules()), Some(Error::NotYetValid));
    assert_eq!(judge_at(10.0, &later, rules()), None);
    assert!(judge(&claims_without("nbf"), rules()).is_ok());
}

#[test]
fn the_clock_tolerance_moves_both_ends_and_no_further() {
    let tolerant = || rules_with(|rules| rules.clock_tolerance = Duration::from_secs(5));
    assert_eq!(judge_at(64.999, &claims(), tolerant()), None);
    assert_eq!(judge_at(65.0, &claims(), tolerant()), Some(Error::Expired { claim: "exp" }));
    let later = claims_with("nbf", json!(NOW + 10));
    assert_eq!(judge_at(5.0, &later, tolerant()), None);
    assert_eq!(judge_at(4.999, &later, tolerant()), Some(Error::NotYetValid));
}

#[test]
fn a_token_older_than_the_rules_allow_is_refused_and_needs_an_iat() {
    let young = || rules_with(|rules| rules.max_token_age = Some(Duration::from_secs(30)));
    assert_eq!(judge_at(20.0, &claims(), young()), None);
    assert_eq!(judge_at(20.001, &claims(), young()), Some(Error::Expired { claim: "iat" }));
    assert_eq!(judge(&claims_without("iat"), young()).err(), claim_error("iat", Reason::Missing));
    let tolerant = rules_with(|rules| {
        (rules.max_token_age, rules.clock_tolerance) = (Some(Duration::from_secs(30)), Duration::from_secs(5))
    });
    assert_eq!(judge_at(25.0, &claims(), tolerant), None);
}

#[test]
fn an_iat_in_the_future_matters_only_where_the_age_does() {
    let future = claims_with("iat", json!(NOW + 30));
    assert!(judge(&future, rules()).is_ok());
    let young = rules_with(|rules| rules.max_token_age = Some(Duration::from_secs(30)));
    assert_eq!(judge(&future, young).err(), claim_error("iat", Reason::Invalid));
    let tolerant = rules_with(|rules| {
        (rules.max_token_age, rules.clock_tolerance) =
            (Some(Duration::from_secs(30)), Duration::from_secs(30))
    });
    assert!(judge(&future, tolerant).is_ok());
}

#[test]
fn years_beyond_2038_and_2106_are_years_like_others() {
    for now in [2_200_000_000.0, 4_400_000_000.0] {
        let claims = claims_with("exp", json!(now));
        let verifier = Verifier::new(rules(), key(ES256)).unwrap();
        let token = token(ES256, &claims);
        let date = |seconds| tokenward::NumericDate::new(seconds).unwrap();
        assert!(verifier.verify(&token, date(now - 1.0)).is_ok());
        assert_eq!(verifier.verify(&token, date(now)).err(), Some(Error::Expired { claim: "exp" }));
    }
}

#[test]
fn typ_is_a_media_type_where_the_rules_name_one() {
    let verdict = |typ: &str, expected: &str| {
        let token = sign_json(ES256, &json!({ "alg": "ES256", "typ": typ }), &claims());
        verify(&token, key(ES256), rules_with(|rules| rules.typ = Some(expected.into()))).err()
    };
    let same = [
        ("at+jwt", "at+jwt"),
        ("application/at+jwt", "at+jwt"),
        ("at+jwt", "application/at+jwt"),
        ("AT+JWT", "at+jwt"),
        ("Application/AT+jwt", "at+jwt"),
        ("JWT", "jwt"),
    ];
    for (typ, expected) in same {
        assert_eq!(verdict(typ, expected), None, "{typ} for {expected}");
    }
    for typ in
        ["JWT", "", "at+jwt ", "text/at+jwt", "application/application/at+jwt", "application/", "at+jwtx"]
    {
        assert_eq!(verdict(typ, "at+jwt"), claim_error("typ", Reason::Mismatch), "{typ}");
    }
    let named = rules_with(|rules| rules.typ = Some("at+jwt".into()));
    assert_eq!(judge(&claims(), named).err(), claim_error("typ", Reason::Missing));
    assert!(crate::support::judge_header(&json!({ "alg": "ES256", "typ": "whatever" })).is_ok());
}

#[test]
fn every_scope_must_be_in_scope_or_scp() {
    let verdict = |claim: &str, value: Value, scopes: &[&str]| {
        let scopes = scopes.iter().map(|&scope| scope.into()).collect();
        judge(&claims_with(claim, value), rules_with(|rules| rules.scope = scopes)).err()
    };
    for (claim, value) in [
        ("scope", json!("read write")),
        ("scp", json!("read write")),
        ("scp", json!(["write", "read"])),
        ("scope", json!("  read   write ")),
    ] {
        assert_eq!(verdict(claim, value.clone(), &["read", "write"]), None, "{value}");
        assert_eq!(
            verdict(claim, value.clone(), &["read", "admin"]),
            claim_error("scope", Reason::Mismatch),
            "{value}"
        );
    }
    for value in ["", "reader", "READ", "read,write", "read\twrite"] {
        assert_eq!(
            verdict("scope", value.into(), &["read"]),
            claim_error("scope", Reason::Mismatch),
            "{value}"
        );
    }
    assert_eq!(verdict("sub", "ada".into(), &["read"]), claim_error("scope", Reason::Missing));
    assert_eq!(verdict("scope", json!(["read"]), &["read"]), claim_error("scope", Reason::Invalid));
    assert_eq!(verdict("scp", json!([1]), &["read"]), claim_error("scp", Reason::Invalid));
}

#[test]
fn scope_goes_before_scp_and_they_are_not_added_up() {
    let mut claims = claims_with("scope", "read".into());
    claims["scp"] = json!(["admin"]);
    let admin = rules_with(|rules| rules.scope = vec!["admin".into()]);
    assert_eq!(judge(&claims, admin).err(), claim_error("scope", Reason::Mismatch));
}

#[test]
fn exact_claims_are_equal_in_value_and_type() {
    let verdict = |value: Value, expected: ClaimValue| {
        judge(&claims_with("x", value), rules_with(|rules| rules.claims = vec![("x".into(), expected)])).err()
    };
    assert_eq!(verdict(json!("n-1"), ClaimValue::String("n-1".into())), None);
    assert_eq!(verdict(json!(1.0), ClaimValue::Number(1.0)), None);
    assert_eq!(verdict(json!(true), ClaimValue::Bool(true)), None);
    let mismatch = claim_error("x", Reason::Mismatch);
    for (value, expected) in [
        (json!("n-2"), ClaimValue::String("n-1".into())),
        (json!("1"), ClaimValue::Number(1.0)),
        (json!(1), ClaimValue::String("1".into())),
        (json!("true"), ClaimValue::Bool(true)),
        (json!(1), ClaimValue::Bool(true)),
        (json!(["n-1"]), ClaimValue::String("n-1".into())),
        (json!(null), ClaimValue::Bool(false)),
        (json!({}), ClaimValue::String("[object Object]".into())),
    ] {
        assert_eq!(verdict(value.clone(), expected), mismatch, "{value}");
    }
    let missing = rules_with(|rules| rules.claims = vec![("nonce".into(), ClaimValue::String("n".into()))]);
    assert_eq!(judge(&claims(), missing).err(), claim_error("nonce", Reason::Missing));
}

#[test]
fn required_claims_must_be_there_whatever_their_value() {
    let needs = |name: &str| rules_with(|rules| rules.required_claims = vec![name.into()]);
    assert!(judge(&claims_with("x", json!(null)), needs("x")).is_ok());
    assert_eq!(judge(&claims(), needs("x")).err(), claim_error("x", Reason::Missing));
}

#[test]
fn names_that_every_javascript_object_inherits_satisfy_nothing() {
    for name in ["__proto__", "constructor", "toString", "hasOwnProperty", "prototype", "valueOf"] {
        let needs = rules_with(|rules| rules.required_claims = vec![name.into()]);
        assert_eq!(judge(&claims(), needs.clone()).err(), claim_error(name, Reason::Missing));
        assert!(judge(&claims_with(name, json!(1)), needs).is_ok());
    }
}

#[test]
fn an_algorithm_outside_the_rules_is_refused_whatever_the_key_allows() {
    let others = rules_with(|rules| rules.algorithms = Some(vec![Algorithm::Es384, Algorithm::Rs256]));
    assert_eq!(judge(&claims(), others).err(), Some(Error::AlgorithmNotAllowed { alg: Some("ES256") }));
}

#[test]
fn a_token_longer_than_the_rules_allow_is_refused_unread() {
    let token = token(ES256, &claims());
    let limited = |length| rules_with(|rules| rules.max_token_length = length);
    assert!(verify(&token, key(ES256), limited(token.len())).is_ok());
    let refused = verify(&token, key(ES256), limited(token.len() - 1)).err();
    assert_eq!(refused, Some(Error::Malformed { fault: tokenward::TokenFault::TooLong }));
}

#[test]
fn rules_that_would_check_nothing_are_refused_when_they_are_made() {
    let refused = |change: &dyn Fn(&mut Rules)| match rules_with(change).validate() {
        Err(Error::InvalidArg { name, .. }) => name.into_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&|rules| rules.issuer = Accept::OneOf(vec![])), "issuer");
    assert_eq!(refused(&|rules| rules.issuer = Accept::only("")), "issuer");
    assert_eq!(
        refused(&|rules| rules.audience = Accept::OneOf(vec![AUDIENCE.into(), String::new()])),
        "audience"
    );
    assert_eq!(refused(&|rules| rules.algorithms = Some(vec![])), "algorithms");
    assert_eq!(refused(&|rules| rules.subject = Some(String::new())), "subject");
    assert_eq!(refused(&|rules| rules.typ = Some(String::new())), "typ");
    assert_eq!(refused(&|rules| rules.scope = vec![String::new()]), "scope");
    assert_eq!(refused(&|rules| rules.scope = vec!["read write".into()]), "scope");
    assert_eq!(refused(&|rules| rules.required_claims = vec![String::new()]), "required_claims");
    assert_eq!(refused(&|rules| rules.max_token_length = 0), "max_token_length");
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(refused(&|rules| rules.claims = vec![("x".into(), ClaimValue::Number(number))]), "claims");
    }
    for more in [Duration::from_millis(1), Duration::MAX - MAX_CLOCK_TOLERANCE] {
        assert_eq!(refused(&|rules| rules.clock_tolerance = MAX_CLOCK_TOLERANCE + more), "clock_tolerance");
    }
    assert!(rules_with(|rules| rules.clock_tolerance = MAX_CLOCK_TOLERANCE).validate().is_ok());
}

#[test]
fn rules_may_allow_a_token_no_age_and_clocks_no_difference() {
    let strictest = rules_with(|rules| {
        (rules.max_token_age, rules.clock_tolerance) = (Some(Duration::ZERO), Duration::ZERO)
    });
    assert!(judge(&claims_with("iat", json!(NOW)), strictest.clone()).is_ok());
    assert_eq!(judge(&claims(), strictest).err(), Some(Error::Expired { claim: "iat" }));
}

#[test]
fn the_rules_are_judged_in_one_order() {
    // Each step mends what the one before complained about, so the complaints come in the order of the checks.
    let strict = rules_with(|rules| {
        rules.typ = Some("at+jwt".into());
        rules.subject = Some("ada".into());
        rules.required_claims = vec!["required".into()];
        rules.claims = vec![("exact".into(), ClaimValue::Bool(true))];
        rules.scope = vec!["read".into()];
    });
    let mut header = json!({ "alg": "ES256" });
    let mut claims = json!({ "nbf": NOW + 1 });
    let mut complaints = Vec::new();
    for (name, value) in [
        ("typ", json!("at+jwt")),
        ("iss", json!(ISSUER)),
        ("sub", json!("ada")),
        ("aud", json!(AUDIENCE)),
        ("nbf", json!(NOW)),
        ("exp", json!(NOW + 60)),
        ("required", json!(0)),
        ("exact", json!(true)),
        ("scope", json!("read")),
    ] {
        let error = verify(&sign_json(ES256, &header, &claims), key(ES256), strict.clone()).unwrap_err();
        complaints.push(match error {
            Error::ClaimInvalid { claim, .. } => claim.into_string(),
            Error::NotYetValid => "nbf".into(),
            other => panic!("{other}"),
        });
        if name == "typ" { header[name] = value } else { claims[name] = value }
    }
    assert_eq!(complaints, ["typ", "iss", "sub", "aud", "nbf", "exp", "required", "exact", "scope"]);
    assert!(verify(&sign_json(ES256, &header, &claims), key(ES256), strict).is_ok());
}

#[test]
fn no_list_of_the_rules_is_longer_than_a_thousand() {
    let names = |count: usize| (0..count).map(|at| format!("n{at}")).collect::<Vec<_>>();
    type Fill<'a> = &'a dyn Fn(&mut Rules, usize);
    let lists: [(&str, Fill<'_>); 6] = [
        ("issuer", &|rules, count| rules.issuer = Accept::OneOf(names(count))),
        ("audience", &|rules, count| rules.audience = Accept::OneOf(names(count))),
        ("algorithms", &|rules, count| rules.algorithms = Some(vec![ES256; count])),
        ("scope", &|rules, count| rules.scope = names(count)),
        ("required_claims", &|rules, count| rules.required_claims = names(count)),
        ("claims", &|rules, count| {
            rules.claims = names(count).into_iter().map(|name| (name, ClaimValue::Bool(true))).collect();
        }),
    ];
    for (name, set) in lists {
        assert!(rules_with(|rules| set(rules, 1_000)).validate().is_ok(), "{name}");
        let refused = Verifier::new(rules_with(|rules| set(rules, 1_001)), key(ES256)).err().unwrap();
        assert_eq!(refused.to_string(), format!("\"{name}\" must be a list of at most 1,000"));
    }
}

#[test]
fn a_verifier_has_at_most_ten_thousand_issuers() {
    let issuers = |count: usize| {
        let key = key(ES256);
        let rules =
            (0..count).rev().map(|at| rules_with(|rules| rules.issuer = Accept::only(&format!("i{at}"))));
        rules.map(|rules| (rules, key.clone().into())).collect::<Vec<_>>()
    };
    let most = Verifier::with_issuers(issuers(10_000)).unwrap();
    assert!(most.verify(&token(ES256, &claims_with("iss", "i9999".into())), at(0.0)).is_ok());
    let mut twice = issuers(10_000);
    twice[4_000].0.issuer = Accept::only("i17");
    assert!(Verifier::with_issuers(twice).is_err());
    let refused = Verifier::with_issuers(issuers(10_001)).err().unwrap();
    assert_eq!(refused.to_string(), "\"issuers\" must be a list of at most 10,000");
}
