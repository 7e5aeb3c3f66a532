//! Parameters of 128-bit security, and the budget of noise: how a response may be masked and rounded and still be exact.
//!
//! Everything is measured against half a step of the plaintext, `q / 2^(l+1)`. The derivation is in decision 7.

use serde::{Deserialize, Serialize};

/// The largest size of a coefficient of an error, which is a centred binomial of 42 coins with standard deviation `sqrt(42)/2 = 3.24`.
pub const MAX_ERROR: u32 = 21;

/// All responses of a session together are within `2^-STATISTICAL_BITS` of ones that reveal nothing of the weights.
pub const STATISTICAL_BITS: u32 = 40;

/// Each of the three terms of the flooding noise is up to a 256th of half a step, `2^-(l+9)` of the modulus, or more where it must.
const FLOOD_BELOW_RING: u32 = 9;

/// Each of the two random parts of a coefficient's error exceeds its bound with a probability of at most `2^-TAIL_BITS`.
pub const TAIL_BITS: u32 = 81;

/// The most bits of a coefficient of a response.
pub const MAX_RESPONSE_BITS: u32 = 63;

/// The degrees, and for each the most bits of a modulus that leaves 128 bits of security against classical attacks to a uniform ternary secret and
/// errors of standard deviation 3.19: Bossuat et al., "Security Guidelines for Implementing Homomorphic Encryption" (IACR Communications
/// in Cryptology 1(4), 2025; `ePrint` 2024/463), table 5.2.
pub const SECURE: [(usize, u32); 2] = [(4096, 106), (8192, 214)];

/// A client rounds its ciphertexts in moduli of at most so many bits; in larger ones it sends them whole. [`Ring::fraction`](super::ring::Ring::fraction) knows a coefficient to `2^-125` of the
/// modulus, which decides some roundings wrongly: in this size few enough.
const MAX_ROUNDED_BITS: u32 = 112;

/// The rounding of a uniform coefficient is 0 on average, within `2^-BIAS_BITS`: of `2^w` multiples the nearest one is missed with probability `2^(w - 125)`, by the distance of two, which is `2^(112 - w)` at most.
const BIAS_BITS: u32 = 12;

/// The most bits by which a fresh ciphertext is rounded.
const MAX_DROPPED: u32 = 40;

/// The bits by which a public key is rounded. It makes the noise of an encryption of zero 4 times as large on average, which the noise of weights exceeds in all but the smallest layers.
const KEY_DROPPED: u32 = 6;

/// Vector instructions multiply up to 52 bits; the transform wants two of them.
const MAX_PRIME_BITS: u32 = 50;

/// The ring `Z_q[X]/(X^degree + 1)`; `q` is the product of the largest suitable primes below `2^prime_bits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Parameters {
    /// The degree of the polynomials, a power of two.
    pub degree: usize,
    /// The number of primes.
    pub primes: u32,
    /// The number of bits of each prime.
    pub prime_bits: u32,
}

impl Parameters {
    /// All parameters that are secure, with primes of an even number of bits, or of as many bits as the limit allows.
    pub fn all() -> impl Iterator<Item = Self> {
        SECURE.into_iter().flat_map(|(degree, limit)| {
            let sizes = (2..=4).flat_map(|primes| (34..=MAX_PRIME_BITS).map(move |bits| (primes, bits)));
            sizes
                .filter(move |(primes, bits)| primes * bits <= limit && (bits % 2 == 0 || primes * (bits + 1) > limit))
                .map(move |(primes, prime_bits)| Self { degree, primes, prime_bits })
        })
    }

    /// The parameters of [`all`](Self::all) that fresh ciphertexts need: as a client rounds them, a smaller modulus saves no bytes unless it has fewer primes.
    pub fn of_fresh() -> impl Iterator<Item = Self> {
        Self::all().filter(|parameters| {
            let rounded = |other: &Self| other.modulus_bits() <= MAX_ROUNDED_BITS;
            let alike = |other: &Self| (other.degree, other.primes) == (parameters.degree, parameters.primes);
            let larger = |other: &Self| alike(other) && rounded(other) && other.prime_bits > parameters.prime_bits;
            !Self::all().any(|other| larger(&other))
        })
    }

    /// By how many bits a client may round its fresh ciphertexts.
    #[must_use]
    pub fn droppable(&self) -> std::ops::RangeInclusive<u32> {
        0..=if self.modulus_bits() <= MAX_ROUNDED_BITS { MAX_DROPPED.min(self.modulus_bits() / 2) } else { 0 }
    }

    /// By how many bits a client rounds its public key.
    #[must_use]
    pub fn key_dropped(&self) -> u32 {
        KEY_DROPPED.min(*self.droppable().end())
    }

    /// The parameters of the ring in which a response is multiplied by the secret, without any reduction modulo `q`.
    #[must_use]
    pub const fn of_decryption(degree: usize) -> Self {
        Self { degree, primes: 2, prime_bits: MAX_PRIME_BITS }
    }

    /// The number of bits of the modulus: `q <= 2^modulus_bits`, and `q >= 2^modulus_bits (1 - 2^-8)`.
    #[must_use]
    pub const fn modulus_bits(&self) -> u32 {
        self.primes * self.prime_bits
    }

    /// The most coefficients other than 0 of a secret. All but one in `2^100` of uniform ones have fewer.
    #[must_use]
    pub const fn max_weight(&self) -> usize {
        self.degree / 4 * 3
    }

    /// The number of bits of a polynomial modulo `q`.
    #[must_use]
    pub const fn polynomial_bits(&self) -> usize {
        self.degree * self.modulus_bits() as usize
    }

    /// The most noise of a masked response before it is flooded: the roundings of the encoding and of the ciphertext and the fresh errors, times the weights; the
    /// errors of the encryption of zero, and its rounding, times its ternary secret and the client's. One part in 128 stands for `q < 2^modulus_bits`.
    pub(super) fn noise(&self, norm: Norm, dropped: Dropped) -> u128 {
        let error = u128::from(MAX_ERROR);
        let (degree, weight) = (self.degree as u128, self.max_weight() as u128);
        let zero = (error + most_rounding(dropped.key)) * degree + error * weight;
        let noise = norm.errors(dropped.fresh).saturating_add(zero);
        noise.saturating_add(noise / 128 + 1)
    }

    /// What the same noise is on average: no less than the root of the mean of its square, over the client's coins and the server's. An
    /// error's square is `MAX_ERROR / 2` on average, a rounding's of the encoding at most 1/4, and a ciphertext's see [`mean_square`].
    fn mean_noise(&self, norm: Norm, dropped: Dropped) -> u128 {
        let root = norm.root.min(norm.sum);
        let ternary = (self.degree.div_ceil(3) * 2) as u128;
        let each = u128::from(2 * MAX_ERROR + 1) + 4 * mean_square(dropped.fresh);
        let Some(fresh) = root.checked_mul(root).and_then(|square| square.checked_mul(each)) else { return u128::MAX };
        let error = u128::from(MAX_ERROR);
        let zero = ternary * (error + 2 * mean_square(dropped.key)) + self.max_weight() as u128 * error;
        let noise = (fresh / 4 + zero / 2).isqrt() + 2 + bias(norm, dropped.fresh);
        noise.saturating_add(noise / 128 + 1)
    }

    /// The sum of a product's rounding errors exceeds this with a probability of at most `2^-TAIL_BITS`: `h = max_weight` independent
    /// terms in an interval of length 1 (Hoeffding, 1963, theorem 2: `2 exp(-2 T^2 / h)`; `ln 2 / 2 < 0.347`).
    fn rounding_tail(&self) -> u128 {
        let square = self.max_weight() as u128 * u128::from(TAIL_BITS + 1) * 347 / 1000 + 1;
        square.isqrt() + 1
    }
}

/// By how many bits a client rounds the halves that it sends of its ciphertexts: a half modulo `q` to multiples of `q / 2^w`, where `w` is the number of bits of the modulus less these. With 0 it
/// sends residues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The number of bits that a fresh ciphertext drops.
    pub fresh: u32,
    /// The number of bits that the public key drops.
    pub key: u32,
}

impl Dropped {
    /// Both are sent whole.
    pub const NONE: Self = Self { fresh: 0, key: 0 };
}

/// The most that a ciphertext's coefficient is off which was rounded by so many bits, and whose value is an integer again.
pub(super) fn most_rounding(dropped: u32) -> u128 {
    if dropped == 0 { 0 } else { 1 << (dropped - 1) }
}

/// The square of that on average, no less: of integers in `-m..=m` with `m = 2^(dropped - 1)`, where a uniform one has `m (m + 1) / 3`.
pub(super) fn mean_square(dropped: u32) -> u128 {
    let most = most_rounding(dropped);
    (most * (most + 1)).div_ceil(3)
}

/// The most that roundings of fresh ciphertexts, times weights, are on average.
fn bias(norm: Norm, dropped: u32) -> u128 {
    if dropped == 0 { 0 } else { (norm.sum >> BIAS_BITS) + 1 }
}

/// A public bound on the weights of one filter, or of one output, in whole bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// The sizes of the weights sum to at most `2^sum_bits`.
    pub sum_bits: u32,
    /// The squares of the weights sum to at most `2^(2 root_bits)`.
    pub root_bits: u32,
}

impl Bound {
    /// The least bound that holds for each of some filters.
    #[must_use]
    pub fn of<'a>(filters: impl Iterator<Item = &'a [i64]>) -> Self {
        let sizes = |filter: &[i64]| {
            let size = |weight: &i64| u128::from(weight.unsigned_abs());
            let squares: u128 =
                filter.iter().map(|weight| size(weight).saturating_mul(size(weight))).fold(0, u128::saturating_add);
            (filter.iter().map(size).sum(), squares)
        };
        let most = |most: (u128, u128), filter| {
            let (sum, squares) = sizes(filter);
            (most.0.max(sum), most.1.max(squares))
        };
        let (sum, squares) = filters.fold((0, 0), most);
        let bits = |most: u128| u128::BITS - most.saturating_sub(1).leading_zeros();
        Self { sum_bits: bits(sum), root_bits: bits(squares).div_ceil(2) }
    }

    /// Whether all weights within this bound are also within another.
    #[must_use]
    pub fn is_within(self, other: Self) -> bool {
        self.sum_bits <= other.sum_bits && self.root_bits <= other.root_bits
    }
}

/// The size of all the weights that a sum in one ciphertext is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Norm {
    /// At least the sum of the sizes of the weights.
    pub sum: u128,
    /// At least the root of the sum of the squares of the weights.
    pub root: u128,
}

impl Norm {
    /// The norm of the weights of so many filters together, each within a bound.
    #[must_use]
    pub fn of_filters(filters: usize, each: Bound) -> Self {
        let times =
            |bits: u32, count: usize| 1_u128.checked_shl(bits).unwrap_or(u128::MAX).saturating_mul(count as u128);
        let Bound { sum_bits, root_bits } = each;
        Self { sum: times(sum_bits, filters), root: times(root_bits, (filters - 1).isqrt() + 1) }
    }

    /// The norm of so many plaintexts of a ring, each taken for the integer next to 0 that stands for it: these are the factors where weights are encrypted.
    #[must_use]
    pub fn of_plaintexts(count: usize, ring_bits: u32) -> Self {
        let each = 1_u128.checked_shl(ring_bits.saturating_sub(1)).unwrap_or(u128::MAX);
        let root = count.checked_sub(1).map_or(0, |less| less.isqrt() + 1);
        Self { sum: each.saturating_mul(count as u128), root: each.saturating_mul(root as u128) }
    }

    /// The sum of errors and roundings, each times a weight: the worst, or a tail. An error is the sum of `2 * MAX_ERROR` fair coins of size
    /// 1/2, a rounding of the encoding has two values at a distance of 1 and is 0 on average, and one of the ciphertext is in an interval of length `2^dropped`, so that the sum is off its mean by
    /// more than `T` with probability at most `2 exp(-2 T^2 / ((2 MAX_ERROR + 1 + 4^dropped) root^2))` (Hoeffding); `ln 2 < 0.694`.
    pub(super) fn errors(&self, dropped: u32) -> u128 {
        let rounding = 2 * most_rounding(dropped);
        let squares = u128::from(2 * MAX_ERROR + 1) + rounding * rounding;
        let square = squares * u128::from(TAIL_BITS + 1) * 347 / 1000 + 1;
        let tail = self.root.saturating_mul(square.isqrt() + 1).saturating_add(bias(*self, dropped));
        self.sum.saturating_mul(u128::from(MAX_ERROR + 1) + rounding / 2).min(tail)
    }
}

/// The number of coefficients of responses that share the budget of [`STATISTICAL_BITS`]: those of a session, or of all sessions under a
/// set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Released(pub u64);

impl Released {
    /// By how many bits a term of the flooding noise must exceed 1 to hide so much noise on average in each coefficient: the least `b` with
    /// `2^b >= 2^STATISTICAL_BITS noise sqrt(coefficients / 3)`. Decision 7 has the bound, with 0.535 in place of `sqrt(1/3)`: the rest
    /// stands for the grid on which noise is drawn.
    pub(super) fn bits(self, noise: u128) -> u32 {
        let squares = noise.checked_mul(noise).and_then(|squares| squares.checked_mul(self.0.into()));
        let root = match squares {
            Some(squares) => (u128::BITS - (squares / 3).leading_zeros()).div_ceil(2),
            // Where the squares fit no word, each factor counts as the next power of two.
            None => u128::BITS - noise.leading_zeros() + (u64::BITS - self.0.leading_zeros()).div_ceil(2),
        };
        STATISTICAL_BITS + root
    }
}

/// How a response is flooded and rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// The flooding noise is the sum of three terms, each uniform in `-2^-flood..2^-flood` of the modulus.
    pub flood: u32,
    /// The number of bits of a coefficient of `a`.
    pub a_bits: u32,
    /// The number of bits of a coefficient of `b`.
    pub b_bits: u32,
}

impl Response {
    /// All responses to ciphertexts of the client, rounded so, that decrypt exactly in a ring of `ring_bits`, with the least width of `b` for each width of `a`.
    pub fn exact(
        (parameters, dropped): (Parameters, Dropped),
        ring_bits: u32,
        norm: Norm,
        released: Released,
    ) -> impl Iterator<Item = Self> {
        let most = parameters
            .modulus_bits()
            .checked_sub(released.bits(parameters.mean_noise(norm, dropped)))
            .filter(|&most| ring_bits > 0 && most > ring_bits + 2);
        let flood = most.map(|most| most.min(ring_bits + FLOOD_BELOW_RING));
        let noise_bits = u128::BITS - parameters.noise(norm, dropped).leading_zeros();
        let widths = (ring_bits + 10..ring_bits + 14).filter(|&bits| bits <= MAX_RESPONSE_BITS);
        flood.into_iter().flat_map(move |flood| {
            widths.clone().filter_map(move |a_bits| {
                let least = (ring_bits + 1..a_bits).map(|b_bits| Self { flood, a_bits, b_bits });
                least.into_iter().find(|response| response.is_exact(parameters, ring_bits, noise_bits))
            })
        })
    }

    /// Whether noise of so many bits, flooding, and the roundings of `b` and of `a` times the secret stay below half a step: in units of
    /// `2^-32` of it, each part rounded up.
    fn is_exact(&self, parameters: Parameters, ring_bits: u32, noise_bits: u32) -> bool {
        let half: u128 = 1 << 32;
        let part = |size: u128, bits: u32| ((size * half) << (ring_bits + 1)).div_ceil(1 << bits.min(u128::BITS - 1));
        let noise = part(1, parameters.modulus_bits().saturating_sub(noise_bits));
        let rounding = part(1, self.b_bits + 1) + part(parameters.rounding_tail(), self.a_bits);
        part(3, self.flood) + noise + rounding < half
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(bits: u32) -> Bound {
        Bound { sum_bits: bits, root_bits: bits }
    }

    #[test]
    fn parameters_are_secure_and_the_tail_is_what_it_says() {
        assert!(Parameters::all().all(|p| p.modulus_bits() <= if p.degree == 4096 { 106 } else { 214 }));
        for degree in [4096, 8192] {
            let parameters = Parameters::of_decryption(degree);
            let tail = |value: u128| f64::from(u32::try_from(value).unwrap());
            let bits = |exponent: f64| exponent / std::f64::consts::LN_2 - 1.0;
            let weight = tail(parameters.max_weight() as u128);
            assert!(bits(2.0 * tail(parameters.rounding_tail()).powi(2) / weight) >= f64::from(TAIL_BITS));
            let root = tail(Norm { sum: 1 << 40, root: 1 }.errors(0));
            assert!(bits(2.0 * root * root / f64::from(2 * MAX_ERROR + 1)) >= f64::from(TAIL_BITS));
        }
    }

    #[test]
    fn a_response_has_few_more_bits_than_the_ring_or_does_not_exist() {
        let wide = Parameters { degree: 8192, primes: 3, prime_bits: 50 };
        let exact = |parameters, ring_bits, filters, bits, released| {
            let norm = Norm::of_filters(filters, alike(bits));
            Response::exact((parameters, Dropped::NONE), ring_bits, norm, Released(released)).collect::<Vec<_>>()
        };
        assert_eq!(exact(wide, 37, 1, 20, 1 << 20)[0], Response { flood: 46, a_bits: 47, b_bits: 40 });
        let narrow = Parameters { degree: 4096, primes: 2, prime_bits: 50 };
        assert_eq!(exact(narrow, 37, 1, 20, 1), []);
        assert_eq!(exact(wide, 60, 1, 0, 1), []);
        assert_eq!(exact(wide, 37, 9, 200, 1), []);
        assert!(!exact(narrow, 30, 1, 14, 1 << 20).is_empty());
        assert_eq!(exact(narrow, 30, 1, 14, 1 << 30), [], "more coefficients, more flooding");
    }

    /// The law of the sum of three numbers below `m`.
    fn sum_of_three(m: u16) -> Vec<f64> {
        let uniform = vec![1.0 / f64::from(m); m.into()];
        let sum = |p: &[f64]| -> Vec<f64> {
            let window = |i: usize| (i + 1).saturating_sub(m.into())..=i.min(p.len() - 1);
            (0..p.len() + usize::from(m) - 1).map(|i| p[window(i)].iter().sum::<f64>() / f64::from(m)).collect()
        };
        sum(&sum(&uniform))
    }

    /// With `I` the sum of `4 (sqrt p(i) - sqrt p(i-1))^2` for the sum of three numbers below `m`, a shift by `v` is at a statistical
    /// distance of at most `sqrt(I) v / 2`, which is `1.068 v / m` for large `m`; two of them at `sqrt(2)` times that.
    #[test]
    fn three_uniform_terms_hide_a_shift_as_the_bound_says() {
        for m in [40, 400] {
            let p = sum_of_three(m);
            let shifted = |v: u16| {
                let before = vec![0.0; v.into()];
                let [here, there] = [[p.clone(), before.clone()].concat(), [before, p.clone()].concat()];
                here.into_iter().zip(there).collect::<Vec<(f64, f64)>>()
            };
            let information: f64 = shifted(1).iter().map(|(p, q)| 4.0 * (p.sqrt() - q.sqrt()).powi(2)).sum();
            let constant = information.sqrt() / 2.0 * f64::from(m);
            assert!(constant > 1.06 && constant < 1.068 * (1.0 + 3.0 / f64::from(m)), "{constant} for {m}");
            for v in [1, 3, m / 7] {
                let pairs = shifted(v);
                let distance: f64 = pairs.iter().map(|(p, q)| (p - q).abs()).sum::<f64>() / 2.0;
                let bound = constant * f64::from(v) / f64::from(m);
                assert!(distance < bound && distance > bound / 2.0, "{distance} of {bound}: shift {v}, {m}");
                if m == 40 {
                    let joint = pairs.iter().flat_map(|a| pairs.iter().map(|b| (a.0 * b.0 - a.1 * b.1).abs()));
                    assert!(joint.sum::<f64>() / 2.0 < bound * 2.0_f64.sqrt());
                }
            }
        }
    }

    /// The least bits are those of the bound: `0.535 sqrt(Q) noise / 2^bits <= 2^-40`, and no more than two to spare.
    #[test]
    fn flooding_keeps_to_its_budget() {
        for released in [1, 6518, 417_152, 6_518_000, u32::MAX] {
            for noise in [1, 300, 1 << 15, 1_000_003, 1 << 30] {
                let bits = Released(released.into()).bits(noise);
                let noise = f64::from(u32::try_from(noise).unwrap());
                let distance = 0.535 * f64::from(released).sqrt() * noise / f64::from(bits).exp2();
                assert!(
                    distance <= (-40.0_f64).exp2() && distance > (-42.1_f64).exp2(),
                    "{released} {noise}: {distance:e}"
                );
            }
        }
    }

    /// Of 2 and of 3 primes the largest modulus that is rounded, and all that are sent whole.
    #[test]
    fn fresh_ciphertexts_need_one_modulus_for_a_number_of_primes() {
        let of = |degree| Parameters::of_fresh().filter(move |parameters| parameters.degree == degree);
        let bits = |parameters: Parameters| (parameters.primes, parameters.prime_bits);
        assert_eq!(of(4096).map(bits).collect::<Vec<_>>(), [(2, 50), (3, 35)]);
        let (rounded, whole): (Vec<_>, Vec<_>) = of(8192).partition(|parameters| *parameters.droppable().end() > 0);
        assert_eq!(rounded.into_iter().map(bits).collect::<Vec<_>>(), [(2, 50), (3, 36)]);
        let larger = |parameters: &Parameters| parameters.degree == 8192 && parameters.modulus_bits() > 112;
        assert_eq!(whole, Parameters::all().filter(larger).collect::<Vec<_>>());
        assert!(whole.iter().all(|parameters| parameters.key_dropped() == 0));
    }

    #[test]
    fn average_noise_is_less_than_the_most() {
        for (degree, sum_bits, root_bits) in [(4096, 0, 0), (4096, 15, 12), (8192, 21, 18)] {
            let parameters = Parameters { degree, primes: 2, prime_bits: 50 };
            let norm = Norm::of_filters(3, Bound { sum_bits, root_bits });
            for dropped in [Dropped::NONE, Dropped { fresh: 9, key: 6 }] {
                assert!(parameters.mean_noise(norm, dropped) * 2 < parameters.noise(norm, dropped));
            }
        }
    }

    #[test]
    fn bounds_are_the_least_in_whole_bits() {
        let bound = |filters: &[&[i64]]| {
            let Bound { sum_bits, root_bits } = Bound::of(filters.iter().copied());
            (sum_bits, root_bits)
        };
        assert_eq!(bound(&[&[0]]), (0, 0));
        assert_eq!(bound(&[&[4, -4], &[0, 8]]), (3, 3));
        assert_eq!(bound(&[&[4, -5]]), (4, 3));
        assert_eq!(bound(&[&[1; 64]]), (6, 3));
        assert_eq!(bound(&[&[i64::MIN; 4]]), (65, 64));
        assert!(Bound::of([[1; 64].as_slice()].into_iter()).is_within(alike(6)));
    }
}
