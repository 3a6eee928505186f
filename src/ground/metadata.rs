//! Where an issuer keeps its metadata, and whether metadata is that issuer's: OpenID Connect Discovery 1.0, RFC 8414.

use crate::ground::text::split_once;
use crate::json::{Object, Value};

/// Where an issuer may keep its metadata, in the order in which they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WellKnown {
    /// OpenID Connect Discovery 1.0 §4: behind the issuer's path.
    OpenId,
    /// RFC 8414 §3.1: before the issuer's path.
    OAuth,
}

impl WellKnown {
    pub(crate) fn url(self, issuer: &str) -> String {
        let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
        match self {
            Self::OpenId => format!("{issuer}/.well-known/openid-configuration"),
            Self::OAuth => {
                let (scheme, rest) = split_once(issuer, "://").unwrap_or(("https", issuer));
                let (host, path) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path));
                let slash = if path.is_empty() { "" } else { "/" };
                format!("{scheme}://{host}/.well-known/oauth-authorization-server{slash}{path}")
            }
        }
    }
}

/// Whether the text can be an issuer: a URL with neither query nor fragment (RFC 8414 §2).
pub(crate) fn is_issuer(text: &str) -> bool {
    split_once(text, "://").is_some() && !text.contains(['?', '#'])
}

/// Whether the metadata is that of exactly this issuer (RFC 8414 §3.3), or one issuer could pass for another.
pub(crate) fn is_of_issuer(metadata: &Object<'_>, issuer: &str) -> bool {
    matches!(metadata.get("issuer"), Some(Value::String(text)) if text.is(issuer))
}
