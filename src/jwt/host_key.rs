//! Keys that Web Crypto holds. Their own facts decide which algorithms they may serve.
//!
//! The host's `verify` uses the hash and the curve inside the key, whatever the token's header says, so they are
//! compared with the header's `alg` before the host is asked (RFC 8725 §3.1).

use crate::engine::{Algorithm, without_leading_zeros};
use crate::error::{Error, Misuse, Weakness};
use crate::jwt::key::{ImportOptions, VerificationKey};

/// The facts of a `CryptoKey`: `type`, `usages` and the members of `algorithm`.
#[derive(Clone, Debug, Default)]
pub struct HostKey<'a> {
    /// `public`, `private` or `secret`.
    pub kind: &'a str,
    /// `algorithm.name`.
    pub name: &'a str,
    /// `algorithm.hash.name`.
    pub hash: &'a str,
    /// `algorithm.namedCurve`.
    pub curve: &'a str,
    /// `algorithm.modulusLength` of an RSA key, `algorithm.length` of an HMAC key: in bits.
    pub bits: u32,
    /// `algorithm.publicExponent`, big endian.
    pub exponent: &'a [u8],
    /// Whether `usages` has `verify`.
    pub verifies: bool,
    /// Whether a secret shorter than its hash is accepted, as in [`ImportOptions`].
    pub allow_short_secret: bool,
}

impl HostKey<'_> {
    /// The key that the host keeps to itself and verifies with when asked for it by `number`.
    ///
    /// # Errors
    /// [`Error::KeyUnusable`] for a private key, one not meant for verifying, or an algorithm that is not known;
    /// [`Error::KeyWeak`].
    pub fn opaque(&self, number: u32) -> Result<VerificationKey, Error> {
        let algorithms = self.algorithms()?;
        self.check_strength()?;
        Ok(VerificationKey::host(number, algorithms))
    }

    /// The same key from the JWK that the host exported for it, still bound to what the `CryptoKey` allows.
    ///
    /// # Errors
    /// As [`HostKey::opaque`], and [`Error::JwkInvalid`].
    pub fn exported(&self, jwk: &[u8]) -> Result<VerificationKey, Error> {
        let algorithms = self.algorithms()?;
        let options =
            ImportOptions { allow_short_secret: self.allow_short_secret, ..ImportOptions::default() };
        VerificationKey::from_jwk(jwk, options)?.bind_to(algorithms)
    }

    fn algorithms(&self) -> Result<Vec<Algorithm>, Error> {
        let unusable = |misuse| Err(Error::KeyUnusable { misuse });
        match self.kind {
            "public" | "secret" if !self.verifies => return unusable(Misuse::KeyOps),
            "public" | "secret" => {}
            "private" => return unusable(Misuse::Private),
            _ => return unusable(Misuse::Kind),
        }
        let algorithms: &[_] = match (self.kind, self.name, self.hash, self.curve) {
            ("secret", "HMAC", "SHA-256", _) => &[Algorithm::Hs256],
            ("secret", "HMAC", "SHA-384", _) => &[Algorithm::Hs384],
            ("secret", "HMAC", "SHA-512", _) => &[Algorithm::Hs512],
            ("public", "RSASSA-PKCS1-v1_5", "SHA-256", _) => &[Algorithm::Rs256],
            ("public", "RSASSA-PKCS1-v1_5", "SHA-384", _) => &[Algorithm::Rs384],
            ("public", "RSASSA-PKCS1-v1_5", "SHA-512", _) => &[Algorithm::Rs512],
            ("public", "RSA-PSS", "SHA-256", _) => &[Algorithm::Ps256],
            ("public", "RSA-PSS", "SHA-384", _) => &[Algorithm::Ps384],
            ("public", "RSA-PSS", "SHA-512", _) => &[Algorithm::Ps512],
            ("public", "ECDSA", _, "P-256") => &[Algorithm::Es256],
            ("public", "ECDSA", _, "P-384") => &[Algorithm::Es384],
            ("public", "ECDSA", _, "P-521") => &[Algorithm::Es512],
            ("public", "ML-DSA-44", _, _) => &[Algorithm::MlDsa44],
            ("public", "ML-DSA-65", _, _) => &[Algorithm::MlDsa65],
            ("public", "ML-DSA-87", _, _) => &[Algorithm::MlDsa87],
            ("public", "Ed25519", _, _) => &[Algorithm::EdDsa, Algorithm::Ed25519],
            _ => return unusable(Misuse::Type),
        };
        Ok(algorithms.to_vec())
    }

    /// The part of the weak-key audit that can be made without seeing the key.
    fn check_strength(&self) -> Result<(), Error> {
        let weak = |weakness| Err(Error::KeyWeak { weakness });
        match (self.name, self.hash) {
            ("HMAC", _) if self.bits == 0 => weak(Weakness::EmptySecret),
            ("HMAC", _) if self.allow_short_secret => Ok(()),
            ("HMAC", "SHA-256") if self.bits < 256 => weak(Weakness::ShortSecret),
            ("HMAC", "SHA-384") if self.bits < 384 => weak(Weakness::ShortSecret),
            ("HMAC", "SHA-512") if self.bits < 512 => weak(Weakness::ShortSecret),
            ("RSASSA-PKCS1-v1_5" | "RSA-PSS", _) => {
                if !(2048..=8192).contains(&self.bits) {
                    return weak(Weakness::RsaSize);
                }
                match without_leading_zeros(self.exponent) {
                    [] | [1] => weak(Weakness::RsaExponent),
                    [.., last] if last & 1 == 0 => weak(Weakness::RsaExponent),
                    exponent if exponent.len() > 8 => weak(Weakness::RsaExponent),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}
