//! Whole sessions against the plaintext reference, and parties that end early.

use super::*;
use crate::address::{Address, OT_EXTENSION};
use crate::backend::cheetah::{Cheetah, MOST_SLOTS};
use crate::circuit::{ARGMAX, Circuit, Op};
use crate::linear::Linear;
use crate::linear::once::network_cost;
use crate::random::{Seed, uniform};
use crate::role::Role;
use crate::share::truncate::Truncation;
use crate::wire::clock::LinkSpeed;
use crate::wire::link::{Halt, Link};
use crate::wire::meter::{Message, Meter, Phase};
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::model::Model;

fn lenets() -> Vec<FixedModel> {
    let onnx: [&[u8]; 2] = [
        include_bytes!("../../../../examples/models/lenet_mnist_full.onnx"),
        include_bytes!("../../../../examples/models/lenet_mnist_pruned90.onnx"),
    ];
    let precision = Precision { frac_bits: 12, ring: Ring::Auto };
    let pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };
    onnx.iter().map(|bytes| FixedModel::new(&Model::from_onnx(bytes).unwrap(), precision, pixels).unwrap()).collect()
}

/// Random images, the even slots by the first model; every second label one too high.
fn check(slots: usize, grouping: Grouping) {
    let models = lenets();
    let circuit = Circuit::new(&models.iter().collect::<Vec<_>>(), Truncation::Faithful).unwrap();
    let plan = Plan::new(Cheetah::default(), circuit, slots, grouping).unwrap();
    let (client_setup, server_setup, _) = set_up(&Seed([4; 32]), &[&plan], LinkSpeed::LAN).unwrap();
    let networks = Networks::new(&plan, &models).unwrap();
    let mut rng = Seed([3; 32]).stream();
    let images: Vec<Vec<u8>> =
        (0..slots).map(|_| uniform(&mut rng, 8, 784).iter().map(|&x| x as u8).collect()).collect();
    let model = |slot: usize| if grouping == Grouping::Slot { slot % 2 } else { 0 };
    let turn = |slot: usize| (slot / 2 % 2) as u32;
    let services: Vec<Service> = (0..slots)
        .map(|slot| Service { model: model(slot), labels: (0..10).map(|label| (label + turn(slot)) % 10).collect() })
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
        let expected = images.iter().enumerate().flat_map(|(slot, image)| models[model(slot)].logits(image).unwrap());
        assert_eq!(logits, expected.collect::<Vec<_>>());
        let label = |(slot, image): (usize, &Vec<u8>)| (models[model(slot)].label(image).unwrap() + turn(slot)) % 10;
        assert_eq!(mine.labels, images.iter().enumerate().map(label).collect::<Vec<_>>());
        assert_eq!(link.meter().sent(Role::Client, Some(Phase::Setup)).bytes, 0);
        assert_has_parts(&plan, link.meter());
    }
}

/// LeNet by encrypted weights, in a chunk and a smaller one that share them: exact, and of as many bytes as predicted.
#[test]
fn encrypted_weights_answer_to_the_last_bit() {
    let models = &lenets()[..1];
    let circuit = Circuit::new(&[&models[0]], Truncation::Faithful).unwrap();
    let backend = Cheetah { linear: Linear::Weights, ..Cheetah::default() };
    let plan = Plan::in_chunks(backend, circuit, 5, Grouping::Chunk, 3).unwrap();
    let (mut client_setup, mut server_setup, link) = set_up(&Seed([4; 32]), &[&plan], LinkSpeed::LAN).unwrap();
    assert!(link.meter().log.iter().all(|message| !message.address.is_within(&"keys".into())), "no public key");
    let networks = Networks::new(&plan, models).unwrap();
    let ((received, link), sent) = run(
        LinkSpeed::LAN,
        |mut link| (client_setup.receive_network(&mut link, &[&plan]), link),
        |mut link: Link| server_setup.send_network(&mut link, &[(&plan, &networks)]),
    );
    received.and(sent).unwrap();
    let placed: Vec<_> = plan.packings().flat_map(crate::backend::cheetah::Packing::placed).collect();
    let once = [Role::Client, Role::Server].map(|role| link.meter().sent(role, None).bytes);
    assert_eq!(once, network_cost(&placed));
    assert_eq!(once, network_cost(&placed[..placed.len() / 2]), "the smaller chunk takes nothing more");
    let mut rng = Seed([3; 32]).stream();
    let images: Vec<Vec<u8>> = (0..5).map(|_| uniform(&mut rng, 8, 784).iter().map(|&x| x as u8).collect()).collect();
    let services = vec![Service { model: 0, labels: (0..10).collect() }; 5];
    let ((mine, link), (theirs, _)) = run(
        LinkSpeed::LAN,
        |link| client(link, &client_setup, &plan, &Seed([1; 32]), |slot| models[0].pixels(&images[slot]).unwrap()),
        |link: Link| server(link, &server_setup, &plan, &Seed([1; 32]), &networks, &services),
    );
    let (mine, theirs) = (mine.unwrap(), theirs.unwrap());
    let expected: Vec<i64> = images.iter().flat_map(|image| models[0].logits(image).unwrap()).collect();
    assert_eq!(plan.circuit.logits([&mine.logits, &theirs.logits]), expected);
    let online = |role| link.meter().sent(role, Some(Phase::Online)).bytes;
    let costs = || plan.chunks().flat_map(|chunk| plan.costs(chunk.len()));
    let predicted = [costs().map(|cost| cost.client_bytes).sum(), costs().map(|cost| cost.server_bytes).sum::<usize>()];
    assert_eq!([online(Role::Client), online(Role::Server)], predicted);
}

/// A session falls into the extension of its transfers, its layers that send anything, and the argmax; each message is in one chunk.
fn assert_has_parts(plan: &Plan<Cheetah>, meter: &Meter) {
    let parts: Vec<Address> = meter.shares(Message::layer).into_iter().map(|(layer, _)| layer).collect();
    let layers =
        plan.circuit.steps.iter().filter(|step| !matches!(step.op, Op::Sum { .. })).map(|step| step.address.layer());
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
        let plan = Plan::new(Cheetah::default(), circuit.clone(), slots, grouping).unwrap();
        assert_eq!(plan.packings().count(), packings, "{slots} {grouping:?}");
    }
}

/// Lanes divide the chunks, at the most as many as one percent of the bytes pays for; a session of one chunk has one.
#[test]
fn lanes_divide_the_chunks_and_add_a_percent_at_most() {
    let models = &lenets()[..1];
    let circuit = Circuit::new(&[&models[0]], Truncation::Faithful).unwrap();
    for (slots, lanes) in [(1, 1), (MOST_SLOTS, 1), (164, 2), (1000, 8), (50 * MOST_SLOTS, MOST_LANES)] {
        let one = Plan::new(Cheetah::default(), circuit.clone(), slots, Grouping::Chunk).unwrap();
        let plan = one.clone().in_lanes();
        assert_eq!((one.lanes(), plan.lanes()), (1, lanes));
        let divided: Vec<_> = (0..lanes).flat_map(|lane| plan.lane(lane)).collect();
        assert_eq!(divided, plan.chunks().collect::<Vec<_>>());
        let sum = |plan: &Plan<Cheetah>| plan.session_bytes().iter().sum::<usize>();
        let (least, most) = (sum(&one), sum(&plan));
        assert!(least <= most && most <= least + least / 100, "{slots}: {least}, {most}");
        let transfers = (0..lanes).map(|lane| plan.lane_transfers(lane));
        let sums = transfers.fold([0; 2], |[a, b], [c, d]| [a + c, b + d]);
        assert_eq!(sums, one.transfers());
    }
}

/// The one that is done keeps its link, and yet the other does not wait for it.
#[test]
fn a_party_that_is_done_lets_its_peer_go() {
    let models = &lenets()[..1];
    let circuit = Circuit::new(&[&models[0]], Truncation::Faithful).unwrap();
    let plan = Plan::new(Cheetah::default(), circuit, 1, Grouping::Chunk).unwrap();
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
