//! A way to simulate sessions, and how trials are made of them.

use super::counts::Counts;
use super::server::Server;
use super::trace::Trace;
use super::trial::{SlotRecord, Trial};
use fusion_2pc::wire::meter::Tally;
use fusion_adversaries::script::{SessionsSection, Until};
use fusion_spec::verdict::Outcome;
use std::ops::Range;

/// A session that was played again.
pub struct Replayed {
    /// How the session ended.
    pub trial: Trial,
    /// The slots that are known: the touched ones at `plain`, all at `ideal` and `real`, the named ones in the linking game.
    pub slots: Vec<SlotRecord>,
    /// What the client and the server sent in each step, at `real`; empty elsewhere.
    pub steps: Vec<(String, [Tally; 2])>,
    /// Why the client stopped before it had all answers, at `real`; `None` where it had them, and elsewhere.
    pub stopped: Option<String>,
    /// How many values left a ring that is set, and wrapped, in the evaluations of all slots; `None` where all values provably fit, and at `plain`.
    pub wrapped: Option<u64>,
}

/// A way to simulate sessions, from which trials are made.
pub trait Simulator {
    /// Plays one session of one trial.
    fn session(&mut self, server: &Server<'_>, trial: u64, session: u32) -> Trial;

    /// Plays one session of one trial, and returns it with its client's log; the log is `None` where the client did nothing, as in
    /// the linking game.
    fn traced(&mut self, server: &Server<'_>, trial: u64, session: u32) -> (Trial, Option<Trace>);

    /// Plays one session of one trial, and returns it with its slots and steps, as far as they are known: none unless overridden. The log is that of [`Self::traced`].
    fn replayed(&mut self, server: &Server<'_>, trial: u64, session: u32) -> (Replayed, Option<Trace>) {
        let (trial, trace) = self.traced(server, trial, session);
        (Replayed { trial, slots: Vec::new(), steps: Vec::new(), stopped: None, wrapped: None }, trace)
    }

    /// Returns a power of two. In a campaign, every trial whose number it divides is compared with the specification and judged
    /// by a second client.
    fn stride(&self) -> u64;

    /// Plays one trial: one session, or as many as the server's rule says.
    #[inline]
    fn trial(&mut self, server: &Server<'_>, number: u64) -> Trial {
        self.trial_of(server, number, |simulator, session| simulator.session(server, number, session))
    }

    /// Plays one trial and compares it with the specification. A trial that departs from it is an error.
    fn checked_trial(&mut self, server: &Server<'_>, number: u64) -> Trial {
        self.trial_of(server, number, |simulator, session| {
            let (trial, trace) = simulator.traced(server, number, session);
            let departs = trace.is_some_and(|trace| trace.check(trial.outcome).is_err());
            if departs { Trial::ERROR } else { trial }
        })
    }

    /// Returns how a trial of so many sessions, all played, ends if the server names a secret of the client at its end. `None` if its sessions decide it.
    fn named(&mut self, server: &Server<'_>, number: u64, sessions: u32) -> Option<Trial> {
        let _ = (server, number, sessions);
        None
    }

    /// Plays the sessions of one trial with `play`, which gets the number of each.
    #[inline]
    fn trial_of(&mut self, server: &Server<'_>, number: u64, mut play: impl FnMut(&mut Self, u32) -> Trial) -> Trial {
        let first = play(self, 0);
        let Some(SessionsSection { until, max }) = server.sessions else { return first };
        let mut last = first.outcome;
        let mut won = matches!(last, Some(Outcome::Win));
        let mut sessions = 1;
        for session in 1..max {
            let goes_on = match (until, last) {
                (_, None) => false,
                (Until::Accepted, Some(outcome)) => matches!(outcome, Outcome::Caught(_)),
                (Until::Rejected, Some(outcome)) => !matches!(outcome, Outcome::Caught(_)),
                (Until::Max, Some(_)) => true,
            };
            if !goes_on {
                break;
            }
            let trial = play(self, session);
            sessions += 1;
            last = trial.outcome;
            won |= matches!(last, Some(Outcome::Win));
        }
        // A wrong answer that was used stays used.
        let outcome = last.and_then(|last| match self.named(server, number, sessions) {
            Some(named) => named.outcome,
            None if won => Some(Outcome::Win),
            None => Some(last),
        });
        Trial { outcome, events: first.events }
    }
}

/// Plays a range of trials and counts how they end. Every [`Simulator::stride`]-th of them is compared with the specification.
pub fn play(simulator: &mut impl Simulator, server: &Server<'_>, trials: Range<u64>) -> Counts {
    let mut counts = Counts::default();
    let others = simulator.stride() - 1;
    trials.for_each(|number| {
        let checked = number & others == 0;
        counts.add(if checked { simulator.checked_trial(server, number) } else { simulator.trial(server, number) });
    });
    counts
}
