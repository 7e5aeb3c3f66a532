//! What the protocols cost, without running them: each is a list of messages here, as in its figure.

use super::argmax::{carried, said};
use super::clip::Comparison;
use super::divide::{message_bits, remainder_bits};
use super::millionaires::Layout;
use super::multiplex::WORD;
use super::sign::{LAST, field_layout};
use super::triples::Wanted;
use super::truncate::Floor;
use crate::bits::packed_bytes;
use crate::cost::Cost;
use crate::modulus::Modulus;
use crate::ot::offer::offer_bytes;
use crate::ot::{iknp, kkot};
use crate::role::Role;

/// The client's columns, if there are any.
fn columns(cost: &mut Cost, bytes: usize) {
    if bytes > 0 {
        cost.send(Role::Client, bytes);
    }
}

/// [`super::millionaires::carries`].
pub fn carries(cost: &mut Cost, count: usize, bits: u32) {
    compared(cost, &Layout::new(count, 1, bits));
}

/// [`super::millionaires::is_greater`].
fn compared(cost: &mut Cost, layout: &Layout) {
    let [two, many] = layout.transfers();
    columns(cost, iknp::column_bytes(two));
    columns(cost, kkot::column_bytes(many));
    cost.send(Role::Server, layout.answer_bytes());
    layout.joins().for_each(|joins| opened(cost, layout.results() * (2 * joins - 1)));
}

/// [`super::and::multiply`].
fn opened(cost: &mut Cost, products: usize) {
    cost.exchange(packed_bytes(products, 2));
}

/// [`super::and::and`].
fn and(cost: &mut Cost, count: usize) {
    let wanted = Wanted { plain: count, pairs: 0 };
    columns(cost, kkot::column_bytes(wanted.transfers()));
    cost.send(Role::Server, packed_bytes(wanted.message_bits(), 1));
    opened(cost, count);
}

/// The client's choices among many messages, and the server's message.
fn one_of_many(cost: &mut Cost, count: usize, (values, bits): (usize, u32)) {
    columns(cost, kkot::column_bytes(count));
    cost.send(Role::Server, offer_bytes(count, values, bits));
}

/// [`super::sign::positive`].
pub fn positive(cost: &mut Cost, count: usize, modulus: Modulus) {
    match modulus {
        Modulus::TwoTo(ring) => carries(cost, count, ring - 1),
        Modulus::Prime(_) => {
            compared(cost, &field_layout(count, modulus));
            one_of_many(cost, count, LAST);
        }
    }
}

/// [`super::multiplex::multiplex`] of elements of so many bits.
pub fn multiplex(cost: &mut Cost, count: usize, bits: u32) {
    cost.exchange(iknp::column_bytes(count));
    cost.exchange(offer_bytes(count, 2, bits));
}

/// [`super::multiplex::to_ring`].
pub fn to_ring(cost: &mut Cost, count: usize) {
    columns(cost, iknp::column_bytes(count));
    cost.send(Role::Server, packed_bytes(count, WORD.bits()));
}

/// [`super::truncate::truncate`].
pub fn truncate(cost: &mut Cost, count: usize, floor: Floor) {
    if floor.shift > 0 {
        positive(cost, count, floor.modulus);
        with_signs(cost, count, floor);
    }
}

/// [`super::multiplex::to_field`] of elements of so many bits.
pub fn to_field(cost: &mut Cost, count: usize, bits: u32) {
    columns(cost, iknp::column_bytes(count));
    cost.send(Role::Server, offer_bytes(count, 2, bits));
}

/// [`super::truncate::with_signs`].
fn with_signs(cost: &mut Cost, count: usize, Floor { modulus, shift }: Floor) {
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
pub fn relu(cost: &mut Cost, count: usize, floor: Floor) {
    positive(cost, count, floor.modulus);
    multiplex(cost, count, floor.modulus.bits());
    with_signs(cost, count, floor);
}

/// [`super::clip::clip`].
pub fn clip(cost: &mut Cost, count: usize, ends: [i64; 2], floor: Floor) {
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
pub fn largest(cost: &mut Cost, lengths: &[usize], modulus: Modulus) {
    let reached = |place: usize| lengths.iter().filter(|length| **length > place).count();
    for count in (1..).map(reached).take_while(|count| *count > 0) {
        positive(cost, count, modulus);
        multiplex(cost, count, modulus.bits());
    }
}

/// [`super::argmax::argmax`] of so many lists.
pub fn argmax(cost: &mut Cost, lists: usize, classes: usize, modulus: Modulus) {
    let mut left = classes;
    while left > 1 {
        let pairs = lists * (left / 2);
        positive(cost, pairs, modulus);
        multiplex(cost, 2 * pairs, carried(classes, modulus).bits());
        left = left.div_ceil(2);
    }
    cost.send(Role::Server, packed_bytes(lists, said(classes, modulus).bits()));
}
