//! Verification for JavaScript: handles for keys and verifiers, one call for each step that the shell takes.
//!
//! Tokens come in through a scratch buffer that the shell writes into, and headers and payloads go out as ranges of
//! this module's memory: the bytes that were judged are the bytes that `JSON.parse` reads.

use std::cell::{Cell, RefCell};

use js_sys::Object;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::{Error, Lack, Misuse, Reason, TokenFault};
use crate::json::push_string;
use crate::jwt::{
    Algorithm, Expiry, Explanation, HostKey, ImportOptions, JwsVerifier, KeySet, Keys, MAX_TOKEN_LENGTH,
    Outcome, SignatureCheck, SignatureValid, Step, UnverifiedJwt, VerificationKey, Verified, VerifiedJws,
    Verifier, thumbprint as jwk_thumbprint,
};
use crate::time::NumericDate;
use crate::wasm::error::{Members, fail, settle};
use crate::wasm::rules;
use crate::wasm::table::Table;

/// The token is accepted: header and payload are in the answer.
const ACCEPTED: u32 = 0;
/// The host's engine must check the signature: key, algorithm, message length and signature are in the answer.
const CHECK_SIGNATURE: u32 = 1;

/// A moment that the caller gives is in seconds; one beyond this was meant in milliseconds.
const LATEST_NOW: f64 = 1e11;

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
};

#[expect(dead_code, reason = "read by JavaScript, through the ranges of the answer")]
enum Kept {
    Nothing,
    Bytes(Vec<u8>),
    Unverified(Vec<u8>, Vec<u8>),
    Verified(Verified),
    VerifiedJws(VerifiedJws),
}

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
}

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static ANSWER: Cell<Answer> = const { Cell::new(NOTHING) };
    /// What the answer points into, until the next one.
    static KEPT: RefCell<Kept> = const { RefCell::new(Kept::Nothing) };
    static KEYS: RefCell<Table<Keys>> = const { RefCell::new(Table::new()) };
    static VERIFIERS: RefCell<Table<Compiled>> = const { RefCell::new(Table::new()) };
}

/// Where the answer lies: twelve 32-bit numbers in the order of its fields.
#[wasm_bindgen]
pub fn answer() -> u32 {
    ANSWER.with(|answer| answer.as_ptr() as usize as u32)
}

/// The names of the algorithms, in the order of the numbers in answers.
#[wasm_bindgen]
pub fn algorithms() -> String {
    names(Algorithm::all())
}

/// Makes room for a token of so many characters and says where to write it; each may take three bytes.
#[wasm_bindgen]
pub fn open(verifier: Option<u32>, length: u32) -> Option<u32> {
    let longest = verifier.map_or(Some(MAX_TOKEN_LENGTH), |verifier| {
        VERIFIERS.with_borrow(|verifiers| verifiers.get(verifier).map(Compiled::max_token_length))
    });
    if longest.is_none_or(|longest| length as usize > longest) {
        return fail(Error::malformed(TokenFault::TooLong));
    }
    SCRATCH.with_borrow_mut(|scratch| {
        let needed = length as usize * 3;
        if scratch.len() < needed {
            scratch.resize(needed, 0);
        }
        Some(scratch.as_ptr() as usize as u32)
    })
}

/// How many bytes there are where [`open`] pointed.
#[wasm_bindgen]
pub fn room() -> u32 {
    SCRATCH.with_borrow(Vec::len) as u32
}

/// Reads the token in the scratch buffer without verifying it; header and payload are in the answer.
#[wasm_bindgen]
pub fn decode(length: u32) -> Option<bool> {
    settle(with_token(length, |token| {
        let jwt = UnverifiedJwt::parse_bytes(token, MAX_TOKEN_LENGTH)?;
        jwt.claims_unverified()?;
        let (header, payload) = jwt.into_json_unverified();
        ANSWER.set(Answer { header: range(&header), payload: range(&payload), ..NOTHING });
        KEPT.replace(Kept::Unverified(header, payload));
        Ok(true)
    }))
}

/// `[expired, notYetValid, exp]` of the token in the scratch buffer; `exp` is NaN where there is none.
#[wasm_bindgen]
pub fn expiry_of_token(length: u32, now: f64, given: bool, tolerance: f64) -> Option<Vec<f64>> {
    settle(with_token(length, |token| {
        let jwt = UnverifiedJwt::parse_bytes(token, MAX_TOKEN_LENGTH)?;
        let expiry = Expiry::of(&jwt.claims_unverified()?, moment(now, given)?, tolerance)?;
        Ok(expiry_numbers(expiry))
    }))
}

/// As [`expiry_of_token`], of a claims set in JSON.
#[wasm_bindgen]
pub fn expiry_of_claims(json: &str, now: f64, given: bool, tolerance: f64) -> Option<Vec<f64>> {
    let read = || {
        let claims = crate::json::Object::parse(json.as_bytes());
        let claims = claims.map_err(|fault| Error::malformed(TokenFault::Payload(fault)))?;
        Ok(expiry_numbers(Expiry::of(&claims, moment(now, given)?, tolerance)?))
    };
    settle(read())
}

/// The key in a JWK.
#[wasm_bindgen]
pub fn key_from_jwk(json: &str, algorithm: Option<String>, allow_short_secret: bool) -> Option<u32> {
    settle(
        import_options(algorithm.as_deref(), allow_short_secret)
            .and_then(|options| VerificationKey::from_jwk(json.as_bytes(), options))
            .map(add_keys),
    )
}

/// The public key in a PEM text.
#[wasm_bindgen]
pub fn key_from_pem(pem: &str, algorithm: Option<String>) -> Option<u32> {
    settle(
        import_options(algorithm.as_deref(), false)
            .and_then(|options| VerificationKey::from_pem(pem, options))
            .map(add_keys),
    )
}

/// The shared secret of these bytes.
#[wasm_bindgen]
pub fn key_from_secret(secret: &[u8], algorithm: Option<String>, allow_short_secret: bool) -> Option<u32> {
    settle(
        import_options(algorithm.as_deref(), allow_short_secret)
            .and_then(|options| VerificationKey::from_secret(secret, options))
            .map(add_keys),
    )
}

/// A `CryptoKey`: by the JWK that the host exported for it, or by number where it stays with the host.
#[wasm_bindgen]
#[expect(
    clippy::too_many_arguments,
    reason = "the members of a CryptoKey, which cross the boundary one by one"
)]
pub fn key_from_host(
    kind: &str,
    name: &str,
    hash: &str,
    curve: &str,
    bits: u32,
    exponent: &[u8],
    verifies: bool,
    number: u32,
    jwk: Option<String>,
    algorithm: Option<String>,
) -> Option<u32> {
    let key = HostKey { kind, name, hash, curve, bits, exponent, verifies };
    let read = || {
        let wanted = import_options(algorithm.as_deref(), false)?.algorithm;
        let key = jwk.map_or_else(|| key.opaque(number), |jwk| key.exported(jwk.as_bytes()))?;
        wanted.map_or(Ok(key.clone()), |wanted| key.bind_to(vec![wanted]))
    };
    settle(read().map(add_keys))
}

/// What a key says about itself, as JSON: `algorithms`, `kid`, `type`.
#[wasm_bindgen]
pub fn key_facts(key: u32) -> Option<String> {
    KEYS.with_borrow(|keys| {
        let Keys::One(key) = keys.get(key)? else { return None };
        let mut json = String::from("{\"algorithms\":");
        json.push_str(&names(key.algorithms().into_iter()));
        json.push_str(if key.is_secret() { ",\"type\":\"secret\"" } else { ",\"type\":\"public\"" });
        if let Some(kid) = key.kid() {
            json.push_str(",\"kid\":");
            push_string(&mut json, kid);
        }
        json.push('}');
        Some(json)
    })
}

/// The keys of a JWK Set.
#[wasm_bindgen]
pub fn keys_from_jwks(json: &str) -> Option<u32> {
    settle(KeySet::from_jwks(json.as_bytes()).map(add_keys))
}

/// How many keys there are behind a handle.
#[wasm_bindgen]
pub fn keys_size(keys: u32) -> u32 {
    KEYS.with_borrow(|table| match table.get(keys) {
        Some(Keys::One(_)) => 1,
        Some(Keys::Set(set)) => set.len() as u32,
        None => 0,
    })
}

/// Forgets keys.
#[wasm_bindgen]
pub fn release_keys(keys: u32) {
    KEYS.with_borrow_mut(|table| table.remove(keys));
}

/// A verifier for one set of rules.
#[wasm_bindgen]
pub fn verifier(rules: &Object, keys: u32) -> Option<u32> {
    let build = || Verifier::new(rules::read(rules)?, keys_of(keys)?).map(Compiled::Jwt);
    settle(build().map(add_verifier))
}

/// A verifier for signatures alone, over any payload.
#[wasm_bindgen]
pub fn jws_verifier(options: &Object, keys: u32) -> Option<u32> {
    let build = || {
        let (algorithms, max_token_length) = rules::read_jws(options)?;
        JwsVerifier::new(keys_of(keys)?, algorithms, max_token_length).map(Compiled::Jws)
    };
    settle(build().map(add_verifier))
}

/// Forgets a verifier.
#[wasm_bindgen]
pub fn release_verifier(verifier: u32) {
    VERIFIERS.with_borrow_mut(|table| table.remove(verifier));
}

/// Verifies the token in the scratch buffer: `ACCEPTED` or `CHECK_SIGNATURE`. In the second case the host is asked
/// about one key, and its verdict comes with the next call; where the token needs another key by then, the verdict is
/// not used and the host is asked again.
#[wasm_bindgen]
pub fn verify(
    verifier: u32,
    length: u32,
    now: f64,
    given: bool,
    host_key: u32,
    valid: Option<bool>,
) -> Option<u32> {
    conclude(verifier, length, |verifier, token| {
        let Compiled::Jwt(verifier) = verifier else { return Err(freed()) };
        let check = verifier.start_bytes(token)?;
        let now = moment(now, given)?;
        let Some(valid) = (Verdict { host_key, valid }).apply(check)? else { return Ok(CHECK_SIGNATURE) };
        accept(valid.judge(now)?)
    })
}

/// As [`verify`], for a verifier of signatures alone.
#[wasm_bindgen]
pub fn verify_jws(verifier: u32, length: u32, host_key: u32, valid: Option<bool>) -> Option<u32> {
    conclude(verifier, length, |verifier, token| {
        let Compiled::Jws(verifier) = verifier else { return Err(freed()) };
        let check = verifier.start_bytes(token)?;
        let Some(valid) = (Verdict { host_key, valid }).apply(check)? else { return Ok(CHECK_SIGNATURE) };
        accept_jws(valid.into_jws())
    })
}

/// As [`verify`], and the answer's payload is the explanation in JSON.
#[wasm_bindgen]
pub fn explain(
    verifier: u32,
    length: u32,
    now: f64,
    given: bool,
    host_key: u32,
    valid: Option<bool>,
) -> Option<u32> {
    conclude(verifier, length, |verifier, token| {
        let Compiled::Jwt(verifier) = verifier else { return Err(freed()) };
        let now = moment(now, given)?;
        let verdict = Verdict { host_key, valid };
        if let Ok(check) = verifier.start_bytes(token)
            && verdict.is_lacking(&check)
        {
            ask_host(&check);
            return Ok(CHECK_SIGNATURE);
        }
        let explanation = explanation_json(&verifier.explain(token, now, valid));
        ANSWER.set(Answer { payload: range(explanation.as_bytes()), ..NOTHING });
        KEPT.replace(Kept::Bytes(explanation.into_bytes()));
        Ok(ACCEPTED)
    })
}

/// The JWK thumbprint of a JWK.
#[wasm_bindgen]
pub fn thumbprint(jwk: &str) -> Option<String> {
    settle(jwk_thumbprint(jwk.as_bytes()))
}

/// Refuses what only the shell can see, by name. `detail` names an argument or a claim.
#[wasm_bindgen]
pub fn refuse(what: &str, detail: &str) -> Option<bool> {
    fail(match what {
        "token-kind" => Error::malformed(TokenFault::NotAString),
        "key-kind" => Error::KeyUnusable { misuse: Misuse::Kind },
        "key-engine" => Error::KeyUnusable { misuse: Misuse::Engine },
        "sync-keys" => Error::SyncUnavailable { lack: Lack::Keys },
        "sync-key" => Error::SyncUnavailable { lack: Lack::CryptoKey },
        "sync-callback" => Error::SyncUnavailable { lack: Lack::Callback },
        "revoked" => Error::Revoked,
        "revocation" => Error::RevocationUnavailable,
        "schema" => Error::claim(detail, Reason::CheckFailed),
        _ => Error::invalid_arg(detail, "of the type that the documentation names"),
    })
}

fn with_token<T>(length: u32, read: impl FnOnce(&[u8]) -> Result<T, Error>) -> Result<T, Error> {
    SCRATCH.with_borrow(|scratch| read(scratch.get(..length as usize).unwrap_or_default()))
}

fn conclude(
    verifier: u32,
    length: u32,
    step: impl FnOnce(&Compiled, &[u8]) -> Result<u32, Error>,
) -> Option<u32> {
    let outcome = VERIFIERS.with_borrow(|verifiers| {
        let verifier = verifiers.get(verifier).ok_or_else(freed)?;
        with_token(length, |token| step(verifier, token))
    });
    settle(outcome)
}

fn freed() -> Error {
    Error::invalid_arg("verifier", "one that was not freed")
}

fn add_verifier(verifier: Compiled) -> u32 {
    VERIFIERS.with_borrow_mut(|table| table.add(verifier))
}

/// The verdict of the host's engine, where there is one, and the number of the key that it was asked about.
struct Verdict {
    host_key: u32,
    valid: Option<bool>,
}

impl Verdict {
    /// Whether the host has to be asked about the key of this check.
    fn is_lacking<R>(&self, check: &SignatureCheck<'_, R>) -> bool {
        check.host_key().is_some_and(|needed| self.valid.is_none() || needed != self.host_key)
    }

    /// The token once its signature holds, or `None` where the host has to be asked first.
    fn apply<'a, R>(self, check: SignatureCheck<'a, R>) -> Result<Option<SignatureValid<'a, R>>, Error> {
        if self.is_lacking(&check) {
            ask_host(&check);
            return Ok(None);
        }
        match self.valid {
            Some(valid) if check.host_key().is_some() => check.judged_by_host(valid).map(Some),
            _ => check.by_engine().map(Some),
        }
    }
}

fn accept(verified: Verified) -> Result<u32, Error> {
    ANSWER.set(Answer {
        header: range(verified.header().json()),
        payload: range(verified.payload()),
        kid: range_of_kid(verified.kid()),
        algorithm: verified.algorithm() as u32,
        header_number: verified.header_number().unwrap_or_default(),
        ..NOTHING
    });
    KEPT.replace(Kept::Verified(verified));
    Ok(ACCEPTED)
}

fn accept_jws(verified: VerifiedJws) -> Result<u32, Error> {
    ANSWER.set(Answer {
        header: range(verified.header().json()),
        payload: range(verified.payload()),
        kid: range_of_kid(verified.kid()),
        algorithm: verified.algorithm() as u32,
        ..NOTHING
    });
    KEPT.replace(Kept::VerifiedJws(verified));
    Ok(ACCEPTED)
}

/// No key identifier, and an empty one, are told apart by the offset.
fn range_of_kid(kid: Option<&str>) -> [u32; 2] {
    kid.map_or([0; 2], |kid| range(kid.as_bytes()))
}

fn ask_host<R>(check: &SignatureCheck<'_, R>) {
    let signature = check.jwt().signature().to_vec();
    ANSWER.set(Answer {
        signature: range(&signature),
        algorithm: check.algorithm() as u32,
        host_key: check.host_key().unwrap_or_default(),
        message_length: check.jwt().signing_input().len() as u32,
        ..NOTHING
    });
    KEPT.replace(Kept::Bytes(signature));
}

fn range(bytes: &[u8]) -> [u32; 2] {
    [bytes.as_ptr() as usize as u32, bytes.len() as u32]
}

/// `{"ok","steps":[{"check","outcome","detail","code"}]}`.
fn explanation_json(explanation: &Explanation) -> String {
    let steps: Vec<_> = explanation.steps.iter().map(step_json).collect();
    let mut members = Members::default();
    members.raw("ok", if explanation.is_ok() { "true" } else { "false" });
    members.raw("steps", &format!("[{}]", steps.join(",")));
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

fn moment(now: f64, given: bool) -> Result<NumericDate, Error> {
    if !given {
        return NumericDate::from_host_clock(now);
    }
    NumericDate::new(now).filter(|now| now.seconds() <= LATEST_NOW).ok_or_else(|| {
        Error::invalid_arg("now", "a Date or a number of seconds since 1970 (not milliseconds)")
    })
}

fn expiry_numbers(expiry: Expiry) -> Vec<f64> {
    let flag = |set: bool| f64::from(u8::from(set));
    vec![
        flag(expiry.expired),
        flag(expiry.not_yet_valid),
        expiry.expires_at.map_or(f64::NAN, NumericDate::seconds),
    ]
}

fn import_options(algorithm: Option<&str>, allow_short_secret: bool) -> Result<ImportOptions, Error> {
    let algorithm = match algorithm {
        None => None,
        Some(name) => Some(rules::algorithm(name, "alg")?),
    };
    Ok(ImportOptions { algorithm, allow_short_secret })
}

pub(super) fn add_keys(keys: impl Into<Keys>) -> u32 {
    KEYS.with_borrow_mut(|table| table.add(keys.into()))
}

fn keys_of(keys: u32) -> Result<Keys, Error> {
    let found = KEYS.with_borrow(|table| table.get(keys).cloned());
    found.ok_or_else(|| Error::invalid_arg("keys", "keys that were not freed"))
}

fn names(algorithms: impl Iterator<Item = Algorithm>) -> String {
    let names: Vec<_> = algorithms.map(|algorithm| format!("\"{algorithm}\"")).collect();
    format!("[{}]", names.join(","))
}
