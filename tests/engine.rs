//! The published examples of every algorithm, each as it stands and with one bit of it flipped.
#![cfg(all(feature = "jwt", not(target_arch = "wasm32")))]

mod engine_support;

use engine_support::verifies;
use jwt_compact::{Algorithm, AlgorithmSignature};
use tokenward::{
    base64url,
    engine::{
        Curve, EcKey, Ed25519, Ed25519Key, EdDsa, Es256, Es512, Hash, HmacKey, Hs256, Ps384, Rs256, RsaKey,
    },
};

/// The payload of the examples of RFC 7515.
const RFC_7515: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
/// The payload of the examples of RFC 7520.
const RFC_7520: &str = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAg\
    b250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0\
    IGJlIHN3ZXB0IG9mZiB0by4";

fn bytes(text: &str) -> Vec<u8> {
    base64url::decode(text.as_bytes()).unwrap()
}

/// The signature holds, and no longer holds when a bit of it or of the message is flipped.
fn holds_exactly<A: Algorithm>(
    algorithm: &A,
    key: &A::VerifyingKey,
    header: &str,
    payload: &str,
    signature: &str,
) {
    let mut message = format!("{header}.{payload}").into_bytes();
    let mut signature = bytes(signature);
    assert!(verifies(algorithm, key, &message, &signature));
    for index in [0, signature.len() / 2, signature.len() - 1] {
        signature[index] ^= 1;
        assert!(!verifies(algorithm, key, &message, &signature), "bit 0 of byte {index} of the signature");
        signature[index] ^= 1;
    }
    message[0] ^= 1;
    assert!(!verifies(algorithm, key, &message, &signature), "bit 0 of the message");
}

#[test]
fn rfc_7515_a_1_hs256() {
    let key = HmacKey::new(&bytes(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    ));
    let header = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9";
    let signature = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    holds_exactly(&Hs256, &key, header, RFC_7515, signature);
    let signed = Hs256.sign(&key, format!("{header}.{RFC_7515}").as_bytes());
    assert_eq!(signed.as_bytes(), bytes(signature));
}

#[test]
fn rfc_7515_a_2_rs256() {
    let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-\
        SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WT\
        BEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2\
        PAcDTW9gb54h4FRWyuXpoQ";
    let key = RsaKey::new(&bytes(n), &bytes("AQAB")).unwrap();
    holds_exactly(
        &Rs256,
        &key,
        "eyJhbGciOiJSUzI1NiJ9",
        RFC_7515,
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CU\
         Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_d\
         O--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig\
         cN_IoypGlUPQGe77Rw",
    );
}

#[test]
fn rfc_7515_a_3_es256() {
    let key = EcKey::new(
        Curve::P256,
        &bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
        &bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
    )
    .unwrap();
    holds_exactly(
        &Es256,
        &key,
        "eyJhbGciOiJFUzI1NiJ9",
        RFC_7515,
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    );
}

#[test]
fn rfc_7515_a_4_es512() {
    let key = EcKey::new(
        Curve::P521,
        &bytes("AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk"),
        &bytes("ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"),
    )
    .unwrap();
    holds_exactly(
        &Es512,
        &key,
        "eyJhbGciOiJFUzUxMiJ9",
        "UGF5bG9hZA",
        "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2Y\
         BJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
    );
}

#[test]
fn rfc_8037_a_4_ed25519_under_both_names() {
    let key = Ed25519Key::new(&bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")).unwrap();
    let header = "eyJhbGciOiJFZERTQSJ9";
    let payload = "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    holds_exactly(&EdDsa, &key, header, payload, signature);
    holds_exactly(&Ed25519, &key, header, payload, signature);
}

/// The RSA key of RFC 7520 §3.3.
fn rfc_7520_rsa() -> RsaKey {
    let n = "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFK\
        rKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpP\
        I9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUk\
        Rz5iaiQkqgc5gHdrNP5zw";
    RsaKey::new(&bytes(n), &bytes("AQAB")).unwrap()
}

#[test]
fn rfc_7520_4_1_rs256() {
    holds_exactly(
        &Rs256,
        &rfc_7520_rsa(),
        "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
        RFC_7520,
        "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDk\
         oBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9Uzp\
         ERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogo\
         ree7vjbU5y18kDquDg",
    );
}

#[test]
fn rfc_7520_4_2_ps384() {
    holds_exactly(
        &Ps384,
        &rfc_7520_rsa(),
        "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
        RFC_7520,
        "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OL\
         PpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shn\
         r2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6\
         oD4ifKo8DYM-X72Eaw",
    );
}

#[test]
fn rfc_7520_4_3_es512() {
    let key = EcKey::new(
        Curve::P521,
        &bytes("AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt"),
        &bytes("AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1"),
    )
    .unwrap();
    holds_exactly(
        &Es512,
        &key,
        "eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
        RFC_7520,
        "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnA\
         MDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2",
    );
}

#[test]
fn rfc_7520_4_4_hs256() {
    holds_exactly(
        &Hs256,
        &HmacKey::new(&bytes("hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg")),
        "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9",
        RFC_7520,
        "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0",
    );
}

#[test]
fn a_secret_is_not_shown() {
    assert_eq!(format!("{:?}", HmacKey::new(b"tell nobody")), "HmacKey([secret])");
}

/// A length that the algorithm fixes is checked; the length of one of RSA is for its key to judge.
#[test]
fn signatures_are_taken_and_given_back_as_they_are() {
    type OfRsa = <Rs256 as Algorithm>::Signature;
    for bytes in [&[][..], &[1], &[2, 3], &[4; 256]] {
        assert_eq!(OfRsa::try_from_slice(bytes).unwrap().as_bytes(), bytes);
    }
    assert_eq!(OfRsa::LENGTH, None);
    type OfEcdsa = <Es256 as Algorithm>::Signature;
    assert_eq!(OfEcdsa::try_from_slice(&[5; 64]).unwrap().as_bytes(), &[5; 64][..]);
    for length in [0, 63, 65, 96] {
        assert!(OfEcdsa::try_from_slice(&vec![5; length]).is_err());
    }
    assert_eq!(OfEcdsa::LENGTH.map(usize::from), Some(64));
}

/// FIPS 180-4 and RFC 7518 §6.2.1.2.
#[test]
fn hashes_and_coordinates_have_their_lengths() {
    assert_eq!([Hash::Sha256, Hash::Sha384, Hash::Sha512].map(Hash::length), [32, 48, 64]);
    let curves = [Curve::P256, Curve::Secp256k1, Curve::P384, Curve::P521];
    assert_eq!(curves.map(Curve::width), [32, 32, 48, 66]);
}
