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

    /// Whether a token or a password may travel here, and whether keys from here can be trusted.
    ///
    /// # Errors
    /// [`Error::InsecureUrl`] for a URL with credentials in it, and for anything but `https:`, or `http:` on a
    /// loopback host where `loopback` allows it.
    pub fn require_secure(&self, loopback: bool) -> Result<(), Error> {
        let fault = if !self.username.is_empty() || !self.password.is_empty() {
            UrlFault::Credentials
        } else if self.hostname.is_empty() {
            UrlFault::Syntax
        } else if self.protocol == "https:"
            || (loopback && self.protocol == "http:" && is_loopback(self.hostname))
        {
            return Ok(());
        } else {
            UrlFault::Scheme
        };
        Err(Error::InsecureUrl { fault })
    }
}

/// `localhost` and what ends in it, 127.0.0.0/8 and `::1`: hosts that never leave the machine (RFC 6761 §6.3).
fn is_loopback(hostname: &str) -> bool {
    let mut numbers = hostname.split('.');
    let v4 = numbers.next() == Some("127")
        && hostname.split('.').count() == 4
        && numbers.all(|number| number.len() <= 3 && number.parse::<u8>().is_ok());
    v4 || hostname == "[::1]" || hostname == "localhost" || hostname.ends_with(".localhost")
}
