//! Forty-one ways in which JWT libraries have failed, each a test named after it. Numbers are those of the survey that
//! collected them; the CVEs are examples.
//!
//! Four of them belong to what is not in the core's hands, or have no counterpart here:
//!
//! - 18, confusion of a result cache: there is no result cache. What is remembered between tokens is a parsed header,
//!   by its exact bytes, and the test holds that to account.
//! - 30, comparison of MACs in variable time: a test cannot time it. HMACs are compared by `hmac`'s `verify`, whose
//!   comparison takes constant time; the test shows that a prefix that is right counts for nothing.
//! - 33, regular expressions: no option takes one, and the type of the options says so.
//! - 40, a resolver that sees an unverified payload: there is no resolver. The header chooses the key, and of the payload
//!   only `iss`, among the issuers that were configured.
#![cfg(all(feature = "jwt", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod common;

use common::{
    ALGORITHMS, AUDIENCE, ISSUER, NOW, SECRET, assemble, claim_error, claims, claims_with, claims_without,
    import, judge, judge_header, jwk, jwk_with, key, key_set, named_jwk, now, rules, rules_for, sign,
    sign_json, sign_text, token, verify,
};
use serde_json::{Value, json};
use tokenward::guard::{Guard, Request, Settings};
use tokenward::jwt::remote::{Input, Need, Remote, RemoteOptions, Response, Source};
use tokenward::jwt::{
    Accept, Algorithm, HostKey, ImportOptions, Keys, Rules, UnverifiedJwt, VerificationKey, Verified,
    Verifier,
};
use tokenward::{Error, JwkFault, Misuse, NumericDate, Reason, TokenFault, Weakness, base64url, json::Fault};

const ES256: Algorithm = Algorithm::Es256;
const HS256: Algorithm = Algorithm::Hs256;
const RS256: Algorithm = Algorithm::Rs256;

fn with(change: impl FnOnce(&mut Rules)) -> Rules {
    let mut rules = rules();
    change(&mut rules);
    rules
}

fn malformed(fault: TokenFault) -> Option<Error> {
    Some(Error::Malformed { fault })
}

fn not_allowed(algorithm: Algorithm) -> Option<Error> {
    Some(Error::AlgorithmNotAllowed { alg: Some(algorithm.name()) })
}

fn verdict(result: Result<Verified, Error>) -> Option<Error> {
    result.err()
}

/// What the default rules say of an ES256 token with this payload.
fn payload(payload: &[u8]) -> Option<Error> {
    verdict(verify(&sign_text(ES256, br#"{"alg":"ES256"}"#, payload), key(ES256), rules()))
}

/// What the default rules say of an ES256 token with this header.
fn header(header: &[u8]) -> Option<Error> {
    let claims = claims().to_string();
    verdict(verify(&sign_text(ES256, header, claims.as_bytes()), key(ES256), rules()))
}

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
    let pem = include_str!("vectors/keys/rsa.spki.pem");
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
            ImportOptions { algorithm: Some(HS256), allow_short_secret: true },
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
        ("iat", with(|rules| rules.max_token_age = Some(60.0))),
        ("exp", rules()),
    ];
    for (claim, rules) in configured {
        assert_eq!(verdict(judge(&claims_without(claim), rules)), claim_error(claim, Reason::Missing));
    }
    assert_eq!(
        verdict(judge(&claims(), with(|rules| rules.scopes = vec!["x".into()]))),
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
    let verifier = Verifier::new(rules(), key(ES256)).unwrap();
    let good = token(ES256, &claims());
    assert!(verifier.verify(&good, now()).is_ok());
    // The same token later; the same header over other claims; and a signature that belongs to another token.
    assert_eq!(verifier.verify(&good, common::at(60.0)).err(), Some(Error::Expired { claim: "exp" }));
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
    let after_max_age = T0 + 600_000;
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

#[test]
fn pitfall_21_empty_and_short_secrets() {
    for algorithm in [HS256, Algorithm::Hs384, Algorithm::Hs512] {
        for allow_short_secret in [false, true] {
            let options = ImportOptions { algorithm: Some(algorithm), allow_short_secret };
            assert_eq!(
                VerificationKey::from_secret(b"", options).err(),
                Some(Error::KeyWeak { weakness: Weakness::EmptySecret })
            );
        }
        let short = ImportOptions { algorithm: Some(algorithm), allow_short_secret: false };
        assert_eq!(
            VerificationKey::from_secret(b"short", short).err(),
            Some(Error::KeyWeak { weakness: Weakness::ShortSecret })
        );
    }
}

#[test]
fn pitfall_22_no_signature() {
    for algorithm in ALGORITHMS {
        let token = token(algorithm, &claims());
        let (input, _) = token.rsplit_once('.').unwrap();
        assert_eq!(
            verdict(verify(&format!("{input}."), key(algorithm), rules())),
            Some(Error::SignatureInvalid),
            "{algorithm}"
        );
        assert_eq!(verdict(verify(input, key(algorithm), rules())), malformed(TokenFault::Segments));
    }
}

/// The order of P-256, big endian.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

#[test]
fn pitfall_23_psychic_signatures() {
    let token = token(ES256, &claims());
    let (input, signature) = token.rsplit_once('.').unwrap();
    let good = base64url::decode(signature.as_bytes()).unwrap();
    let (zero, one) = ([0; 32], [&[0; 31][..], &[1]].concat());
    let beyond = |by: u8| {
        let mut n = P256_ORDER;
        n[31] += by;
        n.to_vec()
    };
    let edges = [zero.to_vec(), one, beyond(0), beyond(1), vec![0xff; 32]];
    for r in &edges {
        for s in &edges {
            let forged = format!("{input}.{}", base64url::encode(&[&r[..], s].concat()));
            assert_eq!(verdict(verify(&forged, key(ES256), rules())), Some(Error::SignatureInvalid));
        }
        for forged in [[&r[..], &good[32..]].concat(), [&good[..32], r].concat()] {
            let forged = format!("{input}.{}", base64url::encode(&forged));
            assert_eq!(verdict(verify(&forged, key(ES256), rules())), Some(Error::SignatureInvalid));
        }
    }
}

#[test]
fn pitfall_24_ecdsa_signatures_in_der_or_of_another_length_or_curve() {
    let token = token(ES256, &claims());
    let (input, _) = token.rsplit_once('.').unwrap();
    let signature = {
        use p256::ecdsa::signature::Signer as _;
        let signature: p256::ecdsa::Signature = common::p256_key().sign(input.as_bytes());
        signature
    };
    let raw = signature.to_bytes();
    for wrong in [
        signature.to_der().as_bytes().to_vec(),
        [&raw[..], &[0]].concat(),
        raw[..63].to_vec(),
        [&[0; 16], &raw[..32], &[0; 16], &raw[32..]].concat(),
    ] {
        let forged = format!("{input}.{}", base64url::encode(&wrong));
        assert_eq!(verdict(verify(&forged, key(ES256), rules())), Some(Error::SignatureInvalid));
    }
    let es384 = common::token(Algorithm::Es384, &claims());
    let p256 = import(&jwk(ES256)).unwrap();
    assert_eq!(verdict(verify(&es384, p256, rules_for(Algorithm::Es384))), not_allowed(Algorithm::Es384));
}

#[test]
fn pitfall_25_high_s_is_another_valid_signature() {
    // JOSE asks for no low s (RFC 7518 §3.4), so both hold: a list of tokens seen before must not go by the token's text.
    let token = token(ES256, &claims());
    let (input, signature) = token.rsplit_once('.').unwrap();
    let mut signature = base64url::decode(signature.as_bytes()).unwrap();
    let mut borrow = false;
    for at in (0..32).rev() {
        let (low, under) = P256_ORDER[at].overflowing_sub(signature[32 + at]);
        let (low, again) = low.overflowing_sub(u8::from(borrow));
        (signature[32 + at], borrow) = (low, under || again);
    }
    let twin = format!("{input}.{}", base64url::encode(&signature));
    assert_ne!(twin, token);
    assert_eq!(verdict(verify(&twin, key(ES256), rules())), None);
}

#[test]
fn pitfall_26_ed25519_points_of_small_order() {
    let identity = [&[1][..], &[0; 31]].concat();
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url::encode(&identity) });
    assert_eq!(import(&jwk).err(), Some(Error::KeyWeak { weakness: Weakness::SmallOrder }));
    // For a good key, a signature whose R has small order does not hold either.
    let input = [json!({ "alg": "EdDSA" }).to_string(), claims().to_string()]
        .map(|text| base64url::encode(text.as_bytes()))
        .join(".");
    let forged = format!("{input}.{}", base64url::encode(&[&identity[..], &[0; 32]].concat()));
    assert_eq!(verdict(verify(&forged, key(Algorithm::EdDsa), rules())), Some(Error::SignatureInvalid));
}

#[test]
fn pitfall_27_weak_rsa_keys() {
    let n = base64url::decode(common::N.as_bytes()).unwrap();
    let weakness = |n: &[u8], e: &[u8]| match import(
        &json!({ "kty": "RSA", "n": base64url::encode(n), "e": base64url::encode(e) }),
    ) {
        Err(Error::KeyWeak { weakness }) => Some(weakness),
        other => panic!("{other:?}"),
    };
    for e in [&[1][..], &[2], &[1, 0, 0], &[0], &[1; 9]] {
        assert_eq!(weakness(&n, e), Some(Weakness::RsaExponent), "{e:?}");
    }
    for length in [64, 128, 255, 1025, 2048] {
        assert_eq!(weakness(&vec![0xff; length], &[1, 0, 1]), Some(Weakness::RsaSize), "{length} bytes");
    }
    let even = [&n[..255], &[n[255] & 0xfe]].concat();
    assert_eq!(weakness(&even, &[1, 0, 1]), Some(Weakness::RsaModulus));
    assert_eq!(weakness(&common::roca_modulus(), &[1, 0, 1]), Some(Weakness::Roca));
}

#[test]
fn pitfall_28_lenient_pkcs1_padding() {
    // Rubbish behind a short padding, and some two hundred other ways: Wycheproof's 46 to 258, in tests/vectors.rs.
    use sha2::Digest as _;
    let input = [json!({ "alg": "RS256" }).to_string(), claims().to_string()]
        .map(|text| base64url::encode(text.as_bytes()))
        .join(".");
    let digest = sha2::Sha256::digest(input.as_bytes());
    let verdict = |prefix: &[u8]| {
        let scheme = rsa::Pkcs1v15Sign { hash_len: None, prefix: prefix.into() };
        let signature = common::rsa_key().sign(scheme, &digest).unwrap();
        verify(&format!("{input}.{}", base64url::encode(&signature)), key(RS256), rules()).err()
    };
    let info = [
        0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
        0x04, 0x20,
    ];
    let without_null = [
        0x30, 0x2f, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x04, 0x20,
    ];
    let mut other_hash = info;
    other_hash[14] = 0x02;
    assert_eq!(verdict(&info), None);
    for prefix in [&without_null[..], &other_hash, &[], &[&info[..], &[0]].concat()] {
        assert_eq!(verdict(prefix), Some(Error::SignatureInvalid), "{prefix:x?}");
    }
}

#[test]
fn pitfall_29_pss_salts_of_another_length() {
    use sha2::Digest as _;
    let input = [json!({ "alg": "PS256" }).to_string(), claims().to_string()]
        .map(|text| base64url::encode(text.as_bytes()))
        .join(".");
    let digest = sha2::Sha256::digest(input.as_bytes());
    let verdict = |salt| {
        let signature =
            common::rsa_key().sign(rsa::Pss::<sha2::Sha256>::new_with_salt(salt), &digest).unwrap();
        verify(&format!("{input}.{}", base64url::encode(&signature)), key(Algorithm::Ps256), rules()).err()
    };
    assert_eq!(verdict(32), None);
    for salt in [0, 20, 31, 33, 64] {
        assert_eq!(verdict(salt), Some(Error::SignatureInvalid), "{salt}");
    }
}

#[test]
fn pitfall_30_a_mac_that_is_right_in_part() {
    let token = token(HS256, &claims());
    let (input, signature) = token.rsplit_once('.').unwrap();
    let mac = base64url::decode(signature.as_bytes()).unwrap();
    for length in (0..mac.len()).chain(33..35) {
        let part: Vec<u8> = mac.iter().copied().chain([0, 0, 0]).take(length).collect();
        let forged = format!("{input}.{}", base64url::encode(&part));
        assert_eq!(
            verdict(verify(&forged, key(HS256), rules())),
            Some(Error::SignatureInvalid),
            "{length} bytes"
        );
    }
}

#[test]
fn pitfall_31_oversized_tokens_deep_json_and_many_dots() {
    let big = token(ES256, &claims_with("x", json!("x".repeat(1 << 20))));
    assert_eq!(verdict(verify(&big, key(ES256), rules())), malformed(TokenFault::TooLong));
    assert_eq!(verdict(verify(&".".repeat(1 << 20), key(ES256), rules())), malformed(TokenFault::TooLong));
    assert_eq!(verdict(verify(&".".repeat(16_000), key(ES256), rules())), malformed(TokenFault::Segments));
    let deep = format!("{{\"x\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(payload(deep.as_bytes()), malformed(TokenFault::Payload(Fault::Depth)));
}

#[test]
fn pitfall_32_encrypted_tokens() {
    let zip = base64url::encode(
        br#"{"alg":"PBES2-HS256+A128KW","enc":"A128CBC-HS256","p2c":2147483647,"zip":"DEF"}"#,
    );
    for token in [format!("{zip}.AAAA.AAAA.AAAA.AAAA"), format!("{zip}....")] {
        assert_eq!(verdict(verify(&token, key(ES256), rules())), Some(Error::JweNotSupported));
        assert_eq!(UnverifiedJwt::parse(&token).err(), Some(Error::JweNotSupported));
    }
}

#[test]
fn pitfall_33_no_rule_is_a_pattern() {
    // A text that would match as a pattern is a text.
    for pattern in ["https://.*", "^https://issuer.test$", "https://issuer?test", "*"] {
        let patterned =
            with(|rules| (rules.issuer, rules.audience) = (Accept::only(pattern), Accept::only(pattern)));
        assert_eq!(verdict(judge(&claims(), patterned)), claim_error("iss", Reason::Mismatch), "{pattern}");
    }
}

#[test]
fn pitfall_34_kid_injection() {
    for kid in
        ["__proto__", "constructor", "../../etc/passwd", "' OR 1=1 --", "https://evil.test/jwks", "k\0", ""]
    {
        let signed = sign_json(ES256, &json!({ "alg": "ES256", "kid": kid }), &claims());
        assert_eq!(
            verdict(verify(&signed, key_set(&[named_jwk(ES256, "k")]), rules())),
            Some(Error::NoMatchingKey { kid: Some(kid.into()) })
        );
    }
    for kid in [json!(1), json!(null), json!(["k"]), json!({}), json!("k".repeat(1025))] {
        assert_eq!(
            verdict(judge_header(&json!({ "alg": "ES256", "kid": kid }))),
            malformed(TokenFault::HeaderParameter("kid"))
        );
    }
}

#[test]
fn pitfall_35_options_that_are_not_finite_switch_checks_off() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e9] {
        assert!(
            matches!(
                Verifier::new(with(|rules| rules.clock_tolerance = number), key(ES256)),
                Err(Error::InvalidArg { .. })
            ),
            "{number}"
        );
        if number != 1e9 {
            assert!(
                matches!(
                    Verifier::new(with(|rules| rules.max_token_age = Some(number)), key(ES256)),
                    Err(Error::InvalidArg { .. })
                ),
                "{number}"
            );
            if number != -1.0 {
                assert_eq!(NumericDate::new(number), None)
            }
        }
    }
}

#[test]
fn pitfall_36_empty_options_switch_checks_off() {
    let empty: [&dyn Fn(&mut Rules); 7] = [
        &|rules| rules.issuer = Accept::only(""),
        &|rules| rules.issuer = Accept::OneOf(vec![]),
        &|rules| rules.audience = Accept::only(""),
        &|rules| rules.audience = Accept::OneOf(vec![]),
        &|rules| rules.algorithms = Some(vec![]),
        &|rules| rules.subject = Some(String::new()),
        &|rules| rules.typ = Some(String::new()),
    ];
    for change in empty {
        assert!(matches!(Verifier::new(with(change), key(ES256)), Err(Error::InvalidArg { .. })));
    }
}

#[test]
fn pitfall_37_a_clock_that_reads_zero() {
    for seconds in [0.0, f64::NAN, -1.0, 1_000_000_000.0] {
        assert_eq!(NumericDate::from_host_clock(seconds), Err(Error::ClockUnavailable));
    }
    for year_end in [2_208_988_800.0, 4_323_196_800.0] {
        let now = NumericDate::from_host_clock(year_end).unwrap();
        let verifier = Verifier::new(rules(), key(ES256)).unwrap();
        assert_eq!(
            verifier.verify(&token(ES256, &claims()), now).err(),
            Some(Error::Expired { claim: "exp" })
        );
        assert!(verifier.verify(&token(ES256, &claims_with("exp", json!(year_end + 1.0))), now).is_ok());
    }
}

#[test]
fn pitfall_38_claims_are_judged_before_the_signature() {
    for bad in
        [claims_with("exp", json!(0)), claims_with("iss", json!("evil")), claims_without("aud"), json!([])]
    {
        let signed = token(ES256, &bad);
        let (input, _) = signed.rsplit_once('.').unwrap();
        let forged = format!("{input}.{}", base64url::encode(&[1; 64]));
        assert_eq!(verdict(verify(&forged, key(ES256), rules())), Some(Error::SignatureInvalid), "{bad}");
    }
}

#[test]
fn pitfall_39_another_scheme_than_bearer() {
    let guard = Guard::new(Settings::default()).unwrap();
    let token = token(ES256, &claims());
    let taken = |authorization: &str| {
        let request = Request {
            method: "GET",
            url: "https://api.test/",
            authorization: Some(authorization),
            ..Request::default()
        };
        guard.credentials(&request).map(String::from).ok()
    };
    assert_eq!(taken(&format!("Bearer {token}")), Some(token.clone()));
    assert_eq!(taken(&format!("bEARER {token}")), Some(token.clone()));
    for scheme in
        ["Basic ", "Digest ", "Token ", "Bearer", "Bearer\t", "xBearer ", "Bearer, ", "Basic x, Bearer ", ""]
    {
        assert_eq!(taken(&format!("{scheme}{token}")), None, "{scheme:?}");
    }
    for junk in ["Bearer a b", "Bearer {\"alg\":\"none\"}", "Bearer a,b", "Bearer é"] {
        assert_eq!(taken(junk), None, "{junk}");
    }
}

#[test]
fn pitfall_40_the_payload_chooses_the_key() {
    // Claims that name a key, an algorithm or a set change nothing.
    let mut tempting = claims();
    for (name, value) in [
        ("kid", json!("other")),
        ("alg", json!("HS256")),
        ("jku", json!("https://evil.test")),
        ("keys", json!([])),
    ] {
        tempting[name] = value;
    }
    let signed = sign_json(ES256, &json!({ "alg": "ES256", "kid": "k" }), &tempting);
    let set = key_set(&[named_jwk(ES256, "k"), named_jwk(RS256, "other")]);
    assert_eq!(verify(&signed, set, rules()).unwrap().kid(), Some("k"));
}

#[test]
fn pitfall_41_the_token_in_an_error() {
    let canary = "canary0canary0canary0";
    let mut loud = claims_with("jti", json!(canary));
    loud["canary0claim"] = json!(canary);
    let signed = sign_json(ES256, &json!({ "alg": "ES256", "x": canary }), &loud);
    let errors = [
        verify(&signed, key(RS256), rules()).err(),
        verify(&signed, key(ES256), with(|rules| rules.audience = Accept::only("x"))).err(),
        verify(&format!("{signed}x"), key(ES256), rules()).err(),
        verify(&format!("{signed}.{signed}"), key(ES256), rules()).err(),
        verify(&signed, key_set(&[]), rules()).err(),
        VerificationKey::from_secret(&SECRET[..10], ImportOptions::default()).err(),
        VerificationKey::from_pem(canary, ImportOptions::default()).err(),
        import(&jwk_with(ES256, "x", canary.into())).err(),
    ];
    for error in errors {
        let text = format!("{0} {0:?}", error.unwrap());
        for secret in
            ["canary0", AUDIENCE, &signed[..20], &base64url::encode(canary.as_bytes())[4..], "a secret of"]
        {
            assert!(!text.contains(secret), "{text}");
        }
    }
    let fault = Error::JwkInvalid { fault: JwkFault::Member("x") };
    assert_eq!(import(&jwk_with(ES256, "x", canary.into())).err(), Some(fault));
}
