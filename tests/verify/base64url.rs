//! base64url has one text for any bytes and no bytes for any other text.

use proptest::prelude::*;
use tokenward::base64url::{decode, encode};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[test]
fn the_examples_of_rfc_4648_without_their_padding() {
    for (bytes, text) in [
        ("", ""),
        ("f", "Zg"),
        ("fo", "Zm8"),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg"),
        ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(encode(bytes.as_bytes()), text);
        assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes.as_bytes()));
    }
}

#[test]
fn the_example_of_rfc_7515_appendix_c() {
    assert_eq!(encode(&[3, 236, 255, 224, 193]), "A-z_4ME");
    assert_eq!(decode(b"A-z_4ME"), Some(vec![3, 236, 255, 224, 193]));
}

#[test]
fn padding_is_refused() {
    for text in ["Zg==", "Zg=", "Zm8=", "Zm9v=", "=", "====", "Z=g"] {
        assert_eq!(decode(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn every_byte_outside_the_alphabet_is_refused_at_every_place() {
    for byte in (0..=255_u8).filter(|byte| !ALPHABET.contains(byte)) {
        for length in 2..=8 {
            for at in 0..length {
                let mut text = vec![b'A'; length];
                text[at] = byte;
                assert_eq!(decode(&text), None, "{byte:#x} at {at} of {length}");
            }
        }
    }
}

#[test]
fn a_single_digit_left_over_is_refused() {
    for text in ["A", "AAAAA", "AAAAAAAAA"] {
        assert_eq!(decode(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn bits_after_the_last_byte_must_be_zero() {
    let accepted = |prefix: &str| {
        let texts = ALPHABET.iter().map(|&digit| [prefix.as_bytes(), &[digit]].concat());
        texts.filter(|text| decode(text).is_some()).count()
    };
    assert_eq!(accepted("A"), 4, "two digits carry one byte and four bits");
    assert_eq!(accepted("AA"), 16, "three digits carry two bytes and two bits");
    assert_eq!(accepted("AAA"), 64);
}

proptest! {
    #[test]
    fn bytes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(decode(encode(&bytes).as_bytes()), Some(bytes));
    }

    #[test]
    fn what_is_read_is_written_the_same_way(text in "[A-Za-z0-9_=+/ -]{0,40}") {
        if let Some(bytes) = decode(text.as_bytes()) {
            prop_assert_eq!(encode(&bytes), text);
        }
    }
}
