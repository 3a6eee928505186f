//! The source of a remote JWK Set.

use sha2::{Digest, Sha256};

use crate::ground::metadata::{is_issuer, is_of_issuer};
use crate::json::{Object, Value};
use crate::url::UrlParts;
use crate::{Error, base64url};

pub(super) use crate::ground::metadata::WellKnown;

/// The source of a remote JWK Set. It is configured, and never taken from a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The set's own URL.
    Url(String),
    /// An issuer whose metadata names the set's URL.
    Issuer(String),
}

impl Source {
    /// A name that no other source has.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Url(url) => format!("url {url}"),
            Self::Issuer(issuer) => format!("issuer {issuer}"),
        }
    }

    /// The key of the set in a shared cache: of fixed length and without a separator, so that no two sources share
    /// one. The entry names its source besides.
    pub(super) fn cache_key(&self) -> String {
        format!("tokenward-jwks-{}", base64url::encode(&Sha256::digest(self.name())))
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        match self {
            Self::Url(url) if !url.is_empty() => Ok(()),
            Self::Url(_) => Err(Error::invalid_arg("url", "an absolute URL")),
            Self::Issuer(issuer) if is_issuer(issuer) => Ok(()),
            Self::Issuer(_) => {
                Err(Error::invalid_arg("issuer", "the issuer's URL, without query and fragment"))
            }
        }
    }
}

/// The `jwks_uri` of an issuer's metadata, if the metadata is that issuer's.
pub(super) fn jwks_uri(metadata: &Object<'_>, issuer: &str) -> Option<String> {
    let uri = metadata.get("jwks_uri").and_then(Value::as_text)?;
    is_of_issuer(metadata, issuer).then(|| uri.to_cow().into_owned())
}

/// Checks that a URL may be asked for keys or metadata. `source` is the URL of the set, or the issuer: http on loopback
/// is allowed only if the source itself is there. `from` is the URL that redirected here, if one did: a redirect stays
/// on its origin.
///
/// A private https address cannot be told from a public one here. If issuers are not all trusted, filter addresses in
/// the function that sends the request.
///
/// # Errors
/// [`Error::InsecureUrl`] for a URL that [`UrlParts::require_secure_for`] refuses, [`Error::KeySetFetchFailed`] for a
/// redirect to another origin.
pub fn admit(
    url: &UrlParts<'_>,
    source: &UrlParts<'_>,
    from: Option<&UrlParts<'_>>,
    loopback: bool,
) -> Result<(), Error> {
    url.require_secure_for(source, loopback)?;
    match from {
        Some(from) if from.origin() != url.origin() => Err(Error::KeySetFetchFailed { status: None }),
        _ => Ok(()),
    }
}
