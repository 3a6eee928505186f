//! Algorithms, headers, claims, encodings, and whose keys count.

use super::{ES256, HS256, RS256, header, malformed, not_allowed, payload, verdict, with};
use crate::support::{
    ForHost as _, ISSUER, NOW, assemble, claim_error, claims, claims_with, claims_without, import, judge,
    judge_header, jwk, key, key_set, named_jwk, now, rules, rules_for, sign, sign_json, token, verify,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokenward::jwt::host::HostKey;
use tokenward::jwt::remote::{Input, Need, Remote, RemoteOptions, Response, Source};
use tokenward::jwt::{Accept, Algorithm, CacheLimits, ImportOptions, Keys, VerificationKey, Verifier};
use tokenward::{Error, Misuse, Reason, TokenFault, base64url, json::Fault};

#[test]
fn pitfall_01_alg_none_in_any_spelling() {
    for alg in [
        json!("none"),
        json!("None"),
        json!("nOnE"),
        json!("NONE"),
        json!("none "),
        json!(null),
        json!(0),
        json!(["none"]),
        json!(["ES256"]),
        json!({}),
    ] {
        for signature in [&b""[..], b"junk"] {
            let token = assemble(
                json!({ "alg": alg }).to_string().as_bytes(),
                claims().to_string().as_bytes(),
                signature,
            );
            for key in [key(ES256), key(RS256), key(HS256)] {
                let refused = verdict(verify(&token, key, rules()));
                let expected = if alg.is_string() {
                    Some(Error::AlgorithmNotAllowed { alg: None })
                } else {
                    malformed(TokenFault::HeaderParameter("alg"))
                };
                assert_eq!(refused, expected, "{alg}");
            }
        }
    }
    let missing = assemble(b"{}", claims().to_string().as_bytes(), b"");
    assert_eq!(verdict(verify(&missing, key(ES256), rules())), malformed(TokenFault::HeaderParameter("alg")));
    assert_eq!(Algorithm::from_name("none"), None);
}

#[test]
fn pitfall_02_public_key_as_hmac_secret() {
    let pem = include_str!("../../vectors/keys/rsa.spki.pem");
    // A token that was signed with the public key as its secret, under that public key.
    for key in [
        key(RS256),
        import(&jwk(RS256)).unwrap(),
        VerificationKey::from_pem(pem, ImportOptions::default()).unwrap(),
    ] {
        for algorithm in [HS256, Algorithm::Hs384, Algorithm::Hs512] {
            assert_eq!(
                verdict(verify(&token(algorithm, &claims()), key.clone(), rules())),
                not_allowed(algorithm)
            );
            assert_eq!(
                verdict(verify(&token(algorithm, &claims()), key.clone(), rules_for(algorithm))),
                not_allowed(algorithm)
            );
        }
    }
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let jwk = jwk(RS256).to_string();
    for secret in [
        pem,
        &format!(" {pem}"),
        &format!("\u{200b}{pem}"),
        &format!("x{pem}"),
        &base64,
        &jwk,
        &format!("\u{feff}{jwk}"),
    ] {
        let refused = VerificationKey::from_secret(
            secret.as_bytes(),
            ImportOptions::for_algorithm(HS256).allowing_short_secrets(),
        );
        assert_eq!(refused.err(), Some(Error::KeyUnusable { misuse: Misuse::PublicAsSecret }), "{secret}");
    }
}

#[test]
fn pitfall_03_jwk_without_alg_lets_the_header_choose() {
    for algorithm in
        [Algorithm::Rs384, Algorithm::Rs512, Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512, HS256]
    {
        let verdict = verdict(verify(&token(algorithm, &claims()), key_set(&[jwk(RS256)]), rules()));
        assert_eq!(verdict, not_allowed(algorithm));
    }
    assert_eq!(verdict(verify(&token(RS256, &claims()), key_set(&[jwk(RS256)]), rules())), None);
}

#[test]
fn pitfall_04_the_key_decides_the_hash_and_the_header_is_not_compared() {
    // The header says one algorithm, the signature is made with another that the key could check.
    for (said, made) in [
        (HS256, Algorithm::Hs512),
        (Algorithm::Rs384, RS256),
        (RS256, Algorithm::Ps256),
        (Algorithm::Hs512, HS256),
    ] {
        let input = [json!({ "alg": said.name() }).to_string(), claims().to_string()]
            .map(|text| base64url::encode(text.as_bytes()))
            .join(".");
        let token = format!("{input}.{}", base64url::encode(&sign(made, input.as_bytes())));
        assert_eq!(verdict(verify(&token, key(made), rules())), not_allowed(said));
        assert_eq!(verdict(verify(&token, key(said), rules())), Some(Error::SignatureInvalid));
    }
    // A key of the host's is never asked about a token of another algorithm than its own.
    let host = HostKey {
        kind: "secret",
        name: "HMAC",
        hash: "SHA-512",
        bits: 512,
        verifies: true,
        ..HostKey::default()
    };
    let verifier = Verifier::new(rules(), host.opaque(1).unwrap()).unwrap();
    assert_eq!(verifier.start(&token(HS256, &claims())).err(), not_allowed(HS256));
    assert!(verifier.start(&token(Algorithm::Hs512, &claims())).is_ok());
}

#[test]
fn pitfall_05_crit_ignored() {
    for crit in [
        json!(["x"]),
        json!(["exp"]),
        json!([]),
        json!(null),
        json!("exp"),
        json!({}),
        json!([1]),
        json!([""]),
        json!(["x", "x"]),
        json!(["alg"]),
        json!(["kid"]),
    ] {
        for header in [
            json!({ "alg": "ES256", "crit": crit }),
            json!({ "alg": "ES256", "crit": crit, "x": 1, "exp": 1 }),
        ] {
            assert_eq!(
                verdict(judge_header(&header)),
                Some(Error::NotSupported { parameter: "crit" }),
                "{header}"
            );
        }
    }
}

#[test]
fn pitfall_06_b64_false() {
    for header in [
        json!({ "alg": "ES256", "b64": false }),
        json!({ "alg": "ES256", "b64": false, "crit": ["b64"] }),
        json!({ "alg": "ES256", "b64": "false" }),
    ] {
        assert_eq!(
            verdict(judge_header(&header)),
            Some(Error::NotSupported { parameter: "b64" }),
            "{header}"
        );
    }
}

#[test]
fn pitfall_07_iss_as_a_list() {
    for iss in
        [json!([ISSUER]), json!([ISSUER, "https://evil.test"]), json!(1), json!(null), json!({ "0": ISSUER })]
    {
        assert_eq!(
            verdict(judge(&claims_with("iss", iss.clone()), rules())),
            claim_error("iss", Reason::Invalid),
            "{iss}"
        );
    }
    assert_eq!(verdict(judge(&claims_without("iss"), rules())), claim_error("iss", Reason::Missing));
}

#[test]
fn pitfall_08_a_claim_of_the_wrong_type_is_taken_for_absent() {
    for claim in ["exp", "nbf", "iat"] {
        for value in [json!(null), json!(true), json!("123"), json!(NOW.to_string()), json!([1]), json!({})] {
            for rules in [rules(), with(|rules| rules.require_exp = false)] {
                assert_eq!(
                    verdict(judge(&claims_with(claim, value.clone()), rules)),
                    claim_error(claim, Reason::Invalid),
                    "{claim}: {value}"
                );
            }
        }
    }
    for value in [-1, 0] {
        assert_eq!(
            verdict(judge(&claims_with("exp", json!(value)), rules())),
            Some(Error::Expired { claim: "exp" })
        );
    }
    for document in ["[]", "\"x\"", "null", "1", "true"] {
        assert_eq!(
            payload(document.as_bytes()),
            malformed(TokenFault::Payload(Fault::NotObject)),
            "{document}"
        );
    }
}

#[test]
fn pitfall_09_a_configured_check_is_skipped_where_the_claim_is_absent() {
    let configured = [
        ("iss", rules()),
        ("aud", rules()),
        ("sub", with(|rules| rules.subject = Some("ada".into()))),
        ("iat", with(|rules| rules.max_token_age = Some(Duration::from_secs(60)))),
        ("exp", rules()),
    ];
    for (claim, rules) in configured {
        assert_eq!(verdict(judge(&claims_without(claim), rules)), claim_error(claim, Reason::Missing));
    }
    assert_eq!(
        verdict(judge(&claims(), with(|rules| rules.scope = vec!["x".into()]))),
        claim_error("scope", Reason::Missing)
    );
    assert_eq!(
        verdict(judge(&claims(), with(|rules| rules.typ = Some("JWT".into())))),
        claim_error("typ", Reason::Missing)
    );
}

#[test]
fn pitfall_10_exp_at_the_boundary_infinite_or_beyond_a_date() {
    assert_eq!(
        verdict(judge(&claims_with("exp", json!(NOW)), rules())),
        Some(Error::Expired { claim: "exp" })
    );
    let text = claims().to_string();
    for (claim, number) in [("exp", "1e400"), ("nbf", "-1e400")] {
        let infinite = text.replace("\"sub\":\"ada\"", &format!("\"{claim}x\":{number}"));
        assert_eq!(payload(infinite.as_bytes()), malformed(TokenFault::Payload(Fault::Number)));
    }
    for (claim, value) in [("exp", 1e20), ("nbf", -1e20), ("iat", 8.65e12)] {
        assert_eq!(
            verdict(judge(&claims_with(claim, json!(value)), rules())),
            claim_error(claim, Reason::Invalid),
            "{value}"
        );
    }
}

#[test]
fn pitfall_11_twins_of_a_token() {
    let token = token(ES256, &claims());
    let last = token.chars().next_back().unwrap();
    let stray = char::from(u8::try_from(u32::from(last)).unwrap() + 1);
    let segments: Vec<&str> = token.split('.').collect();
    let [head, body, signature] = segments[..] else { panic!("three segments") };
    let twins = [
        format!("{token}="),
        format!("{token}=="),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{head}=.{body}.{signature}"),
        format!("{head}.{body}==.{signature}"),
        format!("{head}.{body}.{}\n{}", &signature[..40], &signature[40..]),
        format!("{head}.{body}.{}{stray}", &signature[..signature.len() - 1]),
        format!("{head}.{body}.{}", signature.replace('-', "+").replace('_', "/")),
    ];
    for twin in twins.iter().filter(|twin| **twin != token) {
        let error = verdict(verify(twin, key(ES256), rules()));
        assert_eq!(error, malformed(TokenFault::Base64url), "{twin}");
    }
    assert!(verify(&token, key(ES256), rules()).is_ok());
}

#[test]
fn pitfall_12_more_segments_or_another_serialization() {
    let token = token(ES256, &claims());
    for extra in [format!("{token}."), format!("{token}.x"), format!(".{token}"), format!("{token}...")] {
        let verdict = verdict(verify(&extra, key(ES256), rules()));
        assert_eq!(verdict, malformed(TokenFault::Segments), "{extra}");
    }
    let parts: Vec<&str> = token.split('.').collect();
    let flattened = json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] }).to_string();
    assert_eq!(verdict(verify(&flattened, key(ES256), rules())), malformed(TokenFault::Segments));
}

#[test]
fn pitfall_13_duplicate_members() {
    let twice = Fault::Duplicate;
    for text in [
        r#"{"alg":"none","alg":"ES256"}"#,
        r#"{"alg":"ES256","a\u006cg":"ES256"}"#,
        r#"{"alg":"ES256","x":{"a":1,"a":1}}"#,
    ] {
        assert_eq!(header(text.as_bytes()), malformed(TokenFault::Header(twice)), "{text}");
    }
    let claims = claims().to_string();
    for member in [r#""sub":"eve""#, r#""s\u0075b":"eve""#, r#""x":[{"y":1,"y":2}]"#] {
        let text = claims.replacen('{', &format!("{{{member},"), 1);
        assert_eq!(payload(text.as_bytes()), malformed(TokenFault::Payload(twice)), "{text}");
    }
}

#[test]
fn pitfall_14_bad_utf_8_byte_order_marks_and_lone_surrogates() {
    let text = claims().to_string().into_bytes();
    let invalid = [&text[..text.len() - 1], b",\"x\":\"\xff\"}"].concat();
    assert_eq!(payload(&invalid), malformed(TokenFault::Payload(Fault::Utf8)));
    assert_eq!(
        payload(&[b"\xef\xbb\xbf", &text[..]].concat()),
        malformed(TokenFault::Payload(Fault::Syntax))
    );
    let lone = [&text[..text.len() - 1], br#","x":"\ud800"}"#].concat();
    assert_eq!(payload(&lone), malformed(TokenFault::Payload(Fault::Surrogate)));
}

#[test]
fn pitfall_15_prototype_poisoning() {
    // What JavaScript makes of it is in tests/js/suite/pitfalls.mjs; here they are names like others.
    let mut poisoned = claims();
    for name in ["__proto__", "constructor", "prototype"] {
        poisoned[name] = json!({ "admin": true, "exp": NOW + 999 });
    }
    let verified = judge(&poisoned, rules()).unwrap();
    assert!(verified.claims().get("admin").is_none());
    let mut proto_only = json!({ "__proto__": claims() });
    proto_only["iss"] = json!(ISSUER);
    assert_eq!(verdict(judge(&proto_only, rules())), claim_error("aud", Reason::Missing));
}

#[test]
fn pitfall_16_keys_that_the_token_brings() {
    let attacker = jwk(Algorithm::EdDsa);
    for (name, value) in [
        ("jwk", attacker),
        ("jku", json!("https://evil.test")),
        ("x5u", json!("https://evil.test")),
        ("x5c", json!(["AA=="])),
    ] {
        let forged =
            sign_json(Algorithm::EdDsa, &json!({ "alg": "EdDSA", "kid": "k", name: value }), &claims());
        let stranger = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        assert_eq!(
            verdict(verify(&forged, key_set(&[stranger]), rules())),
            Some(Error::SignatureInvalid),
            "{name}"
        );
        assert_eq!(
            verdict(verify(&forged, key_set(&[]), rules())),
            Some(Error::NoMatchingKey { kid: Some("k".into()) }),
            "{name}"
        );
    }
}

#[test]
fn pitfall_17_keys_of_one_issuer_serve_another() {
    let pair = |issuer: &str, kid: &str| {
        let set = key_set(&[named_jwk(ES256, kid)]);
        (with(|rules| rules.issuer = Accept::only(issuer)), Keys::from(set))
    };
    // Were keys looked up by issuer and kid run together, these two would be one.
    let verifier = Verifier::with_issuers(vec![pair("a", "b:c"), pair("a:b", "c")]).unwrap();
    let verdict = |issuer: &str, kid: &str| {
        let token =
            sign_json(ES256, &json!({ "alg": "ES256", "kid": kid }), &claims_with("iss", issuer.into()));
        verifier.verify(&token, now()).err()
    };
    assert_eq!(verdict("a", "b:c"), None);
    assert_eq!(verdict("a:b", "c"), None);
    assert_eq!(verdict("a", "c"), Some(Error::NoMatchingKey { kid: Some("c".into()) }));
    assert_eq!(verdict("a:b", "b:c"), Some(Error::NoMatchingKey { kid: Some("b:c".into()) }));
    assert_eq!(verdict("b", "c"), claim_error("iss", Reason::Mismatch));
}

#[test]
fn pitfall_18_a_remembered_result_outlives_its_token() {
    let verifier = Verifier::new(rules(), key(ES256)).unwrap().with_cache(CacheLimits::default()).unwrap();
    let good = token(ES256, &claims());
    // The second time the cache answers.
    assert!(verifier.verify(&good, now()).is_ok());
    assert!(verifier.verify(&good, now()).is_ok());
    // The same token later; the same header over other claims; and a signature that belongs to another token.
    assert_eq!(verifier.verify(&good, crate::support::at(60.0)).err(), Some(Error::Expired { claim: "exp" }));
    assert_eq!(
        verifier.verify(&token(ES256, &claims_with("aud", json!("x"))), now()).err(),
        claim_error("aud", Reason::Mismatch)
    );
    let (input, _) = good.rsplit_once('.').unwrap();
    let (_, signature) = good.rsplit_once('.').unwrap();
    let other = assemble(br#"{"alg":"ES256"}"#, claims_with("sub", json!("eve")).to_string().as_bytes(), b"");
    assert_eq!(verifier.verify(&format!("{other}{signature}"), now()).err(), Some(Error::SignatureInvalid));
    assert_eq!(verifier.verify(&format!("{input}."), now()).err(), Some(Error::SignatureInvalid));
    let critical = sign_json(ES256, &json!({ "alg": "ES256", "crit": ["x"] }), &claims());
    assert_eq!(verifier.verify(&critical, now()).err(), Some(Error::NotSupported { parameter: "crit" }));
}

fn answer(body: &str) -> Response<'_> {
    Response {
        status: 200,
        content_type: Some("application/json"),
        body: body.as_bytes(),
        ..Response::default()
    }
}

fn remote_with(jwks: &Value, at: u64) -> Remote {
    let mut remote =
        Remote::new(Source::Url("https://issuer.test/jwks".into()), &RemoteOptions::default(), 1).unwrap();
    fetch(&mut remote, jwks, at);
    remote
}

fn fetch(remote: &mut Remote, jwks: &Value, at: u64) {
    let (Need::Fetch(flight) | Need::UseAndFetch(flight)) = remote.need(at, at, None) else {
        panic!("no fetch")
    };
    remote.advance(at, flight, Input::Start);
    remote.advance(at, flight, Input::Got(answer(&jwks.to_string())));
}

const T0: u64 = 1_750_000_000_000;

#[test]
fn pitfall_19_a_removed_key_stays_trusted() {
    let mut remote = remote_with(&json!({ "keys": [named_jwk(ES256, "old")] }), T0);
    let signed = sign_json(ES256, &json!({ "alg": "ES256", "kid": "old" }), &claims());
    let verdict = |remote: &Remote| verify(&signed, remote.keys().unwrap().clone(), rules()).err();
    assert_eq!(verdict(&remote), None);
    // A verification waits for the newer set then: it does not go by the old one while that is on its way.
    let after_max_age = T0 + 600_000;
    assert!(matches!(remote.clone().need(after_max_age, after_max_age, None), Need::Fetch(_)));
    fetch(&mut remote, &json!({ "keys": [named_jwk(RS256, "new")] }), after_max_age);
    assert_eq!(verdict(&remote), Some(Error::NoMatchingKey { kid: Some("old".into()) }));
}

#[test]
fn pitfall_20_a_flood_of_unknown_kids() {
    let mut remote = remote_with(&json!({ "keys": [named_jwk(ES256, "known")] }), T0);
    let mut fetches = 0;
    for request in 0..1000 {
        let at = T0 + 1000 + request * 25;
        match remote.need(at, at, Some(remote.version())) {
            Need::Fetch(flight) => {
                fetches += 1;
                remote.advance(at, flight, Input::Start);
                remote.advance(at, flight, Input::Failed { timeout: false });
            }
            Need::Stand | Need::Fail(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(fetches, 0, "fetches in 26 seconds");
    assert_eq!(remote.keys().unwrap().len(), 1, "a failed fetch takes no key away");
}
