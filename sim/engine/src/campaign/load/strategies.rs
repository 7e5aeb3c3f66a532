//! The strategies that a script describes.

use super::{Loader, Outcome};
use crate::simulate::conditional::{Stage, stages};
use crate::simulate::{Guard, is_positional};
use fusion_adversaries::behaviour::{Branch, Linking, Place, Scripted, Step, flaky};
use fusion_adversaries::problem::{Mark, Problem};
use fusion_adversaries::script::{
    AddSection, BendSection, Event, Fidelity, MoveSection, Relabel, Script, Spot, StrategySection, Where, missing_slot,
};
use fusion_adversaries::strategy::{Act, Hypothesis, Move, Strategy, View};
use fusion_nn::idx::Images;

impl Loader {
    /// `None` of a strategy with a problem.
    pub(super) fn strategy(
        &mut self,
        script: &Script,
        section: &StrategySection,
        view: &View,
        images: Option<&Images>,
    ) -> Outcome<Option<Box<dyn Strategy>>> {
        if let Some(chance) = &section.flaky {
            return Ok(Some(Box::new(flaky(chance.0.clone()))));
        }
        if let Some(pair) = &section.link {
            if let Some(message) = missing_slot(&pair.value, view.slots.into()) {
                self.problem(pair.mark, message);
            }
            return Ok(Some(Box::new(Linking(pair.value))));
        }
        let own = section.moves.iter().map(|moves| (1, moves));
        let mixed = section.one_of.iter().flatten().map(|branch| (branch.weight, &branch.moves));
        let mut moves = Vec::new();
        let mut branches = Vec::new();
        let depth = script.fidelity_of(section);
        for (weight, sections) in own.chain(mixed) {
            let mut steps = Vec::new();
            for m in sections {
                let place = self.place(&m.at, view);
                let what = moves.len();
                moves.push(self.act(script, m, view, images, depth)?);
                steps.push(Step { place, what });
            }
            if depth == Fidelity::Plain && script.model.is_none() && steps.len() > 1 {
                self.problem(sections[1].at.mark, "several acts on one slot need `model`, for its number of classes");
            }
            branches.push(Branch { weight, steps });
        }
        let Some(moves) = moves.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
        let memorised = moves
            .iter()
            .any(|m: &Move| m.when.is_some_and(|guard| matches!(self.guards[guard].1, Guard::Memorised(_))));
        let breaks = if memorised { vec![Hypothesis::H8] } else { Vec::new() };
        Ok(Some(Box::new(Scripted::new(moves, branches, breaks))))
    }

    pub(super) fn place(&mut self, at: &Spot<Where>, view: &View) -> Place {
        let N = view.slots;
        if let Some(message) = at.value.misfit(N.into()) {
            self.problem(at.mark, message);
        }
        match &at.value {
            Where::All(_) => Place::All,
            Where::Random { random } => Place::Random(*random),
            Where::Slots { slots } => Place::Slots(slots.clone()),
            Where::Each { each, from, to, at_most } => {
                Place::Each { chance: each.0.clone(), from: *from, to: to.unwrap_or(N), at_most: at_most.unwrap_or(N) }
            }
        }
    }

    pub(super) fn act(
        &mut self,
        script: &Script,
        section: &MoveSection,
        view: &View,
        images: Option<&Images>,
        depth: Fidelity,
    ) -> Outcome<Option<Move>> {
        if let Some((act, mark, fidelities)) = section.misplaced(depth) {
            let message = format!("`{act}` needs fidelity {fidelities}: here it is `{}`", depth.name());
            self.problems
                .push(Problem::new(mark, message).help("`model` and `relabel` have a place at every fidelity"));
            return Ok(None);
        }
        let when = match &section.when {
            Some(when) => match self.guard(when, images)? {
                Some(guard) => Some(guard),
                None => return Ok(None),
            },
            None => None,
        };
        let MoveSection { at: _, when: _, model, relabel, add, bend, stop } = section;
        let act = if let Some(relabel) = relabel {
            self.relabel(script, relabel, view);
            Some(Act::Relabel(relabel.value))
        } else if let Some(model) = model {
            self.weak_model(script, model, view)?.map(Act::Model)
        } else if let Some(Spot { value: AddSection { step, value, elements }, .. }) = add {
            Some(Act::Add { step: step.clone(), value: *value, elements: elements.clone() })
        } else if let Some(Spot { value: BendSection { step, how }, .. }) = bend {
            Some(Act::Bend { step: step.clone(), how: *how })
        } else {
            stop.as_ref().map(|stop| Act::Stop { step: stop.value.step.clone(), how: stop.value.how })
        };
        let Some(act) = act else { return Ok(None) };
        let m = Move { act, when };
        if depth == Fidelity::Plain && !is_positional(&m) {
            let problem = Problem::new(section.at.mark, "this act depends on the samples, which `plain` does not have");
            self.problems.push(problem.help("use fidelity `ideal`"));
        }
        Ok(Some(m))
    }

    /// Whether there are such classes.
    fn relabel(&mut self, script: &Script, relabel: &Spot<Relabel>, view: &View) {
        match relabel.value {
            Relabel::To(to) if script.model.is_some() && to >= view.classes => {
                self.problem(relabel.mark, format!("there is no class {to}: the model has {}", view.classes));
            }
            Relabel::RandomWrong if script.model.is_none() => {
                self.problem(relabel.mark, "`random_wrong` needs `model`, for its number of classes");
            }
            Relabel::Next | Relabel::RandomWrong | Relabel::To(_) => {}
        }
    }
}

/// Where to point for a strategy as a whole.
fn claim_mark(section: &StrategySection) -> Mark {
    section.expect.rates().next().map_or(section.place.mark, |(_, expectation)| expectation.claim().mark)
}

/// What the conditional estimator plays instead of trials.
pub(super) fn conditional_stages(
    section: &StrategySection,
    strategy: &dyn Strategy,
    view: &View,
    depth: Fidelity,
) -> Result<Vec<Stage>, Problem> {
    let mark = claim_mark(section);
    let next = strategy.moves() == [Move::always(Act::Relabel(Relabel::Next))];
    let only_win = section.expect.rates().all(|(event, _)| event == Event::Win) && section.expect.reasons.is_none();
    match strategy.size(view) {
        _ if depth != Fidelity::Plain => Err(Problem::new(mark, "the conditional estimator needs fidelity `plain`")),
        Some(k) if next && only_win && section.sessions.is_none() => {
            stages(view.params, k).map_err(|error| Problem::new(mark, error.to_string()))
        }
        _ => Err(Problem::new(
            mark,
            "the conditional estimator measures `win` of `relabel: next` on a fixed number of slots",
        )),
    }
}
