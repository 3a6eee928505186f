//! ML-DSA (RFC 9964). With the feature `ml-dsa` its arithmetic is built in; without it, an engine from elsewhere can be
//! given, so that those who meet no such key need not carry it.

use std::sync::OnceLock;

use crate::{Error, JwkFault, Weakness};

/// The public key begins with the seed of the matrix, which may be anything (FIPS 204, algorithm 22).
const SEED_LENGTH: usize = 32;

/// The parameter sets of ML-DSA (FIPS 204 §4). What depends on them is in tables 1 and 2 there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterSet {
    /// ML-DSA-44: keys of 1312 bytes, signatures of 2420.
    MlDsa44,
    /// ML-DSA-65: keys of 1952 bytes, signatures of 3309.
    MlDsa65,
    /// ML-DSA-87: keys of 2592 bytes, signatures of 4627.
    MlDsa87,
}

impl ParameterSet {
    /// How many bytes a public key has. No two sets have keys of one length.
    #[must_use]
    pub const fn key_length(self) -> usize {
        match self {
            Self::MlDsa44 => 1312,
            Self::MlDsa65 => 1952,
            Self::MlDsa87 => 2592,
        }
    }

    /// How many bytes a signature has.
    #[must_use]
    pub const fn signature_length(self) -> usize {
        match self {
            Self::MlDsa44 => 2420,
            Self::MlDsa65 => 3309,
            Self::MlDsa87 => 4627,
        }
    }
}

/// An ML-DSA public key.
#[derive(Clone, Debug)]
pub struct MlDsaKey {
    set: ParameterSet,
    encoded: Box<[u8]>,
}

impl MlDsaKey {
    /// The key in the encoding of FIPS 204, algorithm 22.
    ///
    /// # Errors
    ///
    /// [`Error::JwkInvalid`]: another length. [`Error::KeyWeak`]: a zero vector, for which anyone can sign.
    pub fn new(set: ParameterSet, encoded: &[u8]) -> Result<Self, Error> {
        if encoded.len() != set.key_length() {
            return Err(Error::JwkInvalid { fault: JwkFault::Member("pub") });
        }
        if encoded.iter().skip(SEED_LENGTH).all(|&byte| byte == 0) {
            return Err(Error::KeyWeak { weakness: Weakness::ZeroVector });
        }
        Ok(Self { set, encoded: encoded.into() })
    }

    /// The parameter set that the key is of.
    #[must_use]
    pub const fn set(&self) -> ParameterSet {
        self.set
    }

    /// Whether `signature` is one of `message`, under this parameter set.
    pub(in crate::engine) fn verify(&self, set: ParameterSet, message: &[u8], signature: &[u8]) -> bool {
        self.set == set
            && signature.len() == set.signature_length()
            && engine().is_some_and(|engine| engine.verify(&self.encoded, message, signature))
    }
}

/// What checks signatures of ML-DSA.
pub trait MlDsaEngine: Sync {
    /// Whether there is anything behind it yet.
    fn is_ready(&self) -> bool;

    /// Whether `signature` is one of `message` under `key`: pure ML-DSA with an empty context. The key says
    /// by its length what parameter set it is of.
    fn verify(&self, key: &[u8], message: &[u8], signature: &[u8]) -> bool;
}

/// Names what checks signatures of ML-DSA where the feature `ml-dsa` is off. The first one stays.
static GIVEN: OnceLock<&'static dyn MlDsaEngine> = OnceLock::new();

/// Gives the engine for ML-DSA, once and for the whole process. It is not asked where one is built in, which is with the
/// feature `ml-dsa`.
pub fn set_ml_dsa_engine(engine: &'static dyn MlDsaEngine) {
    let _ = GIVEN.set(engine);
}

/// Whether signatures of ML-DSA can be checked.
#[must_use]
pub fn has_ml_dsa_engine() -> bool {
    engine().is_some()
}

#[cfg(not(feature = "ml-dsa"))]
fn engine() -> Option<&'static dyn MlDsaEngine> {
    GIVEN.get().copied().filter(|engine| engine.is_ready())
}

#[cfg(feature = "ml-dsa")]
fn engine() -> Option<&'static dyn MlDsaEngine> {
    struct BuiltIn;

    impl MlDsaEngine for BuiltIn {
        fn is_ready(&self) -> bool {
            true
        }

        fn verify(&self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
            crate::ml_dsa::verify(key, message, signature)
        }
    }

    Some(&BuiltIn)
}
