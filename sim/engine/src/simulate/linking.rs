//! The linking game: the server names two slots and wins if they hold copies of one query.

use super::trial::{SlotRecord, Trial};
use fusion_spec::mix::{Mix, Sample, Slot};
use fusion_spec::params::Params;
use fusion_spec::verdict::{Events, Outcome};
use rand_core::Rng;

/// Plays the linking game, which the server wins if the two slots that it names hold copies of one query. The two slots are
/// recorded in `named`.
pub(super) fn guess(params: Params, pair: [Slot; 2], coins: &mut impl Rng, named: &mut Vec<SlotRecord>) -> Trial {
    let Ok(mut mix) = Mix::new(params) else { return Trial::ERROR };
    let [Ok(a), Ok(b)] = pair.map(|slot| mix.place(slot, coins)) else { return Trial::ERROR };
    for (slot, sample) in pair.into_iter().zip([a, b]) {
        named.push(SlotRecord { slot, sample, touched: false, named: true, labels: None, wrong: false });
    }
    judge([a, b])
}

/// Decides the linking game for the samples that the two slots hold.
pub(super) fn judge(held: [Sample; 2]) -> Trial {
    let outcome = match held {
        [Sample::Query { query: a, .. }, Sample::Query { query: b, .. }] if a == b => Outcome::Win,
        _ => Outcome::Harmless,
    };
    Trial { outcome: Some(outcome), events: Events { e_t: true, e_b: false } }
}
