//! Verification for JavaScript: one call for each step that the shell takes.
//!
//! Tokens come in through a scratch buffer that the shell writes into, and headers and payloads go out as ranges of
//! this module's memory: the bytes that were judged are the bytes that `JSON.parse` reads.

use std::cell::RefCell;

use js_sys::Object;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Error;
use crate::ground::text::join;
use crate::jwt::host::{HostEngine, HostKeyId, HostVerdict, start};
use crate::jwt::{Callbacks, Explanation, JwsVerifier, Keys, MAX_TOKEN_LENGTH, Outcome, Step, Verifier};
use crate::time::NumericDate;
use crate::wasm::boundary::error::{Members, refusal, settle};
use crate::wasm::boundary::handles::Table;
use crate::wasm::boundary::options::Options;
use crate::wasm::boundary::reply::{Reply, leave_many};
use crate::wasm::decode::{make_room, moment, with_token};
use crate::wasm::keys::keys_of;
use crate::wasm::rules;

/// A verifier, of claims or of signatures alone.
enum Compiled {
    Jws(JwsVerifier),
    Jwt(Verifier),
}

impl Compiled {
    const fn max_token_length(&self) -> usize {
        match self {
            Self::Jws(verifier) => verifier.max_token_length(),
            Self::Jwt(verifier) => verifier.max_token_length(),
        }
    }

    fn replace_keys(&mut self, issuer: usize, keys: Keys) -> Result<(), Error> {
        match self {
            Self::Jws(verifier) => verifier.replace_keys(keys),
            Self::Jwt(verifier) => verifier.replace_keys(issuer, keys),
        }
    }

    fn jwt(&self) -> Result<&Verifier, Error> {
        if let Self::Jwt(verifier) = self { Ok(verifier) } else { Err(freed()) }
    }
}

thread_local! {
    static VERIFIERS: RefCell<Table<Compiled>> = const { RefCell::new(Table::new()) };
}

/// Makes room for a token of so many characters and says where to write it; each may take three bytes. One more than the
/// rules allow are enough to see that it is too long.
#[wasm_bindgen]
pub fn open(verifier: Option<u32>, length: u32) -> Option<u32> {
    let longest = verifier.map_or(Some(MAX_TOKEN_LENGTH), |verifier| {
        VERIFIERS.with_borrow(|verifiers| verifiers.get(verifier).map(Compiled::max_token_length))
    });
    settle(make_room(longest.unwrap_or_default(), length))
}

/// A verifier, from the options of a `Verifier`: one set of rules, or one for each issuer, with the keys of each.
#[wasm_bindgen]
pub fn verifier(options: &Object, keys: &[u32]) -> Option<u32> {
    let build = || {
        let (rules, named, cache) = rules::read_verifier(options)?;
        let mut pairs = rules.into_iter().zip(keys).map(|(rules, &keys)| Ok((rules, keys_of(keys)?)));
        let verifier = if named {
            Verifier::with_issuers(pairs.collect::<Result<_, Error>>()?)?
        } else {
            let (rules, keys) = pairs.next().unwrap_or_else(|| Err(freed()))?;
            Verifier::new(rules, keys)?
        };
        match cache {
            Some(limits) => verifier.with_cache(limits),
            None => Ok(verifier),
        }
    };
    settle(build().map(Compiled::Jwt).map(add_verifier))
}

/// A verifier for one set of rules, which is all that the options may have.
#[wasm_bindgen]
pub fn rules_verifier(options: &Object, keys: u32) -> Option<u32> {
    let build = || Verifier::new(rules::read(&Options::new(options))?, keys_of(keys)?).map(Compiled::Jwt);
    settle(build().map(add_verifier))
}

/// A verifier for signatures alone, over any payload.
#[wasm_bindgen]
pub fn jws_verifier(options: &Object, keys: u32) -> Option<u32> {
    let build = || JwsVerifier::new(keys_of(keys)?, rules::read_jws(options)?).map(Compiled::Jws);
    settle(build().map(add_verifier))
}

/// Puts other keys in the place of an issuer's, counted from 0.
#[wasm_bindgen]
pub fn replace_keys(verifier: u32, issuer: u32, keys: u32) -> Option<bool> {
    settle(keys_of(keys).and_then(|keys| {
        VERIFIERS.with_borrow_mut(|verifiers| {
            verifiers.get_mut(verifier).ok_or_else(freed)?.replace_keys(issuer as usize, keys)
        })?;
        Ok(true)
    }))
}

/// Forgets a verifier.
#[wasm_bindgen]
pub fn release_verifier(verifier: u32) {
    VERIFIERS.with_borrow_mut(|table| table.remove(verifier));
}

/// The longest token that a verifier reads, in characters.
#[wasm_bindgen]
pub fn max_token_length(verifier: u32) -> u32 {
    VERIFIERS.with_borrow(|verifiers| verifiers.get(verifier).map_or(0, Compiled::max_token_length)) as u32
}

/// The issuer that the token in the scratch buffer names, counted from 0.
#[wasm_bindgen]
pub fn issuer_of(verifier: u32, length: u32) -> Option<u32> {
    let found = with_verifier(verifier, |verifier| {
        let verifier = verifier.jwt()?;
        with_token(length, |token| verifier.issuer_of_token(token))
    });
    found.map_or_else(|error| Reply::refused(error).settle(), |issuer| Some(issuer as u32))
}

/// Verifies the token in the scratch buffer: `ACCEPTED` or `CHECK_SIGNATURE`. In the second case the host is asked
/// about one key, and its verdict comes with the next call: `host_key` or, for an RSA key, `rsa` says which key it was
/// about. If the token needs another key by then, the verdict is not used and the host is asked again. With `takes_rsa`
/// the host is asked about RSA keys too. A verifier of signatures alone needs no moment.
#[wasm_bindgen]
#[expect(clippy::too_many_arguments, reason = "the facts of one verification cross the boundary one by one")]
pub fn verify(
    verifier: u32,
    length: u32,
    now: f64,
    given: bool,
    host_key: u32,
    rsa: Option<String>,
    valid: Option<bool>,
    takes_rsa: bool,
) -> Option<u32> {
    conclude(verifier, length, |verifier, token| {
        let host = host(host_key, rsa.as_deref(), valid, takes_rsa);
        Ok(match verifier {
            Compiled::Jwt(verifier) => Reply::of(verifier.attempt(token, moment(now, given), host)),
            Compiled::Jws(verifier) => Reply::of(verifier.attempt(token, host)),
        })
    })
}

/// Verifies tokens that stand one after another, each so many bytes long. `moments` are pairs of seconds and whether
/// the caller gave them: one for each issuer, or one for all. The number is where the answers lie, one after another.
#[wasm_bindgen]
pub fn verify_many(verifier: u32, tokens: &[u8], lengths: &[u32], moments: &[f64]) -> Option<u32> {
    let replies = with_verifier(verifier, |verifier| {
        let verifier = verifier.jwt()?;
        let mut rest = tokens;
        let replies = lengths.iter().map(|&length| {
            let (token, after) = rest.split_at_checked(length as usize).unwrap_or_default();
            rest = after;
            match moment_for(verifier, token, moments) {
                Ok(now) => Reply::of(verifier.attempt(token, now, HostEngine::default())),
                Err(error) => Reply::refused(error),
            }
        });
        Ok(replies.collect())
    });
    settle(replies.map(leave_many))
}

/// As [`verify`], and the answer's payload is the explanation in JSON. `revocation` and `schema` are what the caller's
/// checks said of the token: nothing where there is no such check, an empty text where it passed, `revoked` or
/// `revocation` as in [`refuse`], and the claim that the schema refused. `keys` is the code of what verifying came to
/// before, for the outage that it may have been.
#[wasm_bindgen]
#[expect(
    clippy::too_many_arguments,
    reason = "what is known of one verification, which crosses the boundary one by one"
)]
pub fn explain(
    verifier: u32,
    length: u32,
    now: f64,
    given: bool,
    host_key: u32,
    valid: Option<bool>,
    revocation: Option<String>,
    schema: Option<String>,
    keys: &str,
) -> Option<u32> {
    let outcome = |what: &str, word: &str| if word.is_empty() { Ok(()) } else { Err(refusal(what, word)) };
    let callbacks = Callbacks {
        revocation: revocation.map(|word| outcome(&word, &word)),
        schema: schema.map(|claim| outcome("schema", &claim)),
        keys: match keys {
            "ERR_JWKS_FETCH_FAILED" => Some(Error::KeySetFetchFailed { status: None }),
            "ERR_JWKS_TIMEOUT" => Some(Error::KeySetTimeout),
            _ => None,
        },
    };
    conclude(verifier, length, |verifier, token| {
        let verifier = verifier.jwt()?;
        let now = moment(now, given)?;
        let host = host(host_key, None, valid, false);
        if let Ok(check) = start(verifier, token)
            && check.lacks(host)
        {
            return Ok(Reply::question(&check).about(Some(check.issuer())));
        }
        Ok(Reply::text(explanation_json(&verifier.explain_with_host(token, now, host.verdict, callbacks))))
    })
}

fn host(opaque: u32, rsa: Option<&str>, valid: Option<bool>, takes_rsa: bool) -> HostEngine<'_> {
    let key = rsa.map_or(HostKeyId::Opaque(opaque), HostKeyId::Rsa);
    HostEngine { takes_rsa, verdict: valid.map(|valid| HostVerdict::dangerous_from_host(key, valid)) }
}

fn with_verifier<T>(verifier: u32, run: impl FnOnce(&Compiled) -> Result<T, Error>) -> Result<T, Error> {
    VERIFIERS.with_borrow(|verifiers| run(verifiers.get(verifier).ok_or_else(freed)?))
}

fn conclude(
    verifier: u32,
    length: u32,
    step: impl FnOnce(&Compiled, &[u8]) -> Result<Reply, Error>,
) -> Option<u32> {
    let reply = with_verifier(verifier, |verifier| with_token(length, |token| step(verifier, token)));
    reply.unwrap_or_else(Reply::refused).settle()
}

fn freed() -> Error {
    Error::invalid_arg("verifier", "one that was not freed")
}

fn add_verifier(verifier: Compiled) -> u32 {
    VERIFIERS.with_borrow_mut(|table| table.add(verifier))
}

/// `{"ok","steps":[{"check","outcome","detail","code"}]}`.
fn explanation_json(explanation: &Explanation) -> String {
    let mut members = Members::default();
    members.raw("ok", if explanation.is_ok() { "true" } else { "false" });
    members.raw("steps", &format!("[{}]", join(explanation.steps.iter().map(step_json), ",")));
    members.finish()
}

fn step_json(step: &Step) -> String {
    let (outcome, code) = match &step.outcome {
        Outcome::Failed(error) => ("failed", Some(error.code())),
        Outcome::Passed => ("passed", None),
        _ => ("skipped", None),
    };
    let mut members = Members::default();
    members.text("check", step.check.name());
    members.text("outcome", outcome);
    members.text("detail", &step.detail);
    members.optional_text("code", code);
    members.finish()
}

/// The moment at which a token is judged, or why its issuer has none.
fn moment_for(
    verifier: &Verifier,
    token: &[u8],
    moments: &[f64],
) -> Result<Result<NumericDate, Error>, Error> {
    let issuer = if moments.len() > 2 { verifier.issuer_of_token(token)? } else { 0 };
    let mut pair = moments.iter().copied().skip(issuer * 2);
    let (now, given) = (pair.next().unwrap_or(f64::NAN), pair.next().unwrap_or(1.0));
    Ok(moment(now, given != 0.0))
}
