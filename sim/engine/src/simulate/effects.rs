//! The effects of a strategy's moves: how many samples of the pools they change. Exact rates are computed from these numbers.

use super::positional::is_positional;
use super::world::World;
use fusion_adversaries::rate::{Changed, Effects};
use fusion_adversaries::script::Relabel;
use fusion_adversaries::strategy::{Act, Move};
use fusion_spec::bound::pool::PoolCounts;
use fusion_spec::params::Params;

impl World {
    /// Returns the answer on an image after moves that no coin decides.
    fn after<'m>(&self, moves: impl IntoIterator<Item = &'m Move>, image: u32) -> u32 {
        let mut label = self.honest(image).0;
        for m in moves.into_iter().filter(|m| self.bites(m, image)) {
            label = match m.act {
                Act::Model(model) => self.answer(model, image),
                Act::Relabel(Relabel::To(to)) => to,
                Act::Relabel(Relabel::Next | Relabel::RandomWrong) => (label + 1) % self.classes(),
                Act::Add { .. } | Act::Bend { .. } | Act::Stop { .. } => label,
            };
        }
        label
    }

    /// Whether the honest model's answer on some public of the pool is not its label.
    pub(super) fn honest_errs(&self) -> bool {
        self.known_by_image().any(|(image, known)| self.honest(image) != known)
    }

    /// Counts the samples that moves change, of the pools or of the samples of every session. No coin may decide the moves.
    /// Queries are compared with the honest answer, publics with the known result.
    fn changed(&self, moves: &[&Move]) -> Changed {
        let queries: Vec<bool> =
            (0..self.queries()).map(|image| self.after(moves.iter().copied(), image) != self.honest(image).0).collect();
        let publics = self.known_by_image();
        let publics: Vec<bool> =
            publics.map(|(image, known)| self.after(moves.iter().copied(), image) != known.0).collect();
        let count = |changed: &[bool]| changed.iter().filter(|changed| **changed).count() as u64;
        match self.fixed() {
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
        }
    }
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
            (moves, _) if moves.iter().any(|m| m.act.is_inside()) => None,
            ([only], _) if random(only) && only.when.is_none() && !honest_errs => {
                Some(Changed::Scattered { classes: self.classes })
            }
            (moves, _) if moves.iter().any(random) => None,
            (moves, Some(world)) => Some(world.changed(moves)),
            (moves, None) => {
                let right = (moves.len() as u64).is_multiple_of(self.classes.into());
                let (m, t) = if right { (0, 0) } else { (self.params.R(), self.params.T()) };
                moves.iter().copied().all(is_positional).then_some(Changed::Drawn { m, t })
            }
        }
    }
}
