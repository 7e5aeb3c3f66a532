//! Trials: a server's strategy against mix-and-check, as a pure function of (strategy, seed, trial number).
//!
//! [`count`] is all that a program needs to measure a strategy of its own:
//!
//! ```
//! use fusion_adversaries::behaviour::{Place, Scripted};
//! use fusion_adversaries::script::Relabel;
//! use fusion_adversaries::strategy::{Act, View};
//! use fusion_sim::simulate::{Server, count};
//! use fusion_spec::params::Params;
//!
//! let view = View::new(Params::new(8, 2, 4, 0)?, 10)?;
//! let strategy = Scripted::single(Place::Random(2), Act::Relabel(Relabel::Next));
//! let counts = count(&view, &Server::new("guess-one", 1, &strategy), 0..100_000);
//! // 4/95 of them, give or take.
//! assert!((4_000..4_450).contains(&counts.win));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client;
pub mod conditional;
mod deviant;
mod driven;
mod ideal;
pub mod metered;
mod plain;
mod real;
mod second;
mod session;
mod stream;
mod trace;
mod urn;
mod world;

pub use client::{Answers, End, Exchange};
pub use ideal::{Ideal, Trusted};
pub use plain::Plain;
pub(crate) use plain::is_positional;
pub use real::{Parties, PartiesError, Real, TwoParty, messages};
pub use second::{Heard, NotTheBatch};
pub use session::{Asked, Inference, Judged, Position, Service, Turn};
pub use stream::{Purpose, Streams};
pub use trace::{Trace, Unspecified};
pub use world::{Drawn, Guard, Pools, Seen, World, WorldError};

use fusion_adversaries::script::{SessionsSection, Until};
use fusion_adversaries::strategy::{Strategy, View};
use fusion_spec::mix::{Sample, Slot};
use fusion_spec::verdict::{Events, Label, Outcome, Reason};
use std::ops::Range;

/// How one trial ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// `None`: the strategy did what no server can, our error.
    pub outcome: Option<Outcome>,
    /// Of its first session.
    pub events: Events,
}

impl Trial {
    /// A strategy that went astray.
    pub(crate) const ERROR: Self = Self { outcome: None, events: Events { e_t: false, e_b: false } };
}

/// A strategy in its seat.
pub struct Server<'a> {
    strategy: &'a dyn Strategy,
    streams: Streams,
    sessions: Option<SessionsSection>,
}

impl<'a> Server<'a> {
    /// A strategy under a name; name and seed decide all its coins.
    #[must_use]
    pub fn new(name: &str, seed: u64, strategy: &'a dyn Strategy) -> Self {
        Self { strategy, streams: Streams::new(seed, name), sessions: None }
    }

    /// Its coins.
    pub(crate) fn streams(&self) -> &Streams {
        &self.streams
    }

    /// With more than one session to a trial.
    #[must_use]
    pub fn with_sessions(self, sessions: Option<SessionsSection>) -> Self {
        Self { sessions, ..self }
    }
}

/// A way to simulate one session.
pub trait Fidelity {
    /// One session of one trial.
    fn session(&mut self, server: &Server<'_>, trial: u64, session: u32) -> Trial;

    /// The same with its client's log; `None` of what is no session.
    fn traced(&mut self, server: &Server<'_>, trial: u64, session: u32) -> (Trial, Option<Trace>);

    /// A power of two: in a campaign every trial whose number it divides is held against the specification and
    /// judged by a second client.
    fn stride(&self) -> u64;

    /// One trial: a session, or as many as the server's rule says.
    #[inline]
    fn trial(&mut self, server: &Server<'_>, number: u64) -> Trial {
        self.trial_of(server, |fidelity, session| fidelity.session(server, number, session))
    }

    /// A trial held against the specification; one that departs from it is an error.
    fn checked_trial(&mut self, server: &Server<'_>, number: u64) -> Trial {
        self.trial_of(server, |fidelity, session| {
            let (trial, trace) = fidelity.traced(server, number, session);
            let departs = trace.is_some_and(|trace| trace.check(trial.outcome).is_err());
            if departs { Trial::ERROR } else { trial }
        })
    }

    /// A trial of these sessions.
    #[inline]
    fn trial_of(&mut self, server: &Server<'_>, mut play: impl FnMut(&mut Self, u32) -> Trial) -> Trial {
        let first = play(self, 0);
        let Some(SessionsSection { until, max }) = server.sessions else { return first };
        let mut last = first.outcome;
        let mut won = matches!(last, Some(Outcome::Win));
        for session in 1..max {
            let goes_on = match (until, last) {
                (_, None) => false,
                (Until::Accepted, Some(outcome)) => matches!(outcome, Outcome::Caught(_)),
                (Until::Rejected, Some(outcome)) => !matches!(outcome, Outcome::Caught(_)),
            };
            if !goes_on {
                break;
            }
            let trial = play(self, session);
            last = trial.outcome;
            won |= matches!(last, Some(Outcome::Win));
        }
        // A wrong answer that was used stays used.
        let outcome = last.map(|last| if won { Outcome::Win } else { last });
        Trial { outcome, events: first.events }
    }
}

/// One slot of a session, as no party sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotRecord {
    /// Which.
    pub slot: Slot,
    /// What it held.
    pub sample: Sample,
    /// Whether the server touched it.
    pub touched: bool,
    /// Whether the server named it, in the linking game.
    pub named: bool,
    /// The honest answer and the one that came; `None` at `plain`, and in the linking game.
    pub labels: Option<[Label; 2]>,
    /// The answer that came was wrong.
    pub wrong: bool,
}

/// Plays a range of trials, some of them held against the specification.
pub fn play(fidelity: &mut impl Fidelity, server: &Server<'_>, trials: Range<u64>) -> Counts {
    let mut counts = Counts::default();
    let others = fidelity.stride() - 1;
    trials.for_each(|number| {
        let checked = number & others == 0;
        counts.add(if checked { fidelity.checked_trial(server, number) } else { fidelity.trial(server, number) });
    });
    counts
}

/// Measures a strategy at fidelity `plain`, where answers are right or wrong and nothing else.
#[must_use]
pub fn count(view: &View, server: &Server<'_>, trials: Range<u64>) -> Counts {
    play(&mut Plain::new(view, server.strategy), server, trials)
}

/// Trials by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accepted, an answer wrong.
    pub win: u64,
    /// Accepted, all right.
    pub harmless: u64,
    /// Rejected, by reason in the order of [`REASONS`].
    pub caught: [u64; REASONS.len()],
    /// Ours.
    pub error: u64,
    /// With `E_T`.
    pub e_t: u64,
    /// With `E_T` and `E_B`.
    pub e_t_and_e_b: u64,
}

/// The reasons, in the order of their counts.
pub const REASONS: [Reason; 4] = [Reason::PublicWrong, Reason::CopiesDisagree, Reason::Malformed, Reason::PeerGone];

impl Counts {
    /// Takes a trial in.
    #[inline]
    pub fn add(&mut self, trial: Trial) {
        match trial.outcome {
            Some(Outcome::Win) => self.win += 1,
            Some(Outcome::Harmless) => self.harmless += 1,
            Some(Outcome::Caught(reason)) => self.caught[place(reason)] += 1,
            None => self.error += 1,
        }
        self.e_t += u64::from(trial.events.e_t);
        self.e_t_and_e_b += u64::from(trial.events.e_t && trial.events.e_b);
    }

    /// All rejected.
    #[must_use]
    pub fn caught(&self) -> u64 {
        self.caught.iter().sum()
    }

    /// All accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.win + self.harmless
    }

    /// All.
    #[must_use]
    pub fn trials(&self) -> u64 {
        self.accepted() + self.caught() + self.error
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        let Self { win, harmless, caught, error, e_t, e_t_and_e_b } = other;
        self.win += win;
        self.harmless += harmless;
        self.caught.iter_mut().zip(caught).for_each(|(sum, n)| *sum += n);
        self.error += error;
        self.e_t += e_t;
        self.e_t_and_e_b += e_t_and_e_b;
    }
}

fn place(reason: Reason) -> usize {
    match reason {
        Reason::PublicWrong => 0,
        Reason::CopiesDisagree => 1,
        Reason::Malformed => 2,
        Reason::PeerGone => 3,
    }
}
