//! Inverses, compared with those of `num-bigint`: modulo the orders of the curves, and modulo odd numbers of every length.

use super::inverse::inverse;
use num_bigint::BigUint;

const LIMBS: usize = 17;

fn limbs(number: &BigUint) -> [u32; LIMBS] {
    let digits = number.to_u32_digits();
    std::array::from_fn(|index| digits.get(index).copied().unwrap_or(0))
}

fn agrees(a: &BigUint, n: &BigUint) {
    let ours = inverse(limbs(a).into_iter(), limbs(n).into_iter(), 32);
    assert_eq!(ours.map(|ours| BigUint::from_slice(&ours)), a.modinv(n), "1 / {a} modulo {n}");
}

/// Numbers without any design, as long as is asked for.
struct Random(BigUint);

impl Random {
    fn new() -> Self {
        Self(BigUint::from(0x9e37_79b9_7f4a_7c15_u64))
    }

    fn bits(&mut self, bits: u64) -> BigUint {
        self.0 = (self.0.pow(3) + 12345_u32) % (BigUint::from(1_u32) << 607);
        &self.0 >> (607 - bits)
    }
}

/// Numbers that a step could stumble over, below `n`.
fn special(n: &BigUint) -> Vec<BigUint> {
    let one = BigUint::from(1_u32);
    let mut numbers: Vec<BigUint> = (1..=64_u32).map(BigUint::from).collect();
    for bit in 0..n.bits() {
        let power = &one << bit;
        numbers.extend([n >> bit, &power + 1_u32, &power - 1_u32]);
        numbers.extend((power < *n).then(|| n - &power));
        numbers.push(power);
    }
    numbers.extend([(n - 1_u32) / 2_u32, (n + 1_u32) / 2_u32, n - 1_u32, n - 2_u32]);
    numbers.retain(|number| *number > BigUint::ZERO && number < n);
    numbers
}

#[test]
fn inverses_modulo_the_orders_of_the_curves_are_right() {
    let mut random = Random::new();
    for n in [
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    ] {
        let n = BigUint::parse_bytes(n.as_bytes(), 16).unwrap();
        special(&n).iter().for_each(|a| agrees(a, &n));
        for _ in 0..500 {
            agrees(&(random.bits(n.bits() + 64) % &n), &n);
        }
    }
}

#[test]
fn inverses_modulo_odd_numbers_of_every_length_are_right() {
    let mut random = Random::new();
    let one = BigUint::from(1_u32);
    for bits in 2..=521 {
        let top = &one << (bits - 1);
        // The least and the greatest of that length, and one between them.
        for n in [&top | &one, (&one << bits) - 1_u32, random.bits(bits) | &top | &one] {
            for a in [one.clone(), &n >> 1, &n - 1_u32, random.bits(bits) % &n] {
                agrees(&a, &n);
            }
        }
    }
}
