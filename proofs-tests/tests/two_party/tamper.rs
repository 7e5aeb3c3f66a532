//! Every message of either party, bent in every way: the other one answers, or says what is wrong, and never panics or waits for ever.

use crate::transports::tcp;
use crate::watch::Watch;
use crate::world::{Session, World};
use fusion_2pc::backend::Backend;
use fusion_2pc::backend::cheetah::{CarryChoice, Cheetah};
use fusion_2pc::linear::Linear;
use fusion_2pc::random::{Seed, Simulated};
use fusion_2pc::role::Role;
use fusion_2pc::session::{self, ClientSetup, ServerSetup};
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::hook::{Conduct, Deviation};
use fusion_2pc::wire::link::{Halt, Link, PATIENCE_NS};
use fusion_2pc::wire::meter::Message;
use fusion_proofs_tests::networks::{noise, residual, tiny};
use proptest::prelude::*;
use rand_core::Rng;
use std::fmt::Write;
use std::sync::OnceLock;

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bend {
    FlipFirst,
    FlipLast,
    Zeros,
    Random,
    Short,
    Long,
    Empty,
    Repeat,
    Drop,
    Late,
    Close,
    Stall,
}

use Bend::{Close, Drop, Empty, FlipFirst, FlipLast, Late, Long, Random, Repeat, Short, Stall, Zeros};

const BENDS: [Bend; 12] = [FlipFirst, FlipLast, Zeros, Random, Short, Long, Empty, Repeat, Drop, Late, Close, Stall];

impl Bend {
    fn conduct(self, index: usize, payload: &[u8]) -> Conduct {
        let mut bytes = payload.to_vec();
        match self {
            FlipFirst => bytes.first_mut().into_iter().for_each(|byte| *byte ^= 1),
            FlipLast => bytes.last_mut().into_iter().for_each(|byte| *byte ^= 0x80),
            Zeros => bytes.fill(0),
            Random => Seed([77; 32]).child(&format!("message {index}")).stream().fill_bytes(&mut bytes),
            Short => drop(bytes.pop()),
            Long => bytes.push(0),
            Empty => bytes.clear(),
            Repeat => return Conduct::Repeat,
            Drop => return Conduct::Drop,
            Late => return Conduct::Delay(PATIENCE_NS + 1),
            Close => return Conduct::Close,
            Stall => return Conduct::Stall,
        }
        Conduct::Replace(bytes)
    }
}

/// Bends one message: the one at this place among those its party sends.
pub struct At {
    pub index: usize,
    pub bend: Bend,
    pub sent: usize,
}

impl At {
    pub fn new(index: usize, bend: Bend) -> Self {
        Self { index, bend, sent: 0 }
    }
}

impl Deviation for At {
    fn message(&mut self, _message: &Message, payload: &[u8]) -> Conduct {
        self.sent += 1;
        if self.sent == self.index + 1 { self.bend.conduct(self.index, payload) } else { Conduct::Send }
    }
}

/// How many messages a party sends in an honest session.
pub fn messages<B: Backend>(world: &World<B>, role: Role, images: &[Vec<u8>]) -> usize {
    let honest = world.session(1, images, &world.honest());
    honest.meters[0].sent(role, None).messages
}

/// What the honest party is left with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    right: usize,
    wrong: usize,
    malformed: usize,
    gone: usize,
}

impl Tally {
    /// A server that ends well counts as right: it learns nothing by which to tell.
    fn count(&mut self, world: &World, deviant: Role, session: &Session, images: &[Vec<u8>]) {
        let honest = if deviant == Role::Server { &session.client } else { &session.server };
        let place = match honest {
            Ok(answered) if deviant == Role::Client || answered.labels == world.expected(images).1 => &mut self.right,
            Ok(_) => &mut self.wrong,
            Err(Halt::Malformed { .. }) => &mut self.malformed,
            Err(Halt::PeerGone { .. }) => &mut self.gone,
            Err(Halt::Cheating { .. }) => unreachable!("nothing is checked here"),
        };
        *place += 1;
    }

    /// The same of an honest party's halt before a session.
    fn halted(&mut self, halt: Option<&Halt>) {
        match halt {
            Some(Halt::Malformed { .. }) => self.malformed += 1,
            _ => self.gone += 1,
        }
    }
}

fn line(table: &mut String, bend: Bend, tally: Tally) {
    let Tally { right, wrong, malformed, gone } = tally;
    writeln!(table, "{:<10} {right:>5} {wrong:>5} {malformed:>9} {gone:>5}", format!("{bend:?}")).expect("a string");
}

/// By bend, how the sessions ended in which one message of this party was bent.
fn matrix(world: &World, deviant: Role, images: &[Vec<u8>]) -> String {
    let count = messages(world, deviant, images);
    let mut table = format!("{count} messages  right wrong malformed  gone\n");
    for bend in BENDS {
        let mut tally = Tally::default();
        for index in 0..count {
            let session = world.deviant(deviant, At::new(index, bend), images);
            tally.count(world, deviant, &session, images);
        }
        line(&mut table, bend, tally);
    }
    table
}

#[test]
fn servers_messages_bent_one_by_one_in_every_way() {
    let _watch = Watch::new();
    for (name, model) in [("tiny", tiny(0)), ("residual", residual(0))] {
        let images = noise(1, 1);
        insta::assert_snapshot!(format!("server_{name}"), matrix(&World::new(&[model], 1, 1), Role::Server, &images));
    }
}

#[test]
fn clients_messages_bent_one_by_one_in_every_way() {
    let _watch = Watch::new();
    for (name, model) in [("tiny", tiny(0)), ("residual", residual(0))] {
        let images = noise(1, 1);
        insta::assert_snapshot!(format!("client_{name}"), matrix(&World::new(&[model], 1, 1), Role::Client, &images));
    }
}

/// By encrypted weights: products, and comparisons for which no choices are sent.
#[test]
fn messages_by_encrypted_weights_bent_one_by_one_in_every_way() {
    let _watch = Watch::new();
    let backend = Cheetah { linear: Linear::Weights, ..Cheetah::default() };
    let (world, images) = (World::by(backend, &[tiny(0)], 1, 1), noise(1, 1));
    for (name, role) in [("client_weights", Role::Client), ("server_weights", Role::Server)] {
        insta::assert_snapshot!(name, matrix(&world, role, &images));
    }
}

/// By chains of carries: a message for each digit, in turn, where half of the choices are drawn.
#[test]
fn messages_of_chains_bent_one_by_one_in_every_way() {
    let _watch = Watch::new();
    let backend = Cheetah { linear: Linear::Weights, carries: CarryChoice::Chain, ..Cheetah::default() };
    let (world, images) = (World::by(backend, &[tiny(0)], 1, 1), noise(1, 1));
    for (name, role) in [("client_chain", Role::Client), ("server_chain", Role::Server)] {
        insta::assert_snapshot!(name, matrix(&world, role, &images));
    }
}

/// How a set-up ended for the client and the server, and how many messages the party that deviates sent.
type Tried<B> = (Result<ClientSetup<B>, Halt>, Result<ServerSetup<B>, Halt>, usize);

/// A set-up in which one party deviates.
pub fn set_up<B: Backend>(world: &World<B>, deviant: Role, deviation: Option<At>) -> Tried<B> {
    let (mut near, mut far) = Link::pair(LinkSpeed::LAN);
    let link = if deviant == Role::Client { &mut near } else { &mut far };
    if let Some(deviation) = deviation {
        link.deviate(Box::new(deviation));
    }
    let plans = [&world.plan];
    std::thread::scope(|scope| {
        let server = scope.spawn(move || ServerSetup::new(&mut { far }, Simulated(Seed([2; 32])), &plans));
        let client = ClientSetup::new(&mut near, Simulated(Seed([1; 32])), &plans);
        let sent = near.meter().sent(deviant, None).messages;
        drop(near);
        (client, server.join().expect("no party panics"), sent)
    })
}

/// The same in the set-up; where both parties get through it, a session with what they have.
#[test]
fn set_up_messages_bent_one_by_one_in_every_way() {
    let _watch = Watch::new();
    let images = noise(1, 1);
    let mut world = World::new(&[tiny(0)], 1, 1);
    let mut tables = String::new();
    for deviant in [Role::Client, Role::Server] {
        let count = set_up(&world, deviant, None).2;
        writeln!(tables, "{deviant:?}\n{count} messages  right wrong malformed  gone").expect("a string");
        for bend in BENDS {
            let mut tally = Tally::default();
            for index in 0..count {
                match set_up(&world, deviant, Some(At::new(index, bend))) {
                    (Ok(client), Ok(server), _) => {
                        world.setup = (client, server);
                        let session = world.session(1, &images, &world.honest());
                        tally.count(&world, deviant, &session, &images);
                    }
                    (client, server, _) => {
                        tally.halted(if deviant == Role::Server {
                            client.as_ref().err()
                        } else {
                            server.as_ref().err()
                        });
                    }
                }
            }
            line(&mut tables, bend, tally);
        }
    }
    insta::assert_snapshot!("set_up", tables);
}

/// The messages that send an encrypted network; where both parties get through them, a session with what they have.
#[test]
fn messages_of_an_encrypted_network_bent_one_by_one_in_every_way() {
    let _watch = Watch::new();
    let images = noise(1, 1);
    let backend = Cheetah { linear: Linear::Weights, ..Cheetah::default() };
    let mut world = World::by(backend, &[tiny(0)], 1, 1);
    let mut tables = String::new();
    for deviant in [Role::Client, Role::Server] {
        let count = world.renew(9, Link::pair(LinkSpeed::LAN).into()).1[deviant as usize];
        writeln!(tables, "{deviant:?}\n{count} messages  right wrong malformed  gone").expect("a string");
        for bend in BENDS {
            let mut tally = Tally::default();
            for index in 0..count {
                let mut links: [Link; 2] = Link::pair(LinkSpeed::LAN).into();
                links[deviant as usize].deviate(Box::new(At::new(index, bend)));
                match world.renew(9, links).0 {
                    [Ok(()), Ok(())] => {
                        let session = world.session(1, &images, &world.honest());
                        tally.count(&world, deviant, &session, &images);
                    }
                    [client, server] => tally.halted(if deviant == Role::Server {
                        client.as_ref().err()
                    } else {
                        server.as_ref().err()
                    }),
                }
            }
            line(&mut tables, bend, tally);
        }
    }
    insta::assert_snapshot!("network", tables);
}

/// Over TCP, where a header gives the length. A message that never comes would take a minute there.
#[test]
fn tcp_messages_bent_one_by_one_in_most_ways() {
    let _watch = Watch::new();
    let images = noise(1, 1);
    let world = World::new(&[tiny(0)], 1, 1);
    for deviant in [Role::Client, Role::Server] {
        for bend in [Random, Short, Long, Empty, Late, Close, Stall] {
            let mut tallies = [Tally::default(); 2];
            for index in 0..messages(&world, deviant, &images) {
                let mut links = tcp();
                links[deviant as usize].deviate(Box::new(At::new(index, bend)));
                let session = world.over(links, 1, &images, &world.honest());
                tallies[0].count(&world, deviant, &session, &images);
                let session = world.deviant(deviant, At::new(index, bend), &images);
                tallies[1].count(&world, deviant, &session, &images);
            }
            assert_eq!(tallies[0], tallies[1], "{deviant:?}, {bend:?}: as in memory");
        }
    }
}

/// Random edits of any messages of a party: bytes replaced, and the message cut or lengthened.
#[derive(Clone, Debug)]
struct Edits(Vec<Edit>);

#[derive(Clone, Debug)]
struct Edit {
    message: usize,
    bytes: Vec<(prop::sample::Index, u8)>,
    /// Added to the length where it is not 0.
    longer: i16,
}

struct Editor {
    edits: Edits,
    sent: usize,
}

impl Deviation for Editor {
    fn message(&mut self, _message: &Message, payload: &[u8]) -> Conduct {
        let index = self.sent;
        self.sent += 1;
        let mut bytes = payload.to_vec();
        for edit in self.edits.0.iter().filter(|edit| edit.message == index) {
            for (at, byte) in &edit.bytes {
                let last = bytes.len().max(1);
                bytes.get_mut(at.index(last)).into_iter().for_each(|old| *old = *byte);
            }
            bytes.resize(bytes.len().saturating_add_signed(edit.longer.into()), 0xa5);
        }
        Conduct::Replace(bytes)
    }
}

fn edits() -> impl Strategy<Value = Edits> {
    let bytes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40);
    let longer = prop_oneof![6 => Just(0), 1 => -300..300_i16];
    let edit = (0..60_usize, bytes, longer).prop_map(|(message, bytes, longer)| Edit { message, bytes, longer });
    prop::collection::vec(edit, 1..6).prop_map(Edits)
}

/// Set up once for all cases.
fn small() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World::new(&[residual(0)], 1, 1))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_edits_end_in_an_answer_or_a_halt(edits in edits(), by_server: bool) {
        let _watch = Watch::new();
        let deviant = if by_server { Role::Server } else { Role::Client };
        let session = small().deviant(deviant, Editor { edits, sent: 0 }, &noise(1, 1));
        if let Ok(answered) = &session.client {
            prop_assert_eq!(answered.labels.len(), 1);
            prop_assert!(answered.labels[0] < 3);
        }
    }
}

/// A server that ends the session between two steps, as `session::run` sees it.
#[test]
fn a_server_that_does_nothing_is_noticed() {
    let _watch = Watch::new();
    let world = World::new(&[tiny(0)], 1, 1);
    let (answered, ()) =
        session::run(LinkSpeed::LAN, |link| world.ask(link, 1, &noise(1, 1)).0, |link: Link| drop(link));
    assert!(matches!(answered, Err(Halt::PeerGone { .. })), "{answered:?}");
}
