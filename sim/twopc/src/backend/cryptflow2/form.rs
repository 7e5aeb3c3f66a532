//! Which factors the masks of correlated triples hide.

/// How two products with a shared factor, `x y` and `x z`, use the two triples `(a, b, ab)` and `(a, c, ac)` of a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TripleForm {
    /// `a` masks the shared factor `x`, as in the paper (Rathee et al., CCS 2020, section 3.1.1): what is opened twice is the same.
    #[default]
    Paper,
    /// `a` masks the factors `y` and `z`, as in the released code: `y + a` and `z + a` are opened, and both parties see `y + z`. In a comparison that is whether some digits of the
    /// client are at least those of the server. Results are the same. This is here to be attacked.
    AsReleased,
}

impl TripleForm {
    /// The forms, the default first.
    pub const ALL: [Self; 2] = [Self::Paper, Self::AsReleased];

    /// The name in scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::AsReleased => "as-released",
        }
    }
}
