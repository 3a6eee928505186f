//! The metadata of an authorization server (OpenID Connect Discovery 1.0, RFC 8414).

use crate::Error;
use crate::ground::metadata::{WellKnown, is_issuer, is_of_issuer};
use crate::json::{Object, Value};
use crate::session::response::{Answer, MAX_RESPONSE_LENGTH, is_json};

/// The metadata of an authorization server that a session uses. The URLs are as the server wrote them: let the platform
/// parse them, and [`named_endpoint`](super::named_endpoint) check them, before a request is sent there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// The authorization endpoint (RFC 6749 §3.1).
    pub authorization_endpoint: Option<String>,
    /// The token endpoint (RFC 6749 §3.2).
    pub token_endpoint: Option<String>,
    /// The revocation endpoint (RFC 7009).
    pub revocation_endpoint: Option<String>,
    /// Whether every authorization response names its issuer, so that one without is rejected (RFC 9207 §2.4).
    pub responses_name_issuer: bool,
}

impl Metadata {
    /// The URLs where the metadata may be, in the order in which to ask.
    ///
    /// # Errors
    /// [`Error::InvalidArg`] for a text that cannot be an issuer.
    pub fn urls(issuer: &str) -> Result<[String; 2], Error> {
        if is_issuer(issuer) {
            Ok([WellKnown::OpenId, WellKnown::OAuth].map(|place| place.url(issuer)))
        } else {
            Err(Error::invalid_arg("issuer", "the issuer's URL, without query and fragment"))
        }
    }

    /// Reads a response. `None`: the metadata are not here, so ask the next URL.
    ///
    /// # Errors
    /// [`Error::RefreshUnavailable`] for an outage; [`Error::TokenEndpointMisconfigured`] for the metadata of another
    /// issuer and for an endpoint that is not a string.
    pub fn read(issuer: &str, answer: &Answer) -> Result<Option<Self>, Error> {
        let status = Some(answer.status);
        let body = answer.body.reveal();
        let object = match answer.status {
            200 if is_json(&answer.content_type) && body.len() <= MAX_RESPONSE_LENGTH => {
                Object::parse(body.as_bytes()).ok()
            }
            408 | 425 | 429 | 500.. => {
                return Err(Error::RefreshUnavailable { status, retry_after_ms: None });
            }
            _ => None,
        };
        let Some(metadata) = object else {
            return Ok(None);
        };
        let wrong = || Error::TokenEndpointMisconfigured { status, oauth_error: None };
        if !is_of_issuer(&metadata, issuer) {
            return Err(wrong());
        }
        let endpoint = |name| match metadata.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.to_cow().into_owned())),
            Some(_) => Err(wrong()),
        };
        Ok(Some(Self {
            authorization_endpoint: endpoint("authorization_endpoint")?,
            token_endpoint: endpoint("token_endpoint")?,
            revocation_endpoint: endpoint("revocation_endpoint")?,
            responses_name_issuer: matches!(
                metadata.get("authorization_response_iss_parameter_supported"),
                Some(Value::Bool(true))
            ),
        }))
    }
}
