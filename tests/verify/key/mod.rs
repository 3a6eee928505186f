//! Keys in every form: what is read, what each allows, and what is too weak or meant for something else.

mod algorithms;
mod der;
mod jwk;
mod pem;
mod secret;
mod soundness;

use tokenward::jwt::{Algorithm, ImportOptions, VerificationKey};
use tokenward::{Error, JwkFault, Misuse, Weakness, base64url};

pub(crate) const ES256: Algorithm = Algorithm::Es256;
pub(crate) const ES256K: Algorithm = Algorithm::Es256k;
pub(crate) const RS256: Algorithm = Algorithm::Rs256;
pub(crate) const HS256: Algorithm = Algorithm::Hs256;

pub(crate) const RSA_SPKI: &str = include_str!("../../vectors/keys/rsa.spki.pem");
pub(crate) const RSA_PKCS1: &str = include_str!("../../vectors/keys/rsa.pkcs1.pem");
pub(crate) const P256_SPKI: &str = include_str!("../../vectors/keys/p256.spki.pem");
pub(crate) const P256_X509: &str = include_str!("../../vectors/keys/p256.x509.pem");
pub(crate) const P384_SPKI: &str = include_str!("../../vectors/keys/p384.spki.pem");
pub(crate) const P521_SPKI: &str = include_str!("../../vectors/keys/p521.spki.pem");
pub(crate) const ED25519_SPKI: &str = include_str!("../../vectors/keys/ed25519.spki.pem");
pub(crate) const SECP256K1_SPKI: &str = include_str!("../../vectors/keys/k256.spki.pem");

pub(crate) fn bound_to(algorithm: Algorithm) -> ImportOptions {
    ImportOptions::for_algorithm(algorithm)
}

pub(crate) fn from_pem(text: &str) -> Result<VerificationKey, Error> {
    VerificationKey::from_pem(text, ImportOptions::default())
}

pub(crate) fn from_secret(bytes: &[u8]) -> Result<VerificationKey, Error> {
    VerificationKey::from_secret(bytes, ImportOptions::default())
}

pub(crate) fn invalid(member: &'static str) -> Option<Error> {
    Some(Error::JwkInvalid { fault: JwkFault::Member(member) })
}

pub(crate) fn unusable(misuse: Misuse) -> Option<Error> {
    Some(Error::KeyUnusable { misuse })
}

pub(crate) fn weak(weakness: Weakness) -> Option<Error> {
    Some(Error::KeyWeak { weakness })
}

pub(crate) const MALFORMED: Option<Error> = Some(Error::JwkInvalid { fault: JwkFault::Pem });

/// The DER in a PEM text.
pub(crate) fn der(pem: &str) -> Vec<u8> {
    let digits: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let digits = digits.trim_end_matches('=').replace('+', "-").replace('/', "_");
    base64url::decode(digits.as_bytes()).unwrap()
}

pub(crate) fn armour(label: &str, der: &[u8]) -> String {
    let mut digits = base64url::encode(der).replace('-', "+").replace('_', "/");
    digits.push_str(["", "", "==", "="][digits.len() % 4]);
    format!("-----BEGIN {label}-----\n{digits}\n-----END {label}-----\n")
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
