//! The public-key engines of the RustCrypto project, in the shape of ours.

mod ecdsa;
mod eddsa;
mod rsa;

pub use self::{ecdsa::EcKey, eddsa::Ed25519Key, rsa::RsaKey};

/// These engines keep no tables of their own: nothing to limit.
pub fn set_table_budget(_bytes: usize) {}

/// These engines keep no tables of their own.
#[must_use]
pub fn table_memory() -> usize {
    0
}
