//! The core inside a WebAssembly instance: what a small stack, 32-bit lengths and the missing clock could change.
#![cfg(all(target_arch = "wasm32", target_os = "unknown"))]

/// The vectors of the engine, which has a SIMD kernel here.
#[path = "../engine/wycheproof.rs"]
mod wycheproof_sets;

use tokenward::base64url;
use tokenward::json::{Fault, Object, Value};
use tokenward::{Accept, Error, KeySet, NumericDate, Rules, Verifier};
use wasm_bindgen_test::wasm_bindgen_test;

const JWKS: &[u8] =
    br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"D21NZkNcObwKMJR-QGse-wy4ZszhzqVEHocJGO6kpLA"}]}"#;
/// Of `https://login.example.com` for `ada`, until 2100.
const TOKEN: &str = "eyJhbGciOiJFZDI1NTE5In0.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUu\
    Y29tIiwic3ViIjoiYWRhIiwiZXhwIjo0MTAyNDQ0ODAwfQ.X4vePbL6pJAZCbr1cR721S2KnY9j4JuKT0TkoxPDz5NTuoBia\
    KsqW_wbhsRp4taJDyFITHAO157Pq7kiV4uZBA";

fn verify(token: &str, now: f64) -> Result<Option<String>, Error> {
    let rules = Rules::new(Accept::only("https://login.example.com"), Accept::Anything);
    let verifier = Verifier::new(rules, KeySet::from_jwks(JWKS)?)?;
    Ok(verifier.verify(token, NumericDate::from_host_clock(now)?)?.text("sub"))
}

#[wasm_bindgen_test]
fn a_token_is_verified_inside_an_instance() {
    assert_eq!(verify(TOKEN, 1_800_000_000.0), Ok(Some("ada".to_owned())));
    assert_eq!(verify(&TOKEN.replace("fQ.X4", "fQ.X5"), 1_800_000_000.0), Err(Error::SignatureInvalid));
}

#[wasm_bindgen_test]
fn the_clock_of_a_module_scope_is_not_believed() {
    assert_eq!(verify(TOKEN, 0.0), Err(Error::ClockUnavailable));
}

#[wasm_bindgen_test]
fn a_document_nested_a_million_deep_is_refused_on_a_small_stack() {
    let text = format!("{{\"a\":{}", "[".repeat(1_000_000));
    assert_eq!(Object::parse(text.as_bytes()).err(), Some(Fault::Depth));
}

#[wasm_bindgen_test]
fn numbers_round_trip_as_json_parse_reads_them() {
    let object = Object::parse(br#"{"exp":1700000000.5,"big":9007199254740993}"#).expect("valid");
    let number = |name| match object.get(name) {
        Some(Value::Number(number)) => number.to_f64(),
        _ => panic!("{name} is not a number"),
    };
    assert_eq!(number("exp"), 1_700_000_000.5);
    assert_eq!(number("big"), 9_007_199_254_740_992.0);
}

/// Sixteen digits at a time are decoded with SIMD here.
#[wasm_bindgen_test]
fn every_byte_is_a_digit_or_refused_wherever_it_stands() {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (at, byte) in (0..40).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
        let mut text = [b'q'; 40];
        text[at] = byte;
        let value = ALPHABET.iter().position(|&digit| digit == byte);
        let expected = value.map(|_| {
            let digits =
                text.map(|digit| ALPHABET.iter().position(|&other| other == digit).expect("a digit"));
            let bytes = |four: &[usize]| {
                let number = four.iter().fold(0, |number, &digit| number << 6 | digit);
                [(number >> 16) as u8, (number >> 8) as u8, number as u8]
            };
            digits.chunks(4).flat_map(bytes).collect::<Vec<_>>()
        });
        assert_eq!(base64url::decode(&text), expected, "{byte} at {at}");
    }
}

#[wasm_bindgen_test]
fn bytes_of_any_length_come_back_from_their_text() {
    let bytes: Vec<u8> = (0..200_u32).map(|index| (index * 167 + 13) as u8).collect();
    for length in 0..=bytes.len() {
        let text = base64url::encode(&bytes[..length]);
        assert_eq!(base64url::decode(text.as_bytes()).as_deref(), Some(&bytes[..length]));
    }
}
