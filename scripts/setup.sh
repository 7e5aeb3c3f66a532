#!/usr/bin/env bash
# Installs what the build needs on Debian and Ubuntu; elsewhere says what is missing.
set -euo pipefail

minimum=1.95

if ! command -v cargo >/dev/null; then
    echo "Rust $minimum or later is needed: see https://rustup.rs" >&2
    exit 1
fi
found=$(rustc --version | cut -d' ' -f2)
if [ "$(printf '%s\n' "$minimum" "$found" | sort -V | head -n1)" != "$minimum" ]; then
    echo "Rust $minimum or later is needed, and this is $found: run 'rustup update'" >&2
    exit 1
fi

missing=()
for tool in cc make m4 diff; do
    command -v "$tool" >/dev/null || missing+=("$tool")
done
[ ${#missing[@]} -eq 0 ] && exit 0

source "$(dirname "${BASH_SOURCE[0]}")/apt.sh"
apt_install "missing: ${missing[*]}; GMP is built from source" build-essential m4 diffutils
