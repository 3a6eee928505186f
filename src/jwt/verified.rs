//! The results of verification.

use std::fmt;
use std::sync::Arc;

use crate::engine::Algorithm;
use crate::ground::json::Object;
use crate::jwt::jws::{Header, read_claims};
use crate::jwt::rules::Dates;

/// A token whose signature is valid and whose claims satisfy the rules.
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
/// let verified = verifier.verify(token, NumericDate::from_host_clock(1_800_000_000.0)?)?;
/// assert_eq!(verified.text("sub").as_deref(), Some("ada"));
/// assert_eq!(verified.header().alg(), "Ed25519");
/// assert!(verified.claims().get("exp").is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Verified {
    jws: VerifiedJws,
    /// The number that the verifier remembers the header by.
    pub(super) header_id: Option<u32>,
    pub(super) dates: Dates,
}

impl Verified {
    pub(super) const fn new(jws: VerifiedJws, dates: Dates) -> Self {
        Self { jws, header_id: None, dates }
    }

    /// The JOSE header.
    #[must_use]
    pub fn header(&self) -> &Header {
        self.jws.header()
    }

    /// The claims set.
    #[must_use]
    pub fn claims(&self) -> Object<'_> {
        read_claims(self.payload()).unwrap_or_default()
    }

    /// The claim called `name`, if it is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.claims().get(name)?.as_text().map(|text| text.to_cow().into())
    }

    /// The JSON text of the claims set: the bytes that were verified.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.jws.payload()
    }

    /// The algorithm of the signature.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.jws.algorithm()
    }

    /// The `kid` of the key that verified it, if the key has one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.jws.kid()
    }

    pub(super) const fn jws(&self) -> &VerifiedJws {
        &self.jws
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}

/// A JWS whose signature is valid. Its payload may be anything: it was not judged.
#[derive(Clone)]
pub struct VerifiedJws {
    pub(super) header: Arc<Header>,
    pub(super) payload: Arc<Vec<u8>>,
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<Arc<str>>,
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

    /// The algorithm of the signature.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The `kid` of the key that verified it, if the key has one.
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
