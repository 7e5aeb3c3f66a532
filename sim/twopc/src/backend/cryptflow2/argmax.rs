//! The label of the largest of some values, for the client alone (Rathee et al., CCS 2020, section 4.3): a tree joins neighbours, and labels
//! come with the values.

use super::maximum::less;
use super::multiplex::multiplex;
use super::transfers::Transfers;
use crate::address::Component;
use crate::bits::{mask, pack, packed_bytes, unpack};
use crate::modulus::Modulus;
use crate::party::Party;
use crate::role::Role;
use crate::share::maximum::label_bits;
use crate::wire::link::Halt;

/// Bits in which labels and values are carried through the tree.
pub fn carried_bits(classes: usize, ring: u32) -> u32 {
    ring.max(label_bits(classes))
}

/// Finds the label of the largest of each list of `classes` values modulo `2^ring`. Who gives the labels and gets them, and what becomes of
/// labels that are no classes, is as in [`share::maximum::argmax`](crate::share::maximum::argmax).
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn argmax(
    party: &mut Party<Transfers>,
    numbers: &[u64],
    ring: u32,
    classes: usize,
    labels: &[Vec<u32>],
) -> Result<Option<Vec<u32>>, Halt> {
    let server = party.role() == Role::Server;
    let entries = numbers.chunks_exact(classes).enumerate().map(|(slot, values)| {
        let label = |place: usize| if server { labels[slot][place].into() } else { 0 };
        values.iter().enumerate().map(|(place, &value)| [value, label(place)]).collect()
    });
    let entries = entries.collect();
    let largest = tree(party, entries, ring, carried_bits(classes, ring))?;
    let (bits, count) = (label_bits(classes), largest.len());
    party.step("label", |party| {
        if server {
            party.link.send(pack(&largest, bits))?;
            return Ok(None);
        }
        let theirs = unpack(&party.link.receive(packed_bytes(count, bits))?, bits, count);
        Ok(Some(largest.iter().zip(theirs).map(|(a, b)| (a.wrapping_add(b) & mask(bits)) as u32).collect()))
    })
}

/// A share of a value, and one of its label.
type Entry = [u64; 2];

/// The shares of the label of the largest of each list, which are equally long.
fn tree(party: &mut Party<Transfers>, mut lists: Vec<Vec<Entry>>, ring: u32, wide: u32) -> Result<Vec<u64>, Halt> {
    for level in 0.. {
        if lists.iter().all(|list| list.len() <= 1) {
            break;
        }
        let pairs: Vec<[Entry; 2]> =
            lists.iter().flat_map(|list| list.chunks_exact(2).map(|pair| [pair[0], pair[1]])).collect();
        let mut winners = party.step(Component::Level(level), |party| winners(party, &pairs, ring, wide))?.into_iter();
        for list in &mut lists {
            let odd = (list.len() % 2 == 1).then(|| list.pop()).flatten();
            *list = winners.by_ref().take(list.len() / 2).chain(odd).collect();
        }
    }
    Ok(lists.into_iter().flatten().map(|[_, label]| label).collect())
}

/// `a`, or `b` where it is greater: `a + [a < b] (b - a)`.
fn winners(party: &mut Party<Transfers>, pairs: &[[Entry; 2]], ring: u32, wide: u32) -> Result<Vec<Entry>, Halt> {
    let values: Vec<[u64; 2]> = pairs.iter().map(|[a, b]| [a[0], b[0]]).collect();
    let second = party.step("msb", |party| less(party, &values, ring))?;
    let step = |part: usize| pairs.iter().map(move |[a, b]| b[part].wrapping_sub(a[part]) & mask(wide));
    let steps: Vec<u64> = (0..2).flat_map(step).collect();
    let moved = party.step("mux", |party| multiplex(party, &second.repeat(2), &steps, Modulus::TwoTo(wide)))?;
    let winner = |(at, [a, _]): (usize, &[Entry; 2])| {
        std::array::from_fn(|part| a[part].wrapping_add(moved[part * pairs.len() + at]) & mask(wide))
    };
    Ok(pairs.iter().enumerate().map(winner).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cryptflow2::cost;
    use crate::backend::cryptflow2::testing::{assert_cost, both};
    use crate::party::rehearsal::shared;
    use crate::share::uniform::Uniform;

    #[test]
    fn the_protocol_is_its_twin_on_every_value() {
        for (classes, ring) in [(1, 20), (2, 9), (3, 4), (10, 37), (17, 3)] {
            let lists = 50;
            let [values, x0, x1] = shared(ring, lists * classes, 5);
            let labels: Vec<Vec<u32>> = vec![(0..classes as u32).rev().collect(); lists];
            let ([client, server], party) = both(
                |party| argmax(party, &x0, ring, classes, &[]),
                |party| argmax(party, &x1, ring, classes, &labels),
            );
            let twins = Uniform { modulus: Modulus::TwoTo(ring), differences: true };
            let expected = values.chunks_exact(classes).zip(&labels).map(|(list, labels)| twins.argmax(list, labels));
            assert_eq!((client, server), (Some(expected.collect()), None), "{classes} classes");
            assert_cost(&party, |cost| cost::argmax(cost, lists, classes, ring));
        }
    }
}
