//! `strategies:`: what the server does.

use super::act::MoveSection;
use super::expect::Expect;
use super::fidelity::Fidelity;
use super::trials::TrialsOverride;
use super::values::{Exact, Spot};
use super::yaml_text::yaml_of;
use crate::problem::Mark;
use fusion_active::cheat::Cheat;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// One strategy of a script.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StrategySection {
    /// The strategy's name: lower-case letters, digits, hyphens.
    pub name: String,
    /// A line on what the strategy shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The strategy's own fidelity, instead of the campaign's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fidelity: Option<Spot<Fidelity>>,
    /// The behaviour of the server.
    #[serde(flatten)]
    pub kind: StrategyKind,
    /// The strategy's own trials, instead of the campaign's.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub trials: TrialsOverride,
    /// The claims on the outcome.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub expect: Expect,
    /// The place of the strategy's name.
    #[serde(skip)]
    pub place: Spot<()>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The behaviour of the server of a strategy.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum StrategyKind {
    /// The same moves in every session.
    Do {
        /// The moves, in order; none make an honest server.
        #[serde(rename = "do")]
        moves: Vec<MoveSection>,
        /// The rule of a trial of more than one session.
        #[serde(skip_serializing_if = "Option::is_none")]
        sessions: Option<SessionsSection>,
    },
    /// One of several lists of moves each session, by weight.
    OneOf {
        /// The lists and their weights.
        one_of: Vec<BranchSection>,
        /// The rule of a trial of more than one session.
        #[serde(skip_serializing_if = "Option::is_none")]
        sessions: Option<SessionsSection>,
    },
    /// An honest server each of whose answers becomes the next label with some probability.
    Flaky {
        /// The probability of each answer.
        flaky: Spot<Exact>,
        /// The rule of a trial of more than one session.
        #[serde(skip_serializing_if = "Option::is_none")]
        sessions: Option<SessionsSection>,
    },
    /// The linking game, which is a single session.
    Link {
        /// The slots that are claimed to hold copies of one query.
        link: Spot<LinkSection>,
    },
    /// At `real` with `backend: spdz-lowgear`: a server that deviates from the protocol in one way, which a check of the client's catches.
    Cheat {
        /// The message or the check that the server gets wrong.
        cheat: Spot<CheatName>,
        /// The rule of a trial of more than one session.
        #[serde(skip_serializing_if = "Option::is_none")]
        sessions: Option<SessionsSection>,
    },
    /// At `real`: a program that decides during a session, from what the server reads of the slots.
    Program {
        /// The program.
        program: Spot<ProgramName>,
        /// The rule of a trial of more than one session.
        #[serde(skip_serializing_if = "Option::is_none")]
        sessions: Option<SessionsSection>,
    },
}

/// The two slots that a server names in the linking game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum LinkSection {
    /// These two.
    Slots([u32; 2]),
    /// At `real`: those that look most alike in all that the server has read.
    Best(Best),
}

/// The word for the best that a server can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Best {
    /// The best.
    Best,
}

/// A program of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProgramName {
    /// It reads what slots hold, and answers one group of copies wrongly.
    Unmask,
    /// It spends the verdicts of several sessions on the correlation of the client's transfers.
    ProbeDelta,
    /// It guesses a part of the correlation of the client's transfers in one session.
    GuessDelta,
    /// It spends the verdicts of two sessions on a coefficient of the client's encryption key.
    ProbeKey,
    /// It spends the verdicts of later sessions on an input of the first.
    ReplayCiphertext,
}

/// A way in which a server deviates, as scripts name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheatName(pub Cheat);

impl Serialize for CheatName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.name().serialize(serializer)
    }
}

impl JsonSchema for CheatName {
    fn schema_name() -> Cow<'static, str> {
        "CheatName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = |cheat: Cheat| json_schema!({ "const": cheat.name(), "description": cheat.about() });
        json_schema!({ "description": "A way in which a server deviates.", "oneOf": Cheat::ALL.map(one) })
    }
}

impl StrategyKind {
    /// The rule of a strategy that plays more than one session.
    #[must_use]
    pub fn sessions(&self) -> Option<SessionsSection> {
        match self {
            Self::Do { sessions, .. }
            | Self::OneOf { sessions, .. }
            | Self::Flaky { sessions, .. }
            | Self::Cheat { sessions, .. }
            | Self::Program { sessions, .. } => *sessions,
            Self::Link { .. } => None,
        }
    }

    /// The key and the place of what only two parties at `real` can do, whatever the moves.
    #[must_use]
    pub fn only_at_real(&self) -> Option<(&'static str, Mark)> {
        match self {
            Self::Cheat { cheat, .. } => Some(("cheat", cheat.mark)),
            Self::Program { program, .. } => Some(("program", program.mark)),
            Self::Link { link: Spot { value: LinkSection::Best(_), mark } } => Some(("link: best", *mark)),
            Self::Do { .. } | Self::OneOf { .. } | Self::Flaky { .. } | Self::Link { .. } => None,
        }
    }

    /// Every move that the strategy may make.
    pub fn moves(&self) -> impl Iterator<Item = &MoveSection> {
        let (own, branches) = match self {
            Self::Do { moves, .. } => (&moves[..], &[][..]),
            Self::OneOf { one_of, .. } => (&[][..], &one_of[..]),
            Self::Flaky { .. } | Self::Link { .. } | Self::Cheat { .. } | Self::Program { .. } => (&[][..], &[][..]),
        };
        own.iter().chain(branches.iter().flat_map(|branch: &BranchSection| &branch.moves))
    }

    /// Every move that the strategy may make, to be changed.
    pub fn moves_mut(&mut self) -> impl Iterator<Item = &mut MoveSection> {
        let (own, branches) = match self {
            Self::Do { moves, .. } => (&mut moves[..], &mut [][..]),
            Self::OneOf { one_of, .. } => (&mut [][..], &mut one_of[..]),
            Self::Flaky { .. } | Self::Link { .. } | Self::Cheat { .. } | Self::Program { .. } => {
                (&mut [][..], &mut [][..])
            }
        };
        own.iter_mut().chain(branches.iter_mut().flat_map(|branch: &mut BranchSection| &mut branch.moves))
    }
}

impl StrategySection {
    /// The strategy as YAML.
    ///
    /// # Errors
    /// [`serde_yaml::Error`] never, for a strategy that was read.
    pub fn to_yaml(&self) -> Result<String, serde_yaml::Error> {
        yaml_of(self)
    }
}

/// One list of moves of `one_of`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct BranchSection {
    /// Its share of the sum of all weights.
    pub weight: u32,
    /// The moves, in order.
    #[serde(rename = "do")]
    pub moves: Vec<MoveSection>,
}

/// The rule of a trial of more than one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SessionsSection {
    /// The verdict that ends the sessions.
    pub until: Until,
    /// The most sessions of a trial.
    pub max: u32,
}

/// The verdict that ends the sessions of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Until {
    /// The client tries again until it accepts.
    Accepted,
    /// The client goes on until it rejects.
    Rejected,
    /// The client goes on, whatever its verdicts, until the most sessions are played.
    Max,
}
