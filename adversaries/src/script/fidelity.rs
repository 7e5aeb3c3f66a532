//! `fidelity:`, `backend:` and `network:`: how much of a session is simulated, and by what.

use schemars::JsonSchema;
use serde::Serialize;

/// How much of a session is simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fidelity {
    /// Positions only.
    Plain,
    /// Every answer, by a trusted third party.
    #[default]
    Ideal,
    /// The two-party protocol.
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
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The protocols of Huang et al., USENIX Security 2022.
    #[default]
    Cheetah,
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
