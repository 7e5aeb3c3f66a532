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
//!
//! ```
//! use fusion_adversaries::behaviour::{Place, Scripted};
//! use fusion_adversaries::rate::events;
//! use fusion_adversaries::script::Relabel;
//! use fusion_adversaries::strategy::{Act, Strategy, View};
//! use fusion_spec::params::Params;
//! use rug::Rational;
//!
//! // Two slots at random, their answers changed: the server's law, and the rates that the specification gives it.
//! let params = Params::new(8, 2, 4, 0)?;
//! let server = Scripted::single(Place::Random(2), Act::Relabel(Relabel::Next));
//! let cases = server.cases(&View::new(params, 10)?).unwrap_or_default();
//! assert_eq!(events(params, &cases)?, [Rational::from((12, 19)), Rational::from((4, 95))]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod behaviour;
pub mod law;
pub mod library;
pub mod problem;
pub mod rate;
pub mod read;
pub mod script;
pub mod strategy;
pub mod yaml;
