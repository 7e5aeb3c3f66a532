//! Memory after a session whose threads wipe their stacks, as those of `sim party` do: no secret of the set-up is left.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use fusion_2pc::backend::Backend;
use fusion_2pc::backend::cheetah::Cheetah;
use fusion_2pc::random::{Seed, Simulated};
use fusion_2pc::session::{self, ClientSetup, Grouping, Networks, Plan, ServerSetup, Service};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wipe::wipe_stack;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_nn::fixed::FixedModel;
use fusion_proofs_tests::networks::{PRECISION, fixed, noise, tiny};
use std::fs::File;
use std::os::unix::fs::FileExt;

/// Added to what is looked for, so that the list is not found itself.
const VEIL: u8 = 0x5a;
const NEEDLE: usize = 16;

/// How many of the needles a client keeps between sessions.
const KEPT: usize = 4;

/// The first bytes of the secrets that grow from a party's root, veiled; those that a client keeps come first.
fn needles(root: &Seed) -> Vec<[u8; NEEDLE]> {
    let transfers = root.child("transfers").child("oblivious transfer");
    let key = root.child("secret key");
    let mut delta = transfers.child("delta");
    delta.0[0] |= 1;
    let seeds = [root.child("sessions"), key.child("rlwe key"), transfers, delta, key, *root];
    seeds.iter().map(|seed| std::array::from_fn(|at| seed.0[at] ^ VEIL)).collect()
}

/// How often each of the needles is in the memory of this process that can be written to.
fn found(needles: &[[u8; NEEDLE]]) -> Vec<usize> {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("a process sees its own maps");
    let memory = File::open("/proc/self/mem").expect("a process reads its own memory");
    let mut counts = vec![0; needles.len()];
    let mut piece = vec![0; 1 << 16];
    // What was read last is in the piece itself, which is left out.
    let own = piece.as_ptr_range();
    let own = [own.start as u64, own.end as u64];
    for [from, to] in maps.lines().filter_map(writable) {
        for [mut from, to] in [[from, to.min(own[0])], [from.max(own[1]), to]] {
            while from + NEEDLE as u64 <= to {
                let bytes = usize::try_from(to - from).map_or(piece.len(), |left| left.min(piece.len()));
                if memory.read_exact_at(&mut piece[..bytes], from).is_ok() {
                    count(needles, &piece[..bytes], &mut counts);
                }
                from += (bytes - NEEDLE + 1) as u64;
            }
        }
    }
    piece.fill(0);
    counts
}

/// The ends of a map that can be written to.
fn writable(line: &str) -> Option<[u64; 2]> {
    let (range, rights) = line.split_once(' ')?;
    let (from, to) = range.split_once('-')?;
    let ends = [from, to].map(|end| u64::from_str_radix(end, 16).expect("an address"));
    rights.starts_with("rw").then_some(ends)
}

fn count(needles: &[[u8; NEEDLE]], bytes: &[u8], counts: &mut [usize]) {
    for window in bytes.windows(NEEDLE) {
        for (needle, count) in needles.iter().zip(&mut *counts) {
            *count += usize::from(window.iter().zip(needle).all(|(byte, veiled)| byte ^ VEIL == *veiled));
        }
    }
}

/// What a session is about.
struct World {
    model: FixedModel,
    plan: Plan<Cheetah>,
    networks: Networks<Cheetah>,
    images: Vec<Vec<u8>>,
}

impl World {
    fn new() -> Self {
        let model = fixed(&tiny(0), PRECISION);
        let circuit = Cheetah::default().circuit(&[&model], Truncation::Faithful).expect("it is computed");
        let plan = Plan::new(Cheetah::default(), circuit, 2, Grouping::Chunk).expect("parameters hold it");
        let networks = Networks::new(&plan, std::slice::from_ref(&model)).expect("of this circuit");
        Self { model, plan, networks, images: noise(2, 1) }
    }

    /// A server's set-up and session, and how often each needle is found between them. Its frame is below that of the caller, who wipes it.
    #[inline(never)]
    fn serve(&self, mut link: Link, needles: &[[u8; NEEDLE]]) -> Vec<usize> {
        let setup = ServerSetup::new(&mut link, Simulated(root(1)), &[&self.plan]).expect("both are honest");
        let during = found(needles);
        let services = [0, 1].map(|_| Service { model: 0, labels: (0..self.model.classes()).collect() });
        let name = Seed([1; 32]);
        session::server(link, &setup, &self.plan, &name, &self.networks, &services).0.expect("both are honest");
        during
    }

    /// A client's set-up and session, and how often each needle is found between them.
    #[inline(never)]
    fn ask(&self, mut link: Link, needles: &[[u8; NEEDLE]]) -> Vec<usize> {
        let setup = ClientSetup::new(&mut link, Simulated(root(0)), &[&self.plan]).expect("both are honest");
        let during = found(needles);
        let image = |slot: usize| self.model.pixels(&self.images[slot]).expect("of this size");
        session::client(link, &setup, &self.plan, &Seed([1; 32]), image).0.expect("both are honest");
        during
    }
}

/// The root of a party, which is nowhere but where it is asked for.
#[inline(never)]
fn root(party: u8) -> Seed {
    Seed([0x61 + party; 32]).child("root")
}

#[test]
fn a_session_leaves_no_secret_in_memory() {
    let wanted = std::thread::spawn(|| {
        let wanted = [0, 1].map(|party| needles(&root(party)));
        wipe_stack();
        wanted
    });
    let wanted = wanted.join().expect("no panic");
    let world = World::new();
    let (near, far) = Link::pair(LinkSpeed::LAN);
    let [served, asked] = std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            let during = world.serve(far, &wanted[1]);
            wipe_stack();
            during
        });
        let client = scope.spawn(|| {
            let during = world.ask(near, &wanted[0]);
            wipe_stack();
            during
        });
        [server, client].map(|party| party.join().expect("no panic"))
    });
    assert!(asked[..KEPT].iter().all(|&count| count > 0), "the search finds what is there: {asked:?}");
    // A server has no key.
    let held = [0, 2, 3].map(|needle| served[needle]);
    assert!(held.iter().all(|&count| count > 0), "the search finds what is there: {served:?}");
    assert_eq!(wanted.each_ref().map(|wanted| found(wanted)), [vec![0; 6], vec![0; 6]]);
}
