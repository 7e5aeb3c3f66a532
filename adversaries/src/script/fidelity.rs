//! `fidelity:` and `network:`: the depth at which sessions are simulated, and the network of `real`.

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
