//! Which URLs may be asked for what is trusted, and which may carry a token.
//!
//! Nothing here parses a URL: the platform that will send the request has resolved it, and what it resolved is
//! what is judged. A second parser could read `\evil.example` or `a@b` another way.

use crate::Error;
use crate::error::UrlFault;

/// An absolute URL in the pieces that the platform's parser found (WHATWG URL §6.1, as `URL` in JavaScript or
/// `url::Url` in Rust names them).
#[derive(Clone, Copy, Debug)]
pub struct UrlParts<'a> {
    /// With its colon: `https:`.
    pub protocol: &'a str,
    /// Empty where there is none.
    pub username: &'a str,
    /// Empty where there is none.
    pub password: &'a str,
    /// In lower case and punycode, IPv6 in brackets.
    pub hostname: &'a str,
    /// Empty for the scheme's own port.
    pub port: &'a str,
    /// Dot segments resolved, percent-encoding untouched.
    pub pathname: &'a str,
    /// With its question mark, or empty.
    pub search: &'a str,
}

impl UrlParts<'_> {
    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> String {
        let colon = if self.port.is_empty() { "" } else { ":" };
        format!("{}//{}{colon}{}", self.protocol, self.hostname, self.port)
    }

    /// Checks that a token or a password may travel here, and that keys from here can be trusted.
    ///
    /// # Errors
    /// [`Error::InsecureUrl`] for a URL with credentials in it, and for anything but `https:`, or `http:` on a
    /// loopback host if `loopback` allows it.
    pub fn require_secure(&self, loopback: bool) -> Result<(), Error> {
        let fault = if !self.username.is_empty() || !self.password.is_empty() {
            UrlFault::Credentials
        } else if self.hostname.is_empty() {
            UrlFault::Syntax
        } else if self.protocol == "https:" || (loopback && self.is_http_loopback()) {
            return Ok(());
        } else {
            UrlFault::Scheme
        };
        Err(Error::InsecureUrl { fault })
    }

    /// [`require_secure`](Self::require_secure) for a URL that the metadata of `issuer` name, such as `jwks_uri` or
    /// `token_endpoint`: `http:` on a loopback host is allowed only if the issuer itself is there. Otherwise the owner
    /// of an https issuer could send requests, and the client's secret with them, to a port of this machine.
    ///
    /// A private https address cannot be told from a public one here: filter those in the function that sends the
    /// request.
    ///
    /// # Errors
    /// As [`require_secure`](Self::require_secure).
    pub fn require_secure_for(&self, issuer: &UrlParts<'_>, loopback: bool) -> Result<(), Error> {
        self.require_secure(loopback && issuer.is_http_loopback())
    }

    fn is_http_loopback(&self) -> bool {
        self.protocol == "http:" && is_loopback(self.hostname)
    }
}

/// `localhost`, 127.0.0.0/8 and `[::1]`. Subdomains of `localhost` are left out: RFC 6761 §6.3 reserves them, but many
/// resolvers ask DNS for them.
fn is_loopback(hostname: &str) -> bool {
    let is_octet = |number: &str| {
        matches!(number.len(), 1..=3)
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && number.parse::<u8>().is_ok()
    };
    let numbers = || hostname.split('.');
    let is_v4 = numbers().next() == Some("127") && numbers().count() == 4 && numbers().all(is_octet);
    is_v4 || hostname == "[::1]" || hostname == "localhost"
}
