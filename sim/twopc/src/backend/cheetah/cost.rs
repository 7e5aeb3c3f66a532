//! What Cheetah's protocols cost, without running them: each is a list of messages here, as in its figure.

use super::carries::{CarryChoice, and, carries};
use crate::bits::packed_bytes;
use crate::circuit::{Circuit, Op};
use crate::cost::Cost;
use crate::evaluate::window_sizes;
use crate::role::Role;
use crate::share::carry::Form;
use crate::share::clip::Clip;
use crate::share::compare::Span;
use crate::share::extend::{Sign, Widening};
use crate::share::maximum::{MAX_PAIRWISE, label_bits};
use crate::share::relu;
use crate::share::truncate::{self, Rescaling};

/// The messages of Cheetah's protocols, added to a cost, with how carries are found.
pub struct Messages<'a>(pub &'a mut Cost, pub CarryChoice);

impl Messages<'_> {
    /// [`crate::share::compare::carries`].
    fn carries(&mut self, count: usize, low: u32, high: u32) {
        carries(self.0, count, (low, high), (Form::Tree, None));
    }

    /// [`crate::share::carry::carries`] of what a step compares first, whose choices a party may have drawn.
    fn first(&mut self, count: usize, span: Span, drawer: Option<Role>) {
        let form = self.1.form(count, span, drawer);
        carries(self.0, count, (span.low, span.high), (form, drawer));
    }

    /// [`crate::share::product::send`] by the server.
    fn product(&mut self, count: usize, bits: u32) {
        self.0.server_transfers += count;
        self.0.send(Role::Client, packed_bytes(count, 1));
        self.0.send(Role::Server, packed_bytes(count, bits));
    }

    /// [`crate::share::product::to_ring`].
    fn bits_to_ring(&mut self, count: usize, bits: u32) {
        if bits > 1 {
            self.product(count, bits - 1);
        }
    }

    /// [`crate::share::product::multiplex`].
    fn multiplex(&mut self, count: usize, bits: u32) {
        self.0.client_transfers += count;
        self.0.server_transfers += count;
        self.0.exchange(packed_bytes(count, 1));
        self.0.exchange(packed_bytes(count, bits));
    }

    /// [`crate::share::relu::relu_of`].
    fn relu(&mut self, count: usize, how: Rescaling, drawer: Option<Role>) {
        self.first(count, relu::span(how), drawer);
        if how.carrying_bits() > 0 {
            self.bits_to_ring(count, how.out);
        }
        self.multiplex(count, how.out);
    }

    /// [`crate::share::clip::clip_of`].
    fn clip(&mut self, count: usize, clip: Clip, drawer: Option<Role>) {
        let (Clip { ends, how }, ring) = (clip, clip.compared_ring());
        if let Some(span) = clip.span() {
            self.first(count, span, drawer);
        }
        if ends[0] != 0 {
            self.carries(count, 0, ring - 1);
        }
        self.carries(count, 0, ring - 1);
        if how.carrying_bits() > 0 {
            self.bits_to_ring(count, how.out);
        }
        self.multiplex(2 * count, how.out);
    }

    /// [`crate::share::truncate::truncate_of`].
    fn truncate(&mut self, count: usize, how: Rescaling, drawer: Option<Role>) {
        if let Some(span) = truncate::span(how) {
            self.first(count, span, drawer);
            self.bits_to_ring(count, how.out);
        }
    }

    /// [`crate::share::extend::extend`].
    fn extend(&mut self, count: usize, widening: Widening) {
        let Widening { from, to, sign } = widening;
        match sign {
            Sign::Any => {
                self.carries(count, 0, from);
                self.bits_to_ring(count, to - from);
            }
            Sign::Positive | Sign::WithRoom => self.product(count, to - from),
        }
    }

    /// The maximum of lists of these lengths, of so many parts modulo `2^wide`.
    fn tournament(&mut self, mut lengths: Vec<usize>, ring: u32, parts: usize, wide: u32) {
        while lengths.iter().any(|length| *length > 1) {
            let pairs = lengths.iter().map(|length| length / 2).sum();
            self.carries(pairs, 0, ring - 1);
            self.multiplex(parts * pairs, wide);
            for length in &mut lengths {
                *length = length.div_ceil(2);
            }
        }
    }

    /// Adds the messages of [`argmax`](crate::share::maximum::argmax) on so many slots.
    pub fn argmax(&mut self, slots: usize, classes: usize, ring: u32) {
        let bits = label_bits(classes);
        if classes <= MAX_PAIRWISE {
            self.pairwise(slots, classes, ring);
        } else {
            self.tournament(vec![classes; slots], ring, 2, ring.max(bits));
        }
        self.0.send(Role::Server, packed_bytes(slots, bits));
    }

    fn pairwise(&mut self, slots: usize, classes: usize, ring: u32) {
        self.carries(slots * classes * (classes - 1) / 2, 0, ring - 1);
        let mut conditions = classes - 1;
        while conditions > 1 {
            and(self.0, slots, &vec![false; classes * (conditions / 2)]);
            conditions = conditions.div_ceil(2);
        }
        self.product(slots * classes, label_bits(classes));
    }

    /// Adds the messages of a step of a circuit on so many slots, the choices of whose first comparison a party may have drawn ahead. A linear step adds nothing: its cost is that of its layout.
    pub fn step(&mut self, circuit: &Circuit, index: usize, slots: usize, drawer: Option<Role>) {
        let step = &circuit.steps[index];
        let (count, truncation) = (slots * step.count, circuit.truncation);
        match step.op {
            Op::Relu { from, shift } => self.relu(count, step.rescaling(from, shift, truncation), drawer),
            Op::Clip { from, ends, shift } => self.clip(count, step.clip(ends, from, shift, truncation), drawer),
            Op::Truncate { from, shift } => self.truncate(count, step.rescaling(from, shift, truncation), drawer),
            Op::Extend { from, sign } => self.extend(count, step.widening(from, sign)),
            Op::Largest { window, image } => {
                let lengths = window_sizes(image, &window);
                self.tournament(lengths.repeat(slots), step.ring, 1, step.ring);
            }
            Op::Linear { .. } | Op::Sum { .. } | Op::Add | Op::Concat => {}
        }
    }
}
