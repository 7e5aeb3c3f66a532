//! The family's protocols against the ideal twins, and whole sessions against the plaintext reference and the predictor.

use super::packing::Packing;
use super::party::AbyParty;
use super::transfers::Transfers;
use super::*;
use crate::address::Component;
use crate::backend::Protocols;
use crate::circuit::Op;
use crate::party::Party;
use crate::random::uniform;
use crate::role::Role;
use crate::session::{Grouping, Networks, Plan, Service, client, run, server, set_up};
use crate::share::clip::Clip;
use crate::share::truncate::Rescaling;
use crate::wire::clock::LinkSpeed;
use crate::wire::meter::{Meter, Phase};
use fusion_nn::fixed::{Pixels, Precision, Ring};
use fusion_nn::model::{Model, Value};
use std::sync::LazyLock;

/// Base transfers, made once for all tests.
static SETUPS: LazyLock<[Setup; 2]> = LazyLock::new(|| {
    let (mut left, mut right) = Link::pair(LinkSpeed::LAN);
    std::thread::scope(|scope| {
        let client = scope.spawn(move || Setup::run(&mut left, &Seed([1; 32]), Extension::Iknp).unwrap());
        let server = Setup::run(&mut right, &Seed([2; 32]), Extension::Iknp).unwrap();
        [client.join().unwrap(), server]
    })
});

/// What both parties' functions return, and the client's meter.
pub(super) fn both<T: Send>(
    client: impl FnOnce(&mut Party<Transfers>) -> Result<T, Halt> + Send,
    server: impl FnOnce(&mut Party<Transfers>) -> Result<T, Halt> + Send,
) -> ([T; 2], Meter) {
    let (left, right) = Link::pair(LinkSpeed::LAN);
    let party = |link: Link, own: usize| {
        let rng = Seed([20 + own as u8; 32]).stream();
        Party { link, rng, transfers: SETUPS[own].session(&Seed([9; 32]), [0; 2]) }
    };
    std::thread::scope(|scope| {
        let server = scope.spawn(move || server(&mut party(right, 1)).unwrap());
        let mut party = party(left, 0);
        let first = client(&mut party).unwrap();
        ([first, server.join().unwrap()], party.link.into_meter())
    })
}

/// Runs a protocol of the family on shares.
fn protocol<T: Send>(
    bits: u32,
    shares: [&[u64]; 2],
    what: impl Fn(&mut AbyParty<'_>, &mut Party<Transfers>, &[u64]) -> Result<T, Halt> + Sync,
) -> ([T; 2], Meter) {
    // Of a circuit whose layers the protocol has nothing to do with.
    let models = [lenet("full")];
    let circuit = tail(Aby::measured(), Truncation::Faithful, &models);
    let packing = Packing::new(&circuit, 1);
    let run = |numbers: Vec<u64>| {
        let (what, circuit, packing) = (&what, &circuit, &packing);
        move |party: &mut Party<Transfers>| {
            what(&mut AbyParty::new(bits, (circuit, packing), 1, Vec::new()), party, &numbers)
        }
    };
    both(run(shares[0].to_vec()), run(shares[1].to_vec()))
}

/// Values of every size and sign with random shares, in the ring; the values first.
fn shared(modulus: Modulus, count: usize) -> [Vec<u64>; 3] {
    let mut rng = Seed([3; 32]).stream();
    let widths = uniform(&mut rng, 16, count);
    let values = modulus.uniform(&mut rng, count);
    let size = |(x, width): (u64, u64)| modulus.element(modulus.integer(x) >> (width % u64::from(modulus.bits())));
    let values: Vec<u64> = values.into_iter().zip(widths).map(size).collect();
    let client = modulus.uniform(&mut rng, count);
    let server = values.iter().zip(&client).map(|(x, x0)| modulus.sub(*x, *x0)).collect();
    [values, client, server]
}

fn opened(modulus: Modulus, [client, server]: &[Vec<u64>; 2]) -> Vec<u64> {
    client.iter().zip(server).map(|(a, b)| modulus.add(*a, *b)).collect()
}

fn how(bits: u32, shift: u32, truncation: Truncation) -> Rescaling {
    Rescaling { from: bits, shift, out: bits, truncation }
}

#[test]
fn faithful_protocols_are_their_twins_on_every_value() {
    for (bits, shift, count) in [(32, 0, 1), (32, 12, 500), (64, 12, 3000), (64, 0, 70)] {
        let modulus = Modulus::TwoTo(bits);
        let twins = Uniform { modulus, differences: false };
        let how = how(bits, shift, Truncation::Faithful);
        let [values, x0, x1] = shared(modulus, count);
        let check = |shares: [Vec<u64>; 2], twin: &dyn Fn(u64) -> u64| {
            let expected: Vec<u64> = values.iter().map(|&x| twin(x)).collect();
            assert_eq!(opened(modulus, &shares), expected, "{how:?}");
        };
        let (shares, _) = protocol(bits, [&x0, &x1], |aby, party, numbers| aby.relu(party, numbers, how));
        check(shares, &|x| twins.relu(x, shift));
        let (shares, _) = protocol(bits, [&x0, &x1], |aby, party, numbers| aby.truncate(party, numbers, how));
        check(shares, &|x| twins.truncate(x, shift));
        for ends in [[0, 6 << 12], [-(1 << 20), 1 << 25]] {
            let clip = Clip { ends, how };
            let (shares, _) = protocol(bits, [&x0, &x1], |aby, party, numbers| aby.clip(party, numbers, clip));
            check(shares, &|x| twins.clip(x, ends, shift));
        }
    }
}

/// The floor or one more, for values so small in the ring that the large error has probability below 3000 * 2^-33 * 3, less than 1e-5 at a
/// seed that is fixed.
#[test]
fn truncation_by_each_party_alone_is_the_floor_or_one_more() {
    let modulus = Modulus::TwoTo(64);
    let how = how(64, 12, Truncation::OneBit);
    let mut rng = Seed([5; 32]).stream();
    let values: Vec<u64> =
        uniform(&mut rng, 31, 3000).iter().map(|x| modulus.element(x.cast_signed() - (1 << 30))).collect();
    let x0 = modulus.uniform(&mut rng, 3000);
    let x1: Vec<u64> = values.iter().zip(&x0).map(|(x, x0)| modulus.sub(*x, *x0)).collect();
    let near = |shares: [Vec<u64>; 2], exact: &dyn Fn(i64) -> i64| {
        for (y, x) in opened(modulus, &shares).into_iter().zip(&values) {
            let over = modulus.integer(y) - (exact(modulus.integer(*x)) >> 12);
            assert!([0, 1].contains(&over), "{x}: {over}");
        }
    };
    let (shares, meter) = protocol(64, [&x0, &x1], |aby, party, numbers| aby.truncate(party, numbers, how));
    assert!(meter.log.is_empty());
    near(shares, &|x| x);
    let (shares, _) = protocol(64, [&x0, &x1], |aby, party, numbers| aby.relu(party, numbers, how));
    near(shares, &|x| x.max(0));
}

#[test]
fn the_largest_of_lists_of_different_lengths_and_the_label_for_the_client() {
    for bits in [32, 64] {
        let modulus = Modulus::TwoTo(bits);
        let twins = Uniform { modulus, differences: false };
        let [values, x0, x1] = shared(modulus, 700);
        let lists = |numbers: &[u64]| -> Vec<Vec<u64>> {
            numbers.chunks(4).enumerate().map(|(at, list)| list[..=at % 4].to_vec()).collect()
        };
        let run = |aby: &mut AbyParty<'_>, party: &mut Party<Transfers>, numbers: &[u64]| {
            aby.largest(party, lists(numbers), bits)
        };
        let (shares, _) = protocol(bits, [&x0, &x1], run);
        let expected: Vec<u64> = lists(&values).iter().map(|list| twins.largest(list)).collect();
        assert_eq!(opened(modulus, &shares), expected);

        let labels: Vec<Vec<u32>> = (0..70).map(|slot| (0..10).map(|place| (place + slot) % 10).collect()).collect();
        let run = |aby: &mut AbyParty<'_>, party: &mut Party<Transfers>, numbers: &[u64]| {
            aby.argmax(party, numbers, bits, 10, &labels)
        };
        let ([mine, theirs], _) = protocol(bits, [&x0, &x1], run);
        let expected = values.chunks(10).zip(&labels).map(|(list, labels)| twins.argmax(list, labels)).collect();
        assert_eq!((mine, theirs), (Some(expected), None));
    }
}

/// `16 l + 32 l + 2 * 32 (l - 1)` bytes, and on the way back `l (128 + 2 l)` bits: one bit less for each transfer than ABY's, which makes them offline
/// and corrects them. 4.29 KB and 9.16 KB, less 4 and 8 bytes.
#[test]
fn a_relu_costs_what_the_formula_says() {
    for (bits, theirs) in [(32, 512 + 1024 + 992 + 992 + 772), (64, 1024 + 2048 + 2016 + 2016 + 2056)] {
        let [_, x0, x1] = shared(Modulus::TwoTo(bits), 800);
        let how = how(bits, 0, Truncation::Faithful);
        let (_, meter) = protocol(bits, [&x0, &x1], |aby, party, numbers| aby.relu(party, numbers, how));
        let sent = meter.total(|_| true).bytes;
        println!("ABY's ReLU of {bits} bits: {} bytes, theirs {theirs}", sent / 800);
        assert_eq!(sent, 800 * (theirs - bits as usize / 8));
        assert_eq!(meter.rounds(), 4);
    }
}

const PRECISION: Precision = Precision { frac_bits: 12, ring: Ring::Auto };
const PIXELS: Pixels = Pixels { scale: 1.0 / 255.0, offset: 0.0 };

fn lenet(name: &str) -> FixedModel {
    let path = format!("{}/../../examples/models/lenet_mnist_{name}.onnx", env!("CARGO_MANIFEST_DIR"));
    FixedModel::new(&Model::from_onnx(&std::fs::read(path).unwrap()).unwrap(), PRECISION, PIXELS).unwrap()
}

/// The logits and the labels of some images by the networks of their slots, the labels in another order for each slot; every byte as predicted.
fn check(plan: &Plan<Aby>, models: &[FixedModel], images: &[Vec<i64>], expected: impl Fn(usize, &[i64]) -> Vec<i64>) {
    let (client_setup, server_setup, _) = set_up(&Seed([4; 32]), &[plan], LinkSpeed::LAN).unwrap();
    let networks = Networks::new(plan, models).unwrap();
    let label = |slot: usize, place: usize| (place + slot) as u32 % 10;
    let service =
        |slot| Service { model: slot % models.len(), labels: (0..10).map(|place| label(slot, place)).collect() };
    let services: Vec<Service> = (0..images.len()).map(service).collect();
    let name = Seed([1; 32]);
    let ((mine, link), (theirs, _)) = run(
        LinkSpeed::LAN,
        |link| client(link, &client_setup, plan, &name, |slot| images[slot].clone()),
        |link: Link| server(link, &server_setup, plan, &name, &networks, &services),
    );
    let (mine, theirs) = (mine.unwrap(), theirs.unwrap());
    let logits = plan.circuit.logits([&mine.logits, &theirs.logits]);
    for (slot, (logits, image)) in logits.chunks_exact(10).zip(images).enumerate() {
        let expected = expected(slot % models.len(), image);
        // Off by the sum of the weights at most, where each input is off by one.
        let near = if plan.circuit.truncation == Truncation::Faithful { 0 } else { 1 << 17 };
        assert!(logits.iter().zip(&expected).all(|(a, b)| a.abs_diff(*b) <= near), "{logits:?} and {expected:?}");
        assert_eq!(mine.labels[slot], label(slot, fusion_nn::fixed::argmax(logits) as usize));
    }
    assert_predicted(plan, images.len(), link.meter());
}

/// LeNet's last layers: a matrix, a ReLU, a matrix.
fn tail(backend: Aby, truncation: Truncation, models: &[FixedModel]) -> Circuit {
    let mut circuit = backend.circuit(&models.iter().collect::<Vec<_>>(), truncation).unwrap();
    let first = circuit.steps.len() - 3;
    let place = |value: &Value| match *value {
        Value::Layer(index) if index >= first => Value::Layer(index - first),
        _ => Value::Input,
    };
    let mut steps = circuit.steps.split_off(first);
    for step in &mut steps {
        step.inputs = step.inputs.iter().map(place).collect();
    }
    let output = place(&circuit.output);
    Circuit { pixels: 120, steps, output, ..circuit }
}

#[test]
fn last_layers_are_exact_for_every_network_and_cost_what_is_predicted() {
    let models = [lenet("full"), lenet("pruned90")];
    let images: Vec<Vec<i64>> = (0..5).map(|slot| (0..120).map(|at| (at * at + 977 * slot) % 5000).collect()).collect();
    // In 32 bits, local truncation goes far wrong once for about 30 of these values.
    for (backend, truncation) in [
        (Aby::proven(), Truncation::Faithful),
        (Aby::proven(), Truncation::OneBit),
        (Aby::measured(), Truncation::Faithful),
    ] {
        let circuit = tail(backend, truncation, &models);
        let [hidden, last] = [0, 2].map(|step| circuit.steps[step].layer);
        let &Op::Relu { shift, .. } = &circuit.steps[1].op else { unreachable!("a ReLU") };
        let plan = Plan::new(backend, circuit, images.len(), Grouping::Slot).unwrap();
        check(&plan, &models, &images, |model, image| {
            let layers = models[model].layers();
            let sums = layers[hidden].sums(image, &[120]).unwrap();
            let rectified: Vec<i64> = sums.iter().map(|sum| sum.max(&0) >> shift).collect();
            layers[last].sums(&rectified, &[84]).unwrap()
        });
    }
}

/// A digit of few bright pixels, so that values stay in their measured range.
#[test]
fn lenet_is_exact_in_32_bits_as_measured() {
    let models = [lenet("full")];
    let circuit = Aby::measured().circuit(&[&models[0]], Truncation::Faithful).unwrap();
    let plan = Plan::new(Aby::measured(), circuit, 1, Grouping::Chunk).unwrap();
    let image: Vec<u8> = (0..784).map(|at| if at % 28 / 4 == 3 { 200 } else { 0 }).collect();
    check(&plan, &models, &[models[0].pixels(&image).unwrap()], |_, _| models[0].logits(&image).unwrap());
}

fn assert_predicted(plan: &Plan<Aby>, slots: usize, meter: &Meter) {
    let chain = plan.chain(slots);
    let sent = [Role::Client, Role::Server].map(|role| meter.sent(role, None).bytes);
    assert_eq!([chain.client_bytes, chain.server_bytes], sent);
    assert_eq!(chain.rounds(), meter.rounds());
    let packing = plan.packings().next().unwrap();
    let mut offline = Cost::default();
    for (index, step) in plan.circuit.steps.iter().enumerate() {
        let mut online = Cost::default();
        plan.backend.messages(&mut offline).offline(packing, index, slots);
        plan.backend.messages(&mut online).online(&plan.circuit, packing, index, slots);
        let is_here = |path: &[Component]| path[1..].starts_with(step.address.components());
        let metered = meter.total(|m| m.phase == Phase::Online && is_here(m.address.components()));
        assert_eq!(online.bytes(), metered.bytes, "{}", step.address);
    }
    assert_eq!(offline.bytes(), meter.total(|m| m.phase == Phase::Offline).bytes);
    let products = slots * packing.count();
    println!("{} bits, {products} products: {} bytes, offline {}", plan.backend.bits, chain.bytes(), offline.bytes());
}
