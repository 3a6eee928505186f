//! The exact text, code and retryability of every error that verification gives, each reached as a caller reaches it.

use crate::support::{
    NOW, assemble, at, claims, claims_with, claims_without, import, judge, judge_header, jwk, jwk_with, key,
    key_set, named_jwk, now, rules, rules_with, sign_json, sign_text, token, verify,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokenward::jwt::host::HostKey;
use tokenward::jwt::{
    Accept, Algorithm, ImportOptions, KeySet, Rules, UnverifiedJwt, VerificationKey, Verifier, thumbprint,
};
use tokenward::{Error, NumericDate};

const ES256: Algorithm = Algorithm::Es256;
const RS256: Algorithm = Algorithm::Rs256;
const HS256: Algorithm = Algorithm::Hs256;

fn check<T>(result: Result<T, Error>, code: &str, retryable: bool, text: &str) {
    let error = result.err().unwrap();
    assert_eq!((error.code(), error.to_string().as_str(), error.is_retryable()), (code, text, retryable));
}

/// The error is permanent and reads like this.
fn permanent<T>(result: Result<T, Error>, code: &str, text: &str) {
    check(result, code, false, text);
}

fn payload(payload: &[u8]) -> Result<(), Error> {
    verify(&sign_text(ES256, br#"{"alg":"ES256"}"#, payload), key(ES256), rules()).map(drop)
}

fn parse(token: &str) -> Result<(), Error> {
    UnverifiedJwt::parse(token).map(drop)
}

fn header(header: &[u8]) -> Result<(), Error> {
    parse(&assemble(header, b"{}", b""))
}

fn pem(text: &str) -> Result<VerificationKey, Error> {
    VerificationKey::from_pem(text, ImportOptions::default())
}

fn secret(bytes: &[u8]) -> Result<VerificationKey, Error> {
    VerificationKey::from_secret(bytes, ImportOptions::default())
}

#[test]
fn malformed_tokens() {
    let code = "ERR_JWT_MALFORMED";
    permanent(parse("a.b"), code, "the token is not three segments joined by dots");
    permanent(parse("e30=.e30.AAAA"), code, "a segment of the token is not canonical base64url");
    permanent(parse(&"a".repeat(20_000)), code, "the token is longer than the rules allow");
    permanent(header(b"{}"), code, "the token's header parameter \"alg\" is not valid");
    permanent(header(br#"{"alg":"x","kid":1}"#), code, "the token's header parameter \"kid\" is not valid");
    permanent(header(br#"{"alg":"x","typ":1}"#), code, "the token's header parameter \"typ\" is not valid");
    permanent(header(b"[]"), code, "the token's header is not a JSON object");
    permanent(header(b"{"), code, "the token's header is not valid JSON");
    permanent(payload(b"{\"a\":\"\xff\"}"), code, "the token's claims set is not valid UTF-8");
    permanent(payload(br#"{"a":1,"a":1}"#), code, "the token's claims set contains a duplicate member name");
    permanent(
        payload(br#"{"a":1e999}"#),
        code,
        "the token's claims set contains a number that is out of range",
    );
    permanent(
        payload(br#"{"a":"\ud800"}"#),
        code,
        "the token's claims set contains half of a surrogate pair",
    );
    let deep = format!("{}1{}", "{\"a\":".repeat(65), "}".repeat(65));
    permanent(payload(deep.as_bytes()), code, "the token's claims set nests deeper than 64 levels");
}

#[test]
fn encrypted_tokens() {
    permanent(parse("a.b.c.d.e"), "ERR_JWE_NOT_SUPPORTED", "encrypted tokens (JWE) are not supported");
}

#[test]
fn algorithms() {
    let code = "ERR_JOSE_ALG_NOT_ALLOWED";
    let none = assemble(br#"{"alg":"none"}"#, b"{}", b"");
    permanent(verify(&none, key(ES256), rules()), code, "the token's algorithm is not allowed");
    let refused = verify(&token(RS256, &claims()), key(ES256), rules());
    permanent(refused, code, "the token's algorithm RS256 is not allowed for this key and these rules");
}

#[test]
fn critical_parameters() {
    let code = "ERR_JOSE_NOT_SUPPORTED";
    let crit = judge_header(&json!({ "alg": "ES256", "crit": ["x"] }));
    permanent(
        crit,
        code,
        "the token's header parameter \"crit\" asks for an extension that is not supported",
    );
    let b64 = judge_header(&json!({ "alg": "ES256", "b64": false }));
    permanent(b64, code, "the token's header parameter \"b64\" asks for an extension that is not supported");
}

#[test]
fn signatures() {
    let input = token(ES256, &claims());
    let forged = format!("{}.{}", input.rsplit_once('.').unwrap().0, "A".repeat(86));
    permanent(
        verify(&forged, key(ES256), rules()),
        "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
        "signature verification failed",
    );
}

#[test]
fn claims_that_the_rules_refuse() {
    let code = "ERR_JWT_CLAIM_VALIDATION_FAILED";
    permanent(judge(&claims_without("iss"), rules()), code, "the claim \"iss\" is missing");
    permanent(
        judge(&claims_with("iss", json!(1)), rules()),
        code,
        "the claim \"iss\" has an invalid type or value",
    );
    permanent(
        judge(&claims_with("iss", json!("x")), rules()),
        code,
        "the claim \"iss\" does not match the rules",
    );
}

#[test]
fn times() {
    permanent(judge(&claims_with("exp", json!(NOW)), rules()), "ERR_JWT_EXPIRED", "the token has expired");
    let young = rules_with(|rules| rules.max_token_age = Some(Duration::from_secs(1)));
    permanent(judge(&claims(), young), "ERR_JWT_EXPIRED", "the token is older than maxTokenAge");
    permanent(
        judge(&claims_with("nbf", json!(NOW + 1)), rules()),
        "ERR_JWT_NOT_YET_VALID",
        "the token is not valid yet",
    );
    let text = "the host clock is not set: it reads before 2024, as at a Worker's module scope";
    check(NumericDate::from_host_clock(0.0), "ERR_CLOCK_UNAVAILABLE", true, text);
}

#[test]
fn malformed_keys() {
    let code = "ERR_JWK_INVALID";
    let parse = |json: &[u8]| VerificationKey::from_jwk(json, ImportOptions::default());
    permanent(parse(b"[]"), code, "the key is not a JSON object");
    permanent(parse(br#"{"kty":"EC","kty":"RSA"}"#), code, "the key contains a duplicate member name");
    permanent(import(&json!({})), code, "the key's \"kty\" is missing or invalid");
    permanent(import(&jwk_with(ES256, "x", "AA".into())), code, "the key's \"x\" is missing or invalid");
    let mut off = jwk(ES256);
    off["y"] = off["x"].clone();
    permanent(import(&off), code, "the key is not a point on its curve");
    permanent(
        pem("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"),
        code,
        "the text is not a PEM public key (SPKI \"PUBLIC KEY\", \"RSA PUBLIC KEY\" or \"CERTIFICATE\")",
    );
    permanent(thumbprint(br#"{"kty":"RSA"}"#), code, "the key's \"e\" is missing or invalid");
}

#[test]
fn weak_keys() {
    let code = "ERR_KEY_WEAK";
    let rsa = |n: &str, e: &str| import(&json!({ "kty": "RSA", "n": n, "e": e }));
    permanent(secret(b""), code, "the secret is empty");
    permanent(
        secret(b"short"),
        code,
        "the secret is shorter than the hash (RFC 7518 section 3.2); allowShortSecret allows it",
    );
    permanent(
        rsa(crate::support::N, "AQ"),
        code,
        "the RSA exponent must be odd, at least 3 and at most 64 bits long",
    );
    permanent(rsa("AQAB", "AQAB"), code, "the RSA modulus must have 2048 to 8192 bits");
    let even = format!("{}A", &crate::support::N[..crate::support::N.len() - 1]);
    permanent(rsa(&even, "AQAB"), code, "the RSA modulus is even");
    let roca = tokenward::base64url::encode(&crate::support::roca_modulus());
    permanent(rsa(&roca, "AQAB"), code, "the RSA key was made by a faulty generator (CVE-2017-15361)");
    let identity = jwk_with(Algorithm::EdDsa, "x", format!("AQ{}", "A".repeat(41)).into());
    permanent(
        import(&identity),
        code,
        "the Ed25519 key is a point of small order, for which any signature can be forged",
    );
}

#[test]
fn keys_for_something_else() {
    let code = "ERR_KEY_UNUSABLE";
    let of = |name: &str, value: Value| import(&jwk_with(ES256, name, value));
    permanent(of("alg", "RS256".into()), code, "the key's \"alg\" does not fit its type");
    let unspecified = Verifier::new(rules(), secret(&[7; 32]).unwrap());
    permanent(
        unspecified,
        code,
        "a shared secret needs \"algorithms\" in the rules or an \"alg\" of its own",
    );
    permanent(
        pem("hunter2"),
        code,
        "a string must be PEM; pass a shared secret as bytes or as an \"oct\" JWK",
    );
    permanent(of("key_ops", json!(["sign"])), code, "the key's key_ops or usages do not include verify");
    permanent(of("use", "enc".into()), code, "the key's use is not sig");
    permanent(of("d", "AA".into()), code, "the key is private; pass its public half");
    permanent(of("kty", "new".into()), code, "this type or curve of key is not supported");
    permanent(
        secret(jwk(ES256).to_string().as_bytes()),
        code,
        "these bytes are a public key, not a shared secret",
    );
    permanent(HostKey::default().opaque(1), code, "the value is neither a key nor a key set");
    let host = HostKey {
        kind: "secret",
        name: "HMAC",
        hash: "SHA-256",
        bits: 256,
        verifies: true,
        ..HostKey::default()
    };
    let engine = verify(&token(HS256, &claims()), host.opaque(1).unwrap(), rules());
    permanent(engine, code, "this host cannot use this key");
}

#[test]
fn key_sets() {
    let code = "ERR_JWKS_INVALID";
    let parse = |json: &str| KeySet::from_jwks(json.as_bytes());
    permanent(parse("{"), code, "the key set is not valid JSON");
    permanent(parse("{}"), code, "the key set has no \"keys\" list");
    let many = format!(r#"{{"keys":[{}0]}}"#, "0,".repeat(10_000));
    permanent(parse(&many), code, "the key set has more than 10,000 keys");
    let mixed = json!({ "keys": [named_jwk(ES256, "a"), named_jwk(HS256, "b")] }).to_string();
    permanent(parse(&mixed), code, "the key set mixes secrets and public keys");
    let kid = sign_json(ES256, &json!({ "alg": "ES256", "kid": "k" }), &claims());
    let none = verify(&kid, key_set(&[]), rules());
    permanent(none, "ERR_JWKS_NO_MATCHING_KEY", "no key of the set matches the token");
    let two = key_set(&[jwk(ES256), jwk(ES256)]);
    let many = verify(&token(ES256, &claims()), two, rules());
    permanent(many, "ERR_JWKS_MULTIPLE_MATCHING_KEYS", "more than one key of the set matches the token");
}

#[test]
fn rules_that_are_no_rules() {
    let refused = |text: &str, change: &dyn Fn(&mut Rules)| {
        permanent(rules_with(change).validate(), "ERR_INVALID_ARG", text)
    };
    refused("\"issuer\" must be Accept::Anything, or one or more strings that are not empty", &|rules| {
        rules.issuer = Accept::OneOf(vec![])
    });
    refused("\"audience\" must be Accept::Anything, or one or more strings that are not empty", &|rules| {
        rules.audience = Accept::only("")
    });
    refused("\"algorithms\" must be a list with at least one algorithm", &|rules| {
        rules.algorithms = Some(vec![])
    });
    refused("\"subject\" must be a string that is not empty", &|rules| rules.subject = Some(String::new()));
    refused("\"typ\" must be a string that is not empty", &|rules| rules.typ = Some(String::new()));
    refused("\"scope\" must be one or more scopes that are not empty", &|rules| {
        rules.scope = vec![String::new()]
    });
    refused(
        "\"required_claims\" must be a list of strings that are not empty, with at least one of them",
        &|rules| rules.required_claims = vec![String::new()],
    );
    refused("\"clock_tolerance\" must be at most 600 seconds", &|rules| {
        rules.clock_tolerance = Duration::from_secs(601)
    });
    refused("\"max_token_length\" must be a whole number of characters above 0", &|rules| {
        rules.max_token_length = 0
    });
    refused("\"claims\" must be strings, finite numbers and booleans by claim name", &|rules| {
        rules.claims = vec![("x".into(), tokenward::jwt::ClaimValue::Number(f64::NAN))];
    });
    permanent(
        Verifier::with_issuers(vec![]),
        "ERR_INVALID_ARG",
        "\"issuers\" must be a list of rules, each with one issuer of its own",
    );
}

/// Every text and every debug text of every error that canaries can reach.
#[test]
fn no_error_quotes_what_it_refuses() {
    let canary = "canary-canary";
    let canaries = |name: &str| claims_with(name, json!(canary));
    let strict = rules_with(|rules| {
        rules.claims = vec![("sub".into(), tokenward::jwt::ClaimValue::String("other".into()))];
        rules.typ = Some(canary.into());
    });
    let header = |name: &str, value: Value| json!({ "alg": "ES256", "typ": canary, name: value });
    let errors = [
        parse(canary).err(),
        parse(&format!("{canary}.{canary}.{canary}")).err(),
        judge(&canaries("iss"), rules()).err(),
        judge(&canaries("aud"), rules()).err(),
        judge(&canaries("exp"), rules()).err(),
        judge(&canaries("sub"), strict).err(),
        judge_header(&json!({ "alg": canary })).err(),
        judge_header(&header("crit", json!([canary]))).err(),
        judge_header(&header("kid", json!([canary]))).err(),
        import(&json!({ "kty": canary })).err(),
        import(&jwk_with(ES256, "alg", canary.into())).err(),
        import(&jwk_with(ES256, "x", canary.into())).err(),
        import(&jwk_with(ES256, "use", canary.into())).err(),
        secret(canary.as_bytes()).err(),
        pem(canary).err(),
        pem(&format!("-----BEGIN {canary}-----\n{canary}\n-----END {canary}-----")).err(),
        KeySet::from_jwks(canary.as_bytes()).err(),
        Verifier::new(rules(), key(ES256)).unwrap().verify(&token(ES256, &canaries("jti")), at(100.0)).err(),
        Verifier::new(rules(), key_set(&[])).unwrap().verify(&token(ES256, &canaries("jti")), now()).err(),
    ];
    for error in errors {
        let error = error.unwrap();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
}
