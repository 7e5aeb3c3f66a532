//! The largest of several shared values, for max pooling, and the index of the largest, for the client alone.
//!
//! Values are compared by the sign of their difference, so that all must fit the ring with one bit to spare. A tournament takes the
//! fewest comparisons. For the index among few classes, every two values are compared at once, which takes half the rounds.

use crate::address::Component;
use crate::bits::{mask, negate_if, pack, packed_bytes, unpack};
use crate::party::Party;
use crate::role::Role;
use crate::share::and::{Factors, and};
use crate::share::product;
use crate::share::relu::negative;
use crate::wire::link::Halt;

/// Computes shares modulo `2^ring` of the largest value of each list. No list is empty.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn largest(party: &mut Party, lists: Vec<Vec<u64>>, ring: u32) -> Result<Vec<u64>, Halt> {
    let entries = lists.into_iter().map(|list| list.into_iter().map(|value| [value]).collect()).collect();
    Ok(tournament(party, entries, ring, ring)?.as_flattened().to_vec())
}

/// The most classes for which [`argmax`] compares every two values at once, for fewer rounds.
pub const MAX_PAIRWISE: usize = 16;

/// Finds the index of the largest of each list of `classes` values modulo `2^ring`, the lowest index of equal values.
///
/// The server provides the number that stands for each place, in `labels` for each list; an honest one provides `0, 1, 2, ...`. The client
/// alone gets the labels, and the server gets `None`. A server that deviates can turn a label into any number of as many bits as a class has,
/// depending on the values. Whether all labels are below `classes` must not show before the last answer (H6), and is not checked here.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn argmax(
    party: &mut Party,
    numbers: &[u64],
    ring: u32,
    classes: usize,
    labels: &[Vec<u32>],
) -> Result<Option<Vec<u32>>, Halt> {
    let bits = label_bits(classes);
    let indices = if classes <= MAX_PAIRWISE {
        pairwise(party, numbers, ring, classes, labels)?
    } else {
        by_tournament(party, numbers, ring, classes, labels)?
    };
    party.step("label", |party| {
        if party.role() == Role::Server {
            party.link.send(pack(&indices, bits))?;
            return Ok(None);
        }
        let theirs = unpack(&party.link.receive(packed_bytes(indices.len(), bits))?, bits, indices.len());
        Ok(Some(indices.iter().zip(theirs).map(|(a, b)| (a.wrapping_add(b) & mask(bits)) as u32).collect()))
    })
}

/// Bits of a label.
pub(crate) fn label_bits(classes: usize) -> u32 {
    (classes.max(2) - 1).ilog2() + 1
}

/// Shares of the labels: values meet in a tournament, and indices come with them.
fn by_tournament(
    party: &mut Party,
    numbers: &[u64],
    ring: u32,
    classes: usize,
    labels: &[Vec<u32>],
) -> Result<Vec<u64>, Halt> {
    let server = party.role() == Role::Server;
    let lists = numbers.chunks_exact(classes).enumerate().map(|(slot, values)| {
        let label = |place: usize| if server { labels[slot][place].into() } else { 0 };
        values.iter().enumerate().map(|(place, &value)| [value, label(place)]).collect()
    });
    let lists = lists.collect::<Vec<_>>();
    let largest = tournament(party, lists, ring, ring.max(label_bits(classes)))?;
    Ok(largest.into_iter().map(|[_, index]| index).collect())
}

/// Shares of the labels: a place is the largest if every earlier one is smaller and no later one larger. Exactly one is, so that
/// the label is a sum over places.
fn pairwise(
    party: &mut Party,
    numbers: &[u64],
    ring: u32,
    classes: usize,
    labels: &[Vec<u32>],
) -> Result<Vec<u64>, Halt> {
    let lists = numbers.chunks_exact(classes);
    let difference = |list: &[u64], [a, b]: [usize; 2]| list[a].wrapping_sub(list[b]) & mask(ring);
    let differences: Vec<u64> =
        pairs(classes).flat_map(|pair| lists.clone().map(move |list| difference(list, pair))).collect();
    let later = party.step("msb", |party| negative(party, &differences, ring))?;
    let slots = lists.len();
    let largest = party.step("and", |party| {
        let beaten: Vec<&[u8]> = later.chunks(slots.max(1)).collect();
        let lists = (0..classes).map(|place| conditions(place, classes, &beaten, party.leads())).collect();
        // One place alone is the largest on no condition.
        if classes == 1 { Ok(vec![vec![party.leads(); slots]]) } else { all_of(party, lists) }
    })?;
    let bits = label_bits(classes);
    let shared = largest.concat();
    let shares = party.step("mux", |party| match party.role() {
        Role::Client => product::receive(party, &shared, bits),
        // b = b0 + b1 - 2 b0 b1, with b1 the server's own.
        Role::Server => {
            let said = |at: usize| u64::from(labels[at % slots][at / slots]);
            let values = (0..shared.len()).map(|at| negate_if(shared[at], said(at)));
            let products = product::send(party, &values.collect::<Vec<_>>(), bits)?;
            Ok(products.iter().enumerate().map(|(at, p)| p.wrapping_add(u64::from(shared[at]) * said(at))).collect())
        }
    })?;
    let sum =
        |slot: usize| shares.iter().skip(slot).step_by(slots.max(1)).copied().fold(0, u64::wrapping_add) & mask(bits);
    Ok((0..slots).map(sum).collect())
}

/// Every two places, the earlier first.
fn pairs(classes: usize) -> impl Iterator<Item = [usize; 2]> {
    (0..classes).flat_map(move |a| (a + 1..classes).map(move |b| [a, b]))
}

/// Shares of what makes a place the largest, one condition for each other place; `beaten` by pair: the earlier is smaller.
fn conditions(place: usize, classes: usize, beaten: &[&[u8]], lead: u8) -> Vec<Vec<u8>> {
    let condition = |([a, b], beaten): ([usize; 2], &&[u8])| match place {
        _ if place == b => Some(beaten.to_vec()),
        _ if place == a => Some(beaten.iter().map(|bit| bit ^ lead).collect()),
        _ => None,
    };
    pairs(classes).zip(beaten).filter_map(condition).collect()
}

/// The conjunction of each list's conditions, which are equally many and at least one.
#[expect(clippy::expect_used, reason = "joining conditions in pairs leaves one of them")]
fn all_of(party: &mut Party, mut lists: Vec<Vec<Vec<u8>>>) -> Result<Vec<Vec<u8>>, Halt> {
    while lists.iter().any(|list| list.len() > 1) {
        let factors = |list: &'_ Vec<Vec<u8>>| {
            list.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect::<Vec<_>>()
        };
        let pairs: Vec<(Vec<u8>, Vec<u8>)> = lists.iter().flat_map(factors).collect();
        let factors: Vec<Factors<'_>> = pairs.iter().map(|(x, y)| Factors { x, y, width: 1 }).collect();
        let mut products = and(party, &factors)?.into_iter();
        for list in &mut lists {
            let odd = (list.len() % 2 == 1).then(|| list.pop()).flatten();
            *list = products.by_ref().take(list.len() / 2).chain(odd).collect();
        }
    }
    Ok(lists.into_iter().map(|mut list| list.pop().expect("at least one condition")).collect())
}

/// The entry with the largest value of each list, the first of equals: a value modulo `2^ring` and what comes with it, shared modulo `2^wide`.
fn tournament<const PARTS: usize>(
    party: &mut Party,
    mut lists: Vec<Vec<[u64; PARTS]>>,
    ring: u32,
    wide: u32,
) -> Result<Vec<[u64; PARTS]>, Halt> {
    for level in 0.. {
        if lists.iter().all(|list| list.len() <= 1) {
            break;
        }
        let pairs: Vec<[[u64; PARTS]; 2]> =
            lists.iter().flat_map(|list| list.chunks_exact(2).map(|pair| [pair[0], pair[1]])).collect();
        let mut winners = party.step(Component::Level(level), |party| winners(party, &pairs, ring, wide))?.into_iter();
        for list in &mut lists {
            let odd = (list.len() % 2 == 1).then(|| list.pop()).flatten();
            *list = winners.by_ref().take(list.len() / 2).chain(odd).collect();
        }
    }
    Ok(lists.into_iter().flatten().collect())
}

/// `a`, or `b` where it is greater: `a + [a < b] (b - a)`.
fn winners<const PARTS: usize>(
    party: &mut Party,
    pairs: &[[[u64; PARTS]; 2]],
    ring: u32,
    wide: u32,
) -> Result<Vec<[u64; PARTS]>, Halt> {
    let behind: Vec<u64> = pairs.iter().map(|[a, b]| a[0].wrapping_sub(b[0]) & mask(ring)).collect();
    let second = party.step("msb", |party| negative(party, &behind, ring))?;
    let choices = second.repeat(PARTS);
    let step = |part: usize| pairs.iter().map(move |[a, b]| b[part].wrapping_sub(a[part]) & mask(wide));
    let steps: Vec<u64> = (0..PARTS).flat_map(step).collect();
    let moved = party.step("mux", |party| product::multiplex(party, &choices, &steps, wide))?;
    let winner = |(at, [a, _]): (usize, &[[u64; PARTS]; 2])| {
        std::array::from_fn(|part| a[part].wrapping_add(moved[part * pairs.len() + at]) & mask(wide))
    };
    Ok(pairs.iter().enumerate().map(winner).collect())
}

/// The ideal twin of [`largest`]: the largest value of the list if all fit the ring with a bit to spare, and otherwise the winner of the
/// tournament.
///
/// # Panics
/// If the list is empty.
#[must_use]
pub fn ideal_largest(list: &[u64], ring: u32) -> u64 {
    ideal_tournament(list.iter().map(|&value| [value]).collect(), ring)[0]
}

/// The ideal twin of [`argmax`] for one list. Values that do not fit the ring with a bit to spare may have no largest; among few classes the
/// label is then 0.
#[must_use]
pub fn ideal_argmax(values: &[u64], ring: u32, labels: &[u32]) -> u32 {
    let classes = values.len();
    if classes > MAX_PAIRWISE {
        let entries = values.iter().zip(labels).map(|(&value, &label)| [value, label.into()]).collect();
        return ideal_tournament(entries, ring)[1] as u32;
    }
    let is_largest = |place: usize| {
        let wins = |[a, b]: [usize; 2]| place != b || is_less(values[a], values[b], ring);
        let keeps = |[a, b]: [usize; 2]| place != a || !is_less(values[a], values[b], ring);
        pairs(classes).all(|pair| wins(pair) && keeps(pair))
    };
    labels.iter().enumerate().find(|(place, _)| is_largest(*place)).map_or(0, |(_, &label)| label)
}

fn is_less(a: u64, b: u64, ring: u32) -> bool {
    a.wrapping_sub(b) >> (ring - 1) & 1 == 1
}

fn ideal_tournament<const PARTS: usize>(mut list: Vec<[u64; PARTS]>, ring: u32) -> [u64; PARTS] {
    while list.len() > 1 {
        let better = |pair: &[[u64; PARTS]]| match *pair {
            [a, b] if is_less(a[0], b[0], ring) => b,
            _ => pair[0],
        };
        list = list.chunks(2).map(better).collect();
    }
    list[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::rehearsal::{both, shared};

    #[test]
    fn the_index_of_the_largest_goes_to_the_client() {
        for classes in [1, 2, 3, 10, 17] {
            let (ring, lists) = (21, 300);
            let [values, x0, _] = shared(6, lists * classes, 4);
            // Few values, so that equals are common; some below zero.
            let values: Vec<u64> = values.iter().map(|x| (x % 9).wrapping_sub(4)).collect();
            let x1: Vec<u64> = values.iter().zip(&x0).map(|(x, x0)| x.wrapping_sub(*x0) & mask(ring)).collect();
            let labels: Vec<Vec<u32>> = vec![(0..classes as u32).collect(); lists];
            let ([client, server], _) = both(
                |party| argmax(party, &x0, ring, classes, &[]),
                |party| argmax(party, &x1, ring, classes, &labels),
            );
            assert_eq!(server, None);
            let signed: Vec<i64> = values.iter().map(|x| x.cast_signed()).collect();
            let expected = signed.chunks_exact(classes).map(fusion_nn::fixed::argmax).collect();
            assert_eq!(client, Some(expected), "{classes} classes");
        }
    }

    /// Values without room, whose order need not be one.
    #[test]
    fn the_protocols_are_their_twins_on_every_value() {
        for classes in [3, 10, 17] {
            let (ring, lists) = (9, 300);
            let [values, x0, x1] = shared(ring, lists * classes, 5);
            let labels: Vec<Vec<u32>> = vec![(0..classes as u32).rev().collect(); lists];
            let ([client, _], _) = both(
                |party| argmax(party, &x0, ring, classes, &[]),
                |party| argmax(party, &x1, ring, classes, &labels),
            );
            let twins = values.chunks_exact(classes).zip(&labels);
            let twins = twins.map(|(list, labels)| ideal_argmax(list, ring, labels)).collect();
            assert_eq!(client, Some(twins), "{classes} classes");
        }
    }

    #[test]
    fn the_largest_of_lists_of_different_lengths() {
        let lists = |shares: &[u64]| -> Vec<Vec<u64>> {
            let mut rest = shares;
            (0..)
                .map_while(|i| rest.split_off(..(1 + i % 5).min(rest.len())).filter(|l| !l.is_empty()))
                .map(<[u64]>::to_vec)
                .collect()
        };
        let ring = 20;
        let [values, x0, x1] = shared(ring, 600, 4);
        let (shares, _) = both(|party| largest(party, lists(&x0), ring), |party| largest(party, lists(&x1), ring));
        let expected: Vec<u64> = lists(&values).iter().map(|list| ideal_largest(list, ring)).collect();
        assert_eq!(crate::party::rehearsal::opened(&shares, ring), expected);
        let with_room = lists(&values).into_iter().map(|list| list.into_iter().map(|x| x >> 1).collect::<Vec<_>>());
        for list in with_room {
            assert_eq!(Some(ideal_largest(&list, ring)), list.iter().max().copied());
        }
    }
}
