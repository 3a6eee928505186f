//! Numbers to try arithmetic with, and their encodings.

use num_bigint::BigUint;

pub(crate) fn limbs<const N: usize>(number: &BigUint) -> [u32; N] {
    let mut limbs = [0; N];
    for (limb, digit) in limbs.iter_mut().zip(number.to_u32_digits()) {
        *limb = digit;
    }
    limbs
}

pub(crate) fn big_endian(number: &BigUint, width: usize) -> Vec<u8> {
    let digits = number.to_bytes_be();
    [vec![0; width - digits.len()], digits].concat()
}

/// Scalars that make additions meet what is special: small ones, those next to the order, powers of two and their
/// neighbours, digits all the largest, and a few without any design.
pub(crate) fn scalars(n: &BigUint) -> Vec<BigUint> {
    let one = BigUint::from(1_u32);
    let mut scalars: Vec<BigUint> = (0..=3_u32).map(BigUint::from).collect();
    scalars.extend([n - 3_u32, n - 2_u32, n - 1_u32, (n - 1_u32) / 2_u32, (n + 1_u32) / 2_u32]);
    for window in [5, 6, 7] {
        let digit = &one << (window - 1);
        let mut all = BigUint::ZERO;
        while (&all << window) + &digit < *n {
            all = (&all << window) + &digit;
        }
        scalars.extend([&all - 1_u32, all.clone(), &all + 1_u32]);
    }
    for bit in [4, 5, 31, 32, 35, 64, n.bits() - 1] {
        scalars.extend([(&one << bit) - 1_u32, &one << bit]);
    }
    let mut random = BigUint::from(0x9e37_79b9_7f4a_7c15_u64);
    for _ in 0..6 {
        random = (&random * &random * &random + 12345_u32) % n;
        scalars.push(random.clone());
    }
    scalars
}

/// Numbers as good as random (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
