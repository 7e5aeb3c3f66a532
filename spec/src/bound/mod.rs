//! The exact probabilities with which a cheating server wins, and the planner that chooses the numbers that stop it.
//!
//! | module | question |
//! |---|---|
//! | [`deviation`] | how likely does one act on `k` slots win? `Pr[E_T]`, `Pr[E_B]`, `W(k|m,t,s)`, and the touch bound, which holds whatever is done to the slots |
//! | [`worst`], [`scan`] | which `k` is worst, by the theorem, and by trying all? |
//! | [`pool`] | how likely does an act win if queries and publics are drawn from finite pools? |
//! | [`quality`] | how likely is a worse model accepted if it runs on every slot, and an honest model that errs? |
//! | [`substitution`] | how likely does a server win that swaps in the worst function of all? the third number |
//! | [`outside`] | what are the rates where a hypothesis fails: flaky servers, retries, leaks, the linking game? |
//! | [`linked`] | what are the rates of a server that sees which slots hold the same sample? |
//! | [`probed`] | what are the rates of a server that spends verdicts on a secret of the client? |
//! | [`report`] | what are the rates at chosen numbers, and which of them limits the setting? |
//! | [`optimum`], [`slack`], [`accuracy`], [`plan`] | which numbers are least? |
//! | [`certificate`] | is a plan really the least? Five comparisons prove it, checked apart from the search |
//! | [`slack_certificate`], [`witness`] | the same at positive slack, and within a limit on the publics |
//! | [`bits`] | how is a rate printed as security bits? Only here is there floating point |
//!
//! ```
//! use fusion_spec::bound::{bits::security_bits, deviation::Deviation, quality, worst::worst_k};
//! use fusion_spec::params::Params;
//! use rug::Rational;
//!
//! // The correctness game: the most that a server can win with slots that it chooses.
//! let params = Params::new(8, 8, 100, 0)?;
//! let win = Deviation::full(params, worst_k(params)?)?.pr_win()?;
//! assert!(security_bits(&win) > Some(40.3));
//! // The accuracy game: a model that is right nine times in ten, on every slot. No number of copies helps.
//! let weak = quality::accept(params.T(), params.slack(), &Rational::from((1, 10)))?;
//! assert!(security_bits(&weak) < Some(15.3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod accuracy;
pub mod bits;
pub mod certificate;
pub mod deviation;
pub mod linked;
pub mod optimum;
pub mod outside;
pub mod plan;
pub mod pool;
pub mod probed;
pub mod quality;
mod ranges;
pub mod report;
pub mod scan;
pub mod slack;
pub mod slack_certificate;
pub mod substitution;
pub mod witness;
pub mod worst;
