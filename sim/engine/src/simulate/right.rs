//! How many samples each model gets right: what a campaign's data say of its models before any trial.

use fusion_nn::fixed::{FixedModel, WrongSize};
use rayon::prelude::*;
use std::ops::Range;

/// How many samples each model answers as they are labelled, of the queries and of all publics that the script offers. Those that are dropped count too,
/// because the honest model gets all of the others right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightAnswers {
    /// The number of right answers by model, the honest one first.
    pub by_model: Vec<u64>,
    /// The number of values that wrapped in these evaluations by model; `None` for a model whose values all provably fit their rings.
    pub wrapped: Vec<Option<u64>>,
    /// The number of samples.
    pub samples: u64,
    /// The number of samples of the script's range of publics, kept or dropped.
    pub offered: u64,
}

/// The samples of a script by their indices in its data.
pub(super) struct Indices<'p> {
    /// The samples from which queries are drawn.
    pub(super) queries: &'p Range<u32>,
    /// The samples that the script offers as publics.
    pub(super) offered: &'p Range<u32>,
    /// Those of them that are kept.
    pub(super) kept: &'p [u32],
}

impl RightAnswers {
    /// Counts the right answers. `answers` are those of each model on the queries and then on the publics that are kept; on the others models are
    /// evaluated here.
    pub(super) fn count<'i>(
        (models, answers): (&[FixedModel], &[Vec<u32>]),
        Indices { queries, offered, kept }: &Indices<'_>,
        image: impl Fn(u32) -> &'i [u8] + Sync,
        labels: &[u32],
    ) -> Result<Self, WrongSize> {
        let is_right = |(index, answer): (u32, u32)| labels[index as usize] == answer;
        let known: Vec<u32> = (*queries).clone().chain(kept.iter().copied()).collect();
        let dropped: Vec<u32> = (*offered).clone().filter(|index| kept.binary_search(index).is_err()).collect();
        let of_model = |(model, answers): (&FixedModel, &Vec<u32>)| {
            let given = known.iter().copied().zip(answers.iter().copied());
            let right = given.filter(|answer| is_right(*answer)).count() as u64;
            let others = dropped.par_iter().map(|index| Ok(u64::from(is_right((*index, model.label(image(*index))?)))));
            Ok(right + others.try_reduce(|| 0, |a, b| Ok(a + b))?)
        };
        let all: Vec<u32> = known.iter().chain(&dropped).copied().collect();
        let wrapped = |model: &FixedModel| {
            let each = all.par_iter().map(|index| Ok(model.label_and_wrapped(image(*index))?.1));
            model.may_wrap().then(|| each.try_reduce(|| 0, |a, b| Ok(a + b))).transpose()
        };
        Ok(Self {
            wrapped: models.iter().map(wrapped).collect::<Result<_, WrongSize>>()?,
            by_model: models.iter().zip(answers).map(of_model).collect::<Result<_, WrongSize>>()?,
            samples: (known.len() + dropped.len()) as u64,
            offered: offered.len() as u64,
        })
    }
}
