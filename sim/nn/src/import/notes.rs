//! The problems of one node, noted while it is read.

/// The problems of a node, noted one by one while the rest of it is read.
#[derive(Debug, Default)]
pub(super) struct Notes(pub(super) Vec<String>);

impl Notes {
    /// Notes a problem.
    pub(super) fn note(&mut self, message: impl Into<String>) {
        self.0.push(message.into());
    }

    /// Notes a problem, and returns `None` in place of what could not be read.
    pub(super) fn wrong<T>(&mut self, message: impl Into<String>) -> Option<T> {
        self.note(message);
        None
    }
}
