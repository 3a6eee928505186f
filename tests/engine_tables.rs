//! The memory that keys take when they are used often: bounded, and given back.
#![cfg(all(feature = "jwt", not(feature = "rustcrypto"), not(target_arch = "wasm32")))]

use ed25519_dalek::{Signature, Signer, SigningKey};
use jwt_compact::{Algorithm, AlgorithmSignature};
use tokenward::engine::{Ed25519Key, EdDsa, set_table_budget, table_memory};

const MIB: usize = 1 << 20;

struct Signed {
    key: Ed25519Key,
    signature: Signature,
}

impl Signed {
    fn new(seed: u8) -> Self {
        let signer = SigningKey::from_bytes(&[seed; 32]);
        let key = Ed25519Key::new(signer.verifying_key().as_bytes()).unwrap();
        Self { key, signature: signer.sign(b"table") }
    }

    /// Verifies so often, and finds each time that the signature holds.
    fn used(self, times: usize) -> Self {
        let signature = AlgorithmSignature::try_from_slice(&self.signature.to_bytes()).unwrap();
        for use_number in 1..=times {
            assert!(EdDsa.verify_signature(&signature, &self.key, b"table"), "use {use_number}");
            assert!(!EdDsa.verify_signature(&signature, &self.key, b"tables"), "use {use_number}");
        }
        self
    }
}

// One test, because the budget is one for the whole process.
#[test]
fn tables_are_built_with_use_and_bounded_in_memory() {
    assert_eq!(table_memory(), 0);
    let once = Signed::new(0).used(1);
    assert_eq!(table_memory(), 0, "one use builds no table");

    let often = Signed::new(1).used(40);
    let two = table_memory();
    assert!((60_000..300_000).contains(&two), "{two}: the generator's and the key's");
    drop(often);
    let one = table_memory();
    assert!(one < two, "a key takes its table with it");
    let of_key = two - one;

    let clone = {
        let key = Signed::new(2).used(40);
        let clone = key.key.clone();
        assert_eq!(table_memory(), two);
        clone
    };
    assert_eq!(table_memory(), two, "clones share a table");
    drop(clone);

    let many: Vec<_> = (3..63).map(|seed| Signed::new(seed).used(40)).collect();
    let full = table_memory();
    assert!(full <= MIB, "{full} is over the budget");
    assert!(full > MIB - of_key, "{full} leaves room for another");
    // All go on verifying, those without a table too.
    let many: Vec<_> = many.into_iter().map(|key| key.used(2)).collect();
    assert!(table_memory() <= MIB);

    set_table_budget(one + 2 * of_key);
    assert!(table_memory() <= one + 2 * of_key, "a smaller budget takes tables away");
    set_table_budget(0);
    assert_eq!(table_memory(), 0);
    let many: Vec<_> = many.into_iter().map(|key| key.used(20)).collect();
    assert_eq!(table_memory(), 0, "no budget, no tables");
    set_table_budget(MIB);
    many.into_iter().next().map(|key| key.used(60));
    once.used(60);
    assert!(table_memory() > 0, "tables come back");
}
