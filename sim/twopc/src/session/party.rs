//! The client and the server in a session: both evaluate the circuit, chunk by chunk.

use super::plan::Plan;
use super::setup::{ClientSetup, ServerSetup};
use crate::address::Component;
use crate::backend::Protocols;
use crate::backend::cheetah::{Cheetah, EncodedModel, Packing, Side};
use crate::circuit::{ARGMAX, Circuit};
use crate::evaluate::evaluate;
use crate::linear;
use crate::ot::Setup;
use crate::party::Party;
use crate::random::Seed;
use crate::role::Role;
use crate::wire::link::{Halt, Link};
use crate::wire::meter::Phase;
use fusion_nn::fixed::FixedModel;
use std::collections::BTreeMap;
use std::ops::Range;

/// A party in a session of this name.
fn party(mut link: Link, seed: &Seed, transfers: &Setup, name: &Seed, plan: &Plan) -> Party {
    link.enter(Phase::Online);
    let [by_client, by_server] = plan.transfers();
    let (sent, received) = if link.role() == Role::Client { (by_client, by_server) } else { (by_server, by_client) };
    let (sender, receiver) = (transfers.sender(name, sent), transfers.receiver(name, received));
    Party { rng: seed.of_session(name).stream(), sender, receiver, link }
}

/// What a party holds after a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The labels, by slot. The server gets none.
    pub labels: Vec<u32>,
    /// The party's shares of the logits, one slot after another.
    pub logits: Vec<u64>,
}

/// Runs the client's side of a session. `image` returns the pixels of a slot as integers, and is called chunk by chunk. No other session
/// under this set-up may have this `name`: sessions of one name share their randomness. The link comes back closed, for its meter.
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

/// How far a client has come in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// The client asks about this many more slots.
    Asks(usize),
    /// The client has the labels of the next slots. If the server deviates, they may be numbers of no class.
    Has(&'a [u32]),
}

/// Runs the client's side of a session as [`client`] does, and reports its progress to `watch`.
///
/// # Errors
/// [`Halt`] where the server does not keep to the protocol.
///
/// # Panics
/// Where an image has another size than the circuit reads.
#[expect(clippy::expect_used, reason = "the argmax gives the client its labels, or ends in an error")]
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

/// A server's models, encoded for every packing of a plan.
pub struct Networks {
    /// By slots of a group, then by model.
    by_group: BTreeMap<usize, Vec<EncodedModel>>,
}

impl Networks {
    /// Encodes the weights of models. This is done once for all sessions.
    ///
    /// # Errors
    /// [`linear::TooHeavy`] for a model for which the plan's circuit was not made.
    pub fn new(plan: &Plan, models: &[FixedModel]) -> Result<Self, linear::TooHeavy> {
        let of = |(&size, packing): (&usize, &Packing)| {
            let networks = models.iter().map(|model| EncodedModel::new(model, &plan.circuit, packing));
            Ok((size, networks.collect::<Result<_, _>>()?))
        };
        Ok(Self { by_group: plan.packings.iter().map(of).collect::<Result<_, _>>()? })
    }
}

/// How a server serves a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The place of the model among those of the server. Slots that share ciphertexts share their model.
    pub model: usize,
    /// The label that the server gives for each class; an honest server gives `0, 1, 2, ...`.
    pub labels: Vec<u32>,
}

/// Runs the server's side of a session. No other session under this set-up may have this `name`: sessions of one name share their
/// randomness. The link comes back closed, for its meter.
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
///
/// # Panics
/// If slots that share ciphertexts are to have different models, if there are fewer services than slots, or if the networks were
/// encoded for another plan.
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
