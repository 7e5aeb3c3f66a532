//! Which crate may depend on which, and which file of a crate on which: arrows point one way.

use super::modules::{Modules, circles};
use super::tree::{Tree, made_up, members, read, repository, root};
use std::collections::{BTreeMap, BTreeSet};

/// What each crate may depend on, of ours.
const MAY_DEPEND_ON: [(&str, &[&str]); 11] = [
    ("fusion-spec", &[]),
    ("fusion-nn", &[]),
    ("fusion-2pc", &["fusion-nn"]),
    ("fusion-active", &["fusion-nn", "fusion-2pc"]),
    ("fusion-adversaries", &["fusion-spec", "fusion-2pc", "fusion-active"]),
    ("fusion-engine", &["fusion-spec", "fusion-nn", "fusion-2pc", "fusion-active", "fusion-adversaries"]),
    ("fusion-party", &["fusion-spec", "fusion-nn", "fusion-2pc", "fusion-engine"]),
    (
        "fusion-sim",
        &[
            "fusion-spec",
            "fusion-nn",
            "fusion-2pc",
            "fusion-active",
            "fusion-adversaries",
            "fusion-engine",
            "fusion-party",
        ],
    ),
    ("fusion-python", &["fusion-spec", "fusion-nn", "fusion-engine", "fusion-sim"]),
    (
        "fusion-examples",
        &["fusion-spec", "fusion-nn", "fusion-2pc", "fusion-adversaries", "fusion-engine", "fusion-sim"],
    ),
    (
        "fusion-proofs-tests",
        &[
            "fusion-spec",
            "fusion-nn",
            "fusion-2pc",
            "fusion-adversaries",
            "fusion-engine",
            "fusion-party",
            "fusion-sim",
        ],
    ),
];

/// A user of the library takes no terminal and no web server with it.
const NOT_OF_THE_ENGINE: [&str; 8] =
    ["anstream", "axum", "clap", "comfy-table", "indicatif", "miette", "plotters", "tokio"];

const TABLES: [&str; 3] = ["dependencies", "build-dependencies", "dev-dependencies"];

fn name(manifest: &toml::Table) -> &str {
    manifest["package"]["name"].as_str().expect("a name")
}

/// The names in some of a manifest's tables of dependencies.
fn dependencies<'a>(manifest: &'a toml::Table, tables: &'a [&str]) -> impl Iterator<Item = &'a str> {
    tables.iter().filter_map(|table| manifest.get(*table)?.as_table()).flatten().map(|(name, _)| name.as_str())
}

/// Every dependency between crates of ours that the order does not have.
fn against_the_order(manifests: &[toml::Table]) -> Vec<String> {
    let order = BTreeMap::from(MAY_DEPEND_ON);
    let mut wrong = Vec::new();
    for manifest in manifests {
        let name = name(manifest);
        let Some(allowed) = order.get(name) else {
            wrong.push(format!("{name} has no place in the order"));
            continue;
        };
        let ours = dependencies(manifest, &TABLES).filter(|dependency| dependency.starts_with("fusion-"));
        wrong.extend(ours.filter(|ours| !allowed.contains(ours)).map(|ours| format!("{name} -> {ours}")));
    }
    wrong
}

/// Everything that a crate is built from, by name: its own dependencies from its manifest, those of other people's crates from the lock file.
fn built_from<'a>(of: &'a str, manifests: &'a [toml::Table], lock: &'a toml::Table) -> BTreeSet<&'a str> {
    let own: BTreeMap<&str, &toml::Table> = manifests.iter().map(|manifest| (name(manifest), manifest)).collect();
    let mut locked: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in lock["package"].as_array().expect("a list") {
        let names = package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten();
        // "name", or "name version" where there are two.
        let names = names.filter_map(|name| name.as_str()?.split(' ').next());
        locked.entry(package["name"].as_str().expect("a name")).or_default().extend(names);
    }
    let mut found = BTreeSet::new();
    let mut open = vec![of];
    while let Some(next) = open.pop() {
        let below: Vec<&str> = match own.get(next) {
            Some(manifest) => dependencies(manifest, &TABLES[..2]).collect(),
            None => locked.get(next).cloned().unwrap_or_default(),
        };
        open.extend(below.into_iter().filter(|name| found.insert(*name)));
    }
    found
}

fn manifests() -> Vec<toml::Table> {
    let manifest = |member: &String| read(&root().join(member).join("Cargo.toml")).parse().expect("TOML");
    members().iter().map(manifest).collect()
}

#[test]
fn no_crate_depends_against_the_order() {
    let wrong = against_the_order(&manifests());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_engine_has_no_terminal_and_no_web_server() {
    let (manifests, lock) = (manifests(), read(&root().join("Cargo.lock")).parse().expect("TOML"));
    let engine = built_from("fusion-engine", &manifests, &lock);
    let wrong: Vec<_> = NOT_OF_THE_ENGINE.into_iter().filter(|name| engine.contains(name)).collect();
    assert!(wrong.is_empty(), "fusion-engine is built from {wrong:?}");
}

#[test]
fn a_dependency_against_the_order_is_found() {
    let manifest = |text: &str| -> toml::Table { text.parse().expect("TOML") };
    let spec = manifest("[package]\nname = 'fusion-spec'\n[dev-dependencies]\nfusion-nn.workspace = true\nrug = '1'");
    let engine =
        manifest("[package]\nname = 'fusion-engine'\n[dependencies]\nfusion-spec.workspace = true\nserver = '1'");
    let new = manifest("[package]\nname = 'fusion-new'");
    let manifests = [spec, engine, new];
    assert_eq!(against_the_order(&manifests), ["fusion-spec -> fusion-nn", "fusion-new has no place in the order"]);
    let lock = manifest(
        "[[package]]\nname = 'server'\ndependencies = ['tokio 1.0.0', 'small']\n[[package]]\nname = 'tokio'\n[[package]]\nname = 'clap'",
    );
    let built: Vec<_> = built_from("fusion-engine", &manifests, &lock).into_iter().collect();
    assert_eq!(built, ["fusion-spec", "server", "small", "tokio"], "not what its tests need");
}

/// The circles of files in every crate of a tree, crate by crate.
fn circles_of(tree: &Tree) -> BTreeMap<&str, BTreeSet<String>> {
    let roots = tree.keys().filter_map(|path| Some((path.strip_suffix("/src/lib.rs")?, path)));
    roots.map(|(crate_, root)| (crate_, circles(&Modules::read(tree, root).arrows()))).collect()
}

#[test]
fn no_files_of_a_crate_form_a_circle() {
    let tree = repository();
    let circles = circles_of(&tree);
    assert!(circles.len() >= 6, "{circles:?}");
    let wrong: Vec<_> = circles.values().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What commands and the page share lies below both; the crate's root alone starts commands.
fn importers_of_commands(tree: &Tree) -> Vec<String> {
    let modules = Modules::read(tree, "sim/cli/src/lib.rs");
    let commands = |file: &&str| file.starts_with("sim/cli/src/commands/");
    let outside = modules.arrows().into_iter().filter(|(file, _)| !commands(file) && *file != "sim/cli/src/lib.rs");
    outside.flat_map(|(from, to)| to.into_iter().filter(commands).map(move |to| format!("{from} -> {to}"))).collect()
}

#[test]
fn nothing_imports_commands() {
    let wrong = importers_of_commands(&repository());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_importer_of_commands_is_found() {
    let tree = made_up(&[
        ("sim/cli/src/lib.rs", "mod commands; mod explore; fn run() { commands::plan() }"),
        ("sim/cli/src/commands/mod.rs", "mod plan; pub use plan::plan;"),
        ("sim/cli/src/commands/plan.rs", "pub fn plan() {} pub struct Document;"),
        ("sim/cli/src/explore.rs", "use crate::commands::plan; fn f(_: plan::Document) {}"),
    ]);
    assert_eq!(importers_of_commands(&tree), ["sim/cli/src/explore.rs -> sim/cli/src/commands/plan.rs"]);
}

#[test]
fn a_circle_in_a_crate_is_found() {
    let tree = made_up(&[
        ("a/src/lib.rs", "mod one; mod two;"),
        ("a/src/one.rs", "pub use super::two::g as f; pub fn h() {}"),
        ("a/src/two.rs", "pub fn g() { super::one::h() }"),
        ("b/src/lib.rs", "mod one; pub struct B;"),
        ("b/src/one.rs", "use crate::B; pub fn f() {}"),
        ("c/src/lib.rs", "mod one; pub struct C; pub fn c() { one::f() }"),
        ("c/src/one.rs", "use crate::C; pub fn f() {}"),
    ]);
    let circles = circles_of(&tree);
    assert!(circles["a"].is_empty() && circles["b"].is_empty(), "passing on is no use: {circles:?}");
    assert_eq!(circles["c"].iter().collect::<Vec<_>>(), ["c/src/lib.rs -> c/src/one.rs -> c/src/lib.rs"]);
}
