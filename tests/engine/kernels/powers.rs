//! Powers modulo odd numbers, compared with those of `num-bigint`: at every number of limbs and next to it, with limbs
//! that are all ones or all zeros.

use super::montgomery::Modulus;
use num_bigint::BigUint;

/// Numbers without any design, as long as is asked for.
struct Random(u64);

impl Random {
    fn bits(&mut self, bits: u64) -> BigUint {
        let limbs = std::iter::repeat_with(|| {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 32) as u32
        });
        let number = BigUint::new(limbs.take(bits.div_ceil(32) as usize).collect());
        number >> (bits.next_multiple_of(32) - bits)
    }
}

/// Whether each base to the power of `e` is what it should be.
fn agrees(n: &BigUint, bases: &[BigUint], e: u64) {
    let encoded = n.to_bytes_be();
    let modulus = Modulus::new(&encoded);
    for base in bases {
        let mut padded = vec![0; encoded.len()];
        let digits = base.to_bytes_be();
        padded[encoded.len() - digits.len()..].copy_from_slice(&digits);
        let power = modulus.power(&padded, e);
        assert_eq!(power.len(), encoded.len());
        assert_eq!(BigUint::from_bytes_be(&power), base.modpow(&e.into(), n), "{base}^{e} modulo {n}");
    }
}

/// The moduli of so many bits that differ most: the least, the greatest, and one between them.
fn moduli(bits: u64, random: &mut Random) -> [BigUint; 3] {
    let one = BigUint::from(1_u32);
    let top = &one << (bits - 1);
    [&top | &one, (&top << 1) - 1_u32, random.bits(bits) | &top | &one]
}

#[test]
fn powers_modulo_short_numbers_of_every_length_are_right() {
    let mut random = Random(1);
    for bits in 4..400 {
        for n in moduli(bits, &mut random) {
            let mut bases: Vec<BigUint> = (0..=2_u32).map(BigUint::from).collect();
            bases.extend([&n - 1_u32, &n >> 1, &n >> (bits / 2), random.bits(bits) % &n]);
            for e in [3, 65537] {
                agrees(&n, &bases, e);
            }
        }
    }
}

#[test]
fn powers_modulo_numbers_as_long_as_rsa_has_them_are_right() {
    let mut random = Random(2);
    let mut lengths = vec![2048, 2049, 3071, 3072, 3073, 3399, 3400, 3401, 4096, 8191, 8192];
    // Where a number of limbs, of 28 or 27 bits, is just enough or just not.
    lengths.extend((19..=30).flat_map(|blocks| (0..=7).map(move |over| 4 * 28 * blocks - 4 + over)));
    lengths.extend(
        [32, 48, 64, 75].iter().flat_map(|blocks| (0..=7).map(move |over| 4 * 27 * blocks - 4 + over)),
    );
    for bits in lengths {
        for n in moduli(bits, &mut random) {
            agrees(&n, &[&n - 1_u32, random.bits(bits) % &n], 65537);
        }
    }
}

#[test]
fn powers_with_any_odd_exponent_are_right() {
    let mut random = Random(3);
    for bits in [130, 2048] {
        let [.., n] = moduli(bits, &mut random);
        let bases = [random.bits(bits) % &n];
        for e in
            [3, 5, 7, 9, 11, 13, 15, 17, 257, 0xffff_fffb, 0xffff_ffff, 0x1_0000_0001, 1 << 63 | 1, u64::MAX]
        {
            agrees(&n, &bases, e);
        }
        for _ in 0..20 {
            agrees(&n, &bases, u64::try_from(random.bits(64) | BigUint::from(1_u32)).unwrap());
        }
    }
}

#[test]
fn chains_of_powers_stay_right() {
    let mut random = Random(4);
    for bits in [2048, 3072, 4096] {
        let [_, greatest, n] = moduli(bits, &mut random);
        for n in [greatest, n] {
            let mut bases = vec![random.bits(bits) % &n];
            for _ in 0..100 {
                let last = bases.last().unwrap();
                bases.push(last * last * last % &n);
            }
            agrees(&n, &bases, 3);
        }
    }
}
