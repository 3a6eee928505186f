//! A strict JSON reader (RFC 8259) for text that an attacker may have written.
//!
//! One pass over borrowed text. It accepts a subset of what `JSON.parse` accepts, so that a second parser can never
//! see another meaning: duplicate names, a byte order mark, bad UTF-8, lone surrogates, numbers that overflow and
//! nesting deeper than 64 are refused, at every level.

use std::borrow::Cow;
use std::collections::BinaryHeap;
use std::fmt;

pub(crate) mod number;

/// How deep arrays and objects may nest.
const MAX_DEPTH: usize = 64;

/// Objects with more members than this are checked for duplicates in order, smaller ones by comparing pairs.
const FEW_MEMBERS: usize = 8;

/// Room for so many members is made at once.
const USUAL_MEMBERS: usize = 12;

/// Why a text is not acceptable JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nested deeper than 64 levels.
    Depth,
    /// A member name occurs twice in one object.
    Duplicate,
    /// The text is JSON, but not an object.
    NotObject,
    /// A number that does not fit a finite double.
    Number,
    /// Half of a surrogate pair.
    Surrogate,
    /// Not JSON.
    Syntax,
    /// Not UTF-8.
    Utf8,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Depth => "nests deeper than 64 levels",
            Self::Duplicate => "contains a duplicate member name",
            Self::NotObject => "is not a JSON object",
            Self::Number => "contains a number that is out of range",
            Self::Surrogate => "contains half of a surrogate pair",
            Self::Syntax => "is not valid JSON",
            Self::Utf8 => "is not valid UTF-8",
        })
    }
}

/// A JSON string as it stands in the text, between its quotes.
#[derive(Clone, Copy)]
pub struct Text<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Text<'a> {
    /// What the string says, escapes resolved.
    #[must_use]
    pub fn to_cow(self) -> Cow<'a, str> {
        if self.escaped { Cow::Owned(unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }

    /// Whether the string says `other`.
    #[must_use]
    pub fn is(self, other: &str) -> bool {
        if self.escaped { unescape(self.raw) == other } else { self.raw == other }
    }

    fn same(self, other: Self) -> bool {
        if self.escaped || other.escaped { self.to_cow() == other.to_cow() } else { self.raw == other.raw }
    }
}

/// A JSON number as it stands in the text. It does not overflow a double.
#[derive(Clone, Copy)]
pub struct Number<'a>(&'a str);

impl Number<'_> {
    /// The nearest double, as `JSON.parse` would read it.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        number::to_f64(self.0)
    }
}

/// One JSON value. Arrays and objects are checked whole but read only when asked for.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// A list.
    Array(Nested<'a>),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// A finite number.
    Number(Number<'a>),
    /// An object.
    Object(Nested<'a>),
    /// A string.
    String(Text<'a>),
}

impl<'a> Value<'a> {
    /// The string, where it is one.
    #[must_use]
    pub fn as_text(self) -> Option<Text<'a>> {
        if let Value::String(text) = self { Some(text) } else { None }
    }

    /// The number, where it is one.
    #[must_use]
    pub fn as_number(self) -> Option<f64> {
        if let Value::Number(number) = self { Some(number.to_f64()) } else { None }
    }
}

/// An array or object inside a document, known to be valid.
#[derive(Clone, Copy)]
pub struct Nested<'a>(&'a str);

impl<'a> Nested<'a> {
    /// The JSON text itself.
    #[must_use]
    pub const fn json(self) -> &'a str {
        self.0
    }

    /// The elements of the array, in order; empty for an object.
    #[must_use]
    pub fn elements(self) -> Vec<Value<'a>> {
        let mut elements = Vec::new();
        let _ = Scanner::new(self.0).array(&mut |value| elements.push(value));
        elements
    }

    /// The members of the object; empty for an array.
    #[must_use]
    pub fn object(self) -> Object<'a> {
        let mut members = Vec::new();
        let _ = Scanner::new(self.0).object(&mut |name, value| members.push((name, value)));
        Object { members }
    }
}

/// A JSON object: members in the order written, no name twice.
#[derive(Clone, Default)]
pub struct Object<'a> {
    members: Vec<(Text<'a>, Value<'a>)>,
}

impl<'a> Object<'a> {
    /// Reads a whole document that must be one object.
    ///
    /// # Errors
    /// A [`Fault`] for anything else.
    pub fn parse(text: &'a [u8]) -> Result<Self, Fault> {
        Self::parse_to(text, MAX_DEPTH)
    }

    /// As [`Object::parse`], for an object that wraps a document read by `parse`: it may be one level deeper, so that
    /// whatever was accepted by itself is accepted in its wrapping.
    ///
    /// # Errors
    /// A [`Fault`] for anything else.
    pub fn parse_wrapping(text: &'a [u8]) -> Result<Self, Fault> {
        Self::parse_to(text, MAX_DEPTH + 1)
    }

    fn parse_to(text: &'a [u8], levels: usize) -> Result<Self, Fault> {
        let text = str::from_utf8(text).map_err(|_| Fault::Utf8)?;
        let mut scanner = Scanner { levels, ..Scanner::new(text) };
        let mut members = Vec::with_capacity(USUAL_MEMBERS);
        scanner.space();
        if scanner.peek() == Some(b'{') {
            scanner.object(&mut |name, value| members.push((name, value)))?;
            scanner.end()?;
            Ok(Self { members })
        } else {
            scanner.value()?;
            scanner.end()?;
            Err(Fault::NotObject)
        }
    }

    /// The value of the member called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        self.members.iter().find(|(member, _)| member.is(name)).map(|&(_, value)| value)
    }

    /// Names and values, in the order written.
    pub fn members(&self) -> impl Iterator<Item = (Text<'a>, Value<'a>)> {
        self.members.iter().copied()
    }
}

/// The elements of a document that must be one array.
///
/// # Errors
/// A [`Fault`] for anything else.
pub fn parse_array(text: &[u8]) -> Result<Vec<Value<'_>>, Fault> {
    let mut scanner = Scanner::new(str::from_utf8(text).map_err(|_| Fault::Utf8)?);
    let mut elements = Vec::new();
    scanner.space();
    scanner.array(&mut |value| elements.push(value))?;
    scanner.end()?;
    Ok(elements)
}

/// Appends `text` to `json` as a JSON string, quotes included.
pub fn push_string(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\0'..='\u{1f}' => {
                json.push_str("\\u00");
                for four in [u32::from(c) >> 4, u32::from(c) & 15] {
                    json.push(char::from_digit(four, 16).unwrap_or('0'));
                }
            }
            _ => json.push(c),
        }
    }
    json.push('"');
}

/// Shows kinds, never contents: what is read here may be a token's claims.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Array(_) => "Array",
            Self::Bool(_) => "Bool",
            Self::Null => "Null",
            Self::Number(_) => "Number",
            Self::Object(_) => "Object",
            Self::String(_) => "String",
        })
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.members.iter().map(|(_, value)| value)).finish()
    }
}

/// Milliseconds as a JSON number of seconds. Printing a floating-point number instead would need a twentieth of the
/// whole module.
#[must_use]
pub fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// How many more levels may open here.
    levels: usize,
    /// Names of the members of every object that is being read, innermost last.
    names: Vec<Text<'a>>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, levels: MAX_DEPTH, names: Vec::with_capacity(USUAL_MEMBERS) }
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline(always)]
    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    #[inline(always)]
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.take(byte) { Ok(()) } else { Err(Fault::Syntax) }
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.space();
        if self.peek().is_none() { Ok(()) } else { Err(Fault::Syntax) }
    }

    #[inline(always)]
    fn slice(&self, from: usize, to: usize) -> Result<&'a str, Fault> {
        self.text.get(from..to).ok_or(Fault::Syntax)
    }

    fn value(&mut self) -> Result<Value<'a>, Fault> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'{') => {
                self.object(&mut |_, _| {})?;
                Ok(Value::Object(Nested(self.slice(start, self.at)?)))
            }
            Some(b'[') => {
                self.array(&mut |_| {})?;
                Ok(Value::Array(Nested(self.slice(start, self.at)?)))
            }
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::Null),
            _ => self.number().map(Value::Number),
        }
    }

    fn literal(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, Fault> {
        if self.text.get(self.at..self.at + word.len()) != Some(word) {
            return Err(Fault::Syntax);
        }
        self.at += word.len();
        Ok(value)
    }

    fn deeper(&mut self) -> Result<(), Fault> {
        self.levels = self.levels.checked_sub(1).ok_or(Fault::Depth)?;
        Ok(())
    }

    fn object(&mut self, member: &mut dyn FnMut(Text<'a>, Value<'a>)) -> Result<(), Fault> {
        self.expect(b'{')?;
        self.deeper()?;
        let outer = self.names.len();
        self.space();
        if !self.take(b'}') {
            loop {
                self.space();
                let name = self.string()?;
                self.names.push(name);
                self.space();
                self.expect(b':')?;
                self.space();
                let value = self.value()?;
                member(name, value);
                self.space();
                if !self.take(b',') {
                    self.expect(b'}')?;
                    break;
                }
            }
        }
        if has_duplicates(self.names.get(outer..).unwrap_or_default()) {
            return Err(Fault::Duplicate);
        }
        self.names.truncate(outer);
        self.levels += 1;
        Ok(())
    }

    fn array(&mut self, element: &mut dyn FnMut(Value<'a>)) -> Result<(), Fault> {
        self.expect(b'[')?;
        self.deeper()?;
        self.space();
        if !self.take(b']') {
            loop {
                self.space();
                element(self.value()?);
                self.space();
                if !self.take(b',') {
                    self.expect(b']')?;
                    break;
                }
            }
        }
        self.levels += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<Text<'a>, Fault> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
            self.at += rest.iter().position(is_special).ok_or(Fault::Syntax)?;
            if self.peek() == Some(b'"') {
                break;
            }
            self.expect(b'\\')?;
            escaped = true;
            self.escape()?;
        }
        let raw = self.slice(start, self.at)?;
        self.at += 1;
        Ok(Text { raw, escaped })
    }

    fn escape(&mut self) -> Result<(), Fault> {
        let letter = self.peek();
        self.at += 1;
        match letter {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(()),
            Some(b'u') => match self.hex4()? {
                0xd800..=0xdbff => {
                    let low = self.take(b'\\') && self.take(b'u');
                    if low && matches!(self.hex4()?, 0xdc00..=0xdfff) {
                        Ok(())
                    } else {
                        Err(Fault::Surrogate)
                    }
                }
                0xdc00..=0xdfff => Err(Fault::Surrogate),
                _ => Ok(()),
            },
            _ => Err(Fault::Syntax),
        }
    }

    fn hex4(&mut self) -> Result<u32, Fault> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16)).ok_or(Fault::Syntax)?;
            unit = unit << 4 | digit;
            self.at += 1;
        }
        Ok(unit)
    }

    #[inline(always)]
    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Fault::Syntax) }
    }

    fn number(&mut self) -> Result<Number<'a>, Fault> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        let text = self.slice(start, self.at)?;
        if number::is_finite(text) { Ok(Number(text)) } else { Err(Fault::Number) }
    }
}

fn has_duplicates(names: &[Text<'_>]) -> bool {
    if names.len() <= FEW_MEMBERS {
        let mut rest = names;
        while let Some((name, others)) = rest.split_first() {
            if others.iter().any(|other| name.same(*other)) {
                return true;
            }
            rest = others;
        }
        return false;
    }
    any_twice(names.iter().map(|name| name.to_cow()))
}

/// Whether two of the texts are the same. A heap takes a little more time than sorting, and a third of the code.
pub(crate) fn any_twice<'a>(texts: impl Iterator<Item = Cow<'a, str>>) -> bool {
    let mut heap: BinaryHeap<_> = texts.collect();
    while let Some(greatest) = heap.pop() {
        if heap.peek() == Some(&greatest) {
            return true;
        }
    }
    false
}

/// Resolves the escapes of a string that the scanner has accepted.
fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    let mut high = None;
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => {
                let unit = chars.by_ref().take(4).fold(0, |unit, c| unit << 4 | c.to_digit(16).unwrap_or(0));
                match (high.take(), unit) {
                    (None, 0xd800..=0xdbff) => high = Some(unit),
                    (Some(high), _) => {
                        let scalar = 0x10000 + ((high & 0x3ff) << 10) + (unit & 0x3ff);
                        text.push(char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    (None, _) => text.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)),
                }
            }
            Some(itself) => text.push(itself),
            None => {}
        }
    }
    text
}
