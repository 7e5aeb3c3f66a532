//! What tests of the command line share.

use fusion_sim::CommandOutput;
use serde_json::Value;

/// A mistake in a command line is one line on stderr that says so, nothing on stdout and exit code 64; with `--json`, one object.
pub fn assert_one_line(sim: impl Fn(&str) -> CommandOutput, line: &str, says: &str) {
    let CommandOutput { code, stdout, stderr } = sim(line);
    assert_eq!((code, stdout.as_str()), (64, ""), "sim {line}: {stderr}");
    assert!(stderr.starts_with("error: ") && stderr.contains(says), "sim {line}: {stderr}");
    assert_eq!(stderr.lines().count(), 1, "sim {line}: {stderr}");
    if line.is_empty() {
        return;
    }
    let CommandOutput { code, stdout, stderr } = sim(&format!("{line} --json"));
    assert_eq!((code, stdout.as_str()), (64, ""), "sim {line} --json: {stderr}");
    let error: Value = serde_json::from_str(&stderr).expect("one JSON object");
    assert_eq!(error["exit_code"], 64, "sim {line} --json");
    assert!(error["error"].is_string());
}
