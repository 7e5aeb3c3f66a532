//! The garbled circuits, modulo a prime: each opens the parties' shares, and adds the server's mask to the result.
//!
//! The garbler's inputs are its shares and then its mask; the evaluator's are its shares, and then its mask if that is inside. A value is compared as a number with a sign, which takes
//! an addition more than its residue.

use super::mask::Mask;
use crate::gc::arithmetic::{add, add_modulo, at_least, constant, is_less, multiplex, only_if, shift_right, subtract};
use crate::gc::circuit::{Bit, Builder, Circuit};
use crate::gc::function::{Outcome, rectify};
use crate::modulus::Modulus;

/// The functions that are garbled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// `max(x, 0) >> shift`.
    Relu { shift: u32 },
    /// `min(max(x, low), high) >> shift`.
    Clip { ends: [i64; 2], shift: u32 },
    /// `x >> shift`.
    Truncate { shift: u32 },
    /// The largest of so many values.
    Largest { values: usize },
    /// The label of the largest of so many values. The garbler's labels, of so many bits, stand in the place of a mask, and nothing is added.
    Argmax { values: usize, label_bits: u32 },
}

impl Function {
    /// The number of values that it is of.
    pub fn values(self) -> usize {
        match self {
            Self::Largest { values } | Self::Argmax { values, .. } => values,
            _ => 1,
        }
    }

    /// The circuit modulo a prime, where the client's mask is inside or not.
    pub fn circuit(self, p: u64, mask: Mask) -> Circuit {
        let modulus = Modulus::Prime(p);
        let one = Values { p, count: 1, mask };
        match self {
            Self::Relu { shift } => rectify(modulus, shift as usize, outcome(mask)),
            Self::Clip { ends: [0, high], shift } => {
                clipped_rectified(one, high.clamp(0, half(p)).cast_unsigned(), shift)
            }
            Self::Clip { ends, shift } => masked(one, |builder, values| {
                let clipped = clipped(builder, &values[0], ends.map(|end| end.clamp(-half(p), half(p))));
                shift_right(&clipped, shift as usize)
            }),
            Self::Truncate { shift } => masked(one, |_, values| shift_right(&values[0], shift as usize)),
            Self::Largest { values: count } => masked(Values { count, ..one }, |builder, values| {
                let entries = values.iter().map(|value| [value.clone(), Vec::new()]).collect();
                let [largest, _] = tournament(builder, entries);
                largest
            }),
            Self::Argmax { values, label_bits } => argmax(p, values, label_bits as usize),
        }
    }
}

/// The largest integer that a residue stands for.
fn half(p: u64) -> i64 {
    (p / 2).cast_signed()
}

/// What becomes of a result.
pub(super) fn outcome(mask: Mask) -> Outcome {
    match mask {
        Mask::Outside => Outcome::Masked,
        Mask::Inside => Outcome::MaskedTwice,
    }
}

/// The values that a circuit opens, and the masks that it adds to its result.
#[derive(Clone, Copy)]
struct Values {
    p: u64,
    count: usize,
    mask: Mask,
}

impl Values {
    /// Starts a circuit: the parties' shares of the values, and the masks.
    fn inputs(self) -> (Builder, [Vec<Bit>; 2], Vec<Vec<Bit>>) {
        let bits = Modulus::Prime(self.p).bits() as usize;
        let [garbler, evaluator] =
            [true, self.mask == Mask::Inside].map(|mask| bits * (self.count + usize::from(mask)));
        let (builder, mut garbler, mut evaluator) = Builder::new(garbler, evaluator);
        let masks = [&mut garbler, &mut evaluator].map(|inputs| inputs.split_off(bits * self.count));
        (builder, [garbler, evaluator], masks.into_iter().filter(|mask| !mask.is_empty()).collect())
    }

    /// Ends a circuit with the masked residue.
    fn finish(self, mut builder: Builder, residue: &[Bit], masks: &[Vec<Bit>]) -> Circuit {
        let output = masks.iter().fold(residue.to_vec(), |sum, mask| add_modulo(&mut builder, mask, &sum, self.p));
        builder.finish(&output)
    }
}

/// A circuit of some values, as numbers with a sign, whose result is masked as a residue.
fn masked(of: Values, result: impl FnOnce(&mut Builder, &[Vec<Bit>]) -> Vec<Bit>) -> Circuit {
    let (mut builder, [garbler, evaluator], masks) = of.inputs();
    let values = opened(&mut builder, of.p, &garbler, &evaluator);
    let result = result(&mut builder, &values);
    let residue = residue(&mut builder, &result, of.p);
    of.finish(builder, &residue, &masks)
}

/// `min(max(x, 0), high) >> shift`, without a number with a sign: a residue of at least `high` stands for a negative number, or for one that is
/// replaced by `high`.
fn clipped_rectified(of: Values, high: u64, shift: u32) -> Circuit {
    let (mut builder, [share, theirs], masks) = of.inputs();
    let (p, bits) = (of.p, share.len());
    let x = add_modulo(&mut builder, &share, &theirs, p);
    let negative = at_least(&mut builder, &x, &constant(p / 2, bits));
    let beyond = at_least(&mut builder, &x, &constant(high, bits));
    let width = (u64::BITS - high.leading_zeros()).saturating_sub(shift) as usize;
    let most = only_if(&mut builder, !negative, &constant(high >> shift, width));
    let mut result = multiplex(&mut builder, beyond, &most, &x[(shift as usize).min(bits)..][..width]);
    result.resize(bits, Bit::Constant(false));
    of.finish(builder, &result, &masks)
}

fn argmax(p: u64, count: usize, label_bits: usize) -> Circuit {
    let bits = Modulus::Prime(p).bits() as usize;
    let (mut builder, garbler, evaluator) = Builder::new((bits + label_bits) * count, bits * count);
    let (shares, labels) = garbler.split_at(bits * count);
    let values = opened(&mut builder, p, shares, &evaluator);
    let labels = labels.chunks_exact(label_bits).map(<[Bit]>::to_vec);
    let [_, label] = tournament(&mut builder, values.into_iter().zip(labels).map(<[Vec<Bit>; 2]>::from).collect());
    builder.finish(&label)
}

/// The values that shares stand for, as numbers with a sign.
fn opened(builder: &mut Builder, p: u64, garbler: &[Bit], evaluator: &[Bit]) -> Vec<Vec<Bit>> {
    let bits = Modulus::Prime(p).bits() as usize;
    let pairs = garbler.chunks_exact(bits).zip(evaluator.chunks_exact(bits));
    let opened = |(x, y)| {
        let residue = add_modulo(builder, x, y, p);
        signed(builder, &residue, p)
    };
    pairs.map(opened).collect()
}

/// The number with a sign that a residue stands for. `(p - 1) / 2` counts as negative, as in [`rectify`].
fn signed(builder: &mut Builder, residue: &[Bit], p: u64) -> Vec<Bit> {
    let negative = at_least(builder, residue, &constant(p / 2, residue.len()));
    let wrap = only_if(builder, negative, &constant(p, residue.len()));
    subtract(builder, residue, &wrap).0
}

/// The residue of a number with a sign.
fn residue(builder: &mut Builder, number: &[Bit], p: u64) -> Vec<Bit> {
    let negative = number[number.len() - 1];
    let wrap = only_if(builder, negative, &constant(p, number.len()));
    add(builder, number, &wrap, Bit::Constant(false)).0
}

fn clipped(builder: &mut Builder, x: &[Bit], ends: [i64; 2]) -> Vec<Bit> {
    let [low, high] = ends.map(|end| constant(end.cast_unsigned(), x.len()));
    let [is_low, is_less] = [&low, &high].map(|end| is_less(builder, x, end));
    let raised = multiplex(builder, is_low, &low, x);
    multiplex(builder, is_less, &raised, &high)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;
    use crate::share::uniform::Uniform;

    /// DELPHI's prime, and small ones for which all is tried.
    const P: u64 = 2_061_584_302_081;

    /// The output for one list of numbers of each party, the garbler's of these widths.
    fn run(circuit: &Circuit, (widths, bits): (&[usize], usize), garbler: &[u64], evaluator: &[u64]) -> u64 {
        let spread = |(x, width): (&u64, usize)| (0..width).map(|bit| x >> bit & 1).collect::<Vec<_>>();
        let garbler: Vec<u64> = garbler.iter().zip(widths.iter().copied()).flat_map(spread).collect();
        let evaluator: Vec<u64> = evaluator.iter().map(|x| (x, bits)).flat_map(spread).collect();
        let outputs = circuit.clear(&garbler, &evaluator);
        outputs.iter().enumerate().map(|(place, bit)| (bit & 1) << place).sum()
    }

    /// That a circuit of values computes the twin, masked.
    fn assert_twin(function: Function, p: u64, values: &[u64], twin: impl Fn(&[u64]) -> u64, seed: u8) {
        let modulus = Modulus::Prime(p);
        let bits = modulus.bits() as usize;
        let mut rng = Seed([seed; 32]).stream();
        let shares = modulus.uniform(&mut rng, values.len());
        let masks = modulus.uniform(&mut rng, 2);
        let mut garbler: Vec<u64> = values.iter().zip(&shares).map(|(x, share)| modulus.sub(*x, *share)).collect();
        garbler.push(masks[0]);
        let output = |mask: Mask, evaluator: &[u64]| {
            run(&function.circuit(p, mask), (&vec![bits; values.len() + 1], bits), &garbler, evaluator)
        };
        let once = modulus.add(twin(values), masks[0]);
        assert_eq!(output(Mask::Outside, &shares), once, "{function:?} of {values:?} modulo {p}");
        let twice = output(Mask::Inside, &[&shares[..], &masks[1..]].concat());
        assert_eq!(twice, modulus.add(once, masks[1]), "{function:?} of {values:?} modulo {p}, masked twice");
    }

    /// All values but `(p - 1) / 2`.
    fn values(p: u64) -> Vec<u64> {
        if p < 100 {
            return (0..p).filter(|&x| x != p / 2).collect();
        }
        let near = |centre: u64| (centre - 3)..=(centre + 3);
        let mut values: Vec<u64> = near(3).chain(near(p - 4)).chain(near(p / 2)).filter(|&x| x != p / 2).collect();
        values.extend(Modulus::Prime(p).uniform(&mut Seed([5; 32]).stream(), 100));
        values
    }

    #[test]
    fn values_are_rectified_clipped_and_truncated() {
        for p in [17, 97, P, (1 << 43) - 1 - 606_206] {
            let twins = Uniform { modulus: Modulus::Prime(p), differences: false };
            for (x, seed) in values(p).into_iter().zip((0..250).cycle()) {
                for shift in [0, 2] {
                    assert_twin(Function::Relu { shift }, p, &[x], |x| twins.relu(x[0], shift), seed);
                    assert_twin(Function::Truncate { shift }, p, &[x], |x| twins.truncate(x[0], shift), seed);
                    for ends in [[0, 6], [-3, 2], [-7, -5], [i64::MIN, 4], [0, i64::MAX]] {
                        assert_twin(Function::Clip { ends, shift }, p, &[x], |x| twins.clip(x[0], ends, shift), seed);
                    }
                }
            }
        }
    }

    #[test]
    fn the_largest_of_a_list_and_its_label() {
        for (p, count) in [(17, 1), (97, 2), (97, 5), (P, 4), (P, 10)] {
            let twins = Uniform { modulus: Modulus::Prime(p), differences: false };
            let (modulus, label_bits) = (Modulus::Prime(p), 4);
            let circuit = Function::Argmax { values: count, label_bits }.circuit(p, Mask::Outside);
            let all = values(p);
            let labels: Vec<u32> = (0..count as u32).map(|place| (7 * place + 3) % 16).collect();
            for (list, seed) in all.chunks_exact(count).zip((0..250).cycle()) {
                assert_twin(Function::Largest { values: count }, p, list, |list| twins.largest(list), seed);
                let shares = modulus.uniform(&mut Seed([seed; 32]).stream(), count);
                let mut garbler: Vec<u64> = list.iter().zip(&shares).map(|(x, y)| modulus.sub(*x, *y)).collect();
                garbler.extend(labels.iter().map(|&label| u64::from(label)));
                let bits = modulus.bits() as usize;
                let widths = [vec![bits; count], vec![4; count]].concat();
                let label = run(&circuit, (&widths, bits), &garbler, &shares);
                assert_eq!(label, twins.argmax(list, &labels).into(), "{list:?} modulo {p}");
            }
        }
    }

    /// DELPHI's own circuits: 288 AND gates for `ReLU6` and 296 for ReLU, of 42-bit wires.
    #[test]
    fn so_many_and_gates() {
        let ands = |function: Function| function.circuit(P, Mask::Outside).ands();
        let counts = [
            ("ReLU", Function::Relu { shift: 0 }, 288),
            ("ReLU >> 12", Function::Relu { shift: 12 }, 265),
            ("clip to [0, 6] of 8 bits", Function::Clip { ends: [0, 6 << 8], shift: 0 }, 290),
            ("clip to [-6, 6]", Function::Clip { ends: [-6 << 12, 6 << 12], shift: 0 }, 464),
            ("truncation by 12", Function::Truncate { shift: 12 }, 328),
            ("largest of 4", Function::Largest { values: 4 }, 1072),
            ("argmax of 10", Function::Argmax { values: 10, label_bits: 4 }, 2393),
        ];
        let ours: Vec<usize> = counts.iter().map(|(_, function, _)| ands(*function)).collect();
        counts.iter().zip(&ours).for_each(|((name, ..), ours)| println!("{name:24} {ours:5} AND gates"));
        assert_eq!(ours, counts.map(|(_, _, count)| count));
    }
}
