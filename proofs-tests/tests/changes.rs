//! The changes that `make changes` makes are still there to be made.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_change_has_one_place() {
    let changes = include_str!("../changes.txt");
    let lines: Vec<&str> = changes.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    for line in &lines {
        let [file, old, new] = line.split(" :: ").collect::<Vec<_>>()[..] else { panic!("three parts: {line}") };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
        let text = std::fs::read_to_string(path).expect(file);
        assert_eq!(text.matches(old).count(), 1, "{line}");
        assert_ne!(old, new, "{line}");
    }
    assert!(lines.len() >= 20 && lines.iter().collect::<BTreeSet<_>>().len() == lines.len());
}
