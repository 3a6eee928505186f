//! Keys in every form: what is read, what each allows, and what is too weak or meant for something else.
#![cfg(all(feature = "jwt", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod common;

use common::{
    ALGORITHMS, N, SECRET, claims, import, jwk, jwk_with, key, key_set, rules, rules_for, sign_json, token,
    verify,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokenward::jwt::{Algorithm, ImportOptions, VerificationKey, thumbprint};
use tokenward::{Error, JwkFault, Misuse, Weakness, base64url, json::Fault};

const ES256: Algorithm = Algorithm::Es256;
const ES256K: Algorithm = Algorithm::Es256k;
const RS256: Algorithm = Algorithm::Rs256;
const HS256: Algorithm = Algorithm::Hs256;

const RSA_SPKI: &str = include_str!("vectors/keys/rsa.spki.pem");
const RSA_PKCS1: &str = include_str!("vectors/keys/rsa.pkcs1.pem");
const P256_SPKI: &str = include_str!("vectors/keys/p256.spki.pem");
const P256_X509: &str = include_str!("vectors/keys/p256.x509.pem");
const P384_SPKI: &str = include_str!("vectors/keys/p384.spki.pem");
const P521_SPKI: &str = include_str!("vectors/keys/p521.spki.pem");
const ED25519_SPKI: &str = include_str!("vectors/keys/ed25519.spki.pem");
const SECP256K1_SPKI: &str = include_str!("vectors/keys/k256.spki.pem");

fn bound_to(algorithm: Algorithm) -> ImportOptions {
    ImportOptions { algorithm: Some(algorithm), ..ImportOptions::default() }
}

fn pem(text: &str) -> Result<VerificationKey, Error> {
    VerificationKey::from_pem(text, ImportOptions::default())
}

fn secret(bytes: &[u8]) -> Result<VerificationKey, Error> {
    VerificationKey::from_secret(bytes, ImportOptions::default())
}

fn invalid(member: &'static str) -> Option<Error> {
    Some(Error::JwkInvalid { fault: JwkFault::Member(member) })
}

fn unusable(misuse: Misuse) -> Option<Error> {
    Some(Error::KeyUnusable { misuse })
}

fn weak(weakness: Weakness) -> Option<Error> {
    Some(Error::KeyWeak { weakness })
}

const MALFORMED: Option<Error> = Some(Error::JwkInvalid { fault: JwkFault::Pem });

/// The DER in a PEM text.
fn der(pem: &str) -> Vec<u8> {
    let digits: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let digits = digits.trim_end_matches('=').replace('+', "-").replace('/', "_");
    base64url::decode(digits.as_bytes()).unwrap()
}

fn armour(label: &str, der: &[u8]) -> String {
    let mut digits = base64url::encode(der).replace('-', "+").replace('_', "/");
    digits.push_str(["", "", "==", "="][digits.len() % 4]);
    format!("-----BEGIN {label}-----\n{digits}\n-----END {label}-----\n")
}

#[test]
fn every_algorithm_verifies_with_its_key_and_with_no_key_of_another_type() {
    for signed in ALGORITHMS {
        let token = token(signed, &claims());
        for bound in ALGORITHMS {
            let verdict = verify(&token, key(bound), rules()).err();
            if bound == signed {
                assert_eq!(verdict, None, "{signed}");
            } else {
                assert_eq!(
                    verdict,
                    Some(Error::AlgorithmNotAllowed { alg: Some(signed.name()) }),
                    "{signed} with {bound}"
                );
            }
        }
    }
}

#[test]
fn every_algorithm_refuses_a_signature_with_any_one_bit_changed_and_of_any_other_length() {
    for algorithm in ALGORITHMS {
        let token = token(algorithm, &claims());
        let (input, signature) = token.rsplit_once('.').unwrap();
        let signature = base64url::decode(signature.as_bytes()).unwrap();
        let refused = |signature: &[u8]| {
            let token = format!("{input}.{}", base64url::encode(signature));
            assert_eq!(
                verify(&token, key(algorithm), rules()).err(),
                Some(Error::SignatureInvalid),
                "{algorithm}"
            );
        };
        for at in [0, signature.len() / 2, signature.len() - 1] {
            let mut changed = signature.clone();
            changed[at] ^= 0x10;
            refused(&changed);
        }
        refused(&[]);
        refused(&signature[1..]);
        refused(&signature[..signature.len() - 1]);
        refused(&[&signature[..], &[0]].concat());
        refused(&[&[0], &signature[..]].concat());
        refused(&vec![0; signature.len()]);
    }
}

#[test]
fn a_jwk_says_which_algorithms_it_allows() {
    let allowed = |jwk: &Value| import(jwk).unwrap().algorithms();
    assert_eq!(allowed(&jwk(ES256)), [ES256]);
    assert_eq!(allowed(&jwk(ES256K)), [ES256K]);
    assert_eq!(allowed(&jwk(Algorithm::Es384)), [Algorithm::Es384]);
    assert_eq!(allowed(&jwk(Algorithm::Es512)), [Algorithm::Es512]);
    assert_eq!(allowed(&jwk(Algorithm::EdDsa)), [Algorithm::EdDsa, Algorithm::Ed25519]);
    assert_eq!(allowed(&jwk(RS256)), [RS256]);
    assert_eq!(allowed(&jwk(HS256)), []);
    for algorithm in ALGORITHMS {
        assert_eq!(key(algorithm).algorithms(), [algorithm]);
        assert_eq!(key(algorithm).is_secret(), algorithm.name().starts_with("HS"));
    }
}

#[test]
fn eddsa_and_ed25519_are_two_names_matched_exactly() {
    let both = import(&jwk(Algorithm::EdDsa)).unwrap();
    for algorithm in [Algorithm::EdDsa, Algorithm::Ed25519] {
        assert!(verify(&token(algorithm, &claims()), both.clone(), rules()).is_ok());
    }
    let refused = verify(&token(Algorithm::EdDsa, &claims()), key(Algorithm::Ed25519), rules()).err();
    assert_eq!(refused, Some(Error::AlgorithmNotAllowed { alg: Some("EdDSA") }));
}

/// Both have coordinates of 32 bytes, signatures of 64, and SHA-256.
#[test]
fn p_256_and_secp256k1_are_never_taken_for_each_other() {
    for (own, other) in [(ES256, ES256K), (ES256K, ES256)] {
        let alg = other.name();
        assert_eq!(import(&jwk_with(own, "alg", alg.into())).err(), unusable(Misuse::Algorithm));
        let renamed = jwk_with(own, "crv", jwk(other)["crv"].clone());
        assert_eq!(import(&renamed).err(), Some(Error::JwkInvalid { fault: JwkFault::Point }));
        // Signed with the one key, and named after the other's algorithm.
        let forged = sign_json(own, &json!({ "alg": alg }), &claims());
        let refused = Some(Error::AlgorithmNotAllowed { alg: Some(alg) });
        assert_eq!(verify(&forged, key(own), rules()).err(), refused);
        assert_eq!(verify(&forged, key(own), rules_for(other)).err(), refused);
        assert_eq!(verify(&forged, key(other), rules()).err(), Some(Error::SignatureInvalid));
        assert_eq!(verify(&forged, key_set(&[jwk(own)]), rules()).err(), refused);
        let both = key_set(&[jwk(own), jwk(other)]);
        assert_eq!(verify(&forged, both.clone(), rules()).err(), Some(Error::SignatureInvalid));
        assert!(verify(&token(own, &claims()), both, rules()).is_ok());
    }
}

/// RFC 8812 §3.2 does not ask for the lower one, as Bitcoin does.
#[test]
fn either_s_of_an_es256k_signature_holds() {
    let token = token(ES256K, &claims());
    let (input, signature) = token.rsplit_once('.').unwrap();
    let signature = k256::ecdsa::Signature::from_slice(&base64url::decode(signature.as_bytes()).unwrap());
    let (r, s) = signature.unwrap().split_scalars();
    for s in [s, -s] {
        let signature = k256::ecdsa::Signature::from_scalars(r, s).unwrap();
        let token = format!("{input}.{}", base64url::encode(&signature.to_bytes()));
        assert!(verify(&token, key(ES256K), rules()).is_ok());
    }
}

#[test]
fn an_alg_that_is_not_one_for_the_type_of_the_key_is_refused() {
    for (algorithm, alg) in [
        (ES256, "ES384"),
        (ES256, "RS256"),
        (RS256, "HS256"),
        (HS256, "RS256"),
        (Algorithm::EdDsa, "ES256"),
        (RS256, "none"),
        (RS256, "RSA-OAEP"),
        (ES256, ""),
        (ES256, "es256"),
    ] {
        assert_eq!(
            import(&jwk_with(algorithm, "alg", alg.into())).err(),
            unusable(Misuse::Algorithm),
            "{alg}"
        );
    }
    let two = VerificationKey::from_jwk(
        jwk_with(RS256, "alg", "RS256".into()).to_string().as_bytes(),
        bound_to(Algorithm::Ps256),
    );
    assert_eq!(two.err(), unusable(Misuse::Algorithm));
}

#[test]
fn a_jwk_for_something_else_is_refused() {
    assert_eq!(import(&jwk_with(ES256, "use", "enc".into())).err(), unusable(Misuse::Use));
    assert_eq!(import(&jwk_with(ES256, "key_ops", json!(["sign"]))).err(), unusable(Misuse::KeyOps));
    assert_eq!(import(&jwk_with(ES256, "key_ops", json!([]))).err(), unusable(Misuse::KeyOps));
    assert_eq!(import(&jwk_with(ES256, "key_ops", json!(["verify", "verify"]))).err(), invalid("key_ops"));
    assert_eq!(import(&jwk_with(ES256, "key_ops", json!(["verify", 1]))).err(), invalid("key_ops"));
    assert_eq!(import(&jwk_with(ES256, "key_ops", json!("verify"))).err(), invalid("key_ops"));
    for fine in [
        jwk_with(ES256, "use", "sig".into()),
        jwk_with(ES256, "key_ops", json!(["verify"])),
        jwk_with(HS256, "key_ops", json!(["sign", "verify"])),
    ] {
        assert!(import(&fine).is_ok());
    }
}

#[test]
fn a_private_key_is_refused_where_a_public_one_belongs() {
    for algorithm in [ES256, RS256, Algorithm::EdDsa] {
        assert_eq!(import(&jwk_with(algorithm, "d", "AQAB".into())).err(), unusable(Misuse::Private));
    }
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        assert_eq!(pem(&armour(label, b"anything")).err(), unusable(Misuse::Private));
    }
}

#[test]
fn the_members_of_a_jwk_have_their_types() {
    for algorithm in [HS256, RS256, ES256, Algorithm::EdDsa] {
        let jwk = jwk(algorithm);
        for name in jwk.as_object().unwrap().keys() {
            let member =
                ["kty", "crv", "x", "y", "n", "e", "k"].into_iter().find(|member| member == name).unwrap();
            for value in [json!(null), json!(1), json!([]), json!({}), json!(true)] {
                assert_eq!(import(&jwk_with(algorithm, name, value)).err(), invalid(member), "{name}");
            }
            let mut without = jwk.clone();
            without.as_object_mut().unwrap().remove(name);
            assert_eq!(import(&without).err(), invalid(member), "{name}");
        }
        for name in ["use", "alg", "kid"] {
            for value in [json!(null), json!(1), json!([])] {
                assert!(
                    matches!(import(&jwk_with(algorithm, name, value)), Err(Error::JwkInvalid { fault: JwkFault::Member(member) }) if member == name)
                );
            }
        }
    }
}

#[test]
fn types_and_curves_that_are_not_known_are_refused() {
    for jwk in [
        json!({ "kty": "quantum" }),
        json!({ "kty": "ec", "crv": "P-256" }),
        jwk_with(ES256, "crv", "p-256".into()),
        jwk_with(ES256, "crv", "P-256K".into()),
        jwk_with(Algorithm::EdDsa, "crv", "X25519".into()),
        jwk_with(Algorithm::EdDsa, "crv", "Ed448".into()),
    ] {
        assert_eq!(import(&jwk).err(), unusable(Misuse::Type), "{jwk}");
    }
}

#[test]
fn members_are_canonical_base64url() {
    let x = jwk(ES256)["x"].as_str().unwrap().to_owned();
    for text in [
        format!("{x}="),
        format!(" {x}"),
        format!("{x}\n"),
        x.replace(['-', '_'], "+"),
        String::new(),
        "A".into(),
    ] {
        assert_eq!(import(&jwk_with(ES256, "x", text.clone().into())).err(), invalid("x"), "{text:?}");
    }
    assert_eq!(import(&jwk_with(RS256, "e", "AQAC=".into())).err(), invalid("e"));
    assert_eq!(import(&json!({ "kty": "oct", "k": "not base64url" })).err(), invalid("k"));
}

#[test]
fn coordinates_are_as_wide_as_the_field_and_on_the_curve() {
    for algorithm in [ES256, ES256K, Algorithm::Es384, Algorithm::Es512] {
        let coordinate =
            |name: &str| base64url::decode(jwk(algorithm)[name].as_str().unwrap().as_bytes()).unwrap();
        for name in ["x", "y"] {
            let bytes = coordinate(name);
            for wrong in [[&[0], &bytes[..]].concat(), bytes[1..].to_vec(), vec![]] {
                assert_eq!(
                    import(&jwk_with(algorithm, name, base64url::encode(&wrong).into())).err(),
                    invalid(name)
                );
            }
            let mut off = bytes.clone();
            *off.last_mut().unwrap() ^= 1;
            assert_eq!(
                import(&jwk_with(algorithm, name, base64url::encode(&off).into())).err(),
                Some(Error::JwkInvalid { fault: JwkFault::Point })
            );
            let beyond = vec![0xff; bytes.len()];
            assert_eq!(
                import(&jwk_with(algorithm, name, base64url::encode(&beyond).into())).err(),
                Some(Error::JwkInvalid { fault: JwkFault::Point })
            );
        }
        let mut zero = jwk(algorithm);
        zero["x"] = base64url::encode(&vec![0; coordinate("x").len()]).into();
        zero["y"] = zero["x"].clone();
        assert_eq!(
            import(&zero).err(),
            Some(Error::JwkInvalid { fault: JwkFault::Point }),
            "the point at infinity"
        );
    }
    let mut swapped = jwk(ES256);
    swapped["x"] = jwk(ES256)["y"].clone();
    assert_eq!(import(&swapped).err(), Some(Error::JwkInvalid { fault: JwkFault::Point }));
}

/// Encodings of the points of order 1, 2, 4 and 8 (RFC 8032 arithmetic; the list of libsodium), the canonical ones.
const SMALL_ORDER: [&str; 5] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
];

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn ed25519_points_of_small_order_are_refused() {
    for point in SMALL_ORDER {
        let jwk = jwk_with(Algorithm::EdDsa, "x", base64url::encode(&unhex(point)).into());
        assert_eq!(import(&jwk).err(), weak(Weakness::SmallOrder), "{point}");
    }
}

#[test]
fn ed25519_points_are_canonical_and_on_the_curve() {
    let point =
        |bytes: &[u8]| import(&jwk_with(Algorithm::EdDsa, "x", base64url::encode(bytes).into())).err();
    // y = 1 + p, y = p, and y = 1 with the sign of a zero x: second encodings of points of small order.
    for twin in [
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0100000000000000000000000000000000000000000000000000000000000080",
    ] {
        assert!(point(&unhex(twin)).is_some(), "{twin}");
    }
    assert!(point(&[2; 32]).is_some(), "y = 2 + 2^9 + … is no point");
    for length in [0, 31, 33, 64] {
        assert_eq!(point(&vec![1; length]), invalid("x"));
    }
}

#[test]
fn weak_rsa_keys_are_refused() {
    let rsa = |n: &[u8], e: &[u8]| {
        import(&json!({ "kty": "RSA", "n": base64url::encode(n), "e": base64url::encode(e) })).err()
    };
    let n = base64url::decode(N.as_bytes()).unwrap();
    for e in [&[][..], &[0], &[1], &[2], &[1, 0, 0], &[4], &[1, 0, 0, 0, 0, 0, 0, 0, 1]] {
        assert_eq!(rsa(&n, e), weak(Weakness::RsaExponent), "{e:?}");
    }
    for e in [&[3][..], &[17], &[0, 1, 0, 1], &[0, 0, 3], &[0xff; 8]] {
        assert_eq!(rsa(&n, e), None, "{e:?}");
    }
    let modulus = |bits: usize| {
        let mut n = vec![0xff; bits.div_ceil(8)];
        n[0] = 0xff >> ((8 - bits % 8) % 8);
        n
    };
    for bits in [1, 512, 1024, 2047, 8193, 16_384] {
        assert_eq!(rsa(&modulus(bits), &[1, 0, 1]), weak(Weakness::RsaSize), "{bits} bits");
    }
    for bits in [2048, 2049, 3072, 4096, 8192] {
        assert_eq!(rsa(&modulus(bits), &[1, 0, 1]), None, "{bits} bits");
    }
    assert_eq!(
        rsa(&[&[0; 128][..], &modulus(1024)].concat(), &[1, 0, 1]),
        weak(Weakness::RsaSize),
        "zeros are no bits"
    );
    assert_eq!(rsa(&[&[0], &n[..]].concat(), &[1, 0, 1]), None, "a leading zero octet is tolerated");
    let mut even = n;
    *even.last_mut().unwrap() &= 0xfe;
    assert_eq!(rsa(&even, &[1, 0, 1]), weak(Weakness::RsaModulus));
}

#[test]
fn a_secret_is_at_least_as_long_as_the_hash() {
    for (algorithm, length) in [(HS256, 32), (Algorithm::Hs384, 48), (Algorithm::Hs512, 64)] {
        let import =
            |length: usize| VerificationKey::from_secret(&vec![7; length], bound_to(algorithm)).err();
        assert_eq!(import(length), None);
        assert_eq!(import(length - 1), weak(Weakness::ShortSecret), "{algorithm}");
        assert_eq!(import(1), weak(Weakness::ShortSecret), "{algorithm}");
        assert_eq!(import(0), weak(Weakness::EmptySecret), "{algorithm}");
    }
    let sixty_three = secret(&[7; 63]).unwrap();
    let verdict = verify("", sixty_three.clone(), rules_for(Algorithm::Hs512)).err();
    assert_eq!(verdict, weak(Weakness::ShortSecret), "the rules name what the secret is too short for");
    assert!(matches!(
        verify("", sixty_three, rules_for(Algorithm::Hs384)).err(),
        Some(Error::Malformed { .. })
    ));
}

#[test]
fn a_short_secret_is_accepted_where_that_is_asked_for_and_an_empty_one_never() {
    let options = ImportOptions { allow_short_secret: true, ..bound_to(Algorithm::Hs512) };
    assert!(VerificationKey::from_secret(b"x", options).is_ok());
    assert_eq!(VerificationKey::from_secret(b"", options).err(), weak(Weakness::EmptySecret));
    let empty = VerificationKey::from_jwk(br#"{"kty":"oct","k":""}"#, options).err();
    assert_eq!(empty, weak(Weakness::EmptySecret));
}

#[test]
fn a_secret_without_an_algorithm_needs_one_in_the_rules() {
    let token = token(HS256, &claims());
    let bare = || secret(&SECRET).unwrap();
    assert_eq!(verify(&token, bare(), rules()).err(), unusable(Misuse::AlgorithmUnspecified));
    assert!(verify(&token, bare(), rules_for(HS256)).is_ok());
    assert_eq!(
        verify(&token, bare(), rules_for(Algorithm::Hs512)).err(),
        Some(Error::AlgorithmNotAllowed { alg: Some("HS256") })
    );
    let bound = VerificationKey::from_secret(&SECRET, bound_to(HS256)).unwrap();
    assert!(verify(&token, bound, rules()).is_ok());
}

#[test]
fn bytes_that_are_a_public_key_are_refused_as_a_secret() {
    let base64 = |pem: &str| pem.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let mut disguises: Vec<Vec<u8>> = Vec::new();
    for pem in [RSA_SPKI, RSA_PKCS1, P256_SPKI, P256_X509, P384_SPKI, P521_SPKI, ED25519_SPKI, SECP256K1_SPKI]
    {
        disguises.extend([
            pem.into(),
            pem.replace('\n', "\r\n").into(),
            format!("  \n{pem}").into(),
            format!("\u{feff}{pem}").into(),
            format!("\u{200b}{pem}\u{200b}").into(),
            format!("any prefix {pem}").into(),
            [b"\xff\x00", pem.as_bytes()].concat(),
            der(pem),
            base64(pem).into(),
            format!(" {} \n", base64(pem)).into(),
            base64url::encode(&der(pem)).into(),
            base64url::encode(pem.as_bytes()).into(),
            pem.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\n").into(),
        ]);
    }
    for jwk in [jwk(RS256), jwk(ES256), jwk(Algorithm::EdDsa), jwk(HS256), json!({ "keys": [jwk(RS256)] })] {
        disguises.extend([
            jwk.to_string().into(),
            format!("\u{feff} {jwk}\n").into(),
            serde_json::to_vec_pretty(&jwk).unwrap(),
        ]);
    }
    for bytes in disguises {
        assert_eq!(
            secret(&bytes).err(),
            unusable(Misuse::PublicAsSecret),
            "{}",
            String::from_utf8_lossy(&bytes)
        );
        let k = json!({ "kty": "oct", "k": base64url::encode(&bytes), "alg": "HS256" });
        assert_eq!(import(&k).err(), unusable(Misuse::PublicAsSecret));
    }
}

#[test]
fn every_pem_form_gives_the_key_that_the_jwk_gives() {
    for (pem, algorithm) in [
        (RSA_SPKI, RS256),
        (RSA_PKCS1, RS256),
        (P256_SPKI, ES256),
        (P256_X509, ES256),
        (P384_SPKI, Algorithm::Es384),
        (P521_SPKI, Algorithm::Es512),
        (SECP256K1_SPKI, ES256K),
        (ED25519_SPKI, Algorithm::Ed25519),
    ] {
        let token = token(algorithm, &claims());
        let key = VerificationKey::from_pem(pem, ImportOptions::default()).unwrap();
        assert!(verify(&token, key.clone(), rules()).is_ok(), "{pem}");
        assert_eq!((key.kid(), key.is_secret()), (None, false));
    }
    let bound = VerificationKey::from_pem(RSA_SPKI, bound_to(Algorithm::Ps256)).unwrap();
    assert_eq!(bound.algorithms(), [Algorithm::Ps256]);
    assert!(verify(&token(Algorithm::Ps256, &claims()), bound, rules()).is_ok());
    assert_eq!(VerificationKey::from_pem(RSA_SPKI, bound_to(HS256)).err(), unusable(Misuse::Algorithm));
}

#[test]
fn crlf_outer_newlines_and_long_lines_are_tolerated_in_pem_and_nothing_else() {
    let one_line = armour("PUBLIC KEY", &der(P256_SPKI));
    for fine in [
        P256_SPKI.replace('\n', "\r\n"),
        format!("\n\r\n{P256_SPKI}\n\n"),
        P256_SPKI.trim_end().into(),
        one_line.clone(),
    ] {
        assert!(pem(&fine).is_ok(), "{fine:?}");
    }
    for odd in [
        format!(" {P256_SPKI}"),
        format!("{P256_SPKI} "),
        format!("comment\n{P256_SPKI}"),
        format!("{P256_SPKI}{P256_SPKI}"),
        format!("{P256_SPKI}{RSA_SPKI}"),
        P256_SPKI.replace('\n', " "),
        P256_SPKI.replace('\n', ""),
        P256_SPKI.replace("END PUBLIC", "END RSA PUBLIC"),
        P256_SPKI.replace("-----END", "----END"),
        one_line.replace("==", ""),
        one_line.replace('\n', "\t\n"),
        armour("PUBLIC KEY", b""),
        armour("PUBLIC KEY", &der(RSA_PKCS1)),
        armour("RSA PUBLIC KEY", &der(RSA_SPKI)),
        armour("CERTIFICATE", &der(RSA_SPKI)),
        armour("EC PARAMETERS", &der(P256_SPKI)),
        armour("PUBLIC KEY", &[&der(P256_SPKI)[..], &[0]].concat()),
        P256_SPKI.replace("PUBLIC KEY", "public key"),
        "-----BEGIN PUBLIC KEY-----".into(),
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----".into(),
        "-----BEGIN -----\n-----END -----".into(),
    ] {
        assert_eq!(pem(&odd).err(), MALFORMED, "{odd:?}");
    }
}

#[test]
fn a_string_that_is_not_pem_is_never_a_secret() {
    for text in [
        "",
        "secret",
        "a secret of thirty-two characters",
        "{\"kty\":\"oct\"}",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
    ] {
        assert_eq!(pem(text).err(), unusable(Misuse::BareString), "{text}");
    }
}

#[test]
fn keys_in_pem_on_other_curves_or_of_other_types_are_refused() {
    // prime192v1, beside prime256v1.
    let mut p192 = der(P256_SPKI);
    p192[22] = 0x01;
    assert_eq!(pem(&armour("PUBLIC KEY", &p192)).err(), unusable(Misuse::Type));
    let x25519 =
        unhex("302a300506032b656e0321001111111111111111111111111111111111111111111111111111111111111111");
    assert_eq!(pem(&armour("PUBLIC KEY", &x25519)).err(), unusable(Misuse::Type));
}

#[test]
fn der_with_a_byte_cut_off_added_or_changed_never_panics_and_never_gives_another_key_type() {
    for (label, pem_text) in [
        ("PUBLIC KEY", P256_SPKI),
        ("PUBLIC KEY", RSA_SPKI),
        ("RSA PUBLIC KEY", RSA_PKCS1),
        ("CERTIFICATE", P256_X509),
        ("PUBLIC KEY", ED25519_SPKI),
    ] {
        let der = der(pem_text);
        for length in 0..der.len() {
            assert!(pem(&armour(label, &der[..length])).is_err(), "{label} cut at {length}");
        }
        for at in 0..der.len().min(60) {
            let mut changed = der.clone();
            changed[at] ^= 0x81;
            let _ = pem(&armour(label, &changed));
        }
    }
}

#[test]
fn thumbprints_are_those_of_the_examples() {
    // RFC 7638 §3.1 and RFC 8037 appendix A.3.
    let rsa = br#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    assert_eq!(thumbprint(rsa).unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    let okp = br#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    assert_eq!(thumbprint(okp).unwrap(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn a_thumbprint_depends_on_the_key_alone() {
    for algorithm in [HS256, RS256, ES256, Algorithm::EdDsa] {
        let plain = thumbprint(jwk(algorithm).to_string().as_bytes()).unwrap();
        let dressed = jwk_with(algorithm, "kid", "x".into()).to_string().replace("\"kty\"", "\"\\u006bty\"");
        assert_eq!(thumbprint(dressed.as_bytes()).unwrap(), plain);
    }
    assert_eq!(thumbprint(br#"{"kty":"EC","crv":"P-256","x":"AA"}"#).err(), invalid("y"));
    assert_eq!(thumbprint(br#"{"kty":"new"}"#).err(), unusable(Misuse::Type));
    assert_eq!(thumbprint(b"[]").err(), Some(Error::JwkInvalid { fault: JwkFault::Json(Fault::NotObject) }));
}

#[test]
fn keys_are_not_shown_by_debug() {
    let text = format!("{:?}", secret(&SECRET).unwrap());
    assert!(text.contains("[secret]") && !text.contains("sixty-four"), "{text}");
}

proptest! {
    #[test]
    fn no_jwk_makes_the_reader_panic(
        kty in prop_oneof!["EC", "OKP", "RSA", "oct", ".{0,4}"], crv in prop_oneof!["P-256", "P-384", "P-521", "Ed25519", ".{0,6}"],
        x in any::<Vec<u8>>(), y in any::<Vec<u8>>(),
    ) {
        let (x, y) = (base64url::encode(&x), base64url::encode(&y));
        let _ = import(&json!({ "kty": kty, "crv": crv, "x": x, "y": y, "n": x, "e": y, "k": x }));
    }

    #[test]
    fn no_pem_makes_the_reader_panic(label in prop_oneof!["PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE", ".{0,8}"], der in any::<Vec<u8>>()) {
        let _ = pem(&armour(&label, &der));
    }

    #[test]
    fn no_secret_makes_the_reader_panic(bytes in any::<Vec<u8>>()) {
        let _ = secret(&bytes);
    }
}
