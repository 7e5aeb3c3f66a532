//! What verdicts tell a server of secrets under an RLWE key that the client keeps, in Cheetah: coefficients of the key, and bits of an input of an earlier session. The server changes its responses so that
//! all answers are right if a guess of its own is. With another key the same sessions tell nothing. Keys that encrypt slots are told by a program: `attacks/probes.rs`.
//!
//! Here every slot is a public: a session is accepted if all labels are right.

use crate::world::World;
use fusion_2pc::address::Address;
use fusion_2pc::backend::cheetah::Cheetah;
use fusion_2pc::bits::{Packer, Unpacker, mask};
use fusion_2pc::circuit::Circuit;
use fusion_2pc::he::cipher::{Ciphertext, RingPair, read_fresh};
use fusion_2pc::he::ring::Ring;
use fusion_2pc::linear::{Geometry, Layout};
use fusion_2pc::modulus::Modulus;
use fusion_2pc::session::{Grouping, Plan};
use fusion_2pc::share::truncate::Truncation;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::hook::{Conduct, Deviation};
use fusion_2pc::wire::link::Link;
use fusion_2pc::wire::meter::Message;
use fusion_proofs_tests::networks::{PRECISION, SMALL, fixed, matrix, noise};

/// The number of slots, each in ciphertexts of its own.
const SLOTS: usize = 12;
/// The number of outputs of the network, which share one response. Output `i` is coefficient `SMALL (i + 1) - 1` of it, and pixel `p` is coefficient `p` of the client's
/// message (Cheetah, section 4.1).
const OUTPUTS: usize = 3;

fn world(seed: u8) -> World {
    let models = vec![fixed(&matrix(OUTPUTS), PRECISION)];
    let circuit = Circuit::new(&[&models[0]], Truncation::Faithful).expect("it runs");
    let plan = Plan::in_chunks(Cheetah::default(), circuit, SLOTS, Grouping::Chunk, 1).expect("parameters hold it");
    World::of(models, plan, seed)
}

fn layout(world: &World) -> Layout {
    let layout = world.plan.packings().next().and_then(|packing| packing.layouts().next());
    layout.expect("it has a matrix").clone()
}

/// The coefficients of a response, changed: those of `a` by place, and those of `b` by output.
fn changed(layout: &Layout, response: &[u8], a: impl Fn(usize) -> u64, b: impl Fn(usize) -> u64) -> Vec<u8> {
    let Geometry { parameters, response: widths, .. } = layout.geometry();
    let (mut unpacker, mut packer) = (Unpacker::new(response), Packer::default());
    let mut add = |bits: u32, more: u64| {
        packer.push(unpacker.pull(bits).wrapping_add(more) & mask(bits), bits);
    };
    (0..parameters.degree).for_each(|place| add(widths.a_bits, a(place)));
    (0..OUTPUTS).for_each(|output| add(widths.b_bits, b(output)));
    packer.finish()
}

fn is_response(message: &Message) -> bool {
    message.address.components().ends_with(&["response".into()])
}

/// A session with a server that deviates; returns the labels, and how far the logits are from the right ones.
fn played(world: &World, name: u8, images: &[Vec<u8>], deviation: impl Deviation + 'static) -> (Vec<u32>, Vec<i64>) {
    let (client, mut server) = Link::pair(LinkSpeed::LAN);
    server.deviate(Box::new(deviation));
    let session = world.over([client, server], name, images, &world.honest());
    let off = world.opened(&session).into_iter().zip(world.expected(images).0).map(|(logit, right)| logit - right);
    (session.client.as_ref().expect("nothing is malformed").labels.clone(), off.collect())
}

/// Adds a quarter of the modulus to the coefficient of `a` that brings `s_(c + place)` of the key to coefficient `c`, and takes off what that does if the guess of these `s`
/// is right. As three answers that err alike are as good as right ones, it also adds a quarter to all of them on every third slot, and takes off a quarter on others: there an error
/// that all have in common takes some over the edge of the ring.
struct Moves {
    layout: Layout,
    place: usize,
    guess: [i64; OUTPUTS],
    spread: bool,
}

impl Deviation for Moves {
    fn share(&mut self, step: &Address, shares: &mut [u64], modulus: Modulus) {
        let slot = step.slots().map_or(0, |slots| slots.start);
        let quarters = [-1, 0, 1][slot % 3] * i64::from(self.spread);
        for share in shares {
            *share = modulus.add(*share, modulus.element(quarters << (self.layout.ring_bits() - 2)));
        }
    }

    fn message(&mut self, message: &Message, payload: &[u8]) -> Conduct {
        if !is_response(message) {
            return Conduct::Send;
        }
        let Geometry { parameters, response, .. } = self.layout.geometry();
        let a = |place: usize| u64::from(place == parameters.degree - self.place) << (response.a_bits - 2);
        let b = |output: usize| self.guess[output].cast_unsigned() << (response.b_bits - 2);
        Conduct::Replace(changed(&self.layout, payload, a, b))
    }
}

/// Noise of this class, whose logits have both signs, so that an error moves some slot's label whichever logits it is in.
fn image(world: &World, class: usize, slot: usize) -> Vec<u8> {
    let fits = |image: &Vec<u8>| {
        let (logits, labels) = world.expected(std::slice::from_ref(image));
        labels[0] as usize == class && logits.iter().any(|x| *x < 0) && logits[class] > 0
    };
    let turn = u8::try_from(slot).expect("few");
    noise(200, turn).into_iter().find(fits).expect("noise is of every class")
}

/// The server's view of a client that keeps its key, or not.
struct Bench {
    world: World,
    images: Vec<Vec<u8>>,
    sessions: u8,
}

impl Bench {
    fn new(seed: u8) -> Self {
        let world = world(seed);
        let images = (0..SLOTS).map(|slot| image(&world, slot / OUTPUTS % OUTPUTS, slot)).collect();
        Self { world, images, sessions: 0 }
    }

    /// Whether a session is accepted in which a guess of coefficients of the key is tested.
    fn accepts(&mut self, place: usize, guess: [i64; OUTPUTS]) -> bool {
        self.sessions += 1;
        let deviation = Moves { layout: layout(&self.world), place, guess, spread: true };
        played(&self.world, self.sessions, &self.images, deviation).0 == self.world.expected(&self.images).1
    }

    /// Those coefficients, as one sees them who has both parties' shares.
    fn truth(&self, place: usize) -> [i64; OUTPUTS] {
        let deviation = Moves { layout: layout(&self.world), place, guess: [0; OUTPUTS], spread: false };
        let (_, off) = played(&self.world, u8::MAX, &self.images, deviation);
        let quarter = 1_i64 << (layout(&self.world).ring_bits() - 2);
        assert!(off.iter().all(|off| off % quarter == 0) && off.chunks(OUTPUTS).all(|of| *of == off[..OUTPUTS]));
        [0, 1, 2].map(|output| -off[output] / quarter)
    }
}

/// Three at once first, by trying all; then one by one, each with two that are known, of which the third value needs no session.
fn read_key(bench: &mut Bench, more: usize) -> Vec<i64> {
    let all = (0..27_i64).map(|of| [of % 3 - 1, of / 3 % 3 - 1, of / 9 - 1]);
    let mut key = all.into_iter().find(|&guess| bench.accepts(1, guess)).expect("one of them is right").to_vec();
    for next in 1..=more {
        let guess = |last: i64| [key[next], key[next + 1], last];
        let last = [-1, 0].into_iter().find(|&last| bench.accepts(1 + SMALL * next, guess(last))).unwrap_or(1);
        key.push(last);
    }
    key
}

#[test]
fn verdicts_tell_coefficients_of_a_key_that_is_kept() {
    let mut bench = Bench::new(1);
    let key = read_key(&mut bench, 6);
    assert!(bench.sessions <= 27 + 2 * 6);
    let truth = |bench: &Bench| (0..=6).map(|next| bench.truth(1 + SMALL * next)).collect::<Vec<_>>();
    assert!(truth(&bench).iter().zip(key.windows(OUTPUTS)).all(|(truth, named)| truth == named), "{key:?}");
    // Of another client, or of the same after a fresh set-up, this is no better than a guess: 3^-9 for all of them.
    let other = Bench::new(2);
    assert!(truth(&other).iter().zip(key.windows(OUTPUTS)).any(|(truth, named)| truth != named), "{key:?}");
}

/// Adds to every response half of the ring times an earlier message, moved so that one pixel of that is at the place of the first output, and nothing at those of the others: all answers are right if the
/// pixel is even.
struct Replays {
    layout: Layout,
    earlier: Vec<u8>,
    pixel: usize,
}

/// The nearest multiple of `2^-bits` to a part of the modulus.
fn rounded(fraction: u128, bits: u32) -> u64 {
    let nearest = fraction.wrapping_add(1 << (u128::BITS - 1 - bits)) >> (u128::BITS - bits);
    u64::try_from(nearest).expect("at most 63 bits")
}

impl Replays {
    /// That product, as it is added.
    fn product(&self, ring: &Ring) -> Ciphertext {
        let fresh = (ring, self.layout.geometry().dropped);
        let earlier = read_fresh(fresh, &self.earlier, 1).next().expect("one ciphertext");
        let mut weights = vec![0; ring.parameters().degree];
        weights[SMALL - 1 - self.pixel] = 1 << (self.layout.ring_bits() - 1);
        let mut factor = ring.signed(&weights);
        ring.transform(&mut factor);
        ring.normalize(&mut factor);
        let mut product = Ciphertext::zero(ring);
        product.multiply_add(ring, &factor, &earlier);
        ring.untransform(&mut product.a);
        ring.untransform(&mut product.b);
        product
    }
}

impl Deviation for Replays {
    fn message(&mut self, message: &Message, payload: &[u8]) -> Conduct {
        if !is_response(message) {
            return Conduct::Send;
        }
        let Geometry { parameters, response, .. } = self.layout.geometry();
        let ring = RingPair::new(parameters).outer;
        let product = self.product(&ring);
        let a = |place: usize| rounded(ring.fraction(&product.a, place), response.a_bits);
        let b = |output: usize| rounded(ring.fraction(&product.b, SMALL * (output + 1) - 1), response.b_bits);
        Conduct::Replace(changed(&self.layout, payload, a, b))
    }
}

/// What the client sends about the first slot in an honest session.
fn recorded(world: &World, images: &[Vec<u8>]) -> Vec<u8> {
    let (client, mut server) = Link::pair(LinkSpeed::LAN);
    server.listen();
    let heard = std::thread::scope(|scope| {
        let server = scope.spawn(|| world.serve(server, 1, &world.honest()).1.heard());
        world.ask(client, 1, images).0.expect("both are honest");
        server.join().expect("no party panics")
    });
    let bytes = layout(world).cost().client_bytes;
    heard.into_iter().find(|message| message.len() == bytes).expect("it encrypts its image")
}

/// The lowest bits of pixels of the first slot of an earlier session, one for each session, as its verdict says.
fn read_pixels(now: &World, earlier: &[u8], images: &[Vec<u8>]) -> Vec<u8> {
    let accepted = |pixel: usize| {
        let deviation = Replays { layout: layout(now), earlier: earlier.to_vec(), pixel };
        let name = u8::try_from(pixel + 2).expect("few");
        played(now, name, images, deviation).0 == now.expected(images).1
    };
    (0..SMALL).map(|pixel| u8::from(!accepted(pixel))).collect()
}

#[test]
fn verdicts_tell_an_input_of_an_earlier_session_under_the_same_key() {
    let [before, after] = [noise(SLOTS, 3), noise(SLOTS, 4)];
    let kept = world(1);
    let earlier = recorded(&kept, &before);
    let bits: Vec<u8> = before[0].iter().map(|pixel| pixel & 1).collect();
    assert!(bits.contains(&0) && bits.contains(&1));
    assert_eq!(read_pixels(&kept, &earlier, &after), bits);
    assert_eq!(read_pixels(&world(2), &earlier, &after), [1; SMALL], "under another key no session is accepted");
}
