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
    let runs = concat!(env!("CARGO_TARGET_TMPDIR"), "/readme");
    for (command, output) in examples {
        let elsewhere = ["--runs", runs];
        let more = command.starts_with("sim attack").then_some(elsewhere).into_iter().flatten();
        let outcome = run(command.split_whitespace().chain(more));
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{command}");
        assert_eq!(timeless(&outcome.stdout.replace(runs, "runs")), timeless(&output), "{command}");
    }
}

/// Without the second in the name of a run's folder.
fn timeless(text: &str) -> String {
    let words = text.split_inclusive('/').map(|part| match part.split_once("Z-") {
        Some((stamp, rest)) if stamp.len() == "20261122T131002".len() => format!("Z-{rest}"),
        _ => part.to_string(),
    });
    words.collect()
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
