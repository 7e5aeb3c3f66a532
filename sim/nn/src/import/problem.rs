//! What is wrong with a file.

use std::fmt;

/// One thing in a file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportProblem {
    /// Where: the node's index, name and operator; `None` for the file.
    pub node: Option<(usize, String, String)>,
    /// What.
    pub message: String,
}

impl fmt::Display for ImportProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Some((index, name, op)) => write!(f, "node {index} '{name}' ({op}): {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// All that is wrong with a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ImportError {
    /// In file order; never empty.
    pub problems: Vec<ImportProblem>,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.problems.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}
