#!/usr/bin/env bash
# Runs every curated script and example with two builds of sim, and fails unless counts.csv is the same byte for byte and result.json is the
# same but for processor times and the folder's name.
#
# Each strategy plays at most 16,384 trials, or 32 in scripts at `real`.
#
#   scripts/compare.sh OLD_SIM NEW_SIM
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# = 2 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 64; }
old=$1 new=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The JSON of a run without what depends on the clock.
settled() {
    sed -E 's/"(client_|server_)?cpu_s":[^,}]*//g; s/"run_dir":"[^"]*"//; s#/[^ "]*/script\.yaml#SCRIPT#g' "$1"
}

different=0 compared=0
for script in adversaries/scripts/*.yaml examples/*.yaml; do
    name=$(basename "$script" .yaml)
    grep -q "fidelity: real" "$script" && max=32 || max=16384
    for side in old new; do
        code=0
        "${!side}" attack "$script" --quiet --runs "$folder/$side/$name" --max "$max" > /dev/null 2> "$folder/$side-stderr" || code=$?
        echo "$code" > "$folder/$side-code"
        latest=$folder/$side/$name/latest
        # A script whose data are not there is refused, by both.
        cat "$latest/counts.csv" > "$folder/$side-counts" 2> /dev/null || true
        { [ ! -e "$latest" ] || settled "$latest/result.json"; } > "$folder/$side-result"
        { [ ! -d "$latest/exemplars" ] || sort "$latest"/exemplars/*.json; } > "$folder/$side-exemplars"
    done
    compared=$((compared + 1))
    for file in code counts result exemplars; do
        cmp -s "$folder/old-$file" "$folder/new-$file" || { echo "$script: the $file differ"; different=$((different + 1)); }
    done
done
echo "$compared scripts compared, $different differences"
[ "$different" = 0 ]
