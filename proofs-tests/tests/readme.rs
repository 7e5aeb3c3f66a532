//! The README's commands print what the README says.

use fusion_sim::run;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const README: &str = include_str!("../../README.md");

/// `(command line, output)` of every `console` block.
fn examples() -> Vec<(String, String)> {
    let blocks = README.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let example = |block: &str| {
        let (command, output) = block.split_once('\n')?;
        Some((command.strip_prefix("$ ")?.to_string(), output.to_string()))
    };
    blocks.filter_map(example).collect()
}

#[test]
fn examples_are_true() {
    let examples = examples();
    assert_eq!(examples.len(), README.matches("```console").count());
    assert!(examples.len() >= 5);
    std::env::set_current_dir(ROOT).expect("the repository");
    for (command, output) in examples {
        let outcome = run(command.split_whitespace());
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{command}");
        assert_eq!(outcome.stdout, output, "{command}");
    }
}

#[test]
fn commands_and_links_exist() {
    let makefile = include_str!("../../Makefile");
    for word in ["demo", "test", "bench", "docs"] {
        assert!(makefile.contains(&format!("\n{word}:")), "make {word}");
    }
    let targets = README.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for target in targets.filter(|target| !target.starts_with("http")) {
        assert!(std::path::Path::new(ROOT).join(target).exists(), "{target}");
    }
}
