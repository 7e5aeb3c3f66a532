# Main targets: demo, test, proofs, models, python, bench, docs, dist. Targets that check the tests themselves: changes, mutants, fuzz.

SHELL := /bin/bash
SIM := target/release/sim
# Formulas in the documentation are set by KaTeX.
KATEX := --html-in-header docs/katex-header.html

.PHONY: demo test proofs models browser cluster python bench docs dist setup changes mutants fuzz

## Build, and attack a real model on real digits; then inside the two-party protocol.
demo: setup
	cargo build --locked --release --bin sim
	$(SIM) attack examples/quickstart.yaml
	@echo
	$(SIM) attack examples/real.yaml
	@echo
	$(SIM) plan --R 512 --lambda 40 --reject-acc 0.80 --honest-acc 0.99 --kappa 20

## Everything CI runs.
test: setup proofs models browser cluster
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	@if command -v cargo-nextest >/dev/null; \
	then set -x; cargo nextest run --locked --workspace; \
	else set -x; cargo test --locked --workspace --lib --bins --tests; fi
	bash scripts/python.sh
	cargo test --locked --workspace --doc
	cargo run --locked --quiet --example choose_parameters
	cargo run --locked --quiet --example own_strategy
	cargo run --locked --quiet --example own_backend
	RUSTDOCFLAGS="-D warnings $(KATEX)" cargo doc --locked --workspace --no-deps
	@if command -v cargo-deny >/dev/null; \
	then set -x; cargo deny --locked check bans licenses sources; \
	else echo "cargo-deny is not installed: the test 'licences' has checked licences and sources"; fi

## Compile the Coq proofs, check that they assume nothing, and recompute the vectors and a million random answers that Rust must meet.
proofs: setup
	bash scripts/proofs.sh

## Time the claims, as medians: plan and bound, evidence, one honest answer, trials. Then secure inferences, into docs/measured.md and docs/tables.md.
bench: setup
	cargo bench --locked -p fusion-sim -p fusion-engine -p fusion-nn -p fusion-2pc --benches
	cargo build --locked --release --bin sim
	bash scripts/measure.sh
	cargo test --locked --release -p fusion-proofs-tests --test disagreement --test two_party --test attacks --test party -- --ignored --nocapture
	cargo test --locked --release -p fusion-2pc --lib -- --ignored --nocapture

## Check the protocol's independent model with Spin.
models: setup
	bash scripts/models.sh

## Chromium in CI, for the test of the page; elsewhere only a word where it is missing.
browser:
	@bash scripts/chromium.sh

## Slurm, GNU parallel and mpirun in CI, for the tests of campaigns on a cluster; elsewhere only a word where they are missing.
cluster:
	@bash scripts/slurm.sh

## Test the Python package, with the library that the Rust tests were built with.
python: setup
	bash scripts/python.sh

## Read the API.
docs: setup
	RUSTDOCFLAGS="$(KATEX)" cargo doc --locked --workspace --no-deps
	@echo "open target/doc/fusion_spec/index.html"

## A release archive with both names of the program, manual pages, completions, and every licence.
dist: setup
	bash scripts/dist.sh

## Change a formula by one, 36 times, and make ten faults of clients and servers, and see what notices.
changes: setup
	bash scripts/changes.sh

## Mutate a sample of the specification; docs/mutants.md says what survives, and why.
mutants: setup
	cargo mutants --no-shuffle --timeout 90 --test-package fusion-spec -f 'spec/src/bound/{deviation,certificate,worst}.rs' \
		-f 'spec/src/{machine,verdict,trace}.rs' -o target -- --lib

## Look for bytes that crash: scripts, models, data, counts, peers.
fuzz: setup
	bash scripts/fuzz.sh

## What the build needs beyond Rust: a C compiler, make and m4, for GMP.
setup:
	@bash scripts/setup.sh
