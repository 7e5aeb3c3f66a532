#!/usr/bin/env bash
# Makes each change of proofs-tests/changes.txt in a copy of the tree, and says what notices. A line may name what must: all of it
# does, or the change counts as unnoticed. Fails if one is unnoticed. With an argument: only the lines that contain it.
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

# How a campaign ends, if it refutes a claim or finds an error of ours.
ended() {
    local out code=0
    out=$(cd "$copy/tree" && cargo run --locked --quiet --bin sim -- attack "$@" --runs "$CARGO_TARGET_DIR/runs" 2>&1) || code=$?
    echo "$out" >"$copy/last-campaign.txt"
    case $code in
        1) echo "$1: $(grep -m1 -oE 'refuted [a-z_-]+: .*' <<<"$out" | cut -c1-100 || true)" ;;
        70) echo "$1 errs (70): $(grep -m1 -iE 'error' <<<"$out" | cut -c1-100 || true)" ;;
    esac
}

# What one named catcher says; nothing where it does not notice.
says() {
    local kind first rest
    read -r kind first rest <<<"$1"
    case $kind in
        campaign) ended "$first" $rest ;;
        unit) red -p "$first" --lib -- --exact "$rest" ;;
        test) red -p fusion-proofs-tests --test "$first" -- --exact "$rest" ;;
        *) echo "$1: no campaign, unit or test" >&2; exit 64 ;;
    esac
}

# Whatever notices first.
anything() {
    local caught
    caught=$(red -p fusion-spec --lib)
    [ -n "$caught" ] || caught=$(red -p fusion-proofs-tests --test exhaustive --test laws --test planner --test params_mix --test evidence --test refinement)
    echo "$caught"
}

# What each of the named catchers says, and which of them notice nothing.
all_named() {
    local one said
    while IFS= read -r one; do
        said=$(says "$one")
        [ -n "$said" ] || said="**not by $one**"
        echo "$said"
    done < <(sed 's/; /\n/g' <<<"$1") | sed ':a;N;$!ba;s/\n/; /g'
}

survivors=0
echo "| file | change | to | failing tests |"
echo "|---|---|---|---|"
while IFS= read -r line; do
    [[ -z $line || $line == \#* || $line != *"${1:-}"* ]] && continue
    file=${line%% :: *}
    rest=${line#* :: }
    old=${rest%% :: *}
    rest=${rest#* :: }
    new=${rest%% :: *}
    named=
    [[ $rest == *" :: "* ]] && named=${rest#* :: }
    OLD=$old NEW=$new perl -0pi -e 's/\Q$ENV{OLD}\E/$ENV{NEW}/' "$copy/tree/$file"
    if [ -n "$named" ]; then caught=$(all_named "$named"); else caught=$(anything); fi
    cp "$file" "$copy/tree/$file"
    if [ -z "$caught" ] || [[ $caught == *"does not build"* || $caught == *"**not by"* ]]; then
        survivors=$((survivors + 1))
        [[ $caught == *"**"* ]] || caught="**${caught:-nothing}**"
    fi
    echo "| ${file#spec/src/} | \`${old//|/\\|}\` | \`${new//|/\\|}\` | $caught |"
done <proofs-tests/changes.txt
exit "$((survivors > 0))"
