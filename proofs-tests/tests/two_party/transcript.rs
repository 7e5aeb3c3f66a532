//! What a client of each family sends, as a random variable: over its coins every bit is a fair one, and so is the sum of adjacent ones, and
//! no two bits of a message, of what the server makes of it, or of the shares that the server is left with, tell which of two images it asks about; also to a server that deviates. The server's own coins are the same in
//! all sessions, so that no mask of the server's stands in for one of the client's.
//!
//! Numbers modulo a prime are nearly fair in their highest bit and fair in the others, up to `2^-20`. Of ciphertexts, columns and other long messages a thousand
//! bytes are looked at. They are uniform by an assumption, and not by a mask: that encryption is secure, and the cipher whose streams fill columns.
//! Bits that fill up the last byte are always 0.

use crate::statistics::{Columns, log_odds};
use crate::watch::Watch;
use crate::world::plan_by;
use fusion_2pc::address::Address;
use fusion_2pc::backend::cheetah::CarryChoice;
use fusion_2pc::backend::cryptflow2::TripleForm;
use fusion_2pc::backend::{Backend, Choice, Chunk, Family, ForBackend, Options, Protocols};
use fusion_2pc::circuit::ARGMAX;
use fusion_2pc::evaluate::evaluate;
use fusion_2pc::linear::Linear;
use fusion_2pc::modulus::Modulus;
use fusion_2pc::party::Party;
use fusion_2pc::random::Seed;
use fusion_2pc::role::Role;
use fusion_2pc::session::{Grouping, Plan};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::hook::{Conduct, Deviation};
use fusion_2pc::wire::link::{Halt, Link};
use fusion_2pc::wire::meter::Message;
use fusion_nn::fixed::FixedModel;
use fusion_proofs_tests::networks::{PRECISION, fixed, noise, pixels};
use std::sync::{Arc, Mutex};

/// Sessions of each sample.
const SESSIONS: u32 = 128;

/// The most bytes of a message that are looked at, evenly spaced.
const MOST_BYTES: usize = 1024;

/// The most bits of a message all of whose pairs are looked at.
const PAIRED: usize = 1536;

/// How far from a half a bit of a number modulo a prime may be.
const BIAS: f64 = 1.0 / 30.0;

/// Samples of a family: of two servers, each asked about two images.
const SAMPLES: usize = 4;

/// The client's messages in some sessions, and the shares of the server after each step, each with the strings that were seen.
#[derive(Default)]
struct Sample {
    sent: Vec<(Address, Columns)>,
    /// What the server reads in messages, its own part taken off.
    read: Vec<(Address, Columns)>,
    shares: Vec<(Address, Columns)>,
}

impl Sample {
    fn all(&self) -> impl Iterator<Item = &(Address, Columns)> {
        self.masked().chain(&self.shares)
    }

    /// What masks of the client's make uniform.
    fn masked(&self) -> impl Iterator<Item = &(Address, Columns)> {
        self.sent.iter().chain(&self.read)
    }
}

type Strings = Arc<Mutex<Vec<(Address, Vec<u8>)>>>;

/// Keeps what a client sends.
struct Client(Strings);

impl Deviation for Client {
    fn message(&mut self, message: &Message, payload: &[u8]) -> Conduct {
        self.0.lock().expect("no panic").push((message.address.clone(), looked_at(payload)));
        Conduct::Send
    }
}

/// Keeps the shares that a server has after each step. If it deviates, it sends zeros in place of its first message, and moves all its
/// shares.
struct Server {
    read: Strings,
    shares: Strings,
    deviates: bool,
    sent: usize,
}

impl Deviation for Server {
    fn share(&mut self, step: &Address, shares: &mut [u64], modulus: Modulus) {
        let bytes = shares.iter().flat_map(|share| share.to_le_bytes()).collect();
        self.shares.lock().expect("no panic").push((step.clone(), bytes));
        if self.deviates {
            for share in shares {
                *share = modulus.add(*share, modulus.element(77));
            }
        }
    }

    fn read(&mut self, step: &Address, read: &[u8]) {
        self.read.lock().expect("no panic").push((step.clone(), looked_at(read)));
    }

    fn message(&mut self, _message: &Message, payload: &[u8]) -> Conduct {
        self.sent += 1;
        if self.deviates && self.sent == 1 { Conduct::Replace(vec![0; payload.len()]) } else { Conduct::Send }
    }
}

/// Two parties that are set up for sessions of one slot.
struct Keyed<B: Backend> {
    model: FixedModel,
    plan: Plan<B>,
    network: B::Network,
    client: B::ClientKeys,
    server: B::ServerKeys,
}

impl<B: Backend> Keyed<B> {
    fn new(backend: B) -> Self {
        let model = fixed(&pixels(), PRECISION);
        let plan = plan_by(backend, std::slice::from_ref(&model), 1, Grouping::Chunk, Truncation::Faithful);
        let (backend, packing) = (&plan.backend, packing(&plan));
        let network = backend.network(&model, &plan.circuit, packing).expect("of this circuit");
        let (mut near, mut far) = Link::pair(LinkSpeed::LAN);
        let (client, server) = std::thread::scope(|scope| {
            let server = scope.spawn(|| backend.server_keys(&mut far, &Seed([2; 32]), &[packing]));
            let client = backend.client_keys(&mut near, &Seed([1; 32]), &[packing]);
            (client.expect("honest"), server.join().expect("no panic").expect("honest"))
        });
        let (mut client, mut server) = (client, server);
        std::thread::scope(|scope| {
            let sent = scope.spawn(|| backend.server_network(&mut far, &mut server, &[(packing, &network)]));
            backend.client_network(&mut near, &mut client, &[packing]).expect("honest");
            sent.join().expect("no panic").expect("honest");
        });
        Self { model, plan, network, client, server }
    }

    fn chunk(&self) -> Chunk<'_, B> {
        Chunk { circuit: &self.plan.circuit, packing: packing(&self.plan), slots: 1 }
    }

    /// What the client sends in the session of this number, what the server reads in it, and the shares that it has.
    fn seen(&self, number: u32, image: &[u8], deviates: bool) -> [Vec<(Address, Vec<u8>)>; 3] {
        let name = Seed([3; 32]).child(&number.to_string());
        let seen: [Strings; 3] = Default::default();
        let (mut near, mut far) = Link::pair(LinkSpeed::LAN);
        near.deviate(Box::new(Client(Arc::clone(&seen[0]))));
        far.deviate(Box::new(Server { read: Arc::clone(&seen[1]), shares: Arc::clone(&seen[2]), deviates, sent: 0 }));
        let pixels = self.model.pixels(image).expect("of this size");
        let input: Vec<u64> = pixels.iter().map(|pixel| self.plan.circuit.pixel(*pixel)).collect();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let transfers = self.plan.backend.server_transfers(&self.server, &name, self.plan.transfers());
                let party = Party { rng: Seed([4; 32]).stream(), transfers, link: far };
                let protocols = self.plan.backend.server(self.chunk(), &self.server, vec![&self.network]);
                self.run(party, protocols, &vec![0; self.plan.circuit.pixels])
            });
            let transfers = self.plan.backend.client_transfers(&self.client, &name, self.plan.transfers());
            let party = Party { rng: name.child("client").stream(), transfers, link: near };
            let ended = self.run(party, self.plan.backend.client(self.chunk(), &self.client), &input);
            assert!(ended.is_ok(), "the client goes on to the end: {ended:?}");
        });
        seen.map(|strings| std::mem::take(&mut *strings.lock().expect("no panic")))
    }

    fn run<P: Protocols>(&self, mut party: Party<P::Transfers>, mut protocols: P, input: &[u64]) -> Result<(), Halt> {
        let circuit = &self.plan.circuit;
        protocols.prepare(&mut party)?;
        let logits = evaluate(&mut party, circuit, input, &mut protocols)?;
        let labels = match party.role() {
            Role::Client => Vec::new(),
            Role::Server => vec![(0..u32::try_from(circuit.classes).expect("few")).collect()],
        };
        let ring = circuit.ring(circuit.output);
        party.step(ARGMAX, |party| protocols.argmax(party, &logits, ring, circuit.classes, &labels)).map(|_| ())
    }

    /// What is seen of the sessions of a turn.
    fn sample(&self, turn: u32, image: &[u8], deviates: bool) -> Sample {
        let mut sample = Sample::default();
        for number in turn * SESSIONS..(turn + 1) * SESSIONS {
            let [sent, read, shares] = self.seen(number, image, deviates);
            add(&mut sample.sent, sent);
            add(&mut sample.read, read);
            add(&mut sample.shares, shares);
        }
        sample
    }
}

/// Adds the strings of a session, which are as many, and at the same places, in all.
fn add(all: &mut Vec<(Address, Columns)>, strings: Vec<(Address, Vec<u8>)>) {
    if all.is_empty() {
        *all = strings.iter().map(|(address, _)| (address.clone(), Columns::default())).collect();
    }
    assert_eq!(all.len(), strings.len(), "every session sends as many");
    for ((address, columns), (at, string)) in all.iter_mut().zip(strings) {
        assert_eq!(*address, at);
        columns.add(&string);
    }
}

/// The layout of the plan's only group.
fn packing<B: Backend>(plan: &Plan<B>) -> &B::Packing {
    plan.packings().next().expect("one group")
}

/// Every so many bytes of a message, so that [`MOST_BYTES`] are not exceeded.
fn looked_at(payload: &[u8]) -> Vec<u8> {
    payload.iter().copied().step_by(payload.len().div_ceil(MOST_BYTES).max(1)).collect()
}

/// The bits without those that fill up the last byte.
fn bits(columns: &Columns) -> usize {
    let all = columns.bits();
    (all - 7..all).find(|bit| (*bit..all).all(|bit| columns.ones(bit) == 0)).map_or(all, |filled| filled)
}

/// How many tests the samples of all families are put to, at most, if all are as these.
fn tests(samples: &[Sample]) -> usize {
    let of = |(_, columns): &(Address, Columns)| {
        let bits = columns.bits();
        3 * bits + if bits <= PAIRED { bits * bits / 2 } else { 0 }
    };
    Family::ALL.len() * samples.iter().flat_map(Sample::all).map(of).sum::<usize>()
}

/// That each bit, and the sum of each with the next, is one in about half of the strings (Hoeffding's inequality).
fn assert_fair(what: &str, sample: &Sample, log_odds: f64) {
    let strings = f64::from(SESSIONS);
    let most = (strings * log_odds / 2.0).sqrt() + strings * BIAS;
    assert!(most < strings / 2.0, "too few strings to see a bit that is always the same");
    for (address, columns) in sample.masked() {
        let bits = bits(columns);
        let ones = (0..bits).map(|bit| columns.ones(bit)).chain((1..bits).map(|bit| columns.differ(bit - 1, bit)));
        for (place, ones) in ones.enumerate() {
            let excess = (f64::from(ones) - strings / 2.0).abs();
            let at = format!("{what}, {address}: bit {} of {bits}, sum {}", place % bits, place >= bits);
            assert!(excess <= most, "{at}: one in {ones} of {strings}");
        }
    }
}

/// That each bit is one, and each pair of bits of a short string differs, about equally often for two images. What is sent twice under one
/// mask may be equal always; what it hides may not decide.
fn assert_alike(what: &str, samples: [&Sample; 2], log_odds: f64) {
    if let Some(difference) = difference(samples, log_odds) {
        panic!("{what}, {difference}");
    }
}

/// The first bit or pair of bits that tells two samples apart.
fn difference([one, other]: [&Sample; 2], log_odds: f64) -> Option<String> {
    let most = (f64::from(SESSIONS) * log_odds).sqrt();
    assert!(most < f64::from(SESSIONS), "too few strings to see a difference");
    for ((address, one), (_, other)) in one.all().zip(other.all()) {
        let told = |[x, y]: [u32; 2]| f64::from(x.abs_diff(y)) > most;
        for b in 0..one.bits() {
            let ones = [one, other].map(|sample| sample.ones(b));
            if told(ones) {
                return Some(format!("{address}: bit {b} is one in {ones:?} of {SESSIONS}"));
            }
            for a in 0..if one.bits() <= PAIRED { b } else { 0 } {
                let differ = [one, other].map(|sample| sample.differ(a, b));
                if told(differ) {
                    return Some(format!("{address}: bits {a} and {b} differ in {differ:?} of {SESSIONS}"));
                }
            }
        }
    }
    None
}

/// The first bit or pair of bits of a choice's client that tells an honest server which of two images is asked about.
struct Told;

impl ForBackend for Told {
    type Output = Option<String>;

    fn run<B: Backend>(self, backend: B) -> Option<String> {
        let keyed = Keyed::new(backend);
        let images = [vec![0; 36], noise(1, 1).remove(0)];
        let [dark, noisy] = [(1, &images[0]), (2, &images[1])].map(|(turn, image)| keyed.sample(turn, image, false));
        let samples = [dark, noisy];
        difference([&samples[0], &samples[1]], log_odds(tests(&samples)))
    }
}

struct Uniform(Choice);

impl ForBackend for Uniform {
    type Output = ();

    fn run<B: Backend>(self, backend: B) {
        let keyed = Keyed::new(backend);
        if let Modulus::Prime(prime) = keyed.plan.circuit.modulus(keyed.plan.circuit.ring(keyed.plan.circuit.output)) {
            // Its highest bit is one in at least 7/15 of the numbers below it, as `BIAS` allows.
            assert!(prime >= prime.next_power_of_two() / 16 * 15, "{prime}");
        }
        let images = [vec![0; 36], noise(1, 1).remove(0)];
        let mut turn = 0;
        let samples: [Sample; SAMPLES] = [(0, false), (1, false), (0, true), (1, true)].map(|(image, deviates)| {
            turn += 1;
            keyed.sample(turn, &images[image], deviates)
        });
        let log_odds = log_odds(tests(&samples));
        for (sample, server) in samples.iter().zip(["honest", "honest", "deviant", "deviant"]) {
            assert_fair(&format!("{:?}, {server} server", self.0), sample, log_odds);
        }
        let [dark, noisy, dark_deviant, noisy_deviant] = &samples;
        assert_alike(&format!("{:?}, honest server", self.0), [dark, noisy], log_odds);
        assert_alike(&format!("{:?}, deviant server", self.0), [dark_deviant, noisy_deviant], log_odds);
    }
}

/// False alarm: at most 1e-9 for all families together.
#[test]
fn what_a_client_sends_is_uniform_whatever_it_asks_in_every_family() {
    for family in Family::ALL {
        let _watch = Watch::new();
        family.run(Uniform(family.into()));
    }
}

/// By encrypted weights too: products of shares are as random as ciphertexts. The server that deviates is one that has encrypted its weights as it should. False alarm: at most 1e-9.
#[test]
fn what_a_client_makes_of_encrypted_weights_is_uniform() {
    let _watch = Watch::new();
    let options = Options { linear: Some(Linear::Weights), ..Options::default() };
    let choice = Choice::new(Family::Cheetah, options).expect("it has the choice");
    choice.run(Uniform(choice));
}

/// By chains of carries too, where the server draws its choices, or the client. False alarm: at most 2e-9.
#[test]
fn what_a_client_of_chains_sends_is_uniform() {
    let _watch = Watch::new();
    for linear in [Linear::Images, Linear::Weights] {
        let options = Options { linear: Some(linear), carries: Some(CarryChoice::Chain), ..Options::default() };
        let choice = Choice::new(Family::Cheetah, options).expect("it has the choice");
        choice.run(Uniform(choice));
    }
}

/// With triples as released the openings of a pair of products tell, which is what a server reads; in the form of the paper they do not. False alarm: at most 1e-9.
#[test]
fn what_a_client_of_released_triples_sends_is_not() {
    let told = |triples| {
        let options = Options { triples: Some(triples), ..Options::default() };
        Choice::new(Family::Cryptflow2He, options).expect("it has the choice").run(Told)
    };
    assert_eq!(told(TripleForm::Paper), None);
    let difference = told(TripleForm::AsReleased).expect("openings tell");
    assert!(difference.contains("relu") && difference.contains("msb"), "{difference}");
}
