//! The one reader of options. Every error names the option with its path, the values that it takes with their range and
//! unit, and the value that was given. Text is quoted only for an option that takes one of a few words: any other text
//! may be a secret.
//!
//! The shell hands over copies that inherit nothing (src/shell/arguments.ts), so that what is read here is what the
//! caller wrote, and no code of the caller's runs.

use std::borrow::Cow;

use js_sys::{Array, Number, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::error::Error;
#[cfg(feature = "session")]
use crate::ground::text::join;
#[cfg(feature = "jwt")]
use crate::jwt::MAX_VALUES;

/// The longest word that an error quotes.
const LONGEST_WORD: usize = 12;

/// The numbers that an option takes, ends included.
#[derive(Clone, Copy)]
pub(in crate::wasm) struct Range {
    least: f64,
    most: f64,
    unit: &'static str,
    whole: bool,
}

impl Range {
    /// Any number of `unit` from `least` to `most`.
    pub(in crate::wasm) const fn new(least: f64, most: f64, unit: &'static str) -> Self {
        Self { least, most, unit, whole: false }
    }

    /// As [`Range::new`], whole numbers only.
    #[cfg(feature = "jwt")]
    pub(in crate::wasm) const fn whole(least: f64, most: f64, unit: &'static str) -> Self {
        Self { whole: true, ..Self::new(least, most, unit) }
    }

    fn contains(self, number: f64) -> bool {
        number.is_finite()
            && (self.least..=self.most).contains(&number)
            && (!self.whole || number.fract() == 0.0)
    }

    /// A number that is within the range.
    #[cfg(feature = "jwt")]
    pub(in crate::wasm) fn check(self, name: &str, number: f64) -> Result<f64, Error> {
        if self.contains(number) {
            Ok(number)
        } else {
            Err(refused(name.to_owned(), self.text(), &number.into()))
        }
    }

    /// `between 1 and 31,536,000 seconds`, or `at least 0 seconds` for a range without an end.
    pub(in crate::wasm) fn text(self) -> String {
        let mut text = String::from(if self.whole { "a whole number " } else { "" });
        if self.most.is_finite() {
            text.push_str("between ");
            text.push_str(&grouped(self.least));
            text.push_str(" and ");
            text.push_str(&grouped(self.most));
        } else {
            text.push_str("at least ");
            text.push_str(&grouped(self.least));
        }
        if !self.unit.is_empty() {
            text.push(' ');
            text.push_str(self.unit);
        }
        text
    }
}

/// An object of options. One that is not given has none.
pub(in crate::wasm) struct Options {
    object: Object,
    path: String,
}

impl Options {
    /// The options of a call. Errors name them without a path.
    pub(in crate::wasm) fn new(object: &Object) -> Self {
        Self { object: object.clone(), path: String::new() }
    }

    /// The options at `path`.
    pub(in crate::wasm) fn at(value: &JsValue, path: String) -> Result<Self, Error> {
        if value.is_undefined() {
            return Ok(Self { object: Object::new(), path });
        }
        if !value.is_object() || Array::is_array(value) {
            return Err(refused(path, "an object", value));
        }
        Ok(Self { object: value.clone().unchecked_into(), path })
    }

    /// The options under `name`.
    pub(in crate::wasm) fn nested(&self, name: &str) -> Result<Self, Error> {
        Self::at(&self.get(name), self.path_of(name))
    }

    /// The value of an option: undefined if it is not given. What is inherited is not given: `Object.prototype` may have been
    /// written to.
    pub(in crate::wasm) fn get(&self, name: &str) -> JsValue {
        let name = name.into();
        if Object::has_own(&self.object, &name) {
            Reflect::get(&self.object, &name).unwrap_or_default()
        } else {
            JsValue::UNDEFINED
        }
    }

    /// Whether an option is given, even as undefined.
    #[cfg(feature = "jwt")]
    pub(in crate::wasm) fn has(&self, name: &str) -> bool {
        Object::has_own(&self.object, &name.into())
    }

    /// The value of an option that switches a check on: undefined would switch it off silently.
    #[cfg(feature = "jwt")]
    pub(in crate::wasm) fn check(&self, name: &str) -> Result<Option<JsValue>, Error> {
        let value = self.get(name);
        if !value.is_undefined() {
            return Ok(Some(value));
        }
        if self.has(name) {
            return Err(Error::invalid_arg(
                &self.path_of(name),
                "left out or given a value; undefined would switch the check off",
            ));
        }
        Ok(None)
    }

    /// The names and values of all options.
    #[cfg(feature = "jwt")]
    pub(in crate::wasm) fn entries(&self) -> Vec<(JsValue, JsValue)> {
        let names = Reflect::own_keys(&self.object).unwrap_or_default();
        names
            .iter()
            .map(|name| {
                let value = Reflect::get(&self.object, &name).unwrap_or_default();
                (name, value)
            })
            .collect()
    }

    /// The error for an option that is not `expected`.
    pub(in crate::wasm) fn invalid(
        &self,
        name: &str,
        expected: impl Into<Cow<'static, str>>,
        given: &JsValue,
    ) -> Error {
        refused(self.path_of(name), expected, given)
    }

    /// A number within `range`.
    pub(in crate::wasm) fn number(&self, name: &str, range: Range) -> Result<Option<f64>, Error> {
        let value = self.get(name);
        if value.is_undefined() {
            return Ok(None);
        }
        match value.as_f64() {
            Some(number) if range.contains(number) => Ok(Some(number)),
            _ => Err(self.invalid(name, range.text(), &value)),
        }
    }

    /// True or false.
    pub(in crate::wasm) fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        let value = self.get(name);
        if value.is_undefined() {
            return Ok(None);
        }
        value.as_bool().map(Some).ok_or_else(|| self.invalid(name, "true or false", &value))
    }

    /// Text, empty or not.
    pub(in crate::wasm) fn text(&self, name: &str) -> Result<Option<String>, Error> {
        let value = self.get(name);
        if value.is_undefined() {
            return Ok(None);
        }
        text(&value).map(Some).ok_or_else(|| self.invalid(name, "a string", &value))
    }

    /// The index of one of `words`.
    #[cfg(feature = "session")]
    pub(in crate::wasm) fn word(&self, name: &str, words: &[&str]) -> Result<Option<usize>, Error> {
        let value = self.get(name);
        if value.is_undefined() {
            return Ok(None);
        }
        let found = value.as_string().and_then(|given| words.iter().position(|word| *word == given));
        found.map(Some).ok_or_else(|| {
            let quoted: Vec<_> = words.iter().map(|word| ["\"", word, "\""].concat()).collect();
            let expected = match quoted.split_last() {
                Some((last, [])) => last.clone(),
                Some((last, rest)) => [&*join(rest.iter().cloned(), ", "), " or ", last].concat(),
                None => String::new(),
            };
            not_a_word(&self.path_of(name), expected, &value)
        })
    }

    /// The members of a list. Nothing else that can be iterated over is one: what changes in it later would not be noticed.
    #[cfg(feature = "jwt")]
    pub(in crate::wasm) fn list(&self, name: &str, expected: &'static str) -> Result<Vec<JsValue>, Error> {
        let value = self.get(name);
        value.dyn_ref::<Array>().map(members).ok_or_else(|| self.invalid(name, expected, &value))
    }

    /// A list of text, none of it empty.
    #[cfg(feature = "jwt")]
    pub(in crate::wasm) fn texts(
        &self,
        name: &str,
        value: &JsValue,
        expected: &'static str,
    ) -> Result<Vec<String>, Error> {
        let list = value.dyn_ref::<Array>().ok_or_else(|| self.invalid(name, expected, value))?;
        let path = self.path_of(name);
        let texts = members(list).into_iter().enumerate().map(|(index, value)| {
            text(&value)
                .filter(|text| !text.is_empty())
                .ok_or_else(|| refused(element(&path, index), "a string that is not empty", &value))
        });
        texts.collect()
    }

    /// An option with its path.
    pub(in crate::wasm) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { [&self.path, ".", name].concat() }
    }
}

/// The members of a list. Of one that is too long, one more than is allowed: enough to refuse it.
#[cfg(feature = "jwt")]
fn members(list: &Array) -> Vec<JsValue> {
    list.iter().take(MAX_VALUES + 1).collect()
}

/// A member of a list.
#[cfg(feature = "jwt")]
pub(in crate::wasm) fn element(path: &str, index: usize) -> String {
    [path, "[", &index.to_string(), "]"].concat()
}

/// A string that UTF-8 can hold. Half of a surrogate pair would become a character that tokens may have.
pub(in crate::wasm) fn text(value: &JsValue) -> Option<String> {
    value.as_string().filter(|text| JsValue::from_str(text) == *value)
}

/// The error for a word that is none of those expected. It is quoted if it looks like one.
pub(in crate::wasm) fn not_a_word(
    path: &str,
    expected: impl Into<Cow<'static, str>>,
    given: &JsValue,
) -> Error {
    let word = given.as_string().filter(|text| {
        (1..=LONGEST_WORD).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    });
    match word {
        Some(word) => Error::invalid_value(path, expected, &["\"", &word, "\""].concat()),
        None => refused(path.to_owned(), expected, given),
    }
}

fn refused(path: String, expected: impl Into<Cow<'static, str>>, given: &JsValue) -> Error {
    Error::invalid_value(&path, expected, &described(given))
}

/// The kind of a value, and the value itself if it can hold no secret.
fn described(value: &JsValue) -> Cow<'static, str> {
    let kind = if let Some(number) = value.as_f64() {
        return Cow::Owned(
            Number::from(number).to_string_with_radix(10).map(String::from).unwrap_or_default(),
        );
    } else if let Some(text) = value.as_string() {
        if text.is_empty() { "an empty string" } else { "a string" }
    } else {
        match value.as_bool() {
            Some(true) => "true",
            Some(false) => "false",
            None if value.is_undefined() => "undefined",
            None if value.is_null() => "null",
            None if value.is_function() => "a function",
            None if Array::is_array(value) => "a list",
            None if value.is_object() => "an object",
            None => "something else",
        }
    };
    Cow::Borrowed(kind)
}

/// A number with commas between its thousands.
fn grouped(number: f64) -> String {
    String::from(Number::from(number).to_locale_string("en-US"))
}
