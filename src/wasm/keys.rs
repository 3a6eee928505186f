//! Keys for JavaScript, by handle.

use std::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Error;
use crate::ground::text::join;
use crate::json::push_string;
use crate::jwt::host::HostKey;
use crate::jwt::{Algorithm, ImportOptions, KeySet, Keys, VerificationKey, thumbprint as jwk_thumbprint};
use crate::wasm::boundary::error::settle;
use crate::wasm::boundary::handles::Table;
use crate::wasm::rules;

thread_local! {
    static KEYS: RefCell<Table<Keys>> = const { RefCell::new(Table::new()) };
}

/// The names of the algorithms, in the order of the numbers in answers.
#[wasm_bindgen]
pub fn algorithms() -> String {
    names(Algorithm::all())
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
    allow_short_secret: bool,
) -> Option<u32> {
    let key = HostKey { kind, name, hash, curve, bits, exponent, verifies, allow_short_secret };
    let read = || {
        let key = jwk.map_or_else(|| key.opaque(number), |jwk| key.exported(jwk.as_bytes()))?;
        bound(key, algorithm.as_deref())
    };
    settle(read().map(add_keys))
}

/// The same key for one of its algorithms alone.
#[wasm_bindgen]
pub fn key_bound(key: u32, algorithm: &str) -> Option<u32> {
    let bind = || match keys_of(key)? {
        Keys::One(key) => bound(key, Some(algorithm)),
        Keys::Set(_) => Err(Error::invalid_arg("key", "one key")),
    };
    settle(bind().map(add_keys))
}

fn bound(key: VerificationKey, algorithm: Option<&str>) -> Result<VerificationKey, Error> {
    match import_options(algorithm, false)?.algorithm {
        Some(wanted) => key.bind_to(vec![wanted]),
        None => Ok(key),
    }
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

/// The JWK thumbprint of a JWK.
#[wasm_bindgen]
pub fn thumbprint(jwk: &str) -> Option<String> {
    settle(jwk_thumbprint(jwk.as_bytes()))
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

pub(super) fn keys_of(keys: u32) -> Result<Keys, Error> {
    let found = KEYS.with_borrow(|table| table.get(keys).cloned());
    found.ok_or_else(|| Error::invalid_arg("keys", "keys that were not freed"))
}

fn names(algorithms: impl Iterator<Item = Algorithm>) -> String {
    format!("[{}]", join(algorithms.map(|algorithm| format!("\"{algorithm}\"")), ","))
}
