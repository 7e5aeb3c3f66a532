//! Base transfers in both directions for an extension by columns, of which every session grows transfers of its own.
//!
//! A session's streams are seeded by hashes of the base transfers' seeds with its name, so that no column is ever used twice. The sender's choices stay, as
//! in [`super::setup`].

use super::check::Checks;
use super::columns::{Code, Receiver, Sender};
use super::{base, setup};
use crate::random::Seed;
use crate::wire::link::{Halt, Link};
use rand_core::Rng;
use std::marker::PhantomData;
use zeroize::Zeroizing;

/// What a party holds after the base transfers of a code in both directions.
pub struct Setup<C> {
    /// As the receiver of base transfers, thus as the sender of the extended ones.
    choices: Zeroizing<Vec<u8>>,
    chosen: Zeroizing<Vec<Seed>>,
    /// As the sender of base transfers, thus as the receiver of the extended ones.
    pairs: Zeroizing<Vec<[Seed; 2]>>,
    checks: Checks,
    code: PhantomData<fn(C)>,
}

/// The bytes that each party sends in the set-up.
#[must_use]
pub const fn sent_bytes<C: Code>() -> usize {
    base::sent_bytes(C::COLUMNS)
}

impl<C: Code> Setup<C> {
    /// Runs the base transfers, both directions at once, with the party's own secret seed. Each party sends [`sent_bytes`]. Both
    /// give the same `checks`.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    pub fn run(link: &mut Link, own: &Seed, checks: Checks) -> Result<Self, Halt> {
        let own = Zeroizing::new(own.child("oblivious transfer by columns").child(C::NAME));
        let mut words = own.child("choices").stream();
        let choices: Vec<u8> = (0..C::COLUMNS).map(|_| (words.next_u32() & 1) as u8).collect();
        let choices = Zeroizing::new(choices);
        let mut rng = own.child("base").stream();
        link.step("base-ot", |link| {
            let sender = base::Sender::announce(link, &mut rng)?;
            let chosen = Zeroizing::new(base::choose_each(link, &mut rng, &choices)?);
            let pairs = Zeroizing::new(sender.seeds_of(link, C::COLUMNS)?);
            Ok(Self { choices, chosen, pairs, checks, code: PhantomData })
        })
    }

    /// What it chose in the base transfers, 0 or 1 for each column.
    #[must_use]
    pub fn choices(&self) -> &[u8] {
        &self.choices
    }

    /// The sender of a session's transfers to the peer. Both parties give the same name, which was never used before.
    #[must_use]
    pub fn sender(&self, session: &Seed) -> Sender<C> {
        let seeds = self.chosen.iter().map(|seed| seed.of_session(session)).collect();
        let seeds: Zeroizing<Vec<Seed>> = Zeroizing::new(seeds);
        Sender::new(&self.choices, &seeds, setup::first_tweak(session), self.checks)
    }

    /// The receiver of a session's transfers from the peer. Both parties give the same name, which was never used before.
    #[must_use]
    pub fn receiver(&self, session: &Seed) -> Receiver<C> {
        let of_session = |pair: &[Seed; 2]| pair.each_ref().map(|seed| seed.of_session(session));
        let pairs: Zeroizing<Vec<[Seed; 2]>> = Zeroizing::new(self.pairs.iter().map(of_session).collect());
        Receiver::new(&pairs, setup::first_tweak(session), self.checks)
    }

    /// Both of them.
    #[must_use]
    pub fn session(&self, session: &Seed) -> Ways<C> {
        Ways { sender: self.sender(session), receiver: self.receiver(session) }
    }
}

/// A party's transfers of a session.
#[derive(Debug)]
pub struct Ways<C> {
    /// Those in which the party is the sender.
    pub sender: Sender<C>,
    /// Those in which the party is the receiver.
    pub receiver: Receiver<C>,
}

impl<C> Clone for Setup<C> {
    fn clone(&self) -> Self {
        let Self { choices, chosen, pairs, checks, code } = self;
        Self { choices: choices.clone(), chosen: chosen.clone(), pairs: pairs.clone(), checks: *checks, code: *code }
    }
}

impl<C> std::fmt::Debug for Setup<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Setup(..)")
    }
}
