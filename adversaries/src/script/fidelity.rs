//! `fidelity:`, `backend:` and `network:`: the depth at which sessions are simulated, and the protocols and the network of `real`.

use fusion_2pc::backend::Family;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The depth at which a session is simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fidelity {
    /// Positions are simulated, and no answer is computed.
    Plain,
    /// A trusted third party computes every answer.
    #[default]
    Ideal,
    /// Two parties run the protocol, message by message.
    Real,
}

impl Fidelity {
    /// The word that scripts use for this fidelity.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Ideal => "ideal",
            Self::Real => "real",
        }
    }
}

/// The two-party protocols that `real` runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Backend {
    /// Cheetah (Huang et al., USENIX Security 2022).
    #[default]
    #[serde(rename = "cheetah")]
    Cheetah,
    /// `CrypTFlow2` with linear layers by oblivious transfer (Rathee et al., CCS 2020).
    #[serde(rename = "cryptflow2-ot")]
    Cryptflow2Ot,
    /// `CrypTFlow2` with linear layers under encryption (Rathee et al., CCS 2020).
    #[serde(rename = "cryptflow2-he")]
    Cryptflow2He,
    /// DELPHI (Mishra et al., USENIX Security 2020).
    #[serde(rename = "delphi")]
    Delphi,
    /// ABY modulo `2^64` (Demmler et al., NDSS 2015).
    #[serde(rename = "aby")]
    Aby,
    /// ABY modulo `2^32`, which holds the values that were seen, and not all that are proved possible.
    #[serde(rename = "aby-32")]
    Aby32,
}

impl Backend {
    /// All backends.
    pub const ALL: [Self; 6] =
        [Self::Cheetah, Self::Cryptflow2Ot, Self::Cryptflow2He, Self::Delphi, Self::Aby, Self::Aby32];

    /// The backend that is this family of two-party inference.
    #[must_use]
    pub fn of(family: Family) -> Self {
        match family {
            Family::Cheetah => Self::Cheetah,
            Family::Cryptflow2Ot => Self::Cryptflow2Ot,
            Family::Cryptflow2He => Self::Cryptflow2He,
            Family::Delphi => Self::Delphi,
            Family::Aby => Self::Aby,
            Family::Aby32 => Self::Aby32,
        }
    }

    /// The family of two-party inference that this backend is.
    #[must_use]
    pub fn family(self) -> Family {
        match self {
            Self::Cheetah => Family::Cheetah,
            Self::Cryptflow2Ot => Family::Cryptflow2Ot,
            Self::Cryptflow2He => Family::Cryptflow2He,
            Self::Delphi => Family::Delphi,
            Self::Aby => Family::Aby,
            Self::Aby32 => Family::Aby32,
        }
    }
}

/// The network whose time `real` counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// A local network: 1 Gbit/s, 0.3 ms.
    Lan,
    /// A wide-area network: 100 Mbit/s, 40 ms.
    #[default]
    Wan,
    /// A network that the script describes.
    #[serde(untagged)]
    Custom {
        /// The round trip in milliseconds.
        rtt_ms: u32,
        /// The speed in megabits a second.
        mbit_per_s: u32,
    },
}
