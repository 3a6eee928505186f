//! Public keys in PEM: SPKI, X.509 certificates and PKCS#1 (RFC 7468, RFC 5280, RFC 8017 appendix A.1.1).
//!
//! Line ends may be LF or CRLF, lines may be long, and newlines may stand around the block. Nothing else may. The
//! DER inside is read with minimal lengths only. Of a certificate only the key is read: no chain, no dates.

use crate::base64url;
use crate::engine::{Curve, EcKey, Ed25519Key, MlDsaKey, ParameterSet};
use crate::error::{Error, JwkFault, Misuse};
use crate::ground::text::split_once;
use crate::json::Object;
use crate::jwt::material::{Material, rsa};

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const CURVES: [(Curve, &[u8]); 4] = [
    (Curve::P256, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]),
    (Curve::P384, &[0x2b, 0x81, 0x04, 0x00, 0x22]),
    (Curve::P521, &[0x2b, 0x81, 0x04, 0x00, 0x23]),
    (Curve::Secp256k1, &[0x2b, 0x81, 0x04, 0x00, 0x0a]),
];
/// RFC 9881 §2.
const ML_DSA: [(ParameterSet, &[u8]); 3] = [
    (ParameterSet::MlDsa44, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11]),
    (ParameterSet::MlDsa65, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12]),
    (ParameterSet::MlDsa87, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13]),
];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The public key in a PEM text.
///
/// # Errors
/// [`Error::KeyUnusable`] for a string that is no PEM at all, a private key or a type that is not supported;
/// [`Error::JwkInvalid`] for PEM that is not well formed; [`Error::KeyWeak`].
pub(super) fn read(pem: &str) -> Result<Material, Error> {
    if !has_armour(pem.as_bytes()) {
        return Err(Error::KeyUnusable { misuse: Misuse::BareString });
    }
    let (label, der) = block(pem).ok_or(MALFORMED)?;
    match label {
        "PUBLIC KEY" => spki(&der),
        "CERTIFICATE" => certificate(&der),
        "RSA PUBLIC KEY" => pkcs1(&der),
        _ if label.ends_with("PRIVATE KEY") => Err(Error::KeyUnusable { misuse: Misuse::Private }),
        _ => Err(MALFORMED),
    }
}

/// Whether bytes given as a shared secret are really a key in PEM, JWK or DER, armoured or not: signing with a public
/// key as the secret is the oldest forgery there is (RFC 8725 §2.1).
pub(super) fn looks_like_key(secret: &[u8]) -> bool {
    if is_der_key(secret) || has_armour(secret) {
        return true;
    }
    let Ok(text) = str::from_utf8(secret) else { return false };
    let invisible =
        |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}');
    if let Ok(object) = Object::parse(text.trim_matches(invisible).as_bytes()) {
        return object.get("kty").is_some() || object.get("keys").is_some();
    }
    let digits: String = text.chars().filter(|c| !invisible(*c)).collect();
    let digits = digits.trim_end_matches('=').replace('+', "-").replace('/', "_");
    base64url::decode(digits.as_bytes()).is_some_and(|bytes| is_der_key(&bytes) || has_armour(&bytes))
}

fn has_armour(bytes: &[u8]) -> bool {
    let begin = b"-----BEGIN";
    bytes.windows(begin.len()).any(|window| window == begin)
}

const MALFORMED: Error = Error::JwkInvalid { fault: JwkFault::Pem };

/// A well-formed key counts even if it is too weak to use.
fn is_der_key(der: &[u8]) -> bool {
    [spki(der), certificate(der), pkcs1(der)]
        .iter()
        .any(|result| matches!(result, Ok(_) | Err(Error::KeyWeak { .. } | Error::KeyUnusable { .. })))
}

/// Label and content of the one block in `pem`.
fn block(pem: &str) -> Option<(&str, Vec<u8>)> {
    let text = pem.trim_matches(['\r', '\n']);
    let (label, rest) = split_once(text.strip_prefix("-----BEGIN ")?, "-----")?;
    let body = rest.strip_suffix("-----")?.strip_suffix(label)?.strip_suffix("-----END ")?;
    let mut digits = Vec::with_capacity(body.len());
    let mut lines = body.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    // What stands between the label and the first line end, and the last line end and the closing label: nothing.
    if !lines.next()?.is_empty() || !body.ends_with('\n') {
        return None;
    }
    for line in lines {
        digits.extend_from_slice(line.as_bytes());
    }
    Some((label, base64(&digits)?))
}

/// Decodes base64 with its padding (RFC 4648 §4).
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().rposition(|&byte| byte != b'=').map_or(0, |at| at + 1);
    let (digits, padding) = text.split_at_checked(end)?;
    if !text.len().is_multiple_of(4) || padding.len() > 2 {
        return None;
    }
    let digits: Option<Vec<u8>> = digits
        .iter()
        .map(|&digit| match digit {
            b'+' => Some(b'-'),
            b'/' => Some(b'_'),
            b'-' | b'_' => None,
            _ => Some(digit),
        })
        .collect();
    base64url::decode(&digits?)
}

fn spki(der: &[u8]) -> Result<Material, Error> {
    let (algorithm, parameters, key) = spki_parts(der).ok_or(MALFORMED)?;
    let mut parameters = Der(parameters);
    match algorithm {
        RSA if parameters.take(NULL) == Some(&[]) && parameters.is_empty() => pkcs1(key),
        ED25519 if parameters.is_empty() => Ed25519Key::new(key).map(Material::Ed25519),
        EC => {
            let named =
                parameters.take(OBJECT_IDENTIFIER).filter(|_| parameters.is_empty()).ok_or(MALFORMED)?;
            let curve = CURVES.iter().find(|(_, oid)| *oid == named).map(|&(curve, _)| curve);
            let curve = curve.ok_or(Error::KeyUnusable { misuse: Misuse::Type })?;
            // Only the uncompressed form (SEC 1 §2.3.3).
            let Some((4, point)) = key.split_first() else { return Err(MALFORMED) };
            let (x, y) = point.split_at_checked(point.len() / 2).ok_or(MALFORMED)?;
            EcKey::new(curve, x, y).map(|key| Material::Ec(curve, key))
        }
        RSA | ED25519 => Err(MALFORMED),
        other => match ML_DSA.iter().find(|(_, oid)| *oid == other) {
            Some(&(set, _)) if parameters.is_empty() => MlDsaKey::new(set, key).map(Material::MlDsa),
            Some(_) => Err(MALFORMED),
            None => Err(Error::KeyUnusable { misuse: Misuse::Type }),
        },
    }
}

/// The algorithm's identifier, its parameters and the key's bits.
fn spki_parts(der: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut outer = Der(der);
    let mut info = Der(outer.take(SEQUENCE)?);
    let mut algorithm = Der(info.take(SEQUENCE)?);
    let identifier = algorithm.take(OBJECT_IDENTIFIER)?;
    let (0, key) = info.take(BIT_STRING)?.split_first()? else { return None };
    (outer.is_empty() && info.is_empty()).then_some((identifier, algorithm.0, key))
}

fn certificate(der: &[u8]) -> Result<Material, Error> {
    let key = || {
        let mut outer = Der(der);
        let mut certificate = Der(outer.take(SEQUENCE)?);
        let mut signed = Der(certificate.take(SEQUENCE)?);
        certificate.take(SEQUENCE)?;
        certificate.take(BIT_STRING)?;
        signed.take(VERSION);
        signed.take(INTEGER)?;
        // Signature algorithm, issuer, validity, subject.
        for _ in 0..4 {
            signed.take(SEQUENCE)?;
        }
        let key = signed.take_whole(SEQUENCE)?;
        (outer.is_empty() && certificate.is_empty()).then_some(key)
    };
    spki(key().ok_or(MALFORMED)?)
}

fn pkcs1(der: &[u8]) -> Result<Material, Error> {
    let parts = || {
        let mut outer = Der(der);
        let mut key = Der(outer.take(SEQUENCE)?);
        let (n, e) = (key.take_unsigned()?, key.take_unsigned()?);
        (outer.is_empty() && key.is_empty()).then_some((n, e))
    };
    let (n, e) = parts().ok_or(MALFORMED)?;
    rsa(n, e)
}

/// What is left to read of some DER (X.690 §10).
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The content of the next element, if it has this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (content, rest) = element(self.0, tag)?;
        self.0 = rest;
        Some(content)
    }

    /// The next element with its tag and length, if it has this tag.
    fn take_whole(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (_, rest) = element(self.0, tag)?;
        let whole = self.0.get(..self.0.len() - rest.len())?;
        self.0 = rest;
        Some(whole)
    }

    /// A non-negative integer, big endian, without the octet that only carries the sign.
    fn take_unsigned(&mut self) -> Option<&'a [u8]> {
        let integer = self.take(INTEGER)?;
        let (&first, rest) = integer.split_first()?;
        let second_has_sign = rest.first().is_some_and(|second| second & 0x80 != 0);
        match first {
            0 if second_has_sign => Some(rest),
            0 if rest.is_empty() => Some(&[0]),
            // Negative, or longer than it needs to be.
            0 | 0x80.. => None,
            _ => Some(integer),
        }
    }
}

/// Content and what follows, for a definite length in its shortest form.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
            let shortest = bytes.first() != Some(&0) && length > 0x7f;
            shortest.then_some((length, rest))?
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    (found == tag).then_some((content, rest))
}
