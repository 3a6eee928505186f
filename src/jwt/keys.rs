//! One key or a set, and the choice of the key for a token.

use crate::engine::Algorithm;
use crate::error::Error;
use crate::jwt::jws::Header;
use crate::jwt::key::VerificationKey;
use crate::jwt::key_set::KeySet;

/// The keys of a verifier: one, or a set to choose from.
#[derive(Clone, Debug)]
pub enum Keys {
    /// This key, for any `kid` in the token.
    One(VerificationKey),
    /// The one key of the set that fits the token.
    Set(KeySet),
}

impl From<VerificationKey> for Keys {
    fn from(key: VerificationKey) -> Self {
        Self::One(key)
    }
}

impl From<KeySet> for Keys {
    fn from(set: KeySet) -> Self {
        Self::Set(set)
    }
}

impl Keys {
    /// The one key for a token with this header, given the algorithms that the rules name.
    pub(super) fn select(
        &self,
        header: &Header,
        algorithm: Algorithm,
        named: Option<&[Algorithm]>,
    ) -> Result<&VerificationKey, Error> {
        match self {
            Self::One(key) if key.allows(algorithm, named) => Ok(key),
            Self::One(_) => Err(Error::AlgorithmNotAllowed { alg: Some(algorithm.name()) }),
            Self::Set(set) => set.select(header.kid(), algorithm, named),
        }
    }

    /// Rejects algorithms under which a secret has none, or is too short for one.
    pub(super) fn check_rules(&self, named: Option<&[Algorithm]>) -> Result<(), Error> {
        match self {
            Self::One(key) => key.check_rules(named),
            Self::Set(set) => set.check_rules(named),
        }
    }

    /// How many keys there are to choose from.
    pub(super) const fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Set(set) => set.len(),
        }
    }
}
