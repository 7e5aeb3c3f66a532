//! Noise and rounding at their bounds, and what a response of a server that deviates may depend on.

use super::super::parameters::{Dropped, Norm, Released, mean_square, most_rounding};
use super::*;
use crate::random::uniform;
use rand_chacha::ChaCha20Rng;

/// What two parties hold that evaluate one polynomial.
struct Bench {
    rings: RingPair,
    secret: Secret,
    public: Ciphertext,
    response: (Response, u32),
    /// By how many bits ciphertexts are rounded.
    dropped: u32,
    rng: ChaCha20Rng,
}

impl Bench {
    /// In the smallest modulus that there is, or rounded by as many bits as it may be in the smallest that ciphertexts may be rounded in.
    fn new(degree: usize, ring_bits: u32, norm: Norm, rounded: bool) -> Self {
        let fitting = |parameters: Parameters| {
            let exact = |fresh| {
                let dropped = Dropped { fresh, key: parameters.key_dropped() };
                let response = Response::exact((parameters, dropped), ring_bits, norm, Released(1 << 13)).next()?;
                Some((parameters, fresh, response))
            };
            if rounded { (1..=*parameters.droppable().end()).rev().find_map(exact) } else { exact(0) }
        };
        let mut tightest = Parameters::all().filter(|parameters| parameters.degree == degree).filter_map(fitting);
        let (parameters, dropped, response) = tightest.next().unwrap();
        let (rings, key) = (RingPair::new(parameters), ClientKey::new(&Seed([1; 32])));
        let public = read_fresh((&rings.outer, parameters.key_dropped()), &key.public(&rings), 1).next().unwrap();
        let (public, secret) = (public.into_public(&rings.outer), key.secret(&rings));
        Self { rings, secret, public, response: (response, ring_bits), dropped, rng: Seed([2; 32]).stream() }
    }

    fn parameters(&self) -> Parameters {
        self.rings.outer.parameters()
    }

    fn fresh(&mut self, words: &[u64]) -> Ciphertext {
        let ring = &self.rings.outer;
        let fresh = (ring, self.dropped);
        let message = self.secret.encrypt(fresh, self.response.1, std::iter::once(words.to_vec()), &mut self.rng);
        assert_eq!(message.len(), fresh_bytes((self.parameters(), self.dropped), 1));
        read_fresh(fresh, &message, 1).next().unwrap()
    }

    /// A ciphertext times a polynomial.
    fn product(&mut self, words: &[u64], weights: &[i64]) -> Ciphertext {
        let fresh = self.fresh(words);
        let ring = &self.rings.outer;
        let mut product = Ciphertext::zero(ring);
        product.multiply_add(ring, &factor(ring, weights), &fresh);
        product
    }

    /// That product in the clear, modulo `2^ring_bits`.
    fn expected(&self, words: &[u64], weights: &[i64]) -> Vec<u64> {
        let ring = &self.rings.inner;
        let mut words = ring.words(words);
        ring.transform(&mut words);
        let mut product = ring.zero();
        ring.multiply_add(&mut product, &words, &factor(ring, weights));
        ring.untransform(&mut product);
        let degree = ring.parameters().degree;
        (0..degree).map(|index| ring.signed_word(&product, index) & mask(self.response.1)).collect()
    }
}

fn factor(ring: &Ring, weights: &[i64]) -> Vec<u64> {
    let mut factor = ring.signed(weights);
    ring.transform(&mut factor);
    ring.normalize(&mut factor);
    factor
}

/// Weights with a norm, on so many coefficients, of both signs.
fn heavy(degree: usize, norm: i64, count: usize, rng: &mut impl Rng) -> Vec<i64> {
    let mut weights = vec![0; degree];
    for index in 0..count {
        let sign = 1 - 2 * (rng.next_u64() & 1).cast_signed();
        weights[(index * (degree / count) + 5) % degree] = sign * (norm / i64::try_from(count).unwrap());
    }
    weights
}

#[test]
fn noise_is_within_its_bound() {
    let cases = [(4096, 1), (4096, 25), (8192, 1), (8192, 4096)];
    for ((degree, count), rounded) in cases.into_iter().flat_map(|case| [(case, false), (case, true)]) {
        let norm = Norm { sum: 1 << 24, root: (1 << 24) / u128::try_from(count).unwrap().isqrt() };
        let mut bench = Bench::new(degree, 24, norm, rounded);
        let words = uniform(&mut bench.rng, 24, degree);
        let weights = heavy(degree, 1 << 24, count, &mut bench.rng);
        let mut product = bench.product(&words, &weights);
        let ring = &bench.rings.outer;
        ring.untransform(&mut product.a);
        ring.untransform(&mut product.b);
        ring.transform(&mut product.a);
        let mut phase = ring.zero();
        ring.multiply_add(&mut phase, &product.a, &bench.secret.outer);
        ring.untransform(&mut phase);
        ring.add(&mut phase, &product.b);
        let off = |(index, value): (usize, &u64)| {
            let off = ring.fraction(&phase, index).wrapping_sub(u128::from(*value) << 104);
            off.cast_signed().unsigned_abs() >> (128 - bench.parameters().modulus_bits())
        };
        let worst = bench.expected(&words, &weights).iter().enumerate().map(off).max().unwrap();
        let dropped = Dropped { fresh: bench.dropped, key: bench.parameters().key_dropped() };
        let bound = bench.parameters().noise(norm, dropped);
        // One weight alone: its error, at least 10 of the most that it can be, and nearly all that rounding can add.
        let least = if rounded { (1 << bench.dropped) * 7 / 16 } else { 10 };
        assert!(worst < bound && (count > 1 || worst > least * norm.sum), "{worst} of {bound}, {count} weights");
        assert!(count < 4096 || worst < bound / 2, "errors of many weights cancel: {worst} of {bound}");
    }
}

impl Bench {
    /// How many coefficients of a response come out wrong.
    fn wrong(&mut self, norm: i64, count: usize) -> usize {
        let (degree, ring_bits) = (self.parameters().degree, self.response.1);
        let words = uniform(&mut self.rng, ring_bits, degree);
        let weights = heavy(degree, norm, count, &mut self.rng);
        let product = self.product(&words, &weights);
        let masks = uniform(&mut self.rng, ring_bits, degree);
        let mut packer = Packer::default();
        let public = (&self.rings.outer, &self.public);
        let masked = masks.iter().copied().enumerate();
        product.respond(public, self.response, masked, &mut self.rng, &mut packer);
        let message = packer.finish();
        assert_eq!(message.len(), response_bytes(self.parameters(), self.response.0, 1, degree));
        let values = self.secret.decrypt(&self.rings, self.response, &mut Unpacker::new(&message), 0..degree);
        let sums = values.iter().zip(&masks).map(|(value, share)| (value + share) & mask(ring_bits));
        sums.zip(self.expected(&words, &weights)).filter(|(sum, expected)| sum != expected).count()
    }
}

/// That no coefficient comes out wrong, in the tightest parameters there are, in as many rounds as a degree gets.
fn assert_right(rounds: impl Fn(usize) -> usize) {
    for (degree, ring_bits, norm_bits, rounded) in
        [(4096, 24, 20, true), (4096, 36, 18, false), (8192, 36, 20, true), (8192, 42, 24, false)]
    {
        let norm = Norm { sum: 1 << norm_bits, root: 1 << norm_bits };
        let mut bench = Bench::new(degree, ring_bits, norm, rounded);
        for round in 0..rounds(degree) {
            let wrong = bench.wrong(1 << norm_bits, [1, 32, degree][round % 3]);
            assert_eq!(wrong, 0, "{degree}: round {round}");
        }
    }
}

/// A million and a half coefficients in all.
#[test]
fn responses_are_exact_under_the_heaviest_weights() {
    assert_right(|degree| if degree == 4096 { 160 } else { 24 });
}

/// 10^7 coefficients for each of the parameters.
#[test]
#[ignore = "minutes: `make bench` runs it"]
fn no_coefficient_of_ten_million_fails() {
    assert_right(|degree| 10_000_000_usize.div_ceil(degree));
}

/// The bound is near the truth: four bits fewer of `a`, and a few in a hundred coefficients are off by one.
#[test]
fn narrower_responses_are_wrong() {
    let mut bench = Bench::new(4096, 24, Norm { sum: 1 << 20, root: 1 << 20 }, false);
    bench.response.0.a_bits -= 4;
    let wrong: usize = (0..8).map(|_| bench.wrong(1 << 20, 32)).sum();
    assert!(wrong > 100, "{wrong}");
}

/// What rounding adds to coefficients of fresh ciphertexts and keys, of a million: within the bound that the noise counts with, and its mean and mean square as far from theirs as has a
/// probability below `10^-9` each (Hoeffding). It does not depend on what is encrypted or on the errors: the same holds for the part that meets an error above 0.
#[test]
fn roundings_have_the_moments_that_the_noise_counts_with() {
    let parameters = Parameters { degree: 4096, primes: 3, prime_bits: 35 };
    let (rings, mut rng) = (RingPair::new(parameters), Seed([5; 32]).stream());
    let secret = Secret::draw(&rings, &mut rng);
    let ring = &rings.outer;
    let n = f64::from(1 << 20);
    for dropped in [1, 6, 13] {
        let (most, mut sums) = (i64::try_from(most_rounding(dropped)).expect("it is small"), [[0_i64; 3]; 2]);
        for _ in 0..256 {
            let mut a = ring.uniform(&mut rng);
            ring.transform(&mut a);
            let words = uniform(&mut rng, 37, 4096);
            let half = secret.other_half(ring, &a, (&words, 37), &mut rng);
            let mut packer = Packer::default();
            ring.write_rounded(&half, 105 - dropped, &mut packer);
            let message = packer.finish();
            assert_eq!(message.len(), 4096 * (105 - dropped as usize) / 8);
            let rounded = ring.read_rounded(105 - dropped, &mut Unpacker::new(&message));
            let prime = ring.primes().next().expect("there are three").cast_signed();
            for (index, (rounded, exact)) in rounded.iter().zip(&half[..4096]).enumerate() {
                let off = (rounded.cast_signed() - exact.cast_signed()).rem_euclid(prime);
                let off = if off > prime / 2 { off - prime } else { off };
                assert!(off.abs() <= most, "{off} by {dropped} bits");
                let word = usize::from(words[index] % 2 == 1);
                sums[word] = [sums[word][0] + 1, sums[word][1] + off, sums[word][2] + off * off];
            }
        }
        let real = |x: i64| x.to_string().parse::<f64>().expect("a number");
        for [count, sum, squares] in sums.map(|sums| sums.map(real)) {
            assert!(count > 0.49 * n);
            // Of `count` values in an interval of length `d`: `2 exp(-2 t^2 count / d^2) < 10^-9` for `t = 3.3 d / sqrt(count)`.
            let (most, part) = (real(most), 3.3 / count.sqrt());
            assert!((sum / count).abs() < 2.0 * most * part, "{sum} of {count}");
            let square = real(i64::try_from(mean_square(dropped)).expect("it is small"));
            let above = squares / count - square;
            assert!(above < most * most * part && above > -0.6 * square, "{squares} of {count}, {square}");
        }
    }
}

#[test]
fn secrets_are_units() {
    let rings = RingPair::new(Parameters { degree: 4096, primes: 3, prime_bits: 35 });
    let (ring, mut rng) = (&rings.outer, Seed([6; 32]).stream());
    assert!((0..50).all(|_| ring.is_unit(&Secret::draw(&rings, &mut rng).outer)));
    // `X^(N/2) - z`, where `z` is a root of -1 modulo one prime: half of the values there are 0.
    for (place, prime) in ring.primes().enumerate() {
        let power = |mut base: u128, mut exponent: u64| {
            let mut product = 1;
            while exponent > 0 {
                product = if exponent % 2 == 1 { product * base % u128::from(prime) } else { product };
                (base, exponent) = (base * base % u128::from(prime), exponent / 2);
            }
            product
        };
        let roots = (2..).map(|base| power(base, (prime - 1) / 4));
        let root = roots.into_iter().find(|root| root * root % u128::from(prime) == u128::from(prime) - 1).unwrap();
        let mut coefficients = vec![0; 4096];
        (coefficients[0], coefficients[2048]) = (-i64::try_from(root).unwrap(), 1);
        let mut polynomial = ring.signed(&coefficients);
        ring.transform(&mut polynomial);
        assert!(!ring.is_unit(&polynomial));
        let zeros = polynomial.iter().enumerate().filter(|(_, value)| **value == 0).map(|(index, _)| index / 4096);
        assert_eq!(zeros.collect::<Vec<_>>(), vec![place; 2048]);
    }
}

#[test]
fn secrets_of_two_rings_are_unrelated_and_those_of_one_are_the_same() {
    let key = ClientKey::new(&Seed([1; 32]));
    let rings = |prime_bits| RingPair::new(Parameters { degree: 4096, primes: 2, prime_bits });
    let (one, two) = (rings(48), rings(50));
    assert!(key.secret(&one).inner == key.secret(&one).inner);
    assert!(key.secret(&one).inner != key.secret(&two).inner);
}

impl Bench {
    /// The server's response to a product, without masks.
    fn response(&mut self, product: Ciphertext, outputs: &[usize]) -> Vec<u8> {
        let mut packer = Packer::default();
        let masked = outputs.iter().map(|&output| (output, 0));
        product.respond((&self.rings.outer, &self.public), self.response, masked, &mut self.rng, &mut packer);
        packer.finish()
    }

    fn decrypted(&self, message: &[u8], outputs: &[usize]) -> Vec<u64> {
        self.secret.decrypt(&self.rings, self.response, &mut Unpacker::new(message), outputs.iter().copied())
    }

    /// A coefficient of the secret.
    fn coefficient(&self, index: usize) -> i64 {
        let ring = &self.rings.inner;
        let mut one = vec![0; ring.parameters().degree];
        one[0] = 1;
        let mut one = ring.words(&one);
        ring.transform(&mut one);
        let mut product = ring.zero();
        ring.multiply_add(&mut product, &one, &self.secret.inner);
        ring.untransform(&mut product);
        ring.signed_word(&product, index).cast_signed()
    }

    /// A response to which a quarter of the modulus was added at one place of `a`, and the same times a guess to each `b`: what `a` adds to output `i` is a coefficient of
    /// the secret, `s_(j+i)`, for the place `N - j`.
    fn moved(&self, message: &[u8], j: usize, guesses: &[i64]) -> Vec<u8> {
        let Response { a_bits, b_bits, .. } = self.response.0;
        let degree = self.parameters().degree;
        let (mut unpacker, mut packer) = (Unpacker::new(message), Packer::default());
        for index in 0..degree {
            let quarter = u64::from(index == degree - j) << (a_bits - 2);
            packer.push(unpacker.pull(a_bits).wrapping_add(quarter) & mask(a_bits), a_bits);
        }
        for guess in guesses {
            let quarter = guess.cast_unsigned() << (b_bits - 2);
            packer.push(unpacker.pull(b_bits).wrapping_add(quarter) & mask(b_bits), b_bits);
        }
        packer.finish()
    }
}

const NORM: Norm = Norm { sum: 1 << 20, root: 1 << 20 };

/// Of one output, whether it is right is whether a coefficient of the secret was guessed. Of several, all of them have to be.
#[test]
fn a_response_tells_coefficients_of_the_secret() {
    let mut bench = Bench::new(4096, 24, NORM, false);
    let (words, weights) = (uniform(&mut bench.rng, 24, 4096), heavy(4096, 1 << 19, 32, &mut Seed([4; 32]).stream()));
    let expected = bench.expected(&words, &weights);
    let all: Vec<i64> = (1..4096).map(|j| bench.coefficient(j)).collect();
    assert!([-1, 0, 1].iter().all(|value| all.contains(value)) && all.iter().all(|value| value.abs() <= 1));
    for outputs in [&[0][..], &[0, 1]] {
        let product = bench.product(&words, &weights);
        let message = bench.response(product, outputs);
        assert_eq!(bench.decrypted(&message, outputs), expected[..outputs.len()], "as it was sent");
        for j in [1, 2, 3, 77, 2048, 4094] {
            let guesses = [-1, 0, 1].map(|first| [-1, 0, 1].map(|second| [first, second])).concat();
            for guess in guesses.iter().map(|guess| &guess[..outputs.len()]) {
                let values = bench.decrypted(&bench.moved(&message, j, guess), outputs);
                let holds = (j..).zip(guess).all(|(j, guess)| bench.coefficient(j) == *guess);
                assert_eq!(values == expected[..outputs.len()], holds, "{j}: {guess:?}");
            }
        }
    }
}

/// A response that also multiplies a ciphertext of an earlier session is right if and only if what that held is 0, under one key. Under another key
/// it is never right, whatever it held.
#[test]
fn a_response_tells_what_an_earlier_ciphertext_of_the_same_key_held() {
    let mut bench = Bench::new(4096, 24, NORM, false);
    let other = ClientKey::new(&Seed([9; 32])).secret(&bench.rings);
    let (words, weights) = (uniform(&mut bench.rng, 24, 4096), heavy(4096, 1 << 19, 32, &mut Seed([4; 32]).stream()));
    let expected = bench.expected(&words, &weights)[0];
    let (rings, mut rng) = (bench.rings.clone(), Seed([7; 32]).stream());
    let own = ClientKey::new(&Seed([1; 32])).secret(&rings);
    // The weight takes coefficient 5 to output 0.
    let mut pick = vec![0; 4096];
    pick[4096 - 5] = 3;
    for bit in [0, 1] {
        let mut old = uniform(&mut bench.rng, 24, 4096);
        old[5] = bit << 20;
        let mut answer = |old: Ciphertext| {
            let mut sum = bench.product(&words, &weights);
            sum.multiply_add(&bench.rings.outer, &factor(&bench.rings.outer, &pick), &old);
            let message = bench.response(sum, &[0]);
            bench.decrypted(&message, &[0])[0]
        };
        let mut recorded = |secret: &Secret| {
            let message = secret.encrypt((&rings.outer, 0), 24, std::iter::once(old.clone()), &mut rng);
            read_fresh((&rings.outer, 0), &message, 1).next().unwrap()
        };
        assert_eq!(answer(recorded(&own)) == expected, bit == 0, "the same key, {bit}");
        assert_ne!(answer(recorded(&other)), expected, "another key, {bit}");
    }
}
