//! Slots, rotations and responses against vectors in the clear; noise against its bounds.

use super::batch::SLOTS;
use super::cipher::ClientKey;
use super::keys::{ServerKeys, key_bytes};
use super::parameters::{DEGREE, Form, OUTER, Response, SLOT_ROW, Work, ciphertext_bytes, fresh, switch};
use super::probe::{Edge, at_the_edge};
use super::scheme::Scheme;
use super::switch::{KEYS, automorphisms, key_of, signed_digits};
use crate::bits::{Packer, Unpacker};
use crate::he::cipher::Ciphertext;
use crate::he::parameters::Released;
use crate::modulus::Modulus;
use crate::random::Seed;
use rand_chacha::ChaCha20Rng;
use std::collections::BTreeSet;

/// The plaintext moduli of CrypTFlow2 at 37 and at 41 bits, and of DELPHI.
const MODULI: [u64; 3] = [137_438_822_401, 2_199_023_190_017, 2_061_584_302_081];

/// What two parties hold.
struct Bench {
    scheme: Scheme,
    modulus: Modulus,
    key: ClientKey,
    server: ServerKeys,
    rng: ChaCha20Rng,
}

impl Bench {
    fn new(p: u64) -> Self {
        let scheme = Scheme::new(p);
        let key = ClientKey::new(&Seed([1; 32]), &scheme);
        let message = key.message();
        assert_eq!(message.len(), key_bytes());
        let server = ServerKeys::read(&scheme, &message);
        Self { scheme, modulus: Modulus::Prime(p), key, server, rng: Seed([2; 32]).stream() }
    }

    fn uniform(&mut self) -> Vec<u64> {
        self.modulus.uniform(&mut self.rng, SLOTS)
    }

    fn fresh(&mut self, slots: &[u64]) -> Ciphertext {
        let mut packer = Packer::default();
        self.key.encrypt(slots, &mut self.rng, &mut packer);
        let message = packer.finish();
        assert_eq!(message.len(), ciphertext_bytes(1));
        self.scheme.read(&mut Unpacker::new(&message))
    }

    /// What the client decrypts of a response to a sum, less masks.
    fn answer(&mut self, sum: Ciphertext, response: Response, masks: &[u64]) -> Vec<u64> {
        let mut packer = Packer::default();
        self.server.respond(sum, response, masks, &mut self.rng, &mut packer);
        let message = packer.finish();
        assert_eq!(message.len(), response.form.bytes(1));
        self.key.decrypt(response.form, &mut Unpacker::new(&message))
    }

    /// What the coefficients are off from what the slots stand for.
    fn off(&mut self, cipher: &Ciphertext, slots: &[u64]) -> Vec<u64> {
        let ring = &self.scheme.outer;
        let mut off = self.scheme.lift(slots, &mut self.rng);
        ring.negate(&mut off);
        ring.add(&mut off, &self.key.phase(cipher));
        off
    }

    /// The most that a coefficient is off, by `2^43` more or less: `fraction` has 128 bits of the modulus' 168.
    fn noise(&mut self, cipher: &Ciphertext, slots: &[u64]) -> u128 {
        let off = self.off(cipher, slots);
        let size = |index| self.scheme.outer.fraction(&off, index).cast_signed().unsigned_abs();
        (0..DEGREE).map(size).max().unwrap() << (OUTER.modulus_bits() - u128::BITS)
    }

    /// The same exactly, if it is less than half of a prime.
    fn small_noise(&mut self, cipher: &Ciphertext, slots: &[u64]) -> u128 {
        let off = self.off(cipher, slots);
        let prime = self.scheme.outer.primes().next().unwrap();
        off[..DEGREE].iter().map(|&residue| residue.min(prime - residue)).max().unwrap().into()
    }
}

/// Both rows, rotated to the left.
fn rotated(slots: &[u64], steps: usize) -> Vec<u64> {
    slots.chunks(SLOT_ROW).flat_map(|row| (0..SLOT_ROW).map(move |slot| row[(slot + steps) % SLOT_ROW])).collect()
}

fn swapped(slots: &[u64]) -> Vec<u64> {
    [&slots[SLOT_ROW..], &slots[..SLOT_ROW]].concat()
}

/// Work for which there always is a response.
const WORK: Work = Work { switches_before: 12, products: 512, switches_after: 12 };

fn response(p: u64, form: Form) -> Response {
    Response::new(p, WORK, form, Released(1 << 30)).unwrap()
}

#[test]
fn what_is_encrypted_is_decrypted_rotated_and_multiplied() {
    for p in MODULI {
        let mut bench = Bench::new(p);
        let [slots, factors, masks] = [0; 3].map(|_| bench.uniform());
        let fresh = bench.fresh(&slots);
        for (form, steps) in [(Form::Switched, 1), (Form::Whole, 14), (Form::Switched, 4095), (Form::Switched, 2048)] {
            let turned = bench.server.rotate(&fresh, steps);
            let turned = bench.server.swap(&turned);
            let mut sum = bench.scheme.nothing();
            bench.scheme.multiply_add(&mut sum, &bench.scheme.factor(&factors), &turned);
            bench.scheme.add(&mut sum, &fresh);
            let answer = bench.answer(sum, response(p, form), &masks);
            let turned = swapped(&rotated(&slots, steps));
            let modulus = bench.modulus;
            let expected = (0..SLOTS).map(|slot| {
                modulus.sub(modulus.add(modulus.mul(turned[slot], factors[slot]), slots[slot]), masks[slot])
            });
            assert!(answer.into_iter().eq(expected), "{p}, {steps} steps");
        }
    }
}

#[test]
fn a_rotation_by_any_step_has_its_keys() {
    for steps in 0..SLOT_ROW {
        let digits = signed_digits(steps);
        let sum: i64 = digits.iter().sum();
        assert_eq!(sum.rem_euclid(4096), i64::try_from(steps).unwrap());
        assert!(digits.iter().all(|&digit| key_of(digit) < KEYS - 1));
        assert!(digits.windows(2).all(|pair| pair[1].abs() >= 4 * pair[0].abs()), "no two digits are adjacent");
    }
    let powers = automorphisms();
    assert_eq!(powers.len(), KEYS);
    assert_eq!(powers.iter().collect::<BTreeSet<_>>().len(), KEYS);
    assert_eq!(key_bytes(), 32 + 172_032 + 24 * 876_544);
}

/// Each step of a long computation is within its bound, and not far within it.
#[test]
fn noise_is_within_its_bounds() {
    for p in MODULI {
        let mut bench = Bench::new(p);
        let mut slots = bench.uniform();
        let mut cipher = bench.fresh(&slots);
        let within = |noise: u128, bound: u128, slack: u32| {
            assert!(noise < bound && noise > bound >> slack, "{noise} of {bound}, modulo {p}");
        };
        // A measurement draws coins for the rounding anew, which is one more unit.
        within(bench.small_noise(&cipher, &slots), fresh() + 1, 3);
        for _ in 0..12 {
            cipher = bench.server.rotate(&cipher, 1);
            slots = rotated(&slots, 1);
        }
        within(bench.small_noise(&cipher, &slots), fresh() + 12 * switch() + 1, 5);
        let mut sum = bench.scheme.nothing();
        let mut total = vec![0; SLOTS];
        for products in [1, 16] {
            for _ in 0..products {
                let factors = bench.uniform();
                bench.scheme.multiply_add(&mut sum, &bench.scheme.factor(&factors), &cipher);
                let modulus = bench.modulus;
                let sums = total.iter_mut().zip(slots.iter().zip(&factors));
                sums.for_each(|(sum, (x, y))| *sum = modulus.add(*sum, modulus.mul(*x, *y)));
            }
            let done = if products == 1 { 1 } else { 17 };
            let work = Work { switches_before: 12, products: done, switches_after: 0 };
            within(bench.noise(&sum, &total), work.noise(p), 16);
        }
    }
}

/// Masks are what is left of an answer to nothing, and are as uniform as they were drawn; what is sent of `b` is noise.
#[test]
fn responses_to_one_sum_differ() {
    let p = MODULI[0];
    let mut bench = Bench::new(p);
    let masks = bench.uniform();
    let mut sent = || {
        let mut packer = Packer::default();
        bench.server.respond(bench.scheme.nothing(), response(p, Form::Switched), &masks, &mut bench.rng, &mut packer);
        packer.finish()
    };
    let [first, second] = [sent(), sent()];
    let alike = first.iter().zip(&second).filter(|(first, second)| first == second).count();
    // One byte in 256 on average: more than 1,000 of 122,880 with probability below 1e-50 (Chernoff).
    assert!(alike < 1000, "{alike}");
    let [first, second] = [first, second].map(|bytes| bench.key.decrypt(Form::Switched, &mut Unpacker::new(&bytes)));
    assert_eq!(first, second);
}

#[test]
fn any_bytes_are_keys_and_ciphertexts_and_responses() {
    let mut bench = Bench::new(MODULI[1]);
    for byte in [0, 0xFF] {
        let server = ServerKeys::read(&bench.scheme, &vec![byte; key_bytes()]);
        let cipher = bench.scheme.read(&mut Unpacker::new(&vec![byte; ciphertext_bytes(1)]));
        let turned = server.swap(&server.rotate(&cipher, 14));
        for form in [Form::Switched, Form::Whole] {
            let mut packer = Packer::default();
            server.respond(turned.clone(), response(MODULI[1], form), &vec![0; SLOTS], &mut bench.rng, &mut packer);
            let answer = bench.key.decrypt(form, &mut Unpacker::new(&packer.finish()));
            assert!(answer.iter().all(|&value| value < MODULI[1]));
        }
    }
}

/// 10^7 coefficients for each plaintext prime.
#[test]
#[ignore = "minutes: `make bench` runs it"]
fn no_coefficient_of_ten_million_fails() {
    for p in MODULI {
        let mut bench = Bench::new(p);
        for round in 0..1_221 {
            let [slots, factors, masks] = [0; 3].map(|_| bench.uniform());
            let fresh = bench.fresh(&slots);
            let turned = bench.server.rotate(&fresh, 1 << (round % 12));
            // Doubled, one product is as much as so many.
            let mut sum = bench.scheme.nothing();
            bench.scheme.multiply_add(&mut sum, &bench.scheme.factor(&factors), &turned);
            for _ in 0..WORK.products.ilog2() {
                let same = sum.clone();
                bench.scheme.add(&mut sum, &same);
            }
            let form = if round % 8 == 0 { Form::Whole } else { Form::Switched };
            let answer = bench.answer(sum, response(p, form), &masks);
            let (modulus, turned) = (bench.modulus, rotated(&slots, 1 << (round % 12)));
            let expected = (0..SLOTS).map(|slot| {
                let product = modulus.mul(turned[slot], factors[slot]);
                modulus.sub(modulus.mul(product, WORK.products as u64), masks[slot])
            });
            assert!(answer.into_iter().eq(expected), "{p}, round {round}");
        }
    }
}

/// Two answers tell any coefficient of the key, however many slots the response has: an answer that is right in all slots, or in hardly any. Flooding changes nothing about that.
#[test]
fn a_response_at_the_edge_of_rounding_tells_a_coefficient_of_the_key() {
    for (p, form) in MODULI.into_iter().flat_map(|p| [(p, Form::Switched), (p, Form::Whole)]) {
        let mut bench = Bench::new(p);
        let [slots, factors, masks] = [0; 3].map(|_| bench.uniform());
        let fresh = bench.fresh(&slots);
        let mut sum = bench.scheme.nothing();
        bench.scheme.multiply_add(&mut sum, &bench.scheme.factor(&factors), &fresh);
        let mut packer = Packer::default();
        bench.server.respond(sum, response(p, form), &masks, &mut bench.rng, &mut packer);
        let message = packer.finish();
        let decrypted = |message: &[u8]| bench.key.decrypt(form, &mut Unpacker::new(message));
        let right = decrypted(&message);
        for (coefficient, ahead) in [(1, 1), (0, 2), (5, 77), (4000, 100), (1, 8000), (8000, 190)] {
            for value in [-1, 1] {
                let answer = decrypted(&at_the_edge(&bench.scheme, form, &message, Edge { coefficient, ahead, value }));
                let wrong = answer.iter().zip(&right).filter(|(answer, right)| answer != right).count();
                let expected = if bench.key.has(coefficient + ahead, value) { SLOTS } else { 0 };
                assert_eq!(wrong, expected, "{p} {form:?}: {coefficient}, {ahead}, {value}");
            }
        }
    }
}
