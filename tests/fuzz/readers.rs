//! What each fuzz target does with its bytes. Beyond not crashing, a reader keeps its word: what it accepts, it accepts
//! again, and what comes out is what went in.
#![allow(dead_code, reason = "each target uses one of these")]
#![allow(clippy::unwrap_used, reason = "a target fails by panicking")]

use std::time::Duration;

use tokenward::jwt::{
    Accept, Algorithm, Callbacks, ImportOptions, KeySet, Rules, UnverifiedJwt, VerificationKey, Verifier,
    host, thumbprint,
};
use tokenward::session::{
    Answer, CallId, Credentials, Effect, Event, Fields, Grant, JsonLogin, Now, Options, Session, Stored,
    parse_challenges,
};
use tokenward::{NumericDate, Secret, base64url, json};

const NOW: f64 = 1_800_000_000.0;

fn json_login(asks: bool) -> Grant {
    Grant::JsonLogin(JsonLogin {
        token_url: "https://as.example/token".to_owned(),
        refresh_url: None,
        revoke_url: None,
        asks,
        fields: Fields::default(),
    })
}

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// A token is taken apart and put together to the same text; nobody signed it, so nothing verifies.
pub(crate) fn token(data: &[u8]) {
    let now = NumericDate::new(NOW).unwrap();
    let key = VerificationKey::from_secret(&[7; 64], ImportOptions::for_algorithm(Algorithm::Hs256));
    let verifier = Verifier::new(Rules::new(Accept::Anything, Accept::Anything), key.unwrap()).unwrap();
    assert!(!host::start(&verifier, data).is_ok_and(|check| check.by_engine().is_ok()));
    let _ = host::explain(&verifier, data, now, None, Callbacks::default());
    let Some(text) = text(data) else { return };
    let Ok(jwt) = UnverifiedJwt::parse(text) else { return };
    let (header, signature) = (base64url::encode(jwt.header().json()), base64url::encode(jwt.signature()));
    let input = str::from_utf8(jwt.signing_input()).unwrap_or_default();
    assert!(input.starts_with(&format!("{header}.")) && format!("{input}.{signature}") == text);
    if let Ok(claims) = jwt.claims_unverified() {
        let _ = tokenward::jwt::Expiry::of(&claims, now, Duration::ZERO);
    }
}

pub(crate) fn jwk(data: &[u8]) {
    let key = VerificationKey::from_jwk(data, ImportOptions::default());
    if key.is_ok() {
        assert!(json::Object::parse(data).is_ok());
        assert!(thumbprint(data).is_ok_and(|thumbprint| thumbprint.len() == 43));
    }
}

pub(crate) fn jwk_set(data: &[u8]) {
    let Ok(set) = KeySet::from_jwks(data) else { return };
    let secrets = set.keys().filter(|key| key.is_secret()).count();
    assert!(secrets == 0 || secrets == set.len());
    for algorithm in Algorithm::all() {
        let _ = set.select(Some("kid"), algorithm, None);
        let _ = set.select(None, algorithm, Some(&[algorithm]));
    }
}

/// The bytes as a PEM text, and as the DER inside one.
pub(crate) fn pem(data: &[u8]) {
    if let Some(text) = text(data) {
        let _ = VerificationKey::from_pem(text, ImportOptions::default());
    }
    let mut digits = base64url::encode(data).replace('-', "+").replace('_', "/");
    digits.push_str(["", "", "==", "="][digits.len() % 4]);
    for label in ["PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE"] {
        let armoured = format!("-----BEGIN {label}-----\n{digits}\n-----END {label}-----\n");
        if VerificationKey::from_pem(&armoured, ImportOptions::default()).is_ok() {
            // What is a public key is never a secret.
            let options = ImportOptions::for_algorithm(Algorithm::Hs256).allowing_short_secrets();
            for disguise in [data, armoured.as_bytes(), digits.as_bytes()] {
                assert!(VerificationKey::from_secret(disguise, options).is_err());
            }
        }
    }
}

pub(crate) fn secret(data: &[u8]) {
    let options = ImportOptions::for_algorithm(Algorithm::Hs256).allowing_short_secrets();
    let key = VerificationKey::from_secret(data, options);
    assert!(!data.is_empty() || key.is_err());
}

pub(crate) fn challenge(data: &[u8]) {
    let Some(text) = text(data) else { return };
    for challenge in parse_challenges(text) {
        assert!(!challenge.scheme.is_empty() && challenge.scheme.len() <= text.len());
    }
}

/// Steps a session, answers its requests with `body` and its store with `record`, and goes on until it rests.
fn run(first: Event, body: &str, record: Option<&str>) {
    let mut session = Session::new(json_login(false), Options::default(), 1);
    let now = Now { wall_ms: 1_800_000_000_000, mono_ms: 1_000 };
    let mut events = vec![first];
    for _ in 0..100 {
        let Some(event) = events.pop() else { return };
        let mut effects = Vec::new();
        session.step(now, event, &mut effects);
        for effect in effects {
            events.extend(match effect {
                Effect::Load { op } => {
                    let stored = record
                        .map(|record| Stored { record: Secret::new(record.into()), version: "1".into() });
                    Some(Event::Loaded { op, result: Ok(stored) })
                }
                Effect::Save { op, .. } => Some(Event::Saved { op, result: Ok(Some("2".into())) }),
                Effect::Clear { op, .. } => Some(Event::Cleared { op, result: Ok(true) }),
                Effect::Lock { op, .. } => Some(Event::Locked { op, held: true }),
                Effect::Send { op, .. } => Some(Event::Received {
                    op,
                    answer: Answer {
                        status: 200,
                        content_type: "application/json".into(),
                        retry_after: None,
                        body: Secret::new(body.into()),
                    },
                }),
                _ => None,
            });
        }
    }
}

pub(crate) fn token_response(data: &[u8]) {
    let Some(body) = text(data) else { return };
    let credentials =
        Credentials::Password { username: Secret::new("ada".into()), password: Secret::new("secret".into()) };
    run(Event::Login { id: CallId(1), credentials: Some(credentials) }, body, None);
}

pub(crate) fn session_record(data: &[u8]) {
    let Some(record) = text(data) else { return };
    run(Event::Need { id: CallId(1), min_validity_ms: 0, once: false, force: false }, "{}", Some(record));
}
