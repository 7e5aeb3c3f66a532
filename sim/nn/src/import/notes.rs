//! The problems of one node, noted while it is read.

/// What is wrong with a node, noted one by one while the rest of it is read.
#[derive(Debug, Default)]
pub(super) struct Notes(pub(super) Vec<String>);

impl Notes {
    /// Takes a problem down.
    pub(super) fn note(&mut self, message: impl Into<String>) {
        self.0.push(message.into());
    }

    /// Takes a problem down; always `None`, for use as what could not be read.
    pub(super) fn wrong<T>(&mut self, message: impl Into<String>) -> Option<T> {
        self.note(message);
        None
    }
}
