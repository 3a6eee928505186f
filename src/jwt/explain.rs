//! Why a token is accepted or not: every check in its order, from the run that judges it, with nothing of the token.

use crate::error::{Error, TokenFault};
use crate::json::Object;
use crate::jwt::claims::date;
use crate::jwt::{Accept, Rules, SignatureCheck, Verified, Verifier};
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
}

impl Check {
    const ALL: [Self; 13] = [
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
    ];

    /// The name that programs see. Claims are judged twice, as a whole and one by one, under one name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Header => "header",
            Self::Algorithm => "algorithm",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Claims | Self::RequiredClaims => "claims",
            Self::Typ => "typ",
            Self::Issuer => "issuer",
            Self::Subject => "subject",
            Self::Audience => "audience",
            Self::Time => "time",
            Self::Scope => "scope",
        }
    }
}

/// An error and the check that gave it.
pub(super) struct Stopped {
    pub(super) check: Check,
    pub(super) error: Error,
}

impl Stopped {
    pub(super) fn at(check: Check) -> impl FnOnce(Error) -> Self {
        move |error| Self { check, error }
    }

    /// An error of reading the token.
    pub(super) fn reading(error: Error) -> Self {
        let header = matches!(
            error,
            Error::Malformed { fault: TokenFault::Header(_) | TokenFault::HeaderParameter(_) }
        );
        Self { check: if header { Check::Header } else { Check::Format }, error }
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

impl Verifier {
    /// Verifies `token` at the moment `now` and says what became of every check. `verdict` is that of the host's engine,
    /// for a key that stays with the host.
    #[must_use]
    pub fn explain(&self, token: &[u8], now: NumericDate, verdict: Option<bool>) -> Explanation {
        let mut facts = Facts { length: token.len(), rules: self.only_rules(), ..Facts::default() };
        let outcome = self.run(token, now, verdict, &mut facts);
        Explanation { steps: steps(outcome, &facts, now) }
    }

    fn run<'a>(
        &'a self,
        token: &'a [u8],
        now: NumericDate,
        verdict: Option<bool>,
        facts: &mut Facts<'a>,
    ) -> Result<Verified, Stopped> {
        let check: SignatureCheck<'a> = self.prepare(token)?;
        facts.rules = Some(check.rules());
        facts.algorithm = check.algorithm().name();
        facts.keys = check.choice();
        let checked = match (check.host_key(), verdict) {
            (Some(_), Some(valid)) => check.judged_by_host(valid),
            _ => check.by_engine(),
        };
        let valid = checked.map_err(Stopped::at(Check::Signature))?;
        facts.times = valid.claims().ok().and_then(|claims| Times::of(&claims));
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
    times: Option<Times>,
}

/// The dates of a token whose signature holds. Their distance from now is told, they are not.
struct Times {
    starts: Option<NumericDate>,
    ends: Option<NumericDate>,
}

impl Times {
    fn of(claims: &Object<'_>) -> Option<Self> {
        Some(Self { starts: date(claims, "nbf").ok()?, ends: date(claims, "exp").ok()? })
    }
}

fn steps(outcome: Result<Verified, Stopped>, facts: &Facts<'_>, now: NumericDate) -> Vec<Step> {
    let (stopped, mut error) = match outcome {
        Ok(_) => (None, None),
        Err(Stopped { check, error }) => (Some(check), Some(error)),
    };
    let asked = |check| facts.rules.is_none_or(|rules| asks(rules, check));
    let listed = |check: &Check| {
        *check != Check::RequiredClaims
            || stopped == Some(*check)
            || facts.rules.is_some_and(|rules| asks(rules, *check))
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
            (Outcome::Skipped, "not reached".into())
        } else if !asked(check) {
            (Outcome::Skipped, "the rules do not ask for it".into())
        } else {
            (Outcome::Passed, success(check, facts, now))
        };
        Step { check, outcome, detail }
    };
    Check::ALL.into_iter().filter(listed).map(step).collect()
}

/// Whether these rules make a check that other rules could leave out.
fn asks(rules: &Rules, check: Check) -> bool {
    match check {
        Check::Typ => rules.typ.is_some(),
        Check::Issuer => rules.issuer != Accept::Anything,
        Check::Subject => rules.subject.is_some(),
        Check::Audience => rules.audience != Accept::Anything,
        Check::RequiredClaims => !(rules.claims.is_empty() && rules.required_claims.is_empty()),
        Check::Scope => !rules.scopes.is_empty(),
        _ => true,
    }
}

fn success(check: Check, facts: &Facts<'_>, now: NumericDate) -> String {
    let ends = facts.times.as_ref().and_then(|times| times.ends);
    match check {
        Check::Format => format!("three segments, {} characters", facts.length),
        Check::Algorithm => format!("{} is accepted", facts.algorithm),
        Check::Key if facts.keys == 1 => "one key, and it fits".into(),
        Check::Key => format!("one of {} keys fits", facts.keys),
        Check::Signature => "it holds".into(),
        Check::Header | Check::Claims => "a JSON object".into(),
        Check::Time => {
            ends.map_or("it never expires".into(), |ends| format!("it expires {}", distance(ends, now)))
        }
        Check::Typ
        | Check::Issuer
        | Check::Subject
        | Check::Audience
        | Check::RequiredClaims
        | Check::Scope => "as the rules ask".into(),
    }
}

fn failure(error: &Error, facts: &Facts<'_>, now: NumericDate) -> String {
    let when = facts.times.as_ref().and_then(|times| match error {
        Error::Expired { claim: "exp" } => {
            times.ends.map(|ends| format!("it expired {}", distance(ends, now)))
        }
        Error::NotYetValid => times.starts.map(|starts| format!("it starts {}", distance(starts, now))),
        _ => None,
    });
    when.map_or_else(|| error.to_string(), |when| format!("{error}: {when}"))
}

/// `moment` as seen from `now`, in seconds.
fn distance(moment: NumericDate, now: NumericDate) -> String {
    let seconds = moment.seconds() - now.seconds();
    if seconds > 0.0 { format!("in {seconds:.1} s") } else { format!("{:.1} s ago", -seconds) }
}
