//! Advice on mistakes that show in the text of a script and hide in the tree that YAML makes of it: brackets without quotes, commas within numbers,
//! spaces that are none.

use crate::problem::{Mark, Problem, is_grouped};
use crate::yaml::lines;

/// The advice where a character looks like a space, and is a letter to YAML.
const NO_BREAK: &str = "a no-break space stands here, which is a letter to YAML: write a plain space";
/// The advice where a pattern of steps is cut at its bracket.
const BRACKET: &str = "a bracket ends text without quotes here: write the step in quotes, such as \"layer[4:relu]\"";

/// How far around the place of a problem its cause is looked for: a script may have as many problems as characters.
const NEAR: usize = 64;

/// Replaces the advice of each problem whose cause the text shows.
pub fn advise(mut problems: Vec<Problem>, text: &str) -> Vec<Problem> {
    let lines: Vec<&str> = lines(text).collect();
    // The line of the last problem, with its characters.
    let mut last: (usize, Vec<char>) = (0, Vec::new());
    for problem in &mut problems {
        let Some(line) = lines.get(problem.mark.line - 1) else { continue };
        if last.0 != problem.mark.line {
            last = (problem.mark.line, line.chars().collect());
        }
        if let Some(advice) = on(line, &last.1, problem) {
            problem.help = Some(advice);
        }
    }
    problems
}

/// Returns the advice that a line, which has these characters, shows for a problem in it.
fn on(line: &str, characters: &[char], problem: &Problem) -> Option<String> {
    let is_no_break = |c: char| matches!(c, '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{3000}');
    let malformed = problem.message.starts_with("not YAML");
    let Mark { column, length, .. } = problem.mark;
    let marked = characters.iter().skip(column - 1).take(length.min(NEAR));
    if marked.copied().any(is_no_break) || (malformed && line.contains(is_no_break)) {
        return Some(NO_BREAK.into());
    }
    if malformed && has_bare_step(line) {
        return Some(BRACKET.into());
    }
    let number = number_around(characters, column - 1)?;
    Some(format!("a number has no commas: {}", number.replace(',', "")))
}

/// Whether a line has a step with a bracket and without quotes.
fn has_bare_step(line: &str) -> bool {
    let values = line.split("step:").skip(1).map(str::trim_start);
    values.filter(|value| !value.starts_with(['"', '\''])).any(|value| {
        let end = value.find([',', '}', '#']).unwrap_or(value.len());
        value[..end].contains('[')
    })
}

/// Returns the number around a place if it is one whose thousands are set off by commas.
fn number_around(line: &[char], at: usize) -> Option<String> {
    let part = |c: &&char| c.is_ascii_digit() || **c == ',';
    let (before, after) = line.split_at(at.min(line.len()));
    let before: Vec<char> = before.iter().rev().take(NEAR).take_while(part).copied().collect();
    let word: String = before.iter().rev().chain(after.iter().take(NEAR).take_while(part)).collect();
    is_grouped(word.trim_end_matches(',')).then(|| word.trim_end_matches(',').to_string())
}

#[cfg(test)]
mod tests {
    use crate::script::Script;

    /// The advice on each problem of a script with these lines at its end.
    fn advice(rest: &str) -> Vec<String> {
        let head = "schema: fusion/campaign/v1\nname: m\nprotocol: { R: 8, B: 2, T: 4 }\nfidelity: plain\n";
        let problems = Script::read(&format!("{head}{rest}")).expect_err("faulty");
        problems
            .into_iter()
            .map(|problem| problem.help.unwrap_or_else(|| format!("none: {}", problem.message)))
            .collect()
    }

    #[test]
    fn what_the_text_shows_is_told() {
        let number = "a number has no commas: 1000";
        assert_eq!(advice("trials: { max: 1,000 }\nstrategies: [{ name: a, do: [] }]\n"), [number]);
        assert_eq!(advice("trials:\n  max: 1,000\nstrategies: [{ name: a, do: [] }]\n"), [number]);
        for act in ["add: { step: layer[4:relu], value: 1 }", "stop: { how: crash, step: layer[4:*] }"] {
            let text = format!("strategies:\n  - {{ name: a, do: [{{ at: {{ random: 1 }}, {act} }}] }}\n");
            assert_eq!(advice(&text), [super::BRACKET], "{act}");
        }
        for spaced in [
            "trials: {\u{a0}max: 1000 }",
            "trials: { max:\u{a0}1000 }",
            "trials: { max: 1000\u{202f}}",
            "trials:\n  max:\u{a0}1000",
        ] {
            let told = advice(&format!("{spaced}\nstrategies: [{{ name: a, do: [] }}]\n"));
            assert!(told.contains(&super::NO_BREAK.to_string()), "{spaced}: {told:?}");
        }
    }

    #[test]
    fn other_advice_stays() {
        let told = advice("trials: { maxx: 5 }\nstrategies: [{ name: a, about: \"1,000\u{a0}%\", do: [] }]\n");
        assert_eq!(told, ["did you mean `max`?"]);
        let told = advice("strategies: [{ name: a, do: [{ at: { slots: [1, 2 }, relabel: next }] }]\n");
        assert_eq!(told, ["a bracket, a brace or a comma may be missing before this"]);
    }
}
