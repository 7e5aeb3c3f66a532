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
//! | [`plan`], [`slack`], [`accuracy`] | the least `N` that keeps the promise |
//! | [`certificate`] | the five comparisons that prove a plan least, checked apart from the search |
//! | [`bits`] | security bits for printing: the only floating point |

pub mod accuracy;
pub mod bits;
pub mod certificate;
pub mod deviation;
pub mod outside;
pub mod plan;
pub mod pool;
pub mod quality;
pub mod report;
pub mod scan;
pub mod slack;
pub mod worst;
