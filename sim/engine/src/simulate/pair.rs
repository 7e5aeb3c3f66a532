//! A client and a server in one process, set up once for all sessions, whichever family of protocols they run.

use super::beside::{self, Beside, BesideSetting};
use super::metered::{self, Metered, SetupSpent, timed};
use super::probing::Tested;
use crate::clock::now;
use fusion_2pc::address::Address;
use fusion_2pc::backend::probe::Probe;
use fusion_2pc::backend::replay::{Kept, Notes};
use fusion_2pc::backend::{Backend, Choice, ForBackend, Reading};
use fusion_2pc::circuit::{Circuit, Step, Unsupported};
use fusion_2pc::ideal;
use fusion_2pc::linear::TooHeavy;
use fusion_2pc::random::Seed;
use fusion_2pc::role::Role;
use fusion_2pc::session::{
    self, Answered, ClientSetup, Grouping, Networks, Plan, Progress, ServerProgram, ServerSetup, Service,
};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::hook::Deviation;
use fusion_2pc::wire::link::{Halt, Link};
use fusion_nn::fixed::FixedModel;
use std::sync::Arc;
use std::time::Duration;

/// The reason why models have no two-party inference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartiesError {
    /// A layer is not supported.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The weights of a layer are too large.
    #[error(transparent)]
    TooHeavy(#[from] TooHeavy),
    /// The set-up ended early, which is a bug of this program.
    #[error(transparent)]
    Halt(#[from] Halt),
}

/// The protocols of a two-party inference: their family with its options, and how they drop fractional bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProtocolChoice {
    /// The family of protocols, with its options.
    pub backend: Choice,
    /// How extra fractional bits are dropped after a product.
    pub truncation: Truncation,
}

impl ProtocolChoice {
    /// The circuit of networks of one architecture, and how many slots are evaluated together.
    ///
    /// # Errors
    /// [`Unsupported`] if the networks have no circuit in this family.
    pub fn circuit(self, models: &[&FixedModel]) -> Result<(Circuit, usize), Unsupported> {
        let made = self.backend.run(CircuitOf { models, truncation: self.truncation });
        made.map(|(circuit, slots)| (circuit, self.backend.chunk(slots)))
    }

    /// What a server that reads slots reads of an image, by the values of a model's layers; empty where it reads nothing.
    ///
    /// # Panics
    /// For a model that the circuit is not of, or an image of another size.
    #[must_use]
    pub fn shown(self, circuit: &Circuit, model: &FixedModel, pixels: &[i64]) -> Reading {
        let mut values = Vec::with_capacity(circuit.steps.len());
        let keep = |_: &Step, _: &[u64], of_step: &mut [u64]| values.push(of_step.to_vec());
        // With faithful truncation, no value depends on how it is shared.
        ideal::logits(circuit, model, pixels, &mut Seed([0; 32]).stream(), keep);
        self.backend.run(Shown { circuit, values: &values })
    }

    /// Checks that two parties can compute networks of one architecture.
    ///
    /// # Errors
    /// [`Unsupported`] with every reason why they cannot, each with its node: of the circuit, and of how its linear layers are packed for one slot.
    pub fn check(self, models: &[&FixedModel]) -> Result<(), Unsupported> {
        self.backend.run(Check { models, truncation: self.truncation })
    }

    /// The plan of a session of the backend of this choice.
    pub(super) fn plan<B: Backend>(
        self,
        backend: &B,
        models: &[&FixedModel],
        slots: usize,
        grouping: Grouping,
    ) -> Result<Plan<B>, Unsupported> {
        let circuit = backend.circuit(models, self.truncation)?;
        let chunk = self.backend.chunk(backend.slots_per_message(&circuit));
        Plan::in_chunks(backend.clone(), circuit, slots, grouping, chunk)
    }
}

struct Shown<'a> {
    circuit: &'a Circuit,
    values: &'a [Vec<u64>],
}

impl ForBackend for Shown<'_> {
    type Output = Reading;

    fn run<B: Backend>(self, backend: B) -> Reading {
        backend.shown(self.circuit, self.values)
    }
}

struct CircuitOf<'a> {
    models: &'a [&'a FixedModel],
    truncation: Truncation,
}

impl ForBackend for CircuitOf<'_> {
    type Output = Result<(Circuit, usize), Unsupported>;

    fn run<B: Backend>(self, backend: B) -> Self::Output {
        let circuit = backend.circuit(self.models, self.truncation)?;
        let slots = backend.slots_per_message(&circuit);
        Ok((circuit, slots))
    }
}

struct Check<'a> {
    models: &'a [&'a FixedModel],
    truncation: Truncation,
}

impl ForBackend for Check<'_> {
    type Output = Result<(), Unsupported>;

    fn run<B: Backend>(self, backend: B) -> Self::Output {
        let packed = |circuit: &Circuit| backend.packing(circuit, 1, 1).map(|_| ());
        backend.draft(self.models, self.truncation).checked(packed).finished().map(|_| ())
    }
}

/// What a pair of parties is set up for.
#[derive(Clone, Copy, Debug)]
pub struct PairSetting<'a> {
    /// The protocols that they run.
    pub protocols: ProtocolChoice,
    /// The server's networks, of one architecture.
    pub models: &'a [FixedModel],
    /// The number of slots of a session.
    pub slots: usize,
    /// The ways in which sessions group their slots.
    pub groupings: &'a [Grouping],
    /// Whether the chunks of a session are divided into lanes ([`Plan::in_lanes`]).
    pub lanes: bool,
    /// The seed of both parties' keys.
    pub keys: Seed,
    /// The speed of the line between them.
    pub network: LinkSpeed,
}

/// One session: its slots, and how the server serves them.
pub struct SessionSetting<'a> {
    /// How its slots are grouped: one of the ways that the pair was set up for.
    pub grouping: Grouping,
    /// The name of the session, which no other session of the pair has.
    pub name: Seed,
    /// Returns the pixels of a slot, as the client asks for them.
    pub image: &'a (dyn Fn(usize) -> Vec<i64> + Sync),
    /// How the server serves each slot.
    pub services: &'a [Service],
    /// How the server deviates; `None` if it keeps to the protocol.
    pub deviation: Option<Box<dyn Deviation>>,
    /// The program that the server runs; `None` if it reads nothing.
    pub program: Option<&'a mut dyn ServerProgram>,
    /// What the server tests of the client's secrets, if it does. A server that tests runs no program.
    pub probe: Option<Tested<'a>>,
}

/// A session that was played.
pub struct Played {
    /// What the client has, or why it stopped.
    pub client: Result<Answered, Halt>,
    /// What the server has, or why it stopped.
    pub server: Result<Answered, Halt>,
    /// What the server keeps of the session ([`Probe::Keep`]).
    pub kept: Option<Kept>,
    /// The session as both parties metered it.
    pub metered: Metered,
    /// The processor time of the client and of the server.
    pub cpu: [Duration; 2],
    /// The wall time on this machine.
    pub wall: Duration,
}

/// A client and a server that are set up.
pub trait Pair: Send + Sync {
    /// Plays a session on two threads, and reports the client's progress to `watch`.
    fn play(&self, session: SessionSetting<'_>, watch: &mut dyn FnMut(Progress<'_>)) -> Played;

    /// Plays and measures an honest session of the first way of grouping, its lanes beside each other.
    fn beside(&self, session: &BesideSetting<'_>) -> Beside;

    /// Sets both parties up again, from another seed, for the same sessions. Plans and weights are shared.
    ///
    /// # Errors
    /// [`Halt`], which would be a bug of this program: both parties are honest here.
    fn renewed(&self, keys: &Seed) -> Result<Box<dyn Pair>, Halt>;

    /// Whether what a server names is a part of the client's secrets.
    fn holds(&self, named: Probe) -> bool;

    /// The circuit that they evaluate.
    fn circuit(&self) -> &Circuit;
}

/// A pair of parties with what it took to make them.
pub struct SetUp {
    /// The two parties.
    pub pair: Box<dyn Pair>,
    /// The processor time of planning and of encoding the weights, which is done once for a network.
    pub prepared_cpu: Duration,
    /// The wall time of the same.
    pub prepared_wall: Duration,
    /// What the set-up took, which is done once for a pair of parties.
    pub setup: SetupSpent,
    /// What sending the server's network took, which is done once for a network and a pair of parties; nothing, where it is not sent.
    pub network: SetupSpent,
}

impl SetUp {
    /// Plans sessions, encodes the networks and sets both parties up.
    ///
    /// # Errors
    /// [`PartiesError`] for models without a two-party inference.
    pub fn new(setting: &PairSetting<'_>) -> Result<Self, PartiesError> {
        setting.protocols.backend.run(Make(setting))
    }
}

struct Make<'s, 'a>(&'s PairSetting<'a>);

impl ForBackend for Make<'_, '_> {
    type Output = Result<SetUp, PartiesError>;

    fn run<B: Backend>(self, backend: B) -> Self::Output {
        let setting = self.0;
        let began = now();
        let (prepared, prepared_cpu) = timed(|| plans(&backend, setting));
        let (prepared, prepared_wall) = (prepared?, began.elapsed());
        let (pair, [setup, network]) = Parties::new(&setting.keys, prepared.into(), setting.network)?;
        Ok(SetUp { pair: Box::new(pair), prepared_cpu, prepared_wall, setup, network })
    }
}

/// The plan of a session for one way of grouping its slots, with the networks that are encoded for it.
type Prepared<B> = (Plan<B>, Networks<B>);

fn plans<B: Backend>(backend: &B, setting: &PairSetting<'_>) -> Result<Vec<Prepared<B>>, PartiesError> {
    let models: Vec<&FixedModel> = setting.models.iter().collect();
    let prepared = |grouping: &Grouping| {
        let plan = setting.protocols.plan(backend, &models, setting.slots, *grouping)?;
        let plan = if setting.lanes { plan.in_lanes() } else { plan };
        let networks = Networks::new(&plan, setting.models)?;
        Ok((plan, networks))
    };
    setting.groupings.iter().map(prepared).collect()
}

struct Parties<B: Backend> {
    network: LinkSpeed,
    client: ClientSetup<B>,
    server: ServerSetup<B>,
    prepared: Arc<[Prepared<B>]>,
}

impl<B: Backend> Parties<B> {
    fn new(keys: &Seed, prepared: Arc<[Prepared<B>]>, network: LinkSpeed) -> Result<(Self, [SetupSpent; 2]), Halt> {
        let plans: Vec<&Plan<B>> = prepared.iter().map(|(plan, _)| plan).collect();
        let (mut client, mut server, setup) = metered::set_up(keys, &plans, network)?;
        let served: Vec<_> = prepared.iter().map(|(plan, networks)| (plan, networks)).collect();
        let sent = metered::send_network((&mut client, &mut server), &served, network)?;
        Ok((Self { network, client, server, prepared }, [setup, sent]))
    }

    #[expect(clippy::expect_used, reason = "a pair is set up for at least one way of grouping")]
    fn first(&self) -> &Prepared<B> {
        self.prepared.first().expect("a way of grouping")
    }
}

impl<B: Backend> Pair for Parties<B> {
    #[expect(clippy::expect_used, reason = "a session groups its slots in a way that the pair was set up for")]
    fn play(&self, session: SessionSetting<'_>, watch: &mut dyn FnMut(Progress<'_>)) -> Played {
        let SessionSetting { grouping, name, image, services, deviation, program, probe } = session;
        let prepared = self.prepared.iter().find(|(plan, _)| plan.grouping() == grouping);
        let (plan, networks) = prepared.expect("a way of grouping that the pair was set up for");
        let (began, notes) = (now(), Notes::default());
        let (((client, near), client_cpu), ((server, mut far), server_cpu)) = session::run(
            self.network,
            |link| timed(|| session::watched_client(link, &self.client, plan, &name, image, watch)),
            |mut link: Link| {
                if let Some(tested) = probe {
                    tested.prepare(plan, &notes, &mut link);
                }
                if let Some(deviation) = deviation {
                    link.deviate(deviation);
                }
                timed(|| match (program, probe.map(|tested| tested.probe)) {
                    (None, Some(Probe::Correlation(guess))) => {
                        session::guessing_server(link, &self.server, plan, &name, (networks, services), guess)
                    }
                    (None, _) => session::server(link, &self.server, plan, &name, networks, services),
                    (Some(program), _) => {
                        session::programmed_server(link, &self.server, plan, &name, (networks, services), program)
                    }
                })
            },
        );
        let heard = far.heard();
        let metered = Metered { meters: [near, far].map(Link::into_meter), cpu: client_cpu + server_cpu };
        let kept = notes.kept(&plan.circuit, heard, &metered.meters[1].log);
        Played { client, server, kept, metered, cpu: [client_cpu, server_cpu], wall: began.elapsed() }
    }

    fn beside(&self, session: &BesideSetting<'_>) -> Beside {
        let (plan, networks) = self.first();
        beside::measure(self.network, (&self.client, &self.server), (plan, networks), session)
    }

    fn renewed(&self, keys: &Seed) -> Result<Box<dyn Pair>, Halt> {
        let (pair, _) = Self::new(keys, self.prepared.clone(), self.network)?;
        Ok(Box::new(pair))
    }

    fn holds(&self, named: Probe) -> bool {
        self.prepared.first().is_some_and(|(plan, _)| self.client.holds(plan, named))
    }

    fn circuit(&self) -> &Circuit {
        &self.first().0.circuit
    }
}

/// What patterns of addresses can match in the sessions of some models: addresses without slots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reachable {
    /// The steps at whose ends shares can be moved.
    pub steps: Vec<Address>,
    /// The messages of the server.
    pub messages: Vec<Address>,
}

/// Lists what patterns can match, from an honest session of one slot.
///
/// # Errors
/// [`PartiesError`] for models without a two-party inference.
pub fn reachable(protocols: ProtocolChoice, models: &[FixedModel]) -> Result<Reachable, PartiesError> {
    let grouping = Grouping::Chunk;
    let SetUp { pair, .. } = SetUp::new(&PairSetting {
        protocols,
        models,
        slots: 1,
        groupings: &[grouping],
        lanes: false,
        keys: Seed([0; 32]),
        network: LinkSpeed::LAN,
    })?;
    let circuit = pair.circuit();
    let services = [Service { model: 0, labels: (0..models[0].classes()).collect() }];
    let image = |_| vec![0; circuit.pixels];
    let session = SessionSetting {
        grouping,
        name: Seed([0; 32]),
        image: &image,
        services: &services,
        deviation: None,
        program: None,
        probe: None,
    };
    let played = pair.play(session, &mut |_| {});
    played.client?;
    let sent = played.metered.meters[0].log.iter().filter(|message| message.from == Role::Server);
    Ok(Reachable {
        steps: circuit.steps.iter().map(|step| step.address.clone()).collect(),
        messages: sent.map(|message| message.address.below_slots()).collect(),
    })
}
