//! Verification of a compact JWS with any payload (RFC 7515).

use crate::engine::Algorithm;
use crate::error::Error;
use crate::jwt::attempt::{Attempt, Progress};
use crate::jwt::check::{Check, Stopped};
use crate::jwt::jws::{MAX_TOKEN_LENGTH, UnverifiedJwt};
use crate::jwt::keys::Keys;
use crate::jwt::rules::{check_algorithms, check_token_length};
use crate::jwt::signature::SignatureCheck;
use crate::jwt::verdict::HostEngine;
use crate::jwt::verified::VerifiedJws;

/// Which signatures a [`JwsVerifier`] accepts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JwsRules {
    /// The allowed algorithms, 1 to 1,000 of them. Default: `None`, what the keys allow.
    pub algorithms: Option<Vec<Algorithm>>,
    /// The longest token that is read, in characters. Default 16,384.
    pub max_token_length: usize,
}

impl JwsRules {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self { algorithms: None, max_token_length: MAX_TOKEN_LENGTH }
    }
}

impl Default for JwsRules {
    fn default() -> Self {
        Self::new()
    }
}

/// Verifies a compact JWS with any payload: format, algorithm, key and signature are checked, claims are not (RFC 7515).
///
/// ```
/// use tokenward::jwt::{ImportOptions, JwsRules, JwsVerifier, VerificationKey};
///
/// # fn main() -> Result<(), tokenward::Error> {
/// // RFC 8037, appendix A.
/// let jwk = br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// let key = VerificationKey::from_jwk(jwk, ImportOptions::new())?;
/// let verifier = JwsVerifier::new(key, JwsRules::new())?;
///
/// let jws = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCj\
///     P0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
/// assert_eq!(verifier.verify(jws)?.payload(), b"Example of Ed25519 signing");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct JwsVerifier {
    keys: Keys,
    rules: JwsRules,
}

impl JwsVerifier {
    /// A verifier with these keys.
    ///
    /// # Errors
    /// [`Error::InvalidArg`] for rules out of range; [`Error::KeyUnusable`] for a secret without an algorithm;
    /// [`Error::KeyWeak`] for a secret that is too short for one.
    pub fn new(keys: impl Into<Keys>, rules: JwsRules) -> Result<Self, Error> {
        let keys = keys.into();
        check_algorithms(rules.algorithms.as_deref())?;
        check_token_length(rules.max_token_length)?;
        keys.check_rules(rules.algorithms.as_deref())?;
        Ok(Self { keys, rules })
    }

    /// Verifies the signature of `token`.
    ///
    /// # Errors
    /// The reason why the token is not accepted; [`Error::KeyUnusable`] if its key stays with a host's engine.
    pub fn verify(&self, token: &str) -> Result<VerifiedJws, Error> {
        let check = self.prepare(token.as_bytes()).map_err(|stopped| stopped.error)?;
        Ok(check.by_engine()?.into_jws())
    }

    /// Verifies the signature of `token`, and stops at a question that only the host can answer.
    pub(crate) fn attempt<'a>(
        &'a self,
        token: &'a [u8],
        host: HostEngine<'_>,
    ) -> Attempt<'a, VerifiedJws, ()> {
        let check = match self.prepare(token) {
            Ok(check) => check,
            Err(Stopped { check, error, .. }) => {
                return Attempt { issuer: (check == Check::Key).then_some(0), outcome: Err(error) };
            }
        };
        let outcome = if check.lacks(host) {
            Ok(Progress::AskHost(check))
        } else {
            check.checked(host.verdict).map(|valid| Progress::Verified(valid.into_jws()))
        };
        Attempt { issuer: Some(0), outcome }
    }

    fn prepare<'a>(&'a self, token: &'a [u8]) -> Result<SignatureCheck<'a, ()>, Stopped> {
        let jws = UnverifiedJwt::parse_bytes(token, self.rules.max_token_length).map_err(Stopped::reading)?;
        SignatureCheck::prepare(jws, &self.keys, self.rules.algorithms.as_deref(), ())
    }

    /// Replaces the keys.
    ///
    /// # Errors
    /// As [`JwsVerifier::new`], for keys that the rules do not fit. The old keys then stay.
    pub fn replace_keys(&mut self, keys: impl Into<Keys>) -> Result<(), Error> {
        let keys = keys.into();
        keys.check_rules(self.rules.algorithms.as_deref())?;
        self.keys = keys;
        Ok(())
    }

    /// The longest token that is read, in characters.
    #[must_use]
    pub const fn max_token_length(&self) -> usize {
        self.rules.max_token_length
    }
}
