//! A list of places and moves, or one of several such lists each session.

use super::place::Place;
use crate::law::Case;
use crate::script::Relabel;
use crate::strategy::{Act, Hypothesis, Move, Strategy, Touches, View};
use fusion_spec::mix::uniform_below;
use rand_core::Rng;
use rug::Rational;

/// The strategy that `do` or `one_of` describes.
#[derive(Clone, Debug)]
pub struct Scripted {
    moves: Vec<Move>,
    branches: Vec<WeightedMoves>,
    /// Hypotheses that fail for reasons which the moves do not show.
    breaks: Vec<Hypothesis>,
}

/// One list of moves and their places, taken with probability `weight` out of the sum of weights.
#[derive(Clone, Debug)]
pub struct WeightedMoves {
    /// The weight: at least 1; all weights together stay below `2^32`.
    pub weight: u32,
    /// The moves, in order.
    pub moves: Vec<PlacedMove>,
}

/// A move, and the place where it is made.
#[derive(Clone, Debug)]
pub struct PlacedMove {
    /// The slots that the move touches.
    pub place: Place,
    /// The index of the move among the strategy's moves.
    pub index: usize,
}

impl Scripted {
    /// A strategy from its moves, its lists of them (at least one), and the hypotheses that fail beside those that the moves break.
    #[must_use]
    pub fn new(moves: Vec<Move>, branches: Vec<WeightedMoves>, breaks: Vec<Hypothesis>) -> Self {
        Self { moves, branches, breaks }
    }

    /// The strategy that makes one move in one place, every session.
    #[must_use]
    pub fn single(place: Place, act: Act) -> Self {
        let moves = vec![PlacedMove { place, index: 0 }];
        Self::new(vec![Move::always(act)], vec![WeightedMoves { weight: 1, moves }], Vec::new())
    }

    /// The honest server.
    #[must_use]
    pub fn honest() -> Self {
        Self::new(Vec::new(), vec![WeightedMoves { weight: 1, moves: Vec::new() }], Vec::new())
    }

    /// The moves of one session. Where there is no choice, no coin is drawn.
    fn branch(&self, coins: &mut dyn Rng) -> &WeightedMoves {
        if let [only] = &self.branches[..] {
            return only;
        }
        let sum = self.branches.iter().map(|branch| branch.weight).sum();
        let mut drawn = uniform_below(sum, &mut &mut *coins);
        let taken = self.branches.iter().find(|branch| match drawn.checked_sub(branch.weight) {
            Some(rest) => {
                drawn = rest;
                false
            }
            None => true,
        });
        #[expect(clippy::expect_used, reason = "the number drawn is below the sum of the weights")]
        taken.expect("a number below the sum of the weights falls within one of them")
    }
}

impl Strategy for Scripted {
    fn moves(&self) -> &[Move] {
        &self.moves
    }

    fn session(&self, view: &View, coins: &mut dyn Rng, touches: &mut Touches) {
        for PlacedMove { place, index } in &self.branch(coins).moves {
            place.touch(*index, view, coins, touches);
        }
    }

    fn cases(&self, view: &View) -> Option<Vec<Case>> {
        let sum: u64 = self.branches.iter().map(|branch| u64::from(branch.weight)).sum();
        let mut cases = Vec::new();
        for WeightedMoves { weight, moves } in &self.branches {
            let share = Rational::from((u64::from(*weight), sum));
            for case in branch_cases(moves, view)? {
                cases.push(Case { weight: case.weight * &share, ..case });
            }
        }
        Some(cases)
    }

    fn size(&self, view: &View) -> Option<u32> {
        match &self.branches[..] {
            [WeightedMoves { moves, .. }] => match &moves[..] {
                [] => Some(0),
                [PlacedMove { place, index: 0 }] => place.size(view),
                _ => None,
            },
            _ => None,
        }
    }

    fn breaks(&self) -> Vec<Hypothesis> {
        let act = |m: &Move| match m.act {
            Act::Model(_) | Act::Relabel(Relabel::To(_)) => &[Hypothesis::H4a][..],
            Act::Relabel(Relabel::RandomWrong) => &[Hypothesis::H4b],
            Act::Relabel(Relabel::Next) => &[],
            // The answer depends on the input, and on the shares too where a value leaves its range.
            Act::Add { kept: true, .. } | Act::WrongSign { .. } | Act::OwnChoice { .. } | Act::Spoil { .. } => {
                &[Hypothesis::H3, Hypothesis::H4a, Hypothesis::H4b]
            }
            Act::Add { .. } | Act::Bend { .. } | Act::Stop { .. } => &[Hypothesis::H4a, Hypothesis::H4b],
        };
        let mut breaks = self.breaks.clone();
        for m in &self.moves {
            breaks.extend(act(m));
            breaks.extend(m.when.map(|_| Hypothesis::H3));
        }
        breaks.sort_unstable();
        breaks.dedup();
        breaks
    }
}

/// The cases of one move, or of several on slots that never vary and are the same.
fn branch_cases(moves: &[PlacedMove], view: &View) -> Option<Vec<Case>> {
    let Some((first, rest)) = moves.split_first() else {
        return Some(vec![Case { weight: Rational::from(1), slots: 0, moves: Vec::new() }]);
    };
    if !rest.is_empty() {
        let known = matches!(first.place, Place::All | Place::Slots(_));
        if !known || !rest.iter().all(|other| same_slots(&other.place, &first.place, view)) {
            return None;
        }
    }
    let indices: Vec<usize> = moves.iter().map(|placed| placed.index).collect();
    let sizes = first.place.sizes(view)?;
    Some(sizes.into_iter().map(|(weight, k)| Case { weight, slots: k.into(), moves: indices.clone() }).collect())
}

/// Whether two places that never vary are the same slots. Those of a wide session are listed only where that decides.
fn same_slots(a: &Place, b: &Place, view: &View) -> bool {
    a == b || (a.size(view) == b.size(view) && a.constant(view).is_some_and(|slots| b.constant(view) == Some(slots)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Bend, Elements, Stop};
    use fusion_spec::params::Params;
    use rand_pcg::Pcg64;

    fn view() -> View {
        View::new(Params::new(8, 2, 4, 0).expect("legal"), 10).expect("small")
    }

    fn branch(weight: u32, places: &[Place]) -> WeightedMoves {
        let moves = places.iter().cloned().enumerate().map(|(index, place)| PlacedMove { place, index }).collect();
        WeightedMoves { weight, moves }
    }

    fn strategy(branches: Vec<WeightedMoves>) -> Scripted {
        Scripted::new(vec![Move::always(Act::Relabel(Relabel::Next)); 2], branches, Vec::new())
    }

    #[test]
    fn branches_are_taken_by_their_weights() {
        let mixed = strategy(vec![branch(5, &[]), branch(4, &[Place::Random(2)]), branch(1, &[Place::Random(4)])]);
        let (mut coins, mut touches) = (Pcg64::new(5, 6), Touches::new(&view()));
        let mut counts = [0_u32; 5];
        for _ in 0..20_000 {
            touches.clear();
            mixed.session(&view(), &mut coins, &mut touches);
            counts[touches.slots().len()] += 1;
        }
        // Counts beyond 7 deviations (at most 500) with chance 3e-12 each.
        for (k, expected) in [(0, 10_000), (2, 8_000), (4, 2_000_u32)] {
            assert!(counts[k].abs_diff(expected) < 500, "{counts:?}");
        }
        let cases = mixed.cases(&view()).expect("known");
        let summary: Vec<_> = cases.iter().map(|case| (case.weight.clone(), case.slots)).collect();
        let tenths = |n: u32| Rational::from((n, 10));
        assert_eq!(summary, [(tenths(5), 0), (tenths(4), 2), (tenths(1), 4)]);
        assert_eq!(mixed.size(&view()), None);
    }

    #[test]
    fn acts_declare_what_they_break() {
        use Hypothesis::{H3, H4a, H4b};
        let step: crate::script::StepPattern = "**".parse().expect("a pattern");
        let add = Act::Add { step: step.clone(), value: 1, elements: Elements::All, kept: false };
        for (act, breaks) in [
            (Act::Relabel(Relabel::Next), &[][..]),
            (Act::Relabel(Relabel::To(7)), &[H4a]),
            (Act::Relabel(Relabel::RandomWrong), &[H4b]),
            (Act::Model(1), &[H4a]),
            (add.clone(), &[H4a, H4b]),
            (Act::Bend { step: step.clone(), how: Bend::Drop }, &[H4a, H4b]),
            (Act::Stop { step, how: Stop::Stall }, &[H4a, H4b]),
        ] {
            assert_eq!(Scripted::single(Place::All, act.clone()).breaks(), breaks, "{act:?}");
        }
        let guarded = Scripted::new(vec![Move { act: add, when: Some(0) }], Vec::new(), Vec::new());
        assert_eq!(guarded.breaks(), [H3, H4a, H4b]);
    }

    #[test]
    fn several_moves_have_cases_only_on_the_same_slots() {
        let slots = |slots: &[u32]| Place::Slots(slots.to_vec());
        let cases = |places: &[Place]| strategy(vec![branch(1, places)]).cases(&view());
        let both = cases(&[slots(&[3, 1]), slots(&[1, 3])]).expect("the same slots");
        assert_eq!(both, [Case { weight: Rational::from(1), slots: 2, moves: vec![0, 1] }]);
        assert_eq!(cases(&[slots(&[3]), slots(&[1])]), None);
        assert_eq!(cases(&[Place::Random(2), Place::Random(2)]), None);
        assert_eq!(cases(&[Place::All, Place::All]).map(|cases| cases[0].slots), Some(20));
    }
}
