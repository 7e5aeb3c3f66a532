//! Acts whose effect is known from a slot's position alone: each adds a distance to the honest label.

use fusion_adversaries::script::Relabel;
use fusion_adversaries::strategy::{Act, Move};
use fusion_spec::mix::uniform_below;
use rand_core::Rng;

/// Whether the effect of a move does not depend on the sample.
pub(crate) fn is_positional(m: &Move) -> bool {
    m.when.is_none() && matches!(m.act, Act::Relabel(Relabel::Next | Relabel::RandomWrong))
}

/// Returns how far a move shifts a label; `None` for a move that is not a shift.
pub(super) fn distance(m: &Move, classes: u32, labels: &mut impl Rng) -> Option<u32> {
    match m.act {
        Act::Relabel(Relabel::Next) => Some(1 % classes),
        Act::Relabel(Relabel::RandomWrong) => Some(1 + uniform_below(classes.saturating_sub(1).max(1), labels)),
        Act::Relabel(Relabel::To(_))
        | Act::Model(_)
        | Act::Add { .. }
        | Act::WrongSign { .. }
        | Act::OwnChoice { .. }
        | Act::Spoil { .. }
        | Act::Bend { .. }
        | Act::Stop { .. } => None,
    }
}
