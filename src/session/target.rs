//! Which URLs may carry a token.

use crate::Error;
use crate::url::UrlParts;

/// As many redirects as the Fetch Standard follows.
const MAX_REDIRECTS: u32 = 20;

/// A request and the redirect that answers it.
#[derive(Clone, Copy, Debug)]
pub struct Redirected<'a> {
    /// The status of the response.
    pub status: u16,
    /// How many redirects were followed before.
    pub followed: u32,
    /// The method of the request, in capitals.
    pub method: &'a str,
    /// Whether the body cannot be sent again.
    pub once: bool,
    /// Whether the request carried the token.
    pub signed: bool,
    /// The scheme of the target, with its colon; empty if `Location` is no URL for the platform.
    pub protocol: &'a str,
    /// Whether the target is on another origin.
    pub crosses: bool,
    /// Whether [`Resources::admit`] admits the target.
    pub inside: bool,
}

impl Redirected<'_> {
    /// Decides as the Fetch Standard does ("HTTP-redirect fetch"), except that the token stays with the request while the
    /// targets are resources. Once it is left behind it stays behind: otherwise a server outside could send it to any
    /// resource it likes.
    ///
    /// # Errors
    /// [`Error::BodyNotReplayable`] if the redirect needs the body again.
    pub fn follow(&self) -> Result<Redirect, Error> {
        let Self { status, followed, once, .. } = *self;
        if !matches!(status, 301..=303 | 307 | 308) {
            return Ok(Redirect::Final);
        }
        if followed >= MAX_REDIRECTS || !matches!(self.protocol, "http:" | "https:") {
            return Ok(Redirect::Broken);
        }
        if once && status != 303 {
            return Err(Error::BodyNotReplayable);
        }
        let becomes_get = match self.method {
            "GET" | "HEAD" => false,
            "POST" => status <= 303,
            _ => status == 303,
        };
        let of_body: &[_] = if becomes_get { &OF_THE_BODY } else { &[] };
        let of_origin: &[_] = if self.crosses { &OF_THE_ORIGIN } else { &[] };
        Ok(Redirect::Follow {
            becomes_get,
            signed: self.signed && self.inside,
            dropped: [of_body, of_origin].concat(),
        })
    }
}

/// What to do with a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// Not a redirect: this is the response.
    Final,
    /// Fail: fetch would not follow it.
    Broken,
    /// Send another request.
    Follow {
        /// As a `GET` without a body.
        becomes_get: bool,
        /// With the token.
        signed: bool,
        /// Without the header fields of these names.
        dropped: Vec<&'static str>,
    },
}

/// Header fields that describe a body.
const OF_THE_BODY: [&str; 5] =
    ["content-encoding", "content-language", "content-length", "content-location", "content-type"];

/// Header fields that must not reach another origin. `Authorization` is set for each request.
const OF_THE_ORIGIN: [&str; 3] = ["cookie", "host", "proxy-authorization"];

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
    /// No resource yet. `loopback` allows `http:` on loopback hosts.
    #[must_use]
    pub const fn new(loopback: bool) -> Self {
        Self { places: Vec::new(), loopback }
    }

    /// Adds an origin with a path: `https://api.example.com/v1/` means `/v1` and everything below it.
    ///
    /// # Errors
    /// [`Error::InsecureUrl`] as [`UrlParts::require_secure`]; [`Error::InvalidArg`] for a URL with a query, or with a
    /// path that hides dot segments.
    pub fn add(&mut self, url: &UrlParts<'_>) -> Result<(), Error> {
        url.require_secure(self.loopback)?;
        if !url.search.is_empty() || hides_dot_segment(url.pathname) {
            return Err(Error::invalid_arg("resources", "origins, each with a plain path"));
        }
        let path = url.pathname.strip_suffix('/').unwrap_or(url.pathname).to_owned();
        self.places.push(Place { origin: url.origin(), path });
        Ok(())
    }

    /// Whether `url` is inside one of the resources. Whole segments are compared, with case: `/v1` includes `/v1/users`,
    /// and neither `/v10` nor `/V1`. A path that any decoder could lead out of the resource is outside.
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
                // A server that decodes a path before it routes could be led out of any resource but a whole origin.
                && (place.path.is_empty() || !hides_dot_segment(url.pathname))
        });
        if inside {
            url.require_secure(self.loopback)?;
        }
        Ok(inside)
    }

    /// Whether a resource is narrower than its origin, so that a redirect within the origin can leave it.
    #[must_use]
    pub fn has_paths(&self) -> bool {
        self.places.iter().any(|place| !place.path.is_empty())
    }
}

/// Whether some decoder would find a segment `.` or `..` in a path: one that undoes percent-encoding once or more
/// often, splits at `\`, cuts a segment at `;`, `?`, `#` or NUL, trims spaces, drops control characters, or accepts
/// overlong UTF-8 and the look-alikes of dots and slashes.
fn hides_dot_segment(pathname: &str) -> bool {
    let mut path = pathname.as_bytes().to_vec();
    // Each round undoes one layer of encoding. No server undoes more layers than these.
    for _ in 0..4 {
        if path.split(|byte| matches!(byte, b'/' | b'\\')).any(is_dot_segment) {
            return true;
        }
        let decoded = plain(&percent_decode(&path));
        if decoded == path {
            return false;
        }
        path = decoded;
    }
    true
}

/// Whether a segment is made of dots alone, or of dots and then a byte that a decoder may drop, decode or take for the
/// end. Names such as `.well-known` and `..draft` are not.
fn is_dot_segment(segment: &[u8]) -> bool {
    let mut bytes = segment.iter().skip_while(|byte| !byte.is_ascii_graphic()).peekable();
    bytes.peek() == Some(&&b'.')
        && bytes
            .find(|byte| **byte != b'.')
            .is_none_or(|byte| !(byte.is_ascii_alphanumeric() || b"-_~@".contains(byte)))
}

/// Undoes one layer of percent-encoding, `%u002e` of old servers included.
fn percent_decode(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, after)) = rest.split_first() {
        let long = after.strip_prefix(b"u").or_else(|| after.strip_prefix(b"U"));
        let wide = long.and_then(|digits| char::from_u32(hex(digits.get(..4))?));
        rest = if byte != b'%' {
            decoded.push(byte);
            after
        } else if let Some(wide) = wide {
            decoded.extend_from_slice(wide.encode_utf8(&mut [0; 4]).as_bytes());
            after.get(5..).unwrap_or_default()
        } else if let Some(code) = hex(after.get(..2)) {
            decoded.push(code as u8);
            after.get(2..).unwrap_or_default()
        } else {
            decoded.push(byte);
            after
        };
    }
    decoded
}

fn hex(digits: Option<&[u8]>) -> Option<u32> {
    digits?.iter().try_fold(0, |number, digit| Some(number * 16 + char::from(*digit).to_digit(16)?))
}

/// Dots and slashes in overlong UTF-8, and what compatibility mappings and best-fit code pages turn into them.
const LOOK_ALIKES: [(u8, &[&[u8]]); 2] = [
    (
        b'.',
        &[
            b"\xc0\xae",
            b"\xe0\x80\xae",
            b"\xf0\x80\x80\xae",
            "\u{2024}".as_bytes(),
            "\u{2025}".as_bytes(),
            "\u{2026}".as_bytes(),
            "\u{3002}".as_bytes(),
            "\u{fe52}".as_bytes(),
            "\u{ff0e}".as_bytes(),
            "\u{ff61}".as_bytes(),
        ],
    ),
    (
        b'/',
        &[
            b"\xc0\xaf",
            b"\xe0\x80\xaf",
            b"\xf0\x80\x80\xaf",
            b"\xc1\x9c",
            b"\xe0\x81\x9c",
            b"\xf0\x80\x81\x9c",
            "\u{2044}".as_bytes(),
            "\u{2215}".as_bytes(),
            "\u{2216}".as_bytes(),
            "\u{fe68}".as_bytes(),
            "\u{ff0f}".as_bytes(),
            "\u{ff3c}".as_bytes(),
        ],
    ),
];

/// The path with plain dots and slashes in the place of their look-alikes.
fn plain(path: &[u8]) -> Vec<u8> {
    let mut written = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, after)) = rest.split_first() {
        let meant = LOOK_ALIKES.iter().find_map(|(meant, written)| {
            written.iter().find_map(|each| rest.strip_prefix(*each)).map(|after| (*meant, after))
        });
        let (byte, after) = meant.unwrap_or((byte, after));
        written.push(byte);
        rest = after;
    }
    written
}
