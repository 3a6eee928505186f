//! The digits of a number in one base as its digits in another: what becomes of bytes, and of limbs of other sizes.

/// The number with these big endian bytes in so many limbs of `limb_bits` bits, lowest first; what does not fit is left out.
pub(crate) fn to_limbs(bytes: &[u8], limb_bits: u32, count: usize) -> Vec<u32> {
    regrouped(bytes.iter().rev().map(|&byte| byte.into()), 8, limb_bits).take(count).collect()
}

/// The number with these limbs of `limb_bits` bits, lowest first, in so many big endian bytes; what does not fit is left out.
pub(crate) fn to_bytes(limbs: impl Iterator<Item = u32>, limb_bits: u32, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    for (byte, digit) in bytes.iter_mut().rev().zip(regrouped(limbs, limb_bits, 8)) {
        *byte = digit.to_le_bytes()[0];
    }
    bytes
}

/// The digits of `to` bits, lowest first and zeros without end, of the number whose digits of `from` bits these are, lowest
/// first. None has more than 32 bits.
#[inline(always)]
pub(crate) fn regrouped(
    mut digits: impl Iterator<Item = u32>,
    from: u32,
    to: u32,
) -> impl Iterator<Item = u32> {
    let mask = (1_u64 << to) - 1;
    let (mut pending, mut bits) = (0_u64, 0);
    std::iter::repeat_with(move || {
        while bits < to {
            pending += u64::from(digits.next().unwrap_or(0)) << bits;
            bits += from;
        }
        #[expect(clippy::cast_possible_truncation, reason = "masked")]
        let digit = (pending & mask) as u32;
        pending >>= to;
        bits -= to;
        digit
    })
}
