//! The public-key engines of the RustCrypto project, in the shape of ours.

mod eddsa;

pub use eddsa::Ed25519Key;
