//! The largest value of windows (Rathee et al., CCS 2020, section 4.3): one value after another is compared with the largest so far.

use super::multiplex::multiplex;
use super::sign;
use super::transfers::Transfers;
use crate::address::Component;
use crate::modulus::Modulus;
use crate::party::Party;
use crate::wire::link::Halt;

/// Shares of the bits `a < b`, by the sign of the difference.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn less(party: &mut Party<Transfers>, pairs: &[[u64; 2]], ring: u32) -> Result<Vec<u8>, Halt> {
    let modulus = Modulus::TwoTo(ring);
    let differences: Vec<u64> = pairs.iter().map(|[a, b]| modulus.reduce(a.wrapping_sub(*b))).collect();
    let positive = sign::positive(party, &differences, ring)?;
    let lead = party.leads();
    Ok(positive.into_iter().map(|bit| bit ^ lead).collect())
}

/// Computes shares modulo `2^ring` of the largest value of each list. No list is empty.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn largest(party: &mut Party<Transfers>, lists: &[Vec<u64>], ring: u32) -> Result<Vec<u64>, Halt> {
    let modulus = Modulus::TwoTo(ring);
    let mut most: Vec<u64> = lists.iter().map(|list| list[0]).collect();
    let longest = lists.iter().map(Vec::len).max();
    for place in 1..longest.unwrap_or(0) {
        let reached: Vec<usize> = (0..lists.len()).filter(|&list| place < lists[list].len()).collect();
        let pairs: Vec<[u64; 2]> = reached.iter().map(|&list| [most[list], lists[list][place]]).collect();
        let steps: Vec<u64> = pairs.iter().map(|[most, next]| modulus.sub(*next, *most)).collect();
        let moved = party.step(Component::Level(place - 1), |party| {
            let larger = party.step("msb", |party| less(party, &pairs, ring))?;
            party.step("mux", |party| multiplex(party, &larger, &steps, modulus))
        })?;
        for (list, moved) in reached.into_iter().zip(moved) {
            most[list] = modulus.add(most[list], moved);
        }
    }
    Ok(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cryptflow2::cost;
    use crate::backend::cryptflow2::testing::{assert_cost, both};
    use crate::party::rehearsal::{opened, shared};
    use crate::share::uniform::Uniform;

    #[test]
    fn the_protocol_is_its_twin_on_lists_of_different_lengths() {
        let lengths: Vec<usize> = (0..100).map(|at| 1 + at % 4).collect();
        let lists = |mut rest: &[u64]| -> Vec<Vec<u64>> {
            let mut take = |length: &usize| {
                let (list, after) = rest.split_at(*length);
                rest = after;
                list.to_vec()
            };
            lengths.iter().map(&mut take).collect()
        };
        for ring in [3, 37] {
            let [values, x0, x1] = shared(ring, lengths.iter().sum(), 4);
            let (shares, party) =
                both(|party| largest(party, &lists(&x0), ring), |party| largest(party, &lists(&x1), ring));
            let twins = Uniform { modulus: Modulus::TwoTo(ring), differences: true };
            let expected: Vec<u64> = lists(&values).iter().map(|list| twins.largest(list)).collect();
            assert_eq!(opened(&shares, ring), expected);
            assert_cost(&party, |cost| cost::largest(cost, &lengths, ring));
        }
    }
}
