//! Tests that have a process to themselves.

use std::{env, process::Command};

/// Set in a process that runs one test alone.
const ALONE: &str = "TOKENWARD_TEST_ALONE";

/// Whether the test of this name now runs in a process of its own; if not, runs it in one. For tests that change what the
/// whole process shares: a budget, an engine that can be set once.
pub(crate) fn runs_alone(test: &str) -> bool {
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    false
}
