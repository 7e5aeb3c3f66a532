//! The entries of a campaign: strategies with their claims.

use super::acts::Played;
use super::loader::Loader;
use crate::campaign::Entry;
use crate::campaign::block;
use crate::campaign::claims::{Claims, Spec};
use crate::simulate::conditional::{Stage, stages};
use crate::simulate::{Seen, World};
use fusion_adversaries::problem::Problem;
use fusion_adversaries::script::{
    CountedEvent, Draft, Estimator, Fidelity, HONEST, Keep, Relabel, StrategySection, Test,
};
use fusion_adversaries::strategy::{Act, Hypothesis, Move, Strategy, View};
use fusion_spec::evidence::Tolerance;
use rug::Rational;

impl Loader {
    /// Builds the entry of a strategy, or of the control, with its claims; returns `None` where a problem was recorded.
    pub fn entry(
        &mut self,
        draft: &Draft,
        section: Option<&StrategySection>,
        strategy: Played,
        (view, world): (&View, Option<&World>),
    ) -> Option<Entry> {
        let depth = section.map_or(draft.fidelity.as_ref().map(|spot| spot.value), |own| draft.fidelity_of(own))?;
        let conditional = draft.test.estimator == Estimator::Conditional;
        let staged = section.filter(|_| conditional).map(|own| conditional_stages(own, &*strategy, view, depth));
        let stages = staged.transpose().map_err(|problem| self.problems.push(problem));
        if depth != Fidelity::Plain && world.is_none() {
            return None;
        }
        let world = world.filter(|_| depth != Fidelity::Plain);
        let sessions = section.and_then(|own| own.kind.sessions());
        let seen = Seen { world, params: view.params, classes: view.classes, moves: strategy.moves() };
        let breaks = breaks(draft, sessions.is_some(), &*strategy, world);
        let spec = Spec::new(view, &*strategy, sessions, &seen);
        let negligible = spec.cheat_bound().unwrap_or_default();
        let claims = match section {
            Some(own) => spec.claims(own, breaks),
            None => Ok(spec.control(breaks)),
        };
        let claims = claims.map_err(|problems| self.problems.extend(problems));
        let (Ok(claims), Ok(stages)) = (claims, stages) else { return None };
        let stages = stages.unwrap_or_else(Vec::new);
        Some(Entry {
            name: section.map_or(HONEST, |own| own.name.as_str()).into(),
            depth,
            strategy,
            sessions,
            setup: draft.head.as_ref()?.setup_of(section),
            max: section.and_then(|own| own.trials.max).unwrap_or(draft.trials.max),
            block: block::CHEAP,
            wall: section.and_then(|own| own.trials.wall).map(|wall| wall.0),
            claims: if stages.is_empty() { claims } else { Claims { events: None, ..claims } },
            tolerance: tolerance(&draft.test, depth, negligible),
            stages,
        })
    }
}

/// Returns the hypotheses that fail because of the strategy's acts, the number of sessions, or what an honest run may do in this
/// world.
fn breaks(draft: &Draft, sessions: bool, strategy: &dyn Strategy, world: Option<&World>) -> Vec<Hypothesis> {
    let keeps_all = draft.data.read().is_some_and(|data| data.public.keep == Keep::All);
    let honest_may_fail = world.is_some_and(|world| world.is_one_bit() || keeps_all);
    let mut breaks = strategy.breaks();
    breaks.extend(sessions.then_some(Hypothesis::H7));
    let stops = world.is_some_and(World::stops_at_undecodable);
    breaks.extend((stops && strategy.moves().iter().any(|m| m.act.spoils())).then_some(Hypothesis::H6));
    breaks.extend(honest_may_fail.then_some(Hypothesis::H5));
    breaks.sort_unstable();
    breaks.dedup();
    breaks
}

/// Returns the stages that the conditional estimator plays instead of trials.
fn conditional_stages(
    section: &StrategySection,
    strategy: &dyn Strategy,
    view: &View,
    depth: Fidelity,
) -> Result<Vec<Stage>, Problem> {
    let mark = section.expect.rates().next().map_or(section.place.mark, |(_, expectation)| expectation.claim().mark);
    let next = strategy.moves() == [Move::always(Act::Relabel(Relabel::Next))];
    let mut rates = section.expect.rates();
    let only_win = rates.all(|(event, _)| event == CountedEvent::Win) && section.expect.reasons.is_none();
    match strategy.size(view) {
        _ if depth != Fidelity::Plain => Err(Problem::new(mark, "the conditional estimator needs fidelity `plain`")),
        Some(k) if next && only_win && section.kind.sessions().is_none() => {
            stages(view.params, k).map_err(|error| Problem::new(mark, error.to_string()))
        }
        _ => Err(Problem::new(
            mark,
            "the conditional estimator measures `win` of `relabel: next` on a fixed number of slots",
        )),
    }
}

/// Returns how near the measured rate must be for a clause to pass. Trials at `real` are expensive, so a claim of 0 or 1 is
/// tested there no more closely than any other. The bound of a protocol on its own errors is tested as a claim of 0 is.
fn tolerance(test: &Test, depth: Fidelity, negligible: Rational) -> Tolerance {
    let relative = test.within.0.clone();
    let absolute = match depth {
        Fidelity::Plain | Fidelity::Ideal => Rational::from((1, 1000)),
        Fidelity::Real => relative.clone(),
    };
    Tolerance { relative, absolute, negligible }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certainties_are_held_closely_where_trials_are_cheap() {
        let test = Test::default();
        let absolute = |depth| tolerance(&test, depth, Rational::new()).absolute;
        assert_eq!([Fidelity::Plain, Fidelity::Ideal].map(absolute), [(); 2].map(|()| Rational::from((1, 1000))));
        assert_eq!(absolute(Fidelity::Real), test.within.0);
    }
}
