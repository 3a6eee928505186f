//! How an [`Error`] reaches JavaScript: as JSON text that waits for the shell to take it.

use std::cell::Cell;

use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(feature = "jwt")]
use crate::error::TokenFault;
#[cfg(all(feature = "jwt", not(decode_only)))]
use crate::error::{Lack, Misuse, Reason};
use crate::wasm::url::no_url;
use crate::{Error, json};

thread_local! {
    static WAITING: Cell<Option<String>> = const { Cell::new(None) };
}

/// The error of the last export that returned `None`, once: `{"code","message","retryable",…}`.
#[wasm_bindgen]
pub fn take_error() -> Option<String> {
    WAITING.take()
}

/// What a failing export returns: `None`, with `error` left for [`take_error`].
pub(in crate::wasm) fn fail<T>(error: Error) -> Option<T> {
    WAITING.set(Some(to_json(&error)));
    None
}

/// What a fallible export returns: the value, or `None` with the error left for [`take_error`].
pub(in crate::wasm) fn settle<T>(result: Result<T, Error>) -> Option<T> {
    result.map_or_else(fail, Some)
}

/// Leaves the error for something that only the shell can see. `detail` names a claim.
#[wasm_bindgen]
pub fn refuse(what: &str, detail: &str) -> Option<bool> {
    fail(refusal(what, detail))
}

/// The error that the shell calls `what`.
pub(in crate::wasm) fn refusal(what: &str, detail: &str) -> Error {
    #[cfg(decode_only)]
    if what == "token-kind" {
        return Error::malformed(TokenFault::NotAString);
    }
    #[cfg(all(feature = "jwt", not(decode_only)))]
    match what {
        "token-kind" => return Error::malformed(TokenFault::NotAString),
        "key-kind" => return Error::KeyUnusable { misuse: Misuse::Kind },
        "key-engine" => return Error::KeyUnusable { misuse: Misuse::Engine },
        "sync-keys" => return Error::SyncUnavailable { lack: Lack::Keys },
        "sync-key" => return Error::SyncUnavailable { lack: Lack::CryptoKey },
        "sync-callback" => return Error::SyncUnavailable { lack: Lack::Callback },
        "keys-timeout" => return Error::KeySetTimeout,
        "revoked" => return Error::Revoked,
        "revocation" => return Error::RevocationUnavailable,
        "schema" => return Error::claim(detail, Reason::CheckFailed),
        _ => {}
    }
    let _ = detail;
    match what {
        "foreign-url" => Error::ForeignUrl,
        "hidden-redirect" => Error::HiddenRedirect,
        "body-not-replayable" => Error::BodyNotReplayable,
        "not-a-url" => no_url(),
        "timeout" => Error::TokenTimeout,
        "signed-out" => Error::SignedOut,
        "store-unavailable" => Error::StoreUnavailable,
        _ => Error::TokenEndpointMisconfigured { status: None, oauth_error: None },
    }
}

/// The error as the shell reads it. Members that an error does not have are left out.
pub(in crate::wasm) fn to_json(error: &Error) -> String {
    let mut members = Members::default();
    members.text("code", error.code());
    members.text("message", &error.to_string());
    members.raw("retryable", if error.is_retryable() { "true" } else { "false" });
    if let Error::ClaimInvalid { claim, reason } = error {
        members.text("claim", claim);
        members.text("reason", reason.as_str());
    }
    #[cfg(not(decode_only))]
    match error {
        Error::AlgorithmNotAllowed { alg } => members.optional_text("alg", *alg),
        Error::Expired { claim } => members.text("claim", claim),
        Error::NotYetValid => members.text("claim", "nbf"),
        Error::NoMatchingKey { kid } => members.optional_text("kid", kid.as_deref()),
        Error::KeySetFetchFailed { status } | Error::TokenEndpointRedirected { status } => {
            members.optional_number("status", status.map(u64::from));
        }
        Error::LoginRejected { status, oauth_error }
        | Error::RefreshRejected { status, oauth_error }
        | Error::TokenEndpointMisconfigured { status, oauth_error } => {
            members.optional_number("status", status.map(u64::from));
            members.optional_text("oauthError", *oauth_error);
        }
        Error::RefreshUnavailable { status, retry_after_ms } => {
            members.optional_number("status", status.map(u64::from));
            members.optional_number("retryAfterMs", *retry_after_ms);
        }
        _ => {}
    }
    #[cfg(feature = "jwt")]
    {
        let refusal = crate::guard::Refusal::from(error);
        members.optional_text("wwwAuthenticate", refusal.challenge().as_deref());
        members.optional_number("refusal", Some(refusal.number().into()));
    }
    members.finish()
}

/// The members of a JSON object, without its braces.
#[derive(Default)]
pub(in crate::wasm) struct Members(String);

impl Members {
    pub(in crate::wasm) fn raw(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        json::push_string(&mut self.0, name);
        self.0.push(':');
        self.0.push_str(value);
    }

    pub(in crate::wasm) fn text(&mut self, name: &str, value: &str) {
        let mut quoted = String::new();
        json::push_string(&mut quoted, value);
        self.raw(name, &quoted);
    }

    pub(in crate::wasm) fn optional_text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    pub(in crate::wasm) fn optional_number(&mut self, name: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.raw(name, &value.to_string());
        }
    }

    pub(in crate::wasm) fn finish(self) -> String {
        format!("{{{}}}", self.0)
    }
}
