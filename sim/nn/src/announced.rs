//! The length that a header announces.

/// The length that a header announces, which may be more than `2^64` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced(pub(crate) Option<usize>);

impl std::fmt::Display for Announced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(bytes) => bytes.fmt(f),
            None => f.write_str("more than 2^64"),
        }
    }
}
