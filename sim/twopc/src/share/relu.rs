//! `max(x, 0)`, truncated. One comparison gives the sign and the carry that truncation needs; where each party drops bits by itself, they are dropped first, and only
//! what is left is compared.

use crate::bits::mask;
use crate::modulus::Modulus;
use crate::party::Party;
use crate::share::carry::{self, First, Form};
use crate::share::choice::own_choices;
use crate::share::compare::{self, Carries, Span};
use crate::share::product;
use crate::share::truncate::{self, Rescaling, drop_bits, with_carry};
use crate::wire::link::Halt;

/// Computes shares of `max(x, 0)`, truncated.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn relu(party: &mut Party, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
    relu_of(party, numbers, how, First::Asked(Form::Tree))
}

/// The bits of shares that a ReLU compares.
#[must_use]
pub fn span(how: Rescaling) -> Span {
    let low = how.carrying_bits();
    Span { from: how.shift - low, low, high: how.compared_bits() }
}

/// Computes what [`relu`] does. `first` says how it finds the carries of its [`span`].
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn relu_of(party: &mut Party, numbers: &[u64], how: Rescaling, first: First) -> Result<Vec<u64>, Halt> {
    let (lead, Span { low, high, .. }) = (party.leads(), span(how));
    let carries = |party: &mut Party, numbers: &[u64]| {
        party.step("msb", |party| carry::carries(party, numbers, (low, high), first))
    };
    let sign = |top: u32, numbers: &[u64], carries: &Carries| -> Vec<u8> {
        msbs(numbers, top).zip(&carries.all).map(|(msb, carry)| msb ^ carry).collect()
    };
    let (negative, mut dropped): (Vec<u8>, _) = if low > 0 {
        let carries = carries(party, numbers)?;
        let negative = sign(how.from, numbers, &carries);
        (negative, party.step("b2a", |party| with_carry(party, numbers, how, &carries.low))?)
    } else {
        // A value below 0 rounds up to 0 at most, so that the sign of what is left gives the same result.
        let left = drop_bits(party.role(), numbers, Rescaling { out: high + 1, ..how });
        let carries = carries(party, &left)?;
        (sign(high + 1, &left, &carries), left.iter().map(|x| x & mask(how.out)).collect::<Vec<_>>())
    };
    let mut positive: Vec<u8> = negative.iter().map(|negative| negative ^ lead).collect();
    party.link.add_where_kept(&mut dropped, Modulus::TwoTo(how.out), 0);
    own_choices(&mut party.link, &mut positive, &mut dropped, Modulus::TwoTo(how.out), 0);
    party.step("mux", |party| product::multiplex(party, &positive, &dropped, how.out))
}

/// The ideal twin of [`relu`]: what becomes of `x` if the client's share of it is `x0`.
#[must_use]
pub fn ideal(x: u64, x0: u64, how: Rescaling) -> u64 {
    let (high, is_negative) = (how.compared_bits(), |x: u64, top: u32| x >> top & 1 == 1);
    let left = truncate::ideal(x, x0, Rescaling { out: high + 1, ..how });
    let negative = if how.carrying_bits() > 0 { is_negative(x, how.from - 1) } else { is_negative(left, high) };
    if negative { 0 } else { left & mask(how.out) }
}

/// Computes shares of the bits `x < 0`, from the top bits and the carry into them.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn negative(party: &mut Party, numbers: &[u64], ring: u32) -> Result<Vec<u8>, Halt> {
    let carries = compare::carries(party, numbers, 0, ring - 1)?;
    Ok(msbs(numbers, ring).zip(carries.all).map(|(msb, carry)| msb ^ carry).collect())
}

fn msbs(numbers: &[u64], ring: u32) -> impl Iterator<Item = u8> {
    numbers.iter().map(move |x| (x >> (ring - 1) & 1) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::packed_bytes;
    use crate::party::rehearsal::{both, shared};
    use crate::role::Role;
    use crate::share::truncate::Truncation;
    use crate::share::twin::assert_twin;

    #[test]
    fn the_protocol_is_its_twin_on_every_value() {
        for (from, shift, out) in [(37, 12, 25), (33, 12, 14), (24, 12, 12), (16, 0, 16), (5, 2, 3)] {
            for (truncation, form) in settings() {
                let how = Rescaling { from, shift, out, truncation };
                let [_, x0, x1] = shared(from, 4000, 3);
                let run = |numbers: &[u64]| {
                    let numbers = numbers.to_vec();
                    move |party: &mut Party| relu_of(party, &numbers, how, First::Asked(form))
                };
                let ([y0, y1], _) = both(run(&x0), run(&x1));
                assert_twin([&x0, &x1], from, [&y0, &y1], out, |x, x0| ideal(x, x0, how));
            }
        }
    }

    fn settings() -> impl Iterator<Item = (Truncation, Form)> {
        [Truncation::Faithful, Truncation::OneBit]
            .into_iter()
            .flat_map(|how| [Form::Tree, Form::Chain].map(|form| (how, form)))
    }

    /// With shares that the client drew with the transfers, below a sign bit of another source: the twin, and as many bytes fewer as the choices take.
    #[test]
    fn the_protocol_is_its_twin_on_shares_that_were_drawn() {
        let count = 4000;
        for (from, shift, out) in [(37, 12, 25), (24, 12, 12), (16, 0, 16), (5, 2, 3)] {
            for (truncation, form) in settings() {
                let how = Rescaling { from, shift, out, truncation };
                let [high, _, x1] = shared(from, count, 3);
                let span = span(how);
                let [bits, free] = [span.low + span.high, span.from];
                let client = |party: &mut Party| {
                    let drawn = carry::draw(party, count, span, (form, Role::Client))?;
                    let (own, numbers) = drawn.numbers().unwrap();
                    let (own, numbers) = ((own & mask(bits)) << free, numbers.into_iter().zip(&high));
                    let x0: Vec<u64> = numbers.map(|(number, high)| number << free | high & !own).collect();
                    Ok((relu_of(party, &x0, how, First::Drawn(drawn))?, x0, own.count_ones()))
                };
                let server = |party: &mut Party| {
                    let drawn = carry::draw(party, count, span, (form, Role::Client))?;
                    Ok((relu_of(party, &x1, how, First::Drawn(drawn))?, Vec::new(), 0))
                };
                let ([(y0, x0, chosen), (y1, ..)], party) = both(client, server);
                assert_twin([&x0, &x1], from, [&y0, &y1], out, |x, x0| ideal(x, x0, how));
                let asking = |numbers: &[u64]| {
                    let numbers = numbers.to_vec();
                    move |party: &mut Party| relu_of(party, &numbers, how, First::Asked(form))
                };
                let (_, asked) = both(asking(&x0), asking(&x1));
                let sent = |party: &Party| party.link.meter().sent(Role::Client, None);
                let (drawn, asked) = (sent(&party), sent(&asked));
                assert_eq!(asked.bytes - drawn.bytes, packed_bytes(count, chosen));
                assert!(form == Form::Chain || chosen == bits);
                assert_eq!(asked.messages - drawn.messages, 1);
            }
        }
    }

    /// For every value of a ring, but for the largest, which might round up out of it, and for every sharing: the sign of what is left gives what the sign of the value does.
    #[test]
    fn where_bits_are_dropped_first_no_sign_is_another() {
        let how = Rescaling { from: 8, shift: 3, out: 5, truncation: Truncation::OneBit };
        for x in -128..=120_i64 {
            let x = x.cast_unsigned() & 0xff;
            for x0 in 0..256 {
                let expected = if x >> 7 == 1 { 0 } else { truncate::ideal(x, x0, how) };
                assert_eq!(ideal(x, x0, how), expected, "{x} as {x0} and another");
            }
        }
    }

    #[test]
    fn the_twin_rectifies_and_truncates() {
        let signed = |x: i64| x.cast_unsigned() & 0xff;
        let how = Rescaling { from: 8, shift: 2, out: 6, truncation: Truncation::Faithful };
        for (x, y) in [(-128, 0), (-1, 0), (0, 0), (3, 0), (4, 1), (127, 31)] {
            assert_eq!(ideal(signed(x), 77, how), y, "{x}");
        }
    }
}
