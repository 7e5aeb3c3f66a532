//! Circuits for arithmetic: addition, subtraction, comparison, residues, maxima. A number is its bits, the lowest first.
//!
//! An adder takes one AND gate a bit: the next carry is `c ^ (x ^ c)(y ^ c)` (Kolesnikov, Sadeghi, Schneider, "Improved Garbled Circuit Building Blocks
//! and Applications to Auctions and Computing Minima", CANS 2009, section 3). Modulo a power of two the last carry is not needed and costs nothing.

use super::circuit::{Bit, Builder};

/// A public number.
#[must_use]
pub fn constant(value: u64, bits: usize) -> Vec<Bit> {
    (0..bits).map(|bit| Bit::Constant(bit < 64 && value >> bit & 1 == 1)).collect()
}

/// The sum of two numbers of equally many bits and a carry, and the carry out of it.
pub fn add(builder: &mut Builder, x: &[Bit], y: &[Bit], mut carry: Bit) -> (Vec<Bit>, Bit) {
    let mut sum = Vec::with_capacity(x.len());
    for (&x, &y) in x.iter().zip(y) {
        let (to_x, to_y) = (builder.xor(x, carry), builder.xor(y, carry));
        sum.push(builder.xor(to_x, y));
        let turns = builder.and(to_x, to_y);
        carry = builder.xor(carry, turns);
    }
    (sum, carry)
}

/// The difference `x - y` of two numbers of equally many bits, modulo a power of two, and whether `x >= y`.
pub fn subtract(builder: &mut Builder, x: &[Bit], y: &[Bit]) -> (Vec<Bit>, Bit) {
    let complement: Vec<Bit> = y.iter().map(|&bit| !bit).collect();
    add(builder, x, &complement, Bit::Constant(true))
}

/// Whether `x >= y`, both without a sign.
pub fn at_least(builder: &mut Builder, x: &[Bit], y: &[Bit]) -> Bit {
    subtract(builder, x, y).1
}

/// `x` where the choice is 1, and otherwise `y`: one AND gate a bit.
pub fn multiplex(builder: &mut Builder, choice: Bit, x: &[Bit], y: &[Bit]) -> Vec<Bit> {
    let pick = |(&x, &y): (&Bit, &Bit)| {
        let difference = builder.xor(x, y);
        let picked = builder.and(choice, difference);
        builder.xor(y, picked)
    };
    x.iter().zip(y).map(pick).collect()
}

/// The number where the condition holds, and otherwise 0.
pub fn only_if(builder: &mut Builder, condition: Bit, x: &[Bit]) -> Vec<Bit> {
    x.iter().map(|&bit| builder.and(condition, bit)).collect()
}

/// The sum of two residues modulo `p`, which has as many bits as they have: the sum as integers, less `p` where it is not below `p`.
pub fn add_modulo(builder: &mut Builder, x: &[Bit], y: &[Bit], p: u64) -> Vec<Bit> {
    let (mut sum, carry) = add(builder, x, y, Bit::Constant(false));
    sum.push(carry);
    let p = constant(p, sum.len());
    let (less, is_beyond) = subtract(builder, &sum, &p);
    multiplex(builder, is_beyond, &less[..x.len()], &sum[..x.len()])
}

/// A number with a sign in two's complement, without its lowest `shift` bits: the floor of the quotient, in as many bits.
#[must_use]
pub fn shift_right(x: &[Bit], shift: usize) -> Vec<Bit> {
    let sign = x.last().into_iter().copied().cycle();
    x.iter().copied().skip(shift).chain(sign).take(x.len()).collect()
}

/// Whether `x < y`, both with a sign.
pub fn is_less(builder: &mut Builder, x: &[Bit], y: &[Bit]) -> Bit {
    !at_least(builder, &from_least(x), &from_least(y))
}

/// How far a number with a sign is above the least one.
fn from_least(x: &[Bit]) -> Vec<Bit> {
    x.iter().enumerate().map(|(place, &bit)| if place + 1 == x.len() { !bit } else { bit }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::mask;
    use crate::gc::circuit::Circuit;
    use crate::random::{Seed, uniform};

    /// Numbers as bits side by side: word `j` has bit `j` of each of 64 numbers.
    fn sliced(numbers: &[u64], bits: usize) -> Vec<u64> {
        let word = |bit: usize| numbers.iter().enumerate().map(|(at, x)| (x >> bit & 1) << at).sum();
        (0..bits).map(word).collect()
    }

    /// The circuit's outputs of pairs of numbers.
    fn outputs(circuit: &Circuit, pairs: &[(u64, u64)]) -> Vec<u64> {
        let [garbler, evaluator] = circuit.inputs();
        let of = |pairs: &[(u64, u64)]| {
            let (x, y): (Vec<u64>, Vec<u64>) = pairs.iter().copied().unzip();
            let words = circuit.clear(&sliced(&x, garbler), &sliced(&y, evaluator));
            let number = |at: usize| words.iter().enumerate().map(|(bit, word)| (word >> at & 1) << bit).sum();
            (0..pairs.len()).map(number).collect::<Vec<u64>>()
        };
        pairs.chunks(64).flat_map(of).collect()
    }

    /// All pairs of a few bits, or random ones.
    fn pairs(bits: usize) -> Vec<(u64, u64)> {
        if bits <= 5 {
            return (0..1 << (2 * bits)).map(|both: u64| (both >> bits, both & mask(bits as u32))).collect();
        }
        let mut rng = Seed([bits as u8; 32]).stream();
        let mut draw = || uniform(&mut rng, bits as u32, 2000);
        let (x, mut y) = (draw(), draw());
        y[..200].copy_from_slice(&x[..200]);
        x.into_iter().zip(y).collect()
    }

    /// That a circuit of two numbers is a function, at every width; and its AND gates at a width.
    fn assert_function(
        make: impl Fn(&mut Builder, &[Bit], &[Bit]) -> Vec<Bit>,
        ands: impl Fn(usize) -> usize,
        function: impl Fn(u64, u64, usize) -> u64,
    ) {
        for bits in [1, 2, 3, 4, 5, 17, 41, 63] {
            let (mut builder, x, y) = Builder::new(bits, bits);
            let made = make(&mut builder, &x, &y);
            let circuit = builder.finish(&made);
            assert_eq!(circuit.ands(), ands(bits), "{bits} bits");
            let pairs = pairs(bits);
            for (output, &(x, y)) in outputs(&circuit, &pairs).into_iter().zip(&pairs) {
                assert_eq!(output, function(x, y, bits), "{x} and {y} of {bits} bits");
            }
        }
    }

    fn signed(x: u64, bits: usize) -> i64 {
        (x << (64 - bits)).cast_signed() >> (64 - bits)
    }

    #[test]
    fn sums_and_differences_modulo_a_power_of_two_and_with_their_carries() {
        let zero = Bit::Constant(false);
        let reduced = |x: u64, bits: usize| x & mask(bits as u32);
        assert_function(|b, x, y| add(b, x, y, zero).0, |l| l - 1, |x, y, l| reduced(x.wrapping_add(y), l));
        assert_function(|b, x, y| subtract(b, x, y).0, |l| l - 1, |x, y, l| reduced(x.wrapping_sub(y), l));
        let all = |b: &mut Builder, x: &[Bit], y: &[Bit]| {
            let (mut sum, carry) = add(b, x, y, zero);
            sum.push(carry);
            sum
        };
        assert_function(all, |l| l, |x, y, _| x + y);
    }

    #[test]
    fn comparisons_and_choices() {
        assert_function(|b, x, y| vec![at_least(b, x, y)], |l| l, |x, y, _| (x >= y).into());
        let is_less = |b: &mut Builder, x: &[Bit], y: &[Bit]| vec![is_less(b, x, y)];
        assert_function(is_less, |l| l, |x, y, l| (signed(x, l) < signed(y, l)).into());
        let larger = |b: &mut Builder, x: &[Bit], y: &[Bit]| {
            let choice = at_least(b, x, y);
            multiplex(b, choice, x, y)
        };
        assert_function(larger, |l| 2 * l, |x, y, _| x.max(y));
        let where_odd = |b: &mut Builder, x: &[Bit], y: &[Bit]| only_if(b, x[0], y);
        assert_function(where_odd, |l| l, |x, y, _| (x & 1) * y);
    }

    /// Also with constants, whose lowest zeros cost nothing.
    #[test]
    fn comparisons_with_a_constant() {
        for bits in 1..=6 {
            for end in 0..1 << bits {
                let (mut builder, x, _) = Builder::new(bits, 0);
                let is = at_least(&mut builder, &x, &constant(end, bits));
                let circuit = builder.finish(&[is]);
                let free = end.trailing_zeros() as usize + 1;
                assert_eq!(circuit.ands(), if end == 0 { 0 } else { bits - free }, "{end}");
                let numbers: Vec<(u64, u64)> = (0..1 << bits).map(|x| (x, 0)).collect();
                let expected: Vec<u64> = numbers.iter().map(|(x, _)| (*x >= end).into()).collect();
                assert_eq!(outputs(&circuit, &numbers), expected, "{end}");
            }
        }
    }

    #[test]
    fn residues_add_up_modulo_a_prime() {
        for p in [3_u64, 5, 7, 13, 31, 2_061_584_302_081, (1 << 61) - 1] {
            let bits = 64 - p.leading_zeros() as usize;
            let (mut builder, x, y) = Builder::new(bits, bits);
            let sum = add_modulo(&mut builder, &x, &y, p);
            let circuit = builder.finish(&sum);
            // A sum with its carry; whether it is below p, and a choice, where the lowest bit of the odd p saves one gate each.
            assert_eq!(circuit.ands(), bits + bits + (bits - 1));
            let mut pairs: Vec<(u64, u64)> = pairs(bits).into_iter().map(|(x, y)| (x % p, y % p)).collect();
            pairs.push((p - 1, p - 1));
            pairs.push((p - 1, 1));
            for (output, (x, y)) in outputs(&circuit, &pairs).into_iter().zip(&pairs) {
                assert_eq!(output, (x + y) % p, "{x} + {y} modulo {p}");
            }
        }
    }

    #[test]
    fn shifts_are_floors_and_cost_nothing() {
        for shift in 0..=5 {
            let (builder, x, _) = Builder::new(5, 0);
            let circuit = builder.finish(&shift_right(&x, shift));
            assert_eq!(circuit.ands(), 0);
            let numbers: Vec<(u64, u64)> = (0..32).map(|x| (x, 0)).collect();
            let expected: Vec<u64> =
                numbers.iter().map(|(x, _)| (signed(*x, 5) >> shift).cast_unsigned() & 31).collect();
            assert_eq!(outputs(&circuit, &numbers), expected);
        }
    }
}
