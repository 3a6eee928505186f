//! How tokens are obtained: pure descriptions of requests, sent by somebody else.

use crate::json::push_string;
use crate::session::response::{Fields, Question};
use crate::session::token::TokenSet;
use crate::url::UrlParts;
use crate::{Error, Secret};

/// A user name and a password, kept only from the moment they are given until the request is built.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user name.
    pub username: Secret<String>,
    /// The password.
    pub password: Secret<String>,
}

/// An HTTP request to the authorization server. Redirects are not followed.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// The URL, as it was configured.
    pub url: String,
    /// Field names and values.
    pub headers: Vec<(String, Secret<String>)>,
    /// The body.
    pub body: Secret<String>,
    /// Whether it must outlive the page. True for revocation only: a refresh that nobody hears the answer of would
    /// use up the refresh token.
    pub keepalive: bool,
}

/// How a session obtains its tokens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Grant {
    /// A first-party login API: user name and password in, tokens out, all JSON.
    JsonLogin(JsonLogin),
}

/// `POST {username, password}`; answers `{token, refresh_token, token_type, expires_in}`; a refresh posts
/// `{refresh_token}`.
#[derive(Clone, Debug)]
pub struct JsonLogin {
    /// Where user name and password go.
    pub token_url: String,
    /// Where the refresh token goes; the token URL where there is none.
    pub refresh_url: Option<String>,
    /// Where both tokens are revoked at logout: the access token as Bearer, the refresh token in the body.
    pub revoke_url: Option<String>,
    /// Whether user name and password can be asked for when nothing else is left.
    pub asks: bool,
    /// Where the members of the answer stand. The refresh token is posted under the same name.
    pub fields: Fields,
}

/// The URL of an endpoint that will be sent credentials, checked.
///
/// # Errors
/// [`Error::InsecureUrl`].
pub fn endpoint(url: &UrlParts<'_>, loopback: bool) -> Result<String, Error> {
    url.require_secure(loopback)?;
    Ok(format!("{}{}{}", url.origin(), url.pathname, url.search))
}

impl Grant {
    pub(crate) const fn question(&self, refresh: bool) -> Question {
        match self {
            Self::JsonLogin(_) => Question { refresh, strict: false },
        }
    }

    pub(crate) const fn fields(&self) -> &Fields {
        match self {
            Self::JsonLogin(login) => &login.fields,
        }
    }

    /// Whether a sign-in needs a user name and a password.
    pub(crate) const fn needs_credentials(&self) -> bool {
        match self {
            Self::JsonLogin(_) => true,
        }
    }

    /// Whether the session can sign in by itself.
    pub(crate) const fn is_unattended(&self) -> bool {
        match self {
            Self::JsonLogin(login) => login.asks,
        }
    }

    /// Whether refresh tokens may be single-use, so that the store must be strongly consistent.
    #[must_use]
    pub const fn may_rotate(&self) -> bool {
        match self {
            Self::JsonLogin(_) => true,
        }
    }

    pub(crate) fn sign_in(&self, credentials: Option<Credentials>) -> Request {
        match self {
            Self::JsonLogin(login) => {
                let mut body = String::from("{\"username\":");
                if let Some(credentials) = credentials {
                    push_string(&mut body, credentials.username.reveal());
                    body.push_str(",\"password\":");
                    push_string(&mut body, credentials.password.reveal());
                }
                body.push('}');
                json_post(&login.token_url, body)
            }
        }
    }

    pub(crate) fn refresh(&self, refresh_token: &Secret<String>) -> Request {
        match self {
            Self::JsonLogin(login) => {
                let url = login.refresh_url.as_ref().unwrap_or(&login.token_url);
                json_post(url, login.refresh_body(refresh_token))
            }
        }
    }

    /// The requests that revoke `tokens`; none where nothing can be revoked.
    pub(crate) fn revoke(&self, tokens: &TokenSet) -> Vec<Request> {
        match self {
            Self::JsonLogin(login) => {
                let Some(url) = &login.revoke_url else {
                    return Vec::new();
                };
                let body = tokens
                    .refresh
                    .as_ref()
                    .map_or_else(|| "{}".to_owned(), |token| login.refresh_body(token));
                let mut request = json_post(url, body);
                let bearer = format!("Bearer {}", tokens.access.reveal());
                request.headers.push(("authorization".to_owned(), Secret::new(bearer)));
                request.keepalive = true;
                vec![request]
            }
        }
    }
}

impl JsonLogin {
    fn refresh_body(&self, refresh_token: &Secret<String>) -> String {
        let mut body = String::from("{");
        push_string(&mut body, self.fields.refresh_token.as_deref().unwrap_or("refresh_token"));
        body.push(':');
        push_string(&mut body, refresh_token.reveal());
        body.push('}');
        body
    }
}

fn json_post(url: &str, body: String) -> Request {
    let header = |name: &str| (name.to_owned(), Secret::new("application/json".to_owned()));
    Request {
        method: "POST",
        url: url.to_owned(),
        headers: vec![header("accept"), header("content-type")],
        body: Secret::new(body),
        keepalive: false,
    }
}
