//! The generated fields of the engine: that they are what the generator writes.

use std::{env, fs, path::Path};

use super::generate::SPECS;

fn fields() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/engine/kernels/field"))
}

/// The files in a folder that are not what the generator writes.
fn outdated(folder: &Path) -> Vec<&'static str> {
    let is_current = |file: &str, source: &str| {
        fs::read_to_string(folder.join(format!("{file}.rs"))).is_ok_and(|found| found == source)
    };
    SPECS.iter().filter(|spec| !is_current(spec.file, &spec.source())).map(|spec| spec.file).collect()
}

#[test]
fn the_generated_fields_are_current() {
    if env::var_os("TOKENWARD_GENERATE").is_some() {
        for spec in &SPECS {
            fs::write(fields().join(format!("{}.rs", spec.file)), spec.source()).unwrap();
        }
    }
    assert_eq!(outdated(fields()), [""; 0], "TOKENWARD_GENERATE=1 writes them");
}

#[test]
fn a_field_that_was_changed_by_hand_or_is_missing_is_noticed() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fields");
    fs::create_dir_all(&folder).unwrap();
    for spec in &SPECS {
        let source = match spec.file {
            "p384" => continue,
            "p256" => spec.source().replacen("c + a0 * b1 + a1 * b0", "c + a0 * b1 + a1 * b1", 1),
            "ed25519" => spec.source() + " ",
            _ => spec.source(),
        };
        fs::write(folder.join(format!("{}.rs", spec.file)), source).unwrap();
    }
    let mut noticed = outdated(&folder);
    noticed.sort_unstable();
    assert_eq!(noticed, ["ed25519", "p256", "p384"]);
    fs::remove_dir_all(folder).unwrap();
}
