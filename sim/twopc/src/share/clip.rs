//! `min(max(x, low), high)`, truncated: `l + [x >= low] (t - l) + [x >= high] (h - t)`, with `t`, `l`, `h` the truncated value and ends.
//!
//! For `low = 0` one comparison gives a sign and the carry that truncation needs, as for ReLU. Values have one bit to spare in their ring,
//! for the difference from an end. An end may lie beyond every value: it is then compared as if it were just beyond them. Where each party drops bits by itself, and both ends are whole when these are dropped and
//! not beyond the values, they are dropped first, and only what is left is compared.

use crate::bits::mask;
use crate::party::Party;
use crate::share::carry::{self, First, Form};
use crate::share::compare::Span;
use crate::share::product;
use crate::share::relu::negative;
use crate::share::truncate::{self, Rescaling, drop_bits, with_carry};
use crate::wire::link::Halt;

/// The ends to which values are clipped, and how they are rescaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clip {
    /// The lower and the upper end, wherever they lie.
    pub ends: [i64; 2],
    /// The rings and the bits dropped. Values are in `-2^(from-2) .. 2^(from-2)`, and `from` is at least `shift + 2`.
    pub how: Rescaling,
}

impl Clip {
    /// The ends as values are compared with them: no value is below the least of these, and all are below the largest.
    fn thresholds(&self) -> [i64; 2] {
        let beyond = 1 << (self.how.from - 2);
        self.ends.map(|end| end.clamp(-beyond, beyond) >> (self.how.from - self.compared_ring()))
    }

    /// Whether what is left when the bits are dropped is compared. A value that rounds up to an end, or past one that it is below by less than `2^shift`, is clipped to that end either way; with
    /// ends that are beyond the values, one that rounds up out of them would not be.
    fn drops_first(&self) -> bool {
        let Self { ends, how } = self;
        let beyond = 1 << (how.from - 2);
        let whole = ends.iter().all(|end| end.cast_unsigned() & mask(how.shift) == 0);
        how.shift > how.carrying_bits() && whole && -beyond < ends[0] && ends[1] <= beyond
    }

    /// The number of bits of the ring in which values are compared with the ends.
    #[must_use]
    pub fn compared_ring(&self) -> u32 {
        if self.drops_first() { self.how.from - self.how.shift } else { self.how.from }
    }

    /// The bits of shares that clipping compares first; `None` where what it compares first is a difference from an end.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        let (low, ring) = (self.how.carrying_bits(), self.compared_ring());
        let high = if self.ends[0] == 0 { ring - 1 - low } else { 0 };
        (low + high > 0).then_some(Span { from: self.how.from - ring, low, high })
    }
}

/// Computes shares of the clipped and truncated values.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn clip(party: &mut Party, numbers: &[u64], clip: Clip) -> Result<Vec<u64>, Halt> {
    clip_of(party, numbers, clip, First::Asked(Form::Tree))
}

/// Computes what [`clip`](fn@clip) does. `first` says how it finds the carries of its [`Clip::span`]; the others a tree finds.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn clip_of(party: &mut Party, numbers: &[u64], clip: Clip, first: First) -> Result<Vec<u64>, Halt> {
    let Clip { ends, how } = clip;
    let Rescaling { shift, out, .. } = how;
    let ([low, high], ring, dropped) = (clip.thresholds(), clip.compared_ring(), how.carrying_bits());
    let left = clip.drops_first().then(|| drop_bits(party.role(), numbers, Rescaling { out: ring, ..how }));
    let compared: &[u64] = left.as_ref().map_or(numbers, |left| left);
    let (carry, above_low) = if low == 0 {
        let carries =
            party.step("msb", |party| carry::carries(party, compared, (dropped, ring - 1 - dropped), first))?;
        let signs = compared.iter().zip(&carries.all).map(|(x, carry)| (x >> (ring - 1) & 1) as u8 ^ carry);
        (carries.low, signs.map(|sign| sign ^ party.leads()).collect())
    } else {
        let carries = party.step("carry", |party| carry_below(party, numbers, dropped, first))?;
        (carries, party.step("low", |party| at_least(party, compared, low, ring))?)
    };
    let above_high = party.step("high", |party| at_least(party, compared, high, ring))?;
    let truncated = if dropped > 0 {
        party.step("b2a", |party| with_carry(party, numbers, how, &carry))?
    } else {
        drop_bits(party.role(), numbers, how)
    };
    let lead = u64::from(party.leads());
    let [low, high] = ends.map(|end| (end >> shift).cast_unsigned().wrapping_mul(lead));
    let over = truncated.iter().map(|t| t.wrapping_sub(low));
    let values: Vec<u64> = over.chain(truncated.iter().map(|t| high.wrapping_sub(*t))).map(|x| x & mask(out)).collect();
    let choices = [above_low, above_high].concat();
    let parts = party.step("mux", |party| product::multiplex(party, &choices, &values, out))?;
    let (first, second) = parts.split_at(numbers.len());
    Ok(first.iter().zip(second).map(|(a, b)| low.wrapping_add(*a).wrapping_add(*b) & mask(out)).collect())
}

/// The ideal twin of [`clip`]: what becomes of `x` if the client's share of it is `x0`.
#[must_use]
pub fn ideal(x: u64, x0: u64, clip: Clip) -> u64 {
    let Clip { ends, how } = clip;
    let (Rescaling { shift, out, .. }, ring) = (how, clip.compared_ring());
    let truncated = truncate::ideal(x, x0, how);
    let compared = if clip.drops_first() { truncate::ideal(x, x0, Rescaling { out: ring, ..how }) } else { x };
    let [low, high] = ends.map(|end| (end >> shift).cast_unsigned());
    let [above_low, above_high] =
        clip.thresholds().map(|end| compared.wrapping_sub(end.cast_unsigned()) >> (ring - 1) & 1 == 0);
    let mut clipped = low;
    if above_low {
        clipped = clipped.wrapping_add(truncated.wrapping_sub(low));
    }
    if above_high {
        clipped = clipped.wrapping_add(high.wrapping_sub(truncated));
    }
    clipped & mask(out)
}

fn carry_below(party: &mut Party, numbers: &[u64], bits: u32, first: First) -> Result<Vec<u8>, Halt> {
    if bits == 0 { Ok(Vec::new()) } else { Ok(carry::carries(party, numbers, (bits, 0), first)?.all) }
}

/// Shares of the bits `x >= end`.
fn at_least(party: &mut Party, numbers: &[u64], end: i64, ring: u32) -> Result<Vec<u8>, Halt> {
    let lead = party.leads();
    let end = end.cast_unsigned().wrapping_mul(lead.into());
    let moved: Vec<u64> = numbers.iter().map(|x| x.wrapping_sub(end) & mask(ring)).collect();
    Ok(negative(party, &moved, ring)?.iter().map(|below| below ^ lead).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::rehearsal::{both, shared};
    use crate::share::truncate::Truncation;
    use crate::share::twin::assert_twin;

    #[test]
    fn the_protocol_is_its_twin_on_every_value() {
        for (ends, shift) in [
            ([0, 700], 4),
            ([-300, 500], 3),
            ([0, 1023], 0),
            ([-1000, -10], 5),
            ([1500, 1 << 40], 2),
            ([0, 1 << 61], 3),
            ([0, 704], 4),
            ([-304, 504], 3),
            ([-32, 1024], 5),
            ([-1024, 1024], 3),
        ] {
            for truncation in [Truncation::Faithful, Truncation::OneBit] {
                let (from, out) = (12, 12 - shift);
                let [_, x0, x1] = shared(from, 4000, 6);
                let what = Clip { ends, how: Rescaling { from, shift, out, truncation } };
                let ([y0, y1], _) = both(|party| clip(party, &x0, what), |party| clip(party, &x1, what));
                assert_twin([&x0, &x1], from, [&y0, &y1], out, |x, x0| ideal(x, x0, what));
            }
        }
    }

    /// For every value with a bit to spare, every sharing of it and every pair of ends: what is left is clipped to what the value is, with the error that truncation has.
    #[test]
    fn where_bits_are_dropped_first_no_value_is_clipped_otherwise() {
        let how = Rescaling { from: 8, shift: 2, out: 6, truncation: Truncation::OneBit };
        let mut first = 0;
        for (low, high) in (-17..18).flat_map(|low| (low..18).map(move |high| (4 * low, 4 * high))) {
            let clip = Clip { ends: [low, high], how };
            first += usize::from(clip.drops_first());
            for (x, x0) in (-64..64_i64).flat_map(|x| (0..256).map(move |x0| (x, x0))) {
                let truncated = truncate::ideal(x.cast_unsigned() & mask(8), x0, how);
                let expected = match x {
                    _ if x < low => low >> 2,
                    _ if x >= high => high >> 2,
                    _ => truncated.cast_signed(),
                };
                let clipped = ideal(x.cast_unsigned() & mask(8), x0, clip);
                assert_eq!(clipped, expected.cast_unsigned() & mask(6), "{x} as {x0} to {low}, {high}");
            }
        }
        assert_eq!(first, (-15..=16).map(|low: i64| usize::try_from(17 - low).unwrap()).sum());
    }

    /// All that have a bit to spare, with ends among them, at their edges, and beyond.
    #[test]
    fn the_twin_clips_and_truncates() {
        let far = 1 << 61;
        for ends in [
            [-300, 500],
            [0, 7],
            [0, 0],
            [9, 9],
            [-1024, 1023],
            [-5000, 5000],
            [2000, 3000],
            [-3000, -2000],
            [-far, far],
        ] {
            let how = Rescaling { from: 12, shift: 3, out: 9, truncation: Truncation::Faithful };
            let what = Clip { ends, how };
            for x in -1024..1024_i64 {
                let expected = (x.clamp(ends[0], ends[1]) >> 3).cast_unsigned() & mask(9);
                assert_eq!(ideal(x.cast_unsigned() & mask(12), 99, what), expected, "{x}");
            }
        }
    }
}
