//! `wasm-bindgen-test-runner`, which `wasm-pack test` calls. It has to be of the same version.

fn main() -> Result<(), impl std::fmt::Debug> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
