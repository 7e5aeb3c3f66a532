//! The protocols of a family, as one of the parties runs them.

use crate::party::Party;
use crate::share::clip::Clip;
use crate::share::extend::Widening;
use crate::share::truncate::Rescaling;
use crate::wire::link::Halt;

/// The protocols that a family of two-party inference consists of, as one of the parties runs them.
pub trait Protocols {
    /// The oblivious transfers that the protocols draw from.
    type Transfers;

    /// Runs the offline pass over the slots of a chunk, before their inputs are known. A family without one sends nothing.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    fn prepare(&mut self, party: &mut Party<Self::Transfers>) -> Result<(), Halt>;

    /// Is told the place in the circuit of the step that runs next. A family that does a part of a step while another runs looks it up by its place.
    fn begin(&mut self, _step: usize) {}

    /// Shares of a linear layer's outputs, slot by slot: `step` is its place in the circuit, and `numbers` are shares modulo its ring.
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    fn linear(&mut self, party: &mut Party<Self::Transfers>, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt>;

    /// Shares of `max(x, 0)`, truncated: see [`relu`](crate::share::relu::relu).
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    fn relu(&mut self, party: &mut Party<Self::Transfers>, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt>;

    /// Shares of the clipped and truncated values: see [`clip`](crate::share::clip::clip).
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    fn clip(&mut self, party: &mut Party<Self::Transfers>, numbers: &[u64], clip: Clip) -> Result<Vec<u64>, Halt>;

    /// Shares of the truncated values: see [`truncate`](crate::share::truncate::truncate).
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    fn truncate(
        &mut self,
        party: &mut Party<Self::Transfers>,
        numbers: &[u64],
        how: Rescaling,
    ) -> Result<Vec<u64>, Halt>;

    /// Shares of the same values in a larger ring: see [`extend`](crate::share::extend::extend).
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    fn extend(
        &mut self,
        party: &mut Party<Self::Transfers>,
        numbers: &[u64],
        widening: Widening,
    ) -> Result<Vec<u64>, Halt>;

    /// Shares of the largest value of each list: see [`largest`](crate::share::maximum::largest).
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    fn largest(
        &mut self,
        party: &mut Party<Self::Transfers>,
        lists: Vec<Vec<u64>>,
        ring: u32,
    ) -> Result<Vec<u64>, Halt>;

    /// The label of each list of `classes` values, for the client alone: see [`argmax`](crate::share::maximum::argmax).
    ///
    /// # Errors
    /// [`Halt`] where the peer does not keep to the protocol.
    fn argmax(
        &mut self,
        party: &mut Party<Self::Transfers>,
        numbers: &[u64],
        ring: u32,
        classes: usize,
        labels: &[Vec<u32>],
    ) -> Result<Option<Vec<u32>>, Halt>;
}
