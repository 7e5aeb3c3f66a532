//! Labels that decode to nothing, in DELPHI. A server that garbles sends the hashes of both labels of every output bit. If it spoils one of them, a result that has the bit decodes to
//! nothing. A client that stops there tells its peer the bit in the middle of the session, as the released code does. This one takes the result for 0 and goes on: its messages are as many, as long and
//! at the same times whatever the bit is, and the verdict comes at the end (H6).

use crate::silence::Recorded;
use crate::world::World;
use fusion_2pc::address::Address;
use fusion_2pc::backend::delphi::{Decode, Delphi};
use fusion_2pc::ideal;
use fusion_2pc::modulus::Modulus;
use fusion_2pc::random::Seed;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::hook::{Conduct, Deviation};
use fusion_2pc::wire::link::Link;
use fusion_2pc::wire::meter::Message;
use fusion_proofs_tests::networks::{noise, tiny};
use std::sync::{Arc, Mutex, mpsc};

/// The bytes by which an output bit is decoded: the hashes of its labels of 0 and of 1.
const DECODING: usize = 32;

/// Spoils the hash of the label of 1 for the lowest bit of every result of a ReLU. Keeps its shares of these results: what it took off them inside the circuit.
struct Spoils {
    outputs: usize,
    bits: usize,
    shares: Arc<Mutex<Vec<u64>>>,
}

impl Deviation for Spoils {
    fn share(&mut self, step: &Address, shares: &mut [u64], _modulus: Modulus) {
        if step.to_string().ends_with("relu]") {
            *self.shares.lock().expect("no panic") = shares.to_vec();
        }
    }

    fn message(&mut self, message: &Message, payload: &[u8]) -> Conduct {
        let at = message.address.to_string();
        if !at.contains("relu") || !at.contains("tables") {
            return Conduct::Send;
        }
        let mut bytes = payload.to_vec();
        let first = bytes.len() - DECODING * self.bits * self.outputs;
        bytes[first..][..DECODING * self.outputs]
            .iter_mut()
            .skip(DECODING / 2)
            .step_by(DECODING)
            .for_each(|byte| *byte ^= 1);
        Conduct::Replace(bytes)
    }
}

#[test]
fn a_client_of_delphi_does_not_stop_where_labels_decode_to_nothing() {
    let images = noise(1, 1);
    let world = World::by(Delphi::default(), &[tiny(0)], 1, 1);
    let circuit = &world.plan.circuit;
    let modulus = circuit.modulus(circuit.ring(circuit.output));
    let relu = circuit.steps.iter().find(|step| step.address.to_string().ends_with("relu]")).expect("it has one");
    let shares = Arc::new(Mutex::new(Vec::new()));
    let served = |deviation: Option<Spoils>| {
        let (mut client, mut server) = Link::pair(LinkSpeed::LAN);
        let (record, sent) = mpsc::channel();
        client.deviate(Box::new(Recorded(record)));
        if let Some(deviation) = deviation {
            server.deviate(Box::new(deviation));
        }
        let session = world.over([client, server], 1, &images, &world.honest());
        (session, sent.into_iter().map(|(message, _)| message).collect::<Vec<_>>())
    };
    let (_, honest) = served(None);
    let spoils = Spoils { outputs: relu.count, bits: modulus.bits() as usize, shares: Arc::clone(&shares) };
    let (session, sent) = served(Some(spoils));
    assert!(sent == honest, "the client sends as many messages, as long and at the same times");

    let shares = shares.lock().expect("no panic").clone();
    let pixels = world.models[0].pixels(&images[0]).expect("of this size");
    let (mut lost, mut read) = (0, 0);
    let logits = ideal::logits(circuit, &world.models[0], &pixels, &mut Seed([3; 32]).stream(), |step, _, values| {
        if step.address == relu.address {
            for (value, share) in values.iter_mut().zip(&shares) {
                if modulus.sub(*value, *share) & 1 == 1 {
                    *value = *share;
                    lost += 1;
                } else {
                    read += 1;
                }
            }
        }
    });
    assert!(lost > 0 && read > 0, "{lost} of {}", lost + read);
    let logits: Vec<i64> = logits.iter().map(|logit| modulus.integer(*logit)).collect();
    assert_eq!(world.opened(&session), logits);
}

/// Spoils a bit of an element of a ReLU's results, which it does not mask.
struct SpoilsOne {
    element: usize,
    bit: u32,
}

impl Deviation for SpoilsOne {
    fn spoiled(&mut self, step: &Address, count: usize) -> Option<Vec<u64>> {
        let bits = (0..count).map(|element| u64::from(element == self.element) << self.bit).collect();
        step.to_string().ends_with("relu]").then_some(bits)
    }
}

/// A client that stops as the released code does: it does where the bit of the value is set, in the ReLU, after fewer messages. One that goes on has 0 for the value.
#[test]
fn a_client_of_released_delphi_stops_where_a_bit_is_set() {
    const BIT: u32 = 10;
    let images = noise(1, 1);
    let [stops, goes_on] =
        [Decode::Stop, Decode::Zero].map(|decode| World::by(Delphi { decode, ..Delphi::default() }, &[tiny(0)], 1, 1));
    let circuit = &goes_on.plan.circuit;
    let relu = circuit.steps.iter().find(|step| step.address.to_string().ends_with("relu]")).expect("it has one");
    let pixels = goes_on.models[0].pixels(&images[0]).expect("of this size");
    let clear = |lost: Option<usize>| {
        let mut values = Vec::new();
        let logits =
            ideal::logits(circuit, &goes_on.models[0], &pixels, &mut Seed([3; 32]).stream(), |step, _, own| {
                if step.address == relu.address {
                    values = own.to_vec();
                    if let Some(lost) = lost {
                        own[lost] = 0;
                    }
                }
            });
        let modulus = circuit.modulus(circuit.ring(circuit.output));
        (values, logits.iter().map(|logit| modulus.integer(*logit)).collect::<Vec<_>>())
    };
    let (values, right) = clear(None);
    let with_bit = |set: bool| values.iter().position(|value| (value >> BIT & 1 == 1) == set).expect("there is one");
    let [set, unset] = [true, false].map(with_bit);
    let (_, lost) = clear(Some(set));
    let served = |world: &World<Delphi>, element: usize| {
        let (client, mut server) = Link::pair(LinkSpeed::LAN);
        server.deviate(Box::new(SpoilsOne { element, bit: BIT }));
        world.over([client, server], 1, &images, &world.honest())
    };
    assert_eq!(goes_on.opened(&served(&goes_on, set)), lost);
    assert_eq!(goes_on.opened(&served(&goes_on, unset)), right);
    assert_eq!(stops.opened(&served(&stops, unset)), right);
    let stopped = served(&stops, set);
    let halt = stopped.client.as_ref().expect_err("it stops").to_string();
    assert!(halt.contains("relu]/input: labels decode to nothing"), "{halt}");
}
