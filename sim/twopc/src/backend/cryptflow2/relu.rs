//! ReLU (Rathee et al., CCS 2020, section 4.1, Algorithm 3): a sign and a product, and then the truncation of what is not negative.

use super::multiplex::multiplex;
use super::sign;
use super::transfers::Transfers;
use super::truncate::{self, Floor};
use super::wraps::Signs;
use crate::modulus::Modulus;
use crate::party::Party;
use crate::share::choice::own_choices;
use crate::wire::link::Halt;

/// Computes shares of `max(x, 0) >> shift`.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn relu(party: &mut Party<Transfers>, numbers: &[u64], floor: Floor) -> Result<Vec<u64>, Halt> {
    let positive = signs(party, numbers, floor.modulus)?;
    of_signs(party, &positive, numbers, floor)
}

/// Computes shares of the bits `x >= 0`.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn signs(party: &mut Party<Transfers>, numbers: &[u64], modulus: Modulus) -> Result<Vec<u8>, Halt> {
    party.step("msb", |party| sign::positive(party, numbers, modulus))
}

/// Computes shares of `max(x, 0) >> shift` from shares of the bits `x >= 0`.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn of_signs(
    party: &mut Party<Transfers>,
    positive: &[u8],
    numbers: &[u64],
    floor: Floor,
) -> Result<Vec<u64>, Halt> {
    let (mut positive, mut numbers) = (positive.to_vec(), numbers.to_vec());
    party.link.add_where_kept(&mut numbers, floor.modulus, floor.shift);
    own_choices(&mut party.link, &mut positive, &mut numbers, floor.modulus, floor.shift);
    let rectified = party.step("mux", |party| multiplex(party, &positive, &numbers, floor.modulus))?;
    party.step("truncate", |party| truncate::with_signs(party, &rectified, floor, Signs::Positive))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cryptflow2::cost;
    use crate::backend::cryptflow2::testing::{assert_cost, assert_twins, both, shares_of};
    use crate::share::uniform::Uniform;

    #[test]
    fn the_protocol_is_its_twin_on_every_value() {
        let rings =
            [(37, 12), (41, 12), (37, 0), (5, 2), (2, 1), (64, 12)].map(|(ring, shift)| (Modulus::TwoTo(ring), shift));
        let fields = [(137_438_822_401, 12), (2_199_023_190_017, 12), (97, 0), (97, 3)]
            .map(|(p, shift)| (Modulus::Prime(p), shift));
        for (modulus, shift) in rings.into_iter().chain(fields) {
            let floor = Floor { modulus, shift };
            let values = modulus.uniform(&mut crate::random::Seed([8; 32]).stream(), 300);
            let [x0, x1] = shares_of(&values, modulus, 3);
            let run = |numbers: &[u64]| {
                let numbers = numbers.to_vec();
                move |party: &mut Party<Transfers>| relu(party, &numbers, floor)
            };
            let ([y0, y1], party) = both(run(&x0), run(&x1));
            let twins = Uniform { modulus, differences: true };
            assert_twins([&x0, &x1], [&y0, &y1], modulus, |x| twins.relu(x, shift));
            assert_cost(&party, |cost| cost::relu(cost, 300, floor));
        }
    }

    /// The figure measured with the authors' code in a ring of 37 bits is 587 bytes.
    #[test]
    fn without_truncation_it_takes_586_bytes_and_a_half() {
        let rings = [(37, 8 * 586 + 4), (41, 5276)].map(|(ring, bits)| (Modulus::TwoTo(ring), bits));
        let fields = [(137_438_822_401, 7768), (2_199_023_190_017, 8664)].map(|(p, bits)| (Modulus::Prime(p), bits));
        for (modulus, bits) in rings.into_iter().chain(fields) {
            let (count, floor, numbers) = (16, Floor { modulus, shift: 0 }, vec![7; 16]);
            let (_, party) = both(|party| relu(party, &numbers, floor), |party| relu(party, &numbers, floor));
            assert_eq!(8 * party.link.meter().total(|_| true).bytes, count * bits, "{modulus:?}");
        }
    }
}
