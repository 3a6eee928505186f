//! The guard's exports. Options and answers cross as JSON text, requests as the few strings that are looked at.

use std::cell::RefCell;

use js_sys::Object;
use wasm_bindgen::prelude::wasm_bindgen;

use super::boundary::error::settle;
use super::boundary::handles::Table;
use super::boundary::options::Options;
use crate::guard::{Answer, Grants, Guard, Header, Origins, Refusal, Request, Scopes, Settings};
use crate::json;
use crate::{Error, base64url};

thread_local! {
    static GUARDS: RefCell<Table<Guard>> = const { RefCell::new(Table::new()) };
}

/// A guard, from its options.
#[wasm_bindgen]
pub fn guard_open(options: &Object) -> Option<u32> {
    settle(guard(options).map(|guard| GUARDS.with_borrow_mut(|guards| guards.add(guard))))
}

/// Forgets a guard.
#[wasm_bindgen]
pub fn release_guard(guard: u32) {
    GUARDS.with_borrow_mut(|guards| guards.remove(guard));
}

/// Checks what a route needs.
#[wasm_bindgen]
pub fn guard_need(need: &Object) -> Option<bool> {
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

/// The second step: `{"headers"}` for the handler's response, or the answer to give instead. `refusal` is
/// the number in the error that verification of `token` gave; none if the token is accepted.
#[wasm_bindgen]
pub fn guard_judge(
    guard: u32,
    origin: Option<String>,
    need: &Object,
    token: &str,
    refusal: Option<u32>,
) -> Option<String> {
    let request = Request { origin: origin.as_deref(), ..Request::default() };
    settle(with(guard, |guard| {
        let need = needed(need)?;
        let outcome = match refusal {
            None => grants(token),
            Some(number) => Err(Refusal::of_number(number)),
        };
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
    let claims = json::Object::parse(&payload).map_err(|_| Refusal::Invalid)?;
    Ok(Grants::from_claims(&claims))
}

fn guard(options: &Object) -> Result<Guard, Error> {
    let options = Options::new(options);
    let cors = options.get("cors");
    let cors = if cors.is_undefined() { None } else { Some(origins(&options.nested("cors")?)?) };
    Guard::new(Settings {
        realm: options.text("realm")?,
        scopes: scopes(&options)?,
        cors,
        missing_message: options.text("missingMessage")?,
    })
}

fn needed(need: &Object) -> Result<Scopes, Error> {
    scopes(&Options::new(need))
}

fn scopes(options: &Options) -> Result<Scopes, Error> {
    match options.check("scopes")? {
        None => Ok(Scopes::default()),
        Some(value) => Scopes::new(options.texts("scopes", &value, "a list of strings")?),
    }
}

fn origins(cors: &Options) -> Result<Origins, Error> {
    let value = cors.get("origins");
    if value.as_string().as_deref() == Some("*") {
        return Ok(Origins::any());
    }
    Origins::list(cors.texts("origins", &value, "\"*\" or a list of origins")?)
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
