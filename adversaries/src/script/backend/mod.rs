//! `backend:`: the protocols of `real`, a word or a map.

mod written;

use fusion_2pc::backend::{Choice, Family};
use fusion_active::network::Triples;

/// The two-party protocols that `real` runs. It is written as a word if every option is as by default, and otherwise as a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Semi-honest protocols, which mix-and-check is for.
    Family(Choice),
    /// SPDZ with triples of `LowGear`, in which a server that deviates is caught, by these triples in linear layers.
    Spdz(Triples),
}

impl Backend {
    /// The name of SPDZ with triples of `LowGear`.
    pub const SPDZ: &str = "spdz-lowgear";

    /// Every backend as it is by default, the families first.
    pub fn all() -> impl Iterator<Item = Self> {
        Family::ALL.into_iter().map(Self::from).chain([Self::Spdz(Triples::default())])
    }

    /// The name, without options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Family(choice) => choice.family().name(),
            Self::Spdz(_) => Self::SPDZ,
        }
    }

    /// A line that says what the backend is.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Family(choice) => choice.family().about(),
            Self::Spdz(_) => {
                "SPDZ with triples of LowGear, in which a server that deviates is caught; only scripts are played by it, at `real`"
            }
        }
    }

    /// The semi-honest protocols; `None` for others.
    #[must_use]
    pub fn family(self) -> Option<Choice> {
        match self {
            Self::Family(choice) => Some(choice),
            Self::Spdz(_) => None,
        }
    }

    /// The triples of SPDZ; `None` for other protocols.
    #[must_use]
    pub fn spdz(self) -> Option<Triples> {
        match self {
            Self::Family(_) => None,
            Self::Spdz(triples) => Some(triples),
        }
    }
}

impl Default for Backend {
    fn default() -> Self {
        Self::Family(Choice::default())
    }
}

impl From<Family> for Backend {
    fn from(family: Family) -> Self {
        Self::Family(family.into())
    }
}
