//! Malicious servers against mix-and-check: the scripts that describe them, the knowledge and the moves that they have, the hypotheses that
//! they break, and their exact rates.
//!
//! | module | subject |
//! |---|---|
//! | [`script`] | the YAML of a campaign, read with every problem located |
//! | [`strategy`] | the trait of a malicious server, and its view |
//! | [`hypothesis`] | the hypotheses that a strategy breaks |
//! | [`law`] | the law of the slots that a strategy touches |
//! | [`behaviour`] | the strategies that scripts describe |
//! | [`program`] | servers that decide while they serve, from what they read |
//! | [`probe`] | servers that spend the verdicts of several sessions on a secret of the client |
//! | [`rate`] | their exact rates, as expressions of the specification |
//! | [`library`] | curated scripts |
//! | [`yaml`], [`problem`], [`read`] | located trees, located problems, and readers from the one to the other |
//!
//! There are no files, no clock and no threads here: a script is text, and a model that it names is not read.
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
//! let cases = server.cases(&View::new(params, 10)?).ok_or("no law")?;
//! assert_eq!(events(params, &cases)?, [Rational::from((12, 19)), Rational::from((4, 95))]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod behaviour;
pub mod hypothesis;
pub mod law;
pub mod library;
pub mod matrix;
pub mod probe;
pub mod problem;
pub mod program;
pub mod rate;
pub mod read;
pub mod script;
pub mod strategy;
pub mod yaml;
