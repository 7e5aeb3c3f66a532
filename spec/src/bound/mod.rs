//! What a cheating server gets away with, exactly, and the numbers that stop it.
//!
//! | module | question |
//! |---|---|
//! | [`deviation`] | one act on `k` slots: `Pr[E_T]`, `Pr[E_B]`, `W(k|m,t,s)`, the touch bound |
//! | [`worst`], [`scan`] | which `k` is worst, by the theorem and by looking at all |
//! | [`pool`] | the same, averaged over queries and publics drawn from finite pools |
//! | [`quality`] | a worse model everywhere; an honest model that errs |
//! | [`outside`] | rates where a hypothesis fails: flaky servers, retries, leaks, the linking game |
//! | [`report`] | rows and named terms, and which term binds |
//! | [`optimum`], [`slack`], [`accuracy`], [`plan`] | the least `N` that keeps the promise |
//! | [`certificate`] | the five comparisons that prove a plan least, checked apart from the search |
//! | [`bits`] | security bits for printing: the only floating point |
//!
//! ```
//! use fusion_spec::bound::{bits::security_bits, deviation::Deviation, quality, worst::worst_k};
//! use fusion_spec::params::Params;
//! use rug::Rational;
//!
//! // Two games, two numbers. Correctness: the worst that a server does with slots it chooses.
//! let params = Params::new(8, 8, 100, 0)?;
//! let win = Deviation::full(params, worst_k(params)?)?.pr_win()?;
//! assert!(security_bits(&win) > Some(40.3));
//! // Accuracy: a model right nine times in ten, on every slot. No number of copies helps.
//! let weak = quality::accept(params.T(), params.slack(), &Rational::from((1, 10)))?;
//! assert!(security_bits(&weak) < Some(15.3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod accuracy;
pub mod bits;
pub mod certificate;
pub mod deviation;
pub mod optimum;
pub mod outside;
pub mod plan;
pub mod pool;
pub mod quality;
mod ranges;
pub mod report;
pub mod scan;
pub mod slack;
pub mod worst;
