//! The effects of a strategy's moves: how many samples of the pools they change. Exact rates are computed from these numbers.

use super::deviant::{Output, spoiled_bits};
use super::positional::is_positional;
use super::stream::{Purpose, Streams};
use super::world::World;
use fusion_2pc::address::Address;
use fusion_2pc::circuit::{Op, Step};
use fusion_2pc::share::extend::Sign;
use fusion_2pc::{ideal, session};
use fusion_adversaries::rate::{Changed, Effects};
use fusion_adversaries::script::Relabel;
use fusion_adversaries::strategy::{Act, Move};
use fusion_nn::model::Value;
use fusion_spec::bound::pool::PoolCounts;
use fusion_spec::params::Params;
use fusion_spec::verdict::Label;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::ops::Range;

/// Where a client stops: no class.
const NO_ANSWER: u32 = u32::MAX;

impl World {
    /// Returns the answer on an image after moves that no coin decides; `None` where it depends on how values are shared, or no rule says it.
    fn after(&self, moves: &[&Move], slots: u128, image: u32) -> Option<u32> {
        let (mut model, mut relabels, mut adds) = (0, Vec::new(), Vec::new());
        for m in moves.iter().filter(|m| self.bites(m, image)) {
            match &m.act {
                Act::Model(other) => {
                    model = *other;
                    relabels.clear();
                }
                Act::Relabel(relabel) => relabels.push(*relabel),
                add @ (Act::Add { .. } | Act::WrongSign { .. } | Act::OwnChoice { .. } | Act::Spoil { .. }) => {
                    adds.push(add);
                }
                Act::Bend { .. } | Act::Stop { .. } => return None,
            }
        }
        let label = if adds.is_empty() { self.answer(model, image) } else { self.added(model, &adds, slots, image)? };
        if label == NO_ANSWER {
            return Some(NO_ANSWER);
        }
        Some(relabels.into_iter().fold(label, |label, relabel| match relabel {
            Relabel::To(to) => to,
            Relabel::Next | Relabel::RandomWrong => (label + 1) % self.classes(),
        }))
    }

    /// The answer of a model on an image where a server adds to values, if it is the same in every slot of `slots`, however the values are shared.
    fn added(&self, model: usize, adds: &[&Act], slots: u128, image: u32) -> Option<u32> {
        let (protocols, circuit) = self.semi_honest()?;
        let slots = usize::try_from(slots).ok()?;
        let chunks: Vec<_> = session::chunks(slots, self.slots_per_message()? as usize).collect();
        let first = chunks.first()?;
        let aims_alike = |step: &Step| {
            let aimed = |chunk: &Range<usize>| {
                let address = step.address.in_slots(chunk.clone());
                adds.iter().map(|act| is_aimed(act, &address)).collect::<Vec<_>>()
            };
            chunks.iter().all(|chunk| aimed(chunk) == aimed(first))
        };
        if !circuit.steps.iter().all(aims_alike) {
            return None;
        }
        let flips = protocols.backend.family().garbles();
        let pixels = self.models()[model].pixels(self.image(image)).ok()?;
        let mut coins = Streams::new(0, "values that are added to").coins(Purpose::Shares, 0, 0);
        let mut values: Vec<Vec<u64>> = Vec::with_capacity(circuit.steps.len());
        let (mut undecodable, mut beyond) = (false, false);
        let logits = ideal::logits(circuit, &self.models()[model], &pixels, &mut coins, |step, inputs, own| {
            let address = step.address.in_slots(first.clone());
            let output = Output::of(circuit, step, &address, inputs, flips);
            output.add(adds.iter().copied(), own);
            beyond |= output.is_beyond(&adds.iter().copied(), own);
            for (element, value) in own.iter_mut().enumerate().filter(|_| !inputs.is_empty()) {
                if *value & spoiled_bits(adds.iter().copied(), &address, element) > 0 {
                    (*value, undecodable) = (0, true);
                }
            }
            values.push(own.to_vec());
        });
        if undecodable && self.stops_at_undecodable() {
            return Some(NO_ANSWER);
        }
        let labels: Vec<u32> = (0..self.classes()).collect();
        let inside = !beyond && circuit.steps.iter().all(|step| is_in_domain(step, &values));
        inside.then(|| ideal::argmax(circuit, &logits, &labels))
    }

    /// Whether the honest model's answer on some public of the pool is not its label.
    pub(super) fn honest_errs(&self) -> bool {
        self.known_by_image().any(|(image, known)| self.honest(image) != known)
    }

    /// Counts the samples that moves change, of the pools or of the samples of every session. No coin may decide the moves.
    /// Queries are compared with the honest answer, publics with the known result.
    fn changed(&self, moves: &[&Move], slots: u128) -> Option<Changed> {
        let is_changed = |(image, right): (u32, Label)| Some(self.after(moves, slots, image)? != right.0);
        let queries = (0..self.queries()).map(|image| (image, self.honest(image)));
        let [queries, publics] = [queries.collect(), self.known_by_image().collect::<Vec<_>>()]
            .map(|pool| pool.into_par_iter().map(is_changed).collect::<Option<Vec<bool>>>());
        let (queries, publics) = (queries?, publics?);
        let count = |changed: &[bool]| changed.iter().filter(|changed| **changed).count() as u64;
        Some(match self.fixed() {
            None => Changed::Pool(PoolCounts {
                Q: queries.len() as u64,
                y: count(&queries),
                P: publics.len() as u64,
                x: count(&publics),
            }),
            Some(drawn) => {
                let pick = |changed: &[bool], places: &[u32]| {
                    places.iter().filter(|place| changed[**place as usize]).count() as u64
                };
                Changed::Drawn { m: pick(&queries, &drawn.queries), t: pick(&publics, &drawn.publics) }
            }
        })
    }
}

/// Whether an act changes the output of a step.
fn is_aimed(act: &Act, step: &Address) -> bool {
    match act {
        Act::Add { step: pattern, .. }
        | Act::WrongSign { step: pattern, .. }
        | Act::OwnChoice { step: pattern, .. }
        | Act::Spoil { step: pattern, .. } => pattern.matches(step),
        Act::Model(_) | Act::Relabel(_) | Act::Bend { .. } | Act::Stop { .. } => false,
    }
}

/// Whether the ideal twin of a step, in faithful arithmetic, acts on these values whatever their shares are: that of an extension does so only on
/// values in its domain. `values` are those of the steps before it.
fn is_in_domain(step: &Step, values: &[Vec<u64>]) -> bool {
    let (Op::Extend { from, sign }, [Value::Layer(input)]) = (&step.op, &step.inputs[..]) else { return true };
    let moved = match sign {
        Sign::Positive => 0,
        Sign::WithRoom => 1 << (from - 2),
        Sign::Any => return true,
    };
    values[*input].iter().all(|x| x.wrapping_add(moved) >> (from - 1) & 1 == 0)
}

/// The effects of a strategy's moves in a world, or on bare positions.
pub struct Seen<'a> {
    /// The world in which the moves act; `None` at `plain`.
    pub world: Option<&'a World>,
    /// The session's parameters.
    pub params: Params,
    /// The number of classes of the honest model.
    pub classes: u32,
    /// The strategy's moves.
    pub moves: &'a [Move],
}

impl Effects for Seen<'_> {
    fn changed(&self, places: &[usize], everywhere: bool) -> Option<Changed> {
        let moves: Vec<&Move> = places.iter().map(|place| self.moves.get(*place)).collect::<Option<_>>()?;
        let random = |m: &&Move| m.act == Act::Relabel(Relabel::RandomWrong);
        // An honest server fails on publics alone: where none is drawn, it does not.
        let honest_errs = self.params.T() > 0 && self.world.is_some_and(World::honest_errs);
        match (&moves[..], self.world) {
            _ if self.world.is_some_and(World::is_one_bit) => None,
            _ if honest_errs && !everywhere => None,
            (moves, _) if moves.iter().any(|m| m.act.is_on_messages()) => None,
            ([only], _) if random(only) && only.when.is_none() && !honest_errs => {
                Some(Changed::Scattered { classes: self.classes })
            }
            (moves, _) if moves.iter().any(random) => None,
            (moves, Some(world)) => world.changed(moves, self.params.N()),
            (moves, None) => {
                let right = (moves.len() as u64).is_multiple_of(self.classes.into());
                let (m, t) = if right { (0, 0) } else { (self.params.R(), self.params.T()) };
                moves.iter().copied().all(is_positional).then_some(Changed::Drawn { m, t })
            }
        }
    }
}
