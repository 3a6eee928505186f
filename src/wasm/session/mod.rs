//! Sessions for JavaScript: events come in as JSON text, effects go out as JSON text.
//!
//! The machine may be dropped with its instance at any time, so every step that changes it also gives its state,
//! which the shell keeps and hands to the next instance.

use std::cell::RefCell;

use js_sys::Object as Options;
use wasm_bindgen::prelude::wasm_bindgen;

mod effects;
mod events;
mod options;

use effects::{list, write_effect, write_snapshot};
use events::read_event;
use options::read_options;

use crate::Secret;
use crate::error::Error;
use crate::ground::random::random_seed;
use crate::json::{Object, Value, push_string, seconds};
use crate::session::{
    Answer, AuthorizationRequest, AuthorizationResponse, Effect, Metadata, Now, PendingAuthorizations,
    Redirect, Redirected, Resources, Session, Snapshot, TokenId, endpoint, named_endpoint,
    parse_challenges as read_challenges,
};
use crate::wasm::boundary::error::{Members, settle};
use crate::wasm::boundary::handles::Table;
use crate::wasm::url::{Parts, no_url};

thread_local! {
    static SESSIONS: RefCell<Table<Session>> = const { RefCell::new(Table::new()) };
}

/// Makes a machine from its options and, where there is one, the state of a lost one.
#[wasm_bindgen]
pub fn session_open(options: &Options, wall_ms: f64, mono_ms: f64, state: Option<String>) -> Option<u32> {
    settle(read_options(options).map(|(grant, options)| {
        let session = match state {
            Some(state) => {
                let now = Now { wall_ms: wall_ms as u64, mono_ms: mono_ms as u64 };
                Session::restore(grant, options, random_seed(), &state, now)
            }
            None => Session::new(grant, options, random_seed()),
        };
        SESSIONS.with_borrow_mut(|sessions| sessions.add(session))
    }))
}

/// Makes a machine for one request, which knows what `session` knows.
#[wasm_bindgen]
pub fn session_fork(session: u32) -> Option<u32> {
    SESSIONS.with_borrow_mut(|sessions| {
        let fork = sessions.get(session)?.fork(random_seed());
        Some(sessions.add(fork))
    })
}

/// Takes one event: `{"effects":[…],"state":"…","whole":"…"}`, the state only if it changed. `whole` is the state of the
/// session that `session` is a fork of, if it is one.
#[wasm_bindgen]
pub fn session_step(
    session: u32,
    whole: Option<u32>,
    wall_ms: f64,
    mono_ms: f64,
    given: bool,
    event: &str,
) -> Option<String> {
    settle(read_event(event).and_then(|event| {
        let mut effects = Vec::new();
        let states = SESSIONS.with_borrow_mut(|sessions| {
            let Some(mut machine) = sessions.take(session) else {
                return Ok([None, None]);
            };
            let stepped = machine.time_of(&event, Now::read(wall_ms, mono_ms, given)).map(|now| {
                let whole = whole.and_then(|whole| sessions.get_mut(whole));
                match whole {
                    Some(whole) => {
                        whole.step_fork(&mut machine, now, event, &mut effects);
                        Some(whole.state())
                    }
                    None => {
                        machine.step(now, event, &mut effects);
                        None
                    }
                }
            });
            let changed = !matches!(effects.as_slice(), [] | [Effect::Use { .. } | Effect::Deliver { .. }]);
            let state = changed.then(|| machine.state());
            sessions.put(session, machine);
            stepped.map(|whole| [state, whole.filter(|_| changed)])
        })?;
        let mut text = String::from("{\"effects\":[");
        for (at, effect) in effects.into_iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            text.push_str(&write_effect(effect));
        }
        text.push(']');
        for (name, state) in [",\"state\":", ",\"whole\":"].into_iter().zip(states) {
            if let Some(state) = state {
                text.push_str(name);
                push_string(&mut text, state.reveal());
            }
        }
        text.push('}');
        Ok(text)
    }))
}

/// Whether the token given last still serves, so that there is nothing to step for.
#[wasm_bindgen]
pub fn session_serves(
    session: u32,
    wall_ms: f64,
    mono_ms: f64,
    epoch: f64,
    generation: f64,
    min_validity: f64,
    once: bool,
) -> bool {
    let now = Now { wall_ms: wall_ms as u64, mono_ms: mono_ms as u64 };
    let given = TokenId { epoch: epoch as u64, generation: generation as u64 };
    SESSIONS.with_borrow(|sessions| {
        sessions
            .get(session)
            .is_some_and(|session| session.still_serves(now, given, (min_validity * 1000.0) as u64, once))
    })
}

/// The session as its owner sees it.
#[wasm_bindgen]
pub fn session_snapshot(session: u32, wall_ms: f64, mono_ms: f64) -> Option<String> {
    let now = Now { wall_ms: wall_ms as u64, mono_ms: mono_ms as u64 };
    let snapshot =
        SESSIONS.with_borrow(|sessions| sessions.get(session).map(|session| session.snapshot(now)));
    Some(write_snapshot(&snapshot.unwrap_or(Snapshot::Loading)))
}

/// The last transitions.
#[wasm_bindgen]
pub fn session_explain(session: u32) -> Option<String> {
    let log =
        SESSIONS.with_borrow(|sessions| sessions.get(session).map(Session::explain)).unwrap_or_default();
    Some(list(log.iter().map(|line| {
        let mut members = Members::default();
        members.raw("at", &seconds(line.at_ms));
        members.text("from", line.from);
        members.text("event", line.event);
        members.text("to", line.to);
        members.finish()
    })))
}

/// Forgets a machine.
#[wasm_bindgen]
pub fn release_session(session: u32) {
    SESSIONS.with_borrow_mut(|sessions| sessions.remove(session));
}

/// Checks the places where a token may go, as a list of URLs in seven parts each. What comes back is for
/// [`resources_admit`].
#[wasm_bindgen]
pub fn resources_check(urls: &str, loopback: bool) -> Option<String> {
    settle(
        read_resources(urls, loopback)
            .map(|resources| if resources.has_paths() { "paths" } else { "" }.to_owned()),
    )
}

/// Whether a token may go to a URL.
#[wasm_bindgen]
pub fn resources_admit(urls: &str, loopback: bool, url: &str) -> Option<bool> {
    settle(read_resources(urls, loopback).and_then(|resources| resources.admit(&read_url(url)?.as_url())))
}

/// What becomes of a redirected request: `{"is":"final"}`, `{"is":"broken"}`, or
/// `{"is":"follow","get","signed","dropped":[…]}` with the names of the header fields that it has lost.
#[allow(clippy::too_many_arguments, reason = "plain values need no reader")]
#[wasm_bindgen]
pub fn follow_redirect(
    status: u16,
    followed: u32,
    method: &str,
    once: bool,
    signed: bool,
    protocol: &str,
    crosses: bool,
    inside: bool,
) -> Option<String> {
    let redirected = Redirected { status, followed, method, once, signed, protocol, crosses, inside };
    settle(redirected.follow().map(|redirect| {
        let mut members = Members::default();
        match redirect {
            Redirect::Final => members.text("is", "final"),
            Redirect::Broken => members.text("is", "broken"),
            Redirect::Follow { becomes_get, signed, dropped } => {
                members.text("is", "follow");
                members.raw("get", if becomes_get { "true" } else { "false" });
                members.raw("signed", if signed { "true" } else { "false" });
                members.raw("dropped", &list(dropped.into_iter().map(quoted)));
            }
        }
        members.finish()
    }))
}

/// The challenges of a `WWW-Authenticate` value.
#[wasm_bindgen]
pub fn parse_challenges(value: &str) -> String {
    list(read_challenges(value).iter().map(|challenge| {
        let mut params = Members::default();
        for (name, value) in &challenge.params {
            params.text(name, value);
        }
        let mut members = Members::default();
        members.text("scheme", &challenge.scheme);
        members.optional_text("token68", challenge.token68.as_deref());
        members.raw("params", &params.finish());
        members.finish()
    }))
}

/// Where to send the user, and the record of waiting requests with this one added:
/// `{"result":{"url","state"},"pending","ttlSeconds"}`.
#[allow(clippy::too_many_arguments, reason = "plain values need no reader")]
#[wasm_bindgen]
pub fn authorization_request(
    endpoint: &str,
    client_id: &str,
    redirect_uri: &str,
    scope: Option<String>,
    record: Option<String>,
    wall_ms: f64,
    given: bool,
) -> Option<String> {
    let request = || {
        let now = Now::read(wall_ms, 0.0, given)?;
        let request = AuthorizationRequest::random(endpoint, client_id, redirect_uri, scope.as_deref())?;
        // A record that cannot be read is replaced.
        let mut pending = record.as_deref().and_then(PendingAuthorizations::parse).unwrap_or_default();
        pending.add(&request, now.wall_ms);
        let mut result = Members::default();
        result.text("url", &request.url);
        result.text("state", &request.state);
        let mut members = Members::default();
        members.raw("result", &result.finish());
        write_pending(&mut members, &pending);
        Ok(members.finish())
    };
    settle(request())
}

/// Whether a response has `iss`. Rejects one that cannot be the response to a request of ours. `response` is the query of the URL that came back, as
/// a list of names and values.
#[wasm_bindgen]
pub fn authorization_check(response: &str) -> Option<bool> {
    settle(read_response(response).map(|response| response.issuer.is_some()))
}

/// Takes the request of this response out of the record: `{"result":verifier}`, and what is left of the record as
/// `"pending","ttlSeconds"`.
#[wasm_bindgen]
pub fn authorization_take(
    response: &str,
    record: Option<String>,
    wall_ms: f64,
    given: bool,
) -> Option<String> {
    let take = || {
        let now = Now::read(wall_ms, 0.0, given)?;
        let state = read_response(response)?.state;
        let mut pending = record
            .as_deref()
            .and_then(PendingAuthorizations::parse)
            .ok_or_else(AuthorizationResponse::not_ours)?;
        let verifier = pending.take(&state, now.wall_ms).ok_or_else(AuthorizationResponse::not_ours)?;
        let mut members = Members::default();
        members.text("result", verifier.reveal());
        if !pending.is_empty() {
            write_pending(&mut members, &pending);
        }
        Ok(members.finish())
    };
    settle(take())
}

/// The code of a response.
#[wasm_bindgen]
pub fn authorization_code(response: &str, issuer: Option<String>, named: bool) -> Option<String> {
    let code = read_response(response).and_then(|response| response.into_code(issuer.as_deref(), named));
    settle(code.map(|code| code.reveal().clone()))
}

fn write_pending(members: &mut Members, pending: &PendingAuthorizations) {
    members.text("pending", pending.to_text().reveal());
    members.optional_number("ttlSeconds", Some(PendingAuthorizations::LIFETIME_MS / 1000));
}

fn read_response(response: &str) -> Result<AuthorizationResponse, Error> {
    let query =
        crate::json::parse_array(response.as_bytes()).map_err(|_| AuthorizationResponse::not_ours())?;
    let text = |value: Option<Value<'_>>| {
        value.and_then(Value::as_text).map(|text| text.to_cow().into_owned()).unwrap_or_default()
    };
    AuthorizationResponse::read(query.into_iter().map(|pair| {
        let mut pair = match pair {
            Value::Array(pair) => pair.elements().into_iter(),
            _ => Vec::new().into_iter(),
        };
        (text(pair.next()), text(pair.next()))
    }))
}

/// Where an issuer's metadata may stand, as a list.
#[wasm_bindgen]
pub fn metadata_urls(issuer: &str) -> Option<String> {
    settle(Metadata::urls(issuer).map(|urls| list(urls.iter().map(|url| quoted(url)))))
}

fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    push_string(&mut quoted, text);
    quoted
}

/// Reads an answer of one of these: endpoints by name, `null` where the next is to be asked.
#[wasm_bindgen]
pub fn metadata_read(issuer: &str, status: u16, content_type: String, body: String) -> Option<String> {
    let answer = Answer { status, content_type, retry_after: None, body: Secret::new(body) };
    settle(Metadata::read(issuer, &answer).map(|metadata| {
        let Some(metadata) = metadata else {
            return "null".to_owned();
        };
        let mut members = Members::default();
        members.optional_text("authorization_endpoint", metadata.authorization_endpoint.as_deref());
        members.optional_text("token_endpoint", metadata.token_endpoint.as_deref());
        members.optional_text("revocation_endpoint", metadata.revocation_endpoint.as_deref());
        members.raw("named", if metadata.responses_name_issuer { "true" } else { "false" });
        members.finish()
    }))
}

/// A URL that may be asked for metadata or sent credentials. `urls` holds it and, if metadata name it, their issuer.
#[wasm_bindgen]
pub fn endpoint_url(urls: &str, loopback: bool) -> Option<String> {
    let check = || {
        let mut urls = crate::json::parse_array(urls.as_bytes()).map_err(|_| no_url())?.into_iter();
        let url = Parts::read(urls.next())?;
        match urls.next() {
            None => endpoint(&url.as_url(), loopback),
            issuer => named_endpoint(&url.as_url(), &Parts::read(issuer)?.as_url(), loopback),
        }
    };
    settle(check())
}

fn read_url(url: &str) -> Result<Parts, Error> {
    let object = Object::parse(url.as_bytes()).map_err(|_| no_url())?;
    Parts::read(object.get("url"))
}

fn read_resources(urls: &str, loopback: bool) -> Result<Resources, Error> {
    let urls = crate::json::parse_array(urls.as_bytes()).map_err(|_| resources_needed())?;
    if urls.is_empty() {
        return Err(resources_needed());
    }
    let mut resources = Resources::new(loopback);
    for url in urls {
        resources.add(&Parts::read(Some(url))?.as_url())?;
    }
    Ok(resources)
}

fn resources_needed() -> Error {
    Error::invalid_arg("resources", "a URL or a list of URLs")
}
