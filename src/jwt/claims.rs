//! Typed reading of the registered claims (RFC 7519 §4.1). A claim of the wrong type is never a claim that is absent.

use std::borrow::Cow;

use crate::error::{Error, Reason};
use crate::json::{Object, Value};
use crate::time::NumericDate;

/// The instant in the claim called `name`.
///
/// # Errors
/// [`Error::ClaimInvalid`] if it is present and not a number that names a date.
pub(super) fn date(claims: &Object<'_>, name: &str) -> Result<Option<NumericDate>, Error> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(seconds)) => {
            NumericDate::new(seconds.to_f64()).map(Some).ok_or_else(|| Error::claim(name, Reason::Invalid))
        }
        Some(_) => Err(Error::claim(name, Reason::Invalid)),
    }
}

/// The string in the claim called `name`.
///
/// # Errors
/// [`Error::ClaimInvalid`] if it is present and not a string.
pub(super) fn text<'a>(claims: &Object<'a>, name: &str) -> Result<Option<Cow<'a, str>>, Error> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.to_cow())),
        Some(_) => Err(Error::claim(name, Reason::Invalid)),
    }
}

/// The strings in the claim called `name`: one, or a list of them.
///
/// # Errors
/// [`Error::ClaimInvalid`] if it is present and anything else, a list with another value in it included.
pub(super) fn texts<'a>(claims: &Object<'a>, name: &str) -> Result<Option<Vec<Cow<'a, str>>>, Error> {
    let invalid = || Error::claim(name, Reason::Invalid);
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(vec![text.to_cow()])),
        Some(Value::Array(list)) => {
            let texts =
                list.elements().into_iter().map(|element| element.as_text().map(|text| text.to_cow()));
            texts.collect::<Option<_>>().map(Some).ok_or_else(invalid)
        }
        Some(_) => Err(invalid()),
    }
}

/// The scopes of a token: `scope`, separated by spaces (RFC 8693 §4.2), or else `scp`, a list or the same text.
///
/// # Errors
/// [`Error::ClaimInvalid`] if the claim that is present has another type.
pub(crate) fn scopes(claims: &Object<'_>) -> Result<Option<Vec<String>>, Error> {
    let split = |texts: &[Cow<'_, str>]| {
        texts
            .iter()
            .flat_map(|text| text.split(' '))
            .filter(|scope| !scope.is_empty())
            .map(String::from)
            .collect()
    };
    if let Some(text) = text(claims, "scope")? {
        return Ok(Some(split(&[text])));
    }
    Ok(texts(claims, "scp")?.map(|texts| split(&texts)))
}
