//! The families by name.

use super::traits::Backend;

/// A family of two-party inference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Cheetah (Huang et al., USENIX Security 2022).
    #[default]
    Cheetah,
    /// `CrypTFlow2` with linear layers by oblivious transfer (Rathee et al., CCS 2020).
    Cryptflow2Ot,
    /// `CrypTFlow2` with linear layers under encryption (Rathee et al., CCS 2020).
    Cryptflow2He,
    /// DELPHI (Mishra et al., USENIX Security 2020).
    Delphi,
    /// ABY modulo `2^64` (Demmler et al., NDSS 2015).
    Aby,
    /// ABY modulo `2^32`, which holds the values that were seen, and not all that are proved possible.
    Aby32,
}

/// What is done for whichever backend a user has chosen.
pub trait ForBackend {
    /// The type of what it returns.
    type Output;

    /// Does it for this backend.
    fn run<B: Backend>(self, backend: B) -> Self::Output;
}

impl Family {
    /// All families, in the order in which they are listed.
    pub const ALL: [Self; 6] =
        [Self::Cheetah, Self::Cryptflow2Ot, Self::Cryptflow2He, Self::Delphi, Self::Aby, Self::Aby32];

    /// Whether a ReLU is a garbled circuit, in which a server that deviates adds to what is kept by flipping bits of it; elsewhere it adds a number.
    #[must_use]
    pub const fn garbles(self) -> bool {
        matches!(self, Self::Delphi | Self::Aby | Self::Aby32)
    }

    /// Whether a ReLU drops bits after it has chosen what is kept, by a protocol that relies on the sign of what was chosen.
    #[must_use]
    pub const fn drops_what_is_chosen(self) -> bool {
        matches!(self, Self::Cryptflow2Ot | Self::Cryptflow2He)
    }

    /// Whether the client encrypts vectors in slots, under a key that it keeps with its set-up.
    #[must_use]
    pub const fn encrypts_slots(self) -> bool {
        matches!(self, Self::Cryptflow2He | Self::Delphi)
    }

    /// The name of the family in scripts and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cheetah => "cheetah",
            Self::Cryptflow2Ot => "cryptflow2-ot",
            Self::Cryptflow2He => "cryptflow2-he",
            Self::Delphi => "delphi",
            Self::Aby => "aby",
            Self::Aby32 => "aby-32",
        }
    }

    /// A line that says what the family is.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Cheetah => "Cheetah (Huang et al., USENIX Security 2022)",
            Self::Cryptflow2Ot => "CrypTFlow2 over oblivious transfer (Rathee et al., CCS 2020)",
            Self::Cryptflow2He => "CrypTFlow2 over homomorphic encryption (Rathee et al., CCS 2020)",
            Self::Delphi => "DELPHI (Mishra et al., USENIX Security 2020)",
            Self::Aby => "ABY in a ring of 64 bits (Demmler et al., NDSS 2015)",
            Self::Aby32 => "ABY in a ring of 32 bits, in which larger values wrap unnoticed",
        }
    }
}

/// The error for a name that no family has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no backend `{0}`")]
pub struct NoFamily(String);

impl std::str::FromStr for Family {
    type Err = NoFamily;

    fn from_str(name: &str) -> Result<Self, NoFamily> {
        Self::ALL.into_iter().find(|family| family.name() == name).ok_or_else(|| NoFamily(name.into()))
    }
}
