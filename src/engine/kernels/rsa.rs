//! RSA signatures (RFC 8017): RSASSA-PKCS1-v1_5 and RSASSA-PSS.
//!
//! Another engine may do the one costly step, the exponentiation. Everything that decides is done here in any case.

use std::sync::Arc;

use sha2::{Digest, Sha256, Sha384, Sha512};

use super::montgomery::Modulus;
use crate::{
    Error,
    engine::{Hash, limits, rsa_engine},
};

/// An RSA public key, for PKCS#1 v1.5 and PSS (RFC 8017).
#[derive(Clone, Debug)]
pub struct RsaKey(Arc<Key>);

#[derive(Debug)]
struct Key {
    n: Modulus,
    /// The modulus as it was given, without leading zeros.
    encoded: Box<[u8]>,
    e: u64,
    /// How many bits `n` has.
    bits: usize,
}

impl RsaKey {
    /// A key of modulus `n` and exponent `e`, both big endian; leading zeros are tolerated.
    ///
    /// # Errors
    ///
    /// [`Error::KeyWeak`] for a modulus outside 2048 to 8192 bits or an even one, and for an exponent that is even,
    /// below 3 or over 64 bits.
    pub fn new(n: &[u8], e: &[u8]) -> Result<Self, Error> {
        let (n, e) = limits::rsa(n, e)?;
        let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
        Ok(Self(Arc::new(Key { n: Modulus::new(n), encoded: n.into(), e, bits })))
    }

    /// Compares with the one encoding there is (RFC 8017 §8.2.2), so nothing of it has to be parsed.
    pub(in crate::engine) fn verify_pkcs1(&self, hash: Hash, digest: &[u8], signature: &[u8]) -> bool {
        let Some(encoded) = self.open(signature) else { return false };
        let info = digest_info(hash);
        let Some(filler) = encoded.len().checked_sub(3 + info.len() + digest.len()) else { return false };
        let mut expected = Vec::with_capacity(encoded.len());
        expected.extend([0, 1]);
        expected.resize(2 + filler, 0xff);
        expected.push(0);
        expected.extend(info);
        expected.extend(digest);
        encoded == expected
    }

    /// RFC 8017 §8.1.2, with MGF1 of the same hash and a salt as long as it.
    pub(in crate::engine) fn verify_pss(&self, hash: Hash, digest: &[u8], signature: &[u8]) -> bool {
        let Some(encoded) = self.open(signature) else { return false };
        let bits = self.0.bits - 1;
        // The encoding has one bit less than the modulus, so it can have one byte less.
        let encoded = if bits.is_multiple_of(8) {
            let Some((0, rest)) = encoded.split_first() else { return false };
            rest
        } else {
            &encoded
        };
        match hash {
            Hash::Sha256 => pss_holds::<Sha256>(digest, encoded, bits),
            Hash::Sha384 => pss_holds::<Sha384>(digest, encoded, bits),
            Hash::Sha512 => pss_holds::<Sha512>(digest, encoded, bits),
        }
    }

    /// RSAVP1 (RFC 8017 §5.2.2): the encoding that was signed, if the signature is as long as the modulus and below it.
    fn open(&self, signature: &[u8]) -> Option<Vec<u8>> {
        let Key { n, encoded, e, .. } = &*self.0;
        // Both are big endian and equally long, so they compare as numbers do.
        if signature.len() != encoded.len() || signature >= &**encoded {
            return None;
        }
        Some(rsa_engine::power(encoded, *e, signature).unwrap_or_else(|| n.power(signature, *e)))
    }
}

/// The DER of `DigestInfo` up to the digest (RFC 8017 §9.2, note 1).
const fn digest_info(hash: Hash) -> [u8; 19] {
    let (oid, len) = match hash {
        Hash::Sha256 => (1, 32),
        Hash::Sha384 => (2, 48),
        Hash::Sha512 => (3, 64),
    };
    let prefix = [0x30, 17 + len, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
    let mut info = [0; 19];
    let (head, tail) = info.split_at_mut(prefix.len());
    head.copy_from_slice(&prefix);
    tail.copy_from_slice(&[oid, 0x05, 0x00, 0x04, len]);
    info
}

/// EMSA-PSS-VERIFY (RFC 8017 §9.1.2). The encoding has `bits` bits.
fn pss_holds<D: Digest>(digest: &[u8], encoded: &[u8], bits: usize) -> bool {
    let length = <D as Digest>::output_size();
    let Some((&0xbc, encoded)) = encoded.split_last() else { return false };
    let Some((masked, hash)) = encoded.len().checked_sub(length).and_then(|at| encoded.split_at_checked(at))
    else {
        return false;
    };
    let mut block = masked.to_vec();
    for (counter, chunk) in (0_u32..).zip(block.chunks_mut(length)) {
        let mask = D::new().chain_update(hash).chain_update(counter.to_be_bytes()).finalize();
        for (byte, mask) in chunk.iter_mut().zip(mask) {
            *byte ^= mask;
        }
    }
    // The bits above the encoding's own: zero before the mask, ignored after it.
    let spare = 0xff_u8.checked_shl(8 - (8 * (encoded.len() + 1) - bits) as u32).unwrap_or(0);
    if let (Some(first), Some(masked)) = (block.first_mut(), masked.first()) {
        if masked & spare != 0 {
            return false;
        }
        *first &= !spare;
    }
    let Some((padding, salt)) = block.len().checked_sub(length).and_then(|at| block.split_at_checked(at))
    else {
        return false;
    };
    let Some((1, zeros)) = padding.split_last() else { return false };
    if zeros.iter().any(|&byte| byte != 0) {
        return false;
    }
    let expected = D::new().chain_update([0; 8]).chain_update(digest).chain_update(salt).finalize();
    *expected == *hash
}
