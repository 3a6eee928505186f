//! Which URLs may carry a token, and which may be asked for one.
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

    /// Whether a token or a password may travel here.
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

/// The places where the token may go: origins, each with a path and everything below it.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    places: Vec<Place>,
    loopback: bool,
}

#[derive(Clone, Debug)]
struct Place {
    origin: String,
    /// Without its last slash.
    path: String,
}

impl Resources {
    /// No place at all. `loopback` allows `http:` on loopback hosts.
    #[must_use]
    pub const fn new(loopback: bool) -> Self {
        Self { places: Vec::new(), loopback }
    }

    /// Adds an origin with a path: `https://api.example.com/v1/` means `/v1` and everything below it.
    ///
    /// # Errors
    /// [`Error::InsecureUrl`] where a token could not go there at all; [`Error::InvalidArg`] for a URL with a query,
    /// or with a path that hides dot segments.
    pub fn add(&mut self, url: &UrlParts<'_>) -> Result<(), Error> {
        url.require_secure(self.loopback)?;
        if !url.search.is_empty() || hides_dot_segment(url.pathname) {
            return Err(Error::invalid_arg("resources", "origins, each with a plain path"));
        }
        let path = url.pathname.strip_suffix('/').unwrap_or(url.pathname).to_owned();
        self.places.push(Place { origin: url.origin(), path });
        Ok(())
    }

    /// Whether `url` lies inside one of the places. Whole segments are compared, exactly: `/v1` holds `/v1/users`
    /// and neither `/v10` nor `/V1`.
    ///
    /// # Errors
    /// [`Error::InsecureUrl`] for a URL inside that carries a user name or password.
    pub fn admit(&self, url: &UrlParts<'_>) -> Result<bool, Error> {
        let origin = url.origin();
        let inside = self.places.iter().any(|place| {
            place.origin == origin
                && url.pathname.strip_prefix(place.path.as_str()).is_some_and(|rest| {
                    rest.is_empty() || rest.starts_with('/')
                })
                // Below the root, a server that decodes before it routes could be led out of the path.
                && (place.path.is_empty() || !hides_dot_segment(url.pathname))
        });
        if inside {
            url.require_secure(self.loopback)?;
        }
        Ok(inside)
    }

    /// Whether some place is narrower than its origin, so that a redirect within one origin can leave it.
    #[must_use]
    pub fn has_paths(&self) -> bool {
        self.places.iter().any(|place| !place.path.is_empty())
    }
}

/// Whether decoding `%2e`, `%2f` and `%5c`, once or more often, would give a segment `.` or `..`.
fn hides_dot_segment(pathname: &str) -> bool {
    let mut path = pathname.to_ascii_lowercase();
    // Each round undoes one layer of "%25"; more layers than these no server peels off.
    for _ in 0..4 {
        path = path.replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\");
        if path
            .split(['/', '\\'])
            .any(|segment| segment == "." || segment == ".." || segment.starts_with("..;"))
        {
            return true;
        }
        let peeled = path.replace("%25", "%");
        if peeled == path {
            return false;
        }
        path = peeled;
    }
    true
}
