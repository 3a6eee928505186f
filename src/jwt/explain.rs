//! Why a token is accepted or not: every check in its order, from the same code that verifies, with no part of the token.

use crate::error::Error;
use crate::jwt::check::{Check, Stopped};
use crate::jwt::rules::{Accept, Dates, Rules};
use crate::jwt::verdict::HostVerdict;
use crate::jwt::verified::Verified;
use crate::jwt::verifier::Verifier;
use crate::time::NumericDate;

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// The token failed it.
    Failed(Error),
    /// The token passed it.
    Passed,
    /// It was skipped: the rules do not ask for it, or an earlier check failed.
    Skipped,
}

/// A check, its outcome, and the reason. No text holds a secret or a part of the token.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The check.
    pub check: Check,
    /// Its outcome.
    pub outcome: Outcome,
    /// The reason, in a short sentence.
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

/// The outcomes of the caller's own checks, for a token that the rules accept; `None` for a check that there is not.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Callbacks {
    /// Whether the token has been revoked.
    pub revocation: Option<Result<(), Error>>,
    /// Whether the caller's schema accepts the claims.
    pub schema: Option<Result<(), Error>>,
    /// Why the key set could not be fetched. It is reported in place of a key that is missing.
    pub keys: Option<Error>,
}

impl Verifier {
    /// Verifies `token` at the instant `now`, and explains the outcome of every check in order. [`Explanation::is_ok`] is true
    /// exactly if [`Verifier::verify`] accepts the token and `callbacks` do.
    ///
    /// ```
    /// # fn main() -> Result<(), tokenward::Error> {
    /// # use tokenward::{Accept, KeySet, NumericDate, Rules, Verifier};
    /// # let jwks = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"D21NZkNcObwKMJR-QGse-wy4ZszhzqVEHocJGO6kpLA"}]}"#;
    /// # let rules = Rules::new(Accept::only("https://login.example.com"), Accept::Anything);
    /// # let verifier = Verifier::new(rules, KeySet::from_jwks(jwks)?)?;
    /// # let token = "eyJhbGciOiJFZDI1NTE5In0.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUu\
    /// #     Y29tIiwic3ViIjoiYWRhIiwiZXhwIjo0MTAyNDQ0ODAwfQ.X4vePbL6pJAZCbr1cR721S2KnY9j4JuKT0TkoxPDz5NTuoBia\
    /// #     KsqW_wbhsRp4taJDyFITHAO157Pq7kiV4uZBA";
    /// use tokenward::jwt::{Callbacks, Check};
    ///
    /// let late = NumericDate::from_host_clock(4_200_000_000.0)?;
    /// let explanation = verifier.explain(token, late, Callbacks::default());
    /// assert!(!explanation.is_ok());
    /// let time = explanation.steps.iter().find(|step| step.check == Check::Time);
    /// assert!(time.is_some_and(|step| step.detail.starts_with("the token has expired: it expired")));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn explain(&self, token: &str, now: NumericDate, callbacks: Callbacks) -> Explanation {
        self.explain_with_host(token.as_bytes(), now, None, callbacks)
    }

    /// As [`Verifier::explain`], with the verdict of the host's engine for a key that stays with the host. Nothing is taken
    /// from the cache.
    pub(crate) fn explain_with_host(
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
        let check = self.prepare(token)?;
        facts.rules = Some(check.rules());
        facts.algorithm = check.algorithm().name();
        facts.keys = check.choice();
        let valid = check.checked(verdict).map_err(Stopped::at(Check::Signature))?;
        facts.dates = valid.claims().ok().and_then(|claims| Dates::read(&claims).ok());
        valid.judge_tracked(now)
    }
}

/// Facts that the run collects for the details.
#[derive(Default)]
struct Facts<'a> {
    length: usize,
    rules: Option<&'a Rules>,
    algorithm: &'static str,
    keys: usize,
    /// Of a token whose signature is valid. An explanation says how far they are from now, and not when they are.
    dates: Option<Dates>,
    revocation: bool,
    schema: bool,
}

// Details of checks that were skipped, and of checks that passed without more to say.
const AS_ASKED: &str = "as the rules ask";
const NOT_ASKED: &str = "the rules do not ask for it";
const NOT_REACHED: &str = "not reached";

fn steps(outcome: Result<(), Stopped>, facts: &Facts<'_>, now: NumericDate) -> Vec<Step> {
    let (stopped, mut error) = match outcome {
        Ok(()) => (None, None),
        Err(Stopped { check, error, .. }) => (Some(check), Some(error)),
    };
    // Three checks have the name `claims`: the first is always listed, the others if they have something to say.
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
        Check::Scope => rule(|rules| !rules.scope.is_empty()),
        Check::Revocation => facts.revocation,
        _ => true,
    }
}

fn success(check: Check, facts: &Facts<'_>, now: NumericDate) -> String {
    let ends = facts.dates.and_then(|dates| dates.expires);
    match check {
        Check::Format => format!("three segments, {} characters", facts.length),
        // Its name is known if a key was found for it.
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
