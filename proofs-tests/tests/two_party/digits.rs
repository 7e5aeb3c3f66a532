//! A thousand digits through every family, alone and by 64: every logit and label is the reference's, and every step sends what its predictor says.

use crate::costs::sent;
use crate::world::World;
use fusion_2pc::address::Address;
use fusion_2pc::backend::{Backend, Family, ForBackend};
use fusion_2pc::circuit::ARGMAX;
use fusion_2pc::role::Role;
use fusion_2pc::wire::meter::{Message, Meter};
use fusion_proofs_tests::networks::{digits, lenet};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// The digits of a family in sessions of `batch`. Those that do not fill a last session are filled up with the first ones.
#[derive(Clone, Copy)]
struct Digits {
    family: Family,
    images: usize,
    batch: usize,
}

impl ForBackend for Digits {
    type Output = ();

    fn run<B: Backend>(self, backend: B) {
        let Self { family, images, batch } = self;
        let world = World::by(backend, &[lenet("full")], batch, 1);
        let digits = digits(images);
        let whole: Vec<Vec<u8>> = digits.iter().cycle().take(images.next_multiple_of(batch)).cloned().collect();
        let sessions: Vec<(u8, &[Vec<u8>])> = (0..=u8::MAX).cycle().zip(whole.chunks_exact(batch)).collect();
        let [first, others @ ..] = &*sessions else { panic!("there are digits") };
        let meter = exact(&world, first);
        println!("{}, batch {batch}\n{}", family.name(), counts(&world, &meter));
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..sessions_at_once() {
                scope.spawn(|| {
                    while let Some(session) = others.get(next.fetch_add(1, Relaxed)) {
                        assert_eq!(meter, exact(&world, session), "{family:?}: every session sends the same messages");
                    }
                });
            }
        });
        println!("{}, batch {batch}: every logit and label of {images} digits is exact\n", family.name());
    }
}

/// Plays a session, whose every logit and label must be the reference's.
fn exact<B: Backend>(world: &World<B>, (name, images): &(u8, &[Vec<u8>])) -> Meter {
    let session = world.session(*name, images, &world.honest());
    world.assert_exact(&session, images);
    let [meter, _] = session.meters;
    meter
}

/// One for every two cores, as a session has two parties, and eight at most: each takes up to a gigabyte.
fn sessions_at_once() -> usize {
    (std::thread::available_parallelism().map_or(1, usize::from) / 2).clamp(1, 8)
}

/// Messages, rounds and bytes of each step in a session as they were counted, with the rounds and the bytes that the predictor says.
fn counts<B: Backend>(world: &World<B>, meter: &Meter) -> String {
    let plan = &world.plan;
    let steps = plan.circuit.steps.iter().map(|step| step.address.clone()).chain([ARGMAX.into()]);
    let heading = ["step", "messages", "rounds", "client", "server", "predicted", "alone"].map(String::from);
    let mut rows = vec![heading];
    let (mut all, mut chunks) = (0, plan.chunks().map(|chunk| (plan.costs(chunk.len()), chunk)).collect::<Vec<_>>());
    for (index, step) in steps.enumerate() {
        let (mut client, mut server, mut predicted, mut rounds) = (0, 0, 0, 0);
        for (costs, chunk) in &mut chunks {
            let counted = sent(meter, chunk, &step);
            assert_eq!(counted, [costs[index].client_bytes, costs[index].server_bytes], "{step} of {chunk:?}");
            client += counted[0];
            server += counted[1];
            predicted += costs[index].bytes();
            rounds += costs[index].rounds();
        }
        let messages = meter.total(|message| is_of(message, &step)).messages;
        let share = meter.shares(|message| is_of(message, &step)).into_iter().find(|(own, _)| *own);
        let own = share.map_or(0, |(_, share)| share.rounds);
        if predicted > 0 {
            let numbers = [messages, own as usize, client, server, predicted, rounds as usize].map(|x| x.to_string());
            let [messages, own, client, server, predicted, alone] = numbers;
            rows.push([step.to_string(), messages, own, client, server, predicted, alone]);
        }
        all += predicted;
    }
    let extensions = meter.total(|message| message.address.is_in_extension());
    let bytes = [Role::Client, Role::Server].map(|role| meter.sent(role, None).bytes);
    assert_eq!(all + extensions.bytes, bytes.iter().sum::<usize>(), "nothing else is sent");
    let lines = rows.iter().map(|[step, messages, rounds, client, server, predicted, alone]| {
        format!("{step:28} {messages:>8} {rounds:>6} {client:>12} {server:>12} {predicted:>12} {alone:>6}")
    });
    let last = [
        format!("extension of transfers: {} messages, {} bytes", extensions.messages, extensions.bytes),
        format!("session: {} messages, {} rounds, {bytes:?} bytes", meter.total(|_| true).messages, meter.rounds()),
        format!("an image: {} bytes", bytes.iter().sum::<usize>() / plan.slots),
    ];
    lines.chain(last).collect::<Vec<_>>().join("\n")
}

/// Whether a message belongs to a step, whatever its slots.
fn is_of(message: &Message, step: &Address) -> bool {
    let slots = message.address.slots();
    slots.is_some_and(|slots| message.address.is_within(&step.in_slots(slots))) && !message.address.is_in_extension()
}

fn through(family: Family, images: usize) {
    for batch in [64, 1] {
        family.run(Digits { family, images, batch });
    }
}

#[test]
#[ignore = "minutes: `make bench` runs it"]
fn digits_through_cheetah() {
    through(Family::Cheetah, 1000);
}

#[test]
#[ignore = "minutes: `make bench` runs it"]
fn digits_through_cryptflow2_ot() {
    through(Family::Cryptflow2Ot, 100);
}

#[test]
#[ignore = "twenty minutes: `make bench` runs it"]
fn digits_through_cryptflow2_he() {
    through(Family::Cryptflow2He, 1000);
}

#[test]
#[ignore = "twenty minutes: `make bench` runs it"]
fn digits_through_delphi() {
    through(Family::Delphi, 1000);
}

#[test]
#[ignore = "minutes: `make bench` runs it"]
fn digits_through_aby() {
    through(Family::Aby, 100);
}

#[test]
#[ignore = "minutes: `make bench` runs it"]
fn digits_through_aby_32() {
    through(Family::Aby32, 100);
}
