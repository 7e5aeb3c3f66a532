#!/usr/bin/env bash
# Makes a release archive, target/dist/fusion-sim-VERSION-TARGET.tar.gz: the program under both names, manual pages, completions, and the licences
# of its packages. GMP is linked into the program; nothing but the C library is needed where it runs.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$(rustc -vV | sed -n 's/^host: //p')
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
name=fusion-sim-$version-$target
folder=target/dist/$name

cargo build --locked --release --bin sim
rm -rf "$folder" "$folder.tar.gz"
mkdir -p "$folder"/{bin,man/man1,completions,licences}

strip -o "$folder/bin/sim" target/release/sim
ln -s sim "$folder/bin/fusion-sim"
sim=$folder/bin/sim
cp README.md CHANGELOG.md CITATION.cff LICENSE-APACHE LICENSE-MIT "$folder"
cp examples/DATA.md "$folder/licences/MODELS-AND-DIGITS.md"
cp sim/cli/src/report/figures/fonts/README.md "$folder/licences/FONTS.md"

"$sim" man > "$folder/man/man1/sim.1"
for command in $("$sim" --help | sed -n '/^Commands:/,/^Options:/s/^  \([a-z]\+\) .*/\1/p'); do
    [ "$command" = help ] || "$sim" man "$command" > "$folder/man/man1/sim-$command.1"
done
for outer in submit party; do
    for command in $("$sim" "$outer" --help | sed -n '/^Commands:/,/^Options:/s/^  \([a-z]\+\) .*/\1/p'); do
        [ "$command" = help ] || "$sim" man "$outer-$command" > "$folder/man/man1/sim-$outer-$command.1"
    done
done
for shell in bash zsh fish; do
    "$sim" completions "$shell" > "$folder/completions/sim.$shell"
done

# The packages that the program is linked from, each with the licence files that its authors publish.
sources=${CARGO_HOME:-$HOME/.cargo}/registry/src
cargo tree --locked --package fusion-sim --edges normal --prefix none --no-dedupe --format '{p}|{l}' |
    grep -v '(/' | sort -u > "$folder/licences/PACKAGES"
while IFS='|' read -r package licence; do
    package=${package% (*}
    # This one has no file of its own: the licence is that of the package it belongs to.
    [[ $package != pulp-wasm-simd-flag* ]] || package=$(sed -n 's/^\(pulp v[^|]*\)|.*/\1/p' "$folder/licences/PACKAGES")
    folder_of=${package/ v/-}
    found=$(find "$sources"/*/"$folder_of" -maxdepth 2 -type f \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'notice*' -o -iname 'unlicense*' \) 2>/dev/null || true)
    if [ -z "$found" ]; then
        echo "$package ($licence): no licence text is in its package" >&2
        exit 1
    fi
    mkdir -p "$folder/licences/$folder_of"
    while read -r file; do
        cp "$file" "$folder/licences/$folder_of/$(basename "$(dirname "$file")")-$(basename "$file")"
    done <<< "$found"
done < "$folder/licences/PACKAGES"
cat > "$folder/licences/README" <<'NOTE'
PACKAGES lists every package that the program is linked from, with its licence; beside it are the texts. GMP (gmp-mpfr-sys) is under
the LGPL, version 3: its sources are in the package gmp-mpfr-sys on crates.io, and `make dist` in this program's sources links it
again, changed or not. The models and digits inside the program have the licences that MODELS-AND-DIGITS.md states, and its fonts those of FONTS.md.
NOTE

tar -C target/dist --owner=0 --group=0 --sort=name -czf "$folder.tar.gz" "$name"
# What was made runs in an empty folder.
empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
tar -C "$empty" -xzf "$folder.tar.gz"
(cd "$empty" && "$name/bin/fusion-sim" --version && "$name/bin/sim" attack consistent --quiet)
ls -l "$folder.tar.gz"
