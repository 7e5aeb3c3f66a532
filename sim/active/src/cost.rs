//! What set-up, triples and products cost, exactly to the byte, without running them.
//!
//! Chance adds to it in one way: each further attempt at a proof, which [`Party::retries`](crate::party::Party::retries) counts, costs [`RETRY_BYTES`].

use crate::commit::COMMITMENT_BYTES;
use crate::field::ELEMENT_BITS;
use crate::lowgear::keys::{bytes_of_proofs, polynomial_bytes};
use crate::lowgear::proof::CHALLENGE_BYTES;
use crate::lowgear::scheme::answer_bytes;
use crate::lowgear::triples::triples_of;
use fusion_2pc::bits::packed_bytes;

/// What both parties send for an attempt at a proof that gives no answer: a commitment, a challenge, and a byte that says so.
pub const RETRY_BYTES: usize = COMMITMENT_BYTES + CHALLENGE_BYTES + 1;

/// What a party sends to open something of so many bytes under a commitment.
const fn committed(bytes: usize) -> usize {
    2 * COMMITMENT_BYTES + bytes
}

/// What a party sends to toss a coin.
const COIN: usize = committed(COMMITMENT_BYTES);

/// What a party sends for a check of codes.
const fn check() -> usize {
    COIN + committed(packed_bytes(1, ELEMENT_BITS))
}

/// What a party sends to open so many values.
const fn open(values: usize) -> usize {
    packed_bytes(values, ELEMENT_BITS)
}

/// The bytes that both parties send to set up.
#[must_use]
pub fn set_up_bytes() -> usize {
    let [proof, _] = bytes_of_proofs(1);
    2 * (COIN + polynomial_bytes(1) + proof + RETRY_BYTES)
}

/// The bytes that both parties send to make so many sets of triples at once; [`triples_of`] says how many triples that is.
///
/// # Panics
/// If there are more sets than a proof covers.
#[must_use]
pub fn triple_bytes(sets: usize) -> usize {
    let proven = |columns: usize| polynomial_bytes(2 * columns) + bytes_of_proofs(columns)[1] + RETRY_BYTES;
    let encrypted = proven(3 * sets) + answer_bytes(5 * sets) + proven(2 * sets) + answer_bytes(2 * sets);
    let authentic = COIN + open(1) + check();
    let sacrificed = COIN + open(triples_of(sets)) + check() + check();
    2 * (encrypted + authentic + sacrificed)
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
    let triples = triples_of(sets);
    (triple_bytes(sets) + product_bytes(triples)) as f64 / triples as f64
}
