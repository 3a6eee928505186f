//! How tokens are obtained: descriptions of requests that the host sends.

use crate::json::push_string;
use crate::session::response::{Fields, Question};
use crate::session::state::TokenSet;
use crate::url::UrlParts;
use crate::{Error, Secret, base64url};

/// What a sign-in needs from outside, kept only from the moment it is given until the request is built.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credentials {
    /// For [`Grant::JsonLogin`].
    Password {
        /// The user name.
        username: Secret<String>,
        /// The password.
        password: Secret<String>,
    },
    /// For [`Flow::AuthorizationCode`].
    Code {
        /// The authorization code that came back.
        code: Secret<String>,
        /// The secret half of the PKCE challenge that went out (RFC 7636 §4.1).
        verifier: Secret<String>,
    },
}

/// An HTTP request to the authorization server. Redirects are not followed.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// The URL, as it was configured; empty where `endpoint` says where it stands.
    pub url: String,
    /// The endpoint of the issuer's metadata that the request goes to.
    pub endpoint: Option<Endpoint>,
    /// Field names and values.
    pub headers: Vec<(String, Secret<String>)>,
    /// The body.
    pub body: Secret<String>,
    /// Whether it must outlive the page. True only for revocation: a refresh whose answer is lost would use up the
    /// refresh token.
    pub keepalive: bool,
    /// Whether the cookies of that origin go with it.
    pub cookies: bool,
}

/// An endpoint that stands in the issuer's metadata, [`Metadata`](super::Metadata).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `token_endpoint`.
    Token,
    /// `revocation_endpoint`.
    Revocation,
}

impl Endpoint {
    /// Its name in the metadata.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token_endpoint",
            Self::Revocation => "revocation_endpoint",
        }
    }
}

/// How a token request is made.
#[derive(Clone, Debug)]
pub(crate) enum Demand {
    Send(Request),
    Call(Purpose, Option<Secret<String>>),
}

/// What one of the caller's own functions is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Tokens, from nothing.
    Acquire,
    /// Tokens, for a refresh token.
    Refresh,
    /// That a token be forgotten.
    Revoke,
}

impl Purpose {
    /// The word as JavaScript sees it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acquire => "acquire",
            Self::Refresh => "refresh",
            Self::Revoke => "revoke",
        }
    }
}

/// How a session obtains its tokens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Grant {
    /// The refresh token lives in an `HttpOnly` cookie that no script ever sees.
    CookieRefresh(CookieRefresh),
    /// The caller's own functions.
    Custom(Custom),
    /// A first-party login API: user name and password in, tokens out, all JSON.
    JsonLogin(JsonLogin),
    /// OAuth 2.0 (RFC 6749).
    OAuth(OAuth),
}

/// `POST` with the cookie and one header, which forces a preflight on other origins' pages.
#[derive(Clone, Debug)]
pub struct CookieRefresh {
    /// Where the cookie is turned into an access token.
    pub url: String,
    /// Name and value of the header.
    pub header: (String, String),
}

/// Which functions the caller has.
#[derive(Clone, Copy, Debug)]
pub struct Custom {
    /// Gets tokens from nothing.
    pub acquires: bool,
    /// Gets tokens for a refresh token.
    pub refreshes: bool,
    /// Revokes a token.
    pub revokes: bool,
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

/// A client of an authorization server.
#[derive(Clone, Debug)]
pub struct OAuth {
    /// RFC 6749 §3.2; where there is none, the issuer's metadata has it.
    pub token_endpoint: Option<String>,
    /// RFC 7009; where there is none, the issuer's metadata may have it.
    pub revocation_endpoint: Option<String>,
    /// Whether there is an issuer whose metadata can be read. Without one, nothing is revoked at an endpoint that is not
    /// given.
    pub has_issuer: bool,
    /// RFC 6749 §2.2.
    pub client_id: String,
    /// RFC 6749 §2.3.1.
    pub client_secret: Option<Secret<String>>,
    /// How the client proves who it is.
    pub client_auth: ClientAuth,
    /// The scopes asked for, separated by spaces.
    pub scope: Option<String>,
    /// How the first tokens are obtained.
    pub flow: Flow,
}

/// How a client proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_secret_basic`.
    Basic,
    /// `none`: a public client.
    None,
    /// `client_secret_post`.
    Post,
}

/// How an OAuth client obtains its first tokens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Flow {
    /// RFC 6749 §4.1 with PKCE.
    AuthorizationCode {
        /// Where the code comes back.
        redirect_uri: String,
    },
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// A refresh token that the client was given.
    RefreshToken {
        /// The token.
        refresh_token: Option<Secret<String>>,
    },
}

/// The URL of an endpoint that will be sent credentials, checked.
///
/// # Errors
/// [`Error::InsecureUrl`].
pub fn endpoint(url: &UrlParts<'_>, loopback: bool) -> Result<String, Error> {
    url.require_secure(loopback)?;
    Ok(text_of(url))
}

/// The URL of an endpoint that the metadata of `issuer` name, checked.
///
/// # Errors
/// [`Error::InsecureUrl`], also for `http:` on a loopback host unless the issuer itself is there.
pub fn named_endpoint(url: &UrlParts<'_>, issuer: &UrlParts<'_>, loopback: bool) -> Result<String, Error> {
    url.require_secure_for(issuer, loopback)?;
    Ok(text_of(url))
}

fn text_of(url: &UrlParts<'_>) -> String {
    format!("{}{}{}", url.origin(), url.pathname, url.search)
}

impl Grant {
    pub(crate) const fn question(&self, refresh: bool) -> Question {
        Question {
            is_login: !refresh && self.needs_credentials(),
            is_cookie: matches!(self, Self::CookieRefresh(_)),
            strict: matches!(self, Self::OAuth(_)),
        }
    }

    pub(crate) fn fields(&self) -> Fields {
        match self {
            Self::JsonLogin(login) => login.fields.clone(),
            _ => Fields::default(),
        }
    }

    /// Whether a sign-in needs something from outside.
    pub(crate) const fn needs_credentials(&self) -> bool {
        match self {
            Self::JsonLogin(_) => true,
            Self::OAuth(oauth) => matches!(oauth.flow, Flow::AuthorizationCode { .. }),
            Self::CookieRefresh(_) | Self::Custom(_) => false,
        }
    }

    /// Refuses a sign-in with what this grant does not take, or without what it needs.
    pub(crate) fn check_login(&self, credentials: Option<&Credentials>) -> Result<(), Error> {
        let is_code = matches!(self, Self::OAuth(OAuth { flow: Flow::AuthorizationCode { .. }, .. }));
        let (name, expected) = match (self, credentials) {
            (Self::JsonLogin(_), Some(Credentials::Password { .. })) => return Ok(()),
            (_, Some(Credentials::Code { .. })) if is_code => return Ok(()),
            (_, None) if self.is_unattended() => return Ok(()),
            (Self::JsonLogin(_), _) => ("credentials", "a user name and a password"),
            _ if is_code => ("credentials", "left to beginAuthorization and completeAuthorization"),
            (_, Some(_)) => ("credentials", "left out: only jsonLogin takes them"),
            (_, None) => ("grant", "one that can sign in: this one has nothing to do it with"),
        };
        Err(Error::invalid_arg(name, expected))
    }

    /// Whether the session can sign in by itself.
    pub(crate) const fn is_unattended(&self) -> bool {
        match self {
            Self::CookieRefresh(_) => true,
            Self::Custom(custom) => custom.acquires,
            Self::JsonLogin(login) => login.asks,
            Self::OAuth(oauth) => match &oauth.flow {
                Flow::AuthorizationCode { .. } => false,
                Flow::ClientCredentials => true,
                Flow::RefreshToken { refresh_token } => refresh_token.is_some(),
            },
        }
    }

    /// Whether a refresh token can be used, where one was given.
    pub(crate) const fn can_refresh(&self) -> bool {
        !matches!(self, Self::Custom(Custom { refreshes: false, .. }))
    }

    /// Whether what the first sign-in is made with works once only.
    pub(crate) const fn signs_in_once(&self) -> bool {
        matches!(self, Self::OAuth(OAuth { flow: Flow::RefreshToken { .. }, .. }))
    }

    /// Whether a sign-in uses up what the next one would be made with: a cookie that may rotate, or a given refresh token.
    pub(crate) const fn uses_up(&self) -> bool {
        matches!(self, Self::CookieRefresh(_)) || self.signs_in_once()
    }

    /// Whether refresh tokens may be single-use, so that the store must be strongly consistent.
    #[must_use]
    pub const fn may_rotate(&self) -> bool {
        match self {
            Self::CookieRefresh(_) => false,
            Self::Custom(custom) => custom.refreshes,
            Self::JsonLogin(_) => true,
            Self::OAuth(oauth) => !matches!(oauth.flow, Flow::ClientCredentials),
        }
    }

    pub(crate) fn sign_in(&self, credentials: Option<Credentials>) -> Demand {
        match (self, credentials) {
            (Self::CookieRefresh(cookie), _) => Demand::Send(cookie.request()),
            (Self::Custom(_), _) => Demand::Call(Purpose::Acquire, None),
            (Self::JsonLogin(login), credentials) => {
                let mut body = String::from("{");
                if let Some(Credentials::Password { username, password }) = credentials {
                    body.push_str("\"username\":");
                    push_string(&mut body, username.reveal());
                    body.push_str(",\"password\":");
                    push_string(&mut body, password.reveal());
                }
                body.push('}');
                Demand::Send(json_post(&login.token_url, body))
            }
            (Self::OAuth(oauth), credentials) => Demand::Send(oauth.sign_in(credentials)),
        }
    }

    pub(crate) fn refresh(&self, refresh_token: &Secret<String>) -> Demand {
        match self {
            Self::CookieRefresh(cookie) => Demand::Send(cookie.request()),
            Self::Custom(_) => Demand::Call(Purpose::Refresh, Some(refresh_token.clone())),
            Self::JsonLogin(login) => {
                let url = login.refresh_url.as_ref().unwrap_or(&login.token_url);
                Demand::Send(json_post(url, login.refresh_body(refresh_token)))
            }
            Self::OAuth(oauth) => {
                let form =
                    [("grant_type", "refresh_token"), ("refresh_token", refresh_token.reveal().as_str())];
                Demand::Send(oauth.post(oauth.token_endpoint.as_deref(), Endpoint::Token, &form))
            }
        }
    }

    /// What revokes `tokens`; nothing where nothing can be revoked.
    pub(crate) fn revoke(&self, tokens: &TokenSet) -> Vec<Demand> {
        let newest = tokens.refresh.as_ref().unwrap_or(&tokens.access);
        match self {
            Self::CookieRefresh(_) => Vec::new(),
            Self::Custom(custom) if custom.revokes => {
                vec![Demand::Call(Purpose::Revoke, Some(newest.clone()))]
            }
            Self::Custom(_) => Vec::new(),
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
                vec![Demand::Send(request)]
            }
            Self::OAuth(oauth) => oauth.revoke(tokens),
        }
    }
}

impl CookieRefresh {
    fn request(&self) -> Request {
        let (name, value) = &self.header;
        Request {
            method: "POST",
            url: self.url.clone(),
            endpoint: None,
            headers: vec![
                ("accept".to_owned(), Secret::new("application/json".to_owned())),
                (name.clone(), Secret::new(value.clone())),
            ],
            body: Secret::default(),
            keepalive: false,
            cookies: true,
        }
    }
}

impl OAuth {
    fn sign_in(&self, credentials: Option<Credentials>) -> Request {
        let mut form = Vec::new();
        match &self.flow {
            Flow::AuthorizationCode { redirect_uri } => {
                form.push(("grant_type", "authorization_code"));
                if let Some(Credentials::Code { code, verifier }) = &credentials {
                    form.push(("code", code.reveal().as_str()));
                    form.push(("code_verifier", verifier.reveal().as_str()));
                }
                form.push(("redirect_uri", redirect_uri.as_str()));
            }
            Flow::ClientCredentials => form.push(("grant_type", "client_credentials")),
            Flow::RefreshToken { refresh_token } => {
                form.push(("grant_type", "refresh_token"));
                if let Some(token) = refresh_token {
                    form.push(("refresh_token", token.reveal().as_str()));
                }
            }
        }
        if let (Some(scope), false) = (&self.scope, matches!(self.flow, Flow::AuthorizationCode { .. })) {
            form.push(("scope", scope.as_str()));
        }
        self.post(self.token_endpoint.as_deref(), Endpoint::Token, &form)
    }

    /// RFC 7009 §2.1. The refresh token first: with it, servers revoke the whole grant.
    fn revoke(&self, tokens: &TokenSet) -> Vec<Demand> {
        if self.revocation_endpoint.is_none() && !self.has_issuer {
            return Vec::new();
        }
        let mut demands = Vec::with_capacity(2);
        for (token, hint) in
            [(tokens.refresh.as_ref(), "refresh_token"), (Some(&tokens.access), "access_token")]
        {
            let Some(token) = token else {
                continue;
            };
            let form = [("token", token.reveal().as_str()), ("token_type_hint", hint)];
            let mut request = self.post(self.revocation_endpoint.as_deref(), Endpoint::Revocation, &form);
            request.keepalive = true;
            demands.push(Demand::Send(request));
        }
        demands
    }

    /// A request to `url`, or to the endpoint of that name in the metadata.
    fn post(&self, url: Option<&str>, endpoint: Endpoint, form: &[(&str, &str)]) -> Request {
        let mut body = String::new();
        for (name, value) in form {
            push_pair(&mut body, name, value);
        }
        let header = |name: &str, value: &str| (name.to_owned(), Secret::new(value.to_owned()));
        let mut headers = vec![
            header("accept", "application/json"),
            header("content-type", "application/x-www-form-urlencoded"),
        ];
        match (&self.client_secret, self.client_auth) {
            (Some(secret), ClientAuth::Basic) => {
                // Both are form-encoded before they are joined (RFC 6749 §2.3.1).
                let mut pair = String::new();
                push_encoded(&mut pair, &self.client_id);
                pair.push(':');
                push_encoded(&mut pair, secret.reveal());
                let pair = Secret::new(pair);
                let basic = Secret::new(format!("Basic {}", base64(pair.reveal().as_bytes())));
                headers.push(("authorization".to_owned(), basic));
            }
            (Some(secret), ClientAuth::Post) => {
                push_pair(&mut body, "client_id", &self.client_id);
                push_pair(&mut body, "client_secret", secret.reveal());
            }
            _ => push_pair(&mut body, "client_id", &self.client_id),
        }
        Request {
            method: "POST",
            url: url.unwrap_or_default().to_owned(),
            endpoint: url.is_none().then_some(endpoint),
            headers,
            body: Secret::new(body),
            keepalive: false,
            cookies: false,
        }
    }
}

/// Appends `name=value` to an `application/x-www-form-urlencoded` body.
pub(crate) fn push_pair(body: &mut String, name: &str, value: &str) {
    if !body.is_empty() {
        body.push('&');
    }
    push_encoded(body, name);
    body.push('=');
    push_encoded(body, value);
}

fn push_encoded(text: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            for four in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(four), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
}

/// base64 with padding, which only HTTP Basic wants.
fn base64(bytes: &[u8]) -> String {
    let mut text: String = base64url::encode(bytes)
        .chars()
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
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
        endpoint: None,
        headers: vec![header("accept"), header("content-type")],
        body: Secret::new(body),
        keepalive: false,
        cookies: false,
    }
}
