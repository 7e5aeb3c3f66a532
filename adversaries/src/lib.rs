//! Malicious servers against mix-and-check: the scripts that describe them, what they may see and do, what they break, and how
//! often they win exactly.
//!
//! | module | subject |
//! |---|---|
//! | [`script`] | the YAML of a campaign, read with every problem located |
//! | [`strategy`] | the trait of a malicious server, and its view |
//! | [`behaviour`] | the strategies that scripts describe |
//! | [`rate`] | their exact rates, as expressions of the specification |
//! | [`library`] | curated scripts |
//! | [`problem`], [`read`], [`yaml`] | located trees and problems |
//!
//! No files, no clock, no threads: a script is text, a model is named and never read here.

pub mod behaviour;
pub mod library;
pub mod problem;
pub mod rate;
pub mod read;
pub mod script;
pub mod strategy;
pub mod yaml;
