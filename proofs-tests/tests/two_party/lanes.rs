//! The lanes of a session on any number of threads: the same messages, answers and records, in memory and over TCP; and lanes in which one party stops.

use crate::transports::wires;
use crate::watch::Watch;
use crate::world::World;
use fusion_2pc::address::Address;
use fusion_2pc::backend::Backend;
use fusion_2pc::backend::cheetah::Cheetah;
use fusion_2pc::backend::delphi::Delphi;
use fusion_2pc::role::Role;
use fusion_2pc::session::{Answered, Grouping, Plan, Workers};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::carrier::{Frame, Lost, Wire};
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::duplex::{Gone, duplex};
use fusion_2pc::wire::hook::{Conduct, Deviation};
use fusion_2pc::wire::link::{Halt, Link};
use fusion_2pc::wire::meter::{Message, Meter};
use fusion_proofs_tests::networks::{PRECISION, fixed, noise, tiny};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

const SLOTS: usize = 5;
const LANES: usize = 3;

/// What one party sent, lane by lane.
type Sent = Arc<Mutex<BTreeMap<usize, Vec<Frame>>>>;

/// A wire that keeps what is put on it.
struct Tap {
    wire: Box<dyn Wire>,
    lane: usize,
    sent: Sent,
}

impl Wire for Tap {
    fn put(&mut self, frame: Frame) -> Result<(), Gone> {
        self.sent.lock().expect("no panic").entry(self.lane).or_default().push(frame.clone());
        self.wire.put(frame)
    }

    fn take(&mut self, most: usize) -> Result<Frame, Lost> {
        self.wire.take(most)
    }

    fn lanes(self: Box<Self>, bounds: &[usize]) -> Vec<Box<dyn Wire>> {
        let Self { wire, sent, .. } = *self;
        let tap = |(lane, wire)| -> Box<dyn Wire> { Box::new(Self { wire, lane, sent: Arc::clone(&sent) }) };
        wire.lanes(bounds).into_iter().enumerate().map(tap).collect()
    }
}

/// Five slots in chunks of one, the lanes of one, two and two chunks.
fn world<B: Backend>(backend: B) -> (World<B>, Vec<Vec<u8>>) {
    let models = vec![fixed(&tiny(1), PRECISION)];
    let circuit = backend.circuit(&[&models[0]], Truncation::Faithful).expect("it holds the network");
    let plan =
        Plan::in_chunks(backend, circuit, SLOTS, Grouping::Chunk, 1).expect("parameters hold it").with_lanes(LANES);
    assert_eq!((0..LANES).map(|lane| plan.lane(lane).count()).collect::<Vec<_>>(), [1, 2, 2]);
    let pixels = plan.circuit.pixels;
    let images = noise(SLOTS, 3).into_iter().map(|image| image.into_iter().cycle().take(pixels).collect()).collect();
    (World::of(models, plan, 7), images)
}

/// How a session ended, what both parties handed over, sent and metered.
#[derive(Debug, PartialEq)]
struct Ran {
    ended: [Result<(), Halt>; 2],
    answered: [BTreeMap<usize, Answered>; 2],
    sent: [BTreeMap<usize, Vec<Frame>>; 2],
    meters: [Meter; 2],
}

fn ran<B: Backend>(
    world: &World<B>,
    images: &[Vec<u8>],
    wires: [Box<dyn Wire>; 2],
    threads: [usize; 2],
    deviation: Option<Box<dyn Deviation>>,
) -> Ran {
    let _watch = Watch::new();
    let sent: [Sent; 2] = Default::default();
    let answered: [Mutex<BTreeMap<usize, Answered>>; 2] = Default::default();
    let [near, mut far]: [Link; 2] = [Role::Client, Role::Server]
        .into_iter()
        .zip(wires)
        .map(|(role, wire)| {
            let tap = Tap { wire, lane: 0, sent: Arc::clone(&sent[role as usize]) };
            Link::new(role, Box::new(tap), LinkSpeed::LAN)
        })
        .collect::<Vec<_>>()
        .try_into()
        .expect("two parties");
    if let Some(deviation) = deviation {
        far.deviate(deviation);
    }
    let around = |work: &mut dyn FnMut()| work();
    let deliver = |role: Role| {
        let answered = &answered[role as usize];
        move |slots: Range<usize>, chunk| {
            assert!(answered.lock().expect("no panic").insert(slots.start, chunk).is_none(), "once for each chunk");
        }
    };
    let [to_client, to_server] = [Role::Client, Role::Server].map(deliver);
    let ((client, near), (server, far)) = std::thread::scope(|scope| {
        let server =
            scope.spawn(|| world.serve_beside(far, Workers { threads: threads[1], around: &around }, &to_server));
        let client = world.ask_beside(near, images, Workers { threads: threads[0], around: &around }, &to_client);
        (client, server.join().expect("no party panics"))
    });
    Ran {
        ended: [client, server],
        answered: answered.map(|answered| answered.into_inner().expect("no panic")),
        sent: sent.map(|sent| std::mem::take(&mut *sent.lock().expect("no panic"))),
        meters: [near, far].map(Link::into_meter),
    }
}

fn in_memory() -> [Box<dyn Wire>; 2] {
    let (client, server) = duplex::<Frame>();
    [Box::new(client), Box::new(server)]
}

fn over_tcp() -> [Box<dyn Wire>; 2] {
    wires().map(|wire| -> Box<dyn Wire> { Box::new(wire) })
}

fn check<B: Backend>(backend: B) {
    let (world, images) = world(backend);
    let first = ran(&world, &images, in_memory(), [1, 1], None);
    assert_eq!(first.ended, [Ok(()), Ok(())]);
    assert_eq!(first.sent[0].len(), LANES, "each lane sends");
    let labels: Vec<u32> = first.answered[0].values().flat_map(|chunk| chunk.labels.clone()).collect();
    assert_eq!(labels, world.expected(&images).1);
    // The function that returns all answers at once has the same ones.
    let session = world.session(1, &images, &world.honest());
    world.assert_exact(&session, &images);
    assert_eq!(session.meters, first.meters);
    let shares: Vec<u64> = first.answered[1].values().flat_map(|chunk| chunk.logits.clone()).collect();
    assert_eq!(session.server.map(|server| server.logits), Ok(shares));
    for threads in [[2, 2], [3, 3], [8, 8], [1, 8], [3, 1]] {
        assert!(ran(&world, &images, in_memory(), threads, None) == first, "{threads:?} threads in memory");
    }
    for threads in [[1, 3], [8, 2]] {
        assert!(ran(&world, &images, over_tcp(), threads, None) == first, "{threads:?} threads over TCP");
    }
}

#[test]
fn any_number_of_threads_sends_and_answers_the_same() {
    check(Cheetah::default());
    check(Delphi::default());
}

/// Does this with the message of the server that is the first in a step.
struct At(Address, Conduct);

impl Deviation for At {
    fn message(&mut self, message: &Message, payload: &[u8]) -> Conduct {
        if !message.address.is_within(&self.0) {
            return Conduct::Send;
        }
        match &self.1 {
            Conduct::Replace(_) => Conduct::Replace(payload[1..].to_vec()),
            other => other.clone(),
        }
    }
}

/// In the second of three lanes: the first one is answered, and of the third nothing is recorded, on any number of threads.
#[test]
fn a_lane_that_halts_ends_the_session_where_it_halts() {
    let (world, images) = world(Cheetah::default());
    let chunk: Address = "slot[2..3]".parse().expect("an address");
    for conduct in [Conduct::Replace(Vec::new()), Conduct::Close, Conduct::Drop, Conduct::Stall] {
        // Over TCP both parties would wait a minute for what was dropped.
        let transports = if conduct == Conduct::Drop { 1 } else { 2 };
        for wires in [in_memory as fn() -> [Box<dyn Wire>; 2], over_tcp].into_iter().take(transports) {
            let at = |threads| {
                ran(&world, &images, wires(), [threads, 3], Some(Box::new(At(chunk.clone(), conduct.clone()))))
            };
            let first = at(1);
            let [client, server] = &first.ended;
            let (step, right) = match client {
                Err(Halt::Malformed { step, .. }) => (step, matches!(conduct, Conduct::Replace(_))),
                Err(Halt::PeerGone { step }) => (step, !matches!(conduct, Conduct::Replace(_))),
                Ok(()) | Err(Halt::Cheating { .. }) => panic!("{conduct:?} is noticed as what it is: {client:?}"),
            };
            assert!(right && step.is_within(&chunk), "{conduct:?}: {step}");
            assert!(server.is_err(), "{conduct:?}: the server's lane has no peer");
            let slots: Vec<usize> = first.answered[0].keys().copied().collect();
            assert_eq!(slots, [0, 1]);
            let last = first.meters[0].log.last().expect("messages");
            assert!(last.address.is_within(&chunk), "{}", last.address);
            for threads in [2, 3] {
                let again = at(threads);
                assert_eq!(
                    (&again.ended, &again.meters),
                    (&first.ended, &first.meters),
                    "{conduct:?}, {threads} threads"
                );
            }
        }
    }
}

/// What becomes of a message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Its last byte is lost.
    Short,
    /// The line breaks before it.
    Broken,
}

/// A wire with a fault at one message of the second lane.
struct Faulty {
    wire: Box<dyn Wire>,
    sent: usize,
    fault: Option<(usize, Fault)>,
}

impl Wire for Faulty {
    fn put(&mut self, mut frame: Frame) -> Result<(), Gone> {
        let place = self.sent;
        self.sent += 1;
        match self.fault {
            Some((at, Fault::Broken)) if place >= at => return Err(Gone),
            Some((at, Fault::Short)) if place == at => _ = frame.payload.pop(),
            _ => {}
        }
        self.wire.put(frame)
    }

    fn take(&mut self, most: usize) -> Result<Frame, Lost> {
        self.wire.take(most)
    }

    fn lanes(self: Box<Self>, bounds: &[usize]) -> Vec<Box<dyn Wire>> {
        let Self { wire, fault, .. } = *self;
        let faulty =
            |(lane, wire)| -> Box<dyn Wire> { Box::new(Self { wire, sent: 0, fault: fault.filter(|_| lane == 1) }) };
        wire.lanes(bounds).into_iter().enumerate().map(faulty).collect()
    }
}

/// No party deviates, so that both work on several lanes at once: the session ends where the line fails, at the same step on any number of threads.
#[test]
fn a_fault_on_the_line_of_one_lane_is_located() {
    let (world, images) = world(Cheetah::default());
    let lane: Vec<Address> = ["slot[1..2]", "slot[2..3]"].map(|slots| slots.parse().expect("an address")).into();
    let messages = {
        let honest = ran(&world, &images, in_memory(), [1, 1], None);
        honest.sent[Role::Server as usize][&1].len()
    };
    for fault in [Fault::Short, Fault::Broken] {
        for place in [0, messages / 2, messages - 1] {
            let at = |transport: fn() -> [Box<dyn Wire>; 2], threads| {
                let [near, far] = transport();
                let far = Box::new(Faulty { wire: far, sent: 0, fault: Some((place, fault)) });
                ran(&world, &images, [near, far], threads, None)
            };
            let first = at(in_memory, [1, 1]);
            let step = match &first.ended[0] {
                Err(Halt::Malformed { step, .. }) if fault == Fault::Short => step,
                Err(Halt::PeerGone { step }) if fault == Fault::Broken => step,
                other => panic!("{fault:?} at {place}: {other:?}"),
            };
            assert!(lane.iter().any(|slots| step.is_within(slots)), "{fault:?} at {place}: {step}");
            for (transport, threads) in [(in_memory as fn() -> _, [3, 3]), (over_tcp, [3, 3]), (over_tcp, [2, 1])] {
                let again = at(transport, threads);
                assert_eq!(again.ended[0], first.ended[0], "{fault:?} at {place}, {threads:?} threads");
                assert_eq!(again.answered[0][&0], first.answered[0][&0], "the lane before it is answered");
            }
        }
    }
}
