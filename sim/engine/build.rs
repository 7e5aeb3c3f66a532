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
    let git = Command::new("git").args(["rev-parse", "--verify", "HEAD"]).current_dir(root).output();
    let commit = git.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    let commit = commit.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    println!("cargo:rustc-env=SIM_COMMIT={}", commit.trim());
}
