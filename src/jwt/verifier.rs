//! Rules and keys, compiled once and used for every token.

use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Misuse, Reason, TokenFault};
use crate::ground::json::Value;
use crate::jwt::attempt::{Attempt, Progress};
use crate::jwt::cache::{Cache, CacheLimits};
use crate::jwt::check::{Check, Stopped};
use crate::jwt::jws::{KnownHeader, UnverifiedJwt};
use crate::jwt::keys::Keys;
use crate::jwt::rules::{Accept, Rules};
use crate::jwt::signature::{ByRules, SignatureCheck};
use crate::jwt::verdict::HostEngine;
use crate::jwt::verified::{Verified, VerifiedJws};
use crate::time::NumericDate;

/// The most issuers of one verifier.
const MAX_ISSUERS: usize = 10_000;

/// Verifies the tokens of one issuer, or of several that each have their own keys and rules.
///
/// No claim is judged before the signature is known to be valid. A verifier is shared between threads by reference.
///
/// ```
/// use tokenward::{Accept, KeySet, NumericDate, Rules, Verifier};
///
/// # fn main() -> Result<(), tokenward::Error> {
/// # let jwks = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"D21NZkNcObwKMJR-QGse-wy4ZszhzqVEHocJGO6kpLA"}]}"#;
/// # let token = "eyJhbGciOiJFZDI1NTE5In0.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUu\
/// #     Y29tIiwic3ViIjoiYWRhIiwiZXhwIjo0MTAyNDQ0ODAwfQ.X4vePbL6pJAZCbr1cR721S2KnY9j4JuKT0TkoxPDz5NTuoBia\
/// #     KsqW_wbhsRp4taJDyFITHAO157Pq7kiV4uZBA";
/// let rules = Rules::new(Accept::only("https://login.example.com"), Accept::Anything);
/// let verifier = Verifier::new(rules, KeySet::from_jwks(jwks)?)?;
///
/// let now = NumericDate::from_host_clock(1_800_000_000.0)?;
/// assert_eq!(verifier.verify(token, now)?.text("sub").as_deref(), Some("ada"));
///
/// // Several issuers, each with its own rules and keys.
/// let rules = |issuer| Rules::new(Accept::only(issuer), Accept::only("https://api.example.com"));
/// let verifier = Verifier::with_issuers(vec![
///     (rules("https://login.example.com"), KeySet::from_jwks(jwks)?.into()),
///     (rules("https://accounts.example.org"), KeySet::from_jwks(br#"{"keys":[]}"#)?.into()),
/// ])?;
/// let error = verifier.verify(token, now).unwrap_err();
/// assert_eq!(error.to_string(), "the claim \"aud\" is missing");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Verifier {
    issuers: Vec<Issuer>,
    /// The index of each issuer by its name. `None` for one set of rules, which judges `iss` like any claim.
    index: Option<Index>,
    max_token_length: usize,
    cache: Option<Mutex<Cache>>,
    /// The header of the last token that was accepted.
    known: Mutex<Option<Remembered>>,
}

#[derive(Clone, Debug)]
struct Remembered {
    header: KnownHeader,
    kid: Option<Arc<str>>,
    id: u32,
}

/// Counts the headers that verifiers remember, so that no two have the same id.
static HEADERS: AtomicU32 = AtomicU32::new(0);

#[derive(Clone, Debug)]
struct Issuer {
    rules: Rules,
    keys: Keys,
}

impl Verifier {
    /// A verifier with one set of rules, and the keys of its issuer.
    ///
    /// # Errors
    /// [`Error::InvalidArg`] for rules that check nothing or are out of range, [`Error::KeyUnusable`] for a secret without
    /// an algorithm, [`Error::KeyWeak`] for a secret that is too short for an algorithm of the rules.
    pub fn new(rules: Rules, keys: impl Into<Keys>) -> Result<Self, Error> {
        let keys = keys.into();
        rules.validate()?;
        keys.check_rules(rules.algorithms.as_deref())?;
        Ok(Self::of(vec![Issuer { rules, keys }], None))
    }

    /// A verifier for up to 10,000 issuers. The token's `iss`, matched exactly, chooses the rules and keys before any key
    /// is looked at.
    ///
    /// # Errors
    /// As [`Verifier::new`]; and [`Error::InvalidArg`] for a list that is empty or too long, rules whose issuer is not exactly
    /// one string, and an issuer that is listed twice.
    pub fn with_issuers(issuers: Vec<(Rules, Keys)>) -> Result<Self, Error> {
        let refused = || Error::invalid_arg("issuers", "a list of rules, each with one issuer of its own");
        if issuers.len() > MAX_ISSUERS {
            return Err(Error::invalid_arg("issuers", "a list of at most 10,000"));
        }
        let mut index = BinaryHeap::with_capacity(issuers.len());
        for (at, (rules, keys)) in issuers.iter().enumerate() {
            rules.validate()?;
            keys.check_rules(rules.algorithms.as_deref())?;
            let Accept::OneOf(accepted) = &rules.issuer else { return Err(refused()) };
            let [name] = accepted.as_slice() else { return Err(refused()) };
            index.push((name.as_str().into(), at));
        }
        let index: Index = index.into_sorted_vec();
        let twice = |pair: &[(Box<str>, usize)]| matches!(pair, [(one, _), (other, _)] if one == other);
        if index.is_empty() || index.windows(2).any(twice) {
            return Err(refused());
        }
        let issuers = issuers.into_iter().map(|(rules, keys)| Issuer { rules, keys }).collect();
        Ok(Self::of(issuers, Some(index)))
    }

    fn of(issuers: Vec<Issuer>, index: Option<Index>) -> Self {
        let max_token_length = issuers.iter().map(|issuer| issuer.rules.max_token_length).max();
        let max_token_length = max_token_length.unwrap_or_default();
        Self { issuers, index, max_token_length, cache: None, known: Mutex::new(None) }
    }

    /// Caches verdicts on tokens that come again. The times of an accepted token are judged at every call. A rejection is
    /// cached only if the format or the signature is invalid. Replacing the keys of an issuer drops the verdicts that were
    /// reached with them. Tokens whose key stays with a host are not cached.
    ///
    /// ```
    /// # fn main() -> Result<(), tokenward::Error> {
    /// # use tokenward::{Accept, KeySet, Rules, Verifier, jwt::CacheLimits};
    /// # let rules = Rules::new(Accept::only("https://login.example.com"), Accept::Anything);
    /// # let keys = KeySet::from_jwks(br#"{"keys":[]}"#)?;
    /// let verifier = Verifier::new(rules, keys)?.with_cache(CacheLimits::default())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArg`] for limits of 0.
    pub fn with_cache(mut self, limits: CacheLimits) -> Result<Self, Error> {
        limits.validate()?;
        self.cache = Some(Mutex::new(Cache::new(limits)));
        Ok(self)
    }

    /// Whether the verdict on this token is cached.
    pub(super) fn is_cached(&self, token: &str) -> bool {
        self.with_lock(|cache| cache.contains(token.as_bytes())).unwrap_or(false)
    }

    /// The bytes that cached verdicts take, as they count towards the limit.
    pub(super) fn cached_bytes(&self) -> usize {
        self.with_lock(|cache| cache.bytes()).unwrap_or(0)
    }

    fn with_lock<T>(&self, run: impl FnOnce(&mut Cache) -> T) -> Option<T> {
        Some(run(&mut self.cache.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Replaces the keys of the issuer at this index of the list; 0 if there is one set of rules.
    ///
    /// # Errors
    /// [`Error::InvalidArg`] if there is no such issuer, and as [`Verifier::new`] for keys that the rules do not fit. The old
    /// keys then stay.
    pub fn replace_keys(&mut self, issuer: usize, keys: impl Into<Keys>) -> Result<(), Error> {
        let keys = keys.into();
        let found = self
            .issuers
            .get_mut(issuer)
            .ok_or_else(|| Error::invalid_arg("issuer", "an index of the list"))?;
        keys.check_rules(found.rules.algorithms.as_deref())?;
        found.keys = keys;
        if let Some(cache) = &mut self.cache {
            cache.get_mut().unwrap_or_else(PoisonError::into_inner).forget(issuer);
        }
        Ok(())
    }

    /// Verifies `token` at the instant `now`.
    ///
    /// # Errors
    /// The reason why the token is not accepted; [`Error::KeyUnusable`] if its key stays with a host's engine.
    pub fn verify(&self, token: &str, now: NumericDate) -> Result<Verified, Error> {
        match self.attempt(token.as_bytes(), Ok(now), HostEngine::default()).outcome? {
            Progress::Verified(verified) => Ok(verified),
            Progress::AskHost(_) => Err(Error::KeyUnusable { misuse: Misuse::Engine }),
        }
    }

    /// Verifies a token at the instant `now`, and stops at a question that only the host can answer. `now` may be the reason
    /// why there is no clock, which counts once the signature is to be checked.
    pub(crate) fn attempt<'a>(
        &'a self,
        token: &'a [u8],
        now: Result<NumericDate, Error>,
        host: HostEngine<'_>,
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
        let mut verified = now.and_then(|now| check.checked(host.verdict)?.judge(now));
        if let Ok(verified) = &mut verified {
            verified.header_id = self.remember(token, verified);
        }
        if !stays_with_host
            && let Some(mut cache) = self.cache.as_ref().and_then(|cache| cache.try_lock().ok())
        {
            cache.keep(token, issuer, &verified);
        }
        Attempt { issuer: Some(issuer), outcome: verified.map(Progress::Verified) }
    }

    /// A thread that finds the cache in use by another goes on without it.
    fn found(&self, token: &[u8]) -> Option<(usize, Result<Verified, Error>)> {
        self.cache.as_ref()?.try_lock().ok()?.find(token)
    }

    /// Judges the times of a cached verdict. Nothing else that it depends on can have changed.
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

    /// The index of the issuer that the token names. It is **not verified**.
    ///
    /// # Errors
    /// The reason why the token is rejected before its issuer is known.
    pub(crate) fn issuer_of_token(&self, token: &[u8]) -> Result<usize, Error> {
        self.read(token).map(|(_, issuer)| issuer).map_err(|stopped| stopped.error)
    }

    /// Everything before the signature: reads the token and chooses the key.
    pub(super) fn prepare<'a>(&'a self, token: &'a [u8]) -> Result<SignatureCheck<'a>, Stopped> {
        let (jwt, issuer) = self.read(token)?;
        let Some(Issuer { rules, keys }) = self.issuers.get(issuer) else {
            return Err(Stopped::at(Check::Issuer)(Error::claim("iss", Reason::Mismatch)));
        };
        if token.len() > rules.max_token_length {
            return Err(Stopped::reading(Error::malformed(TokenFault::TooLong)));
        }
        let by_rules = ByRules { rules, issuer };
        SignatureCheck::prepare(jwt, keys, rules.algorithms.as_deref(), by_rules)
            // Other keys make a difference only if a key was looked for.
            .map_err(|stopped| Stopped { issuer: (stopped.check == Check::Key).then_some(issuer), ..stopped })
    }

    /// Reads the token and finds the index of its issuer.
    fn read<'a>(&self, token: &'a [u8]) -> Result<(UnverifiedJwt<'a>, usize), Stopped> {
        // A thread that finds the header in use by another reads its own.
        let known = self.known.try_lock().ok();
        let known_header = known.as_ref().and_then(|known| known.as_ref()).map(|known| &known.header);
        let jwt = UnverifiedJwt::parse_known(token, self.max_token_length, known_header);
        drop(known);
        let jwt = jwt.map_err(Stopped::reading)?;
        let issuer = self.index_of(&jwt).map_err(Stopped::at(Check::Issuer))?;
        Ok((jwt, issuer))
    }

    /// The longest token that is read, in characters.
    #[must_use]
    pub const fn max_token_length(&self) -> usize {
        self.max_token_length
    }

    /// Remembers the header of a token that is accepted, and returns its id. Two issuers may use one header for keys of
    /// different names.
    fn remember(&self, token: &[u8], verified: &Verified) -> Option<u32> {
        let VerifiedJws { header, kid, .. } = verified.jws();
        let mut known = self.known.try_lock().ok()?;
        if let Some(known) = known.as_ref().filter(|known| known.header.is(header) && known.kid == *kid) {
            return Some(known.id);
        }
        let segment = token.split(|byte| *byte == b'.').next().unwrap_or_default();
        let id = HEADERS.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        *known = Some(Remembered { header: KnownHeader::new(segment, header), kid: kid.clone(), id });
        Some(id)
    }

    /// The rules, unless the issuer of the token chooses them.
    pub(super) fn only_rules(&self) -> Option<&Rules> {
        if self.index.is_some() { None } else { self.issuers.first().map(|issuer| &issuer.rules) }
    }

    fn index_of(&self, jwt: &UnverifiedJwt<'_>) -> Result<usize, Error> {
        let Some(index) = &self.index else { return Ok(0) };
        // The claim only chooses whose keys are tried. The rules judge it once the signature is valid.
        match jwt.claims_unverified()?.get("iss") {
            None => Err(Error::claim("iss", Reason::Missing)),
            Some(Value::String(name)) => {
                let name = name.to_cow();
                let found = index.binary_search_by(|(other, _)| (**other).cmp(&name)).ok();
                let issuer = found.and_then(|at| index.get(at)).map(|&(_, issuer)| issuer);
                issuer.ok_or_else(|| Error::claim("iss", Reason::Mismatch))
            }
            Some(_) => Err(Error::claim("iss", Reason::Invalid)),
        }
    }
}

/// The names of the issuers in order, and the index of each in the list.
type Index = Vec<(Box<str>, usize)>;
