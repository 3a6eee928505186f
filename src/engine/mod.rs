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
mod rsa_engine;
#[cfg(feature = "rustcrypto")]
mod rustcrypto;

use sha2::{Digest, Sha256, Sha384, Sha512};

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
pub use rsa_engine::{RsaEngine, set_rsa_engine};
#[cfg(feature = "rustcrypto")]
pub use rustcrypto::{EcKey, Ed25519Key, RsaKey, set_table_budget, table_memory};

/// A key of any type, to verify with.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Key<'a> {
    /// A point of a curve, for ECDSA.
    Ec(&'a EcKey),
    /// A point of edwards25519.
    Ed25519(&'a Ed25519Key),
    /// A shared secret.
    Hmac(&'a HmacKey),
    /// A public key of ML-DSA.
    MlDsa(&'a MlDsaKey),
    /// A modulus and an exponent, for PKCS#1 v1.5 and for PSS.
    Rsa(&'a RsaKey),
}

/// Writes the conversion of each type of key.
macro_rules! keys {
    ($($variant:ident($key:ty)),*) => {$(
        impl<'a> From<&'a $key> for Key<'a> {
            fn from(key: &'a $key) -> Self {
                Self::$variant(key)
            }
        }
    )*};
}

keys!(Ec(EcKey), Ed25519(Ed25519Key), Hmac(HmacKey), MlDsa(MlDsaKey), Rsa(RsaKey));

/// Whether `signature` is a signature of `message` under `key` with `algorithm`: for ECDSA `r` and `s` in a row (RFC 7518
/// §3.4), for HMAC the whole tag.
///
/// `false` also for a key of another type, curve or parameter set, and for a signature of another length. Nothing else about
/// a key is checked here: how long a secret has to be, or which algorithms a key is for.
///
/// ```
/// use tokenward::engine::{Algorithm, HmacKey, verify};
///
/// let key = HmacKey::new(b"Jefe");
/// let tag = [
///     0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7,
///     0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43,
/// ];
/// // RFC 4231 §4.3.
/// let message = b"what do ya want for nothing?";
/// assert!(verify(Algorithm::Hs256, (&key).into(), message, &tag));
/// assert!(!verify(Algorithm::Hs256, (&key).into(), message, &tag[..16]));
/// assert!(!verify(Algorithm::Es256, (&key).into(), message, &tag));
/// ```
#[must_use]
pub fn verify(algorithm: Algorithm, key: Key<'_>, message: &[u8], signature: &[u8]) -> bool {
    let sha256 = || Sha256::digest(message);
    let sha384 = || Sha384::digest(message);
    let sha512 = || Sha512::digest(message);
    match (algorithm, key) {
        (Algorithm::Hs256, Key::Hmac(key)) => key.verify(Hash::Sha256, message, signature),
        (Algorithm::Hs384, Key::Hmac(key)) => key.verify(Hash::Sha384, message, signature),
        (Algorithm::Hs512, Key::Hmac(key)) => key.verify(Hash::Sha512, message, signature),
        (Algorithm::Rs256, Key::Rsa(key)) => key.verify_pkcs1(Hash::Sha256, &sha256(), signature),
        (Algorithm::Rs384, Key::Rsa(key)) => key.verify_pkcs1(Hash::Sha384, &sha384(), signature),
        (Algorithm::Rs512, Key::Rsa(key)) => key.verify_pkcs1(Hash::Sha512, &sha512(), signature),
        (Algorithm::Ps256, Key::Rsa(key)) => key.verify_pss(Hash::Sha256, &sha256(), signature),
        (Algorithm::Ps384, Key::Rsa(key)) => key.verify_pss(Hash::Sha384, &sha384(), signature),
        (Algorithm::Ps512, Key::Rsa(key)) => key.verify_pss(Hash::Sha512, &sha512(), signature),
        (Algorithm::Es256, Key::Ec(key)) => ecdsa(key, Curve::P256, &sha256(), signature),
        (Algorithm::Es384, Key::Ec(key)) => ecdsa(key, Curve::P384, &sha384(), signature),
        (Algorithm::Es512, Key::Ec(key)) => ecdsa(key, Curve::P521, &sha512(), signature),
        (Algorithm::Es256k, Key::Ec(key)) => ecdsa(key, Curve::Secp256k1, &sha256(), signature),
        (Algorithm::EdDsa | Algorithm::Ed25519, Key::Ed25519(key)) => {
            signature.try_into().is_ok_and(|signature| key.verify(message, signature))
        }
        (Algorithm::MlDsa44, Key::MlDsa(key)) => key.verify(ParameterSet::MlDsa44, message, signature),
        (Algorithm::MlDsa65, Key::MlDsa(key)) => key.verify(ParameterSet::MlDsa65, message, signature),
        (Algorithm::MlDsa87, Key::MlDsa(key)) => key.verify(ParameterSet::MlDsa87, message, signature),
        _ => false,
    }
}

fn ecdsa(key: &EcKey, curve: Curve, digest: &[u8], signature: &[u8]) -> bool {
    signature.len() == 2 * curve.width() && key.verify(curve, digest, signature)
}

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
