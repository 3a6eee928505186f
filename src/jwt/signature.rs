//! The signature of a token, from the choice of the key to the proof that it is valid.
//!
//! A [`SignatureCheck`] holds what is to be checked. A [`SignatureValid`] proves that it was, by the engine here or by the
//! host's.

use crate::engine;
use crate::engine::Algorithm;
use crate::error::{Error, Misuse};
use crate::ground::json::Object;
use crate::jwt::check::{Check, Stopped};
use crate::jwt::jws::UnverifiedJwt;
use crate::jwt::key::VerificationKey;
use crate::jwt::keys::Keys;
use crate::jwt::material::Material;
use crate::jwt::rules::Rules;
use crate::jwt::verdict::{HostEngine, HostKeyId, HostVerdict};
use crate::jwt::verified::{Verified, VerifiedJws};
use crate::time::NumericDate;

/// The rules that judge a token once its signature is valid.
#[derive(Clone, Copy, Debug)]
pub struct ByRules<'a> {
    pub(super) rules: &'a Rules,
    /// The index of the issuer whose rules they are.
    pub(super) issuer: usize,
}

/// A token, and the key to check its signature with. `R` comes after the signature: rules, or nothing for a JWS.
#[derive(Debug)]
pub struct SignatureCheck<'a, R = ByRules<'a>> {
    jwt: UnverifiedJwt<'a>,
    algorithm: Algorithm,
    key: &'a VerificationKey,
    /// How many keys there were to choose from.
    choice: usize,
    rules: R,
}

impl<'a, R> SignatureCheck<'a, R> {
    /// Validates the header and chooses the key. The order is algorithm, critical parameters, key.
    pub(super) fn prepare(
        jwt: UnverifiedJwt<'a>,
        keys: &'a Keys,
        named: Option<&[Algorithm]>,
        rules: R,
    ) -> Result<Self, Stopped> {
        let algorithm = jwt.header().algorithm();
        let algorithm =
            algorithm.filter(|alg| named.is_none_or(|named| named.contains(alg))).ok_or_else(|| {
                let error = Error::AlgorithmNotAllowed { alg: algorithm.map(Algorithm::name) };
                Stopped::at(Check::Algorithm)(error)
            })?;
        jwt.header().check_critical().map_err(Stopped::at(Check::Header))?;
        let key = keys.select(jwt.header(), algorithm, named).map_err(Stopped::at(Check::Key))?;
        Ok(Self { jwt, algorithm, key, choice: keys.len(), rules })
    }

    pub(super) const fn choice(&self) -> usize {
        self.choice
    }

    /// The algorithm to check with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key to check with.
    #[must_use]
    pub const fn key(&self) -> &'a VerificationKey {
        self.key
    }

    /// The token that is checked.
    #[must_use]
    pub const fn jwt(&self) -> &UnverifiedJwt<'a> {
        &self.jwt
    }

    /// Whether the key stays with the host, so that only the host's engine can check the signature.
    #[must_use]
    pub fn stays_with_host(&self) -> bool {
        matches!(self.key.material(), Material::Host(_))
    }

    /// The key, as the host can be asked about it: one that stays with it, or an RSA key. `None` for other keys, and
    /// for an RSA signature whose length is not that of the modulus: that is invalid whatever the host says.
    #[must_use]
    pub fn host_key_id(&self) -> Option<HostKeyId<'a>> {
        match self.key.material() {
            Material::Host(number) => Some(HostKeyId::Opaque(*number)),
            Material::Rsa(_, key) if key.length == self.jwt.signature().len() => {
                Some(HostKeyId::Rsa(&key.jwk))
            }
            _ => None,
        }
    }

    /// Whether the host must be asked. Its verdict on an earlier attempt counts only if it is about this key.
    #[must_use]
    pub fn lacks(&self, host: HostEngine<'_>) -> bool {
        let asks = host.takes_rsa || self.stays_with_host();
        asks && self.host_key_id().is_some_and(|key| host.verdict.is_none_or(|verdict| verdict.key != key))
    }

    /// Uses the host's verdict if it is about this key, and otherwise checks the signature here.
    pub(super) fn checked(self, verdict: Option<HostVerdict<'_>>) -> Result<SignatureValid<'a, R>, Error> {
        match verdict.filter(|verdict| self.host_key_id() == Some(verdict.key)) {
            Some(verdict) => self.conclude(verdict.valid),
            None => self.by_engine(),
        }
    }

    /// Checks the signature here.
    ///
    /// # Errors
    /// [`Error::SignatureInvalid`], or [`Error::KeyUnusable`] if the key stays with the host.
    pub fn by_engine(self) -> Result<SignatureValid<'a, R>, Error> {
        let valid = engine_verdict(self.algorithm, self.key, self.jwt.signing_input(), self.jwt.signature())?;
        self.conclude(valid)
    }

    /// Accepts the answer of the host's engine about exactly this message, signature, key and algorithm. **Dangerous**:
    /// nothing here checks the signature. Only for a key that stays with the host.
    ///
    /// # Errors
    /// [`Error::SignatureInvalid`] if `valid` is false; [`Error::KeyUnusable`] for a key that can be checked with here.
    pub fn dangerous_accept_host_verdict(self, valid: bool) -> Result<SignatureValid<'a, R>, Error> {
        if self.stays_with_host() {
            self.conclude(valid)
        } else {
            Err(Error::KeyUnusable { misuse: Misuse::Engine })
        }
    }

    fn conclude(self, valid: bool) -> Result<SignatureValid<'a, R>, Error> {
        if valid { Ok(SignatureValid { check: self }) } else { Err(Error::SignatureInvalid) }
    }
}

fn engine_verdict(
    alg: Algorithm,
    key: &VerificationKey,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, Error> {
    key.check_engine()?;
    let key = match key.material() {
        Material::Ec(_, key) => engine::Key::Ec(key),
        Material::Ed25519(key) => engine::Key::Ed25519(key),
        Material::Hmac(key, _) => engine::Key::Hmac(key),
        Material::MlDsa(key) => engine::Key::MlDsa(key),
        Material::Rsa(key, _) => engine::Key::Rsa(key),
        Material::Host(_) => return Err(Error::KeyUnusable { misuse: Misuse::Engine }),
    };
    Ok(engine::verify(alg, key, message, signature))
}

/// A token whose signature is valid and whose claims have not been judged.
#[derive(Debug)]
pub struct SignatureValid<'a, R = ByRules<'a>> {
    check: SignatureCheck<'a, R>,
}

impl<'a> SignatureCheck<'a> {
    pub(super) const fn rules(&self) -> &'a Rules {
        self.rules.rules
    }

    /// The index of the issuer whose key it is checked with.
    #[must_use]
    pub const fn issuer(&self) -> usize {
        self.rules.issuer
    }
}

impl SignatureValid<'_> {
    pub(super) fn claims(&self) -> Result<Object<'_>, Error> {
        self.check.jwt.claims_unverified()
    }

    /// Judges the claims at the instant `now`.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the payload is not a JSON object, or the reason why the rules reject the claims.
    pub fn judge(self, now: NumericDate) -> Result<Verified, Error> {
        self.judge_tracked(now).map_err(|stopped| stopped.error)
    }

    /// As [`SignatureValid::judge`], with the check at which it stops.
    pub(super) fn judge_tracked(self, now: NumericDate) -> Result<Verified, Stopped> {
        let SignatureCheck { jwt, rules: ByRules { rules, .. }, .. } = &self.check;
        let claims = jwt.claims_unverified().map_err(Stopped::at(Check::Claims))?;
        let dates = rules.check(jwt.header(), &claims, now)?;
        Ok(Verified::new(self.into_jws(), dates))
    }
}

impl<R> SignatureValid<'_, R> {
    /// The header and the payload, which may be anything. Only the signature was checked.
    #[must_use]
    pub fn into_jws(self) -> VerifiedJws {
        let SignatureCheck { jwt, algorithm, key, .. } = self.check;
        let kid = key.shared_kid();
        let (header, payload) = jwt.into_parts();
        VerifiedJws { header, payload: payload.into(), algorithm, kid }
    }
}
