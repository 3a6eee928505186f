//! Sessions for JavaScript: events come in as JSON text, effects go out as JSON text.
//!
//! The machine may be dropped with its instance at any time, so every step that changes it also gives its state,
//! which the shell keeps and hands to the next instance.

use std::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::Secret;
use crate::error::Error;
use crate::json::{Object, Value, push_string, seconds};
use crate::session::{
    Answer, AuthorizationRequest, AuthorizationResponse, ClientAuth, CookieRefresh, Credentials, Custom,
    Effect, Event, Fields, Flow, Grant, JsonLogin, Loss, Notice, Now, OAuth, Options, Request, Resources,
    Session, Snapshot, StoreFailed, Stored, endpoint, parse_challenges as read_challenges,
};
use crate::wasm::error::{Members, settle, to_json};
use crate::wasm::table::Table;
use crate::wasm::url::{Parts, no_url};

thread_local! {
    static SESSIONS: RefCell<Table<Session>> = const { RefCell::new(Table::new()) };
}

/// Makes a machine from its options and, where there is one, the state of a lost one.
#[wasm_bindgen]
pub fn session_open(
    options: &str,
    seed: f64,
    wall_ms: f64,
    mono_ms: f64,
    state: Option<String>,
) -> Option<u32> {
    settle(read_options(options).map(|(grant, options)| {
        let session = match state {
            Some(state) => {
                let now = Now { wall_ms: wall_ms as u64, mono_ms: mono_ms as u64 };
                Session::restore(grant, options, seed as u64, &state, now)
            }
            None => Session::new(grant, options, seed as u64),
        };
        SESSIONS.with_borrow_mut(|sessions| sessions.add(session))
    }))
}

/// Makes a machine for one request, which knows what `session` knows.
#[wasm_bindgen]
pub fn session_fork(session: u32, seed: f64) -> Option<u32> {
    SESSIONS.with_borrow_mut(|sessions| {
        let fork = sessions.get(session)?.fork(seed as u64);
        Some(sessions.add(fork))
    })
}

/// Lets a session take up what a machine of one of its requests has come to know.
#[wasm_bindgen]
pub fn session_absorb(session: u32, fork: u32) -> Option<String> {
    SESSIONS.with_borrow_mut(|sessions| {
        let mut known = sessions.take(fork)?;
        if let Some(session) = sessions.get_mut(session) {
            session.absorb(&mut known);
        }
        sessions.put(fork, known);
        sessions.get(session).map(|session| session.state().reveal().clone())
    })
}

/// Takes one event: `{"effects":[…],"state":"…"}`, the state only where it changed.
#[wasm_bindgen]
pub fn session_step(session: u32, wall_ms: f64, mono_ms: f64, given: bool, event: &str) -> Option<String> {
    settle(Now::read(wall_ms, mono_ms, given).and_then(|now| {
        let event = read_event(event)?;
        let mut effects = Vec::new();
        let state = SESSIONS.with_borrow_mut(|sessions| {
            let session = sessions.get_mut(session)?;
            session.step(now, event, &mut effects);
            let changed = !matches!(effects.as_slice(), [] | [Effect::Use { .. } | Effect::Deliver { .. }]);
            changed.then(|| session.state())
        });
        let mut text = String::from("{\"effects\":[");
        for (at, effect) in effects.into_iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            text.push_str(&write_effect(effect));
        }
        text.push(']');
        if let Some(state) = state {
            text.push_str(",\"state\":");
            push_string(&mut text, state.reveal());
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
    let given = (epoch as u64, generation as u64);
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
    settle(read_resources(urls, loopback).and_then(|resources| {
        let url = Object::parse(url.as_bytes()).map_err(|_| no_url())?;
        let parts = Parts::read(url.get("url"))?;
        resources.admit(&parts.as_url())
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

/// Where to send the user: `{url, state, verifier}`. `random` is 64 bytes fit for keys.
#[wasm_bindgen]
pub fn authorization_request(
    endpoint: &str,
    client_id: &str,
    redirect_uri: &str,
    scope: Option<String>,
    random: &[u8],
) -> Option<String> {
    let random = random.try_into().map_err(|_| argument("random"));
    settle(random.map(|random| {
        let request = AuthorizationRequest::new(endpoint, client_id, redirect_uri, scope.as_deref(), random);
        let mut members = Members::default();
        members.text("url", &request.url);
        members.text("state", &request.state);
        members.text("verifier", request.verifier.reveal());
        members.finish()
    }))
}

/// The code of what came back.
#[wasm_bindgen]
pub fn authorization_code(
    code: Option<String>,
    error: Option<String>,
    issuer: Option<String>,
    expected_issuer: Option<String>,
) -> Option<String> {
    let response = AuthorizationResponse { code: code.map(Secret::new), error, issuer };
    settle(response.into_code(expected_issuer.as_deref()).map(|code| code.reveal().clone()))
}

/// Leaves the error for something that only the shell can see.
#[wasm_bindgen]
pub fn session_refuse(what: &str) -> Option<bool> {
    settle(Err(match what {
        "foreign-url" => Error::ForeignUrl,
        "body-not-replayable" => Error::BodyNotReplayable,
        "not-a-url" => no_url(),
        "store-unavailable" => Error::StoreUnavailable,
        _ => argument(what),
    }))
}

/// What each argument must be.
fn argument(name: &str) -> Error {
    let expected = match name {
        "session" => "a session, or the options of one",
        "resources" => "a URL or a list of URLs",
        "grant" => "what one of the grant functions returned",
        "store" => "a token store",
        "fetch" => "a function like fetch, and not a bearer fetch",
        "isolation" => "\"shared\" or \"request\"",
        "foreign" => "\"pass\" or \"throw\"",
        "bearer" => "an object with auth, minValidity or replay",
        "credentials" => "a user name and a password",
        "returned" => "the URL that came back, for a request that this session began and has not completed",
        "header" => "a name and a value",
        "acquire" | "refresh" | "revoke" => "a function",
        "wwwAuthenticate" => "a string",
        "event" | "listener" => "the name of an event and a function",
        "minValidity" => "a number of seconds, 0 or more",
        "signal" => "an AbortSignal",
        _ => "of the type that the documentation names",
    };
    Error::invalid_arg(name, expected)
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn read_resources(urls: &str, loopback: bool) -> Result<Resources, Error> {
    let urls = crate::json::parse_array(urls.as_bytes()).map_err(|_| argument("resources"))?;
    if urls.is_empty() {
        return Err(argument("resources"));
    }
    let mut resources = Resources::new(loopback);
    for url in urls {
        resources.add(&Parts::read(Some(url))?.as_url())?;
    }
    Ok(resources)
}

/// Reads options by name and says which of them is not what it should be.
struct Reader<'a>(Object<'a>);

impl<'a> Reader<'a> {
    fn new(value: Option<Value<'a>>, name: &str) -> Result<Self, Error> {
        match value {
            None => Ok(Self(Object::default())),
            Some(Value::Object(nested)) => Ok(Self(nested.object())),
            Some(_) => Err(Error::invalid_arg(name, "an object")),
        }
    }

    fn number(&self, name: &str, least: f64, most: f64, otherwise: f64) -> Result<f64, Error> {
        match self.0.get(name) {
            None => Ok(otherwise),
            Some(Value::Number(number)) if (least..=most).contains(&number) => Ok(number),
            Some(_) => Err(Error::invalid_arg(name, "a number in range")),
        }
    }

    fn word(&self, name: &str, words: [&str; 2], expected: &'static str) -> Result<bool, Error> {
        let Some(value) = self.0.get(name) else {
            return Ok(false);
        };
        match value.as_text().map(|text| words.map(|word| text.is(word))) {
            Some([true, _]) => Ok(false),
            Some([_, true]) => Ok(true),
            _ => Err(Error::invalid_arg(name, expected)),
        }
    }

    fn text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.to_cow().into_owned())),
            Some(_) => Err(Error::invalid_arg(name, "a string")),
        }
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Value::Bool(true)))
    }

    fn endpoint(&self, name: &str, loopback: bool) -> Result<Option<String>, Error> {
        match self.0.get(name) {
            None => Ok(None),
            value => endpoint(&Parts::read(value)?.as_url(), loopback).map(Some),
        }
    }
}

const DAY_MS: f64 = 86_400_000.0;

fn read_options(text: &str) -> Result<(Grant, Options), Error> {
    let all = Reader(Object::parse(text.as_bytes()).map_err(|_| argument("session"))?);
    let ahead = Reader::new(all.0.get("refreshAhead"), "refreshAhead")?;
    let retry = Reader::new(all.0.get("retry"), "retry")?;
    let loopback = !all.word("insecure", ["loopback", "never"], "\"never\" or \"loopback\"")?;
    let defaults = Options::default();
    let ms = |reader: &Reader<'_>, name, least, otherwise: u64| {
        reader.number(name, least, DAY_MS, otherwise as f64).map(|number| number as u64)
    };
    let options = Options {
        refresh_ahead_max_ms: (ahead.number("maxSeconds", 0.0, 1e9, 60.0)? * 1000.0) as u64,
        refresh_ahead_fraction: ahead.number("fraction", 0.0, 0.9, defaults.refresh_ahead_fraction)?,
        timeout_ms: ms(&all, "timeoutMs", 1.0, defaults.timeout_ms)?,
        retry_base_ms: ms(&retry, "baseMs", 0.0, defaults.retry_base_ms)?,
        retry_cap_ms: ms(&retry, "capMs", 0.0, defaults.retry_cap_ms)?,
        replay_window_ms: ms(&all, "replayWindowMs", 0.0, defaults.replay_window_ms)?,
        keep_until_expiry: !all.word(
            "onRefreshRejected",
            ["keep-until-expiry", "end-now"],
            "\"keep-until-expiry\" or \"end-now\"",
        )?,
        has_lock: all.flag("hasLock"),
        store_is_shared: all.flag("storeIsShared"),
        store_is_empty: all.flag("storeIsEmpty"),
        background: !all.flag("endsWithRequest"),
    };
    let grant = Reader::new(all.0.get("grant"), "grant")?;
    let kind = grant.text("kind")?.unwrap_or_default();
    let grant = match kind.as_str() {
        "jsonLogin" => {
            let fields = Reader::new(grant.0.get("fields"), "fields")?;
            Grant::JsonLogin(JsonLogin {
                token_url: grant.endpoint("tokenUrl", loopback)?.ok_or_else(no_url)?,
                refresh_url: grant.endpoint("refreshUrl", loopback)?,
                revoke_url: grant.endpoint("revokeUrl", loopback)?,
                asks: grant.flag("asks"),
                fields: Fields {
                    access_token: fields.text("accessToken")?,
                    refresh_token: fields.text("refreshToken")?,
                    expires_in: fields.text("expiresIn")?,
                },
            })
        }
        "oauth2" | "authorizationCode" => Grant::OAuth(read_oauth(&grant, &kind, loopback)?),
        "cookieRefresh" => Grant::CookieRefresh(CookieRefresh {
            url: grant.endpoint("url", loopback)?.ok_or_else(no_url)?,
            header: (
                grant.text("headerName")?.unwrap_or_default(),
                grant.text("headerValue")?.unwrap_or_default(),
            ),
        }),
        "custom" => Grant::Custom(Custom {
            acquires: grant.flag("acquires"),
            refreshes: grant.flag("refreshes"),
            revokes: grant.flag("revokes"),
        }),
        _ => return Err(argument("grant")),
    };
    if all.flag("storeIsEventual") && grant.may_rotate() {
        return Err(Error::invalid_arg(
            "store",
            "strongly consistent, because refresh tokens may be single-use",
        ));
    }
    Ok((grant, options))
}

fn read_oauth(grant: &Reader<'_>, kind: &str, loopback: bool) -> Result<OAuth, Error> {
    let client_secret = grant.text("clientSecret")?.map(Secret::new);
    let client_auth = match (grant.text("clientAuth")?.as_deref(), &client_secret) {
        (None | Some("none"), None) => ClientAuth::None,
        (None | Some("client_secret_basic"), Some(_)) => ClientAuth::Basic,
        (Some("client_secret_post"), Some(_)) => ClientAuth::Post,
        _ => {
            return Err(Error::invalid_arg(
                "clientAuth",
                "one that fits: with a secret, or \"none\" without",
            ));
        }
    };
    let flow = match (kind, grant.text("grant")?.as_deref()) {
        ("authorizationCode", _) => Flow::AuthorizationCode {
            redirect_uri: grant
                .text("redirectUri")?
                .ok_or_else(|| Error::invalid_arg("redirectUri", "a URL"))?,
        },
        (_, Some("client_credentials")) => Flow::ClientCredentials,
        (_, Some("refresh_token")) => {
            Flow::RefreshToken { refresh_token: grant.text("refreshToken")?.map(Secret::new) }
        }
        _ => return Err(Error::invalid_arg("grant", "\"client_credentials\" or \"refresh_token\"")),
    };
    Ok(OAuth {
        token_endpoint: grant.endpoint("tokenEndpoint", loopback)?.ok_or_else(no_url)?,
        revocation_endpoint: grant.endpoint("revocationEndpoint", loopback)?,
        client_id: grant
            .text("clientId")?
            .filter(|id| !id.is_empty())
            .ok_or_else(|| Error::invalid_arg("clientId", "the client's identifier"))?,
        client_secret,
        client_auth,
        scope: grant.text("scope")?,
        flow,
    })
}

fn read_event(text: &str) -> Result<Event, Error> {
    let object = Object::parse(text.as_bytes()).map_err(|_| argument("event"))?;
    let reader = Reader(object);
    let number = |name| match reader.0.get(name) {
        Some(Value::Number(number)) => number,
        _ => 0.0,
    };
    let text = |name| reader.0.get(name).and_then(Value::as_text).map(|text| text.to_cow().into_owned());
    let (id, op) = (number("id") as u32, number("op") as u32);
    let failed = reader.flag("failed");
    let secret = |name| text(name).map(Secret::new);
    let credentials = || -> Option<Credentials> {
        Some(match secret("code") {
            Some(code) => Credentials::Code { code, verifier: secret("verifier")? },
            None => Credentials::Password { username: secret("username")?, password: secret("password")? },
        })
    };
    Ok(match text("event").unwrap_or_default().as_str() {
        "start" => Event::Start,
        "need" => {
            let seconds = reader.number("minValidity", 0.0, 1e9, 0.0)?;
            Event::Need {
                id,
                min_validity_ms: (seconds * 1000.0) as u64,
                once: reader.flag("once"),
                force: reader.flag("force"),
            }
        }
        "leave" => Event::Leave { id },
        "answered" => Event::Answered {
            id,
            epoch: number("epoch") as u64,
            generation: number("generation") as u64,
            origin: text("origin").unwrap_or_default(),
            path: text("path").unwrap_or_default(),
            status: number("status") as u16,
            challenges: text("challenges"),
            replayable: reader.flag("replayable"),
            second: reader.flag("second"),
        },
        "login" => Event::Login { id, credentials: credentials() },
        "logout" => Event::Logout {
            id,
            compromised: reader.word("reason", ["user", "compromised"], "\"user\" or \"compromised\"")?,
        },
        "close" => Event::Close,
        "changed" => Event::Changed,
        "online" => Event::Online,
        "loaded" => {
            let stored = match (text("record"), text("version")) {
                (Some(record), Some(version)) => Some(Stored { record: Secret::new(record), version }),
                _ => None,
            };
            Event::Loaded { op, result: if failed { Err(StoreFailed) } else { Ok(stored) } }
        }
        "saved" => Event::Saved { op, result: if failed { Err(StoreFailed) } else { Ok(text("version")) } },
        "cleared" => {
            Event::Cleared { op, result: if failed { Err(StoreFailed) } else { Ok(reader.flag("ok")) } }
        }
        "locked" => Event::Locked { op, held: reader.flag("held") },
        "given" => Event::Given { op, credentials: credentials() },
        "received" => Event::Received {
            op,
            answer: Answer {
                status: number("status") as u16,
                content_type: text("contentType").unwrap_or_default(),
                retry_after: text("retryAfter"),
                body: Secret::new(text("body").unwrap_or_default()),
            },
        },
        "lost" => Event::Lost {
            op,
            loss: match text("loss").unwrap_or_default().as_str() {
                "timeout" => Loss::Timeout,
                "not-sent" => Loss::NotSent,
                _ => Loss::Network,
            },
        },
        "woken" => Event::Woken { op },
        _ => return Err(argument("event")),
    })
}

fn write_effect(effect: Effect) -> String {
    let mut members = Members::default();
    let mut name = |name: &str, number: &str, value: u32| {
        members.text("effect", name);
        members.raw(number, &value.to_string());
    };
    match effect {
        Effect::Load { op } => name("load", "op", op),
        Effect::Save { op, record, expect } => {
            name("save", "op", op);
            members.text("record", record.reveal());
            members.optional_text("expect", expect.as_deref());
        }
        Effect::Clear { op, expect } => {
            name("clear", "op", op);
            members.optional_text("expect", expect.as_deref());
        }
        Effect::Lock { op, timeout_ms } => {
            name("lock", "op", op);
            members.optional_number("timeoutMs", Some(timeout_ms));
        }
        Effect::Unlock { op } => name("unlock", "op", op),
        Effect::Ask { op } => name("ask", "op", op),
        Effect::Send { op, request, timeout_ms } => {
            name("send", "op", op);
            members.optional_number("timeoutMs", Some(timeout_ms));
            write_request(&mut members, &request);
        }
        Effect::Call { op, purpose, token, timeout_ms } => {
            name("call", "op", op);
            members.optional_number("timeoutMs", Some(timeout_ms));
            members.text("purpose", purpose.as_str());
            members.optional_text("token", token.as_ref().map(|token| token.reveal().as_str()));
        }
        Effect::Wake { op, after_ms } => {
            name("wake", "op", op);
            members.optional_number("afterMs", Some(after_ms));
        }
        Effect::Use { id, epoch, generation, token, watch } => {
            name("use", "id", id);
            members.optional_number("epoch", Some(epoch));
            members.optional_number("generation", Some(generation));
            members.text("token", token.reveal());
            members.raw("watch", if watch { "true" } else { "false" });
        }
        Effect::Fail { id, error } => {
            name("fail", "id", id);
            members.raw("error", &to_json(&error));
        }
        Effect::Deliver { id } => name("deliver", "id", id),
        Effect::SignedIn { id } => name("signed-in", "id", id),
        Effect::SignedOut { id, revoked } => {
            name("signed-out", "id", id);
            members.raw("revoked", if revoked { "true" } else { "false" });
        }
        Effect::Broadcast { epoch, generation } => {
            members.text("effect", "broadcast");
            members.optional_number("epoch", Some(epoch));
            members.optional_number("generation", Some(generation));
        }
        Effect::Tell(notice) => {
            members.text("effect", "tell");
            write_notice(&mut members, &notice);
        }
    }
    members.finish()
}

fn write_request(members: &mut Members, request: &Request) {
    members.text("method", request.method);
    members.text("url", &request.url);
    let mut headers = Members::default();
    for (name, value) in &request.headers {
        headers.text(name, value.reveal());
    }
    members.raw("headers", &headers.finish());
    members.text("body", request.body.reveal());
    members.raw("keepalive", if request.keepalive { "true" } else { "false" });
    members.raw("cookies", if request.cookies { "true" } else { "false" });
}

/// The event's name and, under `detail`, what its listeners get.
fn write_notice(members: &mut Members, notice: &Notice) {
    let mut detail = Members::default();
    let name = match notice {
        Notice::Change => "change",
        Notice::Refreshed { generation, duration_ms, adopted } => {
            detail.optional_number("generation", Some(*generation));
            detail.optional_number("durationMs", Some(*duration_ms));
            detail.raw("adopted", if *adopted { "true" } else { "false" });
            "refreshed"
        }
        Notice::Ended { reason, code } => {
            detail.text("reason", reason.as_str());
            detail.optional_text("code", *code);
            "ended"
        }
        Notice::Challenge { url, status, scheme, error, scope } => {
            detail.text("url", url);
            detail.optional_number("status", Some(u64::from(*status)));
            detail.text("scheme", scheme);
            detail.optional_text("error", *error);
            detail.optional_text("scope", scope.as_deref());
            "challenge"
        }
        Notice::Warning(warning) => {
            detail.text("code", warning.as_str());
            "warning"
        }
    };
    members.text("name", name);
    members.raw("detail", &detail.finish());
}

fn write_snapshot(snapshot: &Snapshot) -> String {
    let mut members = Members::default();
    match snapshot {
        Snapshot::Loading => members.text("status", "loading"),
        Snapshot::SignedOut { reason } => {
            members.text("status", "signed-out");
            members.text("reason", reason.as_str());
        }
        Snapshot::Active { generation, subject, scopes, expires_at_ms, freshness, refreshing, volatile } => {
            members.text("status", "active");
            members.optional_number("generation", Some(*generation));
            members.optional_text("subject", subject.as_deref());
            if let Some(scopes) = scopes {
                let quoted = scopes.iter().map(|scope| {
                    let mut text = String::new();
                    push_string(&mut text, scope);
                    text
                });
                members.raw("scopes", &list(quoted));
            }
            if let Some(expires_at_ms) = expires_at_ms {
                members.raw("expiresAt", &seconds(*expires_at_ms));
            }
            members.text("freshness", freshness.as_str());
            members.raw("refreshing", if *refreshing { "true" } else { "false" });
            members.raw("volatile", if *volatile { "true" } else { "false" });
        }
    }
    members.finish()
}
