//! The client and the server in a session: both evaluate the circuit, chunk by chunk.

use super::lanes::{self, Workers, beside, in_turn};
use super::plan::Plan;
use super::program::ServerProgram;
use super::setup::{ClientSetup, ServerSetup};
use crate::address::Component;
use crate::backend::{Backend, Protocols, Reading};
use crate::circuit::{ARGMAX, Circuit};
use crate::evaluate::evaluate;
use crate::linear;
use crate::ot::probe::Guess;
use crate::party::Party;
use crate::random::Seed;
use crate::role::Role;
use crate::wire::link::{Halt, Link};
use crate::wire::meter::Phase;
use fusion_nn::fixed::FixedModel;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// A party of the lane of this name, with the transfers that it draws from.
fn party<T>(mut link: Link, seed: &Seed, name: &Seed, transfers: T) -> Party<T> {
    link.enter(Phase::Online);
    Party { rng: seed.of_session(name).stream(), transfers, link }
}

/// The client of a lane of a session.
fn lane_client<B: Backend>(
    link: Link,
    setup: &ClientSetup<B>,
    plan: &Plan<B>,
    name: &Seed,
    lane: usize,
) -> Party<B::Transfers> {
    let name = &lanes::name(name, lane);
    party(link, &setup.seed, name, plan.backend.client_transfers(&setup.keys, name, plan.lane_transfers(lane)))
}

/// The server of a lane of a session.
fn lane_server<B: Backend>(
    link: Link,
    setup: &ServerSetup<B>,
    plan: &Plan<B>,
    name: &Seed,
    lane: usize,
) -> Party<B::Transfers> {
    let name = &lanes::name(name, lane);
    party(link, &setup.seed, name, plan.backend.server_transfers(&setup.keys, name, plan.lane_transfers(lane)))
}

/// Runs the offline pass of a chunk.
fn prepare<P: Protocols + ?Sized>(party: &mut Party<P::Transfers>, protocols: &mut P) -> Result<(), Halt> {
    party.link.enter(Phase::Offline);
    protocols.prepare(party)?;
    party.link.enter(Phase::Online);
    Ok(())
}

/// What a party holds after a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// The labels, by slot. The server gets none.
    pub labels: Vec<u32>,
    /// The party's shares of the logits, one slot after another.
    pub logits: Vec<u64>,
}

impl Answered {
    /// The answers of some slots after those of others.
    fn joined(parts: Vec<Self>) -> Self {
        let mut all = Self::default();
        for Self { labels, logits } in parts {
            all.labels.extend(labels);
            all.logits.extend(logits);
        }
        all
    }
}

/// Runs the client's side of a session. `image` returns the pixels of a slot as integers, and is called chunk by chunk. No other session
/// under this set-up may have this `name`: sessions of one name share their randomness. The link comes back closed, for its meter.
///
/// # Errors
/// [`Halt`] where the server does not keep to the protocol.
///
/// # Panics
/// Where an image has another size than the circuit reads.
pub fn client<B: Backend>(
    link: Link,
    setup: &ClientSetup<B>,
    plan: &Plan<B>,
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
pub fn watched_client<B: Backend>(
    link: Link,
    setup: &ClientSetup<B>,
    plan: &Plan<B>,
    name: &Seed,
    image: impl Fn(usize) -> Vec<i64>,
    mut watch: impl FnMut(Progress<'_>),
) -> (Result<Answered, Halt>, Link) {
    let (answered, link) = in_turn(link, &plan.bounds(Role::Client), |lane, link| {
        each_chunk(lane_client(link, setup, plan, name, lane), plan, lane, |party, chunk| {
            let asks = || watch(Progress::Asks(chunk.len()));
            let answered = ask(party, setup, plan, chunk.clone(), (&image, asks))?;
            watch(Progress::Has(&answered.labels));
            Ok(answered)
        })
    });
    let answered = answered.map(Answered::joined).and_then(|answered| {
        if are_classes(&plan.circuit, &answered.labels) { Ok(answered) } else { Err(no_class(&link)) }
    });
    concluded(answered, link)
}

/// Asks about the slots of a chunk.
#[expect(clippy::expect_used, reason = "the argmax gives the client its labels, or ends in an error")]
fn ask<B: Backend>(
    party: &mut Party<B::Transfers>,
    setup: &ClientSetup<B>,
    plan: &Plan<B>,
    chunk: Range<usize>,
    (image, asks): (impl Fn(usize) -> Vec<i64>, impl FnOnce()),
) -> Result<Answered, Halt> {
    let circuit = &plan.circuit;
    let mut protocols = plan.backend.client(plan.chunk(chunk.len()), &setup.keys);
    prepare(party, &mut protocols)?;
    asks();
    let input: Vec<u64> = chunk.flat_map(image).map(|pixel| circuit.pixel(pixel)).collect();
    let logits = evaluate(party, circuit, &input, &mut protocols)?;
    let labels = labels(party, circuit, &mut protocols, &logits, &[])?.expect("the client gets the labels");
    Ok(Answered { labels, logits })
}

/// What a party does with the answers of each chunk, of which it keeps nothing else.
pub type Deliver<'a> = &'a (dyn Fn(Range<usize>, Answered) + Sync);

/// Runs the client's side of a session as [`client`] does, its lanes beside each other on several threads, and hands the answers over chunk by chunk, in the order in which they come.
/// Messages and answers are those of [`client`].
///
/// # Errors
/// [`Halt`] where the server does not keep to the protocol.
///
/// # Panics
/// Where an image has another size than the circuit reads.
pub fn client_beside<B: Backend>(
    link: Link,
    (setup, plan): (&ClientSetup<B>, &Plan<B>),
    name: &Seed,
    image: &(dyn Fn(usize) -> Vec<i64> + Sync),
    workers: Workers<'_>,
    deliver: Deliver<'_>,
) -> (Result<(), Halt>, Link) {
    let all_classes = AtomicBool::new(true);
    let (answered, link) = beside(link, &plan.bounds(Role::Client), workers, |lane, link| {
        each_chunk(lane_client(link, setup, plan, name, lane), plan, lane, |party, chunk| {
            let answered = ask(party, setup, plan, chunk.clone(), (image, || {}))?;
            if !are_classes(&plan.circuit, &answered.labels) {
                all_classes.store(false, Ordering::Relaxed);
            }
            deliver(chunk, answered);
            Ok(Answered::default())
        })
    });
    let answered = answered.and_then(|_| if all_classes.into_inner() { Ok(()) } else { Err(no_class(&link)) });
    concluded(answered, link)
}

/// Whether every label is a class: looked at only after the last slot, as which labels are may depend on the images (H6).
fn are_classes(circuit: &Circuit, labels: &[u32]) -> bool {
    labels.iter().all(|&label| (label as usize) < circuit.classes)
}

fn no_class(link: &Link) -> Halt {
    link.malformed("a label is no class")
}
/// A server's models, encoded for every packing of a plan.
pub struct Networks<B: Backend> {
    /// By slots of a group, then by model.
    by_group: BTreeMap<usize, Vec<B::Network>>,
}

impl<B: Backend> Networks<B> {
    /// Encodes the weights of models. This is done once for all sessions.
    ///
    /// # Errors
    /// [`linear::TooHeavy`] for a model for which the plan's circuit was not made.
    pub fn new(plan: &Plan<B>, models: &[FixedModel]) -> Result<Self, linear::TooHeavy> {
        let of = |(&size, packing): (&usize, &B::Packing)| {
            let networks = models.iter().map(|model| plan.backend.network(model, &plan.circuit, packing));
            Ok((size, networks.collect::<Result<_, _>>()?))
        };
        Ok(Self { by_group: plan.packings.iter().map(of).collect::<Result<_, _>>()? })
    }

    /// The first network, in each packing of a plan.
    pub(super) fn first<'a>(&'a self, plan: &'a Plan<B>) -> impl Iterator<Item = (&'a B::Packing, &'a B::Network)> {
        plan.packings.iter().map(|(group, packing)| (packing, &self.by_group[group][0]))
    }

    /// The network of each group of slots, in order.
    fn of(&self, plan: &Plan<B>, services: &[Service]) -> Vec<&B::Network> {
        let group = plan.group(services.len());
        let all = &self.by_group[&group];
        let bound = plan.backend.binds_network(&plan.packings[&group]);
        assert!(!bound || services.iter().all(|slot| slot.model == 0), "weights were encrypted of the first network");
        let chosen = services.chunks(group).map(|group| {
            assert!(
                group.iter().all(|slot| slot.model == group[0].model),
                "slots that share ciphertexts share a model"
            );
            &all[group[0].model]
        });
        chosen.collect()
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
/// If slots that share ciphertexts are to have different models, if a slot is to have another than the first where its weights are encrypted, if there are fewer services than slots, or if the networks were
/// encoded for another plan.
pub fn server<B: Backend>(
    link: Link,
    setup: &ServerSetup<B>,
    plan: &Plan<B>,
    name: &Seed,
    networks: &Networks<B>,
    services: &[Service],
) -> (Result<Answered, Halt>, Link) {
    let (answered, link) = in_turn(link, &plan.bounds(Role::Server), |lane, link| {
        serve_lane(lane_server(link, setup, plan, name, lane), setup, plan, lane, (networks, services))
    });
    concluded(answered.map(Answered::joined), link)
}

/// Runs the server's side of a session as [`server`] does, its lanes beside each other on several threads, and hands its shares over chunk by chunk, in the order in which they come.
/// `service` says how a slot is served. Messages and shares are those of [`server`].
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
///
/// # Panics
/// As [`server`].
pub fn server_beside<B: Backend>(
    link: Link,
    (setup, plan): (&ServerSetup<B>, &Plan<B>),
    name: &Seed,
    (networks, service): (&Networks<B>, &(dyn Fn(usize) -> Service + Sync)),
    workers: Workers<'_>,
    deliver: Deliver<'_>,
) -> (Result<(), Halt>, Link) {
    let (answered, link) = beside(link, &plan.bounds(Role::Server), workers, |lane, link| {
        each_chunk(lane_server(link, setup, plan, name, lane), plan, lane, |party, chunk| {
            let services: Vec<Service> = chunk.clone().map(service).collect();
            let networks = networks.of(plan, &services);
            let mut server = plan.backend.server(plan.chunk(services.len()), &setup.keys, networks);
            deliver(chunk, serve(party, plan, &services, &mut server, |_, _, _| {})?);
            Ok(Answered::default())
        })
    });
    concluded(answered.map(|_| ()), link)
}

/// Runs a server that deviates to test a guess of the client's correlation, and otherwise does what [`server`] does: the client's answers are right if the
/// guess is, and have nothing to do with its images if it is not.
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
///
/// # Panics
/// As [`server`], and for a family whose client sends in no transfer ([`Backend::parts`]).
#[expect(clippy::expect_used, reason = "the panic is documented")]
pub fn guessing_server<B: Backend>(
    link: Link,
    setup: &ServerSetup<B>,
    plan: &Plan<B>,
    name: &Seed,
    (networks, services): (&Networks<B>, &[Service]),
    guess: Guess,
) -> (Result<Answered, Halt>, Link) {
    let (answered, link) = in_turn(link, &plan.bounds(Role::Server), |lane, link| {
        let name = &lanes::name(name, lane);
        let transfers = plan.backend.guessing_transfers(&setup.keys, name, plan.lane_transfers(lane), guess);
        let transfers = transfers.expect("a family whose client sends in transfers");
        serve_lane(party(link, &setup.seed, name, transfers), setup, plan, lane, (networks, services))
    });
    concluded(answered.map(Answered::joined), link)
}

/// Serves a lane of a session.
fn serve_lane<B: Backend>(
    party: Party<B::Transfers>,
    setup: &ServerSetup<B>,
    plan: &Plan<B>,
    lane: usize,
    (networks, services): (&Networks<B>, &[Service]),
) -> (Result<Answered, Halt>, Link) {
    each_chunk(party, plan, lane, |party, chunk| {
        let services = &services[chunk];
        let mut server = plan.backend.server(plan.chunk(services.len()), &setup.keys, networks.of(plan, services));
        serve(party, plan, services, &mut server, |_, _, _| {})
    })
}

/// Runs a server that runs a program: it reads what it can of the slots of each chunk, and the program decides what it answers on them. Where
/// the family, as the plan sets it, lets a server read slots ([`Backend::reader`]), it deviates to do so; elsewhere it keeps to the protocol,
/// and reads of each slot its part of every message that the client sends. Otherwise it is as [`server`].
///
/// # Errors
/// [`Halt`] where the client does not keep to the protocol.
///
/// # Panics
/// As [`server`].
pub fn programmed_server<B: Backend>(
    mut link: Link,
    setup: &ServerSetup<B>,
    plan: &Plan<B>,
    name: &Seed,
    (networks, services): (&Networks<B>, &[Service]),
    program: &mut dyn ServerProgram,
) -> (Result<Answered, Halt>, Link) {
    let backend = &plan.backend;
    link.listen();
    let (answered, link) = in_turn(link, &plan.bounds(Role::Server), |lane, link| {
        each_chunk(lane_server(link, setup, plan, name, lane), plan, lane, |party, slots| {
            let services = &services[slots.clone()];
            let (chunk, chosen) = (plan.chunk(services.len()), networks.of(plan, services));
            match backend.reader(chunk, &setup.keys, chosen.clone()) {
                Some(mut reader) => serve(party, plan, services, &mut *reader, |_, reader, said| {
                    program.answer(slots, &reader.readings(), said);
                }),
                None => {
                    serve(party, plan, services, &mut backend.server(chunk, &setup.keys, chosen), |party, _, said| {
                        program.answer(slots, &shares_of(&party.link.heard(), said.len()), said);
                    })
                }
            }
        })
    });
    concluded(answered.map(Answered::joined), link)
}

/// The part of each slot in messages that carry so many slots side by side.
fn shares_of(messages: &[Vec<u8>], slots: usize) -> Vec<Reading> {
    let of = |slot: usize| {
        messages.iter().flat_map(move |bytes| &bytes[bytes.len() * slot / slots..][..bytes.len() / slots])
    };
    (0..slots).map(|slot| of(slot).copied().collect()).collect()
}

/// Serves a chunk. `decide` may change the labels that are said, once all but the argmax is done.
fn serve<B: Backend, P: Protocols<Transfers = B::Transfers> + ?Sized>(
    party: &mut Party<B::Transfers>,
    plan: &Plan<B>,
    services: &[Service],
    server: &mut P,
    decide: impl FnOnce(&mut Party<B::Transfers>, &mut P, &mut [Vec<u32>]),
) -> Result<Answered, Halt> {
    let circuit = &plan.circuit;
    prepare(party, server)?;
    let logits = evaluate(party, circuit, &vec![0; services.len() * circuit.pixels], server)?;
    let mut said: Vec<Vec<u32>> = services.iter().map(|service| service.labels.clone()).collect();
    decide(party, server, &mut said);
    labels(party, circuit, server, &logits, &said)?;
    Ok(Answered { labels: Vec::new(), logits })
}

/// The labels, for the client alone.
fn labels<P: Protocols + ?Sized>(
    party: &mut Party<P::Transfers>,
    circuit: &Circuit,
    protocols: &mut P,
    logits: &[u64],
    said: &[Vec<u32>],
) -> Result<Option<Vec<u32>>, Halt> {
    let ring = circuit.ring(circuit.output);
    party.step(ARGMAX, |party| protocols.argmax(party, logits, ring, circuit.classes, said))
}

/// A party that is done hangs up: its peer may wait for what it never sent, and the link outlives the session for what it metered.
fn concluded<T>(answered: Result<T, Halt>, mut link: Link) -> (Result<T, Halt>, Link) {
    link.hang_up();
    (answered, link)
}

/// Runs the chunks of a lane, one after another.
fn each_chunk<B: Backend>(
    mut party: Party<B::Transfers>,
    plan: &Plan<B>,
    lane: usize,
    mut body: impl FnMut(&mut Party<B::Transfers>, Range<usize>) -> Result<Answered, Halt>,
) -> (Result<Answered, Halt>, Link) {
    let mut all = Vec::new();
    for chunk in plan.lane(lane) {
        let slots = Component::Slots(chunk.clone());
        match party.step(slots, |party| body(party, chunk)) {
            Ok(answered) => all.push(answered),
            Err(halt) => return (Err(halt), party.link),
        }
    }
    (Ok(Answered::joined(all)), party.link)
}
