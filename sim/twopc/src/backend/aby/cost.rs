//! What the family's protocols cost, without running them: each is a list of messages here, as in its figure.

use super::packing::Packing;
use super::{circuits, gilboa, yao};
use crate::bits::packed_bytes;
use crate::circuit::{Circuit, Op, Step};
use crate::cost::Cost;
use crate::evaluate::window_sizes;
use crate::gc;
use crate::gc::garble::{LABEL_BYTES, table_bytes};
use crate::ot::Scheme;
use crate::ot::offer::offer_bytes;
use crate::role::Role;
use crate::share::maximum::label_bits;
use crate::share::truncate::Rescaling;

/// The messages of the family's protocols modulo `2^bits`, added to a cost.
pub struct Messages<'a> {
    /// What they are added to.
    pub cost: &'a mut Cost,
    /// The ring.
    pub bits: u32,
    /// How transfers are extended.
    pub scheme: Scheme,
}

impl Messages<'_> {
    /// The offline pass of a step: [`gilboa::triples`] of a linear layer, and nothing else.
    pub fn offline(&mut self, packing: &Packing, step: usize, slots: usize) {
        let Some(products) = packing.products(step) else { return };
        for piece in gilboa::pieces(slots * products.count(), self.bits) {
            let transfers = piece.len() * self.bits as usize;
            let messages = gilboa::messages(piece.len(), self.bits).map(|triples| triples * self.bits as usize);
            self.cost.choose_both(self.scheme, messages);
            self.cost.exchange(packed_bytes(transfers, self.bits));
        }
    }

    /// The evaluation of a step on so many slots.
    pub fn online(&mut self, circuit: &Circuit, packing: &Packing, index: usize, slots: usize) {
        let step: &Step = &circuit.steps[index];
        let (count, bits) = (slots * step.count, self.bits);
        let rescaling = |from, shift| step.rescaling(from, shift, circuit.truncation);
        match step.op {
            Op::Linear { .. } => {
                let products = packing.products(index).map_or(0, |products| slots * products.count());
                self.cost.exchange(packed_bytes(2 * products, bits));
            }
            Op::Relu { from, shift } => self.through(&circuits::relu(bits, rescaling(from, shift)), count),
            Op::Clip { from, ends, shift } => {
                self.through(&circuits::clip(bits, step.clip(ends, from, shift, circuit.truncation)), count);
            }
            Op::Truncate { from, shift } => self.truncate(rescaling(from, shift), count),
            Op::Largest { window, image } => {
                let most = window_sizes(image, &window).into_iter().max().map_or(0, |most| most);
                self.through(&circuits::largest(bits, most), count);
            }
            Op::Extend { .. } | Op::Sum { .. } | Op::Add | Op::Concat => {}
        }
    }

    fn truncate(&mut self, how: Rescaling, count: usize) {
        if how.carrying_bits() > 0 {
            self.through(&circuits::truncate(self.bits, how), count);
        }
    }

    /// The argmax of so many slots.
    pub fn argmax(&mut self, slots: usize, classes: usize) {
        self.evaluate(&circuits::argmax(self.bits, classes), slots);
        self.cost.send(Role::Server, packed_bytes(slots * label_bits(classes) as usize, 1));
    }

    /// A circuit on so many elements, and its outputs back to shares of numbers.
    fn through(&mut self, circuit: &gc::circuit::Circuit, count: usize) {
        self.evaluate(circuit, count);
        self.back(count);
    }

    /// [`yao::evaluate`].
    fn evaluate(&mut self, circuit: &gc::circuit::Circuit, count: usize) {
        let [garblers, evaluators] = circuit.inputs();
        for piece in yao::pieces(circuit, count) {
            self.cost.choose(self.scheme, Role::Client, evaluators * piece.len());
        }
        for piece in yao::pieces(circuit, count) {
            self.cost.send(Role::Server, LABEL_BYTES * evaluators * piece.len());
            self.cost.send(Role::Server, LABEL_BYTES * garblers * piece.len());
            self.cost.send(Role::Server, table_bytes(circuit, piece.len()));
        }
    }

    /// [`yao::to_arithmetic`].
    fn back(&mut self, count: usize) {
        let pieces = || yao::bit_pieces(count * self.bits as usize);
        for piece in pieces() {
            self.cost.choose(self.scheme, Role::Client, piece.len());
        }
        for piece in pieces() {
            self.cost.send(Role::Server, offer_bytes(piece.len(), 2, self.bits));
        }
    }
}
