//! ML-DSA keys (RFC 9964): what they are read from, what they serve, and who checks their signatures.

use crate::support::{ML_DSA, claims, import, jwk, jwk_with, rules, token, verify};
use serde_json::json;
use tokenward::jwt::{Algorithm, ImportOptions, VerificationKey};
use tokenward::{Error, JwkFault, Misuse, Weakness, base64url};

const ML_DSA_65: Algorithm = Algorithm::MlDsa65;

/// RFC 9881 §2: 2.16.840.1.101.3.4.3.17 to 19.
const IDENTIFIER: [u8; 9] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11];

fn invalid(member: &'static str) -> Option<Error> {
    Some(Error::JwkInvalid { fault: JwkFault::Member(member) })
}

fn unusable(misuse: Misuse) -> Option<Error> {
    Some(Error::KeyUnusable { misuse })
}

fn der(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let size = match content.len() {
        length @ 0..0x80 => vec![u8::try_from(length).unwrap()],
        length => [&[0x82], &u16::try_from(length).unwrap().to_be_bytes()[..]].concat(),
    };
    [&[tag], &size[..], &content].concat()
}

fn armour(label: &str, der: &[u8]) -> String {
    let mut digits = base64url::encode(der).replace('-', "+").replace('_', "/");
    digits.push_str(["", "", "==", "="][digits.len() % 4]);
    format!("-----BEGIN {label}-----\n{digits}\n-----END {label}-----\n")
}

fn public(algorithm: Algorithm) -> Vec<u8> {
    base64url::decode(jwk(algorithm)["pub"].as_str().unwrap().as_bytes()).unwrap()
}

fn spki(index: u8, parameters: &[u8], key: &[u8]) -> Vec<u8> {
    let mut identifier = IDENTIFIER;
    *identifier.last_mut().unwrap() += index;
    let algorithm = der(0x30, &[&der(0x06, &[&identifier]), parameters]);
    der(0x30, &[&algorithm, &der(0x03, &[&[0], key])])
}

#[cfg(feature = "ml-dsa")]
fn certificate(spki: &[u8]) -> Vec<u8> {
    let sequence = der(0x30, &[]);
    let version = der(0xa0, &[&der(0x02, &[&[2]])]);
    let serial = der(0x02, &[&[1]]);
    let body = der(0x30, &[&version, &serial, &sequence, &sequence, &sequence, &sequence, spki]);
    der(0x30, &[&body, &sequence, &der(0x03, &[&[0; 65]])])
}

fn pem(label: &str, der: &[u8]) -> Result<VerificationKey, Error> {
    VerificationKey::from_pem(&armour(label, der), ImportOptions::default())
}

/// One test, because what it says first is no longer true at its end.
#[cfg(not(feature = "ml-dsa"))]
#[test]
fn without_an_engine_such_a_key_is_unusable_and_with_one_that_is_given_it_serves() {
    use ml_dsa::{MlDsa44, MlDsa65, MlDsa87, MlDsaParams, Signature, VerifyingKey};
    use tokenward::engine::{MlDsaEngine, has_ml_dsa_engine, set_ml_dsa_engine};

    struct RustCrypto;
    struct Nobody;

    fn holds<P: MlDsaParams>(key: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
        let key = VerifyingKey::<P>::decode(key.try_into().ok()?);
        Some(key.verify_with_context(message, &[], &Signature::try_from(signature).ok()?))
    }

    impl MlDsaEngine for RustCrypto {
        fn is_ready(&self) -> bool {
            true
        }

        fn verify(&self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
            [holds::<MlDsa44>, holds::<MlDsa65>, holds::<MlDsa87>]
                .into_iter()
                .any(|holds| holds(key, message, signature) == Some(true))
        }
    }

    impl MlDsaEngine for Nobody {
        fn is_ready(&self) -> bool {
            false
        }

        fn verify(&self, _: &[u8], _: &[u8], _: &[u8]) -> bool {
            panic!("not asked")
        }
    }

    assert!(!has_ml_dsa_engine());
    let ec = Algorithm::Es256;
    let set = || crate::support::key_set(&[jwk(ML_DSA_65), jwk(ec)]);
    assert_eq!(import(&jwk(ML_DSA_65)).err(), unusable(Misuse::MlDsa));
    assert_eq!(pem("PUBLIC KEY", &spki(1, &[], &public(ML_DSA_65))).err(), unusable(Misuse::MlDsa));
    assert!(unusable(Misuse::MlDsa).unwrap().to_string().contains("tokenward/ml-dsa"));
    // The set keeps it: its tokens are refused for what is missing, not for a key that nobody knows.
    assert!(verify(&token(ec, &claims()), set(), rules()).is_ok());
    assert_eq!(verify(&token(ML_DSA_65, &claims()), set(), rules()).err(), unusable(Misuse::MlDsa));

    set_ml_dsa_engine(&RustCrypto);
    set_ml_dsa_engine(&Nobody);
    assert!(has_ml_dsa_engine(), "the first engine stays");
    for algorithm in ML_DSA {
        let token = token(algorithm, &claims());
        assert!(verify(&token, import(&jwk(algorithm)).unwrap(), rules()).is_ok());
        let (input, _) = token.rsplit_once('.').unwrap();
        let other = crate::support::sign(algorithm, b"another message");
        let forged = format!("{input}.{}", base64url::encode(&other));
        assert_eq!(
            verify(&forged, import(&jwk(algorithm)).unwrap(), rules()).err(),
            Some(Error::SignatureInvalid)
        );
    }
    assert!(verify(&token(ML_DSA_65, &claims()), set(), rules()).is_ok());
}

#[cfg(feature = "ml-dsa")]
#[test]
fn a_key_says_its_algorithm_and_serves_no_other() {
    for algorithm in ML_DSA {
        assert_eq!(import(&jwk(algorithm)).unwrap().algorithms(), [algorithm]);
        let bound = ImportOptions::for_algorithm(Algorithm::Es256);
        let json = jwk(algorithm).to_string();
        assert_eq!(VerificationKey::from_jwk(json.as_bytes(), bound).err(), unusable(Misuse::Algorithm));
    }
}

#[test]
fn a_jwk_has_its_alg_and_the_whole_of_its_pub_and_nothing_private() {
    let mut without = jwk(ML_DSA_65);
    without.as_object_mut().unwrap().remove("alg");
    assert_eq!(import(&without).err(), invalid("alg"));
    for alg in ["ES256", "SLH-DSA-SHA2-128s", "ml-dsa-65", "ML-DSA", ""] {
        assert_eq!(
            import(&jwk_with(ML_DSA_65, "alg", alg.into())).err(),
            unusable(Misuse::Algorithm),
            "{alg}"
        );
    }
    for other in [Algorithm::MlDsa44, Algorithm::MlDsa87] {
        assert_eq!(import(&jwk_with(ML_DSA_65, "alg", other.name().into())).err(), invalid("pub"));
    }
    for length in [0, 1, 1951, 1953, 1312, 2592] {
        let public = base64url::encode(&vec![1; length]);
        assert_eq!(import(&jwk_with(ML_DSA_65, "pub", public.into())).err(), invalid("pub"), "{length}");
    }
    for value in [json!(null), json!(1), json!([])] {
        assert_eq!(import(&jwk_with(ML_DSA_65, "pub", value)).err(), invalid("pub"));
    }
    let seed = base64url::encode(&[0; 32]);
    assert_eq!(import(&jwk_with(ML_DSA_65, "priv", seed.into())).err(), unusable(Misuse::Private));
    assert_eq!(
        import(&jwk_with(Algorithm::Es256, "alg", "ML-DSA-44".into())).err(),
        unusable(Misuse::Algorithm)
    );
}

/// With a zero vector the challenge has no weight, so whoever knows the key can sign.
#[test]
fn a_key_of_zeros_is_weak() {
    for (algorithm, length) in ML_DSA.into_iter().zip([1312, 1952, 2592]) {
        let mut public = [vec![7; 32], vec![0; length - 32]].concat();
        let import =
            |public: &[u8]| import(&jwk_with(algorithm, "pub", base64url::encode(public).into())).err();
        assert_eq!(import(&public), Some(Error::KeyWeak { weakness: Weakness::ZeroVector }));
        *public.last_mut().unwrap() = 1;
        assert_ne!(import(&public), Some(Error::KeyWeak { weakness: Weakness::ZeroVector }));
    }
}

#[cfg(feature = "ml-dsa")]
#[test]
fn spki_and_certificates_give_the_key_that_the_jwk_gives() {
    for (index, algorithm) in (0..).zip(ML_DSA) {
        let token = token(algorithm, &claims());
        let spki = spki(index, &[], &public(algorithm));
        for key in [pem("PUBLIC KEY", &spki), pem("CERTIFICATE", &certificate(&spki))] {
            assert!(verify(&token, key.unwrap(), rules()).is_ok(), "{algorithm}");
        }
    }
}

#[test]
fn spki_with_parameters_another_length_or_another_identifier_is_refused() {
    let public = public(ML_DSA_65);
    let malformed = Some(Error::JwkInvalid { fault: JwkFault::Pem });
    // RFC 9881 §2: parameters must be absent.
    assert_eq!(pem("PUBLIC KEY", &spki(1, &[0x05, 0x00], &public)).err(), malformed);
    assert_eq!(pem("PUBLIC KEY", &spki(0, &[], &public)).err(), invalid("pub"));
    assert_eq!(pem("PUBLIC KEY", &spki(2, &[], &public)).err(), invalid("pub"));
    assert_eq!(pem("PUBLIC KEY", &spki(1, &[], &public[1..])).err(), invalid("pub"));
    // 2.16.840.1.101.3.4.3.20: SLH-DSA-SHA2-128s.
    assert_eq!(pem("PUBLIC KEY", &spki(3, &[], &public)).err(), unusable(Misuse::Type));
}

#[cfg(feature = "ml-dsa")]
#[test]
fn a_token_of_the_largest_set_is_within_the_default_length() {
    let token = token(Algorithm::MlDsa87, &claims());
    assert!(token.len() > 6_000 && token.len() < tokenward::jwt::MAX_TOKEN_LENGTH, "{}", token.len());
    let key = || import(&jwk(Algorithm::MlDsa87)).unwrap();
    assert!(verify(&token, key(), rules()).is_ok());
    let mut short = rules();
    short.max_token_length = token.len() - 1;
    assert!(matches!(verify(&token, key(), short), Err(Error::Malformed { .. })));
}

/// More keys than are remembered in their expanded form, in turn and from several threads.
#[cfg(feature = "ml-dsa")]
#[test]
fn any_number_of_keys_serve_at_once() {
    let token = token(Algorithm::MlDsa44, &claims());
    let verdict = &|key: &serde_json::Value| verify(&token, import(key).unwrap(), rules()).err();
    std::thread::scope(|scope| {
        for thread in 0..3 {
            scope.spawn(move || {
                for fill in 1..12 {
                    let other = base64url::encode(&[fill + 20 * thread; 1312]);
                    let other = jwk_with(Algorithm::MlDsa44, "pub", other.into());
                    assert_eq!(verdict(&other), Some(Error::SignatureInvalid));
                    assert_eq!(verdict(&jwk(Algorithm::MlDsa44)), None);
                }
            });
        }
    });
}
