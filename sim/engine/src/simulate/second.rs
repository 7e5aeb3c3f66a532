//! A second client, written from the protocol's text and not from [`fusion_spec::machine`]: it counts the wrong publics,
//! compares the copies, and decides.
//!
//! At `ideal` and `real` the client *is* the machine, so that replaying its log through the machine finds no fault of the machine
//! itself. This client gets from the same answers to a verdict in another way: it takes samples in the order of their names
//! instead of slots, and has no state and no events. Two clients that agree may still share a misreading of the protocol, and
//! they share their inputs: the samples drawn, the known results and the honest answers.

use super::client::EarlyEnd;
use fusion_spec::mix::Sample;
use fusion_spec::params::Params;
use fusion_spec::verdict::{Label, Outcome, Reason, Verdict};

/// What a session's client was told, slot by slot, and the honest answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The sample that was sent in each slot.
    pub order: Vec<Sample>,
    /// The known result of each public, by its index.
    pub known: Vec<Label>,
    /// The answers, from slot 0; fewer than slots where the server ended the session.
    pub answers: Vec<Label>,
    /// The number of classes. An answer that is not below it is no label.
    pub classes: u32,
    /// How the server ended the session, where it ended it early.
    pub end: Option<EarlyEnd>,
    /// The honest answer to each query.
    pub honest: Vec<Label>,
}

/// The error for a batch that does not hold every copy of every query and every public exactly once, or whose results do not
/// match it in number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the batch that was sent is not every sample once")]
pub struct NotTheBatch;

impl Heard {
    /// Returns the second client's verdict, and the outcome of the session under it.
    ///
    /// # Errors
    /// [`NotTheBatch`] if the slots do not hold every sample exactly once.
    pub fn judge(&self, params: Params) -> Result<(Verdict, Outcome), NotTheBatch> {
        let (Ok(copies), Ok(queries)) = (usize::try_from(params.B()), usize::try_from(params.RB())) else {
            return Err(NotTheBatch);
        };
        let blank = Label(u32::MAX);
        let answers = self.answers.iter().copied().chain(std::iter::repeat(blank));
        let mut batch: Vec<(Sample, Label)> = self.order.iter().copied().zip(answers).collect();
        batch.sort_unstable_by_key(|(sample, _)| *sample);
        let results = [&self.known, &self.honest].map(|results| results.len() as u64) == [params.T(), params.R()];
        if !results || !batch.iter().map(|(sample, _)| *sample).eq(samples(params)?) {
            return Err(NotTheBatch);
        }
        if self.answers.len() < self.order.len() {
            let reason = match self.end {
                Some(EarlyEnd::Malformed) => Reason::Malformed,
                Some(EarlyEnd::Cheating) => Reason::Cheating,
                Some(EarlyEnd::PeerGone) | None => Reason::PeerGone,
            };
            return Ok((Verdict::Rejected(reason), Outcome::Caught(reason)));
        }
        if self.answers.iter().any(|answer| answer.0 >= self.classes) {
            return Ok((Verdict::Rejected(Reason::Malformed), Outcome::Caught(Reason::Malformed)));
        }
        let (queries, publics) = batch.split_at(queries);
        let wrong = publics.iter().zip(&self.known).filter(|((_, answer), known)| answer != *known).count();
        let agree = queries.chunks(copies).all(|group| group.iter().all(|(_, answer)| *answer == group[0].1));
        let reason = match (wrong as u64 > params.slack(), agree) {
            (true, _) => Reason::PublicWrong,
            (false, false) => Reason::CopiesDisagree,
            (false, true) => {
                let results: Vec<Label> = queries.chunks(copies).map(|group| group[0].1).collect();
                let all_right = results.iter().zip(&self.honest).all(|(result, honest)| result == honest);
                let outcome = if all_right { Outcome::Harmless } else { Outcome::Win };
                return Ok((Verdict::Accepted(results), outcome));
            }
        };
        Ok((Verdict::Rejected(reason), Outcome::Caught(reason)))
    }
}

/// Returns every sample that a batch must hold, in order.
fn samples(params: Params) -> Result<impl Iterator<Item = Sample>, NotTheBatch> {
    let [R, B, T] = [params.R(), params.B(), params.T()].map(|count| u32::try_from(count).map_err(|_| NotTheBatch));
    let (R, B, T) = (R?, B?, T?);
    let queries = (0..R).flat_map(move |query| (0..B).map(move |copy| Sample::Query { query, copy }));
    Ok(queries.chain((0..T).map(|index| Sample::Public { index })))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: Label = Label(0);
    const WRONG: Label = Label(1);

    /// One query three times and two publics, sent as public 1, copies 2, 0, 1, public 0.
    fn heard(answers: &[Label]) -> Heard {
        let copy = |copy| Sample::Query { query: 0, copy };
        let [first, second] = [0, 1].map(|index| Sample::Public { index });
        Heard {
            order: vec![second, copy(2), copy(0), copy(1), first],
            known: vec![RIGHT, WRONG],
            answers: answers.to_vec(),
            classes: 2,
            end: None,
            honest: vec![RIGHT],
        }
    }

    fn judged(heard: &Heard, slack: u64) -> Outcome {
        let (verdict, outcome) = heard.judge(Params::new(1, 3, 2, slack).unwrap()).unwrap();
        assert_eq!(outcome, Outcome::of(&verdict, &heard.honest));
        outcome
    }

    #[test]
    fn it_counts_compares_and_decides() {
        let copies_disagree = Outcome::Caught(Reason::CopiesDisagree);
        let public_wrong = Outcome::Caught(Reason::PublicWrong);
        assert_eq!(judged(&heard(&[WRONG, RIGHT, RIGHT, RIGHT, RIGHT]), 0), Outcome::Harmless);
        assert_eq!(judged(&heard(&[WRONG, WRONG, WRONG, WRONG, RIGHT]), 0), Outcome::Win);
        for slot in 1..4 {
            let mut answers = [WRONG, RIGHT, RIGHT, RIGHT, RIGHT];
            answers[slot] = WRONG;
            assert_eq!(judged(&heard(&answers), 0), copies_disagree, "slot {slot}");
        }
        assert_eq!(judged(&heard(&[WRONG, WRONG, RIGHT, RIGHT, WRONG]), 0), public_wrong, "publics first");
        assert_eq!(judged(&heard(&[RIGHT, RIGHT, RIGHT, RIGHT, RIGHT]), 0), public_wrong);
        assert_eq!(judged(&heard(&[RIGHT, RIGHT, RIGHT, RIGHT, RIGHT]), 1), Outcome::Harmless);
        assert_eq!(judged(&heard(&[RIGHT, RIGHT, RIGHT, RIGHT, WRONG]), 1), public_wrong);
    }

    #[test]
    fn a_server_that_ends_early_is_rejected_for_how_it_did() {
        let early = |end| Heard { end, ..heard(&[WRONG, RIGHT, WRONG, RIGHT]) };
        assert_eq!(judged(&early(Some(EarlyEnd::Malformed)), 0), Outcome::Caught(Reason::Malformed));
        assert_eq!(judged(&early(Some(EarlyEnd::PeerGone)), 0), Outcome::Caught(Reason::PeerGone));
        assert_eq!(judged(&early(Some(EarlyEnd::Cheating)), 0), Outcome::Caught(Reason::Cheating));
    }

    #[test]
    fn an_answer_that_is_no_label_is_rejected_before_all_else() {
        for slot in 0..5 {
            let mut answers = [RIGHT; 5];
            answers[slot] = Label(2);
            assert_eq!(judged(&heard(&answers), 0), Outcome::Caught(Reason::Malformed), "slot {slot}");
        }
    }

    #[test]
    fn a_batch_that_lacks_a_sample_is_none() {
        let params = Params::new(1, 3, 2, 0).unwrap();
        let mut twice = heard(&[RIGHT; 5]);
        twice.order[3] = twice.order[2];
        assert_eq!(twice.judge(params), Err(NotTheBatch));
        let mut short = heard(&[RIGHT; 4]);
        short.order.pop();
        assert_eq!(short.judge(params), Err(NotTheBatch));
    }
}
