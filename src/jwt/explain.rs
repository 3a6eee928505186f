//! Why a token is accepted or not: every check in its order, from the run that judges it, with nothing of the token.

use crate::error::{Error, TokenFault};
use crate::jwt::rules::Dates;
use crate::jwt::{Accept, HostVerdict, Rules, SignatureCheck, Verified, Verifier};
use crate::time::NumericDate;

/// The checks of verification, in the order they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Check {
    /// Length, three segments, base64url.
    Format,
    /// The header's JSON, the types of its parameters, `crit` and `b64`.
    Header,
    /// `alg` is known, and the rules accept it.
    Algorithm,
    /// There is exactly one key for the token, and it is for its algorithm.
    Key,
    /// The signature holds.
    Signature,
    /// The payload is a JSON object.
    Claims,
    /// `typ`.
    Typ,
    /// `iss`.
    Issuer,
    /// `sub`.
    Subject,
    /// `aud`.
    Audience,
    /// `nbf`, `exp`, and `iat` where the rules limit the age.
    Time,
    /// The claims that the rules require, or require to have one value.
    RequiredClaims,
    /// `scope` or `scp`.
    Scope,
    /// What the caller knows of revoked tokens.
    Revocation,
    /// The caller's schema.
    Schema,
}

impl Check {
    const ALL: [Self; 15] = [
        Self::Format,
        Self::Header,
        Self::Algorithm,
        Self::Key,
        Self::Signature,
        Self::Claims,
        Self::Typ,
        Self::Issuer,
        Self::Subject,
        Self::Audience,
        Self::Time,
        Self::RequiredClaims,
        Self::Scope,
        Self::Revocation,
        Self::Schema,
    ];

    /// The name that programs see. Claims are judged as a whole, one by one and by a schema, all under one name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Header => "header",
            Self::Algorithm => "algorithm",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Claims | Self::RequiredClaims | Self::Schema => "claims",
            Self::Typ => "typ",
            Self::Issuer => "issuer",
            Self::Subject => "subject",
            Self::Audience => "audience",
            Self::Time => "time",
            Self::Scope => "scope",
            Self::Revocation => "revocation",
        }
    }
}

/// An error and the check that gave it.
pub(super) struct Stopped {
    pub(super) check: Check,
    pub(super) error: Error,
    /// The issuer whose keys had a say in it.
    pub(super) issuer: Option<usize>,
}

impl Stopped {
    pub(super) fn at(check: Check) -> impl FnOnce(Error) -> Self {
        move |error| Self { check, error, issuer: None }
    }

    /// An error of reading the token.
    pub(super) fn reading(error: Error) -> Self {
        let header = matches!(
            error,
            Error::Malformed { fault: TokenFault::Header(_) | TokenFault::HeaderParameter(_) }
        );
        Self::at(if header { Check::Header } else { Check::Format })(error)
    }
}

/// What became of a check.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was made, and the token is not acceptable.
    Failed(Error),
    /// It was made, and the token is acceptable.
    Passed,
    /// It was not made: the rules do not ask for it, or a check before it failed.
    Skipped,
}

/// A check, what became of it, and why, in words that hold nothing secret and nothing of the token.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The check.
    pub check: Check,
    /// What became of it.
    pub outcome: Outcome,
    /// Why.
    pub detail: String,
}

/// Every check of a verification, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The checks.
    pub steps: Vec<Step>,
}

impl Explanation {
    /// Whether the token is accepted.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        !self.steps.iter().any(|step| matches!(step.outcome, Outcome::Failed(_)))
    }
}

/// What was found out where callbacks can be called and keys be fetched: what the caller's own checks said of a token that
/// the rules accept, `None` where there is no such check, and why there are no keys.
#[derive(Clone, Debug, Default)]
pub struct Callbacks {
    /// Whether the token has been revoked.
    pub revocation: Option<Result<(), Error>>,
    /// What the schema made of the claims.
    pub schema: Option<Result<(), Error>>,
    /// Why the key set could not be had. It is told in place of a key that is missing.
    pub keys: Option<Error>,
}

impl Verifier {
    /// Verifies `token` at the moment `now` and says what became of every check. `verdict` is that of the host's engine,
    /// for a key that stays with the host. Nothing is taken from the cache.
    #[must_use]
    pub fn explain(
        &self,
        token: &[u8],
        now: NumericDate,
        verdict: Option<HostVerdict<'_>>,
        callbacks: Callbacks,
    ) -> Explanation {
        let mut facts = Facts {
            length: token.len(),
            rules: self.only_rules(),
            revocation: callbacks.revocation.is_some(),
            schema: callbacks.schema.is_some(),
            ..Facts::default()
        };
        let run = self.run(token, now, verdict, &mut facts).map_err(|mut stopped| {
            if let (Error::NoMatchingKey { .. }, Some(outage)) = (&stopped.error, callbacks.keys) {
                stopped.error = outage;
            }
            stopped
        });
        let outcome = run.and_then(|_| {
            callbacks.revocation.unwrap_or(Ok(())).map_err(Stopped::at(Check::Revocation))?;
            callbacks.schema.unwrap_or(Ok(())).map_err(Stopped::at(Check::Schema))
        });
        Explanation { steps: steps(outcome, &facts, now) }
    }

    fn run<'a>(
        &'a self,
        token: &'a [u8],
        now: NumericDate,
        verdict: Option<HostVerdict<'_>>,
        facts: &mut Facts<'a>,
    ) -> Result<Verified, Stopped> {
        let check: SignatureCheck<'a> = self.prepare(token)?;
        facts.rules = Some(check.rules());
        facts.algorithm = check.algorithm().name();
        facts.keys = check.choice();
        let valid = check.checked(verdict).map_err(Stopped::at(Check::Signature))?;
        facts.dates = valid.claims().ok().and_then(|claims| Dates::read(&claims).ok());
        valid.judge_tracked(now)
    }
}

/// What the run found out on its way, for the details.
#[derive(Default)]
struct Facts<'a> {
    length: usize,
    rules: Option<&'a Rules>,
    algorithm: &'static str,
    keys: usize,
    /// Of a token whose signature holds. Their distance from now is told, they are not.
    dates: Option<Dates>,
    revocation: bool,
    schema: bool,
}

// What is said of checks that were not made, and of those that say no more than that they passed.
const AS_ASKED: &str = "as the rules ask";
const NOT_ASKED: &str = "the rules do not ask for it";
const NOT_REACHED: &str = "not reached";

fn steps(outcome: Result<(), Stopped>, facts: &Facts<'_>, now: NumericDate) -> Vec<Step> {
    let (stopped, mut error) = match outcome {
        Ok(()) => (None, None),
        Err(Stopped { check, error, .. }) => (Some(check), Some(error)),
    };
    // Claims have one name of three checks: the first is always listed, the others where they say something.
    let listed = |check: &Check| match check {
        Check::RequiredClaims => stopped == Some(*check) || facts.rules.is_some() && asks(facts, *check),
        Check::Schema => facts.schema,
        _ => true,
    };
    // With several issuers the token's `iss` is looked at first, to know whose keys and rules count.
    let early = facts.rules.is_none() && stopped == Some(Check::Issuer);
    let step = |check| {
        let (outcome, detail) = if stopped == Some(check) {
            error.take().map_or((Outcome::Skipped, String::new()), |error| {
                let detail = failure(&error, facts, now);
                (Outcome::Failed(error), detail)
            })
        } else if stopped.is_some_and(|stopped| check > stopped || early && check > Check::Header) {
            (Outcome::Skipped, NOT_REACHED.into())
        } else if !asks(facts, check) {
            (Outcome::Skipped, NOT_ASKED.into())
        } else {
            (Outcome::Passed, success(check, facts, now))
        };
        Step { check, outcome, detail }
    };
    Check::ALL.into_iter().filter(listed).map(step).collect()
}

/// Whether a check is made that other rules could leave out.
fn asks(facts: &Facts<'_>, check: Check) -> bool {
    let rule = |asks: fn(&Rules) -> bool| facts.rules.is_none_or(asks);
    match check {
        Check::Typ => rule(|rules| rules.typ.is_some()),
        Check::Issuer => rule(|rules| rules.issuer != Accept::Anything),
        Check::Subject => rule(|rules| rules.subject.is_some()),
        Check::Audience => rule(|rules| rules.audience != Accept::Anything),
        Check::RequiredClaims => rule(|rules| !(rules.claims.is_empty() && rules.required_claims.is_empty())),
        Check::Scope => rule(|rules| !rules.scopes.is_empty()),
        Check::Revocation => facts.revocation,
        _ => true,
    }
}

fn success(check: Check, facts: &Facts<'_>, now: NumericDate) -> String {
    let ends = facts.dates.and_then(|dates| dates.expires);
    match check {
        Check::Format => format!("three segments, {} characters", facts.length),
        // It is known by name where a key was found for it.
        Check::Algorithm if facts.algorithm.is_empty() => "it is accepted".into(),
        Check::Algorithm => format!("{} is accepted", facts.algorithm),
        Check::Key if facts.keys == 1 => "one key, and it fits".into(),
        Check::Key => format!("one of {} keys fits", facts.keys),
        Check::Signature => "it holds".into(),
        Check::Header | Check::Claims => "a JSON object".into(),
        Check::Time => {
            ends.map_or("it never expires".into(), |ends| format!("it expires {}", distance(ends, now)))
        }
        _ => AS_ASKED.into(),
    }
}

fn failure(error: &Error, facts: &Facts<'_>, now: NumericDate) -> String {
    let when = facts.dates.and_then(|dates| match error {
        Error::Expired { claim: "exp" } => {
            dates.expires.map(|ends| format!("it expired {}", distance(ends, now)))
        }
        Error::NotYetValid => dates.not_before.map(|starts| format!("it starts {}", distance(starts, now))),
        _ => None,
    });
    when.map_or_else(|| error.to_string(), |when| format!("{error}: {when}"))
}

/// `moment` as seen from `now`, in seconds. Printing a floating-point number would take a part of the module.
fn distance(moment: NumericDate, now: NumericDate) -> String {
    let tenths = ((moment.seconds() - now.seconds()) * 10.0).round();
    let (whole, tenth) = (tenths.abs() as u64 / 10, tenths.abs() as u64 % 10);
    if tenths > 0.0 { format!("in {whole}.{tenth} s") } else { format!("{whole}.{tenth} s ago") }
}
