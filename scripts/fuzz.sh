#!/usr/bin/env bash
# Runs every fuzz target for a while, a minute or as many seconds as the first argument says: coverage-guided, from the committed corpora.
# Needs cargo-fuzz and a nightly toolchain (RUSTC_BOOTSTRAP=1 makes a stable one do).
set -euo pipefail
cd "$(dirname "$0")/.."

nightly=$(rustup toolchain list 2>/dev/null | grep -o '^nightly[^ ]*' | head -n1 || true)
if ! command -v cargo-fuzz >/dev/null || { [ -z "$nightly" ] && [ "${RUSTC_BOOTSTRAP:-0}" != 1 ]; }; then
    echo "Fuzzing for longer needs 'cargo install cargo-fuzz' and a nightly toolchain. The test 'fuzz' runs each target for a moment on stable." >&2
    exit 1
fi
for target in proofs-tests/fuzz/targets/*.rs; do
    name=$(basename "$target" .rs)
    mkdir -p "target/fuzz/$name"
    cargo ${nightly:+"+$nightly"} fuzz run --fuzz-dir proofs-tests/fuzz -O "$name" "target/fuzz/$name" "proofs-tests/fuzz/corpus/$name" \
        -- -max_total_time="${1:-60}" -max_len=4096
done
