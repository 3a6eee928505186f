//! Reads the `Rules` of JavaScript. Every option is named in the error about it, and an option that would switch a
//! check on is never silently absent: a misspelt name and `undefined` are errors.

use std::time::Duration;

use js_sys::{Array, Object, Reflect};
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};

use crate::error::Error;
use crate::jwt::{
    Accept, Algorithm, CacheLimits, ClaimValue, JwsRules, MAX_TOKEN_LENGTH, MAX_VALUES, Rules, check_length,
};

/// Rules that only the shell uses, besides those read here.
const SHELL: [&str; 3] = ["now", "isRevoked", "schema"];

/// Options for which `undefined` is the same as not given: they switch no check on. Issuer and audience are not
/// among them; what is said of those is said where they are read.
const HARMLESS: [&str; 7] =
    ["issuer", "audience", "requireExp", "clockTolerance", "maxTokenLength", "now", "cache"];

/// The options of `verifyJws`.
const JWS: [&str; 2] = ["algorithms", "maxTokenLength"];

const UNDEFINED: &str = "left out, or given a value: undefined would switch the check off";

const TOLERANCE: &str = "a number of seconds from 0 to 600";

const CHECKS: [&str; 12] = [
    "issuer",
    "audience",
    "algorithms",
    "subject",
    "typ",
    "scope",
    "claims",
    "requiredClaims",
    "requireExp",
    "maxTokenAge",
    "clockTolerance",
    "maxTokenLength",
];

/// The options of a `Verifier`: rules, whether each is an issuer's of a list, and what the cache may take.
pub(super) fn read_verifier(options: &Object) -> Result<(Vec<Rules>, bool, Option<CacheLimits>), Error> {
    if Reflect::has(options, &"issuers".into()) != Ok(true) {
        let rules = read(options, &["keys", "cache"])?;
        return Ok((vec![rules], false, cache(options)?));
    }
    for name in names(options) {
        if name != "issuers" && name != "cache" {
            return Err(Error::invalid_arg(&name, "left out, or given for each of the issuers"));
        }
    }
    let list = get(options, "issuers")?;
    let expected = "a list of rules, each with one issuer of its own";
    let list = list.dyn_ref::<Array>().ok_or_else(|| Error::invalid_arg("issuers", expected))?;
    let rules = list.iter().enumerate().map(|(place, rules)| {
        let within = |error| match error {
            Error::InvalidArg { name, expected } => {
                Error::invalid_arg(&format!("issuers[{place}].{name}"), expected)
            }
            error => error,
        };
        let rules = object(&rules).ok_or_else(|| Error::invalid_arg("issuers", expected))?;
        if !get(rules, "issuer")?.is_string() {
            return Err(within(Error::invalid_arg("issuer", "a string that is not empty")));
        }
        read(rules, &["keys"]).map_err(within)
    });
    Ok((rules.collect::<Result<_, _>>()?, true, cache(options)?))
}

/// `true`, or `{ maxEntries }`.
fn cache(options: &Object) -> Result<Option<CacheLimits>, Error> {
    let invalid = || Error::invalid_arg("cache", "true, false, or an object with maxEntries of at least 1");
    let value = get(options, "cache")?;
    if value.is_undefined() {
        return Ok(None);
    }
    if let Some(wanted) = value.as_bool() {
        return Ok(wanted.then(CacheLimits::default));
    }
    let object = object(&value).ok_or_else(invalid)?;
    let entries = get(object, "maxEntries")?.as_f64().ok_or_else(invalid)?;
    let whole = entries.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(&entries);
    if !whole || names(object) != ["maxEntries"] {
        return Err(invalid());
    }
    Ok(Some(CacheLimits::new(entries as usize, CacheLimits::default().bytes)))
}

/// Any object. One that inherits nothing, as the copies of the shell are, is none to `instanceof`.
fn object(value: &JsValue) -> Option<&Object> {
    value.is_object().then(|| value.unchecked_ref())
}

fn names(object: &Object) -> Vec<String> {
    Reflect::own_keys(object).unwrap_or_default().iter().filter_map(|name| name.as_string()).collect()
}

/// Rules, with these options besides.
pub(super) fn read(object: &Object, besides: &[&str]) -> Result<Rules, Error> {
    for name in names(object) {
        if ![&CHECKS[..], &SHELL, besides].iter().any(|known| known.contains(&name.as_str())) {
            return Err(Error::no_option(&name));
        }
        if !HARMLESS.contains(&name.as_str()) && get(object, &name)?.is_undefined() {
            return Err(Error::invalid_arg(&name, UNDEFINED));
        }
    }
    let mut rules = Rules::new(accept(object, "issuer")?, accept(object, "audience")?);
    rules.algorithms = algorithms(object)?;
    rules.subject = string(object, "subject")?;
    rules.typ = string(object, "typ")?;
    let scope = get(object, "scope")?;
    if !scope.is_undefined() {
        rules.scope = texts(&scope)
            .filter(|scopes| !scopes.is_empty())
            .ok_or_else(|| Error::invalid_arg("scope", "one or more scopes that are not empty"))?;
    }
    rules.claims = claims(&get(object, "claims")?)?;
    let required = "a list of claim names that are not empty, with at least one of them";
    if let Some(names) = strings(object, "requiredClaims", required)? {
        if names.is_empty() {
            return Err(Error::invalid_arg("requiredClaims", required));
        }
        rules.required_claims = names;
    }
    rules.require_exp = option(object, "requireExp", "true or false")?.unwrap_or(rules.require_exp);
    let expected = "a number of seconds, 0 or more";
    let age = option::<f64>(object, "maxTokenAge", expected)?;
    rules.max_token_age = age.map(|age| seconds("maxTokenAge", age, f64::MAX, expected)).transpose()?;
    let given = option::<f64>(object, "clockTolerance", TOLERANCE)?;
    rules.clock_tolerance = given.map_or(Ok(Duration::ZERO), tolerance)?;
    rules.max_token_length = max_token_length(object)?;
    rules.validate().map_err(in_camel_case)?;
    Ok(rules)
}

/// The clock tolerance, in seconds.
pub(super) fn tolerance(given: f64) -> Result<Duration, Error> {
    seconds("clockTolerance", given, 600.0, TOLERANCE)
}

/// A time span in seconds, 0 to `most` of them.
fn seconds(name: &str, given: f64, most: f64, expected: &'static str) -> Result<Duration, Error> {
    if !(0.0..=most).contains(&given) {
        return Err(Error::invalid_arg(name, expected));
    }
    Ok(Duration::try_from_secs_f64(given).unwrap_or(Duration::MAX))
}

/// The error of the core, with the option named as JavaScript names it.
fn in_camel_case(error: Error) -> Error {
    let Error::InvalidArg { name, expected } = error else { return error };
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for c in name.chars() {
        if c != '_' {
            camel.push(if upper { c.to_ascii_uppercase() } else { c });
        }
        upper = c == '_';
    }
    Error::invalid_arg(&camel, expected)
}

/// The options of `verifyJws`.
pub(super) fn read_jws(object: &Object) -> Result<JwsRules, Error> {
    for name in names(object) {
        if !JWS.contains(&name.as_str()) {
            return Err(Error::no_option(&name));
        }
    }
    if Reflect::has(object, &"algorithms".into()) == Ok(true) && get(object, "algorithms")?.is_undefined() {
        return Err(Error::invalid_arg("algorithms", UNDEFINED));
    }
    let mut rules = JwsRules::new();
    rules.algorithms = algorithms(object)?;
    rules.max_token_length = max_token_length(object)?;
    Ok(rules)
}

fn algorithms(object: &Object) -> Result<Option<Vec<Algorithm>>, Error> {
    let names = strings(object, "algorithms", "a list of algorithm names")?;
    names.map(|names| names.iter().map(|name| algorithm(name, "algorithms")).collect()).transpose()
}

fn max_token_length(object: &Object) -> Result<usize, Error> {
    let expected = "a whole number of characters above 0";
    let Some(length) = option::<f64>(object, "maxTokenLength", expected)? else {
        return Ok(MAX_TOKEN_LENGTH);
    };
    let whole = length.fract() == 0.0 && length > 0.0 && length <= f64::from(u32::MAX / 4);
    whole.then_some(length as usize).ok_or_else(|| Error::invalid_arg("maxTokenLength", expected))
}

/// The algorithm called `name`, asked for by the option `option`.
pub(super) fn algorithm(name: &str, option: &str) -> Result<Algorithm, Error> {
    Algorithm::from_name(name)
        .ok_or_else(|| Error::invalid_arg(option, "made of algorithms that are supported"))
}

/// The value of an option, which must be of type `T` where it is given. What serde says of a value that is not may
/// quote it, so it is not passed on.
fn option<T: DeserializeOwned>(
    object: &Object,
    name: &str,
    expected: &'static str,
) -> Result<Option<T>, Error> {
    let value = get(object, name)?;
    if value.is_undefined() {
        return Ok(None);
    }
    serde_wasm_bindgen::from_value(value).map(Some).map_err(|_| Error::invalid_arg(name, expected))
}

fn string(object: &Object, name: &str) -> Result<Option<String>, Error> {
    let value = get(object, name)?;
    let read = || text(&value).ok_or_else(|| Error::invalid_arg(name, "a string"));
    if value.is_undefined() { Ok(None) } else { read().map(Some) }
}

fn strings(object: &Object, name: &str, expected: &'static str) -> Result<Option<Vec<String>>, Error> {
    let value = get(object, name)?;
    let read = || list(&value).ok_or_else(|| Error::invalid_arg(name, expected));
    if value.is_undefined() { Ok(None) } else { read().map(Some) }
}

fn get(object: &Object, name: &str) -> Result<JsValue, Error> {
    Reflect::get(object, &name.into()).map_err(|_| Error::invalid_arg(name, "readable"))
}

fn accept(object: &Object, name: &str) -> Result<Accept, Error> {
    let value = get(object, name)?;
    if value.is_null() {
        return Ok(Accept::Anything);
    }
    let expected = "null, or one or more strings that are not empty";
    let values = texts(&value).filter(|values| !values.is_empty() && !values.iter().any(String::is_empty));
    values.map(Accept::OneOf).ok_or_else(|| Error::invalid_arg(name, expected))
}

/// A string or a list of strings.
fn texts(value: &JsValue) -> Option<Vec<String>> {
    text(value).map(|text| vec![text]).or_else(|| list(value))
}

/// A list of strings. Nothing else that can be iterated over is one: what changes in it later would not be noticed. Of a list
/// that is too long, one string more than is allowed: enough to refuse it.
fn list(value: &JsValue) -> Option<Vec<String>> {
    value.dyn_ref::<Array>()?.iter().take(MAX_VALUES + 1).map(|value| text(&value)).collect()
}

/// A string that UTF-8 can hold. Half of a surrogate pair would become a character that tokens may have.
fn text(value: &JsValue) -> Option<String> {
    value.as_string().filter(|text| JsValue::from_str(text) == *value)
}

fn claims(value: &JsValue) -> Result<Vec<(String, ClaimValue)>, Error> {
    let invalid = || Error::invalid_arg("claims", "strings, finite numbers and booleans by claim name");
    if value.is_undefined() {
        return Ok(Vec::new());
    }
    let object = object(value).filter(|_| !Array::is_array(value)).ok_or_else(invalid)?;
    let names = Reflect::own_keys(object).map_err(|_| invalid())?;
    check_length("claims", names.length() as usize)?;
    let pairs = names.iter().map(|name| {
        let value = Reflect::get(object, &name).map_err(|_| invalid())?;
        let name = text(&name).ok_or_else(invalid)?;
        let value = match (text(&value), value.as_f64(), value.as_bool()) {
            (Some(text), ..) => ClaimValue::String(text),
            (_, Some(number), _) => ClaimValue::Number(number),
            (.., Some(flag)) => ClaimValue::Bool(flag),
            _ => return Err(invalid()),
        };
        Ok((name, value))
    });
    pairs.collect()
}
