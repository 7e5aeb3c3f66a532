//! Whether the answers of a session are the plaintext's, of which 32 bytes are kept for each chunk of slots.

use fusion_2pc::circuit::Circuit;
use fusion_2pc::role::Role;
use fusion_2pc::session::Answered;
use fusion_engine::failure::Failure;
use fusion_nn::fixed::{Faithful, FixedModel};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// The answers of a session, as hashes of chunks.
pub struct Answers<'a> {
    circuit: &'a Circuit,
    /// By the first slot of a chunk.
    chunks: Mutex<BTreeMap<usize, Chunk>>,
}

/// What is known of a chunk.
enum Chunk {
    /// What one party has, while the other one is still at it.
    Half(Role, Answered),
    /// The number of slots, and the hash of logits and labels.
    Whole(usize, blake3::Hash),
}

impl<'a> Answers<'a> {
    /// Makes room for the answers of a session of a circuit.
    pub fn new(circuit: &'a Circuit) -> Self {
        Self { circuit, chunks: Mutex::default() }
    }

    /// Takes what a party has of a chunk: its shares of the logits and, from the client, the labels.
    ///
    /// # Panics
    /// If a party hands a chunk over twice.
    pub fn take(&self, role: Role, slots: Range<usize>, answered: Answered) {
        let mut chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
        let chunk = match chunks.remove(&slots.start) {
            None => Chunk::Half(role, answered),
            Some(Chunk::Half(other, half)) if other != role => {
                let (client, server) = if role == Role::Client { (answered, half) } else { (half, answered) };
                let logits = self.circuit.logits([&client.logits, &server.logits]);
                Chunk::Whole(slots.len(), self.hash(&logits, &client.labels))
            }
            Some(_) => panic!("a chunk has one client and one server"),
        };
        chunks.insert(slots.start, chunk);
    }

    /// Whether every logit and every label equals that of the plaintext reference; and how many of the reference's values wrapped, if its values do not all provably
    /// fit their rings.
    ///
    /// # Errors
    /// [`Failure::Usage`] for an image of another size than the model's.
    pub fn are_exact(
        self,
        model: &FixedModel,
        batch: usize,
        image: impl Fn(usize) -> Vec<u8>,
    ) -> Result<(bool, Option<u64>), Failure> {
        let (mut next, mut wrapped) = (0, model.may_wrap().then_some(0));
        let chunks = std::mem::take(&mut *self.chunks.lock().unwrap_or_else(PoisonError::into_inner));
        for (start, chunk) in chunks {
            let Chunk::Whole(slots, hash) = chunk else { return Ok((false, wrapped)) };
            if start != next {
                return Ok((false, wrapped));
            }
            next = start + slots;
            let (mut logits, mut labels) = (Vec::new(), Vec::with_capacity(slots));
            for slot in start..next {
                let expected = match &mut wrapped {
                    None => model.logits(&image(slot)).map_err(Failure::usage)?,
                    Some(wrapped) => {
                        let (logits, measured) = model.measure(&image(slot), &mut Faithful).map_err(Failure::usage)?;
                        *wrapped += measured.wrapped();
                        logits
                    }
                };
                labels.push(fusion_nn::fixed::argmax(&expected));
                logits.extend(expected);
            }
            if self.hash(&logits, &labels) != hash {
                return Ok((false, wrapped));
            }
        }
        Ok((next == batch, wrapped))
    }

    /// Hashes logits and labels. The reference's logits may wrap in a ring of their own, as the parties' do.
    fn hash(&self, logits: &[i64], labels: &[u32]) -> blake3::Hash {
        let modulus = self.circuit.modulus(self.circuit.ring(self.circuit.output));
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(logits.len() as u64).to_le_bytes());
        for logit in logits {
            hasher.update(&modulus.element(*logit).to_le_bytes());
        }
        for label in labels {
            hasher.update(&label.to_le_bytes());
        }
        hasher.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_2pc::share::truncate::Truncation;
    use fusion_nn::fixed::{Pixels, Precision, Ring};
    use fusion_nn::model::Model;

    /// Both halves of chunks in any order; and one logit, one label or one slot that is not the reference's.
    #[test]
    fn one_wrong_answer_is_seen() {
        let onnx = include_bytes!("../../../../examples/models/small_mnist.onnx");
        let precision = Precision { frac_bits: 12, ring: Ring::Auto };
        let model = Model::from_onnx(onnx).unwrap();
        let model = FixedModel::new(&model, precision, Pixels { scale: 1.0 / 255.0, offset: 0.0 }).unwrap();
        let circuit = Circuit::new(&[&model], Truncation::Faithful).unwrap();
        let image = |slot: usize| vec![u8::try_from(50 * slot).unwrap(); circuit.pixels];
        let modulus = circuit.modulus(circuit.ring(circuit.output));
        let exact = |wrong_logit: u64, wrong_label: u32, batch: usize| {
            let answers = Answers::new(&circuit);
            for slots in [2..3, 0..2] {
                let logits: Vec<i64> = slots.clone().flat_map(|slot| model.logits(&image(slot)).unwrap()).collect();
                let labels = slots.clone().map(|slot| model.label(&image(slot)).unwrap() + wrong_label).collect();
                let server = Answered { labels: Vec::new(), logits: vec![7; logits.len()] };
                let mine = logits.iter().map(|logit| modulus.sub(modulus.element(*logit), 7)).collect();
                let mut client = Answered { labels, logits: mine };
                client.logits[0] = modulus.add(client.logits[0], wrong_logit);
                answers.take(Role::Server, slots.clone(), server);
                answers.take(Role::Client, slots, client);
            }
            answers.are_exact(&model, batch, image).unwrap().0
        };
        assert!(exact(0, 0, 3));
        assert!(!exact(1, 0, 3));
        assert!(!exact(0, 1, 3));
        assert!(!exact(0, 0, 4));
        let half = Answers::new(&circuit);
        half.take(Role::Client, 0..1, Answered::default());
        assert!(!half.are_exact(&model, 1, image).unwrap().0);
    }
}
