//! The digits of a number in one base as its digits in another: what becomes of bytes, and of limbs of other sizes.

/// The number with these big endian bytes in so many limbs of `limb_bits` bits, lowest first; what does not fit is left out.
pub(crate) fn to_limbs(bytes: &[u8], limb_bits: u32, count: usize) -> Vec<u32> {
    let mut digits: Vec<u32> = bytes.iter().map(|&byte| byte.into()).collect();
    digits.reverse();
    regrouped(&digits, 8, limb_bits, count)
}

/// The number with these limbs of `limb_bits` bits, lowest first, in so many big endian bytes; what does not fit is left out.
pub(crate) fn to_bytes(limbs: &[u32], limb_bits: u32, count: usize) -> Vec<u8> {
    let digits = regrouped(limbs, limb_bits, 8, count);
    digits.iter().rev().map(|digit| digit.to_le_bytes()[0]).collect()
}

/// The lowest digits of `to` bits, so many, of the number whose digits of `from` bits these are, lowest first. None has more
/// than 32 bits.
pub(crate) fn regrouped(digits: &[u32], from: u32, to: u32, count: usize) -> Vec<u32> {
    let mask = (1_u64 << to) - 1;
    let mut digits = digits.iter();
    let (mut pending, mut bits) = (0_u64, 0);
    let next = || {
        while bits < to {
            pending += u64::from(digits.next().copied().unwrap_or(0)) << bits;
            bits += from;
        }
        #[expect(clippy::cast_possible_truncation, reason = "masked")]
        let digit = (pending & mask) as u32;
        pending >>= to;
        bits -= to;
        digit
    };
    std::iter::repeat_with(next).take(count).collect()
}
