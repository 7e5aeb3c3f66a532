//! Whole circuits for values that are shared: a garbler's and an evaluator's share of each go in, and bits of the result come out.
//!
//! Shares modulo `2^l` are added with `l - 1` AND gates, shares modulo a prime with three a bit.

use super::arithmetic::{add, add_modulo, at_least, constant, is_less, multiplex, only_if, shift_right};
use super::circuit::{Bit, Builder, Circuit};
use crate::modulus::Modulus;

/// The value of which two parties have shares.
fn opened(builder: &mut Builder, modulus: Modulus, x: &[Bit], y: &[Bit]) -> Vec<Bit> {
    match modulus {
        Modulus::TwoTo(_) => add(builder, x, y, Bit::Constant(false)).0,
        Modulus::Prime(p) => add_modulo(builder, x, y, p),
    }
}

/// Whether an element stands for a negative integer. Modulo a prime, `(p - 1) / 2` counts as negative: where a power of two divides `p - 1`, as
/// slots require, the comparison takes fewer gates by its exponent.
fn is_negative(builder: &mut Builder, modulus: Modulus, x: &[Bit]) -> Bit {
    match modulus {
        Modulus::TwoTo(_) => x[x.len() - 1],
        Modulus::Prime(p) => at_least(builder, x, &constant((p - 1) / 2, x.len())),
    }
}

/// What becomes of the garbler's share of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The result is an output: the parties' knowledge of its labels shares it bit by bit, or the evaluator decodes it.
    Plain,
    /// The garbler has a second input for each element, which is added to the result.
    Masked,
}

/// The circuit of `max(x, 0) >> shift`, in as many bits as elements have.
#[must_use]
pub fn rectify(modulus: Modulus, shift: usize, outcome: Outcome) -> Circuit {
    let bits = modulus.bits() as usize;
    let masks = if outcome == Outcome::Masked { bits } else { 0 };
    let (mut builder, garbler, evaluator) = Builder::new(bits + masks, bits);
    let (share, mask) = garbler.split_at(bits);
    let x = opened(&mut builder, modulus, share, &evaluator);
    let negative = is_negative(&mut builder, modulus, &x);
    let mut output = only_if(&mut builder, !negative, &x[shift..bits - 1]);
    output.resize(bits, Bit::Constant(false));
    if outcome == Outcome::Masked {
        output = opened(&mut builder, modulus, mask, &output);
    }
    builder.finish(&output)
}

/// The circuit of `x >> shift`, modulo `2^bits`: the floor of the quotient.
#[must_use]
pub fn truncate(bits: usize, shift: usize) -> Circuit {
    let (mut builder, x, y) = Builder::new(bits, bits);
    let (sum, _) = add(&mut builder, &x, &y, Bit::Constant(false));
    builder.finish(&shift_right(&sum, shift))
}

/// The circuit of `min(max(x, low), high) >> shift`, modulo `2^bits`, for every value; `low <= high`, wherever they lie.
#[must_use]
pub fn clip(bits: usize, ends: [i64; 2], shift: usize) -> Circuit {
    let (mut builder, x, y) = Builder::new(bits, bits);
    let (x, _) = add(&mut builder, &x, &y, Bit::Constant(false));
    let [above_low, above_high] = ends.map(|end| reaches(&mut builder, &x, end));
    let dropped = shift_right(&x, shift);
    let [low, high] = ends.map(|end| constant((end >> shift).cast_unsigned(), bits));
    let raised = multiplex(&mut builder, above_low, &dropped, &low);
    let clipped = multiplex(&mut builder, above_high, &high, &raised);
    builder.finish(&clipped)
}

/// Whether a number with a sign is at least `end`, which may lie beyond all such numbers.
fn reaches(builder: &mut Builder, x: &[Bit], end: i64) -> Bit {
    let least = i64::MIN >> (i64::BITS as usize - x.len());
    if end <= least || end > !least {
        return Bit::Constant(end <= least);
    }
    !is_less(builder, x, &constant(end.cast_unsigned(), x.len()))
}

/// A tournament of values with what comes along with each; of equals the first wins.
fn tournament(builder: &mut Builder, mut entries: Vec<[Vec<Bit>; 2]>) -> [Vec<Bit>; 2] {
    while entries.len() > 1 {
        let mut winners = Vec::with_capacity(entries.len().div_ceil(2));
        for pair in entries.chunks(2) {
            winners.push(match pair {
                [a, b] => {
                    let less = is_less(builder, &a[0], &b[0]);
                    [0, 1].map(|part| multiplex(builder, less, &b[part], &a[part]))
                }
                _ => pair[0].clone(),
            });
        }
        entries = winners;
    }
    entries.swap_remove(0)
}

/// Shares of several values, value by value, as values.
fn all_opened(builder: &mut Builder, bits: usize, x: &[Bit], y: &[Bit]) -> Vec<Vec<Bit>> {
    let pairs = x.chunks_exact(bits).zip(y.chunks_exact(bits));
    pairs.map(|(x, y)| add(builder, x, y, Bit::Constant(false)).0).collect()
}

/// The circuit of the largest of `count` values modulo `2^bits`, at least one: as numbers with a sign.
#[must_use]
pub fn largest(bits: usize, count: usize) -> Circuit {
    let (mut builder, x, y) = Builder::new(bits * count, bits * count);
    let values = all_opened(&mut builder, bits, &x, &y);
    let [value, _] = tournament(&mut builder, values.into_iter().map(|value| [value, Vec::new()]).collect());
    builder.finish(&value)
}

/// The circuit of the label of the largest of `count` values modulo `2^bits`, as numbers with a sign, the first of equals. After its shares of the values, the garbler gives a label for each, of
/// `label` bits.
#[must_use]
pub fn argmax(bits: usize, count: usize, label: usize) -> Circuit {
    let (mut builder, garbler, y) = Builder::new((bits + label) * count, bits * count);
    let (x, labels) = garbler.split_at(bits * count);
    let values = all_opened(&mut builder, bits, x, &y);
    let labels = labels.chunks_exact(label).map(<[Bit]>::to_vec);
    let [_, winner] = tournament(&mut builder, values.into_iter().zip(labels).map(<[Vec<Bit>; 2]>::from).collect());
    builder.finish(&winner)
}

#[cfg(test)]
mod tests;
