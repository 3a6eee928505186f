//! Decimal numbers as doubles, rounded to the nearest and to even on a tie, as `JSON.parse` reads them.
//!
//! The numbers that tokens hold are one operation on doubles. For all others the JavaScript host is asked, or else they are
//! long arithmetic, exact by being simple. The standard library's reader is faster for those, and brings 14 KB of code and
//! tables.

/// Where the first digit of a number may stand, counted from the point, for it to be neither infinite nor zero.
const PLACES: std::ops::RangeInclusive<i64> = -330..=310;

/// The least number that is too large for a double, 2^1024 - 2^970: it is as far from the largest double as from the next
/// power of two, and a tie is rounded to even. All of its 309 digits stand before the point.
const TOO_LARGE: &str = "17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720\
    70963302864166928879109465555478519404026306574886715058206819089020007083836762738548458177115317\
    64475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880\
    177904174497792";

/// A decimal number, taken apart: `digits * 10^scale`.
struct Decimal<'a> {
    /// As it is written, without the sign.
    #[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
    source: &'a str,
    negative: bool,
    /// Digits and at most one point.
    text: &'a [u8],
    /// How many digits there are from the first that is not zero on.
    length: i64,
    scale: i64,
}

impl<'a> Decimal<'a> {
    fn of(text: &'a str) -> Self {
        let (negative, source) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let is_letter = |&byte: &u8| byte | 0x20 == b'e';
        let mut parts = source.as_bytes().splitn(2, is_letter);
        let text = parts.next().unwrap_or_default();
        let mut decimal = Self {
            #[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
            source,
            negative,
            text,
            length: 0,
            scale: parts.next().map_or(0, exponent),
        };
        let mut fraction = false;
        for &byte in text {
            fraction |= byte == b'.';
            if byte != b'.' {
                decimal.length += i64::from(decimal.length > 0 || byte != b'0');
                decimal.scale -= i64::from(fraction);
            }
        }
        decimal
    }

    /// The digits from the first that is not zero on.
    fn digits(&self) -> impl Iterator<Item = u32> {
        let digits = self.text.iter().filter(|&&byte| byte != b'.').map(|byte| u32::from(byte & 15));
        digits.skip_while(|&digit| digit == 0)
    }

    /// How many digits stand before the point, or after it until the first that is not zero, negative.
    const fn place(&self) -> i64 {
        self.length + self.scale
    }

    fn to_f64(&self) -> f64 {
        let size = if self.length == 0 || self.place() < *PLACES.start() {
            0.0
        } else if self.place() > *PLACES.end() {
            f64::INFINITY
        } else if self.length <= 15 && self.scale.abs() <= 22 {
            self.exact()
        } else {
            long(self)
        };
        if self.negative { -size } else { size }
    }

    /// Both operands are doubles without loss, so there is one rounding, the right one.
    fn exact(&self) -> f64 {
        let digits = self.digits().fold(0.0, |digits, digit| digits * 10.0 + f64::from(digit));
        let power = (0..self.scale.abs()).fold(1.0, |power, _| power * 10.0);
        if self.scale < 0 { digits / power } else { digits * power }
    }
}

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
fn long(decimal: &Decimal<'_>) -> f64 {
    crate::wasm::number_of(decimal.source)
}

#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
use long_arithmetic::long;

/// The digits after the letter, with or without a sign.
fn exponent(text: &[u8]) -> i64 {
    let (sign, digits) = match text.split_first() {
        Some((b'-', digits)) => (-1, digits),
        Some((b'+', digits)) => (1, digits),
        _ => (1, text),
    };
    // No text is so long that its point could make up for more.
    sign * digits.iter().fold(0, |number, byte| (number * 10 + i64::from(byte & 15)).min(1 << 40))
}

/// What a JSON number (RFC 8259 §6) is as a double; infinite where it is too large for one.
pub(crate) fn to_f64(text: &str) -> f64 {
    // What tokens mostly hold, NumericDates, has no other part than so few digits.
    if text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.bytes().fold(0.0, |number, digit| number * 10.0 + f64::from(digit & 15));
    }
    Decimal::of(text).to_f64()
}

/// Whether a JSON number is not too large for a double.
pub(crate) fn is_finite(text: &str) -> bool {
    if text.len() < 309 && text.bytes().all(|byte| byte | 0x20 != b'e') {
        return true;
    }
    let decimal = Decimal::of(text);
    let place = decimal.place();
    // Digits are compared, and nothing is computed: a token may hold thousands of numbers like this.
    decimal.length == 0
        || place < TOO_LARGE.len() as i64
        || place == TOO_LARGE.len() as i64
            && decimal.digits().lt(TOO_LARGE.bytes().map(|byte| u32::from(byte & 15)))
}

#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
mod long_arithmetic {
    use crate::ground::json::number::Decimal;

    /// Digits that can matter: the midpoint of two doubles has at most 767 of them.
    const DIGITS: usize = 768;
    /// The highest power of five that fits a limb.
    const POWER: u32 = 5_u32.pow(STEP as u32);
    const STEP: usize = 13;

    pub(super) fn long(decimal: &Decimal<'_>) -> f64 {
        let mut number = Long { limbs: Vec::new(), exponent: 0, inexact: false };
        for digit in decimal.digits().take(DIGITS) {
            number.multiply(10, digit);
        }
        number.inexact = decimal.digits().skip(DIGITS).any(|digit| digit != 0);
        number.scale(decimal.scale + (decimal.length - DIGITS as i64).max(0));
        number.round()
    }

    /// A number of any length: `limbs * 2^exponent`, the lowest limb first, and more than that where it is inexact.
    struct Long {
        limbs: Vec<u32>,
        exponent: i64,
        inexact: bool,
    }

    impl Long {
        #[expect(clippy::cast_possible_truncation, reason = "a limb and its carry are taken apart")]
        fn multiply(&mut self, factor: u32, summand: u32) {
            let mut carry = u64::from(summand);
            for limb in &mut self.limbs {
                carry += u64::from(*limb) * u64::from(factor);
                *limb = carry as u32;
                carry >>= 32;
            }
            if carry > 0 {
                self.limbs.push(carry as u32);
            }
        }

        #[expect(
            clippy::cast_possible_truncation,
            reason = "the remainder is below the divisor, so the quotient fits"
        )]
        fn divide(&mut self, divisor: u32) {
            let mut remainder = 0;
            for limb in self.limbs.iter_mut().rev() {
                let part = remainder << 32 | u64::from(*limb);
                *limb = (part / u64::from(divisor)) as u32;
                remainder = part % u64::from(divisor);
            }
            self.inexact |= remainder != 0;
            while self.limbs.last() == Some(&0) {
                self.limbs.pop();
            }
        }

        /// Multiplies with a power of ten: of five here, of two in the exponent.
        fn scale(&mut self, power: i64) {
            let fives = power.unsigned_abs() as usize;
            if power < 0 {
                // So many more bits that 64 are left of the quotient: five has less than 7/3 of a bit.
                let limbs = fives * 7 / 3 / 32 + 3;
                let mut shifted = vec![0; limbs];
                shifted.append(&mut self.limbs);
                self.limbs = shifted;
                self.exponent -= 32 * limbs as i64;
            }
            for power_of_five in
                std::iter::repeat_n(POWER, fives / STEP).chain([5_u32.pow((fives % STEP) as u32)])
            {
                if power < 0 { self.divide(power_of_five) } else { self.multiply(power_of_five, 0) }
            }
            self.exponent += power;
        }

        /// The nearest double of a number that is not zero.
        fn round(&self) -> f64 {
            let zeros = self.limbs.last().map_or(0, |limb| limb.leading_zeros());
            let mut limbs = self.limbs.iter().rev();
            let highest = [0; 3]
                .iter()
                .fold(0, |number, _| number << 32 | u128::from(limbs.next().copied().unwrap_or(0)));
            let highest = highest << 32 << zeros;
            let inexact = self.inexact || highest as u64 != 0 || limbs.any(|&limb| limb != 0);
            let highest = (highest >> 64) as u64;
            // The number is 1.… times two to this power.
            let exponent = self.exponent + 32 * self.limbs.len() as i64 - i64::from(zeros) - 1;
            if exponent > 1023 {
                return f64::INFINITY;
            }
            // 53 bits are kept, and fewer of a subnormal number.
            let dropped = 11 + (-1022 - exponent).max(0);
            if dropped > 64 {
                return 0.0;
            }
            const HALF: u64 = 1 << 63;
            let kept = highest.checked_shr(dropped as u32).unwrap_or(0);
            let rest = highest << (64 - dropped);
            let up = rest > HALF || rest == HALF && (inexact || kept & 1 == 1);
            // The highest bit kept is added to the exponent, and a carry out of the others too: into infinity at the end.
            let biased = ((exponent + 1023).max(1) - 1) as u64;
            f64::from_bits((biased << 52) + kept + u64::from(up))
        }
    }
}
