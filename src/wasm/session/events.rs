//! What happened, out of the shell's JSON.

use crate::json::{Object, Value};
use crate::session::{Answer, CallId, Credentials, Event, Loss, Op, StoreFailed, Stored, TokenId};
use crate::wasm::session::argument;
use crate::wasm::session::options::Reader;
use crate::{Error, Secret};

/// Reads one event.
pub(super) fn read_event(text: &str) -> Result<Event, Error> {
    let object = Object::parse(text.as_bytes()).map_err(|_| argument("event"))?;
    let reader = Reader(object);
    let number = |name| reader.0.get(name).and_then(Value::as_number).unwrap_or_default();
    let text = |name| reader.0.get(name).and_then(Value::as_text).map(|text| text.to_cow().into_owned());
    let (id, op) = (CallId(number("id") as u32), Op(number("op") as u32));
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
            token_id: TokenId { epoch: number("epoch") as u64, generation: number("generation") as u64 },
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
                "misconfigured" => Loss::Misconfigured,
                _ => Loss::Network,
            },
        },
        "woken" => Event::Woken { op },
        _ => return Err(argument("event")),
    })
}
