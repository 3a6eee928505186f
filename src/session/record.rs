//! What stands in the store: opaque, versioned text.
//!
//! A record carries the *intent* beside the tokens: an instance that is about to send the refresh token says so first, by
//! compare-and-set. That makes the record a mutex that survives its holder, and tells a lost answer from a theft.

use crate::Secret;
use crate::ground::text::join;
use crate::json::{Object, Value, push_string};
use crate::session::EndReason;
use crate::session::response::{MAX_LIFETIME_MS, MAX_RESPONSE_LENGTH, is_access_token, scopes};
use crate::session::state::TokenSet;

/// Changes with every change of the format; a record of another version is not read.
pub(crate) const VERSION: f64 = 1.0;

/// The longest record that is read, in bytes: a token response of [`MAX_RESPONSE_LENGTH`] in which every byte is
/// escaped.
const MAX_RECORD_LENGTH: usize = 6 * MAX_RESPONSE_LENGTH + 1024;

/// The record of one session.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) epoch: u64,
    pub(crate) generation: u64,
    /// None: an instance is signing in, or the user has signed out.
    pub(crate) tokens: Option<TokenSet>,
    pub(crate) intent: Option<Intent>,
    /// The session was ended on purpose, so that no instance signs in by itself.
    pub(crate) ended: Option<EndReason>,
}

/// An instance is sending a token request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Intent {
    /// Who: a random number for each instance.
    pub(crate) holder: u64,
    /// When the first of these requests was sent, on the wall clock.
    pub(crate) at_ms: u64,
    /// Requests sent with this refresh token.
    pub(crate) tries: u64,
    /// It was written under the lock: an instance that has the lock now knows that the writer is gone.
    pub(crate) locked: bool,
}

impl Record {
    pub(crate) fn to_text(&self) -> Secret<String> {
        let mut text = String::with_capacity(4096);
        text.push_str("{\"v\":1");
        push_number(&mut text, "epoch", self.epoch);
        push_number(&mut text, "generation", self.generation);
        if let Some(tokens) = &self.tokens {
            push_text(&mut text, "access", tokens.access.reveal());
            if let Some(refresh) = &tokens.refresh {
                push_text(&mut text, "refresh", refresh.reveal());
            }
            push_number(&mut text, "sent", tokens.sent_ms);
            if let Some(lifetime) = tokens.lifetime_ms {
                push_number(&mut text, "lifetime", lifetime);
            }
            if let Some(subject) = &tokens.subject {
                push_text(&mut text, "subject", subject);
            }
            if let Some(scopes) = &tokens.scopes {
                push_text(&mut text, "scope", &join(scopes, " "));
            }
            if tokens.refused {
                text.push_str(",\"refused\":true");
            }
        }
        if let Some(intent) = self.intent {
            push_number(&mut text, "holder", intent.holder);
            push_number(&mut text, "at", intent.at_ms);
            push_number(&mut text, "tries", intent.tries);
            if intent.locked {
                text.push_str(",\"locked\":true");
            }
        }
        if let Some(ended) = self.ended {
            push_text(&mut text, "ended", ended.as_str());
        }
        text.push('}');
        Secret::new(text)
    }

    /// `None` for anything that this version did not write: tokens in it are held to the rules for those of a token
    /// response.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_RECORD_LENGTH {
            return None;
        }
        let object = Object::parse(text.as_bytes()).ok()?;
        if number(&object, "v")? != VERSION as u64 {
            return None;
        }
        let tokens = match object.get("access") {
            None => None,
            Some(_) => Some(TokenSet {
                access: Secret::new(string(&object, "access").filter(|access| is_access_token(access))?),
                refresh: match object.get("refresh") {
                    None => None,
                    Some(_) => {
                        Some(Secret::new(string(&object, "refresh").filter(|refresh| !refresh.is_empty())?))
                    }
                },
                sent_ms: number(&object, "sent")?,
                lifetime_ms: match object.get("lifetime") {
                    None => None,
                    Some(_) => Some(number(&object, "lifetime").filter(|ms| *ms <= MAX_LIFETIME_MS as u64)?),
                },
                subject: string(&object, "subject"),
                scopes: string(&object, "scope").map(|scope| scopes(&scope)),
                refused: matches!(object.get("refused"), Some(Value::Bool(true))),
            }),
        };
        // An intent that cannot be read must not pass for none.
        let intent = match object.get("holder") {
            None => None,
            Some(_) => Some(Intent {
                holder: number(&object, "holder")?,
                at_ms: number(&object, "at")?,
                tries: number(&object, "tries")?,
                locked: matches!(object.get("locked"), Some(Value::Bool(true))),
            }),
        };
        let ended = match string(&object, "ended") {
            None => None,
            Some(word) => Some(EndReason::from_word(&word)?),
        };
        Some(Self {
            epoch: number(&object, "epoch")?,
            generation: number(&object, "generation")?,
            tokens,
            intent,
            ended,
        })
    }
}

pub(crate) fn push_number(text: &mut String, name: &str, value: u64) {
    text.push_str(",\"");
    text.push_str(name);
    text.push_str("\":");
    text.push_str(&value.to_string());
}

pub(crate) fn push_text(text: &mut String, name: &str, value: &str) {
    text.push_str(",\"");
    text.push_str(name);
    text.push_str("\":");
    push_string(text, value);
}

pub(crate) fn number(object: &Object<'_>, name: &str) -> Option<u64> {
    // Every number written here is a whole one that a double holds exactly, so below 2^53.
    let number = object.get(name)?.as_number()?;
    (0.0..9_007_199_254_740_992.0).contains(&number).then_some(number as u64)
}

pub(crate) fn string(object: &Object<'_>, name: &str) -> Option<String> {
    object.get(name).and_then(Value::as_text).map(|text| text.to_cow().into_owned())
}
