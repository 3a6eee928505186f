# tokenward. `make` lists what there is to make.

.DEFAULT_GOAL := help
.PHONY: help setup pack size demo site test test-all deny compare soak mutants fuzz bench clean
.SUFFIXES:
.NOTPARALLEL:

package := target/tokenward.tgz
INPUTS := 1000000
sources := $(shell find src .ci -type f) $(wildcard README.md CHANGELOG.md LICENSE) Cargo.toml Cargo.lock pkg.json tsconfig.json

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1@\2/p' $(MAKEFILE_LIST) | awk -F@ '{ printf "%-16s %s\n", $$1, $$2 }'

setup: ## Install what building and testing need (Rust target, wasm-bindgen, wasm-pack, npm packages, browsers, drivers, Redis, cargo-deny)
	@.ci/setup

pack: ## Build the npm package: target/tokenward.tgz
	@.ci/setup pack
	@$(MAKE) --no-print-directory -s $(package)

size: pack ## Print what the package weighs, part by part, and hold it to .ci/sizes.json
	@node .ci/size.mjs

demo: pack ## Run the main job from the packed package, then serve the page (ARGS=--once: without the page)
	@node .ci/demo.mjs $(ARGS)

site: pack ## Write the page and the API reference as static files for any server: target/site
	@node .ci/site.mjs
	@node .ci/api.mjs

test: ## Build the package, check formatting, lints, types, and run every test, natively and in Node, workerd, Chromium and Firefox
	@.ci/setup test
	@node .ci/test.mjs

test-all: test setup deny ## Every test there is: also what takes long
	@cargo clippy --quiet --locked --all-targets -- -D warnings
	@cargo test --quiet --locked --test verify --test engine ml_dsa
	@cargo test --quiet --locked --test engine -- --ignored
	@TOKENWARD_SOAK=1000000 cargo test --quiet --locked --test engine fiat::
	@for host in node issuer runtimes; do node tests/js/run-$$host.mjs --long || exit; done
	@SIMULATOR_SCHEDULES=300000 cargo test --quiet --locked --release --test session simulator
	@node tests/js/run-browsers.mjs --long
	@node tests/js/run-old-browsers.mjs
	@node tests/js/run-examples.mjs --next
	@node tests/js/run-differential.mjs 2000
	@cargo test --quiet --locked --features ml-dsa,jwt-compact,rustcrypto
	@TOKENWARD_VARIANT=rustcrypto node .ci/pack.mjs
	@TOKENWARD_VARIANT=rustcrypto node tests/js/run-node.mjs
	@node .ci/wasm.mjs
	@node .ci/types-matrix.mjs
	@node tests/packaging/run.mjs
	@node .ci/reproducible.mjs
	@node .ci/api.mjs

deny: setup ## Check licences, sources and known vulnerabilities of what is built in
	@node .ci/deny.mjs

compare: pack ## Give the same adversarial tokens to tokenward and to other libraries, and print a table
	@node tests/compare/compare.mjs

bench: setup pack ## Measure tokenward beside its peers in every runtime (ARGS='--hosts node,bun --only ES256 --keep')
	@node tests/bench/bench.mjs $(ARGS)

soak: pack ## Compare a million inputs of every family with RustCrypto and with node:crypto: hours (INPUTS=20000)
	@CARGO_PROFILE_DEV_OPT_LEVEL=3 TOKENWARD_SOAK=$(INPUTS) cargo test --quiet --locked --test engine differential:: -- --nocapture
	@node tests/js/run-differential.mjs $(INPUTS)

mutants: ## Change the code that verifies in small ways, and see whether a test notices: hours (FILES="src/jwt/pem.rs")
	@node .ci/mutants.mjs $(ARGS)

fuzz: ## Fuzz what reads others' bytes, ten minutes each (MINUTES=1, TARGETS="token guard"); needs a nightly toolchain
	@.ci/fuzz $(TARGETS)

clean: ## Remove what was built; the installed tools stay
	rm -rf target/pack* target/tokenward*.tgz target/installed* target/mutants target/debug target/release target/wasm32-unknown-unknown target/doc

$(package): $(sources) tests/package-lock.json
	@node .ci/pack.mjs
