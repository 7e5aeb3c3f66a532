//! The commit that the program is built from, for the record of every run.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let root = Path::new("../..");
    // Every commit, checkout and reset appends to the log of HEAD.
    for file in [".git/HEAD", ".git/logs/HEAD"] {
        if root.join(file).exists() {
            println!("cargo:rerun-if-changed=../../{file}");
        }
    }
    // Sources without `.git` may lie inside another repository, whose commit says nothing of them.
    let git = || Command::new("git").args(["rev-parse", "--verify", "HEAD"]).current_dir(root).output().ok();
    let output = root.join(".git").exists().then(git).flatten().filter(|output| output.status.success());
    let commit = output.and_then(|output| String::from_utf8(output.stdout).ok());
    let commit = commit.as_deref().map_or("", str::trim);
    println!("cargo:rustc-env=SIM_COMMIT={commit}");
    let version = env!("CARGO_PKG_VERSION");
    let short = commit.get(..12).map_or_else(String::new, |short| format!(" ({short})"));
    println!("cargo:rustc-env=SIM_VERSION={version}{short}");
}
