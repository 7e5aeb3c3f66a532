//! Every dependency comes from crates.io under a licence that deny.toml allows.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use serde_json::Value;
use spdx::{Expression, ParseMode};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn output(command: &mut Command) -> String {
    let output = command.current_dir(ROOT).output().expect("the toolchain runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Every package that this machine builds: others need not have been downloaded.
fn packages() -> Vec<Value> {
    let version = output(Command::new("rustc").arg("-vV"));
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let metadata = ["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host];
    let document: Value = serde_json::from_str(&output(Command::new(env!("CARGO")).args(metadata))).expect("JSON");
    document["packages"].as_array().expect("a list of packages").clone()
}

fn allowed() -> Vec<String> {
    let text = std::fs::read_to_string(format!("{ROOT}/deny.toml")).expect("deny.toml exists");
    let policy: toml::Table = text.parse().expect("deny.toml is TOML");
    let list = policy["licenses"]["allow"].as_array().expect("a list of licences");
    list.iter().map(|licence| licence.as_str().expect("a name").to_string()).collect()
}

fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let parsed = Expression::parse_mode(expression, ParseMode::LAX).expect("a licence expression");
    parsed.evaluate(|requirement| allowed.iter().any(|name| *name == requirement.to_string()))
}

#[test]
fn licences_are_allowed() {
    let allowed = allowed();
    let packages = packages();
    assert!(packages.len() > 50, "the whole graph is looked at");
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(is_allowed(licence, &allowed), "{name}: licence {licence:?} is not allowed by deny.toml");
    }
}

/// On every platform: the lock file names them all.
#[test]
fn sources_are_crates_io() {
    let lock = std::fs::read_to_string(format!("{ROOT}/Cargo.lock")).expect("Cargo.lock is committed");
    let lock: toml::Table = lock.parse().expect("Cargo.lock is TOML");
    for package in lock["package"].as_array().expect("a list of packages") {
        let source = package.get("source").and_then(toml::Value::as_str);
        let known = source.is_none_or(|source| source == "registry+https://github.com/rust-lang/crates.io-index");
        assert!(known, "{package}");
    }
}

#[test]
fn the_check_can_fail() {
    let allowed = allowed();
    assert!(is_allowed("MIT OR GPL-3.0-only", &allowed));
    assert!(!is_allowed("GPL-3.0-only", &allowed));
    assert!(!is_allowed("MIT AND GPL-3.0-only", &allowed));
}
