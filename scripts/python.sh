#!/usr/bin/env bash
# Tests the Python package with a library in the profile of the Rust tests, so that what they compiled is used again. In CI something missing is an
# error; elsewhere the tests are skipped. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

missing() {
    echo "the Python package is not tested: $1"
    [ -z "${CI:-}" ] || exit 1
    exit 0
}

if [ -n "${CI:-}" ] && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    source scripts/apt.sh
    apt_install "the Python package is tested" python3 python3-venv
fi
python3 -c 'import ensurepip, venv' 2>/dev/null || missing "python3 or its venv is not installed"

target=${CARGO_TARGET_DIR:-target}
if [ -n "${CI:-}" ]; then
    # The features that `cargo test --workspace` chose: nothing but pyo3 and the library is left to compile.
    cargo build --locked --workspace --lib --tests
else
    cargo build --locked -p fusion-python
fi

mkdir -p "$target/python"
venv=$target/python/venv
requirements=sim/python/tests/requirements.txt
if ! cmp -s "$requirements" "$venv/requirements.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" || missing "pip cannot install $requirements"
    cp "$requirements" "$venv/requirements.txt"
fi

package=$target/python/package
rm -rf "$package"
mkdir -p "$package"
cp -r sim/python/fusion "$package/fusion"
rm -rf "$package/fusion/__pycache__"
case $(uname) in Darwin) library=libfusion_native.dylib ;; *) library=libfusion_native.so ;; esac
cp "$target/debug/$library" "$package/fusion/_native.abi3.so"

PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$(realpath "$package") MPLBACKEND=agg "$venv/bin/python" -m pytest -q -rs -p no:cacheprovider \
    --rootdir sim/python --doctest-modules "$package/fusion" sim/python/tests "$@"
