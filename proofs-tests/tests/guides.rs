//! Every command that README and docs show is run, and prints what the page says.
//!
//! A page is one session of a shell, from top to bottom, in a folder of its own in which the repository's entries are links: runs land
//! there and not in the tree. A fence says what its block is:
//!
//! | fence | meaning |
//! |---|---|
//! | `console` | lines after `$ ` are commands, the lines below them what they print; errors follow the output, progress is left out |
//! | `sh` | commands that must succeed, whatever they print |
//! | `yaml NAME.yaml` | what the reader writes into that file |
//!
//! A line `...` stands for any lines, `[..]` for any text within one. Times and memory, and the second in the name of a run, are not compared.
//! The folder is shown as `/home/you/fusion`.
//! `UPDATE_GUIDES=1 cargo test -p fusion-proofs-tests --test guides` writes what commands print into the pages.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_proofs_tests::scratch::Scratch;
use fusion_proofs_tests::slurm::{Cluster, missing};
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Commands that no test runs, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("make demo", "installs packages and builds; its three commands are README's"),
    ("make test", "runs this test"),
    ("make proofs", "compiles Coq for minutes; CI runs it"),
    ("make models", "runs Spin for minutes; CI runs it"),
    ("make python", "compiles, and installs Python packages; make test runs its script"),
    ("make changes", "rebuilds the workspace 35 times"),
    ("make bench", "measures for minutes"),
    ("cargo run --release --example own_strategy", "compiles; make test runs it"),
    (
        "sim explore --model examples/models/lenet_mnist_full.onnx",
        "serves until Ctrl-C; explorer.rs and browser.rs hold it",
    ),
    ("make docs", "rustdoc; CI builds it with warnings denied"),
    (
        "sim bench --model examples/models/lenet_mnist_full.onnx --images examples/data/mnist_t1000-images-idx3-ubyte --batch 1000",
        "takes half a minute and more where tests are hardly optimised; smaller batches are run",
    ),
];

/// What a page shows, in order.
enum Block {
    Console(Vec<Example>),
    Commands(Vec<String>),
    File(String, String),
}

struct Example {
    command: String,
    output: String,
}

/// A page between its first line and its last, cut at fences: each block with the lines that it spans, fences left out.
fn blocks(page: &str) -> Vec<(usize, usize, Block)> {
    let lines: Vec<&str> = page.lines().collect();
    let mut blocks = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let Some(info) = lines[at].strip_prefix("```") else {
            at += 1;
            continue;
        };
        let start = at + 1;
        let length = lines[start..].iter().position(|line| line.starts_with("```")).expect("a closed fence");
        let inside = &lines[start..start + length];
        let block = match info.split_once(' ') {
            None if info == "console" => Some(Block::Console(examples(inside))),
            None if info == "sh" => Some(Block::Commands(inside.iter().map(|line| uncommented(line)).collect())),
            Some(("yaml", name)) if Path::new(name).extension().is_some_and(|extension| extension == "yaml") => {
                Some(Block::File(name.to_string(), inside.join("\n") + "\n"))
            }
            _ => None,
        };
        blocks.extend(block.map(|block| (start, start + length, block)));
        at = start + length + 1;
    }
    blocks
}

fn uncommented(line: &str) -> String {
    line.split("  #").next().unwrap_or_default().trim_end().to_string()
}

fn examples(lines: &[&str]) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    for line in lines {
        match (line.strip_prefix("$ "), examples.last_mut()) {
            (Some(command), _) => examples.push(Example { command: command.to_string(), output: String::new() }),
            (None, Some(example)) => example.output.extend([line, "\n"]),
            (None, None) => panic!("a console block starts with a command: {line}"),
        }
    }
    examples
}

/// The page whose reader sits at a cluster.
const CLUSTER: &str = "docs/cluster.md";
/// Open MPI starts nothing as root, nor more processes than cores, unless it is told to.
const MPI: [&str; 3] = ["ALLOW_RUN_AS_ROOT", "ALLOW_RUN_AS_ROOT_CONFIRM", "MCA_rmaps_base_oversubscribe"];

/// A reader's shell, in a folder that looks like the repository.
struct Shell {
    cluster: Option<Cluster>,
    folder: Scratch,
    code: i32,
}

impl Shell {
    fn new(name: &str) -> Self {
        let folder = Scratch::new(&format!("guides-{name}"));
        fs::create_dir(folder.join("bin")).expect("creatable");
        symlink(env!("CARGO_BIN_EXE_sim-of-the-guides"), folder.join("bin/sim")).expect("linkable");
        for entry in fs::read_dir(ROOT).expect("the repository") {
            let entry = entry.expect("readable");
            if !["runs", "target", ".git"].iter().any(|name| entry.file_name() == *name) {
                symlink(entry.path().canonicalize().expect("there"), folder.join(entry.file_name())).expect("linkable");
            }
        }
        Self { cluster: None, folder, code: 0 }
    }

    /// The shell of a page's reader; `None` where this machine has not what the page is about.
    fn of(page: &str) -> Option<Self> {
        let mut shell = Self::new(&page.replace('/', "-"));
        if page == CLUSTER {
            if let Some(why) = missing(&["parallel", "mpirun"]) {
                println!("{page} is skipped: {why}");
                return None;
            }
            shell.cluster = Some(Cluster::start("guides-slurm", 2));
        }
        Some(shell)
    }

    /// What a command prints. `$?` is the code of the one before.
    fn run(&mut self, command: &str) -> String {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut bash = Command::new("bash");
        if let Some(cluster) = &self.cluster {
            bash.env("SLURM_CONF", cluster.configuration()).envs(MPI.map(|name| (format!("OMPI_{name}"), "1")));
        }
        let output = bash
            .args(["-c", &format!("(exit {})\n{command}", self.code)])
            .current_dir(&self.folder)
            .env("PATH", format!("{}:{path}", self.folder.join("bin").display()))
            .env("LC_ALL", "C")
            .output()
            .expect("bash");
        self.code = output.status.code().unwrap_or(-1);
        let errors = if [0, 1, 3].contains(&self.code) { Vec::new() } else { output.stderr };
        let text = String::from_utf8([output.stdout, errors].concat()).expect("UTF-8");
        let folder = self.folder.canonicalize().expect("there").display().to_string();
        text.replace(&folder, "/home/you/fusion")
    }
}

/// Whether a word is a unit of what no two runs share.
fn is_unit(word: &str) -> bool {
    ["ms", "s", "MB"].contains(&word.trim_end_matches(','))
}

/// A line without the second in the name of a run, times and memory. Where an output has those, its columns are as wide as they are.
fn timeless(line: &str, has_times: bool) -> String {
    let words = line.split_inclusive('/').map(|part| match part.split_once("Z-") {
        Some((stamp, rest)) if stamp.len() == "20261122T131002".len() => format!("Z-{rest}"),
        _ => part.to_string(),
    });
    let line = words.collect::<String>();
    if !has_times {
        return line;
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let before_unit = |at: usize| words.get(at + 1).is_some_and(|next| is_unit(next));
    let kept = words.iter().enumerate().filter(|(at, _)| !before_unit(*at));
    // A time is in milliseconds on one machine and in seconds on another.
    let kept: Vec<&str> =
        kept.map(|(_, word)| if is_unit(word) { word.trim_start_matches('m') } else { word }).collect();
    kept.join(" ")
}

#[test]
fn times_are_not_compared_nor_are_their_units() {
    let page = " honest  win equals spec  0.5   102400  0.26 s\n";
    assert!(matches(page, " honest  win equals spec  0.5  102400  71 ms\n"));
    assert!(!matches(page, " honest  win equals spec  0.5  102401  71 ms\n"));
    assert!(!matches("peak 12 MB\n", "peak 12 ms\n"));
}

/// Whether a line is as a page has it, where `[..]` is any text.
fn line_matches(shown: &str, line: &str) -> bool {
    let Some((start, rest)) = shown.split_once("[..]") else { return shown == line };
    let Some(mut line) = line.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split("[..]").collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, rest)) = line.split_once(part) else { return false };
        line = rest;
    }
    line.ends_with(end)
}

/// Whether lines are as a page has them, where `...` is any lines.
fn lines_match(shown: &[String], lines: &[String]) -> bool {
    match shown.split_first() {
        None => lines.is_empty(),
        Some((first, shown)) if first == "..." => {
            (0..=lines.len()).any(|skipped| lines_match(shown, &lines[skipped..]))
        }
        Some((first, shown)) => {
            lines.split_first().is_some_and(|(line, lines)| line_matches(first, line) && lines_match(shown, lines))
        }
    }
}

/// Whether an output is as a page has it.
fn matches(shown: &str, output: &str) -> bool {
    let has_times = output.split_whitespace().any(is_unit);
    let lines = |text: &str| text.lines().map(|line| timeless(line, has_times)).collect::<Vec<_>>();
    lines_match(&lines(shown), &lines(output))
}

fn left_out(command: &str) -> bool {
    LEFT_OUT.iter().any(|(known, _)| *known == command)
}

/// Runs a page. What is not as shown is put into the page, or fails the test.
fn hold(page: &str) {
    let path = Path::new(ROOT).join(page);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
    let Some(mut shell) = Shell::of(page) else { return };
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    let mut wrong = String::new();
    let mut moved = 0;
    for (start, end, block) in blocks(&text) {
        match block {
            Block::File(name, content) => fs::write(shell.folder.join(name), content).expect("writable"),
            Block::Commands(commands) => {
                for command in commands.iter().filter(|command| !command.is_empty() && !left_out(command)) {
                    let output = shell.run(command);
                    assert_eq!(shell.code, 0, "{page}: {command}\n{output}");
                }
            }
            Block::Console(examples) => {
                let mut block = String::new();
                for Example { command, mut output } in examples {
                    if !left_out(&command) {
                        let real = shell.run(&command);
                        if !matches(&output, &real) {
                            let _ = writeln!(wrong, "$ {command}\nprints\n{real}\nwhere {page} shows\n{output}");
                            output = real;
                        }
                    }
                    let _ = write!(block, "$ {command}\n{output}");
                }
                let block: Vec<String> = block.lines().map(String::from).collect();
                let range = start + moved..end + moved;
                moved = (moved + block.len()) - range.len();
                lines.splice(range, block);
            }
        }
    }
    if std::env::var_os("UPDATE_GUIDES").is_some() {
        fs::write(path, lines.join("\n") + "\n").expect("writable");
    } else {
        assert!(wrong.is_empty(), "{wrong}");
    }
}

macro_rules! pages {
    ($($name:ident: $page:literal,)*) => {
        const PAGES: &[&str] = &[$($page),*];
        $(
            #[test]
            fn $name() {
                hold($page);
            }
        )*
    };
}

pages! {
    readme: "README.md",
    contributing: "CONTRIBUTING.md",
    measured: "docs/measured.md",
    scripts: "docs/scripts.md",
    tutorial: "docs/tutorial.md",
    reading_reports: "docs/reading-reports.md",
    threat_model: "docs/threat-model.md",
    choosing_parameters: "docs/choosing-parameters.md",
    two_machines: "docs/two-machines.md",
    cluster: "docs/cluster.md",
}

/// Every Markdown file of the repository's own, by its path.
fn documents() -> Vec<String> {
    let mut found = Vec::new();
    for folder in [".", "docs", "docs/decisions", "spec", "examples"] {
        for entry in fs::read_dir(Path::new(ROOT).join(folder)).expect("a folder") {
            let name = entry.expect("readable").file_name().to_string_lossy().into_owned();
            if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
                found.push(format!("{folder}/{name}").trim_start_matches("./").to_string());
            }
        }
    }
    found
}

#[test]
fn no_page_with_commands_is_left_out() {
    let documents = documents();
    assert!(PAGES.iter().all(|page| documents.iter().any(|document| document == page)));
    for page in documents.iter().filter(|page| !PAGES.contains(&page.as_str())) {
        let text = fs::read_to_string(Path::new(ROOT).join(page)).expect("readable");
        assert!(blocks(&text).is_empty() && !text.contains("\n$ "), "{page} has commands that no test runs");
    }
}

/// Commands in running text, such as `sim plan --grid`, are not run. They and their flags exist.
#[test]
fn commands_in_the_text_exist() {
    let mut known = 0;
    for page in PAGES.iter().chain(&["docs/gallery.md"]) {
        let text = fs::read_to_string(Path::new(ROOT).join(page)).expect("readable");
        let prose = text.split("```").step_by(2);
        for command in prose.flat_map(|prose| prose.split('`').skip(1).step_by(2)) {
            let mut words = command.split_whitespace().peekable();
            let (Some("sim"), Some(name)) = (words.next(), words.next()) else { continue };
            let below = words.next_if(|word| ["party", "submit"].contains(&name) && !word.starts_with("--"));
            let help = fusion_sim::run(["sim", name].into_iter().chain(below).chain(["--help"]));
            assert_eq!(help.code, 0, "{page}: {command}");
            for flag in words.filter(|word| word.starts_with("--")) {
                assert!(help.stdout.contains(&format!(" {flag}")), "{page}: {command}");
            }
            known += 1;
        }
    }
    assert!(known > 20, "{known}");
}

#[test]
fn nothing_is_left_out_that_is_not_shown() {
    let pages: String =
        PAGES.iter().map(|page| fs::read_to_string(Path::new(ROOT).join(page)).expect("readable")).collect();
    for (command, reason) in LEFT_OUT {
        assert!(pages.contains(command), "{command}: {reason}");
    }
}

/// Every link within the repository, in every document.
#[test]
fn links_lead_somewhere() {
    for page in documents() {
        let path = Path::new(ROOT).join(&page);
        let text = fs::read_to_string(&path).expect("readable");
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.starts_with("http") && !target.contains(' ')) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { path.clone() } else { path.with_file_name("").join(file) };
            assert!(file.exists(), "{page}: {target}");
            if !heading.is_empty() {
                let text = fs::read_to_string(&file).expect("readable");
                assert!(text.lines().any(|line| line.starts_with('#') && anchor(line) == heading), "{page}: {target}");
            }
        }
    }
}

/// The name that a heading has in links.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn make_knows_the_words() {
    let makefile = include_str!("../../Makefile");
    for (command, _) in LEFT_OUT {
        let Some(word) = command.strip_prefix("make ") else { continue };
        assert!(makefile.contains(&format!("\n{word}:")), "{command}");
    }
}

#[test]
fn elisions_and_times_match_and_nothing_else_does() {
    assert!(matches("a\n...\nd", "a\nb\nc\nd") && matches("...", "") && matches("a [..] c [..]", "a b c d"));
    assert!(!matches("a\n...\nd", "a\nb\nc") && !matches("a", "a\nb") && !matches("a [..] c", "a b d"));
    assert!(matches("took 3.2 ms, 7 KB", "took    11 ms, 7 KB") && !matches("took 3.2 ms, 7 KB", "took 3.2 ms, 8 KB"));
    assert!(matches("runs/x/20261122T131002Z-048ee1c4/a", "runs/x/20300101T000000Z-048ee1c4/a"));
    assert!(!matches("runs/x/20261122T131002Z-048ee1c4/a", "runs/x/20261122T131002Z-148ee1c4/a"));
}
