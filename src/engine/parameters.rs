//! The hash functions and the curves that algorithms and keys name.

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
