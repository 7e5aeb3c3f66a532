//! What Cheetah's protocols cost, without running them: each is a list of messages here, as in its figure.

use crate::bits::packed_bytes;
use crate::circuit::{Circuit, Op};
use crate::cost::Cost;
use crate::evaluate::window_sizes;
use crate::role::Role;
use crate::share::clip::Clip;
use crate::share::compare::{Digit, digits};
use crate::share::extend::{Sign, Widening};
use crate::share::maximum::{MAX_PAIRWISE, label_bits};
use crate::share::truncate::Rescaling;

/// The messages of Cheetah's protocols, added to a cost.
pub struct Messages<'a>(pub &'a mut Cost);

impl Messages<'_> {
    /// [`crate::share::compare::carries`].
    fn carries(&mut self, count: usize, low: u32, high: u32) {
        self.carries_of(count, (low, high), false);
    }

    /// [`crate::share::compare::carries_of`]: whether transfers were drawn for it.
    fn carries_of(&mut self, count: usize, (low, high): (u32, u32), drawn: bool) {
        let digits = digits(low, high);
        self.0.server_transfers += count * (low + high) as usize;
        if !drawn {
            self.0.send(Role::Client, packed_bytes(count, digits.iter().map(|digit| digit.bits).sum()));
        }
        self.0.send(Role::Server, packed_bytes(count, digits.iter().map(|digit| digit.message_bits()).sum()));
        let inner = |digits: &[Digit]| digits.iter().map(|digit| digit.inner).collect::<Vec<bool>>();
        let border = digits.iter().filter(|digit| digit.from < low).count();
        let [mut low, mut high] = [inner(&digits[..border]), inner(&digits[border..])];
        while low.len() > 1 || high.len() > 1 {
            let pairs: Vec<bool> = [&mut low, &mut high].into_iter().flat_map(join).collect();
            self.and(count, &pairs);
        }
        if let ([low], [_]) = (&low[..], &high[..]) {
            self.and(count, &[*low]);
        }
    }

    /// [`crate::share::and::and`]: for each list, whether its products are pairs.
    fn and(&mut self, count: usize, pairs: &[bool]) {
        let products = count * pairs.len();
        self.0.client_transfers += products;
        self.0.server_transfers += products;
        self.0.exchange(packed_bytes(pairs.iter().map(|pair| count * (2 + usize::from(*pair))).sum(), 1));
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
    fn relu(&mut self, count: usize, how: Rescaling, drawn: bool) {
        let low = how.carrying_bits();
        self.carries_of(count, (low, how.compared_bits()), drawn);
        if low > 0 {
            self.bits_to_ring(count, how.out);
        }
        self.multiplex(count, how.out);
    }

    /// [`crate::share::clip::clip_of`].
    fn clip(&mut self, count: usize, clip: Clip, drawn: bool) {
        let (Clip { ends, how }, ring) = (clip, clip.compared_ring());
        let (dropped, out) = (how.carrying_bits(), how.out);
        if ends[0] == 0 {
            self.carries_of(count, (dropped, ring - 1 - dropped), drawn);
        } else {
            if dropped > 0 {
                self.carries_of(count, (dropped, 0), drawn);
            }
            self.carries(count, 0, ring - 1);
        }
        self.carries(count, 0, ring - 1);
        if dropped > 0 {
            self.bits_to_ring(count, out);
        }
        self.multiplex(2 * count, out);
    }

    /// [`crate::share::truncate::truncate_of`].
    fn truncate(&mut self, count: usize, how: Rescaling, drawn: bool) {
        let dropped = how.carrying_bits();
        if dropped > 0 {
            self.carries_of(count, (dropped, 0), drawn);
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
            self.and(slots, &vec![false; classes * (conditions / 2)]);
            conditions = conditions.div_ceil(2);
        }
        self.product(slots * classes, label_bits(classes));
    }

    /// Adds the messages of a step of a circuit on so many slots, whose first comparison has its transfers drawn ahead or asks for them. A linear step adds nothing: its cost is that of its layout.
    pub fn step(&mut self, circuit: &Circuit, index: usize, slots: usize, drawn: bool) {
        let step = &circuit.steps[index];
        let (count, truncation) = (slots * step.count, circuit.truncation);
        match step.op {
            Op::Relu { from, shift } => self.relu(count, step.rescaling(from, shift, truncation), drawn),
            Op::Clip { from, ends, shift } => self.clip(count, step.clip(ends, from, shift, truncation), drawn),
            Op::Truncate { from, shift } => self.truncate(count, step.rescaling(from, shift, truncation), drawn),
            Op::Extend { from, sign } => self.extend(count, step.widening(from, sign)),
            Op::Largest { window, image } => {
                let lengths = window_sizes(image, &window);
                self.tournament(lengths.repeat(slots), step.ring, 1, step.ring);
            }
            Op::Linear { .. } | Op::Sum { .. } | Op::Add | Op::Concat => {}
        }
    }
}

/// Joins neighbours: what the pairs' lower parts are, and the level above.
fn join(nodes: &mut Vec<bool>) -> Vec<bool> {
    let lower: Vec<bool> = nodes.chunks_exact(2).map(|pair| pair[0]).collect();
    *nodes = nodes.chunks(2).map(|pair| pair[0]).collect();
    lower
}
