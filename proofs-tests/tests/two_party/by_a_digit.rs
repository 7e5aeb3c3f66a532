//! Errors by any function of a digit. A server that compares its share with the client's offers one message for each value of a digit of the client's, and may offer what it likes: here a
//! ReLU takes the sign of a value for the other one where some bits of the value, which nobody sees, are what the server says. Logits are those of a third party that does so in the clear.
//!
//! In a ring (Cheetah, CrypTFlow2 over transfers) the bits are those of the highest digit below the sign. They are a function of the client's digit, the server's and the carry from below, which
//! the tree of the comparison multiplies in: the server's share need not be chosen. Modulo a prime (CrypTFlow2 under encryption) it is any digit. The server chooses 0 as its share, by the mask of its answer,
//! so that the client's share is the value. Then no sum of shares wraps, and one of two comparisons is free to tell of the digit.

use crate::watch::Watch;
use crate::world::World;
use fusion_2pc::address::Address;
use fusion_2pc::backend::Backend;
use fusion_2pc::backend::cheetah::Cheetah;
use fusion_2pc::backend::cryptflow2::{Cryptflow2He, Cryptflow2Ot};
use fusion_2pc::bits::mask;
use fusion_2pc::circuit::{Op, Step};
use fusion_2pc::ideal;
use fusion_2pc::modulus::Modulus;
use fusion_2pc::ot::dealer::Dealer;
use fusion_2pc::party::{Pads, Party};
use fusion_2pc::random::{Seed, uniform};
use fusion_2pc::role::Role;
use fusion_2pc::share::truncate::{Rescaling, Truncation};
use fusion_2pc::share::{compare, relu};
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::hook::{Compared, Deviation, Mistakes};
use fusion_2pc::wire::link::Link;
use fusion_proofs_tests::networks::{PRECISION, noise, tiny};
use std::cmp::Ordering;

/// The end of the address of the first layer.
const FIRST: &str = "conv]";

/// Where the sign of a value is taken for the other one.
#[derive(Clone, Copy, Debug)]
struct Rule {
    /// The place of the digit's lowest bit, and the number of its bits.
    digit: (u32, u32),
    /// The values of the digit, one bit each.
    set: u16,
    /// Whether everything above the digit must be 0, as it is of no negative value.
    bare: bool,
}

impl Rule {
    fn has(self, digit: u64) -> bool {
        self.set >> digit & 1 == 1
    }

    fn holds(self, value: u64) -> bool {
        let (from, bits) = self.digit;
        self.has(value >> from & mask(bits)) && !(self.bare && value >> (from + bits) > 0)
    }

    /// Adds another multiple of the digit's place to each number, so that every value of the digit occurs.
    fn spread(self, numbers: &mut [u64], modulus: Modulus) {
        let (from, bits) = self.digit;
        for (at, number) in (0..).zip(numbers) {
            *number = modulus.add(*number, modulus.reduce((at & mask(bits)) << from));
        }
    }

    /// In a ring: what is wrong with each message of the digit, by whether there is a carry from below.
    fn in_ring(self, own: u8) -> Mistakes {
        let size = 1 << self.digit.1;
        let wrong =
            |value: usize, carry: u64| u8::from(self.has((value as u64 + size - 1 - u64::from(own) + carry) % size));
        std::array::from_fn(|value| wrong(value, 0) | (wrong(value, 0) ^ wrong(value, 1)) << 1)
    }

    /// Modulo a prime: a free comparison says "greater" if the digit is of the set, and nothing is above it.
    fn in_field(self, digit: Compared, own: u8) -> Mistakes {
        std::array::from_fn(|value| {
            let right = u8::from(value > usize::from(own)) | u8::from(value == usize::from(own)) << 1;
            let said = match digit.from.cmp(&self.digit.0) {
                Ordering::Greater => u8::from(value == 0) << 1,
                Ordering::Equal => u8::from(self.has(value as u64)),
                Ordering::Less => right,
            };
            right ^ said
        })
    }
}

/// A server that makes a ReLU follow a rule.
struct Server {
    rule: Rule,
    prime: bool,
}

impl Deviation for Server {
    fn share(&mut self, step: &Address, shares: &mut [u64], modulus: Modulus) {
        if !self.prime && step.to_string().ends_with(FIRST) {
            self.rule.spread(shares, modulus);
        }
    }

    fn compared(&mut self, step: &Address, digit: Compared, own: &[u8]) -> Option<Vec<Mistakes>> {
        let step = step.to_string();
        let here = step.contains("relu") && step.ends_with("msb");
        if !here || digit.threshold > 0 || !self.prime && (digit.from, digit.bits) != self.rule.digit {
            return None;
        }
        let mistakes = |own: &u8| if self.prime { self.rule.in_field(digit, *own) } else { self.rule.in_ring(*own) };
        Some(own.iter().map(mistakes).collect())
    }

    fn chosen(&mut self, _step: &Address, count: usize) -> Option<Vec<u64>> {
        self.prime.then(|| vec![0; count])
    }
}

/// The logits of the third party, and how many values that are not negative become 0 and how many do not.
struct Expected {
    logits: Vec<i64>,
    dropped: usize,
    kept: usize,
}

fn expected<B: Backend>(world: &World<B>, image: &[u8], rule: Rule) -> Expected {
    let circuit = &world.plan.circuit;
    let pixels = world.models[0].pixels(image).expect("of this size");
    let modulus = circuit.modulus(circuit.ring(circuit.output));
    let ring = matches!(modulus, Modulus::TwoTo(_));
    let mut before: Vec<u64> = Vec::new();
    let [mut dropped, mut kept] = [0; 2];
    let boundary = |step: &Step, _: &[u64], values: &mut [u64]| {
        if let Op::Relu { from, shift } = step.op {
            let (inputs, out) = (circuit.modulus(from), circuit.modulus(step.ring));
            for (value, x) in values.iter_mut().zip(before.iter().map(|x| inputs.reduce(*x))) {
                let (positive, wrong) = (inputs.integer(x) >= 0, rule.holds(x));
                *value = if positive == wrong { 0 } else { out.element(inputs.integer(x) >> shift) };
                dropped += usize::from(positive && wrong);
                kept += usize::from(positive && !wrong);
                assert!(positive || !wrong, "what is kept though it is negative is not what later steps assume");
            }
        }
        if step.address.to_string().ends_with(FIRST) && ring {
            rule.spread(values, circuit.modulus(step.ring));
        }
        before = values.to_vec();
    };
    let logits = ideal::logits(circuit, &world.models[0], &pixels, &mut Seed([3; 32]).stream(), boundary);
    Expected { logits: logits.iter().map(|logit| modulus.integer(*logit)).collect(), dropped, kept }
}

/// Plays rules, and returns how many values were dropped and kept by all of them.
fn play<B: Backend>(backend: B, rules: impl Fn(Modulus) -> Vec<Rule>) -> [usize; 2] {
    let _watch = Watch::new();
    let world = World::by(backend, &[tiny(0)], 1, 1);
    let images = noise(1, 1);
    let (circuit, mut counts) = (&world.plan.circuit, [0; 2]);
    let from =
        circuit.steps.iter().find_map(|step| if let Op::Relu { from, .. } = step.op { Some(from) } else { None });
    let modulus = circuit.modulus(from.expect("it rectifies"));
    for rule in rules(modulus) {
        let server = Server { rule, prime: matches!(modulus, Modulus::Prime(_)) };
        let session = world.deviant(Role::Server, server, &images);
        let Expected { logits, dropped, kept } = expected(&world, &images[0], rule);
        assert_eq!(world.opened(&session), logits, "{rule:?}");
        counts = [counts[0] + dropped, counts[1] + kept];
    }
    counts
}

/// Each of these values of a digit by itself, and some of them together.
fn of_digit(digit: (u32, u32), values: u32) -> Vec<Rule> {
    let some = if values > 4 { 0x5a } else { 0b11 };
    let sets = (0..values).map(|value| 1 << value).chain([some]);
    sets.map(|set| Rule { digit, set, bare: false }).collect()
}

/// Of every value, negative ones too, shared at random.
#[test]
fn any_function_of_three_bits_decides_in_cheetahs_relu() {
    const HOW: Rescaling = Rescaling { from: 16, shift: 6, out: 10, truncation: Truncation::Faithful };
    let modulus = Modulus::TwoTo(HOW.from);
    let [x, client] = [1, 2].map(|seed| uniform(&mut Seed([seed; 32]).stream(), HOW.from, 400));
    let server: Vec<u64> = x.iter().zip(&client).map(|(x, x0)| modulus.sub(*x, *x0)).collect();
    for rule in of_digit((12, 3), 8) {
        let [mut near, mut far] = <[Link; 2]>::from(Link::pair(LinkSpeed::LAN)).map(dealt);
        far.link.deviate(Box::new(Server { rule, prime: false }));
        let (mine, theirs) = std::thread::scope(|scope| {
            let served = scope.spawn(|| far.step("relu", |far| relu::relu(far, &server, HOW)).expect("it goes on"));
            (
                near.step("relu", |near| relu::relu(near, &client, HOW)).expect("it goes on"),
                served.join().expect("no panic"),
            )
        });
        for ((x, y0), y1) in x.iter().zip(mine).zip(theirs) {
            let kept = (modulus.integer(*x) >= 0) != rule.holds(*x);
            let expected = if kept { *x >> HOW.shift } else { 0 };
            assert_eq!(Modulus::TwoTo(HOW.out).add(y0, y1), expected, "{x}: {rule:?}");
        }
    }
}

/// A party whose transfers are dealt.
fn dealt(link: Link) -> Party {
    let names = ["client sends", "server sends"];
    let [mine, theirs] = [link.role(), link.role().peer()].map(|role| Seed([7; 32]).child(names[role as usize]));
    let transfers = Pads { sender: Box::new(Dealer::new(mine)), receiver: Box::new(Dealer::new(theirs)) };
    Party { rng: mine.child("masks").stream(), transfers, link }
}

#[test]
fn a_sign_depends_on_bits_of_a_value_in_cheetah() {
    let counts = play(Cheetah::default(), |modulus| {
        let top = compare::digits(PRECISION.frac_bits, modulus.bits() - 1 - PRECISION.frac_bits).pop();
        let top = top.expect("it has digits");
        of_digit((top.from, top.bits), 1 << (top.bits - 1))
    });
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}

#[test]
fn a_sign_depends_on_four_bits_of_a_value_in_cryptflow2_over_transfers() {
    let backend = Cryptflow2Ot { ring: Some(33), ..Cryptflow2Ot::default() };
    let counts = play(backend, |_| of_digit((28, 4), 1 << 3));
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}

#[test]
fn a_sign_depends_on_any_four_bits_of_a_value_in_cryptflow2_under_encryption() {
    let rule = |set| Rule { digit: (16, 4), set, bare: true };
    let counts = play(Cryptflow2He::default(), |_| [1 << 3, 0x5a, 0xa5].map(rule).to_vec());
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}
