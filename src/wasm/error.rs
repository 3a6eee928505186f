//! How an [`Error`] reaches JavaScript: as JSON text that waits for the shell to take it.

use std::cell::Cell;

use wasm_bindgen::prelude::wasm_bindgen;

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
pub(super) fn fail<T>(error: Error) -> Option<T> {
    WAITING.set(Some(to_json(&error)));
    None
}

/// What a fallible export returns: the value, or `None` with the error left for [`take_error`].
pub(super) fn settle<T>(result: Result<T, Error>) -> Option<T> {
    result.map_or_else(fail, Some)
}

/// The error as the shell reads it. Members that an error does not have are left out.
pub(super) fn to_json(error: &Error) -> String {
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
    members.optional_text("wwwAuthenticate", crate::guard::Refusal::from(error).challenge().as_deref());
    members.finish()
}

/// The members of a JSON object, without its braces.
#[derive(Default)]
pub(super) struct Members(String);

impl Members {
    pub(super) fn raw(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        json::push_string(&mut self.0, name);
        self.0.push(':');
        self.0.push_str(value);
    }

    pub(super) fn text(&mut self, name: &str, value: &str) {
        let mut quoted = String::new();
        json::push_string(&mut quoted, value);
        self.raw(name, &quoted);
    }

    pub(super) fn optional_text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    pub(super) fn optional_number(&mut self, name: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.raw(name, &value.to_string());
        }
    }

    pub(super) fn finish(self) -> String {
        format!("{{{}}}", self.0)
    }
}
