//! Truncation: shares of `x` modulo `2^from` become shares of `floor(x / 2^shift)` modulo `2^out`, `out <= from - shift`.
//!
//! `x >> f = (x0 >> f) + (x1 >> f) + c`, with `c` the carry of the shares' lowest `f` bits; the carry out of the ring vanishes.
//! A comparison has `c` inside, so that it costs only its way into the ring (Rathee et al., SIRNN, S&P 2021, section IV-B, has the
//! same identity).

use crate::bits::mask;
use crate::party::Party;
use crate::role::Role;
use crate::share::carry::{self, First, Form};
use crate::share::compare::Span;
use crate::share::product;
use crate::wire::link::Halt;
use serde::{Deserialize, Serialize};

/// How a truncation drops bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truncation {
    /// The result is always the floor.
    #[default]
    Faithful,
    /// Each party drops bits by itself (Mohassel and Zhang, SecureML, S&P 2017, section 4.1): the result is the floor, or one more with
    /// probability `(x mod 2^f) / 2^f`.
    OneBit,
}

/// The truncation of values from one ring to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rescaling {
    /// The number of bits of the ring of the input.
    pub from: u32,
    /// The number of lowest bits that are dropped.
    pub shift: u32,
    /// The number of bits of the ring of the output, at most `from - shift`.
    pub out: u32,
    /// How the bits are dropped.
    pub truncation: Truncation,
}

impl Rescaling {
    /// The number of lowest bits whose carry a comparison must find: all that are dropped if the result is always the floor, otherwise none.
    #[must_use]
    pub fn carrying_bits(self) -> u32 {
        match self.truncation {
            Truncation::Faithful => self.shift,
            Truncation::OneBit => 0,
        }
    }

    /// The number of bits above the dropped ones whose carry gives the sign.
    #[must_use]
    pub fn compared_bits(self) -> u32 {
        self.from - 1 - self.shift
    }
}

/// Computes shares of the truncated values.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn truncate(party: &mut Party, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
    truncate_of(party, numbers, how, First::Asked(Form::Tree))
}

/// The bits of shares that a truncation compares; `None` where it compares none.
#[must_use]
pub fn span(how: Rescaling) -> Option<Span> {
    let low = how.carrying_bits();
    (low > 0).then_some(Span { from: 0, low, high: 0 })
}

/// Computes what [`truncate`] does. `first` says how it finds the carry of its [`span`].
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn truncate_of(party: &mut Party, numbers: &[u64], how: Rescaling, first: First) -> Result<Vec<u64>, Halt> {
    let dropped = how.carrying_bits();
    if dropped == 0 {
        return Ok(drop_bits(party.role(), numbers, how));
    }
    let carries = carry::carries(party, numbers, (dropped, 0), first)?;
    with_carry(party, numbers, how, &carries.all)
}

/// Truncates exactly, given shares of the carry out of the dropped bits.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn with_carry(party: &mut Party, numbers: &[u64], how: Rescaling, carry: &[u8]) -> Result<Vec<u64>, Halt> {
    let Rescaling { shift, out, .. } = how;
    let carry = product::to_ring(party, carry, out)?;
    Ok(numbers.iter().zip(carry).map(|(x, carry)| (x >> shift).wrapping_add(carry) & mask(out)).collect())
}

/// The ideal twin of [`truncate`]: what becomes of `x` if the client's share of it is `x0`.
#[must_use]
pub fn ideal(x: u64, x0: u64, how: Rescaling) -> u64 {
    let Rescaling { from, shift, out, truncation } = how;
    match truncation {
        Truncation::Faithful => x >> shift & mask(out),
        Truncation::OneBit => {
            let x1 = x.wrapping_sub(x0) & mask(from);
            let dropped = |role, share| drop_bits(role, &[share], how)[0];
            dropped(Role::Client, x0).wrapping_add(dropped(Role::Server, x1)) & mask(out)
        }
    }
}

/// Drops the bits of a party's shares without the other party: the results are shares of the floor less the carry
/// ([`Truncation::Faithful`]), or of the floor or one more ([`Truncation::OneBit`]).
#[must_use]
pub fn drop_bits(role: Role, numbers: &[u64], how: Rescaling) -> Vec<u64> {
    let Rescaling { from, shift, out, truncation } = how;
    let up = role == Role::Server && truncation == Truncation::OneBit;
    let dropped = |x: &u64| if up { ((x.wrapping_neg() & mask(from)) >> shift).wrapping_neg() } else { x >> shift };
    numbers.iter().map(|x| dropped(x) & mask(out)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::rehearsal::{both, opened, shared};
    use crate::share::twin::assert_twin;

    #[test]
    fn the_protocol_is_its_twin_on_every_value() {
        for (from, shift, out) in [(37, 12, 25), (24, 5, 19), (8, 1, 7), (20, 13, 3), (12, 0, 12)] {
            for truncation in [Truncation::Faithful, Truncation::OneBit] {
                let how = Rescaling { from, shift, out, truncation };
                let [_, x0, x1] = shared(from, 4000, 3);
                let run = |numbers: &[u64]| {
                    let numbers = numbers.to_vec();
                    move |party: &mut Party| truncate(party, &numbers, how)
                };
                let ([y0, y1], _) = both(run(&x0), run(&x1));
                assert_twin([&x0, &x1], from, [&y0, &y1], out, |x, x0| ideal(x, x0, how));
            }
        }
    }

    #[test]
    fn the_twin_is_the_floor_or_one_more() {
        let how = |truncation| Rescaling { from: 8, shift: 3, out: 5, truncation };
        assert_eq!(ideal(0b1011_0111, 5, how(Truncation::Faithful)), 0b1_0110);
        let twins = (0..256).map(|x0| ideal(0b1011_0111, x0, how(Truncation::OneBit)));
        assert_eq!(twins.clone().filter(|&y| y == 0b1_0111).count(), 256 / 8 * 7);
        assert_eq!(twins.filter(|&y| y == 0b1_0110).count(), 256 / 8);
    }

    /// The carry of a uniform share: `x mod 2^f` of `2^f` sums. Each frequency of 2^16 trials is within 7.1 standard deviations but
    /// for 2^-38 (normal tail; 16 values together below 1e-9).
    #[test]
    fn one_bit_truncation_errs_as_often_as_its_definition_says() {
        let (ring, count) = (20, 1 << 16);
        let how = Rescaling { from: ring, shift: 4, out: ring - 4, truncation: Truncation::OneBit };
        for value in 0..16_u64 {
            let [_, x0, _] = shared(ring, count, 9);
            let x1: Vec<u64> = x0.iter().map(|x0| (value + 160).wrapping_sub(*x0) & mask(ring)).collect();
            let client = drop_bits(Role::Client, &x0, how);
            let server = drop_bits(Role::Server, &x1, how);
            let more: u64 = opened(&[client, server], how.out).iter().map(|y| y - 10).sum();
            let excess = (16 * more).abs_diff(count as u64 * value);
            assert!(excess.pow(2) <= 50 * count as u64 * value * (16 - value), "{value}: {more}");
        }
    }
}
