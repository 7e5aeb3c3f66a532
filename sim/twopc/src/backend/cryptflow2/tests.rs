//! Whole sessions of LeNet-5 against the plaintext reference, and against what they are predicted to cost.

use super::Cryptflow2Ot;
use crate::backend::Backend;
use crate::circuit::{ARGMAX, Circuit, Op};
use crate::random::{Seed, uniform};
use crate::role::Role;
use crate::session::{Grouping, Networks, Plan, Service, client, run, server, set_up};
use crate::share::truncate::Truncation;
use crate::wire::clock::LinkSpeed;
use crate::wire::link::Link;
use crate::wire::meter::Meter;
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::model::Model;

fn lenets() -> Vec<FixedModel> {
    let onnx: [&[u8]; 2] = [
        include_bytes!("../../../../../examples/models/lenet_mnist_full.onnx"),
        include_bytes!("../../../../../examples/models/lenet_mnist_pruned90.onnx"),
    ];
    let precision = Precision { frac_bits: 12, ring: Ring::Auto };
    let pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };
    onnx.iter().map(|bytes| FixedModel::new(&Model::from_onnx(bytes).unwrap(), precision, pixels).unwrap()).collect()
}

/// Every step's bytes, and all rounds, are what is predicted.
fn assert_costs(plan: &Plan<Cryptflow2Ot>, meter: &Meter) {
    let costs = plan.costs(plan.slots);
    let sent = |at: &crate::address::Address, from| {
        meter.total(|message| message.from == from && message.layer() == at.layer()).bytes
    };
    let (steps, last) = costs.split_at(plan.circuit.steps.len());
    let argmax = ARGMAX.into();
    let places = plan.circuit.steps.iter().map(|step| &step.address).zip(steps).chain([(&argmax, &last[0])]);
    for (address, cost) in places {
        assert_eq!(
            [cost.client_bytes, cost.server_bytes],
            [Role::Client, Role::Server].map(|role| sent(address, role)),
            "{address}"
        );
    }
    let chain = plan.chain(plan.slots);
    assert_eq!(chain.bytes(), meter.total(|_| true).bytes);
    assert_eq!(chain.rounds(), meter.rounds());
}

/// Slots with different networks.
#[test]
fn lenet_is_computed_to_the_last_bit() {
    let (models, slots) = (lenets(), 2);
    let backend = Cryptflow2Ot::default();
    let circuit = backend.circuit(&models.iter().collect::<Vec<_>>(), Truncation::OneBit).unwrap();
    let plan = Plan::new(backend, circuit, slots, Grouping::Slot).unwrap();
    let (client_setup, server_setup, _) = set_up(&Seed([4; 32]), &[&plan], LinkSpeed::LAN).unwrap();
    let networks = Networks::new(&plan, &models).unwrap();
    let mut rng = Seed([3; 32]).stream();
    let images: Vec<Vec<u8>> =
        (0..slots).map(|_| uniform(&mut rng, 8, 784).iter().map(|&x| x as u8).collect()).collect();
    let services: Vec<Service> =
        (0..slots).map(|slot| Service { model: slot, labels: (0..10).rev().collect() }).collect();
    let name = Seed([1; 32]);
    let ((mine, link), (theirs, _)) = run(
        LinkSpeed::LAN,
        |link| client(link, &client_setup, &plan, &name, |slot| models[0].pixels(&images[slot]).unwrap()),
        |link: Link| server(link, &server_setup, &plan, &name, &networks, &services),
    );
    let (mine, theirs) = (mine.unwrap(), theirs.unwrap());
    let expected: Vec<i64> =
        images.iter().zip(&models).flat_map(|(image, model)| model.logits(image).unwrap()).collect();
    assert_eq!(plan.circuit.logits([&mine.logits, &theirs.logits]), expected);
    let labels: Vec<u32> = images.iter().zip(&models).map(|(image, model)| 9 - model.label(image).unwrap()).collect();
    assert_eq!(mine.labels, labels);
    assert_costs(&plan, link.meter());
}

/// The megabytes of one inference, as predicted from the published formulas: 37 bits as published, and 41 for proved ranges.
#[test]
fn lenet_takes_the_predicted_megabytes() {
    let models = lenets();
    for (ring, linear, all) in [(37, 57_440_000, 62_700_000), (41, 67_920_000, 73_700_000)] {
        let backend = Cryptflow2Ot { ring: Some(41) };
        let mut circuit = backend.circuit(&[&models[0]], Truncation::Faithful).unwrap();
        circuit.steps.iter_mut().for_each(|step| step.ring = ring);
        let plan = Plan::new(backend, circuit, 1, Grouping::Chunk).unwrap();
        let costs = plan.costs(1);
        let linear_steps =
            plan.circuit.steps.iter().zip(&costs).filter(|(step, _)| matches!(step.op, Op::Linear { .. }));
        let bytes: usize = linear_steps.map(|(_, cost)| cost.bytes()).sum();
        assert!(bytes.abs_diff(linear) * 1000 < linear, "{bytes}");
        // With the sums of pooling in place of the published averages.
        let bytes: usize = costs.iter().map(crate::cost::Cost::bytes).sum();
        assert!(bytes.abs_diff(all) * 100 < all, "{bytes}");
    }
}

/// A ring that does not hold a value is refused by the name of its layer.
#[test]
fn a_narrow_ring_is_refused() {
    let models = lenets();
    let refused =
        |bits| -> Result<Circuit, _> { Cryptflow2Ot { ring: Some(bits) }.circuit(&[&models[0]], Truncation::Faithful) };
    assert!(refused(41).is_ok());
    assert!(refused(30).unwrap_err().0.contains("which a ring of 30 bits does not hold"));
}
