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
pub fn less(party: &mut Party<Transfers>, pairs: &[[u64; 2]], modulus: Modulus) -> Result<Vec<u8>, Halt> {
    let differences: Vec<u64> =
        pairs.iter().map(|[a, b]| modulus.sub(modulus.reduce(*a), modulus.reduce(*b))).collect();
    let positive = sign::positive(party, &differences, modulus)?;
    let lead = party.leads();
    Ok(positive.into_iter().map(|bit| bit ^ lead).collect())
}

/// Computes shares of the largest value of each list. No list is empty.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn largest(party: &mut Party<Transfers>, lists: &[Vec<u64>], modulus: Modulus) -> Result<Vec<u64>, Halt> {
    let mut most: Vec<u64> = lists.iter().map(|list| list[0]).collect();
    let longest = lists.iter().map(Vec::len).max();
    for place in 1..longest.unwrap_or(0) {
        let reached: Vec<usize> = (0..lists.len()).filter(|&list| place < lists[list].len()).collect();
        let pairs: Vec<[u64; 2]> = reached.iter().map(|&list| [most[list], lists[list][place]]).collect();
        let steps: Vec<u64> = pairs.iter().map(|[most, next]| modulus.sub(*next, *most)).collect();
        let moved = party.step(Component::Level(place - 1), |party| {
            let larger = party.step("msb", |party| less(party, &pairs, modulus))?;
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
    use crate::backend::cryptflow2::testing::{assert_cost, both, shares_of};
    use crate::random::Seed;
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
        for modulus in [Modulus::TwoTo(3), Modulus::TwoTo(37), Modulus::Prime(7), Modulus::Prime(137_438_822_401)] {
            let values = modulus.uniform(&mut Seed([8; 32]).stream(), lengths.iter().sum());
            let [x0, x1] = shares_of(&values, modulus, 4);
            let ([y0, y1], party) =
                both(|party| largest(party, &lists(&x0), modulus), |party| largest(party, &lists(&x1), modulus));
            let twins = Uniform { modulus, differences: true };
            let opened: Vec<u64> = y0.iter().zip(&y1).map(|(a, b)| modulus.add(*a, *b)).collect();
            assert_eq!(opened, lists(&values).iter().map(|list| twins.largest(list)).collect::<Vec<_>>());
            assert_cost(&party, |cost| cost::largest(cost, &lengths, modulus));
        }
    }
}
