//! The files that the rules read: those of the repository, or a made-up few.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The repository's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of a file that must be there.
pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below some folders of the repository whose name ends so, and its text.
pub fn files(folders: &[&str], end: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("readable").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() && name != "target" {
                folders.push(path);
            } else if name.ends_with(end) {
                let text = read(&path);
                found.push((path, text));
            }
        }
    }
    found
}

/// The folders that hold code.
pub const CODE: [&str; 5] = ["spec", "sim", "adversaries", "proofs-tests", "examples"];

/// Every Rust file of the repository.
pub fn sources() -> Vec<(PathBuf, String)> {
    files(&CODE, ".rs")
}

/// The workspace's manifest.
pub fn workspace() -> toml::Table {
    read(&root().join("Cargo.toml")).parse().expect("TOML")
}

/// The folders of the workspace's crates, as the workspace's manifest has them.
pub fn members() -> Vec<String> {
    let manifest = workspace();
    let members = manifest["workspace"]["members"].as_array().expect("a list");
    members.iter().map(|member| member.as_str().expect("a path").to_string()).collect()
}

/// Rust files by their path from the repository's folder.
pub type Tree = BTreeMap<String, String>;

/// The repository as a tree.
pub fn repository() -> Tree {
    let relative = |path: &Path| path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
    sources().into_iter().map(|(path, text)| (relative(&path), text)).collect()
}

/// A made-up tree.
pub fn made_up(files: &[(&str, &str)]) -> Tree {
    files.iter().map(|(path, text)| ((*path).to_string(), (*text).to_string())).collect()
}
