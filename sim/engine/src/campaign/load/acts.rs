//! The strategies that a script describes.

use super::loader::{Labelled, Loader, Setting};
use crate::failure::Failure;
use crate::simulate::{Guard, is_positional};
use fusion_2pc::backend::Choice;
use fusion_2pc::backend::digits::DigitRule;
use fusion_2pc::ot::probe::Parts;
use fusion_adversaries::behaviour::{
    GuessDelta, Linking, Place, PlacedMove, ProbeDelta, ProbeKey, Scripted, Unmask, WeightedMoves, flaky,
};
use fusion_adversaries::problem::{Mark, Problem};
use fusion_adversaries::script::{
    ActSection, AddSection, BendSection, Fidelity, LinkSection, MoveSection, OwnChoiceSection, Pixel, ProgramName,
    Relabel, Section, SessionsSection, SetupRule, SpoilSection, Spot, StopSection, StrategyDraft, StrategyKind,
    StrategySection, Until, When, Where, missing_slot,
};
use fusion_adversaries::strategy::{Act, Hypothesis, Move, Strategy};
use fusion_nn::idx::Images;
use std::path::Path;

/// A strategy of a script in the form in which it is played.
pub type Played = Box<dyn Strategy>;

impl Loader {
    /// Builds a strategy; returns `None` where a problem was recorded.
    pub fn strategy(&mut self, setting: &Setting<'_>, strategy: &StrategyDraft) -> Result<Option<Played>, Failure> {
        let StrategyDraft { section, whole } = strategy;
        let depth = setting.draft.fidelity_of(section);
        if let Some((depth, (key, mark))) =
            depth.filter(|depth| *depth != Fidelity::Real).zip(section.kind.only_at_real())
        {
            self.problem(mark, format!("`{key}` needs fidelity `real`: here it is `{}`", depth.name()));
            return Ok(None);
        }
        if !self.within_spdz(setting, section, depth) {
            return Ok(None);
        }
        let built: Option<Played> = match &section.kind {
            StrategyKind::Do { moves, .. } => self.scripted(setting, depth, &[(1, moves)])?,
            StrategyKind::OneOf { one_of, .. } => {
                let lists: Vec<_> = one_of.iter().map(|branch| (branch.weight, &branch.moves[..])).collect();
                self.scripted(setting, depth, &lists)?
            }
            StrategyKind::Flaky { flaky: chance, .. } => Some(Box::new(flaky(chance.value.0.clone()))),
            StrategyKind::Link { link } => self.linking(setting, link),
            StrategyKind::Cheat { cheat, .. } => self.cheat(setting, cheat),
            StrategyKind::Program { program: Spot { value: ProgramName::Unmask, mark }, .. } => {
                self.unmask(setting, *mark)
            }
            StrategyKind::Program { program: Spot { value: ProgramName::ProbeDelta, mark }, sessions } => {
                self.probe_delta(setting, section, *sessions, *mark)
            }
            StrategyKind::Program { program: Spot { value: ProgramName::GuessDelta, mark }, sessions } => {
                self.guess_delta(setting, *sessions, *mark)
            }
            StrategyKind::Program { program: Spot { value: ProgramName::ProbeKey, mark }, sessions } => {
                self.probe_key(setting, section, *sessions, *mark)
            }
            StrategyKind::Program { program: Spot { value: ProgramName::ReplayCiphertext, mark }, sessions } => {
                self.replay_ciphertext(setting, section, *sessions, *mark)
            }
        };
        Ok(built.filter(|_| *whole))
    }

    fn linking(&mut self, setting: &Setting<'_>, link: &Spot<LinkSection>) -> Option<Played> {
        let slots = match link.value {
            LinkSection::Best(_) => return Some(Box::new(Linking::Best { reads: setting.backend()?.exposure() })),
            LinkSection::Slots(slots) => slots,
        };
        if let Some(message) = missing_slot(&slots, setting.slots?.into()) {
            self.problem(link.mark, message);
            return None;
        }
        Some(Box::new(Linking::Named(slots)))
    }

    fn unmask(&mut self, setting: &Setting<'_>, mark: Mark) -> Option<Played> {
        let backend = setting.backend()?;
        if !backend.exposes() {
            let family = backend.family().name();
            let message = format!("`unmask` reads what slots hold, and `{family}` as it is set does not show it");
            self.problems.push(Problem::new(mark, message).help("such as `backend: { delphi: { mask: inside } }`"));
            return None;
        }
        Some(Box::new(Unmask))
    }

    fn probe_delta(
        &mut self,
        setting: &Setting<'_>,
        section: &StrategySection,
        sessions: Option<SessionsSection>,
        mark: Mark,
    ) -> Option<Played> {
        let parts = self.parts("probe-delta", setting.backend()?, mark)?;
        let most = ProbeDelta::most_sessions(parts);
        let max = self.verdicts("probe-delta", sessions, most, mark)?;
        Some(Box::new(ProbeDelta::new(parts, max, keeps(setting, section)?)))
    }

    fn guess_delta(&mut self, setting: &Setting<'_>, sessions: Option<SessionsSection>, mark: Mark) -> Option<Played> {
        let backend = setting.backend()?;
        let parts = self.parts("guess-delta", backend, mark)?;
        if sessions.is_some() {
            let message = "`guess-delta` plays one session, whose verdict is that of the trial";
            self.problems.push(Problem::new(mark, message).help("leave `sessions` out"));
            return None;
        }
        Some(Box::new(GuessDelta::new(parts, backend.checks())))
    }

    /// The parts of the client's correlation that a program guesses.
    fn parts(&mut self, program: &str, backend: Choice, mark: Mark) -> Option<Parts> {
        let parts = backend.parts();
        if parts.is_none() {
            let family = backend.family().name();
            let message = format!(
                "`{program}` guesses the correlation of the transfers in which the client sends, and in `{family}` it sends in none"
            );
            self.problem(mark, message);
        }
        parts
    }

    fn probe_key(
        &mut self,
        setting: &Setting<'_>,
        section: &StrategySection,
        sessions: Option<SessionsSection>,
        mark: Mark,
    ) -> Option<Played> {
        let family = setting.backend()?.family();
        if !family.encrypts_slots() {
            let message = format!(
                "`probe-key` brings responses to an encryption of slots to the edge of their rounding, and in `{}` the client encrypts no slots",
                family.name()
            );
            self.problems.push(Problem::new(mark, message).help("such as `backend: delphi`"));
            return None;
        }
        let max = self.verdicts("probe-key", sessions, ProbeKey::MOST_SESSIONS, mark)?;
        Some(Box::new(ProbeKey::new(max, keeps(setting, section)?)))
    }

    /// The number of sessions whose verdicts a program spends, which are all played.
    fn verdicts(&mut self, program: &str, sessions: Option<SessionsSection>, most: u32, mark: Mark) -> Option<u32> {
        match sessions {
            Some(SessionsSection { until: Until::Max, max }) if max <= most => Some(max),
            _ => {
                let message = format!("`{program}` spends the verdicts of at most {most} sessions that are all played");
                let example = format!("such as `sessions: {{ until: max, max: {} }}`", most.min(4));
                self.problems.push(Problem::new(mark, message).help(example));
                None
            }
        }
    }

    /// Builds a strategy that plays one of several lists of moves in each session.
    fn scripted(
        &mut self,
        setting: &Setting<'_>,
        depth: Option<Fidelity>,
        lists: &[(u32, &[MoveSection])],
    ) -> Result<Option<Played>, Failure> {
        let mut whole = true;
        let mut moves = Vec::new();
        let mut branches = Vec::new();
        for (weight, sections) in lists {
            let mut placed = Vec::new();
            for section in *sections {
                let place = self.place(&section.at, setting.slots);
                let made = self.act(setting, section, depth)?;
                if let (Some(place), Some(made)) = (place, made) {
                    placed.push(PlacedMove { place, index: moves.len() });
                    moves.push(made);
                } else {
                    whole = false;
                }
            }
            if let [_, second, ..] = sections
                && depth == Some(Fidelity::Plain)
                && setting.draft.model.is_absent()
            {
                self.problem(second.at.mark, "several acts on one slot need `model`, for its number of classes");
                whole = false;
            }
            branches.push(WeightedMoves { weight: *weight, moves: placed });
        }
        if !whole {
            return Ok(None);
        }
        let memorised = |m: &Move| m.when.is_some_and(|guard| matches!(self.guards[guard].1, Guard::Memorised(_)));
        let breaks = if moves.iter().any(memorised) { vec![Hypothesis::H8] } else { Vec::new() };
        Ok(Some(Box::new(Scripted::new(moves, branches, breaks))))
    }

    fn place(&mut self, at: &Spot<Where>, slots: Option<u32>) -> Option<Place> {
        let N = slots?;
        if let Some(message) = at.value.misfit(N.into()) {
            self.problem(at.mark, message);
            return None;
        }
        Some(match &at.value {
            Where::All(_) => Place::All,
            Where::Random { random } => Place::Random(*random),
            Where::Slots { slots } => Place::Slots(slots.clone()),
            Where::Each { each, from, to, at_most } => {
                Place::Each { chance: each.0.clone(), from: *from, to: to.unwrap_or(N), at_most: at_most.unwrap_or(N) }
            }
        })
    }

    fn act(
        &mut self,
        setting: &Setting<'_>,
        section: &MoveSection,
        depth: Option<Fidelity>,
    ) -> Result<Option<Move>, Failure> {
        if let Some((depth, (act, mark, fidelities))) = depth.and_then(|d| Some((d, section.act.misplaced(d)?))) {
            let message = format!("`{act}` needs fidelity {fidelities}: here it is `{}`", depth.name());
            self.problems
                .push(Problem::new(mark, message).help("`model` and `relabel` have a place at every fidelity"));
            return Ok(None);
        }
        let act = match &section.act {
            ActSection::Model { model, .. } => self.weak_model(setting, model)?.map(Act::Model),
            ActSection::Relabel { relabel, .. } => self.relabel(setting, relabel).map(Act::Relabel),
            ActSection::Add { add: Spot { value: AddSection { step, value, elements, only }, .. }, .. } => {
                let (elements, kept) = (elements.clone(), only.is_some());
                Some(Act::Add { step: step.clone(), value: *value, elements, kept })
            }
            ActSection::WrongSign { wrong_sign: Spot { value: section, .. }, .. } => {
                let rule = DigitRule::of(section.from, section.bits, &section.are);
                Some(Act::WrongSign { step: section.step.clone(), elements: section.elements.clone(), rule })
            }
            ActSection::OwnChoice { own_choice: Spot { value: section, .. }, .. } => {
                let OwnChoiceSection { step, elements, value } = section.clone();
                Some(Act::OwnChoice { step, elements, value })
            }
            ActSection::Spoil { spoil: Spot { value: SpoilSection { step, elements, bit }, .. }, .. } => {
                Some(Act::Spoil { step: step.clone(), elements: elements.clone(), bit: *bit })
            }
            ActSection::Bend { bend: Spot { value: BendSection { step, how }, .. } } => {
                Some(Act::Bend { step: step.clone(), how: *how })
            }
            ActSection::Stop { stop: Spot { value: StopSection { step, how }, .. } } => {
                Some(Act::Stop { step: step.clone(), how: *how })
            }
        };
        let when = match section.act.when() {
            None => None,
            Some(when) => match self.guard(setting, when)? {
                Some(guard) => Some(guard),
                None => return Ok(None),
            },
        };
        let Some(act) = act else { return Ok(None) };
        let m = Move { act, when };
        if depth == Some(Fidelity::Plain) && !is_positional(&m) {
            let problem = Problem::new(section.at.mark, "this act depends on the samples, which `plain` does not have");
            self.problems.push(problem.help("use fidelity `ideal`"));
            return Ok(None);
        }
        Ok(Some(m))
    }

    /// Returns a change of labels; `None`, and a recorded problem, where the model has no such class.
    fn relabel(&mut self, setting: &Setting<'_>, relabel: &Spot<Relabel>) -> Option<Relabel> {
        match (relabel.value, &setting.honest) {
            (Relabel::To(to), Section::Read(honest)) if to >= honest.classes => {
                self.problem(relabel.mark, format!("there is no class {to}: the model has {}", honest.classes));
                None
            }
            (Relabel::RandomWrong, Section::Absent) => {
                self.problem(relabel.mark, "`random_wrong` needs `model`, for its number of classes");
                None
            }
            (Relabel::Next | Relabel::RandomWrong | Relabel::To(_), _) => Some(relabel.value),
        }
    }

    /// Returns the index of a predicate among the guards; `None` where a problem was recorded.
    fn guard(&mut self, setting: &Setting<'_>, when: &Spot<When>) -> Result<Option<usize>, Failure> {
        if let Some(place) = self.guards.iter().position(|(known, _)| *known == when.value) {
            return Ok(Some(place));
        }
        let images = match &setting.samples {
            Section::Absent => {
                self.problem(when.mark, "`when` depends on the samples, which `plain` does not have");
                return Ok(None);
            }
            Section::Faulty => None,
            Section::Read(Labelled { images, .. }) => Some(images),
        };
        let guard = match &when.value {
            When::Pixel { pixel, at_least } => images.and_then(|images| {
                let index = pixel_index(images.shape(), *pixel);
                if index.is_none() {
                    let message = format!("no pixel {:?} in images of {:?}", pixel.as_written(), images.shape());
                    self.problem(when.mark, message);
                }
                Some(Guard::Pixel { index: index?, at_least: *at_least })
            }),
            When::Memorised { memorised } => self.memorised(memorised, when, images)?,
        };
        let Some(guard) = guard else { return Ok(None) };
        self.guards.push((when.value.clone(), guard));
        Ok(Some(self.guards.len() - 1))
    }

    /// Reads the images that a server has memorised, which must have the same shape as the data.
    fn memorised(&mut self, path: &Path, when: &Spot<When>, images: Option<&Images>) -> Result<Option<Guard>, Failure> {
        let Some(bytes) = self.file(path, when.mark)? else { return Ok(None) };
        let known = match Images::parse(&bytes) {
            Ok(known) => known,
            Err(error) => {
                self.problem(when.mark, error.to_string());
                return Ok(None);
            }
        };
        let Some(images) = images else { return Ok(None) };
        if known.shape() != images.shape() {
            let message = format!("memorised images are {:?}, and the data {:?}", known.shape(), images.shape());
            self.problem(when.mark, message);
            return Ok(None);
        }
        let all = (0..known.len()).filter_map(|index| known.get(index).map(<[u8]>::to_vec)).collect();
        Ok(Some(Guard::Memorised(all)))
    }
}

fn pixel_index([channels, height, width]: [usize; 3], pixel: Pixel) -> Option<usize> {
    let [channel, row, column] = pixel.coordinates().map(|coordinate| coordinate as usize);
    (channel < channels && row < height && column < width).then(|| (channel * height + row) * width + column)
}

/// Whether the client keeps its set-up over the sessions of a strategy's trials.
pub(super) fn keeps(setting: &Setting<'_>, section: &StrategySection) -> Option<bool> {
    Some(setting.draft.head.as_ref()?.setup_of(Some(section)) == SetupRule::Kept)
}
