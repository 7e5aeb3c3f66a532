//! Whole sessions of LeNet-5 against the plaintext reference, and against what they are predicted to cost.

use super::{Cryptflow2He, Cryptflow2Ot, PRIMES, TripleForm};
use crate::backend::{Backend, Reading};
use crate::circuit::{ARGMAX, Circuit, Op, Step};
use crate::ideal;
use crate::modulus::Modulus;
use crate::random::{Seed, uniform};
use crate::role::Role;
use crate::session::{
    Grouping, Networks, Plan, ServerProgram, Service, client, programmed_server, run, server, set_up,
};
use crate::share::truncate::Truncation;
use crate::share::uniform::Uniform;
use crate::wire::clock::LinkSpeed;
use crate::wire::link::Link;
use crate::wire::meter::Meter;
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::model::Model;
use std::ops::Range;

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
fn assert_costs<B: Backend>(plan: &Plan<B>, meter: &Meter) {
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
fn lenet_is_computed_to_the_last_bit_by_oblivious_transfer() {
    check(Cryptflow2Ot::default(), 2, Grouping::Slot);
}

#[test]
fn lenet_is_computed_to_the_last_bit_under_encryption() {
    check(Cryptflow2He::default(), 1, Grouping::Chunk);
}

/// A network for each slot, or the first for all.
fn check<B: Backend>(backend: B, slots: usize, grouping: Grouping) {
    let models = lenets();
    let circuit = backend.circuit(&models.iter().collect::<Vec<_>>(), Truncation::OneBit).unwrap();
    let plan = Plan::new(backend, circuit, slots, grouping).unwrap();
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

/// Collects what a server reads of the slots, and says what an honest one does.
struct Watcher(Vec<Reading>);

impl ServerProgram for Watcher {
    fn answer(&mut self, _slots: Range<usize>, readings: &[Reading], _labels: &mut [Vec<u32>]) {
        self.0.extend_from_slice(readings);
    }
}

fn small() -> FixedModel {
    let onnx = include_bytes!("../../../../../examples/models/small_mnist.onnx");
    let precision = Precision { frac_bits: 12, ring: Ring::Auto };
    let pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };
    FixedModel::new(&Model::from_onnx(onnx).unwrap(), precision, pixels).unwrap()
}

fn digit(at: usize) -> &'static [u8] {
    &include_bytes!("../../../../../examples/data/mnist_t1000-images-idx3-ubyte")[16 + 784 * at..][..784]
}

/// A client's labels on these digits, what a server reads of their slots, and what it is said to read of the digits.
fn read<B: Backend>(backend: B, digits: &[usize]) -> (Vec<u32>, [Vec<Reading>; 2]) {
    let models = [small()];
    let circuit = backend.circuit(&[&models[0]], Truncation::Faithful).unwrap();
    let plan = Plan::new(backend, circuit, digits.len(), Grouping::Chunk).unwrap();
    let (client_setup, server_setup, _) = set_up(&Seed([4; 32]), &[&plan], LinkSpeed::LAN).unwrap();
    let networks = Networks::new(&plan, &models).unwrap();
    let services = vec![Service { model: 0, labels: (0..10).collect() }; digits.len()];
    let (name, mut watcher) = (Seed([1; 32]), Watcher(Vec::new()));
    let pixels = |slot: usize| models[0].pixels(digit(digits[slot])).unwrap();
    let ((mine, link), _) = run(
        LinkSpeed::LAN,
        |link| client(link, &client_setup, &plan, &name, pixels),
        |link: Link| programmed_server(link, &server_setup, &plan, &name, (&networks, &services), &mut watcher),
    );
    assert_costs(&plan, link.meter());
    let shown = |slot: usize| {
        let mut values = Vec::new();
        let keep = |_: &Step, _: &[u64], of_step: &mut [u64]| values.push(of_step.to_vec());
        ideal::logits(&plan.circuit, &models[0], &pixels(slot), &mut Seed([7; 32]).stream(), keep);
        plan.backend.shown(&plan.circuit, &values)
    };
    (mine.unwrap().labels, [watcher.0, (0..digits.len()).map(shown).collect()])
}

/// Every answer is right, and yet copies are told from other images, if triples are as released; in the form of the paper, no two slots look alike. What is read is what is said.
#[test]
fn a_server_reads_slots_where_triples_are_as_released() {
    let digits = [3, 5, 3, 8];
    for triples in TripleForm::ALL {
        let (labels, [readings, shown]) = read(Cryptflow2He { triples, ..Cryptflow2He::default() }, &digits);
        assert_eq!(labels, digits.map(|at| small().label(digit(at)).unwrap()), "{triples:?}");
        let released = triples == TripleForm::AsReleased;
        for (a, b) in (0..4).flat_map(|a| (0..a).map(move |b| (a, b))) {
            assert_eq!(readings[a] == readings[b], released && digits[a] == digits[b], "{triples:?}: {a} and {b}");
        }
        assert_eq!(readings == shown, released, "{triples:?}");
        assert!(released || shown.iter().all(Vec::is_empty));
    }
}

/// The kilobytes of one inference of LeNet-5 by layers: linear ones, ReLU with truncation, and the argmax.
fn kilobytes<B: Backend>(backend: B, circuit: Circuit) -> [usize; 3] {
    let plan = Plan::new(backend, circuit, 1, Grouping::Chunk).unwrap();
    let (costs, mut sums) = (plan.costs(1), [0; 3]);
    for (index, cost) in costs.iter().enumerate() {
        let part = match plan.circuit.steps.get(index).map(|step| &step.op) {
            Some(Op::Linear { .. }) => 0,
            Some(_) => 1,
            None => 2,
        };
        sums[part] += cost.bytes();
    }
    sums.map(|bytes| (bytes + 500) / 1000)
}

/// By the published formulas linear layers take 57.44 MB at 37 bits and 67.92 MB at 41, and ReLU 3.82 MB and 4.29 MB. With 12 bits dropped by each, truncation would take
/// 1.42 MB and 1.43 MB; this network drops 8, 14, 14 and 12, which is 1.28 MB and 1.29 MB.
#[test]
fn lenet_takes_the_predicted_bytes_by_oblivious_transfer() {
    let models = lenets();
    for (ring, expected) in [(37, [57_443, 5_093]), (41, [67_922, 5_582])] {
        let backend = Cryptflow2Ot { ring: Some(41), ..Cryptflow2Ot::default() };
        let mut circuit = backend.circuit(&[&models[0]], Truncation::Faithful).unwrap();
        // What is counted depends on the width alone, also where values do not fit.
        let uniform = Uniform { modulus: Modulus::TwoTo(ring), differences: true };
        circuit.uniform = Some(uniform);
        circuit.steps.iter_mut().for_each(|step| step.ring = ring);
        let [linear, others, argmax] = kilobytes(backend, circuit);
        assert_eq!([linear, others], expected);
        assert!(argmax < 10, "{argmax}");
    }
}

/// By the published formulas ReLU takes 7.05 MB, and division 3.48 MB if each drops 12 bits; for 8, 14, 14 and 12 it is 2.81 MB. The ciphertexts of the authors' parameters
/// are 2.46 MB, packed.
#[test]
fn lenet_takes_the_predicted_bytes_under_encryption() {
    let circuit = Cryptflow2He::default().circuit(&[&lenets()[0]], Truncation::Faithful).unwrap();
    assert_eq!(circuit.modulus(0), Modulus::Prime(PRIMES[1]));
    assert_eq!(kilobytes(Cryptflow2He::default(), circuit), [2_335, 9_862, 12]);
}

/// A ring that does not hold a value is refused by the name of its layer.
#[test]
fn a_narrow_ring_is_refused() {
    let models = lenets();
    let refused = |bits| -> Result<Circuit, _> {
        Cryptflow2Ot { ring: Some(bits), ..Cryptflow2Ot::default() }.circuit(&[&models[0]], Truncation::Faithful)
    };
    assert!(refused(41).is_ok());
    assert!(refused(30).unwrap_err().to_string().contains("which a ring of 30 bits does not hold"));
}

/// A message of a division carries an element of the field and a remainder, which together must fit a word: a network of 15 fractional bits needs more.
#[test]
fn a_division_of_too_many_bits_is_refused() {
    let onnx = include_bytes!("../../../../../examples/models/lenet_mnist_full.onnx");
    let precision = Precision { frac_bits: 15, ring: Ring::Auto };
    let pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };
    let model = FixedModel::new(&Model::from_onnx(onnx).unwrap(), precision, pixels).unwrap();
    let refused = Cryptflow2He::default().circuit(&[&model], Truncation::Faithful).unwrap_err().to_string();
    assert!(refused.contains("too many together"), "{refused}");
}
