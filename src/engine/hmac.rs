//! HMAC with SHA-2 (RFC 7518 §3.2), on the audited crates `hmac` and `sha2`.

use std::{borrow::Cow, fmt, sync::OnceLock};

use ::hmac::{Hmac, KeyInit, Mac};
use jwt_compact::Algorithm;
use sha2::{Sha256, Sha384, Sha512};

use super::FixedSignature;
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

    /// The MAC of `message`, not yet finished. It starts from the state in `keyed`.
    fn mac<M: Mac + KeyInit + Clone>(&self, keyed: &OnceLock<M>, message: &[u8]) -> M {
        #[expect(clippy::expect_used, reason = "RFC 2104 takes keys of any length")]
        let keyed =
            keyed.get_or_init(|| <M as KeyInit>::new_from_slice(self.secret.reveal()).expect("any length"));
        let mut mac = keyed.clone();
        mac.update(message);
        mac
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HmacKey").field(&self.secret).finish()
    }
}

/// Writes an HMAC algorithm: its name, the key's state for its hash, and the length of its tag.
macro_rules! hmac {
    ($(#[$doc:meta])* $type:ident, $name:literal, $state:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $type;

        impl Algorithm for $type {
            type SigningKey = HmacKey;
            type VerifyingKey = HmacKey;
            type Signature = FixedSignature<$length>;

            fn name(&self) -> Cow<'static, str> {
                Cow::Borrowed($name)
            }

            fn sign(&self, key: &HmacKey, message: &[u8]) -> Self::Signature {
                FixedSignature(key.mac(&key.$state, message).finalize().into_bytes().into())
            }

            /// Compares in constant time.
            fn verify_signature(&self, signature: &Self::Signature, key: &HmacKey, message: &[u8]) -> bool {
                key.mac(&key.$state, message).verify((&signature.0).into()).is_ok()
            }
        }
    };
}

hmac! {
    /// HMAC with SHA-256: a tag of 32 bytes.
    Hs256, "HS256", sha256, 32
}
hmac! {
    /// HMAC with SHA-384: a tag of 48 bytes.
    Hs384, "HS384", sha384, 48
}
hmac! {
    /// HMAC with SHA-512: a tag of 64 bytes.
    Hs512, "HS512", sha512, 64
}
