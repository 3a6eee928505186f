//! The memory that keys take when they are used often: bounded, and given back.

use super::alone::runs_alone;
use ed25519_dalek::{Signature, Signer, SigningKey};
use tokenward::engine::{Algorithm, Ed25519Key, set_table_budget, table_memory, verify};

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

    /// Verifies so often, every second time something that was not signed.
    fn used(self, times: usize) -> Self {
        let signature = self.signature.to_bytes();
        for use_number in 1..=times {
            let signed = use_number % 2 == 1;
            let message: &[u8] = if signed { b"table" } else { b"tables" };
            assert_eq!(
                verify(Algorithm::EdDsa, (&self.key).into(), message, &signature),
                signed,
                "use {use_number}"
            );
        }
        self
    }
}

/// How many uses a key's first table takes: it is begun at the fourth, and each adds two of its 22 rows.
const USES: usize = 3 + 11;

// One test, because the budget is one for the whole process.
#[test]
fn tables_are_built_with_use_and_bounded_in_memory() {
    if !runs_alone("tables::tables_are_built_with_use_and_bounded_in_memory") {
        return;
    }
    assert_eq!(table_memory(), 0);
    let mut often = Signed::new(1);
    let mut grown = Vec::new();
    for _ in 0..USES {
        often = often.used(1);
        grown.push(table_memory());
    }
    // The generator's has 19 rows.
    let (one, two) = (grown[3 + 10 - 1], grown[USES - 1]);
    assert_eq!(grown[..12], [0; 12], "the first three uses build no table, the next add rows to it");
    assert_eq!(grown[12..], [one, two]);
    assert!((60_000..300_000).contains(&two), "{two}: the generator's and the key's");
    let often = often.used(20);
    assert_eq!(table_memory(), two);
    drop(often);
    assert_eq!(table_memory(), one, "a key takes its table with it");
    let of_key = two - one;
    assert!((60_000..90_000).contains(&of_key), "{of_key}");

    let clone = Signed::new(2).used(USES).key.clone();
    assert_eq!(table_memory(), two, "clones share a table");
    drop(clone);

    let many: Vec<_> = (3..63).map(|seed| Signed::new(seed).used(2 * USES)).collect();
    let full = table_memory();
    assert!(full <= MIB, "{full} is over the budget");
    assert!(full > MIB - of_key, "{full} leaves room for another");
    // All go on verifying, those without a table too.
    let many: Vec<_> = many.into_iter().map(|key| key.used(4)).collect();
    assert!(table_memory() <= MIB);

    set_table_budget(one + 2 * of_key);
    assert!(table_memory() <= one + 2 * of_key, "a smaller budget takes tables away");
    the_table_used_least_recently_gives_way(one, of_key);

    set_table_budget(0);
    assert_eq!(table_memory(), 0);
    let many: Vec<_> = many.into_iter().map(|key| key.used(40)).collect();
    assert_eq!(table_memory(), 0, "no budget, no tables");
    a_table_that_was_taken_away_is_earned_twice(of_key);

    set_table_budget(MIB);
    many.into_iter().next().map(|key| key.used(120));
    assert!(table_memory() > 0, "tables come back");
}

/// In a budget for the generator's table, which every use uses, and those of two keys.
fn the_table_used_least_recently_gives_way(of_generator: usize, of_key: usize) {
    let [first, second, third] = [70, 71, 72].map(Signed::new);
    let (first, second) = (first.used(USES), second.used(USES));
    assert_eq!(table_memory(), of_generator + 2 * of_key, "a budget may be used up");
    let (first, third) = (first.used(1), third.used(USES));
    assert_eq!(table_memory(), of_generator + 2 * of_key);
    drop(second);
    assert_eq!(table_memory(), of_generator + 2 * of_key, "the second key's had given way");
    drop(first);
    assert_eq!(table_memory(), of_generator + of_key);
    drop(third);
    assert_eq!(table_memory(), of_generator);
}

/// In a budget for one table of a key, and none for the generator's.
fn a_table_that_was_taken_away_is_earned_twice(of_key: usize) {
    set_table_budget(of_key);
    let key = Signed::new(80).used(USES - 1);
    assert_eq!(table_memory(), 0);
    let key = key.used(1);
    assert_eq!(table_memory(), of_key);
    set_table_budget(of_key - 1);
    assert_eq!(table_memory(), 0);
    let key = key.used(100);
    assert_eq!(table_memory(), 0, "no table that is larger than the budget is built");
    drop(key);

    set_table_budget(of_key);
    let key = Signed::new(81).used(USES);
    set_table_budget(0);
    set_table_budget(of_key);
    let key = key.used(USES + 4 - 1);
    assert_eq!(table_memory(), 0, "the fourth use is not enough any more");
    let mut key = key.used(1);
    assert_eq!(table_memory(), of_key);

    // However often it was taken away: 64 uses, and those that build it.
    for _ in 0..12 {
        set_table_budget(0);
        set_table_budget(of_key);
        key = key.used(63 + 11);
        assert_eq!(table_memory(), of_key);
    }
}
