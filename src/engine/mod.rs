//! What checks a signature: [`verify`], and the types of keys.
//!
//! Keys are checked when they are made ([`HmacKey::new`], [`RsaKey::new`], [`EcKey::new`], [`Ed25519Key::new`],
//! [`MlDsaKey::new`]), and verification answers with yes or no: a signature of the wrong length, out of range, or made for
//! another algorithm is not valid. Public keys and signatures are public, so their arithmetic takes variable time; secrets
//! are touched by the audited crates `hmac` and `sha2` only.
//!
//! Which engine works behind the types of public keys is chosen here and nowhere else.

mod algorithm;
#[cfg(feature = "jwt-compact")]
mod compact;
mod hmac;
#[cfg(not(feature = "rustcrypto"))]
mod kernels;
mod limits;
mod ml_dsa;
mod parameters;
mod rsa_engine;
#[cfg(feature = "rustcrypto")]
mod rustcrypto;
mod signature;

pub use algorithm::{Algorithm, Family};
#[cfg(feature = "jwt-compact")]
pub use compact::{
    Ed25519, EdDsa, Es256, Es256k, Es384, Es512, FixedSignature, Hs256, Hs384, Hs512, MlDsa44, MlDsa65,
    MlDsa87, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512, RsaSignature,
};
pub use hmac::HmacKey;
#[cfg(not(feature = "rustcrypto"))]
pub use kernels::{EcKey, Ed25519Key, RsaKey, set_table_budget, table_memory};
pub(crate) use limits::without_leading_zeros;
pub use ml_dsa::{MlDsaEngine, MlDsaKey, ParameterSet, has_ml_dsa_engine, set_ml_dsa_engine};
pub use parameters::{Curve, Hash};
pub use rsa_engine::{RsaEngine, set_rsa_engine};
#[cfg(feature = "rustcrypto")]
pub use rustcrypto::{EcKey, Ed25519Key, RsaKey, set_table_budget, table_memory};
pub use signature::{Key, verify};
