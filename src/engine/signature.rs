//! The seam: an algorithm, a key, a message and a signature in, yes or no out.

use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{Algorithm, Curve, EcKey, Ed25519Key, Hash, HmacKey, MlDsaKey, ParameterSet, RsaKey};

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
