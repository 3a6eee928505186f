//! base64url without padding, read canonically (RFC 7515 §2, RFC 4648 §3.5).
//!
//! One text has one meaning: padding, white space, the letters `+` and `/` and set bits after the last byte are
//! refused, so two different tokens never carry the same bytes.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Marks a byte outside the alphabet; every real value is below 64.
const INVALID: u8 = 0xff;

/// The value of each byte as a base64url digit.
const VALUES: [u8; 256] = {
    let mut values = [INVALID; 256];
    let mut digit = 0;
    while digit < 64 {
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which checks the bounds")]
        {
            values[ALPHABET[digit] as usize] = digit as u8;
        }
        digit += 1;
    }
    values
};

fn value(digit: u8) -> u8 {
    VALUES.get(usize::from(digit)).copied().unwrap_or(INVALID)
}

/// The bytes that `text` stands for, or `None` where it is not canonical base64url.
#[must_use]
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    decode_into(text, &mut bytes).then_some(bytes)
}

/// Appends the bytes that `text` stands for to `bytes`; `false` where it is not canonical base64url, and then what
/// was appended means nothing.
#[must_use]
pub fn decode_into(text: &[u8], bytes: &mut Vec<u8>) -> bool {
    let (groups, rest) = text.as_chunks::<4>();
    bytes.reserve(groups.len() * 3 + 2);
    let mut seen = 0;
    for group in groups {
        let [a, b, c, d] = group.map(value);
        seen |= a | b | c | d;
        bytes.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
    }
    let canonical = match *rest {
        [] => true,
        [a, b] => {
            let [a, b] = [value(a), value(b)];
            seen |= a | b;
            bytes.push(a << 2 | b >> 4);
            b & 0x0f == 0
        }
        [a, b, c] => {
            let [a, b, c] = [value(a), value(b), value(c)];
            seen |= a | b | c;
            bytes.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2]);
            c & 0x03 == 0
        }
        _ => false,
    };
    // INVALID has its top bits set and a digit never has.
    canonical && seen < 64
}

/// `bytes` as base64url.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let digit = |six: u8| char::from(ALPHABET.get(usize::from(six & 0x3f)).copied().unwrap_or_default());
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    let (groups, rest) = bytes.as_chunks::<3>();
    for &[a, b, c] in groups {
        text.extend([digit(a >> 2), digit(a << 4 | b >> 4), digit(b << 2 | c >> 6), digit(c)]);
    }
    match *rest {
        [a] => text.extend([digit(a >> 2), digit(a << 4)]),
        [a, b] => text.extend([digit(a >> 2), digit(a << 4 | b >> 4), digit(b << 2)]),
        _ => {}
    }
    text
}
