//! What the protocols cost, without running them: each is a list of messages here, as in its figure.

use super::argmax::carried_bits;
use super::clip::Comparison;
use super::millionaires::Layout;
use super::multiplex::WORD;
use super::triples::Wanted;
use super::truncate::Floor;
use crate::bits::packed_bytes;
use crate::cost::Cost;
use crate::ot::offer::offer_bytes;
use crate::ot::{iknp, kkot};
use crate::role::Role;
use crate::share::maximum::label_bits;

/// The client's columns, if there are any.
fn columns(cost: &mut Cost, bytes: usize) {
    if bytes > 0 {
        cost.send(Role::Client, bytes);
    }
}

/// [`super::millionaires::carries`].
pub fn carries(cost: &mut Cost, count: usize, bits: u32) {
    let layout = Layout::new(count, bits);
    let [two, many] = layout.transfers();
    columns(cost, iknp::column_bytes(two));
    columns(cost, kkot::column_bytes(many));
    cost.send(Role::Server, layout.answer_bytes());
    layout.joins().for_each(|joins| opened(cost, count * (2 * joins - 1)));
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

/// [`super::sign::positive`].
fn positive(cost: &mut Cost, count: usize, ring: u32) {
    carries(cost, count, ring - 1);
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
        positive(cost, count, floor.ring);
        with_signs(cost, count, floor);
    }
}

/// [`super::truncate::with_signs`].
fn with_signs(cost: &mut Cost, count: usize, Floor { ring, shift }: Floor) {
    if shift > 0 {
        carries(cost, count, shift);
        columns(cost, kkot::column_bytes(count));
        cost.send(Role::Server, offer_bytes(count, 4, ring));
        to_ring(cost, count);
    }
}

/// [`super::relu::relu`].
pub fn relu(cost: &mut Cost, count: usize, floor: Floor) {
    positive(cost, count, floor.ring);
    multiplex(cost, count, floor.ring);
    with_signs(cost, count, floor);
}

/// [`super::clip::clip`].
pub fn clip(cost: &mut Cost, count: usize, ends: [i64; 2], floor: Floor) {
    let compared = ends.map(|end| Comparison::with(end, floor.ring));
    let different = compared.iter().filter(|comparison| matches!(comparison, Comparison::Difference(_))).count();
    positive(cost, count * (1 + different), floor.ring);
    if different > 0 {
        and(cost, count * different);
    }
    with_signs(cost, count, floor);
    multiplex(cost, 2 * count, floor.ring);
}

/// [`super::maximum::largest`] of lists of these lengths.
pub fn largest(cost: &mut Cost, lengths: &[usize], ring: u32) {
    let reached = |place: usize| lengths.iter().filter(|length| **length > place).count();
    for count in (1..).map(reached).take_while(|count| *count > 0) {
        positive(cost, count, ring);
        multiplex(cost, count, ring);
    }
}

/// [`super::argmax::argmax`] of so many lists.
pub fn argmax(cost: &mut Cost, lists: usize, classes: usize, ring: u32) {
    let mut left = classes;
    while left > 1 {
        let pairs = lists * (left / 2);
        positive(cost, pairs, ring);
        multiplex(cost, 2 * pairs, carried_bits(classes, ring));
        left = left.div_ceil(2);
    }
    cost.send(Role::Server, packed_bytes(lists, label_bits(classes)));
}
