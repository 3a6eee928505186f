//! Where a remote JWK Set comes from.

use sha2::{Digest, Sha256};

use crate::json::{Object, Value};
use crate::url::UrlParts;
use crate::{Error, base64url};

/// Where a remote JWK Set comes from. Never anything that a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The set's own URL.
    Url(String),
    /// An issuer whose metadata names the set's URL.
    Issuer(String),
}

impl Source {
    /// What tells this source from every other one.
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
            // RFC 8414 §2: no query and no fragment.
            Self::Issuer(issuer) if issuer.contains("://") && !issuer.contains(['?', '#']) => Ok(()),
            Self::Issuer(_) => {
                Err(Error::invalid_arg("issuer", "the issuer's URL, without query and fragment"))
            }
        }
    }
}

/// Where an issuer may keep its metadata, in the order in which they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WellKnown {
    /// OpenID Connect Discovery 1.0 §4: behind the issuer's path.
    OpenId,
    /// RFC 8414 §3.1: before the issuer's path.
    OAuth,
}

impl WellKnown {
    pub(super) fn url(self, issuer: &str) -> String {
        let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
        match self {
            Self::OpenId => format!("{issuer}/.well-known/openid-configuration"),
            Self::OAuth => {
                let (scheme, rest) = issuer.split_once("://").unwrap_or(("https", issuer));
                let (host, path) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path));
                let slash = if path.is_empty() { "" } else { "/" };
                format!("{scheme}://{host}/.well-known/oauth-authorization-server{slash}{path}")
            }
        }
    }
}

/// The `jwks_uri` of an issuer's metadata. The metadata must be that of exactly this issuer (RFC 8414 §3.3), or
/// one issuer could pass for another.
pub(super) fn jwks_uri(metadata: &Object<'_>, issuer: &str) -> Option<String> {
    let own = matches!(metadata.get("issuer"), Some(Value::String(text)) if text.is(issuer));
    let uri = metadata.get("jwks_uri").and_then(Value::as_text)?;
    own.then(|| uri.to_cow().into_owned())
}

/// Whether a URL may be asked for keys or metadata. `from` is the URL that redirected here, where one did: a
/// redirect stays on its origin.
///
/// # Errors
/// [`Error::InsecureUrl`] for a URL that [`UrlParts::require_secure`] refuses, [`Error::KeySetFetchFailed`] for a
/// redirect to another origin.
pub fn admit(url: &UrlParts<'_>, from: Option<&UrlParts<'_>>, loopback: bool) -> Result<(), Error> {
    url.require_secure(loopback)?;
    match from {
        Some(from) if from.origin() != url.origin() => Err(Error::KeySetFetchFailed { status: None }),
        _ => Ok(()),
    }
}
