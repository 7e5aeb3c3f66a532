//! `SCI_HE`: `CrypTFlow2` with linear layers under encryption, modulo a prime.

use super::cost::{self, Messages};
use super::divide::message_bits;
use super::form::TripleForm;
use super::party::{Cryptflow2Party, Linear};
use super::transfers::{Keys, Transfers};
use super::unmask::{self, Chosen, Unmask};
use crate::backend::probe::Coefficient;
use crate::backend::reader::{Reader, Reading};
use crate::backend::slots::{self, Network, Packing};
use crate::backend::traits::{Backend, Chunk};
use crate::bits::mask;
use crate::circuit::{Circuit, Draft, Op, Unsupported, demands, met_by_some};
use crate::cost::Cost;
use crate::he::slots::{ClientKey, ServerKeys};
use crate::linear::TooHeavy;
use crate::linear::rotations::Style;
use crate::modulus::Modulus;
use crate::ot::Scheme;
use crate::ot::block::Block;
use crate::ot::probe::{Guess, Parts};
use crate::party::Party;
use crate::random::Seed;
use crate::share::truncate::Truncation;
use crate::share::uniform::Uniform;
use crate::wire::hook::Deviation;
use crate::wire::link::{Halt, Link};
use fusion_nn::fixed::FixedModel;
use tfhe_ntt::prime::largest_prime_in_arithmetic_progression64;

/// The primes of the authors' code for values of 37 and of 41 bits. They are 1 modulo `2^17` and `2^16`, so that no more bits than these are dropped.
pub const PRIMES: [u64; 2] = [137_438_822_401, 2_199_023_190_017];

/// The most bits that a truncation drops: every other prime here is 1 modulo two to this.
const MOST_SHIFT: u32 = 20;

/// The most bits of a prime that takes the place of [`PRIMES`] where values need more room.
const MOST_BITS: u32 = 48;

/// `CrypTFlow2` with linear layers under encryption. Values are shared modulo the first of [`PRIMES`] that holds the proved ranges of a network, or the least
/// other prime that does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cryptflow2He {
    /// How transfers of one of two messages are extended.
    pub scheme: Scheme,
    /// How pairs of products use correlated triples.
    pub triples: TripleForm,
}

/// What a client keeps between sessions: its secret key for each prime, and its part of the base transfers.
#[derive(Clone)]
pub struct HeClientKeys {
    keys: slots::ClientKeys,
    transfers: Keys,
}

/// What a server keeps between sessions: the client's public keys for each prime, and its part of the base transfers.
#[derive(Clone)]
pub struct HeServerKeys {
    keys: slots::ServerKeys,
    transfers: Keys,
}

/// The prime for integers up to a size of networks that drop at most so many bits: a prime is 1 modulo two to these. `None` where none holds them.
fn prime(size: u64, shift: u32) -> Option<u64> {
    let step = 1 << MOST_SHIFT;
    let windows = (size..1 << (MOST_BITS - 1)).step_by(step >> 1);
    let wider = windows
        .filter_map(|half| largest_prime_in_arithmetic_progression64(step as u64, 1, 2 * half, 2 * half + step as u64));
    let own = PRIMES.into_iter().filter(|p| divides(*p, shift));
    own.chain(wider).find(|p| Modulus::Prime(*p).holds(size))
}

/// Whether a number is such a prime.
fn is_own(p: u64) -> bool {
    let wider = p >> MOST_BITS == 0 && largest_prime_in_arithmetic_progression64(1 << MOST_SHIFT, 1, p, p) == Some(p);
    wider || PRIMES.contains(&p)
}

/// Whether values modulo a prime can be divided by two to so many bits.
fn divides(p: u64, shift: u32) -> bool {
    p & mask(shift) == 1 || shift == 0
}

/// Refuses every step that drops more bits than a prime allows, or whose division has messages of more than a word.
fn shifts_fit(circuit: &Circuit, p: u64) -> Result<(), Unsupported> {
    let bits = Modulus::Prime(p).bits();
    let beyond = circuit.dropped().filter_map(|(shift, step)| {
        let what = match shift {
            _ if shift > MOST_SHIFT => format!("bits, more than {MOST_SHIFT}"),
            _ if !divides(p, shift) => format!("bits, more than the prime {p} allows"),
            _ if message_bits(p, shift) > u64::BITS => {
                format!("bits of values modulo a prime of {bits} bits, too many together")
            }
            _ => return None,
        };
        Some(format!("{}: it drops {shift} {what}", step.node))
    });
    Unsupported::unless_none(beyond)
}

impl Backend for Cryptflow2He {
    type Packing = Packing;
    type Network = Network;
    type ClientKeys = HeClientKeys;
    type ServerKeys = HeServerKeys;
    type Transfers = Transfers;
    type Party<'a> = Cryptflow2Party<Encrypted<'a>>;

    /// The published truncation is exact, so that `truncation` makes no difference. Where no prime holds the values, one that allows what is dropped stands in
    /// for it: what does not fit it fits no larger one.
    fn draft(&self, models: &[&FixedModel], _truncation: Truncation) -> Draft {
        let over = |p: u64| {
            let uniform = Uniform { modulus: Modulus::Prime(p), differences: true };
            Circuit::draft(models, Truncation::Faithful, Some(uniform))
        };
        // What is dropped does not depend on the prime.
        let first = over(PRIMES[0]).circuit;
        let shift = first.as_ref().and_then(Circuit::most_dropped).map_or(0, |(shift, _)| shift);
        let demands = demands(models, true);
        let held = met_by_some(MOST_BITS, &demands, |demand| prime(demand.size, shift).is_some());
        let most = demands.iter().map(|demand| demand.size).max();
        let p = most.and_then(|size| prime(size, shift)).or_else(|| prime(PRIMES[1] >> 1, shift)).unwrap_or(PRIMES[1]);
        over(p).after(held).checked(|circuit| shifts_fit(circuit, p))
    }

    fn admits(&self, circuit: &Circuit) -> Result<(), Unsupported> {
        let prime = match circuit.uniform {
            Some(Uniform { modulus: Modulus::Prime(p), differences: true }) if is_own(p) => Some(p),
            _ => None,
        };
        circuit.shared_where(|_| prime.is_some() && circuit.truncation == Truncation::Faithful)?;
        prime.map_or(Ok(()), |p| shifts_fit(circuit, p))
    }

    /// A circuit that cannot be packed counts without ciphertexts, as no session evaluates it.
    fn slots_per_message(&self, circuit: &Circuit) -> usize {
        let packing = self.packing(circuit, 1, 1);
        cost::slots_per_message(circuit, |step| {
            let mut cost = Cost::default();
            if let Ok(packing) = &packing {
                packing.cost(step, 1, &mut cost);
            }
            cost.bytes()
        })
    }

    fn packing(&self, circuit: &Circuit, group: usize, slots: u64) -> Result<Packing, Unsupported> {
        Packing::new(circuit, Style::CRYPTFLOW2, group, slots)
    }

    fn network(&self, model: &FixedModel, circuit: &Circuit, packing: &Packing) -> Result<Network, TooHeavy> {
        Ok(Network::new(model, circuit, packing))
    }

    fn client_keys(&self, link: &mut Link, seed: &Seed, packings: &[&Packing]) -> Result<HeClientKeys, Halt> {
        let keys = slots::ClientKeys::set_up(link, &seed.child("secret key"), packings)?;
        Ok(HeClientKeys { keys, transfers: Keys::run(link, &seed.child("transfers"), self.scheme)? })
    }

    fn server_keys(&self, link: &mut Link, seed: &Seed, packings: &[&Packing]) -> Result<HeServerKeys, Halt> {
        let keys = slots::ServerKeys::set_up(link, packings)?;
        Ok(HeServerKeys { keys, transfers: Keys::run(link, &seed.child("transfers"), self.scheme)? })
    }

    fn client_transfers(&self, keys: &HeClientKeys, session: &Seed, expected: [usize; 2]) -> Transfers {
        keys.transfers.session(session, expected, self.triples)
    }

    fn server_transfers(&self, keys: &HeServerKeys, session: &Seed, [by_client, by_server]: [usize; 2]) -> Transfers {
        keys.transfers.session(session, [by_server, by_client], self.triples)
    }

    fn extension(&self, _count: usize) -> Scheme {
        self.scheme
    }

    fn client<'a>(&'a self, chunk: Chunk<'a, Self>, keys: &'a HeClientKeys) -> Cryptflow2Party<Encrypted<'a>> {
        let key = keys.keys.of(chunk.packing);
        Cryptflow2Party::new(chunk.circuit, Encrypted { packing: chunk.packing, side: Side::Client(key) })
    }

    fn server<'a>(
        &'a self,
        chunk: Chunk<'a, Self>,
        keys: &'a HeServerKeys,
        networks: Vec<&'a Network>,
    ) -> Cryptflow2Party<Encrypted<'a>> {
        let keys = keys.keys.of(chunk.packing);
        Cryptflow2Party::new(chunk.circuit, Encrypted { packing: chunk.packing, side: Side::Server(keys, networks) })
    }

    fn shown(&self, circuit: &Circuit, values: &[Vec<u64>]) -> Reading {
        match self.triples {
            TripleForm::Paper => Reading::new(),
            TripleForm::AsReleased => unmask::shown(circuit, values),
        }
    }

    fn reader<'a>(
        &'a self,
        chunk: Chunk<'a, Self>,
        keys: &'a HeServerKeys,
        networks: Vec<&'a Network>,
    ) -> Option<Box<dyn Reader<Transfers = Transfers> + 'a>> {
        let Chunk { circuit, packing, slots } = chunk;
        (self.triples == TripleForm::AsReleased).then(|| -> Box<dyn Reader<Transfers = Transfers>> {
            let keys = keys.keys.of(packing);
            Box::new(Unmask::new(circuit, slots, Chosen { packing, keys, networks }, unmask::as_seen))
        })
    }

    fn parts(&self) -> Option<Parts> {
        Some(Parts::of(self.scheme.extension))
    }

    fn correlation(&self, keys: &HeClientKeys) -> Option<Block> {
        Some(keys.transfers.correlation())
    }

    fn key_probe(&self, packing: &Packing, asked: Coefficient) -> Option<Box<dyn Deviation>> {
        Some(Box::new(slots::AtTheEdge::new(packing, asked)))
    }

    fn has_coefficient(&self, keys: &HeClientKeys, packing: &Packing, asked: Coefficient) -> Option<bool> {
        Some(keys.keys.of(packing).has(asked.index as usize, asked.value))
    }

    fn guessing_transfers(
        &self,
        keys: &HeServerKeys,
        session: &Seed,
        expected: [usize; 2],
        guess: Guess,
    ) -> Option<Transfers> {
        Some(self.server_transfers(keys, session, expected).guessing(guess))
    }

    fn offline_cost(&self, _chunk: Chunk<'_, Self>, _step: usize, _cost: &mut Cost) {}

    fn online_cost(&self, chunk: Chunk<'_, Self>, step: usize, cost: &mut Cost) {
        let Chunk { circuit, packing, slots } = chunk;
        match circuit.steps[step].op {
            Op::Linear { .. } => packing.cost(step, slots, cost),
            _ => cost::step(&mut Messages { cost, scheme: self.scheme }, circuit, step, slots),
        }
    }

    fn argmax_cost(&self, chunk: Chunk<'_, Self>, cost: &mut Cost) {
        cost::labels(&mut Messages { cost, scheme: self.scheme }, chunk.circuit, chunk.slots);
    }
}

/// What one of the parties has for the linear layers.
pub struct Encrypted<'a> {
    packing: &'a Packing,
    side: Side<'a>,
}

enum Side<'a> {
    Client(&'a ClientKey),
    /// The client's public keys, and the network of each group of slots, in order.
    Server(&'a ServerKeys, Vec<&'a Network>),
}

impl Linear for Encrypted<'_> {
    fn linear(&self, party: &mut Party<Transfers>, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        let place = (self.packing, step);
        match &self.side {
            Side::Client(key) => slots::multiply_client(party, key, place, numbers),
            Side::Server(keys, networks) => {
                let count = networks.len() * self.packing.group() * self.packing.layout(step).outputs();
                if let Some(chosen) = party.link.deviating(|by, step| by.chosen(step, count)) {
                    let own = slots::in_the_clear(place, networks, numbers, &vec![0; count]);
                    let modulus = Modulus::Prime(self.packing.modulus());
                    let products: Vec<u64> =
                        chosen.iter().zip(own).map(|(share, own)| modulus.sub(*share, own)).collect();
                    slots::multiply_with_shares(party, keys, place, networks, &products)?;
                    return Ok(chosen);
                }
                let shares = slots::multiply_server(party, keys, place, networks)?;
                Ok(slots::in_the_clear(place, networks, numbers, &shares))
            }
        }
    }
}
