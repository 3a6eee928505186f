//! The two ends of an authorization code grant (RFC 6749 §4.1) with PKCE (RFC 7636) and issuer check (RFC 9207).

use sha2::{Digest, Sha256};

use crate::session::grant::push_pair;
use crate::session::response::registered;
use crate::{Error, Secret, base64url};

/// Where to send the user, and what to remember until they come back.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    /// The URL to visit.
    pub url: String,
    /// Comes back with the user and names this attempt.
    pub state: String,
    /// Stays here, and goes out with the code.
    pub verifier: Secret<String>,
}

impl AuthorizationRequest {
    /// A request for a code. `random` comes from a source fit for keys, and is used for nothing else.
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

/// What came back with the user, as the query of the redirect URL says it.
#[derive(Clone, Debug, Default)]
pub struct AuthorizationResponse {
    /// `code`.
    pub code: Option<Secret<String>>,
    /// `error`.
    pub error: Option<String>,
    /// `iss`.
    pub issuer: Option<String>,
}

impl AuthorizationResponse {
    /// The code, where the response is one of the expected issuer. `named` says that this issuer's responses always
    /// name it.
    ///
    /// # Errors
    /// [`Error::LoginRejected`] where the user or the server refused, or another issuer answered;
    /// [`Error::InvalidArg`] where there is neither code nor error.
    pub fn into_code(self, issuer: Option<&str>, named: bool) -> Result<Secret<String>, Error> {
        // A response that names another issuer belongs to an attack (RFC 9207 §2.4).
        let foreign = match (issuer, &self.issuer) {
            (Some(expected), Some(named)) => expected != named,
            (Some(_), None) => named,
            (None, _) => false,
        };
        if let Some(error) = &self.error {
            return Err(Error::LoginRejected { status: None, oauth_error: registered(error) });
        }
        if foreign {
            return Err(Error::LoginRejected { status: None, oauth_error: None });
        }
        self.code.ok_or_else(|| {
            Error::invalid_arg("returned", "the URL that the authorization server redirected to")
        })
    }
}
