//! Published vectors, as raw JWS: Wycheproof's, and the examples of RFC 7515, 7520, 7638, 7797 and 8037.
//!
//! Where Wycheproof's label is not followed, `tests/vectors/exceptions.json` says so and why. An exception that is not needed
//! fails as an unexpected verdict does.

use std::path::PathBuf;

use super::support::verifies;
use serde_json::{Value, json};
use tokenward::engine::{Algorithm, Ed25519Key};
use tokenward::jwt::{ImportOptions, JwsRules, JwsVerifier, KeySet, Keys, VerificationKey, VerifiedJws};
use tokenward::{Error, Misuse, base64url};

/// Where Wycheproof's `json_web_*_test.json` lie, seen from the folder that holds this repository. They are not part of
/// it: <https://github.com/C2SP/wycheproof>, `testvectors_v1`. `WYCHEPROOF` names another place.
const WYCHEPROOF: &str = "../shared/vectors/wycheproof";

/// The file called `name`, or `None`, said aloud, where it is not there.
fn wycheproof(name: &str) -> Option<Value> {
    let folder = std::env::var_os("WYCHEPROOF")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(WYCHEPROOF), PathBuf::from);
    let nested = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(WYCHEPROOF);
    let file = [folder, nested].map(|folder| folder.join(name).with_extension("json"));
    match file.iter().find_map(|file| std::fs::read(file).ok()) {
        Some(text) => Some(serde_json::from_slice(&text).unwrap()),
        None => {
            eprintln!("SKIPPED: {name}.json is not in {WYCHEPROOF}; set WYCHEPROOF to where it is");
            None
        }
    }
}

/// Any number of keys: a JWK Set or a single JWK.
fn keys(jwk: &Value) -> Result<Keys, Error> {
    let json = jwk.to_string();
    if jwk.get("keys").is_some() {
        KeySet::from_jwks(json.as_bytes()).map(Into::into)
    } else {
        VerificationKey::from_jwk(json.as_bytes(), ImportOptions::default()).map(Into::into)
    }
}

fn verify(jwk: &Value, token: &str) -> Result<VerifiedJws, Error> {
    JwsVerifier::new(keys(jwk)?, JwsRules::new())?.verify(token)
}

/// Runs a file of Wycheproof and gives the number of its tests.
fn run(file: &str) -> Option<usize> {
    let exceptions: Vec<Value> = serde_json::from_str(include_str!("../vectors/exceptions.json")).unwrap();
    let vectors = wycheproof(file)?;
    let (mut count, mut wrong) = (0, Vec::new());
    for group in vectors["testGroups"].as_array().unwrap() {
        let key = group.get("public").unwrap_or(&group["private"]);
        for test in group["tests"].as_array().unwrap() {
            count += 1;
            let label = test["result"] == "valid";
            let exception = exceptions
                .iter()
                .find(|exception| exception["file"] == file && exception["id"] == test["tcId"]);
            let expected = exception.map_or(label, |exception| exception["outcome"] == "accepted");
            if exception.is_some() && expected == label {
                wrong.push(format!("{}: the exception says what the label says", test["tcId"]));
            }
            let verdict = verify(key, test["jws"].as_str().unwrap());
            if verdict.is_ok() != expected {
                wrong.push(format!("{} {}: {:?}", test["tcId"], test["comment"], verdict.err()));
            }
        }
    }
    assert!(wrong.is_empty(), "{file}:\n{}", wrong.join("\n"));
    Some(count)
}

#[test]
fn wycheproof_json_web_signature() {
    assert!(run("json_web_signature_test").is_none_or(|count| count == 401));
}

#[test]
fn wycheproof_json_web_key() {
    assert!(run("json_web_key_test").is_none_or(|count| count == 26));
}

#[test]
fn every_exception_has_its_reason_and_names_a_vector() {
    let exceptions: Vec<Value> = serde_json::from_str(include_str!("../vectors/exceptions.json")).unwrap();
    for exception in &exceptions {
        assert!(exception["reason"].as_str().is_some_and(|reason| reason.len() > 20), "{exception}");
        let Some(vectors) = wycheproof(exception["file"].as_str().unwrap()) else { continue };
        let mut tests = vectors["testGroups"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|group| group["tests"].as_array().unwrap());
        assert!(tests.any(|test| test["tcId"] == exception["id"]), "{exception}");
    }
}

/// The token verifies under the key, has this payload, and fails with a bit of any segment flipped.
fn holds(jwk: &Value, token: &str, payload: &[u8]) {
    assert_eq!(verify(jwk, token).unwrap().payload(), payload);
    for (at, segment) in token.split('.').enumerate() {
        let decoded = base64url::decode(segment.as_bytes()).unwrap();
        for index in [0, decoded.len() / 2, decoded.len() - 1] {
            let mut changed = decoded.clone();
            changed[index] ^= 1;
            let mut segments: Vec<_> = token.split('.').map(String::from).collect();
            segments[at] = base64url::encode(&changed);
            assert!(verify(jwk, &segments.join(".")).is_err(), "byte {index} of segment {at}");
        }
    }
}

/// The payload of RFC 7515 A.1 to A.3, with its line ends.
const JOE: &[u8] = b"{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
const JOE_SEGMENT: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

#[test]
fn rfc_7515_a_1_hs256() {
    let key = json!({
        "kty": "oct", "alg": "HS256",
        "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
    });
    let signature = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    holds(&key, &format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{JOE_SEGMENT}.{signature}"), JOE);
}

#[test]
fn rfc_7515_a_2_rs256() {
    let key = json!({
        "kty": "RSA", "e": "AQAB",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    });
    let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    holds(&key, &format!("eyJhbGciOiJSUzI1NiJ9.{JOE_SEGMENT}.{signature}"), JOE);
}

#[test]
fn rfc_7515_a_3_es256() {
    let key = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
    });
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    holds(&key, &format!("eyJhbGciOiJFUzI1NiJ9.{JOE_SEGMENT}.{signature}"), JOE);
}

#[test]
fn rfc_7515_a_4_es512() {
    let key = json!({
        "kty": "EC", "crv": "P-521",
        "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
        "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"
    });
    let token = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
    holds(&key, token, b"Payload");
}

#[test]
fn rfc_8037_a_4_eddsa() {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
    let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    holds(&key, token, b"Example of Ed25519 signing");
    // RFC 9864 gives the algorithm a second name; the signing input of this example has the first.
    let (input, signature) = token.rsplit_once('.').unwrap();
    let key = Ed25519Key::new(&base64url::decode(x.as_bytes()).unwrap()).unwrap();
    assert!(verifies(
        Algorithm::Ed25519,
        &key,
        input.as_bytes(),
        &base64url::decode(signature.as_bytes()).unwrap()
    ));
}

/// The payload of RFC 7520 §4.
const BILBO: &str = "It’s a dangerous business, Frodo, going out your door. You step onto the road, and if you don't keep your feet, there’s no knowing where you might be swept off to.";
const BILBO_SEGMENT: &str = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";

/// The RSA key of RFC 7520 §3.3 for one algorithm.
fn bilbo_rsa(alg: &str) -> Value {
    json!({
        "kty": "RSA", "kid": "bilbo.baggins@hobbiton.example", "use": "sig", "alg": alg, "e": "AQAB",
        "n": "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw"
    })
}

#[test]
fn rfc_7520_4_1_rs256() {
    let signature = "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg";
    let header = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9";
    holds(&bilbo_rsa("RS256"), &format!("{header}.{BILBO_SEGMENT}.{signature}"), BILBO.as_bytes());
}

#[test]
fn rfc_7520_4_2_ps384() {
    let signature = "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw";
    let header = "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9";
    holds(&bilbo_rsa("PS384"), &format!("{header}.{BILBO_SEGMENT}.{signature}"), BILBO.as_bytes());
}

#[test]
fn rfc_7520_4_3_es512() {
    let key = json!({
        "kty": "EC", "kid": "bilbo.baggins@hobbiton.example", "use": "sig", "crv": "P-521",
        "x": "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
        "y": "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1"
    });
    let signature = "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2";
    let header = "eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9";
    holds(&key, &format!("{header}.{BILBO_SEGMENT}.{signature}"), BILBO.as_bytes());
}

#[test]
fn rfc_7520_4_4_hs256() {
    let key = json!({
        "kty": "oct", "kid": "018c0ae5-4d9b-471b-bfd6-eef314bc7037", "use": "sig", "alg": "HS256",
        "k": "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"
    });
    let header = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9";
    let token = format!("{header}.{BILBO_SEGMENT}.s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0");
    holds(&key, &token, BILBO.as_bytes());
}

#[test]
fn rfc_7638_3_1_thumbprint() {
    // The digest that the section prints as octets.
    let digest = [
        55, 54, 203, 177, 120, 124, 184, 48, 156, 119, 238, 140, 55, 5, 197, 225, 111, 251, 158, 133, 151,
        21, 144, 31, 30, 76, 89, 177, 17, 130, 245, 123,
    ];
    let jwk = json!({
        "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    });
    assert_eq!(tokenward::jwt::thumbprint(jwk.to_string().as_bytes()).unwrap(), base64url::encode(&digest));
}

#[test]
fn rfc_7797_4_a_payload_that_is_not_encoded_is_refused_and_the_same_one_encoded_holds() {
    let key = json!({
        "kty": "oct", "alg": "HS256",
        "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
    });
    // §4.1: {"alg":"HS256"} over "$.02".
    holds(&key, "eyJhbGciOiJIUzI1NiJ9.JC4wMg.5mvfOroL-g7HyqJoozehmsaqmvTYGEq5jTI1gVvoEoQ", b"$.02");
    // §4.2: {"alg":"HS256","b64":false,"crit":["b64"]}, detached, and with the payload put back in either form.
    let (header, signature) = (
        "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19",
        "A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY",
    );
    for payload in ["", "JC4wMg"] {
        let verdict = verify(&key, &format!("{header}.{payload}.{signature}")).err();
        assert_eq!(verdict, Some(Error::NotSupported { parameter: "b64" }));
    }
    assert!(matches!(verify(&key, &format!("{header}.$.02.{signature}")), Err(Error::Malformed { .. })));
}

#[test]
fn a_jws_may_carry_anything_and_no_claim_of_it_is_judged() {
    let key = json!({ "kty": "oct", "alg": "HS256", "k": base64url::encode(&[7; 32]) });
    let verifier = |algorithms| {
        let mut rules = JwsRules::new();
        rules.algorithms = algorithms;
        JwsVerifier::new(keys(&key).unwrap(), rules)
    };
    use jwt_compact::{
        Algorithm as _, AlgorithmSignature as _,
        alg::{Hs256, Hs256Key},
    };
    for payload in [&b""[..], b"\0\xff", b"[]", br#"{"exp":0,"exp":0}"#, b"{\"iss\":1}"] {
        let input = format!("{}.{}", base64url::encode(br#"{"alg":"HS256"}"#), base64url::encode(payload));
        let signature = Hs256.sign(&Hs256Key::new([7; 32]), input.as_bytes());
        let token = format!("{input}.{}", base64url::encode(&signature.as_bytes()));
        let verified = verifier(None).unwrap().verify(&token).unwrap();
        assert_eq!((verified.payload(), verified.header().json()), (payload, &br#"{"alg":"HS256"}"#[..]));
        let other = verifier(Some(vec![Algorithm::Hs512])).unwrap().verify(&token).err();
        assert_eq!(other, Some(Error::AlgorithmNotAllowed { alg: Some("HS256") }));
    }
    assert!(matches!(verifier(Some(vec![])), Err(Error::InvalidArg { .. })));
    let mut none = JwsRules::new();
    none.max_token_length = 0;
    assert!(matches!(JwsVerifier::new(keys(&key).unwrap(), none), Err(Error::InvalidArg { .. })));
}

/// The examples of RFC 9964, each with the thumbprint as `kid`. The payload is the first sentence of RFC 7520's.
#[test]
fn rfc_9964_ml_dsa() {
    let examples: Vec<Value> = serde_json::from_str(include_str!("../vectors/rfc9964.json")).unwrap();
    assert_eq!(examples.len(), 3);
    for example in examples {
        let (jwk, jws) = (&example["jwk"], example["jws"].as_str().unwrap());
        assert_eq!(tokenward::jwt::thumbprint(jwk.to_string().as_bytes()).unwrap(), jwk["kid"]);
        if cfg!(feature = "ml-dsa") {
            let (sentence, _) = BILBO.split_once(" You").unwrap();
            holds(jwk, jws, sentence.as_bytes());
        } else {
            assert_eq!(verify(jwk, jws).err(), Some(Error::KeyUnusable { misuse: Misuse::MlDsa }));
        }
    }
}
