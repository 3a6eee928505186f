//! ECDSA by the crates of each curve.

use p256::ecdsa::signature::hazmat::PrehashVerifier;

use crate::{
    Error, JwkFault,
    engine::{Curve, limits},
};

/// An ECDSA public key: a point of one of the curves.
#[derive(Clone, Debug)]
pub struct EcKey(Point);

#[derive(Clone, Debug)]
enum Point {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
    Secp256k1(k256::ecdsa::VerifyingKey),
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
            Curve::Secp256k1 => k256::ecdsa::VerifyingKey::from_sec1_bytes(&point).map(Point::Secp256k1),
        }
        .map(Self)
        .map_err(|_| Error::JwkInvalid { fault: JwkFault::Point })
    }

    /// Whether `signature`, `r` and `s` in a row, is one of `digest`, on `curve`.
    pub(in crate::engine) fn verify(&self, curve: Curve, digest: &[u8], signature: &[u8]) -> bool {
        match (&self.0, curve) {
            (Point::P256(key), Curve::P256) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok()),
            (Point::P384(key), Curve::P384) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok()),
            (Point::P521(key), Curve::P521) => p521::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok()),
            (Point::Secp256k1(key), Curve::Secp256k1) => k256::ecdsa::Signature::from_slice(signature)
                // The crate takes the lower of the two values of `s` only; JOSE takes both (RFC 8812 §3.2).
                .is_ok_and(|signature| key.verify_prehash(digest, &signature.normalize_s()).is_ok()),
            _ => false,
        }
    }
}
