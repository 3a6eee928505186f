//! What happened, out of the shell's JSON.

use crate::json::{Object, Value};
use crate::session::{Answer, CallId, Credentials, Event, Loss, Op, StoreFailed, Stored, TokenId};
use crate::{Error, Secret};

/// Reads one event.
pub(super) fn read_event(text: &str) -> Result<Event, Error> {
    let object = Object::parse(text.as_bytes()).map_err(|_| unknown())?;
    let flag = |name| matches!(object.get(name), Some(Value::Bool(true)));
    let number = |name| object.get(name).and_then(Value::as_number).unwrap_or_default();
    let text = |name| object.get(name).and_then(Value::as_text).map(|text| text.to_cow().into_owned());
    let (id, op) = (CallId(number("id") as u32), Op(number("op") as u32));
    let failed = flag("failed");
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
            let seconds = number("minValidity").clamp(0.0, 1e9);
            Event::Need {
                id,
                min_validity_ms: (seconds * 1000.0) as u64,
                once: flag("once"),
                force: flag("force"),
            }
        }
        "leave" => Event::Leave { id },
        "answered" => Event::Answered {
            id,
            token_id: TokenId { epoch: number("epoch") as u64, generation: number("generation") as u64 },
            origin: text("origin").unwrap_or_default(),
            path: text("path").unwrap_or_default(),
            status: number("status") as u16,
            challenges: text("challenges"),
            replayable: flag("replayable"),
            second: flag("second"),
        },
        "login" => Event::Login { id, credentials: credentials() },
        "logout" => Event::Logout { id, compromised: text("reason").as_deref() == Some("compromised") },
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
        "cleared" => Event::Cleared { op, result: if failed { Err(StoreFailed) } else { Ok(flag("ok")) } },
        "locked" => Event::Locked { op, held: flag("held") },
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
                "misconfigured" => Loss::Misconfigured,
                _ => Loss::Network,
            },
        },
        "woken" => Event::Woken { op },
        _ => return Err(unknown()),
    })
}

fn unknown() -> Error {
    Error::invalid_arg("event", "an event of a session")
}
