//! The public-key algorithms of JOSE by name (RFC 7518 §3, RFC 8037, RFC 8812, RFC 9864, RFC 9964), each a unit type.
//!
//! None of them signs: their signing key is a type without values.

use std::{borrow::Cow, convert::Infallible, num::NonZeroUsize};

use jwt_compact::{Algorithm, AlgorithmSignature};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{Curve, EcKey, Ed25519Key, Hash, MlDsaKey, ParameterSet, RsaKey};

/// A signature whose length the algorithm fixes: `N` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedSignature<const N: usize>(pub(super) [u8; N]);

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

/// Writes a verify-only algorithm: its name, key and signature, and the expression that judges.
macro_rules! verify_only {
    ($(#[$doc:meta])* $type:ident, $name:literal, $key:ty, $signature:ty, $verify:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $type;

        impl Algorithm for $type {
            type SigningKey = Infallible;
            type VerifyingKey = $key;
            type Signature = $signature;

            fn name(&self) -> Cow<'static, str> {
                Cow::Borrowed($name)
            }

            fn sign(&self, key: &Infallible, _message: &[u8]) -> Self::Signature {
                match *key {}
            }

            fn verify_signature(&self, signature: &Self::Signature, key: &$key, message: &[u8]) -> bool {
                let verify: fn(&$key, &[u8], &Self::Signature) -> bool = $verify;
                verify(key, message, signature)
            }
        }
    };
}

verify_only! {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256, "RS256", RsaKey, RsaSignature,
    |key, message, signature| key.verify_pkcs1(Hash::Sha256, &Sha256::digest(message), &signature.0)
}
verify_only! {
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384, "RS384", RsaKey, RsaSignature,
    |key, message, signature| key.verify_pkcs1(Hash::Sha384, &Sha384::digest(message), &signature.0)
}
verify_only! {
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512, "RS512", RsaKey, RsaSignature,
    |key, message, signature| key.verify_pkcs1(Hash::Sha512, &Sha512::digest(message), &signature.0)
}
verify_only! {
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    Ps256, "PS256", RsaKey, RsaSignature,
    |key, message, signature| key.verify_pss(Hash::Sha256, &Sha256::digest(message), &signature.0)
}
verify_only! {
    /// RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes.
    Ps384, "PS384", RsaKey, RsaSignature,
    |key, message, signature| key.verify_pss(Hash::Sha384, &Sha384::digest(message), &signature.0)
}
verify_only! {
    /// RSASSA-PSS with SHA-512, MGF1 with SHA-512 and a salt of 64 bytes.
    Ps512, "PS512", RsaKey, RsaSignature,
    |key, message, signature| key.verify_pss(Hash::Sha512, &Sha512::digest(message), &signature.0)
}
verify_only! {
    /// ECDSA on P-256 with SHA-256. A key of another curve never verifies.
    Es256, "ES256", EcKey, FixedSignature<64>,
    |key, message, signature| key.verify(Curve::P256, &Sha256::digest(message), &signature.0)
}
verify_only! {
    /// ECDSA on P-384 with SHA-384. A key of another curve never verifies.
    Es384, "ES384", EcKey, FixedSignature<96>,
    |key, message, signature| key.verify(Curve::P384, &Sha384::digest(message), &signature.0)
}
verify_only! {
    /// ECDSA on P-521 with SHA-512. A key of another curve never verifies.
    Es512, "ES512", EcKey, FixedSignature<132>,
    |key, message, signature| key.verify(Curve::P521, &Sha512::digest(message), &signature.0)
}
verify_only! {
    /// ECDSA on secp256k1 with SHA-256 (RFC 8812 §3.2). A key of another curve never verifies.
    Es256k, "ES256K", EcKey, FixedSignature<64>,
    |key, message, signature| key.verify(Curve::Secp256k1, &Sha256::digest(message), &signature.0)
}
verify_only! {
    /// Ed25519 under the name of RFC 8037.
    EdDsa, "EdDSA", Ed25519Key, FixedSignature<64>,
    |key, message, signature| key.verify(message, &signature.0)
}
verify_only! {
    /// Ed25519 under the name of RFC 9864.
    Ed25519, "Ed25519", Ed25519Key, FixedSignature<64>,
    |key, message, signature| key.verify(message, &signature.0)
}
verify_only! {
    /// ML-DSA-44, pure and with an empty context (RFC 9964). A key of another parameter set never verifies.
    MlDsa44, "ML-DSA-44", MlDsaKey, FixedSignature<2420>,
    |key, message, signature| key.verify(ParameterSet::MlDsa44, message, &signature.0)
}
verify_only! {
    /// ML-DSA-65, pure and with an empty context (RFC 9964). A key of another parameter set never verifies.
    MlDsa65, "ML-DSA-65", MlDsaKey, FixedSignature<3309>,
    |key, message, signature| key.verify(ParameterSet::MlDsa65, message, &signature.0)
}
verify_only! {
    /// ML-DSA-87, pure and with an empty context (RFC 9964). A key of another parameter set never verifies.
    MlDsa87, "ML-DSA-87", MlDsaKey, FixedSignature<4627>,
    |key, message, signature| key.verify(ParameterSet::MlDsa87, message, &signature.0)
}
