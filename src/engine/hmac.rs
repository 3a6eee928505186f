//! HMAC with SHA-2 (RFC 7518 §3.2), on the audited crates `hmac` and `sha2`.

use std::{fmt, sync::OnceLock};

use ::hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

use super::Hash;
use crate::Secret;

/// A shared secret. How long it must be is for the caller to say; any length works.
///
/// The hash states that the secret alone determines are computed once, at the first use with each hash.
#[derive(Clone)]
pub struct HmacKey {
    secret: Secret<Vec<u8>>,
    sha256: OnceLock<Hmac<Sha256>>,
    sha384: OnceLock<Hmac<Sha384>>,
    sha512: OnceLock<Hmac<Sha512>>,
}

impl HmacKey {
    /// A key of these bytes, which are cleared from memory with it.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self {
            secret: Secret::new(secret.to_vec()),
            sha256: OnceLock::new(),
            sha384: OnceLock::new(),
            sha512: OnceLock::new(),
        }
    }

    /// Whether `tag` is the whole tag of `message`. Compares in constant time.
    pub(super) fn verify(&self, hash: Hash, message: &[u8], tag: &[u8]) -> bool {
        match hash {
            Hash::Sha256 => self.mac(&self.sha256, message).verify_slice(tag).is_ok(),
            Hash::Sha384 => self.mac(&self.sha384, message).verify_slice(tag).is_ok(),
            Hash::Sha512 => self.mac(&self.sha512, message).verify_slice(tag).is_ok(),
        }
    }

    /// The MAC of `message` before its tag is taken. It starts from the state in `keyed`.
    fn mac<M: Mac + KeyInit + Clone>(&self, keyed: &OnceLock<M>, message: &[u8]) -> M {
        #[expect(clippy::expect_used, reason = "RFC 2104 takes keys of any length")]
        let keyed =
            keyed.get_or_init(|| <M as KeyInit>::new_from_slice(self.secret.reveal()).expect("any length"));
        let mut mac = keyed.clone();
        mac.update(message);
        mac
    }

    /// The tags of `message`, for what mints tokens.
    #[cfg(feature = "jwt-compact")]
    pub(super) fn tag_sha256(&self, message: &[u8]) -> [u8; 32] {
        self.mac(&self.sha256, message).finalize().into_bytes().into()
    }

    #[cfg(feature = "jwt-compact")]
    pub(super) fn tag_sha384(&self, message: &[u8]) -> [u8; 48] {
        self.mac(&self.sha384, message).finalize().into_bytes().into()
    }

    #[cfg(feature = "jwt-compact")]
    pub(super) fn tag_sha512(&self, message: &[u8]) -> [u8; 64] {
        self.mac(&self.sha512, message).finalize().into_bytes().into()
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HmacKey").field(&self.secret).finish()
    }
}
