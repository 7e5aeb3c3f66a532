//! Whole circuits for values that are shared: a garbler's and an evaluator's share of each go in, and bits of the result come out.
//!
//! Shares modulo `2^l` are added with `l - 1` AND gates, shares modulo a prime with three a bit. What is computed is that of
//! [`Uniform`](crate::share::uniform::Uniform), on the integer next to 0 that an element stands for. Modulo a prime `p`, `(p - 1) / 2` counts as negative: where a
//! power of two divides `p - 1`, as slots of ciphertexts require, the comparison then takes fewer gates by its exponent.
//!
//! Inputs come value by value, each with its lowest bit first; what else the garbler gives comes after its shares.

use super::arithmetic::{add, add_modulo, at_least, constant, is_less, multiplex, only_if, shift_right};
use super::circuit::{Bit, Builder, Circuit};
use crate::modulus::Modulus;

/// What becomes of the result of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The result is the output: the parties' knowledge of its labels shares it bit by bit.
    Plain,
    /// The garbler has one more input, an element that is added to the result, so that the evaluator may decode the output.
    Masked,
    /// The evaluator has one more input too, after its shares, which is added as well.
    MaskedTwice,
}

/// A circuit of shared values under construction.
struct Function {
    builder: Builder,
    modulus: Modulus,
    /// The bits of an element.
    bits: usize,
}

impl Function {
    /// Opens `count` shared values; also returns the other bits of the garbler and of the evaluator, of which there are `others`.
    fn new(modulus: Modulus, count: usize, others: [usize; 2]) -> (Self, Vec<Vec<Bit>>, [Vec<Bit>; 2]) {
        let bits = modulus.bits() as usize;
        let [of_garbler, of_evaluator] = others.map(|others| count * bits + others);
        let (builder, mut garbler, mut evaluator) = Builder::new(of_garbler, of_evaluator);
        let others = [&mut garbler, &mut evaluator].map(|inputs| inputs.split_off(count * bits));
        let mut function = Self { builder, modulus, bits };
        let pairs = garbler.chunks_exact(bits).zip(evaluator.chunks_exact(bits));
        let values = pairs.map(|(x, y)| function.sum(x, y)).collect();
        (function, values, others)
    }

    /// The sum of two elements.
    fn sum(&mut self, x: &[Bit], y: &[Bit]) -> Vec<Bit> {
        match self.modulus {
            Modulus::TwoTo(_) => add(&mut self.builder, x, y, Bit::Constant(false)).0,
            Modulus::Prime(p) => add_modulo(&mut self.builder, x, y, p),
        }
    }

    /// Whether an element stands for a negative integer.
    fn is_negative(&mut self, x: &[Bit]) -> Bit {
        match self.modulus {
            Modulus::TwoTo(_) => x[self.bits - 1],
            Modulus::Prime(p) => at_least(&mut self.builder, x, &constant((p - 1) / 2, self.bits)),
        }
    }

    /// The integer of an element in two's complement, in as many bits: modulo a prime, `p` less if it is negative.
    fn integer(&mut self, x: &[Bit]) -> Vec<Bit> {
        let Modulus::Prime(p) = self.modulus else { return x.to_vec() };
        let negative = self.is_negative(x);
        self.add_where(negative, x, p.wrapping_neg())
    }

    /// The element of an integer in two's complement.
    fn element(&mut self, x: &[Bit]) -> Vec<Bit> {
        let Modulus::Prime(p) = self.modulus else { return x.to_vec() };
        self.add_where(x[self.bits - 1], x, p)
    }

    /// Adds a constant if the condition holds, modulo a power of two.
    fn add_where(&mut self, condition: Bit, x: &[Bit], value: u64) -> Vec<Bit> {
        let term = only_if(&mut self.builder, condition, &constant(value, self.bits));
        add(&mut self.builder, x, &term, Bit::Constant(false)).0
    }

    /// Whether a number in two's complement is at least `end`, which may lie beyond all such numbers.
    fn reaches(&mut self, x: &[Bit], end: i64) -> Bit {
        let least = i64::MIN >> (i64::BITS as usize - self.bits);
        if end <= least || end > !least {
            return Bit::Constant(end <= least);
        }
        !is_less(&mut self.builder, x, &constant(end.cast_unsigned(), self.bits))
    }

    /// A tournament of numbers in two's complement with what comes along with each; of equals the first wins.
    fn tournament(&mut self, mut entries: Vec<[Vec<Bit>; 2]>) -> [Vec<Bit>; 2] {
        while entries.len() > 1 {
            let mut winners = Vec::with_capacity(entries.len().div_ceil(2));
            for pair in entries.chunks(2) {
                winners.push(match pair {
                    [a, b] => {
                        let less = is_less(&mut self.builder, &a[0], &b[0]);
                        [0, 1].map(|part| multiplex(&mut self.builder, less, &b[part], &a[part]))
                    }
                    _ => pair[0].clone(),
                });
            }
            entries = winners;
        }
        entries.swap_remove(0)
    }

    /// Ends the circuit with an element, to which the masks are added, if there are any.
    fn finish(mut self, element: &[Bit], masks: &[Vec<Bit>; 2]) -> Circuit {
        let masks = masks.iter().filter(|mask| !mask.is_empty());
        let output = masks.fold(element.to_vec(), |sum, mask| self.sum(mask, &sum));
        self.builder.finish(&output)
    }
}

impl Outcome {
    /// The bits of the garbler's mask and of the evaluator's.
    fn mask_bits(self, modulus: Modulus) -> [usize; 2] {
        let bits = modulus.bits() as usize;
        match self {
            Self::Plain => [0, 0],
            Self::Masked => [bits, 0],
            Self::MaskedTwice => [bits, bits],
        }
    }
}

/// The circuit of `max(x, 0) >> shift`.
#[must_use]
pub fn rectify(modulus: Modulus, shift: usize, outcome: Outcome) -> Circuit {
    rectify_and_flip(modulus, shift, outcome, 0)
}

/// A garbler's deviation from [`rectify`]: the circuit that flips these bits of a number that it keeps. Its gates are the same, so that an evaluator
/// cannot tell which of them was garbled.
#[must_use]
pub fn rectify_and_flip(modulus: Modulus, shift: usize, outcome: Outcome, flipped: u64) -> Circuit {
    let (mut function, values, masks) = Function::new(modulus, 1, outcome.mask_bits(modulus));
    let (x, top) = (&values[0], function.bits - 1);
    let negative = function.is_negative(x);
    let flip = |(at, bit): (usize, &Bit)| if flipped >> at & 1 == 1 { !*bit } else { *bit };
    let kept: Vec<Bit> = x[shift.min(top)..top].iter().enumerate().map(flip).collect();
    let mut output = only_if(&mut function.builder, !negative, &kept);
    output.resize(function.bits, Bit::Constant(false));
    function.finish(&output, &masks)
}

/// The circuit of `x >> shift`, the floor of the quotient.
#[must_use]
pub fn truncate(modulus: Modulus, shift: usize, outcome: Outcome) -> Circuit {
    let (mut function, values, masks) = Function::new(modulus, 1, outcome.mask_bits(modulus));
    let integer = function.integer(&values[0]);
    let output = function.element(&shift_right(&integer, shift));
    function.finish(&output, &masks)
}

/// The circuit of `min(max(x, low), high) >> shift`, where `low <= high`, wherever they lie.
#[must_use]
pub fn clip(modulus: Modulus, ends: [i64; 2], shift: usize, outcome: Outcome) -> Circuit {
    let (mut function, values, masks) = Function::new(modulus, 1, outcome.mask_bits(modulus));
    let x = function.integer(&values[0]);
    let [above_low, above_high] = ends.map(|end| function.reaches(&x, end));
    let dropped = function.element(&shift_right(&x, shift));
    let [low, high] = ends.map(|end| constant(modulus.element(end >> shift), function.bits));
    let raised = multiplex(&mut function.builder, above_low, &dropped, &low);
    let clipped = multiplex(&mut function.builder, above_high, &high, &raised);
    function.finish(&clipped, &masks)
}

/// The circuit of the largest of `count` values, at least one.
#[must_use]
pub fn largest(modulus: Modulus, count: usize, outcome: Outcome) -> Circuit {
    let (mut function, values, masks) = Function::new(modulus, count, outcome.mask_bits(modulus));
    let entries = values.iter().map(|value| [function.integer(value), Vec::new()]).collect();
    let [integer, _] = function.tournament(entries);
    let output = function.element(&integer);
    function.finish(&output, &masks)
}

/// The circuit of the label of the largest of `count` values, the first of equals. The garbler gives a label for each, of `label` bits.
#[must_use]
pub fn argmax(modulus: Modulus, count: usize, label: usize) -> Circuit {
    let (mut function, values, [labels, _]) = Function::new(modulus, count, [count * label, 0]);
    let labels = labels.chunks_exact(label).map(<[Bit]>::to_vec);
    let entries = values.iter().zip(labels).map(|(value, label)| [function.integer(value), label]).collect();
    let [_, winner] = function.tournament(entries);
    function.builder.finish(&winner)
}

#[cfg(test)]
mod tests;
