//! How a session ends: the client's verdict, the trial's outcome, and the two events of the paper.
//!
//! A *verdict* is what the client knows at the end. An *outcome* also depends on the honest answers, which only a simulator knows.
//!
//! ```
//! use fusion_spec::verdict::{Label, Outcome, Reason, Verdict};
//!
//! let honest = [Label(3), Label(4)];
//! let accepted = Verdict::Accepted(vec![Label(3), Label(5)]);
//! assert_eq!(Outcome::of(&accepted, &honest), Outcome::Win);
//! let rejected = Verdict::Rejected(Reason::PublicWrong);
//! assert_eq!(Outcome::of(&rejected, &honest), Outcome::Caught(Reason::PublicWrong));
//! ```

use crate::{mix::Sample, params::Params};
use std::collections::BTreeMap;

/// The class that a model answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(pub u32);

/// The reason for which a client rejects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// More than `slack` public samples came back without their known result.
    PublicWrong,
    /// The copies of some query came back with different answers.
    CopiesDisagree,
    /// The server sent something that is not an answer to an open query, or an answer that is no label.
    Malformed,
    /// The server stopped or fell silent before all `N` answers were in.
    PeerGone,
    /// The server's proof that it kept to the inference's protocol does not hold. Only an active mode of that protocol asks for one.
    Cheating,
}

impl Reason {
    /// Every reason, in the order in which tables list them.
    pub const ALL: [Self; 5] =
        [Self::PublicWrong, Self::CopiesDisagree, Self::Malformed, Self::PeerGone, Self::Cheating];

    /// Returns the reason's place in [`Reason::ALL`].
    #[must_use]
    pub const fn place(self) -> usize {
        self as usize
    }

    /// Returns the reason's name in reports and files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PublicWrong => "public_wrong",
            Self::CopiesDisagree => "copies_disagree",
            Self::Malformed => "malformed",
            Self::PeerGone => "peer_gone",
            Self::Cheating => "cheating",
        }
    }
}

/// What the client concludes from a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The checks passed, and there is one answer for each of the `R` queries.
    Accepted(Vec<Label>),
    /// A check failed, or the server did not take part to the end.
    Rejected(Reason),
}

/// How the simulator counts a trial. Every trial has exactly one of the three outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The client accepted, and at least one answer differs from the honest one.
    Win,
    /// The client accepted, and every answer is the honest one.
    Harmless,
    /// The client rejected, for the reason given.
    Caught(Reason),
}

impl Outcome {
    /// Compares a verdict with the honest answers, one for each query in order.
    #[must_use]
    pub fn of(verdict: &Verdict, honest: &[Label]) -> Self {
        match verdict {
            Verdict::Rejected(reason) => Self::Caught(*reason),
            Verdict::Accepted(answers) if answers == honest => Self::Harmless,
            Verdict::Accepted(_) => Self::Win,
        }
    }
}

/// Whether each of the paper's two events happened, given the slots that a server touched. It does not matter whether an answer changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Events {
    /// Whether `E_T` happened: at most `slack` of the touched slots hold public samples.
    pub e_t: bool,
    /// Whether `E_B` happened: the touched slots that hold queries are all copies of `i` queries and nothing else, for some `i >= 1`.
    pub e_b: bool,
}

impl Events {
    /// Decides both events from the samples that the touched slots hold. Each slot must be counted once.
    ///
    /// ```
    /// use fusion_spec::{mix::Sample, params::Params, verdict::Events};
    ///
    /// let params = Params::new(2, 2, 3, 0)?;
    /// let group = [0, 1].map(|copy| Sample::Query { query: 1, copy });
    /// assert_eq!(Events::of(params, group), Events { e_t: true, e_b: true });
    /// assert_eq!(Events::of(params, [group[0]]), Events { e_t: true, e_b: false });
    /// assert_eq!(Events::of(params, [Sample::Public { index: 2 }]), Events { e_t: false, e_b: false });
    /// # Ok::<(), fusion_spec::params::ParamError>(())
    /// ```
    pub fn of(params: Params, touched: impl IntoIterator<Item = Sample>) -> Self {
        let mut publics = 0;
        let mut copies: BTreeMap<u32, u64> = BTreeMap::new();
        for sample in touched {
            match sample {
                Sample::Query { query, .. } => *copies.entry(query).or_default() += 1,
                Sample::Public { .. } => publics += 1,
            }
        }
        Self { e_t: publics <= params.slack(), e_b: !copies.is_empty() && copies.values().all(|&c| c == params.B()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_the_names_that_files_have() {
        let names = ["public_wrong", "copies_disagree", "malformed", "peer_gone", "cheating"];
        assert_eq!(Reason::ALL.map(Reason::name), names);
        assert_eq!(Reason::ALL.map(Reason::place), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn outcomes_are_judged_against_the_honest_answers() {
        let honest = [Label(3), Label(4)];
        let accepted = |labels: [u32; 2]| Verdict::Accepted(labels.map(Label).into());
        assert_eq!(Outcome::of(&accepted([3, 4]), &honest), Outcome::Harmless);
        assert_eq!(Outcome::of(&accepted([3, 5]), &honest), Outcome::Win);
        let rejected = Verdict::Rejected(Reason::PeerGone);
        assert_eq!(Outcome::of(&rejected, &honest), Outcome::Caught(Reason::PeerGone));
    }

    #[test]
    fn events_count_publics_and_whole_groups() -> Result<(), crate::params::ParamError> {
        let params = Params::new(2, 2, 3, 1)?;
        let copy = |query, copy| Sample::Query { query, copy };
        let public = |index| Sample::Public { index };
        let of = |touched: &[Sample]| Events::of(params, touched.iter().copied());
        assert_eq!(of(&[]), Events { e_t: true, e_b: false });
        assert_eq!(of(&[copy(0, 0)]), Events { e_t: true, e_b: false });
        assert_eq!(of(&[copy(0, 0), copy(0, 1), public(2)]), Events { e_t: true, e_b: true });
        assert_eq!(of(&[copy(0, 0), copy(1, 1)]), Events { e_t: true, e_b: false });
        assert_eq!(of(&[public(0), public(1)]), Events { e_t: false, e_b: false });
        Ok(())
    }
}
