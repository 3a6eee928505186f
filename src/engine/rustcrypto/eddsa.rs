//! Ed25519 by the crate `ed25519-dalek`.

use std::fmt;

use ed25519_dalek::VerifyingKey as DalekKey;

use crate::{Error, JwkFault, Weakness};

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
    pub(in crate::engine) fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Debug for Ed25519Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ed25519Key").field(self.0.as_bytes()).finish()
    }
}
