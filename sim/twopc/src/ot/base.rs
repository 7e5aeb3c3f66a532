//! The first transfers, from a group: everything else is extended from them.
//!
//! Chou and Orlandi, "The Simplest Protocol for Oblivious Transfer" (LATINCRYPT 2015), figure 1, over ristretto255. As in later
//! analyses (Genc, Iovino, Rial, "The Simplest Protocol for Oblivious Transfer Revisited", 2020), a key is a hash of the transfer's number and
//! everything sent for it besides the shared point. Points that do not decode, and the identity, are refused.

use super::block::Block;
use crate::random::Seed;
use crate::wire::link::{Halt, Link};
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, IsIdentity};
use rand_core::Rng;
use subtle::{Choice, ConditionallySelectable};

/// The number of base transfers of Cheetah's extensions: one for each bit of a block but the lowest, which both parties know, as that bit of the correlation is 1.
pub const TRANSFERS: usize = 127;

const POINT_BYTES: usize = 32;

/// The bytes that a party sends if both are the sender once and the receiver once.
pub const SENT_BYTES: usize = sent_bytes(TRANSFERS);

/// The bytes that a party sends if both are the sender of so many transfers and the receiver of as many.
#[must_use]
pub const fn sent_bytes(count: usize) -> usize {
    POINT_BYTES * (1 + count)
}

/// The sender of base transfers, between its two messages.
pub struct Sender {
    a: Scalar,
    A: RistrettoPoint,
}

impl Sender {
    /// Draws `a` and sends `A = aG`.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn announce(link: &mut Link, rng: &mut impl Rng) -> Result<Self, Halt> {
        let a = scalar(rng);
        let A = RistrettoPoint::mul_base(&a);
        link.send(A.compress().to_bytes().to_vec())?;
        Ok(Self { a, A })
    }

    /// Receives [`TRANSFERS`] points `B`, and returns for each the keys of `aB` and of `a(B - A)`.
    ///
    /// # Errors
    /// [`Halt`] where the peer sends no points.
    pub fn seeds(self, link: &mut Link) -> Result<Vec<[Seed; 2]>, Halt> {
        self.seeds_of(link, TRANSFERS)
    }

    /// The same for as many transfers as `count`.
    ///
    /// # Errors
    /// [`Halt`] where the peer sends no points.
    pub fn seeds_of(self, link: &mut Link, count: usize) -> Result<Vec<[Seed; 2]>, Halt> {
        let message = link.receive(POINT_BYTES * count)?;
        let T = self.a * self.A;
        let (points, _) = message.as_chunks::<POINT_BYTES>();
        let pair = |(number, bytes): (usize, &[u8; POINT_BYTES])| {
            let B = point(link, *bytes)?;
            let shared = self.a * B;
            Ok([key(number, &self.A, &B, &shared), key(number, &self.A, &B, &(shared - T))])
        };
        points.iter().enumerate().map(pair).collect()
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("A", &self.A).finish_non_exhaustive()
    }
}

/// Runs the receiver, and returns for each transfer the seed that bit `number + 1` of `choices` selects.
///
/// # Errors
/// [`Halt`] where the peer sends no point.
pub fn choose(link: &mut Link, rng: &mut impl Rng, choices: Block) -> Result<Vec<Seed>, Halt> {
    let bits: [u8; TRANSFERS] = std::array::from_fn(|number| (choices >> (number + 1) & 1) as u8);
    choose_each(link, rng, &bits)
}

/// Runs the receiver of a transfer for each choice, 0 or 1, and returns the seeds that they select.
///
/// # Errors
/// [`Halt`] where the peer sends no point.
pub fn choose_each(link: &mut Link, rng: &mut impl Rng, choices: &[u8]) -> Result<Vec<Seed>, Halt> {
    let message = link.receive(POINT_BYTES)?;
    let A = point(link, message.try_into().map_err(|_| link.malformed("it has another length"))?)?;
    let mut points = Vec::with_capacity(POINT_BYTES * choices.len());
    let mut seeds = Vec::with_capacity(choices.len());
    for (number, &choice) in choices.iter().enumerate() {
        let c = Choice::from(choice);
        let b = scalar(rng);
        let B = RistrettoPoint::mul_base(&b) + RistrettoPoint::conditional_select(&RistrettoPoint::identity(), &A, c);
        points.extend_from_slice(B.compress().as_bytes());
        seeds.push(key(number, &A, &B, &(b * A)));
    }
    link.send(points)?;
    Ok(seeds)
}

fn scalar(rng: &mut impl Rng) -> Scalar {
    let mut wide = [0; 64];
    rng.fill_bytes(&mut wide);
    Scalar::from_bytes_mod_order_wide(&wide)
}

fn point(link: &Link, bytes: [u8; POINT_BYTES]) -> Result<RistrettoPoint, Halt> {
    let point = CompressedRistretto(bytes).decompress().ok_or_else(|| link.malformed("it is no point"))?;
    if point.is_identity() { Err(link.malformed("it is the identity")) } else { Ok(point) }
}

fn key(number: usize, A: &RistrettoPoint, B: &RistrettoPoint, shared: &RistrettoPoint) -> Seed {
    let mut hasher = blake3::Hasher::new_derive_key("fusion-2pc base oblivious transfer 1");
    hasher.update(&(number as u64).to_le_bytes());
    for point in [A, B, shared] {
        hasher.update(point.compress().as_bytes());
    }
    Seed(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::clock::LinkSpeed;

    const CHOICES: Block = 0x8000_0000_0000_0001_5555_3333_0f0f_00ff;

    fn run(seed: u8) -> (Vec<[Seed; 2]>, Vec<Seed>) {
        let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
        std::thread::scope(|scope| {
            let receiver = scope.spawn(move || choose(&mut server, &mut Seed([seed; 32]).stream(), CHOICES).unwrap());
            let mut rng = Seed([seed + 1; 32]).stream();
            let pairs = Sender::announce(&mut client, &mut rng).unwrap().seeds(&mut client).unwrap();
            (pairs, receiver.join().unwrap())
        })
    }

    #[test]
    fn the_receiver_has_the_chosen_seed_and_not_the_other() {
        let (pairs, chosen) = run(1);
        assert_eq!((pairs.len(), chosen.len()), (TRANSFERS, TRANSFERS));
        let mut all: Vec<[u8; 32]> = pairs.iter().flatten().map(|seed| seed.0).collect();
        for (number, (pair, chosen)) in pairs.iter().zip(&chosen).enumerate() {
            let choice = (CHOICES >> (number + 1) & 1) as usize;
            assert_eq!(pair[choice], *chosen, "{number}");
        }
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 2 * TRANSFERS, "all seeds differ");
        assert!(run(1) == (pairs, chosen), "the same randomness, the same seeds");
    }

    #[test]
    fn what_is_no_point_is_malformed_to_either_party() {
        // Neither 32 bytes of ones, nor the identity, nor another length.
        let no_points: [(Vec<u8>, &str); 3] = [
            (vec![0xff; 32], "it is no point"),
            (vec![0; 32], "it is the identity"),
            (vec![9; 31], "it has another length"),
        ];
        for (bytes, complaint) in no_points {
            let expected = Halt::Malformed { step: crate::address::Address::default(), what: complaint };
            let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
            client.send(bytes.clone()).unwrap();
            assert_eq!(choose(&mut server, &mut Seed([3; 32]).stream(), 0).unwrap_err(), expected);

            let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
            let sender = Sender::announce(&mut server, &mut Seed([3; 32]).stream()).unwrap();
            client.send(bytes.repeat(TRANSFERS)).unwrap();
            assert_eq!(sender.seeds(&mut server).unwrap_err(), expected);
        }
    }
}
