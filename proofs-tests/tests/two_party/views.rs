//! What a party sees tells nothing of the other's input: its shares are uniform, and its view is as likely for two different inputs.

use crate::statistics::{Columns, Counts, assert_alike, assert_fair, assert_pairs_alike};
use crate::world::{World, plan};
use fusion_2pc::backend::cheetah::CarryChoice;
use fusion_2pc::backend::{Backend, Choice, Family, ForBackend, Options};
use fusion_2pc::bits::mask;
use fusion_2pc::he::cipher::ClientKey;
use fusion_2pc::he::parameters::Bound;
use fusion_2pc::linear::{self, Layout, Linear, Shape, Weights};
use fusion_2pc::ot::dealer::Dealer;
use fusion_2pc::party::{Pads, Party};
use fusion_2pc::random::{Seed, uniform};
use fusion_2pc::role::Role;
use fusion_2pc::session::Grouping;
use fusion_2pc::share::and::{Factors, and};
use fusion_2pc::share::compare;
use fusion_2pc::share::truncate::{Rescaling, Truncation};
use fusion_2pc::share::{extend, maximum, product, relu, truncate};
use fusion_2pc::wire::carrier::{Frame, Lost, Wire};
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::duplex::{End, Gone, duplex};
use fusion_2pc::wire::link::{Halt, Link};
use fusion_nn::model::Model;
use fusion_proofs_tests::networks::{PRECISION, fixed, many_classes, noise, residual, tiny};
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// A wire that keeps what arrives.
struct Tap {
    end: End<Frame>,
    seen: Seen,
}

impl Wire for Tap {
    fn put(&mut self, frame: Frame) -> Result<(), Gone> {
        self.end.put(frame);
        Ok(())
    }

    fn take(&mut self, _most: usize) -> Result<Frame, Lost> {
        let frame = self.end.take()?;
        self.seen.lock().expect("no panic").extend(&frame.payload);
        Ok(frame)
    }

    fn lanes(self: Box<Self>, _bounds: &[usize]) -> Vec<Box<dyn Wire>> {
        unreachable!("parts of sessions have one lane")
    }
}

/// What arrived, one message after another.
type Seen = Arc<Mutex<Vec<u8>>>;

/// Two links, and what arrives at each.
fn tapped() -> ([Link; 2], [Seen; 2]) {
    let (client, server) = duplex();
    let seen = [(); 2].map(|()| Arc::default());
    let tap = |role: Role, end| {
        let wire = Tap { end, seen: Arc::clone(&seen[role as usize]) };
        Link::new(role, Box::new(wire), LinkSpeed::LAN)
    };
    ([tap(Role::Client, client), tap(Role::Server, server)], seen)
}

/// What a party is left with: its shares, and all it received.
struct Left {
    shares: Vec<u64>,
    view: Vec<u8>,
}

/// Runs both parties on two threads.
fn both<'a>(sides: [impl FnOnce(Link) -> Vec<u64> + Send + 'a; 2]) -> [Left; 2] {
    let ([near, far], seen) = tapped();
    let [client, server] = sides;
    let (mine, theirs) = std::thread::scope(|scope| {
        let server = scope.spawn(|| server(far));
        (client(near), server.join().expect("no panic"))
    });
    let [first, second] = seen.map(|seen| std::mem::take(&mut *seen.lock().expect("no panic")));
    [Left { shares: mine, view: first }, Left { shares: theirs, view: second }]
}

type Body = fn(&mut Party, &[u64]) -> Result<Vec<u64>, Halt>;

/// One protocol on numbers of `ring` bits.
struct Functionality {
    name: &'static str,
    ring: u32,
    /// The bits of its output that are uniform whatever the input shares: `from .. to`; none where it returns no shares.
    fresh: [u32; 2],
    body: Body,
}

fn low_bits(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().map(|x| (x & 1).to_le_bytes()[0]).collect()
}

fn of_bits(bits: Vec<u8>) -> Vec<u64> {
    bits.into_iter().map(u64::from).collect()
}

fn labels(party: &mut Party, numbers: &[u64], classes: usize) -> Result<Vec<u64>, Halt> {
    let said = vec![(0..u32::try_from(classes).expect("few")).collect(); numbers.len() / classes];
    maximum::argmax(party, &numbers[..said.len() * classes], 14, classes, &said).map(|_| Vec::new())
}

const fn functionality(name: &'static str, ring: u32, fresh: [u32; 2], body: Body) -> Functionality {
    Functionality { name, ring, fresh, body }
}

/// From a ring of 16 bits to one of 10.
const TO_TEN: Rescaling = Rescaling { from: 16, shift: 6, out: 10, truncation: Truncation::Faithful };

const FUNCTIONALITIES: [Functionality; 14] = [
    functionality("relu", 16, [0, 10], |party, x| relu::relu(party, x, TO_TEN)),
    functionality("relu, one bit", 16, [0, 10], |party, x| {
        relu::relu(party, x, Rescaling { truncation: Truncation::OneBit, ..TO_TEN })
    }),
    functionality("truncate", 16, [0, 10], |party, x| truncate::truncate(party, x, TO_TEN)),
    functionality("extend positive", 12, [12, 20], |party, x| extend::positive(party, x, 12, 20)),
    functionality("extend with room", 12, [12, 20], |party, x| extend::with_room(party, x, 12, 20)),
    functionality("extend signed", 12, [12, 20], |party, x| extend::signed(party, x, 12, 20)),
    functionality("multiplex", 14, [0, 13], |party, x| {
        product::multiplex(party, &low_bits(x), &x.iter().map(|x| x >> 1).collect::<Vec<_>>(), 13)
    }),
    functionality("to ring", 1, [0, 9], |party, x| product::to_ring(party, &low_bits(x), 9)),
    functionality("and", 3, [0, 2], |party, x| {
        let y: Vec<u8> = x.iter().map(|x| (x >> 1).to_le_bytes()[0]).collect();
        let factors = Factors { x: &low_bits(x), y: &y, width: 2 };
        Ok(and(party, &[factors])?.into_iter().flat_map(of_bits).collect())
    }),
    functionality("carry", 14, [0, 1], |party, x| Ok(of_bits(compare::carries(party, x, 6, 8)?.all))),
    functionality("inner carry", 14, [0, 1], |party, x| Ok(of_bits(compare::carries(party, x, 6, 8)?.low))),
    functionality("largest", 14, [0, 14], |party, x| {
        maximum::largest(party, x.chunks(4).map(<[u64]>::to_vec).collect(), 14)
    }),
    functionality("argmax of few", 14, [0, 0], |party, x| labels(party, x, 4)),
    functionality("argmax of many", 14, [0, 0], |party, x| labels(party, x, 20)),
];

/// Runs of each sample.
const RUNS: u32 = 400;
/// Numbers of a run.
const NUMBERS: usize = 20;

/// One run on both parties' input shares.
fn rehearse(functionality: &Functionality, run: u32, inputs: &[Vec<u64>; 2]) -> [Left; 2] {
    let seed = Seed([9; 32]).child(functionality.name).child(&run.to_string());
    let side = |input| {
        move |link: Link| {
            let own = link.role() as usize;
            let [mine, theirs] = if own == 0 { ["client", "server"] } else { ["server", "client"] };
            let mut party = Party {
                rng: seed.child(mine).child("masks").stream(),
                transfers: Pads {
                    sender: Box::new(Dealer::new(seed.child(mine))),
                    receiver: Box::new(Dealer::new(seed.child(theirs))),
                },
                link,
            };
            (functionality.body)(&mut party, input).expect("both are honest")
        }
    };
    both([side(&inputs[0]), side(&inputs[1])])
}

/// How often each bit of a share was one, over all elements of all runs.
fn add_shares(ones: &mut [u32], [from, to]: [u32; 2], shares: &[u64]) -> u32 {
    for share in shares {
        for (bit, ones) in (from..to).zip(ones.iter_mut()) {
            *ones += u32::from(share >> bit & 1 == 1);
        }
    }
    u32::try_from(shares.len()).expect("few")
}

/// The party with the fixed input sees messages and gets shares; the other's input is all zeros, all ones, or of both.
fn check(functionality: &Functionality, role: Role) {
    let what = format!("{}, {role:?}", functionality.name);
    let own = uniform(&mut Seed([5; 32]).stream(), functionality.ring, NUMBERS);
    let mixed = uniform(&mut Seed([6; 32]).stream(), functionality.ring, NUMBERS);
    let inputs = [vec![0; NUMBERS], vec![mask(functionality.ring); NUMBERS], mixed];
    let samples: Vec<_> = (0..)
        .zip(inputs)
        .map(|(sample, theirs)| {
            let mut inputs = [theirs.clone(), theirs];
            inputs[role as usize].clone_from(&own);
            let (mut seen, mut columns) = (Counts::default(), Columns::default());
            let (mut ones, mut elements) = (vec![0; (functionality.fresh[1] - functionality.fresh[0]) as usize], 0);
            for run in 0..RUNS {
                // No run of one sample shares its coins with a run of another.
                let [client, server] = rehearse(functionality, sample * RUNS + run, &inputs);
                let Left { shares, view } = if role == Role::Client { client } else { server };
                let outputs = shares.iter().flat_map(|share| share.to_le_bytes());
                let all: Vec<u8> = view.into_iter().chain(outputs).collect();
                seen.add(&all);
                columns.add(&all);
                elements += add_shares(&mut ones, functionality.fresh, &shares);
            }
            assert_fair(&what, &ones, elements);
            (seen, columns)
        })
        .collect();
    let [(zeros, zero_columns), (ones, _), (mixed, mixed_columns)] = &samples[..] else { unreachable!("three") };
    assert_alike(&what, zeros, ones);
    assert_alike(&what, zeros, mixed);
    // Of inputs that are all alike, no pair tells.
    assert_pairs_alike(&what, zero_columns, mixed_columns);
}

#[test]
fn a_client_sees_nothing_of_the_servers_input() {
    for functionality in &FUNCTIONALITIES {
        check(functionality, Role::Client);
    }
}

#[test]
fn a_server_sees_nothing_of_the_clients_input() {
    for functionality in &FUNCTIONALITIES {
        check(functionality, Role::Server);
    }
}

const ENCRYPTED_RUNS: u32 = 120;
const RING: u32 = 24;

/// The linear layer on a share of the client's and weights of the server's: what each is left with, run by run.
fn encrypted(turn: u32, x0: [u64; 4], weights: [i64; 12], role: Role) -> Counts {
    let bound = Bound { sum_bits: 12, root_bits: 12 };
    let layout = Layout::new(Shape::Gemm { inputs: 4, outputs: 3 }, RING, bound, 1).expect("fits");
    let layouts = std::slice::from_ref(&layout);
    let weights = Weights::new(&layout, &weights).expect("light");
    let key = ClientKey::new(&Seed([1; 32]));
    let (mut near, mut far) = Link::pair(LinkSpeed::LAN);
    linear::client_setup(&mut near, &key, layouts).expect("it only sends");
    let keys = linear::server_setup(&mut far, layouts).expect("as it was sent");
    let mut seen = Counts::default();
    let (mut ones, mut elements) = (vec![0; RING as usize], 0);
    for run in 0..ENCRYPTED_RUNS {
        let coins = |role| Seed([8; 32]).child(&format!("{turn} {run} {role:?}")).stream();
        let sides: [Box<dyn FnOnce(Link) -> Vec<u64> + Send>; 2] = [
            Box::new(|mut link| {
                linear::client(&mut link, &key, &layout, &x0, &mut coins(Role::Client)).expect("honest")
            }),
            Box::new(|mut link| {
                linear::server(&mut link, &keys, &layout, (&weights, None), &mut coins(Role::Server)).expect("honest")
            }),
        ];
        let [client, server] = both(sides);
        let Left { shares, view } = if role == Role::Client { client } else { server };
        elements += add_shares(&mut ones, [0, RING], &shares);
        seen.add(&view);
    }
    assert_fair(&format!("linear, {role:?}"), &ones, elements);
    seen
}

#[test]
fn a_linear_layer_shows_neither_input_nor_weights() {
    let (light, heavy) = ([0; 12], [1000; 12]);
    let (zeros, ones) = ([0; 4], [mask(RING); 4]);
    let [one, other] = [(0, zeros), (1, ones)].map(|(turn, x0)| encrypted(turn, x0, heavy, Role::Server));
    assert_alike("the server's view of a linear layer", &one, &other);
    let [one, other] = [(2, light), (3, heavy)].map(|(turn, weights)| encrypted(turn, ones, weights, Role::Client));
    assert_alike("the client's view of a linear layer", &one, &other);
}

const SESSIONS: u8 = 80;

/// Whole sessions, transfers and encryption and all; no two have one name.
#[test]
fn a_session_shows_neither_images_nor_models() {
    for models in [[tiny(0), tiny(1)], [residual(0), residual(2)], [many_classes(0), many_classes(1)]] {
        let models = models.map(|model| fixed(&model, PRECISION)).to_vec();
        let plan = plan(&models, 1, Grouping::Chunk, Truncation::Faithful);
        let world = World::of(models, plan, 1);
        let view = |names: std::ops::Range<u8>, image: Vec<u8>, model: usize, role: Role| {
            let mut seen = Counts::default();
            for name in names {
                let (links, views) = tapped();
                let session = world.over(links, name, std::slice::from_ref(&image), &[world.service(model)]);
                assert!(session.client.is_ok());
                seen.add(&views[role as usize].lock().expect("no panic"));
            }
            seen
        };
        let image = || noise(1, 1).remove(0);
        let [a, b] = [0..SESSIONS, SESSIONS..2 * SESSIONS];
        let black = view(a.clone(), vec![0; image().len()], 0, Role::Server);
        assert_alike("a server's view of two images", &black, &view(b.clone(), image(), 0, Role::Server));
        let first = view(a, image(), 0, Role::Client);
        assert_alike("a client's view of two models", &first, &view(b, image(), 1, Role::Client));
    }
}

/// What a client sees of a network whose weights are encrypted and of a session by it, chains of carries and all; no two have one set-up.
struct Encrypted {
    model: Model,
    setups: Range<u8>,
}

impl ForBackend for Encrypted {
    type Output = Counts;

    fn run<B: Backend>(self, backend: B) -> Counts {
        let image = noise(1, 1);
        let mut world = World::by(backend, &[self.model], 1, 1);
        let mut seen = Counts::default();
        for seed in self.setups {
            let (links, views) = tapped();
            let (ends, _) = world.renew(seed, links);
            assert!(ends.iter().all(Result::is_ok), "{ends:?}");
            let (links, more) = tapped();
            assert!(world.over(links, seed, &image, &world.honest()).client.is_ok());
            let [network, session] =
                [views, more].map(|[client, _]| std::mem::take(&mut *client.lock().expect("no panic")));
            seen.add(&[network, session].concat());
        }
        seen
    }
}

/// False alarm: at most 1e-9.
#[test]
fn encrypted_weights_show_nothing_of_a_model() {
    let options = Options { linear: Some(Linear::Weights), carries: Some(CarryChoice::Chain), ..Options::default() };
    let choice = Choice::new(Family::Cheetah, options).expect("it has the choice");
    let [one, other] =
        [(tiny(0), 0..90), (tiny(1), 90..180)].map(|(model, setups)| choice.run(Encrypted { model, setups }));
    assert_alike("a client's view of two models", &one, &other);
}
