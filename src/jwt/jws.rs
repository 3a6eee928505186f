//! A JWT in compact serialization, read but not verified (RFC 7515 §3.1, RFC 7519 §7.2).

use std::fmt;
use std::sync::Arc;

use crate::base64url;
use crate::engine::Algorithm;
use crate::error::{Error, TokenFault};
use crate::json::{Object, Value};

/// The default for the longest token that is read, in characters.
pub const MAX_TOKEN_LENGTH: usize = 16_384;

/// The longest `kid` that is read, in bytes.
const MAX_KID_LENGTH: usize = 1_024;

/// A token whose header has been read and whose signature has not been checked.
#[derive(Clone)]
pub struct UnverifiedJwt<'a> {
    header: Arc<Header>,
    signing_input: &'a [u8],
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// The JOSE header of a token (RFC 7515 §4). `jwk`, `jku`, `x5u` and `x5c` are never read: a token does not bring the
/// key that it is checked with.
#[derive(Clone)]
pub struct Header {
    json: Vec<u8>,
    alg: Box<str>,
    kid: Option<Box<str>>,
    typ: Option<Box<str>>,
    unsupported: Option<&'static str>,
}

impl<'a> UnverifiedJwt<'a> {
    /// Reads a token of at most [`MAX_TOKEN_LENGTH`] characters.
    ///
    /// # Errors
    /// [`Error::Malformed`], or [`Error::JweNotSupported`] for five segments.
    pub fn parse(token: &'a str) -> Result<Self, Error> {
        Self::parse_bytes(token.as_bytes(), MAX_TOKEN_LENGTH)
    }

    pub(crate) fn parse_bytes(token: &'a [u8], max_length: usize) -> Result<Self, Error> {
        Self::parse_known(token, max_length, None)
    }

    /// As [`UnverifiedJwt::parse`]. `known` is a header that was read before: most tokens of an issuer have the same.
    pub(super) fn parse_known(
        token: &'a [u8],
        max_length: usize,
        known: Option<&KnownHeader>,
    ) -> Result<Self, Error> {
        if token.len() > max_length {
            return Err(Error::malformed(TokenFault::TooLong));
        }
        let (signing_input, [header, payload, signature]) = segments(token)?;
        let decode = |segment| base64url::decode(segment).ok_or(Error::malformed(TokenFault::Base64url));
        let json = match known {
            Some(known) if *known.segment == *header => None,
            _ => Some(decode(header)?),
        };
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        let parsed = match (json, known) {
            (None, Some(known)) => Arc::clone(&known.header),
            (json, _) => Arc::new(Header::parse(json.unwrap_or_default())?),
        };
        Ok(Self { header: parsed, signing_input, payload, signature })
    }

    /// The JOSE header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The claims set, **not verified**: any sender may have written it.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the payload is not a JSON object.
    pub fn claims_unverified(&self) -> Result<Object<'_>, Error> {
        read_claims(&self.payload)
    }

    /// What the signature signs: header and payload as they were sent, with the dot between them.
    #[must_use]
    pub const fn signing_input(&self) -> &'a [u8] {
        self.signing_input
    }

    /// The signature's bytes.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The JSON texts of header and claims set, **not verified**.
    #[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
    pub(crate) fn into_json_unverified(self) -> (Vec<u8>, Vec<u8>) {
        (self.header.json.clone(), self.payload)
    }

    pub(super) fn into_parts(self) -> (Arc<Header>, Vec<u8>) {
        (self.header, self.payload)
    }
}

/// A header that was read before, and the segment it was read from.
#[derive(Clone)]
pub(super) struct KnownHeader {
    segment: Box<[u8]>,
    header: Arc<Header>,
}

impl KnownHeader {
    pub(super) fn new(segment: &[u8], header: &Arc<Header>) -> Self {
        Self { segment: segment.into(), header: Arc::clone(header) }
    }

    /// Whether a token's header was taken from here.
    pub(super) fn is(&self, header: &Arc<Header>) -> bool {
        Arc::ptr_eq(&self.header, header)
    }
}

impl fmt::Debug for KnownHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.header.fmt(f)
    }
}

impl fmt::Debug for UnverifiedJwt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedJwt").finish_non_exhaustive()
    }
}

/// Splits at exactly two dots (RFC 7515 §5.2 step 1). Nothing is allocated for a token with more.
fn segments(token: &[u8]) -> Result<(&[u8], [&[u8]; 3]), Error> {
    let is_dot = |byte: &u8| *byte == b'.';
    // The payload is the longest of the three: it is counted through, which is many bytes at a time, and not searched.
    match token.iter().filter(|byte| is_dot(byte)).count() {
        2 => {
            let split = || {
                let first = token.iter().position(is_dot)?;
                let second = token.iter().rposition(is_dot)?;
                let payload = token.get(first + 1..second)?;
                Some((token.get(..second)?, [token.get(..first)?, payload, token.get(second + 1..)?]))
            };
            split().ok_or(Error::malformed(TokenFault::Segments))
        }
        4 => Err(Error::JweNotSupported),
        _ => Err(Error::malformed(TokenFault::Segments)),
    }
}

pub(super) fn read_claims(payload: &[u8]) -> Result<Object<'_>, Error> {
    Object::parse(payload).map_err(|fault| Error::malformed(TokenFault::Payload(fault)))
}

impl Header {
    fn parse(json: Vec<u8>) -> Result<Self, Error> {
        let object = Object::parse(&json).map_err(|fault| Error::malformed(TokenFault::Header(fault)))?;
        let text = |name| match object.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.to_cow().into())),
            Some(_) => Err(Error::malformed(TokenFault::HeaderParameter(name))),
        };
        let alg = text("alg")?.ok_or(Error::malformed(TokenFault::HeaderParameter("alg")))?;
        let kid: Option<Box<str>> = text("kid")?;
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID_LENGTH) {
            return Err(Error::malformed(TokenFault::HeaderParameter("kid")));
        }
        let typ = text("typ")?;
        let unsupported = unsupported(&object);
        Ok(Self { alg, kid, typ, unsupported, json })
    }

    /// The `alg` as written. It chooses nothing: the key and the rules do.
    #[must_use]
    pub const fn alg(&self) -> &str {
        &self.alg
    }

    /// The algorithm that `alg` names, if this library verifies it.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::from_name(&self.alg)
    }

    /// The JSON text of the header.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// The identifier of the key, unverified.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The media type of the token.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// Rejects critical parameters that are not understood here (RFC 7515 §4.1.11, RFC 7797).
    pub(super) fn check_critical(&self) -> Result<(), Error> {
        self.unsupported.map_or(Ok(()), |parameter| Err(Error::NotSupported { parameter }))
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}

/// The parameter that makes a header impossible to honour. Of all extensions only `b64: true` is understood, which
/// says what holds anyway.
fn unsupported(header: &Object<'_>) -> Option<&'static str> {
    let b64 = header.get("b64");
    if !matches!(b64, None | Some(Value::Bool(true))) {
        return Some("b64");
    }
    let understood = match header.get("crit") {
        None => true,
        Some(Value::Array(names)) => match names.elements().as_slice() {
            [Value::String(name)] => name.is("b64") && b64.is_some(),
            _ => false,
        },
        Some(_) => false,
    };
    (!understood).then_some("crit")
}
