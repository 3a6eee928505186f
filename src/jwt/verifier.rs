//! Rules and keys, compiled once and used for every token.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use crate::error::{Error, Reason, TokenFault};
use crate::json::{Object, Value};
use crate::jwt::explain::{Check, Stopped};
use crate::jwt::jws::{KnownHeader, read_claims};
use crate::jwt::signature::ByRules;
use crate::jwt::{Accept, Algorithm, Header, KeySet, Rules, SignatureCheck, UnverifiedJwt, VerificationKey};
use crate::time::NumericDate;

/// Verifies tokens of one issuer, or of several that each have their own keys and rules.
///
/// The steps are types, each made only from the one before: [`UnverifiedJwt`], then [`SignatureCheck`] once a key is
/// chosen, then [`SignatureValid`](crate::jwt::SignatureValid), then [`Verified`]. No claim is judged before the signature holds.
#[derive(Debug)]
pub struct Verifier {
    issuers: Vec<Issuer>,
    max_token_length: usize,
    /// The header of the last token that was accepted.
    known: Mutex<Option<Remembered>>,
}

#[derive(Clone, Debug)]
struct Remembered {
    header: KnownHeader,
    kid: Option<Arc<str>>,
    number: u32,
}

/// Numbers the headers that verifiers remember; no two are the same.
static HEADERS: AtomicU32 = AtomicU32::new(0);

#[derive(Clone, Debug)]
struct Issuer {
    rules: Rules,
    keys: Keys,
}

/// What a token may be checked with.
#[derive(Clone, Debug)]
pub enum Keys {
    /// This key, whatever `kid` the token names.
    One(VerificationKey),
    /// The one key of the set that fits.
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

    /// Refuses algorithms under which a secret would have none, or one that it is too short for.
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

impl Verifier {
    /// A verifier for the tokens that `rules` accept, checked with `keys`.
    ///
    /// # Errors
    /// [`Error::InvalidArg`] for rules that check nothing, [`Error::KeyUnusable`] for a secret without an algorithm,
    /// [`Error::KeyWeak`] for one that is too short for an algorithm of the rules.
    pub fn new(rules: Rules, keys: impl Into<Keys>) -> Result<Self, Error> {
        let keys = keys.into();
        rules.validate()?;
        keys.check_rules(rules.algorithms.as_deref())?;
        Ok(Self::of(rules.max_token_length, vec![Issuer { rules, keys }]))
    }

    /// A verifier for several issuers. The token's `iss`, matched exactly, chooses among them before any key is
    /// looked at.
    ///
    /// # Errors
    /// As [`Verifier::new`]; and [`Error::InvalidArg`] for an empty list, an issuer that is not exactly one string, or
    /// one that is there twice.
    pub fn with_issuers(issuers: Vec<(Rules, Keys)>) -> Result<Self, Error> {
        let expected = "a list of rules, each with one issuer of its own";
        let mut names = Vec::new();
        for (rules, keys) in &issuers {
            rules.validate()?;
            keys.check_rules(rules.algorithms.as_deref())?;
            let Accept::OneOf(accepted) = &rules.issuer else {
                return Err(Error::invalid_arg("issuers", expected));
            };
            let [name] = accepted.as_slice() else { return Err(Error::invalid_arg("issuers", expected)) };
            names.push(name);
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        if count == 0 || names.len() < count {
            return Err(Error::invalid_arg("issuers", expected));
        }
        let max_token_length =
            issuers.iter().map(|(rules, _)| rules.max_token_length).max().unwrap_or_default();
        let issuers = issuers.into_iter().map(|(rules, keys)| Issuer { rules, keys }).collect();
        Ok(Self::of(max_token_length, issuers))
    }

    const fn of(max_token_length: usize, issuers: Vec<Issuer>) -> Self {
        Self { issuers, max_token_length, known: Mutex::new(None) }
    }

    /// Verifies `token` at the moment `now`.
    ///
    /// # Errors
    /// Whatever makes the token unacceptable; [`Error::KeyUnusable`] where its key stays with a host's engine.
    pub fn verify(&self, token: &str, now: NumericDate) -> Result<Verified, Error> {
        self.start(token)?.by_engine()?.judge(now)
    }

    /// Everything up to the signature: reads the token and chooses the key.
    ///
    /// # Errors
    /// Whatever makes the token unacceptable before its signature is looked at.
    pub fn start<'a>(&'a self, token: &'a str) -> Result<SignatureCheck<'a>, Error> {
        self.start_bytes(token.as_bytes())
    }

    /// As [`Verifier::start`], for a token that arrives as bytes.
    ///
    /// # Errors
    /// As [`Verifier::start`].
    pub fn start_bytes<'a>(&'a self, token: &'a [u8]) -> Result<SignatureCheck<'a>, Error> {
        self.prepare(token).map_err(|stopped| stopped.error)
    }

    /// As [`Verifier::start_bytes`], and where it stops, at which check.
    pub(super) fn prepare<'a>(&'a self, token: &'a [u8]) -> Result<SignatureCheck<'a>, Stopped> {
        // Whoever finds the header in use by another thread reads its own.
        let known = self.known.try_lock().ok();
        let known_header = known.as_ref().and_then(|known| known.as_ref()).map(|known| &known.header);
        let jwt = UnverifiedJwt::parse_known(token, self.max_token_length, known_header);
        drop(known);
        let jwt = jwt.map_err(Stopped::reading)?;
        let Issuer { rules, keys } = self.issuer_of(&jwt).map_err(Stopped::at(Check::Issuer))?;
        if token.len() > rules.max_token_length {
            return Err(Stopped::reading(Error::malformed(TokenFault::TooLong)));
        }
        SignatureCheck::prepare(jwt, keys, rules.algorithms.as_deref(), ByRules { rules, verifier: self })
    }

    /// The longest token that is read, in characters.
    #[must_use]
    pub const fn max_token_length(&self) -> usize {
        self.max_token_length
    }

    /// Remembers the header of an accepted token, and gives the number it is remembered by. Two issuers may use one
    /// header for keys of different names.
    pub(super) fn remember(&self, jwt: &UnverifiedJwt<'_>, kid: Option<&Arc<str>>) -> Option<u32> {
        let mut known = self.known.try_lock().ok()?;
        if let Some(known) =
            known.as_ref().filter(|known| known.header.is_of(jwt) && known.kid.as_ref() == kid)
        {
            return Some(known.number);
        }
        let number = HEADERS.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        *known = Some(Remembered { header: jwt.to_known(), kid: kid.cloned(), number });
        Some(number)
    }

    /// The rules, where there is only one issuer.
    pub(super) fn only_rules(&self) -> Option<&Rules> {
        if let [issuer] = self.issuers.as_slice() { Some(&issuer.rules) } else { None }
    }

    fn issuer_of(&self, jwt: &UnverifiedJwt<'_>) -> Result<&Issuer, Error> {
        if let [issuer] = self.issuers.as_slice() {
            return Ok(issuer);
        }
        // The claim only chooses whose keys are tried; the rules judge it once the signature holds.
        match jwt.claims_unverified()?.get("iss") {
            None => Err(Error::claim("iss", Reason::Missing)),
            Some(Value::String(name)) => {
                let accepts = |issuer: &&Issuer| matches!(&issuer.rules.issuer, Accept::OneOf(values) if values.iter().any(|value| name.is(value)));
                self.issuers.iter().find(accepts).ok_or_else(|| Error::claim("iss", Reason::Mismatch))
            }
            Some(_) => Err(Error::claim("iss", Reason::Invalid)),
        }
    }
}

/// A token whose signature holds and which the rules accept.
#[derive(Clone)]
pub struct Verified {
    pub(super) header: Arc<Header>,
    pub(super) header_number: Option<u32>,
    pub(super) payload: Vec<u8>,
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<Arc<str>>,
}

impl Verified {
    /// The JOSE header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// A number that names this header together with algorithm and key: what was made of it for one token serves for
    /// every other token of the same number.
    #[must_use]
    pub const fn header_number(&self) -> Option<u32> {
        self.header_number
    }

    /// The claims set.
    #[must_use]
    pub fn claims(&self) -> Object<'_> {
        read_claims(&self.payload).unwrap_or_default()
    }

    /// The claim called `name`, where it is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.claims().get(name)?.as_text().map(|text| text.to_cow().into())
    }

    /// The JSON text of the claims set: the bytes that were verified.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The JSON text of the claims set.
    #[must_use]
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }

    /// The algorithm that was used.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The identifier of the key that fitted.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
