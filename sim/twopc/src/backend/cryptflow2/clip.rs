//! `min(max(x, low), high)`, truncated: `l + [x >= low] (t - l) + [x >= high] (h - t)`, with `t`, `l`, `h` the truncated value and ends.
//!
//! The paper has no such functionality: this is composed of its parts. A value is compared with an end by its sign and that of the
//! difference. Where the two have different signs the value's alone decides, so that the difference may leave the ring.

use super::and::and;
use super::multiplex::multiplex;
use super::sign;
use super::transfers::Transfers;
use super::truncate::{self, Floor, Signs};
use crate::modulus::Modulus;
use crate::party::Party;
use crate::wire::link::Halt;

/// How a value is compared with an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Every value of the ring is as large, or none is.
    Known(bool),
    /// The end is 0.
    Sign,
    /// The sign of the difference counts too.
    Difference(i64),
}

impl Comparison {
    /// With this end, in a ring of so many bits.
    pub fn with(end: i64, ring: u32) -> Self {
        let half = 1_i128 << (ring - 1);
        match i128::from(end) {
            0 => Self::Sign,
            wide if wide >= half => Self::Known(false),
            wide if wide <= -half => Self::Known(true),
            _ => Self::Difference(end),
        }
    }
}

/// Computes shares of the clipped and truncated values.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn clip(party: &mut Party<Transfers>, numbers: &[u64], ends: [i64; 2], floor: Floor) -> Result<Vec<u64>, Halt> {
    let Floor { ring, shift } = floor;
    let (modulus, count, lead) = (Modulus::TwoTo(ring), numbers.len(), party.leads());
    let (positive, above) = party.step("compare", |party| at_least(party, numbers, ends, ring))?;
    let truncated =
        party.step("truncate", |party| truncate::with_signs(party, numbers, floor, Signs::Shared(&positive)))?;
    let [low, high] = ends.map(|end| modulus.element(end >> shift).wrapping_mul(lead.into()));
    let over = truncated.iter().map(|t| modulus.sub(*t, low));
    let values: Vec<u64> = over.chain(truncated.iter().map(|t| modulus.sub(high, *t))).collect();
    let parts = party.step("mux", |party| multiplex(party, &above, &values, modulus))?;
    let (first, second) = parts.split_at(count);
    Ok(first.iter().zip(second).map(|(a, b)| modulus.add(low, modulus.add(*a, *b))).collect())
}

/// Shares of the bits `x >= 0`, and of the bits `x >= end` for each end.
fn at_least(
    party: &mut Party<Transfers>,
    numbers: &[u64],
    ends: [i64; 2],
    ring: u32,
) -> Result<(Vec<u8>, Vec<u8>), Halt> {
    let (modulus, count, lead) = (Modulus::TwoTo(ring), numbers.len(), party.leads());
    let comparisons = ends.map(|end| Comparison::with(end, ring));
    let different = |comparison: &Comparison| match *comparison {
        Comparison::Difference(end) => Some(end),
        Comparison::Sign | Comparison::Known(_) => None,
    };
    let different: Vec<i64> = comparisons.iter().filter_map(different).collect();
    let minus = |end: i64| {
        let end = modulus.element(end).wrapping_mul(lead.into());
        numbers.iter().map(move |x| modulus.sub(*x, end))
    };
    let all: Vec<u64> = numbers.iter().copied().chain(different.iter().flat_map(|end| minus(*end))).collect();
    let mut signs = party.step("msb", |party| sign::positive(party, &all, ring))?;
    let differences = signs.split_off(count);
    // For an end above 0 a conjunction, for one below it a disjunction, which is that of the opposites.
    let turned: Vec<u8> = different.iter().map(|end| if *end < 0 { lead } else { 0 }).collect();
    let turn = |at: usize| turned[at / count];
    let x: Vec<u8> = (0..differences.len()).map(|at| signs[at % count] ^ turn(at)).collect();
    let y: Vec<u8> = differences.iter().enumerate().map(|(at, bit)| bit ^ turn(at)).collect();
    let both = if x.is_empty() { Vec::new() } else { party.step("and", |party| and(party, &x, &y))? };
    let mut joined = both.iter().enumerate().map(|(at, bit)| bit ^ turn(at));
    let mut above = Vec::with_capacity(2 * count);
    for comparison in comparisons {
        match comparison {
            Comparison::Known(known) => above.extend(std::iter::repeat_n(lead & u8::from(known), count)),
            Comparison::Sign => above.extend_from_slice(&signs),
            Comparison::Difference(_) => above.extend(joined.by_ref().take(count)),
        }
    }
    Ok((signs, above))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cryptflow2::cost;
    use crate::backend::cryptflow2::testing::{assert_cost, both};
    use crate::party::rehearsal::shared;
    use crate::share::twin::assert_twin;
    use crate::share::uniform::Uniform;

    fn check(ends: [i64; 2], floor: Floor, x0: &[u64], x1: &[u64]) {
        let ring = floor.ring;
        let ([y0, y1], party) = both(|party| clip(party, x0, ends, floor), |party| clip(party, x1, ends, floor));
        let twins = Uniform { modulus: Modulus::TwoTo(ring), differences: true };
        assert_twin([x0, x1], ring, [&y0, &y1], ring, |x, _| twins.clip(x, ends, floor.shift));
        assert_cost(&party, |cost| cost::clip(cost, x0.len(), ends, floor));
    }

    #[test]
    fn every_value_of_a_small_ring_with_every_end() {
        let (x0, x1): (Vec<u64>, Vec<u64>) = (0..32_u64).map(|x| (x * 7 % 32, x.wrapping_sub(x * 7) % 32)).unzip();
        for low in [-40, -16, -15, -3, 0, 2] {
            for high in [2, 6, 15, 16, 50] {
                for shift in [0, 2] {
                    check([low, high], Floor { ring: 5, shift }, &x0, &x1);
                }
            }
        }
        check([-9, -2], Floor { ring: 5, shift: 1 }, &x0, &x1);
    }

    #[test]
    fn values_of_a_real_ring() {
        let [_, x0, x1] = shared(41, 200, 6);
        check([0, 6 << 24], Floor { ring: 41, shift: 12 }, &x0, &x1);
        check([-(1 << 39), 1 << 38], Floor { ring: 41, shift: 12 }, &x0, &x1);
    }
}
