//! JWK Sets, and which of their keys a token is checked with (RFC 7517 §5).

use crate::error::{Error, KeySetFault};
use crate::json::{Object, Value};
use crate::jwt::Algorithm;
use crate::jwt::key::{ImportOptions, VerificationKey};

/// A JWK Set. Members that cannot be used are skipped, as RFC 7517 §5 asks: one odd key must not lock out the rest.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<VerificationKey>,
}

impl KeySet {
    /// Reads a JWK Set.
    ///
    /// # Errors
    /// [`Error::KeySetInvalid`] where it is not one, or where it mixes shared secrets with public keys.
    pub fn from_jwks(json: &[u8]) -> Result<Self, Error> {
        let invalid = |fault| Error::KeySetInvalid { fault };
        let set = Object::parse(json).map_err(|fault| invalid(KeySetFault::Json(fault)))?;
        let Some(Value::Array(members)) = set.get("keys") else { return Err(invalid(KeySetFault::Keys)) };
        let members = members.elements();
        let objects = members.iter().filter_map(|member| match member {
            Value::Object(jwk) => Some(jwk.object()),
            _ => None,
        });
        let keys: Vec<_> = objects
            .filter_map(|jwk| VerificationKey::from_jwk_object(&jwk, ImportOptions::default()).ok())
            .collect();
        if keys.iter().any(VerificationKey::is_secret) && !keys.iter().all(VerificationKey::is_secret) {
            return Err(invalid(KeySetFault::Mixed));
        }
        Ok(Self { keys })
    }

    /// How many keys of the set can be used.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key of the set can be used.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys that can be used, in the order of the set.
    pub fn keys(&self) -> impl Iterator<Item = &VerificationKey> {
        self.keys.iter()
    }

    /// The one key for a token. A token with a `kid` takes only a key with that `kid`; one without takes the single
    /// key that fits.
    ///
    /// # Errors
    /// [`Error::NoMatchingKey`], [`Error::MultipleMatchingKeys`], or [`Error::AlgorithmNotAllowed`] where the key
    /// that the token names, or every key there is, is for other algorithms.
    pub fn select(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        named: Option<&[Algorithm]>,
    ) -> Result<&VerificationKey, Error> {
        let of_kid = || self.keys.iter().filter(|key| kid.is_none() || key.kid() == kid);
        let mut fitting = of_kid().filter(|key| key.allows(algorithm, named));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(Error::MultipleMatchingKeys),
            (None, _) if of_kid().next().is_none() => Err(Error::NoMatchingKey { kid: kid.map(Into::into) }),
            (None, _) => Err(Error::AlgorithmNotAllowed { alg: Some(algorithm.name()) }),
        }
    }

    /// Refuses rules under which a secret of the set would have no algorithm, or one that it is too short for.
    pub(super) fn check_rules(&self, named: Option<&[Algorithm]>) -> Result<(), Error> {
        self.keys.iter().try_for_each(|key| key.check_rules(named))
    }
}
