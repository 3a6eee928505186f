//! The signature of a token, from the choice of its key to the proof that it holds.
//!
//! [`SignatureCheck`] says what is to be checked, [`SignatureValid`] that it was: by the engine here, or by the host's.

use std::fmt;
use std::sync::Arc;

use crate::engine;
use crate::error::{Error, Misuse};
use crate::json::Object;
use crate::jwt::explain::{Check, Stopped};
use crate::jwt::key::Material;
use crate::jwt::rules::{check_algorithms, check_token_length};
use crate::jwt::{
    Algorithm, Attempt, Header, Host, HostKeyId, HostVerdict, Keys, Progress, Rules, UnverifiedJwt,
    VerificationKey, Verified, Verifier,
};
use crate::time::NumericDate;

/// What judges a token once its signature holds.
#[derive(Clone, Copy, Debug)]
pub struct ByRules<'a> {
    pub(super) rules: &'a Rules,
    pub(super) issuer: usize,
    pub(super) verifier: &'a Verifier,
}

/// A token and the key that its signature is to be checked with. `R` is what comes after the signature: rules, or
/// nothing for a JWS whose payload is not judged.
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
    /// Judges the header and chooses the key: algorithm, critical parameters, key, in this order.
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
    pub fn lacks(&self, host: Host<'_>) -> bool {
        let asks = host.takes_rsa || self.stays_with_host();
        asks && self.host_key_id().is_some_and(|key| host.verdict.is_none_or(|verdict| verdict.key != key))
    }

    /// Uses the host's verdict if it is about this key, and otherwise checks the signature here.
    pub(super) fn checked(self, verdict: Option<HostVerdict<'_>>) -> Result<SignatureValid<'a, R>, Error> {
        match verdict.filter(|verdict| self.host_key_id() == Some(verdict.key)) {
            Some(verdict) => self.judged_by_host(verdict.valid),
            None => self.by_engine(),
        }
    }

    /// Checks the signature here.
    ///
    /// # Errors
    /// [`Error::SignatureInvalid`], or [`Error::KeyUnusable`] where the key stays with the host.
    pub fn by_engine(self) -> Result<SignatureValid<'a, R>, Error> {
        let verdict =
            engine_verdict(self.algorithm, self.key, self.jwt.signing_input(), self.jwt.signature())?;
        self.judged_by_host(verdict)
    }

    /// Takes the verdict of the host's engine over exactly this message, signature, key and algorithm.
    ///
    /// # Errors
    /// [`Error::SignatureInvalid`] where `valid` is false.
    pub fn judged_by_host(self, valid: bool) -> Result<SignatureValid<'a, R>, Error> {
        if valid { Ok(SignatureValid { check: self }) } else { Err(Error::SignatureInvalid) }
    }
}

fn engine_verdict(
    alg: Algorithm,
    key: &VerificationKey,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, Error> {
    use jwt_compact::{Algorithm as Engine, AlgorithmSignature};

    fn check<E: Engine>(engine: &E, key: &E::VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
        let fits = E::Signature::LENGTH.is_none_or(|length| length.get() == signature.len());
        fits && E::Signature::try_from_slice(signature)
            .is_ok_and(|signature| engine.verify_signature(&signature, key, message))
    }

    key.check_engine()?;
    Ok(match (alg, key.material()) {
        (Algorithm::Es256, Material::Ec(_, key)) => check(&engine::Es256, key, message, signature),
        (Algorithm::Es256k, Material::Ec(_, key)) => check(&engine::Es256k, key, message, signature),
        (Algorithm::Es384, Material::Ec(_, key)) => check(&engine::Es384, key, message, signature),
        (Algorithm::Es512, Material::Ec(_, key)) => check(&engine::Es512, key, message, signature),
        (Algorithm::EdDsa, Material::Ed25519(key)) => check(&engine::EdDsa, key, message, signature),
        (Algorithm::Ed25519, Material::Ed25519(key)) => check(&engine::Ed25519, key, message, signature),
        (Algorithm::Hs256, Material::Hmac(key, _)) => check(&engine::Hs256, key, message, signature),
        (Algorithm::Hs384, Material::Hmac(key, _)) => check(&engine::Hs384, key, message, signature),
        (Algorithm::Hs512, Material::Hmac(key, _)) => check(&engine::Hs512, key, message, signature),
        (Algorithm::MlDsa44, Material::MlDsa(key)) => check(&engine::MlDsa44, key, message, signature),
        (Algorithm::MlDsa65, Material::MlDsa(key)) => check(&engine::MlDsa65, key, message, signature),
        (Algorithm::MlDsa87, Material::MlDsa(key)) => check(&engine::MlDsa87, key, message, signature),
        (Algorithm::Ps256, Material::Rsa(key, _)) => check(&engine::Ps256, key, message, signature),
        (Algorithm::Ps384, Material::Rsa(key, _)) => check(&engine::Ps384, key, message, signature),
        (Algorithm::Ps512, Material::Rsa(key, _)) => check(&engine::Ps512, key, message, signature),
        (Algorithm::Rs256, Material::Rsa(key, _)) => check(&engine::Rs256, key, message, signature),
        (Algorithm::Rs384, Material::Rsa(key, _)) => check(&engine::Rs384, key, message, signature),
        (Algorithm::Rs512, Material::Rsa(key, _)) => check(&engine::Rs512, key, message, signature),
        // A key is chosen only where it is of the algorithm's type, so what is left stays with the host.
        _ => return Err(Error::KeyUnusable { misuse: Misuse::Engine }),
    })
}

/// A token whose signature holds and whose claims have not been judged.
#[derive(Debug)]
pub struct SignatureValid<'a, R = ByRules<'a>> {
    check: SignatureCheck<'a, R>,
}

impl<'a> SignatureCheck<'a> {
    pub(super) const fn rules(&self) -> &'a Rules {
        self.rules.rules
    }

    /// Whose keys it is checked with, by the place in the verifier's list.
    #[must_use]
    pub const fn issuer(&self) -> usize {
        self.rules.issuer
    }
}

impl SignatureValid<'_> {
    pub(super) fn claims(&self) -> Result<Object<'_>, Error> {
        self.check.jwt.claims_unverified()
    }

    /// Judges the claims at the moment `now`.
    ///
    /// # Errors
    /// [`Error::Malformed`] where the payload is not a JSON object; otherwise what the rules refuse.
    pub fn judge(self, now: NumericDate) -> Result<Verified, Error> {
        self.judge_tracked(now).map_err(|stopped| stopped.error)
    }

    /// As [`SignatureValid::judge`], and where it stops, at which check.
    pub(super) fn judge_tracked(self, now: NumericDate) -> Result<Verified, Stopped> {
        let SignatureCheck { jwt, algorithm, key, rules: ByRules { rules, verifier, .. }, .. } = self.check;
        let claims = jwt.claims_unverified().map_err(Stopped::at(Check::Claims))?;
        let dates = rules.check(jwt.header(), &claims, now)?;
        let kid = key.shared_kid();
        let header_number = verifier.remember(&jwt, kid.as_ref());
        let (header, payload) = jwt.into_parts();
        Ok(Verified { header, header_number, payload: payload.into(), dates, algorithm, kid })
    }
}

impl SignatureValid<'_, ()> {
    /// The payload, which may be anything. Nothing but its signature was judged.
    #[must_use]
    pub fn into_jws(self) -> VerifiedJws {
        let SignatureCheck { jwt, algorithm, key, .. } = self.check;
        let kid = key.shared_kid();
        let (header, payload) = jwt.into_parts();
        VerifiedJws { header, payload, algorithm, kid }
    }
}

/// Verifies compact JWS with any payload: format, algorithm, key and signature are judged, claims are not (RFC 7515).
#[derive(Clone, Debug)]
pub struct JwsVerifier {
    keys: Keys,
    algorithms: Option<Vec<Algorithm>>,
    max_token_length: usize,
}

impl JwsVerifier {
    /// A verifier with `keys` for `algorithms`, or for what the keys allow; tokens are at most `max_token_length`
    /// characters long.
    ///
    /// # Errors
    /// [`Error::InvalidArg`] for an empty list or a length of 0; [`Error::KeyUnusable`] for a secret without an
    /// algorithm; [`Error::KeyWeak`] for one that is too short.
    pub fn new(
        keys: impl Into<Keys>,
        algorithms: Option<Vec<Algorithm>>,
        max_token_length: usize,
    ) -> Result<Self, Error> {
        let keys = keys.into();
        check_algorithms(algorithms.as_deref())?;
        check_token_length(max_token_length)?;
        keys.check_rules(algorithms.as_deref())?;
        Ok(Self { keys, algorithms, max_token_length })
    }

    /// Verifies the signature of `token`.
    ///
    /// # Errors
    /// Whatever makes the token unacceptable; [`Error::KeyUnusable`] where its key stays with a host's engine.
    pub fn verify(&self, token: &str) -> Result<VerifiedJws, Error> {
        Ok(self.start_bytes(token.as_bytes())?.by_engine()?.into_jws())
    }

    /// Everything up to the signature: reads the token and chooses the key.
    ///
    /// # Errors
    /// Whatever makes the token unacceptable before its signature is looked at.
    pub fn start_bytes<'a>(&'a self, token: &'a [u8]) -> Result<SignatureCheck<'a, ()>, Error> {
        self.prepare(token).map_err(|stopped| stopped.error)
    }

    /// Verifies the signature of `token` as far as that goes without the host, as [`Verifier::attempt`] does.
    pub fn attempt<'a>(&'a self, token: &'a [u8], host: Host<'_>) -> Attempt<'a, VerifiedJws, ()> {
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
        let jws = UnverifiedJwt::parse_bytes(token, self.max_token_length).map_err(Stopped::reading)?;
        SignatureCheck::prepare(jws, &self.keys, self.algorithms.as_deref(), ())
    }

    /// Puts other keys in the place of its own.
    ///
    /// # Errors
    /// What [`JwsVerifier::new`] says of keys that the algorithms do not fit. The old keys then stay.
    pub fn replace_keys(&mut self, keys: impl Into<Keys>) -> Result<(), Error> {
        let keys = keys.into();
        keys.check_rules(self.algorithms.as_deref())?;
        self.keys = keys;
        Ok(())
    }

    /// The longest token that is read, in characters.
    #[must_use]
    pub const fn max_token_length(&self) -> usize {
        self.max_token_length
    }
}

/// A JWS whose signature holds. Its payload was not judged.
#[derive(Clone)]
pub struct VerifiedJws {
    header: Arc<Header>,
    payload: Vec<u8>,
    algorithm: Algorithm,
    kid: Option<Arc<str>>,
}

impl VerifiedJws {
    /// The JOSE header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The bytes that were signed.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
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

impl fmt::Debug for VerifiedJws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedJws").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
