//! The digits of a number in one base as its digits in another: what becomes of bytes, and of limbs of other sizes.

/// The digits of `to` bits, lowest first and with zeros without end above them, of the number whose digits of `from` bits
/// these are, lowest first. None has more than 32 bits.
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
