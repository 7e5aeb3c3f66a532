//! A script as a whole.

use super::backend::Backend;
use super::data::{Data, ModelSection};
use super::fidelity::{Fidelity, Network};
use super::protocol::{GoalSection, Protocol};
use super::schema;
use super::setup::SetupRule;
use super::strategy::StrategySection;
use super::trials::{Test, Trials};
use super::values::Spot;
use super::yaml_text::yaml_of;
use schemars::{JsonSchema, Schema};
use serde::Serialize;

/// The name of the control, which every campaign has.
pub const HONEST: &str = "honest";

/// A campaign script.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Script {
    /// The version of this format.
    pub schema: Version,
    /// Names the folder of results: lower-case letters, digits, hyphens.
    pub name: String,
    /// A line on what the campaign is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The session's parameters.
    pub protocol: Protocol,
    /// The goals that the parameters are meant to reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<GoalSection>,
    /// The honest model; needed at `ideal` and `real`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelSection>,
    /// The samples; needed at `ideal` and `real`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// The depth at which sessions are simulated.
    #[schemars(default)]
    pub fidelity: Spot<Fidelity>,
    /// The two-party protocols that `real` runs.
    #[schemars(default)]
    pub backend: Backend,
    /// How long `real` keeps a set-up. Without it, strategies with `sessions` have one for each session, and all others the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setup: Option<SetupRule>,
    /// The network whose time `real` counts.
    #[schemars(default)]
    pub network: Network,
    /// The number of trials, and their seed.
    #[schemars(default)]
    pub trials: Trials,
    /// The test that a rate must pass.
    #[schemars(default)]
    pub test: Test,
    /// The strategies of the server.
    pub strategies: Vec<StrategySection>,
}

/// The version of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Version {
    /// The only version of the format.
    #[serde(rename = "fusion/campaign/v1")]
    V1,
}

impl Script {
    /// The script as YAML, every default written out.
    ///
    /// # Errors
    /// [`serde_yaml::Error`] never, for a script that was read.
    pub fn to_yaml(&self) -> Result<String, serde_yaml::Error> {
        yaml_of(self)
    }

    /// The JSON schema of scripts, for editors.
    #[must_use]
    pub fn json_schema() -> Schema {
        schema::of::<Self>()
    }

    /// How long the parties of a strategy keep a set-up; `None` stands for the control.
    #[must_use]
    pub fn setup_of(&self, strategy: Option<&StrategySection>) -> SetupRule {
        SetupRule::of(self.setup, self.backend, strategy)
    }

    /// The fidelity of a strategy: its own, or the campaign's.
    #[must_use]
    pub fn fidelity_of(&self, strategy: &StrategySection) -> Fidelity {
        strategy.fidelity.as_ref().map_or(self.fidelity.value, |own| own.value)
    }
}
