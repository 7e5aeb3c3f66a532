//! The client and the server of a chunk, as they run the family's protocols, whatever their linear layers.

use super::transfers::Transfers;
use super::truncate::Floor;
use super::{argmax, clip, maximum, relu, truncate};
use crate::backend::protocols::Protocols;
use crate::circuit::Circuit;
use crate::modulus::Modulus;
use crate::party::Party;
use crate::share::clip::Clip;
use crate::share::extend::Widening;
use crate::share::truncate::Rescaling;
use crate::wire::link::Halt;

/// A party's side of linear layers.
pub trait Linear {
    /// Shares of a linear layer's outputs, slot by slot: `step` is its place in the circuit.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    fn linear(&self, party: &mut Party<Transfers>, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt>;
}

/// One of the parties of a chunk, with its side of linear layers.
pub struct Cryptflow2Party<L> {
    modulus: Modulus,
    linear: L,
}

impl<L> Cryptflow2Party<L> {
    /// Makes a party for a circuit whose values are shared modulo one number.
    pub(super) fn new(circuit: &Circuit, linear: L) -> Self {
        Self { modulus: circuit.modulus(circuit.pixel_bits), linear }
    }

    /// Shares of the bits `x >= 0`, the first part of a rectifier.
    pub(super) fn signs(&self, party: &mut Party<Transfers>, numbers: &[u64]) -> Result<Vec<u8>, Halt> {
        relu::signs(party, numbers, self.modulus)
    }

    /// The rest of a rectifier.
    pub(super) fn rectified(
        &self,
        party: &mut Party<Transfers>,
        positive: &[u8],
        numbers: &[u64],
        how: Rescaling,
    ) -> Result<Vec<u64>, Halt> {
        relu::of_signs(party, positive, numbers, self.floor(how))
    }

    fn floor(&self, how: Rescaling) -> Floor {
        Floor { modulus: self.modulus, shift: how.shift }
    }
}

impl<L: Linear> Protocols for Cryptflow2Party<L> {
    type Transfers = Transfers;

    /// Everything but the set-up is online.
    fn prepare(&mut self, _party: &mut Party<Transfers>) -> Result<(), Halt> {
        Ok(())
    }

    fn linear(&mut self, party: &mut Party<Transfers>, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        self.linear.linear(party, step, numbers)
    }

    fn relu(&mut self, party: &mut Party<Transfers>, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        relu::relu(party, numbers, self.floor(how))
    }

    fn clip(&mut self, party: &mut Party<Transfers>, numbers: &[u64], clip: Clip) -> Result<Vec<u64>, Halt> {
        clip::clip(party, numbers, clip.ends, self.floor(clip.how))
    }

    fn truncate(&mut self, party: &mut Party<Transfers>, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        truncate::truncate(party, numbers, self.floor(how))
    }

    fn extend(&mut self, _party: &mut Party<Transfers>, _numbers: &[u64], _how: Widening) -> Result<Vec<u64>, Halt> {
        unreachable!("a circuit modulo one number extends nothing")
    }

    fn largest(&mut self, party: &mut Party<Transfers>, lists: Vec<Vec<u64>>, _ring: u32) -> Result<Vec<u64>, Halt> {
        maximum::largest(party, &lists, self.modulus)
    }

    fn argmax(
        &mut self,
        party: &mut Party<Transfers>,
        numbers: &[u64],
        _ring: u32,
        classes: usize,
        labels: &[Vec<u32>],
    ) -> Result<Option<Vec<u32>>, Halt> {
        argmax::argmax(party, numbers, self.modulus, classes, labels)
    }
}
