//! The engine of the simulator: trials of malicious servers against mix-and-check, campaigns that compare such trials with exact
//! rates, and the folders that keep their counts.
//!
//! | module | subject |
//! |---|---|
//! | [`simulate`] | trials at the fidelities `plain`, `ideal` and `real`, as functions of a strategy, a seed and a number |
//! | [`campaign`] | scripts loaded into campaigns, played on threads, and judged |
//! | [`documents`] | the JSON that a run writes, as types |
//! | [`store`] | the folder of a run: its counts, its environment, its results |
//! | [`sweep`] | the settings of a sweep: every combination of some parameters |
//! | [`protect`] | mix-and-check around an inference of one's own, with the operating system's randomness |
//! | [`embedded`] | files inside this program: curated scripts with their models and digits |
//! | [`models`], [`files`] | what a script names: models, data, and how files are read and written |
//! | [`clock`] | the one place that reads the clock |
//! | [`failure`] | why work on a campaign ends without a result |
//!
//! The engine has no command line, no terminal and no web page; `fusion-sim` adds them.
//!
//! To measure at `plain` a strategy of your own, no file is needed:
//!
//! ```
//! use fusion_adversaries::behaviour::{Place, Scripted};
//! use fusion_adversaries::script::Relabel;
//! use fusion_adversaries::strategy::{Act, View};
//! use fusion_engine::simulate::{Server, count};
//! use fusion_spec::params::Params;
//!
//! // Two slots at random get a wrong answer: the server wins with probability 4/95.
//! let view = View::new(Params::new(8, 2, 4, 0)?, 10)?;
//! let strategy = Scripted::single(Place::Random(2), Act::Relabel(Relabel::Next));
//! let counts = count(&view, &Server::new("guess-two", 1, &strategy), 0..100_000);
//! assert!((4_000..4_450).contains(&counts.win));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod campaign;
pub mod clock;
pub mod documents;
pub mod embedded;
pub mod failure;
pub mod files;
pub mod models;
pub mod protect;
#[cfg(test)]
#[path = "../../../proofs-tests/src/scratch.rs"]
mod scratch;
pub mod simulate;
pub mod store;
pub mod sweep;
