//! What an inference costs by its architecture alone: bytes, rounds, and the probability with which a party that cheats gets through.
//!
//! Bytes are exact but for what chance adds: attempts at proofs ([`crate::cost::RETRY_BYTES`]), and masks of comparisons that are taken again.

use crate::cost::{self, Cost};
use crate::lowgear::parameters::{DEGREE, MOST_ANSWERS};
use crate::lowgear::triples::{batches, mask_batches};
use crate::network::Architecture;
use std::collections::BTreeMap;

/// What an inference costs, and how often it does what can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Predicted {
    /// Keys, once for a pair of parties.
    pub set_up: Cost,
    /// Triples and masks of inputs.
    pub offline: Cost,
    /// What depends on inputs.
    pub online: Cost,
    /// The triples.
    pub triples: usize,
    /// Products of linear layers: each takes one of the triples, where there are no triples of matrices.
    pub products: usize,
    /// The triples of matrices, one for each linear layer, or none.
    pub matrices: usize,
    /// The products of ciphertexts that each party answers for triples of matrices, all of which it holds at once.
    pub matrix_answers: usize,
    /// The products of ciphertexts that one party answers, the more of the two.
    pub answers: usize,
    /// The proofs that one party gives, the more of the two.
    pub proofs: usize,
    /// The checks of codes of opened values.
    pub checks: usize,
    /// The checks that one key authenticates all that was made at once.
    pub authentications: usize,
    /// The sacrifices, each of all triples that were made at once.
    pub sacrifices: usize,
    /// The masks of comparisons.
    pub masks: usize,
    /// The random bits.
    pub bits: usize,
}

impl Predicted {
    /// Bytes and rounds without the set-up.
    #[must_use]
    pub const fn inference(&self) -> Cost {
        self.offline.plus(self.online)
    }

    /// The triples in memory, and what triples of matrices hold beside them while they are made, as so many triples. Both parties hold 48 bytes of a triple, and as much again while it is made; of an answer
    /// both have two columns of 8 bytes a slot.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.triples + self.matrix_answers * (2 * 2 * 8 * DEGREE) / (2 * 2 * 48)
    }

    /// Whether one pair of keys answers so many products: [`Failure::Exhausted`](crate::failure::Failure::Exhausted) if not.
    #[must_use]
    pub const fn is_within_keys(&self) -> bool {
        self.answers <= MOST_ANSWERS
    }
}

impl Architecture {
    /// What the first inference of a pair of parties costs.
    #[must_use]
    pub fn predicted(&self) -> Predicted {
        let steps = self.steps();
        let (mut offline, mut answers, mut proofs) = (Cost::default(), [0; 2], [1; 2]);
        let mut made: BTreeMap<usize, usize> = BTreeMap::new();
        batches(steps.triples).for_each(|sets| *made.entry(sets).or_insert(0) += 1);
        for (&sets, &times) in &made {
            let Cost { sent, rounds } = cost::triples(sets);
            offline = offline.plus(Cost { sent: sent.map(|bytes| times * bytes), rounds: times * rounds });
            answers = answers.map(|count| count + 7 * sets * times);
            proofs = proofs.map(|count| count + 2 * times);
        }
        let sacrifices: usize = made.values().sum();
        let mut authentications = sacrifices;
        for ciphertexts in mask_batches(self.inputs()) {
            offline = offline.plus(cost::masks(ciphertexts));
            authentications += 1;
            for party in 0..2 {
                answers[party] += ciphertexts[1 - party];
                proofs[party] += usize::from(ciphertexts[party] > 0);
            }
        }
        let layers = self.matrices();
        let mut matrix_answers = 0;
        if let Some(made) = cost::matrices(&layers, self.images()).filter(|_| !layers.is_empty()) {
            offline = offline.plus(made.cost);
            matrix_answers = made.answers;
            answers = answers.map(|count| count + made.answers);
            proofs = proofs.map(|count| count + made.proofs);
            authentications += 1;
        }
        let most = |counts: [usize; 2]| counts[0].max(counts[1]);
        Predicted {
            set_up: cost::set_up(),
            offline,
            online: steps.cost,
            triples: steps.triples,
            products: self.products(),
            matrices: layers.len(),
            matrix_answers,
            answers: most(answers),
            proofs: most(proofs),
            checks: steps.checks + sacrifices + usize::from(!layers.is_empty()),
            authentications,
            sacrifices,
            masks: steps.masks,
            bits: steps.bits,
        }
    }
}
