//! RSA by the crate `rsa`.

use ::rsa::{BoxedUint, Pkcs1v15Sign, Pss, PublicKey};
use sha2::{Sha256, Sha384, Sha512};

use crate::{
    Error,
    engine::{Hash, limits},
};

/// An RSA public key, for PKCS#1 v1.5 and PSS (RFC 8017).
#[derive(Clone, Debug)]
pub struct RsaKey(PublicKey);

impl RsaKey {
    /// A key of modulus `n` and exponent `e`, both big endian; leading zeros are tolerated.
    ///
    /// # Errors
    ///
    /// [`Error::KeyWeak`] for a modulus outside 2048 to 8192 bits or an even one, and for an exponent that is even,
    /// below 3 or over 64 bits.
    pub fn new(n: &[u8], e: &[u8]) -> Result<Self, Error> {
        let (n, e) = limits::rsa(n, e)?;
        // The crate's own limits are narrower: exponents to 33 bits.
        Ok(Self(PublicKey::new_unchecked(BoxedUint::from_be_slice_vartime(n), BoxedUint::from(e))))
    }

    pub(in crate::engine) fn verify_pkcs1(&self, hash: Hash, digest: &[u8], signature: &[u8]) -> bool {
        let scheme = match hash {
            Hash::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            Hash::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            Hash::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        };
        self.0.verify(scheme, digest, signature).is_ok()
    }

    pub(in crate::engine) fn verify_pss(&self, hash: Hash, digest: &[u8], signature: &[u8]) -> bool {
        match hash {
            Hash::Sha256 => self.0.verify(Pss::<Sha256>::new(), digest, signature),
            Hash::Sha384 => self.0.verify(Pss::<Sha384>::new(), digest, signature),
            Hash::Sha512 => self.0.verify(Pss::<Sha512>::new(), digest, signature),
        }
        .is_ok()
    }
}
