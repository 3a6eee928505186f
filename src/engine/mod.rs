//! What checks a signature: one file per family, each algorithm behind [`jwt_compact::Algorithm`].
//!
//! Keys are checked when they are made ([`HmacKey::new`], [`RsaKey::new`], [`EcKey::new`], [`Ed25519Key::new`], [`MlDsaKey::new`]), and
//! verification never fails but with `false`: a signature of the wrong length, out of range, or made for another
//! algorithm is one that does not hold. Public keys and signatures are public, so their arithmetic takes variable
//! time; secrets are touched by the audited crates `hmac` and `sha2` only.
//!
//! Which engine works behind the types of public keys is chosen here and nowhere else.

mod algorithm;
mod hmac;
#[cfg(not(feature = "rustcrypto"))]
mod kernels;
mod limits;
mod ml_dsa;
#[cfg(feature = "rustcrypto")]
mod rustcrypto;

pub use algorithm::{
    Ed25519, EdDsa, Es256, Es256k, Es384, Es512, FixedSignature, MlDsa44, MlDsa65, MlDsa87, Ps256, Ps384,
    Ps512, Rs256, Rs384, Rs512, RsaSignature,
};
pub use hmac::{HmacKey, Hs256, Hs384, Hs512};
#[cfg(not(feature = "rustcrypto"))]
pub use kernels::{EcKey, Ed25519Key, RsaEngine, RsaKey, set_rsa_engine, set_table_budget, table_memory};
pub(crate) use limits::without_leading_zeros;
pub use ml_dsa::{MlDsaEngine, MlDsaKey, ParameterSet, has_ml_dsa_engine, set_ml_dsa_engine};
#[cfg(feature = "rustcrypto")]
pub use rustcrypto::{EcKey, Ed25519Key, RsaKey, set_table_budget, table_memory};

/// The hash functions of JOSE (FIPS 180-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
    /// SHA-512, 64 bytes.
    Sha512,
}

impl Hash {
    /// How many bytes a digest has.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// The curves of ECDSA keys (RFC 7518 §6.2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// NIST P-256, coordinates of 32 bytes.
    P256,
    /// NIST P-384, coordinates of 48 bytes.
    P384,
    /// NIST P-521, coordinates of 66 bytes.
    P521,
    /// secp256k1 (RFC 8812 §3.1), coordinates of 32 bytes.
    Secp256k1,
}

impl Curve {
    /// How many bytes a coordinate, and each half of a signature, has.
    #[must_use]
    pub const fn width(self) -> usize {
        match self {
            Self::P256 | Self::Secp256k1 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}
