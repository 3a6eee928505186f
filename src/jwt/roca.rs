//! The fingerprint of RSA keys made by a faulty generator, whose private half can be computed (ROCA, CVE-2017-15361).
//!
//! Their primes are powers of 65537 modulo every small prime, and so is their product. For other keys to look like that
//! modulo all of these by chance is less likely than one in a hundred million.

const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

const GENERATOR: u32 = 65_537;

/// Whether the modulus `n`, big endian, bears the fingerprint.
pub(super) fn is_roca(n: &[u8]) -> bool {
    PRIMES.iter().all(|&prime| {
        let rest = n.iter().fold(0, |rest: u32, &byte| (rest << 8 | u32::from(byte)) % prime);
        let mut power = 1;
        (1..prime).any(|_| {
            power = power * GENERATOR % prime;
            power == rest
        })
    })
}
