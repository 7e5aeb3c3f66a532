//! What is wrong with a file.

use std::fmt;

/// One problem of an ONNX file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportProblem {
    /// The node that has the problem, by its index, name and operator, or `None` where it is the file that has it.
    pub node: Option<(usize, String, String)>,
    /// The problem, in words.
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

/// Why an ONNX file cannot be read. It names every problem of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ImportError {
    /// The problems in the order of the file, of which there is at least one.
    pub problems: Vec<ImportProblem>,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.problems.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}
