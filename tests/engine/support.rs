//! What the tests of the engine share: verifying with it and with RustCrypto's RSA, and the encodings that RSA signs.

use num_bigint::BigUint;
use rsa::{Pkcs1v15Sign, Pss, PublicKey};
use sha2::{Digest, Sha256, Sha384, Sha512};
use tokenward::engine::Algorithm::{self, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
use tokenward::engine::{Hash, Key, RsaKey, verify};

pub(crate) fn verifies<'a>(
    algorithm: Algorithm,
    key: impl Into<Key<'a>>,
    message: &[u8],
    signature: &[u8],
) -> bool {
    verify(algorithm, key.into(), message, signature)
}

/// The number in so many big endian bytes.
pub(crate) fn padded(number: &BigUint, width: usize) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    [vec![0; width - bytes.len()], bytes].concat()
}

pub(crate) fn digest(hash: Hash, bytes: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Sha256 => Sha256::digest(bytes).to_vec(),
        Hash::Sha384 => Sha384::digest(bytes).to_vec(),
        Hash::Sha512 => Sha512::digest(bytes).to_vec(),
    }
}

/// EMSA-PKCS1-v1_5 (RFC 8017 §9.2).
pub(crate) fn pkcs1(hash: Hash, message: &[u8], length: usize) -> Vec<u8> {
    let (oid, size) = match hash {
        Hash::Sha256 => (1, 32),
        Hash::Sha384 => (2, 48),
        Hash::Sha512 => (3, 64),
    };
    let info = [48, 17 + size, 48, 13, 6, 9, 96, 134, 72, 1, 101, 3, 4, 2, oid, 5, 0, 4, size];
    let filler = vec![0xff; length - 3 - info.len() - usize::from(size)];
    [&[0, 1], &filler[..], &[0], &info, &digest(hash, message)].concat()
}

/// EMSA-PSS (RFC 8017 §9.1).
pub(crate) fn pss(hash: Hash, message: &[u8], salt: &[u8], bits: usize) -> Vec<u8> {
    let length = bits.div_ceil(8);
    let of_message = digest(hash, message);
    let h = digest(hash, &[&[0; 8], &of_message[..], salt].concat());
    let mut block = vec![0; length - h.len() - 1];
    let one = block.len() - salt.len() - 1;
    block[one] = 1;
    block[one + 1..].copy_from_slice(salt);
    for (counter, chunk) in (0_u32..).zip(block.chunks_mut(h.len())) {
        let mask = digest(hash, &[&h[..], &counter.to_be_bytes()].concat());
        chunk.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    }
    block[0] &= 0xff >> (8 * length - bits);
    [&block[..], &h, &[0xbc]].concat()
}

/// Our verdict on an RSA signature, PSS or PKCS#1 v1.5, and RustCrypto's.
pub(crate) fn rsa_verdicts(
    (ours, theirs): (&RsaKey, &PublicKey),
    (hash, probabilistic): (Hash, bool),
    message: &[u8],
    signature: &[u8],
) -> (bool, bool) {
    let hashed = digest(hash, message);
    let (ours, theirs) = match (hash, probabilistic) {
        (Hash::Sha256, false) => (
            verifies(Rs256, ours, message, signature),
            theirs.verify(Pkcs1v15Sign::new::<Sha256>(), &hashed, signature),
        ),
        (Hash::Sha384, false) => (
            verifies(Rs384, ours, message, signature),
            theirs.verify(Pkcs1v15Sign::new::<Sha384>(), &hashed, signature),
        ),
        (Hash::Sha512, false) => (
            verifies(Rs512, ours, message, signature),
            theirs.verify(Pkcs1v15Sign::new::<Sha512>(), &hashed, signature),
        ),
        (Hash::Sha256, true) => (
            verifies(Ps256, ours, message, signature),
            theirs.verify(Pss::<Sha256>::new(), &hashed, signature),
        ),
        (Hash::Sha384, true) => (
            verifies(Ps384, ours, message, signature),
            theirs.verify(Pss::<Sha384>::new(), &hashed, signature),
        ),
        (Hash::Sha512, true) => (
            verifies(Ps512, ours, message, signature),
            theirs.verify(Pss::<Sha512>::new(), &hashed, signature),
        ),
    };
    (ours, theirs.is_ok())
}
