//! What is wrong with a script, and where.

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// Characters to point at.
    pub length: usize,
}

impl Mark {
    /// The beginning of a file.
    pub const START: Self = Self { line: 1, column: 1, length: 1 };
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub mark: Mark,
    /// What, without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// A problem without advice.
    pub fn new(mark: Mark, message: impl Into<String>) -> Self {
        Self { mark, message: message.into(), help: None }
    }

    /// With advice.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// `did you mean ...?` for the nearest of the words there are, or all of them if none is near.
#[must_use]
pub fn nearest(word: &str, words: &[&str]) -> String {
    let distance = |other: &&&str| strsim::damerau_levenshtein(word, other);
    let closest = words.iter().min_by_key(distance);
    match closest {
        Some(closest) if distance(&closest) <= (word.chars().count().max(3)) / 3 + usize::from(word.len() > 4) => {
            format!("did you mean `{closest}`?")
        }
        _ => format!("one of {}", list(words)),
    }
}

/// `` `a`, `b`, `c` ``.
fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_offered_if_it_is_near() {
        let words = ["trials", "test", "strategies"];
        for (wrong, right) in [("trails", "trials"), ("tset", "test"), ("strategy", "strategies"), ("Test", "test")] {
            assert_eq!(nearest(wrong, &words), format!("did you mean `{right}`?"));
        }
        assert_eq!(nearest("colour", &words), "one of `trials`, `test`, `strategies`");
    }
}
