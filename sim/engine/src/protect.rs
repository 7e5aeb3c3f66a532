//! Mix-and-check around an inference of one's own: real queries, real answers, and secrets drawn from the operating system.
//!
//! The simulator plays both parties and draws every choice from a seed. Here the client is real. [`MixAndCheck`] shuffles copies of the queries
//! with public samples and gives out the batch, once. [`Waiting`] takes all answers at once and gives the verdict, once. The types keep this order, so nothing is
//! compared before the last answer is in (hypothesis H6), and neither type shows the order of the batch when it is printed.
//!
//! The caller provides the rest of the theorem's hypotheses. Above all the server must not be able to see what a slot holds (H2, H3): that is the
//! inference's own privacy. A server that reads its inputs sees which are copies of each other, and is not stopped by this.
//!
//! ```
//! use fusion_engine::protect::MixAndCheck;
//! use fusion_spec::params::Params;
//! use fusion_spec::verdict::{Label, Verdict};
//!
//! // A model that tells odd numbers from even ones, three queries, and four public samples whose labels the client knows.
//! let model = |number: &u32| Some(Label(number % 2));
//! let publics = [10, 11, 12, 13].map(|number| (number, Label(number % 2)));
//! let client = MixAndCheck::new(Params::new(3, 2, 4, 0)?, publics.to_vec())?;
//!
//! let (batch, client) = client.batch(&[7, 8, 9])?;
//! assert_eq!(batch.len(), 10);
//! let answers: Vec<Option<Label>> = batch.iter().map(model).collect();
//! assert_eq!(client.check(&answers)?, Verdict::Accepted(vec![Label(1), Label(0), Label(1)]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use fusion_adversaries::problem::counted;
use fusion_spec::client::{Client, Mixed, Progress};
use fusion_spec::machine::Illegal;
use fusion_spec::mix::{Mix, MixError, Sample, Slot};
use fusion_spec::params::Params;
use fusion_spec::verdict::{Label, Verdict};
use getrandom::SysRng;
use rand_core::UnwrapErr;
use std::fmt;

/// Why a session around an inference of one's own cannot begin or be checked. No variant depends on what an answer says.
#[derive(Debug, thiserror::Error)]
pub enum ProtectError {
    /// The number of public samples is not `T`.
    #[error("{}, where the plan has T = {T}", counted(*given, "public sample"))]
    Publics {
        /// The number of public samples that were given.
        given: usize,
        /// The number of public samples of the plan.
        T: u64,
    },
    /// The number of queries is not `R`.
    #[error("{}, where the plan has R = {R}", counted(*given, "query"))]
    Queries {
        /// The number of queries that were given.
        given: usize,
        /// The number of queries of the plan.
        R: u64,
    },
    /// The number of answers is not `N`.
    #[error("{}, where the batch has N = {N} slots", counted(*given, "answer"))]
    Answers {
        /// The number of answers that were given.
        given: usize,
        /// The number of slots of the batch.
        N: u32,
    },
    /// The batch has too many slots to shuffle.
    #[error(transparent)]
    Mix(#[from] MixError),
    /// The client's own steps do not follow the protocol.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness: {0}")]
    Randomness(getrandom::Error),
}

/// A client that has its public samples and has not given out a batch. It is used up by [`MixAndCheck::batch`].
pub struct MixAndCheck<Q> {
    params: Params,
    publics: Vec<(Q, Label)>,
}

impl<Q: Clone> MixAndCheck<Q> {
    /// Makes a client for a session with these parameters and `T` public samples, each with its known label.
    ///
    /// # Errors
    /// [`ProtectError::Publics`] says that there are not `T` of them, and [`ProtectError::Mix`] that `N` exceeds `2^32 - 1`.
    pub fn new(params: Params, publics: Vec<(Q, Label)>) -> Result<Self, ProtectError> {
        if u32::try_from(params.N()).is_err() {
            return Err(MixError::TooManySlots(params.N()).into());
        }
        if publics.len() as u64 != params.T() {
            return Err(ProtectError::Publics { given: publics.len(), T: params.T() });
        }
        Ok(Self { params, publics })
    }

    /// Returns the parameters of the session.
    #[must_use]
    pub fn params(&self) -> Params {
        self.params
    }

    /// Shuffles `B` copies of each of the `R` queries with the public samples, uniformly, and returns the batch of `N` inputs with the client that waits for
    /// their answers.
    ///
    /// # Errors
    /// [`ProtectError::Queries`] says that there are not `R` queries, and [`ProtectError::Randomness`] that the operating system gives none.
    ///
    /// # Panics
    /// If the operating system's randomness ends in the middle of the shuffle.
    pub fn batch(self, queries: &[Q]) -> Result<(Vec<Q>, Waiting), ProtectError> {
        let Self { params, publics } = self;
        if queries.len() as u64 != params.R() {
            return Err(ProtectError::Queries { given: queries.len(), R: params.R() });
        }
        getrandom::fill(&mut [0; 8]).map_err(ProtectError::Randomness)?;
        let mix = Mix::new(params)?.finish(&mut UnwrapErr(SysRng));
        let known = publics.iter().map(|(_, label)| *label).collect();
        let mut client = Client::new(params, mix, known)?;
        let mut batch = Vec::new();
        while let Some((_, sample)) = client.next_query() {
            batch.push(match sample {
                Sample::Query { query, .. } => queries[query as usize].clone(),
                Sample::Public { index } => publics[index as usize].0.clone(),
            });
        }
        let N = u32::try_from(batch.len()).map_err(|_| MixError::TooManySlots(params.N()))?;
        Ok((batch, Waiting { client, slots: 0..N }))
    }
}

impl<Q> fmt::Debug for MixAndCheck<Q> {
    /// Writes the parameters alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MixAndCheck({})", self.params)
    }
}

/// A client whose batch is out, and that waits for all answers. It is used up by [`Waiting::check`].
pub struct Waiting {
    client: Client<Mixed>,
    slots: std::ops::Range<Slot>,
}

impl Waiting {
    /// Takes the answers to the whole batch, in its order, and concludes. `None` stands for an answer that is no label: it is rejected, at the
    /// check as everything is.
    ///
    /// The labels of an accepted session are those of the queries, in their order. A rejected session gives no label.
    ///
    /// # Errors
    /// [`ProtectError::Answers`] says that there are not `N` answers. The session is over then too.
    pub fn check(self, answers: &[Option<Label>]) -> Result<Verdict, ProtectError> {
        let Self { client, slots } = self;
        if answers.len() != slots.len() {
            return Err(ProtectError::Answers { given: answers.len(), N: slots.end });
        }
        let mut progress = Progress::Waiting(client);
        for (slot, answer) in slots.zip(answers) {
            let Progress::Waiting(client) = progress else { break };
            progress = match answer {
                Some(label) => client.answer(slot, *label),
                None => client.undecodable(slot),
            };
        }
        Ok(match progress {
            Progress::Answered(client) => client.check(),
            Progress::Rejected(reason) => Verdict::Rejected(reason),
            Progress::Waiting(_) => unreachable!("each of the N slots has its answer"),
        })
    }
}

impl fmt::Debug for Waiting {
    /// Writes the number of slots alone: their order is the client's secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiting(N={})", self.slots.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_spec::verdict::Reason;
    use std::collections::BTreeMap;

    /// Queries are 0 to 3 and publics 10 and up; the right label of an input is its last digit.
    fn session(R: u32, B: u64, T: u32, slack: u64) -> (Vec<u32>, Waiting) {
        let params = Params::new(R.into(), B, T.into(), slack).unwrap();
        let publics = (10..10 + T).map(|input| (input, Label(input % 10))).collect();
        MixAndCheck::new(params, publics).unwrap().batch(&(0..R).collect::<Vec<_>>()).unwrap()
    }

    fn right(input: u32) -> Label {
        Label(input % 10)
    }

    #[test]
    fn a_batch_holds_every_copy_and_every_public() {
        let (mut batch, _) = session(3, 2, 4, 0);
        batch.sort_unstable();
        assert_eq!(batch, [0, 0, 1, 1, 2, 2, 10, 11, 12, 13]);
    }

    #[test]
    fn honest_answers_are_accepted_in_the_order_of_the_queries() {
        let (batch, waiting) = session(3, 2, 4, 0);
        let answers: Vec<_> = batch.into_iter().map(|input| Some(right(input))).collect();
        assert_eq!(waiting.check(&answers).unwrap(), Verdict::Accepted([0, 1, 2].map(Label).into()));
    }

    #[test]
    fn wrong_answers_are_rejected_for_their_reason() {
        let checked = |slack, wrong: &dyn Fn(u32, usize) -> Option<Label>| {
            let (batch, waiting) = session(3, 2, 4, slack);
            let answers: Vec<_> = batch.into_iter().enumerate().map(|(slot, input)| wrong(input, slot)).collect();
            waiting.check(&answers).unwrap()
        };
        let on = |one: u32| move |input: u32, _| if input == one { Some(Label(9)) } else { Some(right(input)) };
        assert_eq!(checked(0, &on(12)), Verdict::Rejected(Reason::PublicWrong));
        assert_eq!(checked(1, &on(12)), Verdict::Accepted([0, 1, 2].map(Label).into()), "slack tolerates one");
        assert_eq!(checked(0, &on(2)), Verdict::Accepted([0, 1, 9].map(Label).into()), "all copies alike win");
        let by_slot =
            |input: u32, slot| if input < 10 { Some(Label(u32::try_from(slot).unwrap())) } else { Some(right(input)) };
        assert_eq!(checked(0, &by_slot), Verdict::Rejected(Reason::CopiesDisagree));
        let none = |input: u32, _| (input != 1).then(|| right(input));
        assert_eq!(checked(4, &none), Verdict::Rejected(Reason::Malformed));
    }

    #[test]
    fn wrong_numbers_are_told_with_the_right_ones() {
        let params = Params::new(3, 2, 4, 0).unwrap();
        let told = |error: ProtectError| error.to_string();
        let publics = |n| (0..n).map(|input| (input, Label(0))).collect();
        assert_eq!(
            told(MixAndCheck::new(params, publics(3)).unwrap_err()),
            "3 public samples, where the plan has T = 4"
        );
        let error = MixAndCheck::new(params, publics(4)).unwrap().batch(&[1, 2]).unwrap_err();
        assert_eq!(told(error), "2 queries, where the plan has R = 3");
        let (_, waiting) = session(3, 2, 4, 0);
        assert_eq!(told(waiting.check(&[Some(right(0))]).unwrap_err()), "1 answer, where the batch has N = 10 slots");
        let large = Params::new(1 << 32, 1, 0, 0).unwrap();
        assert!(told(MixAndCheck::<u8>::new(large, vec![]).unwrap_err()).contains("too many to shuffle"));
    }

    #[test]
    fn nothing_printed_shows_the_order() {
        let params = Params::new(3, 2, 4, 0).unwrap();
        let client = MixAndCheck::new(params, vec![(77, Label(55)); 4]).unwrap();
        assert_eq!(format!("{client:#?}"), "MixAndCheck(R=3 B=2 T=4 slack=0)");
        let (_, waiting) = client.batch(&[1, 2, 3]).unwrap();
        assert_eq!(format!("{waiting:#?}"), "Waiting(N=10)");
    }

    /// The orders of three inputs, 6,000 sessions. Chi-squared with 5 degrees of freedom exceeds 60 with probability below 2e-11.
    #[test]
    fn orders_are_equally_frequent() {
        let mut counts: BTreeMap<Vec<u32>, f64> = BTreeMap::new();
        for _ in 0..6_000 {
            *counts.entry(session(2, 1, 1, 0).0).or_default() += 1.0;
        }
        assert_eq!(counts.len(), 6);
        let chi: f64 = counts.values().map(|count| (count - 1_000.0).powi(2) / 1_000.0).sum();
        assert!(chi < 60.0, "{counts:?}");
    }
}
