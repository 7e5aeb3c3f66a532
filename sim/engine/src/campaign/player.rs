//! Plays the trials of one strategy on one thread, and plays one of them again.

use super::entry::{Campaign, Entry, grouping, link_speed};
use crate::simulate::conditional::{Conditional, Stage};
use crate::simulate::{Counts, Ideal, Plain, Real, Replayed, Server, Simulator, Spdz, Trace, Trial, Unspecified, play};
use fusion_adversaries::script::Fidelity;
use std::ops::Range;

/// A session that was played again, and whose client was compared with the specification.
pub struct ReplayedSession {
    /// The session; an error where its client departs from the specification.
    pub played: Replayed,
    /// How many events the client logged, if all of them are as specified; `None` where the session was no inference.
    pub events: Option<Result<usize, Unspecified>>,
}

impl ReplayedSession {
    /// Compares the log of a session with the specification.
    fn new(mut played: Replayed, trace: Option<&Trace>) -> Self {
        let events = trace.map(|trace| trace.check(played.trial.outcome).map(|()| trace.log.len()));
        if matches!(events, Some(Err(_))) {
            played.trial.outcome = None;
        }
        Self { played, events }
    }
}

/// One thread's working memory for the trials of an entry.
pub enum Player<'c> {
    /// Plays sessions at `plain`, by positions only.
    Plain(Box<Plain>, Server<'c>),
    /// Plays sessions at `ideal`, with answers looked up or evaluated.
    Ideal(Box<Ideal<'c>>, Server<'c>),
    /// Plays sessions at `real`, with answers computed by two parties.
    Real(Box<Real<'c>>, Server<'c>),
    /// Plays sessions at `real`, with answers computed by SPDZ.
    Spdz(Box<Spdz<'c>>, Server<'c>),
    /// Plays the draws of a rate that is estimated stage by stage.
    Conditional(Box<Conditional>, Server<'c>, &'c [Stage]),
}

impl<'c> Player<'c> {
    /// Makes the working memory for an entry.
    ///
    /// # Panics
    /// If an entry has stages and its strategy no fixed number of slots, which the loader refuses.
    pub fn new(campaign: &'c Campaign, entry: &'c Entry) -> Self {
        let seed = campaign.script.trials.seed;
        let server = Server::new(&entry.name, seed, &*entry.strategy).with_sessions(entry.sessions);
        let server = server.with_setup(entry.setup).with_failed_proof(campaign.failed_proof());
        let view = &campaign.view;
        if !entry.stages.is_empty() {
            #[expect(clippy::expect_used, reason = "the loader makes stages of a size alone")]
            let k = entry.strategy.size(view).expect("a strategy with stages touches a fixed number of slots");
            return Self::Conditional(Box::new(Conditional::new(view, k)), server, &entry.stages);
        }
        match (entry.depth, &campaign.world) {
            (Fidelity::Ideal, Some(world)) => Self::Ideal(Box::new(Ideal::new(view, world)), server),
            (Fidelity::Real, Some(world)) if let Some(parties) = &campaign.parties => {
                Self::Real(Box::new(Real::new(view, world, parties, grouping(entry, view))), server)
            }
            (Fidelity::Real, Some(world))
                if let Some(spdz) = Spdz::new(view, world, link_speed(campaign.script.network)) =>
            {
                Self::Spdz(Box::new(spdz), server)
            }
            _ => Self::Plain(Box::new(Plain::new(view, &*entry.strategy)), server),
        }
    }

    /// Plays trials of one of the entry's counters, and counts how they end.
    pub fn play(&mut self, counter: usize, trials: Range<u64>) -> Counts {
        match self {
            Self::Plain(plain, server) => play(&mut **plain, server, trials),
            Self::Ideal(ideal, server) => play(&mut **ideal, server, trials),
            Self::Real(real, server) => play(&mut **real, server, trials),
            Self::Spdz(spdz, server) => play(&mut **spdz, server, trials),
            Self::Conditional(memory, server, stages) => {
                #[expect(clippy::cast_possible_truncation, reason = "a strategy has fewer than 2^16 stages")]
                let index = counter as u32;
                memory.play(stages[counter], index, server, trials)
            }
        }
    }

    /// Plays one trial again, and returns it with its sessions; `None` where the entry is estimated stage by stage. Each session's log is shown to
    /// `watch`, in order, which gets `None` where the session was no inference.
    pub fn replay(
        &mut self,
        number: u64,
        mut watch: impl FnMut(Option<&Trace>),
    ) -> Option<(Trial, Vec<ReplayedSession>)> {
        let mut sessions = Vec::new();
        let keep = |(played, trace): (Replayed, Option<Trace>)| {
            watch(trace.as_ref());
            let session = ReplayedSession::new(played, trace.as_ref());
            let trial = session.played.trial;
            sessions.push(session);
            trial
        };
        let trial = match self {
            Self::Plain(plain, server) => again(&mut **plain, server, number, keep),
            Self::Ideal(ideal, server) => again(&mut **ideal, server, number, keep),
            Self::Real(real, server) => again(&mut **real, server, number, keep),
            Self::Spdz(spdz, server) => again(&mut **spdz, server, number, keep),
            Self::Conditional(..) => return None,
        };
        let events = sessions.first()?.played.trial.events;
        Some((Trial { events, ..trial }, sessions))
    }
}

/// Plays a trial again, and gives each of its sessions to `keep`.
fn again<S: Simulator>(
    simulator: &mut S,
    server: &Server<'_>,
    number: u64,
    mut keep: impl FnMut((Replayed, Option<Trace>)) -> Trial,
) -> Trial {
    simulator.trial_of(server, number, |simulator, session| keep(simulator.replayed(server, number, session)))
}
