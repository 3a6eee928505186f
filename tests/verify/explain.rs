//! Explanations, in their words: what each check says of itself where it passes, fails, is not asked for or not reached.

use crate::support::{
    self, AUDIENCE, ForHost as _, ISSUER, NOW, at, claims, claims_with, key, key_set, named_jwk, now, rules,
    rules_with, sign_json, token,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokenward::jwt::host::{self, HostEngine, HostKey, HostKeyId, HostVerdict, Progress};
use tokenward::jwt::{Accept, Algorithm, Callbacks, Check, ClaimValue, Keys, Outcome, Rules, Verifier};
use tokenward::{Error, KeySet, Misuse, NumericDate, Reason};

const ES256: Algorithm = Algorithm::Es256;

const PASSED: &str = "passed";
const FAILED: &str = "failed";
const SKIPPED: &str = "skipped";
const NOT_ASKED: &str = "the rules do not ask for it";
const NOT_REACHED: &str = "not reached";
const AS_ASKED: &str = "as the rules ask";

fn verifier(rules: Rules, keys: impl Into<Keys>) -> Verifier {
    Verifier::new(rules, keys).unwrap()
}

/// Name, outcome and words of every step, of which one fails where verification does, and says why.
fn explained(
    verifier: &Verifier,
    token: &str,
    now: NumericDate,
) -> Vec<(&'static str, &'static str, String)> {
    let explanation = verifier.explain(token, now, Callbacks::default());
    let failed = explanation.steps.iter().find_map(|step| match &step.outcome {
        Outcome::Failed(error) => Some(error.clone()),
        _ => None,
    });
    assert_eq!(explanation.is_ok(), failed.is_none());
    assert_eq!(failed, verifier.verify(token, now).err());
    let steps = explanation.steps.into_iter().map(|step| {
        let outcome = match step.outcome {
            Outcome::Failed(_) => FAILED,
            Outcome::Passed => PASSED,
            _ => SKIPPED,
        };
        (step.check.name(), outcome, step.detail)
    });
    steps.collect()
}

fn in_words(steps: &[(&'static str, &'static str, &str)]) -> Vec<(&'static str, &'static str, String)> {
    steps.iter().map(|&(check, outcome, detail)| (check, outcome, detail.into())).collect()
}

/// Rules that leave no check out.
fn strict() -> Rules {
    let mut rules = rules();
    rules.typ = Some("at+jwt".into());
    rules.subject = Some("ada".into());
    rules.required_claims = vec!["iat".into()];
    rules.claims = vec![("n".into(), ClaimValue::Number(1.0))];
    rules.scope = vec!["read".into()];
    rules
}

#[test]
fn every_check_says_what_it_found() {
    let mut claims = claims_with("scope", "read".into());
    claims["n"] = json!(1);
    let token = sign_json(ES256, &json!({ "alg": "ES256", "typ": "at+jwt", "kid": "b" }), &claims);
    let keys = key_set(&["a", "b", "c"].map(|kid| named_jwk(ES256, kid)));
    let format = format!("three segments, {} characters", token.len());
    assert_eq!(
        explained(&verifier(strict(), keys), &token, now()),
        in_words(&[
            ("format", PASSED, &format),
            ("header", PASSED, "a JSON object"),
            ("algorithm", PASSED, "ES256 is accepted"),
            ("key", PASSED, "one of 3 keys fits"),
            ("signature", PASSED, "it holds"),
            ("claims", PASSED, "a JSON object"),
            ("typ", PASSED, AS_ASKED),
            ("issuer", PASSED, AS_ASKED),
            ("subject", PASSED, AS_ASKED),
            ("audience", PASSED, AS_ASKED),
            ("time", PASSED, "it expires in 60.0 s"),
            ("claims", PASSED, AS_ASKED),
            ("scope", PASSED, AS_ASKED),
            ("revocation", SKIPPED, NOT_ASKED),
        ])
    );
}

#[test]
fn a_check_that_no_rule_asks_for_says_so() {
    let mut rules = Rules::new(Accept::Anything, Accept::Anything);
    rules.require_exp = false;
    let token = token(ES256, &json!({}));
    let steps = explained(&verifier(rules, key(ES256)), &token, now());
    assert_eq!(
        steps[3..],
        in_words(&[
            ("key", PASSED, "one key, and it fits"),
            ("signature", PASSED, "it holds"),
            ("claims", PASSED, "a JSON object"),
            ("typ", SKIPPED, NOT_ASKED),
            ("issuer", SKIPPED, NOT_ASKED),
            ("subject", SKIPPED, NOT_ASKED),
            ("audience", SKIPPED, NOT_ASKED),
            ("time", PASSED, "it never expires"),
            ("scope", SKIPPED, NOT_ASKED),
            ("revocation", SKIPPED, NOT_ASKED),
        ])
    );
}

#[test]
fn the_claims_that_rules_name_are_a_check_of_their_own_where_they_name_any() {
    let of_claims = |change: &dyn Fn(&mut Rules)| {
        let mut rules = rules();
        change(&mut rules);
        let steps = explained(&verifier(rules, key(ES256)), &token(ES256, &claims()), now());
        steps.into_iter().filter(|step| step.0 == "claims").collect::<Vec<_>>()
    };
    let object = ("claims", PASSED, "a JSON object");
    assert_eq!(of_claims(&|_| {}), in_words(&[object]));
    let required = |name: &'static str| of_claims(&move |rules| rules.required_claims = vec![name.into()]);
    assert_eq!(required("sub"), in_words(&[object, ("claims", PASSED, AS_ASKED)]));
    assert_eq!(required("x"), in_words(&[object, ("claims", FAILED, "the claim \"x\" is missing")]));
    let exact = of_claims(&|rules| rules.claims = vec![("sub".into(), ClaimValue::String("ada".into()))]);
    assert_eq!(exact, in_words(&[object, ("claims", PASSED, AS_ASKED)]));
}

#[test]
fn a_claim_that_must_be_a_string_whatever_the_rules_is_told_where_it_is_none() {
    let steps =
        explained(&verifier(rules(), key(ES256)), &token(ES256, &claims_with("jti", json!(1))), now());
    assert_eq!(steps[11].0, "claims");
    assert_eq!(steps[11].1, FAILED);
    assert_eq!(
        steps[12..],
        in_words(&[("scope", SKIPPED, NOT_REACHED), ("revocation", SKIPPED, NOT_REACHED)])
    );
}

#[test]
fn what_was_checked_before_a_failure_is_told_and_nothing_after_it() {
    let refused = explained(&verifier(strict(), key(ES256)), &token(ES256, &claims()), now());
    let outcomes: Vec<_> = refused.iter().map(|step| step.1).collect();
    assert_eq!(outcomes, [[PASSED; 6].as_slice(), &[FAILED], &[SKIPPED; 7]].concat(), "typ is missing");
    assert!(refused[7..].iter().all(|step| step.2 == NOT_REACHED), "{refused:?}");
    // Rules that name one issuer judge it like any claim.
    let other = token(ES256, &claims_with("iss", "https://other.test".into()));
    let refused = explained(&verifier(rules(), key(ES256)), &other, now());
    assert_eq!(refused.iter().position(|step| step.1 == FAILED), Some(7));
    assert!(refused[..6].iter().all(|step| step.1 == PASSED), "{refused:?}");
}

#[test]
fn an_issuer_that_is_none_of_several_is_told_and_nothing_that_its_rules_would_ask() {
    let issuers = vec![(strict(), Keys::from(key(ES256)))];
    let verifier = Verifier::with_issuers(issuers).unwrap();
    let other = token(ES256, &claims_with("iss", "https://other.test".into()));
    let steps = explained(&verifier, &other, now());
    let rest = ["algorithm", "key", "signature", "claims", "typ"];
    let skipped = |check: &'static str| (check, SKIPPED, NOT_REACHED.to_string());
    assert_eq!(steps[1], ("header", PASSED, "a JSON object".into()));
    assert_eq!(steps[2..7], rest.map(skipped));
    assert_eq!((steps[7].0, steps[7].1), ("issuer", FAILED));
    assert_eq!(steps[8..], ["subject", "audience", "time", "scope", "revocation"].map(skipped));

    // A token of one of them is judged by its rules from the beginning.
    let steps = explained(&verifier, &token(ES256, &claims()), now());
    assert_eq!(steps[2], ("algorithm", PASSED, "ES256 is accepted".into()));
    assert_eq!((steps[6].0, steps[6].1), ("typ", FAILED));
}

#[test]
fn before_the_header_is_read_no_check_says_anything() {
    let steps = explained(&verifier(rules(), key(ES256)), "a.b", now());
    assert_eq!((steps[0].0, steps[0].1), ("format", FAILED));
    assert!(steps[1..].iter().all(|step| step.1 == SKIPPED && step.2 == NOT_REACHED), "{steps:?}");
    for header in [json!([]), json!({ "alg": 1 }), json!({ "alg": "ES256", "crit": ["x"] })] {
        let steps = explained(&verifier(rules(), key(ES256)), &sign_json(ES256, &header, &claims()), now());
        assert_eq!((steps[0].1, steps[1].0, steps[1].1), (PASSED, "header", FAILED), "{header}");
    }
    // What rules ask for is listed all the same.
    let steps = explained(&verifier(strict(), key(ES256)), "a.b", now());
    assert_eq!(steps.iter().filter(|step| step.0 == "claims").count(), 2);
    // What is no base64url has the wrong format, wherever it stands.
    let steps = explained(&verifier(rules(), key(ES256)), "e30=.e30.AAAA", now());
    assert_eq!((steps[0].0, steps[0].1), ("format", FAILED));
}

#[test]
fn a_date_is_told_by_its_distance_to_a_tenth_of_a_second() {
    let time = |exp: f64, nbf: f64, now: NumericDate| {
        let mut claims = claims();
        (claims["exp"], claims["nbf"]) = (json!(exp), json!(nbf));
        explained(&verifier(rules(), key(ES256)), &token(ES256, &claims), now).swap_remove(10).2
    };
    let start = f64::from(NOW);
    assert_eq!(time(start + 9.96, start, now()), "it expires in 10.0 s");
    assert_eq!(time(start + 0.14, start, now()), "it expires in 0.1 s");
    assert_eq!(time(start + 100.0, start, at(-0.75)), "the token is not valid yet: it starts in 0.8 s");
    assert_eq!(time(start, start, now()), "the token has expired: it expired 0.0 s ago");
    assert_eq!(time(start, start, at(12.34)), "the token has expired: it expired 12.3 s ago");
}

#[test]
fn a_token_that_is_too_old_is_not_said_to_have_ended() {
    let mut young = rules();
    young.max_token_age = Some(Duration::from_secs(5));
    let steps = explained(&verifier(young, key(ES256)), &token(ES256, &claims()), now());
    assert_eq!((steps[10].0, steps[10].1), ("time", FAILED));
    assert_eq!(steps[10].2, Error::Expired { claim: "iat" }.to_string());
}

#[test]
fn the_verdict_of_the_host_is_what_an_explanation_says_of_the_signature() {
    let host =
        HostKey { kind: "public", name: "ECDSA", curve: "P-256", verifies: true, ..HostKey::default() };
    let verifier = verifier(rules(), host.opaque(7).unwrap());
    let token = token(ES256, &claims());
    let signature = |verdict| {
        let explanation = host::explain(&verifier, token.as_bytes(), now(), verdict, Callbacks::default());
        explanation.steps.into_iter().nth(4).unwrap().outcome
    };
    let verdict = |key, valid| Some(support::verdict(key, valid));
    let engine = Outcome::Failed(Error::KeyUnusable { misuse: Misuse::Engine });
    assert_eq!(signature(verdict(7, true)), Outcome::Passed);
    assert_eq!(signature(verdict(7, false)), Outcome::Failed(Error::SignatureInvalid));
    assert_eq!(signature(verdict(8, true)), engine, "that was about another key");
    assert_eq!(signature(None), engine);
}

#[test]
fn no_explanation_shows_anything_of_the_token() {
    let mut claims = claims_with("secret", "canary".into());
    claims["sub"] = json!("canary");
    for iss in [ISSUER, "canary"] {
        claims["iss"] = json!(iss);
        for now in [now(), at(60.0)] {
            let steps = explained(&verifier(strict(), key(ES256)), &token(ES256, &claims), now);
            let shown: Vec<_> = steps.iter().map(|step| step.2.as_str()).collect();
            let shown = shown.join("\n");
            assert!(
                !shown.contains("canary") && !shown.contains(AUDIENCE) && !shown.contains(ISSUER),
                "{shown}"
            );
        }
    }
}

#[test]
fn an_explanation_says_what_the_callers_own_checks_said() {
    let verifier = Verifier::new(rules(), key(ES256)).unwrap();
    let explain = |claims: &Value, revocation, schema| {
        let mut callbacks = Callbacks::default();
        (callbacks.revocation, callbacks.schema) = (revocation, schema);
        let explanation = verifier.explain(&token(ES256, claims), now(), callbacks);
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
        ("claims", "the claim \"sub\" did not pass a check"),
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
    let callbacks = || {
        let mut callbacks = Callbacks::default();
        callbacks.keys = Some(outage.clone());
        callbacks
    };
    let verifier = Verifier::new(rules(), KeySet::from_jwks(br#"{"keys":[]}"#).unwrap()).unwrap();
    let good = token(ES256, &claims());
    let explained = verifier.explain(&good, now(), callbacks());
    let key = explained.steps.iter().find(|step| step.check == Check::Key).unwrap();
    assert_eq!(key.outcome, Outcome::Failed(outage.clone()));
    assert_eq!(key.detail, outage.to_string());
    let algorithm = explained.steps.iter().find(|step| step.check == Check::Algorithm).unwrap();
    assert_eq!(algorithm.detail, "it is accepted");

    // What fails before, or with keys that are there, is not the outage's doing.
    let explained = verifier.explain("a.b", now(), callbacks());
    assert!(matches!(explained.steps[0].outcome, Outcome::Failed(Error::Malformed { .. })));
    let verifier = Verifier::new(rules(), key_set(&[named_jwk(ES256, "k")])).unwrap();
    assert!(verifier.explain(&good, now(), callbacks()).is_ok());
}

/// Verifiers of every kind, by name: with one key, a set, several issuers, keys here and keys that stay with the host.
fn verifiers() -> Vec<(&'static str, Verifier)> {
    let host = |number| {
        let p256 =
            HostKey { kind: "public", name: "ECDSA", curve: "P-256", verifies: true, ..HostKey::default() };
        p256.opaque(number).unwrap()
    };
    let of = |issuer: &str| rules_with(|rules| rules.issuer = Accept::only(issuer));
    let lax = || {
        let mut rules = Rules::new(Accept::Anything, Accept::Anything);
        rules.require_exp = false;
        rules
    };
    let rs256 = || key(Algorithm::Rs256);
    let several = |first: Keys, second: Keys| {
        Verifier::with_issuers(vec![(of(ISSUER), first), (of("https://other.test"), second)]).unwrap()
    };
    vec![
        ("one key", verifier(rules(), key(ES256))),
        ("strict rules", verifier(strict(), key(ES256))),
        ("no rules", verifier(lax(), key(ES256))),
        ("RSA", verifier(rules(), rs256())),
        ("a set", verifier(rules(), key_set(&[named_jwk(ES256, "a"), named_jwk(Algorithm::Rs256, "b")]))),
        ("an empty set", verifier(rules(), key_set(&[]))),
        ("a key of the host", verifier(rules(), host(7))),
        ("two issuers", several(key(ES256).into(), rs256().into())),
        ("two issuers with keys of the host", several(host(7).into(), host(8).into())),
        ("a key of the host and one that is here", several(host(7).into(), key(ES256).into())),
        ("with a cache", verifier(rules(), key(ES256)).with_cache(Default::default()).unwrap()),
    ]
}

/// Tokens that are good, and tokens that have one thing wrong.
fn tokens() -> Vec<String> {
    let mut all = Vec::new();
    for iss in [ISSUER, "https://other.test", "https://none.test"] {
        let with = |name: &str, value: Value| {
            let mut claims = claims_with(name, value);
            claims["iss"] = json!(iss);
            claims
        };
        let mut full = with("scope", "read".into());
        full["n"] = json!(1);
        let payloads = [
            with("sub", "ada".into()),
            with("aud", "x".into()),
            with("exp", json!(NOW)),
            with("nbf", json!(NOW + 1)),
            with("exp", "soon".into()),
            with("jti", json!(1)),
            full,
        ];
        let headers = [
            json!({ "alg": "ES256" }),
            json!({ "alg": "ES256", "typ": "at+jwt" }),
            json!({ "alg": "ES256", "kid": "a" }),
            json!({ "alg": "ES256", "kid": "b" }),
            json!({ "alg": "ES256", "crit": ["x"] }),
            json!({ "alg": "none" }),
        ];
        for payload in &payloads {
            all.extend(headers.iter().map(|header| sign_json(ES256, header, payload)));
            all.push(token(Algorithm::Rs256, payload));
        }
    }
    let good = all[0].clone();
    let (input, _) = good.rsplit_once('.').unwrap();
    let signature_of_other = all[1].rsplit_once('.').unwrap().1;
    all.extend([
        format!("{input}.{signature_of_other}"),
        format!("{input}."),
        format!("{good}="),
        format!("{good}.a.b"),
    ]);
    all.extend((0..good.len()).step_by(7).map(|at| good[..at].to_string()));
    all
}

#[test]
fn an_explanation_is_ok_exactly_if_verification_is() {
    let verdicts = [7, 8]
        .map(HostKeyId::Opaque)
        .into_iter()
        .flat_map(|key| [true, false].map(|valid| Some(HostVerdict::dangerous_from_host(key, valid))));
    let verdicts: Vec<_> = verdicts.chain([None]).collect();
    let mut accepted = 0;
    let tokens = tokens();
    for (name, verifier) in verifiers() {
        // The host says nothing about keys that are here.
        let verdicts = if name.contains("host") { verdicts.as_slice() } else { &[None][..] };
        for token in &tokens {
            for (now, verdict) in [now(), at(61.0)]
                .into_iter()
                .flat_map(|now| verdicts.iter().map(move |&verdict| (now, verdict)))
            {
                let host = HostEngine { takes_rsa: false, verdict };
                let attempt = verifier.attempt(token.as_bytes(), Ok(now), host);
                let verified = match attempt.outcome {
                    Ok(Progress::Verified(_)) => None,
                    Ok(Progress::AskHost(check)) => {
                        // The key that is asked for is that of the token's own issuer.
                        let iss = check.jwt().claims_unverified().unwrap();
                        let iss = iss.get("iss").unwrap().as_text().unwrap().to_cow().into_owned();
                        let number = if iss == ISSUER || name == "a key of the host" { 7 } else { 8 };
                        assert_eq!(check.host_key_id(), Some(HostKeyId::Opaque(number)), "{name}: {token}");
                        assert_eq!(attempt.issuer, Some(check.issuer()));
                        Some(Error::KeyUnusable { misuse: Misuse::Engine })
                    }
                    Err(error) => Some(error),
                };
                accepted += usize::from(verified.is_none());
                let explanation =
                    host::explain(&verifier, token.as_bytes(), now, verdict, Callbacks::default());
                assert_eq!(explanation.is_ok(), verified.is_none(), "{name}: {token} {verdict:?}");
                let failed = explanation.steps.into_iter().find_map(|step| match step.outcome {
                    Outcome::Failed(error) => Some(error),
                    _ => None,
                });
                assert_eq!(failed, verified, "{name}: {token} {verdict:?}");
            }
        }
    }
    assert!(accepted > 100, "{accepted} tokens were accepted");
}
