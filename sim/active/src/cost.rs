//! What set-up, triples, masks and products cost, exactly to the byte, without running them.
//!
//! Chance adds to it in one way: each further attempt at a proof, which [`Party::retries`](crate::party::Party::retries) counts, costs [`RETRY_BYTES`].

use crate::commit::COMMITMENT_BYTES;
use crate::field::ELEMENT_BITS;
use crate::linear::Linear;
use crate::lowgear::keys::{bytes_of_proofs, polynomial_bytes};
use crate::lowgear::matrices::{MOST_JOBS, columns, packing, weights_of};
use crate::lowgear::packing::Packing;
use crate::lowgear::parameters::MOST_PROVEN;
use crate::lowgear::proof::CHALLENGE_BYTES;
use crate::lowgear::scheme::answer_bytes;
use crate::lowgear::triples::triples_of;
use fusion_2pc::bits::packed_bytes;

/// What both parties send for an attempt at a proof that gives no answer: a commitment, a challenge, and a byte that says so.
pub const RETRY_BYTES: usize = COMMITMENT_BYTES + CHALLENGE_BYTES + 1;

/// Bytes and rounds of a part of a computation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The bytes of the client and of the server.
    pub sent: [usize; 2],
    /// The most rounds: how much longer the longest chain of messages may become, each sent after the one before arrived.
    pub rounds: usize,
}

impl Cost {
    /// What costs the client and the server the same number of bytes.
    #[must_use]
    pub const fn of_each(bytes: usize, rounds: usize) -> Self {
        Self { sent: [bytes; 2], rounds }
    }

    /// The bytes of both parties together.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.sent[0] + self.sent[1]
    }

    /// One part after another.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        let [client, server] = other.sent;
        Self { sent: [self.sent[0] + client, self.sent[1] + server], rounds: self.rounds + other.rounds }
    }
}

/// What a party sends to open something of so many bytes under a commitment.
const fn committed(bytes: usize) -> usize {
    2 * COMMITMENT_BYTES + bytes
}

/// What a party sends to toss a coin, in two rounds.
pub(crate) const COIN: usize = committed(COMMITMENT_BYTES);

/// What a party sends for a check of codes, in four rounds.
const fn check() -> usize {
    COIN + committed(open(1))
}

/// What a check of codes costs.
pub(crate) const CHECK: Cost = Cost::of_each(check(), 4);

/// What a party sends to open so many values.
pub(crate) const fn open(values: usize) -> usize {
    packed_bytes(values, ELEMENT_BITS)
}

/// What a party sends for so many ciphertexts of its own with their proof, and for the proof of so many of its peer's: in four rounds.
fn proven(own: usize, theirs: usize) -> usize {
    let proof = if own == 0 { 0 } else { polynomial_bytes(2 * own) + bytes_of_proofs(own)[1] + COMMITMENT_BYTES + 1 };
    proof + if theirs == 0 { 0 } else { CHALLENGE_BYTES }
}

/// What a party sends to check that one key authenticates all that was made: in seven rounds.
const AUTHENTIC: usize = COIN + open(1) + check();

/// What setting up costs.
#[must_use]
pub fn set_up() -> Cost {
    let [proof, _] = bytes_of_proofs(1);
    Cost::of_each(COIN + polynomial_bytes(1) + proof + RETRY_BYTES, 6)
}

/// What so many sets of triples cost that are made at once; [`triples_of`] says how many triples that is.
///
/// # Panics
/// If there are more sets than a proof covers.
#[must_use]
pub fn triples(sets: usize) -> Cost {
    let columns = |count: usize, products: usize| proven(count, count) + answer_bytes(products);
    let encrypted = columns(3 * sets, 5 * sets) + columns(2 * sets, 2 * sets);
    let sacrificed = COIN + open(triples_of(sets)) + check() + check();
    Cost::of_each(encrypted + AUTHENTIC + sacrificed, 28)
}

/// What triples of linear layers cost, and what they ask of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfMatrices {
    /// What making the triples sends, and in how many rounds.
    pub cost: Cost,
    /// The products of ciphertexts that each party answers.
    pub answers: usize,
    /// The proofs that each party gives.
    pub proofs: usize,
}

/// What a triple of each of these linear layers costs, for so many images; `None` where a layer has no [`packing`].
#[must_use]
pub fn matrices(layers: &[Linear], images: usize) -> Option<OfMatrices> {
    let packings = layers.iter().map(|linear| packing(linear, images)).collect::<Option<Vec<Packing>>>()?;
    let outputs = layers.iter().map(|linear| (images + 1) * linear.outputs()).sum();
    let encrypted = columns(weights_of(layers)) + packings.iter().map(Packing::ciphertexts).sum::<usize>();
    let made = encrypted + packings.iter().map(Packing::products).sum::<usize>();
    let [proofs, output_proofs] = [encrypted, columns(outputs)].map(|count| parts(count, MOST_PROVEN));
    let proven: usize = proofs.iter().chain(&output_proofs).map(|&count| proven(count, count)).sum();
    let answered: usize =
        parts(made, MOST_JOBS).into_iter().chain(output_proofs.iter().copied()).map(answer_bytes).sum();
    let sacrificed = COIN + open(layers.iter().map(Linear::inputs).sum()) + check() + check();
    let rounds =
        4 * (proofs.len() + output_proofs.len()) + made.div_ceil(MOST_JOBS) + output_proofs.len() + 7 + 2 + 1 + 8;
    Some(OfMatrices {
        cost: Cost::of_each(proven + answered + AUTHENTIC + sacrificed, rounds),
        answers: made + columns(outputs),
        proofs: proofs.len() + output_proofs.len(),
    })
}

/// So many, divided into parts of at most this many.
fn parts(count: usize, most: usize) -> Vec<usize> {
    (0..count).step_by(most).map(|from| most.min(count - from)).collect()
}

/// What masks of inputs cost, in so many ciphertexts of the client and of the server that are made at once.
#[must_use]
pub fn masks(ciphertexts: [usize; 2]) -> Cost {
    let [client, server] = ciphertexts;
    let sent = |own: usize, theirs: usize| proven(own, theirs) + answer_bytes(theirs) + AUTHENTIC;
    Cost { sent: [sent(client, server), sent(server, client)], rounds: 12 }
}

/// The bytes that both parties send for so many products in one round, given their triples.
#[must_use]
pub const fn product_bytes(products: usize) -> usize {
    2 * open(2 * products)
}

/// The bytes of a product with its triple, where so many sets are made at once, of both parties together.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "bytes and triples of a batch are below 2^52")]
pub fn bytes_of_a_product(sets: usize) -> f64 {
    let made = triples_of(sets);
    (triples(sets).bytes() + product_bytes(made)) as f64 / made as f64
}
