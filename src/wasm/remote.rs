//! Remote JWK Sets for JavaScript. What the shell should do next goes out as a number or as JSON text; what became
//! of it comes in as a word, a JSON text and, for an answer over HTTP, its body.

use std::cell::RefCell;
use std::time::Duration;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Error;
use crate::ground::random::random_seed;
use crate::json::{Object, Value, parse_array, push_string, seconds};
use crate::jwt::KeySet;
use crate::jwt::remote::{
    Action, Freshness, Input, Need, Remote, RemoteOptions, Response, Source, admit as admit_url,
};
use crate::time::NumericDate;
use crate::wasm::boundary::error::{Members, fail, settle};
use crate::wasm::boundary::handles::Table;
use crate::wasm::boundary::options::{Options, Range};
use crate::wasm::keys::add_keys;
use crate::wasm::url::Parts;

/// How long a set is fresh, or stays in use.
const AGE: Range = Range::new(0.0, 31_536_000.0, "seconds");
const MAX_AGE: Range = Range::new(1.0, 31_536_000.0, "seconds");
const COOLDOWN: Range = Range::new(0.001, 86_400.0, "seconds");
const TIMEOUT: Range = Range::new(1.0, 86_400_000.0, "milliseconds");
const BYTES: Range = Range::whole(1.0, 16_777_216.0, "bytes");

/// Use the set.
const USE: u32 = 0;
/// Use the set, and start the flight behind the caller's back.
const USE_AND_FETCH: u32 = 1;
/// Start the flight, wait until it is done, and ask again.
const FETCH: u32 = 2;
/// A flight is in the air: wait until it is done and ask again.
const WAIT: u32 = 3;
/// The verdict on the token stands.
const STAND: u32 = 4;

/// A moment that the caller gives is in milliseconds; one before this was meant in seconds.
const EARLIEST_NOW: f64 = 1e11;

thread_local! {
    static REMOTES: RefCell<Table<Remote>> = const { RefCell::new(Table::new()) };
}

/// A remote set at a URL, or at an issuer whose metadata names one.
#[wasm_bindgen]
pub fn remote_open(
    source: &str,
    is_issuer: bool,
    options: &js_sys::Object,
    snapshot: Option<String>,
) -> Option<u32> {
    let open = || {
        let source = if is_issuer { Source::Issuer(source.into()) } else { Source::Url(source.into()) };
        let mut remote = Remote::new(source, &read_options(options)?, random_seed())?;
        if let Some(snapshot) = snapshot {
            remote.restore(&snapshot)?;
        }
        Ok(REMOTES.with_borrow_mut(|remotes| remotes.add(remote)))
    };
    settle(open())
}

/// Forgets a remote set.
#[wasm_bindgen]
pub fn release_remote(remote: u32) {
    REMOTES.with_borrow_mut(|remotes| remotes.remove(remote));
}

/// What a verification should do. `missed` is the version in which its key was not found, or zero.
#[wasm_bindgen]
pub fn remote_need(remote: u32, now: f64, given: bool, since: f64, missed: u32) -> Option<u32> {
    settle(with(remote, |remote| {
        let missed = (missed > 0).then_some(missed);
        answer(remote.need(moment(now, given)?, since as u64, missed))
    }))
}

fn answer(need: Need) -> Result<u32, Error> {
    match need {
        Need::Use => Ok(USE),
        Need::UseAndFetch(_) => Ok(USE_AND_FETCH),
        Need::Fetch(_) => Ok(FETCH),
        Need::Wait(_) => Ok(WAIT),
        Need::Stand => Ok(STAND),
        Need::Fail(error) => Err(error),
    }
}

/// What to do if the caller wants a fetch. `waited` is the flight that it has waited for, or zero: its error if it
/// failed, `USE` if it succeeded.
#[wasm_bindgen]
pub fn remote_refresh(remote: u32, now: f64, given: bool, waited: u32) -> Option<u32> {
    settle(with(remote, |remote| {
        let waited = (waited > 0).then_some(waited);
        answer(remote.refresh(moment(now, given)?, waited))
    }))
}

/// The number of the last flight that was to be started.
#[wasm_bindgen]
pub fn remote_flight(remote: u32) -> u32 {
    REMOTES.with_borrow(|remotes| remotes.get(remote).map_or(0, Remote::last_flight))
}

/// Moves a flight on by what became of its last action. The answer is the next one, as JSON.
#[wasm_bindgen]
pub fn remote_advance(
    remote: u32,
    flight: u32,
    now: f64,
    given: bool,
    outcome: &str,
    detail: &str,
    body: &[u8],
) -> Option<String> {
    settle(with(remote, |remote| {
        let now = moment(now, given)?;
        let action = match outcome {
            "start" => remote.advance(now, flight, Input::Start),
            "timeout" => remote.advance(now, flight, Input::Failed { timeout: true }),
            "found" => {
                let texts = parse_array(detail.as_bytes()).unwrap_or_default();
                let mut texts =
                    texts.into_iter().map(|text| text.as_text().map(|text| text.to_cow().into_owned()));
                let [entry, lease] = [texts.next().flatten(), texts.next().flatten()];
                remote.advance(now, flight, Input::Found([entry.as_deref(), lease.as_deref()]))
            }
            "got" => {
                let head = Object::parse(detail.as_bytes()).unwrap_or_default();
                let text =
                    |name| head.get(name).and_then(Value::as_text).map(|text| text.to_cow().into_owned());
                let status = head.get("status").and_then(Value::as_number).unwrap_or_default() as u16;
                let [content_type, cache_control, age] =
                    [text("contentType"), text("cacheControl"), text("age")];
                remote.advance(
                    now,
                    flight,
                    Input::Got(Response {
                        status,
                        content_type: content_type.as_deref(),
                        cache_control: cache_control.as_deref(),
                        age: age.as_deref(),
                        body,
                    }),
                )
            }
            "ready" => remote.advance(now, flight, Input::Ready),
            _ => remote.advance(now, flight, Input::Failed { timeout: false }),
        };
        Ok(write_action(&action))
    }))
}

/// The keys of the set as it is now, for verifiers; none where none has been fetched.
#[wasm_bindgen]
pub fn remote_keys(remote: u32) -> Option<u32> {
    settle(with(remote, |remote| {
        let set = remote.keys().cloned().map_or_else(|| KeySet::from_jwks(br#"{"keys":[]}"#), Ok);
        set.map(add_keys)
    }))
}

/// A number that changes whenever the set does. Zero before there is one.
#[wasm_bindgen]
pub fn remote_version(remote: u32) -> u32 {
    REMOTES.with_borrow(|remotes| remotes.get(remote).map_or(0, Remote::version))
}

/// What is known now, to start from elsewhere.
#[wasm_bindgen]
pub fn remote_snapshot(remote: u32) -> Option<String> {
    settle(with(remote, |remote| Ok(remote.snapshot())))
}

/// `{"freshness","fetchedAt","coolingDown","lastError"}`, the moment in seconds.
#[wasm_bindgen]
pub fn remote_state(remote: u32, now: f64, given: bool) -> Option<String> {
    settle(with(remote, |remote| {
        // Whoever only asks need not have a clock: an unset one has seen nothing grow old.
        let now = moment(now, given).unwrap_or(0);
        let mut members = Members::default();
        members.text(
            "freshness",
            match remote.freshness(now) {
                Freshness::Empty => "empty",
                Freshness::Fresh => "fresh",
                Freshness::Stale => "stale",
            },
        );
        let fetched_at = remote.fetched_at().map(seconds);
        members.raw("fetchedAt", fetched_at.as_deref().unwrap_or("null"));
        members.raw("coolingDown", if remote.is_cooling_down(now) { "true" } else { "false" });
        match remote.last_error() {
            Some(error) => members.text("lastError", error.code()),
            None => members.raw("lastError", "null"),
        }
        Ok(members.finish())
    }))
}

/// Whether a URL may be asked for keys. `urls` holds it, the source, and the URL that redirected here if one did.
#[wasm_bindgen]
pub fn remote_admit(urls: &str, loopback: bool) -> Option<bool> {
    let admit = || {
        let mut urls = parse_array(urls.as_bytes()).unwrap_or_default().into_iter();
        let [url, source] = [Parts::read(urls.next())?, Parts::read(urls.next())?];
        let from = urls.next().map(|from| Parts::read(Some(from))).transpose()?;
        admit_url(&url.as_url(), &source.as_url(), from.as_ref().map(Parts::as_url).as_ref(), loopback)
    };
    match admit() {
        Ok(()) => Some(true),
        Err(error) => fail(error),
    }
}

fn with<T>(remote: u32, run: impl FnOnce(&mut Remote) -> Result<T, Error>) -> Result<T, Error> {
    REMOTES.with_borrow_mut(|remotes| match remotes.get_mut(remote) {
        Some(remote) => run(remote),
        None => Err(Error::invalid_arg("keys", "keys that were not freed")),
    })
}

fn moment(now: f64, given: bool) -> Result<u64, Error> {
    if given {
        let plausible = (EARLIEST_NOW..=8.64e15).contains(&now);
        return if plausible {
            Ok(now as u64)
        } else {
            Err(Error::invalid_arg("now", "a function that gives milliseconds since 1970 (not seconds)"))
        };
    }
    NumericDate::from_host_clock(now / 1000.0).map(|_| now as u64)
}

fn read_options(options: &js_sys::Object) -> Result<RemoteOptions, Error> {
    let options = Options::new(options);
    let duration = |name: &str, range: Range, unit: f64| {
        options.number(name, range).map(|number| number.map(|number| Duration::from_secs_f64(number * unit)))
    };
    let base = RemoteOptions::default();
    Ok(RemoteOptions {
        max_age: duration("maxAge", MAX_AGE, 1.0)?.unwrap_or(base.max_age),
        min_age: duration("minAge", AGE, 1.0)?,
        stale_if_error: duration("staleIfError", AGE, 1.0)?.unwrap_or(base.stale_if_error),
        cooldown: duration("cooldown", COOLDOWN, 1.0)?.unwrap_or(base.cooldown),
        timeout: duration("timeoutMs", TIMEOUT, 0.001)?.unwrap_or(base.timeout),
        max_bytes: options.number("maxBytes", BYTES)?.map_or(base.max_bytes, |number| number as usize),
        shared_cache: options.flag("sharedCache")?.unwrap_or_default(),
    })
}

fn write_action(action: &Action) -> String {
    let mut members = Members::default();
    match action {
        Action::Done => members.text("do", "done"),
        Action::Get { url, within } => {
            members.text("do", "get");
            members.text("url", url);
            members.optional_number("withinMs", Some(*within));
        }
        Action::Read { keys: [entry, lease], within } => {
            let mut keys = String::from("[");
            push_string(&mut keys, entry);
            keys.push(',');
            push_string(&mut keys, lease);
            keys.push(']');
            members.text("do", "read");
            members.raw("keys", &keys);
            members.optional_number("withinMs", Some(*within));
        }
        Action::Sleep(pause) => {
            members.text("do", "sleep");
            members.optional_number("ms", Some(*pause));
        }
        Action::Write { key, value, ttl, within } => {
            members.text("do", "write");
            members.text("key", key);
            members.text("value", value);
            members.optional_number("ttlSeconds", Some(*ttl));
            members.optional_number("withinMs", Some(*within));
        }
    }
    members.finish()
}
