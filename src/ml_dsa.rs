//! The arithmetic of ML-DSA (FIPS 204), on the crate `ml-dsa`.

use std::sync::{Arc, Mutex, PoisonError};

use ml_dsa::{MlDsa44, MlDsa65, MlDsa87, MlDsaParams, Signature, VerifyingKey};

/// How many keys are remembered in their expanded form. One takes up to 76 KB, and half the time of a verification.
const REMEMBERED: usize = 8;

/// Keys that were used lately, the latest last.
static KEYS: Mutex<Vec<Arc<Expanded>>> = Mutex::new(Vec::new());

/// A public key, as it is written and as the arithmetic needs it.
struct Expanded {
    encoded: Box<[u8]>,
    key: Key,
}

enum Key {
    MlDsa44(VerifyingKey<MlDsa44>),
    MlDsa65(VerifyingKey<MlDsa65>),
    MlDsa87(VerifyingKey<MlDsa87>),
}

impl Key {
    /// No two parameter sets have keys of one length, and every text of that length is a key.
    fn decode(encoded: &[u8]) -> Option<Self> {
        let key = encoded.try_into().map(VerifyingKey::decode).map(Self::MlDsa44);
        let key = key.or_else(|_| encoded.try_into().map(VerifyingKey::decode).map(Self::MlDsa65));
        key.or_else(|_| encoded.try_into().map(VerifyingKey::decode).map(Self::MlDsa87)).ok()
    }
}

/// Whether `signature` is one of `message` (pure ML-DSA, empty context). It is none where a length is another.
pub(crate) fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    match expanded(key).as_deref() {
        Some(Expanded { key: Key::MlDsa44(key), .. }) => holds(key, message, signature),
        Some(Expanded { key: Key::MlDsa65(key), .. }) => holds(key, message, signature),
        Some(Expanded { key: Key::MlDsa87(key), .. }) => holds(key, message, signature),
        None => false,
    }
}

fn holds<P: MlDsaParams>(key: &VerifyingKey<P>, message: &[u8], signature: &[u8]) -> bool {
    Signature::try_from(signature).is_ok_and(|signature| key.verify_with_context(message, &[], &signature))
}

fn expanded(encoded: &[u8]) -> Option<Arc<Expanded>> {
    // What another thread left when it panicked is a list of keys all the same.
    let keys = || KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    let known = {
        let mut keys = keys();
        keys.iter().position(|known| *known.encoded == *encoded).map(|at| keys.remove(at))
    };
    let expanded = match known {
        Some(known) => known,
        None => Arc::new(Expanded { encoded: encoded.into(), key: Key::decode(encoded)? }),
    };
    let mut keys = keys();
    if keys.len() >= REMEMBERED {
        keys.remove(0);
    }
    keys.push(Arc::clone(&expanded));
    Some(expanded)
}
