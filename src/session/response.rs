//! What a token endpoint answers: tokens, or a reason that decides whether anybody is signed out.
//!
//! Most accidental sign-outs are a wrong guess here, so the one answer that ends a session is narrow
//! (`invalid_grant` with 400 or 401, in JSON) and everything else keeps the tokens.

use crate::error::ResponseFault;
use crate::ground::text::place_of;
use crate::json::number;
use crate::json::{Object, Value};
use crate::{Secret, base64url};

/// The longest answer that is read, in bytes.
pub const MAX_RESPONSE_LENGTH: usize = 64 * 1024;

/// A lifetime longer than this means the same as this: ten years, in milliseconds.
pub(crate) const MAX_LIFETIME_MS: f64 = 10.0 * 365.0 * 86_400_000.0;

/// An HTTP response of a token endpoint, as the host received it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type` field, or empty.
    pub content_type: String,
    /// The `Retry-After` field.
    pub retry_after: Option<String>,
    /// The body; reading may stop after [`MAX_RESPONSE_LENGTH`] bytes and one.
    pub body: Secret<String>,
}

/// The names of the members of a token response, for servers that name them in their own way.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// Instead of `access_token` or `token`.
    pub access_token: Option<String>,
    /// Instead of `refresh_token`.
    pub refresh_token: Option<String>,
    /// Instead of `expires_in`.
    pub expires_in: Option<String>,
}

/// What the endpoint was asked for, which decides what a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// A sign-in with something from outside, which a server refuses in its own way; everything else is made unasked.
    pub(crate) is_login: bool,
    /// The cookie is judged, and 401 is how such an endpoint says that it is over.
    pub(crate) is_cookie: bool,
    /// RFC 6749 to the letter: status 200 and a `token_type`.
    pub(crate) strict: bool,
}

/// A token response that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    pub(crate) access: Secret<String>,
    pub(crate) refresh: Option<Secret<String>>,
    pub(crate) lifetime_ms: Option<u64>,
    pub(crate) subject: Option<String>,
    pub(crate) scopes: Option<Vec<String>>,
}

/// Why there are no tokens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refusal {
    /// `invalid_grant`: this refresh token is over. Or, for a sign-in, these credentials are wrong.
    Terminal { status: u16, oauth_error: Option<&'static str> },
    /// This client, or this request, will never be served as it is.
    Misconfigured { status: u16, oauth_error: Option<&'static str> },
    /// A redirect, which is not followed with credentials.
    Redirected { status: u16 },
    /// Not now, and the refresh token was not used up.
    NotProcessed { status: u16, retry_after_ms: Option<u64> },
    /// Not now, and the refresh token may have been used up.
    Unknown { status: u16, retry_after_ms: Option<u64> },
    /// Success without usable tokens.
    Invalid { fault: ResponseFault },
}

/// Reads an answer.
pub(crate) fn read(answer: &Answer, question: Question, fields: &Fields) -> Result<Granted, Refusal> {
    let status = answer.status;
    let success = status == 200 || (status == 201 && !question.strict);
    if success {
        return granted(answer, question, fields).map_err(|fault| Refusal::Invalid { fault });
    }
    let retry_after_ms = answer.retry_after.as_deref().and_then(retry_after_ms);
    Err(match status {
        200..300 => Refusal::Invalid { fault: ResponseFault::Status },
        0 | 300..400 => Refusal::Redirected { status },
        425 | 429 | 503 => Refusal::NotProcessed { status, retry_after_ms },
        400..500 if status != 408 => refused(answer, question, retry_after_ms),
        _ => Refusal::Unknown { status, retry_after_ms },
    })
}

/// A 4xx: whose fault it is stands in the JSON body (RFC 6749 §5.2). Anything but JSON comes from a firewall or a
/// captive portal on the way, not from the authorization server.
fn refused(answer: &Answer, question: Question, retry_after_ms: Option<u64>) -> Refusal {
    let status = answer.status;
    let body = answer.body.reveal();
    let object = if is_json(&answer.content_type) && body.len() <= MAX_RESPONSE_LENGTH {
        Object::parse(body.as_bytes()).ok()
    } else {
        None
    };
    let Some(object) = object else {
        return if status == 401 && (question.is_login || question.is_cookie) {
            Refusal::Terminal { status, oauth_error: None }
        } else {
            Refusal::NotProcessed { status, retry_after_ms }
        };
    };
    let oauth_error =
        object.get("error").and_then(Value::as_text).and_then(|text| registered(&text.to_cow()));
    match (oauth_error, status) {
        (Some("server_error" | "slow_down" | "temporarily_unavailable"), _) => {
            Refusal::NotProcessed { status, retry_after_ms }
        }
        (Some("invalid_grant"), 400 | 401) => Refusal::Terminal { status, oauth_error },
        (None, 401) if question.is_cookie => Refusal::Terminal { status, oauth_error },
        (Some("access_denied"), _) | (None, 400 | 401 | 403 | 422) if question.is_login => {
            Refusal::Terminal { status, oauth_error }
        }
        _ => Refusal::Misconfigured { status, oauth_error },
    }
}

fn granted(answer: &Answer, question: Question, fields: &Fields) -> Result<Granted, ResponseFault> {
    let body = answer.body.reveal();
    if body.len() > MAX_RESPONSE_LENGTH {
        return Err(ResponseFault::Length);
    }
    if !is_json(&answer.content_type) {
        return Err(ResponseFault::MediaType);
    }
    let object = Object::parse(body.as_bytes()).map_err(ResponseFault::Json)?;
    let token_type = object.get("token_type").and_then(Value::as_text);
    match token_type {
        Some(text) if text.to_cow().eq_ignore_ascii_case("bearer") => {}
        None if !question.strict && object.get("token_type").is_none() => {}
        _ => return Err(ResponseFault::TokenType),
    }
    let access = match &fields.access_token {
        Some(name) => object.get(name),
        None => object.get("access_token").or_else(|| object.get("token")),
    };
    let access = access.and_then(Value::as_text).ok_or(ResponseFault::AccessToken)?.to_cow();
    if !is_access_token(&access) {
        return Err(ResponseFault::AccessToken);
    }
    let refresh = match object.get(fields.refresh_token.as_deref().unwrap_or("refresh_token")) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.to_cow()).filter(|text| !text.is_empty()),
        Some(_) => return Err(ResponseFault::RefreshToken),
    };
    let expires_in = lifetime(object.get(fields.expires_in.as_deref().unwrap_or("expires_in")))?;
    let scopes = object.get("scope").and_then(Value::as_text).map(|text| scopes(&text.to_cow()));
    let claims = Claims::of(&access);
    Ok(Granted {
        lifetime_ms: expires_in.or(claims.lifetime_ms),
        subject: claims.subject,
        scopes,
        access: Secret::new(access.into_owned()),
        refresh: refresh.map(|text| Secret::new(text.into_owned())),
    })
}

/// Whether a header can hold the token: visible ASCII, at least one character. Anything else would be quoted by the
/// platform's error.
pub(crate) fn is_access_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The words of `scope`.
pub(crate) fn scopes(text: &str) -> Vec<String> {
    text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

/// `expires_in`: a number of seconds, in digits even if a server writes it as a string.
fn lifetime(value: Option<Value<'_>>) -> Result<Option<u64>, ResponseFault> {
    let seconds = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(seconds)) => seconds.to_f64(),
        Some(Value::String(text)) => {
            let text = text.to_cow();
            if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(ResponseFault::ExpiresIn);
            }
            number::to_f64(&text)
        }
        Some(_) => return Err(ResponseFault::ExpiresIn),
    };
    if seconds.is_finite() && seconds >= 0.0 {
        Ok(Some(whole_ms(seconds)))
    } else {
        Err(ResponseFault::ExpiresIn)
    }
}

fn whole_ms(seconds: f64) -> u64 {
    (seconds * 1000.0).clamp(0.0, MAX_LIFETIME_MS) as u64
}

/// What an access token says about itself if it happens to be a JWT. A hint, never a check.
#[derive(Default)]
struct Claims {
    lifetime_ms: Option<u64>,
    subject: Option<String>,
}

impl Claims {
    fn of(token: &str) -> Self {
        let mut segments = token.split('.');
        let (Some(_), Some(payload), Some(_), None) =
            (segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return Self::default();
        };
        let Some(bytes) = base64url::decode(payload.as_bytes()) else {
            return Self::default();
        };
        let Ok(claims) = Object::parse(&bytes) else {
            return Self::default();
        };
        let number = |name| claims.get(name).and_then(Value::as_number);
        // A moment means nothing on a clock that may be wrong; the distance of two moments does.
        let lifetime_ms = match (number("exp"), number("iat")) {
            (Some(exp), Some(iat)) if exp > iat => Some(whole_ms(exp - iat)),
            _ => None,
        };
        let subject = claims.get("sub").and_then(Value::as_text).map(|text| text.to_cow().into_owned());
        Self { lifetime_ms, subject }
    }
}

/// `application/json` and every `+json`.
pub(crate) fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json"
        || essence == "text/json"
        || (essence.contains('/') && essence.ends_with("+json"))
}

/// `Retry-After` in seconds. As a date it would need a clock that agrees with the server's, so a date is not read.
fn retry_after_ms(value: &str) -> Option<u64> {
    value.trim().parse::<u32>().ok().map(|seconds| u64::from(seconds) * 1000)
}

/// The error codes of RFC 6749 §4.1.2.1 and §5.2, RFC 7009, RFC 8628 and RFC 8707. Others are the server's own
/// words, which may hold anything, and are not kept.
const REGISTERED: [&str; 13] = [
    "access_denied",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
    "unsupported_token_type",
];

/// A registered error code.
pub(crate) fn registered(code: &str) -> Option<&'static str> {
    place_of(code, &REGISTERED).and_then(|place| REGISTERED.get(place).copied())
}
