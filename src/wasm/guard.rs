//! The guard's exports. Settings, requests and answers cross as JSON text; the guard is made anew for each call,
//! which costs less than keeping a handle alive across a module that may be dropped.

use wasm_bindgen::prelude::wasm_bindgen;

use super::error::fail;
use crate::guard::{Answer, Grants, Guard, Header, Origins, Refusal, Request, Scopes, Settings};
use crate::json::{self, Object, Value};
use crate::{Error, base64url};

/// Checks the options of a guard and the scopes that one of its routes needs, both JSON objects.
#[wasm_bindgen]
pub fn guard_check(options: &str, need: &str) -> Option<bool> {
    match guard(options).and_then(|_| scopes(&object(need)?)) {
        Ok(_) => Some(true),
        Err(error) => fail(error),
    }
}

/// The first step: `{"token"}`, or the answer to give instead.
#[wasm_bindgen]
pub fn guard_credentials(options: &str, request: &str) -> Option<String> {
    let credentials = || {
        let request = RequestText::read(request)?;
        Ok(match guard(options)?.credentials(&request.as_request()) {
            Ok(token) => {
                let mut json = "{\"token\":".to_owned();
                json::push_string(&mut json, token);
                json.push('}');
                json
            }
            Err(answer) => answer_json(&answer),
        })
    };
    credentials().map_or_else(fail, Some)
}

/// The second step: `{"headers"}` for the handler's response, or the answer to give instead. `code` is that of the
/// error that verification of `token` gave; empty where it gave claims.
#[wasm_bindgen]
pub fn guard_judge(options: &str, request: &str, need: &str, token: &str, code: &str) -> Option<String> {
    let judge = || {
        let request = RequestText::read(request)?;
        let need = scopes(&object(need)?)?;
        let outcome = if code.is_empty() { grants(token) } else { Err(Refusal::from_code(code)) };
        let outcome = outcome.as_ref().map_err(|refusal| *refusal);
        Ok(match guard(options)?.judge(&request.as_request(), outcome, &need) {
            Ok(headers) => format!("{{\"headers\":{}}}", headers_json(&headers)),
            Err(answer) => answer_json(&answer),
        })
    };
    judge().map_or_else(fail, Some)
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
    let options = object(options)?;
    if !matches!(options.get("verifier"), Some(Value::Bool(true))) {
        return Err(Error::invalid_arg("verifier", "a Verifier"));
    }
    let cors = match options.get("cors") {
        None => None,
        Some(Value::Object(cors)) => Some(origins(cors.object().get("origins"))?),
        Some(_) => return Err(Error::invalid_arg("cors", "an object with origins")),
    };
    Guard::new(Settings {
        realm: text(&options, "realm")?,
        scopes: scopes(&options)?,
        cors,
        missing_message: text(&options, "missingMessage")?,
    })
}

fn object(json: &str) -> Result<Object<'_>, Error> {
    Object::parse(json.as_bytes()).map_err(|_| Error::invalid_arg("options", "an object of sound text"))
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

/// A request as the shell writes it; headers that it does not have are left out.
struct RequestText {
    method: String,
    url: String,
    authorization: Option<String>,
    origin: Option<String>,
    request_method: Option<String>,
    request_headers: Option<String>,
}

impl RequestText {
    fn read(json: &str) -> Result<Self, Error> {
        let request = object(json)?;
        Ok(Self {
            method: text(&request, "method")?.unwrap_or_default(),
            url: text(&request, "url")?.unwrap_or_default(),
            authorization: text(&request, "authorization")?,
            origin: text(&request, "origin")?,
            request_method: text(&request, "requestMethod")?,
            request_headers: text(&request, "requestHeaders")?,
        })
    }

    fn as_request(&self) -> Request<'_> {
        Request {
            method: &self.method,
            url: &self.url,
            authorization: self.authorization.as_deref(),
            origin: self.origin.as_deref(),
            request_method: self.request_method.as_deref(),
            request_headers: self.request_headers.as_deref(),
        }
    }
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
