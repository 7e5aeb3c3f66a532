//! What verdicts tell a server of an RLWE key that encrypts slots and that the client keeps, in `CrypTFlow2` and DELPHI: a coefficient for every two sessions, whatever the network. A response is decrypted to
//! the nearest step of the plaintext in each of its coefficients, and one coefficient that passes the edge is garbage in all slots (Chenal and Tang, "On Key Recovery Attacks Against Existing
//! Somewhat Homomorphic Encryption Schemes", LATINCRYPT 2014). Here every slot is a public: a session is accepted if all labels are right.

use crate::kept_key::is_response;
use crate::world::World;
use fusion_2pc::backend::Backend;
use fusion_2pc::backend::cryptflow2::Cryptflow2He;
use fusion_2pc::backend::delphi::Delphi;
use fusion_2pc::bits::{Packer, Unpacker};
use fusion_2pc::he::parameters::Parameters;
use fusion_2pc::he::ring::Ring;
use fusion_2pc::he::slots::SLOTS as DEGREE;
use fusion_2pc::modulus::Modulus;
use fusion_2pc::role::Role;
use fusion_2pc::wire::hook::{Conduct, Deviation};
use fusion_2pc::wire::meter::Message;
use fusion_proofs_tests::networks::{matrix, noise};

/// How the coefficients of a response are sent: modulo a number, in so many bits; and what the server adds to one of `a`, a quarter of a step of the plaintext, and of `b`, half of a step less half of that.
struct Limb {
    modulus: u64,
    bits: u32,
    moved: u64,
    edge: u64,
}

/// The limbs of a response of `CrypTFlow2`, which is switched to a power of two, or DELPHI's, which is whole. `p` is the modulus of the plaintext.
fn limbs(switched: bool, p: u64) -> Vec<Limb> {
    if switched {
        let modulus = 1 << 60;
        return vec![Limb { modulus, bits: 60, moved: modulus / p / 4, edge: modulus / p / 8 * 3 }];
    }
    let primes: Vec<u64> = Ring::new(Parameters { degree: DEGREE, primes: 4, prime_bits: 42 }).primes().collect();
    // The whole part of `q x / 8p`, with `q` the product of the primes: `-(q x mod 8p) / 8p` modulo each of them, as `q` is 0.
    let part = |x: u64, prime: u64| {
        let eighth = u128::from(p) * 8;
        let rest = primes.iter().fold(u128::from(x), |rest, prime| rest * u128::from(*prime) % eighth);
        let modulus = Modulus::Prime(prime);
        let [rest, eighth] = [rest, eighth].map(|x| u64::try_from(x % u128::from(prime)).expect("below the prime"));
        let inverse = (0..u64::BITS).filter(|bit| (prime - 2) >> bit & 1 == 1).fold(1, |power, bit| {
            let square = (0..bit).fold(eighth, |square, _| modulus.mul(square, square));
            modulus.mul(power, square)
        });
        modulus.sub(0, modulus.mul(rest, inverse))
    };
    let limb = |&prime: &u64| Limb { modulus: prime, bits: 42, moved: part(2, prime), edge: part(3, prime) };
    primes.iter().map(limb).collect()
}

/// Brings one coefficient of every response to the edge of its rounding: from below it passes if a coefficient of the key is -1, from above if that is 1, and then all slots of
/// the response are garbage. Noise and flooding are less than an eighth of a step.
struct Edge {
    limbs: Vec<Limb>,
    coefficient: usize,
    place: usize,
    below: bool,
}

impl Deviation for Edge {
    fn message(&mut self, message: &Message, payload: &[u8]) -> Conduct {
        if !is_response(message) {
            return Conduct::Send;
        }
        let (mut unpacker, mut packer) = (Unpacker::new(payload), Packer::default());
        let halves = payload.len() * 8 / self.limbs.iter().map(|limb| limb.bits as usize * DEGREE).sum::<usize>();
        for half in 0..halves {
            for Limb { modulus, bits, moved, edge } in &self.limbs {
                let (at, more) = match (half % 2, self.below) {
                    (0, _) => (DEGREE - self.place, *moved),
                    (_, true) => (self.coefficient, *edge),
                    (_, false) => (self.coefficient, modulus - edge),
                };
                for place in 0..DEGREE {
                    let word = unpacker.pull(*bits);
                    packer.push(if place == at { (word + more) % modulus } else { word }, *bits);
                }
            }
        }
        Conduct::Replace(packer.finish())
    }
}

/// Some coefficients of the key, each from two sessions that bring it to this coefficient of a response.
fn read_in_slots<B: Backend>(world: &World<B>, switched: bool, coefficient: usize) -> Vec<i64> {
    let images = noise(world.plan.slots, 1);
    let expected = world.expected(&images).1;
    let circuit = &world.plan.circuit;
    let Modulus::Prime(p) = circuit.modulus(circuit.ring(circuit.output)) else { panic!("a family modulo a prime") };
    let rejected = |place, below| {
        let deviation = Edge { limbs: limbs(switched, p), coefficient, place, below };
        let session = world.deviant(Role::Server, deviation, &images);
        session.client.expect("nothing is malformed").labels != expected
    };
    let read = |index: usize| {
        let place = index - coefficient;
        i64::from(rejected(place, false)) - i64::from(rejected(place, true))
    };
    [3001, 3002, 4000, 5000].into_iter().map(read).collect()
}

fn in_slots<B: Backend + Default>(switched: bool) {
    let of = |seed| World::by(B::default(), &[matrix(3)], 12, seed);
    let world = of(1);
    let key = read_in_slots(&world, switched, 1);
    assert!(key.iter().any(|value| *value != key[0]), "{key:?}");
    // The same coefficients by another way; any other answers would agree with chance 3^-4.
    assert_eq!(read_in_slots(&world, switched, 5), key);
    assert_ne!(read_in_slots(&of(2), switched, 1), key);
}

#[test]
fn two_verdicts_tell_a_coefficient_of_a_key_that_encrypts_slots() {
    in_slots::<Cryptflow2He>(true);
    in_slots::<Delphi>(false);
}
