//! The public-key engines of the RustCrypto project, in the shape of ours.

use std::fmt;

use ed25519_dalek::VerifyingKey as DalekKey;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::{BoxedUint, Pkcs1v15Sign, Pss, PublicKey};
use sha2::{Sha256, Sha384, Sha512};

use super::{Curve, Hash, limits};
use crate::{Error, JwkFault, Weakness};

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

    pub(super) fn verify_pkcs1(&self, hash: Hash, digest: &[u8], signature: &[u8]) -> bool {
        let scheme = match hash {
            Hash::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            Hash::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            Hash::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        };
        self.0.verify(scheme, digest, signature).is_ok()
    }

    pub(super) fn verify_pss(&self, hash: Hash, digest: &[u8], signature: &[u8]) -> bool {
        match hash {
            Hash::Sha256 => self.0.verify(Pss::<Sha256>::new(), digest, signature),
            Hash::Sha384 => self.0.verify(Pss::<Sha384>::new(), digest, signature),
            Hash::Sha512 => self.0.verify(Pss::<Sha512>::new(), digest, signature),
        }
        .is_ok()
    }
}

/// An ECDSA public key: a point of one of the curves.
#[derive(Clone, Debug)]
pub struct EcKey(Point);

#[derive(Clone, Debug)]
enum Point {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
}

impl EcKey {
    /// The point (`x`, `y`) of `curve`, both big endian and exactly [`Curve::width`] bytes.
    ///
    /// # Errors
    ///
    /// [`Error::JwkInvalid`]: the member that has another width, or a point that is not on the curve.
    pub fn new(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, Error> {
        limits::coordinates(curve, x, y)?;
        let point = [&[4], x, y].concat();
        match curve {
            Curve::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).map(Point::P256),
            Curve::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(&point).map(Point::P384),
            Curve::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(&point).map(Point::P521),
        }
        .map(Self)
        .map_err(|_| Error::JwkInvalid { fault: JwkFault::Point })
    }

    /// Whether `signature`, `r` and `s` in a row, is one of `digest`, on `curve`.
    pub(super) fn verify(&self, curve: Curve, digest: &[u8], signature: &[u8]) -> bool {
        match (&self.0, curve) {
            (Point::P256(key), Curve::P256) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok()),
            (Point::P384(key), Curve::P384) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok()),
            (Point::P521(key), Curve::P521) => p521::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok()),
            _ => false,
        }
    }
}

/// An Ed25519 public key (RFC 8032).
#[derive(Clone)]
pub struct Ed25519Key(DalekKey);

impl Ed25519Key {
    /// The point in its encoding of 32 bytes.
    ///
    /// # Errors
    ///
    /// [`Error::JwkInvalid`]: another length, an encoding that is not canonical or not of a point.
    /// [`Error::KeyWeak`]: a point of small order, for which anyone can sign.
    pub fn new(point: &[u8]) -> Result<Self, Error> {
        let Ok(bytes) = point.try_into() else {
            return Err(Error::JwkInvalid { fault: JwkFault::Member("x") });
        };
        match DalekKey::from_bytes(bytes) {
            Ok(key) if key.to_edwards().compress().as_bytes() == bytes => {
                if key.is_weak() {
                    return Err(Error::KeyWeak { weakness: Weakness::SmallOrder });
                }
                Ok(Self(key))
            }
            _ => Err(Error::JwkInvalid { fault: JwkFault::Point }),
        }
    }

    /// Whether `signature` is one of `message`. Strict: scalars and points are canonical, no point has small order.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Debug for Ed25519Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ed25519Key").field(self.0.as_bytes()).finish()
    }
}
