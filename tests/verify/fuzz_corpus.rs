//! Replays the corpus of the fuzz targets, so that what fuzzing found stays found without a nightly toolchain.

#[path = "../fuzz/engines.rs"]
mod engines;
#[path = "../fuzz/guard.rs"]
mod guard;
#[path = "../fuzz/readers.rs"]
mod readers;

use std::path::Path;

fn replay(target: &str, read: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        read(&std::fs::read(entry.unwrap().path()).unwrap());
        files += 1;
    }
    assert!(files > 0, "the corpus of {target} is empty");
}

#[test]
fn the_corpus_of_every_fuzz_target_does_no_harm() {
    replay("token", readers::token);
    replay("jwk", readers::jwk);
    replay("jwk_set", readers::jwk_set);
    replay("pem", readers::pem);
    replay("secret", readers::secret);
    replay("challenge", readers::challenge);
    replay("token_response", readers::token_response);
    replay("session_record", readers::session_record);
    replay("guard", guard::guard);
    replay("engines", engines::engines);
}
