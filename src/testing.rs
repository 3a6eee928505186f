//! Signs for tests: HMAC, by jwt-compact, and what a host lacks, ES256K and ML-DSA, by RustCrypto's crates. It shares no code
//! with what verifies, and is built into a module of its own. A private key is the secret, or 32 bytes: the scalar, or the seed
//! of RFC 9964 §4.

use jwt_compact::alg::{Hs256, Hs256Key, Hs384, Hs384Key, Hs512, Hs512Key};
use jwt_compact::{Algorithm, AlgorithmSignature as _};
use k256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use ml_dsa::{ExpandedSigningKey, MlDsa44, MlDsa65, MlDsa87, MlDsaParams};

/// The public key: x and y, or `pub`. `None` where there is no such algorithm, or these bytes are no private key of it.
pub(crate) fn public_key(alg: &str, secret: &[u8]) -> Option<Vec<u8>> {
    match alg {
        "ES256K" => {
            let point = SigningKey::from_slice(secret).ok()?.verifying_key().to_sec1_point(false);
            point.as_bytes().get(1..).map(<[u8]>::to_vec)
        }
        "ML-DSA-44" => Some(expanded::<MlDsa44>(secret)?.verifying_key().encode().to_vec()),
        "ML-DSA-65" => Some(expanded::<MlDsa65>(secret)?.verifying_key().encode().to_vec()),
        "ML-DSA-87" => Some(expanded::<MlDsa87>(secret)?.verifying_key().encode().to_vec()),
        _ => None,
    }
}

/// The signature of `message`, the same every time (RFC 6979, FIPS 204 §3.4). `None` as for [`public_key`].
pub(crate) fn sign(alg: &str, secret: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    match alg {
        "HS256" => Some(hmac(&Hs256, &Hs256Key::new(secret), message)),
        "HS384" => Some(hmac(&Hs384, &Hs384Key::new(secret), message)),
        "HS512" => Some(hmac(&Hs512, &Hs512Key::new(secret), message)),
        "ES256K" => {
            let signature: Signature = SigningKey::from_slice(secret).ok()?.sign(message);
            Some(signature.to_bytes().to_vec())
        }
        "ML-DSA-44" => ml_dsa::<MlDsa44>(secret, message),
        "ML-DSA-65" => ml_dsa::<MlDsa65>(secret, message),
        "ML-DSA-87" => ml_dsa::<MlDsa87>(secret, message),
        _ => None,
    }
}

fn hmac<A: Algorithm>(algorithm: &A, key: &A::SigningKey, message: &[u8]) -> Vec<u8> {
    algorithm.sign(key, message).as_bytes().into_owned()
}

fn ml_dsa<P: MlDsaParams>(secret: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    Some(expanded::<P>(secret)?.sign_deterministic(message, &[]).ok()?.encode().to_vec())
}

fn expanded<P: MlDsaParams>(secret: &[u8]) -> Option<ExpandedSigningKey<P>> {
    secret.try_into().ok().map(|seed| ExpandedSigningKey::from_seed(&seed))
}
