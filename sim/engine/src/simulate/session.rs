//! A session with answers: samples are drawn and mixed, the strategy chooses what each slot gets, somebody computes it, and the
//! client of the specification judges what comes out.

use super::client::{Answers, Log, conclude};
use super::linking::guess;
use super::positional::distance;
use super::second::Heard;
use super::server::Server;
use super::simulator::Simulator;
use super::stream::{Purpose, Streams};
use super::trace::Trace;
use super::trial::{SlotRecord, Trial};
use super::urn::Urn;
use super::world::{DrawnSamples, World};
use fusion_adversaries::script::Relabel;
use fusion_adversaries::strategy::{Act, Touches, View};
use fusion_spec::mix::{Mix, Permutation, Sample, Slot};
use fusion_spec::verdict::{Events, Label, Outcome};
use rand_pcg::Pcg64;

/// What a server puts on a slot: a model, and what it makes of that model's labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotService {
    /// By its place in the world.
    pub model: usize,
    /// The labels.
    pub turn: Turn,
}

/// What becomes of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// So many are added, modulo the classes.
    By(u32),
    /// Every one becomes this one.
    To(u32),
}

impl SlotService {
    /// The honest model's labels as they are.
    pub const HONEST: Self = Self { model: 0, turn: Turn::By(0) };
}

impl Turn {
    /// What a label becomes.
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

/// One slot of a session, before it is answered.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Which.
    pub slot: Slot,
    /// What it holds.
    pub sample: Sample,
    /// That sample's image, by its place in the world.
    pub image: u32,
    /// Whether the server touched it.
    pub touched: bool,
    /// What the server puts on it.
    pub service: SlotService,
}

/// Which session it is.
pub struct Position<'a, 'c> {
    /// In whose seat.
    pub server: &'a Server<'c>,
    /// Of which trial.
    pub trial: u64,
    /// Which one.
    pub session: u32,
}

/// Whoever computes the answers.
pub trait Inference {
    /// See [`Fidelity::stride`].
    const STRIDE: u64;

    /// The answers to all slots; `None` where our own side fails.
    fn answer(&mut self, world: &World, asked: &[Asked], at: &Position<'_, '_>, touches: &Touches) -> Option<Answers>;
}

/// The working memory of one thread.
#[derive(Debug)]
pub struct Judged<'w, I> {
    view: View,
    world: &'w World,
    inference: I,
    queries: Urn,
    publics: Urn,
    touches: Touches,
    /// Slot and index among the session's touches, in the order of slots.
    by_slot: Vec<(Slot, usize)>,
    /// The session's samples.
    drawn: DrawnSamples,
    /// Every slot of the session.
    asked: Vec<Asked>,
    /// The answers to the last session's slots; `None` of one that was no inference.
    answers: Option<Answers>,
    /// The slots that were named in the linking game.
    named: Vec<SlotRecord>,
    /// The honest answers to the last session's queries.
    honest: Vec<Label>,
    log: Log,
}

impl<'w, I: Inference> Judged<'w, I> {
    /// Memory for sessions in a world.
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
            honest: Vec::new(),
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

    /// Every slot of the last session; of the linking game, the named ones.
    #[must_use]
    pub fn records(&self) -> Vec<SlotRecord> {
        let record = |(asked, answer): (&Asked, Label)| {
            let Asked { slot, sample, image, touched, .. } = *asked;
            let honest = self.world.honest(image);
            SlotRecord { slot, sample, touched, named: false, labels: Some([honest, answer]), wrong: answer != honest }
        };
        let answered = self.answers.iter().flat_map(|answers| self.asked.iter().zip(answers.labels()));
        answered.map(record).chain(self.named.iter().copied()).collect()
    }

    /// Who computes the answers.
    #[must_use]
    pub fn inference(&self) -> &I {
        &self.inference
    }

    /// What the last session's client sent and was told: by the slots themselves, not by its log.
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

    /// `None` where the strategy does what no server can.
    fn play(&mut self, server: &Server<'_>, trial: u64, session: u32) -> Option<Trial> {
        let view = View { session, ..self.view };
        let coins = |purpose| server.streams.coins(purpose, trial, session);
        self.answers = None;
        self.named.clear();
        self.touches.clear();
        server.strategy.session(&view, &mut coins(Purpose::Strategy), &mut self.touches);
        let mut mix_coins = coins(Purpose::Mix);
        if let Some(pair) = server.strategy.link() {
            return Some(guess(view.params, pair, &mut mix_coins, &mut self.named));
        }
        self.draw(&server.streams, trial, session);
        let (mix, events) = self.mix(&mut mix_coins)?;
        self.ask(server, &mix, coins(Purpose::Labels))?;
        let at = Position { server, trial, session };
        let answers = self.inference.answer(self.world, &self.asked, &at, &self.touches)?;
        let answers = self.answers.insert(answers);
        let known = self.drawn.publics.iter().map(|&public| self.world.known(public)).collect();
        self.honest.clear();
        self.honest.extend(self.drawn.queries.iter().map(|&query| self.world.honest(query)));
        let verdict = conclude(view.params, mix, known, answers, self.world.classes(), &mut self.log).ok()?;
        Some(Trial { outcome: Some(Outcome::of(&verdict, &self.honest)), events })
    }

    /// The permutation, the touched slots drawn first.
    fn mix(&self, coins: &mut Pcg64) -> Option<(Permutation, Events)> {
        let mut mix = Mix::new(self.view.params).ok()?;
        let held = self.touches.slots().iter().map(|&slot| mix.place(slot, coins)).collect::<Result<Vec<_>, _>>();
        let events = Events::of(self.view.params, held.ok().filter(|_| !self.touches.is_astray())?);
        Some((mix.finish(coins), events))
    }

    /// What every slot holds, and what the server puts on it.
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
                service = match m.act {
                    Act::Model(model) => SlotService { model, turn: Turn::By(0) },
                    Act::Relabel(Relabel::To(to)) => SlotService { turn: Turn::To(to), ..service },
                    Act::Relabel(Relabel::Next | Relabel::RandomWrong) => {
                        SlotService { turn: service.turn.further(shifts[index], view.classes), ..service }
                    }
                    Act::Add { .. } | Act::Bend { .. } | Act::Stop { .. } => service,
                };
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

    fn stride(&self) -> u64 {
        I::STRIDE
    }
}
