//! Whole networks with ideal linear layers: all else is Cheetah's, to the last bit and byte.

use super::carries::CarryChoice;
use super::cost::Messages;
use crate::address::Address;
use crate::backend::Protocols;
use crate::bits::mask;
use crate::circuit::{Circuit, Op};
use crate::cost::Cost;
use crate::evaluate::evaluate;
use crate::party::Pads;
use crate::party::Party;
use crate::party::rehearsal::both;
use crate::random::uniform;
use crate::role::Role;
use crate::share::clip::{self, Clip};
use crate::share::extend::{self, Widening};
use crate::share::truncate::{self, Rescaling, Truncation};
use crate::share::{maximum, relu};
use crate::wire::link::Halt;
use crate::wire::meter::{Message, Meter};
use fusion_nn::fixed::{FixedModel, Pixels, Precision, Ring};
use fusion_nn::model::Model;

/// The ideal linear layer: the server learns the client's share, and gives it a new one.
struct Told<'a>(&'a FixedModel, &'a Circuit);

impl Protocols for Told<'_> {
    type Transfers = Pads;

    fn prepare(&mut self, _party: &mut Party) -> Result<(), Halt> {
        Ok(())
    }

    fn linear(&mut self, party: &mut Party, step: usize, numbers: &[u64]) -> Result<Vec<u64>, Halt> {
        let step = &self.1.steps[step];
        let Op::Linear { shape, .. } = &step.op else { unreachable!("a linear layer") };
        let layer = &self.0.layers()[step.layer];
        let inputs = shape.input().iter().product();
        let bytes = |values: &[u64]| values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let values = |bytes: &[u8]| -> Vec<u64> {
            bytes.chunks_exact(8).map(|eight| u64::from_le_bytes(eight.try_into().unwrap())).collect()
        };
        let outputs = numbers.len() / inputs * step.count;
        if party.role() == Role::Client {
            party.link.send(bytes(numbers))?;
            return Ok(values(&party.link.receive(8 * outputs)?));
        }
        let theirs = values(&party.link.receive(8 * numbers.len())?);
        let sums: Vec<i64> = numbers.iter().zip(theirs).map(|(a, b)| a.wrapping_add(b).cast_signed()).collect();
        let results = sums.chunks_exact(inputs).flat_map(|slot| layer.sums(slot, &shape.input()).unwrap());
        let mine = uniform(&mut party.rng, step.ring, outputs);
        let theirs: Vec<u64> =
            results.zip(&mine).map(|(y, r)| y.cast_unsigned().wrapping_sub(*r) & mask(step.ring)).collect();
        party.link.send(bytes(&theirs))?;
        Ok(mine)
    }

    fn relu(&mut self, party: &mut Party, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        relu::relu(party, numbers, how)
    }

    fn clip(&mut self, party: &mut Party, numbers: &[u64], clip: Clip) -> Result<Vec<u64>, Halt> {
        clip::clip(party, numbers, clip)
    }

    fn truncate(&mut self, party: &mut Party, numbers: &[u64], how: Rescaling) -> Result<Vec<u64>, Halt> {
        truncate::truncate(party, numbers, how)
    }

    fn extend(&mut self, party: &mut Party, numbers: &[u64], widening: Widening) -> Result<Vec<u64>, Halt> {
        extend::extend(party, numbers, widening)
    }

    fn largest(&mut self, party: &mut Party, lists: Vec<Vec<u64>>, ring: u32) -> Result<Vec<u64>, Halt> {
        maximum::largest(party, lists, ring)
    }

    fn argmax(
        &mut self,
        party: &mut Party,
        numbers: &[u64],
        ring: u32,
        classes: usize,
        labels: &[Vec<u32>],
    ) -> Result<Option<Vec<u32>>, Halt> {
        maximum::argmax(party, numbers, ring, classes, labels)
    }
}

/// The logits of a few images, by both parties and by the reference; and the labels.
fn check(fixed: &FixedModel, slots: usize) {
    let circuit = Circuit::new(&[fixed], Truncation::Faithful).unwrap();
    let ring = circuit.ring(circuit.output);
    let mut rng = crate::random::Seed([3; 32]).stream();
    let images: Vec<Vec<u8>> =
        (0..slots).map(|_| uniform(&mut rng, 8, circuit.pixels).iter().map(|&x| x as u8).collect()).collect();
    let pixels = images.iter().flat_map(|image| fixed.pixels(image).unwrap());
    let input: Vec<u64> = pixels.map(i64::cast_unsigned).collect();
    let labels: Vec<Vec<u32>> = vec![(0..circuit.classes as u32).collect(); slots];
    let run = |input: Vec<u64>| {
        let (circuit, labels) = (&circuit, &labels);
        move |party: &mut Party| {
            let mut protocols = Told(fixed, circuit);
            let logits = evaluate(party, circuit, &input, &mut protocols)?;
            let labels = protocols.argmax(party, &logits, ring, circuit.classes, labels)?;
            Ok((logits, labels))
        }
    };
    let ([client, server], party) = both(run(input.clone()), run(vec![0; input.len()]));
    let expected: Vec<i64> = images.iter().flat_map(|image| fixed.logits(image).unwrap()).collect();
    let sum = |(a, b): (&u64, &u64)| (a.wrapping_add(*b) << (64 - ring)).cast_signed() >> (64 - ring);
    let logits: Vec<i64> = client.0.iter().zip(&server.0).map(sum).collect();
    assert_eq!(logits, expected);
    let expected: Vec<u32> = images.iter().map(|image| fixed.label(image).unwrap()).collect();
    assert_eq!(client.1, Some(expected));
    assert_eq!(server.1, None);
    check_costs(&circuit, slots, party.link.meter());
}

/// Every step's bytes, and all rounds, are what the model says; a linear layer's are taken from the meter.
fn check_costs(circuit: &Circuit, slots: usize, meter: &Meter) {
    let mut all = Cost::default();
    for (index, step) in circuit.steps.iter().enumerate() {
        let extends = |address: &Address| address.components().contains(&"extend".into());
        let sent = |from| {
            let own = |m: &Message| m.address.is_within(&step.address) && extends(&m.address) == extends(&step.address);
            meter.total(|m| m.from == from && own(m)).bytes
        };
        if let Op::Linear { .. } = step.op {
            all.send(Role::Client, sent(Role::Client));
            all.send(Role::Server, sent(Role::Server));
            continue;
        }
        let mut cost = Cost::default();
        Messages(&mut cost, CarryChoice::Tree).step(circuit, index, slots, None);
        assert_eq!([cost.client_bytes, cost.server_bytes], [Role::Client, Role::Server].map(sent), "{}", step.address);
        Messages(&mut all, CarryChoice::Tree).step(circuit, index, slots, None);
    }
    Messages(&mut all, CarryChoice::Tree).argmax(slots, circuit.classes, circuit.ring(circuit.output));
    assert_eq!(all.bytes(), meter.total(|_| true).bytes);
    assert_eq!(all.rounds(), meter.rounds());
}

fn lenet(ring: Ring) -> FixedModel {
    let onnx = include_bytes!("../../../../../examples/models/lenet_mnist_full.onnx");
    let model = Model::from_onnx(onnx).unwrap();
    FixedModel::new(&model, Precision { frac_bits: 12, ring }, Pixels { scale: 1.0 / 255.0, offset: 0.0 }).unwrap()
}

#[test]
fn lenet_is_computed_to_the_last_bit() {
    check(&lenet(Ring::Auto), 3);
}

/// Too small for the logits of noise: they wrap, alike.
#[test]
fn a_ring_that_is_too_small_wraps_as_the_reference_does() {
    check(&lenet(Ring::Bits(27)), 2);
}
