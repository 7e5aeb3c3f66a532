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

if ! command -v apt-get >/dev/null; then
    echo "Please install a C compiler, make, m4 and diffutils (missing: ${missing[*]}): GMP is built from source" >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Run as root, or install: build-essential m4 diffutils" >&2; exit 1; }
    as_root=(sudo)
fi
echo "Installing build-essential m4 diffutils (missing: ${missing[*]})"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends build-essential m4 diffutils >/dev/null
