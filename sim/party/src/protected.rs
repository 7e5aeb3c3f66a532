//! Mix-and-check around a session: copies of the queries among public samples, and a verdict once all is answered.

use crate::client::{Answers, Question, Step, ask};
use crate::entropy;
use crate::error::PartyError;
use fusion_2pc::wire::link::Halt;
use fusion_2pc::wire::meter::Meter;
use fusion_engine::protect::{MixAndCheck, ProtectError};
use fusion_spec::params::Params;
use fusion_spec::verdict::{Label, Reason, Verdict};

/// What a protected session brought.
#[derive(Debug)]
pub struct Protected {
    /// The verdict; labels are in it only if the session is accepted.
    pub verdict: Verdict,
    /// Why the session ended early, if it did.
    pub halt: Option<Halt>,
    /// The messages of the session, set-up included.
    pub meter: Meter,
}

/// Why a protected session does not begin.
#[derive(Debug, thiserror::Error)]
pub enum ProtectedError {
    /// The parties do not come to a session.
    #[error(transparent)]
    Party(#[from] PartyError),
    /// The samples do not fit the plan.
    #[error(transparent)]
    Protect(#[from] ProtectError),
}

/// Asks a server about `R` queries, `B` times each, among `T` samples that are drawn from `publics`, whose labels the client knows. The server learns neither
/// which slot is what, nor the verdict.
///
/// # Errors
/// [`ProtectedError`] if no session begins. A session that ends early is rejected.
pub fn ask_protected(
    question: Question<'_>,
    params: Params,
    queries: &[&[u8]],
    publics: &[(&[u8], Label)],
    watch: impl FnMut(Step) + Send,
) -> Result<Protected, ProtectedError> {
    let drawn = drawn(publics, params.T())?;
    let (batch, waiting) = MixAndCheck::new(params, drawn)?.batch(queries)?;
    let Answers { labels, meter } = ask(question, &batch, watch)?;
    Ok(match labels {
        Ok(labels) => {
            let answers: Vec<Option<Label>> = labels.into_iter().map(|label| Some(Label(label))).collect();
            Protected { verdict: waiting.check(&answers)?, halt: None, meter }
        }
        Err(halt) => {
            let reason = match halt {
                Halt::Malformed { .. } => Reason::Malformed,
                Halt::PeerGone { .. } => Reason::PeerGone,
                Halt::Cheating { .. } => Reason::Cheating,
            };
            Protected { verdict: Verdict::Rejected(reason), halt: Some(halt), meter }
        }
    })
}

/// Draws so many of the samples, each subset with the same probability; all of them if there are fewer.
fn drawn<'a>(publics: &[(&'a [u8], Label)], count: u64) -> Result<Vec<(&'a [u8], Label)>, PartyError> {
    let mut left = publics.to_vec();
    let mut drawn = Vec::new();
    while (drawn.len() as u64) < count && !left.is_empty() {
        let place = entropy::below(left.len() as u64)?;
        drawn.push(left.swap_remove(usize::try_from(place).unwrap_or_else(|_| unreachable!("it is below a length"))));
    }
    Ok(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Two of four samples, 6,000 times: each of the 6 subsets 1,000 times on average. Chi-squared with 5 degrees of freedom exceeds 60 with probability
    /// below 2e-11.
    #[test]
    fn each_subset_of_the_publics_is_drawn_as_often() {
        let publics: Vec<(&[u8], Label)> = (0..4).map(|label| (&[][..], Label(label))).collect();
        let mut counts: BTreeMap<Vec<u32>, f64> = BTreeMap::new();
        for _ in 0..6_000 {
            let mut labels: Vec<u32> = drawn(&publics, 2).unwrap().iter().map(|(_, label)| label.0).collect();
            labels.sort_unstable();
            *counts.entry(labels).or_default() += 1.0;
        }
        assert_eq!(counts.len(), 6);
        let chi: f64 = counts.values().map(|count| (count - 1_000.0).powi(2) / 1_000.0).sum();
        assert!(chi < 60.0, "{counts:?}");
        assert_eq!(drawn(&publics, 5).unwrap().len(), 4);
    }
}
