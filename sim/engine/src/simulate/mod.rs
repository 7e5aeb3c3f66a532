//! Trials: a server's strategy against mix-and-check, as a pure function of (strategy, seed, trial number).
//!
//! [`count`] measures a strategy of your own whose moves are `next` or `random_wrong` on any input. Other moves need models and images:
//! make a [`World`], and [`play`] sessions of [`Ideal`] or [`Real`] in it.
//!
//! ```
//! use fusion_adversaries::behaviour::{Place, Scripted};
//! use fusion_adversaries::script::Relabel;
//! use fusion_adversaries::strategy::{Act, View};
//! use fusion_engine::simulate::{Server, count};
//! use fusion_spec::params::Params;
//!
//! let view = View::new(Params::new(8, 2, 4, 0)?, 10)?;
//! let strategy = Scripted::single(Place::Random(2), Act::Relabel(Relabel::Next));
//! let counts = count(&view, &Server::new("guess-one", 1, &strategy), 0..100_000);
//! // The server wins about 4/95 of them.
//! assert!((4_000..4_450).contains(&counts.win));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alone;
pub mod beside;
mod client;
pub mod conditional;
mod counts;
mod deviant;
mod driven;
mod effects;
mod guard;
mod ideal;
mod linking;
pub mod metered;
pub mod pair;
mod plain;
mod positional;
mod predicted;
pub mod probing;
mod real;
mod right;
mod second;
mod server;
mod session;
mod simulator;
mod size;
mod spdz;
mod stream;
mod trace;
mod trial;
mod urn;
mod world;

pub use alone::{Alone, NotAlone};
pub use client::{Answers, EarlyEnd, Exchange};
pub use counts::Counts;
pub(crate) use deviant::largest_output;
pub use effects::Seen;
pub use guard::Guard;
pub use ideal::{Ideal, Trusted};
pub use pair::{PartiesError, ProtocolChoice};
pub use plain::Plain;
pub(crate) use positional::is_positional;
pub use predicted::Predicted;
pub use real::{Parties, Real, TwoParty};
pub use right::RightAnswers;
pub use second::{Heard, NotTheBatch};
pub use server::Server;
pub use session::{Asked, Inference, Judged, Position, SlotService, Turn};
pub use simulator::{Replayed, Simulator, play};
pub use spdz::{MOST_TRIPLES, Spdz};
pub use stream::{Purpose, Streams};
pub use trace::{Trace, Unspecified};
pub use trial::{SlotRecord, Trial};
pub use world::{DrawnSamples, Pools, Runs, World, WorldError};

use fusion_adversaries::strategy::View;
use std::ops::Range;

/// Plays trials of a strategy at fidelity `plain`, where answers are only right or wrong, and counts how they end.
///
/// # Panics
/// If the strategy has a move other than `next` or `random_wrong` on any input: other moves need labels. Measure those with [`play`] and
/// [`Ideal`].
#[must_use]
pub fn count(view: &View, server: &Server<'_>, trials: Range<u64>) -> Counts {
    play(&mut Plain::new(view, server.strategy), server, trials)
}
