//! The two ends of an authorization code grant (RFC 6749 §4.1) with PKCE (RFC 7636) and issuer check (RFC 9207),
//! and the requests that wait for their response in between.

use sha2::{Digest, Sha256};

use crate::ground::random;
use crate::json::{Object, Value};
use crate::session::grant::push_pair;
use crate::session::record::{VERSION, number, push_text, string};
use crate::session::response::registered;
use crate::{Error, Secret, base64url};

/// Where to send the user, and what to remember until the response comes back.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    /// The URL to visit.
    pub url: String,
    /// Comes back with the response and identifies this request: 43 characters of base64url.
    pub state: String,
    /// Stays here, and goes out with the code.
    pub verifier: Secret<String>,
}

impl AuthorizationRequest {
    /// A request for a code, with the host's randomness.
    ///
    /// # Errors
    /// [`Error::InvalidArg`] if the host has none.
    pub fn random(
        endpoint: &str,
        client_id: &str,
        redirect_uri: &str,
        scope: Option<&str>,
    ) -> Result<Self, Error> {
        let random = random::bytes()
            .ok_or_else(|| Error::invalid_arg("session", "used on a host that has randomness"))?;
        Ok(Self::new(endpoint, client_id, redirect_uri, scope, &random))
    }

    /// As [`AuthorizationRequest::random`], with the caller's randomness. `random` comes from a source fit for keys, and is used for nothing else.
    #[must_use]
    pub fn new(
        endpoint: &str,
        client_id: &str,
        redirect_uri: &str,
        scope: Option<&str>,
        random: &[u8; 64],
    ) -> Self {
        let (for_state, for_verifier) = random.split_at(32);
        let state = base64url::encode(for_state);
        let verifier = base64url::encode(for_verifier);
        let challenge = base64url::encode(&Sha256::digest(verifier.as_bytes()));
        let mut query = String::new();
        let pairs = [
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", redirect_uri),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in pairs.into_iter().chain(scope.map(|scope| ("scope", scope))) {
            push_pair(&mut query, name, value);
        }
        let separator = if endpoint.contains('?') { '&' } else { '?' };
        Self { url: format!("{endpoint}{separator}{query}"), state, verifier: Secret::new(verifier) }
    }
}

/// Whether a text has the shape of [`AuthorizationRequest::state`] and of its verifier: 32 bytes in base64url.
fn is_nonce(text: &str) -> bool {
    text.len() == 43 && base64url::decode(text.as_bytes()).is_some()
}

/// The authorization requests of one session that wait for their response: the newest
/// [`MAX`](PendingAuthorizations::MAX), none older than [`LIFETIME_MS`](PendingAuthorizations::LIFETIME_MS).
///
/// Keep them as one record, apart from the session's, and write it by compare-and-set: then each request is completed
/// at most once, and nothing of a response that came back is ever part of a storage key.
///
/// # Example
///
/// ```
/// use tokenward::session::{AuthorizationRequest, AuthorizationResponse, PendingAuthorizations};
///
/// // 64 bytes from a source fit for keys.
/// let random = [7; 64];
/// let (endpoint, callback) = ("https://login.example.com/authorize", "https://app.example.com/callback");
/// let request = AuthorizationRequest::new(endpoint, "my-app", callback, Some("openid"), &random);
/// let mut pending = PendingAuthorizations::default();
/// pending.add(&request, 1_800_000_000_000);
/// let record = pending.to_text();
///
/// // The user visits `request.url` and comes back with a query.
/// let query = [("code", "abc"), ("state", &request.state), ("iss", "https://login.example.com")];
/// let query = query.map(|(name, value)| (name.to_owned(), value.to_owned()));
/// let response = AuthorizationResponse::read(query)?;
/// let mut pending = PendingAuthorizations::parse(record.reveal()).unwrap_or_default();
/// let verifier = pending.take(&response.state, 1_800_000_060_000).expect("a waiting request");
/// // Save what is left of the record before the code is used.
/// let code = response.into_code(Some("https://login.example.com"), true)?;
/// assert_eq!((code.reveal().as_str(), verifier.reveal().len()), ("abc", 43));
/// # Ok::<(), tokenward::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct PendingAuthorizations {
    /// The newest last.
    requests: Vec<Pending>,
}

#[derive(Clone, Debug)]
struct Pending {
    state: String,
    verifier: Secret<String>,
    /// When it was made, in Unix milliseconds.
    at_ms: u64,
}

impl PendingAuthorizations {
    /// How many requests wait at the same time. A further one displaces the oldest.
    pub const MAX: usize = 8;

    /// How long a request waits, in milliseconds: one hour, which is enough to sign up at the server first.
    pub const LIFETIME_MS: u64 = 3_600_000;

    /// Reads a record. `None` for any text that [`to_text`](Self::to_text) of this version did not write.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let record = Object::parse(text.as_bytes()).ok()?;
        let Some(Value::Array(pending)) = record.get("pending") else {
            return None;
        };
        if record.get("v").and_then(Value::as_number) != Some(VERSION) {
            return None;
        }
        let pending = pending.elements();
        let requests = pending.into_iter().map(Pending::parse).collect::<Option<Vec<_>>>()?;
        (requests.len() <= Self::MAX).then_some(Self { requests })
    }

    /// The record as text. The verifiers in it are secret.
    #[must_use]
    pub fn to_text(&self) -> Secret<String> {
        let mut text = String::with_capacity(1536);
        text.push_str("{\"v\":1,\"pending\":[");
        for (at, request) in self.requests.iter().enumerate() {
            text.push_str(if at == 0 { "{\"at\":" } else { ",{\"at\":" });
            text.push_str(&request.at_ms.to_string());
            push_text(&mut text, "state", &request.state);
            push_text(&mut text, "verifier", request.verifier.reveal());
            text.push('}');
        }
        text.push_str("]}");
        Secret::new(text)
    }

    /// Whether no request waits, so that the record can be removed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Adds a request at the time `now_ms` (Unix milliseconds), and drops those that are too old or too many.
    pub fn add(&mut self, request: &AuthorizationRequest, now_ms: u64) {
        self.expire(now_ms);
        if self.requests.len() >= Self::MAX {
            self.requests.remove(0);
        }
        self.requests.push(Pending {
            state: request.state.clone(),
            verifier: request.verifier.clone(),
            at_ms: now_ms,
        });
    }

    /// Removes the request with this state and returns its verifier, if it still waits at the time `now_ms` (Unix
    /// milliseconds).
    pub fn take(&mut self, state: &str, now_ms: u64) -> Option<Secret<String>> {
        self.expire(now_ms);
        let at = self.requests.iter().position(|request| request.state == state)?;
        Some(self.requests.remove(at).verifier)
    }

    /// A request that another machine dates a little into the future waits like any other.
    fn expire(&mut self, now_ms: u64) {
        self.requests.retain(|request| request.at_ms.abs_diff(now_ms) <= Self::LIFETIME_MS);
    }
}

impl Pending {
    fn parse(value: Value<'_>) -> Option<Self> {
        let Value::Object(object) = value else {
            return None;
        };
        let object = object.object();
        let nonce = |name| string(&object, name).filter(|text| is_nonce(text));
        Some(Self {
            state: nonce("state")?,
            verifier: Secret::new(nonce("verifier")?),
            at_ms: number(&object, "at")?,
        })
    }
}

/// The response of the authorization server, as the query of the redirect URL has it.
#[derive(Clone, Debug, Default)]
pub struct AuthorizationResponse {
    /// `state`.
    pub state: String,
    /// `code`.
    pub code: Option<Secret<String>>,
    /// `error`.
    pub error: Option<String>,
    /// `iss`.
    pub issuer: Option<String>,
}

impl AuthorizationResponse {
    /// Reads the names and values of a query, decoded. Parameters that are not of the protocol are ignored.
    ///
    /// # Errors
    /// [`Error::InvalidArg`] for a `state` that cannot be that of an [`AuthorizationRequest`], and for a parameter
    /// that is there twice (RFC 6749 §3.1).
    pub fn read(query: impl IntoIterator<Item = (String, String)>) -> Result<Self, Error> {
        let [mut state, mut code, mut error, mut issuer]: [Option<String>; 4] = Default::default();
        for (name, value) in query {
            let slot = match name.as_str() {
                "state" => &mut state,
                "code" => &mut code,
                "error" => &mut error,
                "iss" => &mut issuer,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(Self::not_ours());
            }
        }
        let state = state.filter(|state| is_nonce(state)).ok_or_else(Self::not_ours)?;
        Ok(Self { state, code: code.map(Secret::new), error, issuer })
    }

    /// The code, if the response is one of the expected issuer. `named`: the issuer's metadata say that its responses
    /// always name it (`authorization_response_iss_parameter_supported`).
    ///
    /// # Errors
    /// [`Error::LoginRejected`] if another issuer answered (RFC 9207 §2.4), or the user or the server refused;
    /// [`Error::InvalidArg`] if there is neither code nor error.
    pub fn into_code(self, issuer: Option<&str>, named: bool) -> Result<Secret<String>, Error> {
        // Before anything else of the response is used: another issuer's error is as foreign as its code.
        let is_foreign = match (issuer, &self.issuer) {
            (Some(expected), Some(named)) => expected != named,
            (Some(_), None) => named,
            (None, _) => false,
        };
        let rejected = |oauth_error| Error::LoginRejected { status: None, oauth_error };
        if is_foreign {
            return Err(rejected(None));
        }
        if let Some(error) = &self.error {
            return Err(rejected(registered(error)));
        }
        self.code.ok_or_else(Self::not_ours)
    }

    /// The error for a URL that answers no request of this session.
    pub(crate) fn not_ours() -> Error {
        Error::invalid_arg(
            "returned",
            "the URL that came back, for a request that this session began and has not completed",
        )
    }
}
