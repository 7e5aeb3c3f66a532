//! A session with answers: samples are drawn and mixed, the strategy chooses what each slot gets, an [`Inference`] computes it,
//! and the specification's client judges the answers.

use super::client::{Answers, Log, conclude};
use super::linking::{guess, judge};
use super::metered::Metered;
use super::positional::distance;
use super::second::Heard;
use super::server::Server;
use super::simulator::{Replayed, Simulator};
use super::stream::{Purpose, Streams};
use super::trace::Trace;
use super::trial::{SlotRecord, Trial};
use super::urn::Urn;
use super::world::{DrawnSamples, World};
use fusion_2pc::backend::probe::Probe;
use fusion_2pc::session::{ServerProgram, Service};
use fusion_adversaries::behaviour::Scripted;
use fusion_adversaries::probe::Prober;
use fusion_adversaries::script::{HONEST, Relabel};
use fusion_adversaries::strategy::{Act, Touches, View};
use fusion_nn::fixed::FixedModel;
use fusion_spec::mix::{Mix, Permutation, Sample, Slot};
use fusion_spec::verdict::{Events, Label, Outcome, Verdict};
use rand_pcg::Pcg64;
use std::collections::BTreeMap;

/// What a server answers on a slot: the model that it evaluates, and how it changes that model's labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotService {
    /// The index of the model in the world.
    pub model: usize,
    /// How the labels are changed.
    pub turn: Turn,
}

/// A change of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// This number is added to a label, modulo the number of classes.
    By(u32),
    /// Every label becomes this one.
    To(u32),
}

impl SlotService {
    /// The honest service: the honest model's labels, unchanged.
    pub const HONEST: Self = Self { model: 0, turn: Turn::By(0) };

    /// What the server answers after an act; `shift` is how far one of random labels moves a label.
    pub(super) fn after(self, act: &Act, shift: u32, classes: u32) -> Self {
        match act {
            Act::Model(model) => Self { model: *model, turn: Turn::By(0) },
            Act::Relabel(Relabel::To(to)) => Self { turn: Turn::To(*to), ..self },
            Act::Relabel(Relabel::Next | Relabel::RandomWrong) => {
                Self { turn: self.turn.further(shift, classes), ..self }
            }
            Act::Add { .. }
            | Act::WrongSign { .. }
            | Act::OwnChoice { .. }
            | Act::Spoil { .. }
            | Act::Bend { .. }
            | Act::Stop { .. } => self,
        }
    }

    /// The label that the server gives for each class.
    #[must_use]
    pub fn service(self, classes: u32) -> Service {
        Service { model: self.model, labels: (0..classes).map(|label| self.turn.of(label, classes)).collect() }
    }
}

impl Turn {
    /// Returns the label that a label is changed into.
    #[must_use]
    pub fn of(self, label: u32, classes: u32) -> u32 {
        match self {
            Self::By(distance) => (label + distance) % classes,
            Self::To(label) => label,
        }
    }

    fn further(self, distance: u32, classes: u32) -> Self {
        match self {
            Self::By(before) => Self::By((before + distance) % classes),
            Self::To(label) => Self::To((label + distance) % classes),
        }
    }
}

/// A slot of a session, before it is answered.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The number of the slot.
    pub slot: Slot,
    /// The sample that the slot holds.
    pub sample: Sample,
    /// The index of that sample's image in the world.
    pub image: u32,
    /// Whether the server touched the slot.
    pub touched: bool,
    /// What the server answers on the slot.
    pub service: SlotService,
}

/// The position of a session among all: its server, its trial and its number.
pub struct Position<'a, 'c> {
    /// The server of the session.
    pub server: &'a Server<'c>,
    /// The number of the trial.
    pub trial: u64,
    /// The number of the session within the trial, from 0.
    pub session: u32,
    /// What the server tests in the session of the client's secrets, if it does.
    pub probe: Option<Probe>,
}

/// A way to compute the answers of a session.
pub trait Inference {
    /// The value of [`Simulator::stride`] for sessions that are answered in this way.
    const STRIDE: u64;

    /// Computes the answers to all slots; returns `None` if an error of this program prevents it. A server's `program` decides in the meantime: only
    /// two parties can run it.
    fn answer(
        &mut self,
        world: &World,
        asked: &[Asked],
        at: &Position<'_, '_>,
        touches: &Touches,
        program: Option<&mut dyn ServerProgram>,
    ) -> Option<Answers>;

    /// Returns the last session as both parties metered it; `None` where no two parties computed its answers.
    fn metered(&self) -> Option<&Metered> {
        None
    }

    /// Returns why the client of the last session stopped before it had all answers; `None` where it had them, and where no two parties computed them.
    fn stopped(&self) -> Option<String> {
        None
    }

    /// Whether the client has these secrets in this session's set-up; `None` if no two parties are set up.
    fn holds(&mut self, at: &Position<'_, '_>, named: &[Probe]) -> Option<bool> {
        let _ = (at, named);
        None
    }
}

/// One thread's working memory for sessions whose answers an [`Inference`] computes and the specification's client judges.
#[derive(Debug)]
pub struct Judged<'w, I> {
    view: View,
    world: &'w World,
    inference: I,
    queries: Urn,
    publics: Urn,
    touches: Touches,
    /// The touched slots in order, each with its index among the session's touches.
    by_slot: Vec<(Slot, usize)>,
    /// The session's samples.
    drawn: DrawnSamples,
    /// Every slot of the session.
    asked: Vec<Asked>,
    /// The answers to the last session's slots; `None` if it was no inference.
    answers: Option<Answers>,
    /// The slots that were named in the linking game, where nothing was answered.
    named: Vec<SlotRecord>,
    /// The slots that a program named after it had answered.
    pair: Option<[Slot; 2]>,
    /// The honest answers to the last session's queries.
    honest: Vec<Label>,
    /// What the server makes of the verdicts of a trial's sessions.
    prober: Option<Box<dyn Prober>>,
    log: Log,
}

impl<'w, I: Inference> Judged<'w, I> {
    /// Makes the working memory for sessions in a world.
    #[must_use]
    pub fn with(view: &View, world: &'w World, inference: I) -> Self {
        Self {
            view: *view,
            world,
            inference,
            queries: Urn::new(world.queries()),
            publics: Urn::new(world.publics()),
            touches: Touches::new(view),
            by_slot: Vec::new(),
            drawn: DrawnSamples { queries: Vec::new(), publics: Vec::new() },
            asked: Vec::new(),
            answers: None,
            named: Vec::new(),
            pair: None,
            honest: Vec::new(),
            prober: None,
            log: None,
        }
    }

    fn draw(&mut self, streams: &Streams, trial: u64, session: u32) {
        let Self { view: View { params, .. }, drawn: DrawnSamples { queries, publics }, .. } = self;
        if let Some(fixed) = self.world.fixed() {
            queries.clone_from(&fixed.queries);
            publics.clone_from(&fixed.publics);
            return;
        }
        let mut coins = streams.coins(Purpose::Draw, trial, session);
        queries.clear();
        queries.extend_from_slice(self.queries.draw(params.R(), &mut coins));
        publics.clear();
        publics.extend_from_slice(self.publics.draw(params.T(), &mut coins));
    }

    /// Returns every slot of the last session or, in a linking game without answers, the named ones.
    #[must_use]
    pub fn records(&self) -> Vec<SlotRecord> {
        let record = |(asked, answer): (&Asked, Label)| {
            let Asked { slot, sample, image, touched, .. } = *asked;
            let honest = self.world.honest(image);
            let named = self.pair.is_some_and(|pair| pair.contains(&slot));
            SlotRecord { slot, sample, touched, named, labels: Some([honest, answer]), wrong: answer != honest }
        };
        let answered = self.answers.iter().flat_map(|answers| self.asked.iter().zip(answers.labels()));
        answered.map(record).chain(self.named.iter().copied()).collect()
    }

    /// How many values leave a ring that is set, and wrap, in the evaluations of the last session's slots, each by the model that answers it; `None` where all values provably fit.
    fn wrapped(&self) -> Option<u64> {
        let models = self.world.models();
        if self.answers.is_none() || !models.iter().any(FixedModel::may_wrap) {
            return None;
        }
        let mut slots: BTreeMap<(usize, u32), u64> = BTreeMap::new();
        self.asked.iter().for_each(|asked| *slots.entry((asked.service.model, asked.image)).or_insert(0) += 1);
        let each = slots.into_iter().map(|((model, image), slots)| {
            let (_, wrapped) = models[model].label_and_wrapped(self.world.image(image)).ok()?;
            Some(slots * wrapped)
        });
        each.sum()
    }

    /// Returns the last session as both parties metered it; `None` where no two parties computed its answers.
    #[must_use]
    pub fn metered(&self) -> Option<&Metered> {
        self.inference.metered()
    }

    /// Plays and meters one honest session, the first trial with the coins of the control. Returns `None` if it ends in an error of this program, or
    /// no two parties compute its answers.
    #[must_use]
    pub fn honest_session(mut self, seed: u64) -> Option<Metered> {
        let honest = Scripted::honest();
        self.trial(&Server::new(HONEST, seed, &honest), 0).outcome?;
        self.metered().cloned()
    }

    /// Returns what the last session's client sent and was told, taken from the slots themselves and not from its log.
    fn heard(&self) -> Heard {
        let answers = self.answers.as_ref();
        Heard {
            order: self.asked.iter().map(|asked| asked.sample).collect(),
            known: self.drawn.publics.iter().map(|&public| self.world.known(public)).collect(),
            answers: answers.map_or_else(Vec::new, |answers| answers.labels().collect()),
            classes: self.world.classes(),
            end: answers.and_then(|answers| answers.end),
            honest: self.honest.clone(),
        }
    }

    /// Plays a session; returns `None` if the strategy does what no server can.
    fn play(&mut self, server: &Server<'_>, trial: u64, session: u32) -> Option<Trial> {
        let view = View { session, ..self.view };
        let coins = |purpose| server.streams.coins(purpose, trial, session);
        self.answers = None;
        self.named.clear();
        self.pair = None;
        self.touches.clear();
        let mut own = coins(Purpose::Strategy);
        server.strategy.session(&view, &mut own, &mut self.touches);
        if session == 0 {
            self.prober = server.strategy.prober(&view, &mut own);
        }
        let mut mix_coins = coins(Purpose::Mix);
        if let Some(pair) = server.strategy.link() {
            return Some(guess(view.params, pair, &mut mix_coins, &mut self.named));
        }
        self.draw(&server.streams, trial, session);
        let (mix, events) = self.mix(&mut mix_coins)?;
        self.ask(server, &mix, coins(Purpose::Labels))?;
        let probe = self.prober.as_mut().and_then(|prober| prober.asks());
        let at = Position { server, trial, session, probe };
        let mut program = server.strategy.program(&view);
        let programmed = program.as_deref_mut().map(|program| -> &mut dyn ServerProgram { program });
        let answers = self.inference.answer(self.world, &self.asked, &at, &self.touches, programmed)?;
        let events = self.mark(&answers.changed).unwrap_or(events);
        let answers = self.answers.insert(answers);
        if let Some(pair) = program.as_ref().and_then(|program| program.link()) {
            return self.named_at_the_end(pair);
        }
        let known = self.drawn.publics.iter().map(|&public| self.world.known(public)).collect();
        self.honest.clear();
        self.honest.extend(self.drawn.queries.iter().map(|&query| self.world.honest(query)));
        let verdict = conclude(view.params, mix, known, answers, self.world.classes(), &mut self.log).ok()?;
        if let Some(prober) = &mut self.prober {
            prober.told(matches!(verdict, Verdict::Accepted(_)));
        }
        Some(Trial { outcome: Some(Outcome::of(&verdict, &self.honest)), events })
    }

    /// Marks the slots that a program has changed as touched; returns the events, if there are such slots.
    fn mark(&mut self, changed: &[Slot]) -> Option<Events> {
        for &slot in changed {
            self.asked.get_mut(slot as usize)?.touched = true;
        }
        let touched = self.asked.iter().filter(|asked| asked.touched).map(|asked| asked.sample);
        (!changed.is_empty()).then(|| Events::of(self.view.params, touched))
    }

    /// Ends the linking game with the two slots that a program names after a session.
    fn named_at_the_end(&mut self, pair: [usize; 2]) -> Option<Trial> {
        let [a, b] = [self.asked.get(pair[0])?, self.asked.get(pair[1])?].map(|asked| (asked.slot, asked.sample));
        self.pair = Some([a.0, b.0]);
        Some(judge([a.1, b.1]))
    }

    /// Draws the permutation, the touched slots first; returns it with the events.
    fn mix(&self, coins: &mut Pcg64) -> Option<(Permutation, Events)> {
        let mut mix = Mix::new(self.view.params).ok()?;
        let held = self.touches.slots().iter().map(|&slot| mix.place(slot, coins)).collect::<Result<Vec<_>, _>>();
        let events = Events::of(self.view.params, held.ok().filter(|_| !self.touches.is_astray())?);
        Some((mix.finish(coins), events))
    }

    /// Fills in what every slot holds, and what the server answers on it.
    fn ask(&mut self, server: &Server<'_>, mix: &Permutation, mut labels: Pcg64) -> Option<()> {
        let Self { view, world, touches, by_slot, drawn, asked, .. } = self;
        let moves = server.strategy.moves();
        // Coins are drawn in the order of the touches, whether or not a move bites.
        let mut shifts = Vec::with_capacity(touches.moves().len());
        by_slot.clear();
        for (index, &(slot, place)) in touches.moves().iter().enumerate() {
            shifts.push(distance(moves.get(place)?, view.classes, &mut labels).unwrap_or(0));
            by_slot.push((slot, index));
        }
        by_slot.sort_unstable();
        asked.clear();
        let mut rest = &by_slot[..];
        for (slot, sample) in (0..).zip(mix.samples()) {
            let image = match sample {
                Sample::Query { query, .. } => drawn.queries[query as usize],
                Sample::Public { index } => world.queries() + drawn.publics[index as usize],
            };
            let own;
            (own, rest) = rest.split_at(rest.iter().take_while(|(other, _)| *other == slot).count());
            let mut service = SlotService::HONEST;
            for &(_, index) in own {
                let m = &moves[touches.moves()[index].1];
                if !world.bites(m, image) {
                    continue;
                }
                service = service.after(&m.act, shifts[index], view.classes);
            }
            asked.push(Asked { slot, sample, image, touched: !own.is_empty(), service });
        }
        Some(())
    }
}

impl<I: Inference> Simulator for Judged<'_, I> {
    fn session(&mut self, server: &Server<'_>, trial: u64, session: u32) -> Trial {
        self.play(server, trial, session).unwrap_or(Trial::ERROR)
    }

    fn traced(&mut self, server: &Server<'_>, trial: u64, session: u32) -> (Trial, Option<Trace>) {
        self.log = Some(Vec::new());
        let trial = self.session(server, trial, session);
        let log = self.log.take().filter(|log| !log.is_empty());
        let trace = log.map(|log| Trace { params: self.view.params, log, heard: self.heard() });
        (trial, trace)
    }

    fn replayed(&mut self, server: &Server<'_>, trial: u64, session: u32) -> (Replayed, Option<Trace>) {
        let (trial, trace) = self.traced(server, trial, session);
        let steps = self.metered().map_or_else(Vec::new, Metered::steps);
        let session = Replayed {
            trial,
            slots: self.records(),
            steps,
            stopped: self.inference.stopped(),
            wrapped: self.wrapped(),
        };
        (session, trace)
    }

    fn stride(&self) -> u64 {
        I::STRIDE
    }

    /// The secret is that of the session that would come next.
    fn named(&mut self, server: &Server<'_>, trial: u64, sessions: u32) -> Option<Trial> {
        let names = self.prober.as_ref()?.names();
        let next = Position { server, trial, session: sessions, probe: None };
        let outcome = |right| if right { Outcome::Win } else { Outcome::Harmless };
        Some(Trial { outcome: self.inference.holds(&next, &names).map(outcome), ..Trial::ERROR })
    }
}
