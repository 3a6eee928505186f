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

#[inline(always)]
fn value(digit: u8) -> u8 {
    VALUES.get(usize::from(digit)).copied().unwrap_or(INVALID)
}

/// The bytes that `text` stands for, or `None` where it is not canonical base64url.
#[must_use]
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    decode_into(text, &mut bytes).then_some(bytes)
}

/// Appends the bytes that `text` stands for to `bytes`. Returns `false` if it is not canonical base64url; the appended bytes
/// then mean nothing.
fn decode_into(text: &[u8], bytes: &mut Vec<u8>) -> bool {
    let (groups, rest) = text.as_chunks::<4>();
    let start = bytes.len();
    bytes.resize(start + groups.len() * 3, 0);
    let mut valid = decode_many(groups, bytes.get_mut(start..).unwrap_or_default());
    let last = match *rest {
        [] => return valid,
        [a, b] => [a, b, b'A', b'A'],
        [a, b, c] => [a, b, c, b'A'],
        _ => return false,
    };
    // What the missing digits would have filled must be zero: otherwise several texts have these bytes.
    let mut decoded = [0; 3];
    valid &= decode_few(&[last], &mut decoded);
    let (kept, unused) = decoded.split_at(rest.len() - 1);
    bytes.extend_from_slice(kept);
    valid && unused.iter().all(|&byte| byte == 0)
}

use scalar::decode_groups as decode_few;
#[cfg(not(target_feature = "simd128"))]
use scalar::decode_groups as decode_many;
#[cfg(target_feature = "simd128")]
use simd::decode_groups as decode_many;

/// Groups of four digits to three bytes, one at a time.
mod scalar {
    use super::value;

    pub(super) fn decode_groups(groups: &[[u8; 4]], bytes: &mut [u8]) -> bool {
        let mut seen = 0;
        for (group, bytes) in groups.iter().zip(bytes.as_chunks_mut::<3>().0) {
            let &[a, b, c, d] = group;
            let (a, b, c, d) = (value(a), value(b), value(c), value(d));
            seen |= a | b | c | d;
            *bytes = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
        }
        // The mark of what is no digit has its top bits set, and a digit never has.
        seen < 64
    }
}

/// Groups of four digits to three bytes, four groups at a time.
#[cfg(target_feature = "simd128")]
mod simd {
    use core::arch::wasm32::{
        i8x16_swizzle, u8x16, u8x16_add, u8x16_all_true, u8x16_eq, u8x16_ge, u8x16_le, u8x16_splat, u32x4,
        u32x4_extract_lane, u32x4_shl, u32x4_shr, u32x4_splat, v128, v128_and, v128_or,
    };

    pub(super) fn decode_groups(groups: &[[u8; 4]], bytes: &mut [u8]) -> bool {
        let (blocks, groups) = groups.as_chunks::<4>();
        let (start, end) = bytes.split_at_mut(blocks.len() * 12);
        let mut valid = u8x16_splat(0xff);
        for (block, bytes) in blocks.iter().zip(start.as_chunks_mut::<12>().0) {
            let (decoded, known) = decode(block);
            valid = v128_and(valid, known);
            if let [first, second, third] = bytes.as_chunks_mut::<4>().0 {
                *first = u32x4_extract_lane::<0>(decoded).to_le_bytes();
                *second = u32x4_extract_lane::<1>(decoded).to_le_bytes();
                *third = u32x4_extract_lane::<2>(decoded).to_le_bytes();
            }
        }
        let rest = super::scalar::decode_groups(groups, end);
        u8x16_all_true(valid) && rest
    }

    /// Twelve bytes, and for each digit whether it is one.
    #[inline(always)]
    fn decode(block: &[[u8; 4]; 4]) -> (v128, v128) {
        let &[a, b, c, d] = block;
        let number = u32::from_le_bytes;
        let text = u32x4(number(a), number(b), number(c), number(d));
        let between =
            |low, high| v128_and(u8x16_ge(text, u8x16_splat(low)), u8x16_le(text, u8x16_splat(high)));
        let upper = between(b'A', b'Z');
        let lower = between(b'a', b'z');
        let digit = between(b'0', b'9');
        let dash = u8x16_eq(text, u8x16_splat(b'-'));
        let underscore = u8x16_eq(text, u8x16_splat(b'_'));
        let letters = v128_or(upper, lower);
        let known = v128_or(v128_or(letters, digit), v128_or(dash, underscore));

        // What is to be added to each kind of character to get its value, modulo 256.
        let offset =
            |kind, value: u8, character: u8| v128_and(kind, u8x16_splat(value.wrapping_sub(character)));
        let letters = v128_or(offset(upper, 0, b'A'), offset(lower, 26, b'a'));
        let others = v128_or(offset(dash, 62, b'-'), offset(underscore, 63, b'_'));
        let offsets = v128_or(v128_or(letters, offset(digit, 52, b'0')), others);
        let values = u8x16_add(text, offsets);

        // In each lane of 32 bits the first digit is lowest; it belongs highest.
        let part = |mask| v128_and(values, u32x4_splat(mask));
        let first = v128_or(u32x4_shl(part(0x3f), 18), u32x4_shl(part(0x3f00), 4));
        let second = v128_or(u32x4_shr(part(0x3f_0000), 10), u32x4_shr(values, 24));
        let bytes = v128_or(first, second);
        // Three bytes of each lane, highest first.
        let order = u8x16(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 0xff, 0xff, 0xff, 0xff);
        (i8x16_swizzle(bytes, order), known)
    }
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
