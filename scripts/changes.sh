#!/usr/bin/env bash
# Makes each change of proofs-tests/changes.txt in a copy of the tree, and says which tests turn red. Fails if none does.
set -euo pipefail
cd "$(dirname "$0")/.."

copy=target/changes
rm -rf "$copy/tree"
mkdir -p "$copy/tree"
git ls-files -z | xargs -0 cp --parents -t "$copy/tree"
export CARGO_TARGET_DIR=$PWD/$copy/target

# The names of the tests that fail, at most four of them.
red() {
    (cd "$copy/tree" && cargo test --locked --quiet --no-fail-fast "$@" 2>&1 || true) |
        awk '/^error(\[|:)/ && !/test failed|targets? failed/ { print "does not build"; exit }
             /^test .* FAILED$/ { print $2 }
             /^    [a-z_:]+$/ { print $1 }' | sort -u | head -n4 | paste -sd ' '
}

survivors=0
echo "| file | change | to | turns red |"
echo "|---|---|---|---|"
while IFS= read -r line; do
    [[ -z $line || $line == \#* ]] && continue
    file=${line%% :: *}
    rest=${line#* :: }
    old=${rest%% :: *}
    new=${rest#* :: }
    OLD=$old NEW=$new perl -0pi -e 's/\Q$ENV{OLD}\E/$ENV{NEW}/' "$copy/tree/$file"
    caught=$(red -p fusion-spec --lib)
    [ -n "$caught" ] || caught=$(red -p fusion-proofs-tests --test exhaustive --test laws --test planner --test params_mix --test evidence --test refinement)
    cp "$file" "$copy/tree/$file"
    [ -n "$caught" ] && [ "$caught" != "does not build" ] || { survivors=$((survivors + 1)); caught="**${caught:-nothing}**"; }
    echo "| ${file#spec/src/} | \`${old//|/\\|}\` | \`${new//|/\\|}\` | $caught |"
done <proofs-tests/changes.txt
exit "$((survivors > 0))"
