//! An engine outside this crate for the one costly step of RSA.

use std::sync::OnceLock;

/// Raises to a power modulo `n` faster than the arithmetic here, as a host's native code may.
pub trait RsaEngine: Sync {
    /// `signature^e mod n` (RSAVP1, RFC 8017 §5.2.2), big endian and as long as `n`. `None` if it cannot tell: the
    /// arithmetic here does it then. `signature` is as long as `n` and below it.
    fn power(&self, n: &[u8], e: u64, signature: &[u8]) -> Option<Vec<u8>>;
}

static ENGINE: OnceLock<&'static dyn RsaEngine> = OnceLock::new();

/// Sets the engine for RSA, once and for the whole process; the first one stays. It is trusted as the arithmetic here is.
/// With the feature `rustcrypto` it is not asked.
pub fn set_rsa_engine(engine: &'static dyn RsaEngine) {
    let _ = ENGINE.set(engine);
}

/// What the engine answers, if there is one. A power of another length is no answer.
#[cfg(not(feature = "rustcrypto"))]
pub(super) fn power(n: &[u8], e: u64, signature: &[u8]) -> Option<Vec<u8>> {
    ENGINE.get()?.power(n, e, signature).filter(|power| power.len() == n.len())
}
