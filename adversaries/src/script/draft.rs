//! A script as far as its text can be read: what is wrong in one section hides nothing of another.

use super::backend::Backend;
use super::data::{Data, ModelSection};
use super::document::{Script, Version};
use super::fidelity::{Fidelity, Network};
use super::protocol::{GoalSection, Protocol};
use super::setup::SetupRule;
use super::strategy::StrategySection;
use super::trials::{Test, Trials};
use super::values::Spot;

/// A section of a script.
#[derive(Clone, Debug, PartialEq)]
pub enum Section<T> {
    /// The section is left out.
    Absent,
    /// The section is there, and has a problem that is told.
    Faulty,
    /// The section was read.
    Read(T),
}

impl<T> Section<T> {
    /// The section's value, if it was read.
    pub fn read(&self) -> Option<&T> {
        match self {
            Self::Read(value) => Some(value),
            Self::Absent | Self::Faulty => None,
        }
    }

    /// The section's value, if it was read, to be changed.
    pub fn read_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Read(value) => Some(value),
            Self::Absent | Self::Faulty => None,
        }
    }

    /// Whether the section is left out.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// A script as far as its text can be read. Where a problem is told, a default stands in for what decides nothing about the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The keys that nothing else depends on; `None` where one of them is faulty.
    pub head: Option<Head>,
    /// The session's parameters.
    pub protocol: Section<Protocol>,
    /// The goals that the parameters are meant to reach.
    pub goal: Section<GoalSection>,
    /// The honest model.
    pub model: Section<ModelSection>,
    /// The samples.
    pub data: Section<Data>,
    /// The depth at which sessions are simulated; `None` where that is faulty.
    pub fidelity: Option<Spot<Fidelity>>,
    /// The network whose time `real` counts.
    pub network: Network,
    /// The number of trials, and their seed.
    pub trials: Trials,
    /// The test that a rate must pass.
    pub test: Test,
    /// The strategies of which it is known what the server does.
    pub strategies: Vec<StrategyDraft>,
}

/// The sections that no other depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The version of the format.
    pub schema: Version,
    /// The name of the folder of results.
    pub name: String,
    /// A line on what the campaign is for.
    pub about: Option<String>,
    /// The two-party protocols that `real` runs.
    pub backend: Backend,
    /// How long the two parties keep a set-up, if the script says so.
    pub setup: Option<Spot<SetupRule>>,
}

impl Head {
    /// How long the parties of a strategy keep a set-up; `None` stands for the control.
    #[must_use]
    pub fn setup_of(&self, strategy: Option<&StrategySection>) -> SetupRule {
        SetupRule::of(self.setup.as_ref().map(|setup| setup.value), self.backend, strategy)
    }
}

/// A strategy as far as its text can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct StrategyDraft {
    /// The strategy, with the moves that could be read.
    pub section: StrategySection,
    /// Whether the server does this and nothing else: no move is missing.
    pub whole: bool,
}

impl Draft {
    /// The script, if nothing is missing.
    #[must_use]
    pub fn into_script(self) -> Option<Script> {
        let Self { head, protocol, goal, model, data, fidelity, network, trials, test, strategies } = self;
        let Head { schema, name, about, backend, setup } = head?;
        let whole = |draft: StrategyDraft| draft.whole.then_some(draft.section);
        Some(Script {
            schema,
            name,
            about,
            protocol: required(protocol)?,
            goal: optional(goal)?,
            model: optional(model)?,
            data: optional(data)?,
            fidelity: fidelity?,
            backend,
            setup: setup.map(|setup| setup.value),
            network,
            trials,
            test,
            strategies: strategies.into_iter().map(whole).collect::<Option<_>>()?,
        })
    }

    /// The fidelity of a strategy: its own, or the campaign's, if that is known.
    #[must_use]
    pub fn fidelity_of(&self, strategy: &StrategySection) -> Option<Fidelity> {
        strategy.fidelity.as_ref().or(self.fidelity.as_ref()).map(|spot| spot.value)
    }
}

fn required<T>(section: Section<T>) -> Option<T> {
    match section {
        Section::Read(value) => Some(value),
        Section::Absent | Section::Faulty => None,
    }
}

#[expect(clippy::option_option, reason = "the value of a key that may be left out, and none where there is a problem")]
fn optional<T>(section: Section<T>) -> Option<Option<T>> {
    match section {
        Section::Read(value) => Some(Some(value)),
        Section::Absent => Some(None),
        Section::Faulty => None,
    }
}
