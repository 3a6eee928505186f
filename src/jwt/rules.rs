//! The rules of a relying party, and the one check of them (RFC 7519 §7.2, RFC 8725 §3).

use std::time::Duration;

use crate::engine::Algorithm;
use crate::error::{Error, Reason};
use crate::json::{Object, Value};
use crate::jwt::check::{Check, Stopped};
use crate::jwt::claims::{date, scopes, text, texts};
use crate::jwt::jws::{Header, MAX_TOKEN_LENGTH};
use crate::time::{MAX_CLOCK_TOLERANCE, NumericDate};

/// The most values that one list of the rules may have. Each costs time with every token.
pub(crate) const MAX_VALUES: usize = 1_000;

/// The values of a claim that are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accept {
    /// Any value, or none: the check is switched off, and this says so.
    Anything,
    /// One of these, compared exactly.
    OneOf(Vec<String>),
}

impl Accept {
    /// Exactly `value`.
    #[must_use]
    pub fn only(value: &str) -> Self {
        Self::OneOf(vec![value.into()])
    }

    /// How many values are named.
    const fn len(&self) -> usize {
        if let Self::OneOf(values) = self { values.len() } else { 0 }
    }
}

/// The value that a claim must have.
#[derive(Clone, Debug, PartialEq)]
pub enum ClaimValue {
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    String(String),
}

/// The rules that a token must satisfy. A check that is configured implies presence and type of its claim.
///
/// ```
/// use std::time::Duration;
/// use tokenward::jwt::{Accept, Rules};
///
/// let mut rules = Rules::new(Accept::only("https://issuer.example"), Accept::only("https://api.example"));
/// rules.clock_tolerance = Duration::from_secs(5);
/// rules.required_claims = vec!["sub".into()];
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rules {
    /// The accepted issuers (`iss`). At most 1,000.
    pub issuer: Accept,
    /// The accepted audiences: `aud` names one of them. At most 1,000.
    pub audience: Accept,
    /// The allowed algorithms; `None` for all that the key allows.
    pub algorithms: Option<Vec<Algorithm>>,
    /// The accepted `sub`; `None` for any.
    pub subject: Option<String>,
    /// The media type in the header's `typ`, with `application/` implied if it has no slash (RFC 8725 §3.11).
    pub typ: Option<String>,
    /// Scopes that must all be granted, in the claim `scope` or `scp`. At most 1,000.
    pub scope: Vec<String>,
    /// Claims that must have exactly this value. At most 1,000.
    pub claims: Vec<(String, ClaimValue)>,
    /// Claims that must be present. At most 1,000.
    pub required_claims: Vec<String>,
    /// Whether a token without `exp` is rejected. Default true.
    pub require_exp: bool,
    /// The longest time since `iat`, which must then be present and not in the future.
    pub max_token_age: Option<Duration>,
    /// The tolerated difference between clocks, at most [`MAX_CLOCK_TOLERANCE`]. Default zero.
    pub clock_tolerance: Duration,
    /// The longest token that is read, in characters. Default 16,384.
    pub max_token_length: usize,
}

impl Rules {
    /// Rules with their defaults. Issuer and audience have none: they are given, or switched off by name.
    #[must_use]
    pub const fn new(issuer: Accept, audience: Accept) -> Self {
        Self {
            issuer,
            audience,
            algorithms: None,
            subject: None,
            typ: None,
            scope: Vec::new(),
            claims: Vec::new(),
            required_claims: Vec::new(),
            require_exp: true,
            max_token_age: None,
            clock_tolerance: Duration::ZERO,
            max_token_length: MAX_TOKEN_LENGTH,
        }
    }

    /// Rejects rules of which a part would check nothing or mean nothing.
    ///
    /// # Errors
    /// [`Error::InvalidArg`] for an empty string or list, a list of more than 1,000, or a number that is not finite,
    /// negative or out of range.
    pub fn validate(&self) -> Result<(), Error> {
        let some_text = "a string that is not empty";
        let some_texts = "a list of strings that are not empty, with at least one of them";
        let empty = |texts: &[String]| texts.is_empty() || texts.iter().any(String::is_empty);
        for (name, length) in [
            ("issuer", self.issuer.len()),
            ("audience", self.audience.len()),
            ("scope", self.scope.len()),
            ("claims", self.claims.len()),
            ("required_claims", self.required_claims.len()),
        ] {
            check_length(name, length)?;
        }
        for (name, accept) in [("issuer", &self.issuer), ("audience", &self.audience)] {
            if matches!(accept, Accept::OneOf(values) if empty(values)) {
                return Err(Error::invalid_arg(
                    name,
                    "Accept::Anything, or one or more strings that are not empty",
                ));
            }
        }
        check_algorithms(self.algorithms.as_deref())?;
        for (name, value) in [("subject", &self.subject), ("typ", &self.typ)] {
            if value.as_ref().is_some_and(String::is_empty) {
                return Err(Error::invalid_arg(name, some_text));
            }
        }
        if self.scope.iter().any(|scope| scope.is_empty() || scope.contains(' ')) {
            return Err(Error::invalid_arg("scope", "one or more scopes that are not empty"));
        }
        if self.required_claims.iter().any(String::is_empty) {
            return Err(Error::invalid_arg("required_claims", some_texts));
        }
        for (_, value) in &self.claims {
            if matches!(value, ClaimValue::Number(number) if !number.is_finite()) {
                return Err(Error::invalid_arg(
                    "claims",
                    "strings, finite numbers and booleans by claim name",
                ));
            }
        }
        check_tolerance(self.clock_tolerance)?;
        check_token_length(self.max_token_length)
    }

    /// Judges a token whose signature is valid. The order is fixed: typ, issuer, subject, audience, times, required
    /// claims, exact claims, scope.
    pub(super) fn check(
        &self,
        header: &Header,
        claims: &Object<'_>,
        now: NumericDate,
    ) -> Result<Dates, Stopped> {
        self.check_typ(header).map_err(Stopped::at(Check::Typ))?;
        self.check_issuer(claims).map_err(Stopped::at(Check::Issuer))?;
        self.check_subject(claims).map_err(Stopped::at(Check::Subject))?;
        self.check_audience(claims).map_err(Stopped::at(Check::Audience))?;
        let dates = Dates::read(claims).map_err(Stopped::at(Check::Time))?;
        self.check_times(&dates, now).map_err(Stopped::at(Check::Time))?;
        self.check_claims(claims).map_err(Stopped::at(Check::RequiredClaims))?;
        self.check_scopes(claims).map_err(Stopped::at(Check::Scope))?;
        Ok(dates)
    }

    fn check_typ(&self, header: &Header) -> Result<(), Error> {
        let Some(expected) = &self.typ else { return Ok(()) };
        let typ = header.typ().ok_or_else(|| Error::claim("typ", Reason::Missing))?;
        if same_media_type(typ, expected) { Ok(()) } else { Err(Error::claim("typ", Reason::Mismatch)) }
    }

    fn check_issuer(&self, claims: &Object<'_>) -> Result<(), Error> {
        let issuer = text(claims, "iss")?;
        let Accept::OneOf(accepted) = &self.issuer else { return Ok(()) };
        let issuer = issuer.ok_or_else(|| Error::claim("iss", Reason::Missing))?;
        if accepted.iter().any(|value| *value == issuer) {
            Ok(())
        } else {
            Err(Error::claim("iss", Reason::Mismatch))
        }
    }

    fn check_subject(&self, claims: &Object<'_>) -> Result<(), Error> {
        let subject = text(claims, "sub")?;
        let Some(expected) = &self.subject else { return Ok(()) };
        let subject = subject.ok_or_else(|| Error::claim("sub", Reason::Missing))?;
        if *expected == subject { Ok(()) } else { Err(Error::claim("sub", Reason::Mismatch)) }
    }

    fn check_audience(&self, claims: &Object<'_>) -> Result<(), Error> {
        let audiences = texts(claims, "aud")?;
        let Accept::OneOf(accepted) = &self.audience else { return Ok(()) };
        let audiences = audiences.ok_or_else(|| Error::claim("aud", Reason::Missing))?;
        let meant = audiences.iter().any(|audience| accepted.iter().any(|value| value == audience));
        if meant { Ok(()) } else { Err(Error::claim("aud", Reason::Mismatch)) }
    }

    /// Judges the times, which alone can change a verdict later.
    pub(super) fn check_times(&self, dates: &Dates, now: NumericDate) -> Result<(), Error> {
        let tolerance = self.clock_tolerance;
        let Dates { not_before, expires, issued } = *dates;
        if not_before.is_some_and(|not_before| not_before.is_in_future(now, tolerance)) {
            return Err(Error::NotYetValid);
        }
        match expires {
            Some(expires) if expires.has_expired(now, tolerance) => {
                return Err(Error::Expired { claim: "exp" });
            }
            None if self.require_exp => return Err(Error::claim("exp", Reason::Missing)),
            _ => {}
        }
        let Some(max_age) = self.max_token_age else { return Ok(()) };
        let issued = issued.ok_or_else(|| Error::claim("iat", Reason::Missing))?;
        if issued.is_in_future(now, tolerance) {
            return Err(Error::claim("iat", Reason::Invalid));
        }
        if issued.is_older_than(max_age, now, tolerance) {
            Err(Error::Expired { claim: "iat" })
        } else {
            Ok(())
        }
    }

    fn check_claims(&self, claims: &Object<'_>) -> Result<(), Error> {
        text(claims, "jti")?;
        for name in &self.required_claims {
            claims.get(name).ok_or_else(|| Error::claim(name, Reason::Missing))?;
        }
        for (name, expected) in &self.claims {
            let value = claims.get(name).ok_or_else(|| Error::claim(name, Reason::Missing))?;
            let equal = match (value, expected) {
                (Value::Bool(value), ClaimValue::Bool(expected)) => value == *expected,
                (Value::Number(value), ClaimValue::Number(expected)) => value.to_f64() == *expected,
                (Value::String(value), ClaimValue::String(expected)) => value.is(expected),
                _ => false,
            };
            if !equal {
                return Err(Error::claim(name, Reason::Mismatch));
            }
        }
        Ok(())
    }

    fn check_scopes(&self, claims: &Object<'_>) -> Result<(), Error> {
        if self.scope.is_empty() {
            return Ok(());
        }
        let granted = scopes(claims)?.ok_or_else(|| Error::claim("scope", Reason::Missing))?;
        let all = self.scope.iter().all(|scope| granted.contains(scope));
        if all { Ok(()) } else { Err(Error::claim("scope", Reason::Mismatch)) }
    }
}

/// The instants at which a token starts, ends and was issued.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dates {
    pub(super) not_before: Option<NumericDate>,
    pub(super) expires: Option<NumericDate>,
    issued: Option<NumericDate>,
}

impl Dates {
    pub(super) fn read(claims: &Object<'_>) -> Result<Self, Error> {
        let not_before = date(claims, "nbf")?;
        Ok(Self { not_before, expires: date(claims, "exp")?, issued: date(claims, "iat")? })
    }
}

/// Rejects a tolerance above [`MAX_CLOCK_TOLERANCE`].
pub(crate) fn check_tolerance(tolerance: Duration) -> Result<(), Error> {
    if tolerance <= MAX_CLOCK_TOLERANCE {
        Ok(())
    } else {
        Err(Error::invalid_arg("clock_tolerance", "at most 600 seconds"))
    }
}

/// Rejects a list that is too long.
pub(crate) fn check_length(name: &str, length: usize) -> Result<(), Error> {
    if length > MAX_VALUES { Err(Error::invalid_arg(name, "a list of at most 1,000")) } else { Ok(()) }
}

/// Rejects a list of algorithms that allows none, or is too long.
pub(super) fn check_algorithms(algorithms: Option<&[Algorithm]>) -> Result<(), Error> {
    check_length("algorithms", algorithms.map_or(0, <[_]>::len))?;
    if algorithms.is_some_and(<[_]>::is_empty) {
        Err(Error::invalid_arg("algorithms", "a list with at least one algorithm"))
    } else {
        Ok(())
    }
}

/// Rejects a limit that no token satisfies.
pub(super) fn check_token_length(length: usize) -> Result<(), Error> {
    if length == 0 {
        Err(Error::invalid_arg("max_token_length", "a whole number of characters above 0"))
    } else {
        Ok(())
    }
}

/// Compares media types as RFC 7515 §4.1.9 and RFC 8725 §3.11 say: case is ignored, and `application/` is implied if
/// there is no slash.
fn same_media_type(a: &str, b: &str) -> bool {
    let bare = |typ: &str| {
        let typ = typ.to_ascii_lowercase();
        typ.strip_prefix("application/").filter(|rest| !rest.contains('/')).map_or(typ.clone(), String::from)
    };
    bare(a) == bare(b)
}
