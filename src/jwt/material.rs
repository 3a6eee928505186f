//! The key material that engines check signatures with.

use crate::engine::{Curve, EcKey, Ed25519Key, HmacKey, MlDsaKey, RsaKey, without_leading_zeros};
use crate::error::{Error, Weakness};
use crate::ground::base64url;
use crate::jwt::roca::is_roca;

/// What an engine needs of a key, by its type.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "one allocation for each key, and never moved after it")]
pub(super) enum Material {
    Ec(Curve, EcKey),
    Ed25519(Ed25519Key),
    /// A key that only the host's engine can use, by the number the host gave it. It is always bound to algorithms.
    Host(u32),
    Hmac(HmacKey, SecretStrength),
    MlDsa(MlDsaKey),
    Rsa(RsaKey, RsaForHost),
}

/// An RSA key as the host's engine gets it, for a host that is the faster engine.
#[derive(Debug)]
pub(super) struct RsaForHost {
    /// `kty`, `n` and `e`.
    pub(super) jwk: Box<str>,
    /// The length of the modulus, and so of each signature, in bytes.
    pub(super) length: usize,
}

impl RsaForHost {
    fn new(n: &[u8], e: &[u8]) -> Self {
        let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
        Self {
            jwk: format!(r#"{{"kty":"RSA","n":"{}","e":"{}"}}"#, base64url::encode(n), base64url::encode(e))
                .into(),
            length: n.len(),
        }
    }
}

/// What decides which hashes a shared secret is long enough for.
#[derive(Clone, Copy, Debug)]
pub(super) struct SecretStrength {
    pub(super) length: usize,
    pub(super) allow_short: bool,
}

/// The RSA key of this modulus and exponent, both big endian.
pub(super) fn rsa(n: &[u8], e: &[u8]) -> Result<Material, Error> {
    let key = RsaKey::new(n, e)?;
    if is_roca(n) {
        return Err(Error::KeyWeak { weakness: Weakness::Roca });
    }
    Ok(Material::Rsa(key, RsaForHost::new(n, e)))
}
