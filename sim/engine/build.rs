//! The commit that the program is built from, for the record of every run.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let root = Path::new("../..");
    // Every commit, checkout and reset appends to the log of HEAD. In a worktree both lie elsewhere.
    for file in ["HEAD", "logs/HEAD"] {
        let place = git(root, &["rev-parse", "--git-path", file]).map(|place| root.join(place));
        if let Some(place) = place.filter(|place| place.exists()) {
            println!("cargo:rerun-if-changed={}", place.display());
        }
    }
    let commit = git(root, &["rev-parse", "--verify", "HEAD"]);
    let commit = commit.as_deref().unwrap_or("");
    println!("cargo:rustc-env=SIM_COMMIT={commit}");
    let version = env!("CARGO_PKG_VERSION");
    let short = commit.get(..12).map_or_else(String::new, |short| format!(" ({short})"));
    println!("cargo:rustc-env=SIM_VERSION={version}{short}");
}

/// What git says of the repository whose root this is. Sources without `.git` may lie inside another one, which says nothing of them.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    if !root.join(".git").exists() {
        return None;
    }
    let output = Command::new("git").args(arguments).current_dir(root).output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok())?.map(|said| said.trim().into())
}
