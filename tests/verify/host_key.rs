//! Keys that Web Crypto holds: what they say about themselves binds them, whether the host keeps them or exports them, and
//! what counts of what the host says about a signature.

use crate::support::{
    self, ALGORITHMS, ForHost as _, at, claims, import, jwk, jwk_with, key, now, rules, rules_with, tampered,
    token, verify,
};
use serde_json::{Value, json};
use tokenward::jwt::host::{HostEngine, HostKey, HostKeyId, HostVerdict, Progress};
use tokenward::jwt::{Algorithm, Verifier};
use tokenward::{Error, Misuse, Weakness};

const ES256: Algorithm = Algorithm::Es256;
const RS256: Algorithm = Algorithm::Rs256;
const HS256: Algorithm = Algorithm::Hs256;

fn unusable(misuse: Misuse) -> Option<Error> {
    Some(Error::KeyUnusable { misuse })
}

fn weak(weakness: Weakness) -> Option<Error> {
    Some(Error::KeyWeak { weakness })
}

/// What Web Crypto has: everything but secp256k1.
fn hosted() -> impl Iterator<Item = Algorithm> {
    ALGORITHMS.into_iter().filter(|&algorithm| algorithm != Algorithm::Es256k)
}

/// What `crypto.subtle` would say of a key for this algorithm.
fn host_key(algorithm: Algorithm) -> HostKey<'static> {
    let hash = match algorithm.name().trim_start_matches(|c: char| !c.is_ascii_digit()) {
        "384" => "SHA-384",
        "512" => "SHA-512",
        _ => "SHA-256",
    };
    let (kind, name, curve, bits) = match &algorithm.name()[..2] {
        "HS" => ("secret", "HMAC", "", 512),
        "RS" => ("public", "RSASSA-PKCS1-v1_5", "", 2048),
        "PS" => ("public", "RSA-PSS", "", 2048),
        "ES" => (
            "public",
            "ECDSA",
            match algorithm.name() {
                "ES256" => "P-256",
                "ES384" => "P-384",
                _ => "P-521",
            },
            0,
        ),
        "ML" => ("public", algorithm.name(), "", 0),
        _ => ("public", "Ed25519", "", 0),
    };
    HostKey { kind, name, hash, curve, bits, exponent: &[1, 0, 1], verifies: true, allow_short_secret: false }
}

#[test]
fn a_key_that_the_host_keeps_serves_the_algorithm_it_was_made_for_and_no_other() {
    for algorithm in hosted() {
        let key = host_key(algorithm).opaque(1).unwrap();
        assert!(key.algorithms().contains(&algorithm), "{algorithm}");
        assert_eq!(key.is_secret(), algorithm.name().starts_with("HS"));
        for signed in ALGORITHMS {
            let verdict = verify(&token(signed, &claims()), key.clone(), rules()).err();
            if key.algorithms().contains(&signed) {
                // The key fits, and only the host can use it.
                assert_eq!(verdict, unusable(Misuse::Engine), "{signed} with {algorithm}");
            } else {
                assert_eq!(
                    verdict,
                    Some(Error::AlgorithmNotAllowed { alg: Some(signed.name()) }),
                    "{signed} with {algorithm}"
                );
            }
        }
    }
}

#[test]
fn a_key_that_the_host_exports_stays_bound_to_what_it_was_made_for() {
    for algorithm in hosted() {
        let exported = host_key(algorithm).exported(jwk(algorithm).to_string().as_bytes()).unwrap();
        assert!(verify(&token(algorithm, &claims()), exported.clone(), rules()).is_ok(), "{algorithm}");
        assert_eq!(exported.algorithms(), host_key(algorithm).opaque(1).unwrap().algorithms());
    }
    let mismatched = host_key(ES256).exported(jwk(RS256).to_string().as_bytes()).err();
    assert_eq!(mismatched, unusable(Misuse::Algorithm));
}

#[test]
fn a_host_key_of_the_wrong_kind_usage_or_strength_is_refused() {
    let refused = |change: &dyn Fn(&mut HostKey<'static>), algorithm| {
        let mut key = host_key(algorithm);
        change(&mut key);
        key.opaque(1).err()
    };
    assert_eq!(refused(&|key| key.verifies = false, ES256), unusable(Misuse::KeyOps));
    assert_eq!(refused(&|key| key.kind = "private", ES256), unusable(Misuse::Private));
    assert_eq!(refused(&|key| key.kind = "", ES256), unusable(Misuse::Kind));
    assert_eq!(refused(&|key| key.kind = "secret", ES256), unusable(Misuse::Type));
    assert_eq!(refused(&|key| key.name = "ECDH", ES256), unusable(Misuse::Type));
    for curve in ["P-192", "secp256k1", "K-256", "P-256K", ""] {
        assert_eq!(refused(&|key| key.curve = curve, ES256), unusable(Misuse::Type));
    }
    assert_eq!(refused(&|key| key.hash = "SHA-1", RS256), unusable(Misuse::Type));
    assert_eq!(refused(&|key| key.bits = 1024, RS256), weak(Weakness::RsaSize));
    assert_eq!(refused(&|key| key.bits = 16_384, RS256), weak(Weakness::RsaSize));
    for exponent in [&[][..], &[1], &[0, 1], &[2], &[1; 9]] {
        assert_eq!(
            refused(&|key| key.exponent = exponent, RS256),
            weak(Weakness::RsaExponent),
            "{exponent:?}"
        );
    }
    assert_eq!(refused(&|key| key.bits = 248, HS256), weak(Weakness::ShortSecret));
    assert_eq!(refused(&|key| key.bits = 504, Algorithm::Hs512), weak(Weakness::ShortSecret));
    assert_eq!(refused(&|key| key.bits = 0, HS256), weak(Weakness::EmptySecret));
}

#[test]
fn a_host_key_is_as_strong_as_it_must_be_and_need_not_be_stronger() {
    let judged = |change: &dyn Fn(&mut HostKey<'static>), algorithm| {
        let mut key = host_key(algorithm);
        change(&mut key);
        key.opaque(1).err()
    };
    for (algorithm, bits) in [(HS256, 256), (Algorithm::Hs384, 384), (Algorithm::Hs512, 512)] {
        assert_eq!(judged(&|key| key.bits = bits, algorithm), None);
        assert_eq!(judged(&|key| key.bits = bits - 1, algorithm), weak(Weakness::ShortSecret), "{algorithm}");
        assert_eq!(judged(&|key| key.bits = 1, algorithm), weak(Weakness::ShortSecret), "{algorithm}");
        assert_eq!(judged(&|key| key.bits = 0, algorithm), weak(Weakness::EmptySecret), "{algorithm}");
        let allowed = |bits| judged(&|key| (key.bits, key.allow_short_secret) = (bits, true), algorithm);
        assert_eq!((allowed(8), allowed(0)), (None, weak(Weakness::EmptySecret)), "{algorithm}");
        let mut exported = host_key(algorithm);
        let short = br#"{"kty":"oct","k":"c2hvcnQ"}"#;
        assert_eq!(exported.exported(short).err(), weak(Weakness::ShortSecret), "{algorithm}");
        exported.allow_short_secret = true;
        assert_eq!(exported.exported(short).unwrap().algorithms(), [algorithm]);
    }
    for algorithm in [RS256, Algorithm::Ps512] {
        for bits in [2047, 8193] {
            assert_eq!(judged(&|key| key.bits = bits, algorithm), weak(Weakness::RsaSize), "{bits} bits");
        }
        assert_eq!(judged(&|key| key.bits = 8192, algorithm), None);
        for exponent in [&[3][..], &[0, 1, 0, 1], &[0xff; 8], &[0, 0, 1, 0, 0, 0, 0, 0, 0, 1]] {
            assert_eq!(judged(&|key| key.exponent = exponent, algorithm), None, "{exponent:?}");
        }
        for exponent in [&[0][..], &[0, 0, 1], &[1, 0], &[3; 10]] {
            let refused = weak(Weakness::RsaExponent);
            assert_eq!(judged(&|key| key.exponent = exponent, algorithm), refused, "{exponent:?}");
        }
    }
}

#[test]
fn a_key_of_the_host_is_used_by_the_host_alone() {
    let verifier = Verifier::new(rules(), host_key(ES256).opaque(7).unwrap()).unwrap();
    let token = token(ES256, &claims());
    let check = verifier.start(&token).unwrap();
    assert_eq!((check.host_key_id(), check.algorithm()), (Some(HostKeyId::Opaque(7)), ES256));
    assert!(check.stays_with_host());
    assert_eq!(check.jwt().signing_input(), token.rsplit_once('.').unwrap().0.as_bytes());
    assert!(check.dangerous_accept_host_verdict(true).unwrap().judge(now()).is_ok());
    let refused = verifier.start(&token).unwrap().dangerous_accept_host_verdict(false).err();
    assert_eq!(refused, Some(Error::SignatureInvalid));
    let engine = verifier.start(&token).unwrap().by_engine().err();
    assert_eq!(engine, Some(Error::KeyUnusable { misuse: Misuse::Engine }));
    let expired =
        verifier.start(&token).unwrap().dangerous_accept_host_verdict(true).unwrap().judge(at(60.0)).err();
    assert_eq!(expired, Some(Error::Expired { claim: "exp" }));
}

#[test]
fn a_host_that_takes_rsa_keys_is_asked_about_them() {
    let asks = HostEngine { takes_rsa: true, ..HostEngine::default() };
    fn said(jwk: &str, valid: bool) -> HostEngine<'_> {
        HostEngine {
            takes_rsa: true,
            verdict: Some(HostVerdict::dangerous_from_host(HostKeyId::Rsa(jwk), valid)),
        }
    }
    for algorithm in [Algorithm::Rs256, Algorithm::Ps512] {
        let rules = || rules_with(|rules| rules.algorithms = Some(vec![algorithm]));
        let verifier = Verifier::new(rules(), key(algorithm)).unwrap();
        let token = token(algorithm, &claims());
        let attempt = |verifier: &Verifier, token: &str, host| match verifier
            .attempt(token.as_bytes(), Ok(now()), host)
            .outcome
        {
            Ok(Progress::Verified(_)) => Ok(None),
            Ok(Progress::AskHost(check)) => {
                assert_eq!((check.stays_with_host(), check.algorithm()), (false, algorithm));
                let Some(HostKeyId::Rsa(asked)) = check.host_key_id() else { panic!("no RSA key") };
                let key: Value = serde_json::from_str(asked).unwrap();
                let ours = jwk(algorithm);
                assert_eq!((&key["kty"], &key["n"]), (&json!("RSA"), &ours["n"]));
                assert_eq!(key.as_object().unwrap().len(), 3, "kty, n and e");
                Ok(Some(asked.to_string()))
            }
            Err(error) => Err(error),
        };
        assert_eq!(attempt(&verifier, &token, HostEngine::default()), Ok(None), "this host takes none");
        let asked = attempt(&verifier, &token, asks).unwrap().unwrap();
        assert_eq!(attempt(&verifier, &token, said(&asked, true)), Ok(None));
        assert_eq!(attempt(&verifier, &token, said(&asked, false)), Err(Error::SignatureInvalid));
        // It is the key that counts, not the object: the same key read again is answered by the same verdict.
        let again = Verifier::new(rules(), key(algorithm)).unwrap();
        assert_eq!(attempt(&again, &token, said(&asked, true)), Ok(None));
        // A verdict about another key is ignored, whether the host is asked again or not.
        let mut other = jwk_with(algorithm, "alg", algorithm.name().into());
        other["e"] = json!("Aw");
        let other = Verifier::new(rules(), import(&other).unwrap()).unwrap();
        let about_other = attempt(&other, &token, said(&asked, true)).unwrap();
        assert!(about_other.is_some_and(|about_other| about_other != asked));
        let forged = tampered(&token);
        let deaf = HostEngine { takes_rsa: false, ..said(&asked, true) };
        assert_eq!(attempt(&other, &forged, deaf), Err(Error::SignatureInvalid));
        // Neither is the host asked where no key would do.
        let short = format!("{}.AAAA", token.rsplit_once('.').unwrap().0);
        assert_eq!(attempt(&verifier, &short, asks), Err(Error::SignatureInvalid));
        let hashed =
            Verifier::new(rules_with(|rules| rules.algorithms = Some(vec![ES256])), key(algorithm)).unwrap();
        assert!(matches!(attempt(&hashed, &token, asks), Err(Error::AlgorithmNotAllowed { .. })));
        // The verdict on a token is kept as if it had been reached here.
        let cached = verifier.with_cache(Default::default()).unwrap();
        assert_eq!(attempt(&cached, &token, said(&asked, true)), Ok(None));
        assert_eq!(attempt(&cached, &token, asks), Ok(None));
    }
}

#[test]
fn the_verdict_of_the_host_counts_for_the_key_that_it_was_about() {
    let verifier = Verifier::new(rules(), host_key(ES256).opaque(7).unwrap()).unwrap();
    let token = token(ES256, &claims());
    let host = |verdict| HostEngine { takes_rsa: false, verdict };
    let attempt = |verdict| verifier.attempt(token.as_bytes(), Ok(now()), host(verdict)).outcome;
    let verdict = |key, valid| Some(support::verdict(key, valid));
    for other in [None, verdict(8, true), verdict(8, false)] {
        let Ok(Progress::AskHost(check)) = attempt(other) else { panic!("the host is not asked") };
        assert_eq!(check.host_key_id(), Some(HostKeyId::Opaque(7)));
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
