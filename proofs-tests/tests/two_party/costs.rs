//! What a session sends is what was predicted, and nothing but the plan and the seed decides it.

use crate::world::{Session, World, plan, plan_by};
use fusion_2pc::address::{Address, Component, OT_EXTENSION};
use fusion_2pc::backend::Backend;
use fusion_2pc::backend::cheetah::{CarryChoice, Cheetah, MOST_SLOTS};
use fusion_2pc::circuit::{ARGMAX, Op};
use fusion_2pc::linear::Linear;
use fusion_2pc::role::Role;
use fusion_2pc::session::{Grouping, Service};
use fusion_2pc::share::digit;
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::meter::{Message, Meter, Phase};
use fusion_nn::model::Value;
use fusion_proofs_tests::networks::{
    PRECISION, clipped, dead, digits, fixed, in_pieces, lenet, many_classes, noise, residual, tiny,
};
use std::ops::Range;

/// What each party sent in a step of a chunk, the extension of its transfers apart; client first.
pub fn sent(meter: &Meter, chunk: &Range<usize>, step: &Address) -> [usize; 2] {
    let step = step.in_slots(chunk.clone());
    let own = |message: &Message| {
        // An extension of a ring has the address of the step that needs it, and one component more.
        let extends = message.address.is_within(&step.join(&"extend".into()));
        message.address.is_within(&step) && !message.address.is_in_extension() && !extends
    };
    [Role::Client, Role::Server].map(|role| meter.total(|message| message.from == role && own(message)).bytes)
}

/// What each party sent to extend transfers in one direction.
fn extended(meter: &Meter, sender: &'static str) -> [usize; 2] {
    let step: [Component; 2] = [OT_EXTENSION.into(), sender.into()];
    let own = |message: &Message| message.address.components().ends_with(&step);
    [Role::Client, Role::Server].map(|role| meter.total(|message| message.from == role && own(message)).bytes)
}

fn assert_predicted(world: &World, session: &Session) {
    let (plan, meter) = (&world.plan, &session.meters[0]);
    assert_eq!(meter.log.len(), session.meters[1].log.len());
    let mut all = [0; 2];
    for chunk in plan.chunks() {
        let costs = plan.costs(chunk.len());
        let steps = plan.circuit.steps.iter().map(|step| step.address.clone()).chain([ARGMAX.into()]);
        for (step, cost) in steps.zip(costs) {
            let predicted = [cost.client_bytes, cost.server_bytes];
            assert_eq!(sent(meter, &chunk, &step), predicted, "{step} of {chunk:?}");
            all = [all[0] + predicted[0], all[1] + predicted[1]];
        }
    }
    let [by_client, by_server] = plan.transfers().map(|count| plan.backend.extension(count).cost(count));
    assert_eq!(extended(meter, "client"), [by_client.sender.bytes, by_client.receiver.bytes]);
    assert_eq!(extended(meter, "server"), [by_server.receiver.bytes, by_server.sender.bytes]);
    let offline = [Role::Client, Role::Server].map(|role| meter.sent(role, Some(Phase::Offline)).bytes);
    assert_eq!(offline[0], by_client.sender.bytes + by_server.receiver.bytes);
    for (role, offline, online) in [(Role::Client, offline[0], all[0]), (Role::Server, offline[1], all[1])] {
        assert_eq!(meter.sent(role, Some(Phase::Online)).bytes, online, "nothing is sent but what a step sends");
        assert_eq!(meter.sent(role, None).bytes, online + offline);
    }
    assert_rounds(world, meter);
}

/// The longest chain of a session of one chunk: the circuit's, and where transfers are extended as many more as that takes at most.
fn assert_rounds(world: &World, meter: &Meter) {
    let plan = &world.plan;
    if plan.slots > plan.slots_per_message() {
        return;
    }
    let chain = plan.chain(plan.slots);
    let extensions = meter.total(|message| message.phase == Phase::Offline).messages;
    let rounds = usize::try_from(meter.rounds()).expect("few");
    let least = usize::try_from(chain.rounds()).expect("few");
    assert!((least..=least + extensions).contains(&rounds), "{rounds} of {least} and {extensions}");
}

/// What claims of campaigns, and the bounds in the guides, count on.
#[test]
fn every_network_of_a_script_or_a_test_fills_its_messages() {
    let lenets = ["full", "pruned70", "pruned90", "q2bit", "q3bit", "labelnoise", "early_s20", "early_s40"].map(lenet);
    for model in [tiny(0), dead(), residual(0), many_classes(0)].into_iter().chain(lenets) {
        for truncation in [Truncation::Faithful, Truncation::OneBit] {
            let plan = plan(&[fixed(&model, PRECISION)], 1, Grouping::Chunk, truncation);
            assert_eq!(plan.slots_per_message(), MOST_SLOTS);
        }
    }
}

#[test]
fn lenet_sends_what_was_predicted() {
    for batch in [1, 7, MOST_SLOTS + 3] {
        let images = digits(batch);
        let world = World::new(&[lenet("full")], batch, 1);
        assert_predicted(&world, &world.session(1, &images, &world.honest()));
    }
}

#[test]
fn small_networks_send_what_was_predicted() {
    for model in [tiny(0), residual(0), many_classes(0)] {
        for truncation in [Truncation::Faithful, Truncation::OneBit] {
            for grouping in [Grouping::Chunk, Grouping::Slot] {
                let models = vec![fixed(&model, PRECISION)];
                let images = noise(3, 1);
                let world = World::of(models.clone(), plan(&models, images.len(), grouping, truncation), 1);
                assert_predicted(&world, &world.session(1, &images, &world.honest()));
            }
        }
    }
}

/// Clips of which one compares what is left when bits are dropped, and one the values, as its ends are not whole then.
#[test]
fn clips_send_what_was_predicted() {
    for model in [clipped(), in_pieces()] {
        let models = vec![fixed(&model, PRECISION)];
        let images = noise(2, 1);
        let world = World::of(models.clone(), plan(&models, 2, Grouping::Chunk, Truncation::OneBit), 1);
        assert_predicted(&world, &world.session(1, &images, &world.honest()));
    }
}

/// Where weights are encrypted, and a step reads a linear layer, the client sends no choices for its first comparison: the server's answer is the first message of all. Elsewhere they are.
#[test]
fn choices_that_were_drawn_with_a_share_are_not_sent() {
    for linear in [Linear::Images, Linear::Weights] {
        for (model, truncation) in
            [(tiny(0), Truncation::Faithful), (clipped(), Truncation::Faithful), (clipped(), Truncation::OneBit)]
        {
            let models = vec![fixed(&model, PRECISION)];
            let images = noise(2, 1);
            let backend = Cheetah { linear, ..Cheetah::default() };
            let world = World::of(models.clone(), plan_by(backend, &models, 2, Grouping::Chunk, truncation), 1);
            let session = world.session(1, &images, &world.honest());
            assert_predicted(&world, &session);
            if truncation == Truncation::Faithful {
                world.assert_exact(&session, &images);
            }
            let log = &session.meters[0].log;
            let first = |step: &Address, inner: &'static str| {
                let step = step.in_slots(0..2).join(&inner.into());
                log.iter().find(|message| message.address.is_within(&step)).map(|message| message.from)
            };
            let steps = &world.plan.circuit.steps;
            let mut drawn = 0;
            for step in steps {
                let reads = |at: usize| matches!(steps[at].op, Op::Linear { .. });
                let from_linear = matches!(step.inputs[..], [Value::Layer(at)] if reads(at));
                let asks = if linear == Linear::Weights && from_linear { Role::Server } else { Role::Client };
                let expected = match step.op {
                    Op::Relu { .. } => [("msb", Some(asks))].to_vec(),
                    Op::Clip { ends: [0, _], .. } => [("msb", Some(asks)), ("high", Some(Role::Client))].to_vec(),
                    Op::Clip { .. } if truncation == Truncation::Faithful => {
                        [("carry", Some(asks)), ("low", Some(Role::Client))].to_vec()
                    }
                    Op::Clip { .. } => [("carry", None), ("low", Some(Role::Client))].to_vec(),
                    _ => Vec::new(),
                };
                for (inner, from) in expected {
                    drawn += usize::from(from == Some(Role::Server));
                    assert_eq!(first(&step.address, inner), from, "{linear:?}: {} of {}", inner, step.address);
                }
            }
            assert_eq!(drawn > 0, linear == Linear::Weights);
        }
    }
}

/// By chains: exact, and of as many bytes and rounds as predicted, whether the client draws its share of a linear layer, or the server does, or choices are corrected. The comparison of a ReLU is a message for each digit, in turn.
#[test]
fn chains_are_exact_and_send_what_was_predicted() {
    for linear in [Linear::Images, Linear::Weights] {
        for (model, truncation) in [
            (tiny(0), Truncation::Faithful),
            (tiny(0), Truncation::OneBit),
            (residual(0), Truncation::Faithful),
            (many_classes(0), Truncation::Faithful),
            (clipped(), Truncation::Faithful),
            (clipped(), Truncation::OneBit),
            (in_pieces(), Truncation::OneBit),
        ] {
            let models = vec![fixed(&model, PRECISION)];
            let images = noise(2, 1);
            let backend = Cheetah { linear, carries: CarryChoice::Chain, ..Cheetah::default() };
            let world = World::of(models.clone(), plan_by(backend, &models, 2, Grouping::Chunk, truncation), 1);
            let session = world.session(1, &images, &world.honest());
            assert_predicted(&world, &session);
            if truncation == Truncation::Faithful {
                world.assert_exact(&session, &images);
            }
            for step in &world.plan.circuit.steps {
                let Op::Relu { from, shift } = step.op else { continue };
                let how = step.rescaling(from, shift, truncation);
                let digits = digit::digits(how.carrying_bits(), how.compared_bits()).len();
                let msb = step.address.in_slots(0..2).join(&"msb".into());
                let own = session.meters[0]
                    .log
                    .iter()
                    .filter(|message| message.address.is_within(&msb) && !message.address.is_in_extension());
                let from: Vec<Role> = own.map(|message| message.from).collect();
                let reads = |at: usize| matches!(world.plan.circuit.steps[at].op, Op::Linear { .. });
                let drawn = matches!(step.inputs[..], [Value::Layer(at)] if reads(at));
                let drawer = if linear == Linear::Images { Role::Server } else { Role::Client };
                let chooser = if drawn { drawer } else { Role::Client };
                let corrected = usize::from(!drawn);
                assert_eq!(from.len(), digits + corrected, "{}", step.address);
                assert!(from.iter().skip(corrected).step_by(2).all(|from| *from == chooser.peer()));
                assert!(from.iter().skip(corrected + 1).step_by(2).all(|from| *from == chooser));
                assert!(drawn || from[0] == chooser);
            }
        }
    }
}

/// `carries: auto` in a session of a chunk that pays for a chain and a rest that does not: exact, and of as many bytes as predicted, in the form that each chunk has.
#[test]
fn each_chunk_has_the_form_that_it_pays_for() {
    let slots = MOST_SLOTS + 1;
    let backend = Cheetah { linear: Linear::Weights, carries: CarryChoice::Auto, ..Cheetah::default() };
    let images = digits(slots);
    let world = World::by(backend, &[lenet("full")], slots, 1);
    let session = world.session(1, &images, &world.honest());
    world.assert_exact(&session, &images);
    assert_predicted(&world, &session);
    let messages = |chunk: Range<usize>| {
        let msb = world.plan.circuit.steps[1].address.in_slots(chunk).join(&"msb".into());
        session.meters[0].log.iter().filter(|message| message.address.is_within(&msb)).count()
    };
    let Op::Relu { from, .. } = world.plan.circuit.steps[1].op else { panic!("a ReLU") };
    assert_eq!(
        (from, messages(0..MOST_SLOTS)),
        (24, 12),
        "a chain: six digits below the truncated bits' carry, and six above"
    );
    assert!(messages(MOST_SLOTS..slots) < 10, "a tree");
}

/// By encrypted weights: exact, and of as many bytes as predicted, in a whole chunk and a part of one, which share what was sent once.
#[test]
fn encrypted_weights_are_exact_and_send_what_was_predicted() {
    let backend = Cheetah { linear: Linear::Weights, ..Cheetah::default() };
    for (model, slots) in [(tiny(0), MOST_SLOTS + 2), (residual(0), 2), (many_classes(0), 1)] {
        let images = noise(slots, 1);
        let world = World::by(backend, &[model], slots, 1);
        let session = world.session(1, &images, &world.honest());
        world.assert_exact(&session, &images);
        assert_predicted(&world, &session);
        let weights = |message: &&Message| message.address.components().ends_with(&["product".into()]);
        let sent = session.meters[0].log.iter().filter(weights).count();
        let linear = world.plan.circuit.steps.iter().filter(|step| matches!(step.op, Op::Linear { .. })).count();
        assert_eq!(sent, linear * world.plan.chunks().count());
    }
}

/// Messages of one session as an observer sees them who cannot read: step, sender, length, depth and time.
fn shape(session: &Session) -> &[Message] {
    &session.meters[0].log
}

/// Images, which slots hold copies, models, labels, keys, names: none of them shows.
fn assert_shapeless(models: [fusion_nn::model::Model; 2], [one, other]: [&[Vec<u8>]; 2]) {
    let slots = one.len();
    let fixed = models.map(|model| fixed(&model, PRECISION));
    let plan = plan(&fixed, slots, Grouping::Slot, Truncation::Faithful);
    let world = World::of(fixed.to_vec(), plan.clone(), 1);
    let base = world.session(1, one, &world.honest());
    assert_predicted(&world, &base);
    let copies: [Vec<Vec<u8>>; 2] = [0, slots - 1].map(|at| {
        (0..slots).map(|slot| if slot % 2 == at % 2 { one[at].clone() } else { other[slot].clone() }).collect()
    });
    let relabelled = Service { model: 1, labels: vec![0; world.service(0).labels.len()] };
    let mixed: Vec<Service> = (0..slots).map(|slot| world.service(slot % 2)).collect();
    let others = [
        world.session(1, one, &world.honest()),
        world.session(2, one, &world.honest()),
        world.session(1, other, &world.honest()),
        world.session(1, &copies[0], &world.honest()),
        world.session(1, &copies[1], &world.honest()),
        world.session(1, one, &vec![world.service(1); slots]),
        world.session(1, one, &vec![relabelled; slots]),
        world.session(1, one, &mixed),
        World::of(fixed.to_vec(), plan, 2).session(1, one, &world.honest()),
    ];
    for (index, session) in others.iter().enumerate() {
        assert!(session.client.is_ok(), "{index}");
        assert_eq!(shape(session), shape(&base), "{index}");
        assert_eq!(session.meters[1], base.meters[1], "{index}");
    }
    assert_eq!(others[0], base, "the same seed, the same session");
}

#[test]
fn nothing_shows_in_the_shape_of_a_transcript() {
    assert_shapeless([tiny(0), tiny(1)], [&noise(4, 1), &noise(4, 2)]);
    assert_shapeless([residual(0), residual(2)], [&noise(4, 1), &noise(4, 2)]);
    assert_shapeless([many_classes(0), many_classes(1)], [&noise(4, 1), &noise(4, 2)]);
}

#[test]
fn nothing_shows_in_the_shape_of_a_transcript_of_lenet() {
    let digits = digits(4);
    assert_shapeless([lenet("full"), lenet("pruned90")], [&digits[..2], &digits[2..]]);
}
