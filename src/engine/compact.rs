//! The algorithms as implementations of the trait [`jwt_compact::Algorithm`], each a unit type: for tokens that `jwt-compact`
//! creates or reads.
//!
//! Only HMAC signs. The signing key of a public-key algorithm is a type without values.

use std::{borrow::Cow, convert::Infallible, num::NonZeroUsize};

use super::{EcKey, Ed25519Key, HmacKey, MlDsaKey, RsaKey, verify};
use jwt_compact::{Algorithm, AlgorithmSignature};

/// A signature whose length the algorithm fixes: `N` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedSignature<const N: usize>([u8; N]);

impl<const N: usize> AlgorithmSignature for FixedSignature<N> {
    const LENGTH: Option<NonZeroUsize> = NonZeroUsize::new(N);

    fn try_from_slice(slice: &[u8]) -> anyhow::Result<Self> {
        Ok(Self(slice.try_into()?))
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.0)
    }
}

/// An RSA signature. It is as long as the key's modulus, so only verification can judge its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RsaSignature(Box<[u8]>);

impl AlgorithmSignature for RsaSignature {
    fn try_from_slice(slice: &[u8]) -> anyhow::Result<Self> {
        Ok(Self(slice.into()))
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.0)
    }
}

/// Writes an algorithm: its name, key and signature, the type of its signing key, and what signs with one.
macro_rules! algorithm {
    ($(#[$doc:meta])* $type:ident, $name:literal, $key:ty, $signature:ty, $signing:ty, $sign:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $type;

        impl Algorithm for $type {
            type SigningKey = $signing;
            type VerifyingKey = $key;
            type Signature = $signature;

            fn name(&self) -> Cow<'static, str> {
                Cow::Borrowed($name)
            }

            fn sign(&self, key: &$signing, message: &[u8]) -> Self::Signature {
                let sign: fn(&$signing, &[u8]) -> $signature = $sign;
                sign(key, message)
            }

            fn verify_signature(&self, signature: &Self::Signature, key: &$key, message: &[u8]) -> bool {
                verify(super::Algorithm::$type, key.into(), message, &signature.0)
            }
        }
    };
}

algorithm! {
    /// HMAC with SHA-256: a tag of 32 bytes.
    Hs256, "HS256", HmacKey, FixedSignature<32>, HmacKey, |key, message| FixedSignature(key.tag_sha256(message))
}
algorithm! {
    /// HMAC with SHA-384: a tag of 48 bytes.
    Hs384, "HS384", HmacKey, FixedSignature<48>, HmacKey, |key, message| FixedSignature(key.tag_sha384(message))
}
algorithm! {
    /// HMAC with SHA-512: a tag of 64 bytes.
    Hs512, "HS512", HmacKey, FixedSignature<64>, HmacKey, |key, message| FixedSignature(key.tag_sha512(message))
}
algorithm! {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256, "RS256", RsaKey, RsaSignature, Infallible, |key, _| match *key {}
}
algorithm! {
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384, "RS384", RsaKey, RsaSignature, Infallible, |key, _| match *key {}
}
algorithm! {
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512, "RS512", RsaKey, RsaSignature, Infallible, |key, _| match *key {}
}
algorithm! {
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    Ps256, "PS256", RsaKey, RsaSignature, Infallible, |key, _| match *key {}
}
algorithm! {
    /// RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes.
    Ps384, "PS384", RsaKey, RsaSignature, Infallible, |key, _| match *key {}
}
algorithm! {
    /// RSASSA-PSS with SHA-512, MGF1 with SHA-512 and a salt of 64 bytes.
    Ps512, "PS512", RsaKey, RsaSignature, Infallible, |key, _| match *key {}
}
algorithm! {
    /// ECDSA on P-256 with SHA-256. A key of another curve never verifies.
    Es256, "ES256", EcKey, FixedSignature<64>, Infallible, |key, _| match *key {}
}
algorithm! {
    /// ECDSA on P-384 with SHA-384. A key of another curve never verifies.
    Es384, "ES384", EcKey, FixedSignature<96>, Infallible, |key, _| match *key {}
}
algorithm! {
    /// ECDSA on P-521 with SHA-512. A key of another curve never verifies.
    Es512, "ES512", EcKey, FixedSignature<132>, Infallible, |key, _| match *key {}
}
algorithm! {
    /// ECDSA on secp256k1 with SHA-256 (RFC 8812 §3.2). A key of another curve never verifies.
    Es256k, "ES256K", EcKey, FixedSignature<64>, Infallible, |key, _| match *key {}
}
algorithm! {
    /// Ed25519 under the name of RFC 8037.
    EdDsa, "EdDSA", Ed25519Key, FixedSignature<64>, Infallible, |key, _| match *key {}
}
algorithm! {
    /// Ed25519 under the name of RFC 9864.
    Ed25519, "Ed25519", Ed25519Key, FixedSignature<64>, Infallible, |key, _| match *key {}
}
algorithm! {
    /// ML-DSA-44, pure and with an empty context (RFC 9964). A key of another parameter set never verifies.
    MlDsa44, "ML-DSA-44", MlDsaKey, FixedSignature<2420>, Infallible, |key, _| match *key {}
}
algorithm! {
    /// ML-DSA-65, pure and with an empty context (RFC 9964). A key of another parameter set never verifies.
    MlDsa65, "ML-DSA-65", MlDsaKey, FixedSignature<3309>, Infallible, |key, _| match *key {}
}
algorithm! {
    /// ML-DSA-87, pure and with an empty context (RFC 9964). A key of another parameter set never verifies.
    MlDsa87, "ML-DSA-87", MlDsaKey, FixedSignature<4627>, Infallible, |key, _| match *key {}
}
