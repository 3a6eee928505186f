//! JWK Sets, and which of their keys a token is checked with (RFC 7517 §5).

use std::collections::BinaryHeap;

use crate::engine::Algorithm;
use crate::error::{Error, KeySetFault};
use crate::json::{Object, Value};
use crate::jwt::key::{ImportOptions, VerificationKey};

/// The most members that a set may have. Issuers publish a few, and the largest known sets have some thousands.
const MAX_KEYS: usize = 10_000;

/// A JWK Set. Members that cannot be used are skipped, as RFC 7517 §5 asks: one odd key must not lock out the rest.
///
/// ```
/// use tokenward::KeySet;
///
/// # fn main() -> Result<(), tokenward::Error> {
/// let set = KeySet::from_jwks(br#"{"keys":[
///     {"kty":"OKP","crv":"Ed25519","kid":"2027","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
///     {"kty":"a type of tomorrow"}
/// ]}"#)?;
/// assert_eq!(set.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<VerificationKey>,
    /// The places of the keys in the order of their `kid`s: in a set of thousands one is found as fast.
    by_kid: Vec<usize>,
}

impl KeySet {
    /// Reads a JWK Set.
    ///
    /// # Errors
    /// [`Error::KeySetInvalid`] if it is not one, has more than 10,000 members, or mixes shared secrets with public keys.
    pub fn from_jwks(json: &[u8]) -> Result<Self, Error> {
        let invalid = |fault| Error::KeySetInvalid { fault };
        let set = Object::parse(json).map_err(|fault| invalid(KeySetFault::Json(fault)))?;
        let Some(Value::Array(members)) = set.get("keys") else { return Err(invalid(KeySetFault::Keys)) };
        let members = members.elements();
        if members.len() > MAX_KEYS {
            return Err(invalid(KeySetFault::TooMany));
        }
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
        // A heap sorts in a tenth of the code that `sort` takes.
        let heap: BinaryHeap<_> = keys.iter().map(VerificationKey::kid).zip(0_usize..).collect();
        let by_kid = heap.into_sorted_vec().into_iter().map(|(_, place)| place).collect();
        Ok(Self { keys, by_kid })
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
    /// [`Error::NoMatchingKey`], [`Error::MultipleMatchingKeys`], or [`Error::AlgorithmNotAllowed`] if the key
    /// that the token names, or every key there is, is for other algorithms.
    pub fn select(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        named: Option<&[Algorithm]>,
    ) -> Result<&VerificationKey, Error> {
        let of_kid = self.of_kid(kid);
        let mut fitting = of_kid
            .iter()
            .filter_map(|&place| self.keys.get(place))
            .filter(|key| key.allows(algorithm, named));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(Error::MultipleMatchingKeys),
            (None, _) if of_kid.is_empty() => Err(Error::NoMatchingKey { kid: kid.map(Into::into) }),
            (None, _) => Err(Error::AlgorithmNotAllowed { alg: Some(algorithm.name()) }),
        }
    }

    /// The places of the keys with this `kid`; without one, of all.
    fn of_kid(&self, kid: Option<&str>) -> &[usize] {
        if kid.is_none() {
            return &self.by_kid;
        }
        let kid_of = |place: usize| self.keys.get(place).and_then(VerificationKey::kid);
        let from = self.by_kid.partition_point(|&place| kid_of(place) < kid);
        let to = self.by_kid.partition_point(|&place| kid_of(place) <= kid);
        self.by_kid.get(from..to).unwrap_or_default()
    }

    /// Rejects rules under which a secret of the set has no algorithm, or is too short for one.
    pub(super) fn check_rules(&self, named: Option<&[Algorithm]>) -> Result<(), Error> {
        self.keys.iter().try_for_each(|key| key.check_rules(named))
    }
}
