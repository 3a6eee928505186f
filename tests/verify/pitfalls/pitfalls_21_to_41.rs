//! Keys, engines, limits, options, the clock, and what errors say.

use super::{ES256, HS256, RS256, malformed, not_allowed, payload, verdict, with};
use crate::support::{
    ALGORITHMS, AUDIENCE, SECRET, claim_error, claims, claims_with, claims_without, import, judge_header,
    jwk, jwk_with, key, key_set, named_jwk, rules, rules_for, sign_json, token, verify,
};
use serde_json::json;
use std::time::Duration;
use tokenward::guard::{Guard, Request, Settings};
use tokenward::jwt::{
    Accept, Algorithm, ClaimValue, ImportOptions, Rules, UnverifiedJwt, VerificationKey, Verifier,
};
use tokenward::{Error, JwkFault, NumericDate, Reason, TokenFault, Weakness, base64url, json::Fault};

#[test]
fn pitfall_21_empty_and_short_secrets() {
    for algorithm in [HS256, Algorithm::Hs384, Algorithm::Hs512] {
        for allow_short_secret in [false, true] {
            let mut options = ImportOptions::for_algorithm(algorithm);
            options.allow_short_secret = allow_short_secret;
            assert_eq!(
                VerificationKey::from_secret(b"", options).err(),
                Some(Error::KeyWeak { weakness: Weakness::EmptySecret })
            );
        }
        let short = ImportOptions::for_algorithm(algorithm);
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
        let signature: p256::ecdsa::Signature = crate::support::p256_key().sign(input.as_bytes());
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
    let es384 = crate::support::token(Algorithm::Es384, &claims());
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
    let n = base64url::decode(crate::support::N.as_bytes()).unwrap();
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
    assert_eq!(weakness(&crate::support::roca_modulus(), &[1, 0, 1]), Some(Weakness::Roca));
}

#[test]
fn pitfall_28_lenient_pkcs1_padding() {
    // Rubbish behind a short padding, and some two hundred other ways: Wycheproof's 46 to 258, in tests/engine/vectors.rs.
    use sha2::Digest as _;
    let input = [json!({ "alg": "RS256" }).to_string(), claims().to_string()]
        .map(|text| base64url::encode(text.as_bytes()))
        .join(".");
    let digest = sha2::Sha256::digest(input.as_bytes());
    let verdict = |prefix: &[u8]| {
        let scheme = rsa::Pkcs1v15Sign { hash_len: None, prefix: prefix.into() };
        let signature = crate::support::rsa_key().sign(scheme, &digest).unwrap();
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
            crate::support::rsa_key().sign(rsa::Pss::<sha2::Sha256>::new_with_salt(salt), &digest).unwrap();
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
    // A text that would match as a pattern is a text, wherever a rule has one.
    let mut full = claims_with("scope", json!("read"));
    full["nonce"] = json!("n-0S6");
    let signed = sign_json(ES256, &json!({ "alg": "ES256", "typ": "at+jwt" }), &full);
    for pattern in [".*", "*", "^.*$", "https://.*", "https://issuer.test/?", "^https://issuer.test$", "?*"] {
        let pattern = || String::from(pattern);
        let patterned = [
            ("iss", with(|rules| rules.issuer = Accept::only(&pattern()))),
            ("aud", with(|rules| rules.audience = Accept::only(&pattern()))),
            ("sub", with(|rules| rules.subject = Some(pattern()))),
            ("typ", with(|rules| rules.typ = Some(pattern()))),
            ("scope", with(|rules| rules.scope = vec![pattern()])),
            ("nonce", with(|rules| rules.claims = vec![("nonce".into(), ClaimValue::String(pattern()))])),
        ];
        for (claim, rules) in patterned {
            let verdict = verdict(verify(&signed, key(ES256), rules));
            assert_eq!(verdict, claim_error(claim, Reason::Mismatch), "{}", pattern());
        }
    }
    assert_eq!(verdict(verify(&signed, key(ES256), rules())), None);
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
    // A time span in Rust is finite and not negative. JavaScript's are checked where they are read.
    let endless = Verifier::new(with(|rules| rules.clock_tolerance = Duration::MAX), key(ES256));
    assert!(matches!(endless, Err(Error::InvalidArg { .. })));
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(NumericDate::new(number), None, "{number}");
        let claims = vec![("x".to_string(), ClaimValue::Number(number))];
        let odd = Verifier::new(with(|rules| rules.claims = claims), key(ES256));
        assert!(matches!(odd, Err(Error::InvalidArg { .. })), "{number}");
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
