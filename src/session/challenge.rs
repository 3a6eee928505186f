//! `WWW-Authenticate` as resource servers really send it (RFC 9110 §11.6.1).
//!
//! One field value may hold several challenges, and the comma separates both challenges and their parameters.
//! Nothing is refused here: what cannot be read is left out, because a half-readable 401 is still a 401.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// One challenge: a scheme with either a token68 or parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme as written; it compares case-insensitively.
    pub scheme: String,
    /// The single value of schemes such as `Negotiate`.
    pub token68: Option<String>,
    /// Parameters in the order written. Names are in lower case; of a name that occurs twice, the first counts.
    pub params: Vec<(String, String)>,
}

impl Challenge {
    /// Whether this is the Bearer scheme (RFC 6750 §3).
    #[must_use]
    pub fn is_bearer(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("bearer")
    }

    /// The value of the parameter called `name`, which is in lower case.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The longest field value that is read, in bytes. Servers send a few hundred, and HTTP stacks refuse headers from 8 to
/// 64 KiB on.
const MAX_LENGTH: usize = 16_384;

/// The challenges of a `WWW-Authenticate` value, in the order written. Fields that occurred several times are
/// joined by commas first, as HTTP allows. Only what ends within the first 16,384 bytes is read.
#[must_use]
pub fn parse_challenges(value: &str) -> Vec<Challenge> {
    let mut reader = Reader { text: bounded(value), at: 0 };
    let mut challenges: Vec<Challenge> = Vec::new();
    loop {
        reader.skip(|byte| matches!(byte, b' ' | b'\t' | b','));
        if reader.peek().is_none() {
            challenges.iter_mut().for_each(Challenge::drop_duplicates);
            return challenges;
        }
        let name = reader.take(is_token_byte);
        if name.is_empty() {
            reader.skip_element();
            continue;
        }
        let before_space = reader.at;
        reader.skip(is_space);
        // After a scheme, "name=" starts a parameter of it; before any scheme it belongs to nothing.
        if reader.peek() == Some(b'=') {
            reader.at += 1;
            reader.skip(is_space);
            if let (Some(value), Some(challenge)) = (reader.value(), challenges.last_mut()) {
                challenge.params.push((name.to_ascii_lowercase(), value));
            }
            reader.skip_element();
            continue;
        }
        let mut challenge = Challenge { scheme: name.to_owned(), token68: None, params: Vec::new() };
        if reader.at > before_space {
            challenge.token68 = reader.token68();
            // Without a token68 the scheme's first parameter follows, which the next turn reads.
        } else {
            reader.skip_element();
        }
        challenges.push(challenge);
    }
}

/// The whole elements within the greatest length. Of one that is cut a part could be taken for a scheme.
fn bounded(value: &str) -> &str {
    if value.len() <= MAX_LENGTH {
        return value;
    }
    let part = (0..=MAX_LENGTH).rev().find_map(|end| value.get(..end)).unwrap_or_default();
    part.rsplit_once(',').map_or("", |(whole, _)| whole)
}

impl Challenge {
    /// Leaves the first parameter of each name.
    fn drop_duplicates(&mut self) {
        // Sorted by name and then by place, so that the first of a name comes first. To compare each with each would take
        // time by the square of their number.
        let heap: BinaryHeap<_> = self.params.iter().map(|(name, _)| name.as_str()).zip(0_usize..).collect();
        let sorted = heap.into_sorted_vec();
        let again = sorted.windows(2).filter_map(|pair| match pair {
            [(first, _), (second, place)] if first == second => Some(*place),
            _ => None,
        });
        let mut places: BinaryHeap<_> = again.map(Reverse).collect();
        let mut place = 0;
        self.params.retain(|_| {
            let drop = places.peek() == Some(&Reverse(place));
            place += 1;
            if drop {
                places.pop();
            }
            !drop
        });
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
    }

    /// The longest run of ASCII bytes that `wanted` accepts.
    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        self.skip(wanted);
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// A token or a quoted string.
    fn value(&mut self) -> Option<String> {
        if self.peek() == Some(b'"') {
            return self.quoted();
        }
        let token = self.take(is_token_byte);
        (!token.is_empty()).then(|| token.to_owned())
    }

    /// A quoted string, escapes resolved; `None` where its end is missing.
    fn quoted(&mut self) -> Option<String> {
        let inside = self.text.get(self.at + 1..)?;
        let mut text = String::new();
        let mut chars = inside.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += at + 2;
                    return Some(text);
                }
                '\\' => text.push(chars.next()?.1),
                _ => text.push(c),
            }
        }
        None
    }

    /// `1*( ALPHA / DIGIT / "-._~+/" ) *"="` up to the end of the element, or nothing read.
    fn token68(&mut self) -> Option<String> {
        let start = self.at;
        let letters = self.take(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
        self.skip(|byte| byte == b'=');
        let end = self.at;
        self.skip(is_space);
        if letters.is_empty() || !matches!(self.peek(), None | Some(b',')) {
            self.at = start;
            return None;
        }
        self.text.get(start..end).map(str::to_owned)
    }

    /// To the next comma outside a quoted string.
    fn skip_element(&mut self) {
        loop {
            match self.peek() {
                None | Some(b',') => return,
                Some(b'"') => {
                    if self.quoted().is_none() {
                        self.at = self.text.len();
                    }
                }
                Some(_) => self.at += 1,
            }
        }
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// RFC 9110 §5.6.2.
const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}
