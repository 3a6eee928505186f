//! The resource server's side of RFC 6750: what to answer a request that should carry a Bearer token.
//!
//! One decision in two steps, because verification happens between them and may have to wait for keys:
//! [`Guard::credentials`] finds the token to verify or says what to answer instead, and [`Guard::judge`] turns the
//! outcome of verification into leave to pass or an answer. Nothing here reads a clock or sends anything.
//!
//! Every header value is made of fixed text, of configuration that was checked when the guard was made, or of
//! method and field names checked against RFC 9110's `token`. A request cannot put anything else into one.

use crate::Error;
use crate::ground::text::{join, split_once};
use crate::json;
use crate::jwt::{check_length, scopes};

/// The body of the answer to a request without credentials, unless the guard was told another.
pub const MISSING_MESSAGE: &str =
    "You must specify a Bearer token in the Authorization header to access this resource";

/// RFC 6750 §3 wants at least one parameter after the scheme, and no other may stand there without an error.
const DEFAULT_REALM: &str = "api";

/// Seconds after which a client may try again while keys cannot be had. Asking early costs nobody a fetch.
const RETRY_AFTER: &str = "5";

/// Seconds for which a browser may remember a preflight: the most that Chromium allows.
const PREFLIGHT_MAX_AGE: &str = "7200";

// What `error_description` and the body may say. No claim's value, no error's text.
const BOUND: &str = "the access token is bound to a key and is not accepted as a Bearer token";
const EXPIRED: &str = "the access token has expired";
const GARBLED: &str = "the Authorization header is not one Bearer token";
const INVALID: &str = "the access token is not valid";
const NOT_YET_VALID: &str = "the access token is not valid yet";
const REVOKED: &str = "the access token has been revoked";
const SCOPE: &str = "the access token lacks a scope that this resource needs";
const TWICE: &str = "the access token is in the Authorization header and in the query";
const UNAVAILABLE: &str = "the access token cannot be checked now; try again later";

/// How a guard is set up. [`Guard::new`] checks it.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The protection space named in challenges: printable ASCII. `api` where not given.
    pub realm: Option<String>,
    /// Scopes that every request needs.
    pub scopes: Scopes,
    /// Who may call from a page of another origin; nobody is told anything about CORS where not given.
    pub cors: Option<Origins>,
    /// What to say to a request without credentials, in place of [`MISSING_MESSAGE`].
    pub missing_message: Option<String>,
}

/// Scope names that are safe in a header (RFC 6750 §3: `%x21 / %x23-5B / %x5D-7E`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Checks a list of scope names. An empty list needs nothing.
    ///
    /// # Errors
    /// [`Error::InvalidArg`] if a name is empty or has a space, a quote, a backslash or a character outside ASCII, and for
    /// more than 1,000 names.
    pub fn new<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        check_length("scopes", names.len())?;
        let is_scope = |name: &String| {
            !name.is_empty() && name.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        };
        if names.iter().all(is_scope) {
            Ok(Self(names))
        } else {
            Err(Error::invalid_arg(
                "scopes",
                "a list of scope names: printable ASCII without spaces, quotes and backslashes",
            ))
        }
    }
}

/// Origins whose pages may read the answers (the Fetch standard, "CORS protocol").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins(Option<Vec<String>>);

impl Origins {
    /// Every origin: `*`.
    #[must_use]
    pub const fn any() -> Self {
        Self(None)
    }

    /// These origins, written as browsers send them: `https://app.example`, with no path and no default port.
    ///
    /// # Errors
    /// [`Error::InvalidArg`] for a list that is empty or has more than 1,000 origins, and for text that no browser sends as
    /// `Origin`. `null` is refused too: every sandboxed page shares it.
    pub fn list<S: Into<String>>(origins: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        let origins: Vec<String> = origins.into_iter().map(Into::into).collect();
        check_length("cors.origins", origins.len())?;
        if !origins.is_empty() && origins.iter().all(|origin| is_origin(origin)) {
            Ok(Self(Some(origins)))
        } else {
            Err(Error::invalid_arg(
                "cors.origins",
                "\"*\" or a list of origins as browsers send them, like \"https://app.example\"",
            ))
        }
    }

    /// What to tell a page of this origin that it may read, if anything.
    fn allow(&self, origin: Option<&str>) -> Option<&str> {
        match &self.0 {
            None => Some("*"),
            Some(list) => list.iter().map(String::as_str).find(|&allowed| origin == Some(allowed)),
        }
    }
}

/// What the guard looks at in a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'r> {
    /// The method, in upper case.
    pub method: &'r str,
    /// The URL or the path with its query.
    pub url: &'r str,
    /// `Authorization`; repeated fields joined with commas, as HTTP libraries do (RFC 9110 §5.3).
    pub authorization: Option<&'r str>,
    /// `Origin`.
    pub origin: Option<&'r str>,
    /// `Access-Control-Request-Method`.
    pub request_method: Option<&'r str>,
    /// `Access-Control-Request-Headers`.
    pub request_headers: Option<&'r str>,
}

impl Request<'_> {
    /// Only all three together make a preflight; an `OPTIONS` request without them needs a token like any other.
    fn is_preflight(&self) -> bool {
        self.method == "OPTIONS" && self.origin.is_some() && self.request_method.is_some()
    }
}

/// What the guard looks at in a verified token.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    scopes: Vec<String>,
    confirmed_by_key: bool,
}

impl Grants {
    /// Reads `scope` (RFC 8693 §4.2) or else `scp`, and `cnf` (RFC 7800), of a verified token's claims.
    #[must_use]
    pub fn from_claims(claims: &json::Object<'_>) -> Self {
        // A claim of the wrong type grants nothing.
        let scopes = scopes(claims).ok().flatten().unwrap_or_default();
        Self { scopes, confirmed_by_key: claims.get("cnf").is_some() }
    }
}

/// Why verification gave no claims, as far as the client is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The token is past its end.
    Expired,
    /// The token is not acceptable. Why is not the client's business.
    Invalid,
    /// The token starts later.
    NotYetValid,
    /// The token was revoked.
    Revoked,
    /// The token lacks a scope that the verifier's own rules need.
    Scope,
    /// Whether the token is good could not be found out: the fault is on this side.
    Unavailable,
}

impl Refusal {
    /// All refusals, in the order of the numbers by which the shell passes them.
    #[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
    const ALL: [Self; 6] =
        [Self::Expired, Self::Invalid, Self::NotYetValid, Self::Revoked, Self::Scope, Self::Unavailable];

    /// The refusal of this number; a fault on this side for any other.
    #[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
    pub(crate) fn of_number(number: u32) -> Self {
        Self::ALL.get(number as usize).copied().unwrap_or(Self::Unavailable)
    }

    /// The number of the refusal.
    #[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
    pub(crate) const fn number(self) -> u32 {
        self as u32
    }

    /// The challenge to send with this refusal, for those who answer without a [`Guard`]: RFC 6750 §3, without a realm.
    /// `None` where the fault is on this side and a challenge would be a lie.
    #[must_use]
    pub fn challenge(self) -> Option<String> {
        let (kind, description) = self.meaning();
        (kind != Kind::Unavailable).then(|| format!("Bearer {}", parameters(kind, description)))
    }

    const fn meaning(self) -> (Kind, &'static str) {
        match self {
            Self::Expired => (Kind::InvalidToken, EXPIRED),
            Self::Invalid => (Kind::InvalidToken, INVALID),
            Self::NotYetValid => (Kind::InvalidToken, NOT_YET_VALID),
            Self::Revoked => (Kind::InvalidToken, REVOKED),
            Self::Scope => (Kind::InsufficientScope, SCOPE),
            Self::Unavailable => (Kind::Unavailable, UNAVAILABLE),
        }
    }
}

/// Only an error that a token can cause by itself counts against the token. Every other is an outage on this side. There is
/// no wildcard here: a new error does not compile until it is decided here.
impl From<&Error> for Refusal {
    fn from(error: &Error) -> Self {
        match error {
            Error::ClaimInvalid { claim, .. } if &**claim == "scope" => Self::Scope,
            Error::Expired { .. } => Self::Expired,
            Error::NotYetValid => Self::NotYetValid,
            Error::Revoked => Self::Revoked,
            Error::AlgorithmNotAllowed { .. }
            | Error::ClaimInvalid { .. }
            | Error::JweNotSupported
            | Error::Malformed { .. }
            | Error::MultipleMatchingKeys
            | Error::NoMatchingKey { .. }
            | Error::NotSupported { .. }
            | Error::SignatureInvalid => Self::Invalid,
            Error::BodyNotReplayable
            | Error::ClockUnavailable
            | Error::ForeignUrl
            | Error::HiddenRedirect
            | Error::InsecureUrl { .. }
            | Error::InvalidArg { .. }
            | Error::JwkInvalid { .. }
            | Error::KeySetFetchFailed { .. }
            | Error::KeySetInvalid { .. }
            | Error::KeySetTimeout
            | Error::KeyUnusable { .. }
            | Error::KeyWeak { .. }
            | Error::LoginRejected { .. }
            | Error::RefreshRejected { .. }
            | Error::RefreshUnavailable { .. }
            | Error::RevocationUnavailable
            | Error::SessionChanged
            | Error::SessionClosed
            | Error::SignedOut
            | Error::StoreUnavailable
            | Error::SyncUnavailable { .. }
            | Error::TokenEndpointMisconfigured { .. }
            | Error::TokenEndpointRedirected { .. }
            | Error::TokenResponseInvalid { .. }
            | Error::TokenTimeout => Self::Unavailable,
        }
    }
}

/// What kind of answer the guard gives in place of the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The token lacks a scope: 403.
    InsufficientScope,
    /// Credentials that cannot be read, or more than one: 400.
    InvalidRequest,
    /// A token that is not accepted: 401.
    InvalidToken,
    /// No Bearer credentials: 401 without an error code (RFC 6750 §3.1).
    Missing,
    /// A CORS preflight: 204. It never carries credentials and never reaches the handler.
    Preflight,
    /// This side cannot tell: 503.
    Unavailable,
}

impl Kind {
    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InsufficientScope => 403,
            Self::InvalidRequest => 400,
            Self::InvalidToken | Self::Missing => 401,
            Self::Preflight => 204,
            Self::Unavailable => 503,
        }
    }

    /// The kind as JavaScript sees it. For 400, 401 and 403 this is also the error code of RFC 6750 §3.1.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InsufficientScope => "insufficient_scope",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::Missing => "missing",
            Self::Preflight => "preflight",
            Self::Unavailable => "unavailable",
        }
    }
}

/// One header of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The field's name.
    pub name: &'static str,
    /// The field's value: printable ASCII.
    pub value: String,
    /// Whether the value joins those that a response already has under this name, or takes their place.
    pub appends: bool,
}

/// A whole response, for the guard to give in place of the handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What kind of answer; it has the status.
    pub kind: Kind,
    /// Its headers.
    pub headers: Vec<Header>,
    /// Its body, JSON text; empty for a preflight.
    pub body: String,
}

/// The guard of a resource.
///
/// It finds the token of a request. A [`Verifier`](crate::Verifier) verifies it, and the guard turns the result into leave to
/// pass or into an answer.
///
/// ```
/// use tokenward::guard::{Answer, Grants, Guard, Header, Refusal, Request, Scopes, Settings};
/// use tokenward::{NumericDate, Verifier};
///
/// fn check(
///     guard: &Guard,
///     verifier: &Verifier,
///     request: &Request<'_>,
///     now: NumericDate,
/// ) -> Result<Vec<Header>, Answer> {
///     let token = guard.credentials(request)?;
///     let grants = match verifier.verify(token, now) {
///         Ok(verified) => Ok(Grants::from_claims(&verified.claims())),
///         Err(error) => Err(Refusal::from(&error)),
///     };
///     // The scopes that this route needs, besides those that the guard asks of every request.
///     guard.judge(request, grants.as_ref().map_err(|refusal| *refusal), &Scopes::default())
/// }
///
/// # fn main() -> Result<(), tokenward::Error> {
/// # use tokenward::{Accept, KeySet, Rules};
/// # let keys = KeySet::from_jwks(br#"{"keys":[]}"#)?;
/// # let verifier = Verifier::new(Rules::new(Accept::Anything, Accept::Anything), keys)?;
/// # let now = NumericDate::from_host_clock(1_800_000_000.0)?;
/// let guard = Guard::new(Settings::default())?;
/// let request = Request { method: "GET", url: "/orders", ..Request::default() };
/// let answer = check(&guard, &verifier, &request, now).unwrap_err();
/// assert_eq!(answer.kind.status(), 401);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Guard {
    /// `Bearer realm="..."`, the start of every challenge.
    challenge: String,
    scopes: Scopes,
    cors: Option<Origins>,
    missing_message: String,
}

impl Guard {
    /// Makes a guard.
    ///
    /// # Errors
    /// [`Error::InvalidArg`] for an empty realm or message, and for a realm that is not printable ASCII.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let realm = settings.realm.unwrap_or_else(|| DEFAULT_REALM.to_owned());
        if realm.is_empty() || !realm.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(Error::invalid_arg("realm", "printable ASCII text"));
        }
        let missing_message = settings.missing_message.unwrap_or_else(|| MISSING_MESSAGE.to_owned());
        if missing_message.is_empty() {
            return Err(Error::invalid_arg("missingMessage", "a text that says something"));
        }
        let realm = realm.replace('\\', "\\\\").replace('"', "\\\"");
        let challenge = format!("Bearer realm=\"{realm}\"");
        Ok(Self { challenge, scopes: settings.scopes, cors: settings.cors, missing_message })
    }

    /// The token to verify.
    ///
    /// # Errors
    /// The answer to give instead: to a preflight, to a request without Bearer credentials, or to one whose
    /// credentials cannot be read or come twice.
    pub fn credentials<'r>(&self, request: &Request<'r>) -> Result<&'r str, Answer> {
        if request.is_preflight() {
            return Err(self.preflight(request));
        }
        match bearer(request.authorization.unwrap_or_default()) {
            Presented::Nothing => {
                Err(self.answer(request, Kind::Missing, Some(self.challenge.clone()), &self.missing_message))
            }
            Presented::Garbled => Err(self.refuse(request, Kind::InvalidRequest, GARBLED)),
            // RFC 6750 §2: a client must not use more than one method in a request.
            Presented::Token(_) if has_access_token(request.url) => {
                Err(self.refuse(request, Kind::InvalidRequest, TWICE))
            }
            Presented::Token(token) => Ok(token),
        }
    }

    /// Judges what came of verifying the token of `request`. `need` are scopes that this request needs besides
    /// those that every request needs. Gives the headers to put on the handler's response.
    ///
    /// # Errors
    /// The answer to give instead of calling the handler.
    pub fn judge(
        &self,
        request: &Request<'_>,
        outcome: Result<&Grants, Refusal>,
        need: &Scopes,
    ) -> Result<Vec<Header>, Answer> {
        let grants = match outcome {
            Ok(grants) => grants,
            Err(Refusal::Unavailable) => {
                return Err(self.answer(request, Kind::Unavailable, None, UNAVAILABLE));
            }
            Err(Refusal::Scope) => return Err(self.lacks_scope(request, &self.needed(need))),
            Err(refusal) => {
                let (kind, description) = refusal.meaning();
                return Err(self.refuse(request, kind, description));
            }
        };
        // RFC 9449 §7.2, RFC 8705 §3: whoever presents such a token must prove that the key is theirs, and the
        // scheme Bearer proves nothing. A stolen one is worth nothing here.
        if grants.confirmed_by_key {
            return Err(self.refuse(request, Kind::InvalidToken, BOUND));
        }
        let needed = self.needed(need);
        if !needed.iter().all(|name| grants.scopes.iter().any(|granted| granted == name)) {
            return Err(self.lacks_scope(request, &needed));
        }
        Ok(self.cors_headers(request))
    }

    /// The scopes that every request needs and those that this one does, each once.
    fn needed<'s>(&'s self, need: &'s Scopes) -> Vec<&'s str> {
        let mut needed: Vec<&str> = Vec::new();
        for name in self.scopes.0.iter().chain(&need.0) {
            if !needed.contains(&name.as_str()) {
                needed.push(name);
            }
        }
        needed
    }

    /// `needed` is empty where a rule of the verifier's asks for scopes that the guard was not told.
    fn lacks_scope(&self, request: &Request<'_>, needed: &[&str]) -> Answer {
        let mut challenge = self.challenge(Kind::InsufficientScope, SCOPE);
        if !needed.is_empty() {
            challenge.push_str(&format!(", scope=\"{}\"", join(needed, " ")));
        }
        self.answer(request, Kind::InsufficientScope, Some(challenge), SCOPE)
    }

    fn challenge(&self, kind: Kind, description: &str) -> String {
        format!("{}, {}", self.challenge, parameters(kind, description))
    }

    fn refuse(&self, request: &Request<'_>, kind: Kind, description: &'static str) -> Answer {
        self.answer(request, kind, Some(self.challenge(kind, description)), description)
    }

    fn answer(&self, request: &Request<'_>, kind: Kind, challenge: Option<String>, message: &str) -> Answer {
        let mut headers = vec![set("Cache-Control", "no-store"), set("Content-Type", "application/json")];
        headers.extend(challenge.map(|challenge| set("WWW-Authenticate", challenge)));
        headers.extend(self.cors_headers(request));
        if kind == Kind::Unavailable {
            headers.push(set("Retry-After", RETRY_AFTER));
            if self.cors.is_some() {
                headers.push(append("Access-Control-Expose-Headers", "Retry-After"));
            }
        }
        let mut body = String::from("{");
        // No error code where no credentials came (RFC 6750 §3.1), in the body as little as in the challenge.
        if kind != Kind::Missing {
            body.push_str("\"error\":");
            json::push_string(&mut body, kind.as_str());
            body.push(',');
        }
        body.push_str("\"message\":");
        json::push_string(&mut body, message);
        body.push('}');
        Answer { kind, headers, body }
    }

    /// A preflight is answered whether or not the origin may call: the browser draws its own conclusion from the
    /// headers that are missing. A challenge would only be reported to the page as a network failure.
    fn preflight(&self, request: &Request<'_>) -> Answer {
        let mut headers = vec![set("Cache-Control", "no-store")];
        if let Some(cors) = &self.cors {
            headers.push(append(
                "Vary",
                "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
            ));
            if let Some(origin) = cors.allow(request.origin) {
                headers.push(set("Access-Control-Allow-Origin", origin));
                if let Some(method) = request.request_method.filter(|method| is_token(method)) {
                    headers.push(set("Access-Control-Allow-Methods", method));
                }
                headers.push(set("Access-Control-Allow-Headers", allowed_headers(request.request_headers)));
                headers.push(set("Access-Control-Max-Age", PREFLIGHT_MAX_AGE));
            }
        }
        Answer { kind: Kind::Preflight, headers, body: String::new() }
    }

    /// What goes on every response to a request that is not a preflight.
    fn cors_headers(&self, request: &Request<'_>) -> Vec<Header> {
        let Some(cors) = &self.cors else { return Vec::new() };
        let mut headers = Vec::new();
        if *cors != Origins::any() {
            headers.push(append("Vary", "Origin"));
        }
        if let Some(origin) = cors.allow(request.origin) {
            headers.push(set("Access-Control-Allow-Origin", origin));
            headers.push(append("Access-Control-Expose-Headers", "WWW-Authenticate"));
        }
        headers
    }
}

/// RFC 6750 §3.1. `description` is fixed text: it never has a claim's value in it.
fn parameters(kind: Kind, description: &str) -> String {
    format!("error=\"{}\", error_description=\"{description}\"", kind.as_str())
}

fn set(name: &'static str, value: impl Into<String>) -> Header {
    Header { name, value: value.into(), appends: false }
}

fn append(name: &'static str, value: impl Into<String>) -> Header {
    Header { name, value: value.into(), appends: true }
}

/// What stands in `Authorization`.
enum Presented<'r> {
    /// Meant as Bearer credentials, but not readable as one token.
    Garbled,
    /// No credentials, or credentials of another scheme only.
    Nothing,
    /// One token.
    Token(&'r str),
}

/// Reads `credentials = "Bearer" 1*SP b64token` (RFC 6750 §2.1), the scheme in any case (RFC 9110 §11.1).
fn bearer(authorization: &str) -> Presented<'_> {
    let value = authorization.trim_matches([' ', '\t']);
    if let Some(rest) = after_scheme(value) {
        let token = rest.trim_start_matches(' ');
        return if token.len() < rest.len() && is_b64token(token) {
            Presented::Token(token)
        } else {
            Presented::Garbled
        };
    }
    // Another scheme first and Bearer in a second field: two credentials.
    let twice = value.split(',').any(|part| after_scheme(part.trim_start_matches([' ', '\t'])).is_some());
    if twice { Presented::Garbled } else { Presented::Nothing }
}

/// What follows the word `Bearer`, where `value` starts with that word whole.
fn after_scheme(value: &str) -> Option<&str> {
    let (scheme, rest) = value.split_at_checked("Bearer".len())?;
    let whole = !rest.bytes().next().is_some_and(is_token_byte);
    (scheme.eq_ignore_ascii_case("Bearer") && whole).then_some(rest)
}

fn is_b64token(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    !digits.is_empty()
        && digits.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
        })
}

/// `token` of RFC 9110 §5.6.2: method names, field names, schemes.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether the query has a parameter `access_token` (RFC 6750 §2.3), in any spelling that decodes to it.
fn has_access_token(url: &str) -> bool {
    let url = url.split('#').next().unwrap_or_default();
    let Some((_, query)) = url.split_once('?') else { return false };
    query.split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        percent_decoded(name.as_bytes()) == b"access_token"
    })
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if let (b'%', [high, low, after @ ..]) = (byte, tail)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            decoded.push(high << 4 | low);
            rest = after;
        } else {
            decoded.push(byte);
        }
    }
    decoded
}

/// `Authorization` by name, because `*` does not cover it (the Fetch standard, "CORS non-wildcard request-header
/// name"), and whatever else the page asks for, where all of it is field names.
fn allowed_headers(requested: Option<&str>) -> String {
    let mut allowed = String::from("Authorization");
    let names: Vec<&str> = requested.unwrap_or_default().split(',').map(str::trim).collect();
    if names.iter().all(|name| is_token(name)) {
        for name in names.iter().filter(|name| !name.eq_ignore_ascii_case("Authorization")) {
            allowed.push_str(", ");
            allowed.push_str(name);
        }
    }
    allowed
}

/// Whether a browser could send `origin`: scheme, host and a port that is not the scheme's own, in lower case.
fn is_origin(origin: &str) -> bool {
    let Some((scheme, authority)) = split_once(origin, "://") else { return false };
    let scheme_ok = scheme.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase())
        && scheme.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.')
        });
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let name_ok = |host: &str| {
        !host.is_empty()
            && host.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'_')
            })
    };
    let host_ok = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b':' | b'.')),
        None => name_ok(host),
    };
    let port_ok = match port {
        None => true,
        Some(port) => {
            let own = matches!((scheme, port), ("https", "443") | ("http", "80"));
            !own && !port.starts_with('0')
                && port.bytes().all(|byte| byte.is_ascii_digit())
                && port.parse::<u16>().is_ok()
        }
    };
    scheme_ok && host_ok && port_ok
}
