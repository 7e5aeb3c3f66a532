//! Campaign scripts: the YAML that `sim attack` runs.
//!
//! | module | subject |
//! |---|---|
//! | `document` | a script as a whole |
//! | `protocol`, `data`, `fidelity`, `backend`, `setup`, `trials` | its sections: parameters and goal, model and samples, how sessions are simulated, how many |
//! | `strategy`, `act`, `message`, `step`, `expect` | what the server does, where, and what is claimed of it |
//! | `values` | numbers, durations, and places in the file |
//! | `reading` | all of these from located trees ([`crate::yaml`]) |
//! | `draft` | as much of a script as could be read |
//! | `schema` | the JSON schema of scripts |
//!
//! Reading finds every problem of a text in one go. Whatever needs other files (does the model exist, are the pools large enough, is
//! there an exact rate) is for the caller to check: [`Spot`] keeps the places to blame, and [`Draft`] what can be checked although
//! another section has a problem. Of keys that exclude each other the types have one: [`StrategyKind`], [`ActSection`].
//!
//! ```
//! use fusion_adversaries::script::Script;
//! let script = Script::read(
//!     "schema: fusion/campaign/v1
//! name: small
//! protocol: { R: 8, B: 2, T: 4 }
//! fidelity: plain
//! strategies:
//!   - { name: guess-one, do: [{ at: { random: 2 }, relabel: next }], expect: { win: { equals: spec } } }
//! ",
//! );
//! assert_eq!(script.map(|script| script.strategies.len()), Ok(1));
//! let problems = Script::read("schema: fusion/campaign/v1\nnmae: small\n").unwrap_err();
//! let last = problems.last().and_then(|problem| problem.help.as_deref());
//! assert_eq!(last, Some("did you mean `name`?"));
//! ```

mod act;
mod backend;
mod data;
mod document;
mod draft;
mod expect;
mod fidelity;
mod message;
mod protocol;
mod reading;
mod schema;
mod setup;
mod step;
mod strategy;
mod trials;
mod values;
mod yaml_text;

pub use act::{
    ActSection, AddSection, Elements, MoveSection, OwnChoiceSection, Pixel, Relabel, SpoilSection, When, Where,
    WrongSignSection, missing_slot,
};
pub use backend::Backend;
pub use data::{Data, Draw, FixedPoint, Input, Keep, ModelSection, Publics, RingBits, Samples, TruncationKind};
pub use document::{HONEST, Script, Version};
pub use draft::{Draft, Head, Section, StrategyDraft};
pub use expect::{Claim, CountedEvent, Expect, Expectation, Reasons};
pub use fidelity::{Fidelity, Network};
pub use message::{Bend, BendSection, Filling, Stop, StopSection};
pub use protocol::{AccuracyGoal, Auto, Compare, GoalSection, Protocol, Sizes};
pub use setup::SetupRule;
pub use step::{NoStep, StepPattern};
pub use strategy::{
    Best, BranchSection, CheatName, LinkSection, ProgramName, SessionsSection, StrategyKind, StrategySection, Until,
};
pub use trials::{Estimator, MAX_TRIALS, Test, Trials, TrialsOverride};
pub use values::{Always, Automatic, Duration, Exact, NotADuration, Spot};

#[cfg(test)]
mod tests;
