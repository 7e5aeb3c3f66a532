//! A server that spends a verdict on a bit of an input of an earlier session, under a key that the client keeps.

use super::packing::Packing;
use crate::address::Address;
use crate::backend::probe::Parity;
use crate::backend::replay::{Kept, first_matrix};
use crate::circuit::Circuit;
use crate::linear::{Encrypted, Layout, replay};
use crate::modulus::Modulus;
use crate::random::{Seed, uniform};
use crate::wire::hook::{Conduct, Deviation};
use crate::wire::meter::Message;

/// A server that adds half of the ring to some outputs of the first layer if a parity of what it kept of an earlier session is not as said, to others in each slot. So answers are
/// right if it is, and have little to do with the images otherwise.
pub struct Replay {
    /// The step of the first layer, without slots.
    step: Address,
    layout: Layout,
    kept: Kept,
    asked: Parity,
}

impl Replay {
    /// A server of sessions that are packed so; `None` for a circuit whose first layer is not fully connected, or where the client encrypts nothing for it.
    pub fn new(circuit: &Circuit, packing: &Packing, kept: &Kept, asked: Parity) -> Option<Self> {
        let (place, step) = first_matrix(circuit)?;
        let layout = Some(packing.layout(place)).filter(|layout| layout.encrypted() == Encrypted::Images)?.clone();
        Some(Self { step: step.address.clone(), layout, kept: kept.clone(), asked })
    }

    /// The outputs that are changed in a slot: each with probability 1/2, and one at least.
    fn changed(&self, slot: usize) -> Vec<bool> {
        let mut seed = Seed([1; 32]);
        seed.0[..8].copy_from_slice(&(self.asked.of ^ slot as u64).to_le_bytes());
        let outputs = self.layout.outputs();
        let chosen = uniform(&mut seed.stream(), 1, outputs);
        chosen.into_iter().enumerate().map(|(output, bit)| bit == 1 || output == slot % outputs).collect()
    }

    /// For the outputs that are changed, half of the ring for each value that is counted; for the others nothing.
    fn weights(&self, slot: usize) -> Vec<i64> {
        let counted = self.asked.counted(self.layout.inputs());
        let half = 1 << (self.layout.ring_bits() - 1);
        let row = |changed: bool| counted.iter().map(move |counted| i64::from(*counted && changed) * half);
        self.changed(slot).into_iter().flat_map(row).collect()
    }
}

impl Deviation for Replay {
    /// Adds what the server's own shares of the values add to the parity.
    fn share(&mut self, step: &Address, shares: &mut [u64], modulus: Modulus) {
        let Some(slots) = step.slots().filter(|_| step.below_slots() == self.step) else { return };
        if self.asked.holds(&self.kept.shares) {
            return;
        }
        for (share, changed) in shares.iter_mut().zip(self.changed(slots.start)) {
            *share = modulus.add(*share, u64::from(changed) << (self.layout.ring_bits() - 1));
        }
    }

    fn message(&mut self, message: &Message, payload: &[u8]) -> Conduct {
        let response = self.step.join(&Address::of(["response".into()]));
        let here = message.address.below_slots().step() == response;
        match message.address.slots().filter(|_| here) {
            None => Conduct::Send,
            Some(slots) => {
                let weights = self.weights(slots.start);
                Conduct::Replace(replay::replayed(&self.layout, payload, &self.kept.message, &weights))
            }
        }
    }
}
