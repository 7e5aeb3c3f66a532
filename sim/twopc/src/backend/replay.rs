//! What a client encrypts for the first matrix of a network, and what a server keeps of one session to ask about it in later ones, under the same key.

use crate::address::Address;
use crate::circuit::{Circuit, Op, Step};
use crate::ideal;
use crate::linear::Shape;
use crate::modulus::Modulus;
use crate::random::Seed;
use crate::role::Role;
use crate::wire::hook::Deviation;
use crate::wire::meter::Message;
use fusion_nn::fixed::FixedModel;
use fusion_nn::model::Value;
use std::sync::{Arc, Mutex, PoisonError};

/// The first linear step of a circuit with its place, if it is fully connected.
#[must_use]
pub fn first_matrix(circuit: &Circuit) -> Option<(usize, &Step)> {
    let mut steps = circuit.steps.iter().enumerate();
    let (place, step) = steps.find(|(_, step)| matches!(step.op, Op::Linear { .. }))?;
    matches!(step.op, Op::Linear { shape: Shape::Gemm { .. }, .. }).then_some((place, step))
}

/// The values that [`first_matrix`] reads of an image; `None` for another circuit. With faithful truncation they do not depend on how values are shared.
///
/// # Panics
/// For a network that the circuit is not of, or an image of another size.
#[must_use]
pub fn read_first(circuit: &Circuit, model: &FixedModel, pixels: &[i64]) -> Option<Vec<u64>> {
    let (_, first) = first_matrix(circuit)?;
    let mut values: Vec<Vec<u64>> = Vec::with_capacity(circuit.steps.len());
    ideal::logits(circuit, model, pixels, &mut Seed([0; 32]).stream(), |_, _, of_step| values.push(of_step.to_vec()));
    match *first.inputs.first()? {
        Value::Input => Some(pixels.iter().map(|pixel| circuit.pixel(*pixel)).collect()),
        Value::Layer(place) => Some(values.swap_remove(place)),
    }
}

/// What a server keeps of the first slot of a session, about what [`first_matrix`] reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The message in which the client encrypts its shares.
    pub message: Vec<u8>,
    /// The server's own shares of these values; empty where they are 0, as those of an image are.
    pub shares: Vec<u64>,
}

/// A server that keeps to the protocol, and notes its shares; clones share what is noted.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Mutex<Vec<u64>>>);

impl Notes {
    /// The deviation that notes the shares in sessions of a circuit; `None` if these are 0, or if the circuit does not begin with a matrix.
    #[must_use]
    pub fn taker(&self, circuit: &Circuit) -> Option<Box<dyn Deviation>> {
        let (_, first) = first_matrix(circuit)?;
        match *first.inputs.first()? {
            Value::Input => None,
            Value::Layer(place) => {
                let Step { address, count, .. } = &circuit.steps[place];
                Some(Box::new(Taker { step: address.clone(), count: *count, notes: self.clone() }))
            }
        }
    }

    /// What a server keeps that heard these messages, of which the log of the session says what they were; `None` if the client did not come so far.
    #[must_use]
    pub fn kept(self, circuit: &Circuit, heard: Vec<Vec<u8>>, log: &[Message]) -> Option<Kept> {
        let (_, first) = first_matrix(circuit)?;
        let of_client = log.iter().filter(|message| message.from == Role::Client);
        let asks = |message: &Message| {
            message.address.below_slots().step() == first.address.join(&Address::of(["input".into()]))
        };
        let (message, _) = heard.into_iter().zip(of_client).find(|(_, message)| asks(message))?;
        let shares = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Some(Kept { message, shares })
    }
}

/// Notes a party's shares of the first slot at the end of a step.
struct Taker {
    step: Address,
    count: usize,
    notes: Notes,
}

impl Deviation for Taker {
    fn share(&mut self, step: &Address, shares: &mut [u64], _modulus: Modulus) {
        let first = step.slots().is_some_and(|slots| slots.start == 0);
        if first && step.below_slots() == self.step {
            *self.notes.0.lock().unwrap_or_else(PoisonError::into_inner) = shares[..self.count].to_vec();
        }
    }
}
