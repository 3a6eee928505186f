//! Our engines and RustCrypto's, given the same key, message and signature: one verdict.
//!
//! The first byte of the input says which family, the second how the rest is used: as key, message and signature as they
//! stand, or as changes to a signature that holds.
#![allow(clippy::unwrap_used, reason = "a target fails by panicking")]

#[allow(dead_code, reason = "the tests of the engine use the rest")]
#[path = "../engine/support.rs"]
mod engine_support;

use engine_support::{pkcs1, pss, rsa_verdicts, verifies};
use num_bigint::BigUint;
use sha2::{Digest, Sha256, Sha384, Sha512};
use tokenward::engine::Algorithm::{EdDsa, Es256, Es256k, Es384, Es512};
use tokenward::engine::{Curve, EcKey, Ed25519Key, Hash, RsaKey};

pub(crate) fn engines(data: &[u8]) {
    let [family, rest @ ..] = data else { return };
    match family % 6 {
        0 => p_256(rest),
        1 => p_384(rest),
        2 => p_521(rest),
        3 => secp256k1(rest),
        4 => ed25519(rest),
        _ => rsa(rest),
    }
}

/// Adds each byte of `changes` to the byte at its place: anything can become of `bytes`, and zeros change nothing.
fn change(bytes: &mut [u8], changes: &[u8]) {
    for (byte, change) in bytes.iter_mut().zip(changes) {
        *byte = byte.wrapping_add(*change);
    }
}

fn changed(changes: &[u8]) -> bool {
    changes.iter().any(|change| *change != 0)
}

macro_rules! ecdsa {
    ($name:ident, $krate:ident, $curve:ident, $algorithm:expr, $hash:ty, $width:literal) => {
        fn $name(data: &[u8]) {
            use $krate::ecdsa::{
                Signature, SigningKey, VerifyingKey,
                signature::hazmat::{PrehashSigner, PrehashVerifier},
            };
            // A private key, what changes the public key, what changes the signature, a message.
            let Some((secret, data)) = data.split_at_checked(4) else { return };
            let Some((changes_of_key, data)) = data.split_at_checked(2 * $width) else { return };
            let Some((changes, message)) = data.split_at_checked(2 * $width) else { return };
            let digest = <$hash>::digest(message);
            let mut scalar = [0; $width];
            scalar[$width - 4..].copy_from_slice(secret);
            let Ok(signer) = SigningKey::from_slice(&scalar) else { return };
            let mut point = signer.verifying_key().to_sec1_point(false).as_bytes().to_vec();
            change(&mut point[1..], changes_of_key);
            let signature: Signature = signer.sign_prehash(&digest).unwrap();
            let mut signature = signature.to_bytes().to_vec();
            change(&mut signature, changes);

            let (x, y) = point[1..].split_at($width);
            let theirs = VerifyingKey::from_sec1_bytes(&point);
            let ours = EcKey::new(Curve::$curve, x, y);
            assert_eq!(ours.is_ok(), theirs.is_ok());
            let (Ok(ours), Ok(theirs)) = (ours, theirs) else { return };
            // The crate of secp256k1 takes the lower of the two values of `s` only; JOSE takes both.
            let theirs = Signature::from_slice(&signature)
                .is_ok_and(|signature| theirs.verify_prehash(&digest, &signature.normalize_s()).is_ok());
            let ours = verifies($algorithm, &ours, message, &signature);
            assert_eq!(ours, theirs);
            assert!(ours || changed(changes_of_key) || changed(changes));
        }
    };
}

ecdsa!(p_256, p256, P256, Es256, Sha256, 32);
ecdsa!(p_384, p384, P384, Es384, Sha384, 48);
ecdsa!(p_521, p521, P521, Es512, Sha512, 66);
ecdsa!(secp256k1, k256, Secp256k1, Es256k, Sha256, 32);

fn ed25519(data: &[u8]) {
    use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
    let Some((secret, data)) = data.split_first_chunk::<32>() else { return };
    let Some((changes_of_key, data)) = data.split_first_chunk::<32>() else { return };
    let Some((changes, message)) = data.split_first_chunk::<64>() else { return };
    let signer = SigningKey::from_bytes(secret);
    let mut point = signer.verifying_key().to_bytes();
    change(&mut point, changes_of_key);
    let mut signature = signer.sign(message).to_bytes();
    change(&mut signature, changes);

    let theirs = VerifyingKey::from_bytes(&point)
        .ok()
        .filter(|key| key.to_edwards().compress().to_bytes() == point && !key.is_weak());
    let ours = Ed25519Key::new(&point);
    assert_eq!(ours.is_ok(), theirs.is_some());
    let (Ok(ours), Some(theirs)) = (ours, theirs) else { return };
    let theirs = theirs.verify_strict(message, &Signature::from_bytes(&signature)).is_ok();
    let ours = verifies(EdDsa, &ours, message, &signature);
    assert_eq!(ours, theirs);
    assert!(ours || changed(changes_of_key) || changed(changes));
}

/// A signature `s` and an encoded message `m` choose the modulus `s³ - m`: under it and the exponent 3, `s` signs `m`,
/// whatever `m` is. So bad encodings come well signed, and no prime has to be found.
fn rsa(data: &[u8]) {
    use ::rsa::{BoxedUint, PublicKey};
    let Some((&[how, size, salt, root @ ..], data)) = data.split_first_chunk::<83>() else { return };
    let Some((&[encoded_at, add_to_encoded, signature_at, add_to_signature, excess], message)) =
        data.split_first_chunk::<5>()
    else {
        return;
    };
    // Just below a power of two, so that no `m` makes the modulus a bit shorter.
    let mut s =
        (BigUint::from(1_u32) << (684 + usize::from(size % 24))) - BigUint::from_bytes_be(&root) - 2_u32;
    let hash = [Hash::Sha256, Hash::Sha384, Hash::Sha512][usize::from(how % 3)];
    let probabilistic = how & 0x80 != 0;
    let bits = usize::try_from(s.pow(3).bits()).unwrap();
    let mut encoded = if probabilistic {
        // The salt that belongs there, or one of another length.
        let length = if salt < 128 { hash.length() } else { usize::from(salt - 128) };
        pss(hash, message, &root[..length.min(root.len())], bits - 1)
    } else {
        pkcs1(hash, message, bits.div_ceil(8))
    };
    // From the end, where the digest is, or from the start, where the padding is.
    let length = encoded.len();
    let at = |at: u8| if at < 128 { usize::from(at) } else { length - 1 - usize::from(at - 128) };
    encoded[at(encoded_at)] = encoded[at(encoded_at)].wrapping_add(add_to_encoded);
    let encoded = BigUint::from_bytes_be(&encoded);
    // The modulus has to be odd.
    s.set_bit(0, !encoded.bit(0));
    let cube = s.pow(3);
    if cube <= encoded {
        return;
    }
    let n = cube - encoded;
    // Other numbers that are the same modulo `n`, as wide as `n` or wider.
    let mut signature = (&s + &n * (excess % 4)).to_bytes_be();
    let n = n.to_bytes_be();
    while signature.len() < n.len() + usize::from(excess >> 6) {
        signature.insert(0, 0);
    }
    let at = usize::from(signature_at);
    signature[at] = signature[at].wrapping_add(add_to_signature);

    let Ok(ours) = RsaKey::new(&n, &[3]) else { return };
    let theirs = PublicKey::new_unchecked(BoxedUint::from_be_slice_vartime(&n), BoxedUint::from(3_u64));
    let (ours, theirs) = rsa_verdicts((&ours, &theirs), (hash, probabilistic), message, &signature);
    assert_eq!(ours, theirs);
    assert!(ours || salt >= 128 || [add_to_encoded, add_to_signature, excess] != [0; 3]);
}
