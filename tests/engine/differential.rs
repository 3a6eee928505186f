//! Random and mutated signatures, judged by our engine and by RustCrypto's.
//!
//! Every family gets `TOKENWARD_SOAK` of them, 2000 if that is not set; from 100 000 on each says how far it is. The
//! seed is fixed; `TOKENWARD_SEED` gives another.

use std::env;

use super::support::{padded, pkcs1, pss, rsa_verdicts, verifies};
use num_bigint::BigUint;
use sha2::{Digest, Sha256, Sha384, Sha512};
use tokenward::engine::Algorithm::{EdDsa, Es256, Es256k, Es384, Es512};
use tokenward::engine::{Curve, EcKey, Ed25519Key, Hash, RsaKey};

fn setting(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |value| value.parse().expect("a number"))
}

/// Numbers as good as random (SplitMix64).
struct Random(u64);

impl Random {
    fn new() -> Self {
        Self(setting("TOKENWARD_SEED", 1))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8)
    }

    fn vec(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    /// Changes a signature in one of the ways that come to mind: a bit, a byte, a half that is a special number.
    fn mutate(&mut self, bytes: &mut [u8], special: &[Vec<u8>]) {
        let half = bytes.len() / 2;
        match self.below(4) {
            0 => {
                let bit = self.below(8 * bytes.len());
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            1 => {
                let at = self.below(bytes.len());
                bytes[at] = self.next() as u8;
            }
            2 if !special.is_empty() => {
                let from = half * self.below(2);
                bytes[from..from + half].copy_from_slice(&special[self.below(special.len())]);
            }
            _ => bytes.rotate_left(half),
        }
    }
}

/// How many inputs of a family were judged, and how many held.
struct Tally {
    family: &'static str,
    inputs: u64,
    judged: u64,
    good: u64,
}

impl Tally {
    fn of(family: &'static str) -> Self {
        Self { family, inputs: setting("TOKENWARD_SOAK", 2000), judged: 0, good: 0 }
    }

    fn count(&mut self, verdict: bool) {
        self.judged += 1;
        self.good += u64::from(verdict);
        if self.inputs >= 100_000 && self.judged.is_multiple_of(self.inputs / 20) {
            println!("  … {}: {} of {}", self.family, self.judged, self.inputs);
        }
    }

    /// Some have to be good and some bad.
    fn finish(self) {
        let Self { family, inputs, judged, good } = self;
        assert_eq!(judged, inputs);
        assert!(inputs < 100 || (good > inputs / 4 && good < inputs / 4 * 3), "{good} good of {inputs}");
        println!("{family}: {inputs} inputs, {good} held, no verdict differs");
    }
}

macro_rules! ecdsa {
    ($test:ident, $krate:ident, $curve:ident, $algorithm:expr, $hash:ty, $width:literal, $n:literal) => {
        #[test]
        fn $test() {
            use $krate::ecdsa::{
                Signature, SigningKey, VerifyingKey,
                signature::hazmat::{PrehashSigner, PrehashVerifier},
            };
            let mut random = Random::new();
            let n = BigUint::parse_bytes($n.as_bytes(), 16).unwrap();
            let special: Vec<_> = [BigUint::ZERO, BigUint::from(1_u32), &n - 1_u32, n.clone(), &n + 1_u32]
                .iter()
                .map(|number| padded(number, $width))
                .collect();
            let new_key = |random: &mut Random| {
                let mut secret = random.bytes::<$width>();
                secret[0] = 0;
                secret[1] &= 0x7f;
                let signer = SigningKey::from_slice(&secret).unwrap();
                let point = signer.verifying_key().to_sec1_point(false);
                let (x, y) = point.as_bytes()[1..].split_at($width);
                let key = EcKey::new(Curve::$curve, x, y).unwrap();
                (signer, key)
            };
            let mut tally = Tally::of(stringify!($curve));
            let mut keys: Vec<_> = (0..4).map(|_| new_key(&mut random)).collect();
            for case in 0..tally.inputs {
                if case % 20 == 0 {
                    // Some keys grow tables, some are new.
                    keys[0] = new_key(&mut random);
                }
                let (signer, key) = &keys[random.below(4)];
                let length = random.below(100);
                let message = random.vec(length);
                let digest = <$hash>::digest(&message);
                let signature: Signature = signer.sign_prehash(&digest).unwrap();
                let mut signature = signature.to_bytes().to_vec();
                if random.below(4) == 0 {
                    // The other root.
                    let s = padded(&(&n - BigUint::from_bytes_be(&signature[$width..])), $width);
                    signature[$width..].copy_from_slice(&s);
                }
                if random.below(2) == 0 {
                    random.mutate(&mut signature, &special);
                }
                // `normalize_s` because the crate for secp256k1 takes only one of the roots.
                let theirs = Signature::from_slice(&signature).is_ok_and(|signature| {
                    VerifyingKey::from(signer).verify_prehash(&digest, &signature.normalize_s()).is_ok()
                });
                let ours = verifies($algorithm, key, &message, &signature);
                assert_eq!(ours, theirs, "case {case}");
                tally.count(ours);
            }
            tally.finish();
        }
    };
}

ecdsa!(
    ecdsa_p_256,
    p256,
    P256,
    Es256,
    Sha256,
    32,
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
);
ecdsa!(
    ecdsa_p_384,
    p384,
    P384,
    Es384,
    Sha384,
    48,
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
);
ecdsa!(
    ecdsa_p_521,
    p521,
    P521,
    Es512,
    Sha512,
    66,
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
);
ecdsa!(
    ecdsa_secp256k1,
    k256,
    Secp256k1,
    Es256k,
    Sha256,
    32,
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
);

#[test]
fn points_of_curves_are_told_from_others() {
    let mut random = Random::new();
    let cases = setting("TOKENWARD_SOAK", 2000) / 4;
    for _ in 0..cases {
        let (x, y) = (random.bytes::<32>(), random.bytes::<32>());
        assert!(EcKey::new(Curve::P256, &x, &y).is_err());
        // Half of all x have a y.
        let mut compressed = [2; 33];
        compressed[1..].copy_from_slice(&x);
        if let Ok(key) = p256::ecdsa::VerifyingKey::from_sec1_bytes(&compressed) {
            let point = key.to_sec1_point(false);
            let (x, y) = point.as_bytes()[1..].split_at(32);
            assert!(EcKey::new(Curve::P256, x, y).is_ok());
            let mut y = y.to_vec();
            y[random.below(32)] ^= 1 << random.below(8);
            assert!(EcKey::new(Curve::P256, x, &y).is_err());
        }
    }
}

#[test]
fn ed25519() {
    use ed25519_dalek::{Signature, Signer, SigningKey};
    let mut random = Random::new();
    let mut tally = Tally::of("Ed25519");
    let new_key = |random: &mut Random| {
        let signer = SigningKey::from_bytes(&random.bytes());
        let key = Ed25519Key::new(signer.verifying_key().as_bytes()).unwrap();
        (signer, key)
    };
    let mut keys: Vec<_> = (0..4).map(|_| new_key(&mut random)).collect();
    for case in 0..tally.inputs {
        if case % 20 == 0 {
            keys[0] = new_key(&mut random);
        }
        let (signer, key) = &keys[random.below(4)];
        let length = random.below(100);
        let message = random.vec(length);
        let mut signature = signer.sign(&message).to_bytes();
        if random.below(2) == 0 {
            random.mutate(&mut signature, &[vec![0; 32], vec![0xff; 32]]);
        }
        let theirs =
            signer.verifying_key().verify_strict(&message, &Signature::from_bytes(&signature)).is_ok();
        let ours = verifies(EdDsa, key, &message, &signature);
        assert_eq!(ours, theirs, "case {case}");
        tally.count(ours);
    }
    tally.finish();
}

#[test]
fn ed25519_keys_are_decoded_alike() {
    let mut random = Random::new();
    let mut tally = Tally::of("points of Ed25519");
    for _ in 0..tally.inputs {
        let bytes = random.bytes::<32>();
        let theirs = ed25519_dalek::VerifyingKey::from_bytes(&bytes)
            .is_ok_and(|key| key.to_edwards().compress().to_bytes() == bytes && !key.is_weak());
        assert_eq!(Ed25519Key::new(&bytes).is_ok(), theirs, "{bytes:?}");
        tally.count(theirs);
    }
    tally.finish();
}

/// An RSA key whose modulus has many small prime factors: of any size, made at once, and to be signed with at once.
struct SmallFactors {
    primes: Vec<u64>,
    /// For each prime the number that is 1 modulo it and 0 modulo the others.
    basis: Vec<BigUint>,
    n: BigUint,
    e: u64,
}

impl SmallFactors {
    fn new(random: &mut Random, bits: u64, e: u64) -> Self {
        let is_prime = |p: u64| (2..).take_while(|d| d * d <= p).all(|d| !p.is_multiple_of(d));
        let gcd = |mut a: u64, mut b: u64| {
            while b != 0 {
                (a, b) = (b, a % b);
            }
            a
        };
        loop {
            let mut primes: Vec<u64> = Vec::new();
            let mut n = BigUint::from(1_u32);
            while n.bits() < bits {
                let left = bits - n.bits();
                let size = if left > 48 { 24 } else { left.div_ceil(2).max(8) };
                let p = (1 << (size - 1)) | random.next() >> (65 - size) | 1;
                if !primes.contains(&p) && gcd(e, p - 1) == 1 && is_prime(p) {
                    primes.push(p);
                    n *= p;
                }
            }
            if n.bits() != bits {
                continue;
            }
            let basis = primes
                .iter()
                .map(|&p| {
                    let others = &n / p;
                    let inverse = (&others % p).modinv(&BigUint::from(p)).unwrap();
                    others * inverse
                })
                .collect();
            return Self { primes, basis, n, e };
        }
    }

    /// `m` to the power of `1 / e`.
    fn sign(&self, m: &BigUint) -> Vec<u8> {
        let power = |base: u64, mut exponent: u64, p: u64| {
            let (mut base, mut power) = (u128::from(base), 1_u128);
            while exponent > 0 {
                if exponent & 1 == 1 {
                    power = power * base % u128::from(p);
                }
                base = base * base % u128::from(p);
                exponent >>= 1;
            }
            power as u64
        };
        let mut s = BigUint::ZERO;
        for (&p, basis) in self.primes.iter().zip(&self.basis) {
            let d = BigUint::from(self.e).modinv(&BigUint::from(p - 1)).unwrap();
            let m = u64::try_from(m % p).unwrap();
            s += basis * power(m, u64::try_from(d).unwrap(), p);
        }
        self.padded(&(s % &self.n))
    }

    fn padded(&self, number: &BigUint) -> Vec<u8> {
        padded(number, self.n.bits().div_ceil(8) as usize)
    }
}

#[test]
fn rsa() {
    use rsa::{BoxedUint, PublicKey};
    let mut random = Random::new();
    let mut tally = Tally::of("RSA");
    let sizes = [2048, 2049, 2050, 2055, 2056, 2057, 3072, 3400, 3401, 4096, 8185, 8191, 8192];
    let exponents = [3, 5, 17, 257, 65537, 0xffff_fffb, 0x1_0000_0001, u64::MAX - 58, u64::MAX];
    let keys: Vec<_> = (0..sizes.len() * 2)
        .map(|index| {
            let e = if index < sizes.len() { 65537 } else { exponents[index % exponents.len()] };
            let key = SmallFactors::new(&mut random, sizes[index % sizes.len()], e);
            let (n, e) = (key.n.to_bytes_be(), e.to_be_bytes());
            let ours = RsaKey::new(&n, &e).unwrap();
            let theirs =
                PublicKey::new_unchecked(BoxedUint::from_be_slice_vartime(&n), BoxedUint::from(key.e));
            (key, ours, theirs)
        })
        .collect();
    for case in 0..tally.inputs {
        // The small ones more often.
        let limit = if random.below(8) == 0 { sizes.len() } else { 6 };
        let (key, ours, theirs) = &keys[random.below(limit) + random.below(2) * sizes.len()];
        let hash = [Hash::Sha256, Hash::Sha384, Hash::Sha512][random.below(3)];
        let length = random.below(100);
        let message = random.vec(length);
        let (size, bits) = (key.n.bits().div_ceil(8) as usize, key.n.bits() as usize);
        let probabilistic = random.below(2) == 0;
        let mut encoded = if probabilistic {
            let length = hash.length();
            let length = if random.below(8) == 0 { random.below(2 * length) } else { length };
            pss(hash, &message, &random.vec(length), bits - 1)
        } else {
            pkcs1(hash, &message, size)
        };
        // Bad encodings, well signed. With a bit more than the encoding may have, where a byte has room for it:
        if probabilistic && bits % 8 == 1 && random.below(4) == 0 {
            encoded.insert(0, 1);
        }
        if random.below(4) == 0 {
            let at = random.below(encoded.len());
            encoded[at] ^= 1 << random.below(8);
        }
        let mut signature = key.sign(&(BigUint::from_bytes_be(&encoded) % &key.n));
        // Good encodings, badly signed.
        match random.below(16) {
            0 => random.mutate(&mut signature, &[]),
            1 => signature = key.padded(&key.n),
            2 => {
                let above = BigUint::from_bytes_be(&signature) + &key.n;
                if above.bits().div_ceil(8) as usize <= size {
                    signature = key.padded(&above);
                }
            }
            3 => signature.insert(0, 0),
            _ => {}
        }
        let (verdict, expected) = rsa_verdicts((ours, theirs), (hash, probabilistic), &message, &signature);
        assert_eq!(verdict, expected, "case {case}: {bits} bits, {hash:?}, e = {}", key.e);
        tally.count(verdict);
    }
    tally.finish();
}
