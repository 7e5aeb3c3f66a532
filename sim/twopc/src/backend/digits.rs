//! The digits of values by which a server that deviates may turn a sign, family by family: any function of one, where the parties compare digits of shares (Rathee et al., `CrypTFlow2`, CCS 2020,
//! section 3.1.1).
//!
//! In a ring the digit is the highest below the sign. It is that of the sum of both parties' digits and of the carry from below, which the tree of the comparison multiplies in, so that the server's
//! share is as it is. Modulo a prime it is any: the server chooses 0 as its share, so that the client's share is the value. Then no sum of shares wraps, and the comparison that would tell of it is
//! free to tell of the digit.

use super::Family;
use super::cryptflow2::DIGIT_BITS;
use crate::bits::mask;
use crate::circuit::{Circuit, Op, Step};
use crate::modulus::Modulus;
use crate::share::compare;
use crate::wire::hook::{Compared, Mistakes};
use fusion_nn::model::Value;
use std::cmp::Ordering;

/// Some values of a digit of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DigitRule {
    /// The place of the digit's lowest bit.
    pub from: u32,
    /// The number of its bits, from 1 to 4.
    pub bits: u32,
    /// The values, one bit each.
    pub are: u16,
}

impl DigitRule {
    /// The values of a digit that are listed; those that no digit of so many bits has are left out.
    #[must_use]
    pub fn of(from: u32, bits: u32, are: &[u32]) -> Self {
        let set = are.iter().filter(|value| **value < 1 << bits.min(4)).fold(0, |set, value| set | 1 << value);
        Self { from, bits, are: set }
    }

    fn has(self, digit: u64) -> bool {
        self.are >> digit & 1 == 1
    }

    /// Whether a number of a modulus has the digit: in a ring whatever is above it, and modulo a prime with nothing above it, as negative numbers have.
    #[must_use]
    pub fn holds(self, number: u64, modulus: Modulus) -> bool {
        let above = number >> (self.from + self.bits);
        self.has(number >> self.from & mask(self.bits)) && (above == 0 || matches!(modulus, Modulus::TwoTo(_)))
    }

    /// The mistakes of a server about a digit of a number in a comparison, whose own digit is `own`, so that the sign of numbers that the rule holds for becomes the other one; `None` where
    /// it makes none.
    #[must_use]
    pub fn mistakes(self, digit: Compared, own: u8, modulus: Modulus) -> Option<Mistakes> {
        match modulus {
            _ if digit.threshold > 0 => None,
            Modulus::TwoTo(_) => ((digit.from, digit.bits) == (self.from, self.bits)).then(|| self.in_ring(own)),
            Modulus::Prime(_) => Some(self.in_field(digit, own)),
        }
    }

    /// By whether there is a carry from below.
    fn in_ring(self, own: u8) -> Mistakes {
        let size = 1 << self.bits;
        let wrong =
            |value: usize, carry: u64| u8::from(self.has((value as u64 + size - 1 - u64::from(own) + carry) % size));
        std::array::from_fn(|value| wrong(value, 0) | (wrong(value, 0) ^ wrong(value, 1)) << 1)
    }

    /// The comparison says "greater" if the digit is one of the values, and nothing is above it.
    fn in_field(self, digit: Compared, own: u8) -> Mistakes {
        std::array::from_fn(|value| {
            let right = u8::from(value > usize::from(own)) | u8::from(value == usize::from(own)) << 1;
            let said = match digit.from.cmp(&self.from) {
                Ordering::Greater => u8::from(value == 0) << 1,
                Ordering::Equal => u8::from(self.has(value as u64)),
                Ordering::Less => right,
            };
            right ^ said
        })
    }
}

/// The digits by which a server may turn the sign of what a ReLU reads, each by its lowest place and its bits; `None` for a family in which signs are garbled, or for another step. Modulo a prime
/// there are none where the ReLU does not follow a linear layer.
#[must_use]
pub fn of_relu(family: Family, circuit: &Circuit, step: &Step) -> Option<Vec<(u32, u32)>> {
    let Op::Relu { from, shift } = step.op else { return None };
    let modulus = circuit.modulus(from);
    match (family, modulus) {
        (Family::Cheetah, _) => {
            let how = step.rescaling(from, shift, circuit.truncation);
            let low = how.carrying_bits();
            let top = compare::digits(low, how.compared_bits()).pop();
            Some(top.into_iter().map(|digit| (digit.from + shift - low, digit.bits)).collect())
        }
        (Family::Cryptflow2Ot, Modulus::TwoTo(ring)) => {
            let top = (0..ring - 1).step_by(DIGIT_BITS as usize).next_back();
            Some(top.into_iter().map(|from| (from, DIGIT_BITS.min(ring - 1 - from))).collect())
        }
        (Family::Cryptflow2He, Modulus::Prime(_)) => {
            let below_half = modulus.bits().saturating_sub(1 + DIGIT_BITS);
            let places = (0..below_half).step_by(DIGIT_BITS as usize).map(|from| (from, DIGIT_BITS));
            Some(if fed_by(circuit, step).is_some() { places.collect() } else { Vec::new() })
        }
        _ => None,
    }
}

/// The linear step whose output a step reads, if it reads one as it is.
#[must_use]
pub fn fed_by<'c>(circuit: &'c Circuit, step: &Step) -> Option<&'c Step> {
    match step.inputs[..] {
        [Value::Layer(place)] => circuit.steps.get(place).filter(|step| matches!(step.op, Op::Linear { .. })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In a ring the digit of a sum, with or without a carry from below, decides whether the comparison is mistaken: of every pair of digits of three bits.
    #[test]
    fn mistakes_are_those_of_the_digit_of_the_sum() {
        let rule = DigitRule { from: 12, bits: 3, are: 0b0101 };
        let digit = Compared { from: 12, bits: 3, threshold: 0 };
        for (client, server) in (0..8_u64).flat_map(|client| (0..8_u64).map(move |server| (client, server))) {
            let own = 7 - server;
            let mistakes = rule.mistakes(digit, own as u8, Modulus::TwoTo(16)).unwrap()[client as usize];
            for carry in [0, 1] {
                let sum = (client + server + carry) % 8;
                let wrong = mistakes & 1 ^ (mistakes >> 1 & carry as u8);
                assert_eq!(wrong == 1, sum == 0 || sum == 2, "{client} + {server} + {carry}");
                assert_eq!(wrong == 1, rule.holds(sum << 12 | 5, Modulus::TwoTo(16)));
            }
        }
        assert_eq!(rule.mistakes(Compared { from: 9, ..digit }, 0, Modulus::TwoTo(16)), None);
    }

    /// Modulo a prime, what is said of all digits of a number, from the highest, is "greater" if and only if the rule holds.
    #[test]
    fn a_free_comparison_tells_of_the_digit() {
        let (rule, p) = (DigitRule { from: 4, bits: 4, are: 0b0010_0100 }, Modulus::Prime(65_521));
        for number in 0..65_521_u64 {
            let said = (0..5).rev().map(|place| {
                let digit = Compared { from: 4 * place, bits: 4, threshold: 0 };
                // The threshold is p - 1, of a server whose share is 0.
                let (value, own) = (number >> (4 * place) & 15, (65_520_u64 >> (4 * place) & 15) as u8);
                let right = u8::from(value > own.into()) | u8::from(value == own.into()) << 1;
                right ^ rule.mistakes(digit, own, p).unwrap()[value as usize]
            });
            let first = said.into_iter().find(|said| said & 2 == 0).unwrap_or(0);
            assert_eq!(first & 1 == 1, rule.holds(number, p), "{number}");
        }
    }
}
