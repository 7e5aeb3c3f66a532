#!/usr/bin/env bash
# Chromium, for the test of the page: installed in CI only, or when called with --install. Elsewhere the test is skipped without it.
set -euo pipefail

for browser in chromium chromium-browser google-chrome; do
    ! command -v "$browser" >/dev/null || exit 0
done
if [ -z "${CI:-}" ] && [ "${1:-}" != --install ]; then
    echo "Chromium is not installed: the page's test in a browser will be skipped (scripts/chromium.sh --install)"
    exit 0
fi
source "$(dirname "${BASH_SOURCE[0]}")/apt.sh"
apt_install "the page of sim explore is tested in it" chromium
