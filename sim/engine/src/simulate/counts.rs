//! Trials counted by how they ended.

use super::trial::Trial;
use fusion_spec::verdict::{Outcome, Reason};

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

    /// The sum of several counts.
    #[must_use]
    pub fn total<'c>(counts: impl IntoIterator<Item = &'c Self>) -> Self {
        counts.into_iter().fold(Self::default(), |mut total, counts| {
            total += *counts;
            total
        })
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
