//! Rules and keys, compiled once and used for every token.

use std::collections::BinaryHeap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Misuse, Reason, TokenFault};
use crate::json::{Object, Value};
use crate::jwt::cache::{Cache, CacheLimits};
use crate::jwt::explain::{Check, Stopped};
use crate::jwt::jws::{KnownHeader, read_claims};
use crate::jwt::rules::Dates;
use crate::jwt::signature::ByRules;
use crate::jwt::{Accept, Algorithm, Header, KeySet, Rules, SignatureCheck, UnverifiedJwt, VerificationKey};
use crate::time::NumericDate;

/// The most issuers of one verifier.
const MAX_ISSUERS: usize = 10_000;

/// Verifies tokens of one issuer, or of several that each have their own keys and rules.
///
/// The steps are types, each made only from the one before: [`UnverifiedJwt`], then [`SignatureCheck`] once a key is
/// chosen, then [`SignatureValid`](crate::jwt::SignatureValid), then [`Verified`]. No claim is judged before the signature holds.
#[derive(Debug)]
pub struct Verifier {
    issuers: Vec<Issuer>,
    /// Where each issuer stands in the list. `None` where there is one set of rules, which judges `iss` like any claim.
    places: Option<Places>,
    max_token_length: usize,
    cache: Option<Mutex<Cache>>,
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
        Ok(Self::of(vec![Issuer { rules, keys }], None))
    }

    /// A verifier for several issuers. The token's `iss`, matched exactly, chooses among them before any key is
    /// looked at.
    ///
    /// # Errors
    /// As [`Verifier::new`]; and [`Error::InvalidArg`] for a list that is empty or has more than 10,000 issuers, an issuer
    /// that is not exactly one string, or one that is there twice.
    pub fn with_issuers(issuers: Vec<(Rules, Keys)>) -> Result<Self, Error> {
        let refused = || Error::invalid_arg("issuers", "a list of rules, each with one issuer of its own");
        if issuers.len() > MAX_ISSUERS {
            return Err(Error::invalid_arg("issuers", "a list of at most 10,000"));
        }
        let mut places = BinaryHeap::with_capacity(issuers.len());
        for (place, (rules, keys)) in issuers.iter().enumerate() {
            rules.validate()?;
            keys.check_rules(rules.algorithms.as_deref())?;
            let Accept::OneOf(accepted) = &rules.issuer else { return Err(refused()) };
            let [name] = accepted.as_slice() else { return Err(refused()) };
            places.push((name.as_str().into(), place));
        }
        let places: Places = places.into_sorted_vec();
        let twice = |pair: &[(Box<str>, usize)]| matches!(pair, [(one, _), (other, _)] if one == other);
        if places.is_empty() || places.windows(2).any(twice) {
            return Err(refused());
        }
        let issuers = issuers.into_iter().map(|(rules, keys)| Issuer { rules, keys }).collect();
        Ok(Self::of(issuers, Some(places)))
    }

    fn of(issuers: Vec<Issuer>, places: Option<Places>) -> Self {
        let max_token_length = issuers.iter().map(|issuer| issuer.rules.max_token_length).max();
        let max_token_length = max_token_length.unwrap_or_default();
        Self { issuers, places, max_token_length, cache: None, known: Mutex::new(None) }
    }

    /// Remembers verdicts on tokens that come again. A token that was accepted is judged again by its times, and so is
    /// whatever the caller asks about it; a token that was refused is so only for its format or its signature. Keys that
    /// change take the verdicts that were reached with them along. Tokens whose key stays with the host are not kept.
    ///
    /// # Errors
    /// [`Error::InvalidArg`] for limits of 0.
    pub fn with_cache(mut self, limits: CacheLimits) -> Result<Self, Error> {
        limits.validate()?;
        self.cache = Some(Mutex::new(Cache::new(limits)));
        Ok(self)
    }

    /// Whether the verdict on this token is remembered.
    #[must_use]
    pub fn is_cached(&self, token: &str) -> bool {
        self.with_lock(|cache| cache.contains(token.as_bytes())).unwrap_or(false)
    }

    /// The bytes that remembered verdicts take, as they are counted towards the limit.
    #[must_use]
    pub fn cached_bytes(&self) -> usize {
        self.with_lock(|cache| cache.bytes()).unwrap_or(0)
    }

    fn with_lock<T>(&self, run: impl FnOnce(&mut Cache) -> T) -> Option<T> {
        Some(run(&mut self.cache.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Puts other keys in the place of those of the issuer at this place of the list.
    ///
    /// # Errors
    /// [`Error::InvalidArg`] where there is no such place, and what [`Verifier::new`] says of keys that the rules do not
    /// fit. The old keys then stay.
    pub fn replace_keys(&mut self, issuer: usize, keys: impl Into<Keys>) -> Result<(), Error> {
        let keys = keys.into();
        let place =
            self.issuers.get_mut(issuer).ok_or_else(|| Error::invalid_arg("issuer", "one of the list"))?;
        keys.check_rules(place.rules.algorithms.as_deref())?;
        place.keys = keys;
        if let Some(cache) = &mut self.cache {
            cache.get_mut().unwrap_or_else(PoisonError::into_inner).forget(issuer);
        }
        Ok(())
    }

    /// Verifies `token` at the moment `now`.
    ///
    /// # Errors
    /// Whatever makes the token unacceptable; [`Error::KeyUnusable`] where its key stays with a host's engine.
    pub fn verify(&self, token: &str, now: NumericDate) -> Result<Verified, Error> {
        match self.attempt(token.as_bytes(), Ok(now), Host::default()).outcome? {
            Progress::Verified(verified) => Ok(verified),
            Progress::AskHost(_) => Err(Error::KeyUnusable { misuse: Misuse::Engine }),
        }
    }

    /// Verifies a token at the moment `now`, or says why there is no such moment, as far as that goes without the host.
    /// Its verdict is on an earlier attempt; where the token needs another key by then, it is not used.
    pub fn attempt<'a>(
        &'a self,
        token: &'a [u8],
        now: Result<NumericDate, Error>,
        host: Host<'_>,
    ) -> Attempt<'a> {
        if let Some((issuer, found)) = self.found(token) {
            return Attempt { issuer: Some(issuer), outcome: self.judge_again(issuer, found, now) };
        }
        let check = match self.prepare(token) {
            Ok(check) => check,
            Err(Stopped { error, issuer, .. }) => return Attempt { issuer, outcome: Err(error) },
        };
        let issuer = check.issuer();
        if check.lacks(host) {
            return Attempt { issuer: Some(issuer), outcome: Ok(Progress::AskHost(check)) };
        }
        let stays_with_host = check.stays_with_host();
        let verified = now.and_then(|now| check.checked(host.verdict)?.judge(now));
        if !stays_with_host
            && let Some(mut cache) = self.cache.as_ref().and_then(|cache| cache.try_lock().ok())
        {
            cache.keep(token, issuer, &verified);
        }
        Attempt { issuer: Some(issuer), outcome: verified.map(Progress::Verified) }
    }

    /// Whoever finds the cache in use by another thread does without.
    fn found(&self, token: &[u8]) -> Option<(usize, Result<Verified, Error>)> {
        self.cache.as_ref()?.try_lock().ok()?.find(token)
    }

    /// Time has passed since the verdict was reached. Nothing else that it rests on can have changed.
    fn judge_again(
        &self,
        issuer: usize,
        found: Result<Verified, Error>,
        now: Result<NumericDate, Error>,
    ) -> Result<Progress<'_>, Error> {
        let verified = found?;
        let now = now?;
        self.issuers.get(issuer).map_or(Ok(()), |issuer| issuer.rules.check_times(&verified.dates, now))?;
        Ok(Progress::Verified(verified))
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

    /// The place in the list of the issuer that the token names, which nothing vouches for yet.
    ///
    /// # Errors
    /// What makes the token unacceptable before that is known.
    pub fn issuer_of_token(&self, token: &[u8]) -> Result<usize, Error> {
        self.read(token).map(|(_, issuer)| issuer).map_err(|stopped| stopped.error)
    }

    /// As [`Verifier::start_bytes`], and where it stops, at which check.
    pub(super) fn prepare<'a>(&'a self, token: &'a [u8]) -> Result<SignatureCheck<'a>, Stopped> {
        let (jwt, issuer) = self.read(token)?;
        let Some(Issuer { rules, keys }) = self.issuers.get(issuer) else {
            return Err(Stopped::at(Check::Issuer)(Error::claim("iss", Reason::Mismatch)));
        };
        if token.len() > rules.max_token_length {
            return Err(Stopped::reading(Error::malformed(TokenFault::TooLong)));
        }
        let by_rules = ByRules { rules, issuer, verifier: self };
        SignatureCheck::prepare(jwt, keys, rules.algorithms.as_deref(), by_rules)
            // Only where a key was looked for have keys had a say.
            .map_err(|stopped| Stopped { issuer: (stopped.check == Check::Key).then_some(issuer), ..stopped })
    }

    /// Reads the token and finds its issuer's place in the list.
    fn read<'a>(&self, token: &'a [u8]) -> Result<(UnverifiedJwt<'a>, usize), Stopped> {
        // Whoever finds the header in use by another thread reads its own.
        let known = self.known.try_lock().ok();
        let known_header = known.as_ref().and_then(|known| known.as_ref()).map(|known| &known.header);
        let jwt = UnverifiedJwt::parse_known(token, self.max_token_length, known_header);
        drop(known);
        let jwt = jwt.map_err(Stopped::reading)?;
        let issuer = self.place_of(&jwt).map_err(Stopped::at(Check::Issuer))?;
        Ok((jwt, issuer))
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

    /// The rules, where the issuer does not choose them.
    pub(super) fn only_rules(&self) -> Option<&Rules> {
        if self.places.is_some() { None } else { self.issuers.first().map(|issuer| &issuer.rules) }
    }

    fn place_of(&self, jwt: &UnverifiedJwt<'_>) -> Result<usize, Error> {
        let Some(places) = &self.places else { return Ok(0) };
        // The claim only chooses whose keys are tried; the rules judge it once the signature holds.
        match jwt.claims_unverified()?.get("iss") {
            None => Err(Error::claim("iss", Reason::Missing)),
            Some(Value::String(name)) => {
                let place = find(places, &name.to_cow()).ok().and_then(|at| places.get(at));
                place.map(|&(_, place)| place).ok_or_else(|| Error::claim("iss", Reason::Mismatch))
            }
            Some(_) => Err(Error::claim("iss", Reason::Invalid)),
        }
    }
}

/// Issuers by name, in the order of their names, and where each stands in the list.
type Places = Vec<(Box<str>, usize)>;

/// Where an issuer is, or where it belongs.
fn find(places: &Places, name: &str) -> Result<usize, usize> {
    places.binary_search_by(|(other, _)| (**other).cmp(name))
}

/// What the host's engine can do, and its answer about this token so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Host<'k> {
    /// Whether to ask it about RSA keys too, because it is the faster engine.
    pub takes_rsa: bool,
    /// Its answer about this token.
    pub verdict: Option<HostVerdict<'k>>,
}

/// The answer of the host's engine about the signature of one token.
#[derive(Clone, Copy, Debug)]
pub struct HostVerdict<'k> {
    /// The key it checked with. The verdict counts for no other key.
    pub key: HostKeyId<'k>,
    /// Whether the signature is valid.
    pub valid: bool,
}

/// A key as the host is asked about it. Equal ids are the same key, in every instance of this module: a verdict
/// survives the loss of the instance that asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKeyId<'k> {
    /// A key that stays with the host, by the number the host gave it.
    Opaque(u32),
    /// An RSA key, as a JWK with the members `kty`, `n` and `e`.
    Rsa(&'k str),
}

/// How far a verification came that is to give `V`.
#[derive(Debug)]
pub struct Attempt<'a, V = Verified, R = ByRules<'a>> {
    /// Whose keys had a say in the outcome, by the place in the list. `None` where the token was refused before any key
    /// was looked for: then no other keys would have made a difference.
    pub issuer: Option<usize>,
    /// What the token says, a question to the host, or why the token is refused.
    pub outcome: Result<Progress<'a, V, R>, Error>,
}

/// What a verification gives that has not failed.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "taken apart at once, never kept")]
pub enum Progress<'a, V = Verified, R = ByRules<'a>> {
    /// The token is accepted.
    Verified(V),
    /// The host has to check the signature.
    AskHost(SignatureCheck<'a, R>),
}

/// A token whose signature holds and which the rules accept.
#[derive(Clone)]
pub struct Verified {
    pub(super) header: Arc<Header>,
    pub(super) header_number: Option<u32>,
    pub(super) payload: Arc<Vec<u8>>,
    pub(super) dates: Dates,
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
        Arc::unwrap_or_clone(self.payload)
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
