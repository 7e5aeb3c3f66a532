//! Trials counted by how they ended.

use super::trial::Trial;
use fusion_spec::verdict::{Outcome, Reason};

/// The numbers of trials by how they ended, and by the events of their first sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The number of trials that the client accepted with a wrong answer.
    pub win: u64,
    /// The number of trials that the client accepted with every answer right.
    pub harmless: u64,
    /// The numbers of trials that the client rejected, for each reason in the order of [`Reason::ALL`].
    pub caught: [u64; Reason::ALL.len()],
    /// The number of trials that ended in an error of this program, or in one of the strategy: a slot or a move that does not exist.
    pub error: u64,
    /// The number of trials with `E_T`.
    pub e_t: u64,
    /// The number of trials with both `E_T` and `E_B`.
    pub e_t_and_e_b: u64,
}

impl Counts {
    /// Adds one trial to the counts.
    #[inline]
    pub fn add(&mut self, trial: Trial) {
        match trial.outcome {
            Some(Outcome::Win) => self.win += 1,
            Some(Outcome::Harmless) => self.harmless += 1,
            Some(Outcome::Caught(reason)) => self.caught[reason.place()] += 1,
            None => self.error += 1,
        }
        self.e_t += u64::from(trial.events.e_t);
        self.e_t_and_e_b += u64::from(trial.events.e_t && trial.events.e_b);
    }

    /// Returns the sum of several counts.
    #[must_use]
    pub fn total<'c>(counts: impl IntoIterator<Item = &'c Self>) -> Self {
        counts.into_iter().fold(Self::default(), |mut total, counts| {
            total += *counts;
            total
        })
    }

    /// Returns the number of trials that the client rejected, for any reason.
    #[must_use]
    pub fn caught(&self) -> u64 {
        self.caught.iter().sum()
    }

    /// Returns what an older version counts, which does not tell a proof that fails from a message that is malformed.
    #[must_use]
    pub fn with_failed_proofs_as_malformed(mut self) -> Self {
        let failed = std::mem::take(&mut self.caught[Reason::Cheating.place()]);
        self.caught[Reason::Malformed.place()] += failed;
        self
    }

    /// Returns the number of trials that the client accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.win + self.harmless
    }

    /// Returns the number of all trials.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_versions_count_failed_proofs_as_malformed() {
        let of = |reason: Reason| {
            let mut counts = Counts { win: 1, ..Counts::default() };
            counts.caught[reason.place()] = 5;
            counts
        };
        assert_eq!(of(Reason::Cheating).with_failed_proofs_as_malformed(), of(Reason::Malformed));
        assert_eq!(of(Reason::PeerGone).with_failed_proofs_as_malformed(), of(Reason::PeerGone));
    }
}
