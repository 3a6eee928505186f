//! What is to be done, and how the session stands, as JSON for the shell.

use crate::ground::text::join;
use crate::json::{push_string, seconds};
use crate::session::{Effect, Endpoint, Notice, Request, Snapshot, TokenId};
use crate::wasm::boundary::error::{Members, to_json};

/// A JSON list of values that are JSON already.
pub(super) fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", join(items, ","))
}

/// Writes one effect.
pub(super) fn write_effect(effect: Effect) -> String {
    let mut members = Members::default();
    let mut name = |name: &str, number: &str, value: u32| {
        members.text("effect", name);
        members.raw(number, &value.to_string());
    };
    match effect {
        Effect::Load { op } => name("load", "op", op.0),
        Effect::Save { op, record, expect } => {
            name("save", "op", op.0);
            members.text("record", record.reveal());
            members.optional_text("expect", expect.as_deref());
        }
        Effect::Clear { op, expect } => {
            name("clear", "op", op.0);
            members.optional_text("expect", expect.as_deref());
        }
        Effect::Lock { op, timeout_ms } => {
            name("lock", "op", op.0);
            members.optional_number("timeoutMs", Some(timeout_ms));
        }
        Effect::Unlock { op } => name("unlock", "op", op.0),
        Effect::Ask { op } => name("ask", "op", op.0),
        Effect::Send { op, request, timeout_ms } => {
            name("send", "op", op.0);
            members.optional_number("timeoutMs", Some(timeout_ms));
            write_request(&mut members, &request);
        }
        Effect::Call { op, purpose, token, timeout_ms } => {
            name("call", "op", op.0);
            members.optional_number("timeoutMs", Some(timeout_ms));
            members.text("purpose", purpose.as_str());
            members.optional_text("token", token.as_ref().map(|token| token.reveal().as_str()));
        }
        Effect::Abort { op } => name("abort", "op", op.0),
        Effect::Wake { op, after_ms, idle } => {
            name("wake", "op", op.0);
            members.optional_number("afterMs", Some(after_ms));
            members.raw("idle", if idle { "true" } else { "false" });
        }
        Effect::Use { id, token_id: TokenId { epoch, generation }, token, watch } => {
            name("use", "id", id.0);
            members.optional_number("epoch", Some(epoch));
            members.optional_number("generation", Some(generation));
            members.text("token", token.reveal());
            members.raw("watch", if watch { "true" } else { "false" });
        }
        Effect::Fail { id, error } => {
            name("fail", "id", id.0);
            members.raw("error", &to_json(&error));
        }
        Effect::Deliver { id } => name("deliver", "id", id.0),
        Effect::SignedIn { id } => name("signed-in", "id", id.0),
        Effect::SignedOut { id, revoked, stored } => {
            name("signed-out", "id", id.0);
            members.raw("stored", if stored { "true" } else { "false" });
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
    members.optional_text("endpoint", request.endpoint.map(Endpoint::as_str));
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

/// Writes the session as its owner sees it.
pub(super) fn write_snapshot(snapshot: &Snapshot) -> String {
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
