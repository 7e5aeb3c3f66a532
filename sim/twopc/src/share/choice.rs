//! A server that chooses otherwise than by its share of a bit, in products of shared bits and shared values.
//!
//! Let the bit be `b = b_c + b_s` modulo 2 and the value `x = x_c + x_s`, shared by a client and a server. In the product in which the server receives, the client's part of `b x`
//! comes from its choice: for `b_s` it is `b x_c`, and for the other choice `(1 - b) x_c`. So the client's and the server's shares of the product are together off by
//! `(1 - b) x_c - b x_c = (-1)^b x_c = (-1)^b (x - x_s)`, an affine function of the value and of the bit, with the server's own share in it. As the sender of the other product the server
//! knows `x_s` and may be off by any function of `b` that it likes: by `(-1)^b x_s` and, where the bit is 0, by a number `v` of its choice. All is then
//! `(1 - b)(x + v)`, whatever the shares are. It comes to the same as a server that uses another share of the bit throughout, and adds `v` to its share of the value.

use crate::modulus::Modulus;
use crate::wire::link::Link;

/// Turns the choices of a server that deviates, and adds to its shares of the values what it adds where the bit is 0, times `2^shift`. `choices` are its shares of
/// the bits; of an honest party nothing changes.
pub fn own_choices(link: &mut Link, choices: &mut [u8], values: &mut [u64], modulus: Modulus, shift: u32) {
    let otherwise = link.deviating(|deviation, step| deviation.own_choices(step, choices.len()));
    for ((choice, value), added) in choices.iter_mut().zip(values).zip(otherwise.into_iter().flatten()) {
        if let Some(added) = added {
            *choice ^= 1;
            *value = modulus.add(modulus.reduce(*value), modulus.element(added << shift));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::bits::mask;
    use crate::party::rehearsal::{both, coins, opened, shared};
    use crate::role::Role;
    use crate::share::product::{multiplex, receive, send};
    use crate::wire::hook::Deviation;

    const COUNT: usize = 3000;
    const RING: u32 = 37;

    struct Otherwise;

    impl Deviation for Otherwise {
        fn own_choices(&mut self, _step: &Address, count: usize) -> Option<Vec<Option<i64>>> {
            Some((0_i64..).take(count).map(|at| (at % 3 > 0).then_some(7 * at)).collect())
        }
    }

    /// In one product alone the shares are off by the client's share, with the sign of the bit.
    #[test]
    fn the_other_choice_in_one_product_is_off_by_the_clients_share() {
        let [_, x0, _] = shared(RING, COUNT, 1);
        let [b0, b1] = [coins(COUNT, 2), coins(COUNT, 3)];
        let turned: Vec<u64> = x0.iter().zip(&b0).map(|(x, b)| if *b == 1 { x.wrapping_neg() } else { *x }).collect();
        let other: Vec<u8> = b1.iter().map(|bit| 1 ^ bit).collect();
        let product = |choices: &[u8]| {
            let (shares, _) = both(|party| send(party, &turned, RING), |party| receive(party, choices, RING));
            opened(&shares, RING)
        };
        for (at, (off, honest)) in product(&other).into_iter().zip(product(&b1)).enumerate() {
            let expected = if b0[at] == b1[at] { x0[at] } else { x0[at].wrapping_neg() };
            assert_eq!(off.wrapping_sub(honest) & mask(RING), expected & mask(RING));
        }
    }

    /// With its messages in the other product, the result is a function of the value and the bit alone.
    #[test]
    fn both_products_together_give_the_other_values() {
        let [values, x0, x1] = shared(RING, COUNT, 1);
        let [b0, b1] = [coins(COUNT, 2), coins(COUNT, 3)];
        let run = |bits: &[u8], numbers: &[u64]| {
            let (mut bits, mut numbers) = (bits.to_vec(), numbers.to_vec());
            move |party: &mut crate::party::Party| {
                if party.role() == Role::Server {
                    party.link.deviate(Box::new(Otherwise));
                }
                own_choices(&mut party.link, &mut bits, &mut numbers, Modulus::TwoTo(RING), 2);
                multiplex(party, &bits, &numbers, RING)
            }
        };
        let (shares, _) = both(run(&b0, &x0), run(&b1, &x1));
        for (at, product) in opened(&shares, RING).into_iter().enumerate() {
            let bit = u64::from(b0[at] ^ b1[at]);
            let expected = if at % 3 == 0 { bit * values[at] } else { (1 - bit) * (values[at] + 28 * at as u64) };
            assert_eq!(product, expected & mask(RING), "{at}");
        }
    }
}
