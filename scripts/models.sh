#!/usr/bin/env bash
# Checks spec/models/fusion.pml with Spin: every property in every setting, that each mutant fails its own property and no other, and that
# the verdicts that can be reached are those of spec/models/verdicts.txt (`--write` writes them).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

source scripts/apt.sh
command -v spin >/dev/null || apt_install "models: Spin 6.5" spin
command -v gcc >/dev/null || apt_install "models: Spin's checkers are C" gcc libc6-dev

properties=(safe early blind release final complete once live)
verdicts=(win harmless public_wrong copies_disagree malformed peer_gone cheating)
settings=("1 1 0 0" "1 2 0 0" "1 2 1 0" "1 2 1 1" "1 3 1 0" "1 2 2 1" "2 1 1 0" "2 1 2 1" "3 1 1 0" "1 1 3 1" "2 2 0 0" "2 2 1 0")
# A mutant's name and all that it fails.
mutants=("NO_COPIES:safe" "SLACKER:safe" "HASTY:early" "LEAKY:release" "FICKLE:safe early final" "PATIENT:live" "EASY:complete" "DEAF:once live" "STARTLED:blind" "GULLIBLE:safe")

root=$PWD
build=target/spin
rm -rf "$build"
mkdir -p "$build"
cd "$build"

# Builds ./pan for "R B T S", with a mutant.
build_checker() {
    read -r R B T S <<<"$1"
    spin -a -DR="$R" -DB="$B" -DT="$T" -DS="$S" -DMUTANT="$2" "$root/spec/models/fusion.pml" >spin.log 2>&1 || { cat spin.log; return 1; }
    gcc -O1 -w -o pan pan.c
}

# Whether a property holds; a search that is cut short fails the script.
holds() {
    local cycles=()
    [ "$1" != live ] || cycles=(-a)
    ./pan "${cycles[@]}" -m200000 -N "$1" >pan.log 2>&1 || true
    if ! grep -q 'errors: ' pan.log || grep -Eq 'max search depth too small|out of memory|Search not completed' pan.log && ! grep -q 'errors: 1' pan.log; then
        cat pan.log >&2
        exit 1
    fi
    grep -q 'errors: 0' pan.log
}

for setting in "${settings[@]}"; do
    build_checker "$setting" 0
    for property in "${properties[@]}"; do
        holds "$property" || { echo "R B T S = $setting: $property does not hold" >&2; cat pan.log >&2; exit 1; }
    done
    reached=()
    for verdict in "${verdicts[@]}"; do
        holds "no_$verdict" || reached+=("$verdict")
    done
    echo "$setting: ${reached[*]}"
done | tee verdicts.txt
if [ "${1:-}" = --write ]; then
    cp verdicts.txt "$root/spec/models/verdicts.txt"
else
    diff -u "$root/spec/models/verdicts.txt" verdicts.txt || { echo "other verdicts can be reached than spec/models/verdicts.txt says" >&2; exit 1; }
fi

for mutant in "${mutants[@]}"; do
    case ${mutant%%:*} in
    NO_COPIES | STARTLED | GULLIBLE) build_checker "1 2 1 0" "${mutant%%:*}" ;;
    *) build_checker "2 1 2 0" "${mutant%%:*}" ;;
    esac
    failed=()
    for property in "${properties[@]}"; do
        holds "$property" || failed+=("$property")
    done
    [ "${failed[*]:-}" = "${mutant##*:}" ] || { echo "${mutant%%:*} fails: ${failed[*]:-nothing}; it must fail ${mutant##*:}" >&2; exit 1; }
    echo "mutant ${mutant%%:*} fails ${failed[*]}, and nothing else"
done
echo "${#properties[@]} properties in ${#settings[@]} settings; ${#mutants[@]} mutants caught"
