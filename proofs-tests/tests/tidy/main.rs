//! What holds of the tree as text: which file and which crate may use which, how long a file may be, where a fallback may stand, that every crate
//! has the workspace's lints, that nothing draws ambient randomness, that the specification's modules have examples, and that what
//! docs/paper-map.md names is there.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod modules;
mod order;
mod references;
mod rules;
mod tokens;
mod tree;

use std::path::{Path, PathBuf};
use tree::{members, read, root, sources, workspace};

#[test]
fn every_crate_has_the_workspaces_lints() {
    for member in members() {
        let own: toml::Table = read(&root().join(&member).join("Cargo.toml")).parse().expect("TOML");
        assert_eq!(own["lints"]["workspace"].as_bool(), Some(true), "{member}");
    }
    let manifest = workspace();
    let lints = &manifest["workspace"]["lints"];
    assert_eq!(lints["rust"]["unsafe_code"].as_str(), Some("forbid"));
    assert_eq!(lints["rust"]["missing_docs"].as_str(), Some("deny"));
    for lint in ["unwrap_used", "expect_used", "dbg_macro", "float_cmp", "todo"] {
        assert_eq!(lints["clippy"][lint].as_str(), Some("deny"), "{lint}");
    }
}

/// A registry's page on a crate is made from these.
#[test]
fn every_crate_says_what_it_is() {
    for member in members() {
        let own: toml::Table = read(&root().join(&member).join("Cargo.toml")).parse().expect("TOML");
        for key in ["description", "keywords", "categories", "readme"] {
            assert!(own["package"].get(key).is_some(), "{member}: no {key}");
        }
        let keywords = own["package"]["keywords"].as_array().expect("a list");
        assert!(
            keywords.len() <= 5 && keywords.iter().all(|word| word.as_str().is_some_and(|word| word.len() <= 20)),
            "{member}"
        );
    }
}

/// The files of parties that are real, and must draw their secrets from the operating system: the order of a client's slots, and what a party on its own machine has.
const REAL: [&str; 2] = ["sim/engine/src/protect.rs", "sim/party/src/entropy.rs"];

/// A trial is a function of script, seed and number, and keys come from seeds. Clocks are forbidden by clippy.toml.
#[test]
fn nothing_draws_ambient_randomness() {
    let ambient = [
        "thread_rng",
        "rand::rng",
        "rand::random",
        "OsRng",
        "SysRng",
        "getrandom",
        "from_os_rng",
        "RandomState",
        "fastrand",
    ];
    let permitted = |path: &Path| REAL.iter().chain(&["tests/tidy/main.rs"]).any(|end| path.ends_with(end));
    for (path, text) in sources().iter().filter(|(path, _)| !permitted(path)) {
        for name in ambient {
            assert!(!text.contains(name), "{}: {name}", path.display());
        }
    }
    let clippy = read(&root().join("clippy.toml"));
    assert!(["Instant::now", "SystemTime::now"].iter().all(|clock| clippy.contains(clock)));
}

/// A party's secrets come from the one file that draws them, and no simulated ones are among them.
#[test]
fn parties_are_never_seeded() {
    for (path, text) in sources() {
        let is_party = path.strip_prefix(root()).expect("below the root").starts_with("sim/party/src");
        let draws = text.contains("Entropy::filled");
        let known = ["sim/party/src/entropy.rs", "tests/tidy/main.rs"].iter().any(|end| path.ends_with(end));
        assert!(known || !draws, "{}: only entropy.rs makes a root of real secrets", path.display());
        assert!(!is_party || !text.contains("Simulated"), "{}: a party is not simulated", path.display());
    }
}

/// The files of a crate's public modules, from its root.
fn public_modules(root_file: &Path) -> Vec<PathBuf> {
    let own_folder = ["lib.rs", "mod.rs"].iter().any(|name| root_file.ends_with(name));
    let folder = if own_folder { root_file.with_file_name("") } else { root_file.with_extension("") };
    let text = read(root_file);
    let names = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let file = |name: &str| {
        let [alone, with_others] = [format!("{name}.rs"), format!("{name}/mod.rs")].map(|path| folder.join(path));
        if alone.exists() { alone } else { with_others }
    };
    let below = names.flat_map(|name| public_modules(&file(name)));
    std::iter::once(root_file.to_path_buf()).chain(below).collect()
}

/// Whether some code block of the documentation is run: one that opens without a word after its backquotes.
fn has_a_doctest(text: &str) -> bool {
    let fences = text.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("//!").or_else(|| line.strip_prefix("///"))?.trim().strip_prefix("```")
    });
    fences.step_by(2).any(str::is_empty)
}

#[test]
fn every_public_module_of_the_specification_has_a_doctest() {
    let modules = public_modules(&root().join("spec/src/lib.rs"));
    assert!(modules.len() > 25, "{modules:?}");
    let without: Vec<_> = modules.iter().filter(|path| !has_a_doctest(&read(path))).collect();
    assert!(without.is_empty(), "{without:?}");
    assert!(!has_a_doctest("/// ```text\n/// not run\n/// ```\n//\n// ```"));
}
