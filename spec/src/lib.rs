//! Mix-and-check, specified: the protocol of Fusion (Dong et al., NDSS 2023), what may happen in it, with what exact
//! probability, and which numbers of copies and public samples to choose.
//!
//! Everything here is pure: no I/O, no clock, no threads, no randomness but what a caller passes in. Probabilities are
//! exact rationals; floating point appears in [`bound::bits`] alone, when a number is about to be printed.
//!
//! | module | subject |
//! |---|---|
//! | [`params`] | `R`, `B`, `T`, slack and lambda, within their limits |
//! | [`mix`] | the shuffled batch |
//! | [`machine`], [`client`], [`verdict`] | the protocol, the client's typestate around it, how it ends |
//! | [`trace`] | a client's log, held against the machine |
//! | [`bound`] | exact probabilities, worst cases, the certified planner |
//! | [`evidence`] | what counted trials say about a claimed rate |
//! | [`exact`] | certified logarithms, bounded binomials, numbers from text |
//!
//! ```
//! use fusion_spec::bound::plan::{Goal, plan};
//! use fusion_spec::params::Lambda;
//!
//! // The published setting for eight queries at 40 bits: eight copies of each, a hundred public samples.
//! let goal = Goal { R: 8, lambda: Lambda::new(40)?, min_T: 100, slack: None, accuracy: None };
//! let plan = plan(&goal)?;
//! assert_eq!((plan.params.B(), plan.params.T()), (8, 100));
//! assert_eq!(format!("{:.2}", plan.correctness.bits()), "40.31");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bound;
pub mod client;
pub mod evidence;
pub mod exact;
pub mod machine;
pub mod mix;
pub mod params;
pub mod trace;
pub mod verdict;
