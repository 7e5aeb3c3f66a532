//! Sessions at `real`: the two-party inference itself, with a client and a server on two threads and a link between them.
//!
//! Keys and base transfers are made once, or for each session from a seed of its own ([`SetupRule`]). Each session derives its randomness from them by
//! its name. Name and seed are functions of (seed, strategy, trial, session).

use super::client::{Answers, EarlyEnd, Exchange};
use super::deviant::Deviant;
use super::metered::{Metered, SetupSpent};
use super::pair::{Pair, PairSetting, PartiesError, ProtocolChoice, SessionSetting, SetUp};
use super::probing::{Earlier, Tested};
use super::session::{Asked, Inference, Judged, Position};
use super::stream::Purpose;
use super::world::World;
use fusion_2pc::backend::Reading;
use fusion_2pc::backend::probe::Probe;
use fusion_2pc::random::Seed;
use fusion_2pc::session::{Grouping, Progress, ServerProgram, Service};
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::hook::Deviation;
use fusion_2pc::wire::link::Halt;
use fusion_adversaries::script::SetupRule;
use fusion_adversaries::strategy::{Touches, View};
use fusion_spec::mix::Slot;
use fusion_spec::verdict::Label;
use rand_core::Rng;
use std::ops::Range;
use std::time::Duration;

/// A client and a server, set up once for all sessions of a campaign.
pub struct Parties {
    pair: Box<dyn Pair>,
    groupings: Vec<Grouping>,
    /// The processor time of planning and of encoding the weights, which is done once for a network.
    pub prepared: Duration,
    /// What the set-up took, which is done once for a pair of parties.
    pub setup: SetupSpent,
    /// What sending the server's network took, where its weights are encrypted.
    pub network: SetupSpent,
}

impl Parties {
    /// Sets up a client, and a server with a world's models, for sessions of `slots` slots that are packed in any of these ways.
    ///
    /// # Errors
    /// [`PartiesError`] for models without a two-party inference.
    pub fn new(
        (world, protocols): (&World, ProtocolChoice),
        slots: usize,
        groupings: &[Grouping],
        seed: u64,
        network: LinkSpeed,
    ) -> Result<Self, PartiesError> {
        let keys = Seed(blake3::derive_key("fusion-sim 2026-11 keys of both parties", &seed.to_le_bytes()));
        let SetUp { pair, prepared_cpu, setup, network, .. } = SetUp::new(&PairSetting {
            protocols,
            models: world.models(),
            slots,
            groupings,
            lanes: false,
            keys,
            network,
        })?;
        Ok(Self { pair, groupings: groupings.to_vec(), prepared: prepared_cpu, setup, network })
    }

    /// Plays and meters one honest session, as [`Judged::honest_session`] does, in the first of the ways in which slots are packed.
    #[must_use]
    pub fn honest_session(&self, view: &View, world: &World, seed: u64) -> Option<Metered> {
        Real::new(view, world, self, *self.groupings.first()?).honest_session(seed)
    }
}

/// Two parties that compute the answers of one strategy's sessions.
pub struct TwoParty<'w> {
    parties: &'w Parties,
    grouping: Grouping,
    /// The session of the trial of which the server keeps something.
    earlier: Earlier,
    metered: Metered,
    /// Why the client of the last session stopped.
    stopped: Option<Halt>,
}

/// Sessions whose answers are computed by two parties.
pub type Real<'w> = Judged<'w, TwoParty<'w>>;

impl<'w> Real<'w> {
    /// Makes the working memory for sessions in a world.
    #[must_use]
    pub fn new(view: &View, world: &'w World, parties: &'w Parties, grouping: Grouping) -> Self {
        Self::with(
            view,
            world,
            TwoParty { parties, grouping, earlier: Earlier::default(), metered: Metered::default(), stopped: None },
        )
    }
}

impl Inference for TwoParty<'_> {
    const STRIDE: u64 = 1;

    fn answer(
        &mut self,
        world: &World,
        asked: &[Asked],
        at: &Position<'_, '_>,
        touches: &Touches,
        program: Option<&mut dyn ServerProgram>,
    ) -> Option<Answers> {
        self.stopped = None;
        let honest = &world.models()[0];
        let image = |slot: usize| {
            let pixels = honest.pixels(world.image(asked[slot].image));
            pixels.unwrap_or_else(|_| unreachable!("the data's images are of the model's size"))
        };
        let renewed = self.renewed(at).ok()?;
        let pair = renewed.as_deref().unwrap_or(&*self.parties.pair);
        let services: Vec<Service> = asked.iter().map(|asked| asked.service.service(world.classes())).collect();
        let name = seed(at, Purpose::Session);
        let coins = at.server.streams.coins(Purpose::Messages, at.trial, at.session);
        let deviant = Deviant::new(world, asked, at.server.strategy.moves(), touches, coins);
        let deviates = deviant.is_some() || program.is_some() || at.probe.is_some();
        let mut program = program.map(|program| Noted { program, changed: Vec::new() });
        let mut exchanges = Vec::new();
        let mut watch = |progress: Progress<'_>| exchanges.push(Exchange::from(progress));
        let played = pair.play(
            SessionSetting {
                grouping: self.grouping,
                name,
                image: &image,
                services: &services,
                deviation: deviant.map(|deviant| -> Box<dyn Deviation> { Box::new(deviant) }),
                program: program.as_mut().map(|program| -> &mut dyn ServerProgram { program }),
                probe: at.probe.map(|probe| Tested { probe, kept: &self.earlier.kept }),
            },
            &mut watch,
        );
        self.metered = played.metered;
        self.stopped = played.client.as_ref().err().cloned();
        if at.probe == Some(Probe::Keep) {
            self.earlier = Earlier::new(played.kept?, pair.circuit(), honest, &image(0));
        }
        let changed = program.map(|program| program.changed).into_iter().flatten().collect();
        match played.client {
            Ok(_) => Some(Answers { exchanges, end: None, changed }),
            Err(halt) if deviates => {
                Some(Answers { exchanges, end: Some(early_end(&halt, at.server.failed_proof)), changed })
            }
            // A server that keeps to the protocol is never caught at it.
            Err(_) => None,
        }
    }

    fn metered(&self) -> Option<&Metered> {
        Some(&self.metered)
    }

    fn stopped(&self) -> Option<String> {
        self.stopped.as_ref().map(Halt::to_string)
    }

    fn holds(&mut self, at: &Position<'_, '_>, named: &[Probe]) -> Option<bool> {
        let renewed = self.renewed(at).ok()?;
        let pair = renewed.as_deref().unwrap_or(&*self.parties.pair);
        let holds = |named: &Probe| match *named {
            Probe::Earlier(parity) => self.earlier.has(parity),
            named => pair.holds(named),
        };
        Some(named.iter().all(holds))
    }
}

impl TwoParty<'_> {
    /// The pair of a session that has a set-up of its own; `None` if it has the campaign's.
    fn renewed(&self, at: &Position<'_, '_>) -> Result<Option<Box<dyn Pair>>, Halt> {
        match at.server.setup {
            SetupRule::Kept => Ok(None),
            SetupRule::Session => self.parties.pair.renewed(&seed(at, Purpose::Setup)).map(Some),
        }
    }
}

/// A seed of one session of one trial.
pub(super) fn seed(at: &Position<'_, '_>, purpose: Purpose) -> Seed {
    let mut seed = Seed([0; 32]);
    at.server.streams.coins(purpose, at.trial, at.session).fill_bytes(&mut seed.0);
    seed
}

/// A program, with a note of the slots whose answers it changes.
struct Noted<'p> {
    program: &'p mut dyn ServerProgram,
    changed: Vec<Slot>,
}

impl ServerProgram for Noted<'_> {
    #[expect(clippy::cast_possible_truncation, reason = "a session's slots are counted in 32 bits")]
    fn answer(&mut self, slots: Range<usize>, readings: &[Reading], labels: &mut [Vec<u32>]) {
        let before = labels.to_vec();
        self.program.answer(slots.clone(), readings, labels);
        let changed = slots.zip(before.iter().zip(labels)).filter(|(_, (before, after))| *before != *after);
        self.changed.extend(changed.map(|(slot, _)| slot as Slot));
    }
}

impl From<Progress<'_>> for Exchange {
    fn from(progress: Progress<'_>) -> Self {
        match progress {
            Progress::Asks(slots) => Self::Asks(slots),
            Progress::Has(labels) => Self::Has(labels.iter().copied().map(Label).collect()),
        }
    }
}

/// What the session of a client that stopped ends as.
pub(super) fn early_end(halt: &Halt, failed_proof: EarlyEnd) -> EarlyEnd {
    match halt {
        Halt::Malformed { .. } => EarlyEnd::Malformed,
        Halt::PeerGone { .. } => EarlyEnd::PeerGone,
        Halt::Cheating { .. } => failed_proof,
    }
}
