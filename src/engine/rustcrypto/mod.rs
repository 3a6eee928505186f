//! The public-key engines of the RustCrypto project, in the shape of ours.

mod ecdsa;
mod eddsa;

pub use ecdsa::EcKey;
pub use eddsa::Ed25519Key;
