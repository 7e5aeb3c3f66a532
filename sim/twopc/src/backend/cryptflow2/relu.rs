//! ReLU (Rathee et al., CCS 2020, section 4.1, Algorithm 3): a sign and a product, and then the truncation of what is not negative.

use super::multiplex::multiplex;
use super::sign;
use super::transfers::Transfers;
use super::truncate::{self, Floor, Signs};
use crate::modulus::Modulus;
use crate::party::Party;
use crate::wire::link::Halt;

/// Computes shares of `max(x, 0) >> shift`.
///
/// # Errors
/// [`Halt`] where the peer does not keep to the protocol.
pub fn relu(party: &mut Party<Transfers>, numbers: &[u64], floor: Floor) -> Result<Vec<u64>, Halt> {
    let positive = party.step("msb", |party| sign::positive(party, numbers, floor.ring))?;
    let modulus = Modulus::TwoTo(floor.ring);
    let rectified = party.step("mux", |party| multiplex(party, &positive, numbers, modulus))?;
    party.step("truncate", |party| truncate::with_signs(party, &rectified, floor, Signs::Positive))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cryptflow2::cost;
    use crate::backend::cryptflow2::testing::{assert_cost, both};
    use crate::party::rehearsal::shared;
    use crate::share::twin::assert_twin;
    use crate::share::uniform::Uniform;

    #[test]
    fn the_protocol_is_its_twin_on_every_value() {
        for (ring, shift) in [(37, 12), (41, 12), (37, 0), (5, 2), (2, 1), (64, 12)] {
            let floor = Floor { ring, shift };
            let [_, x0, x1] = shared(ring, 300, 3);
            let run = |numbers: &[u64]| {
                let numbers = numbers.to_vec();
                move |party: &mut Party<Transfers>| relu(party, &numbers, floor)
            };
            let ([y0, y1], party) = both(run(&x0), run(&x1));
            let twins = Uniform { modulus: Modulus::TwoTo(ring), differences: true };
            assert_twin([&x0, &x1], ring, [&y0, &y1], ring, |x, _| twins.relu(x, shift));
            assert_cost(&party, |cost| cost::relu(cost, 300, floor));
        }
    }

    /// The figure measured with the authors' code is 587 bytes.
    #[test]
    fn without_truncation_it_takes_586_bytes_and_a_half() {
        for (ring, bits) in [(37, 8 * 586 + 4), (41, 5276)] {
            let (count, floor, numbers) = (16, Floor { ring, shift: 0 }, vec![7; 16]);
            let (_, party) = both(|party| relu(party, &numbers, floor), |party| relu(party, &numbers, floor));
            assert_eq!(8 * party.link.meter().total(|_| true).bytes, count * bits);
        }
    }
}
