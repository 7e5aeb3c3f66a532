#!/usr/bin/env bash
# Compiles spec/coq from nothing, checks that no theorem rests on anything unproved, and that the committed vectors are Coq's. Then
# the functions extracted from Coq recompute Rust's answers on a million random lines, and a million random sessions of the machine; PROOFS_SEED=N repeats those of an earlier run.
# They recompute a campaign's decisions and play sessions of `sim run`, and notice each fault of spec/coq/faults.txt.
# `scripts/proofs.sh --write` writes the vectors instead of comparing them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

source scripts/apt.sh
packages=(coq libcoq-mathcomp-ssreflect libcoq-mathcomp-algebra)
library=$(coqc -where 2>/dev/null || true)/user-contrib/mathcomp
if [ ! -d "$library/ssreflect" ] || [ ! -d "$library/algebra" ]; then
    apt_install "proofs: Coq 8.16 and MathComp 1.15" "${packages[@]}"
fi
if ! command -v ocamlopt >/dev/null || [ ! -e "$(ocamlfind query zarith 2>/dev/null)/zarith.cmxa" ]; then
    apt_install "proofs: what Coq extracts" ocaml ocaml-findlib libzarith-ocaml-dev
fi

if grep -nEiw 'admit|admitted|axioms?|parameters?|conjectures?|hypothesis|hypotheses' spec/coq/*.v; then
    echo "These words have no place in spec/coq: everything there is proved" >&2
    exit 1
fi

build=target/coq
rm -rf "$build"
mkdir -p "$build"
cp spec/coq/*.v spec/coq/recompute.ml "$build"

# While Coq compiles, the answers of each faulty specification are built: the fault is made in a copy of the crate.
faulty() {
    local tree=$build/faulty line file rest old new count=0
    mkdir -p "$tree"
    cp Cargo.lock "$tree"
    sed 's/^members = .*/members = ["spec"]/' Cargo.toml >"$tree/Cargo.toml"
    cp -r spec "$tree"
    # Of another name, so that nothing of it is taken for the specification itself: both are built where third-party crates are.
    sed -i 's/^name = "fusion-spec"$/name = "fusion-spec-faulty"/' "$tree/spec/Cargo.toml"
    printf '\n[lib]\nname = "fusion_spec"\n' >>"$tree/spec/Cargo.toml"
    while IFS= read -r line; do
        file=${line%% :: *} rest=${line#* :: }
        old=${rest%% :: *} rest=${rest#* :: }
        new=${rest%% :: *}
        OLD=$old NEW=$new perl -0pi -e 's/\Q$ENV{OLD}\E/$ENV{NEW}/' "$tree/$file"
        if cmp -s "$file" "$tree/$file"; then echo "not in $file: $old" >&2; return 1; fi
        cargo build --quiet --manifest-path "$tree/Cargo.toml" --target-dir target -p fusion-spec-faulty --example answers
        count=$((count + 1))
        cp target/debug/examples/answers "$build/faulty-$count"
        cp "$file" "$tree/$file"
    done < <(grep -v '^#' spec/coq/faults.txt)
}
(faulty) >"$build/faulty.out" 2>&1 &
faulty=$!
trap 'kill "$faulty" 2>/dev/null || true' EXIT

cd "$build"
# Coq is asked once about a tuple of all headline theorems, so that what they share is walked through once.
mapfile -t names < <(sed -nE 's/^Print Assumptions (.*)\.$/\1/p' Assumptions.v)
theorems=${#names[@]}
{
    grep '^Require ' Assumptions.v
    printf 'Definition headlines := ('
    printf '@%s, ' "${names[@]}"
    printf 'tt).\nPrint Assumptions headlines.\n'
} >headlines
mv headlines Assumptions.v
{
    printf 'all: $(patsubst %%.v,%%.vo,$(wildcard *.v))\n'
    printf '%%.vo: %%.v\n\t@echo "coqc $<"\n\t@coqc -w none $< >$*.out\n'
    coqdep ./*.v
} >dependencies.mk
make --no-print-directory --jobs "$(nproc)" -f dependencies.mk all
compiled=$(ls ./*.vo | wc -l)
sources=$(ls ./*.v | wc -l)
[ "$compiled" -eq "$sources" ] || { echo "$sources files in spec/coq, and $compiled are compiled" >&2; exit 1; }

if [ "$theorems" -eq 0 ] || [ "$(cat Assumptions.out)" != "Closed under the global context" ]; then
    cp ../../spec/coq/Assumptions.v .
    coqc -w none Assumptions.v
    echo "Not all $theorems headline theorems are closed under the global context" >&2
    exit 1
fi
echo "$theorems headline theorems, closed under the global context"

# A theorem whose premises cannot be met, or only by a trivial case, says nothing. So each headline theorem X needs an example
# X_instance whose statement has no premise left and whose proof applies X.
{
    echo 'Require Import Instances MoreInstances RateInstances. Set Printing Depth 100000.'
    echo 'Ltac has_premise claim := assert claim;'
    echo '  [intros; match goal with _ : ?P |- _ => match type of P with Prop => idtac end end|].'
    for name in "${names[@]}"; do
        echo "Goal True. let claim := type of ${name}_instance in"
        echo "  tryif has_premise claim then fail \"${name}_instance has a premise\" else exact I. Qed."
        echo "Print ${name}_instance."
    done
} >checks.v
coqc -w none checks.v >checks.out
applied() { # the theorems that their own examples apply
    awk '/^[A-Za-z0-9_]+_instance =/ { theorem = $1; sub(/_instance$/, "", theorem) }
         { count = split($0, words, /[^A-Za-z0-9_]+/); for (i = 1; i <= count; i++) if (words[i] == theorem) print theorem }' "$1"
}
missing=$(comm -23 <(printf '%s\n' "${names[@]}" | sort -u) <(applied checks.out | sort -u))
[ -z "$missing" ] || { echo "These examples in Instances.v, MoreInstances.v and RateInstances.v do not apply their theorem:" $missing >&2; exit 1; }
echo "$theorems instances"

cd ../..
{
    echo "# Computed by Coq from spec/coq/Vectors.v; written by scripts/proofs.sh --write."
    # Coq breaks lines where it likes, also after a bracket.
    tr -s '\n ' ' ' <"$build/Vectors.out" | grep -oE '\( ?"[a-z]+", \[[0-9; ]+\], [0-9]+\)' \
        | sed -E 's/^\( ?"([a-z]+)", \[(.*)\], ([0-9]+)\)$/\1 \2 = \3/; s/;//g'
} >"$build/vectors.txt"
vectors=$(grep -vc '^#' "$build/vectors.txt")
computed=$(grep -oEm1 '[0-9]+' "$build/Vectors.out")
[ "$vectors" -eq "$computed" ] || { echo "Coq computed $computed vectors, and $vectors were read" >&2; exit 1; }
if [ "${1:-}" = --write ]; then
    cp "$build/vectors.txt" spec/coq/vectors.txt
else
    diff -u spec/coq/vectors.txt "$build/vectors.txt" || { echo "spec/coq/vectors.txt is not what Coq computes" >&2; exit 1; }
fi
echo "$vectors vectors"

(cd "$build" && ocamlfind ocamlopt -w -a -package zarith -linkpkg formulas.mli formulas.ml recompute.ml -o recompute)
printed=$(grep -ohE '(certificate( [0-9]+){7}|slack_certificate( [0-9]+){11,}|(floor|ceiling)( [0-9]+){5}) = 1' README.md docs/*.md proofs-tests/tests/cli.rs)
checked=$("$build/recompute" <<<"$printed")
echo "certificates that documents and tests print: $checked"
# Cargo gives the faulty programs the name of the true one, in turn.
wait "$faulty" || { cat "$build/faulty.out" >&2; echo "A faulty specification does not build" >&2; exit 1; }
trap - EXIT
seed=${PROOFS_SEED:-$(od -An -N6 -tu8 /dev/urandom | tr -d ' ')}
echo "random answers of Rust, recomputed (PROOFS_SEED=$seed)"
cargo run --locked --quiet -p fusion-spec --example answers -- "$seed" 1000000 | "$build/recompute" | tee "$build/recomputed.txt"
awk '$2 < 10000 { few = few " " $1 } { all += $2 } END { if (NR != 35 || all != 2000000 || few) { print "Too few lines:" few; exit 1 } }' \
    "$build/recomputed.txt"

# Of their own, so that a difference ends the script.
decided=$("$build/recompute" <proofs-tests/decided.txt)
echo "a campaign's decisions:" $decided
played=$(grep -v '^#' proofs-tests/played.txt | "$build/recompute")
echo "sessions of sim run:" $played

count=0
while IFS= read -r line; do
    count=$((count + 1))
    status=0
    # What is cut off when the first line differs is no failure.
    said=$({ "$build/faulty-$count" "$seed" 40000 2>/dev/null || true; } | "$build/recompute" 2>&1 >/dev/null) || status=$?
    if [ "$status" -ne 1 ] || ! grep -qE "^(${line##* :: }) " <<<"$said"; then
        echo "This fault is not noticed (PROOFS_SEED=$seed): $line" >&2
        echo "status $status: $said" >&2
        exit 1
    fi
    echo "noticed: $line"
done < <(grep -v '^#' spec/coq/faults.txt)
