//! Sessions: keys and base transfers once, then any number of batches, each on two threads.
//!
//! A session's randomness is a function of the parties' set-up and the session's name, 32 bytes that no other session may have: a
//! session can be repeated bit by bit, and no two share a pad.

use crate::address::Component;
use crate::backend::Protocols;
use crate::backend::cheetah::{self, Cheetah, EncodedModel, Packing, Side};
use crate::circuit::{ARGMAX, Circuit, Unsupported};
use crate::cost::Cost;
use crate::evaluate::evaluate;
use crate::he::cipher::ClientKey;
use crate::linear::{self, Layout, PublicKeys};
use crate::ot::setup::Setup;
use crate::party::Party;
use crate::random::Seed;
use crate::role::Role;
use crate::wire::clock::LinkSpeed;
use crate::wire::link::{Halt, Link};
use crate::wire::meter::Phase;
use fusion_nn::fixed::FixedModel;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

/// What both parties know of a session: the circuit, and how its slots are packed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is computed.
    pub circuit: Circuit,
    /// How many slots.
    pub slots: usize,
    slots_per_message: usize,
    grouping: Grouping,
    /// By slots of a group.
    packings: BTreeMap<usize, Packing>,
}

/// Which slots share ciphertexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grouping {
    /// All of a chunk.
    Chunk,
    /// None: the server can put another network on any slot.
    Slot,
}

impl Grouping {
    /// Slots of each group of a chunk of so many.
    fn of(self, chunk: usize) -> usize {
        match self {
            Self::Chunk => chunk,
            Self::Slot => 1,
        }
    }
}

impl Plan {
    /// A session of so many slots. What its responses tell of the weights is within `2^-40` of nothing; in `k` sessions under one
    /// set-up, within `sqrt(k)` times that.
    ///
    /// # Errors
    /// [`Unsupported`] for a layer that no parameters hold, by its node.
    pub fn new(circuit: Circuit, slots: usize, grouping: Grouping) -> Result<Self, Unsupported> {
        Self::for_sessions(circuit, slots, grouping, 1)
    }

    /// The same for so many sessions under one set-up that are within `2^-40` together: each factor of 4 costs the flooding noise a bit.
    ///
    /// # Errors
    /// [`Unsupported`] for a layer that no parameters hold, by its node.
    pub fn for_sessions(
        circuit: Circuit,
        slots: usize,
        grouping: Grouping,
        sessions: u64,
    ) -> Result<Self, Unsupported> {
        let slots_per_message = cheetah::slots_per_message(&circuit);
        let mut packings = BTreeMap::new();
        for chunk in chunks(slots, slots_per_message) {
            let group = grouping.of(chunk.len());
            if let Entry::Vacant(vacant) = packings.entry(group) {
                vacant.insert(Packing::new(&circuit, group, sessions.saturating_mul(slots as u64))?);
            }
        }
        Ok(Self { circuit, slots, slots_per_message, grouping, packings })
    }

    /// How many slots are evaluated together: their images, shares and messages are held at once.
    #[must_use]
    pub fn slots_per_message(&self) -> usize {
        self.slots_per_message
    }

    /// The session's slots in chunks that are evaluated together.
    pub fn chunks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        chunks(self.slots, self.slots_per_message)
    }

    /// Which slots share ciphertexts.
    #[must_use]
    pub fn grouping(&self) -> Grouping {
        self.grouping
    }

    /// The packings of its chunks, each once.
    pub fn packings(&self) -> impl Iterator<Item = &Packing> {
        self.packings.values()
    }

    /// Every layout.
    fn layouts(&self) -> Vec<Layout> {
        self.packings().flat_map(|packing| packing.layouts().cloned()).collect()
    }

    fn packing(&self, chunk: usize) -> &Packing {
        &self.packings[&self.grouping.of(chunk)]
    }

    /// What a chunk's steps cost without the extension of its transfers; the last entry is the argmax.
    #[must_use]
    pub fn costs(&self, chunk: usize) -> Vec<Cost> {
        let packing = self.packing(chunk);
        let step = |index: usize| {
            let mut cost = Cost::default();
            match self.circuit.steps[index].op {
                crate::circuit::Op::Linear { .. } => packing.cost(index, chunk / packing.group(), &mut cost),
                _ => cost.step(&self.circuit, index, chunk),
            }
            cost
        };
        let mut costs: Vec<Cost> = (0..self.circuit.steps.len()).map(step).collect();
        let mut last = Cost::default();
        last.argmax(chunk, self.circuit.classes, self.circuit.ring(self.circuit.output));
        costs.push(last);
        costs
    }

    /// Transfers of a session: those that the client sends, and those that the server sends.
    #[must_use]
    pub fn transfers(&self) -> [usize; 2] {
        let mut sums = [0; 2];
        for chunk in self.chunks() {
            for cost in self.costs(chunk.len()) {
                sums[0] += cost.client_transfers;
                sums[1] += cost.server_transfers;
            }
        }
        sums
    }
}

/// A session's slots in chunks of as many as a message carries, the last one perhaps smaller.
///
/// # Panics
/// Where a message is to carry no slot.
pub fn chunks(slots: usize, slots_per_message: usize) -> impl Iterator<Item = Range<usize>> {
    (0..slots).step_by(slots_per_message).map(move |from| from..slots.min(from + slots_per_message))
}

/// What a client keeps between sessions.
#[derive(Clone)]
pub struct ClientSetup {
    seed: Seed,
    key: ClientKey,
    transfers: Setup,
}

impl ClientSetup {
    /// Makes keys and base transfers for sessions by these plans.
    ///
    /// # Errors
    /// [`Halt`] where the server does not keep to the protocol.
    pub fn new(link: &mut Link, seed: &Seed, plans: &[&Plan]) -> Result<Self, Halt> {
        let key = ClientKey::new(&seed.child("secret key"));
        linear::client_setup(link, &key, &all_layouts(plans))?;
        Ok(Self { transfers: Setup::run(link, &seed.child("transfers"))?, seed: seed.child("sessions"), key })
    }
}

/// What a server keeps between sessions.
#[derive(Clone)]
pub struct ServerSetup {
    seed: Seed,
    keys: PublicKeys,
    transfers: Setup,
}

impl ServerSetup {
    /// Takes keys and makes base transfers for sessions by these plans.
    ///
    /// # Errors
    /// [`Halt`] where the client does not keep to the protocol.
    pub fn new(link: &mut Link, seed: &Seed, plans: &[&Plan]) -> Result<Self, Halt> {
        let keys = linear::server_setup(link, &all_layouts(plans))?;
        Ok(Self { keys, transfers: Setup::run(link, &seed.child("transfers"))?, seed: seed.child("sessions") })
    }
}

fn all_layouts(plans: &[&Plan]) -> Vec<Layout> {
    plans.iter().flat_map(|plan| plan.layouts()).collect()
}

/// A party in a session of this name.
fn party(mut link: Link, seed: &Seed, transfers: &Setup, name: &Seed, plan: &Plan) -> Party {
    link.enter(Phase::Online);
    let [by_client, by_server] = plan.transfers();
    let (sent, received) = if link.role() == Role::Client { (by_client, by_server) } else { (by_server, by_client) };
    let (sender, receiver) = (transfers.sender(name, sent), transfers.receiver(name, received));
    Party { rng: seed.of_session(name).stream(), sender, receiver, link }
}

/// What a party has after a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// By slot; the server gets none.
    pub labels: Vec<u32>,
    /// Its shares of the logits, slot by slot.
    pub logits: Vec<u64>,
}

/// The client's side of a session: `image` gives a slot's pixels as integers, and is asked chunk by chunk. The link comes back for its
/// meter, and is closed.
///
/// # Errors
/// [`Halt`] where the server does not keep to the protocol.
///
/// # Panics
/// Where an image has another size than the circuit reads.
pub fn client(
    link: Link,
    setup: &ClientSetup,
    plan: &Plan,
    name: &Seed,
    image: impl Fn(usize) -> Vec<i64>,
) -> (Result<Answered, Halt>, Link) {
    watched_client(link, setup, plan, name, image, |_| {})
}

/// How far a client is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// It asks about so many slots more.
    Asks(usize),
    /// It has these labels, for the next slots; a server that deviates may have made them numbers that are no class.
    Has(&'a [u32]),
}

/// [`client`], watched while it goes on.
///
/// # Errors
/// [`Halt`] where the server does not keep to the protocol.
///
/// # Panics
/// Where an image has another size than the circuit reads.
pub fn watched_client(
    link: Link,
    setup: &ClientSetup,
    plan: &Plan,
    name: &Seed,
    image: impl Fn(usize) -> Vec<i64>,
    mut watch: impl FnMut(Progress<'_>),
) -> (Result<Answered, Halt>, Link) {
    let mut party = party(link, &setup.seed, &setup.transfers, name, plan);
    let answered = each_chunk(&mut party, plan, |party, chunk| {
        watch(Progress::Asks(chunk.len()));
        let circuit = &plan.circuit;
        let input: Vec<u64> = chunk.clone().flat_map(&image).map(i64::cast_unsigned).collect();
        let side = Side::Client(&setup.key);
        let mut protocols = Cheetah { circuit, packing: plan.packing(chunk.len()), side };
        let logits = evaluate(party, circuit, &input, &mut protocols)?;
        let labels = labels(party, circuit, &mut protocols, &logits, &[])?.expect("the client gets the labels");
        watch(Progress::Has(&labels));
        Ok(Answered { labels, logits })
    });
    let answered = answered.and_then(|answered| all_classes(&party, &plan.circuit, answered));
    concluded(party, answered)
}

/// The answers, if every label is a class: looked at only after the last slot, as which labels are may depend on the images (H6).
fn all_classes(party: &Party, circuit: &Circuit, answered: Answered) -> Result<Answered, Halt> {
    if answered.labels.iter().all(|&label| (label as usize) < circuit.classes) {
        Ok(answered)
    } else {
        Err(party.link.malformed("a label is no class"))
    }
}

/// A server's networks: for each packing of a plan, every one of its models.
pub struct Networks {
    /// By slots of a group, then by model.
    by_group: BTreeMap<usize, Vec<EncodedModel>>,
}

impl Networks {
    /// Encodes the weights of models, once for all sessions.
    ///
    /// # Errors
    /// [`linear::TooHeavy`] for a model that the plan's circuit was not made for.
    pub fn new(plan: &Plan, models: &[FixedModel]) -> Result<Self, linear::TooHeavy> {
        let of = |(&size, packing): (&usize, &Packing)| {
            let networks = models.iter().map(|model| EncodedModel::new(model, &plan.circuit, packing));
            Ok((size, networks.collect::<Result<_, _>>()?))
        };
        Ok(Self { by_group: plan.packings.iter().map(of).collect::<Result<_, _>>()? })
    }
}

/// What a server puts on a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Which of its models; slots that share ciphertexts share it.
    pub model: usize,
    /// What it says each class is.
    pub labels: Vec<u32>,
}

/// The server's side of a session. The link comes back for its meter, and is closed.
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
///
/// # Panics
/// Where slots that share ciphertexts are to have different models.
pub fn server(
    link: Link,
    setup: &ServerSetup,
    plan: &Plan,
    name: &Seed,
    networks: &Networks,
    services: &[Service],
) -> (Result<Answered, Halt>, Link) {
    let mut party = party(link, &setup.seed, &setup.transfers, name, plan);
    let answered = each_chunk(&mut party, plan, |party, chunk| {
        let (circuit, packing) = (&plan.circuit, plan.packing(chunk.len()));
        let (all, services) = (&networks.by_group[&packing.group()], &services[chunk]);
        let chosen = services.chunks(packing.group()).map(|group| {
            assert!(
                group.iter().all(|slot| slot.model == group[0].model),
                "slots that share ciphertexts share a model"
            );
            &all[group[0].model]
        });
        let chosen = chosen.collect();
        let side = Side::Server { keys: &setup.keys, networks: chosen };
        let mut protocols = Cheetah { circuit, packing, side };
        let input = vec![0; services.len() * circuit.pixels];
        let logits = evaluate(party, circuit, &input, &mut protocols)?;
        let said: Vec<Vec<u32>> = services.iter().map(|service| service.labels.clone()).collect();
        labels(party, circuit, &mut protocols, &logits, &said)?;
        Ok(Answered { labels: Vec::new(), logits })
    });
    concluded(party, answered)
}

/// The labels, for the client alone.
fn labels(
    party: &mut Party,
    circuit: &Circuit,
    protocols: &mut impl Protocols,
    logits: &[u64],
    said: &[Vec<u32>],
) -> Result<Option<Vec<u32>>, Halt> {
    let ring = circuit.ring(circuit.output);
    party.step(ARGMAX, |party| protocols.argmax(party, logits, ring, circuit.classes, said))
}

/// A party that is done hangs up: its peer may wait for what it never sent, and the link outlives the session for what it metered.
fn concluded(mut party: Party, answered: Result<Answered, Halt>) -> (Result<Answered, Halt>, Link) {
    party.link.hang_up();
    (answered, party.link)
}

fn each_chunk(
    party: &mut Party,
    plan: &Plan,
    mut body: impl FnMut(&mut Party, Range<usize>) -> Result<Answered, Halt>,
) -> Result<Answered, Halt> {
    let mut all = Answered { labels: Vec::with_capacity(plan.slots), logits: Vec::new() };
    for chunk in plan.chunks() {
        let slots = Component::Slots(chunk.clone());
        let Answered { labels, logits } = party.step(slots, |party| body(party, chunk))?;
        all.labels.extend(labels);
        all.logits.extend(logits);
    }
    Ok(all)
}

/// A server as a program of its own: it has the raw link, and may do with it what it likes.
pub trait ServerProgram: Send {
    /// What it returns.
    type Output: Send;

    /// Serves.
    fn serve(self, link: Link) -> Self::Output;
}

impl<T: Send, F: FnOnce(Link) -> T + Send> ServerProgram for F {
    type Output = T;

    fn serve(self, link: Link) -> T {
        self(link)
    }
}

/// Runs a client and a server on two threads, with a link in memory between them.
pub fn run<T, S: ServerProgram>(network: LinkSpeed, client: impl FnOnce(Link) -> T, server: S) -> (T, S::Output) {
    let (near, far) = Link::pair(network);
    std::thread::scope(|scope| {
        let server = scope.spawn(move || server.serve(far));
        let answered = client(near);
        let served = server.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (answered, served)
    })
}

/// The client's side of a set-up, from its part of the pair's seed. The link comes back for its meter, and is closed.
///
/// # Errors
/// [`Halt`] where the server does not keep to the protocol.
pub fn client_set_up(mut link: Link, pair: &Seed, plans: &[&Plan]) -> (Result<ClientSetup, Halt>, Link) {
    let made = ClientSetup::new(&mut link, &pair.child("client"), plans);
    link.hang_up();
    (made, link)
}

/// The server's side of a set-up, from its part of the pair's seed. The link comes back for its meter, and is closed.
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
pub fn server_set_up(mut link: Link, pair: &Seed, plans: &[&Plan]) -> (Result<ServerSetup, Halt>, Link) {
    let made = ServerSetup::new(&mut link, &pair.child("server"), plans);
    link.hang_up();
    (made, link)
}

/// Both parties' set-up, each from its own part of the seed, and the client's link after it.
///
/// # Errors
/// [`Halt`], which would be our own mistake: both parties are honest here.
pub fn set_up(seed: &Seed, plans: &[&Plan], network: LinkSpeed) -> Result<(ClientSetup, ServerSetup, Link), Halt> {
    let ((client, link), (server, _)) =
        run(network, |link| client_set_up(link, seed, plans), |link: Link| server_set_up(link, seed, plans));
    Ok((client?, server?, link))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{Address, OT_EXTENSION};
    use crate::backend::cheetah::MOST_SLOTS;
    use crate::circuit::Op;
    use crate::random::uniform;
    use crate::share::truncate::Truncation;
    use crate::wire::meter::{Message, Meter};
    use fusion_nn::fixed::{Pixels, Precision, Ring};
    use fusion_nn::model::Model;

    fn lenets() -> Vec<FixedModel> {
        let onnx: [&[u8]; 2] = [
            include_bytes!("../../../examples/models/lenet_mnist_full.onnx"),
            include_bytes!("../../../examples/models/lenet_mnist_pruned90.onnx"),
        ];
        let precision = Precision { frac_bits: 12, ring: Ring::Auto };
        let pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };
        onnx.iter()
            .map(|bytes| FixedModel::new(&Model::from_onnx(bytes).unwrap(), precision, pixels).unwrap())
            .collect()
    }

    /// Random images, the even slots by the first model; every second label one too high.
    fn check(slots: usize, grouping: Grouping) {
        let models = lenets();
        let circuit = Circuit::new(&models.iter().collect::<Vec<_>>(), Truncation::Faithful).unwrap();
        let plan = Plan::new(circuit, slots, grouping).unwrap();
        let (client_setup, server_setup, _) = set_up(&Seed([4; 32]), &[&plan], LinkSpeed::LAN).unwrap();
        let networks = Networks::new(&plan, &models).unwrap();
        let mut rng = Seed([3; 32]).stream();
        let images: Vec<Vec<u8>> =
            (0..slots).map(|_| uniform(&mut rng, 8, 784).iter().map(|&x| x as u8).collect()).collect();
        let model = |slot: usize| if grouping == Grouping::Slot { slot % 2 } else { 0 };
        let turn = |slot: usize| (slot / 2 % 2) as u32;
        let services: Vec<Service> = (0..slots)
            .map(|slot| Service {
                model: model(slot),
                labels: (0..10).map(|label| (label + turn(slot)) % 10).collect(),
            })
            .collect();
        let image = |slot: usize| models[0].pixels(&images[slot]).unwrap();
        for name in [Seed([1; 32]), Seed([2; 32])] {
            let ((mine, link), (theirs, _)) = run(
                LinkSpeed::LAN,
                |link| client(link, &client_setup, &plan, &name, image),
                |link: Link| server(link, &server_setup, &plan, &name, &networks, &services),
            );
            let (mine, theirs) = (mine.unwrap(), theirs.unwrap());
            let ring = plan.circuit.ring(plan.circuit.output);
            let sum = |(a, b): (&u64, &u64)| (a.wrapping_add(*b) << (64 - ring)).cast_signed() >> (64 - ring);
            let logits: Vec<i64> = mine.logits.iter().zip(&theirs.logits).map(sum).collect();
            let expected =
                images.iter().enumerate().flat_map(|(slot, image)| models[model(slot)].logits(image).unwrap());
            assert_eq!(logits, expected.collect::<Vec<_>>());
            let label =
                |(slot, image): (usize, &Vec<u8>)| (models[model(slot)].label(image).unwrap() + turn(slot)) % 10;
            assert_eq!(mine.labels, images.iter().enumerate().map(label).collect::<Vec<_>>());
            assert_eq!(link.meter().sent(Role::Client, Some(Phase::Setup)).bytes, 0);
            assert_has_parts(&plan, link.meter());
        }
    }

    /// A session falls into the extension of its transfers, its layers that send anything, and the argmax; each message is in one chunk.
    fn assert_has_parts(plan: &Plan, meter: &Meter) {
        let parts: Vec<Address> = meter.shares(Message::layer).into_iter().map(|(layer, _)| layer).collect();
        let layers = plan
            .circuit
            .steps
            .iter()
            .filter(|step| !matches!(step.op, Op::Sum { .. }))
            .map(|step| step.address.layer());
        let mut expected: Vec<Address> = layers.chain([OT_EXTENSION.into(), ARGMAX.into()]).collect();
        expected.dedup();
        assert_eq!(parts.len(), expected.len(), "{parts:?}");
        assert!(expected.iter().all(|part| parts.contains(part)), "{parts:?}");
        let chunks: Vec<_> = plan.chunks().collect();
        assert!(meter.log.iter().all(|message| message.address.slots().is_some_and(|slots| chunks.contains(&slots))));
    }

    #[test]
    fn a_chunk_is_answered_to_the_last_bit() {
        check(3, Grouping::Chunk);
    }

    #[test]
    fn every_slot_may_have_a_network_of_its_own() {
        check(4, Grouping::Slot);
    }

    /// Sends one byte too few, always; or nothing where it sends its last message, the label.
    struct Short {
        last: bool,
    }

    impl crate::wire::hook::Deviation for Short {
        fn message(&mut self, message: &crate::wire::meter::Message, payload: &[u8]) -> crate::wire::hook::Conduct {
            match self.last {
                true if message.address.components().ends_with(&["label".into()]) => crate::wire::hook::Conduct::Drop,
                true => crate::wire::hook::Conduct::Send,
                false => crate::wire::hook::Conduct::Replace(payload[1..].to_vec()),
            }
        }
    }

    /// Whatever the sizes of its chunks: weights are held for each packing.
    #[test]
    fn chunks_of_like_groups_share_a_packing() {
        let models = &lenets()[..1];
        let circuit = Circuit::new(&[&models[0]], Truncation::Faithful).unwrap();
        for (slots, grouping, packings) in [
            (MOST_SLOTS + 1, Grouping::Slot, 1),
            (MOST_SLOTS + 1, Grouping::Chunk, 2),
            (3 * MOST_SLOTS, Grouping::Chunk, 1),
            (5, Grouping::Slot, 1),
        ] {
            let plan = Plan::new(circuit.clone(), slots, grouping).unwrap();
            assert_eq!(plan.packings().count(), packings, "{slots} {grouping:?}");
        }
    }

    /// The one that is done keeps its link, and yet the other does not wait for it.
    #[test]
    fn a_party_that_is_done_lets_its_peer_go() {
        let models = &lenets()[..1];
        let circuit = Circuit::new(&[&models[0]], Truncation::Faithful).unwrap();
        let plan = Plan::new(circuit, 1, Grouping::Chunk).unwrap();
        let (client_setup, server_setup, _) = set_up(&Seed([4; 32]), &[&plan], LinkSpeed::LAN).unwrap();
        let networks = Networks::new(&plan, models).unwrap();
        let services = [Service { model: 0, labels: (0..10).collect() }];
        let name = Seed([1; 32]);
        for (deviant, last) in [(Role::Client, false), (Role::Server, false), (Role::Server, true)] {
            let turned = |mut link: Link| {
                if link.role() == deviant {
                    link.deviate(Box::new(Short { last }));
                }
                link
            };
            let ((mine, _), (theirs, _)) = run(
                LinkSpeed::LAN,
                |link| client(turned(link), &client_setup, &plan, &name, |_| vec![0; 784]),
                |link: Link| server(turned(link), &server_setup, &plan, &name, &networks, &services),
            );
            let [halted, left] = if deviant == Role::Server { [mine, theirs] } else { [theirs, mine] };
            if last {
                assert!(matches!((&halted, &left), (Err(Halt::PeerGone { .. }), Ok(_))), "{halted:?} {left:?}");
            } else {
                assert!(matches!(halted, Err(Halt::Malformed { .. })), "{halted:?}");
                assert!(matches!(left, Err(Halt::PeerGone { .. })), "{left:?}");
            }
        }
    }
}
