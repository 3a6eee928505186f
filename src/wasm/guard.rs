//! The guard's exports. Options and answers cross as JSON text, requests as the few strings that are looked at.

use std::borrow::Cow;
use std::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use super::error::settle;
use super::table::Table;
use crate::guard::{Answer, Grants, Guard, Header, Origins, Refusal, Request, Scopes, Settings};
use crate::json::{self, Object, Value};
use crate::{Error, base64url};

thread_local! {
    static GUARDS: RefCell<Table<Guard>> = const { RefCell::new(Table::new()) };
}

const OPTIONS: [&str; 5] = ["verifier", "realm", "scopes", "cors", "missingMessage"];
const NEED: [&str; 1] = ["scopes"];

/// A guard, from its options: `{"names","options"}`, the names of all that were given and the values of those that
/// have one.
#[wasm_bindgen]
pub fn guard_open(options: &str) -> Option<u32> {
    settle(guard(options).map(|guard| GUARDS.with_borrow_mut(|guards| guards.add(guard))))
}

/// Forgets a guard.
#[wasm_bindgen]
pub fn release_guard(guard: u32) {
    GUARDS.with_borrow_mut(|guards| guards.remove(guard));
}

/// Checks the scopes that a route needs, written as the options of a guard are.
#[wasm_bindgen]
pub fn guard_need(need: &str) -> Option<bool> {
    settle(needed(need).map(|_| true))
}

/// The first step: `{"token"}`, or the answer to give instead.
#[wasm_bindgen]
pub fn guard_credentials(
    guard: u32,
    method: &str,
    url: &str,
    authorization: Option<String>,
    origin: Option<String>,
    request_method: Option<String>,
    request_headers: Option<String>,
) -> Option<String> {
    let request = Request {
        method,
        url,
        authorization: authorization.as_deref(),
        origin: origin.as_deref(),
        request_method: request_method.as_deref(),
        request_headers: request_headers.as_deref(),
    };
    settle(with(guard, |guard| {
        Ok(match guard.credentials(&request) {
            Ok(token) => {
                let mut json = "{\"token\":".to_owned();
                json::push_string(&mut json, token);
                json.push('}');
                json
            }
            Err(answer) => answer_json(&answer),
        })
    }))
}

/// The second step: `{"headers"}` for the handler's response, or the answer to give instead. `code` and
/// `claim` are those of the error that verification of `token` gave; `code` is empty where it gave claims.
#[wasm_bindgen]
pub fn guard_judge(
    guard: u32,
    origin: Option<String>,
    need: &str,
    token: &str,
    code: &str,
    claim: Option<String>,
) -> Option<String> {
    let request = Request { origin: origin.as_deref(), ..Request::default() };
    settle(with(guard, |guard| {
        let need = needed(need)?;
        let outcome =
            if code.is_empty() { grants(token) } else { Err(Refusal::from_code(code, claim.as_deref())) };
        let outcome = outcome.as_ref().map_err(|refusal| *refusal);
        Ok(match guard.judge(&request, outcome, &need) {
            Ok(headers) => format!("{{\"headers\":{}}}", headers_json(&headers)),
            Err(answer) => answer_json(&answer),
        })
    }))
}

fn with<T>(guard: u32, run: impl FnOnce(&Guard) -> Result<T, Error>) -> Result<T, Error> {
    GUARDS.with_borrow(|guards| match guards.get(guard) {
        Some(guard) => run(guard),
        None => Err(Error::invalid_arg("guard", "one that was not freed")),
    })
}

/// What the claims of a token that was verified grant. They are read from the token, not from the object that
/// JavaScript holds: a schema may have dropped the very claims that matter here.
fn grants(token: &str) -> Result<Grants, Refusal> {
    let payload = token.split('.').nth(1).and_then(|payload| base64url::decode(payload.as_bytes()));
    let payload = payload.ok_or(Refusal::Invalid)?;
    let claims = Object::parse(&payload).map_err(|_| Refusal::Invalid)?;
    Ok(Grants::from_claims(&claims))
}

fn guard(options: &str) -> Result<Guard, Error> {
    let options = named(options, &OPTIONS)?;
    if !matches!(options.get("verifier"), Some(Value::Bool(true))) {
        return Err(Error::invalid_arg("verifier", "a Verifier"));
    }
    let cors = match options.get("cors") {
        None => None,
        Some(Value::Object(cors)) => {
            let cors = cors.object();
            known(cors.members().map(|(name, _)| name.to_cow()), &["origins"])?;
            Some(origins(cors.get("origins"))?)
        }
        Some(_) => return Err(Error::invalid_arg("cors", "an object with origins")),
    };
    Guard::new(Settings {
        realm: text(&options, "realm")?,
        scopes: scopes(&options)?,
        cors,
        missing_message: text(&options, "missingMessage")?,
    })
}

fn needed(need: &str) -> Result<Scopes, Error> {
    scopes(&named(need, &NEED)?)
}

/// Options whose names are all among `allowed`. A misspelt `scopes`, and one that is undefined, would let through what
/// it was written to stop.
fn named<'a>(json: &'a str, allowed: &[&str]) -> Result<Object<'a>, Error> {
    let unsound = || Error::invalid_arg("options", "an object of sound text");
    let whole = Object::parse(json.as_bytes()).map_err(|_| unsound())?;
    let (Some(Value::Array(names)), Some(Value::Object(options))) =
        (whole.get("names"), whole.get("options"))
    else {
        return Err(unsound());
    };
    let options = options.object();
    let names: Vec<_> =
        names.elements().into_iter().filter_map(|name| name.as_text().map(|name| name.to_cow())).collect();
    known(names.iter().cloned(), allowed)?;
    if names.iter().any(|name| name == "scopes") && options.get("scopes").is_none() {
        return Err(Error::invalid_arg(
            "scopes",
            "left out, or given a value: undefined would switch the check off",
        ));
    }
    Ok(options)
}

fn known<'n>(mut names: impl Iterator<Item = Cow<'n, str>>, allowed: &[&str]) -> Result<(), Error> {
    names.find(|name| !allowed.contains(&&**name)).map_or(Ok(()), |name| Err(Error::no_option(&name)))
}

fn text(object: &Object<'_>, name: &'static str) -> Result<Option<String>, Error> {
    match object.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.to_cow().into_owned())),
        Some(_) => Err(Error::invalid_arg(name, "a string")),
    }
}

fn scopes(object: &Object<'_>) -> Result<Scopes, Error> {
    match object.get("scopes") {
        None => Ok(Scopes::default()),
        Some(value) => Scopes::new(texts("scopes", value)?),
    }
}

fn origins(value: Option<Value<'_>>) -> Result<Origins, Error> {
    match value {
        Some(Value::String(text)) if text.is("*") => Ok(Origins::any()),
        Some(value) => Origins::list(texts("cors.origins", value)?),
        None => Origins::list(Vec::<String>::new()),
    }
}

fn texts(name: &str, value: Value<'_>) -> Result<Vec<String>, Error> {
    let Value::Array(list) = value else { return Err(Error::invalid_arg(name, "a list of strings")) };
    let texts =
        list.elements().into_iter().map(|element| element.as_text().map(|text| text.to_cow().into_owned()));
    texts.collect::<Option<_>>().ok_or_else(|| Error::invalid_arg(name, "a list of strings"))
}

/// `{"status","error","headers","body"}`.
fn answer_json(answer: &Answer) -> String {
    let (status, kind, headers) = (answer.kind.status(), answer.kind.as_str(), headers_json(&answer.headers));
    let mut json = format!("{{\"status\":{status},\"error\":\"{kind}\",\"headers\":{headers},\"body\":");
    json::push_string(&mut json, &answer.body);
    json.push('}');
    json
}

/// `[["name","value",appends],…]`.
fn headers_json(headers: &[Header]) -> String {
    let mut json = String::from("[");
    for header in headers {
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(&format!("[\"{}\",", header.name));
        json::push_string(&mut json, &header.value);
        json.push_str(if header.appends { ",true]" } else { ",false]" });
    }
    json.push(']');
    json
}
