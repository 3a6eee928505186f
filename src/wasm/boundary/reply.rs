//! What a verification leaves for JavaScript to read: numbers, and ranges of this module's memory.

use std::cell::{Cell, RefCell};

use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Error;
use crate::jwt::host::{Attempt, HostKeyId, Progress, SignatureCheck, header_id};
#[cfg(not(decode_only))]
use crate::jwt::{Verified, VerifiedJws};
use crate::wasm::boundary::error::{fail, to_json};

/// The token is accepted: header and payload are in the answer.
const ACCEPTED: u32 = 0;
/// The host's engine must check the signature: key, algorithm, message length and signature are in the answer. The payload
/// is the key as a JWK, where it is not one that stays with the host.
const CHECK_SIGNATURE: u32 = 1;
/// The token is refused. Only in the answers to many tokens: elsewhere the error is returned.
const REFUSED: u32 = 2;

/// What a call leaves for the shell to read, besides its return value. Ranges are offset and length.
#[derive(Clone, Copy)]
#[repr(C)]
struct Answer {
    header: [u32; 2],
    payload: [u32; 2],
    signature: [u32; 2],
    kid: [u32; 2],
    algorithm: u32,
    host_key: u32,
    message_length: u32,
    /// Answers of one number have the same header, key and algorithm; 0 for none.
    header_number: u32,
    /// Whose keys had a say, counted from 1; 0 where no key was looked for.
    issuer: u32,
    status: u32,
    /// Why the token is refused, as JSON.
    error: [u32; 2],
}

const NOTHING: Answer = Answer {
    header: [0; 2],
    payload: [0; 2],
    signature: [0; 2],
    kid: [0; 2],
    algorithm: 0,
    host_key: 0,
    message_length: 0,
    header_number: 0,
    issuer: 0,
    status: ACCEPTED,
    error: [0; 2],
};

/// What the answers point into, until the next ones.
#[expect(dead_code, reason = "read by JavaScript, through the ranges of the answers")]
enum Kept {
    Nothing,
    Bytes(Vec<u8>),
    #[cfg(not(decode_only))]
    Many(Vec<Answer>, Vec<Self>),
    Unverified(Vec<u8>, Vec<u8>),
    #[cfg(not(decode_only))]
    Verified(Verified),
    #[cfg(not(decode_only))]
    VerifiedJws(VerifiedJws),
}

thread_local! {
    static ANSWER: Cell<Answer> = const { Cell::new(NOTHING) };
    static KEPT: RefCell<Kept> = const { RefCell::new(Kept::Nothing) };
}

/// Where the answer lies: sixteen 32-bit numbers in the order of its fields.
#[wasm_bindgen]
pub fn answer() -> u32 {
    ANSWER.with(|answer| answer.as_ptr() as usize as u32)
}

/// Leaves an answer, and what it points into.
fn leave(answer: Answer, kept: Kept) {
    ANSWER.set(answer);
    KEPT.replace(kept);
}

/// Leaves answers one after another. The number is where they lie.
#[cfg(not(decode_only))]
pub(in crate::wasm) fn leave_many(replies: Vec<Reply>) -> u32 {
    let (answers, kept): (Vec<_>, Vec<_>) = replies.into_iter().map(Reply::with_error).unzip();
    let at = answers.as_ptr() as usize as u32;
    leave(NOTHING, Kept::Many(answers, kept));
    at
}

fn range(bytes: &[u8]) -> [u32; 2] {
    [bytes.as_ptr() as usize as u32, bytes.len() as u32]
}

/// An answer that is not left yet.
pub(in crate::wasm) struct Reply {
    answer: Answer,
    kept: Kept,
    error: Option<Error>,
}

/// What there is to read of a token that is accepted.
pub(in crate::wasm) trait Accepted {
    fn reply(self) -> Reply;
}

#[cfg(not(decode_only))]
impl Accepted for Verified {
    fn reply(self) -> Reply {
        let answer = Answer {
            header: range(self.header().json()),
            payload: range(self.payload()),
            kid: range_of_kid(self.kid()),
            algorithm: self.algorithm() as u32,
            header_number: header_id(&self).unwrap_or_default(),
            ..NOTHING
        };
        Reply { answer, kept: Kept::Verified(self), error: None }
    }
}

#[cfg(not(decode_only))]
impl Accepted for VerifiedJws {
    fn reply(self) -> Reply {
        let answer = Answer {
            header: range(self.header().json()),
            payload: range(self.payload()),
            kid: range_of_kid(self.kid()),
            algorithm: self.algorithm() as u32,
            ..NOTHING
        };
        Reply { answer, kept: Kept::VerifiedJws(self), error: None }
    }
}

impl Reply {
    pub(in crate::wasm) fn of<V: Accepted, R>(attempt: Attempt<'_, V, R>) -> Self {
        let reply = match attempt.outcome {
            Ok(Progress::Verified(verified)) => verified.reply(),
            Ok(Progress::AskHost(check)) => Self::question(&check),
            Err(error) => Self::refused(error),
        };
        reply.about(attempt.issuer)
    }

    /// Says whose keys were looked at.
    pub(in crate::wasm) fn about(mut self, issuer: Option<usize>) -> Self {
        self.answer.issuer = issuer.map_or(0, |issuer| issuer as u32 + 1);
        self
    }

    pub(in crate::wasm) fn question<R>(check: &SignatureCheck<'_, R>) -> Self {
        let signature = check.jwt().signature().to_vec();
        let (host_key, payload) = match check.host_key_id() {
            Some(HostKeyId::Opaque(number)) => (number, [0; 2]),
            Some(HostKeyId::Rsa(jwk)) => (0, range(jwk.as_bytes())),
            None => (0, [0; 2]),
        };
        let answer = Answer {
            payload,
            signature: range(&signature),
            algorithm: check.algorithm() as u32,
            host_key,
            message_length: check.jwt().signing_input().len() as u32,
            status: CHECK_SIGNATURE,
            ..NOTHING
        };
        Self { answer, kept: Kept::Bytes(signature), error: None }
    }

    pub(in crate::wasm) fn refused(error: Error) -> Self {
        Self { answer: Answer { status: REFUSED, ..NOTHING }, kept: Kept::Nothing, error: Some(error) }
    }

    /// Header and payload of a token that nobody vouches for.
    pub(in crate::wasm) fn unverified((header, payload): (Vec<u8>, Vec<u8>)) -> Self {
        let answer = Answer { header: range(&header), payload: range(&payload), ..NOTHING };
        Self { answer, kept: Kept::Unverified(header, payload), error: None }
    }

    /// A text of our own in place of a payload.
    pub(in crate::wasm) fn text(text: String) -> Self {
        let bytes = text.into_bytes();
        Self { answer: Answer { payload: range(&bytes), ..NOTHING }, kept: Kept::Bytes(bytes), error: None }
    }

    /// Leaves the answer to the one token that was asked about.
    pub(in crate::wasm) fn settle(self) -> Option<u32> {
        leave(self.answer, self.kept);
        self.error.map_or(Some(self.answer.status), fail)
    }

    fn with_error(self) -> (Answer, Kept) {
        match self.error {
            None => (self.answer, self.kept),
            Some(error) => {
                let json = to_json(&error).into_bytes();
                (Answer { error: range(&json), ..self.answer }, Kept::Bytes(json))
            }
        }
    }
}

/// No key identifier, and an empty one, are told apart by the offset.
fn range_of_kid(kid: Option<&str>) -> [u32; 2] {
    kid.map_or([0; 2], |kid| range(kid.as_bytes()))
}
