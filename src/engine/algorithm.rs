//! The table of signature algorithms (RFC 7518 §3.1, RFC 8037 §3.1, RFC 8812 §3.2, RFC 9864 §2.2, RFC 9964). Everything known about an
//! algorithm is a row of it; nothing is derived from a name.

use std::fmt;

use super::{Curve, Hash, ParameterSet};

/// A signature algorithm that this library verifies. `none` is not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on secp256k1 with SHA-256 (RFC 8812).
    Es256k,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// Ed25519 under its older, polymorphic name (RFC 8037).
    EdDsa,
    /// Ed25519 under its fully specified name (RFC 9864).
    Ed25519,
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// ML-DSA with the parameter set ML-DSA-44 (RFC 9964).
    MlDsa44,
    /// ML-DSA with the parameter set ML-DSA-65 (RFC 9964).
    MlDsa65,
    /// ML-DSA with the parameter set ML-DSA-87 (RFC 9964).
    MlDsa87,
    /// RSASSA-PSS with SHA-256 and MGF1 with SHA-256, salt as long as the hash.
    Ps256,
    /// RSASSA-PSS with SHA-384 and MGF1 with SHA-384, salt as long as the hash.
    Ps384,
    /// RSASSA-PSS with SHA-512 and MGF1 with SHA-512, salt as long as the hash.
    Ps512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
}

/// The kind of key that an algorithm needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Family {
    /// `kty` EC on this curve.
    Ec(Curve),
    /// `kty` OKP, `crv` Ed25519.
    Ed25519,
    /// `kty` oct, at least as long as this hash.
    Hmac(Hash),
    /// `kty` AKP, `alg` of this parameter set.
    MlDsa(ParameterSet),
    /// `kty` RSA.
    Rsa,
}

struct Row {
    algorithm: Algorithm,
    name: &'static str,
    family: Family,
}

const fn row(algorithm: Algorithm, name: &'static str, family: Family) -> Row {
    Row { algorithm, name, family }
}

/// In the order of the enum, which indexes it.
const TABLE: [Row; 18] = [
    row(Algorithm::Es256, "ES256", Family::Ec(Curve::P256)),
    row(Algorithm::Es256k, "ES256K", Family::Ec(Curve::Secp256k1)),
    row(Algorithm::Es384, "ES384", Family::Ec(Curve::P384)),
    row(Algorithm::Es512, "ES512", Family::Ec(Curve::P521)),
    row(Algorithm::EdDsa, "EdDSA", Family::Ed25519),
    row(Algorithm::Ed25519, "Ed25519", Family::Ed25519),
    row(Algorithm::Hs256, "HS256", Family::Hmac(Hash::Sha256)),
    row(Algorithm::Hs384, "HS384", Family::Hmac(Hash::Sha384)),
    row(Algorithm::Hs512, "HS512", Family::Hmac(Hash::Sha512)),
    row(Algorithm::MlDsa44, "ML-DSA-44", Family::MlDsa(ParameterSet::MlDsa44)),
    row(Algorithm::MlDsa65, "ML-DSA-65", Family::MlDsa(ParameterSet::MlDsa65)),
    row(Algorithm::MlDsa87, "ML-DSA-87", Family::MlDsa(ParameterSet::MlDsa87)),
    row(Algorithm::Ps256, "PS256", Family::Rsa),
    row(Algorithm::Ps384, "PS384", Family::Rsa),
    row(Algorithm::Ps512, "PS512", Family::Rsa),
    row(Algorithm::Rs256, "RS256", Family::Rsa),
    row(Algorithm::Rs384, "RS384", Family::Rsa),
    row(Algorithm::Rs512, "RS512", Family::Rsa),
];

impl Algorithm {
    /// Every algorithm, in alphabetical order of the names of their families.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.algorithm)
    }

    /// The algorithm called `name`, compared exactly.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.algorithm)
    }

    /// The name in a header's `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The kind of key that it needs.
    #[must_use]
    pub const fn family(self) -> Family {
        self.row().family
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the table has a row for each variant, in their order; a test says so"
    )]
    const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
