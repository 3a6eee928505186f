//! Reads keys, and rejects those that are weak or meant for another use.

use std::borrow::Cow;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::base64url;
use crate::engine::{
    Algorithm, Curve, EcKey, Ed25519Key, Family, Hash, HmacKey, MlDsaKey, has_ml_dsa_engine,
};
use crate::error::{Error, JwkFault, Misuse, Weakness};
use crate::json::{self, Object, Value};
use crate::jwt::material::{Material, SecretStrength, rsa};
use crate::jwt::pem;
use crate::secret::Secret;

/// A key that is sound and meant for verifying.
///
/// ```
/// use tokenward::jwt::{Algorithm, ImportOptions, VerificationKey};
///
/// # fn main() -> Result<(), tokenward::Error> {
/// let jwk = br#"{"kty":"OKP","crv":"Ed25519","kid":"2027","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// let key = VerificationKey::from_jwk(jwk, ImportOptions::new())?;
/// assert_eq!(key.kid(), Some("2027"));
/// assert_eq!(key.algorithms(), [Algorithm::EdDsa, Algorithm::Ed25519]);
///
/// // A shared secret has no algorithm of its own.
/// let secret = VerificationKey::from_secret(&[7; 32], ImportOptions::for_algorithm(Algorithm::Hs256))?;
/// assert!(secret.is_secret());
/// let error = VerificationKey::from_secret(b"hunter2", ImportOptions::new()).unwrap_err();
/// assert_eq!(error.code(), "ERR_KEY_WEAK");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct VerificationKey {
    material: Arc<Material>,
    kid: Option<Arc<str>>,
    /// The algorithms that the key is bound to, if it is bound.
    bound: Option<Vec<Algorithm>>,
}

/// Options for reading a key.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ImportOptions {
    /// The algorithm to bind the key to. Default `None`.
    pub algorithm: Option<Algorithm>,
    /// Accepts a secret shorter than the hash (RFC 7518 §3.2). An empty one is never accepted. Default false.
    pub allow_short_secret: bool,
}

impl ImportOptions {
    /// The defaults: the key keeps the algorithms that it allows by itself.
    #[must_use]
    pub const fn new() -> Self {
        Self { algorithm: None, allow_short_secret: false }
    }

    /// Binds the key to one algorithm.
    #[must_use]
    pub const fn for_algorithm(algorithm: Algorithm) -> Self {
        Self { algorithm: Some(algorithm), ..Self::new() }
    }

    /// Accepts a secret shorter than the hash.
    #[must_use]
    pub const fn allowing_short_secrets(self) -> Self {
        Self { allow_short_secret: true, ..self }
    }
}

impl VerificationKey {
    /// Reads a JWK (RFC 7517 §4) of `kty` RSA, EC, OKP, AKP or oct.
    ///
    /// # Errors
    /// [`Error::JwkInvalid`], [`Error::KeyWeak`] or [`Error::KeyUnusable`].
    pub fn from_jwk(json: &[u8], options: ImportOptions) -> Result<Self, Error> {
        let key = Self::from_jwk_object(&parse(json)?, options)?;
        key.check_engine()?;
        Ok(key)
    }

    /// As a member of a set. A set keeps keys that have no engine yet, because tokens may name them.
    pub(super) fn from_jwk_object(jwk: &Object<'_>, options: ImportOptions) -> Result<Self, Error> {
        check_purpose(jwk)?;
        let own = match text(jwk, "alg")? {
            None => None,
            Some(name) => Some(Algorithm::from_name(&name).ok_or(unusable(Misuse::Algorithm))?),
        };
        let material = read_material(jwk, options.allow_short_secret)?;
        let kid = text(jwk, "kid")?.map(Into::into);
        if let (Some(own), Some(wanted)) = (own, options.algorithm)
            && own != wanted
        {
            return Err(unusable(Misuse::Algorithm));
        }
        Self::new(material, kid).bind(own.or(options.algorithm))
    }

    /// Reads a public key in PEM: SPKI, X.509 certificate or PKCS#1. Of a certificate only the key is read.
    ///
    /// # Errors
    /// [`Error::JwkInvalid`], [`Error::KeyWeak`] or [`Error::KeyUnusable`].
    pub fn from_pem(pem: &str, options: ImportOptions) -> Result<Self, Error> {
        let key = Self::new(pem::read(pem)?, None).bind(options.algorithm)?;
        key.check_engine()?;
        Ok(key)
    }

    /// Takes the bytes of a shared secret.
    ///
    /// # Errors
    /// [`Error::KeyWeak`] if it is empty or too short, [`Error::KeyUnusable`] if it looks like a public key.
    pub fn from_secret(secret: &[u8], options: ImportOptions) -> Result<Self, Error> {
        let material = hmac(secret, options.allow_short_secret)?;
        Self::new(material, None).bind(options.algorithm)
    }

    /// A key that stays with the host and is bound to these algorithms, which are of one family.
    pub(super) fn host(number: u32, algorithms: Vec<Algorithm>) -> Self {
        Self { bound: Some(algorithms), ..Self::new(Material::Host(number), None) }
    }

    fn new(material: Material, kid: Option<Arc<str>>) -> Self {
        Self { material: Arc::new(material), kid, bound: None }
    }

    /// Binds the key to some of the algorithms that its type allows.
    ///
    /// # Errors
    /// [`Error::KeyUnusable`] if one is not of its type, [`Error::KeyWeak`] for a secret that is too short for one.
    pub fn bind_to(mut self, algorithms: Vec<Algorithm>) -> Result<Self, Error> {
        for &algorithm in &algorithms {
            if !self.fits(algorithm) {
                return Err(unusable(Misuse::Algorithm));
            }
            self.check_strength(algorithm)?;
        }
        self.bound = Some(algorithms);
        Ok(self)
    }

    fn bind(self, algorithm: Option<Algorithm>) -> Result<Self, Error> {
        match algorithm {
            Some(algorithm) => self.bind_to(vec![algorithm]),
            None => Ok(self),
        }
    }

    /// The algorithms that the key allows by itself, before any rules. Rules may name more for an RSA key without an
    /// `alg` (which allows RS256 alone) and must for a secret without one (which allows none).
    #[must_use]
    pub fn algorithms(&self) -> Vec<Algorithm> {
        self.bound.clone().unwrap_or_else(|| Algorithm::all().filter(|&alg| self.allows(alg, None)).collect())
    }

    /// The key's identifier.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(super) fn shared_kid(&self) -> Option<Arc<str>> {
        self.kid.clone()
    }

    /// Whether this is a shared secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        match (&*self.material, self.bound.as_deref()) {
            (Material::Host(_), Some([algorithm, ..])) => matches!(algorithm.family(), Family::Hmac(_)),
            (material, _) => matches!(material, Material::Hmac(..)),
        }
    }

    /// Whether a token of this algorithm may be checked with this key, given the algorithms that the rules name.
    pub(super) fn allows(&self, algorithm: Algorithm, named: Option<&[Algorithm]>) -> bool {
        if !self.fits(algorithm) || named.is_some_and(|named| !named.contains(&algorithm)) {
            return false;
        }
        match (&self.bound, algorithm.family()) {
            (Some(bound), _) => bound.contains(&algorithm),
            (None, Family::Rsa) => named.is_some() || algorithm == Algorithm::Rs256,
            (None, Family::Hmac(_)) => named.is_some() && self.check_strength(algorithm).is_ok(),
            (None, Family::Ec(_) | Family::Ed25519 | Family::MlDsa(_)) => true,
        }
    }

    /// Rejects rules under which a secret has no algorithm, or is too short for one.
    pub(super) fn check_rules(&self, named: Option<&[Algorithm]>) -> Result<(), Error> {
        if self.bound.is_some() || !self.is_secret() {
            return Ok(());
        }
        let named = named.ok_or(unusable(Misuse::AlgorithmUnspecified))?;
        named.iter().filter(|&&algorithm| self.fits(algorithm)).try_for_each(|&alg| self.check_strength(alg))
    }

    /// Rejects a secret that is shorter than the hash of `algorithm` (RFC 7518 §3.2).
    fn check_strength(&self, algorithm: Algorithm) -> Result<(), Error> {
        match (&*self.material, algorithm.family()) {
            (Material::Hmac(_, strength), Family::Hmac(hash))
                if !strength.allow_short && strength.length < hash.length() =>
            {
                Err(Error::KeyWeak { weakness: Weakness::ShortSecret })
            }
            _ => Ok(()),
        }
    }

    /// Whether the key is of the type that `algorithm` needs.
    fn fits(&self, algorithm: Algorithm) -> bool {
        match (&*self.material, algorithm.family()) {
            (Material::Ec(curve, _), Family::Ec(needed)) => *curve == needed,
            (Material::MlDsa(key), Family::MlDsa(needed)) => key.set() == needed,
            (Material::Host(_), _) => self.bound.as_ref().is_some_and(|bound| bound.contains(&algorithm)),
            (Material::Ed25519(_), Family::Ed25519)
            | (Material::Hmac(..), Family::Hmac(_))
            | (Material::Rsa(..), Family::Rsa) => true,
            _ => false,
        }
    }

    /// Rejects a key without an engine: one of ML-DSA, if that is neither built in nor imported.
    pub(super) fn check_engine(&self) -> Result<(), Error> {
        match &*self.material {
            Material::MlDsa(_) if !has_ml_dsa_engine() => Err(unusable(Misuse::MlDsa)),
            _ => Ok(()),
        }
    }

    pub(super) fn material(&self) -> &Material {
        &self.material
    }
}

/// The JWK thumbprint: base64url of SHA-256 over the members that define the key (RFC 7638 §3, RFC 9964).
///
/// # Errors
/// [`Error::JwkInvalid`] if such a member is missing or not a string, [`Error::KeyUnusable`] for an unknown `kty`.
pub fn thumbprint(jwk: &[u8]) -> Result<String, Error> {
    let jwk = parse(jwk)?;
    let members: &[&'static str] = match &*member(&jwk, "kty")? {
        "AKP" => &["alg", "kty", "pub"],
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "RSA" => &["e", "kty", "n"],
        "oct" => &["k", "kty"],
        _ => return Err(unusable(Misuse::Type)),
    };
    let mut canonical = String::from("{");
    for &name in members {
        if canonical.len() > 1 {
            canonical.push(',');
        }
        json::push_string(&mut canonical, name);
        canonical.push(':');
        json::push_string(&mut canonical, &member(&jwk, name)?);
    }
    canonical.push('}');
    Ok(base64url::encode(&Sha256::digest(canonical)))
}

fn parse(jwk: &[u8]) -> Result<Object<'_>, Error> {
    Object::parse(jwk).map_err(|fault| Error::JwkInvalid { fault: JwkFault::Json(fault) })
}

const fn unusable(misuse: Misuse) -> Error {
    Error::KeyUnusable { misuse }
}

const fn invalid(member: &'static str) -> Error {
    Error::JwkInvalid { fault: JwkFault::Member(member) }
}

/// Rejects private keys, and keys that name another use (RFC 7517 §4.2, §4.3).
fn check_purpose(jwk: &Object<'_>) -> Result<(), Error> {
    if jwk.get("d").is_some() || jwk.get("priv").is_some() {
        return Err(unusable(Misuse::Private));
    }
    if text(jwk, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err(unusable(Misuse::Use));
    }
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) => {
            let names =
                operations.elements().into_iter().map(|name| name.as_text().map(|name| name.to_cow()));
            let names: Vec<_> = names.collect::<Option<_>>().ok_or(invalid("key_ops"))?;
            // RFC 7517 §4.3: duplicate values must not be present.
            if json::any_twice(names.iter().map(|name: &Cow<'_, str>| Cow::Borrowed(&**name))) {
                return Err(invalid("key_ops"));
            }
            if names.iter().any(|name| name == "verify") { Ok(()) } else { Err(unusable(Misuse::KeyOps)) }
        }
        Some(_) => Err(invalid("key_ops")),
    }
}

fn read_material(jwk: &Object<'_>, allow_short: bool) -> Result<Material, Error> {
    match &*member(jwk, "kty")? {
        // The `alg` is part of what such a key is (RFC 9964).
        "AKP" => match Algorithm::from_name(&member(jwk, "alg")?).map(Algorithm::family) {
            Some(Family::MlDsa(set)) => MlDsaKey::new(set, &bytes(jwk, "pub")?).map(Material::MlDsa),
            _ => Err(unusable(Misuse::Algorithm)),
        },
        "EC" => {
            let curve = match &*member(jwk, "crv")? {
                "P-256" => Curve::P256,
                "P-384" => Curve::P384,
                "P-521" => Curve::P521,
                "secp256k1" => Curve::Secp256k1,
                _ => return Err(unusable(Misuse::Type)),
            };
            EcKey::new(curve, &bytes(jwk, "x")?, &bytes(jwk, "y")?).map(|key| Material::Ec(curve, key))
        }
        "OKP" if &*member(jwk, "crv")? == "Ed25519" => {
            Ed25519Key::new(&bytes(jwk, "x")?).map(Material::Ed25519)
        }
        "RSA" => rsa(&bytes(jwk, "n")?, &bytes(jwk, "e")?),
        "oct" => hmac(Secret::new(bytes(jwk, "k")?).reveal(), allow_short),
        _ => Err(unusable(Misuse::Type)),
    }
}

fn hmac(secret: &[u8], allow_short: bool) -> Result<Material, Error> {
    let weak = |weakness| Err(Error::KeyWeak { weakness });
    if secret.is_empty() {
        return weak(Weakness::EmptySecret);
    }
    if pem::looks_like_key(secret) {
        return Err(unusable(Misuse::PublicAsSecret));
    }
    // Too short for every hash there is.
    if !allow_short && secret.len() < Hash::Sha256.length() {
        return weak(Weakness::ShortSecret);
    }
    Ok(Material::Hmac(HmacKey::new(secret), SecretStrength { length: secret.len(), allow_short }))
}

fn text(jwk: &Object<'_>, name: &'static str) -> Result<Option<String>, Error> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.to_cow().into())),
        Some(_) => Err(invalid(name)),
    }
}

fn member(jwk: &Object<'_>, name: &'static str) -> Result<String, Error> {
    text(jwk, name)?.ok_or(invalid(name))
}

fn bytes(jwk: &Object<'_>, name: &'static str) -> Result<Vec<u8>, Error> {
    base64url::decode(member(jwk, name)?.as_bytes()).ok_or(invalid(name))
}
