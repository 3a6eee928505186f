//! The result cache: what a hit still judges, what is never kept, what takes an entry away, and how much there can be.

use crate::support::{
    ForHost as _, ISSUER, NOW, at, claims, claims_with, key, key_set, named_jwk, now, rules, sign_json,
    token, verdict,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokenward::jwt::host::{HostEngine, HostKey, header_id};
use tokenward::jwt::{Accept, Algorithm, CacheLimits, Keys, Rules, Verifier};
use tokenward::{Error, Reason};

const ES256: Algorithm = Algorithm::Es256;
const OTHER: &str = "https://other.test";

fn limits(entries: usize, bytes: usize) -> CacheLimits {
    CacheLimits::new(entries, bytes)
}

fn cached(rules: Rules, keys: impl Into<Keys>) -> Verifier {
    Verifier::new(rules, keys).unwrap().with_cache(CacheLimits::default()).unwrap()
}

/// A token of this number: different claims, and so a different signature.
fn numbered(number: usize) -> String {
    token(Algorithm::Hs256, &claims_with("jti", json!(number.to_string())))
}

fn hs256(entries: usize, bytes: usize) -> Verifier {
    Verifier::new(rules(), key(Algorithm::Hs256)).unwrap().with_cache(limits(entries, bytes)).unwrap()
}

/// The token with the first character of its signature exchanged.
fn forged(token: &str) -> String {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{input}.{flipped}{}", &signature[1..])
}

#[test]
fn a_hit_gives_what_the_first_verification_gave() {
    for algorithm in [Algorithm::Hs256, ES256, Algorithm::Rs256, Algorithm::EdDsa] {
        let header = json!({ "alg": algorithm.name(), "kid": "k", "typ": "JWT" });
        let token = sign_json(algorithm, &header, &claims());
        let verifier = cached(rules(), key_set(&[named_jwk(algorithm, "k")]));
        let first = verifier.verify(&token, now()).unwrap();
        assert!(verifier.is_cached(&token));
        let hit = verifier.verify(&token, now()).unwrap();
        assert_eq!(hit.header().json(), first.header().json());
        assert_eq!((hit.kid(), hit.algorithm()), (Some("k"), algorithm));
        assert_eq!(header_id(&hit), header_id(&first));
        assert_eq!(hit.payload(), claims().to_string().into_bytes());
    }
}

#[cfg(not(feature = "rustcrypto"))]
#[test]
fn a_hit_does_without_the_engine() {
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts how often it is asked about the one signature of RS384 in this file, and leaves every answer to the crate.
    struct Counting;
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    static ABOUT: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    impl tokenward::engine::RsaEngine for Counting {
        fn power(&self, _n: &[u8], _e: u64, signature: &[u8]) -> Option<Vec<u8>> {
            if ABOUT.get().is_some_and(|about| about == signature) {
                ASKED.fetch_add(1, Ordering::Relaxed);
            }
            None
        }
    }
    tokenward::engine::set_rsa_engine(&Counting);

    let verifier = cached(rules(), key(Algorithm::Rs384));
    let good = token(Algorithm::Rs384, &claims());
    let (_, signature) = good.rsplit_once('.').unwrap();
    ABOUT.set(tokenward::base64url::decode(signature.as_bytes()).unwrap()).unwrap();
    verifier.verify(&good, now()).unwrap();
    let before = ASKED.load(Ordering::Relaxed);
    assert_eq!(before, 1, "the first verification asks");
    for _ in 0..8 {
        verifier.verify(&good, now()).unwrap();
    }
    assert_eq!(ASKED.load(Ordering::Relaxed), before);
}

#[test]
fn nothing_is_kept_unless_asked_for() {
    let verifier = Verifier::new(rules(), key(ES256)).unwrap();
    let token = token(ES256, &claims());
    verifier.verify(&token, now()).unwrap();
    assert!(!verifier.is_cached(&token));
}

#[test]
fn a_hit_is_judged_by_the_clock_again() {
    let verifier = cached(rules(), key(ES256));
    let good = token(ES256, &claims());
    verifier.verify(&good, now()).unwrap();
    assert!(verifier.verify(&good, at(59.0)).is_ok());
    assert_eq!(verifier.verify(&good, at(60.0)).err(), Some(Error::Expired { claim: "exp" }));
    assert!(verifier.verify(&good, at(59.0)).is_ok(), "the clock is the caller's");

    let early = token(ES256, &claims_with("nbf", json!(NOW)));
    verifier.verify(&early, now()).unwrap();
    assert_eq!(verifier.verify(&early, at(-1.0)).err(), Some(Error::NotYetValid));

    let mut brief = rules();
    brief.max_token_age = Some(Duration::from_secs(30));
    let verifier = cached(brief, key(ES256));
    verifier.verify(&good, now()).unwrap();
    assert!(verifier.verify(&good, at(20.0)).is_ok());
    assert_eq!(verifier.verify(&good, at(21.0)).err(), Some(Error::Expired { claim: "iat" }));
    let issued = verifier.verify(&good, at(-11.0)).err();
    assert_eq!(issued, Some(Error::ClaimInvalid { claim: "iat".into(), reason: Reason::Invalid }));
}

#[test]
fn only_the_whole_token_hits() {
    let verifier = cached(rules(), key(Algorithm::Hs256));
    let good = token(Algorithm::Hs256, &claims());
    verifier.verify(&good, now()).unwrap();
    // The end of the signature, which finds the entry, stays; any other character makes it another token.
    for position in 0..good.len() - 16 {
        let mut other = good.clone().into_bytes();
        other[position] = if other[position] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).unwrap();
        assert!(!verifier.is_cached(&other), "position {position}");
        assert!(verifier.verify(&other, now()).is_err(), "position {position}");
    }
    assert!(!verifier.is_cached(&good[1..]));
    assert!(!verifier.is_cached(&format!("A{good}")));
    assert!(verifier.is_cached(&good));
}

/// Two of the last bytes exchanged so that the hash stays, which is made to be quick and not to be hard to meet.
fn colliding(token: &str) -> Vec<u8> {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let (start, tail) = token.as_bytes().split_last_chunk::<16>().unwrap();
    let tail = u128::from_le_bytes(*tail);
    let (low, high) = (tail as u64 ^ token.len() as u64, (tail >> 64) as u64);
    let other = low ^ (1 << 56);
    let high = high ^ low.wrapping_mul(FACTOR) ^ other.wrapping_mul(FACTOR);
    let low = other ^ token.len() as u64;
    [start, &low.to_le_bytes(), &high.to_le_bytes()].concat()
}

#[test]
fn a_token_that_meets_the_hash_of_another_is_not_taken_for_it() {
    let verifier = cached(rules(), key(Algorithm::Hs256));
    for length in 0..32 {
        let good = token(Algorithm::Hs256, &claims_with("x", json!("x".repeat(length))));
        verifier.verify(&good, now()).unwrap();
        assert!(
            verifier.attempt(&colliding(&good), Ok(now()), HostEngine::default()).outcome.is_err(),
            "{length}"
        );
    }
}

#[test]
fn what_one_verifier_keeps_serves_no_other() {
    let good = token(ES256, &claims());
    let verifier = cached(rules(), key(ES256));
    verifier.verify(&good, now()).unwrap();
    let mut strict = rules();
    strict.audience = Accept::only("https://elsewhere.test");
    let strict = cached(strict, key(ES256));
    assert!(!strict.is_cached(&good));
    assert!(strict.verify(&good, now()).is_err());
}

#[test]
fn a_refusal_is_kept_for_format_and_signature_and_for_nothing_else() {
    let set = || key_set(&[named_jwk(ES256, "k")]);
    let mut strict = rules();
    strict.required_claims = vec!["nonce".into()];
    let good = sign_json(ES256, &json!({ "alg": "ES256", "kid": "k" }), &claims());
    let cases = [
        (rules(), forged(&good), true),
        (rules(), crate::support::sign_text(ES256, br#"{"alg":"ES256","kid":"k"}"#, b"[]"), true),
        (rules(), sign_json(ES256, &json!({ "alg": "ES256", "kid": "other" }), &claims()), false),
        (rules(), sign_json(ES256, &json!({ "alg": "ES256", "kid": "k", "crit": ["x"] }), &claims()), false),
        (
            rules(),
            sign_json(ES256, &json!({ "alg": "ES256", "kid": "k" }), &claims_with("exp", json!(NOW))),
            false,
        ),
        (
            rules(),
            sign_json(ES256, &json!({ "alg": "ES256", "kid": "k" }), &claims_with("nbf", json!(NOW + 1))),
            false,
        ),
        (
            rules(),
            sign_json(ES256, &json!({ "alg": "ES256", "kid": "k" }), &claims_with("aud", json!("x"))),
            false,
        ),
        (rules(), token(Algorithm::Rs256, &claims()), false),
        (strict, good, false),
    ];
    for (rules, token, kept) in cases {
        let verifier = cached(rules, set());
        let first = verifier.verify(&token, now()).err().unwrap();
        assert_eq!(verifier.is_cached(&token), kept, "{first:?}");
        assert_eq!(verifier.verify(&token, now()).err(), Some(first));
    }
}

#[test]
fn a_token_that_starts_later_is_accepted_then() {
    let verifier = cached(rules(), key(ES256));
    let early = token(ES256, &claims_with("nbf", json!(NOW + 5)));
    assert_eq!(verifier.verify(&early, now()).err(), Some(Error::NotYetValid));
    assert!(verifier.verify(&early, at(5.0)).is_ok());
}

#[test]
fn keys_that_change_take_along_what_was_reached_with_them() {
    let other = |claims: Value| {
        let mut rules = rules();
        rules.issuer = Accept::only(OTHER);
        (
            rules,
            token(ES256, &{
                let mut claims = claims;
                claims["iss"] = json!(OTHER);
                claims
            }),
        )
    };
    let (other_rules, others) = other(claims());
    let good = token(ES256, &claims());
    let issuers = vec![(rules(), Keys::from(key(ES256))), (other_rules, Keys::from(key(ES256)))];
    let mut verifier = Verifier::with_issuers(issuers).unwrap().with_cache(CacheLimits::default()).unwrap();
    let bad = forged(&good);
    for token in [&good, &others] {
        verifier.verify(token, now()).unwrap();
    }
    assert!(verifier.verify(&bad, now()).is_err());
    assert!(verifier.is_cached(&bad));

    verifier.replace_keys(0, key_set(&[])).unwrap();
    assert!(!verifier.is_cached(&good) && !verifier.is_cached(&bad));
    assert!(verifier.is_cached(&others), "the other issuer's keys are the same");
    assert!(matches!(verifier.verify(&good, now()), Err(Error::NoMatchingKey { .. })));
    assert!(matches!(verifier.replace_keys(2, key(ES256)), Err(Error::InvalidArg { .. })));
    assert!(verifier.verify(&others, now()).is_ok());
}

#[test]
fn the_token_used_least_recently_gives_way() {
    let verifier = hs256(4, 1 << 20);
    for number in 0..4 {
        verifier.verify(&numbered(number), now()).unwrap();
    }
    for number in [0, 2] {
        verifier.verify(&numbered(number), now()).unwrap();
    }
    verifier.verify(&numbered(4), now()).unwrap();
    verifier.verify(&numbered(5), now()).unwrap();
    let kept: Vec<_> = (0..6).filter(|&number| verifier.is_cached(&numbered(number))).collect();
    assert_eq!(kept, [0, 2, 4, 5]);
}

/// The cache against the plainest model of one: a list of tokens, the latest last.
#[test]
fn however_it_is_used_it_keeps_the_tokens_used_last() {
    let verifier = hs256(8, 1 << 20);
    let mut model: Vec<usize> = Vec::new();
    let mut random = 7_u64;
    for _ in 0..2_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = (random >> 33) as usize % 14;
        verifier.verify(&numbered(number), now()).unwrap();
        model.retain(|&each| each != number);
        model.push(number);
        if model.len() > 8 {
            model.remove(0);
        }
        // Asking whether it is cached is no use of it.
        for each in 0..14 {
            assert_eq!(verifier.is_cached(&numbered(each)), model.contains(&each), "{model:?}");
        }
    }
}

#[test]
fn its_bytes_have_a_hard_cap_whatever_the_number_of_tokens() {
    let verifier = hs256(1_000_000, 64 * 1024);
    for number in 0..400 {
        verifier.verify(&numbered(number), now()).unwrap();
        assert!(verifier.verify(&forged(&numbered(number)), now()).is_err());
        assert!(verifier.cached_bytes() <= 64 * 1024);
    }
    let kept = (0..400).filter(|&number| verifier.is_cached(&numbered(number))).count();
    assert!((32..200).contains(&kept), "{kept} tokens");
    assert!(verifier.is_cached(&numbered(399)));
    // One token that is long leaves the others alone.
    let long = token(Algorithm::Hs256, &claims_with("x", json!("x".repeat(11_000))));
    verifier.verify(&long, now()).unwrap();
    assert!(!verifier.is_cached(&long) && verifier.is_cached(&numbered(399)));
}

#[test]
fn all_that_is_kept_of_a_token_is_counted() {
    let (accepted, refused) = (hs256(100, 1 << 20), hs256(100, 1 << 20));
    assert_eq!(accepted.cached_bytes(), 0);
    let (good, bad) = (numbered(0), forged(&numbered(0)));
    let verified = accepted.verify(&good, now()).unwrap();
    assert!(refused.verify(&bad, now()).is_err());
    let place = refused.cached_bytes() - bad.len();
    assert!((100..1000).contains(&place), "{place} bytes for its place in the tables");
    let kept = good.len() + verified.header().json().len() + verified.payload().len();
    assert_eq!(accepted.cached_bytes(), kept + place);
    assert!(accepted.verify(&bad, now()).is_err());
    assert_eq!(accepted.cached_bytes(), kept + place + refused.cached_bytes());
}

#[test]
fn a_token_may_take_a_quarter_of_the_room_and_no_more() {
    let token = numbered(0);
    let size = {
        let verifier = hs256(100, 1 << 20);
        verifier.verify(&token, now()).unwrap();
        verifier.cached_bytes()
    };
    // An eighth is for refused tokens, and a quarter of the rest is as much as the token takes, or a byte less.
    let room = |quarter: usize| (1..1 << 20).find(|bytes| (bytes - bytes / 8) / 4 == quarter).unwrap();
    for (bytes, kept) in [(room(size + 1), true), (room(size), true), (room(size - 1), false)] {
        let verifier = hs256(100, bytes);
        verifier.verify(&token, now()).unwrap();
        assert_eq!(verifier.is_cached(&token), kept, "{bytes} bytes");
    }
}

#[test]
fn its_bytes_may_be_used_up() {
    let kept = |bytes: usize| {
        let verifier = hs256(100, bytes);
        (0..5).for_each(|number| drop(verifier.verify(&numbered(number), now()).unwrap()));
        (verifier.cached_bytes(), (0..5).filter(|&number| verifier.is_cached(&numbered(number))).count())
    };
    let (full, all) = kept(1 << 20);
    assert_eq!(all, 5);
    // An eighth is for refused tokens.
    let bytes = (full..).find(|bytes| bytes - bytes / 8 == full).unwrap();
    assert_eq!(kept(bytes), (full, 5));
    assert_eq!(kept(bytes - 2).1, 4);
}

#[test]
fn tokens_that_collide_take_the_place_of_one() {
    let verifier = hs256(100, 1 << 20);
    let good = numbered(0);
    let (input, signature) = good.rsplit_once('.').unwrap();
    // Equally long, with the same end.
    let [first, second] = ["A", "B"].map(|start| format!("{input}.{start}{}", &signature[1..]));
    assert!(verifier.verify(&first, now()).is_err());
    let bytes = verifier.cached_bytes();
    for (token, other) in [(&second, &first), (&first, &second), (&second, &first)] {
        assert!(verifier.verify(token, now()).is_err());
        assert!(verifier.is_cached(token) && !verifier.is_cached(other));
        assert_eq!(verifier.cached_bytes(), bytes);
    }
    // Whatever collides with it, a token that is accepted stays so.
    verifier.verify(&good, now()).unwrap();
    assert!(verifier.verify(&second, now()).is_err() && verifier.verify(&good, now()).is_ok());
}

#[test]
fn a_flood_of_refused_tokens_pushes_out_no_accepted_one() {
    let verifier = hs256(16, 1 << 20);
    for number in 0..16 {
        verifier.verify(&numbered(number), now()).unwrap();
    }
    for number in 0..200 {
        assert!(verifier.verify(&forged(&numbered(number)), now()).is_err());
    }
    assert!((0..16).all(|number| verifier.is_cached(&numbered(number))));
    let refused = (0..200).filter(|&number| verifier.is_cached(&forged(&numbered(number)))).count();
    assert_eq!(refused, 2, "an eighth as many");
}

#[test]
fn limits_of_nothing_are_refused() {
    for (limits, limit) in [(limits(0, 1), "entries"), (limits(1, 0), "bytes")] {
        let verifier = Verifier::new(rules(), key(ES256)).unwrap().with_cache(limits);
        assert!(matches!(verifier, Err(Error::InvalidArg { name, .. }) if &*name == limit));
    }
}

#[test]
fn a_token_whose_key_stays_with_the_host_is_not_kept() {
    let host =
        HostKey { kind: "public", name: "ECDSA", curve: "P-256", verifies: true, ..HostKey::default() };
    let verifier = cached(rules(), host.opaque(7).unwrap());
    let token = token(ES256, &claims());
    let verdict = verdict(7, true);
    let attempt = verifier.attempt(
        token.as_bytes(),
        Ok(now()),
        HostEngine { verdict: Some(verdict), ..HostEngine::default() },
    );
    assert!(attempt.outcome.is_ok());
    assert!(!verifier.is_cached(&token));
}

#[test]
fn an_explanation_is_never_taken_from_it() {
    let verifier = cached(rules(), key(ES256));
    let token = token(ES256, &claims());
    verifier.verify(&token, now()).unwrap();
    let explanation = verifier.explain(&token, at(60.0), Default::default());
    let failed =
        explanation.steps.iter().find(|step| matches!(step.outcome, tokenward::jwt::Outcome::Failed(_)));
    assert_eq!(failed.unwrap().check.name(), "time");
    assert!(explanation.steps.iter().any(|step| step.detail == "it holds"), "the signature was checked");
}

#[test]
fn nothing_of_a_token_is_shown_by_debug() {
    let verifier = cached(rules(), key(ES256));
    let token = token(ES256, &claims());
    verifier.verify(&token, now()).unwrap();
    let shown = format!("{verifier:?}");
    let bytes = format!("{:?}", &token.as_bytes()[..8]);
    assert!(
        !shown.contains(&token) && !shown.contains(bytes.trim_matches(['[', ']'])) && !shown.contains("ada")
    );
    assert!(shown.contains(ISSUER), "the rules are no secret");
}
