//! What the protocols cost, without running them: each is a list of messages here, as in its figure.

use super::argmax::{carried, said};
use super::clip::Comparison;
use super::divide::{message_bits, remainder_bits};
use super::millionaires::Layout;
use super::multiplex::WORD;
use super::sign::{LAST, layout};
use super::triples::Wanted;
use super::truncate::Floor;
use crate::bits::packed_bytes;
use crate::circuit::{Circuit, Op};
use crate::cost::Cost;
use crate::evaluate::window_sizes;
use crate::modulus::Modulus;
use crate::ot::offer::offer_bytes;
use crate::ot::{Extension, Scheme, kkot};
use crate::role::Role;

/// What messages are added to, how transfers of one of two messages are extended, and whether all transfers are checked.
pub struct Messages<'a> {
    /// What they are added to.
    pub cost: &'a mut Cost,
    /// The extension, and whether it is checked.
    pub scheme: Scheme,
}

impl Messages<'_> {
    /// Adds a message of so many bytes.
    pub fn send(&mut self, from: Role, bytes: usize) {
        self.cost.send(from, bytes);
    }

    /// Adds a message of so many bytes each way; the two may cross.
    fn exchange(&mut self, bytes: usize) {
        self.cost.exchange(bytes);
    }

    /// Adds the client's choices in transfers of one of two messages, if there are any.
    pub fn choose(&mut self, count: usize) {
        if count > 0 {
            self.cost.choose(self.scheme, Role::Client, count);
        }
    }
}

/// The client's columns of transfers of one of many messages, if there are any.
fn columns(cost: &mut Messages<'_>, count: usize) {
    if count > 0 {
        cost.send(Role::Client, kkot::column_bytes(count, cost.scheme.checks));
    }
}

/// [`super::millionaires::carries`].
pub fn carries(cost: &mut Messages<'_>, count: usize, bits: u32) {
    compared(cost, &Layout::new(count, 1, bits));
}

/// [`super::millionaires::is_greater`].
pub fn compared(cost: &mut Messages<'_>, layout: &Layout) {
    let [two, many] = layout.transfers();
    cost.choose(two);
    columns(cost, many);
    cost.send(Role::Server, layout.answer_bytes());
    layout.joins().for_each(|joins| opened(cost, layout.results() * (2 * joins - 1)));
}

/// [`super::and::multiply`].
fn opened(cost: &mut Messages<'_>, products: usize) {
    cost.exchange(packed_bytes(products, 2));
}

/// [`super::and::and`].
fn and(cost: &mut Messages<'_>, count: usize) {
    let wanted = Wanted { plain: count, pairs: 0 };
    columns(cost, wanted.transfers());
    cost.send(Role::Server, packed_bytes(wanted.message_bits(), 1));
    opened(cost, count);
}

/// The client's choices among many messages, and the server's message.
fn one_of_many(cost: &mut Messages<'_>, count: usize, (values, bits): (usize, u32)) {
    columns(cost, count);
    cost.send(Role::Server, offer_bytes(count, values, bits));
}

/// [`super::sign::positive`].
pub fn positive(cost: &mut Messages<'_>, count: usize, modulus: Modulus) {
    match modulus {
        Modulus::TwoTo(ring) => carries(cost, count, ring - 1),
        Modulus::Prime(_) => {
            compared(cost, &layout(count, modulus));
            one_of_many(cost, count, LAST);
        }
    }
}

/// [`super::multiplex::multiplex`] of elements of so many bits.
pub fn multiplex(cost: &mut Messages<'_>, count: usize, bits: u32) {
    cost.cost.choose_both(cost.scheme, [count]);
    cost.exchange(offer_bytes(count, 2, bits));
}

/// [`super::multiplex::to_ring`].
pub fn to_ring(cost: &mut Messages<'_>, count: usize) {
    cost.choose(count);
    cost.send(Role::Server, packed_bytes(count, WORD.bits()));
}

/// [`super::truncate::truncate`].
pub fn truncate(cost: &mut Messages<'_>, count: usize, floor: Floor) {
    if floor.shift > 0 {
        positive(cost, count, floor.modulus);
        with_signs(cost, count, floor);
    }
}

/// [`super::multiplex::to_field`] of elements of so many bits.
pub fn to_field(cost: &mut Messages<'_>, count: usize, bits: u32) {
    cost.choose(count);
    cost.send(Role::Server, offer_bytes(count, 2, bits));
}

/// [`super::truncate::with_signs`].
fn with_signs(cost: &mut Messages<'_>, count: usize, Floor { modulus, shift }: Floor) {
    match modulus {
        _ if shift == 0 => {}
        Modulus::TwoTo(ring) => {
            carries(cost, count, shift);
            one_of_many(cost, count, (4, ring));
            to_ring(cost, count);
        }
        Modulus::Prime(p) => {
            one_of_many(cost, count, (4, message_bits(p, shift)));
            carries(cost, 2 * count, remainder_bits(shift) - 1);
            to_field(cost, 2 * count, modulus.bits());
        }
    }
}

/// [`super::relu::relu`].
pub fn relu(cost: &mut Messages<'_>, count: usize, floor: Floor) {
    positive(cost, count, floor.modulus);
    multiplex(cost, count, floor.modulus.bits());
    with_signs(cost, count, floor);
}

/// [`super::clip::clip`].
pub fn clip(cost: &mut Messages<'_>, count: usize, ends: [i64; 2], floor: Floor) {
    let compared = ends.map(|end| Comparison::with(end, floor.modulus));
    let different = compared.iter().filter(|comparison| matches!(comparison, Comparison::Difference(_))).count();
    positive(cost, count * (1 + different), floor.modulus);
    if different > 0 {
        and(cost, count * different);
    }
    with_signs(cost, count, floor);
    multiplex(cost, 2 * count, floor.modulus.bits());
}

/// [`super::maximum::largest`] of lists of these lengths.
pub fn largest(cost: &mut Messages<'_>, lengths: &[usize], modulus: Modulus) {
    let reached = |place: usize| lengths.iter().filter(|length| **length > place).count();
    for count in (1..).map(reached).take_while(|count| *count > 0) {
        positive(cost, count, modulus);
        multiplex(cost, count, modulus.bits());
    }
}

/// [`super::argmax::argmax`] of so many lists.
pub fn argmax(cost: &mut Messages<'_>, lists: usize, classes: usize, modulus: Modulus) {
    let mut left = classes;
    while left > 1 {
        let pairs = lists * (left / 2);
        positive(cost, pairs, modulus);
        multiplex(cost, 2 * pairs, carried(classes, modulus).bits());
        left = left.div_ceil(2);
    }
    cost.send(Role::Server, packed_bytes(lists, said(classes, modulus).bits()));
}

/// Adds the messages of a step that is not linear.
pub fn step(cost: &mut Messages<'_>, circuit: &Circuit, index: usize, slots: usize) {
    let step = &circuit.steps[index];
    let (count, modulus) = (slots * step.count, circuit.modulus(step.ring));
    let floor = |shift: u32| Floor { modulus, shift };
    match step.op {
        Op::Relu { shift, .. } => relu(cost, count, floor(shift)),
        Op::Clip { ends, shift, .. } => clip(cost, count, ends, floor(shift)),
        Op::Truncate { shift, .. } => truncate(cost, count, floor(shift)),
        Op::Largest { window, image } => largest(cost, &window_sizes(image, &window).repeat(slots), modulus),
        Op::Linear { .. } | Op::Extend { .. } | Op::Sum { .. } | Op::Add | Op::Concat => {}
    }
}

/// Adds the messages of a circuit's argmax.
pub fn labels(cost: &mut Messages<'_>, circuit: &Circuit, slots: usize) {
    argmax(cost, slots, circuit.classes, circuit.modulus(circuit.ring(circuit.output)));
}

/// The most slots that are evaluated together.
const MOST_SLOTS: usize = 128;

/// The memory that a party may use for the slots that are evaluated together, in bytes: 4 GiB.
const SLOT_MEMORY: usize = 1 << 32;

/// How many slots are evaluated together: as many as memory holds at the step that takes the most. For each slot a step takes its shares, and twice
/// its messages, by IKNP whatever the extension: for the blocks of their transfers. `linear` gives the bytes of the messages of a linear step.
pub fn slots_per_message(circuit: &Circuit, linear: impl Fn(usize) -> usize) -> usize {
    let messages = |index: usize| {
        let mut cost = Cost::default();
        match circuit.steps[index].op {
            Op::Linear { .. } => return linear(index),
            _ => step(&mut Messages { cost: &mut cost, scheme: Extension::Iknp.into() }, circuit, index, 1),
        }
        cost.bytes()
    };
    let each = circuit.held().into_iter().enumerate().map(|(index, held)| 8 * held + 2 * messages(index));
    each.max().map_or(MOST_SLOTS, |most| (SLOT_MEMORY / most).clamp(1, MOST_SLOTS))
}
