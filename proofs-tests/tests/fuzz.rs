//! The fuzz targets for a moment each: random bytes, and every file of `proofs-tests/fuzz/corpus`. `make fuzz` runs them for longer.

use bolero::check;
use fusion_proofs_tests::fuzz;
use std::path::Path;

#[test]
fn scripts() {
    check!().with_iterations(2_000).for_each(fuzz::scripts);
}

#[test]
fn models() {
    check!().with_iterations(2_000).for_each(fuzz::models);
}

#[test]
fn data() {
    check!().with_iterations(5_000).for_each(fuzz::data);
}

#[test]
fn counts() {
    check!().with_iterations(5_000).for_each(fuzz::counts);
}

#[test]
fn peer() {
    check!().with_iterations(100).for_each(fuzz::peer);
}

#[test]
fn wire() {
    check!().with_iterations(100).for_each(fuzz::wire);
}

#[test]
fn the_corpora_are_harmless() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, target) in fuzz::TARGETS {
        let folder = std::fs::read_dir(corpora.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut files = 0;
        for file in folder {
            let path = file.unwrap_or_else(|error| panic!("{name}: {error}")).path();
            let input = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            target(&input);
            files += 1;
        }
        assert!(files > 3, "{name}: {files} files");
    }
}
