//! Reads the `Rules` of JavaScript. An option that switches a check on is never silently absent: undefined is an error.

use std::time::Duration;

use js_sys::Object;
use wasm_bindgen::JsValue;

use crate::error::Error;
use crate::ground::text::join;
use crate::jwt::{
    Accept, Algorithm, CacheLimits, ClaimValue, JwsRules, MAX_TOKEN_LENGTH, Rules, check_length,
};
use crate::wasm::boundary::options::{Options, Range, element, not_a_word, text};

const CLOCK_TOLERANCE: Range = Range::new(0.0, 600.0, "seconds");
const MAX_TOKEN_AGE: Range = Range::new(0.0, f64::INFINITY, "seconds");
const TOKEN_LENGTH: Range = Range::whole(1.0, (u32::MAX / 4) as f64, "characters");
const CACHE_ENTRIES: Range = Range::whole(1.0, u32::MAX as f64, "entries");

const ONE_OR_MORE: &str = "null, or one or more strings that are not empty";
const CLAIM_VALUE: &str = "a string, a finite number or a boolean";

/// The options of a `Verifier`: rules, whether each is an issuer's of a list, and what the cache may take.
pub(super) fn read_verifier(options: &Object) -> Result<(Vec<Rules>, bool, Option<CacheLimits>), Error> {
    let options = Options::new(options);
    let cache = cache(&options)?;
    if !options.has("issuers") {
        return Ok((vec![read(&options)?], false, cache));
    }
    let list = options.list("issuers", "a list of rules, each with one issuer of its own")?;
    let rules = list.into_iter().enumerate().map(|(index, rules)| {
        let rules = Options::at(&rules, element("issuers", index))?;
        let issuer = rules.get("issuer");
        if !issuer.is_string() {
            return Err(rules.invalid("issuer", "a string that is not empty", &issuer));
        }
        read(&rules)
    });
    Ok((rules.collect::<Result<_, _>>()?, true, cache))
}

/// `true`, or `{ maxEntries }`.
fn cache(options: &Options) -> Result<Option<CacheLimits>, Error> {
    let value = options.get("cache");
    if value.is_undefined() {
        return Ok(None);
    }
    if let Some(wanted) = value.as_bool() {
        return Ok(wanted.then(CacheLimits::default));
    }
    if !value.is_object() {
        return Err(options.invalid("cache", "true, false or an object with maxEntries", &value));
    }
    let cache = options.nested("cache")?;
    let Some(entries) = cache.number("maxEntries", CACHE_ENTRIES)? else {
        return Err(cache.invalid("maxEntries", CACHE_ENTRIES.text(), &JsValue::UNDEFINED));
    };
    Ok(Some(CacheLimits { entries: entries as usize, ..CacheLimits::default() }))
}

/// The rules among these options.
pub(super) fn read(options: &Options) -> Result<Rules, Error> {
    let mut rules = Rules::new(accept(options, "issuer")?, accept(options, "audience")?);
    rules.algorithms = algorithms(options)?;
    rules.subject = some_text(options, "subject")?;
    rules.typ = some_text(options, "typ")?;
    if let Some(scope) = options.check("scope")? {
        rules.scope = one_or_more(options, "scope", &scope, "one or more scopes that are not empty")?;
    }
    if options.check("claims")?.is_some() {
        rules.claims = claims(&options.nested("claims")?)?;
    }
    if let Some(names) = options.check("requiredClaims")? {
        let expected = "a list of claim names that are not empty, with at least one of them";
        rules.required_claims = options.texts("requiredClaims", &names, expected)?;
        if rules.required_claims.is_empty() {
            return Err(options.invalid("requiredClaims", expected, &names));
        }
    }
    rules.require_exp = options.flag("requireExp")?.unwrap_or(rules.require_exp);
    options.check("maxTokenAge")?;
    rules.max_token_age = options.number("maxTokenAge", MAX_TOKEN_AGE)?.map(seconds);
    rules.clock_tolerance =
        options.number("clockTolerance", CLOCK_TOLERANCE)?.map_or(Duration::ZERO, seconds);
    rules.max_token_length = max_token_length(options)?;
    rules.validate().map_err(|error| within(options, in_camel_case(error)))?;
    Ok(rules)
}

/// The error, with the path of the option that it names.
fn within(options: &Options, error: Error) -> Error {
    match error {
        Error::InvalidArg { name, expected, given } => {
            Error::InvalidArg { name: options.path_of(&name).into(), expected, given }
        }
        error => error,
    }
}

/// The options of a JWS: the algorithms that are allowed, and the longest token.
pub(super) fn read_jws(options: &Object) -> Result<JwsRules, Error> {
    let options = Options::new(options);
    let mut rules = JwsRules::new();
    rules.algorithms = algorithms(&options)?;
    rules.max_token_length = max_token_length(&options)?;
    Ok(rules)
}

/// The clock tolerance, in seconds.
pub(super) fn tolerance(given: f64) -> Result<Duration, Error> {
    CLOCK_TOLERANCE.check("clockTolerance", given).map(seconds)
}

fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or(Duration::MAX)
}

/// The error of the core, with the option named as JavaScript names it.
fn in_camel_case(error: Error) -> Error {
    let Error::InvalidArg { name, expected, given } = error else { return error };
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for c in name.chars() {
        if c != '_' {
            camel.push(if upper { c.to_ascii_uppercase() } else { c });
        }
        upper = c == '_';
    }
    Error::InvalidArg { name: camel.into(), expected, given }
}

fn algorithms(options: &Options) -> Result<Option<Vec<Algorithm>>, Error> {
    const EXPECTED: &str = "a list with at least one algorithm";
    let Some(value) = options.check("algorithms")? else { return Ok(None) };
    let list = options.list("algorithms", EXPECTED)?;
    if list.is_empty() {
        return Err(options.invalid("algorithms", EXPECTED, &value));
    }
    let path = options.path_of("algorithms");
    let algorithms = list.iter().enumerate().map(|(index, name)| {
        let found = name.as_string().and_then(|name| Algorithm::from_name(&name));
        found.ok_or_else(|| unknown_algorithm(&element(&path, index), name))
    });
    algorithms.collect::<Result<_, _>>().map(Some)
}

/// The error for what is not the name of an algorithm.
fn unknown_algorithm(path: &str, given: &JsValue) -> Error {
    let names = join(Algorithm::all().map(|algorithm| algorithm.name().to_owned()), ", ");
    not_a_word(path, ["one of ", &names].concat(), given)
}

/// The algorithm called `name`, which the option `path` asks for.
pub(super) fn algorithm(name: &str, path: &str) -> Result<Algorithm, Error> {
    Algorithm::from_name(name).ok_or_else(|| unknown_algorithm(path, &name.into()))
}

fn max_token_length(options: &Options) -> Result<usize, Error> {
    let length = options.number("maxTokenLength", TOKEN_LENGTH)?;
    Ok(length.map_or(MAX_TOKEN_LENGTH, |length| length as usize))
}

fn some_text(options: &Options, name: &str) -> Result<Option<String>, Error> {
    let Some(value) = options.check(name)? else { return Ok(None) };
    match text(&value) {
        Some(text) if !text.is_empty() => Ok(Some(text)),
        _ => Err(options.invalid(name, "a string that is not empty", &value)),
    }
}

/// A string or a list of strings, none of them empty.
fn one_or_more(
    options: &Options,
    name: &str,
    value: &JsValue,
    expected: &'static str,
) -> Result<Vec<String>, Error> {
    let texts = match text(value) {
        Some(text) if text.is_empty() => Vec::new(),
        Some(text) => vec![text],
        None => options.texts(name, value, expected)?,
    };
    if texts.is_empty() { Err(options.invalid(name, expected, value)) } else { Ok(texts) }
}

fn accept(options: &Options, name: &str) -> Result<Accept, Error> {
    let value = options.get(name);
    if value.is_null() {
        return Ok(Accept::Anything);
    }
    one_or_more(options, name, &value, ONE_OR_MORE).map(Accept::OneOf)
}

fn claims(options: &Options) -> Result<Vec<(String, ClaimValue)>, Error> {
    let entries = options.entries();
    check_length("claims", entries.len())?;
    let pairs = entries.into_iter().map(|(name, value)| {
        let name =
            text(&name).ok_or_else(|| Error::invalid_arg("claims", "an object whose names are strings"))?;
        let wanted = match (text(&value), value.as_f64(), value.as_bool()) {
            (Some(text), ..) => ClaimValue::String(text),
            (_, Some(number), _) if number.is_finite() => ClaimValue::Number(number),
            (.., Some(flag)) => ClaimValue::Bool(flag),
            _ => return Err(options.invalid(&name, CLAIM_VALUE, &value)),
        };
        Ok((name, wanted))
    });
    pairs.collect()
}
